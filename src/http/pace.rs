//! How long a client may leave unread what it is sent. What waits to be sent is memory, so whoever takes too little of
//! it in time is cut off, over every kind of answer.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Sleep, sleep};

/// What a client has to take in the time that it has, in bytes, unless less is waiting.
pub(super) const LEAST: usize = 512 * 1024;

/// What waits to be sent, and since when.
#[derive(Debug)]
pub(super) struct Pace {
    within: Duration,
    /// When the client has to have taken its part; none while it takes all that is sent.
    due: Option<Pin<Box<Sleep>>>,
    taken: usize,
}

impl Pace {
    pub(super) fn new(within: Duration) -> Self {
        Self { within, due: None, taken: 0 }
    }

    /// Follows one write to a connection.
    pub(super) fn follow(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) if self.due.is_some() => {
                self.taken += bytes;
                if self.taken >= LEAST {
                    self.rest();
                }
            }
            Poll::Ready(_) => {}
            Poll::Pending => {
                let due = self.due.get_or_insert_with(|| Box::pin(sleep(self.within)));
                if due.as_mut().poll(context).is_ready() {
                    let reason = "the client did not read what it was sent";
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, reason)));
                }
            }
        }
        written
    }

    /// Nothing waits any more.
    pub(super) fn rest(&mut self) {
        self.due = None;
        self.taken = 0;
    }
}
