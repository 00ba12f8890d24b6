//! One call's part of what all have: it is counted, and has memory. Dropping it gives both back.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};

use super::{Crowd, Shared, meter::Meter, rooms::Rooms, turns::Asker};

/// What is known of a call wherever it is. Begun and memory change under the lock of what all share.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) asker: Asker,
    /// What it needs to begin, in bytes; none where it is not counted.
    pub(super) needs: Option<usize>,
    begun: AtomicBool,
    memory: AtomicUsize,
    meter: Mutex<Meter>,
}

impl Ticket {
    /// Whether it has begun.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Relaxed)
    }

    /// Whether there is room for it to begin.
    pub(super) fn may_begin(&self, rooms: &Rooms) -> bool {
        self.needs.is_none_or(|needs| rooms.may_begin(&self.asker, needs))
    }

    /// Has it begin, where it has not.
    pub(super) fn let_in(&self, rooms: &mut Rooms) {
        if self.begun.swap(true, Relaxed) {
            return;
        }
        if let Some(needs) = self.needs {
            rooms.begin(&self.asker, needs);
        }
        self.memory.store(self.needs.unwrap_or_default(), Relaxed);
    }

    pub(super) fn meter(&self) -> MutexGuard<'_, Meter> {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's part.
#[derive(Debug)]
pub(crate) struct Room {
    shared: Arc<Shared>,
    pub(super) ticket: Arc<Ticket>,
    used: usize,
    most: usize,
}

impl Room {
    /// A part for a call that needs so much memory to begin; refused where too many wait already.
    pub(super) fn enter(shared: &Arc<Shared>, asker: Asker, needs: usize) -> Result<Self, Crowd> {
        if !shared.lock().rooms.enter(&asker) {
            return Err(Crowd::Calls);
        }
        Ok(Self::new(shared, asker, Some(needs)))
    }

    /// A part beside those that are counted, for the trial of a new build: it is made while all others are in use.
    pub(super) fn beside(shared: &Arc<Shared>, asker: Asker) -> Self {
        Self::new(shared, asker, None)
    }

    fn new(shared: &Arc<Shared>, asker: Asker, needs: Option<usize>) -> Self {
        let (begun, memory) = (AtomicBool::new(false), AtomicUsize::new(0));
        let ticket = Arc::new(Ticket { asker, needs, begun, memory, meter: Mutex::default() });
        Self { shared: Arc::clone(shared), ticket, used: 0, most: 0 }
    }

    /// Takes memory; false where there is none for it.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let (used, has) = (self.used + bytes, self.ticket.memory.load(Relaxed));
        if self.ticket.needs.is_some() && used > has {
            if !self.shared.lock().rooms.grow(&self.ticket.asker, has, used - has) {
                return false;
            }
            self.ticket.memory.store(used, Relaxed);
        }
        self.used = used;
        self.most = self.most.max(used);
        true
    }

    /// Has memory that was taken free for what the call takes next.
    pub(crate) fn give_back(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
    }

    /// The most memory that it has had, in bytes.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// How long the call has computed.
    pub(crate) fn computed(&self) -> std::time::Duration {
        self.ticket.meter().computed()
    }

    /// How long it was kept waiting for a place since it began.
    pub(crate) fn waited(&self) -> std::time::Duration {
        self.ticket.meter().waited()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let ticket = &self.ticket;
        if ticket.needs.is_some() {
            let had = ticket.has_begun().then(|| ticket.memory.load(Relaxed));
            let computed = ticket.meter().computed();
            self.shared.leave(&ticket.asker, had, computed);
        }
    }
}
