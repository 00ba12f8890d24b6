//! Reading what the items of a list lead to together: the customers of a page's coupons in one read, the coupons
//! of a page's events in another. A reader waits for the others of its list and for nothing else.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use async_graphql::{
    dataloader::{DataLoader, Loader},
    futures_util::{
        FutureExt,
        future::BoxFuture,
        task::{FutureObj, Spawn, SpawnError},
    },
    runtime::Timer,
};
use tokio::sync::OnceCell;

use scrip_domain::{
    coupon::Coupon,
    customer::Customer,
    event::Event,
    id::{CouponId, CustomerId, EventId},
};
use scrip_service::{Action, Failure, Session};

/// Loads by id, without keeping what was read: the next request may find it changed.
pub(super) type Related = DataLoader<Reader>;

/// The loader of a request.
pub(super) fn related(session: Session) -> Related {
    DataLoader::new(Reader(session), Turn, Turn)
}

/// A wait of one turn: a list's items are all asked for in one, so there is nothing more to wait for.
struct Turn;

impl Spawn for Turn {
    fn spawn_obj(&self, task: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        tokio::spawn(task);
        Ok(())
    }
}

impl Timer for Turn {
    fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
        tokio::task::yield_now().boxed()
    }
}

/// Reads as whoever asks.
pub(super) struct Reader(Session);

impl Loader<CustomerId> for Reader {
    type Value = Customer;
    type Error = Failure;

    async fn load(&self, ids: &[CustomerId]) -> Result<HashMap<CustomerId, Customer>, Failure> {
        let found = self.0.customers(ids).await?;
        Ok(ids.iter().cloned().zip(found).filter_map(|(id, customer)| Some((id, customer?))).collect())
    }
}

impl Loader<CouponId> for Reader {
    type Value = Coupon;
    type Error = Failure;

    async fn load(&self, ids: &[CouponId]) -> Result<HashMap<CouponId, Coupon>, Failure> {
        let found = self.0.coupons(ids).await?;
        Ok(ids.iter().copied().zip(found).filter_map(|(id, coupon)| Some((id, coupon?))).collect())
    }
}

/// What events lead to that are answered one after the other: read together when the first of them is asked for it.
#[derive(Debug)]
pub(super) struct Together {
    events: Vec<Arc<Event>>,
    coupons: OnceCell<HashMap<CouponId, Coupon>>,
    customers: OnceCell<HashMap<CustomerId, Customer>>,
}

impl Together {
    /// Of these events.
    pub(super) fn of(events: &[Arc<Event>]) -> Self {
        Self { events: events.to_vec(), coupons: OnceCell::new(), customers: OnceCell::new() }
    }

    /// The coupon of one of them, for whoever may read it: another may have had it read.
    pub(super) async fn coupon(
        &self,
        session: &Session,
        related: &Related,
        id: CouponId,
    ) -> Result<Option<Coupon>, Failure> {
        session.demand(Action::ReadCoupons)?;
        let ids = self.events.iter().map(|event| event.coupon);
        Ok(self.coupons.get_or_try_init(|| related.load_many(ids)).await?.get(&id).cloned())
    }

    /// A customer of one of them, likewise.
    pub(super) async fn customer(
        &self,
        session: &Session,
        related: &Related,
        id: &CustomerId,
    ) -> Result<Option<Customer>, Failure> {
        session.demand(Action::ReadCustomers)?;
        let both = |event: &Arc<Event>| [event.change.customer.clone(), event.change.counterpart.clone()];
        let ids = self.events.iter().flat_map(both).flatten();
        Ok(self.customers.get_or_try_init(|| related.load_many(ids)).await?.get(id).cloned())
    }
}

/// What events lead to that many are told of at the same time: read once for all of them.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<HashMap<EventId, Weak<Together>>>);

/// How many events are remembered before those are forgotten that nobody is told of any more.
const REMEMBERED: usize = 256;

impl Shared {
    /// What an event leads to, as whoever else is told of it at the moment has it.
    pub(super) fn of(&self, event: &Arc<Event>) -> Arc<Together> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&event.id).and_then(Weak::upgrade) {
            return found;
        }
        if known.len() >= REMEMBERED {
            known.retain(|_, together| together.strong_count() > 0);
        }
        let together = Arc::new(Together::of(std::slice::from_ref(event)));
        known.insert(event.id, Arc::downgrade(&together));
        together
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_graphql::futures_util::future::join_all;

    use super::*;

    struct Counted(Arc<AtomicUsize>);

    impl Loader<u64> for Counted {
        type Value = u64;
        type Error = ();

        async fn load(&self, ids: &[u64]) -> Result<HashMap<u64, u64>, ()> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(ids.iter().map(|id| (*id, id * 2)).collect())
        }
    }

    #[tokio::test]
    async fn the_items_of_a_list_are_read_at_once() {
        let reads = Arc::new(AtomicUsize::new(0));
        let loader = DataLoader::new(Counted(Arc::clone(&reads)), Turn, Turn);
        let found = join_all((0..50).map(|id| loader.load_one(id % 20))).await;
        assert!(found.iter().enumerate().all(|(place, found)| *found == Ok(Some(place as u64 % 20 * 2))));
        assert_eq!(reads.load(Ordering::SeqCst), 1);
    }
}
