//! Purchases: checkouts that were recorded, with what came back of them. A purchase is one row, under its transactionId:
//! the decision as it was recorded, and beside it, in one field, what came to it later. Versions before this recorded the
//! decision alone.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CheckoutRecord, Failure, Recorded, Scrip};
use scrip_domain::{
    currency::{Currency, exponent_of},
    decimal::Amount,
    event::Reason,
    gift_card::EntryKind,
    id::{CouponId, CustomerId, EntryId, EventId, TransactionId},
    period::Instant,
    purchase::{Asked, Bought, BoughtLine, CameBack, ReturnedLine},
    status::Status,
};
use scrip_storage::Purchases;

/// How many returns a purchase has at most, beside the one that takes back all that is left: it is one row.
pub const MAX_RETURNS: usize = 100;
/// How many lines they have together at most, in the same way.
pub const MAX_RETURNED_LINES: usize = 5_000;

/// The field in which a row has what came to the decision later.
const FACTS: &str = "purchase";

/// A return that is asked for.
#[derive(Debug, Clone)]
pub struct ReturnOrder {
    /// The purchase.
    pub transaction: TransactionId,
    /// What comes back.
    pub asked: Asked,
    /// Why.
    pub reason: Option<Reason>,
}

/// A checkout that was recorded, with what came back of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseRecord {
    /// Its id.
    pub transaction: String,
    /// What was decided.
    pub checkout: CheckoutRecord,
    /// What is known of it beside that.
    pub facts: PurchaseFacts,
}

/// What is known of a purchase beside what was decided.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PurchaseFacts {
    /// Who paid. None where a version before this recorded it and redeemed nothing.
    pub customer: Option<CustomerId>,
    /// When. None in the same way.
    pub at: Option<Instant>,
    /// How many there are of each line; empty where a version before this recorded it.
    #[serde(default)]
    pub quantities: Vec<u32>,
    /// Its first event, or where that would be. None in the same way.
    pub since: Option<EventId>,
    /// What came back.
    #[serde(default)]
    pub returns: Vec<ReturnRecord>,
    /// Of one that is not completed yet: its hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldFacts>,
}

/// What is known of a checkout that holds something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldFacts {
    /// When it is over.
    pub until: Instant,
    /// The fingerprint of what it is held for.
    pub order: String,
}

/// What came back of a purchase at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnRecord {
    /// When.
    pub at: Instant,
    /// Who took it back: the name of an API key.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// Which lines.
    pub lines: Vec<ReturnedLine>,
    /// What of the shipping.
    pub shipping: Amount,
    /// What of it had been paid otherwise than with coupons.
    pub refund: Amount,
    /// What went back to coupons.
    pub coupons: Vec<ReturnedCoupon>,
}

/// What went back to a coupon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedCoupon {
    /// The coupon's place among those that were presented.
    pub place: u32,
    /// Gift cards: how much, in the purchase's minor units.
    pub amount: Amount,
    /// Gift cards: the entry of their ledger. None for a coupon that can be used again.
    pub entry: Option<EntryId>,
}

/// What is kept of the redemption of one coupon by a purchase, so that it is found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Used {
    /// Gift cards: the entry of their ledger.
    pub(super) entry: Option<u32>,
    /// Coupons that are no gift cards: whether it was taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) taken_back: bool,
}

impl PurchaseRecord {
    /// Reads what is kept under a transactionId.
    pub(super) fn read(transaction: &str, kept: &Value) -> Result<Self, serde_json::Error> {
        let checkout = CheckoutRecord::deserialize(kept)?;
        let facts = kept.get(FACTS).map(PurchaseFacts::deserialize).transpose()?;
        let facts = facts.unwrap_or_else(|| old_facts(&checkout));
        Ok(Self { transaction: transaction.to_owned(), checkout, facts })
    }

    /// What is kept of it.
    pub(super) fn kept(&self) -> Result<Value, serde_json::Error> {
        let mut kept = serde_json::to_value(&self.checkout)?;
        if let Some(fields) = kept.as_object_mut() {
            fields.insert(FACTS.to_owned(), serde_json::to_value(&self.facts)?);
        }
        Ok(kept)
    }

