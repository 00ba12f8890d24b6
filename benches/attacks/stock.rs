//! What there is before the attacks: pools that are large in one way or another, and a customer and a card with a long
//! history.

use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::gateway::Gateway;

/// How many coupons the customer with many has, and how many payments the card.
const HELD: u64 = 20_000;
const PAYMENTS: u64 = 5_000;
/// How many customers have the generic code.
const GENERIC: u64 = 11_000;
/// How many products the pool with many is for.
pub(crate) const PRODUCTS: u64 = 10_000;
/// How many send at once while all this is made.
const SENDERS: u64 = 64;

/// The ids of what there is.
#[derive(Clone)]
pub(crate) struct Stock {
    /// The pool that others claim from.
    pub(crate) victims: String,
    /// A hundred million codes.
    pub(crate) large: String,
    /// For 10,000 products, and some of its codes.
    pub(crate) products: String,
    pub(crate) codes: Vec<String>,
    /// One code for everybody.
    pub(crate) generic: String,
    /// A gift card with many payments.
    pub(crate) card: String,
    /// One for uploaded codes.
    pub(crate) uploaded: String,
    /// The pool of the customer with many coupons.
    pub(crate) many: String,
}

const CREATE: &str =
    "mutation($input: PoolCreateInput!) { poolCreate(input: $input) { pool { id } userErrors { message } } }";
const GENERATE: &str =
    "mutation($input: CouponsGenerateInput!) { couponsGenerate(input: $input) { userErrors { message } } }";
const CLAIM: &str =
    "mutation($input: CouponClaimInput!) { couponClaim(input: $input) { coupon { id } userErrors { message } } }";
const REDEEM: &str = "mutation($input: CouponRedeemInput!) { couponRedeem(input: $input) { userErrors { message } } }";
const UPSERT: &str =
    "mutation($input: CustomerUpsertInput!) { customerUpsert(input: $input) { userErrors { message } } }";

impl Stock {
    /// Makes all of it, or a part of what takes long.
    pub(crate) async fn fill(gateway: &Gateway, part: u64) -> Self {
        let client = Client::new();
        let pool = async |input: Value, codes: u64| {
            let answer = gateway.ask(&client, CREATE, json!({ "input": input })).await;
            let id = answer["poolCreate"]["pool"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
            if codes > 0 {
                let input = json!({ "input": { "poolId": id, "count": codes } });
                gateway.ask(&client, GENERATE, input).await;
            }
            id
        };
        let percentage = |name: &str, source: &str, pattern: &str| json!({ "name": name, "source": source, "pattern": pattern, "type": "PERCENTAGE", "value": "10" });
        let victims = pool(percentage("Victims", "BULK_GENERATED", "V-$$$$$$$$"), 10_000_000).await;
        let large = pool(percentage("Large", "BULK_GENERATED", "L-$$$$$$$$"), 100_000_000).await;
        let mut input = percentage("Products", "BULK_GENERATED", "P-$$$$$$$$");
        let products: Vec<String> = (0..PRODUCTS).map(|number| format!("product-{number:08}")).collect();
        input["restrictions"] = json!({ "products": products });
        let products = pool(input, 1_000_000).await;
        let list = "query($id: ID!) { pool(id: $id) { coupons(first: 500) { edges { node { code } } } } }";
        let answer = gateway.ask(&client, list, json!({ "id": products })).await;
        let edges = answer["pool"]["coupons"]["edges"].as_array().expect("coupons");
        let codes = edges.iter().filter_map(|edge| Some(edge["node"]["code"].as_str()?.to_owned())).collect();
        let generic = pool(percentage("Generic", "GENERATED", "GENERIC10"), 0).await;
        let many = pool(percentage("Many", "BULK_GENERATED", "M-$$$$$$$$"), 1_000_000).await;
        let cards = json!({ "name": "Cards", "source": "GENERATED", "pattern": "C-$$$$$$$$", "type": "GIFT_CARD", "value": "1000000", "currency": "EUR" });
        let cards = pool(cards, 0).await;
        let known = json!({ "input": { "customerId": "card", "currency": "EUR" } });
        gateway.ask(&client, UPSERT, known).await;
        let card = gateway.ask(&client, CLAIM, json!({ "input": { "poolId": cards, "customerId": "card" } })).await;
        let card = card["couponClaim"]["coupon"]["id"].as_str().expect("a card").to_owned();
        send(gateway, CLAIM, HELD / part, |_| json!({ "poolId": many, "customerId": "whale" })).await;
        send(
            gateway,
            CLAIM,
            GENERIC / part,
            |number| json!({ "poolId": generic, "customerId": format!("g-{number}") }),
        )
        .await;
        let payment = |_| json!({ "coupon": { "id": card }, "customerId": "card", "amount": "0.01" });
        send(gateway, REDEEM, PAYMENTS / part, payment).await;
        let text = "x".repeat(7_000);
        let attributes = |number: u64| json!({ "customerId": format!("a-{number}"), "attributes": { "text": text } });
        send(gateway, UPSERT, 500, attributes).await;
        let uploaded = json!({ "name": "Uploaded", "source": "UPLOADED", "type": "PERCENTAGE", "value": "10" });
        let uploaded = pool(uploaded, 0).await;
        Self { victims, large, uploaded, products, codes, generic, card, many }
    }
}

/// Sends a mutation many times, with as many senders as make it fast.
async fn send(gateway: &Gateway, query: &'static str, number: u64, input: impl Fn(u64) -> Value) {
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let inputs: Vec<Value> = (sender..number).step_by(SENDERS as usize).map(&input).collect();
        let (url, key) = (gateway.url.clone(), gateway.key.clone());
        senders.spawn(async move {
            let client = Client::new();
            for input in inputs {
                let body = json!({ "query": query, "variables": { "input": input } });
                let sent = client.post(format!("{url}/graphql")).bearer_auth(&key).json(&body).send();
                let answer: Value = sent.await.expect("an answer").json().await.expect("JSON");
                assert!(!answer.to_string().contains("message"), "{answer}");
            }
        });
    }
    senders.join_all().await;
}
