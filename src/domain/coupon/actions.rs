//! The actions that coupons of every type know. Gift cards add their postings to some of them, in
//! `card_actions`.

use crate::{
    currency::Currency,
    decimal::{Amount, MAX_AMOUNT},
    event::{Change, EventType, Why},
    gift_card::{Entry, EntryKind, Posting},
    id::CustomerId,
    period::Instant,
    rejection::{Input, Refusal, Rejection},
    status::Status,
    terms::Terms,
};

use super::{Coupon, Decision};

/// Who comes to hold a coupon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The retailer's id.
    pub customer: CustomerId,
    /// The customer's own currency.
    pub currency: Option<Currency>,
}

impl Coupon {
    /// Claims an unassigned coupon: it starts its time, and a gift card is issued.
    pub fn claim(mut self, terms: &Terms, holder: Holder, why: Option<Why>, now: Instant) -> Result<Decision, Refusal> {
        match self.status_at(now) {
            Status::Unassigned => {}
            Status::Claimed => return Err(Rejection::AlreadyClaimed.into()),
            Status::PartiallyRedeemed | Status::Redeemed | Status::Expired | Status::Invalid => {
                return Err(self.refusal(now).into());
            }
        }
        terms.admits_customer(holder.currency).map_err(|r| r.at([Input::CustomerId]))?;
        self.start(terms, holder.customer, now)?;
        let mut change = self.change(EventType::Claim, Status::Claimed).told_with(why);
        let mut entries = Vec::new();
        if let Some(value) = terms.card_value() {
            let mut account = self.account.unwrap_or_default();
            let posting = Posting { coupon: self.id, transaction: None, at: now };
            entries.push(account.post(EntryKind::Issue, value, posting));
            account.redeemed = Amount::ZERO;
            account.voided = None;
            self.account = Some(account);
            change.amount = Some(value);
            change.balance_after = Some(account.balance);
        }
        self.status = Status::Claimed;
        self.version += 1;
        Ok(Decision { coupon: self, changes: vec![change], entries })
    }

    /// Gives its holder the same coupon once more, of an aggregated pool: for one more use, or, of a gift card, with its
    /// value on top. Its time starts anew, so that one that was used up or is over lives again. `currency` is the
    /// holder's own by now.
    pub fn claim_again(
        mut self,
        terms: &Terms,
        currency: Option<Currency>,
        why: Option<Why>,
        now: Instant,
    ) -> Result<Decision, Refusal> {
        match self.status_at(now) {
            Status::Claimed | Status::PartiallyRedeemed | Status::Redeemed | Status::Expired => {}
            Status::Unassigned | Status::Invalid => return Err(self.refusal(now).into()),
        }
        terms.admits_customer(currency).map_err(|r| r.at([Input::CustomerId]))?;
        let mut changes: Vec<Change> = self.end_if_over(now).into_iter().collect();
        let mut entries = Vec::new();
        if let Some(value) = terms.card_value() {
            let mut account = self.account.unwrap_or_default();
            if account.balance.plus(value).0 > MAX_AMOUNT {
                let most = Amount(MAX_AMOUNT).text(terms.exponent());
                return Err(Rejection::ValueInvalid { reason: format!("the balance would be above {most}") }.into());
            }
            let posting = Posting { coupon: self.id, transaction: None, at: now };
            entries.push(account.post(EntryKind::Issue, value, posting));
            self.account = Some(account);
        }
        self.expires_at = end_of(terms, now)?;
        self.claimed_at = Some(now);
        self.claims = self.claims.saturating_add(1);
        let after = self.status_in_use();
        let mut change = self.change(EventType::Claim, after).told_with(why);
        change.amount = terms.card_value();
        changes.push(change);
        self.status = after;
        self.version += 1;
        Ok(Decision { coupon: self, changes, entries })
    }

    /// Sets whom it belongs to and how long it lasts: until the end that it came with, where it came with one.
    fn start(&mut self, terms: &Terms, customer: CustomerId, now: Instant) -> Result<(), Refusal> {
        let own_end = self.expires_at;
        self.expires_at = end_of(terms, now)?;
        if let Some(end) = own_end {
            if end <= now {
                return Err(Rejection::Expired { at: end }.into());
            }
            self.expires_at = terms.restrictions.not_after_end(Some(end));
        }
        self.original_customer.get_or_insert_with(|| customer.clone());
        self.customer = Some(customer);
        self.claimed_at = Some(now);
        self.claims = 1;
        self.handed_on = (self.transfers > 0).then_some(false);
        Ok(())
    }

    /// Redeems a coupon that is no gift card. `by` is the customer at the till, where one is named.
    pub fn redeem(
        self,
        by: Option<&CustomerId>,
        transaction: Option<String>,
        now: Instant,
    ) -> Result<Decision, Refusal> {
        if self.status_at(now) != Status::Claimed {
            return Err(self.refusal(now).into());
        }
        self.check_owner(by)?;
        self.check_use_left(now)?;
        Ok(self.use_once(transaction, now))
    }

