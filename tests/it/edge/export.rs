//! A pool's coupons as a file, over HTTP and from the command line.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    App,
    app::text,
    binary::{Gateway, scrip},
};
use crate::support::new_folder;

impl App {
    /// The file of a pool's coupons: its media type and lines.
    pub(super) async fn file(&self, pool: &str, file: &str) -> (String, Vec<String>) {
        let url = format!("{}/pools/{pool}/{file}", self.url);
        let response = self.client.get(url).bearer_auth(&self.key).send().await.expect("an answer");
        let (status, media) = (response.status(), response.headers()["content-type"].clone());
        let body = response.text().await.expect("a whole file");
        assert_eq!(status, 200, "{body}");
        let media = media.to_str().expect("text").to_owned();
        (media, body.lines().map(str::to_owned).collect())
    }

    async fn status_of(&self, path: &str, key: &str) -> (u16, String) {
        let url = format!("{}{path}", self.url);
        let response = self.client.get(url).bearer_auth(key).send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a body"))
    }
}

#[tokio::test]
async fn every_coupon_is_in_the_file_once_as_it_is() {
    let app = App::start().await;
    let input = json!({ "name": "gifts", "externalId": "gifts-2026", "source": "BULK_GENERATED", "type": "GIFT_CARD",
        "value": "50", "currency": "EUR", "pattern": "G-$$$$$$", "restrictions": { "expirationPeriod": "P1M" } });
    let pool = text(&app.ok("poolCreate", input).await["id"]);
    app.mutate("couponsGenerate", json!({ "poolId": pool, "count": 40_000 })).await;
    app.ok("poolUpdate", json!({ "id": pool, "apply": "NONE", "value": "75" })).await;
    app.mutate("couponsGenerate", json!({ "poolId": pool, "count": 10_000 })).await;
    app.ok("customerUpsert", json!({ "customerId": "=ann,1", "currency": "EUR" })).await;
    let card = app.claim(&pool, "=ann,1").await;
    app.ok("couponRedeem", json!({ "coupon": { "id": card["id"] }, "amount": "12.5" })).await;
    let last = app.coupons(&pool, "last: 1").await["edges"][0]["node"].clone();
    app.ok("couponInvalidate", json!({ "coupon": { "id": last["id"] } })).await;
    let (media, lines) = app.file(&pool, "coupons.csv").await;
    assert_eq!(media, "text/csv; charset=utf-8; header=present");
    assert_eq!(lines.len(), 50_001);
    assert!(lines[0].starts_with("code,status,value,currency,balance,customer,claimed_at,"), "{}", lines[0]);
    let code = |line: &str| line.split(',').next().map(str::to_owned);
    assert_eq!(lines.iter().map(|line| code(line)).collect::<BTreeSet<_>>().len(), 50_001);
    let (first, worth) =
        (text(&card["code"]), "2026-01-31T10:00:00.000Z,2026-02-28T10:00:00.000Z,2026-01-31T10:00:00.000Z");
    assert_eq!(lines[1], format!("{first},PARTIALLY_REDEEMED,50.00,EUR,37.50,\"'=ann,1\",{worth},,1,1,0"));
    assert!(lines[40_000].ends_with(",UNASSIGNED,50.00,EUR,,,,,,,0,0,0"), "{}", lines[40_000]);
    assert!(lines[40_001].ends_with(",UNASSIGNED,75.00,EUR,,,,,,,0,0,0"), "{}", lines[40_001]);
    assert!(lines[50_000].starts_with(&format!("{},INVALID,75.00,EUR,", text(&last["code"]))), "{}", lines[50_000]);
    let (media, objects) = app.file("gifts-2026", "coupons.jsonl").await;
    assert_eq!((media.as_str(), objects.len()), ("application/jsonl; charset=utf-8", 50_000));
    for (line, object) in lines[1..].iter().zip(&objects).step_by(777) {
        let object: Value = serde_json::from_str(object).expect("JSON");
        assert_eq!(object["code"].as_str().map(str::to_owned), code(line));
    }
    let object: Value = serde_json::from_str(&objects[0]).expect("JSON");
    assert_eq!((&object["customer"], &object["balance"]), (&json!("=ann,1"), &json!("37.50")));
    assert_eq!(serde_json::from_str::<Value>(&objects[1]).expect("JSON")["claimedAt"], Value::Null);
    app.finish().await;
}

