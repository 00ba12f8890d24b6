//! The only way from a session to what is behind it.

use std::sync::{
    Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{Action, Caller, Rights};
use crate::{Failure, Scrip};
use scrip_domain::{
    group::Groups,
    rejection::{Refusal, Rejection},
};

/// Whoever has this gets through it only with what a use case demands.
#[derive(Debug, Clone)]
pub(super) struct Door {
    scrip: Arc<Scrip>,
    actor: Arc<Caller>,
    /// What the actor may do and see by now, where that was looked at again.
    now: Arc<OnceLock<RwLock<Standing>>>,
    /// In how many seconds it may be tried again what was refused because of too many tries; 0 where nothing was.
    wait: Arc<AtomicU64>,
    /// Whether codes were tried.
    tried: Arc<AtomicBool>,
}

/// What somebody may do, and the groups whose pools they see.
#[derive(Debug, Clone)]
struct Standing {
    rights: Rights,
    groups: Groups,
}

impl Door {
    pub(super) fn new(scrip: Arc<Scrip>, actor: Caller) -> Self {
        let (now, wait, tried) = (Arc::default(), Arc::default(), Arc::default());
        Self { scrip, actor: Arc::new(actor), now, wait, tried }
    }

    /// Looks again at what the actor may do and see. False once the actor is not good any more.
    pub(super) fn renew(&self) -> bool {
        let Some(Caller { rights, groups, .. }) = self.scrip.still_as(&self.actor) else { return false };
        let standing = Standing { rights, groups };
        let held = self.now.get_or_init(|| RwLock::new(standing.clone()));
        *held.write().unwrap_or_else(PoisonError::into_inner) = standing;
        true
    }

    fn renewed(&self) -> Option<RwLockReadGuard<'_, Standing>> {
        self.now.get().map(|held| held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the actor may do.
    pub(super) fn rights(&self) -> Rights {
        self.renewed().map_or(self.actor.rights, |now| now.rights)
    }

    /// The groups whose pools the actor sees.
    pub(super) fn groups(&self) -> Groups {
        self.renewed().map_or_else(|| self.actor.groups.clone(), |now| now.groups.clone())
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
        if self.rights().allow(action) {
            return Ok(&self.scrip);
        }
        Err(Refusal::from(Rejection::Forbidden { action: action.name() }).into())
    }

    /// What tells of nothing that is kept: the time, and how ids are written.
    pub(super) fn open_to_all(&self) -> &Arc<Scrip> {
        &self.scrip
    }
}
