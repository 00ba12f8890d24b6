//! Pools: made, refused, edited, archived.

use serde_json::{Value, json};

use super::App;

/// A pool's input with some fields over it; null takes one out.
pub(super) fn with(base: &Value, fields: Value) -> Value {
    let mut input = base.clone();
    for (name, value) in fields.as_object().expect("fields") {
        match value {
            Value::Null => drop(input.as_object_mut().expect("fields").remove(name)),
            value => input[name] = value.clone(),
        }
    }
    input
}

#[tokio::test]
async fn pools_of_all_four_types() {
    let app = App::start().await;
    for (fields, value) in [
        (json!({ "type": "AMOUNT", "value": "5" }), json!("5.00")),
        (json!({ "type": "AMOUNT", "value": "5", "currency": "JPY" }), json!("5")),
        (json!({ "type": "PERCENTAGE", "value": "12.5" }), json!("12.5")),
        (json!({ "type": "FREE_SHIPPING" }), Value::Null),
        (json!({ "type": "GIFT_CARD", "value": "50.125", "currency": "KWD" }), json!("50.125")),
    ] {
        let pool = app.ok("poolCreate", with(&json!({ "name": "Übung", "source": "UPLOADED" }), fields.clone())).await;
        assert_eq!(pool["value"], value);
        assert_eq!(pool["type"], fields["type"]);
        assert_eq!(pool["currency"], fields["currency"]);
        assert_eq!(
            (&pool["version"], &pool["archivedAt"], &pool["stats"]["total"]),
            (&json!(1), &Value::Null, &json!(0))
        );
    }
    let generic =
        json!({ "name": "generic", "source": "GENERATED", "type": "PERCENTAGE", "value": "10", "pattern": "WELCOME" });
    assert_eq!(app.ok("poolCreate", generic).await["source"], "GENERATED");
    app.finish().await;
}

#[tokio::test]
async fn what_does_not_apply_is_refused_with_its_field() {
    let app = App::start().await;
    let amount = json!({ "name": "p", "source": "UPLOADED", "type": "AMOUNT", "value": "5" });
    let percentage = with(&amount, json!({ "type": "PERCENTAGE" }));
    let shipping = with(&amount, json!({ "type": "FREE_SHIPPING", "value": null }));
    for (base, fields, field) in [
        (&shipping, json!({ "value": "5" }), "value"),
        (&amount, json!({ "pattern": "ABC" }), "pattern"),
        (&amount, json!({ "excludedCharacters": ["O"] }), "excludedCharacters"),
        (&amount, json!({ "excludedPhrases": ["BAD"] }), "excludedPhrases"),
        (&amount, json!({ "restrictions": { "minimumValue": "1" } }), "restrictions.minimumValue"),
        (&percentage, json!({ "restrictions": { "minimumValue": "1" } }), "restrictions.minimumValue"),
        (
            &shipping,
            json!({ "restrictions": { "minimumRedemptionValue": "1" } }),
            "restrictions.minimumRedemptionValue",
        ),
        (&amount, json!({ "restrictions": { "minimumRedemptionValue": "1" } }), "restrictions.minimumRedemptionValue"),
    ] {
        app.refused("poolCreate", with(base, fields), "FIELD_NOT_APPLICABLE", field).await;
    }
    let all = with(&shipping, json!({ "value": "5", "currency": "EURO", "name": "" }));
    let told = app.refusals("poolCreate", all).await;
    assert_eq!(told.len(), 3, "all of a draft's faults are told at once: {told:?}");
    nothing_was_made(app).await;
}

