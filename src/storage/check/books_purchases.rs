//! Purchases and the lists of them: what was listed whole has every purchase of whoever paid.

use super::{Fault, books::Rows};
use crate::{
    Span, StorageError, Store,
    tables::{CustomerPurchases, Listing, PurchaseLists, Purchases},
};
use scrip_domain::id::CustomerId;

/// Holds the purchases against the lists.
pub(super) async fn check(store: &Store, tell: &mut impl FnMut(Fault)) -> Result<(), StorageError> {
    if store.get_one::<PurchaseLists>(()).await? != Some(Listing::Whole) {
        return Ok(());
    }
    let mut purchases = Rows::of(store, Span::<Purchases>::all());
    while let Some(((transaction, redeemed), purchase)) = purchases.next().await? {
        let Some(kept) = purchase.0.filter(|_| redeemed.is_none()) else { continue };
        let Some(customer) = kept["purchase"]["customer"].as_str() else { continue };
        let key = (CustomerId::kept(customer.to_owned()), transaction);
        if store.get_one::<CustomerPurchases>(key.clone()).await?.is_none() {
            let what = format!("purchase {:?} is not in the list of who paid", key.1);
            tell(Fault::Books { what });
        }
    }
    Ok(())
}
