//! The only way from a session to what is behind it.

use std::sync::Arc;

use super::{Action, Caller};
use crate::{Failure, Scrip};
use scrip_domain::rejection::{Refusal, Rejection};

/// Whoever has this gets through it only with what a use case demands.
#[derive(Debug, Clone)]
pub(super) struct Door {
    scrip: Arc<Scrip>,
    actor: Arc<Caller>,
}

impl Door {
    pub(super) fn new(scrip: Arc<Scrip>, actor: Caller) -> Self {
        Self { scrip, actor: Arc::new(actor) }
    }

    /// Who stands before it.
    pub(super) fn actor(&self) -> &Caller {
        &self.actor
    }

    /// What is behind it, for an actor who may do this.
    pub(super) fn may(&self, action: Action) -> Result<&Arc<Scrip>, Failure> {
        if self.actor.rights.allow(action) {
            return Ok(&self.scrip);
        }
        Err(Refusal::from(Rejection::Forbidden { action: action.name() }).into())
    }

    /// What tells of nothing that is kept: the time, and how ids are written.
    pub(super) fn open_to_all(&self) -> &Arc<Scrip> {
        &self.scrip
    }
}
