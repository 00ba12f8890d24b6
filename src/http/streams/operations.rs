//! The operations that run over one socket. Each is polled in its turn, so a busy one does not keep the others from
//! being heard; one that is let go of is dropped at once.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::{
    Stream, StreamExt,
    stream::{AbortHandle, Abortable, BoxStream, SelectAll},
};
use tokio::sync::OwnedSemaphorePermit;

use super::answers::AnswerText;

/// An operation's id, and its next answer; none at its end.
pub(super) type Told = (Arc<str>, Option<AnswerText>);

/// All that run over one socket.
#[derive(Default)]
pub(super) struct Operations {
    running: SelectAll<Operation>,
    known: HashMap<Arc<str>, Known>,
}

struct Known {
    handle: AbortHandle,
    goes_on: bool,
}

impl Operations {
    /// How many run.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether one with this id runs.
    pub(super) fn has(&self, id: &str) -> bool {
        self.known.contains_key(id)
    }

    /// Runs one more. `goes_on` where it would not end by itself.
    pub(super) fn add(
        &mut self,
        id: String,
        answers: BoxStream<'static, AnswerText>,
        goes_on: bool,
        place: OwnedSemaphorePermit,
    ) {
        let id: Arc<str> = id.into();
        let (handle, registration) = AbortHandle::new_pair();
        let answers = Abortable::new(answers, registration);
        self.running.push(Operation { id: Arc::clone(&id), answers, ended: false, _place: place });
        self.known.insert(id, Known { handle, goes_on });
    }

    /// Lets one go, without a word.
    pub(super) fn remove(&mut self, id: &str) {
        if let Some(known) = self.known.remove(id) {
            known.handle.abort();
        }
    }

    /// Lets those go that would not end by themselves.
    pub(super) fn remove_those_that_go_on(&mut self) {
        self.known.retain(|_, known| {
            if known.goes_on {
                known.handle.abort();
            }
            !known.goes_on
        });
    }

    /// Whether there is nothing to poll. What was let go of is dropped by polling.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// What the next of them says; none where none runs.
    pub(super) async fn next(&mut self) -> Option<Told> {
        let told = self.running.next().await?;
        if told.1.is_none() {
            self.known.remove(&told.0);
        }
        Some(told)
    }
}

struct Operation {
    id: Arc<str>,
    answers: Abortable<BoxStream<'static, AnswerText>>,
    ended: bool,
    _place: OwnedSemaphorePermit,
}

impl Stream for Operation {
    type Item = Told;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Told>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let answer = ready!(self.answers.poll_next_unpin(cx));
        self.ended = answer.is_none();
        if self.ended && self.answers.is_aborted() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some((Arc::clone(&self.id), answer)))
    }
}