#[tokio::test]
async fn the_file_has_what_the_filter_admits() {
    let app = App::start().await;
    let pool = app.bulk("F-####", 90).await;
    for day in 1..=6 {
        app.set_clock(&format!("2026-02-0{day}T00:00:00Z"));
        app.claim(&pool, if day > 3 { "ann" } else { "ben" }).await;
    }
    let listed = app.pool(json!({ "type": "FREE_SHIPPING" }), &["=1+1", "a\"b", "c,d", "plain"]).await;
    app.ok("couponRedeem", json!({ "coupon": { "code": "c,d" }, "customerId": "ann" })).await;
    for (query, number) in [
        ("", 90),
        ("?statuses=CLAIMED", 6),
        ("?statuses=UNASSIGNED", 84),
        ("?statuses=UNASSIGNED,CLAIMED", 90),
        ("?statuses=REDEEMED", 0),
        ("?customerId=ann", 3),
        ("?claimedFrom=2026-02-02T00:00:00Z&claimedTo=2026-02-05T00:00:00Z", 3),
        ("?codePrefix=f-", 90),
        ("?codePrefix=X", 0),
        ("?codePrefix=F-1&statuses=UNASSIGNED,CLAIMED", usize::MAX),
    ] {
        let (_, lines) = app.file(&pool, &format!("coupons.csv{query}")).await;
        let all = app.file(&pool, "coupons.csv").await.1;
        let number =
            if number == usize::MAX { all.iter().filter(|line| line.starts_with("F-1")).count() } else { number };
        assert_eq!(lines.len() - 1, number, "{query}");
    }
    let (_, lines) = app.file(&listed, "coupons.csv").await;
    let cells: Vec<_> = lines[1..].iter().map(|line| line.split(",UNASSIGNED").next().expect("a cell")).collect();
    assert_eq!((cells[0], cells[1], cells[3]), ("'=1+1", "\"a\"\"b\"", "plain"));
    assert!(lines[3].starts_with("\"c,d\",REDEEMED,,,,ann,"), "{}", lines[3]);
    let (_, objects) = app.file(&listed, "coupons.jsonl?codePrefix==").await;
    assert_eq!(serde_json::from_str::<Value>(&objects[0]).expect("JSON")["code"], "=1+1");
    for (query, begins) in [("", "code,"), ("?bom=false", "code,"), ("?bom=true", "\u{feff}code,")] {
        let (status, body) = app.status_of(&format!("/pools/{pool}/coupons.csv{query}"), &app.key).await;
        assert!(status == 200 && body.starts_with(begins), "{query}: {:.20}", body);
    }
    let (status, body) = app.status_of(&format!("/pools/{pool}/coupons.jsonl?bom=true"), &app.key).await;
    assert!(status == 400 && body.contains("bom: only coupons.csv"), "{status} {body}");
    let (status, body) = app.status_of(&format!("/pools/{pool}/coupons.csv?status=CLAIMED"), &app.key).await;
    assert!(status == 400 && body.contains("unknown field `status`") && body.contains("statuses"), "{status} {body}");
    let (status, body) = app.status_of(&format!("/pools/{pool}/coupons.csv?statuses=NEW"), &app.key).await;
    assert!(status == 400 && body.contains("is none of UNASSIGNED, CLAIMED"), "{status} {body}");
    assert_eq!(app.status_of(&format!("/pools/{pool}/coupons.txt"), &app.key).await.0, 404);
    assert_eq!(app.status_of("/pools/nothing/coupons.csv", &app.key).await.0, 404);
    assert_eq!(app.status_of(&format!("/pools/{pool}/coupons.csv"), "wrong").await.0, 401);
    app.finish().await;
}

