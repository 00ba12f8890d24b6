//! Customers as an actor has them: to a customer, there is no other.

use super::{Action, Session};
use crate::{Erased, Failure, Page, PageRequest, PersonalData};
use scrip_domain::{
    customer::{Customer, Email},
    id::CustomerId,
};

impl Session {
    /// The customers with these ids, in their order.
    pub async fn customers(&self, ids: &[CustomerId]) -> Result<Vec<Option<Customer>>, Failure> {
        let mut found = self.0.may(Action::ReadCustomers)?.customers(ids).await?;
        found.iter_mut().for_each(|one| drop(one.take_if(|customer| !self.may_know(&customer.id))));
        Ok(found)
    }

    /// The customer with this id.
    pub async fn customer(&self, id: &CustomerId) -> Result<Option<Customer>, Failure> {
        Ok(self.customers(std::slice::from_ref(id)).await?.pop().flatten())
    }

    /// The customer with this e-mail address.
    pub async fn customer_by_email(&self, email: &Email) -> Result<Option<Customer>, Failure> {
        let scrip = self.0.may(Action::ReadCustomers)?;
        if self.own().is_some() {
            return self.myself(|customer| customer.is_at(email)).await;
        }
        scrip.customer_by_email(email).await
    }

    /// Erases a customer; refused where the customer holds coupons that can be used, unless it is forced.
    pub async fn erase_customer(&self, customer: CustomerId, force: bool) -> Result<Erased, Failure> {
        let scrip = self.may_or_note(Action::EraseCustomers, "CUSTOMER_ERASE", None).await?;
        scrip.erase_customer(self.actor(), customer, force).await
    }

    /// Begins to read all that is known of a customer; none where nobody is known by this id.
    pub async fn personal_data(&self, customer: &CustomerId) -> Result<Option<PersonalData>, Failure> {
        self.0.may(Action::EraseCustomers)?.personal_data(customer).await
    }

    /// A page of all customers whose id starts with a text, by id.
    pub async fn list_customers(
        &self,
        prefix: &str,
        page: &PageRequest<CustomerId>,
    ) -> Result<Page<Customer, CustomerId>, Failure> {
        let scrip = self.0.may(Action::ReadCustomers)?;
        if self.own().is_some() {
            let found = self.myself(|customer| customer.id.as_str().starts_with(prefix)).await?;
            let found = found.filter(|customer| {
                page.after.as_ref().is_none_or(|after| customer.id > *after)
                    && page.before.as_ref().is_none_or(|before| customer.id < *before)
            });
            return Ok(Page::from_gathered(found.into_iter().map(|one| (one.id.clone(), one)).collect(), page));
        }
        scrip.list_customers(prefix, page).await
    }
}
