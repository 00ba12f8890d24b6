//! Purchases as they are written: with each, the lists of the customers whom it names, so that nobody has to look for a
//! customer's through all there are; and which coupons each has redeemed, which it can do once.

use crate::{ListPurchases, PurchaseRecord, purchase::Used};
use scrip_domain::{
    coupon::Decision,
    gift_card::EntryKind,
    id::{CouponId, EntryId},
    rejection::{Input, Rejection},
};
use scrip_storage::{CustomerPurchases, Purchase, PurchaseLists, Purchases, RowId};
use serde::Deserialize;

use super::{books::Books, decide::to_json, found::Found, stop::Stop};

impl Books<'_, '_> {
    /// Writes a purchase, and lists it for whom it names.
    pub(super) fn put_purchase(&mut self, purchase: &PurchaseRecord) -> Result<(), Stop> {
        let kept = kept(purchase)?;
        for customer in purchase.customers() {
            self.rows.list_purchase(customer.clone(), purchase.transaction.clone());
        }
        self.rows.put::<Purchases>((purchase.transaction.clone(), None), Purchase(Some(kept)));
        Ok(())
    }

    /// Removes a purchase that was only held, also from the lists.
    pub(super) fn remove_purchase(&mut self, purchase: &PurchaseRecord) {
        for customer in purchase.customers() {
            self.rows.unlist_purchase(customer.clone(), purchase.transaction.clone());
        }
        self.rows.remove::<Purchases>((purchase.transaction.clone(), None));
    }

    /// Lists purchases that were recorded before there were lists, unless another has done that already.
    pub(super) fn list_purchases(&mut self, part: &ListPurchases) -> Result<(), Stop> {
        if self.rows.get::<PurchaseLists>(&())? != part.at.as_ref() {
            return Ok(());
        }
        for (customer, transaction) in &part.named {
            self.rows.list_purchase(customer.clone(), transaction.clone());
        }
        self.rows.put::<PurchaseLists>((), part.then.clone());
        Ok(())
    }

    /// Notes that a purchase has redeemed a coupon by a decision, which it can do once.
    pub(super) fn use_transaction(
        &mut self,
        transaction: String,
        found: &Found,
        redemption: &Decision,
    ) -> Result<(), Stop> {
        self.refuse_use(&transaction, found.coupon.id)?;
        self.rows.put::<Purchases>((transaction, Some(found.coupon.id)), use_of(redemption_in(redemption))?);
        Ok(())
    }

    /// Refuses a purchase that has redeemed a coupon already.
    pub(super) fn refuse_use(&mut self, transaction: &str, coupon: CouponId) -> Result<(), Stop> {
        match self.rows.get::<Purchases>(&(transaction.to_owned(), Some(coupon)))? {
            Some(_) => Err(Rejection::TransactionAlreadyUsed.at([Input::TransactionId]).into()),
            None => Ok(()),
        }
    }

    /// What is kept of the redemption of a coupon by a purchase; the inner none where a version before this kept it.
    pub(super) fn used_by(&mut self, transaction: &str, id: CouponId) -> Result<Option<Option<Used>>, Stop> {
        let row = self.rows.get::<Purchases>(&(transaction.to_owned(), Some(id)))?;
        let read = |purchase: &Purchase| purchase.0.as_ref().and_then(|kept| Used::deserialize(kept).ok());
        Ok(row.map(read))
    }

    /// Notes that the redemption of a coupon by a purchase was taken back: a coupon that is redeemed very often forgets by
    /// which ones it was, and none comes back twice.
    pub(super) fn note_taken_back(&mut self, id: CouponId, decision: &Decision) -> Result<(), Stop> {
        let purchase = decision.changes.iter().find_map(|change| change.transaction.clone());
        let Some(transaction) = purchase else { return Ok(()) };
        if self.used_by(&transaction, id)?.is_some() {
            let used = Used { entry: None, taken_back: true };
            self.rows.put::<Purchases>((transaction, Some(id)), Purchase(Some(to_json(&used)?)));
        }
        Ok(())
    }
}

/// The rows that [`remove_purchase`](Books::remove_purchase) reads.
pub(super) fn rows_of_lists(purchase: &PurchaseRecord) -> impl Iterator<Item = RowId> {
    let transaction = &purchase.transaction;
    purchase
        .customers()
        .into_iter()
        .map(move |customer| RowId::of::<CustomerPurchases>((customer.clone(), transaction.clone())))
}

/// Reads what is kept under a transactionId.
pub(super) fn read(transaction: &str, kept: &serde_json::Value) -> Result<PurchaseRecord, Stop> {
    let read = PurchaseRecord::read(transaction, kept);
    read.map_err(|error| Stop::because(format!("purchase {transaction:?}"), error))
}

/// What is kept of a purchase.
pub(super) fn kept(purchase: &PurchaseRecord) -> Result<serde_json::Value, Stop> {
    purchase.kept().map_err(Stop::broken)
}

/// What is kept of the redemption of a coupon by a purchase.
pub(super) fn use_of(entry: Option<EntryId>) -> Result<Purchase, Stop> {
    Ok(Purchase(Some(to_json(&Used { entry: entry.map(|entry| entry.number), taken_back: false })?)))
}

/// The entry of the ledger of a redemption of a gift card.
pub(super) fn redemption_in(decision: &Decision) -> Option<EntryId> {
    decision.entries.iter().find(|entry| entry.kind == EntryKind::Redeem).map(|entry| entry.id)
}
