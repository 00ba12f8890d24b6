//! Reading all coupons of a pool, of any size, a part at a time and in order of place. Coupons that were
//! touched are merged with those that were not, which are computed; nothing is held between two parts, so a
//! reader that stops costs nothing. Each coupon is told once, as it is when its part is read.

mod csv;
mod file;
mod jsonl;

use std::{collections::VecDeque, sync::Arc};

use super::{CouponFilter, Failure, Scrip, lists::begins_with, prepare::blocking, session::masked};
use scrip_domain::{
    coupon::Coupon, id::CouponId, period::Instant, pool::Pool, source::Source, status::Status, terms::Terms,
};
use scrip_storage::{CodeLists, Coupons, ReadFrom};

/// How many codes are computed for a part.
const CODES: u64 = 16_384;
/// How many touched coupons are read at once.
const ROWS: usize = 1_000;

pub use csv::{Csv, write_cell};
pub use file::File;
pub use jsonl::JsonLines;

/// A file's format: a sink that gives out what was written.
pub trait Format: CouponSink + Default {
    /// Its media type.
    const MEDIA: &'static str;
    /// The end of its files' names.
    const EXTENSION: &'static str;
    /// What the file begins with.
    const HEAD: &'static str;
    /// Whether programs look for a byte order mark at its beginning.
    const MAY_BE_MARKED: bool;
    /// What was written since the last time.
    fn take(&mut self) -> Vec<u8>;
}

/// Where coupons are written to.
pub trait CouponSink: Send + 'static {
    /// The untouched coupons that follow are like this one but for their codes.
    fn alike(&mut self, coupon: &Coupon, terms: &Terms);
    /// A coupon that nobody has touched.
    fn untouched(&mut self, code: &str);
    /// A coupon that was touched, its status at this moment, and its terms.
    fn touched(&mut self, coupon: &Coupon, status: Status, terms: &Terms);
}

/// A pool's coupons, being read.
#[derive(Debug)]
pub struct Export {
    scrip: Arc<Scrip>,
    pool: Arc<Pool>,
    filter: CouponFilter,
    /// The instant whose statuses are written.
    now: Instant,
    /// The place that is read next, and the pool's end.
    place: u64,
    size: u64,
    /// Touched coupons from that place on, as far as they are read.
    rows: VecDeque<Coupon>,
    /// Whether there are none beyond those.
    all_read: bool,
    /// Whether codes are told by their last characters alone.
    masked: bool,
}

impl Scrip {
    /// Begins to read the coupons of a pool that a filter admits.
    pub(crate) async fn export(self: &Arc<Self>, pool: &Arc<Pool>, filter: CouponFilter) -> Result<Export, Failure> {
        let now = self.now();
        self.settle(now).await?;
        Ok(Export {
            scrip: Arc::clone(self),
            pool: Arc::clone(pool),
            filter,
            now,
            place: 0,
            size: self.registry.tally(pool.id).supply.size,
            rows: VecDeque::new(),
            all_read: false,
            masked: false,
        })
    }
}

impl Export {
    /// With codes by their last characters alone, or whole.
    pub(crate) fn masked(self, masked: bool) -> Self {
        Self { masked, ..self }
    }

