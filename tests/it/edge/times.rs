//! When coupons are valid: from and until an instant, to the end of a day somewhere, and for a period that ends with one.

use serde_json::{Value, json};

use super::{
    App,
    app::{operator, text},
};

/// A pool of two codes, 5.00 each, with these restrictions.
async fn pool(app: &App, name: &str, restrictions: Value) -> String {
    let codes = [format!("{name}-1"), format!("{name}-2")];
    app.pool(
        json!({ "type": "AMOUNT", "value": "5", "restrictions": restrictions }),
        &codes.each_ref().map(String::as_str),
    )
    .await
}

/// What a checkout of ann's says of a code: its discount, or why not.
async fn told(app: &App, code: &str) -> String {
    let input = json!({
        "transactionId": "t", "customerId": "ann", "coupons": [{ "code": code }],
        "basket": { "currency": "EUR", "lines": [{ "productId": "p", "quantity": 1, "unitPrice": "100" }] },
    });
    let query =
        "query($input: CheckoutInput!) { checkoutPreview(input: $input) { coupons { discount reasons { code } } } }";
    let coupon = app.data(query, json!({ "input": input })).await["checkoutPreview"]["coupons"][0].clone();
    coupon["reasons"][0]["code"].as_str().map_or_else(|| text(&coupon["discount"]), str::to_owned)
}

fn redeem(code: &str) -> Value {
    json!({ "coupon": { "code": code }, "customerId": "ann" })
}

const WINDOW: &str =
    "query($id: ID!) { pool(id: $id) { restrictions { validFrom validUntil timeZone expirationPeriod } } }";

