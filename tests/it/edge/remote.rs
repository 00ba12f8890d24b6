//! Pools whose codes a partner supplies, through the shipped plugin http-callback and a real HTTP server.

use scrip::{http::Options, plugins::PluginSettings};
use serde_json::{Value, json};

use super::{App, app::text, field, partner::Partner};
use crate::edge::app::operator;

/// A gateway that may ask a partner, and a pool whose codes it supplies.
async fn pool_of(more: Value) -> (App, Partner, String) {
    with_pool(Options::default(), more).await
}

/// The same with these options.
async fn with_pool(options: Options, more: Value) -> (App, Partner, String) {
    let partner = Partner::start().await;
    let app = App::with_options_and_plugins(options, operator("http-callback", &settings_for(&partner))).await;
    let mut pool = pool_at(&partner);
    pool.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    let pool = text(&app.ok("poolCreate", pool).await["id"]);
    (app, partner, pool)
}

/// What an operator says so that a partner can be asked.
pub(super) fn settings_for(Partner { host, .. }: &Partner) -> String {
    format!("hosts = ['{host}']\nranges = ['127.0.0.0/8']\n[secrets.api_key]\nvalue = 'a-secret-key'\nhost = '{host}'")
}

/// A pool whose codes a partner supplies.
pub(super) fn pool_at(partner: &Partner) -> Value {
    json!({
        "name": "Remote", "source": "REMOTE", "type": "PERCENTAGE", "value": "20",
        "remote": { "plugin": "http-callback", "config": { "url": format!("{}/issue", partner.host) } },
    })
}

fn with_name(mut pool: Value, name: &str) -> Value {
    pool["name"] = json!(name);
    pool
}

#[tokio::test]
async fn a_claim_asks_the_partner_and_the_code_lives_on() {
    let (app, partner, pool) = pool_of(json!({ "restrictions": { "expirationPeriod": "P1M" } })).await;
    partner.answer(200, json!({ "code": " Partner-1 " }));
    let coupon = app.claim(&pool, "ann").await;
    assert_eq!((&coupon["code"], &coupon["status"]), (&json!("Partner-1"), &json!("CLAIMED")));
    assert_eq!(coupon["expiresAt"], "2026-02-28T10:00:00.000Z");
    let asked = partner.asked();
    let body = json!({
        "api_key": "a-secret-key", "coupon_percentage": "20", "value": "20", "customer": "ann", "type": "percentage",
    });
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].1, body);
    assert!(!asked[0].0.is_empty(), "there is always a key");
    assert_eq!(app.by_code("partner-1").await["id"], coupon["id"]);
    assert_eq!(app.stats(&pool).await, json!({ "total": 1, "claimed": 1 }));
    app.ok("couponRedeem", json!({ "coupon": { "code": "PARTNER-1" }, "customerId": "ann" })).await;
    assert_eq!(field(&app.events(&coupon).await, "type"), ["COUPON_CLAIM", "COUPON_REDEEM"]);
    app.finish().await;
}

#[tokio::test]
async fn the_source_may_say_how_long_a_code_is_good() {
    let (app, partner, pool) = pool_of(json!({ "restrictions": { "expirationPeriod": "P1M" } })).await;
    partner.answer(200, json!({ "code": "SHORT", "expires_at": "2026-02-01T00:00:00Z" }));
    assert_eq!(app.claim(&pool, "ann").await["expiresAt"], "2026-02-01T00:00:00.000Z");
    partner.answer(200, json!({ "code": "GONE", "expires_at": "2026-01-01T00:00:00Z" }));
    app.refused("couponClaim", json!({ "poolId": pool, "customerId": "ann" }), "SOURCE_UNAVAILABLE", "").await;
    app.set_clock("2026-02-01T00:00:00Z");
    assert_eq!(app.by_code("SHORT").await["status"], "EXPIRED");
    app.finish().await;
}

#[tokio::test]
async fn the_same_key_asks_again_with_the_same_key() {
    let (app, partner, pool) = pool_of(json!({})).await;
    let claim = json!({ "poolId": pool, "customerId": "ann", "idempotencyKey": "k-1" });
    partner.answer(503, json!({}));
    app.refused("couponClaim", claim.clone(), "SOURCE_UNAVAILABLE", "").await;
    assert_eq!(app.stats(&pool).await, json!({}), "nothing is claimed");
    let first = partner.asked();
    // Nothing was decided, so nothing is kept.
    app.refused("couponClaim", claim.clone(), "SOURCE_UNAVAILABLE", "").await;
    partner.answer(200, json!({ "code": "SAME" }));
    let coupon = app.ok("couponClaim", claim.clone()).await;
    assert_eq!(app.ok("couponClaim", claim.clone()).await["id"], coupon["id"]);
    let second = partner.asked();
    assert_eq!(second.len(), 2, "what was answered is not asked again");
    assert!(first.iter().chain(&second).all(|(key, _)| key.ends_with("/k-1")), "{first:?} {second:?}");
    let other = json!({ "poolId": pool, "customerId": "ben", "idempotencyKey": "k-1" });
    app.refused("couponClaim", other, "IDEMPOTENCY_MISMATCH", "idempotencyKey").await;
    // What the partner refuses is decided.
    partner.answer(422, json!({ "error": "not for you" }));
    let claim = json!({ "poolId": pool, "customerId": "ann", "idempotencyKey": "k-2" });
    app.refused("couponClaim", claim.clone(), "SOURCE_REFUSED", "").await;
    partner.answer(200, json!({ "code": "OTHER" }));
    app.refused("couponClaim", claim, "SOURCE_REFUSED", "").await;
    app.finish().await;
}

