//! The time, handed in: the operating system's in service, a hand-set one in tests.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use scrip_domain::period::{Instant, instant_of};

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The operating system's clock.
    System,
    /// A clock that is set by hand, in milliseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands still at an instant until it is set.
    #[must_use]
    pub fn manual(at: Instant) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.as_millisecond())))
    }

    /// The instant, without what is below a millisecond.
    #[must_use]
    pub fn now(&self) -> Instant {
        match self {
            Self::System => system_now(),
            Self::Manual(millis) => instant_of(millis.load(Ordering::SeqCst)).unwrap_or(Instant::UNIX_EPOCH),
        }
    }

    /// Sets a manual clock; the system's is left alone.
    pub fn set(&self, at: Instant) {
        if let Self::Manual(millis) = self {
            millis.store(at.as_millisecond(), Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
fn system_now() -> Instant {
    scrip_domain::period::to_millisecond(jiff::Timestamp::now())
}
