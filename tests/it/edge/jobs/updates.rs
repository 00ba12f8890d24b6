//! New terms for coupons that exist: which carry them, from when on, and what is told of it.

use serde_json::{Value, json};

use super::{App, JOB, came, taken};
use crate::edge::{app::text, field};

/// How the pool's coupons stand in the tests: N is nobody's, R came back, C is claimed, U used, X taken out of use.
const CODES: [&str; 5] = ["R", "C", "U", "X", "N"];

async fn pool(app: &App) -> String {
    let restrictions = json!({ "expirationPeriod": "P1M" });
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "10", "restrictions": restrictions }), &CODES).await;
    for _ in 0..3 {
        app.claim(&pool, "ann").await;
    }
    app.ok("couponUnassign", of("R")).await;
    app.ok("couponRedeem", of("U")).await;
    app.ok("couponInvalidate", of("X")).await;
    pool
}

pub(super) fn of(code: &str) -> Value {
    json!({ "coupon": { "code": code } })
}

/// An edit of a pool for coupons of before: how many of each status it reaches.
pub(super) async fn update(app: &App, pool: &str, apply: &str, more: Value) -> Value {
    let mut input = json!({ "id": pool, "apply": apply });
    input.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    let query = format!(
        "mutation($input: PoolUpdateInput!) {{ poolUpdate(input: $input) {{ job {{ {JOB} }}
        updated reached {{ unassigned claimed redeemed expired invalid }} userErrors {{ code message }} }} }}"
    );
    let payload = app.data(&query, json!({ "input": input })).await["poolUpdate"].clone();
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    payload
}

async fn values(app: &App) -> Vec<(&'static str, String)> {
    let mut values = Vec::new();
    for code in CODES {
        values.push((code, text(&app.by_code(code).await["value"])));
    }
    values.sort_unstable();
    values
}

async fn types(app: &App, code: &str) -> Vec<Value> {
    let coupon = app.by_code(code).await;
    field(&app.events(&coupon).await, "type")
}

