//! Coupons as comma-separated values (RFC 4180), in UTF-8, with a header. A cell that a spreadsheet would run
//! as a formula begins with an apostrophe (OWASP, "CSV Injection").

use super::Format;
use scrip_domain::{coupon::Coupon, period::Instant, status::Status, terms::Terms};
use scrip_service::CouponSink;

/// Coupons as lines of a CSV file.
#[derive(Debug, Default)]
pub struct Csv {
    text: String,
    /// What follows the code of an untouched coupon.
    rest: String,
}

impl Format for Csv {
    const MEDIA: &'static str = "text/csv; charset=utf-8; header=present";
    const EXTENSION: &'static str = "csv";
    const HEAD: &'static str = "code,status,value,currency,balance,customer,claimed_at,expires_at,redeemed_at,invalidated_at,claims,usages,transfers\r\n";

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text).into_bytes()
    }
}

impl CouponSink for Csv {
    fn terms(&mut self, terms: &Terms) {
        self.rest = format!(",UNASSIGNED,{},,,,,,,0,0,0\r\n", worth(terms));
    }

    fn untouched(&mut self, code: &str) {
        cell(&mut self.text, code);
        self.text.push_str(&self.rest);
    }

    fn touched(&mut self, coupon: &Coupon, status: Status, terms: &Terms) {
        let balance = coupon.balance().map(|balance| balance.text(terms.exponent())).unwrap_or_default();
        let date = |at: Option<Instant>| at.map(scrip_graphql::instant_text).unwrap_or_default();
        cell(&mut self.text, &coupon.code);
        self.text.push_str(&format!(",{},{},{balance},", status.name(), worth(terms)));
        cell(&mut self.text, coupon.customer.as_ref().map(|customer| customer.as_str()).unwrap_or_default());
        for at in [coupon.claimed_at, coupon.expires_at, coupon.redeemed_at, coupon.invalidated_at] {
            self.text.push(',');
            self.text.push_str(&date(at));
        }
        self.text.push_str(&format!(",{},{},{}\r\n", coupon.claims, coupon.usages, coupon.transfers));
    }
}

/// The cells of value and currency.
fn worth(terms: &Terms) -> String {
    let value = terms.value.text(terms.currency).unwrap_or_default();
    let currency = terms.currency.map(|currency| currency.to_string()).unwrap_or_default();
    format!("{value},{currency}")
}

/// Appends a cell of any text.
fn cell(line: &mut String, text: &str) {
    let safe = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if text.contains(['"', ',', '\n', '\r']) {
        line.push('"');
        line.push_str(safe);
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(safe);
        line.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        let table = [
            ("ABC", "ABC"),
            ("", ""),
            ("A,B", "\"A,B\""),
            ("A\"B", "\"A\"\"B\""),
            ("=1+2", "'=1+2"),
            ("-5", "'-5"),
            ("@SUM(A1,B1)", "\"'@SUM(A1,B1)\""),
            ("A=1", "A=1"),
        ];
        for (text, expected) in table {
            let mut line = String::new();
            cell(&mut line, text);
            assert_eq!(line, expected, "{text}");
        }
    }
}
