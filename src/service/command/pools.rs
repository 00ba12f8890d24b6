//! The inputs of what is done with pools and their codes.

use scrip_domain::{
    binding::Binding, group::GroupId, id::PoolId, period::Instant, pool_draft::PoolDraft, rejection::Input,
    till::TillEdit, update::Scope,
};

/// Make a pool.
#[derive(Debug, Clone)]
pub struct PoolCreate(pub Box<PoolDraft>);

/// Edit a pool.
#[derive(Debug, Clone)]
pub struct PoolUpdate {
    /// Which.
    pub pool: PoolId,
    /// What changes.
    pub edit: Box<PoolEdit>,
}

/// Archive a pool, or bring it back.
#[derive(Debug, Clone, Copy)]
pub struct PoolArchive {
    /// Which.
    pub pool: PoolId,
    /// Whether it is archived then.
    pub archived: bool,
}

/// Add codes to an uploaded pool.
#[derive(Debug, Clone)]
pub struct CouponsAdd {
    /// Which.
    pub pool: PoolId,
    /// The codes.
    pub codes: Vec<String>,
}

/// Add codes to a bulk pool.
#[derive(Debug, Clone, Copy)]
pub struct CouponsGenerate {
    /// Which.
    pub pool: PoolId,
    /// How many.
    pub count: i64,
}

/// Nothing by itself: the hash of a list that is carried out in parts, to which its idempotency key is held.
#[derive(Debug, Clone)]
pub struct Whole(pub String);

/// An edit of a pool: what is absent stays; `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct PoolEdit {
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
    /// A new name.
    pub name: Option<String>,
    /// A new value, as a decimal text.
    pub value: Option<Option<String>>,
    /// Restrictions that change.
    pub restrictions: RestrictionsEdit,
    /// A new pattern.
    pub pattern: Option<String>,
    /// Other characters that never take a placeholder's place.
    pub excluded_characters: Option<Vec<String>>,
    /// Other phrases that never appear in a code.
    pub excluded_phrases: Option<Vec<String>>,
    /// Other plugins that say who may use its coupons.
    pub checks: Option<Vec<Binding>>,
    /// Another plugin that supplies its codes, or another configuration of it.
    pub remote: Option<Binding>,
    /// Whether a customer gets the same coupon again.
    pub aggregated: Option<bool>,
    /// Gift cards: whether they pay for the shipping too.
    pub pays_shipping: Option<bool>,
    /// How its coupons behave at the till.
    pub till: TillEdit,
    /// Whether its coupons are given back with what they took something of.
    pub returnable: Option<bool>,
    /// Which coupons of before carry the new terms; none for none of them.
    pub apply: Option<Apply>,
    /// Another group of users to whom it belongs.
    pub group: Option<Option<GroupId>>,
    /// Checks only: nothing is changed.
    pub dry_run: bool,
}

/// Which coupons of before carry a pool's new terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Apply {
    /// Which.
    pub scope: Scope,
    /// Only those of them that are worth what the pool said before the edit.
    pub matching: bool,
}

impl PoolEdit {
    /// The fields of its codes, and whether they are given.
    #[must_use]
    pub fn codes(&self) -> [(Input, bool); 3] {
        [
            (Input::Pattern, self.pattern.is_some()),
            (Input::ExcludedCharacters, self.excluded_characters.is_some()),
            (Input::ExcludedPhrases, self.excluded_phrases.is_some()),
        ]
    }
}

/// An edit of a pool's restrictions: what is absent stays; `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct RestrictionsEdit {
    /// Gift cards: the least that stays on a card.
    pub minimum_value: Option<Option<String>>,
    /// Gift cards: the least that is taken at once.
    pub minimum_redemption_value: Option<Option<String>>,
    /// The least that a basket is worth.
    pub purchase_minimum: Option<Option<String>>,
    /// An ISO 8601 period.
    pub expiration_period: Option<Option<String>>,
    /// Store ids.
    pub stores: Option<Vec<String>>,
    /// Product ids.
    pub products: Option<Vec<String>>,
    /// The first instant at which a coupon may be used.
    pub valid_from: Option<Option<Instant>>,
    /// The last one.
    pub valid_until: Option<Option<Instant>>,
    /// The name of a time zone.
    pub time_zone: Option<Option<String>>,
}
