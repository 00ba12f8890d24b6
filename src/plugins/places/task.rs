//! A call: waiting for its turn, being computed, or waiting for the network. It is dropped
//! where it is when its caller gives up; while it is computed, that is at the end of its slice.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use super::{Shared, room::Ticket, turns::Waits};

/// What is to be done for a call. What comes of it reaches its caller by a channel of its own.
pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A call.
pub(super) struct Task {
    pub(super) ticket: Arc<Ticket>,
    shared: Arc<Shared>,
    stage: Mutex<Stage>,
}

enum Stage {
    /// It waits for something else than its turn.
    Asleep(Work),
    /// It waits for its turn.
    Waiting(Work),
    /// A thread has it.
    Computed {
        /// What it waited for has come meanwhile.
        woken: bool,
        /// Nobody wants to know any more.
        given_up: bool,
    },
    /// It is over.
    Over,
}

impl Task {
    /// A call that waits for its turn, which it has once it is started.
    pub(super) fn new(shared: &Arc<Shared>, ticket: Arc<Ticket>, work: Work) -> Arc<Self> {
        Arc::new(Self { ticket, shared: Arc::clone(shared), stage: Mutex::new(Stage::Waiting(work)) })
    }

    /// Has it begin: here and now, or where plugins compute when it is its turn.
    pub(super) fn start(self: &Arc<Self>) {
        if self.shared.begins_at_once(&self.ticket) {
            Arc::clone(self).compute();
        } else {
            self.shared.add(self, Waits::New);
        }
    }

    /// Computes a slice of it.
    pub(super) fn compute(self: Arc<Self>) {
        let mut work = {
            let mut stage = self.stage();
            match std::mem::replace(&mut *stage, Stage::Over) {
                Stage::Waiting(work) => {
                    *stage = Stage::Computed { woken: false, given_up: false };
                    work
                }
                // It was given up between its turn and now.
                other => {
                    *stage = other;
                    return;
                }
            }
        };
        let waker = Waker::from(Arc::clone(&self));
        self.ticket.meter().begin();
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut Context::from_waker(&waker))));
        self.ticket.meter().end();
        let over = !matches!(polled, Ok(Poll::Pending));
        let mut stage = self.stage();
        let again = match *stage {
            Stage::Computed { given_up: false, woken } if !over => woken,
            _ => {
                *stage = Stage::Over;
                drop(stage);
                // What it holds is given back; a fault in that is no reason to lose the thread either.
                drop(catch_unwind(AssertUnwindSafe(|| drop(work))));
                return;
            }
        };
        if again {
            *stage = Stage::Waiting(work);
            drop(stage);
            self.wait(Waits::Sliced);
        } else {
            *stage = Stage::Asleep(work);
        }
    }

    /// Ends it where it is.
    pub(super) fn give_up(&self) {
        let mut stage = self.stage();
        let work = match std::mem::replace(&mut *stage, Stage::Over) {
            Stage::Computed { woken, .. } => {
                *stage = Stage::Computed { woken, given_up: true };
                return;
            }
            Stage::Waiting(work) | Stage::Asleep(work) => work,
            Stage::Over => return,
        };
        drop(stage);
        self.shared.remove(self);
        drop(work);
    }

    fn wait(self: &Arc<Self>, waits: Waits) {
        self.ticket.meter().wait();
        self.shared.add(self, waits);
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let mut stage = self.stage();
        match std::mem::replace(&mut *stage, Stage::Over) {
            Stage::Asleep(work) => {
                *stage = Stage::Waiting(work);
                drop(stage);
                self.wait(Waits::Woken);
            }
            Stage::Computed { given_up, .. } => *stage = Stage::Computed { woken: true, given_up },
            other => *stage = other,
        }
    }
}
