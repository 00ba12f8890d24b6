//! A connection on which requests come: it holds its place for as long as its descriptor is open, a socket's upgrade
//! included, ends where it has to make room or does not read what it is sent, and passes on no head that is written in
//! another way than HTTP says.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::OwnedSemaphorePermit,
};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{framing::Framing, guests::Guest, pace::Pace};

/// A head that is longer than this before it is whole, in bytes, is long.
const LONG_HEAD: usize = 8 * 1024;

/// A stream with its place.
pub(super) struct Placed<S> {
    stream: S,
    pace: Pace,
    /// While a long head is on its way.
    long_head: Option<OwnedSemaphorePermit>,
    framing: Option<Box<Framing>>,
    leave: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Its place is given back after the stream is closed: fields are dropped in order.
    guest: Guest,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Placed<S> {
    /// One whose client may leave what it is sent unread for so long.
    pub(super) fn new(stream: S, guest: Guest, writing: Duration) -> Self {
        let leave = Box::pin(guest.leave().clone().cancelled_owned());
        let pace = Pace::new(writing);
        Self { stream, pace, long_head: None, framing: Some(Box::default()), leave, guest }
    }

    /// Fails where it has to make room; else has the task told when it has to.
    fn stay(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.guest.leave().is_cancelled() || self.leave.as_mut().poll(context).is_ready() {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "it made room for another connection"));
        }
        Ok(())
    }

    /// Fails where a head becomes long while too many others are.
    fn count_head(&mut self, unfinished: usize) -> io::Result<()> {
        if unfinished <= LONG_HEAD {
            self.long_head = None;
        } else if self.long_head.is_none() {
            let leave = self.guest.long_head();
            self.long_head = Some(leave.ok_or_else(|| io::Error::other("too many long heads are on their way"))?);
        }
        Ok(())
    }

    fn follow(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            self.stay(context)?;
        }
        self.pace.follow(context, written)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Placed<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.stay(context)?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        let Some(framing) = &mut this.framing else { return Poll::Ready(Ok(())) };
        let watched = framing.watch(buffer.filled().get(before..).unwrap_or_default());
        if let Err(wrong) = watched {
            // No head, chunk or trailer may have this sign: the parser answers with 400 and ends the connection.
            buffer.set_filled(before + wrong + 1);
            if let Some(last) = buffer.filled_mut().last_mut() {
                *last = 0;
            }
        }
        let unfinished = framing.unfinished();
        if watched.is_err() || framing.is_over() {
            this.framing = None;
        }
        this.count_head(unfinished)?;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Placed<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.follow(context, written)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // Whoever flushes has written all that it had.
        this.pace.rest();
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, parts);
        this.follow(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
