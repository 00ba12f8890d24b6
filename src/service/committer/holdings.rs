//! What a customer holds of a pool, for [finding](super::held) the coupon that a claim or a code means. It is noted coupon
//! by coupon, those that can be used apart from the others, so that the one that is meant is found in a few rows
//! however many there are. Where a pool began to note it after coupons of it had been claimed, those of before are found
//! in the customer's history, from its end on and once: what was found is noted, and how far was searched. The committer
//! looks at the last part of it alone ([`crate::history`] has the rest).

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    sync::Arc,
};

use crate::{command::Whose, history::Found};
use scrip_domain::{coupon::Coupon, id::CouponId, period::Instant, pool::Pool};
use scrip_storage::{Coupons, HeldAt, Holding, Holdings, ReadFrom, RowId, StorageError, View, Whole};

use super::{books::Books, stop::Stop, working::Working};

/// How many rows are read at once.
const PAGE: usize = 256;
/// How many events of a customer's history are read for a command, and for a batch. A longer one is searched outside of
/// the committer: nobody else waits for it.
const EVENTS: usize = 200;
const BATCH_EVENTS: usize = 1_000;

/// All places of a pool.
pub(super) const ALL: Range<u64> = 0..u64::MAX;

/// What is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    /// What is noted of one side, at places in a range, of which the end was read: from here down.
    Noted(Whose, bool, Range<u64>, u64),
    /// The customer's history below an event.
    History(Whose, u64),
}

/// What is noted, as it was read from the end of a range of places.
#[derive(Debug, Default)]
struct Noted {
    /// Places, the last first, and when the time of each is over.
    coupons: Vec<(u64, Option<Instant>)>,
    /// All places from here on were read.
    from: u64,
}

/// What was read for a batch.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    noted: HashMap<(Whose, bool, Range<u64>), Noted>,
    /// None where the history goes on, and is searched outside of the committer.
    found: HashMap<(Whose, u64), Option<Found>>,
    /// How many events were read for it.
    events: usize,
}

/// What a batch has changed: of each place whether a coupon is there that can be used, until when; none where the
/// customer no longer holds it.
pub(super) type Changed = HashMap<Whose, Places>;
/// The places of one customer in one pool.
pub(super) type Places = BTreeMap<u64, Option<(bool, Option<Instant>)>>;

impl Loaded {
    /// Reads what is wanted, of the events of a stream.
    pub(super) async fn load(
        &mut self,
        view: &mut View<'_>,
        stream: u32,
        wanted: Wanted,
        now: Instant,
    ) -> Result<(), StorageError> {
        match wanted {
            Wanted::Noted(whose, live, places, below) => {
                let read = read_noted(view, &whose, live, places.start..below, now).await?;
                let noted = self.noted.entry((whose, live, places)).or_default();
                noted.coupons.extend(read.coupons);
                noted.from = read.from;
            }
            Wanted::History(whose, below) => {
                let mut found = Found::below(below);
                let limit = EVENTS.min(BATCH_EVENTS.saturating_sub(self.events));
                if limit > 0 {
                    self.events += found.read_part(view, stream, &whose, limit, now).await?;
                }
                self.found.insert((whose, below), Some(found).filter(Found::is_enough));
            }
        }
        Ok(())
    }

    /// Whether something was read of what is noted of one side at places in a range.
    pub(super) fn has_noted(&self, key: &(Whose, bool, Range<u64>)) -> bool {
        self.noted.contains_key(key)
    }

    /// What a customer's history below an event has, where that was read; the inner none where it goes on.
    pub(super) fn found(&self, whose: &Whose, below: u64) -> Option<Option<&Found>> {
        self.found.get(&(whose.clone(), below)).map(Option::as_ref)
    }
}

/// What is noted, up to the page that has a coupon whose time is not over.
async fn read_noted(
    view: &mut View<'_>,
    (customer, pool): &Whose,
    live: bool,
    mut places: Range<u64>,
    now: Instant,
) -> Result<Noted, StorageError> {
    let mut noted = Noted { coupons: Vec::new(), from: places.start };
    loop {
        let span = Holdings::of(customer, *pool, live, places.clone());
        let rows = view.scan(&span, ReadFrom::End, PAGE).await?;
        let full = rows.len() == PAGE;
        for ((_, _, at), holding) in rows {
            if let (Some(HeldAt { index, .. }), Holding::Coupon(ends)) = (at, holding) {
                noted.coupons.push((index, ends));
                places.end = index;
            }
        }
        if !full {
            return Ok(noted);
        }
        if noted.coupons.iter().any(|(_, ends)| goes_on(*ends, now)) {
            noted.from = places.end;
            return Ok(noted);
        }
    }
}

pub(super) fn goes_on(ends: Option<Instant>, now: Instant) -> bool {
    ends.is_none_or(|end| end > now)
}

