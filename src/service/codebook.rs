//! Codes that pools make themselves, looked up without an index: which pools could make a code, which
//! place it has, and which code a place has. A pattern that a pool is about to get is reserved, so that no
//! list brings one of its codes in meanwhile.
//!
//! What a code means is looked up in one place, [`lookups`](crate::committer), for what is decided and for what is only
//! read.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Failure, Registry};
use scrip_domain::{
    code::{CaseMode, CodeFormat, PatternSet, Series, shared_code},
    coupon::Coupon,
    id::{CouponId, PoolId},
    pool::Pool,
    pool_codes::{CodeSeries, CodesFault, Making},
    source::Source,
};
use scrip_storage::{CodeLists, Named, TypedCodes};

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
        let pool = held.patterns.makers(code, comparison).into_iter().find_map(|(id, _)| held.pools.get(id));
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
        let others = held.patterns.meeting(format, since).filter(|((id, _), _)| Some(*id) != own);
        (held.patterns.stamp(), others.map(|((id, _), other)| (*id, Arc::clone(other))).collect())
    }

    /// The pools that could have made a code, by its characters.
    pub(super) fn candidates(&self, code: &str) -> Vec<Arc<Pool>> {
        let held = self.read();
        let mut ids: Vec<_> = held.patterns.candidates(code).into_iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.iter().filter_map(|id| held.pools.get(id)).cloned().collect()
    }

    /// The codes of patterns that a typed text may mean.
    pub(super) fn spellings(&self, typed: &str) -> Vec<String> {
        self.read().patterns.spellings(typed)
    }

    /// The series of a pool that could have made a code, by its characters, latest first. None of the others has to be
    /// opened to tell that it has not.
    pub(super) fn fitting<'a>(&self, pool: &'a Pool, code: &str) -> Vec<&'a CodeSeries> {
        let held = self.read();
        let fits = held.patterns.candidates(code);
        let known = held.pools.get(&pool.id).map(|known| known.series.as_slice()).unwrap_or_default();
        let series = pool.series.iter().enumerate().rev();
        let fitting = series.filter(|(number, series)| {
            // One that a batch has added and nobody else knows is looked at.
            let is_known = known.get(*number).is_some_and(|known| known.making == series.making);
            !is_known || fits.contains(&&(pool.id, series.first))
        });
        fitting.map(|(_, series)| series).collect()
    }

    /// A pool's series, opened; none of a generic code.
    pub(super) fn series(&self, pool: &Pool, series: &CodeSeries) -> Result<Option<Arc<Series>>, Failure> {
        self.opened.series(pool, series).map_err(|fault| unreadable(pool, &fault))
    }
}

/// The code at a place of a pool, whose series is opened by a function.
pub(super) fn code_at<E>(
    pool: &Pool,
    index: u64,
    open: impl FnOnce(&CodeSeries) -> Result<Option<Arc<Series>>, E>,
) -> Result<Option<String>, E> {
    let Some(series) = pool.series_at(index) else { return Ok(None) };
    match &series.making {
        Making::Generic(code) => Ok(Some(code.clone())),
        Making::Keyed(_) => Ok(open(series)?.and_then(|open| open.code(index - series.first))),
    }
}

/// The coupon of a pool's stock that nobody has touched: its code is in the pool's list, where codes were uploaded, or made
/// by a series, which is opened by a function.
pub(super) fn untouched<E>(
    pool: &Pool,
    id: CouponId,
    list: Option<&[String]>,
    open: impl FnOnce(&CodeSeries) -> Result<Option<Arc<Series>>, E>,
) -> Result<Option<Coupon>, E> {
    let code = if pool.source == Source::Uploaded {
        list.and_then(|codes| CodeLists::code_in(codes, id)).cloned()
    } else {
        code_at(pool, id.index, open)?
    };
    Ok(code.map(|code| pool.untouched(id, code)))
}

