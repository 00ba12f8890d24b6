//! Where plugins compute: on threads of their own, few and at a lower priority than those that serve, so that what has
//! no plugin notices nothing of one. A [quick] one begins on its caller's thread, where nothing else waits. A call that
//! waits for the network gives its place back; one that computes gives it to the next in [turn](turns) after each tick.
//! What is more than there are places and memory for waits, for a bounded time and in bounded numbers, and is then refused.

mod meter;
mod quick;
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

use tokio::{runtime::Handle, sync::oneshot, task::coop::consume_budget};

use quick::Quick;
pub(crate) use room::Room;
use room::Ticket;
use rooms::Rooms;
use task::Task;
pub use thread::lower_priority;
pub(crate) use turns::Asker;
use turns::{Turns, Waits};

/// As how many steps of a task's turn, of which it has 128, a call counts.
const STEPS: usize = 8;

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
    quick: Quick,
}

impl Places {
    /// So many threads, with so much memory for all calls together, in bytes. They send by the runtime that this is
    /// called in.
    pub(crate) fn start(threads: usize, memory: usize) -> io::Result<Self> {
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let state = Mutex::new(State { line: Line::default(), rooms: Rooms::new(memory), quick: Quick::default() });
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
        let call = Call(Task::new(&self.0, Arc::clone(&ticket), work));
        // What it may compute here counts against its caller's turn: whoever makes many calls lets others go on.
        for _ in 0..STEPS {
            consume_budget().await;
        }
        call.0.start();
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
            let State { line, rooms, .. } = &mut *state;
            if line.ended {
                return None;
            }
            if let Some(task) = line.turns.next(|task| task.ticket.may_begin(rooms)) {
                task.ticket.let_in(rooms);
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

    /// Whether a call begins where it is asked for: its plugin is quick, and nobody's turn is before its own.
    fn begins_at_once(&self, ticket: &Ticket) -> bool {
        let mut state = self.lock();
        let State { line, rooms, quick } = &mut *state;
        // The trial of a new build says nothing of how quick that is.
        let begins = !line.ended
            && ticket.needs.is_some()
            && line.turns.is_empty()
            && quick.has(&ticket.asker.plugin)
            && ticket.may_begin(rooms);
        if begins {
            ticket.let_in(rooms);
        }
        begins
    }

    /// A call is over, which had so much memory where it had begun, and has computed for so long. One that waited for its
    /// room may begin.
    fn leave(&self, asker: &Asker, had: Option<usize>, computed: Duration) {
        let mut state = self.lock();
        state.rooms.leave(asker, had);
        if had.is_some() {
            state.quick.note(&asker.plugin, computed);
        }
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

#[cfg(test)]
mod tests {
    use std::thread::{ThreadId, current};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    async fn made(places: &Places, plugin: &str, slices: u32) -> Vec<ThreadId> {
        let room = places.enter(Asker { plugin: plugin.into(), pool: "pool".into() }, 0).expect("room");
        let work = |room: Room| async move {
            let mut threads = vec![current().id()];
            for _ in 1..slices {
                // As what computes is interrupted at the end of a slice, after more than a quick call has altogether.
                while room.computed() < Duration::from_millis(1) {}
                tokio::task::yield_now().await;
                threads.push(current().id());
            }
            threads
        };
        places.call(room, PATIENCE, work).await.expect("a place").expect("an end")
    }

    #[tokio::test]
    async fn what_is_quick_begins_on_its_callers_thread() {
        let places = Places::start(1, 1 << 20).expect("threads");
        let own = current().id();
        let mut calls = 0;
        while made(&places, "one", 1).await != [own] {
            calls += 1;
            assert!(calls < 1_000, "it is never known to be quick");
        }
        assert!(calls >= 8, "{calls}");
        assert_ne!(made(&places, "other", 1).await, [own]);
        // It has one slice there, goes on elsewhere, and begins there the next time.
        let slow = made(&places, "one", 3).await;
        assert!(slow[0] == own && slow[1..].iter().all(|thread| *thread != own), "{slow:?}");
        assert_ne!(made(&places, "one", 1).await, [own]);
    }
}
