//! The random commands: everything that changes a coupon, and what decides about it, with good input
//! and bad.

use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use scrip::{
    domain::{
        customer::Email,
        event::Reason,
        id::{CouponId, EntryId},
    },
    service::{
        Adjust, Claim, Command, CouponRef, CouponsAdd, CouponsGenerate, Extend, Invalidate, PoolArchive, Redeem,
        Reinstate, Transfer, Unassign, Unredeem,
    },
};

use crate::support;

use super::{
    till::Asking,
    world::{PEOPLE, POOLS, code_of, pool_id},
};

/// Which coupon is meant.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The pool's place.
    pub(super) pool: usize,
    /// The coupon's place in it; there may be none.
    pub(super) index: u64,
    /// By its code, with the customer at this place where one is named.
    pub(super) by_code: Option<Option<usize>>,
}

/// A command, in the model's words: pools and customers by their places, money in cents.
#[derive(Debug, Clone)]
pub(super) enum Action {
    Claim {
        pool: usize,
        customer: usize,
    },
    Redeem {
        target: Target,
        customer: Option<usize>,
        cents: Option<i64>,
        transaction: Option<u8>,
    },
    Unredeem {
        target: Target,
        entry: Option<u32>,
        cents: Option<i64>,
    },
    Unassign(Target),
    Transfer {
        target: Target,
        to: Option<usize>,
        email: Option<usize>,
    },
    Invalidate(Target),
    Reinstate(Target),
    /// Until so many minutes after the start.
    Extend {
        target: Target,
        until: i64,
    },
    Adjust {
        target: Target,
        cents: i64,
    },
    Archive {
        pool: usize,
        archive: bool,
    },
    Add {
        pool: usize,
        name: u32,
    },
    /// At the till.
    Till(Asking),
}

fn maybe<T>(random: &mut StdRng, chance: f64, value: impl FnOnce(&mut StdRng) -> T) -> Option<T> {
    random.random_bool(chance).then(|| value(random))
}

fn somebody(random: &mut StdRng) -> usize {
    random.random_range(0..PEOPLE.len())
}

fn money(random: &mut StdRng) -> i64 {
    *[-1, 0, 1, 5_00, 9_99, 10_00, 12_50, 20_00, 40_00, 45_01, 50_00].choose(random).expect("an amount")
}

impl Target {
    fn random(random: &mut StdRng) -> Self {
        let pool = random.random_range(0..POOLS.len());
        let index = random.random_range(0..6);
        // Which codes a pattern makes is not foreseeable.
        let known = POOLS[pool].pattern.is_none();
        let by_code = maybe(random, 0.4, |random| maybe(random, 0.8, somebody)).filter(|_| known);
        Self { pool, index, by_code }
    }

    fn coupon_ref(&self) -> CouponRef {
        let Some(customer) = self.by_code else {
            return CouponRef::Id(CouponId { pool: pool_id(self.pool), index: self.index });
        };
        // Codes are trimmed and compared without regard to case.
        let code = format!(" {} ", code_of(self.pool, self.index).to_lowercase());
        let customer = customer.map(|place| crate::support::customer(PEOPLE[place].id));
        CouponRef::Code { code, pool: None, customer }
    }
}

impl Action {
    pub(super) fn random(random: &mut StdRng) -> Self {
        if random.random_bool(0.25) {
            return Self::Till(Asking::random(random));
        }
        let target = Target::random(random);
        match random.random_range(0..100) {
            0..27 => Self::Claim { pool: target.pool, customer: somebody(random) },
            27..55 => {
                let card = POOLS[target.pool].card.is_some();
                let customer = maybe(random, 0.4, somebody);
                let cents = maybe(random, if card { 0.95 } else { 0.05 }, money);
                Self::Redeem { target, customer, cents, transaction: maybe(random, 0.3, |r| r.random_range(0..20)) }
            }
            55..68 => {
                let card = POOLS[target.pool].card.is_some();
                let entry = maybe(random, if card { 0.95 } else { 0.05 }, |random| random.random_range(0..6));
                Self::Unredeem { target, entry, cents: maybe(random, if card { 0.5 } else { 0.05 }, money) }
            }
            68..76 => Self::Unassign(target),
            76..85 => {
                let to = maybe(random, 0.7, somebody);
                Self::Transfer { target, to, email: maybe(random, 0.3, somebody) }
            }
            85..89 => Self::Invalidate(target),
            89..91 => Self::Reinstate(target),
            91..93 => Self::Extend { target, until: *[60, 3_000, 6_000, 9_000].choose(random).expect("an end") },
            93..95 => Self::Adjust {
                target,
                cents: *[-50_00, -20_00, -5_00, -1, 0, 1, 3_00].choose(random).expect("an amount"),
            },
            95..97 => Self::Archive { pool: target.pool, archive: random.random_bool(0.3) },
            _ => Self::Add { pool: target.pool, name: random.random() },
        }
    }

    pub(super) fn command(&self) -> Command {
        let text =
            |cents: i64| format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100);
        let decimal = |cents: i64| support::decimal(&text(cents));
        let id = |customer: usize| support::customer(PEOPLE[customer].id);
        let reason = || Reason::parse("a correction").expect("a reason");
        match self {
            Self::Claim { pool, customer } => Claim::of(pool_id(*pool), id(*customer)).into(),
            Self::Redeem { target, customer, cents, transaction } => Redeem {
                customer: customer.map(id),
                amount: cents.map(decimal),
                transaction: transaction.map(|number| support::purchase(&format!("purchase {number}"))),
                ..Redeem::of(target.coupon_ref())
            }
            .into(),
            Self::Unredeem { target, entry, cents } => {
                let coupon = CouponId { pool: pool_id(target.pool), index: target.index };
                let entry = entry.map(|number| EntryId { coupon, number });
                let (coupon, amount) = (target.coupon_ref(), cents.map(decimal));
                Unredeem { coupon, entry, transaction: None, amount, reason: None }.into()
            }
            Self::Unassign(target) => Unassign { coupon: target.coupon_ref(), reason: None }.into(),
            Self::Transfer { target, to, email } => {
                let email = email.map(|place| PEOPLE[place].email.unwrap_or("unknown@example.com").to_uppercase());
                let to_email = email.map(|email| Email::parse(&email).expect("an address"));
                Transfer { coupon: target.coupon_ref(), to: to.map(id), to_email, reason: None }.into()
            }
            Self::Invalidate(target) => Invalidate { coupon: target.coupon_ref(), reason: None }.into(),
            Self::Reinstate(target) => Reinstate { coupon: target.coupon_ref(), reason: None }.into(),
            Self::Extend { target, until } => {
                let until = super::world::instant(*until);
                Extend { coupon: target.coupon_ref(), until, reason: None }.into()
            }
            Self::Adjust { target, cents } => {
                Adjust { coupon: target.coupon_ref(), amount: decimal(*cents), reason: reason() }.into()
            }
            Self::Till(asking) => asking.command(),
            Self::Archive { pool, archive } => PoolArchive { pool: pool_id(*pool), archived: *archive }.into(),
            Self::Add { pool, .. } if POOLS[*pool].pattern.is_some() => {
                CouponsGenerate { pool: pool_id(*pool), count: 1 }.into()
            }
            Self::Add { pool, name } => {
                CouponsAdd { pool: pool_id(*pool), codes: vec![format!("EXTRA-{name}")] }.into()
            }
        }
    }
}
