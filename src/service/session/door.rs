//! The only way from a session to what is behind it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{Action, Caller};
use crate::{Failure, Scrip};
use scrip_domain::rejection::{Refusal, Rejection};

/// Whoever has this gets through it only with what a use case demands.
#[derive(Debug, Clone)]
pub(super) struct Door {
    scrip: Arc<Scrip>,
    actor: Arc<Caller>,
    /// In how many seconds it may be tried again what was refused because of too many tries; 0 where nothing was.
    wait: Arc<AtomicU64>,
    /// Whether codes were tried.
    tried: Arc<AtomicBool>,
}

impl Door {
    pub(super) fn new(scrip: Arc<Scrip>, actor: Caller) -> Self {
        Self { scrip, actor: Arc::new(actor), wait: Arc::default(), tried: Arc::default() }
    }

    /// Who stands before it.
    pub(super) fn actor(&self) -> &Caller {
        &self.actor
    }

    /// Notes in how many seconds it may be tried again.
    pub(super) fn tell_to_wait(&self, seconds: u64) {
        self.wait.fetch_max(seconds, Ordering::Relaxed);
    }

    /// Notes that codes are tried.
    pub(super) fn tries(&self) {
        self.tried.store(true, Ordering::Relaxed);
    }

    /// Whether codes were tried.
    pub(super) fn has_tried(&self) -> bool {
        self.tried.load(Ordering::Relaxed)
    }

    /// In how many seconds it may be tried again; 0 where nothing was refused for that.
    pub(super) fn wait(&self) -> u64 {
        self.wait.load(Ordering::Relaxed)
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