#[tokio::test]
async fn a_client_that_stops_reading_holds_nothing_up() {
    let app = App::start().await;
    let pool = app.bulk("$$$$$$$$$$", 50_000_000).await;
    let url = format!("{}/pools/{pool}/coupons.csv", app.url);
    let mut stalled = Vec::new();
    for _ in 0..20 {
        let mut response = app.client.get(&url).bearer_auth(&app.key).send().await.expect("an answer");
        assert!(response.chunk().await.expect("bytes").is_some());
        stalled.push(response);
    }
    assert_eq!(app.claim(&pool, "ann").await["status"], "CLAIMED");
    drop(stalled);
    app.finish().await;
}

#[tokio::test]
async fn the_command_line_exports_and_codes_outlive_a_restart() {
    let folder = new_folder();
    let gateway = Gateway::start(scrip(folder.path(), &["--listen", "127.0.0.1:0", "--log", "warn"])).await;
    let key = gateway.shown_key().expect("a key");
    let ask = async |query: &str| {
        let request = reqwest::Client::new().post(format!("{}/graphql", gateway.url)).bearer_auth(&key);
        let answer = request.json(&json!({ "query": query })).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")["data"].clone()
    };
    let made = ask("mutation { poolCreate(input: { name: \"x\", externalId: \"spring\", source: BULK_GENERATED, type: FREE_SHIPPING, pattern: \"X-$$$$$\" }) { pool { id } } }").await;
    let pool = text(&made["poolCreate"]["pool"]["id"]);
    ask(&format!("mutation {{ couponsGenerate(input: {{ poolId: \"{pool}\", count: 20000 }}) {{ generated }} }}"))
        .await;
    let list =
        ask(&format!("{{ pool(id: \"{pool}\") {{ coupons(first: 500) {{ edges {{ node {{ code }} }} }} }} }}")).await;
    gateway.stop().await;
    let run = async |arguments: &[&str]| scrip(folder.path(), arguments).output().await.expect("the binary");
    let output = run(&["export", "spring", "--log", "warn"]).await;
    let lines = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success() && lines.lines().count() == 20_001, "{:?}", output.status);
    for (edge, line) in super::items(&list["pool"]["coupons"]).iter().zip(lines.lines().skip(1)) {
        assert_eq!(edge["code"].as_str(), line.split(',').next());
    }
    let file =
        ["export", &pool, "--format", "jsonl", "--output", "x.jsonl", "--statuses", "UNASSIGNED", "--log", "warn"];
    assert!(run(&file).await.status.success());
    let objects = std::fs::read_to_string(folder.path().join("x.jsonl")).expect("a file");
    assert_eq!(objects.lines().count(), 20_000);
    let marked = run(&["export", "spring", "--bom", "--log", "warn"]).await.stdout;
    assert_eq!(String::from_utf8(marked).expect("text").strip_prefix('\u{feff}'), Some(lines.as_str()));
    for (arguments, says) in [
        (&["export", "spring", "--bom", "--format", "jsonl"][..], "--bom is for CSV"),
        (&file[..], "cannot write x.jsonl"),
        (&["export", "nothing", "--output", "y.csv"], "no pool is known by the id or externalId \"nothing\""),
        (&["export", "spring", "--statuses", "x"], "statuses: \"x\" is none of"),
    ] {
        let output = run(arguments).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(says), "{arguments:?}: {said}");
    }
    assert!(!folder.path().join("y.csv").exists(), "a mistake leaves no file");
    assert_eq!(objects, std::fs::read_to_string(folder.path().join("x.jsonl")).expect("a file"), "nothing overwritten");
}
