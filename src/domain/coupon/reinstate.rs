//! Taking an invalidation back. Nothing has to be remembered for it: what a coupon was follows from what an invalidation
//! leaves as it is. It had a holder or none; a gift card has paid something that stands or nothing; and what the card
//! held is the last entry of its ledger, which took it off. So coupons come back too that were invalidated before this
//! was possible.

use crate::{
    decimal::Amount,
    event::EventType,
    gift_card::{Entry, EntryKind, Posting},
    period::Instant,
    rejection::{Refusal, Rejection},
    status::Status,
    terms::Terms,
};

use super::{Coupon, Decision};

impl Coupon {
    /// Puts an invalidated coupon back to what it was: unassigned, claimed or partially redeemed; expired where its time
    /// was over meanwhile. `last` is the [last entry](Coupon::last_entry) of a gift card's ledger. A card that would hold
    /// less than its minimum value stays void, as it would after a redemption.
    pub fn reinstate(mut self, terms: &Terms, last: Option<Entry>, now: Instant) -> Result<Decision, Refusal> {
        if self.status != Status::Invalid {
            return Err(self.refusal(now).into());
        }
        let (amount, entries) = self.restore_account(terms, last, now)?;
        let after = self.status_before_invalidation(now);
        let mut change = self.change(EventType::Reinstate, after);
        change.amount = amount;
        self.status = after;
        self.invalidated_at = None;
        self.version += 1;
        Ok(Decision { coupon: self, changes: vec![change], entries })
    }

    /// What it was before it became invalid, and is again at this instant.
    fn status_before_invalidation(&self, now: Instant) -> Status {
        let has_paid = self.account.is_some_and(|account| account.redeemed.is_positive());
        match (&self.customer, self.expires_at) {
            (None, _) => Status::Unassigned,
            (Some(_), Some(end)) if end <= now => Status::Expired,
            (Some(_), _) if has_paid => Status::PartiallyRedeemed,
            (Some(_), _) => Status::Claimed,
        }
    }

    /// Puts back on a gift card what the invalidation took off: how much that is, and the entries. A card without a
    /// holder had been emptied before, and gets its value with its next claim.
    fn restore_account(
        &mut self,
        terms: &Terms,
        last: Option<Entry>,
        now: Instant,
    ) -> Result<(Option<Amount>, Vec<Entry>), Refusal> {
        let voided = last.filter(|entry| entry.kind == EntryKind::Void && self.customer.is_some());
        let (Some(mut account), Some(mut voided)) = (self.account, voided) else { return Ok((None, Vec::new())) };
        let amount = Amount::ZERO.minus(voided.amount);
        voided.reversed = amount;
        let posting = Posting { coupon: self.id, transaction: None, at: now };
        let mut reversal = account.post(EntryKind::Reverse, amount, posting);
        reversal.reverses = Some(voided.id.number);
        if let Some(minimum) = terms.restrictions.minimum_value.filter(|_| account.falls_below_minimum(terms)) {
            let text = |amount: Amount| amount.text(terms.exponent());
            return Err(Rejection::StaysVoid { balance: text(account.balance), minimum: text(minimum) }.into());
        }
        self.account = Some(account);
        Ok((Some(amount), vec![voided, reversal]))
    }
}
