//! Coupons that come from another system, and those that an undo gives back.

use crate::{
    decimal::Amount,
    event::EventType,
    gift_card::{Entry, EntryKind, Posting},
    id::CustomerId,
    job::Field,
    period::Instant,
    rejection::{Refusal, Rejection},
    status::Status,
    terms::Terms,
};

use super::{Coupon, Decision};

/// Where a coupon was in the system that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its status there.
    pub status: Status,
    /// Who holds it.
    pub customer: Option<CustomerId>,
    /// When it was claimed.
    pub claimed_at: Option<Instant>,
    /// When its time is over; where that is not told, as its terms say.
    pub expires_at: Option<Instant>,
    /// How often it was used; none where that is not told.
    pub usages: Option<u32>,
    /// When it was last redeemed.
    pub redeemed_at: Option<Instant>,
    /// What a gift card holds.
    pub balance: Option<Amount>,
}

/// What a customer had before a coupon was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Who.
    pub customer: CustomerId,
    /// When it had been claimed.
    pub claimed_at: Option<Instant>,
    /// When its time would have been over.
    pub expires_at: Option<Instant>,
    /// How often it had been given.
    pub claims: u32,
    /// What a gift card held.
    pub balance: Option<Amount>,
}

impl Coupon {
    /// Makes an unassigned coupon what it was in another system, or says where that contradicts itself. A live one whose
    /// time is over by now is expired.
    pub fn imported(mut self, terms: &Terms, from: Imported, now: Instant) -> Result<Decision, Refusal> {
        let usages = from.check_usages(terms)?;
        let balance = from.check_balance(terms)?;
        from.check_holder()?;
        from.check_times(now)?;
        let given = from.claimed_at.unwrap_or(now);
        self.expires_at = match from.expires_at {
            None if from.customer.is_some() => terms.restrictions.end_of(given)?,
            end => end,
        };
        let over = self.expires_at.is_some_and(|end| end <= now);
        if from.status == Status::Expired && !over {
            return Err(wrong(Field::ExpiresAt, "an EXPIRED coupon needs an end that is past"));
        }
        let after = if from.status.is_live() && over { Status::Expired } else { from.status };
        self.customer = from.customer;
        self.original_customer = self.customer.clone();
        self.claimed_at = self.customer.is_some().then_some(given);
        self.redeemed_at = from.redeemed_at;
        self.invalidated_at = (after == Status::Invalid).then_some(now);
        self.usages = usages;
        self.claims = match (&self.customer, terms.card_value()) {
            (None, _) => 0,
            (Some(_), Some(_)) => 1,
            (Some(_), None) => usages.max(1),
        };
        let mut entries = Vec::new();
        let mut change = self.change(EventType::Import, after);
        if let (Some(balance), Some(value)) = (balance, terms.card_value()) {
            entries.push(self.issue(balance, now));
            if let Some(account) = self.account.as_mut().filter(|_| usages > 0) {
                account.redeemed = value.minus(balance);
            }
            change.amount = Some(balance);
            change.balance_after = Some(balance);
        }
        self.status = after;
        self.version += 1;
        Ok(Decision { coupon: self, changes: vec![change], entries })
    }

    /// Gives a coupon that was taken back to whom it was taken from, with its times and what it held.
    pub fn give_back(mut self, terms: &Terms, taken: Taken, now: Instant) -> Result<Decision, Refusal> {
        if self.status_at(now) != Status::Unassigned {
            return Err(self.refusal(now).into());
        }
        if taken.claims > 1 {
            let reason = "it had been given more than once, which is not taken back as one: claim it again".to_owned();
            return Err(Rejection::ValueInvalid { reason }.into());
        }
        self.customer = Some(taken.customer);
        (self.claimed_at, self.expires_at) = (taken.claimed_at, taken.expires_at);
        self.claims = 1;
        self.handed_on = (self.transfers > 0).then_some(false);
        let mut change = self.change(EventType::Claim, Status::Claimed);
        let mut entries = Vec::new();
        if let Some(balance) = taken.balance.filter(|_| terms.card_value().is_some()) {
            entries.push(self.issue(balance, now));
            change.amount = Some(balance);
            change.balance_after = self.balance();
        }
        self.status = Status::Claimed;
        self.version += 1;
        Ok(Decision { coupon: self, changes: vec![change], entries })
    }

    /// What its holder has of it, as [`Coupon::give_back`] gives it.
    #[must_use]
    pub fn taken(&self) -> Option<Taken> {
        Some(Taken {
            customer: self.customer.clone()?,
            claimed_at: self.claimed_at,
            expires_at: self.expires_at,
            claims: self.claims,
            balance: self.balance(),
        })
    }

