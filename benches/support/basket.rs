//! The basket that a plugin is asked about.

use serde_json::json;

use crate::{CheckRequest, PluginCoupon, PluginLine};

/// A basket with five lines and ten coupons, and a configuration for the plugin.
pub(crate) fn request(id: &str) -> CheckRequest {
    let config = match id {
        "first-purchase" => json!({ "attribute": "purchases" }),
        _ => json!({ "segments": [
            { "name": "new", "conditions": [{ "attribute": "purchases", "atMost": 0 }] },
            { "name": "gold", "conditions": [{ "attribute": "tier", "oneOf": ["gold", "platinum"] }] },
        ] }),
    };
    let coupon = |number: u32| PluginCoupon {
        id: format!("Coupon:{number}"),
        code: format!("SPRING-{number:06}"),
        claimed_at: Some("2026-01-10T08:00:00Z".to_owned()),
        expires_at: Some("2026-03-10T08:00:00Z".to_owned()),
        ..PluginCoupon::default()
    };
    let line = |number: u32| PluginLine {
        product_id: format!("product-{number}"),
        quantity: number,
        unit_price: "19.95".to_owned(),
    };
    let mut request = CheckRequest { coupons: (0..10).map(coupon).collect(), config, ..CheckRequest::default() };
    if let Some(basket) = &mut request.basket {
        basket.lines = (1..=5).map(line).collect();
    }
    if let Some(customer) = &mut request.customer {
        customer.attributes.insert("purchases".to_owned(), json!(0));
        customer.attributes.insert("tier".to_owned(), json!("silver"));
    }
    request
}
