//! What is in memory for callers without running: long bodies that wait for their turn, and answers that their clients
//! have not read yet. Each key has a share of it, so that one whose clients do not read is refused before the others
//! notice. What is small is not counted: connections are bounded in number.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;

/// What is shorter is not counted, in bytes.
const SMALL: usize = 8 * 1024;

/// How soon whoever waits for room looks again.
const AGAIN: std::time::Duration = std::time::Duration::from_millis(100);

/// What is held for all keys. Every copy is the same one.
#[derive(Debug, Clone)]
pub(super) struct Held(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// About how many bytes there may be in all.
    most: usize,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    all: usize,
    of: HashMap<Arc<str>, usize>,
}

/// Why nothing more is held for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "too much of this key is in memory: {0} bytes of long bodies, and of answers that its clients have not read yet; read \
     them, or send less at once, and try again"
)]
pub(super) struct Full(usize);

impl Held {
    /// So many bytes at most, but for what makes it more than that.
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Inner { most, books: Mutex::default() }))
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a key may have so many bytes more. Half of all is its share; less where others take the rest. One that
    /// has nothing may always: so nobody is refused for what others do.
    pub(super) fn admits(&self, key: &str, bytes: usize) -> Result<(), Full> {
        let books = self.books();
        let own = books.of.get(key).copied().unwrap_or_default();
        if own > 0 && (own + bytes > self.0.most / 2 || books.all + bytes > self.0.most) {
            return Err(Full(own));
        }
        Ok(())
    }

    /// Waits until a key has no more than its share.
    pub(super) async fn room(&self, key: &str) {
        while self.admits(key, 0).is_err() {
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Counts so many bytes for a key until what is given back is dropped.
    fn hold(&self, key: &str, bytes: usize) -> Hold {
        let mut books = self.books();
        books.all += bytes;
        let key = match books.of.get_key_value(key) {
            Some((key, _)) => Arc::clone(key),
            None => key.into(),
        };
        *books.of.entry(Arc::clone(&key)).or_default() += bytes;
        Hold { held: self.clone(), key, bytes }
    }

    fn less(&self, key: &str, bytes: usize) {
        let mut books = self.books();
        books.all -= bytes;
        if let Some(own) = books.of.get_mut(key) {
            *own -= bytes;
            if *own == 0 {
                books.of.remove(key);
            }
        }
    }

    /// A place for a body of this length, which is not read yet.
    pub(super) fn body(&self, key: &str, length: usize) -> Result<Option<Hold>, Full> {
        if length <= SMALL {
            return Ok(None);
        }
        self.admits(key, length)?;
        Ok(Some(self.hold(key, length)))
    }

    /// Counts an answer that was made.
    pub(super) fn made(&self, key: &str, length: usize) -> Option<Hold> {
        (length > SMALL).then(|| self.hold(key, length))
    }

    /// An answer's text, which is counted until it is written.
    pub(super) fn text(&self, key: &str, text: Vec<u8>) -> Bytes {
        match self.made(key, text.len()) {
            Some(hold) => hold.until_written(text),
            None => text.into(),
        }
    }
}

/// Bytes that are counted. Dropped, they are not any more.
#[derive(Debug)]
pub(super) struct Hold {
    held: Held,
    key: Arc<str>,
    bytes: usize,
}

impl Hold {
    /// Counts fewer bytes than were expected.
    pub(super) fn settle(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        self.held.less(&self.key, less);
        self.bytes -= less;
    }

    /// A text that is counted until it is dropped.
    pub(super) fn until_written(self, text: Vec<u8>) -> Bytes {
        Bytes::from_owner(Owned { text, _hold: self })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.held.less(&self.key, self.bytes);
    }
}

/// A text with its count.
struct Owned {
    text: Vec<u8>,
    _hold: Hold,
}

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_a_share() {
        let (held, part) = (Held::new(8 * SMALL), 2 * SMALL);
        assert!(held.body("a", SMALL).is_ok_and(|hold| hold.is_none()), "what is small is not counted");
        let first = held.body("a", part).expect("room");
        let second = held.body("a", part).expect("room");
        assert_eq!(held.body("a", part).expect_err("its share"), Full(2 * part));
        let others: Vec<_> = ["b", "c", "d"].map(|key| held.body(key, part).expect("room for one")).into();
        assert!(held.body("b", part).is_err(), "others have the rest");
        drop(second);
        assert!(held.body("a", part).is_err(), "it is still more than all");
        drop(others);
        assert!(held.body("a", part).is_ok());
        drop(first);
        assert!(held.books().of.is_empty() && held.books().all == 0, "nothing is kept of who has nothing");
    }

    #[test]
    fn a_text_is_counted_until_it_is_dropped() {
        let held = Held::new(8 * SMALL);
        let text = held.text("a", vec![b'x'; 4 * SMALL]);
        let part = text.slice(..10);
        drop(text);
        assert!(held.admits("a", SMALL).is_err());
        drop(part);
        assert!(held.admits("a", SMALL).is_ok());
    }
}
