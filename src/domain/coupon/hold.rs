//! Holds: a checkout that is not completed yet keeps a use of a coupon, or an amount of a gift card, for itself until an
//! instant. Everybody else finds that much less of it, and what would take the coupon away from its customer is refused
//! meanwhile. A hold is over at its instant for everybody, whether or not anything has recorded that. What is held is
//! promised: it can be redeemed although the time of the coupon is over by then.

use serde::{Deserialize, Serialize};

use crate::{
    decimal::Amount,
    event::{Change, EventType},
    id::CustomerId,
    period::Instant,
    rejection::{Refusal, Rejection},
    status::Status,
    terms::Terms,
};

use super::{Coupon, Decision};

/// A use of a coupon, or an amount of a gift card, that a checkout holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The id that the checkout is to be recorded under.
    pub transaction: String,
    /// When it is over.
    pub until: Instant,
    /// Gift cards: how much.
    pub amount: Option<Amount>,
    /// Whether nobody held the coupon, and it was given to the customer for this.
    pub assigned: bool,
}

/// What checkouts hold of a coupon at an instant, all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AllHeld {
    /// How many there are.
    pub number: u32,
    /// Gift cards: how much.
    pub amount: Amount,
    /// Gift cards: the least that one of them holds.
    least: Option<Amount>,
    /// When the last of them is over.
    pub until: Option<Instant>,
}

impl AllHeld {
    /// With another one.
    fn and(self, hold: &Held) -> Self {
        let amount = hold.amount.unwrap_or_default();
        Self {
            number: self.number.saturating_add(1),
            amount: self.amount.plus(amount),
            least: Some(self.least.map_or(amount, |least| least.min(amount))),
            until: self.until.max(Some(hold.until)),
        }
    }

    /// Why nothing more can be had of it; none where there is no hold.
    pub(crate) fn refusal(&self) -> Option<Rejection> {
        self.until.map(|until| Rejection::Held { until })
    }

    /// Whether a gift card can spare an amount beside what is held: it would be voided otherwise before all that is held
    /// is paid.
    pub(crate) fn spares(&self, balance: Amount, amount: Amount, terms: &Terms) -> bool {
        let (Some(least), Some(minimum)) = (self.least, terms.restrictions.minimum_value) else { return true };
        balance.minus(self.amount).minus(amount).plus(least) >= minimum
    }
}

impl Coupon {
    /// How many checkouts can hold something of a coupon at the same time.
    pub const HOLDS: usize = 8;

    /// What checkouts hold of it.
    #[must_use]
    pub fn held(&self, now: Instant) -> AllHeld {
        self.holds.iter().filter(|hold| hold.until > now).fold(AllHeld::default(), AllHeld::and)
    }

    /// It as the checkout with this id finds it: what that holds itself is free for it.
    #[must_use]
    pub fn for_checkout(mut self, transaction: &str) -> Self {
        self.holds.retain(|hold| hold.transaction != transaction);
        self
    }

    /// Whether a hold of it is over that is not recorded as over.
    #[must_use]
    pub fn has_hold_that_is_over(&self, now: Instant) -> bool {
        self.holds.iter().any(|hold| hold.until <= now)
    }

    /// Refused while a checkout holds something of it.
    pub(super) fn check_not_held(&self, now: Instant) -> Result<(), Rejection> {
        self.held(now).refusal().map_or(Ok(()), Err)
    }

    /// Refused where checkouts hold all uses that it has left, of a coupon that is no gift card.
    pub fn check_use_left(&self, now: Instant) -> Result<(), Rejection> {
        let held = self.held(now);
        let left = self.claims.saturating_sub(self.usages);
        if held.number == 0 || held.number < left { Ok(()) } else { held.refusal().map_or(Ok(()), Err) }
    }

    /// Whether checkouts leave something of it: a use, or some of what a gift card holds.
    #[must_use]
    pub fn has_something_free(&self, now: Instant) -> bool {
        match self.account {
            Some(account) => account.balance.minus(self.held(now).amount).is_positive(),
            None => self.check_use_left(now).is_ok(),
        }
    }

    /// Holds a use of it, or an amount of a gift card, for a checkout of its holder's.
    pub fn hold(mut self, terms: &Terms, hold: Held, by: &CustomerId, now: Instant) -> Result<Decision, Refusal> {
        if !self.status_at(now).is_live() {
            return Err(self.refusal(now).into());
        }
        self.check_owner(Some(by))?;
        self.holds.retain(|other| other.until > now);
        if self.holds.len() >= Self::HOLDS {
            let what = "too many checkouts that hold this coupon at the same time";
            return Err(Rejection::LimitExceeded { what, limit: Self::HOLDS as u64 }.into());
        }
        match (self.account, hold.amount) {
            (Some(account), Some(amount)) => {
                let held = self.held(now);
                account.check_redemption(terms, amount, &held)?;
                // Each of them may be the last one that is paid.
                let spares = held.and(&hold).spares(account.balance, Amount::ZERO, terms);
                if let Some(refusal) = held.refusal().filter(|_| !spares) {
                    return Err(refusal.into());
                }
            }
            (Some(_), None) => return Err(Rejection::AmountRequired.into()),
            (None, _) => self.check_use_left(now)?,
        }
        let change = self.hold_change(EventType::Hold, &hold, self.status);
        self.holds.push(hold);
        self.version += 1;
        Ok(Decision { coupon: self, changes: vec![change], entries: Vec::new() })
    }

    /// Gives back what a checkout holds of it, by hand or because it is over; none where that holds nothing.
    #[must_use]
    pub fn release(mut self, transaction: &str, now: Instant) -> Option<Decision> {
        let place = self.holds.iter().position(|hold| hold.transaction == transaction)?;
        let hold = self.holds.remove(place);
        let mut changes = Vec::new();
        // In the order in which they happened, whenever they are recorded.
        if self.expires_at.is_some_and(|end| end <= hold.until) {
            changes.extend(self.end_if_over(now));
        }
        changes.push(self.hold_change(EventType::Release, &hold, self.status));
        let mut entries = Vec::new();
        self.version += 1;
        let unused = self.usages == 0 && self.claims == 1 && self.holds.is_empty();
        let is_its_own = hold.assigned && unused && self.account.is_none_or(|account| !account.redeemed.is_positive());
        if is_its_own && matches!(self.status, Status::Claimed | Status::Expired) {
            let (change, voided) = self.take_from_holder(now);
            changes.push(change);
            entries.extend(voided);
        }
        Some(Decision { coupon: self, changes, entries })
    }

    /// Redeems what a checkout holds of it: a use, or the amount of a gift card. That its time is over by now does not
    /// keep it from that; what then is left of it is expired.
    pub fn redeem_held(mut self, terms: &Terms, transaction: &str, now: Instant) -> Result<Decision, Refusal> {
        let Some(place) = self.holds.iter().position(|hold| hold.transaction == transaction) else {
            return Err(self.refusal(now).into());
        };
        let hold = self.holds.remove(place);
        let ended = self.end_if_over(now);
        let transaction = Some(transaction.to_owned());
        let mut decision = match (self.account, hold.amount) {
            (Some(account), Some(amount)) => self.pay(account, terms, amount, transaction, now),
            _ => self.use_once(transaction, now),
        };
        decision.changes.splice(..0, ended);
        Ok(decision)
    }

    fn hold_change(&self, kind: EventType, hold: &Held, status: Status) -> Change {
        let mut change = self.change(kind, status);
        change.amount = hold.amount;
        change.transaction = Some(hold.transaction.clone());
        change
    }
}