/// Waits until the coupons' rows have it.
pub(super) async fn kept(app: &App, pool: &str) {
    for _ in 0..400 {
        let told = app.data("query($id: ID!) { pool(id: $id) { updating } }", json!({ "id": pool })).await;
        if told["pool"]["updating"] == false {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the pool's coupons are still to be updated");
}

#[tokio::test]
async fn each_scope_has_its_coupons() {
    let reached = |unassigned: u32, claimed: u32, redeemed: u32, invalid: u32| json!({ "unassigned": unassigned, "claimed": claimed, "redeemed": redeemed, "expired": 0, "invalid": invalid });
    for (apply, new, expected) in [
        ("NONE", "", reached(0, 0, 0, 0)),
        ("UNASSIGNED", "NR", reached(2, 0, 0, 0)),
        ("NOT_REDEEMED", "CNR", reached(2, 1, 0, 0)),
        ("ALL", "CNRUX", reached(2, 1, 1, 1)),
    ] {
        let app = App::start().await;
        let pool = pool(&app).await;
        let tried = update(&app, &pool, apply, json!({ "value": "20", "dryRun": true })).await;
        assert_eq!(values(&app).await.iter().filter(|(_, value)| value == "20.00").count(), 0, "nothing is changed");
        let told = update(&app, &pool, apply, json!({ "value": "20" })).await;
        assert_eq!((&told["reached"], &tried["reached"]), (&expected, &expected), "{apply}");
        assert_eq!((&tried["job"], told["job"].is_null()), (&Value::Null, apply == "NONE"), "{apply}");
        assert_eq!(told["updated"], new.len(), "{apply}");
        // At once, and the same once the rows have it.
        for moment in ["at once", "later"] {
            for (code, value) in values(&app).await {
                let expected = if new.contains(code) { "20.00" } else { "10.00" };
                assert_eq!(value, expected, "{code} with {apply} {moment}");
            }
            kept(&app, &pool).await;
        }
        // Touched ones have an event where they carry other terms, untouched ones none.
        for code in CODES {
            let told = types(&app, code).await.iter().filter(|kind| **kind == "COUPON_UPDATE").count();
            assert_eq!(told, usize::from(new.contains(code) && code != "N"), "{code} with {apply}");
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn only_those_that_are_worth_what_the_pool_said() {
    let app = App::start().await;
    let pool = pool(&app).await;
    update(&app, &pool, "UNASSIGNED", json!({ "value": "20" })).await;
    update(&app, &pool, "ALL", json!({ "value": "30", "matching": true })).await;
    let expected = [("C", "10.00"), ("N", "30.00"), ("R", "30.00"), ("U", "10.00"), ("X", "10.00")];
    assert_eq!(values(&app).await, expected.map(|(code, value)| (code, value.to_owned())));
    kept(&app, &pool).await;
    assert_eq!(values(&app).await, expected.map(|(code, value)| (code, value.to_owned())));
    // Two at once are told as one.
    assert!(types(&app, "R").await.iter().filter(|kind| **kind == "COUPON_UPDATE").count() <= 2);
    app.finish().await;
}

/// Whose terms change is decided by what a coupon was then, whatever becomes of it before its row has that.
#[tokio::test]
async fn what_a_coupon_was_at_that_instant_decides() {
    let app = App::start().await;
    let pool = pool(&app).await;
    for round in 0..4 {
        let value = (20 + round).to_string();
        let (before, claimed) = (app.by_code("C").await, app.claim(&pool, "ben").await);
        update(&app, &pool, "UNASSIGNED", json!({ "value": value })).await;
        // It was claimed then; nobody's since; and claimed again.
        app.ok("couponUnassign", of("C")).await;
        assert_eq!(app.by_code("C").await["value"], before["value"], "round {round}");
        let again = app.claim(&pool, "ann").await;
        assert_eq!((&again["code"], &again["value"]), (&json!("C"), &before["value"]), "round {round}");
        app.ok("couponUnassign", json!({ "coupon": { "id": claimed["id"] } })).await;
        assert_ne!(app.by_code(&text(&claimed["code"])).await["value"], format!("{value}.00"), "round {round}");
        kept(&app, &pool).await;
        assert_eq!(app.by_code("C").await["value"], before["value"], "round {round}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_time_counts_from_the_claim() {
    let app = App::start().await;
    let pool = pool(&app).await;
    app.ok("couponExtend", json!({ "coupon": { "code": "C" }, "expiresAt": "2027-01-01T00:00:00Z" })).await;
    let claimed = app.claim(&pool, "ben").await;
    let (code, end) = (text(&claimed["code"]), "2026-02-28T10:00:00.000Z");
    assert_eq!((&*code, &claimed["expiresAt"]), ("R", &json!(end)));
    app.set_clock("2026-02-10T10:00:00Z");
    let period = |period: &str| json!({ "restrictions": { "expirationPeriod": period } });
    update(&app, &pool, "NOT_REDEEMED", period("P2M")).await;
    assert_eq!(app.by_code("R").await["expiresAt"], "2026-03-31T10:00:00.000Z");
    assert_eq!(app.by_code("C").await["expiresAt"], "2027-01-01T00:00:00.000Z", "that end was set otherwise");
    kept(&app, &pool).await;
    // It is not over when it would have been.
    app.set_clock(end);
    assert_eq!(
        (app.by_code("R").await["status"].clone(), app.stats(&pool).await["expired"].clone()),
        (json!("CLAIMED"), Value::Null)
    );
    // A time that would be over by now is over when the edit was.
    update(&app, &pool, "NOT_REDEEMED", period("P1D")).await;
    let over = app.by_code("R").await;
    assert_eq!((&over["status"], &over["expiresAt"]), (&json!("EXPIRED"), &json!(end)));
    kept(&app, &pool).await;
    assert_eq!(
        types(&app, "R").await.split_off(2),
        ["COUPON_CLAIM", "COUPON_UPDATE", "COUPON_UPDATE", "COUPON_EXPIRE"]
    );
    // And one that is over stays so.
    update(&app, &pool, "ALL", period("P1Y")).await;
    assert_eq!(app.by_code("R").await["status"], "EXPIRED");
    app.ok("couponExtend", json!({ "coupon": { "code": "R" }, "expiresAt": "2027-01-01T00:00:00Z" })).await;
    app.finish().await;
}

/// Untouched coupons of a bulk pool change at once, however many there are, and where a claim, a redemption and a checkout
/// take them.
#[tokio::test]
async fn a_hundred_million_carry_them_at_once() {
    let app = App::start().await;
    let pool = app
        .ok(
            "poolCreate",
            json!({ "name": "Bulk", "source": "BULK_GENERATED", "type": "PERCENTAGE", "value": "5",
        "pattern": "B-$$$$$$$$$$$$" }),
        )
        .await;
    let pool = text(&pool["id"]);
    app.ok("couponsGenerate", json!({ "poolId": pool, "count": 60_000_000 })).await;
    update(&app, &pool, "NONE", json!({ "value": "6" })).await;
    app.ok("couponsGenerate", json!({ "poolId": pool, "count": 40_000_000 })).await;
    let first = app.claim(&pool, "ann").await;
    assert_eq!(first["value"], "5");
    let told = update(&app, &pool, "UNASSIGNED", json!({ "value": "7", "matching": true })).await;
    assert_eq!(told["updated"], 99_999_999, "those in its scope");
    let next = app.claim(&pool, "ben").await;
    assert_eq!(next["value"], "5", "the pool said 6 before");
    let told = update(&app, &pool, "UNASSIGNED", json!({ "value": "8" })).await;
    assert_eq!(told["updated"], 99_999_998);
    let next = app.claim(&pool, "ben").await;
    assert_eq!((&next["value"], &app.by_code(&text(&first["code"])).await["value"]), (&json!("8"), &json!("5")));
    app.stop().await;
}

/// The update is a job: it counts what it did, and an undo gives coupons the terms back that have not changed since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_is_taken_back_where_nothing_has_changed_since() {
    let app = App::start().await;
    let restrictions = json!({ "expirationPeriod": "P1M" });
    let input = json!({ "type": "AMOUNT", "value": "10", "restrictions": restrictions });
    let codes: Vec<String> = (0..1_000).map(|number| format!("T-{number:04}")).collect();
    let pool = app.pool(input, &codes.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let customers: Vec<String> = (0..600).map(|number| format!("c-{number}")).collect();
    app.job("couponsBulk", json!({ "action": "CLAIM", "poolId": pool, "customerIds": customers })).await;
    app.ok("couponRedeem", of("T-0001")).await;
    let before = app.by_code("T-0000").await;
    let edit = json!({ "value": "20", "restrictions": { "expirationPeriod": "P2M" } });
    let told = update(&app, &pool, "NOT_REDEEMED", edit).await;
    assert_eq!((&told["job"]["kind"], &told["job"]["total"]), (&json!("POOL_UPDATE"), &json!("999")));
    let job = app.ended(&told["job"]).await;
    // 599 that somebody has, and 400 that nobody has touched.
    assert_eq!(came(&job), ("SUCCEEDED".to_owned(), "ALL".to_owned(), [999, 0, 0]), "{job}");
    let after = app.by_code("T-0000").await;
    assert_eq!((&after["value"], &after["expiresAt"]), (&json!("20.00"), &json!("2026-03-31T10:00:00.000Z")));
    // One of those that have changed since is among the touched, one among the others.
    app.ok("couponRedeem", of("T-0002")).await;
    app.claim(&pool, "late").await;
    let tried = app.undone(&job, true).await;
    assert_eq!(app.by_code("T-0000").await, after, "it is only tried");
    let undone = app.undone(&job, false).await;
    for one in [&tried, &undone] {
        assert_eq!(came(one), ("SUCCEEDED".to_owned(), "SOME".to_owned(), [997, 0, 2]), "{one}");
        assert_eq!(
            (&one["sample"][0]["code"], &one["sample"][0]["reason"]["code"]),
            (&json!("T-0002"), &json!("VERSION_MISMATCH"))
        );
        let others = text(&one["sample"][1]["reason"]["message"]);
        assert!(others.contains("1 of 400 coupons that nobody had touched have changed since"), "{others}");
    }
    let mut back = app.by_code("T-0000").await;
    back["version"] = before["version"].clone();
    assert_eq!(back, before);
    let values = async |codes: [&str; 5]| {
        let mut values = Vec::new();
        for code in codes {
            values.push(text(&app.by_code(code).await["value"]));
        }
        values
    };
    let some = ["T-0001", "T-0002", "T-0003", "T-0600", "T-0700"];
    assert_eq!(values(some).await, ["10.00", "20.00", "10.00", "20.00", "10.00"]);
    assert_eq!(types(&app, "T-0003").await, ["COUPON_CLAIM", "COUPON_UPDATE", "COUPON_UPDATE"]);
    assert_eq!(app.events(&app.by_code("T-0003").await).await[2]["reason"], format!("undo of job {}", 2));
    // And that is taken back itself.
    let redone = app.undone(&undone, false).await;
    assert_eq!(came(&redone).2, [997, 0, 0], "{redone}");
    assert_eq!(values(some).await, ["10.00", "20.00", "20.00", "20.00", "20.00"]);
    app.finish().await;
}

/// An update holds from the edit on, so it is not stopped in the middle, and one after the other is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_after_each_other() {
    let app = App::start().await;
    let pool = pool(&app).await;
    let first = update(&app, &pool, "ALL", json!({ "value": "20" })).await;
    let second = update(&app, &pool, "ALL", json!({ "value": "30" })).await;
    let query = format!(
        "mutation($id: ID!) {{ jobCancel(id: $id) {{ job {{ {JOB} }} userErrors {{ code field message }} }} }}"
    );
    let (_, refused) = taken(app.data(&query, json!({ "id": second["job"]["id"] })).await, "jobCancel");
    assert_eq!(refused, ["VALUE_INVALID id"]);
    let (first, second) = (app.ended(&first["job"]).await, app.ended(&second["job"]).await);
    // The second waits for the first.
    assert_eq!((came(&first).2, came(&second).2), ([5, 0, 0], [5, 0, 0]), "{first} {second}");
    for (_, value) in values(&app).await {
        assert_eq!(value, "30.00");
    }
    // Only the second is taken back.
    let undone = app.undone(&second, false).await;
    assert_eq!(came(&undone).2, [5, 0, 0], "{undone}");
    for (code, value) in values(&app).await {
        assert_eq!(value, "20.00", "{code}");
    }
    app.finish().await;
}