    /// Whom it names: who paid, and who held the coupons that were presented, or was the first to.
    pub(super) fn customers(&self) -> BTreeSet<&CustomerId> {
        let coupons = self.checkout.coupons.iter().filter_map(|recorded| recorded.coupon.as_ref());
        let holders = coupons.flat_map(|coupon| [&coupon.customer, &coupon.original_customer]);
        holders.chain([&self.facts.customer]).flatten().collect()
    }

    /// The decimals of its amounts.
    #[must_use]
    pub fn exponent(&self) -> u8 {
        exponent_of(Currency::parse(&self.checkout.currency).ok())
    }

    /// It, as far as returns depend on it.
    #[must_use]
    pub fn bought(&self) -> Bought {
        let CheckoutRecord { total, lines, shipping, coupons, .. } = &self.checkout;
        // An earlier version recorded neither lines nor where coupons took what: all is in one piece then.
        let has_lines = !lines.is_empty() || total == shipping;
        let taken = coupons.iter().map(|coupon| match coupon.allocations.as_slice() {
            [] if coupon.discount.is_positive() => {
                vec![scrip_domain::checkout::Allocation { line: None, amount: coupon.discount }]
            }
            allocations => allocations.to_vec(),
        });
        let quantities = self.facts.quantities.iter().copied().map(Some).chain(std::iter::repeat(None));
        let lines = lines.iter().zip(quantities).map(|(price, quantity)| BoughtLine { price: *price, quantity });
        Bought {
            exponent: self.exponent(),
            lines: lines.collect(),
            shipping: if has_lines { *shipping } else { *total },
            has_lines,
            taken: taken.collect(),
        }
    }

    /// What has come back of it.
    #[must_use]
    pub fn came_back(&self, bought: &Bought) -> CameBack {
        bought.came_back(self.facts.returns.iter().map(|part| (part.lines.as_slice(), part.shipping)))
    }

    /// Whether all of it has come back, so that its id can be used again.
    #[must_use]
    pub fn is_back(&self) -> bool {
        let bought = self.bought();
        !self.facts.returns.is_empty() && bought.is_back(&self.came_back(&bought))
    }

    /// Whether it can have no more returns, but for one of all that is left.
    pub(super) fn is_full(&self) -> bool {
        let returns = &self.facts.returns;
        returns.len() >= MAX_RETURNS || returns.iter().map(|part| part.lines.len()).sum::<usize>() >= MAX_RETURNED_LINES
    }
}

impl Recorded {
    /// The ledger entry of the redemption of a gift card. Versions before this did not record it, but it was the last
    /// one, or the one before what was then voided.
    pub(super) fn redemption(&self) -> Option<EntryId> {
        let derived = || {
            let coupon = self.coupon.as_ref().filter(|_| self.redeemed)?;
            let after = 1 + u32::from(coupon.status == Status::Invalid);
            Some(EntryId { coupon: coupon.id, number: coupon.account?.entries.checked_sub(after)? })
        };
        self.entry.or_else(derived)
    }
}

/// What the coupons say of a purchase that a version before this recorded: whose they are, and when they were redeemed.
fn old_facts(checkout: &CheckoutRecord) -> PurchaseFacts {
    let coupon = checkout.coupons.iter().filter(|one| one.redeemed).find_map(|one| one.coupon.as_ref());
    PurchaseFacts {
        customer: coupon.and_then(|coupon| coupon.customer.clone()),
        at: coupon.and_then(|coupon| coupon.redeemed_at),
        ..PurchaseFacts::default()
    }
}

/// About how many bytes a value takes in a row.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => 8 + text.len(),
        Value::Array(items) => 8 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 8 + fields.iter().map(|(name, value)| name.len() + size(value)).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

impl Scrip {
    /// The purchase with this transactionId.
    pub(super) async fn purchase(&self, transaction: &str) -> Result<Option<PurchaseRecord>, Failure> {
        let Some(kept) = self.kept_purchase(transaction).await? else { return Ok(None) };
        let purchase = PurchaseRecord::read(transaction, &kept);
        // One that is only held is not recorded yet.
        purchase
            .map(|found| Some(found).filter(|found| found.facts.hold.is_none()))
            .map_err(|error| Failure::because(format!("purchase {transaction:?}"), error))
    }