    fn issue(&mut self, balance: Amount, now: Instant) -> Entry {
        let mut account = self.account.unwrap_or_default();
        let entry = account.post(EntryKind::Issue, balance, Posting { coupon: self.id, transaction: None, at: now });
        account.redeemed = Amount::ZERO;
        account.voided = None;
        self.account = Some(account);
        entry
    }
}

impl Imported {
    /// How often it was used, which its status has to agree with.
    fn check_usages(&self, terms: &Terms) -> Result<u32, Refusal> {
        let is_card = terms.card_value().is_some();
        let (least, most) = match self.status {
            Status::PartiallyRedeemed if !is_card => {
                return Err(wrong(Field::Status, "only a gift card can be PARTIALLY_REDEEMED"));
            }
            Status::PartiallyRedeemed | Status::Redeemed => (1, u32::MAX),
            Status::Expired | Status::Invalid if is_card => (0, u32::MAX),
            Status::Unassigned | Status::Claimed | Status::Expired | Status::Invalid => (0, 0),
        };
        let usages = self.usages.unwrap_or(least);
        if usages < least {
            return Err(wrong(Field::Usages, "a coupon that was redeemed was used at least once"));
        }
        if usages > most || (usages == 0 && self.redeemed_at.is_some()) {
            let reason = format!(
                "a coupon that is {} was not used: leave usages and redeemed_at empty, or give its real \
                                  status",
                self.status.name()
            );
            return Err(wrong(Field::Usages, &reason));
        }
        Ok(usages)
    }

    /// What a gift card holds, which its status and value have to agree with.
    fn check_balance(&self, terms: &Terms) -> Result<Option<Amount>, Refusal> {
        let Some(value) = terms.card_value() else {
            return match self.balance {
                Some(_) => {
                    let subject = format!("a coupon of type {}", terms.value.kind().name());
                    Err(Rejection::FieldNotApplicable { subject }.at([Field::Balance]))
                }
                None => Ok(None),
            };
        };
        let text = |amount: Amount| amount.text(terms.exponent());
        let balance = match (self.status, self.balance) {
            (_, Some(balance)) if balance > value => {
                let reason = format!("the balance of {} is above the value of {}", text(balance), text(value));
                return Err(wrong(Field::Balance, &reason));
            }
            (_, Some(balance)) if balance < Amount::ZERO => {
                return Err(wrong(Field::Balance, "the balance is below zero"));
            }
            (Status::PartiallyRedeemed, None) => {
                return Err(wrong(Field::Balance, "a card that has paid in part needs its balance"));
            }
            (Status::PartiallyRedeemed, Some(balance)) if balance == value || balance == Amount::ZERO => {
                return Err(wrong(Field::Balance, "a card that has paid in part holds some of its value and not all"));
            }
            (Status::Redeemed | Status::Invalid, Some(balance)) if balance != Amount::ZERO => {
                let reason = format!("a card that is {} holds nothing, found {}", self.status.name(), text(balance));
                return Err(wrong(Field::Balance, &reason));
            }
            (Status::Redeemed | Status::Invalid, _) => Amount::ZERO,
            (Status::Claimed, Some(balance)) if balance != value => {
                return Err(wrong(
                    Field::Balance,
                    "a CLAIMED card holds all of its value: one that has paid is \
                                             PARTIALLY_REDEEMED",
                ));
            }
            (_, balance) => balance.unwrap_or(value),
        };
        Ok(self.customer.is_some().then_some(balance))
    }

    fn check_holder(&self) -> Result<(), Refusal> {
        match (self.status, &self.customer) {
            (Status::Unassigned, _) => Err(wrong(Field::Status, "an UNASSIGNED coupon is added, not brought over")),
            (Status::Invalid, None) if self.claimed_at.is_none() && self.usages.unwrap_or(0) == 0 => Ok(()),
            (_, None) => {
                Err(Rejection::RequiredBecause { what: "a customer", why: "the coupon is out" }.at([Field::Customer]))
            }
            (_, Some(_)) => Ok(()),
        }
    }

    fn check_times(&self, now: Instant) -> Result<(), Refusal> {
        for (field, at) in [(Field::ClaimedAt, self.claimed_at), (Field::RedeemedAt, self.redeemed_at)] {
            if at.is_some_and(|at| at > now) {
                return Err(wrong(field, "expected an instant that is past"));
            }
        }
        if let (Some(claimed), Some(redeemed)) = (self.claimed_at, self.redeemed_at)
            && redeemed < claimed
        {
            return Err(wrong(Field::RedeemedAt, "it was redeemed before it was claimed"));
        }
        Ok(())
    }
}

fn wrong(column: Field, reason: &str) -> Refusal {
    Rejection::ValueInvalid { reason: reason.to_owned() }.at([column])
}