/// A partner that issues a code and answers too late: the claim ends, and with the same key the code arrives that was issued
/// meanwhile. The plugin's own limit of time is half a second here, where a partner would be given some.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_was_issued_too_late_arrives_with_the_same_key() {
    let (folder, partner) = (tempfile::tempdir().expect("a folder"), Partner::start().await);
    let (shipped, own) = (crate::plugins::shipped("http-callback"), folder.path().join("http-callback"));
    std::fs::create_dir(&own).expect("a folder");
    std::fs::copy(shipped.join("http-callback.wasm"), own.join("http-callback.wasm")).expect("a copy");
    let manifest = std::fs::read_to_string(shipped.join("plugin.toml")).expect("a manifest");
    let hasty = manifest.replace("# A member of the body", "[limits]\ntime_ms = 500\n# A member of the body");
    assert_ne!(manifest, hasty);
    std::fs::write(own.join("plugin.toml"), hasty).expect("a manifest");
    let settings =
        PluginSettings { folder: Some(folder.path().to_owned()), ..operator("http-callback", &settings_for(&partner)) };
    let app = App::with_plugins(settings).await;
    let pool = text(&app.ok("poolCreate", pool_at(&partner)).await["id"]);
    let claim = json!({ "poolId": pool, "customerId": "ann", "idempotencyKey": "k-1" });
    partner.answer(200, json!({ "code": "LATE" }));
    let held = partner.hold().await;
    app.refused("couponClaim", claim.clone(), "SOURCE_UNAVAILABLE", "").await;
    assert_eq!(app.stats(&pool).await, json!({}), "nothing is claimed");
    let first = partner.asked();
    assert_eq!(first.len(), 1, "it was asked, and has issued a code");
    drop(held);
    // On a slow machine half a second may be too short once more.
    let mut payload = Value::Null;
    while payload["coupon"].is_null() {
        payload = app.mutate("couponClaim", claim.clone()).await;
    }
    assert_eq!(payload["coupon"]["code"], "LATE", "{payload}");
    assert!(partner.asked().iter().all(|asked| *asked == first[0]), "by the same key, with the same question");
    assert_eq!(app.ok("couponClaim", claim).await["code"], "LATE");
    assert_eq!(partner.asked(), [], "what was answered is not asked again");
    app.finish().await;
}

#[tokio::test]
async fn after_five_failures_a_partner_is_left_alone() {
    let (app, partner, pool) = pool_of(json!({})).await;
    let other = text(&app.ok("poolCreate", with_name(pool_at(&partner), "Other")).await["id"]);
    let claim = |pool: &str| json!({ "poolId": pool, "customerId": "ann" });
    partner.answer(503, json!({}));
    for _ in 0..5 {
        app.refused("couponClaim", claim(&pool), "SOURCE_UNAVAILABLE", "").await;
    }
    assert_eq!(partner.asked().len(), 5);
    partner.answer(200, json!({ "code": "BACK" }));
    let payload = app.mutate("couponClaim", claim(&pool)).await;
    let told = &payload["userErrors"][0];
    assert_eq!(told["code"], "SOURCE_UNAVAILABLE");
    assert!(text(&told["message"]).contains("failed too often for this pool"), "{told}");
    assert_eq!(partner.asked(), [], "it is not asked");
    let paused = app.data("{ plugins { id pausedPools } }", json!({})).await;
    let paused = paused["plugins"].as_array().expect("a list").iter().find(|plugin| plugin["id"] == "http-callback");
    assert_eq!(paused.expect("the plugin")["pausedPools"], json!([pool]));
    // Another pool's partner is asked, which may be well.
    app.ok("couponClaim", claim(&other)).await;
    app.finish().await;
}