    /// Whether something is kept under a transactionId, without reading it: a purchase may be large.
    pub(super) async fn has_purchase(&self, transaction: &str) -> Result<bool, Failure> {
        Ok(self.store.has::<Purchases>((transaction.to_owned(), None)).await?)
    }

    pub(super) async fn kept_purchase(&self, transaction: &str) -> Result<Option<Value>, Failure> {
        Ok(self.store.get_one::<Purchases>((transaction.to_owned(), None)).await?.and_then(|purchase| purchase.0))
    }

    /// The events of a purchase that no version before this noted: they are the last ones of its coupons then.
    pub(super) async fn old_events(&self, transaction: &str) -> Result<Vec<EventId>, Failure> {
        let Some(purchase) = self.purchase(transaction).await? else { return Ok(Vec::new()) };
        if purchase.facts.since.is_some() {
            return Ok(Vec::new());
        }
        let coupons = purchase.checkout.coupons.iter().filter(|one| one.redeemed);
        let last = |one: &Recorded| {
            let recent = one.coupon.as_ref().map(|coupon| coupon.history.recent.as_slice()).unwrap_or_default();
            recent.iter().rev().take(3).copied().collect::<Vec<_>>()
        };
        Ok(coupons.flat_map(last).collect())
    }
}

/// Whether an entry of a ledger is the redemption by a purchase.
pub(super) fn is_of(entry: &scrip_domain::gift_card::Entry, coupon: CouponId, transaction: &str) -> bool {
    entry.kind == EntryKind::Redeem && entry.id.coupon == coupon && entry.transaction.as_deref() == Some(transaction)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A card of 50.00 that paid 12.50 of 20.00 in version before this; without the lines, in one before that.
    fn old(with_lines: bool) -> Value {
        let coupon = json!({
            "id": { "pool": 1, "index": 0 }, "code": "CARD", "terms": 0, "status": "PartiallyRedeemed", "customer": "ann",
            "original_customer": "ann", "claimed_at": "2026-01-01T00:00:00Z", "expires_at": null,
            "redeemed_at": "2026-02-01T00:00:00Z", "invalidated_at": null, "claims": 1, "usages": 1, "transfers": 0,
            "account": { "balance": 3750, "redeemed": 1250, "entries": 2 }, "acquired": { "stream": 1, "sequence": 1 },
            "history": { "leaves": 0, "recent": [{ "stream": 1, "sequence": 1 }, { "stream": 1, "sequence": 2 }] }, "version": 2
        });
        let mut recorded =
            json!({ "code": "card", "coupon": coupon, "checks": [], "discount": 1250, "redeemed": true });
        let mut kept = json!({ "currency": "EUR", "total": 2000 });
        if with_lines {
            recorded["allocations"] = json!([[0, 1250]]);
            recorded["entry"] = json!({ "coupon": { "pool": 1, "index": 0 }, "number": 1 });
            kept["lines"] = json!([2000]);
            kept["shipping"] = json!(0);
        }
        kept["coupons"] = json!([recorded]);
        kept
    }

    #[test]
    fn what_versions_before_recorded_is_a_purchase() {
        for with_lines in [true, false] {
            let purchase = PurchaseRecord::read("t-1", &old(with_lines)).expect("it is read");
            let facts = &purchase.facts;
            assert_eq!(facts.customer.as_ref().map(CustomerId::as_str), Some("ann"));
            assert_eq!(facts.at, "2026-02-01T00:00:00Z".parse().ok());
            assert_eq!((facts.since, purchase.is_back()), (None, false));
            let number = purchase.checkout.coupons[0].redemption().map(|entry| entry.number);
            assert_eq!(number, Some(1), "the last entry of its ledger");
            let bought = purchase.bought();
            assert_eq!(bought.has_lines, with_lines);
            let before = purchase.came_back(&bought);
            let all = bought.decide(&before, &Asked::All).expect("all");
            let mut after = before;
            after.add(&all.lines, all.shipping);
            assert!(bought.is_back(&after));
            assert_eq!(
                (bought.carried(&after).coupons, bought.carried(&after).rest),
                (vec![Amount(1_250)], Amount(750))
            );
            // What comes to it later stands beside what was there.
            let kept = purchase.kept().expect("it is kept");
            assert_eq!(kept["total"], 2_000);
            assert_eq!(PurchaseRecord::read("t-1", &kept).expect("it is read"), purchase);
        }
    }
}
