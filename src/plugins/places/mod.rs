//! Where plugins compute: on threads of their own, few and at a lower priority than those that serve, so that what has
//! no plugin notices nothing of one. A call that waits for the network gives its place back; one that computes gives it
//! to the next in [turn](turns) after each tick. What is more than there are places and memory for waits, for a bounded
//! time and in bounded numbers, and is then refused.

mod meter;
mod room;
mod rooms;
mod task;
mod thread;
mod turns;

use std::{
    fmt, io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot};

pub(crate) use room::Room;
use rooms::Rooms;
use task::Task;
pub use thread::lower_priority;
pub(crate) use turns::Asker;
use turns::{Turns, Waits};

/// Why a call was refused for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Crowd {
    /// Too many of the plugin's or the pool's are under way or wait.
    #[error("too many of its calls are under way")]
    Calls,
    /// None could compute in time.
    #[error("others computed for too long")]
    Places,
    /// There was no memory for it.
    #[error("the memory of all plugins (plugin_memory) is in use")]
    Memory,
}

/// The threads of plugins. They end when it is dropped.
pub(crate) struct Places(Arc<Shared>);

/// What threads and calls share.
struct Shared {
    state: Mutex<State>,
    work: Condvar,
    /// What a plugin asks of the network is sent by the runtime that serves.
    runtime: Handle,
}

#[derive(Default)]
struct Line {
    turns: Turns<Arc<Task>>,
    ended: bool,
}

struct State {
    line: Line,
    rooms: Rooms,
}

impl Places {
    /// So many threads, with so much memory for all calls together, in bytes. They send by the runtime that this is
    /// called in.
    pub(crate) fn start(threads: usize, memory: usize) -> io::Result<Self> {
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let state = Mutex::new(State { line: Line::default(), rooms: Rooms::new(memory) });
        let places = Self(Arc::new(Shared { state, work: Condvar::new(), runtime }));
        for number in 0..threads.max(1) {
            let shared = Arc::clone(&places.0);
            std::thread::Builder::new().name(format!("plugin-{number}")).spawn(move || shared.compute())?;
        }
        Ok(places)
    }

    /// Room for a call that needs so much memory to begin, in bytes; refused where too many wait already.
    pub(crate) fn enter(&self, asker: Asker, needs: usize) -> Result<Room, Crowd> {
        Room::enter(&self.0, asker, needs)
    }

    /// Room beside all that is counted, for the trial of a new build.
    pub(crate) fn beside(&self, asker: Asker) -> Room {
        Room::beside(&self.0, asker)
    }

    /// Makes a call; what it came to, or none where the call itself broke. It waits to begin for so long.
    pub(crate) async fn call<T, F>(
        &self,
        room: Room,
        patience: Duration,
        work: impl FnOnce(Room) -> F,
    ) -> Result<Option<T>, Crowd>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let ticket = Arc::clone(&room.ticket);
        let (tell, mut told) = oneshot::channel();
        let work = work(room);
        let work = Box::pin(async move {
            // Nobody may want to know any more.
            drop(tell.send(work.await));
        });
        let call = Call(Task::start(&self.0, Arc::clone(&ticket), work));
        let answer = match tokio::time::timeout(patience, &mut told).await {
            Ok(answer) => answer,
            Err(_) if ticket.has_begun() => told.await,
            Err(_) => return Err(self.0.lacks(&ticket.asker, ticket.needs)),
        };
        drop(call);
        Ok(answer.ok())
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        self.0.lock().line.ended = true;
        self.0.work.notify_all();
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Places").finish_non_exhaustive()
    }
}

/// A call that somebody waits for. It ends when its caller gives up.
struct Call(Arc<Task>);

impl Drop for Call {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

impl Shared {
    /// What a thread does as long as there are places.
    fn compute(&self) {
        let _within = self.runtime.enter();
        lower_priority();
        while let Some(task) = self.next() {
            task.compute();
        }
    }

    /// The call whose turn it is; none at the end.
    fn next(&self) -> Option<Arc<Task>> {
        let mut state = self.lock();
        loop {
            let State { line, rooms } = &mut *state;
            if line.ended {
                return None;
            }
            let may_begin = |task: &Arc<Task>| {
                let ticket = &task.ticket;
                ticket.needs.is_none_or(|needs| rooms.may_begin(&ticket.asker, needs))
            };
            if let Some(task) = line.turns.next(may_begin) {
                let ticket = &task.ticket;
                if !ticket.has_begun() {
                    if let Some(needs) = ticket.needs {
                        rooms.begin(&ticket.asker, needs);
                    }
                    ticket.begin(ticket.needs.unwrap_or_default());
                }
                return Some(task);
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn add(&self, task: &Arc<Task>, waits: Waits) {
        self.lock().line.turns.add(&task.ticket.asker, Arc::clone(task), waits);
        self.work.notify_one();
    }

    fn remove(&self, task: &Task) {
        let is_it = |other: &Arc<Task>| std::ptr::eq(Arc::as_ptr(other), task);
        self.lock().line.turns.remove(&task.ticket.asker, is_it);
    }

    /// A call is over. One that waited for its room may begin.
    fn leave(&self, asker: &Asker, had: Option<usize>) {
        let mut state = self.lock();
        state.rooms.leave(asker, had);
        if !state.line.turns.is_empty() {
            self.work.notify_one();
        }
    }

    /// What a call that could not begin lacked.
    fn lacks(&self, asker: &Asker, needs: Option<usize>) -> Crowd {
        needs.and_then(|needs| self.lock().rooms.lacks(asker, needs)).unwrap_or(Crowd::Places)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
