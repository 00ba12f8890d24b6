//! Codes that pools make themselves, looked up without an index: which pools could make a code, which
//! place it has, and which code a place has. A pattern that a pool is about to get is reserved, so that no
//! list brings one of its codes in meanwhile.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Failure, Registry};
use scrip_domain::{
    code::{CaseMode, CodeFormat, PatternSet, Series, shared_code},
    id::PoolId,
    pool::Pool,
    pool_codes::{CodeSeries, CodesFault, Making},
};

/// What a code of a pool means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// The coupon at this place, if there is one.
    Place(u64),
    /// One of the coupons of a generic code.
    Generic,
}

/// Who could make a code.
#[derive(Debug, Clone)]
pub(super) enum Maker {
    /// This pool.
    Pool(Arc<Pool>),
    /// A pool that is being made or edited.
    Reserved,
}

/// The patterns that are reserved.
#[derive(Debug, Default)]
pub(super) struct Reserved {
    next: u64,
    patterns: PatternSet<u64>,
}

/// A reserved pattern, until this is dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    number: u64,
    reserved: Arc<Mutex<Reserved>>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner).patterns.remove(&self.number);
    }
}

impl Registry {
    /// Reserves the codes of a format: from now on no list brings one of them in.
    pub(super) fn reserve(&self, format: Arc<CodeFormat>) -> Reservation {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let number = reserved.next;
        reserved.next += 1;
        reserved.patterns.insert(number, format);
        Reservation { number, reserved: Arc::clone(&self.reserved) }
    }

    /// Who could make a code, or one that is the same under a comparison.
    pub(super) fn maker(&self, code: &str, comparison: CaseMode) -> Option<Maker> {
        let held = self.read();
        let pool = held.patterns.makers(code, comparison).into_iter().find_map(|id| held.pools.get(id));
        if let Some(pool) = pool {
            return Some(Maker::Pool(Arc::clone(pool)));
        }
        let reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        (!reserved.patterns.makers(code, comparison).is_empty()).then_some(Maker::Reserved)
    }

    /// The patterns of other pools than `own` that may overlap with a format and were added since a stamp; and the stamp
    /// of now. To compare with them takes long, and is not for who holds the registry.
    pub(super) fn rivals(&self, format: &CodeFormat, own: Option<PoolId>, since: u64) -> (u64, Rivals) {
        let held = self.read();
        let others = held.patterns.meeting(format, since).filter(|(id, _)| Some(**id) != own);
        (held.patterns.stamp(), others.map(|(id, other)| (*id, Arc::clone(other))).collect())
    }

    /// The pools that could have made a code, by its characters.
    pub(super) fn candidates(&self, code: &str) -> Vec<Arc<Pool>> {
        let held = self.read();
        let mut ids: Vec<_> = held.patterns.candidates(code).into_iter().copied().collect();
        ids.dedup();
        ids.iter().filter_map(|id| held.pools.get(id)).cloned().collect()
    }

    /// A pool's series, opened; none of a generic code.
    pub(super) fn series(&self, pool: &Pool, series: &CodeSeries) -> Result<Option<Arc<Series>>, Failure> {
        self.opened.series(pool, series).map_err(|fault| unreadable(pool, &fault))
    }

    /// The code at a place of a pool that makes its codes; none beyond its last series.
    pub(super) fn code_at(&self, pool: &Pool, index: u64) -> Result<Option<String>, Failure> {
        let Some(series) = pool.series_at(index) else { return Ok(None) };
        match &series.making {
            Making::Generic(code) => Ok(Some(code.clone())),
            Making::Keyed(_) => Ok(self.series(pool, series)?.and_then(|open| open.code(index - series.first))),
        }
    }

    /// What a code may mean in a pool that has `size` places, latest series first.
    pub(super) fn meant(&self, pool: &Pool, size: u64, code: &str) -> Result<Vec<Meant>, Failure> {
        let mut meant = Vec::new();
        let mut end = size;
        for series in pool.series.iter().rev() {
            match &series.making {
                Making::Generic(generic) if pool.same_code(generic, code) => meant.push(Meant::Generic),
                Making::Generic(_) => {}
                Making::Keyed(_) => {
                    let index = self.series(pool, series)?.and_then(|open| open.index(code));
                    let place = index.and_then(|index| series.first.checked_add(index));
                    meant.extend(place.filter(|place| *place < end).map(Meant::Place));
                }
            }
            end = series.first;
        }
        meant.dedup();
        Ok(meant)
    }
}

/// Patterns of pools.
pub(super) type Rivals = Vec<(PoolId, Arc<CodeFormat>)>;

/// The first of these that overlaps with a format, and a code of both.
pub(super) fn first_overlap(format: &CodeFormat, rivals: &Rivals) -> Option<(PoolId, String)> {
    rivals.iter().find_map(|(id, other)| Some((*id, shared_code(format, other)?)))
}

/// A code of both pools, where they overlap.
pub(super) fn overlap(format: &CodeFormat, other: &Pool) -> Option<String> {
    let formats = other.series.iter().filter_map(|series| series.format(other.case_sensitive).ok());
    formats.into_iter().find_map(|other| shared_code(format, &other))
}

fn unreadable(pool: &Pool, fault: &CodesFault) -> Failure {
    Failure::Internal(format!("the codes of pool {:?} cannot be made: {}", pool.id, fault.rejection))
}
