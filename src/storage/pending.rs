//! What is being written: the engine shows a batch to its readers once it is on disk (with `sync=every`), which is
//! before what follows from it is announced. Whoever reads a row of it waits until that has been done.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::watch;

use super::RowId;

/// Some rows. A batch of a job has thousands, of which the standard hasher would make a fiftieth of its time.
pub(super) type Ids = HashSet<RowId, foldhash::fast::RandomState>;

/// The rows of the batch that is being written, if there is one.
#[derive(Debug)]
pub(super) struct Pending(watch::Sender<Option<Arc<Ids>>>);

impl Default for Pending {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

/// A batch whose readers wait until this is dropped: while it is being written, and then until the one who
/// wrote it has announced what follows from it. Otherwise a reader could see a coupon whose event it is told
/// is not there yet.
#[derive(Debug)]
#[must_use = "readers of the batch's rows are let go when this is dropped"]
pub struct Unannounced<'a>(&'a Pending);

impl Pending {
    /// Has those who read these rows wait. To be called before the engine shows them.
    pub(super) fn begin(&self, rows: Ids) -> Unannounced<'_> {
        self.0.send_replace(Some(Arc::new(rows)));
        Unannounced(self)
    }

    /// What is being written now. To be called after the engine was asked for a view of the rows: whatever it shows of
    /// a batch that is not announced is of this one.
    pub(super) fn now(&self) -> Writing {
        let mut changes = self.0.subscribe();
        let rows = changes.borrow_and_update().clone();
        Writing { rows, changes }
    }
}

/// What was being written at a moment.
#[derive(Debug)]
pub(super) struct Writing {
    rows: Option<Arc<Ids>>,
    changes: watch::Receiver<Option<Arc<Ids>>>,
}

impl Writing {
    /// Ends when what was read is announced, given which rows that is.
    pub(super) async fn settled(&mut self, read: impl Fn(&Ids) -> bool) {
        if self.rows.as_deref().is_some_and(read) {
            // An error only says that nothing is written any more.
            drop(self.changes.changed().await);
            self.rows = None;
        }
    }
}

impl Drop for Unannounced<'_> {
    fn drop(&mut self) {
        self.0.0.send_replace(None);
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, task::Poll};

    use super::*;
    use crate::{Address, Batch, Emails, ReadFrom, Span, Store};
    use scrip_domain::id::CustomerId;

    /// Whether this ends without anything else happening.
    async fn ends(future: &mut (impl Future + Unpin)) -> bool {
        poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_ready())).await
    }

    #[tokio::test]
    async fn what_is_read_of_a_batch_waits_until_it_is_written() {
        let store = Store::open(&Address::parse("mem://").expect("an address")).await.expect("a store");
        let id = |name: &str| RowId::of::<Emails>(name.to_owned());
        let row = CustomerId::kept("ann".to_owned());
        let mut batch = Batch::default();
        batch.insert::<Emails>("ann".to_owned(), row.clone());
        batch.insert::<Emails>("ben".to_owned(), row);
        drop(store.commit(&batch).await.expect("written"));
        let scan = |start: &str, end: &str| {
            let (start, end) = (start.to_owned(), end.to_owned());
            let store = &store;
            Box::pin(async move {
                store.scan(&Span::<Emails>::all().between(Some(&start), Some(&end)), ReadFrom::Start, 9).await
            })
        };

        let writing = store.pending.begin(Ids::from_iter([id("ann")]));
        assert_eq!(store.rows(&[id("ben")]).await.expect("rows").len(), 1);
        assert_eq!(scan("b", "c").await.expect("rows").len(), 1);
        let ids = [id("ben"), id("ann")];
        // Nothing but the batch keeps a read from ending at once.
        assert!(ends(&mut pin!(store.rows(&ids[..1]))).await && ends(&mut pin!(scan("b", "c"))).await);
        let (mut get, mut both) = (pin!(store.rows(&ids)), pin!(scan("a", "c")));
        assert!(!ends(&mut get).await && !ends(&mut both).await);
        drop(writing);
        assert_eq!(get.await.expect("rows").len(), 2);
        assert_eq!(both.await.expect("rows").len(), 2);
    }

    #[tokio::test]
    async fn a_view_is_of_one_moment() {
        let store = Store::open(&Address::parse("mem://").expect("an address")).await.expect("a store");
        let of = |name: &str| name.to_owned();
        let row = CustomerId::kept("ann".to_owned());
        let write = async |names: &[&str]| {
            let mut batch = Batch::default();
            names.iter().for_each(|name| batch.insert::<Emails>(of(name), row.clone()));
            store.commit(&batch).await.expect("written")
        };
        drop(write(&["ann"]).await);
        let mut before = store.view().await.expect("a view");
        let announcing = write(&["ben"]).await;
        let mut after = store.view().await.expect("a view");
        assert_eq!(before.get_one::<Emails>(of("ben")).await.expect("an answer"), None, "it came later");
        assert!(ends(&mut pin!(after.get_one::<Emails>(of("ann")))).await, "it was there before");
        {
            let mut waiting = pin!(after.get_one::<Emails>(of("ben")));
            assert!(!ends(&mut waiting).await, "it is not announced yet");
            drop(announcing);
            assert!(waiting.await.expect("an answer").is_some());
        }
        drop(write(&["cem"]).await);
        assert_eq!(after.get_one::<Emails>(of("cem")).await.expect("an answer"), None);
    }
}
