//! `scrip sql`: the rows are records that the engine's own language reads, and nothing that is asked changes them.

use serde_json::{Value, json};

use scrip::storage::{OpenError, SqlError, ask};

use crate::{
    edge::binary::scrip,
    support::{
        Backend, Folder, TestScrip, disk, draft,
        files::{beside, files},
    },
};

/// A folder with coupons of several kinds and in several states.
async fn filled() -> Folder {
    let app = TestScrip::new(Backend::Disk).await;
    let pool = app.stocked(draft::percentage(), 5).await;
    let cards = app.stocked(draft::gift_card("50.00"), 2).await;
    for customer in ["ann", "ben", "ann"] {
        let coupon = app.claim(pool, customer).await.expect("a coupon").id;
        if customer == "ben" {
            app.redeem(coupon).await.expect("a redemption");
        }
    }
    let card = app.claim(cards, "ann").await.expect("a card").id;
    app.pay(card, "12.50").await.expect("a payment");
    app.claim(cards, "cleo").await.expect("a card");
    app.close().await.expect("a folder")
}

async fn rows(folder: &Folder, text: &str) -> Vec<Value> {
    let mut answers = ask(&disk(folder.path()), text).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(answers.len(), 1, "{text}");
    answers.pop().expect("an answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_analyst_asks_is_answered() {
    let folder = filled().await;
    let before = files(folder.path());
    for (text, expected) in [
        (
            "SELECT status, count() AS coupons FROM coupon WHERE pool = pool:1 GROUP BY status ORDER BY status",
            json!([{ "status": "CLAIMED", "coupons": 2 }, { "status": "REDEEMED", "coupons": 1 }]),
        ),
        (
            "SELECT id, status, pool.name AS pool FROM coupon WHERE customer = customer:ann ORDER BY id",
            json!([{ "id": "coupon:[1, 0]", "status": "CLAIMED", "pool": "PERCENTAGE 10" },
                { "id": "coupon:[1, 2]", "status": "CLAIMED", "pool": "PERCENTAGE 10" },
                { "id": "coupon:[2, 0]", "status": "PARTIALLY_REDEEMED", "pool": "GIFT_CARD 50.00" }]),
        ),
        (
            "SELECT pool.currency ?? 'any' AS currency, math::sum(balance) AS owed FROM coupon
                WHERE status IN ['CLAIMED', 'PARTIALLY_REDEEMED'] AND balance > 0 GROUP BY currency",
            json!([{ "currency": "any", "owed": 8_750 }]),
        ),
        (
            "SELECT kind, count() AS number FROM array::flatten((SELECT VALUE events FROM event)) GROUP BY kind ORDER BY kind",
            json!([{ "kind": "COUPON_CLAIM", "number": 5 }, { "kind": "COUPON_REDEEM", "number": 2 }]),
        ),
        (
            "SELECT VALUE day = time::floor(time::now(), 1d) AND claims = 5 FROM
                (SELECT time::floor(at, 1d) AS day, count() AS claims FROM array::flatten((SELECT VALUE events FROM event))
                WHERE kind = 'COUPON_CLAIM' GROUP BY day)",
            json!([true]),
        ),
        ("SELECT amount, balance_after FROM ledger:[2, 0, 1]", json!([{ "amount": -1_250, "balance_after": 3_750 }])),
        ("SELECT claimed, redeemed FROM tally:1", json!([{ "claimed": 2, "redeemed": 1 }])),
        ("SELECT VALUE stores FROM terms:[1, 0]", json!([[]])),
    ] {
        assert_eq!(Value::Array(rows(&folder, text).await), expected, "{text}");
    }
    assert!(files(folder.path()) == before, "nothing was changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_change_something_is_refused() {
    let folder = filled().await;
    let before = files(folder.path());
    for text in [
        "DELETE coupon",
        "UPDATE coupon SET status = 'CLAIMED'",
        "CREATE coupon:[9, 9] SET code = 'x'",
        "REMOVE TABLE coupon",
        "DEFINE FIELD balance ON coupon VALUE 0",
        "DEFINE TABLE x",
        "USE NS other; INFO FOR ROOT",
        "SELECT * FRM coupon",
        "",
    ] {
        let refused = ask(&disk(folder.path()), text).await;
        assert!(matches!(&refused, Err(SqlError::Refused(reason)) if !reason.is_empty()), "{text}: {refused:?}");
    }
    assert!(files(folder.path()) == before, "nothing was changed");
    let app =
        scrip::service::Scrip::open(&disk(folder.path()), scrip::service::Clock::System, None).await.expect("open");
    let refused = ask(&disk(folder.path()), "SELECT * FROM coupon").await;
    assert!(matches!(refused, Err(SqlError::Open(OpenError::InUse { .. }))), "{refused:?}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_writes_what_is_asked_within_its_bounds() {
    let folder = filled().await;
    let parent = folder.path().parent().expect("a parent");
    let run = async |arguments: &[&str]| {
        let all = [&["sql", "--database", "surrealkv://data"], arguments].concat();
        let output = scrip(parent, &all).output().await.expect("the binary");
        let [said, told] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
        (output.status.code(), said, told)
    };
    let statuses = "SELECT status, count() AS number FROM coupon WHERE pool = pool:1 GROUP BY status ORDER BY status";
    let (code, said, _) = run(&[statuses]).await;
    assert_eq!((code, said.lines().nth(2).map(str::trim)), (Some(0), Some("2       CLAIMED")), "{said}");
    let (_, said, _) = run(&[statuses, "--format", "csv"]).await;
    assert!(said.starts_with("number,status\r\n2,CLAIMED\r\n"), "{said}");
    let (_, said, told) = run(&[statuses, "--format", "json", "--limit", "1"]).await;
    assert_eq!(said, "{\"number\":2,\"status\":\"CLAIMED\"}\n");
    assert!(told.contains("1 more row was left out"), "{told}");
    let (code, _, told) = run(&["DELETE coupon"]).await;
    assert!(code == Some(1) && told.starts_with("scrip: "), "{told}");
    // A backup is asked the same way, and nothing of it is left.
    let taken =
        scrip(parent, &["backup", "file", "--database", "surrealkv://data"]).output().await.expect("the binary");
    assert!(taken.status.success());
    let (code, said, told) = run(&[statuses, "--backup", "file", "--format", "csv"]).await;
    assert!(code == Some(0) && said.starts_with("number,status\r\n2,CLAIMED\r\n"), "{said} {told}");
    assert_eq!(beside(folder.path()), ["data", "data.mark", "file"]);
    // What runs for ever, and what grows for ever.
    for (text, bounds, expected) in [
        ("RETURN { FOR $i IN 0..1000000000000 { } }", ["--timeout", "1"], "more than 1 s"),
        (
            "RETURN array::len(array::range(0, 10000).map(|$number| array::range(0, 10000)))",
            ["--memory", "300"],
            "more than 300 MiB of memory",
        ),
    ] {
        let (code, _, told) = run(&[&[text][..], &bounds].concat()).await;
        assert!(code == Some(1) && told.contains("given up") && told.contains(expected), "{text}: {told}");
    }
    assert_eq!(run(&["SELECT VALUE count() FROM coupon GROUP ALL"]).await.0, Some(0), "it is as it was");
}
