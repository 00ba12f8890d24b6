//! Those who claim while others attack: each sends a claim, waits for its answer, rests, and sends the next.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use super::{
    figures::{histogram, nanos},
    gateway::Gateway,
    stock::Stock,
};

/// How many there are, and how long each rests: 400 claims a second.
const VICTIMS: u64 = 8;
const REST: Duration = Duration::from_millis(20);

const CLAIM: &str = "mutation($input: CouponClaimInput!) { couponClaim(input: $input) { coupon { id code status } \
                     userErrors { code message } } }";

static CUSTOMER: AtomicU64 = AtomicU64::new(0);

pub(crate) struct Claims {
    pub(crate) times: Histogram<u64>,
    pub(crate) failed: u64,
}

/// Claims for a while.
pub(crate) async fn claim(gateway: &Gateway, stock: &Stock, time: Duration) -> Claims {
    let end = Instant::now() + time;
    let mut victims = JoinSet::new();
    for _ in 0..VICTIMS {
        victims.spawn(one(gateway.url.clone(), gateway.key.clone(), stock.victims.clone(), end));
    }
    let mut all = Claims { times: histogram(), failed: 0 };
    for found in victims.join_all().await {
        all.times.add(found.times).expect("the same bounds");
        all.failed += found.failed;
    }
    all
}

async fn one(url: String, key: String, pool: String, end: Instant) -> Claims {
    let client = Client::new();
    let mut claims = Claims { times: histogram(), failed: 0 };
    while Instant::now() < end {
        let customer = format!("victim-{}", CUSTOMER.fetch_add(1, Ordering::Relaxed));
        let body = json!({ "query": CLAIM, "variables": { "input": { "poolId": pool, "customerId": customer } } });
        let start = Instant::now();
        let sent = client.post(format!("{url}/graphql")).bearer_auth(&key).json(&body).send().await;
        let answer: Option<Value> = match sent {
            Ok(answer) => answer.json().await.ok(),
            Err(_) => None,
        };
        claims.times.saturating_record(nanos(start));
        let status = answer.as_ref().map(|answer| &answer["data"]["couponClaim"]["coupon"]["status"]);
        if status != Some(&json!("CLAIMED")) {
            claims.failed += 1;
        }
        sleep(REST).await;
    }
    claims
}
