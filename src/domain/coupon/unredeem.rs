//! Taking redemptions back. One that stands can always be taken back, whatever became of the coupon meanwhile: an expired
//! or invalidated one stays what it is, and holds again what it paid. A card that was voided because too little was left
//! on it lives again once that is no longer so, with what the voiding took off: it is as if it had paid less.

use crate::{
    decimal::Amount,
    event::{Change, EventType},
    gift_card::{Entry, EntryKind, Posting},
    period::Instant,
    rejection::{Input, Refusal, Rejection},
    status::Status,
    terms::Terms,
};

use super::{Coupon, Decision};

impl Coupon {
    /// Takes the last redemption that stands back, of a coupon that is no gift card.
    pub fn unredeem(mut self, now: Instant) -> Result<Decision, Refusal> {
        if self.usages == 0 {
            return Err(self.refusal(now).into());
        }
        let purchase = self.purchases.pop().flatten();
        Ok(self.take_use_back(purchase, now))
    }

    /// Takes the redemption by a purchase back, of a coupon that is no gift card; see
    /// [`Coupon::is_redeemed_by`] and [`Coupon::may_be_redeemed_by`].
    pub fn unredeem_purchase(mut self, transaction: String, now: Instant) -> Result<Decision, Refusal> {
        if self.usages == 0 {
            return Err(self.refusal(now).into());
        }
        // Those that are not known any more are the oldest ones.
        if let Some(place) = self.place_of_purchase(&transaction) {
            self.purchases.remove(place);
        }
        Ok(self.take_use_back(Some(transaction), now))
    }

    /// Whether a redemption by a purchase stands, of a coupon that is no gift card. The purchases of all redemptions are
    /// known, but for the oldest ones of a coupon that was redeemed very often, and those that versions before this
    /// recorded: by one of these it was `redeemed_at` an instant.
    #[must_use]
    pub fn is_redeemed_by(&self, transaction: &str, redeemed_at: Option<Instant>) -> bool {
        let unknown = self.usages as usize > self.purchases.len();
        let may_be_forgotten = self.purchases.len() >= Self::PURCHASES;
        let is_the_last = redeemed_at.is_some() && self.redeemed_at == redeemed_at;
        self.usages > 0
            && (self.place_of_purchase(transaction).is_some() || (unknown && (may_be_forgotten || is_the_last)))
    }

    /// Whether a redemption by a purchase may stand, of a coupon that is no gift card, for somebody who names it and whose
    /// purchase has not been seen to be taken back: it is known, or among those that are not known any more.
    #[must_use]
    pub fn may_be_redeemed_by(&self, transaction: &str) -> bool {
        self.usages as usize > self.purchases.len() || self.place_of_purchase(transaction).is_some()
    }

    fn place_of_purchase(&self, transaction: &str) -> Option<usize> {
        self.purchases.iter().rposition(|purchase| purchase.as_deref() == Some(transaction))
    }

    fn take_use_back(mut self, purchase: Option<String>, now: Instant) -> Decision {
        let mut changes: Vec<Change> = self.end_if_over(now).into_iter().collect();
        self.usages = self.usages.saturating_sub(1);
        let after = if self.is_out_of_use() { self.status } else { Status::Claimed };
        let mut change = self.change(EventType::Unredeem, after);
        change.transaction = purchase;
        changes.push(change);
        self.status = after;
        if self.usages == 0 {
            self.redeemed_at = None;
        }
        self.version += 1;
        Decision { coupon: self, changes, entries: Vec::new() }
    }

    /// Puts a coupon that a checkout gave to its customer, to redeem it at once, back to those that nobody holds, now that
    /// nothing of that stands any more; none where it has become the customer's by something else.
    #[must_use]
    pub fn give_up_assignment(self, terms: &Terms, now: Instant) -> Option<Decision> {
        let is_as_given = self.status_at(now) == Status::Claimed
            && self.usages == 0
            && self.claims == 1
            && self.transfers == 0
            && self.holds.is_empty()
            && self.account.is_none_or(|account| Some(account.balance) == terms.card_value());
        if is_as_given { self.unassign(now).ok() } else { None }
    }

