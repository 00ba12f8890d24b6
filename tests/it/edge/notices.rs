//! What partners are told of the coupons that they supplied: at least once, in order, however they do, and never of what
//! did not happen.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    App,
    app::{operator, text},
    binary::{Gateway, scrip},
    field, items,
    partner::{Asked, Partner},
    remote::{pool_at, settings_for},
};

/// A pool whose partner is told what becomes of its coupons.
fn telling(partner: &Partner) -> Value {
    let mut pool = pool_at(partner);
    pool["remote"]["tellsChanges"] = json!(true);
    pool
}

async fn start(partner: &Partner) -> App {
    App::with_plugins(operator("http-callback", &settings_for(partner))).await
}

/// A coupon of a pool that a partner supplied to a customer.
async fn supplied(app: &App, partner: &Partner, pool: &str, code: &str, customer: &str) -> Value {
    partner.answer(200, json!({ "code": code }));
    let coupon = app.claim(pool, customer).await;
    partner.asked();
    json!({ "coupon": { "id": coupon["id"] } })
}

/// What a pool tells of its partner, once that is as expected.
async fn until(app: &App, pool: &str, is_expected: impl Fn(&Value) -> bool) -> Value {
    let query = "query($id: ID) { pool(id: $id) { partner { waiting attempts nextAttemptAt problem failed \
                 oldest { id } failures { reason at event { id type coupon { code } } } } } }";
    loop {
        let found = app.data(query, json!({ "id": pool })).await["pool"]["partner"].clone();
        if is_expected(&found) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn all_told(app: &App, pool: &str) {
    until(app, pool, |partner| partner["waiting"] == 0).await;
}

/// The fields of what a partner was told, one after the other.
fn told<'a>(asked: &'a [Asked], names: &'a [&str]) -> Vec<Vec<&'a Value>> {
    asked.iter().map(|(_, body)| names.iter().map(|name| &body[*name]).collect()).collect()
}

#[tokio::test]
async fn a_partner_is_told_whom_a_code_belongs_to() {
    let partner = Partner::start().await;
    let app = start(&partner).await;
    let pool = text(&app.ok("poolCreate", telling(&partner)).await["id"]);
    let mut coupon = supplied(&app, &partner, &pool, "ONE", "ann").await;
    app.ok("couponUnassign", coupon.clone()).await;
    app.claim(&pool, "ben").await;
    app.ok("customerUpsert", json!({ "customerId": "cat" })).await;
    coupon["toCustomerId"] = json!("cat");
    app.ok("couponTransfer", coupon.clone()).await;
    all_told(&app, &pool).await;
    let asked = partner.asked();
    let names = ["event", "code", "customer", "to_customer", "value", "type", "api_key"];
    let same = [json!("20"), json!("percentage"), json!("a-secret-key"), Value::Null];
    let line = |event: &'static str, customer: &'static str, receiver: Value| {
        [vec![json!(event), json!("ONE"), json!(customer), receiver], same[..3].to_vec()].concat()
    };
    let found: Vec<Vec<Value>> =
        told(&asked, &names).into_iter().map(|line| line.into_iter().cloned().collect()).collect();
    let expected = [
        line("unassign", "ann", Value::Null),
        line("claim", "ben", Value::Null),
        line("transfer", "ben", json!("cat")),
    ];
    assert_eq!(found, expected);
    // Each names its event of the log, in the body and as the key by which the partner knows it again.
    let events = app.events(&coupon["coupon"]).await;
    let of = |kind: &str| events.iter().rev().find(|event| event["type"] == kind).expect("an event")["id"].clone();
    let ids: Vec<Value> = ["COUPON_UNASSIGN", "COUPON_CLAIM", "COUPON_TRANSFER"].map(of).to_vec();
    let claimed_again = &field(&events, "id")[2];
    assert_eq!((&asked[0].1["id"], &asked[2].1["id"]), (&ids[0], &ids[2]));
    assert_eq!(&asked[1].1["id"], claimed_again);
    assert!(asked.iter().all(|(key, body)| body["id"] == *key), "{asked:?}");
    // What else becomes of it is none of the partner's business, and neither is a pool whose binding says nothing.
    app.ok("couponRedeem", json!({ "coupon": coupon["coupon"], "customerId": "cat" })).await;
    let mut plain = telling(&partner);
    plain["remote"]["tellsChanges"] = json!(false);
    let plain = text(&app.ok("poolCreate", plain).await["id"]);
    let coupon = supplied(&app, &partner, &plain, "TWO", "ann").await;
    app.ok("couponUnassign", coupon).await;
    assert_eq!(until(&app, &plain, |_| true).await, Value::Null);
    all_told(&app, &pool).await;
    assert_eq!(partner.asked(), []);
    app.finish().await;
}

#[tokio::test]
async fn a_partner_that_is_away_is_told_in_order_once_it_is_back() {
    let partner = Partner::start().await;
    let app = start(&partner).await;
    let pool = text(&app.ok("poolCreate", telling(&partner)).await["id"]);
    let coupon = supplied(&app, &partner, &pool, "ONE", "ann").await;
    partner.answer(503, json!({}));
    let away = |attempts: u32| move |found: &Value| found["attempts"] == attempts;
    app.ok("couponUnassign", coupon).await;
    let found = until(&app, &pool, away(1)).await;
    assert_eq!((&found["waiting"], &found["failed"]), (&json!(1), &json!(0)));
    assert_eq!(found["problem"], "the upstream answered 503");
    assert_eq!(found["nextAttemptAt"], "2026-01-31T10:00:01.000Z");
    // The pauses grow, and what happens meanwhile waits behind it.
    app.claim(&pool, "ben").await;
    for (attempts, at, next) in [(2, "10:00:01", "10:00:03"), (3, "10:00:03", "10:00:07"), (4, "10:00:07", "10:00:15")]
    {
        app.set_clock(&format!("2026-01-31T{at}Z"));
        let found = until(&app, &pool, away(attempts)).await;
        assert_eq!(found["nextAttemptAt"], format!("2026-01-31T{next}.000Z"));
        assert_eq!(found["waiting"], 2);
    }
    let tries = partner.asked();
    assert!(tries.iter().all(|tried| *tried == tries[0]), "always the same: {tries:?}");
    // It pauses nothing: a claim asks the partner all the same.
    partner.answer(200, json!({ "code": "TWO" }));
    assert_eq!(app.claim(&pool, "cat").await["code"], "TWO");
    partner.asked();
    app.set_clock("2026-01-31T10:00:15Z");
    all_told(&app, &pool).await;
    let asked = partner.asked();
    assert_eq!(
        told(&asked, &["event", "customer"]),
        [[&json!("unassign"), &json!("ann")], [&json!("claim"), &json!("ben")]]
    );
    assert_eq!(asked[0], tries[0], "the same notice");
    let found = until(&app, &pool, |_| true).await;
    assert_eq!((&found["attempts"], &found["problem"]), (&json!(0), &Value::Null));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_that_is_slow_keeps_no_other_waiting() {
    let partner = Partner::start().await;
    let app = start(&partner).await;
    let slow = text(&app.ok("poolCreate", telling(&partner)).await["id"]);
    let mut quick = telling(&partner);
    quick["remote"]["config"]["url"] = json!(format!("{}/quick", partner.host));
    let quick = text(&app.ok("poolCreate", quick).await["id"]);
    let of_slow = supplied(&app, &partner, &slow, "SLOW", "ann").await;
    let of_quick = supplied(&app, &partner, &quick, "QUICK", "ann").await;
    let held = partner.hold().await;
    app.ok("couponUnassign", of_slow).await;
    while partner.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    app.ok("couponUnassign", of_quick).await;
    all_told(&app, &quick).await;
    assert_eq!(told(&partner.asked(), &["code"]), [[&json!("QUICK")]]);
    assert_eq!(until(&app, &slow, |_| true).await["waiting"], 1, "it is being told still");
    drop(held);
    // On a machine that is slower still, it was given up meanwhile and is tried again.
    app.set_clock("2026-01-31T11:00:00Z");
    all_told(&app, &slow).await;
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_told_is_kept_for_staff_and_forgotten_in_the_end() {
    let partner = Partner::start().await;
    let app = start(&partner).await;
    let pool = text(&app.ok("poolCreate", telling(&partner)).await["id"]);
    let coupon = supplied(&app, &partner, &pool, "ONE", "ann").await;
    partner.answer(410, json!({ "error": "unknown" }));
    app.ok("couponUnassign", coupon).await;
    let found = until(&app, &pool, |found| found["failed"] == 1).await;
    assert_eq!((&found["waiting"], &found["attempts"]), (&json!(0), &json!(0)));
    let failure = &found["failures"][0];
    assert_eq!((&failure["reason"], &failure["event"]["type"]), (&json!("REFUSED"), &json!("COUPON_UNASSIGN")));
    // What waits for longer than three days for a partner that is away is given up.
    partner.answer(503, json!({}));
    app.claim(&pool, "ben").await;
    until(&app, &pool, |found| found["attempts"] == 1).await;
    app.set_clock("2026-02-03T10:00:01Z");
    let found = until(&app, &pool, |found| found["waiting"] == 0).await;
    assert_eq!(field(found["failures"].as_array().expect("a list"), "reason"), ["REFUSED", "GIVEN_UP"]);
    app.set_clock("2026-03-02T10:00:01Z");
    app.scrip().operator().forget_notices().await.expect("forgotten");
    let found = until(&app, &pool, |found| found["failed"] != 2).await;
    assert_eq!(field(found["failures"].as_array().expect("a list"), "reason"), ["GIVEN_UP"]);
    app.finish().await;
}

#[tokio::test]
async fn a_binding_that_tells_no_more_leaves_nothing_waiting() {
    let partner = Partner::start().await;
    let app = start(&partner).await;
    let pool = text(&app.ok("poolCreate", telling(&partner)).await["id"]);
    let coupon = supplied(&app, &partner, &pool, "ONE", "ann").await;
    partner.answer(503, json!({}));
    app.ok("couponUnassign", coupon).await;
    until(&app, &pool, |found| found["attempts"] == 1).await;
    partner.asked();
    let mut remote = telling(&partner)["remote"].clone();
    remote["tellsChanges"] = json!(false);
    app.ok("poolUpdate", json!({ "id": pool, "apply": "NONE", "remote": remote })).await;
    app.set_clock("2026-01-31T10:00:10Z");
    until(&app, &pool, Value::is_null).await;
    assert_eq!(partner.asked(), []);
    // What cannot tell, and what has no partner, cannot be bound so.
    let check = json!({ "plugin": "first-purchase", "config": { "attribute": "n" }, "tellsChanges": true });
    let mut with_check = telling(&partner);
    with_check["checks"] = json!([check]);
    app.refused("poolCreate", with_check, "FIELD_NOT_APPLICABLE", "checks.0.tellsChanges").await;
    app.finish().await;
}

/// A gateway that is killed while it tells a partner tells it once more after its next start, by the same id; and tells
/// nothing that is not in the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_tells_at_least_once_and_nothing_that_did_not_happen() {
    let (folder, partner) = (tempfile::tempdir().expect("a folder"), Partner::start().await);
    let plugins = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins");
    let section = settings_for(&partner).replace("[secrets", "[plugin.http-callback.secrets");
    let file = format!("plugins = {plugins:?}\n[plugin.http-callback]\n{section}\n");
    std::fs::write(folder.path().join("scrip.toml"), file).expect("a file");
    let arguments = ["serve", "--config", "scrip.toml", "--listen", "127.0.0.1:0"];
    let ask = async |gateway: &Gateway, key: &str, query: String| -> Value {
        let request = reqwest::Client::new().post(format!("{}/graphql", gateway.url)).bearer_auth(key);
        let answer = request.json(&json!({ "query": query })).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        answer["data"].clone()
    };
    let gateway = Gateway::start(scrip(folder.path(), &arguments)).await;
    let key = gateway.shown_key().expect("a key");
    let url = format!("{}/issue", partner.host);
    let create = format!(
        "mutation {{ poolCreate(input: {{ name: \"Told\", source: REMOTE, type: FREE_SHIPPING, remote: {{ plugin: \
         \"http-callback\", tellsChanges: true, config: {{ url: \"{url}\" }} }} }}) {{ pool {{ id }} userErrors {{ message }} }} }}"
    );
    let pool = text(&ask(&gateway, &key, create).await["poolCreate"]["pool"]["id"]);
    let mut coupons = Vec::new();
    for number in 0..8 {
        partner.answer(200, json!({ "code": format!("CODE-{number}") }));
        let claim = format!(
            "mutation {{ couponClaim(input: {{ poolId: \"{pool}\", customerId: \"c{number}\" }}) {{ coupon {{ id }} }} }}"
        );
        coupons.push(text(&ask(&gateway, &key, claim).await["couponClaim"]["coupon"]["id"]));
    }
    partner.asked();
    let held = partner.hold().await;
    for coupon in &coupons {
        let unassign = format!(
            "mutation {{ couponUnassign(input: {{ coupon: {{ id: \"{coupon}\" }} }}) {{ coupon {{ status }} }} }}"
        );
        assert_eq!(ask(&gateway, &key, unassign).await["couponUnassign"]["coupon"]["status"], "UNASSIGNED");
    }
    let mut before = Vec::new();
    while before.is_empty() {
        before = partner.asked();
        tokio::task::yield_now().await;
    }
    gateway.kill().await;
    drop(held);
    let gateway = Gateway::start(scrip(folder.path(), &arguments)).await;
    let waiting = format!("{{ pool(id: \"{pool}\") {{ partner {{ waiting failed }} }} }}");
    while ask(&gateway, &key, waiting.clone()).await["pool"]["partner"] != json!({ "waiting": 0, "failed": 0 }) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let after = partner.asked();
    let log = format!(
        "{{ events(first: 100, filter: {{ poolId: \"{pool}\", types: [COUPON_UNASSIGN] }}) {{ edges {{ node {{ id }} }} }} }}"
    );
    let events = field(&items(&ask(&gateway, &key, log).await["events"]), "id");
    assert_eq!(events.len(), coupons.len());
    let ids: Vec<Value> = after.iter().map(|(_, body)| body["id"].clone()).collect();
    assert_eq!(ids, events, "each of the log once after the kill, in its order");
    assert!(before.iter().all(|(_, body)| events.contains(&body["id"])), "and before it nothing else: {before:?}");
    gateway.stop().await;
}
