//! Who waits for which events. A seat is called when an event comes that its filter admits, and for no other; it
//! is found by what its filter is narrowest in, so an event costs what it calls and not how many listen.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

use crate::EventFilter;
use scrip_domain::{
    event::Event,
    id::{CouponId, CustomerId, PoolId},
};

/// Its holder reads and need not be called.
const READING: u64 = u64::MAX;
/// Its holder has read all there was and waits.
const WAITING: u64 = 0;

/// One who waits for events.
#[derive(Debug)]
pub(super) struct Seat {
    filter: EventFilter,
    /// [`READING`], [`WAITING`], or the place of the first event that it was called for.
    called: AtomicU64,
    woken: Notify,
}

impl Seat {
    pub(super) fn new(filter: EventFilter) -> Self {
        Self { filter, called: AtomicU64::new(READING), woken: Notify::new() }
    }

    /// Which events it is for.
    pub(super) fn filter(&self) -> &EventFilter {
        &self.filter
    }

    /// Calls one who waits for the event at a place.
    fn call(&self, place: u64) {
        if self.called.compare_exchange(WAITING, place, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            self.woken.notify_one();
        }
    }

    /// Has it called for the next event. The ring must be held: an event that is being put in calls it or is seen.
    pub(super) fn wait(&self) {
        self.called.store(WAITING, Ordering::Release);
    }

    /// Ends when it is called.
    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Begins to read. Nothing before the place that is given is for it; none where that is not known, because it
    /// had not been waiting. Still waiting where nobody called.
    pub(super) fn begin_to_read(&self) -> Result<Option<u64>, Waiting> {
        match self.called.load(Ordering::Acquire) {
            WAITING => Err(Waiting),
            READING => Ok(None),
            place => {
                self.called.store(READING, Ordering::Release);
                Ok(Some(place))
            }
        }
    }
}

/// Nobody has called.
pub(super) struct Waiting;

/// Those with one narrowest condition, by their number, which is the order they came in.
type Group = BTreeMap<u64, Arc<Seat>>;

/// All seats.
#[derive(Debug, Default)]
pub(super) struct Seats {
    numbers: u64,
    any: Group,
    pools: HashMap<PoolId, Group>,
    coupons: HashMap<CouponId, Group>,
    customers: HashMap<CustomerId, Group>,
}

impl Seats {
    /// Takes one in; gives the number by which it leaves.
    pub(super) fn enter(&mut self, seat: &Arc<Seat>) -> u64 {
        self.numbers += 1;
        let group = match &seat.filter {
            EventFilter { coupon: Some(coupon), .. } => self.coupons.entry(*coupon).or_default(),
            EventFilter { customer: Some(customer), .. } => self.customers.entry(customer.clone()).or_default(),
            EventFilter { pool: Some(pool), .. } => self.pools.entry(*pool).or_default(),
            _ => &mut self.any,
        };
        group.insert(self.numbers, Arc::clone(seat));
        self.numbers
    }

    /// Lets one go.
    pub(super) fn leave(&mut self, seat: &Seat, number: u64) {
        fn remove<K: std::hash::Hash + Eq>(groups: &mut HashMap<K, Group>, key: &K, number: u64) {
            if let Some(group) = groups.get_mut(key) {
                group.remove(&number);
                if group.is_empty() {
                    groups.remove(key);
                }
            }
        }
        match &seat.filter {
            EventFilter { coupon: Some(coupon), .. } => remove(&mut self.coupons, coupon, number),
            EventFilter { customer: Some(customer), .. } => remove(&mut self.customers, customer, number),
            EventFilter { pool: Some(pool), .. } => remove(&mut self.pools, pool, number),
            _ => drop(self.any.remove(&number)),
        }
    }

    /// Calls everyone who waits for an event.
    pub(super) fn call(&self, event: &Event) {
        let customer = event.change.customer.as_ref().and_then(|customer| self.customers.get(customer));
        let groups = [self.coupons.get(&event.coupon), customer, self.pools.get(&event.coupon.pool), Some(&self.any)];
        for seat in groups.into_iter().flatten().flat_map(BTreeMap::values) {
            if seat.filter.admits(event) {
                seat.call(event.id.sequence);
            }
        }
    }

    /// Calls everyone who waits: what comes after a place is to be read from the log.
    pub(super) fn call_all(&self, place: u64) {
        let pools = self.pools.values().flat_map(BTreeMap::values);
        let coupons = self.coupons.values().flat_map(BTreeMap::values);
        let customers = self.customers.values().flat_map(BTreeMap::values);
        self.any.values().chain(pools).chain(coupons).chain(customers).for_each(|seat| seat.call(place + 1));
    }
}