/// What a code may mean in a pool that has `size` places, by the series that it fits, which are opened by a function.
pub(super) fn meant<E>(
    pool: &Pool,
    fitting: &[&CodeSeries],
    size: u64,
    code: &str,
    mut open: impl FnMut(&CodeSeries) -> Result<Option<Arc<Series>>, E>,
) -> Result<Vec<Meant>, E> {
    let mut meant = Vec::new();
    for series in fitting {
        match &series.making {
            Making::Generic(generic) if pool.same_code(generic, code) => meant.push(Meant::Generic),
            Making::Generic(_) => {}
            Making::Keyed(_) => {
                let after = pool.series.partition_point(|other| other.first <= series.first);
                let end = pool.series.get(after).map_or(size, |next| next.first);
                let index = open(series)?.and_then(|open| open.index(code));
                let place = index.and_then(|index| series.first.checked_add(index));
                meant.extend(place.filter(|place| *place < end).map(Meant::Place));
            }
        }
    }
    meant.dedup();
    Ok(meant)
}

/// The codes that a typed text may mean: of patterns, and of the uploaded codes that are named under its
/// [form](scrip_domain::code::typed_form).
pub(super) fn spellings(registry: &Registry, typed: &str, named: Vec<Named>) -> Vec<String> {
    let mut codes = registry.spellings(typed);
    let case = |pool| registry.pool(pool).map_or(CaseMode::Insensitive, |pool| pool.case());
    if named.len() < TypedCodes::MOST_NAMED {
        let meant = named.into_iter().filter(|named| case(named.coupon.pool).forgives(&named.code, typed));
        codes.extend(meant.map(|named| named.code));
    }
    codes.sort_unstable();
    codes.dedup();
    codes
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
    Failure::because(format!("the codes of pool {:?} cannot be made", pool.id), fault.rejection.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Caller, Claim, Clock, Command, PoolCreate, PoolEdit, PoolUpdate, Scrip, patterns::new_pool};
    use scrip_domain::{id::CustomerId, pool_codes::CodesDraft};
    use scrip_storage::Address;

    #[tokio::test]
    async fn what_cannot_be_a_code_of_a_series_is_told_without_opening_it() {
        let address = Address::parse("mem://").expect("an address");
        let scrip = Scrip::open(&address, Clock::System, None).await.expect("a database");
        let caller = Caller::scrip();
        let ask = async |command: Command| scrip.submit(&caller, None, command).await.expect("an answer");
        let codes = CodesDraft { pattern: "A-####".to_owned(), ..CodesDraft::default() };
        ask(PoolCreate(Box::new(new_pool(codes, Source::Generated))).into()).await;
        let pool = PoolId(1);
        for pattern in ["B-####", "A-####-##", "A-^^^^"] {
            ask(Claim::of(pool, CustomerId::parse("ann").expect("an id")).into()).await;
            let edit = PoolEdit { pattern: Some(pattern.to_owned()), ..PoolEdit::default() };
            ask(PoolUpdate { pool, edit: Box::new(edit) }.into()).await;
        }
        // As after a start: nothing is open.
        let registry = Registry::load(&scrip.store).await.expect("a registry");
        let pool = registry.pool(pool).expect("a pool");
        for (code, fitting, open) in [
            ("C-1234", &[][..], 0),
            ("A-123", &[], 0),
            ("A-12X4", &[], 0),
            ("b-1234", &["B-####"], 1),
            (" A-WXYZ ", &["A-^^^^"], 2),
            ("A-1234-56", &["A-####-##"], 3),
            ("A-1234", &["A-####"], 4),
        ] {
            let found = registry.fitting(&pool, code);
            assert_eq!(found.iter().map(|series| series.pattern.as_str()).collect::<Vec<_>>(), fitting, "{code}");
            meant(&pool, &found, 9, code, |series| registry.series(&pool, series)).expect("an answer");
            let is_open = |series: &&CodeSeries| match &series.making {
                Making::Keyed(key) => registry.opened.get(key).is_some(),
                Making::Generic(_) => false,
            };
            assert_eq!(pool.series.iter().filter(is_open).count(), open, "{code}");
        }
    }
}
