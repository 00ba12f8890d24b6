//! Reading customers: one by id or e-mail address, a page of all, and what one holds.

use super::{CouponFilter, Failure, Page, PageRequest, Scrip};
use scrip_domain::{
    coupon::Coupon,
    customer::{Customer, Email},
    id::{CustomerId, EventId},
    period::Instant,
};
use scrip_storage::{CustomerEvents, Customers, Emails, ReadFrom};

/// How many rows of a customer's history are read at once.
const PART: usize = 200;
/// How many of them one page looks at for those that its filter admits. What is further on is found from its cursor.
const MAX_LOOKED_AT: usize = 2_000;

impl Scrip {
    /// The customers with these ids, in their order.
    pub(super) async fn customers(&self, ids: &[CustomerId]) -> Result<Vec<Option<Customer>>, Failure> {
        let rows = self.store.get::<Customers>(ids).await?;
        Ok(rows.into_iter().map(|customer| customer.map(|customer| *customer)).collect())
    }

    /// The customer with this id.
    pub(super) async fn customer(&self, id: &CustomerId) -> Result<Option<Customer>, Failure> {
        Ok(self.customers(std::slice::from_ref(id)).await?.pop().flatten())
    }

    /// The customer with this e-mail address.
    pub(super) async fn customer_by_email(&self, email: &Email) -> Result<Option<Customer>, Failure> {
        let Some(owner) = self.store.get_one::<Emails>(email.folded()).await? else { return Ok(None) };
        Ok(self.customer(&owner).await?.filter(|customer| customer.is_at(email)))
    }

    /// A page of all customers whose id starts with a text, by id.
    pub(super) async fn list_customers(
        &self,
        prefix: &str,
        page: &PageRequest<CustomerId>,
    ) -> Result<Page<Customer, CustomerId>, Failure> {
        let span = Customers::starting_with(prefix).between(page.after.as_ref(), page.before.as_ref());
        let rows = self.store.scan(&span, ReadFrom::end_if(page.from_end), page.limit + 1).await?;
        Ok(Page::from_gathered(rows.into_iter().map(|(id, customer)| (id, *customer)).collect(), page))
    }

    /// A page of the coupons that a customer holds, in the order in which they came to be held.
    pub(super) async fn customer_coupons(
        &self,
        customer: &CustomerId,
        filter: &CouponFilter,
        page: &PageRequest<EventId>,
        now: Instant,
    ) -> Result<Page<Coupon, EventId>, Failure> {
        self.refuse_other_logs(page)?;
        let mut low = page.after.map_or(0, |event| event.sequence + 1);
        let mut high = page.before.map_or(u64::MAX, |event| event.sequence);
        let (mut found, mut looked_at, mut last) = (Vec::new(), 0, None);
        while found.len() <= page.limit && looked_at < MAX_LOOKED_AT {
            let span = CustomerEvents::of(customer, self.registry.stream(), low..high);
            let rows = self.store.scan(&span, ReadFrom::end_if(page.from_end), PART).await?;
            let (full, mut acquired) = (rows.len() == PART, Vec::new());
            looked_at += rows.len();
            last = rows.last().map(|((_, event), _)| *event);
            for ((_, event), happened) in rows {
                if page.from_end {
                    high = event.sequence
                } else {
                    low = event.sequence + 1
                }
                let wanted = filter.pool.is_none_or(|pool| happened.coupon.pool == pool);
                if happened.acquired && wanted && filter.sight.sees(happened.coupon.pool) {
                    acquired.push((event, happened.coupon));
                }
            }
            let ids: Vec<_> = acquired.iter().map(|(_, coupon)| *coupon).collect();
            for ((event, _), coupon) in acquired.into_iter().zip(self.coupons(&ids).await?) {
                let held =
                    |coupon: &Coupon| coupon.customer.as_ref() == Some(customer) && coupon.acquired == Some(event);
                found.extend(coupon.filter(|c| held(c) && self.admits(filter, c, now)).map(|coupon| (event, coupon)));
            }
            if !full {
                return Ok(Page::from_gathered(found, page));
            }
        }
        Ok(Page::from_gathered_until(found, last, page))
    }
}

impl Scrip {
    /// Whether a coupon of any pool is among those asked for.
    fn admits(&self, filter: &CouponFilter, coupon: &Coupon, now: Instant) -> bool {
        self.registry.pool(coupon.id.pool).is_some_and(|pool| filter.admits(coupon, pool.case(), now))
    }
}
