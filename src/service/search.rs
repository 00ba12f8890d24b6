//! Searching a pool's codes by how they begin. Codes that the pool makes are computed and looked through at
//! millions a second, or, where few begin so, only those are; uploaded ones are in the order of their codes
//! in the database.

use std::sync::Arc;

use super::{
    CouponFilter, Failure, Page, PageRequest, Scrip,
    lists::{MAX_LOOKED_AT, begins_with},
    prepare::blocking,
};
use scrip_domain::{
    code::{Series, case_key, typed},
    coupon::Coupon,
    id::CouponId,
    period::Instant,
    pool::Pool,
    pool_codes::{CodeSeries, Making},
    source::Source,
};
use scrip_storage::{CodeOwners, ReadFrom};

/// Where at most so many codes begin in a way, they are found from their ranks: an eighth of a second.
const MAX_RANKED: u64 = 500_000;
/// How many codes one page computes otherwise: a tenth of a second.
const MAX_COMPUTED: u64 = 1_000_000;
/// How many of them before it is looked whether anybody still waits for them.
const AT_ONCE: u64 = 4 * PART;
/// For how many of these a rank counts.
const RANK: u64 = 2;
/// How many codes are computed at once.
const PART: u64 = 65_536;
/// How many places are looked for at once at least.
const FEW: usize = 500;
/// How many rows of uploaded codes are read at once.
const ROWS: usize = 500;

impl Scrip {
    pub(super) async fn with_prefix(
        &self,
        pool: &Arc<Pool>,
        prefix: &str,
        filter: &CouponFilter,
        page: &PageRequest<CouponId>,
        now: Instant,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        match pool.source {
            Source::Uploaded | Source::Remote => self.uploaded_with_prefix(pool, prefix, filter, page, now).await,
            Source::Generated | Source::BulkGenerated => self.made_with_prefix(pool, prefix, filter, page, now).await,
        }
    }

    /// Of an uploaded pool, by code. A cursor may be a coupon of another pool, beside which the page ended.
    async fn uploaded_with_prefix(
        &self,
        pool: &Pool,
        prefix: &str,
        filter: &CouponFilter,
        page: &PageRequest<CouponId>,
        now: Instant,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        let (after, before) = (self.key_of(page.after).await?, self.key_of(page.before).await?);
        let mut span = CodeOwners::starting_with(&case_key(prefix)).between(after.as_ref(), before.as_ref());
        let mut found = Vec::new();
        let mut last = None;
        for _ in 0..MAX_LOOKED_AT / ROWS {
            let rows = self.store.scan(&span, ReadFrom::end_if(page.from_end), ROWS).await?;
            let full = rows.len() == ROWS;
            let mut ids = Vec::new();
            for (key, named) in rows {
                last = named.first().map(|named| named.coupon);
                ids.extend(named.into_iter().map(|named| named.coupon).filter(|coupon| coupon.pool == pool.id));
                span = if page.from_end { span.before(&key) } else { span.after(&key) };
            }
            let coupons = self.coupons(&ids).await?.into_iter().flatten();
            let admitted = coupons.filter(|coupon| filter.admits(coupon, pool.case(), now));
            found.extend(admitted.map(|coupon| (coupon.id, coupon)));
            if !full || found.len() > page.limit {
                return Ok(Page::from_gathered(found, page));
            }
        }
        Ok(Page::from_gathered_until(found, last, page))
    }

    /// The key of the row of a coupon's code.
    async fn key_of(&self, id: Option<CouponId>) -> Result<Option<String>, Failure> {
        let Some(id) = id else { return Ok(None) };
        let coupon = self.coupons(&[id]).await?.pop().flatten();
        Ok(coupon.map(|coupon| case_key(&coupon.code)))
    }

    /// Of a pool that makes its codes, by place.
    async fn made_with_prefix(
        &self,
        pool: &Arc<Pool>,
        prefix: &str,
        filter: &CouponFilter,
        page: &PageRequest<CouponId>,
        now: Instant,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        let size = self.registry.tally(pool.id).supply.size;
        let (mut low, mut high) =
            (page.after.map_or(0, |id| id.index + 1), page.before.map_or(size, |id| id.index.min(size)));
        let mut found = Vec::new();
        let (mut looked_at, mut computed) = (0, 0);
        let prefix = typed(prefix).into_owned();
        while low < high {
            let search = Search {
                segments: self.segments(pool, size).await?,
                pool: Arc::clone(pool),
                prefix: prefix.clone(),
                from_end: page.from_end,
                // Ranks are looked up anew each time: not for a handful.
                most: (page.limit + 1).max(FEW),
            };
            let places = blocking(move || search.places(low, high)).await?;
            computed += places.computed;
            let ids: Vec<_> = places.found.iter().map(|index| CouponId { pool: pool.id, index: *index }).collect();
            looked_at += ids.len();
            let coupons = self.coupons(&ids).await?.into_iter().flatten();
            let admitted = coupons.filter(|coupon| filter.admits(coupon, pool.case(), now));
            found.extend(admitted.map(|coupon| (coupon.id, coupon)));
            if page.from_end {
                high = places.reached
            } else {
                low = places.reached
            }
            if found.len() > page.limit {
                break;
            }
            if low < high && (computed >= MAX_COMPUTED || looked_at >= MAX_LOOKED_AT) {
                let last = if page.from_end { high } else { low - 1 };
                return Ok(Page::from_gathered_until(found, Some(CouponId { pool: pool.id, index: last }), page));
            }
        }
        Ok(Page::from_gathered(found, page))
    }

