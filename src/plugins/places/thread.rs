//! What the operating system says and does of a thread: how long it has computed, and how willingly it does.

use std::time::Duration;

use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};

/// Nice 10 on Linux: a tenth of a core where others want all of them, so that what waits still ends.
const PRIORITY: u8 = 23;

/// Lets other threads compute before this one. Where the system refuses, it is as before.
pub fn lower_priority() {
    let lower = ThreadPriorityValue::try_from(PRIORITY).map(ThreadPriority::Crossplatform);
    if let Err(error) = lower.map_or(Ok(()), set_current_thread_priority) {
        tracing::warn!(?error, "a thread that computes has the priority of all others");
    }
}

/// How long the calling thread has computed: what it waited for a core is not in it.
pub(super) fn computed() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    #[expect(unsafe_code, reason = "the standard library has no call for it")]
    // SAFETY: it writes to the place alone that it is given.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    if done != 0 {
        return Duration::ZERO;
    }
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
