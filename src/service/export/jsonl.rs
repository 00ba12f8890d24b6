//! Coupons as JSON lines: an object a line, in UTF-8, with the fields of the CSV file.

use serde_json::{Value, json};

use super::{CouponSink, Format};
use scrip_domain::{
    coupon::Coupon,
    period::{Instant, instant_text},
    status::Status,
    terms::Terms,
};

/// Coupons as objects, one a line.
#[derive(Debug, Default)]
pub struct JsonLines {
    bytes: Vec<u8>,
    /// What follows the code of an untouched coupon.
    rest: String,
}

impl Format for JsonLines {
    const MEDIA: &'static str = "application/jsonl; charset=utf-8";
    const EXTENSION: &'static str = "jsonl";
    const HEAD: &'static str = "";
    const MAY_BE_MARKED: bool = false;

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

impl CouponSink for JsonLines {
    fn alike(&mut self, coupon: &Coupon, terms: &Terms) {
        self.rest = rest(coupon, coupon.status, terms);
    }

    fn untouched(&mut self, code: &str) {
        self.line(code, None);
    }

    fn touched(&mut self, coupon: &Coupon, status: Status, terms: &Terms) {
        let rest = rest(coupon, status, terms);
        self.line(&coupon.code, Some(&rest));
    }
}

impl JsonLines {
    fn line(&mut self, code: &str, rest: Option<&str>) {
        self.bytes.extend_from_slice(b"{\"code\":");
        // Writing to a vector does not fail.
        drop(serde_json::to_writer(&mut self.bytes, code));
        self.bytes.extend_from_slice(rest.unwrap_or(&self.rest).as_bytes());
        self.bytes.push(b'\n');
    }
}

/// What follows the code of a coupon.
fn rest(coupon: &Coupon, status: Status, terms: &Terms) -> String {
    let date = |at: Option<Instant>| at.map(instant_text);
    let fields: [(&str, Value); 12] = [
        ("status", json!(status.name())),
        ("value", json!(terms.value.text(terms.currency))),
        ("currency", json!(terms.currency.map(|currency| currency.to_string()))),
        ("balance", json!(coupon.balance().map(|balance| balance.text(terms.exponent())))),
        ("customer", json!(coupon.customer)),
        ("claimedAt", json!(date(coupon.claimed_at))),
        ("expiresAt", json!(date(coupon.expires_at))),
        ("redeemedAt", json!(date(coupon.redeemed_at))),
        ("invalidatedAt", json!(date(coupon.invalidated_at))),
        ("claims", json!(coupon.claims)),
        ("usages", json!(coupon.usages)),
        ("transfers", json!(coupon.transfers)),
    ];
    let mut text = String::new();
    for (name, value) in fields {
        text.push_str(&format!(",\"{name}\":{value}"));
    }
    text.push('}');
    text
}
