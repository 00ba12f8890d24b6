//! All that is known of one customer, read a part at a time: the customer, the coupons that they hold, what happened, and
//! the purchases that name them.

use std::sync::Arc;

use serde_json::Value;

use super::{
    CouponFilter, EventFilter, Failure, PageRequest, PurchaseRecord, Scrip, forgetting::mentions, page::MAX_PAGE,
};
use scrip_domain::{
    coupon::Coupon,
    customer::Customer,
    event::Event,
    id::{CouponId, CustomerId, EventId},
    pool::Pool,
};
use scrip_storage::{Purchases, ReadFrom, Span};

/// How many purchases are looked at for a part, each of up to 16 MiB.
const PURCHASES: usize = 16;

/// A piece of what is known.
#[derive(Debug, Clone)]
pub enum Personal {
    /// The customer.
    Customer(Box<Customer>),
    /// A coupon that the customer holds, and its pool.
    Coupon(Box<Coupon>, Arc<Pool>),
    /// An event of the customer's history.
    Event(Box<Event>),
    /// A purchase that names the customer.
    Purchase(Box<PurchaseRecord>),
}

/// How far the reading is.
#[derive(Debug)]
enum Reading {
    Customer,
    Coupons(Option<EventId>),
    Events(Option<EventId>),
    Purchases(Option<(String, Option<CouponId>)>),
    Done,
}

/// All that is known of a customer, being read.
#[derive(Debug)]
pub struct PersonalData {
    scrip: Arc<Scrip>,
    customer: Box<Customer>,
    reading: Reading,
}

impl Scrip {
    /// Begins to read all that is known of a customer.
    pub(super) async fn personal_data(
        self: &Arc<Self>,
        customer: &CustomerId,
    ) -> Result<Option<PersonalData>, Failure> {
        let found = self.customer(customer).await?.map(Box::new);
        Ok(found.map(|customer| PersonalData { scrip: Arc::clone(self), customer, reading: Reading::Customer }))
    }
}

impl PersonalData {
    /// The next pieces, maybe none; none at all at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Personal>>, Failure> {
        if self.scrip.is_stopping() {
            return Err(Failure::internal("an export was cut short: Scrip is stopping".to_owned()));
        }
        let (pieces, reading) = match &self.reading {
            Reading::Customer => (vec![Personal::Customer(self.customer.clone())], Reading::Coupons(None)),
            Reading::Coupons(after) => self.coupons(*after).await?,
            Reading::Events(after) => self.events(*after).await?,
            Reading::Purchases(after) => self.purchases(after.as_ref()).await?,
            Reading::Done => return Ok(None),
        };
        self.reading = reading;
        Ok(Some(pieces))
    }

    async fn coupons(&self, after: Option<EventId>) -> Result<(Vec<Personal>, Reading), Failure> {
        let (scrip, all) = (&self.scrip, CouponFilter::default());
        let page = scrip.customer_coupons(&self.customer.id, &all, &part(after), scrip.now()).await?;
        let last = page.resume.or(page.items.last().map(|(place, _)| *place)).filter(|_| page.has_next);
        let pool =
            |coupon: Coupon| Some(Personal::Coupon(Box::new(coupon.clone()), scrip.registry.pool(coupon.id.pool)?));
        let pieces = page.items.into_iter().filter_map(|(_, coupon)| pool(coupon)).collect();
        Ok((pieces, last.map_or(Reading::Events(None), |last| Reading::Coupons(Some(last)))))
    }

    async fn events(&self, after: Option<EventId>) -> Result<(Vec<Personal>, Reading), Failure> {
        let theirs = EventFilter { customer: Some(self.customer.id.clone()), ..EventFilter::default() };
        let page = self.scrip.events(&theirs, &part(after)).await?;
        let last = page.resume.or(page.items.last().map(|(place, _)| *place)).filter(|_| page.has_next);
        let pieces = page.items.into_iter().map(|(_, event)| Personal::Event(Box::new(event))).collect();
        Ok((pieces, last.map_or(Reading::Purchases(None), |last| Reading::Events(Some(last)))))
    }

    async fn purchases(&self, after: Option<&(String, Option<CouponId>)>) -> Result<(Vec<Personal>, Reading), Failure> {
        if self.scrip.purchases_are_listed().await? {
            let after = after.map(|(transaction, _)| transaction);
            let (listed, more) = self.scrip.listed_purchases(&self.customer.id, after).await?;
            let last = listed.last().filter(|_| more).map(|(transaction, _)| (transaction.clone(), None));
            let kept = listed.into_iter().filter_map(|(transaction, found)| Some((transaction, found?.0?)));
            return Ok((self.theirs(kept)?, last.map_or(Reading::Done, |last| Reading::Purchases(Some(last)))));
        }
        let span = after.map_or_else(Span::<Purchases>::all, |after| Span::all().after(after));
        let rows = self.scrip.store.scan(&span, ReadFrom::Start, PURCHASES).await?;
        let last = rows.last().filter(|_| rows.len() == PURCHASES).map(|(key, _)| key.clone());
        let kept = rows.into_iter().filter_map(|((transaction, redeemed), purchase)| {
            purchase.0.filter(|_| redeemed.is_none()).map(|kept| (transaction, kept))
        });
        Ok((self.theirs(kept)?, last.map_or(Reading::Done, |last| Reading::Purchases(Some(last)))))
    }

    /// Those of purchases, as they are kept, that name the customer.
    fn theirs(&self, purchases: impl Iterator<Item = (String, Value)>) -> Result<Vec<Personal>, Failure> {
        let mut pieces = Vec::new();
        for (transaction, kept) in purchases {
            if !mentions(&kept, self.customer.id.as_str()) {
                continue;
            }
            let broken = |error| Failure::because(format!("purchase {transaction:?}"), error);
            let purchase = PurchaseRecord::read(&transaction, &kept).map_err(broken)?;
            if self.is_theirs(&purchase) {
                pieces.push(Personal::Purchase(Box::new(purchase)));
            }
        }
        Ok(pieces)
    }

    fn is_theirs(&self, purchase: &PurchaseRecord) -> bool {
        let theirs = |id: &Option<CustomerId>| id.as_ref() == Some(&self.customer.id);
        let coupons = purchase.checkout.coupons.iter().filter_map(|recorded| recorded.coupon.as_ref());
        theirs(&purchase.facts.customer)
            || coupons.into_iter().any(|coupon| theirs(&coupon.customer) || theirs(&coupon.original_customer))
    }
}

/// The next part of a list.
fn part(after: Option<EventId>) -> PageRequest<EventId> {
    PageRequest { limit: MAX_PAGE, after, before: None, from_end: false }
}
