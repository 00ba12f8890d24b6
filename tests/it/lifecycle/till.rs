//! What is asked of the till: checkouts of one line with one coupon, which are held, completed, released and returned.

use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use scrip::{
    domain::{
        basket::BasketDraft,
        purchase::{Asked, AskedLine},
    },
    service::{Checkout, CheckoutOrder, Command, Hold, Presentation, Release, Return, ReturnOrder},
};

use crate::support;

use super::{
    action::Target,
    world::{PEOPLE, POOLS, code_of},
};

/// A checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Till {
    /// The pool's place, and the coupon's in it, by whose code it is presented.
    pub(super) pool: usize,
    pub(super) index: u64,
    pub(super) customer: usize,
    /// What the line costs.
    pub(super) cents: i64,
    pub(super) transaction: u8,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) enum Asking {
    Hold(Till, i64),
    Complete(Till),
    Release(u8),
    /// All that is left, or so much of the line.
    Return(u8, Option<i64>),
}

/// The id of a purchase.
pub(super) fn name(transaction: u8) -> String {
    format!("till {transaction}")
}

fn text(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}

impl Till {
    fn random(random: &mut StdRng) -> Self {
        let known: Vec<usize> = (0..POOLS.len()).filter(|pool| POOLS[*pool].pattern.is_none()).collect();
        Self {
            pool: *known.choose(random).expect("a pool"),
            index: random.random_range(0..6),
            customer: random.random_range(0..PEOPLE.len()),
            cents: *[1, 4, 5_00, 9_99, 12_50, 45_01, 99_99].choose(random).expect("a price"),
            transaction: random.random_range(0..6),
        }
    }

    /// By whose code it is presented.
    pub(super) fn target(&self) -> Target {
        Target { pool: self.pool, index: self.index, by_code: Some(Some(self.customer)) }
    }

    /// Whether it is the same basket, and the same code as it is typed.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let code = |till: &Self| code_of(till.pool, till.index);
        code(self) == code(other) && self.cents == other.cents
    }

    fn order(&self) -> Box<CheckoutOrder> {
        let lines = vec![("a".to_owned(), 1, text(self.cents))];
        Box::new(CheckoutOrder {
            transaction: support::purchase(&name(self.transaction)),
            customer: support::customer(PEOPLE[self.customer].id),
            basket: BasketDraft { currency: "EUR".to_owned(), store: None, shipping: None, lines },
            coupons: vec![Presentation { code: code_of(self.pool, self.index), amount: None }],
            at: None,
            expected_payable: None,
        })
    }
}

impl Asking {
    pub(super) fn random(random: &mut StdRng) -> Self {
        let till = Till::random(random);
        match random.random_range(0..10) {
            0..4 => Self::Hold(till, *[0, 1, 10, 59, 60, 600, 1_440, 1_441].choose(random).expect("minutes")),
            4..7 => Self::Complete(till),
            7 => Self::Release(till.transaction),
            _ => {
                let part = random.random_bool(0.7);
                let cents = *[-1, 0, 1, 3, 2_50, 5_00, 9_99, 50_00].choose(random).expect("an amount");
                Self::Return(till.transaction, part.then_some(cents))
            }
        }
    }

    pub(super) fn command(&self) -> Command {
        match self {
            Self::Hold(till, minutes) => Hold { order: till.order(), minutes: *minutes }.into(),
            Self::Complete(till) => Checkout(till.order()).into(),
            Self::Release(transaction) => Release(support::purchase(&name(*transaction))).into(),
            Self::Return(transaction, cents) => {
                let asked = match cents {
                    None => Asked::All,
                    Some(cents) => {
                        let line = AskedLine { line: 0, quantity: None, amount: Some(text(*cents)) };
                        Asked::Parts(vec![line], false)
                    }
                };
                let transaction = support::purchase(&name(*transaction));
                Return(Box::new(ReturnOrder { transaction, asked, reason: None })).into()
            }
        }
    }
}
