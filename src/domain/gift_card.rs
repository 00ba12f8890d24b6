//! The account of a gift card: a balance and an append-only ledger whose signed entries always sum
//! up to it. A redemption takes at most the balance, a reversal returns at most what its redemption
//! took, and nothing is ever rounded.

use serde::{Deserialize, Serialize};

use super::{
    coupon::AllHeld,
    decimal::Amount,
    id::EntryId,
    period::Instant,
    rejection::{Input, Refusal, Rejection},
    terms::Terms,
};

/// The state of a card since it was first issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Account {
    /// What it holds.
    pub balance: Amount,
    /// What it has paid and not been given back, since it was issued to its customer.
    pub redeemed: Amount,
    /// How many entries its ledger has.
    pub entries: u32,
    /// The entry that took off what it held when it was taken out of use, as long as that stands. None as well of a card
    /// that was taken out of use before this was noted, whose last entry it is.
    #[serde(default)]
    pub voided: Option<u32>,
}

/// Why an entry was made (`LedgerKind` of the API).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    /// The card was claimed: its value was put on it.
    Issue,
    /// It paid.
    Redeem,
    /// A redemption was taken back, wholly or in part, or what an invalidation took off.
    Reverse,
    /// It was changed by hand.
    Adjust,
    /// What was left on it was taken off.
    Void,
}

impl EntryKind {
    /// All of them, in the order of their [`EntryKind::number`].
    pub const ALL: [Self; 5] = [Self::Issue, Self::Redeem, Self::Reverse, Self::Adjust, Self::Void];

    /// Its place in [`EntryKind::ALL`], which is how the database keeps it.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// One entry of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The card and the entry's place.
    pub id: EntryId,
    /// Why it was made.
    pub kind: EntryKind,
    /// What it changed the balance by; below zero for what was taken off.
    pub amount: Amount,
    /// The balance after it.
    pub balance_after: Amount,
    /// The purchase it belongs to.
    pub transaction: Option<String>,
    /// When it was made.
    pub at: Instant,
    /// The entry that a reversal takes back: a redemption, or what an invalidation took off.
    pub reverses: Option<u32>,
    /// How much of it has been taken back.
    pub reversed: Amount,
}

impl Account {
    /// Appends an entry and moves the balance by it.
    pub(super) fn post(&mut self, kind: EntryKind, amount: Amount, posting: Posting) -> Entry {
        self.balance = self.balance.plus(amount);
        let number = self.entries;
        self.entries = self.entries.saturating_add(1);
        Entry {
            id: EntryId { coupon: posting.coupon, number },
            kind,
            amount,
            balance_after: self.balance,
            transaction: posting.transaction,
            at: posting.at,
            reverses: None,
            reversed: Amount::ZERO,
        }
    }

    /// Whether the card can pay `amount` at once, beside what checkouts hold of it (product section 3: Gift cards).
    pub fn check_redemption(&self, terms: &Terms, amount: Amount, held: &AllHeld) -> Result<(), Refusal> {
        let exponent = terms.exponent();
        if !amount.is_positive() {
            let reason = "expected an amount above zero".to_owned();
            return Err(Rejection::ValueInvalid { reason }.at([Input::Amount]));
        }
        if amount > self.balance {
            return Err(Rejection::InsufficientBalance { balance: self.balance.text(exponent) }.at([Input::Amount]));
        }
        let free = self.balance.minus(held.amount);
        if let Some(until) = held.until.filter(|_| amount > free || !held.spares(self.balance, amount, terms)) {
            return Err(Rejection::PartHeld { free: free.text(exponent), until }.at([Input::Amount]));
        }
        match terms.restrictions.minimum_redemption_value {
            Some(minimum) if amount < minimum && amount != free => {
                Err(Rejection::BelowMinimumRedemption { minimum: minimum.text(exponent) }.at([Input::Amount]))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether what is left after a redemption is too little to be kept. An empty card is simply
    /// used up.
    #[must_use]
    pub fn falls_below_minimum(&self, terms: &Terms) -> bool {
        self.balance.is_positive() && terms.restrictions.minimum_value.is_some_and(|minimum| self.balance < minimum)
    }
}

/// What every posting of one decision shares.
#[derive(Debug, Clone)]
pub(super) struct Posting {
    /// The card.
    pub(super) coupon: super::id::CouponId,
    /// The purchase.
    pub(super) transaction: Option<String>,
    /// When.
    pub(super) at: Instant,
}

impl Entry {
    /// What a reversal of this redemption may still return.
    #[must_use]
    pub fn reversible(&self) -> Amount {
        match self.kind {
            EntryKind::Redeem => Amount::ZERO.minus(self.amount).minus(self.reversed),
            EntryKind::Issue | EntryKind::Reverse | EntryKind::Adjust | EntryKind::Void => Amount::ZERO,
        }
    }
}
