//! What the random commands are about: a few small pools of every kind, so that the commands meet
//! each other, and a few customers, some of whom are not known at first.

use scrip::domain::{
    id::{CouponId, PoolId},
    period::Instant,
    pool_draft::{PoolDraft, RestrictionsDraft},
};

use scrip::service::SettingsEdit;

use crate::support::{TestScrip, code, draft};

/// A pool, as the model needs to know it.
pub(super) struct PoolFacts {
    /// Gift cards: the value in cents.
    pub(super) card: Option<i64>,
    /// The code that everybody gets.
    pub(super) generic: Option<&'static str>,
    /// The pattern of the codes that the pool makes, and whether they exist before they are claimed.
    pub(super) pattern: Option<(&'static str, bool)>,
    pub(super) aggregated: bool,
    /// Whether coupons are given back with what they took something of.
    pub(super) returnable: bool,
    pub(super) currency: Option<&'static str>,
    /// The least that stays on a card, and the least that it pays.
    pub(super) minimums: (i64, i64),
    /// How long a coupon lasts, in minutes.
    pub(super) minutes: Option<i64>,
    /// How many codes it has at first.
    pub(super) codes: u64,
}

const PLAIN: PoolFacts = PoolFacts {
    card: None,
    generic: None,
    pattern: None,
    aggregated: false,
    returnable: true,
    currency: None,
    minimums: (0, 0),
    minutes: None,
    codes: 5,
};

/// The pools, numbered from 1 in this order.
pub(super) const POOLS: &[PoolFacts] = &[
    PLAIN,
    PoolFacts { card: Some(50_00), minimums: (5_00, 10_00), ..PLAIN },
    PoolFacts { aggregated: true, codes: 4, ..PLAIN },
    PoolFacts { generic: Some("WELCOME"), codes: 0, ..PLAIN },
    PoolFacts { minutes: Some(60), currency: Some("EUR"), returnable: false, ..PLAIN },
    PoolFacts { card: Some(20_00), currency: Some("EUR"), minutes: Some(24 * 60), codes: 3, ..PLAIN },
    PoolFacts { generic: Some("SPRING"), aggregated: true, minutes: Some(60), codes: 0, ..PLAIN },
    PoolFacts { card: Some(30_00), aggregated: true, codes: 3, ..PLAIN },
    PoolFacts { pattern: Some(("BULK-####", true)), ..PLAIN },
    PoolFacts { pattern: Some(("MADE-##", false)), minutes: Some(60), codes: 0, ..PLAIN },
    PoolFacts { pattern: Some(("CARD-$$$$", true)), card: Some(40_00), codes: 3, ..PLAIN },
    PoolFacts { pattern: Some(("ONE-@@", false)), aggregated: true, codes: 0, ..PLAIN },
];

/// A customer: id, e-mail address and currency, and whether Scrip knows of them at first.
pub(super) struct Person {
    pub(super) id: &'static str,
    pub(super) email: Option<&'static str>,
    pub(super) currency: Option<&'static str>,
    pub(super) known: bool,
}

pub(super) const PEOPLE: &[Person] = &[
    Person { id: "ann", email: Some("ann@example.com"), currency: Some("EUR"), known: true },
    Person { id: "ben", email: Some("ben@example.com"), currency: Some("EUR"), known: true },
    Person { id: "cleo", email: None, currency: Some("USD"), known: true },
    Person { id: "dora", email: Some("nobody@example.com"), currency: None, known: false },
    Person { id: "emil", email: None, currency: None, known: false },
];

impl PoolFacts {
    /// Whether a code is made when a customer claims.
    pub(super) fn is_endless(&self) -> bool {
        self.generic.is_some() || self.pattern.is_some_and(|(_, bulk)| !bulk)
    }

    /// Whether its codes came from a list.
    pub(super) fn is_uploaded(&self) -> bool {
        self.generic.is_none() && self.pattern.is_none()
    }

    fn draft(&self) -> PoolDraft {
        let money = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let draft = match (self.card, self.generic) {
            (Some(value), _) => draft::gift_card(&money(value)),
            (None, Some(code)) => draft::generic(code),
            (None, None) => draft::percentage(),
        };
        let draft = match self.pattern {
            Some((pattern, true)) => draft::bulk(draft, pattern),
            Some((pattern, false)) => draft::generated(draft, pattern),
            None => draft,
        };
        let minimum = |cents: i64| (cents > 0).then(|| money(cents));
        let restrictions = RestrictionsDraft {
            minimum_value: minimum(self.minimums.0),
            minimum_redemption_value: minimum(self.minimums.1),
            expiration_period: self.minutes.map(|minutes| format!("PT{}H", minutes / 60)),
            ..RestrictionsDraft::default()
        };
        PoolDraft {
            currency: self.currency.map(str::to_owned),
            aggregated: self.aggregated,
            returnable: Some(self.returnable),
            restrictions,
            ..draft
        }
    }
}

/// The id of the pool at a place of [`POOLS`].
pub(super) fn pool_id(place: usize) -> PoolId {
    PoolId(u32::try_from(place + 1).expect("few pools"))
}

/// The code of a coupon.
pub(super) fn code_of(place: usize, index: u64) -> String {
    POOLS[place].generic.map_or_else(|| code(CouponId { pool: pool_id(place), index }), str::to_owned)
}

/// The time, so many minutes after the start.
pub(super) fn instant(minutes: i64) -> Instant {
    let start: Instant = "2026-02-27T22:00:00Z".parse().expect("an instant");
    Instant::from_second(start.as_second() + minutes * 60).expect("an instant")
}

/// Makes the pools and the customers.
pub(super) async fn set_up(app: &TestScrip) {
    app.change(SettingsEdit { auto_redeem: Some(true), ..SettingsEdit::default() }).await.expect("checkouts redeem");
    for (place, facts) in POOLS.iter().enumerate() {
        let pool = match facts.pattern {
            None => app.stocked(facts.draft(), facts.codes).await,
            Some(_) => app.pool(facts.draft()).await.id,
        };
        if facts.pattern.is_some_and(|(_, bulk)| bulk) {
            app.generate(pool, facts.codes).await.expect("codes");
        }
        assert_eq!(pool, pool_id(place));
    }
    for person in PEOPLE.iter().filter(|person| person.known) {
        app.customer(person.id, person.email, person.currency).await;
    }
}
