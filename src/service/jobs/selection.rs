//! What a filter selects, fixed before the first coupon of it changes: as stretches of places, so that a hundred million
//! coupons that nobody has touched are one.

use std::ops::Range;

use super::{
    asked::{PART, stretches},
    work::{Goes, Lease},
};
use crate::{CouponFilter, Failure, PageRequest, Sight, Work};
use scrip_domain::{
    coupon::Coupon,
    id::{CouponId, CustomerId, PoolId, TermsNumber},
    period::Instant,
    pool::{Pool, Supply},
    status::Status,
};
use scrip_storage::{Coupons, ReadFrom, Stretch};

/// How many coupons are read at once.
const ROWS: usize = 1_000;
/// How many are shown of a page.
const PAGE: usize = 500;

impl Lease {
    /// Notes what a filter selects at this moment; `touched` where those are dealt with that nobody has touched.
    pub(super) async fn fix(&mut self, filter: &CouponFilter, touched: bool) -> Result<Goes, Failure> {
        let now = self.scrip.now();
        self.scrip.settle(now).await?;
        // What does not exist for who has started it is not selected.
        let sight = Sight::of(&self.scrip.registry, &self.job.groups);
        let filter = &CouponFilter { sight: sight.clone(), ..filter.clone() };
        match (&filter.customer, filter.pool) {
            (Some(customer), _) => self.fix_held(customer, filter, now).await,
            (None, Some(pool)) if filter.prefix.is_some() => self.fix_listed(pool, filter, now).await,
            (None, Some(pool)) => self.fix_pool(pool, filter, touched, now).await,
            (None, None) => self.step(Work::Fix(Vec::new(), true)).await,
        }
    }

    /// Those of a pool, read in the order of their places.
    async fn fix_pool(
        &mut self,
        pool: PoolId,
        filter: &CouponFilter,
        touched: bool,
        now: Instant,
    ) -> Result<Goes, Failure> {
        let Some(pool) = filter.sight.seen(self.scrip.registry.pool(pool)) else {
            return self.step(Work::Fix(Vec::new(), true)).await;
        };
        let supply = self.scrip.registry.tally(pool.id).supply;
        let size = supply.size;
        let untouched = untouched_of(&pool, &supply, filter, touched);
        let mut found = Found::default();
        let mut next = 0;
        while next < size {
            let rows = self.scrip.store.scan(&Coupons::of(pool.id, next..size), ReadFrom::Start, ROWS).await?;
            let is_last = rows.len() < ROWS;
            for (id, coupon) in rows {
                found.add_within(pool.id, next..id.index, &untouched);
                if filter.admits(&pool.taken_over(*coupon), pool.case(), now) {
                    found.add(Stretch { pool: pool.id, from: id.index, to: id.index + 1 });
                }
                next = id.index + 1;
            }
            if is_last {
                found.add_within(pool.id, next..size, &untouched);
                break;
            }
            while let Some(part) = found.part() {
                if self.step(Work::Fix(part, false)).await? == Goes::NotOn {
                    return Ok(Goes::NotOn);
                }
            }
        }
        self.fix_rest(found).await
    }

    /// Those of a pool that a list has, whose codes have to be looked at.
    async fn fix_listed(&mut self, pool: PoolId, filter: &CouponFilter, now: Instant) -> Result<Goes, Failure> {
        let (mut found, mut after) = (Found::default(), None);
        loop {
            let request = PageRequest { limit: PAGE, after, before: None, from_end: false };
            let page = self.scrip.pool_coupons(pool, filter, &request, now).await?;
            let last = page.resume.or_else(|| page.items.last().map(|(place, _)| *place));
            stretches(page.items.iter().map(|(_, coupon)| coupon.id)).into_iter().for_each(|one| found.add(one));
            match last.filter(|_| page.has_next) {
                Some(place) => after = Some(place),
                None => return self.fix_rest(found).await,
            }
        }
    }

    /// Those that a customer holds.
    async fn fix_held(&mut self, customer: &CustomerId, filter: &CouponFilter, now: Instant) -> Result<Goes, Failure> {
        let (mut found, mut after) = (Found::default(), None);
        loop {
            let request = PageRequest { limit: PAGE, after, before: None, from_end: false };
            let page = self.scrip.customer_coupons(customer, filter, &request, now).await?;
            let last = page.resume.or_else(|| page.items.last().map(|(place, _)| *place));
            stretches(page.items.iter().map(|(_, coupon)| coupon.id)).into_iter().for_each(|one| found.add(one));
            match last.filter(|_| page.has_next) {
                Some(place) => after = Some(place),
                None => return self.fix_rest(found).await,
            }
        }
    }

    async fn fix_rest(&mut self, mut found: Found) -> Result<Goes, Failure> {
        while let Some(part) = found.part() {
            if self.step(Work::Fix(part, false)).await? == Goes::NotOn {
                return Ok(Goes::NotOn);
            }
        }
        self.step(Work::Fix(found.0, true)).await
    }
}

/// What was found and is not noted yet.
#[derive(Default)]
struct Found(Vec<Stretch>);

impl Found {
    fn add(&mut self, next: Stretch) {
        match self.0.last_mut() {
            Some(last) if last.pool == next.pool && last.to == next.from => last.to = next.to,
            _ => self.0.push(next),
        }
    }

    /// Adds what of a span of a pool's places is in some spans, which are sorted.
    fn add_within(&mut self, pool: PoolId, places: Range<u64>, spans: &[Range<u64>]) {
        let first = spans.partition_point(|span| span.end <= places.start);
        for span in spans.iter().skip(first).take_while(|span| span.start < places.end) {
            self.add(Stretch { pool, from: span.start.max(places.start), to: span.end.min(places.end) });
        }
    }

    /// A whole part of it, where there is more than one.
    fn part(&mut self) -> Option<Vec<Stretch>> {
        (self.0.len() > PART).then(|| self.0.drain(..PART).collect())
    }
}

/// Where a filter admits coupons of a pool that nobody has touched, among others that have rows.
fn untouched_of(pool: &Pool, supply: &Supply, filter: &CouponFilter, touched: bool) -> Vec<Range<u64>> {
    let admitted = |status: &Status| {
        let id = CouponId { pool: pool.id, index: 0 };
        let any = Coupon { status: *status, ..Coupon::unassigned(id, String::new(), TermsNumber(0)) };
        filter.code.is_none() && filter.admits(&any, pool.case(), Instant::UNIX_EPOCH)
    };
    let statuses = if touched { &[][..] } else { &[Status::Unassigned, Status::Invalid][..] };
    let mut spans: Vec<_> = statuses
        .iter()
        .filter(|status| admitted(status))
        .flat_map(|status| pool.untouched_in(*status, supply))
        .collect();
    spans.sort_unstable_by_key(|span| span.start);
    spans
}