#[tokio::test]
async fn values_out_of_bounds_are_refused() {
    let app = App::start().await;
    let base = json!({ "name": "p", "source": "UPLOADED" });
    for (kind, currency, values) in [
        ("AMOUNT", None, &["0", "0.00", "-1", "0.001", "5.123", "1e3", "five", "", " 5", "99999999999999999999"][..]),
        ("AMOUNT", Some("EUR"), &["0.001", "5.123", "1000000000000.01"]),
        ("AMOUNT", Some("JPY"), &["0", "5.01", "0.5"]),
        ("GIFT_CARD", Some("KWD"), &["0.009", "1.0001"]),
        ("GIFT_CARD", None, &["0", "-0.01", "0.005"]),
        ("PERCENTAGE", None, &["0", "0.00", "100.01", "101", "-5", "1.005"]),
    ] {
        for value in values {
            let input = with(&base, json!({ "type": kind, "value": value, "currency": currency }));
            app.refused("poolCreate", input, "VALUE_INVALID", "value").await;
        }
    }
    for (fields, code, field) in [
        (json!({ "type": "AMOUNT" }), "REQUIRED", "value"),
        (json!({ "type": "PERCENTAGE" }), "REQUIRED", "value"),
        (json!({ "type": "AMOUNT", "value": "5", "currency": "eur" }), "VALUE_INVALID", "currency"),
        (json!({ "type": "AMOUNT", "value": "5", "currency": "XXX" }), "VALUE_INVALID", "currency"),
        (json!({ "type": "AMOUNT", "value": "5", "name": "" }), "VALUE_INVALID", "name"),
        (json!({ "type": "AMOUNT", "value": "5", "name": "a\u{0}b" }), "VALUE_INVALID", "name"),
        (json!({ "type": "AMOUNT", "value": "5", "name": "x".repeat(201) }), "VALUE_INVALID", "name"),
        (
            json!({ "type": "AMOUNT", "value": "5", "restrictions": { "purchaseMinimum": "0" } }),
            "VALUE_INVALID",
            "restrictions.purchaseMinimum",
        ),
        (
            json!({ "type": "AMOUNT", "value": "5", "restrictions": { "expirationPeriod": "2 months" } }),
            "VALUE_INVALID",
            "restrictions.expirationPeriod",
        ),
        (
            json!({ "type": "AMOUNT", "value": "5", "restrictions": { "expirationPeriod": "P0D" } }),
            "VALUE_INVALID",
            "restrictions.expirationPeriod",
        ),
        (
            json!({ "type": "AMOUNT", "value": "5", "restrictions": { "stores": [""] } }),
            "VALUE_INVALID",
            "restrictions.stores",
        ),
        (
            json!({ "type": "GIFT_CARD", "value": "5", "restrictions": { "minimumValue": "0.001" } }),
            "VALUE_INVALID",
            "restrictions.minimumValue",
        ),
    ] {
        app.refused("poolCreate", with(&base, fields), code, field).await;
    }
    nothing_was_made(app).await;
}