impl Working<'_> {
    /// The last place below one, of one side, that is noted; the outer none where it is not read that far, and down from
    /// where is to be read.
    pub(super) fn noted_below(
        &self,
        changed: &Changed,
        key: &(Whose, bool, Range<u64>),
        below: u64,
        admits: impl Fn(Option<Instant>) -> bool,
    ) -> Result<Option<u64>, u64> {
        let (whose, live, places) = key;
        let overlays = [changed.get(whose), self.changed_holdings(whose)];
        let newest = |index: u64| overlays.iter().flatten().find_map(|places| places.get(&index));
        let in_batch =
            overlays.iter().flatten().flat_map(|overlay| overlay.range(places.start..below.max(places.start)));
        let of_batch = in_batch
            .filter(|(index, _)| {
                newest(**index).copied().flatten().is_some_and(|(side, ends)| side == *live && admits(ends))
            })
            .map(|(index, _)| *index)
            .max();
        let Some(noted) = self.loaded_holdings.noted.get(key) else { return Err(places.end) };
        let read =
            noted.coupons.iter().find(|(index, ends)| *index < below && newest(*index).is_none() && admits(*ends));
        let best = of_batch.max(read.map(|(index, _)| *index));
        if noted.from > places.start && best.is_none_or(|best| best < noted.from) {
            return Err(noted.from);
        }
        Ok(best)
    }
}

impl Books<'_, '_> {
    /// Notes coupons that a search has found, as far as the customer holds them now, and how far it went.
    pub(super) fn note_found(&mut self, whose: &Whose, ids: &[CouponId], from: u64) -> Result<(), Stop> {
        self.rows.need(ids.iter().map(|id| RowId::of::<Coupons>(*id)))?;
        let mut held = Vec::with_capacity(ids.len());
        for id in ids {
            held.extend(self.rows.coupon(*id)?.filter(|coupon| coupon.customer.as_ref() == Some(&whose.0)));
        }
        // Together: one round for each would have the committer stand still.
        self.rows.need(
            held.iter().map(|coupon| RowId::of::<Holdings>((whose.0.clone(), whose.1, Some(HeldAt::of(coupon))))),
        )?;
        for coupon in &held {
            self.note_held(coupon, true)?;
        }
        let whole = Whole { searched: Some(from), ..self.whole(whose)? };
        self.put_whole(whose, whole);
        Ok(())
    }

    /// What is kept of all that a customer holds of a pool together.
    pub(super) fn whole(&mut self, whose: &Whose) -> Result<Whole, Stop> {
        Ok(match self.rows.get::<Holdings>(&(whose.0.clone(), whose.1, None))? {
            Some(Holding::Whole(whole)) => *whole,
            _ => Whole::default(),
        })
    }

    pub(super) fn put_whole(&mut self, whose: &Whose, whole: Whole) {
        self.rows.put::<Holdings>((whose.0.clone(), whose.1, None), Holding::Whole(whole));
    }

    /// Whether it is noted what customers hold of a pool, from now on where somebody could ask.
    pub(super) fn notes_holdings(&mut self, id: CouponId) -> Result<bool, Stop> {
        let pool = self.rows.pool_of(id)?;
        if pool.holdings_since.is_none() && pool.asks_holdings() {
            self.begin_holdings(&pool)?;
            return Ok(true);
        }
        Ok(pool.holdings_since.is_some())
    }

    pub(super) fn begin_holdings(&mut self, pool: &Arc<Pool>) -> Result<(), Stop> {
        if pool.holdings_since.is_some() {
            return Ok(());
        }
        let mut pool = pool.as_ref().clone();
        pool.holdings_since = Some(self.rows.next_event().sequence);
        self.rows.put_pool(pool).map(drop)
    }

    /// Notes where a coupon is now among what its customer holds.
    pub(super) fn note_holding(&mut self, before: Option<&Coupon>, coupon: &Coupon) -> Result<(), Stop> {
        let at = |coupon: &Coupon| coupon.customer.clone().map(|customer| (customer, HeldAt::of(coupon)));
        let (old, new) = (before.and_then(at), at(coupon));
        if old == new && before.map(Holding::of) == Some(Holding::of(coupon)) {
            return Ok(());
        }
        // What both lack is read together.
        let left = match old.filter(|old| new.as_ref() != Some(old)) {
            Some((customer, at)) => self.note_left((customer, coupon.id.pool), at),
            None => Ok(()),
        };
        let came = if new.is_some() { self.note_held(coupon, before.is_some()) } else { Ok(()) };
        left.and(came)
    }

    /// Notes that a customer no longer holds a coupon there.
    fn note_left(&mut self, whose: Whose, at: HeldAt) -> Result<(), Stop> {
        let key = (whose.0.clone(), whose.1, Some(at));
        // One that is not loaded is not removed.
        self.rows.get::<Holdings>(&key)?;
        self.rows.remove::<Holdings>(key);
        self.rows.held_of(whose).insert(at.index, None);
        Ok(())
    }

    /// Notes a coupon that somebody holds; `known` where there may be such a row.
    fn note_held(&mut self, coupon: &Coupon, known: bool) -> Result<(), Stop> {
        let Some(customer) = coupon.customer.clone() else { return Ok(()) };
        let (at, holding) = (HeldAt::of(coupon), Holding::of(coupon));
        let key = (customer.clone(), coupon.id.pool, Some(at));
        if known {
            self.rows.get::<Holdings>(&key)?;
        }
        let ends = coupon.expires_at.filter(|_| at.live);
        self.rows.held_of((customer, coupon.id.pool)).insert(at.index, Some((at.live, ends)));
        self.rows.put::<Holdings>(key, holding);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
