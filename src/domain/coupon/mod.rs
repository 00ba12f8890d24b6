//! A coupon and its life. Each action is a transition that takes the coupon and gives back a
//! [`Decision`] or the refusal that names the state found; there is no other way to change one. Time
//! alone ends a claimed coupon: [`Coupon::status_at`] is what every reader sees.

mod actions;
mod card_actions;
mod extend;
mod hold;
mod imported;
#[cfg(test)]
mod money_back;
mod reinstate;
#[cfg(test)]
mod tests;
mod unredeem;

pub use actions::Holder;
pub use hold::{AllHeld, Held};
pub use imported::{Imported, Taken};

use serde::{Deserialize, Serialize};

use super::{
    decimal::Amount,
    event::{Change, EventType},
    gift_card::{Account, Entry},
    id::{CouponId, CustomerId, EntryId, EventId, TermsNumber},
    period::Instant,
    rejection::Rejection,
    status::Status,
};

/// A coupon that has been touched: added by a list, claimed, or taken out of use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// Its place in its pool.
    pub id: CouponId,
    /// What a customer types.
    pub code: String,
    /// The terms it carries.
    pub terms: TermsNumber,
    /// The status that was last recorded; see [`Coupon::status_at`].
    pub status: Status,
    /// Who holds it.
    pub customer: Option<CustomerId>,
    /// Who claimed it first.
    pub original_customer: Option<CustomerId>,
    /// When its holder's claim was.
    pub claimed_at: Option<Instant>,
    /// When its time is over.
    pub expires_at: Option<Instant>,
    /// When it was last redeemed.
    pub redeemed_at: Option<Instant>,
    /// When it was taken out of use.
    pub invalidated_at: Option<Instant>,
    /// How often it was given to its holder.
    pub claims: u32,
    /// How many redemptions stand.
    pub usages: u32,
    /// How often it changed hands.
    pub transfers: u32,
    /// Whether its holder has it from another customer, where it ever changed hands.
    #[serde(default)]
    pub handed_on: Option<bool>,
    /// The account of a gift card that has been issued.
    pub account: Option<Account>,
    /// The purchases of the redemptions that stand, of a coupon that is no gift card: the latest last, none for one that
    /// named no purchase, and only the last [`Coupon::PURCHASES`].
    #[serde(default)]
    pub purchases: Vec<Option<String>>,
    /// What checkouts that are not completed yet hold of it, in the order in which they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Held>,
    /// The event by which its holder came to hold it.
    pub acquired: Option<EventId>,
    /// Its events.
    pub history: History,
    /// How many of its pool's updates it has taken over, or was not meant by; see [`Pool::taken_over`].
    ///
    /// [`Pool::taken_over`]: super::pool::Pool::taken_over
    #[serde(default)]
    pub updates: u32,
    /// Raised by one with every action.
    pub version: u64,
}

/// The events of a coupon in order: the latest here, older ones in full leaves of [`History::LEAF`]
/// beside it, so that a coupon with thousands of events stays small.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct History {
    /// How many leaves are full.
    pub leaves: u32,
    /// The events since the last full leaf.
    pub recent: Vec<EventId>,
}

impl History {
    /// How many events a leaf holds.
    pub const LEAF: usize = 32;

    /// How many events the coupon has.
    #[must_use]
    pub fn len(&self) -> u64 {
        u64::from(self.leaves) * Self::LEAF as u64 + self.recent.len() as u64
    }

    /// Whether the coupon has no event yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an event; gives back a leaf, with its number, when that filled one.
    pub fn push(&mut self, event: EventId) -> Option<(u32, Vec<EventId>)> {
        self.recent.push(event);
        if self.recent.len() < Self::LEAF {
            return None;
        }
        let leaf = (self.leaves, std::mem::take(&mut self.recent));
        self.leaves = self.leaves.saturating_add(1);
        Some(leaf)
    }
}