#[tokio::test]
async fn external_ids_have_bounds_and_are_unique() {
    let app = App::start().await;
    let base = json!({ "name": "p", "source": "UPLOADED", "type": "FREE_SHIPPING" });
    for bad in ["", "12345", "1234567890123456789012345", "with space", "umläut", "tab\ttab"] {
        app.refused("poolCreate", with(&base, json!({ "externalId": bad })), "VALUE_INVALID", "externalId").await;
    }
    for good in ["123456", "123456789012345678901234"] {
        let pool = app.ok("poolCreate", with(&base, json!({ "externalId": good }))).await;
        let found = app.data("query($id: String!) { pool(externalId: $id) { id } }", json!({ "id": good })).await;
        assert_eq!(found["pool"]["id"], pool["id"]);
        app.refused("poolCreate", with(&base, json!({ "externalId": good })), "DUPLICATE", "externalId").await;
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_there_yet_says_so() {
    let app = App::start().await;
    let base = json!({ "name": "p", "source": "UPLOADED", "type": "FREE_SHIPPING" });
    let payload = app.mutate("poolCreate", with(&base, json!({ "passTemplateId": "x" }))).await;
    assert_not_available(&payload, "passTemplateId");
    app.refused("poolCreate", with(&base, json!({ "userGroupId": "x" })), "NOT_FOUND", "userGroupId").await;
    let pool = app.pool(json!({ "type": "FREE_SHIPPING" }), &[]).await;
    let edit = json!({ "id": pool, "apply": "NONE", "name": "new" });
    let payload = app.mutate("poolUpdate", with(&edit, json!({ "passTemplateId": "x" }))).await;
    assert_not_available(&payload, "passTemplateId");
    app.refused("poolUpdate", with(&edit, json!({ "matching": true })), "FIELD_NOT_APPLICABLE", "matching").await;
    assert_eq!(app.read_pool(&pool).await["version"], 1);
    app.refused("poolCreate", with(&base, json!({ "source": "GENERATED" })), "REQUIRED", "pattern").await;
    app.finish().await;
}

fn assert_not_available(payload: &Value, field: &str) {
    assert_eq!(payload["pool"], Value::Null, "{payload}");
    let error = &payload["userErrors"][0];
    assert_eq!(error["field"], json!([field]), "{payload}");
    let message = error["message"].as_str().expect("a message");
    assert!(message.contains("is not available in this version"), "{message}");
}

#[tokio::test]
async fn an_edit_changes_what_it_names() {
    let app = App::start().await;
    let terms = json!({ "minimumValue": "1", "minimumRedemptionValue": "2", "purchaseMinimum": "3", "expirationPeriod": "P2M",
        "stores": ["s1"], "products": ["p1"] });
    let fields = json!({ "type": "GIFT_CARD", "value": "50", "currency": "EUR", "restrictions": terms });
    let pool = app.pool(fields, &["OLD-1"]).await;
    let edit = |fields: Value| with(&json!({ "id": pool, "apply": "NONE" }), fields);
    let renamed = app.ok("poolUpdate", edit(json!({ "name": "renamed", "expectedVersion": 1 }))).await;
    assert_eq!(
        (&renamed["name"], &renamed["version"], &renamed["value"]),
        (&json!("renamed"), &json!(2), &json!("50.00"))
    );
    assert_eq!(renamed["restrictions"]["stores"], json!(["s1"]), "what is absent stays");
    app.refused(
        "poolUpdate",
        edit(json!({ "name": "late", "expectedVersion": 1 })),
        "VERSION_MISMATCH",
        "expectedVersion",
    )
    .await;
    app.refused("poolUpdate", edit(json!({ "expectedVersion": -1 })), "VERSION_MISMATCH", "expectedVersion").await;

    let mut cleared = edit(json!({ "value": "60" }));
    cleared["restrictions"] = json!({ "minimumValue": null, "stores": null, "expirationPeriod": null });
    let mut rehearsal = cleared.clone();
    rehearsal["dryRun"] = json!(true);
    let shown = app.ok("poolUpdate", rehearsal).await;
    assert_eq!((&shown["value"], &shown["restrictions"]["stores"]), (&json!("60.00"), &json!([])));
    assert_eq!(app.read_pool(&pool).await["value"], "50.00", "a dry run changes nothing");
    let changed = app.ok("poolUpdate", cleared).await;
    assert_eq!(
        changed["restrictions"],
        json!({ "minimumValue": null, "minimumRedemptionValue": "2.00", "purchaseMinimum": "3.00",
        "expirationPeriod": null, "stores": [], "products": ["p1"] })
    );
    let old = app.by_code("OLD-1").await;
    assert_eq!(
        (&old["value"], &old["restrictions"]["stores"]),
        (&json!("50.00"), &json!(["s1"])),
        "a coupon keeps its terms"
    );
    let payload = app.mutate("couponsAdd", json!({ "poolId": pool, "codes": ["NEW-1"] })).await;
    assert_eq!(payload["added"], 1);
    assert_eq!(app.by_code("NEW-1").await["value"], "60.00");
    for (fields, code, field) in [
        (json!({ "value": "1.001" }), "VALUE_INVALID", "value"),
        (json!({ "name": " " }), "VALUE_INVALID", "name"),
        (json!({ "pattern": "X" }), "FIELD_NOT_APPLICABLE", "pattern"),
        (json!({ "restrictions": { "purchaseMinimum": "-1" } }), "VALUE_INVALID", "restrictions.purchaseMinimum"),
        (json!({ "id": "nonsense" }), "NOT_FOUND", "id"),
    ] {
        app.refused("poolUpdate", edit(fields), code, field).await;
    }
    app.refused("poolUpdate", json!({ "id": pool, "apply": "NONE", "value": null }), "REQUIRED", "value").await;
    app.refused("poolUpdate", json!({ "id": pool, "apply": "NONE", "name": null }), "REQUIRED", "name").await;
    let bare = app.ok("poolUpdate", json!({ "id": pool, "apply": "NONE", "restrictions": null })).await;
    assert_eq!(bare["restrictions"]["products"], json!([]), "null clears all restrictions");
    assert_eq!(bare["restrictions"]["purchaseMinimum"], Value::Null);
    app.finish().await;
}

#[tokio::test]
async fn an_archived_pool_gives_out_nothing_new() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A", "B", "C"]).await;
    let held = app.claim(&pool, "ann").await;
    let archived = app.ok("poolArchive", json!({ "id": pool })).await;
    assert_eq!(archived["archivedAt"], "2026-01-31T10:00:00.000Z");
    assert_eq!(app.ok("poolArchive", json!({ "id": pool })).await["version"], archived["version"], "twice is once");
    app.refused("couponClaim", json!({ "poolId": pool, "customerId": "ben" }), "POOL_ARCHIVED", "poolId").await;
    let unheld = json!({ "coupon": { "code": "C" }, "customerId": "ben" });
    let found = app.refusals("couponRedeem", unheld.clone()).await;
    assert_eq!(found[0].0, "POOL_ARCHIVED", "redeeming an unassigned code would assign it");
    let redeemed = app.ok("couponRedeem", json!({ "coupon": { "id": held["id"] } })).await;
    assert_eq!(redeemed["status"], "REDEEMED", "what was claimed goes on working");
    let back = app.ok("poolArchive", json!({ "id": pool, "archived": false })).await;
    assert_eq!(back["archivedAt"], Value::Null);
    assert_eq!(app.claim(&pool, "ben").await["status"], "CLAIMED");
    assert_eq!(app.ok("couponRedeem", unheld).await["status"], "REDEEMED");
    app.refused("poolArchive", json!({ "id": "nonsense" }), "NOT_FOUND", "id").await;
    app.finish().await;
}

async fn nothing_was_made(app: App) {
    let pools = app.data("{ pools { edges { node { id } } } }", json!({})).await;
    assert_eq!(pools["pools"]["edges"], json!([]));
    app.finish().await;
}
