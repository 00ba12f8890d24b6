//! A pool's binding to a plugin: which one, how it is configured, and what its failure means. The plugin's own schema
//! has accepted the configuration before a pool is saved with it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rejection::{Refusal, Rejection};

/// The most checks of a pool.
pub const MAX_CHECKS: usize = 10;

/// What becomes of a coupon whose check cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OnFailure {
    /// It is refused.
    #[default]
    Refuse,
    /// It is allowed, and the failure told in the trace.
    Allow,
}

/// A binding to a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The plugin's id.
    pub plugin: String,
    /// What it is configured with: a JSON value that its schema accepts.
    pub config: Value,
    /// What a failure means; of no use for a source.
    pub on_failure: OnFailure,
    /// Whether a claim asks it too; of no use for a source.
    pub at_claim: bool,
    /// Of a source: whether its partner is told what becomes of the coupons that it supplied; see
    /// [`notice`](super::notice).
    #[serde(default)]
    pub tells_changes: bool,
}

impl Binding {
    /// What a check says of one coupon: refused for a reason (none where it is allowed), or not asked for one.
    #[must_use]
    pub fn outcome(&self, verdict: Result<Option<String>, String>) -> Outcome {
        match (verdict, self.on_failure) {
            (Ok(None), _) => Outcome::Passed { note: None },
            (Ok(Some(reason)), _) => Outcome::Refused(Rejection::CheckRefused { reason }.into()),
            (Err(reason), OnFailure::Refuse) => {
                Outcome::Refused(Rejection::CheckUnavailable { plugin: self.plugin.clone(), reason }.into())
            }
            (Err(reason), OnFailure::Allow) => {
                Outcome::Passed { note: Some(format!("allowed although the check failed: {reason}")) }
            }
        }
    }
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The coupon may be used.
    Passed {
        /// What staff should know of it.
        note: Option<String>,
    },
    /// It may not.
    Refused(Refusal),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rejection::Code;

    #[test]
    fn a_failure_means_what_the_binding_says() {
        let binding = |on_failure| Binding {
            plugin: "p".to_owned(),
            config: Value::Null,
            on_failure,
            at_claim: false,
            tells_changes: false,
        };
        let code = |outcome| match outcome {
            Outcome::Refused(refusal) => Some(refusal.code),
            Outcome::Passed { .. } => None,
        };
        for (on_failure, verdict, expected) in [
            (OnFailure::Refuse, Ok(None), None),
            (OnFailure::Allow, Ok(Some("no".to_owned())), Some(Code::CheckRefused)),
            (OnFailure::Refuse, Err("down".to_owned()), Some(Code::CheckUnavailable)),
            (OnFailure::Allow, Err("down".to_owned()), None),
        ] {
            assert_eq!(code(binding(on_failure).outcome(verdict)), expected);
        }
        let allowed = binding(OnFailure::Allow).outcome(Err("down".to_owned()));
        assert!(matches!(allowed, Outcome::Passed { note: Some(note) } if note.contains("down")));
    }
}
