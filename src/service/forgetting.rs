//! A customer's id leaves what was recorded: purchases, answers to idempotency keys, and the coupons in them, as they were
//! then. What was recorded later under the same id is another customer's, and stays.

use serde_json::Value;

use super::{Answer, CheckoutRecord, PurchaseRecord};
use scrip_domain::{
    coupon::Coupon,
    id::{CustomerId, EventId},
    job::{Effect, Opposite},
};

/// Whose id leaves, and what stands for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forgetting<'a> {
    pub(super) customer: &'a CustomerId,
    pub(super) alias: &'a CustomerId,
    /// What happened before this was the customer's.
    pub(super) before: EventId,
}

impl Forgetting<'_> {
    /// Puts the alias in the place of the customer. Whether it was the customer.
    pub(super) fn id(&self, id: &mut Option<CustomerId>) -> bool {
        let is_it = id.as_ref() == Some(self.customer);
        if is_it {
            *id = Some(self.alias.clone());
        }
        is_it
    }

    /// The same in a coupon as it was at some time.
    pub(super) fn coupon(&self, coupon: &mut Coupon) -> bool {
        // A full leaf of its history stands beside it; what it ends with is no later than the event that it was given by.
        let last = coupon.history.recent.last().copied().max(coupon.acquired);
        if last.is_some_and(|last| last >= self.before) {
            return false;
        }
        let [holder, first] = [&mut coupon.customer, &mut coupon.original_customer].map(|id| self.id(id));
        holder || first
    }

    /// The same in what a job has done.
    pub(super) fn effect(&self, effect: &mut Effect) {
        match &mut effect.opposite {
            Opposite::Transfer(customer) => self.named(customer),
            Opposite::GiveBack(taken) => self.named(&mut taken.customer),
            _ => {}
        }
    }

    fn named(&self, customer: &mut CustomerId) {
        if customer == self.customer {
            customer.clone_from(self.alias);
        }
    }

    /// The same in a text that is nothing but the id.
    pub(super) fn text(&self, text: &mut String) {
        if text == self.customer.as_str() {
            self.alias.as_str().clone_into(text);
        }
    }

    /// The same in all texts of a document.
    pub(super) fn document(&self, document: &mut Value) {
        match document {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.document(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.document(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn checkout(&self, record: &mut CheckoutRecord) -> bool {
        let coupons = record.coupons.iter_mut().filter_map(|recorded| recorded.coupon.as_mut());
        // All of them, not up to the first.
        coupons.filter_map(|coupon| self.coupon(coupon).then_some(())).count() > 0
    }

    /// The same in a purchase.
    pub(super) fn purchase(&self, purchase: &mut PurchaseRecord) -> bool {
        let of_coupons = self.checkout(&mut purchase.checkout);
        // Of one that changed no coupon, it is where its first event would have been: that of the next one.
        let has_events = purchase.checkout.coupons.iter().any(|one| one.redeemed || one.assigned);
        let is_later =
            purchase.facts.since.is_some_and(|since| since > self.before || (has_events && since == self.before));
        (!is_later && self.id(&mut purchase.facts.customer)) || of_coupons
    }

    /// The same in an answer.
    pub(super) fn answer(&self, answer: &mut Answer) -> bool {
        match answer {
            Answer::Coupon(coupon, _) => self.coupon(coupon),
            Answer::Customer(customer) => {
                let is_it = customer.id == *self.customer;
                if is_it {
                    **customer = scrip_domain::customer::Customer::unknown(self.alias.clone());
                }
                is_it
            }
            Answer::Checkout(record)
            | Answer::PriceChanged(record, _)
            | Answer::Held(record, _)
            | Answer::Released(record) => self.checkout(record),
            Answer::Eligible(record) => self.checkout(&mut record.alone),
            Answer::Purchase(purchase) => self.purchase(purchase),
            Answer::Pool(_)
            | Answer::Edited(..)
            // Who it names is gone with its rows, thirty days after its end.
            | Answer::Job(_)
            | Answer::Added(_)
            | Answer::Generated(..)
            | Answer::Settings(_)
            | Answer::Key(_)
            | Answer::Group(_)
            | Answer::Done => false,
        }
    }
}

/// Whether a document has this text in it, so that the others need not be read.
pub(super) fn mentions(document: &Value, text: &str) -> bool {
    match document {
        Value::String(found) => found == text,
        Value::Array(items) => items.iter().any(|item| mentions(item, text)),
        Value::Object(fields) => fields.values().any(|value| mentions(value, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