    /// Uses it once, whatever its status is.
    pub(super) fn use_once(mut self, transaction: Option<String>, now: Instant) -> Decision {
        self.usages = self.usages.saturating_add(1);
        // One that was claimed more often goes on.
        let after = self.status_after_use();
        let mut change = self.change(EventType::Redeem, after);
        change.transaction.clone_from(&transaction);
        self.note_purchase(transaction);
        self.status = after;
        self.redeemed_at = Some(now);
        self.version += 1;
        Decision { coupon: self, changes: vec![change], entries: Vec::new() }
    }

    /// What it is after it was used: what is left of an expired one stays expired.
    pub(super) fn status_after_use(&self) -> Status {
        match self.status_in_use() {
            Status::Redeemed => Status::Redeemed,
            _ if self.status == Status::Expired => Status::Expired,
            after => after,
        }
    }

    /// Keeps by which purchase it was redeemed.
    fn note_purchase(&mut self, transaction: Option<String>) {
        // A coupon that never named one has none to keep.
        if transaction.is_some() || !self.purchases.is_empty() {
            self.purchases.push(transaction);
        }
        if self.purchases.len() > Self::PURCHASES {
            self.purchases.remove(0);
        }
    }

    /// Whether the customer at the till, if one is named, holds the coupon.
    pub(super) fn check_owner(&self, by: Option<&CustomerId>) -> Result<(), Refusal> {
        match by {
            Some(customer) if self.customer.as_ref() != Some(customer) => {
                Err(Rejection::NotOwner.at([Input::CustomerId]))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Takes a claimed coupon back from its customer; what a gift card held goes off its ledger. One that has been used
    /// (it was claimed more often) stays: its uses are of that customer.
    pub fn unassign(mut self, now: Instant) -> Result<Decision, Refusal> {
        if self.status_at(now) != Status::Claimed {
            return Err(self.refusal(now).into());
        }
        if self.usages > 0 {
            return Err(Rejection::AlreadyRedeemed.into());
        }
        self.check_not_held(now)?;
        let (change, entries) = self.take_from_holder(now);
        self.version += 1;
        Ok(Decision { coupon: self, changes: vec![change], entries })
    }

    /// Puts it back to those that nobody holds.
    pub(super) fn take_from_holder(&mut self, now: Instant) -> (Change, Vec<Entry>) {
        let mut change = self.change(EventType::Unassign, Status::Unassigned);
        let entries = self.void_account(now);
        change.balance_after = self.balance();
        self.status = Status::Unassigned;
        self.customer = None;
        self.claimed_at = None;
        self.expires_at = None;
        self.claims = 0;
        (change, entries)
    }

    /// Hands a claimed coupon over: an event for the giver and one for the receiver. One that has been used (it was claimed
    /// more often) stays: a use that is taken back is the giver's.
    pub fn transfer(mut self, terms: &Terms, to: Holder, now: Instant) -> Result<Decision, Refusal> {
        if self.status_at(now) != Status::Claimed {
            return Err(self.refusal(now).into());
        }
        if self.usages > 0 {
            return Err(Rejection::AlreadyRedeemed.into());
        }
        self.check_not_held(now)?;
        if self.customer.as_ref() == Some(&to.customer) {
            let reason = "the receiver holds the coupon already: name another customer";
            return Err(Rejection::CustomerMismatch { reason }.into());
        }
        terms.admits_customer(to.currency)?;
        let mut given = self.change(EventType::Transfer, Status::Claimed);
        given.counterpart = Some(to.customer.clone());
        let mut received = self.change(EventType::Receive, Status::Claimed);
        received.counterpart = self.customer.replace(to.customer.clone());
        received.customer = Some(to.customer);
        self.transfers = self.transfers.saturating_add(1);
        self.handed_on = Some(true);
        self.version += 1;
        Ok(Decision { coupon: self, changes: vec![given, received], entries: Vec::new() })
    }

    /// Takes a coupon out of use that has not been used up.
    pub fn invalidate(mut self, now: Instant) -> Result<Decision, Refusal> {
        match self.status_at(now) {
            Status::Unassigned | Status::Claimed | Status::PartiallyRedeemed => {}
            Status::Redeemed | Status::Expired | Status::Invalid => return Err(self.refusal(now).into()),
        }
        self.check_not_held(now)?;
        let mut change = self.change(EventType::Invalidate, Status::Invalid);
        let entries = self.void_account(now);
        change.balance_after = self.balance();
        self.status = Status::Invalid;
        self.invalidated_at = Some(now);
        self.version += 1;
        Ok(Decision { coupon: self, changes: vec![change], entries })
    }

    /// Records that its time is over. Refused before that, so that it can be asked at any time.
    pub fn expire(mut self, now: Instant) -> Result<Decision, Refusal> {
        let Some(change) = self.end_if_over(now) else { return Err(self.refusal(now).into()) };
        self.version += 1;
        Ok(Decision { coupon: self, changes: vec![change], entries: Vec::new() })
    }
}

/// When the time is over of a coupon that is given to a customer now.
fn end_of(terms: &Terms, now: Instant) -> Result<Option<Instant>, Rejection> {
    terms.restrictions.check_claim(now)?;
    terms.restrictions.end_of(now)
}
