//! Coupons of a pool that a customer holds from before the pool noted what customers hold: they are found in the
//! customer's history, from its end on. The committer looks at its last part alone, so that nobody waits for a long one;
//! the rest is searched here, in the caller's own task, one turn of one search at a time. What a turn has found is noted
//! before the next, so that each part is searched once, whatever becomes of the command and its caller.

use super::{
    Caller, Command, Failure, HoldingsBegin, HoldingsFound, Scrip, command::Whose, prepare::Prepared, turn::away,
};
use scrip_domain::{
    coupon::Coupon,
    id::{CouponId, CustomerId, EventId},
    period::Instant,
};
use scrip_storage::{Coupons, CustomerEvents, Holding, Holdings, ReadFrom, StorageError, View, Whole};

/// How many events of a customer are read at once.
const PART: usize = 500;
/// How many parts a turn has. Then what was found is noted, and others have theirs.
const PARTS: usize = 10;
/// How many coupons that can no longer be used are noted of a turn: one of them is told where there is no other.
const MAX_OVER: usize = 100;

/// Coupons that a customer came to hold by a part of the history, and still held when it was read.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) coupons: Vec<CouponId>,
    /// All events from here on, up to where the search began, were read.
    pub(super) from: u64,
    /// Whether one of the coupons can be used.
    usable: bool,
    /// How many of them cannot be used any more.
    over: usize,
}

impl Found {
    /// Nothing yet, of the history below an event.
    pub(super) fn below(event: u64) -> Self {
        Self { from: event, ..Self::default() }
    }

    /// Whether nothing more has to be read: one can be used, or all was read.
    pub(super) fn is_enough(&self) -> bool {
        self.usable || self.from == 0
    }

    /// Reads the part of a customer's history, of up to `limit` events of a stream, before what was read; gives how many
    /// there were.
    pub(super) async fn read_part(
        &mut self,
        view: &mut View<'_>,
        stream: u32,
        (customer, pool): &Whose,
        limit: usize,
        now: Instant,
    ) -> Result<usize, StorageError> {
        let span = CustomerEvents::of(customer, stream, 0..self.from);
        let rows = view.scan(&span, ReadFrom::End, limit).await?;
        let read = rows.len();
        let mut acquired = Vec::new();
        for ((_, event), happened) in rows {
            self.from = event.sequence;
            if happened.acquired && happened.coupon.pool == *pool {
                acquired.push((event, happened.coupon));
            }
        }
        if read < limit {
            self.from = 0;
        }
        let ids: Vec<CouponId> = acquired.iter().map(|(_, coupon)| *coupon).collect();
        for ((event, id), coupon) in acquired.into_iter().zip(view.get::<Coupons>(&ids).await?) {
            let Some(coupon) = coupon.filter(|coupon| is_held_by(coupon, customer, event)) else { continue };
            let live = coupon.status.is_live();
            self.usable |= coupon.status_at(now).is_live();
            self.over += usize::from(!live);
            if live || self.over <= MAX_OVER {
                self.coupons.push(id);
            }
        }
        Ok(read)
    }
}

fn is_held_by(coupon: &Coupon, customer: &CustomerId, since: EventId) -> bool {
    coupon.customer.as_ref() == Some(customer) && coupon.acquired == Some(since)
}

impl Scrip {
    /// Searches a customer's history for coupons of a pool, up to a part that has one that can be used, and has them
    /// noted.
    pub(super) async fn search_history(&self, whose: &Whose) -> Result<(), Failure> {
        let mut searched = u64::MAX;
        loop {
            // Whoever searches for the same next finds what this turn has noted.
            let _turn = away(self.searches.acquire()).await.map_err(Failure::internal)?;
            let below = self.searched_down_to(whose).await?;
            if below == 0 {
                return Ok(());
            }
            if below == searched {
                return Err(Failure::internal(format!("what a search for {whose:?} has found was not noted")));
            }
            searched = below;
            let found = self.search_part(whose, below).await?;
            let enough = found.is_enough();
            let Found { coupons, from, .. } = found;
            let (customer, pool) = whose.clone();
            self.note(Box::new(HoldingsFound { customer, pool, coupons, below, from })).await?;
            if enough {
                return Ok(());
            }
        }
    }

    /// Down to which event a customer's history was searched; from then on all that happens is noted.
    async fn searched_down_to(&self, (customer, pool): &Whose) -> Result<u64, Failure> {
        let since = || self.registry.pool(*pool).and_then(|pool| pool.holdings_since);
        if since().is_none() {
            // Noted from now on: nothing can happen any more that a search would not see.
            self.note(HoldingsBegin(*pool)).await?;
        }
        let row = self.store.get_one::<Holdings>((customer.clone(), *pool, None)).await?;
        match (row, since()) {
            (Some(Holding::Whole(Whole { searched: Some(from), .. })), _) => Ok(from),
            (_, Some(since)) => Ok(since),
            (_, None) => Err(Failure::internal(format!("pool {pool:?} does not note what is held of it"))),
        }
    }

    /// One turn.
    async fn search_part(&self, whose: &Whose, below: u64) -> Result<Found, Failure> {
        let (mut found, now) = (Found::below(below), self.now());
        for _ in 0..PARTS {
            let mut view = self.store.view().await?;
            found.read_part(&mut view, self.registry.stream(), whose, PART, now).await?;
            // Both bound what the committer then reads and writes for it.
            if found.is_enough() || found.coupons.len() >= PART {
                break;
            }
            tokio::task::yield_now().await;
        }
        Ok(found)
    }

    async fn note(&self, command: impl Into<Command>) -> Result<(), Failure> {
        let noted = self.committer.submit(&Caller::scrip(), None, command.into(), Prepared::default()).await;
        noted.unwrap_or_else(|_| Err(Failure::internal("what is only noted asks nothing".to_owned()))).map(drop)
    }
}
