//! Where the next coupon of a pool comes from: one that came back, the next of its stock that nobody
//! touched, or a code that is made now.

use std::sync::Arc;

use crate::codebook::Meant;
use scrip_domain::{
    code::Series,
    coupon::Coupon,
    id::{CouponId, CustomerId},
    pool::Pool,
    pool_codes::{CodeSeries, Making},
    presence::{CHILDREN, MAX_INDEX, NodeId, Statuses, next, path},
    rejection::{Input, Rejection},
    source::Source,
    status::Status,
};
use scrip_storage::{CodeLists, Customers, Holdings, Nodes, RowId};

use super::{asker::Asker, found::Found, lookups::Lookups, rows::Rows, stop::Stop};

/// Gives a pool's next coupon and takes new codes in, over the lookups.
pub(super) struct Supply<'r, 'a> {
    pub(super) rows: &'r mut Rows<'a>,
    pub(super) asker: Asker<'a>,
}

impl<'a> Supply<'_, 'a> {
    pub(super) fn lookups(&mut self) -> Lookups<'_, 'a> {
        Lookups { rows: self.rows, asker: self.asker }
    }

    /// What a claim will read, noted at once. The rows of the next few coupons are the same for all
    /// claims of a batch.
    pub(super) fn need_for_claim(&mut self, pool: &Pool, customer: &CustomerId) -> Result<(), Stop> {
        let from = self.rows.tally(pool.id).supply.next;
        let mut rows = Vec::new();
        if pool.currency.is_some() {
            rows.push(RowId::of::<Customers>(customer.clone()));
        }
        for index in [from, from + CHILDREN] {
            rows.extend(path(index).take(2).map(|(node, _)| RowId::of::<Nodes>((pool.id, node))));
            if pool.source == Source::Uploaded {
                rows.push(RowId::of::<CodeLists>(CodeLists::row_of(CouponId { pool: pool.id, index })));
            }
        }
        if pool.claims_since.is_some() {
            rows.push(RowId::of::<Holdings>((customer.clone(), pool.id, None)));
        }
        if pool.aggregated {
            self.lookups().need_held(customer, pool.id);
        }
        self.rows.need(rows)
    }

    /// The coupon that the next claim gets.
    pub(super) fn take(&mut self, pool: &Arc<Pool>) -> Result<Found, Stop> {
        // A generic code is the same for everyone: a new coupon is as good as one that came back.
        if self.rows.tally(pool.id).supply.returned > 0 && pool.generic_code().is_none() {
            return self.take_returned(pool);
        }
        if pool.has_stock() { self.take_stock(pool) } else { self.take_new(pool) }
    }

    fn take_returned(&mut self, pool: &Pool) -> Result<Found, Stop> {
        let unassigned = Statuses::of(&[Status::Unassigned]);
        let index = next(0, unassigned, |place| self.rows.node(pool.id, place))?;
        let found = index.map(|index| self.lookups().by_id(CouponId { pool: pool.id, index })).transpose()?.flatten();
        found.ok_or_else(|| Stop::broken(format!("pool {:?} has lost a returned coupon", pool.id)))
    }

    fn take_stock(&mut self, pool: &Pool) -> Result<Found, Stop> {
        let mut tally = self.rows.tally(pool.id);
        let any = Statuses::of(&Status::ALL);
        let mut index = pool.claimable_from(tally.supply.next);
        while index < tally.supply.size {
            let node = self.rows.node(pool.id, NodeId { level: 0, place: index / CHILDREN })?.unwrap_or_default();
            let free = !node.children(any) & (u64::MAX << (index % CHILDREN));
            if free != 0 {
                let place = index / CHILDREN * CHILDREN + u64::from(free.trailing_zeros());
                index = pool.claimable_from(place);
                if index == place {
                    break;
                }
                continue;
            }
            index = pool.claimable_from((index / CHILDREN + 1) * CHILDREN);
        }
        if index >= tally.supply.size {
            return Err(exhausted());
        }
        tally.supply.next = index + 1;
        self.rows.set_tally(pool.id, tally);
        let id = CouponId { pool: pool.id, index };
        Ok(Found::unstored(self.lookups().untouched(id)?))
    }

    /// A coupon with a code that is made now.
    pub(super) fn take_new(&mut self, pool: &Pool) -> Result<Found, Stop> {
        let mut tally = self.rows.tally(pool.id);
        let series = pool.series.last().ok_or_else(|| Stop::broken(format!("pool {:?} has no codes", pool.id)))?;
        let (index, code) = match &series.making {
            Making::Generic(code) if tally.supply.size < MAX_INDEX => (tally.supply.size, code.clone()),
            Making::Generic(_) => return Err(exhausted()),
            Making::Keyed(_) => {
                let open = self.lookups().series(pool, series)?;
                let open = open.ok_or_else(|| Stop::broken(format!("pool {:?} has no series", pool.id)))?;
                self.next_code(pool, series, &open, tally.supply.size)?
            }
        };
        tally.supply.size = index + 1;
        tally.supply.next = tally.supply.size;
        // It is counted as unassigned for the moment of its claim, like a code of a list.
        tally.counts.add(Status::Unassigned, 1);
        self.rows.set_tally(pool.id, tally);
        let id = CouponId { pool: pool.id, index };
        Ok(Found::unstored(Coupon::unassigned(id, code, pool.current_terms())))
    }

    /// A coupon with a code that the pool's source has given, or why it cannot be one.
    pub(super) fn take_given(&mut self, pool: &Pool, code: String) -> Result<Result<Found, Rejection>, Stop> {
        let mut tally = self.rows.tally(pool.id);
        let index = tally.supply.size;
        if index >= MAX_INDEX {
            return Err(exhausted());
        }
        if let Some(rejection) = self.note_code(pool, &code, &mut tally)? {
            return Ok(Err(rejection));
        }
        // It is counted as unassigned for the moment of its claim, like a code of a list.
        tally.supply.next = tally.supply.size;
        self.rows.set_tally(pool.id, tally);
        let id = CouponId { pool: pool.id, index };
        Ok(Ok(Found::unstored(Coupon::unassigned(id, code, pool.current_terms()))))
    }

    /// The next place of a series and its code. A code that an earlier series of the pool made is passed
    /// over: its place stays without a coupon.
    fn next_code(&mut self, pool: &Pool, series: &CodeSeries, open: &Series, size: u64) -> Result<(u64, String), Stop> {
        let mut index = size;
        while index < MAX_INDEX {
            let code = open.code(index - series.first).ok_or_else(exhausted)?;
            let earlier = |meant: &Meant| match meant {
                Meant::Place(place) => *place < series.first,
                Meant::Generic => true,
            };
            let alone = pool.series.len() == 1;
            if alone || !self.lookups().meant(pool, size, &code)?.iter().any(earlier) {
                return Ok((index, code));
            }
            index += 1;
        }
        Err(exhausted())
    }
}

fn exhausted() -> Stop {
    Rejection::PoolExhausted.at([Input::PoolId]).into()
}
