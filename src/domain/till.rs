//! What a pool says of how its coupons behave at the till.

use serde::{Deserialize, Serialize};

use super::{
    combining::Stacking,
    limits::{Limits, LimitsDraft},
    pool_draft::Faults,
    rejection::{Input, Rejection},
};

/// What a pool says of how its coupons behave at the till. It counts at once, for coupons that exist too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Till {
    /// How they go together with others.
    pub stacking: Stacking,
    /// How many it gives.
    pub limits: Limits,
    /// Whether its code is open to all: a customer who presents it and has not claimed it gets a coupon at once.
    pub claim_on_use: bool,
}

/// What of it is asked for: what is absent stays; `Some(None)` clears.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TillEdit {
    /// How its coupons go together with others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stacking: Option<Option<Stacking>>,
    /// How many it gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Option<LimitsDraft>>,
    /// Whether its code is open to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_on_use: Option<bool>,
}

impl TillEdit {
    /// What holds after it, with what is wrong added to `faults`.
    #[must_use]
    pub fn applied(&self, current: &Till, faults: &mut Faults) -> Till {
        let mut till = current.clone();
        match self.stacking.as_ref().map(|stacking| stacking.as_ref().map(Stacking::checked).transpose()) {
            Some(Ok(stacking)) => till.stacking = stacking.unwrap_or_default(),
            Some(Err(refusal)) => faults.keep(refusal.within(Input::Stacking)),
            None => {}
        }
        match self.limits.map(|limits| limits.map(|limits| limits.checked()).transpose()) {
            Some(Ok(limits)) => till.limits = limits.unwrap_or_default(),
            Some(Err(refusals)) => refusals.into_iter().for_each(|refusal| faults.keep(refusal.within(Input::Limits))),
            None => {}
        }
        till.claim_on_use = self.claim_on_use.unwrap_or(till.claim_on_use);
        till
    }
}

/// Whether a code may be open to all: where everyone has the same one, and a coupon for each claim.
pub fn check_claim_on_use(till: &Till, has_generic_code: bool, aggregated: bool) -> Result<(), Rejection> {
    if !till.claim_on_use || (has_generic_code && !aggregated) {
        return Ok(());
    }
    let subject = if aggregated {
        "aggregated pools (it may be false)"
    } else {
        "pools whose customers have codes of their own (it may be false)"
    };
    Err(Rejection::FieldNotApplicable { subject: subject.to_owned() })
}