#[tokio::test]
async fn through_31_december_is_the_last_instant_of_that_day_there() {
    let app = App::start().await;
    for (name, zone, until, last, first_after) in [
        (
            "BUD",
            json!("Europe/Budapest"),
            "2026-12-31T12:00:00+01:00",
            "2026-12-31T22:59:59.999Z",
            "2026-12-31T23:00:00Z",
        ),
        ("NYC", json!("America/New_York"), "2026-12-31T08:00:00Z", "2027-01-01T04:59:59.999Z", "2027-01-01T05:00:00Z"),
        (
            "KIR",
            json!("Pacific/Kiritimati"),
            "2027-02-01T12:00:00+14:00",
            "2027-02-01T09:59:59.999Z",
            "2027-02-01T10:00:00Z",
        ),
        // Without a zone to the instant.
        ("UTC", Value::Null, "2027-03-01T12:00:00Z", "2027-03-01T12:00:00.000Z", "2027-03-01T12:00:00.001Z"),
    ] {
        let id = pool(&app, name, json!({ "validUntil": until, "timeZone": zone })).await;
        let said = app.data(WINDOW, json!({ "id": id })).await["pool"]["restrictions"].clone();
        assert_eq!((&said["validUntil"], &said["timeZone"]), (&json!(last), &zone), "{name}");
        let (held, free) = (app.claim(&id, "ann").await, format!("{name}-2"));
        assert_eq!(said["validUntil"], last);
        app.set_clock(last);
        assert_eq!(told(&app, &free).await, "5.00", "{name}");
        let named = json!({ "coupon": { "id": held["id"] } });
        app.ok("couponRedeem", named.clone()).await;
        app.ok("couponUnredeem", named.clone()).await;
        app.set_clock(first_after);
        for code in [&free, &format!("{name}-1")] {
            assert_eq!(told(&app, code).await, "EXPIRED", "{code}");
            app.refused("couponRedeem", redeem(code), "EXPIRED", "").await;
        }
        assert_eq!(app.by_code(&format!("{name}-1")).await["status"], "EXPIRED");
        app.refused("couponClaim", json!({ "poolId": id, "customerId": "ann" }), "EXPIRED", "").await;
        // Staff may set another end.
        app.ok("couponExtend", json!({ "coupon": { "id": held["id"] }, "expiresAt": "2030-01-01T00:00:00Z" })).await;
        app.ok("couponRedeem", named).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_coupon_is_not_used_before_its_time() {
    let app = App::start().await;
    let from = "2026-02-10T08:00:00.000Z";
    let id = pool(&app, "EARLY", json!({ "validFrom": from })).await;
    let card = json!({ "type": "GIFT_CARD", "value": "50", "restrictions": { "validFrom": from } });
    let cards = app.pool(card, &["CARD"]).await;
    let (held, card) = (app.claim(&id, "ann").await, app.claim(&cards, "ann").await);
    assert_eq!(held["expiresAt"], Value::Null);
    app.set_clock("2026-02-10T07:59:59.999Z");
    let pay = json!({ "coupon": { "id": card["id"] }, "amount": "5" });
    for code in ["EARLY-1", "EARLY-2", "CARD"] {
        assert_eq!(told(&app, code).await, "NOT_YET_VALID", "{code}");
    }
    app.refused("couponRedeem", redeem("EARLY-1"), "NOT_YET_VALID", "").await;
    app.refused("couponRedeem", redeem("EARLY-2"), "NOT_YET_VALID", "").await;
    app.refused("couponRedeem", pay.clone(), "NOT_YET_VALID", "").await;
    app.set_clock(from);
    assert_eq!(told(&app, "EARLY-2").await, "5.00");
    app.ok("couponRedeem", redeem("EARLY-1")).await;
    app.ok("couponRedeem", pay).await;
    app.finish().await;
}

#[tokio::test]
async fn a_period_ends_with_the_day_there() {
    let app = App::start().await;
    for (name, now, restrictions, expires) in [
        ("A", "2026-01-31T10:00:00Z", json!({ "expirationPeriod": "P1M" }), "2026-02-28T10:00:00.000Z"),
        (
            "B",
            "2026-01-31T10:00:00Z",
            json!({ "expirationPeriod": "P1M", "timeZone": "Europe/Budapest" }),
            "2026-02-28T23:00:00.000Z",
        ),
        // Across the change of the clocks of 29 March.
        (
            "C",
            "2026-03-15T10:00:00Z",
            json!({ "expirationPeriod": "P1M", "timeZone": "Europe/Budapest" }),
            "2026-04-15T22:00:00.000Z",
        ),
        (
            "D",
            "2026-03-15T10:00:00Z",
            json!({ "expirationPeriod": "PT48H", "timeZone": "Europe/Budapest" }),
            "2026-03-17T10:00:00.000Z",
        ),
        // Whichever is over first.
        (
            "E",
            "2026-03-15T10:00:00Z",
            json!({ "expirationPeriod": "P1Y", "validUntil": "2026-12-31T12:00:00Z", "timeZone": "Europe/Budapest" }),
            "2026-12-31T23:00:00.000Z",
        ),
        ("F", "2028-02-29T10:00:00Z", json!({ "expirationPeriod": "P1Y" }), "2029-02-28T10:00:00.000Z"),
    ] {
        app.set_clock(now);
        let id = pool(&app, name, restrictions).await;
        assert_eq!(app.claim(&id, "ann").await["expiresAt"], expires, "{name}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_check_by_the_clock_is_bound_to_a_time_zone_that_there_is() {
    let app = App::with_plugins(operator("weekdays-and-hours", "")).await;
    let pool = |zone: &str| {
        let config = json!({ "timeZone": zone, "windows": [{ "days": ["SATURDAY"] }] });
        let checks = json!([{ "plugin": "weekdays-and-hours", "config": config }]);
        json!({ "name": "p", "source": "UPLOADED", "type": "AMOUNT", "value": "5", "checks": checks })
    };
    for zone in ["Europe/Budapset", "", "CET+1"] {
        app.refused("poolCreate", pool(zone), "VALUE_INVALID", "checks.0.config.timeZone").await;
    }
    let wrong = app.mutate("poolCreate", pool("Europe/Budapset")).await;
    let expected =
        "\"Europe/Budapset\" is no time zone: expected a name of the IANA database, such as \"Europe/Budapest\"";
    assert_eq!(wrong["userErrors"][0]["message"], expected);
    let id = app.ok("poolCreate", pool("Europe/Budapest")).await["id"].clone();
    app.mutate("couponsAdd", json!({ "poolId": id, "codes": ["SATURDAY"] })).await;
    // The 31st of January 2026 is one.
    assert_eq!(told(&app, "SATURDAY").await, "5.00");
    app.set_clock("2026-01-31T23:00:00Z");
    assert_eq!(told(&app, "SATURDAY").await, "CHECK_REFUSED");
    app.finish().await;
}

#[tokio::test]
async fn windows_and_zones_that_cannot_be() {
    let app = App::start().await;
    let create = |restrictions: Value| json!({ "name": "p", "source": "UPLOADED", "type": "AMOUNT", "value": "5", "restrictions": restrictions });
    let (early, late) = ("2026-05-01T12:00:00Z", "2026-05-02T12:00:00Z");
    for (restrictions, field) in [
        (json!({ "timeZone": "Europe/Budapset" }), "restrictions.timeZone"),
        (json!({ "timeZone": "" }), "restrictions.timeZone"),
        (json!({ "timeZone": "+02:00" }), "restrictions.timeZone"),
        (json!({ "timeZone": "x".repeat(10_000) }), "restrictions.timeZone"),
        (json!({ "validFrom": late, "validUntil": early }), "restrictions.validUntil"),
    ] {
        app.refused("poolCreate", create(restrictions), "VALUE_INVALID", field).await;
    }
    let wrong = app.mutate("poolCreate", create(json!({ "timeZone": "Europe/Budapset" }))).await;
    let message = text(&wrong["userErrors"][0]["message"]);
    assert!(message.contains("\"Europe/Budapest\""), "{message}");
    let id = app.ok("poolCreate", create(json!({ "validFrom": early, "validUntil": early }))).await["id"].clone();
    let edit = |restrictions: Value| json!({ "id": id, "apply": "NONE", "restrictions": restrictions });
    app.refused("poolUpdate", edit(json!({ "validFrom": late })), "VALUE_INVALID", "restrictions.validUntil").await;
    app.refused("poolUpdate", edit(json!({ "timeZone": "Mars/Olympus" })), "VALUE_INVALID", "restrictions.timeZone")
        .await;
    let window = async || app.data(WINDOW, json!({ "id": id })).await["pool"]["restrictions"].clone();
    app.ok("poolUpdate", edit(json!({ "timeZone": "europe/budapest", "validFrom": null }))).await;
    let now = json!({ "validFrom": null, "validUntil": "2026-05-01T21:59:59.999Z", "timeZone": "Europe/Budapest", "expirationPeriod": null });
    assert_eq!(window().await, now);
    // What is not edited stays as it is.
    app.ok("poolUpdate", edit(json!({ "purchaseMinimum": "5" }))).await;
    assert_eq!(window().await, now);
    app.ok("poolUpdate", edit(Value::Null)).await;
    assert_eq!(window().await["timeZone"], Value::Null);
    app.finish().await;
}