/// What an action does, if it is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The coupon after it.
    pub coupon: Coupon,
    /// Its events, in order.
    pub changes: Vec<Change>,
    /// The ledger entries it makes, and the one that a reversal marks.
    pub entries: Vec<Entry>,
}

impl Decision {
    /// The same decision with why it was taken, in the words of whoever asked for it. Events that have a reason of their
    /// own keep it, and that time is over has none.
    #[must_use]
    pub fn because(mut self, reason: Option<&str>) -> Self {
        for change in self.changes.iter_mut().filter(|change| change.kind != EventType::Expire) {
            change.reason = change.reason.take().or_else(|| reason.map(str::to_owned));
        }
        self
    }
}

impl Coupon {
    /// Of how many redemptions a coupon knows the purchase. It has more than one only where its pool is aggregated.
    pub const PURCHASES: usize = 8;

    /// A coupon that nobody has claimed.
    #[must_use]
    pub fn unassigned(id: CouponId, code: String, terms: TermsNumber) -> Self {
        Self {
            id,
            code,
            terms,
            status: Status::Unassigned,
            customer: None,
            original_customer: None,
            claimed_at: None,
            expires_at: None,
            redeemed_at: None,
            invalidated_at: None,
            claims: 0,
            usages: 0,
            transfers: 0,
            handed_on: None,
            account: None,
            purchases: Vec::new(),
            holds: Vec::new(),
            acquired: None,
            history: History::default(),
            updates: 0,
            version: 0,
        }
    }

    /// The status at an instant: a claimed coupon is expired from the instant of its expiry on.
    #[must_use]
    pub fn status_at(&self, now: Instant) -> Status {
        self.status.at(self.expires_at, now)
    }

    /// The refusal that names the status found.
    fn refusal(&self, now: Instant) -> Rejection {
        self.status_at(now).refusal(self.expires_at)
    }

    /// The status of a coupon that a customer holds and that is neither over nor out of use.
    fn status_in_use(&self) -> Status {
        match self.account {
            Some(account) if !account.balance.is_positive() => Status::Redeemed,
            Some(account) if account.redeemed.is_positive() => Status::PartiallyRedeemed,
            None if self.usages >= self.claims => Status::Redeemed,
            Some(_) | None => Status::Claimed,
        }
    }

    /// Records that its time is over, where it is and nothing has recorded it yet, so that what comes next happens to an
    /// expired coupon, as every reader sees it.
    fn end_if_over(&mut self, now: Instant) -> Option<Change> {
        if !self.status.is_live() || self.status_at(now) != Status::Expired {
            return None;
        }
        let change = self.change(EventType::Expire, Status::Expired);
        self.status = Status::Expired;
        Some(change)
    }

    /// The entry of the ledger of a gift card that is out of use that took off what it held, if there is one.
    #[must_use]
    pub fn void_entry(&self) -> Option<EntryId> {
        let account = self.account.filter(|_| self.status == Status::Invalid)?;
        let number = account.voided.or_else(|| account.entries.checked_sub(1))?;
        Some(EntryId { coupon: self.id, number })
    }

    /// Whether its pool gave it to whoever holds it. Versions before did not tell one that was claimed anew after it had
    /// changed hands.
    #[must_use]
    pub fn is_of_its_claimer(&self) -> bool {
        self.customer.is_some() && self.handed_on.map_or(self.transfers == 0, |handed_on| !handed_on)
    }

    /// The balance of a gift card that has been issued.
    #[must_use]
    pub fn balance(&self) -> Option<Amount> {
        self.account.map(|account| account.balance)
    }

    /// The facts of a change of this coupon to `after`, as its holder's history tells them.
    pub(super) fn change(&self, kind: EventType, after: Status) -> Change {
        Change {
            kind,
            customer: self.customer.clone(),
            before: self.status,
            after,
            amount: None,
            balance_after: self.balance(),
            transaction: None,
            counterpart: None,
            reason: None,
            reference: None,
        }
    }
}
