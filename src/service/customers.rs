//! Reading customers: one by id or e-mail address, a page of all, and what one holds.

use super::{CouponFilter, Failure, Page, PageRequest, Scrip};
use crate::{
    domain::{
        coupon::Coupon,
        customer::{Customer, Email},
        id::{CouponId, CustomerId, PoolId},
    },
    storage::{Row, RowId},
};

/// How many of the coupons that a customer holds or held are read at once.
const PART: usize = 200;

impl Scrip {
    /// The customers with these ids, in their order.
    pub async fn customers(&self, ids: &[CustomerId]) -> Result<Vec<Option<Customer>>, Failure> {
        let rows = self.store.get(&ids.iter().cloned().map(RowId::Customer).collect::<Vec<_>>()).await?;
        let customer = |row| match row {
            Some(Row::Customer(customer)) => Some(*customer),
            _ => None,
        };
        Ok(rows.into_iter().map(customer).collect())
    }

    /// The customer with this id.
    pub async fn customer(&self, id: &CustomerId) -> Result<Option<Customer>, Failure> {
        Ok(self.customers(std::slice::from_ref(id)).await?.pop().flatten())
    }

    /// The customer with this e-mail address.
    pub async fn customer_by_email(&self, email: &Email) -> Result<Option<Customer>, Failure> {
        let folded = email.folded();
        let Some(Row::Email(owner)) = self.store.get_one(RowId::Email(folded.clone())).await? else { return Ok(None) };
        let customer = self.customer(&owner).await?;
        Ok(customer.filter(|customer| customer.email.as_ref().is_some_and(|email| email.folded() == folded)))
    }

    /// A page of all customers whose id starts with a text, by id.
    pub async fn list_customers(
        &self,
        prefix: &str,
        page: &PageRequest<CustomerId>,
    ) -> Result<Page<Customer, CustomerId>, Failure> {
        let text = |id: &CustomerId| RowId::Customer(id.clone()).key().text;
        let start = page.after.as_ref().map_or_else(|| prefix.to_owned(), |id| format!("{}\u{0}", text(id)));
        let end = page.before.as_ref().map_or_else(|| format!("{prefix}\u{10FFFF}"), text);
        let start = start.max(prefix.to_owned());
        let rows = self.store.scan("customer", start, end, page.from_end, page.limit + 1).await?;
        let mut found = Vec::with_capacity(rows.len());
        for (_, doc) in rows {
            let row = Row::decode(&RowId::Customer(CustomerId::parse("any").map_err(internal)?), &doc)?;
            if let Row::Customer(customer) = row {
                found.push((customer.id.clone(), *customer));
            }
        }
        Ok(Page::from_gathered(found, page))
    }

    /// A page of the coupons that a customer holds, by pool and place.
    pub async fn customer_coupons(
        &self,
        customer: &CustomerId,
        filter: &CouponFilter,
        page: &PageRequest<CouponId>,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        let now = self.clock.now();
        let at = |id: CouponId| RowId::Holding(customer.clone(), id).key().text;
        let first = filter.pool.unwrap_or(PoolId(0));
        let last = filter.pool.map_or(PoolId(u32::MAX), |pool| PoolId(pool.0.saturating_add(1)));
        let mut start = at(page.after.map_or(CouponId { pool: first, index: 0 }, next));
        let mut end = at(page.before.unwrap_or(CouponId { pool: last, index: 0 }));
        let mut found = Vec::new();
        loop {
            let rows = self.store.scan("holding", start.clone(), end.clone(), page.from_end, PART).await?;
            let ids: Vec<_> = rows.iter().filter_map(|(text, _)| read_holding(text)).collect();
            for coupon in self.coupons(&ids).await?.into_iter().flatten() {
                if coupon.customer.as_ref() == Some(customer) && filter.admits(&coupon, now) {
                    found.push((coupon.id, coupon));
                }
            }
            let Some(last) = ids.last().filter(|_| ids.len() == PART && found.len() <= page.limit) else { break };
            if page.from_end { end = at(*last) } else { start = at(next(*last)) }
        }
        Ok(Page::from_gathered(found, page))
    }
}

fn next(id: CouponId) -> CouponId {
    CouponId { pool: id.pool, index: id.index + 1 }
}

fn read_holding(text: &str) -> Option<CouponId> {
    let place = text.get(text.len().checked_sub(24)?..)?;
    let pool = u32::from_str_radix(place.get(..8)?, 16).ok()?;
    let index = u64::from_str_radix(place.get(8..)?, 16).ok()?;
    Some(CouponId { pool: PoolId(pool), index })
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::Internal(error.to_string())
}
