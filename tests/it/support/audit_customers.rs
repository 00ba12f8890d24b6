//! The audit of customers: each one's list holds exactly the coupons that are recorded as theirs, and
//! their history exactly the events that name them.

use std::collections::{BTreeMap, BTreeSet};

use scrip::{
    domain::{
        coupon::Coupon,
        event::Event,
        id::{CouponId, CustomerId},
    },
    service::{CouponFilter, EventFilter, Session},
};

use super::audit::{Books, all};

/// How many customers' histories are read; of more customers, some are.
const SAMPLES: usize = 100;

/// Lists, histories and owners agree.
pub(super) async fn agree(scrip: &Session, books: &Books) {
    let customers = all(async |page| scrip.list_customers("", &page).await).await;
    let known: BTreeSet<CustomerId> = customers.into_iter().map(|customer| customer.id).collect();
    let mut owned: BTreeMap<&CustomerId, BTreeMap<CouponId, &Coupon>> = BTreeMap::new();
    for coupon in books.coupons.values() {
        if let Some(customer) = &coupon.customer {
            assert!(known.contains(customer), "{:?} belongs to a known customer", coupon.id);
            owned.entry(customer).or_default().insert(coupon.id, coupon);
        }
    }
    let step = known.len() / SAMPLES + 1;
    for (number, customer) in known.iter().enumerate() {
        let filter = CouponFilter::default();
        let held = all(async |page| scrip.customer_coupons(customer, &filter, &page, scrip.now()).await).await;
        let expected = owned.remove(customer).unwrap_or_default();
        assert_eq!(held.len(), expected.len(), "{customer} lists each coupon once");
        assert!(held.iter().all(|coupon| expected.get(&coupon.id) == Some(&coupon)), "{customer} lists their own");
        assert!(held.is_sorted_by_key(|coupon| coupon.acquired), "{customer} lists them in the order of their coming");
        if number % step == 0 {
            history(scrip, books, customer).await;
        }
    }
}

async fn history(scrip: &Session, books: &Books, customer: &CustomerId) {
    let filter = EventFilter { customer: Some(customer.clone()), ..EventFilter::default() };
    let listed = all(async |page| scrip.events(&filter, &page).await).await;
    let named = |event: &&Event| event.change.customer.as_ref() == Some(customer);
    assert!(listed.iter().eq(books.events.iter().filter(named)), "{customer}'s history is what happened to them");
}
