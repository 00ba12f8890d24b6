//! About how many bytes of rows a command has the committer write, by which batches are bounded. It is told from what the
//! caller sent, before anything is read, so it is an estimate; what callers make as long as they like is counted.

use serde_json::Value;

use super::{
    Adjust, Checkout, CheckoutOrder, CheckoutPreview, Command, CouponRef, CouponsAdd, CustomerEdit, Expire, Extend,
    Forget, Hold, Invalidate, JobStart, JobStep, PoolCreate, PoolEdit, PoolUpdate, Redeem, Reinstate, ReleaseOver,
    Return, Transfer, Unassign, Unredeem, Work,
    jobs::{Items, Plan},
};
use scrip_domain::{
    binding::Binding,
    event::{Reason, Why},
    pool_draft::PoolDraft,
};

/// The rows of a coupon that changes: itself, its events, its customer's history, its place among statuses.
const COUPON: usize = 4_096;
/// What is kept of a coupon of a checkout in its purchase.
const RECORDED: usize = 2_048;
/// What an answer takes that is kept with an idempotency key, what its caller sent aside.
const ANSWER: usize = 1_024;
/// A code of a list: its own row, its part of the list, and what is answered where it is skipped.
const CODE: usize = 512;
/// More than what makes a command a large one, which has a batch for itself.
const ALONE: usize = 256 * 1024;
/// What a JSON value takes beside its texts.
const VALUE: usize = 16;
/// How much of a JSON document is looked at: whatever is larger is refused.
const MAX_JSON: usize = 64 * 1024;

impl Command {
    /// About how many bytes its rows have, and the answer that is kept where it has an idempotency key.
    pub(super) fn weight(&self, keeps_answer: bool) -> usize {
        let written = self.written();
        if keeps_answer { 2 * written.saturating_sub(COUPON) + COUPON + ANSWER } else { written }
    }

    fn written(&self) -> usize {
        match self {
            Self::PoolCreate(PoolCreate(draft)) => COUPON + of_draft(draft),
            Self::PoolUpdate(PoolUpdate { edit, .. }) => COUPON + of_edit(edit),
            Self::CouponsAdd(CouponsAdd { codes, .. }) => codes.iter().map(|code| CODE.max(code.len())).sum(),
            Self::CustomerUpsert(edit) => COUPON + of_customer(edit),
            Self::Checkout(Checkout(order))
            | Self::CheckoutPreview(CheckoutPreview(order))
            | Self::Hold(Hold { order, .. }) => COUPON + of_order(order),
            // What is kept of the purchase is weighed when it is read (`Prepared::weight`).
            Self::Return(Return(order)) => COUPON + of_reason(&order.reason),
            Self::Release(_) => COUPON,
            // Most hold a few coupons.
            Self::ReleaseOver(ReleaseOver(due)) => due.len() * 8 * COUPON,
            Self::Expire(Expire(due)) => due.len() * COUPON,
            Self::PartnerTold(told) => COUPON + (told.told.len() + told.failed.len() + told.forgotten.len()) * 256,
            Self::Forget(Forget(answers)) => answers.len() * 256,
            Self::EraseFurther(step) => step.weight,
            Self::ListPurchases(part) => part.named.len() * 512,
            // A coupon is read, and where it is held is written.
            Self::HoldingsFound(found) => COUPON + found.coupons.len() * CODE,
            Self::Claim(claim) => {
                let code = claim.code.as_ref().map_or(0, String::len);
                COUPON + claim.customer.as_str().len() + code + claim.why.as_ref().map_or(0, of_why)
            }
            Self::Redeem(Redeem { coupon, customer, amount: _, basket: _, transaction, reason }) => {
                let customer = customer.as_ref().map_or(0, |id| id.as_str().len());
                let transaction = transaction.as_ref().map_or(0, |id| id.as_str().len());
                COUPON + of_coupon(coupon) + customer + transaction + of_reason(reason)
            }
            Self::Unredeem(Unredeem { coupon, reason, .. })
            | Self::Unassign(Unassign { coupon, reason })
            | Self::Extend(Extend { coupon, reason, .. })
            | Self::Invalidate(Invalidate { coupon, reason })
            | Self::Reinstate(Reinstate { coupon, reason })
            | Self::Transfer(Transfer { coupon, reason, .. }) => COUPON + of_coupon(coupon) + of_reason(reason),
            Self::Adjust(Adjust { coupon, reason, .. }) => COUPON + of_coupon(coupon) + reason.as_str().len(),
            Self::JobStart(JobStart(draft)) => {
                COUPON + of_plan(&draft.plan) + draft.parts.iter().map(|part| part.len() * 32).sum::<usize>()
            }
            // It goes alone, however few rows it has: it is decided as a whole.
            Self::JobStep(step) => ALONE + of_step(step),
            Self::JobForget(forget) => forget.rows.len() * CODE,
            Self::JobCancel(_) => COUPON,
            Self::KeyEdit(edit) => COUPON + edit.id.len() + texts([&edit.name]),
            Self::KeysUsed(used) => used.0.len() * CODE,
            Self::KeyRevoke(key) => COUPON + key.id.len(),
            Self::PoolArchive(_)
            | Self::CouponsGenerate(_)
            | Self::Whole(_)
            | Self::AuditNote(_)
            | Self::Erase(_)
            | Self::Eligible(_)
            | Self::SettingsUpdate(_)
            | Self::IdsBegin(_)
            | Self::TokenKeyBegin(_)
            | Self::KeyRotate(..)
            | Self::KeyAdd(_)
            | Self::UserGroupCreate(_)
            | Self::UserGroupUpdate(_)
            | Self::HoldingsBegin(_)
            | Self::ClockConfirm(_) => COUPON,
        }
    }
}

