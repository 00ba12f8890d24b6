//! Pools of every kind, as they are asked for.

use scrip::domain::{
    pool_draft::{PoolDraft, RestrictionsDraft},
    source::Source,
    terms::CouponType,
};

/// A pool of uploaded codes of a type, worth `value`.
pub(crate) fn uploaded(kind: CouponType, value: &str) -> PoolDraft {
    PoolDraft {
        remote: None,
        checks: Vec::new(),
        name: format!("{} {value}", kind.name()),
        external_id: None,
        source: Source::Uploaded,
        kind,
        value: Some(value.to_owned()),
        currency: None,
        case_sensitive: None,
        pattern: None,
        excluded_characters: Vec::new(),
        excluded_phrases: Vec::new(),
        restrictions: RestrictionsDraft::default(),
        aggregated: false,
        pays_shipping: None,
        till: Default::default(),
        returnable: None,
        group: None,
    }
}

/// A pool of uploaded codes, ten percent each.
pub(crate) fn percentage() -> PoolDraft {
    uploaded(CouponType::Percentage, "10")
}

/// A pool of uploaded gift cards.
pub(crate) fn gift_card(value: &str) -> PoolDraft {
    uploaded(CouponType::GiftCard, value)
}

/// The same pool, with codes that are made at the claim.
pub(crate) fn generated(draft: PoolDraft, pattern: &str) -> PoolDraft {
    PoolDraft { source: Source::Generated, pattern: Some(pattern.to_owned()), ..draft }
}

/// The same pool, with codes that are generated in bulk.
pub(crate) fn bulk(draft: PoolDraft, pattern: &str) -> PoolDraft {
    PoolDraft { source: Source::BulkGenerated, pattern: Some(pattern.to_owned()), ..draft }
}

/// A pool whose customers all get the same code.
pub(crate) fn generic(code: &str) -> PoolDraft {
    PoolDraft { source: Source::Generated, pattern: Some(code.to_owned()), ..percentage() }
}
