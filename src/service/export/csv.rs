//! Coupons as comma-separated values (RFC 4180), in UTF-8, with a header. What a spreadsheet would run as a formula is
//! [marked](cell::escape) in a way that an import takes back.

use super::{CouponSink, Format};
use scrip_domain::{
    cell,
    coupon::Coupon,
    period::{Instant, instant_text},
    status::Status,
    terms::Terms,
};

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
    const MAY_BE_MARKED: bool = true;

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text).into_bytes()
    }
}

impl CouponSink for Csv {
    fn alike(&mut self, coupon: &Coupon, terms: &Terms) {
        self.rest = rest(coupon, coupon.status, terms);
    }

    fn untouched(&mut self, code: &str) {
        write_cell(&mut self.text, code);
        self.text.push_str(&self.rest);
    }

    fn touched(&mut self, coupon: &Coupon, status: Status, terms: &Terms) {
        write_cell(&mut self.text, &coupon.code);
        self.text.push_str(&rest(coupon, status, terms));
    }
}

/// What follows the code of a coupon.
fn rest(coupon: &Coupon, status: Status, terms: &Terms) -> String {
    let balance = coupon.balance().map(|balance| balance.text(terms.exponent())).unwrap_or_default();
    let date = |at: Option<Instant>| at.map(instant_text).unwrap_or_default();
    let mut text = format!(",{},{},{balance},", status.name(), worth(terms));
    write_cell(&mut text, coupon.customer.as_ref().map(|customer| customer.as_str()).unwrap_or_default());
    for at in [coupon.claimed_at, coupon.expires_at, coupon.redeemed_at, coupon.invalidated_at] {
        text.push(',');
        text.push_str(&date(at));
    }
    text.push_str(&format!(",{},{},{}\r\n", coupon.claims, coupon.usages, coupon.transfers));
    text
}

/// The cells of value and currency.
fn worth(terms: &Terms) -> String {
    let value = terms.value.text(terms.currency).unwrap_or_default();
    let currency = terms.currency.map(|currency| currency.to_string()).unwrap_or_default();
    format!("{value},{currency}")
}

/// Appends a cell of any text.
pub fn write_cell(line: &mut String, text: &str) {
    // Most codes are such, and a million are written in a moment.
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return line.push_str(text);
    }
    let text = cell::escape(text);
    // Semicolons and tabs part cells where a spreadsheet is told so, or speaks another language.
    if text.contains(['"', ',', ';', '\t', '\n', '\r']) {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(&text);
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
            ("A-B", "A-B"),
            ("A,B", "\"A,B\""),
            ("A\"B", "\"A\"\"B\""),
            ("-5", "'-5"),
            ("@SUM(A1,B1)", "\"'@SUM(A1,B1)\""),
            ("x;=1+1", "\"x;'=1+1\""),
            ("x\t=1", "\"x\t'=1\""),
            ("'x", "''x"),
        ];
        for (text, expected) in table {
            let mut line = String::new();
            write_cell(&mut line, text);
            assert_eq!(line, expected, "{text}");
        }
    }
}
