//! The actions of gift cards: pay, take a payment back wholly or in part, adjust, void. The ledger
//! entry and the balance change together or not at all.

use crate::{
    decimal::{Amount, MAX_AMOUNT},
    event::EventType,
    gift_card::{Account, Entry, EntryKind, Posting},
    id::CustomerId,
    period::Instant,
    rejection::{Refusal, Rejection},
    status::Status,
    terms::Terms,
};

use super::{Coupon, Decision};

impl Coupon {
    /// Pays `amount` with a gift card. What remains below its minimum value is voided at once, with
    /// an event and an entry of its own.
    pub fn redeem_card(
        mut self,
        terms: &Terms,
        by: Option<&CustomerId>,
        amount: Amount,
        transaction: Option<String>,
        now: Instant,
    ) -> Result<Decision, Refusal> {
        let mut account = self.live_account(now)?;
        self.check_owner(by)?;
        account.check_redemption(terms, amount)?;
        let posting = Posting { coupon: self.id, transaction: transaction.clone(), at: now };
        let mut entries = vec![account.post(EntryKind::Redeem, Amount::ZERO.minus(amount), posting)];
        account.redeemed = account.redeemed.plus(amount);
        let voided = account.falls_below_minimum(terms);
        let used_up = !account.balance.is_positive();
        let after = if used_up { Status::Redeemed } else { Status::PartiallyRedeemed };
        self.account = Some(account);
        let mut change = self.change(EventType::Redeem, after);
        change.amount = Some(amount);
        change.transaction = transaction;
        let mut changes = vec![change];
        self.status = after;
        self.redeemed_at = Some(now);
        self.usages = self.usages.saturating_add(1);
        if voided {
            let mut void = self.change(EventType::Invalidate, Status::Invalid);
            void.amount = self.balance();
            void.reason = Some("the balance fell below the card's minimum value".to_owned());
            entries.extend(self.void_account(now));
            void.balance_after = self.balance();
            changes.push(void);
            self.status = Status::Invalid;
            self.invalidated_at = Some(now);
        }
        self.version += 1;
        Ok(Decision { coupon: self, changes, entries })
    }

    /// Takes a redemption of a gift card back: all of what is left of it, or `amount`.
    pub fn unredeem_card(
        mut self,
        terms: &Terms,
        redemption: Entry,
        amount: Option<Amount>,
        now: Instant,
    ) -> Result<Decision, Refusal> {
        match self.status_at(now) {
            Status::Redeemed | Status::PartiallyRedeemed => {}
            Status::Unassigned | Status::Claimed | Status::Expired | Status::Invalid => {
                return Err(self.refusal(now).into());
            }
        }
        let mut account = self.account.ok_or(Rejection::NotRedeemed)?;
        let amount = check_reversal(&redemption, amount, terms)?;
        let mut redemption = redemption;
        let whole = amount == redemption.reversible();
        redemption.reversed = redemption.reversed.plus(amount);
        let transaction = redemption.transaction.clone();
        let posting = Posting { coupon: self.id, transaction: transaction.clone(), at: now };
        let mut reversal = account.post(EntryKind::Reverse, amount, posting);
        reversal.reverses = Some(redemption.id.number);
        account.redeemed = account.redeemed.minus(amount);
        let after = if account.redeemed.is_positive() { Status::PartiallyRedeemed } else { Status::Claimed };
        self.account = Some(account);
        let mut change = self.change(EventType::Unredeem, after);
        change.amount = Some(amount);
        change.transaction = transaction;
        self.status = after;
        if after == Status::Claimed {
            self.redeemed_at = None;
        }
        self.usages = self.usages.saturating_sub(u32::from(whole));
        self.version += 1;
        Ok(Decision { coupon: self, changes: vec![change], entries: vec![redemption, reversal] })
    }

    /// Moves a card's balance up or down by hand, never below zero.
    pub fn adjust(mut self, terms: &Terms, amount: Amount, now: Instant) -> Result<Decision, Refusal> {
        let mut account = self.live_account(now)?;
        let exponent = terms.exponent();
        if amount == Amount::ZERO {
            let reason = "expected an amount above or below zero".to_owned();
            return Err(Rejection::ValueInvalid { reason }.at(["amount"]));
        }
        let balance = account.balance.plus(amount);
        if balance < Amount::ZERO {
            return Err(Rejection::InsufficientBalance { balance: account.balance.text(exponent) }.at(["amount"]));
        }
        if balance.0 > MAX_AMOUNT {
            let reason = format!("the balance would be above {}", Amount(MAX_AMOUNT).text(exponent));
            return Err(Rejection::ValueInvalid { reason }.at(["amount"]));
        }
        let posting = Posting { coupon: self.id, transaction: None, at: now };
        let entry = account.post(EntryKind::Adjust, amount, posting);
        self.account = Some(account);
        let mut change = self.change(EventType::Adjust, self.status);
        change.amount = Some(amount);
        self.version += 1;
        Ok(Decision { coupon: self, changes: vec![change], entries: vec![entry] })
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
        self.account = Some(account);
        vec![entry]
    }
}

/// How much of a redemption is taken back: never more than is left of it.
fn check_reversal(redemption: &Entry, amount: Option<Amount>, terms: &Terms) -> Result<Amount, Refusal> {
    if redemption.kind != EntryKind::Redeem {
        let reason = "expected the ledger entry of a redemption".to_owned();
        return Err(Rejection::ValueInvalid { reason }.at(["ledgerEntryId"]));
    }
    let left = redemption.reversible();
    if !left.is_positive() {
        return Err(Rejection::NotRedeemed.at(["ledgerEntryId"]));
    }
    match amount {
        None => Ok(left),
        Some(amount) if amount.is_positive() && amount <= left => Ok(amount),
        Some(_) => {
            let reason = format!(
                "expected an amount above zero and at most {}, which is left of this redemption",
                left.text(terms.exponent())
            );
            Err(Rejection::ValueInvalid { reason }.at(["amount"]))
        }
    }
}
