//! Reading customers: one by id or e-mail address, a page of all, and what one holds.

use super::{CouponFilter, Failure, Page, PageRequest, Scrip, committer::STREAM};
use scrip_domain::{
    coupon::Coupon,
    customer::{Customer, Email},
    id::{CustomerId, EventId},
    period::Instant,
};
use scrip_storage::{Row, RowId};

/// How many rows of a customer's history are read at once.
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

    /// A page of the coupons that a customer holds, in the order in which they came to be held.
    pub async fn customer_coupons(
        &self,
        customer: &CustomerId,
        filter: &CouponFilter,
        page: &PageRequest<EventId>,
        now: Instant,
    ) -> Result<Page<Coupon, EventId>, Failure> {
        let at = |sequence| RowId::CustomerEvent(customer.clone(), EventId { stream: STREAM, sequence }).key().text;
        let any = RowId::CustomerEvent(customer.clone(), EventId { stream: STREAM, sequence: 0 });
        let mut low = page.after.map_or(0, |event| event.sequence + 1);
        let mut high = page.before.map_or(u64::MAX, |event| event.sequence);
        let mut found = Vec::new();
        while found.len() <= page.limit {
            let rows = self.store.scan("customer_event", at(low), at(high), page.from_end, PART).await?;
            let mut acquired = Vec::new();
            for (text, doc) in &rows {
                let Some(event) = read_event(text) else { continue };
                if page.from_end {
                    high = event.sequence
                } else {
                    low = event.sequence + 1
                }
                if let Row::CustomerEvent(coupon, true) = Row::decode(&any, doc)?
                    && filter.pool.is_none_or(|pool| coupon.pool == pool)
                {
                    acquired.push((event, coupon));
                }
            }
            let ids: Vec<_> = acquired.iter().map(|(_, coupon)| *coupon).collect();
            for ((event, _), coupon) in acquired.into_iter().zip(self.coupons(&ids).await?) {
                let held =
                    |coupon: &Coupon| coupon.customer.as_ref() == Some(customer) && coupon.acquired == Some(event);
                found.extend(coupon.filter(|c| held(c) && self.admits(filter, c, now)).map(|coupon| (event, coupon)));
            }
            if rows.len() < PART {
                break;
            }
        }
        Ok(Page::from_gathered(found, page))
    }
}

impl Scrip {
    /// Whether a coupon of any pool is among those asked for.
    fn admits(&self, filter: &CouponFilter, coupon: &Coupon, now: Instant) -> bool {
        self.registry.pool(coupon.id.pool).is_some_and(|pool| filter.admits(coupon, pool.case(), now))
    }
}

/// The event that the id of a row of a customer's history ends with.
pub(super) fn read_event(text: &str) -> Option<EventId> {
    let place = text.get(text.len().checked_sub(24)?..)?;
    let stream = u32::from_str_radix(place.get(..8)?, 16).ok()?;
    let sequence = u64::from_str_radix(place.get(8..)?, 16).ok()?;
    Some(EventId { stream, sequence })
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::Internal(error.to_string())
}
