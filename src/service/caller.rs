//! On whose behalf something is done.

use std::sync::Arc;

use super::Rights;
use scrip_domain::access::Role;

/// On whose behalf a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The API key's id; idempotency keys are kept for each.
    pub id: String,
    /// The API key's name, which events are recorded by.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// What it may do.
    pub rights: Rights,
    /// The hash of its key, by which it is known whether that is still good; none for Scrip itself.
    pub key: Option<Arc<str>>,
}

impl Caller {
    /// The holder of a key, who may do everything.
    #[must_use]
    pub fn admin(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), role: Role::Admin, rights: Rights::ALL, key: None }
    }

    /// Scrip itself, for what time and operators do.
    #[must_use]
    pub(super) fn scrip() -> Self {
        Self::admin("scrip", "scrip")
    }
}