#[tokio::test]
async fn codes_that_cannot_be_used_leave_nothing_claimed() {
    let (app, partner, pool) = pool_of(json!({})).await;
    let uploaded = app.pool(json!({ "type": "FREE_SHIPPING" }), &["TAKEN"]).await;
    app.bulk("B-$$$$$$", 10).await;
    let claim = json!({ "poolId": pool, "customerId": "ann" });
    for (answer, code) in [
        ((200, json!({ "code": "" })), "SOURCE_UNAVAILABLE"),
        ((200, json!({ "code": "x".repeat(65) })), "SOURCE_UNAVAILABLE"),
        ((200, json!({ "code": "taken" })), "SOURCE_UNAVAILABLE"),
        ((200, json!({ "code": "B-ABC123" })), "SOURCE_UNAVAILABLE"),
        ((200, json!({ "kode": "X" })), "SOURCE_UNAVAILABLE"),
        ((401, json!({})), "SOURCE_UNAVAILABLE"),
        ((422, json!({ "error": "not for you" })), "SOURCE_REFUSED"),
    ] {
        partner.answer(answer.0, answer.1.clone());
        let found = app.refusals("couponClaim", claim.clone()).await;
        assert_eq!(found, [(code.to_owned(), String::new())], "{answer:?}");
    }
    assert_eq!(app.stats(&pool).await, json!({}));
    assert_eq!(app.stats(&uploaded).await, json!({ "total": 1, "unassigned": 1 }));
    app.finish().await;
}

#[tokio::test]
async fn what_comes_back_is_claimed_before_the_partner_is_asked() {
    let (app, partner, pool) = pool_of(json!({ "aggregated": true })).await;
    partner.answer(200, json!({ "code": "ONE" }));
    let coupon = app.claim(&pool, "ann").await;
    assert_eq!(app.claim(&pool, "ann").await["claims"], 2, "the same coupon again");
    app.ok("couponUnassign", json!({ "coupon": { "id": coupon["id"] } })).await;
    assert_eq!(app.claim(&pool, "ben").await["id"], coupon["id"]);
    assert_eq!(partner.asked().len(), 1);
    // A pattern that could make the partner's code is refused.
    let pattern = json!({ "name": "x", "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": "^^^" });
    app.refused("poolCreate", pattern, "PATTERN_NOT_UNIQUE", "pattern").await;
    app.finish().await;
}

#[tokio::test]
async fn a_host_that_the_operator_does_not_name_is_denied_with_the_line_to_add() {
    let partner = Partner::start().await;
    let app = App::with_plugins(operator("http-callback", "")).await;
    let pool = json!({
        "name": "Remote", "source": "REMOTE", "type": "FREE_SHIPPING",
        "remote": { "plugin": "http-callback", "config": { "url": format!("{}/issue", partner.host) } },
    });
    let pool = text(&app.ok("poolCreate", pool).await["id"]);
    let payload = app.mutate("couponClaim", json!({ "poolId": pool, "customerId": "ann" })).await;
    let message = text(&payload["userErrors"][0]["message"]);
    assert!(message.contains(&format!("add \"{}\" to hosts of [plugin.http-callback]", partner.host)), "{message}");
    assert_eq!(partner.asked(), []);
    app.finish().await;
}

#[tokio::test]
async fn bindings_are_checked_when_a_pool_is_saved() {
    let app = App::with_plugins(operator("http-callback", "")).await;
    let pool = |more: Value| {
        let mut pool = json!({ "name": "Remote", "source": "REMOTE", "type": "FREE_SHIPPING" });
        pool.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        pool
    };
    for (more, code, at) in [
        (json!({}), "REQUIRED", "remote"),
        (json!({ "remote": { "plugin": "nothing" } }), "VALUE_INVALID", "remote.plugin"),
        (json!({ "remote": { "plugin": "first-purchase" } }), "VALUE_INVALID", "remote.plugin"),
        (json!({ "remote": { "plugin": "http-callback" } }), "VALUE_INVALID", "remote.config"),
        (
            json!({ "remote": { "plugin": "http-callback", "config": { "url": 1 } } }),
            "VALUE_INVALID",
            "remote.config.url",
        ),
        (
            json!({ "source": "UPLOADED", "remote": { "plugin": "http-callback", "config": { "url": "https://a" } } }),
            "FIELD_NOT_APPLICABLE",
            "remote",
        ),
    ] {
        app.refused("poolCreate", pool(more), code, at).await;
    }
    app.finish().await;
}

/// What waits for a partner has no place in the lane of what takes long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_partner_keeps_nobody_waiting() {
    let (app, partner, pool) = with_pool(Options { far_places: 1, ..Options::default() }, json!({})).await;
    let bulk = app.bulk("W-$$$$$$", 600).await;
    partner.answer(200, json!({ "code": "ONE" }));
    let held = partner.hold().await;
    // It costs more than a small change.
    let fields = (0..450).map(|number| format!("f{number}: id ")).collect::<String>();
    let claim = format!(
        "mutation {{ couponClaim(input: {{ poolId: \"{pool}\", customerId: \"ann\" }}) {{ coupon {{ code {fields} }} }} }}"
    );
    let request =
        app.client.post(format!("{}/graphql", app.url)).bearer_auth(&app.key).json(&json!({ "query": claim }));
    let claiming = tokio::spawn(request.send());
    while partner.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    let page = format!("{{ pool(id: \"{bulk}\") {{ coupons(first: 500) {{ edges {{ node {{ id code }} }} }} }} }}");
    app.data(&page, json!({})).await;
    drop(held);
    let answer: Value = claiming.await.expect("sent").expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["data"]["couponClaim"]["coupon"]["code"], "ONE", "{answer}");
    app.finish().await;
}
