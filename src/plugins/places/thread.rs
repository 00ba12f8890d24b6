//! What the operating system says and does of a thread: how long it has computed, and how willingly it does.

use std::time::Duration;

/// Lets other threads compute before this one. Where the system refuses, it is as before.
pub(crate) fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        /// How much less of the cores than others it has where all are busy (the nice value).
        const NICE: libc::c_int = 10;
        #[expect(unsafe_code, reason = "the standard library has no call for it")]
        // SAFETY: it takes numbers alone; 0 is the calling thread, on Linux.
        let done = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
        if done != 0 {
            let error = std::io::Error::last_os_error();
            tracing::warn!(%error, "plugins compute at the priority of all other threads");
        }
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
