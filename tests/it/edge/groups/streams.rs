//! Streams that are open while groups are given and taken: each event is told to whoever sees its pool at that moment, and
//! all that it leads to is told as they see it then.

use std::time::Duration;

use reqwest::Response;
use scrip::service::IssuerDraft;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{App, Divided, text};
use crate::edge::tokens::{Issuer, Key, with};

const UPDATE: &str = "mutation($input: ApiKeyUpdateInput!) { apiKeyUpdate(input: $input) { userErrors { code } } }";
const RENAME: &str =
    "mutation($input: UserGroupUpdateInput!) { userGroupUpdate(input: $input) { userErrors { code } } }";
/// An event with what it leads to: its pool, and all that the coupon's customer holds.
const FOLLOW: &str = "subscription { couponEvents { ... on CouponEvent { type coupon { code pool { name } \
    customer { coupons(first: 10) { edges { node { code pool { name } } } } } } } } }";

/// What a customer may ask of an event.
const OWN: &str = "subscription { couponEvents { ... on CouponEvent { type coupon { code } } } }";

/// A stream of events that is open.
struct Open(Response);

impl Open {
    async fn of(app: &App, key: &str, follow: &str) -> Self {
        let request = app.client.post(format!("{}/graphql", app.url)).bearer_auth(key);
        let request = request.header("accept", "text/event-stream").json(&json!({ "query": follow }));
        Self(request.send().await.expect("a stream"))
    }

    /// What it says up to a text, and to the end of that event.
    async fn hear(&mut self, until: &str) -> String {
        let mut said = String::new();
        while !(said.contains(until) && said.ends_with("\n\n")) {
            let part = timeout(Duration::from_secs(20), self.0.chunk()).await;
            let part = part.unwrap_or_else(|_| panic!("no {until} in {said}")).expect("bytes");
            let part = part.unwrap_or_else(|| panic!("it ended: {said}"));
            said.push_str(&String::from_utf8_lossy(&part));
        }
        said
    }
}

impl Divided {
    /// Something that happens in the north, and then something in the south.
    async fn happen(&self, round: usize) {
        let app = &self.app;
        let end = format!("2027-01-{:02}T00:00:00Z", round + 1);
        let north = json!({ "coupon": { "id": self.coupon }, "expiresAt": end });
        app.ok("couponExtend", north).await;
        let south = text(&app.by_code("SOUTH-1").await["id"]);
        let south = json!({ "coupon": { "id": south }, "expiresAt": end });
        app.ok("couponExtend", south).await;
    }

    async fn change(&self, mutation: &str, input: Value) {
        let changed = self.app.data(mutation, json!({ "input": input })).await;
        assert!(changed.to_string().contains("\"userErrors\":[]"), "{changed}");
    }
}

/// Of what was heard of both, only the south is told of, and nothing leads to the north.
fn assert_of_the_south(said: &str) {
    assert!(said.matches("COUPON_EXTEND").count() == 1 && !said.contains("orth"), "{said}");
    assert!(said.contains("South sun") && !said.contains("errors"), "{said}");
}

fn assert_of_both(said: &str) {
    assert!(said.matches("COUPON_EXTEND").count() == 2 && said.contains("Northern lights"), "{said}");
    // What the event in the south leads to has the customer's coupon of the north too.
    assert!(said.matches("NORTH-1").count() >= 3 && !said.contains("errors"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_key_is_granted_and_what_is_withdrawn_counts_in_its_open_stream() {
    let divided = Divided::new().await;
    let (key, id) = divided.app.key_in("MANAGER", &[&divided.south]).await;
    let mut stream = Open::of(&divided.app, &key, FOLLOW).await;
    for (round, groups) in [
        json!([divided.south]),
        json!([divided.north, divided.south]),
        json!([divided.south]),
        json!([divided.south, divided.north]),
    ]
    .into_iter()
    .enumerate()
    {
        divided.change(UPDATE, json!({ "id": id, "groupIds": groups })).await;
        divided.happen(round).await;
        let mut said = stream.hear("South sun").await;
        if groups.as_array().is_some_and(|groups| groups.len() == 2) {
            if said.matches("COUPON_EXTEND").count() == 1 {
                said += &stream.hear("South sun").await;
            }
            assert_of_both(&said);
        } else {
            assert_of_the_south(&said);
        }
    }
    // Another role counts too: it sees all, and then no whole codes.
    divided.change(UPDATE, json!({ "id": id, "groupIds": [], "role": "ADMIN" })).await;
    divided.happen(4).await;
    assert!(stream.hear("NORTH-1").await.contains("Northern lights"));
    divided.change(UPDATE, json!({ "id": id, "groupIds": [divided.south], "role": "VIEWER" })).await;
    divided.happen(5).await;
    let said = stream.hear("\"****\"").await;
    let last = said.rsplit("\n\n").find(|event| event.contains("COUPON_EXTEND")).expect("an event");
    assert!(last.contains("\"****\"") && !last.contains("SOUTH") && !last.contains("orth"), "{said}");
    divided.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_is_called_otherwise_counts_in_open_streams_of_tokens() {
    let divided = Divided::new().await;
    let app = &divided.app;
    let key = Key::p256("a");
    let issuer = Issuer::start(std::slice::from_ref(&key)).await;
    app.trust_with(IssuerDraft { groups: Some("teams".to_owned()), ..issuer.draft() }).await;
    let token = key.token(&with("teams", json!(["far north", "south"])));
    let mut stream = Open::of(app, &token, FOLLOW).await;
    for (round, name) in ["north", "far north", "north"].into_iter().enumerate() {
        divided.change(RENAME, json!({ "id": divided.north, "name": name })).await;
        divided.happen(round).await;
        let mut said = stream.hear("South sun").await;
        if name == "far north" {
            if said.matches("COUPON_EXTEND").count() == 1 {
                said += &stream.hear("South sun").await;
            }
            assert_of_both(&said);
        } else {
            assert_of_the_south(&said);
        }
    }
    divided.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customers_open_stream_sees_what_its_maker_is_granted() {
    let divided = Divided::new().await;
    let app = &divided.app;
    let (key, id) = app.key_in("SERVICE", &[&divided.south]).await;
    let make = "mutation { customerTokenCreate(input: {customerId: \"ann\"}) { token } }";
    let token = text(&app.send(&key, make, json!({})).await["data"]["customerTokenCreate"]["token"]);
    let mut stream = Open::of(app, &token, OWN).await;
    divided.happen(0).await;
    let said = stream.hear("SOUTH-1").await;
    assert!(said.matches("COUPON_EXTEND").count() == 1 && !said.contains("NORTH"), "{said}");
    divided.change(UPDATE, json!({ "id": id, "groupIds": [divided.north, divided.south] })).await;
    divided.happen(1).await;
    assert!(stream.hear("NORTH-1").await.contains("COUPON_EXTEND"));
    divided.app.finish().await;
}