    /// A pool's series, opened, each with the end of its places.
    async fn segments(&self, pool: &Arc<Pool>, size: u64) -> Result<Vec<Segment>, Failure> {
        let mut segments = Vec::with_capacity(pool.series.len());
        let ends = pool.series.iter().skip(1).map(|series| series.first).chain([size]);
        for (series, end) in pool.series.iter().zip(ends) {
            segments.push(Segment { series: series.clone(), open: self.opened(pool, series.clone()).await?, end });
        }
        Ok(segments)
    }
}

struct Segment {
    series: CodeSeries,
    open: Option<Arc<Series>>,
    end: u64,
}

/// One look through a pool's codes.
struct Search {
    pool: Arc<Pool>,
    segments: Vec<Segment>,
    prefix: String,
    from_end: bool,
    /// How many places are enough.
    most: usize,
}

/// What a look found.
struct Places {
    /// In the direction of the search.
    found: Vec<u64>,
    /// Everything before this was looked at; from the end, everything from this on.
    reached: u64,
    /// How many codes were computed one by one.
    computed: u64,
}

impl Search {
    /// The places from `low` on and below `high`.
    fn places(&self, low: u64, high: u64) -> Places {
        let mut places = Places { found: Vec::new(), reached: if self.from_end { high } else { low }, computed: 0 };
        let order: Vec<&Segment> =
            if self.from_end { self.segments.iter().rev().collect() } else { self.segments.iter().collect() };
        for segment in order {
            let (start, end) = (segment.series.first.max(low), segment.end.min(high));
            if start >= end {
                continue;
            }
            if !self.look_through(segment, start, end, &mut places) {
                return places;
            }
        }
        places.reached = if self.from_end { low } else { high };
        places
    }

    /// Looks through a part of a segment; false where the search is over before its end.
    fn look_through(&self, segment: &Segment, start: u64, end: u64, places: &mut Places) -> bool {
        let first = segment.series.first;
        let ranked = match (&segment.series.making, &segment.open) {
            (Making::Generic(code), _) if begins_with(self.pool.case(), code, &self.prefix) => None,
            (Making::Keyed(_), Some(open)) => open.with_prefix(&self.prefix, segment.end - first, MAX_RANKED),
            (Making::Generic(_) | Making::Keyed(_), _) => Some((Vec::new(), 0)),
        };
        if let Some((indices, ranks)) = ranked {
            places.computed += ranks * RANK;
            let within = indices.into_iter().map(|index| first + index).filter(|place| (start..end).contains(place));
            let goes_on = self.take(within.collect(), places);
            if goes_on {
                places.reached = if self.from_end { start } else { end };
            }
            return goes_on && places.computed < AT_ONCE;
        }
        let (mut low, mut high) = (start, end);
        while low < high {
            if places.computed >= AT_ONCE {
                return false;
            }
            let (from, to) =
                if self.from_end { (low.max(high.saturating_sub(PART)), high) } else { (low, high.min(low + PART)) };
            places.computed += to - from;
            if !self.take(self.part(segment, from, to), places) {
                return false;
            }
            places.reached = if self.from_end { from } else { to };
            if self.from_end { high = from } else { low = to }
        }
        true
    }

    /// The places of a part whose codes begin with the prefix.
    fn part(&self, segment: &Segment, from: u64, to: u64) -> Vec<u64> {
        let Some(open) = &segment.open else { return (from..to).collect() };
        let mut found = Vec::new();
        let mut place = from;
        open.codes(from - segment.series.first, to - from, &mut |code| {
            if begins_with(self.pool.case(), code, &self.prefix) {
                found.push(place);
            }
            place += 1;
        });
        found
    }

    /// Adds places, given in their order; false once there are enough.
    fn take(&self, mut part: Vec<u64>, places: &mut Places) -> bool {
        if self.from_end {
            part.reverse();
        }
        for place in part {
            places.found.push(place);
            places.reached = if self.from_end { place } else { place + 1 };
            if places.found.len() >= self.most {
                return false;
            }
        }
        true
    }
}
