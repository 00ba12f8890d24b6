//! The actions of gift cards: pay, adjust, void; taking a payment back is in `unredeem`. The ledger entry and the balance
//! change together or not at all.

use crate::{
    decimal::{Amount, MAX_AMOUNT},
    event::{Change, EventType},
    gift_card::{Account, Entry, EntryKind, Posting},
    id::CustomerId,
    period::Instant,
    rejection::{Input, Refusal, Rejection},
    status::Status,
    terms::Terms,
};

use super::{Coupon, Decision};

impl Coupon {
    /// Pays `amount` with a gift card. What remains below its minimum value is voided at once, with
    /// an event and an entry of its own.
    pub fn redeem_card(
        self,
        terms: &Terms,
        by: Option<&CustomerId>,
        amount: Amount,
        transaction: Option<String>,
        now: Instant,
    ) -> Result<Decision, Refusal> {
        let account = self.live_account(now)?;
        self.check_owner(by)?;
        account.check_redemption(terms, amount, &self.held(now))?;
        Ok(self.pay(account, terms, amount, transaction, now))
    }

    /// Pays an amount that the card holds, whatever its status is.
    pub(super) fn pay(
        mut self,
        mut account: Account,
        terms: &Terms,
        amount: Amount,
        transaction: Option<String>,
        now: Instant,
    ) -> Decision {
        let posting = Posting { coupon: self.id, transaction: transaction.clone(), at: now };
        let mut entries = vec![account.post(EntryKind::Redeem, Amount::ZERO.minus(amount), posting)];
        account.redeemed = account.redeemed.plus(amount);
        self.account = Some(account);
        // Before that, what others hold is paid.
        let voided = account.falls_below_minimum(terms) && self.held(now).number == 0;
        let after = self.status_after_use();
        let mut change = self.change(EventType::Redeem, after);
        change.amount = Some(amount);
        change.transaction = transaction;
        let mut changes = vec![change];
        self.status = after;
        self.redeemed_at = Some(now);
        self.usages = self.usages.saturating_add(1);
        if voided {
            changes.push(self.void_below_minimum(&mut entries, now));
        }
        self.version += 1;
        Decision { coupon: self, changes, entries }
    }

    /// Takes off what a card holds that is less than its minimum value, and takes it out of use.
    pub(super) fn void_below_minimum(&mut self, entries: &mut Vec<Entry>, now: Instant) -> Change {
        let mut void = self.change(EventType::Invalidate, Status::Invalid);
        void.amount = self.balance();
        void.reason = Some("the balance fell below the card's minimum value".to_owned());
        entries.extend(self.void_account(now));
        void.balance_after = self.balance();
        self.status = Status::Invalid;
        self.invalidated_at = Some(now);
        void
    }

    /// Moves a card's balance up or down by hand, never below zero. One that holds nothing then is used up; what falls
    /// below the card's minimum value is voided, as after a redemption.
    pub fn adjust(mut self, terms: &Terms, amount: Amount, now: Instant) -> Result<Decision, Refusal> {
        let mut account = self.live_account(now)?;
        let exponent = terms.exponent();
        if amount == Amount::ZERO {
            let reason = "expected an amount above or below zero".to_owned();
            return Err(Rejection::ValueInvalid { reason }.at([Input::Amount]));
        }
        let balance = account.balance.plus(amount);
        if balance < Amount::ZERO {
            return Err(Rejection::InsufficientBalance { balance: account.balance.text(exponent) }.at([Input::Amount]));
        }
        if amount < Amount::ZERO {
            let (held, less) = (self.held(now), Amount::ZERO.minus(amount));
            let spares = balance >= held.amount && held.spares(account.balance, less, terms);
            if let Some(refusal) = held.refusal().filter(|_| !spares) {
                return Err(refusal.at([Input::Amount]));
            }
        }
        if balance.0 > MAX_AMOUNT {
            let reason = format!("the balance would be above {}", Amount(MAX_AMOUNT).text(exponent));
            return Err(Rejection::ValueInvalid { reason }.at([Input::Amount]));
        }
        let posting = Posting { coupon: self.id, transaction: None, at: now };
        let mut entries = vec![account.post(EntryKind::Adjust, amount, posting)];
        let voided = amount < Amount::ZERO && account.falls_below_minimum(terms);
        self.account = Some(account);
        let after = if account.balance.is_positive() { self.status } else { Status::Redeemed };
        let mut change = self.change(EventType::Adjust, after);
        change.amount = Some(amount);
        let mut changes = vec![change];
        self.status = after;
        if voided {
            changes.push(self.void_below_minimum(&mut entries, now));
        }
        self.version += 1;
        Ok(Decision { coupon: self, changes, entries })
    }

    /// The account of a card that can be used now.
    fn live_account(&self, now: Instant) -> Result<Account, Refusal> {
        match self.status_at(now) {
            Status::Claimed | Status::PartiallyRedeemed => self.account.ok_or_else(|| Rejection::NotClaimed.into()),
            Status::Unassigned | Status::Redeemed | Status::Expired | Status::Invalid => Err(self.refusal(now).into()),
        }
    }

    /// Takes all that a card holds off its ledger; nothing where it holds nothing.
    pub(super) fn void_account(&mut self, now: Instant) -> Vec<Entry> {
        let Some(mut account) = self.account.filter(|account| account.balance != Amount::ZERO) else {
            return Vec::new();
        };
        let posting = Posting { coupon: self.id, transaction: None, at: now };
        let entry = account.post(EntryKind::Void, Amount::ZERO.minus(account.balance), posting);
        account.voided = Some(entry.id.number);
        self.account = Some(account);
        vec![entry]
    }
}
