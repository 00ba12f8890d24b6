//! Taking an invalidation back. Nothing has to be remembered for it: what a coupon was follows from what an invalidation
//! leaves as it is. It had a holder or none; a gift card has paid something that stands or nothing; and what the card
//! held is in the entry of its ledger that took it off. So coupons come back too that were invalidated before this was
//! possible.

use crate::{
    decimal::Amount,
    event::EventType,
    gift_card::{Entry, EntryKind},
    period::Instant,
    rejection::{Refusal, Rejection},
    status::Status,
    terms::Terms,
};

use super::{Coupon, Decision};

impl Coupon {
    /// Puts an invalidated coupon back to what it was: unassigned, claimed or partially redeemed; expired where its time
    /// was over meanwhile. `void` is its [`Coupon::void_entry`]. A card that would hold less than its minimum value stays
    /// void, as it would after a redemption.
    pub fn reinstate(mut self, terms: &Terms, void: Option<Entry>, now: Instant) -> Result<Decision, Refusal> {
        if self.status != Status::Invalid {
            return Err(self.refusal(now).into());
        }
        let (amount, entries) = self.restore_account(terms, void, now)?;
        let after = self.status_before_invalidation(now);
        let mut change = self.change(EventType::Reinstate, after);
        change.amount = amount;
        self.status = after;
        self.invalidated_at = None;
        self.version += 1;
        Ok(Decision { coupon: self, changes: vec![change], entries })
    }

    /// What it was before it became invalid, and is again at this instant.
    pub(super) fn status_before_invalidation(&self, now: Instant) -> Status {
        match (&self.customer, self.expires_at) {
            (None, _) => Status::Unassigned,
            (Some(_), Some(end)) if end <= now => Status::Expired,
            (Some(_), _) => self.status_in_use(),
        }
    }

    /// Puts back on a gift card what the invalidation took off: how much that is, and the entries. A card without a
    /// holder had been emptied before, and gets its value with its next claim.
    fn restore_account(
        &mut self,
        terms: &Terms,
        void: Option<Entry>,
        now: Instant,
    ) -> Result<(Option<Amount>, Vec<Entry>), Refusal> {
        let mut entries = Vec::new();
        let void = void.filter(|entry| entry.kind == EntryKind::Void && self.customer.is_some());
        let amount = void.and_then(|void| self.take_void_back(void, &mut entries, now));
        let account = self.account.filter(|account| account.falls_below_minimum(terms));
        if let (Some(account), Some(minimum)) = (account, terms.restrictions.minimum_value) {
            let text = |amount: Amount| amount.text(terms.exponent());
            return Err(Rejection::StaysVoid { balance: text(account.balance), minimum: text(minimum) }.into());
        }
        Ok((amount, entries))
    }
}