fn texts<'a>(texts: impl IntoIterator<Item = &'a Option<String>>) -> usize {
    texts.into_iter().flatten().map(String::len).sum()
}

fn list(texts: &[String]) -> usize {
    texts.iter().map(|text| text.len() + 8).sum()
}

fn of_coupon(coupon: &CouponRef) -> usize {
    match coupon.parts().0 {
        CouponRef::Code { code, .. } => code.len(),
        CouponRef::Id(_) | CouponRef::Held { .. } => 0,
    }
}

fn of_reason(reason: &Option<Reason>) -> usize {
    reason.as_ref().map_or(0, |reason| reason.as_str().len())
}

fn of_why(why: &Why) -> usize {
    texts([&why.reason, &why.reference])
}

fn of_bindings<'a>(bindings: impl IntoIterator<Item = &'a Binding>) -> usize {
    bindings.into_iter().map(|binding| binding.plugin.len() + json(&binding.config)).sum()
}

fn of_draft(draft: &PoolDraft) -> usize {
    list(&draft.restrictions.stores)
        + list(&draft.restrictions.products)
        + list(&draft.excluded_characters)
        + list(&draft.excluded_phrases)
        + of_bindings(draft.checks.iter().chain(&draft.remote))
}

fn of_edit(edit: &PoolEdit) -> usize {
    let lists =
        [&edit.restrictions.stores, &edit.restrictions.products, &edit.excluded_characters, &edit.excluded_phrases];
    lists.into_iter().flatten().map(|texts| list(texts)).sum::<usize>()
        + of_bindings(edit.checks.iter().flatten().chain(&edit.remote))
}

fn of_plan(plan: &Plan) -> usize {
    match plan {
        Plan::Bulk(bulk) => match &bulk.items {
            Items::Codes(codes) => codes.iter().map(|(code, _)| 32 + code.len()).sum(),
            Items::Customers(customers) => customers.iter().map(|customer| 16 + customer.as_str().len()).sum(),
            Items::Listed | Items::Filter(_) | Items::File(_) => 0,
        },
        Plan::Update(update) => update.untouched.len() * 32,
        Plan::Import(_) | Plan::Export(_) | Plan::Undo => 0,
    }
}

fn of_step(step: &JobStep) -> usize {
    match &step.work {
        Work::Rows(rows, _) => rows.len() * CODE,
        Work::Told(_, refusals, _) => refusals.len() * CODE,
        Work::Fix(stretches, _) => stretches.len() * 32,
        Work::Begin | Work::Finish(_) => 0,
    }
}

fn of_customer(edit: &CustomerEdit) -> usize {
    edit.email.iter().flatten().map(|email| email.as_str().len()).sum::<usize>()
        + edit.attributes.as_ref().map_or(0, json)
}

fn of_order(order: &CheckoutOrder) -> usize {
    let coupons = order.coupons.iter().map(|given| 2 * COUPON + RECORDED + given.code.len());
    let (number, lines) = (order.coupons.len(), order.basket.lines.len());
    coupons.sum::<usize>() + lines * (64 + number * 16)
}

/// About how many bytes a JSON document takes, as far as that is looked at.
fn json(document: &Value) -> usize {
    let (mut bytes, mut left) = (0, vec![document]);
    while let Some(value) = left.pop()
        && bytes < MAX_JSON
    {
        bytes += VALUE;
        match value {
            Value::String(text) => bytes += text.len(),
            Value::Array(items) => left.extend(items),
            Value::Object(fields) => {
                bytes += fields.keys().map(String::len).sum::<usize>();
                left.extend(fields.values());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Claim;
    use scrip_domain::{
        decimal::Decimal,
        id::{CouponId, CustomerId, PoolId},
    };

    fn ann() -> CustomerId {
        CustomerId::parse("ann").expect("an id")
    }

    fn upsert(attributes: Value) -> Command {
        let edit = CustomerEdit { id: ann(), email: None, currency: None, attributes: Some(attributes) };
        Command::CustomerUpsert(Box::new(edit))
    }

    #[test]
    fn what_callers_make_as_long_as_they_like_is_counted() {
        let long = || Reason::parse(&"x".repeat(500)).expect("a reason");
        let pool = PoolId(1);
        let coupon = || CouponRef::Id(CouponId { pool: PoolId(1), index: 0 });
        let listed = (0..100).map(|number| format!("phrase-{number:03}")).collect::<Vec<_>>();
        let edit = |phrases| PoolEdit { excluded_phrases: phrases, ..PoolEdit::default() };
        for (what, command, least) in [
            ("attributes", upsert(serde_json::json!({ "text": "x".repeat(16_000) })), 16_000),
            ("many attributes", upsert(serde_json::json!({ "list": vec![1; 1_000] })), 16_000),
            ("a reason", Unassign { coupon: coupon(), reason: Some(long()) }.into(), 500),
            (
                "an adjustment",
                Adjust { coupon: coupon(), amount: Decimal::parse("1").expect("1"), reason: long() }.into(),
                500,
            ),
            ("phrases", PoolUpdate { pool, edit: Box::new(edit(Some(listed))) }.into(), 1_000),
        ] {
            let (alone, kept) = (command.weight(false), command.weight(true));
            assert!(alone >= COUPON + least, "{what}: {alone}");
            assert!(kept >= alone + least + ANSWER, "{what}, with its answer: {kept}");
        }
        let small = Command::from(Claim::of(pool, ann())).weight(true);
        assert!(small < 2 * COUPON, "{small}");
    }

    #[test]
    fn no_more_of_a_document_is_looked_at_than_tells_that_it_is_large() {
        assert!(json(&serde_json::json!(vec![vec![0; 1_000]; 1_000])) < 2 * MAX_JSON);
    }
}