    /// Takes a redemption of a gift card back: all of what is left of it, or `amount`. `void` is its
    /// [`Coupon::void_entry`].
    pub fn unredeem_card(
        mut self,
        terms: &Terms,
        redemption: Entry,
        amount: Option<Amount>,
        void: Option<Entry>,
        now: Instant,
    ) -> Result<Decision, Refusal> {
        match self.status_at(now) {
            Status::Redeemed | Status::PartiallyRedeemed | Status::Expired | Status::Invalid => {}
            Status::Unassigned | Status::Claimed => return Err(self.refusal(now).into()),
        }
        let mut account = self.account.ok_or(Rejection::NotRedeemed)?;
        let amount = check_reversal(&redemption, amount, terms)?;
        let mut changes: Vec<Change> = self.end_if_over(now).into_iter().collect();
        let mut redemption = redemption;
        let whole = amount == redemption.reversible();
        redemption.reversed = redemption.reversed.plus(amount);
        let transaction = redemption.transaction.clone();
        let posting = Posting { coupon: self.id, transaction: transaction.clone(), at: now };
        let mut reversal = account.post(EntryKind::Reverse, amount, posting);
        reversal.reverses = Some(redemption.id.number);
        // Of a card that was voided before this was noted, the last entry is another from now on.
        let void = void.filter(|entry| entry.kind == EntryKind::Void);
        account.voided = void.as_ref().map(|entry| entry.id.number).or(account.voided);
        account.redeemed = account.redeemed.minus(amount);
        self.account = Some(account);
        let after = if self.is_out_of_use() { self.status } else { self.status_in_use() };
        let mut change = self.change(EventType::Unredeem, after);
        change.amount = Some(amount);
        change.transaction = transaction;
        changes.push(change);
        self.status = after;
        if !account.redeemed.is_positive() {
            self.redeemed_at = None;
        }
        self.usages = self.usages.saturating_sub(u32::from(whole));
        let mut entries = vec![redemption, reversal];
        changes.extend(self.revive(terms, void, &mut entries, now));
        // Of one that was used up, too little may have come back: it is as if it had paid that much less.
        let is_too_little = self.account.is_some_and(|account| account.falls_below_minimum(terms));
        if is_too_little && self.status.is_live() && self.held(now).number == 0 {
            changes.push(self.void_below_minimum(&mut entries, now));
        }
        self.version += 1;
        Ok(Decision { coupon: self, changes, entries })
    }

    /// Expired or invalid: what it holds says nothing about its status.
    fn is_out_of_use(&self) -> bool {
        matches!(self.status, Status::Expired | Status::Invalid)
    }

    /// Has a card live again that was voided because it held less than its minimum value, where it would not any more.
    fn revive(&mut self, terms: &Terms, void: Option<Entry>, entries: &mut Vec<Entry>, now: Instant) -> Option<Change> {
        let minimum = terms.restrictions.minimum_value.filter(|_| self.status == Status::Invalid)?;
        let void = void?;
        let voided = Amount::ZERO.minus(void.amount);
        // One that held more was taken out of use by somebody, who can bring it back.
        if voided >= minimum || self.balance()?.plus(voided) < minimum {
            return None;
        }
        let amount = self.take_void_back(void, entries, now);
        let after = self.status_before_invalidation(now);
        let mut change = self.change(EventType::Reinstate, after);
        change.amount = amount;
        change.reason = Some("the balance is no longer below the card's minimum value".to_owned());
        self.status = after;
        self.invalidated_at = None;
        Some(change)
    }

    /// Puts back on a card what was taken off when it was taken out of use; how much that is.
    pub(super) fn take_void_back(&mut self, mut void: Entry, entries: &mut Vec<Entry>, now: Instant) -> Option<Amount> {
        let mut account = self.account?;
        let amount = Amount::ZERO.minus(void.amount);
        void.reversed = amount;
        let mut reversal =
            account.post(EntryKind::Reverse, amount, Posting { coupon: self.id, transaction: None, at: now });
        reversal.reverses = Some(void.id.number);
        account.voided = None;
        entries.extend([void, reversal]);
        self.account = Some(account);
        Some(amount)
    }
}

/// How much of a redemption is taken back: never more than is left of it.
fn check_reversal(redemption: &Entry, amount: Option<Amount>, terms: &Terms) -> Result<Amount, Refusal> {
    if redemption.kind != EntryKind::Redeem {
        let reason = "expected the ledger entry of a redemption".to_owned();
        return Err(Rejection::ValueInvalid { reason }.at([Input::LedgerEntryId]));
    }
    let left = redemption.reversible();
    if !left.is_positive() {
        return Err(Rejection::NotRedeemed.at([Input::LedgerEntryId]));
    }
    match amount {
        None => Ok(left),
        Some(amount) if amount.is_positive() && amount <= left => Ok(amount),
        Some(_) => {
            let reason = format!(
                "expected an amount above zero and at most {}, which is left of this redemption",
                left.text(terms.exponent())
            );
            Err(Rejection::ValueInvalid { reason }.at([Input::Amount]))
        }
    }
}
