//! What a pool says of how its coupons behave at the till.

use serde::{Deserialize, Serialize};

use super::{
    combining::Stacking,
    pool_draft::Faults,
};

/// What a pool says of how its coupons behave at the till. It counts at once, for coupons that exist too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Till {
    /// How they go together with others.
    pub stacking: Stacking,
}

/// What of it is asked for: what is absent stays; `Some(None)` clears.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TillEdit {
    /// How its coupons go together with others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stacking: Option<Option<Stacking>>,
}

impl TillEdit {
    /// What holds after it, with what is wrong added to `faults`.
    #[must_use]
    pub fn applied(&self, current: &Till, faults: &mut Faults) -> Till {
        let mut till = current.clone();
        if let Some(stacking) = &self.stacking {
            let checked = stacking.as_ref().map(Stacking::checked).transpose();
            till.stacking = checked.unwrap_or_else(|refusal| {
                faults.keep(refusal.within("stacking"));
                None
            }).unwrap_or_default();
        }
        till
    }
}
