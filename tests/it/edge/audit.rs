//! The books: a pool's counts equal its coupons, each ledger sums up to its balance, and each event
//! begins in the status that the one before it ended in.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::app::{App, items, text};

const COUPONS: &str = "query($pool: ID!, $after: Cursor) { pool(id: $pool) { coupons(first: 500, after: $after) {
    edges { node { id code status usages balance type } } pageInfo { hasNextPage endCursor } } } }";
const HISTORY: &str = "query($id: ID!) { coupon(id: $id) { status
    events(first: 500) { edges { node { statusBefore statusAfter type } } }
    ledger(first: 500) { edges { node { amount balanceAfter } } } } }";

impl App {
    /// Audits every pool with fewer than 5,000 coupons.
    pub(super) async fn audit(&self) {
        let pools = self.data("{ pools(first: 500) { edges { node { id stats { total } } } } }", json!({})).await;
        for pool in items(&pools["pools"]) {
            if pool["stats"]["total"].as_i64().expect("a count") < 5_000 {
                self.audit_pool(&text(&pool["id"])).await;
            }
        }
    }

    async fn audit_pool(&self, pool: &str) {
        let mut after = Value::Null;
        let mut counted: BTreeMap<String, i64> = BTreeMap::new();
        loop {
            let page = self.data(COUPONS, json!({ "pool": pool, "after": after })).await["pool"]["coupons"].clone();
            for coupon in items(&page) {
                *counted.entry(text(&coupon["status"])).or_default() += 1;
                *counted.entry("usages".to_owned()).or_default() += coupon["usages"].as_i64().expect("a count");
                *counted.entry("total".to_owned()).or_default() += 1;
                if coupon["status"] != "UNASSIGNED" || !coupon["balance"].is_null() {
                    self.audit_coupon(&coupon).await;
                }
            }
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        let stats = self.read_pool(pool).await["stats"].clone();
        for (name, status) in [
            ("total", "total"),
            ("unassigned", "UNASSIGNED"),
            ("claimed", "CLAIMED"),
            ("partiallyRedeemed", "PARTIALLY_REDEEMED"),
            ("redeemed", "REDEEMED"),
            ("expired", "EXPIRED"),
            ("invalid", "INVALID"),
            ("usages", "usages"),
        ] {
            assert_eq!(stats[name], counted.get(status).copied().unwrap_or_default(), "{name} of {stats}");
        }
    }

    async fn audit_coupon(&self, coupon: &Value) {
        let found = self.data(HISTORY, json!({ "id": coupon["id"] })).await["coupon"].clone();
        let events = items(&found["events"]);
        // One that was taken out of use with all that nobody had touched has no event of that.
        let withdrawn =
            events.first().map_or(found["status"] == "INVALID", |first| first["type"] == "COUPON_REINSTATE");
        let mut status = if withdrawn { "INVALID" } else { "UNASSIGNED" }.to_owned();
        for event in events {
            assert_eq!(event["statusBefore"], status.as_str(), "{found}");
            status = text(&event["statusAfter"]);
        }
        assert_eq!(found["status"], status.as_str(), "{coupon}: {found}");
        let mut balance = 0;
        for entry in items(&found["ledger"]) {
            balance += units(&entry["amount"]);
            assert_eq!(units(&entry["balanceAfter"]), balance, "{found}");
        }
        if !coupon["balance"].is_null() {
            assert_eq!(units(&coupon["balance"]), balance, "{coupon}");
        }
    }
}

/// An amount without its point; all of one card have the same decimals.
fn units(amount: &Value) -> i64 {
    text(amount).replace('.', "").parse().expect("an amount")
}