    /// How far it is: places read, and all.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.place, self.size)
    }

    /// Writes the next part; none once everything is written, or when Scrip is stopping.
    pub async fn next<S: CouponSink>(&mut self, sink: S) -> Result<Option<S>, Failure> {
        if self.place >= self.size {
            return Ok(None);
        }
        if self.scrip.is_stopping() {
            return Err(Failure::internal("an export was cut short: Scrip is stopping".to_owned()));
        }
        if self.rows.is_empty() && !self.all_read {
            self.read_rows().await?;
        }
        // Coupons that were just read may carry terms that the pool has only now.
        if let Some(pool) = self.scrip.registry.pool(self.pool.id) {
            self.pool = pool;
        }
        // What is beyond the rows that are read may be touched.
        let known = self.rows.back().filter(|_| !self.all_read).map_or(self.size, |last| last.id.index + 1);
        let next = self.rows.front().map_or(known, |coupon| coupon.id.index);
        if next > self.place {
            return self.untouched(next, sink).await.map(Some);
        }
        Ok(Some(self.touched(sink)))
    }

    async fn read_rows(&mut self) -> Result<(), Failure> {
        let span = Coupons::of(self.pool.id, self.place..self.size);
        let rows = self.scrip.store.scan(&span, ReadFrom::Start, ROWS).await?;
        self.all_read = rows.len() < ROWS;
        self.rows.extend(rows.into_iter().map(|(_, coupon)| *coupon));
        Ok(())
    }

    /// Writes touched coupons up to the next place that is not.
    fn touched<S: CouponSink>(&mut self, mut sink: S) -> S {
        let now = self.now;
        while let Some(coupon) = self.rows.pop_front_if(|coupon| coupon.id.index == self.place) {
            self.place += 1;
            let coupon = self.pool.taken_over(coupon);
            if let Some(terms) = self.pool.terms(coupon.terms)
                && self.filter.admits(&coupon, self.pool.case(), now)
            {
                let coupon = if self.masked { Coupon { code: masked(&coupon.code), ..coupon } } else { coupon };
                sink.touched(&coupon, coupon.status_at(now), terms);
            }
        }
        sink
    }

    /// Writes coupons that have no row, up to a place or a part's end.
    async fn untouched<S: CouponSink>(&mut self, next: u64, mut sink: S) -> Result<S, Failure> {
        let start = self.place;
        let like = self.pool.untouched(CouponId { pool: self.pool.id, index: start }, String::new());
        if !self.pool.has_stock() || !self.admits_like(&like) {
            self.place = if self.pool.has_stock() { next.min(self.range_end(start)) } else { next };
            return Ok(sink);
        }
        let end = next.min(self.range_end(start)).min(start + CODES);
        let Some(terms) = self.pool.terms(like.terms).cloned() else {
            return Err(Failure::internal(format!("pool {:?} has lost terms", self.pool.id)));
        };
        self.place = end;
        if self.pool.source == Source::Uploaded {
            sink.alike(&like, &terms);
            return self.listed(start, end, sink).await;
        }
        let Some(series) = self.pool.series_at(start) else { return Ok(sink) };
        let Some(open) = self.scrip.opened(&self.pool, series.clone()).await? else { return Ok(sink) };
        let (first, case) = (start - series.first, self.pool.case());
        let (prefix, mask) = (self.filter.prefix.clone().unwrap_or_default(), self.masked);
        blocking(move || {
            let mut sink = sink;
            sink.alike(&like, &terms);
            open.codes(first, end - start, &mut |code| {
                if prefix.is_empty() || begins_with(case, code, &prefix) {
                    if mask { sink.untouched(&masked(code)) } else { sink.untouched(code) }
                }
            });
            sink
        })
        .await
    }

    async fn listed<S: CouponSink>(&self, start: u64, end: u64, mut sink: S) -> Result<S, Failure> {
        let (keys, firsts): (Vec<_>, Vec<_>) = CodeLists::rows_of(self.pool.id, start..end).unzip();
        for (first, codes) in firsts.into_iter().zip(self.scrip.store.get::<CodeLists>(&keys).await?) {
            let places = (first..).zip(codes.unwrap_or_default());
            for (_, code) in places.filter(|(place, _)| (start..end).contains(place)) {
                let case = self.pool.case();
                if self.filter.prefix.as_ref().is_none_or(|prefix| begins_with(case, &code, prefix)) {
                    if self.masked { sink.untouched(&masked(&code)) } else { sink.untouched(&code) }
                }
            }
        }
        Ok(sink)
    }

    /// Where untouched coupons are others next.
    fn range_end(&self, place: u64) -> u64 {
        let terms = self.pool.ranges.iter().map(|(start, _)| *start);
        let spans = self.pool.withdrawn.iter().flat_map(|withdrawn| &withdrawn.spans);
        let ends = terms.chain(spans.flat_map(|span| [span.start, span.end]));
        ends.filter(|end| *end > place).min().unwrap_or(self.size)
    }

    /// Whether the filter admits coupons that are like this one, their codes aside.
    fn admits_like(&self, coupon: &Coupon) -> bool {
        let filter = CouponFilter { prefix: None, code: None, ..self.filter.clone() };
        filter.admits(coupon, self.pool.case(), self.now)
    }
}
