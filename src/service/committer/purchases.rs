//! Purchases as they are written: with each, the lists of the customers whom it names, so that nobody has to look for a
//! customer's through all there are.

use crate::{ListPurchases, PurchaseRecord};
use scrip_domain::id::CustomerId;
use scrip_storage::{CustomerPurchases, Purchase, PurchaseLists, Purchases, RowId};

use super::{
    attempt::{Attempt, Stop},
    returns::kept,
};

impl Attempt<'_> {
    /// Writes a purchase, and lists it for whom it names.
    pub(super) fn put_purchase(&mut self, purchase: &PurchaseRecord) -> Result<(), Stop> {
        let kept = kept(purchase)?;
        for customer in purchase.customers() {
            self.list_purchase(customer.clone(), purchase.transaction.clone());
        }
        self.put::<Purchases>((purchase.transaction.clone(), None), Purchase(Some(kept)));
        Ok(())
    }

    fn list_purchase(&mut self, customer: CustomerId, transaction: String) {
        let key = (customer, transaction);
        self.change.removed.remove(&RowId::of::<CustomerPurchases>(key.clone()));
        self.change.listed.insert(key);
    }

    /// The rows that [`remove_purchase`](Self::remove_purchase) reads.
    pub(super) fn rows_of_lists(purchase: &PurchaseRecord) -> impl Iterator<Item = RowId> {
        let transaction = &purchase.transaction;
        purchase
            .customers()
            .into_iter()
            .map(move |customer| RowId::of::<CustomerPurchases>((customer.clone(), transaction.clone())))
    }

    /// Removes a purchase that was only held, also from the lists.
    pub(super) fn remove_purchase(&mut self, purchase: &PurchaseRecord) {
        for customer in purchase.customers() {
            self.unlist_purchase(customer.clone(), purchase.transaction.clone());
        }
        self.remove::<Purchases>((purchase.transaction.clone(), None));
    }

    /// Takes a purchase out of a customer's list.
    pub(super) fn unlist_purchase(&mut self, customer: CustomerId, transaction: String) {
        let key = (customer, transaction);
        self.change.listed.remove(&key);
        self.remove::<CustomerPurchases>(key);
    }

    /// Lists purchases that were recorded before there were lists, unless another has done that already.
    pub(super) fn list_purchases(&mut self, part: &ListPurchases) -> Result<(), Stop> {
        if self.get::<PurchaseLists>(&())? != part.at.as_ref() {
            return Ok(());
        }
        for (customer, transaction) in &part.named {
            self.list_purchase(customer.clone(), transaction.clone());
        }
        self.put::<PurchaseLists>((), part.then.clone());
        Ok(())
    }
}
