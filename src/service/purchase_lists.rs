//! The purchases of a customer, by lists that are kept since purchases are listed. What versions before have recorded is
//! listed once, beside other work, and goes on where it was after a stop; until then whoever looks for a customer's
//! purchases looks through all.

use tokio::task::yield_now;

use super::{Caller, Failure, ListPurchases, PurchaseRecord, Scrip};
use crate::erasure::{LARGE_ROWS, ROWS};
use scrip_domain::id::{CouponId, CustomerId, PoolId};
use scrip_storage::{CustomerPurchases, Listing, Purchase, PurchaseLists, Purchases, ReadFrom, Span};

/// No coupon is beyond this.
const LAST: CouponId = CouponId { pool: PoolId(u32::MAX), index: u64::MAX };

impl Scrip {
    /// Whether all purchases are listed.
    pub(super) async fn purchases_are_listed(&self) -> Result<bool, Failure> {
        Ok(self.store.get_one::<PurchaseLists>(()).await? == Some(Listing::Whole))
    }

    /// The next purchases of a customer's list after one, and whether there may be more. One that is not there, or names
    /// the customer no more, may be listed still.
    pub(super) async fn listed_purchases(
        &self,
        customer: &CustomerId,
        after: Option<&String>,
    ) -> Result<(Vec<(String, Option<Purchase>)>, bool), Failure> {
        let mut span = CustomerPurchases::of(customer);
        if let Some(last) = after {
            span = span.after(&(customer.clone(), last.clone()));
        }
        let listed = self.store.scan(&span, ReadFrom::Start, LARGE_ROWS).await?;
        let more = listed.len() == LARGE_ROWS;
        let transactions: Vec<String> = listed.into_iter().map(|((_, transaction), ())| transaction).collect();
        let keys: Vec<_> = transactions.iter().map(|transaction| (transaction.clone(), None)).collect();
        let found = self.store.get::<Purchases>(&keys).await?;
        Ok((transactions.into_iter().zip(found).collect(), more))
    }

    /// Lists the purchases that versions before have recorded.
    pub(super) async fn list_purchases(&self) -> Result<(), Failure> {
        while self.list_more_purchases().await? {
            yield_now().await;
        }
        Ok(())
    }

    /// Lists some more; whether there are others.
    async fn list_more_purchases(&self) -> Result<bool, Failure> {
        // No erasure goes on meanwhile: whom a purchase named when it was read, it names when that is written. A hold that
        // is given back in between is listed, and not there: whoever reads the list passes over it.
        let _turn = self.erasing.lock().await;
        let at = self.store.get_one::<PurchaseLists>(()).await?;
        let mut last = match &at {
            Some(Listing::Whole) => return Ok(false),
            Some(Listing::UpTo(last)) => Some(last.clone()),
            None => None,
        };
        let (mut named, mut all) = (Vec::new(), false);
        while named.len() < ROWS && !all {
            let span = match &last {
                // Its redemptions come right after it: they are passed over.
                Some(last) => Span::<Purchases>::all().after(&(last.clone(), Some(LAST))),
                None => Span::all(),
            };
            let rows = self.store.scan(&span, ReadFrom::Start, LARGE_ROWS).await?;
            all = rows.len() < LARGE_ROWS;
            for ((transaction, redeemed), purchase) in rows {
                if let Some(kept) = purchase.0.filter(|_| redeemed.is_none()) {
                    let broken = |error| Failure::because(format!("purchase {transaction:?}"), error);
                    let purchase = PurchaseRecord::read(&transaction, &kept).map_err(broken)?;
                    named.extend(purchase.customers().into_iter().map(|one| (one.clone(), transaction.clone())));
                }
                last = Some(transaction);
            }
        }
        let then = last.filter(|_| !all).map_or(Listing::Whole, Listing::UpTo);
        self.change(&Caller::scrip(), None, ListPurchases { at, named, then }).await?;
        Ok(!all)
    }
}
