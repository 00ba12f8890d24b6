//! What is shown of a pattern while a pool is being drafted.

use async_graphql::SimpleObject;

use super::CouponUserError;
use crate::scalar::BigInt;
use scrip_domain::{code::Exclusion, pool_codes::CodesFault};
use scrip_service::PatternFacts;

/// What a pattern can make, or what is wrong with it.
#[derive(Debug, Default, SimpleObject)]
pub struct PatternPreview {
    /// How many codes it can make, exactly; null where it is wrong.
    pub combinations: Option<BigInt>,
    /// The most codes that a bulk pool of it may have: one in a hundred combinations, at most 100,000,000.
    pub bulk_limit: Option<i32>,
    /// How many placeholders it has.
    pub placeholders: Option<i32>,
    /// Whether its codes are compared with regard to case.
    pub case_sensitive: Option<bool>,
    /// How many more codes there would be without each exclusion.
    pub exclusion_costs: Vec<ExclusionCost>,
    /// Up to ten codes that look like its codes; none of them exists.
    pub samples: Vec<String>,
    /// Where in the pattern's text the fault is, counted from 0.
    pub position: Option<i32>,
    /// What is wrong with it: what making the pool, or editing it, would be refused with.
    pub user_errors: Vec<CouponUserError>,
}

/// What one exclusion costs.
#[derive(Debug, SimpleObject)]
pub struct ExclusionCost {
    /// The excluded character or phrase.
    pub exclusion: String,
    /// How many more codes there would be without it; null where that would take too long to count.
    pub cost: Option<BigInt>,
}

impl PatternPreview {
    /// The preview of what was found.
    #[must_use]
    pub fn of(found: Result<PatternFacts, CodesFault>) -> Self {
        let number = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        match found {
            Ok(facts) => Self {
                combinations: Some(BigInt(facts.combinations)),
                bulk_limit: i32::try_from(facts.bulk_limit).ok(),
                placeholders: Some(number(facts.placeholders)),
                case_sensitive: Some(facts.case_sensitive),
                exclusion_costs: facts.costs.into_iter().map(ExclusionCost::of).collect(),
                samples: facts.samples,
                user_errors: facts.refusals.into_iter().map(CouponUserError).collect(),
                ..Self::default()
            },
            Err(fault) => Self {
                position: fault.position.map(number),
                user_errors: vec![CouponUserError(fault.refusal())],
                ..Self::default()
            },
        }
    }
}

impl ExclusionCost {
    fn of(cost: scrip_domain::code::ExclusionCost) -> Self {
        let exclusion = match cost.exclusion {
            Exclusion::Character(character) => character.to_string(),
            Exclusion::Phrase(phrase) => phrase,
        };
        Self { exclusion, cost: cost.cost.map(|cost| BigInt(cost.to_string())) }
    }
}
