//! Making and editing customers. An e-mail address belongs to one customer.

use crate::CustomerEdit;
use scrip_domain::{
    customer::{Customer, Email},
    id::CustomerId,
    pool_draft::Faults,
    rejection::{Input, Rejection},
};
use scrip_storage::{Customers, Emails, RowId};

use super::{attempt::Attempt, stop::Stop};

/// The longest attributes, in bytes of JSON.
const MAX_ATTRIBUTES: usize = 16 * 1024;

impl Attempt<'_> {
    pub(super) fn customer_upsert(&mut self, edit: &CustomerEdit) -> Result<Box<Customer>, Stop> {
        let (id, email, currency) = (edit.id.clone(), edit.email.clone(), edit.currency);
        let mut faults = Faults::default();
        let attributes =
            edit.attributes.clone().and_then(|given| faults.take(&[Input::Attributes], check_attributes(given)));
        faults.into_result()?;
        let mut rows = vec![RowId::of::<Customers>(id.clone())];
        rows.extend(email.iter().flatten().map(|email| RowId::of::<Emails>(email.folded())));
        self.rows.need(rows)?;
        let mut customer = self.rows.customer(&id)?.unwrap_or_else(|| Customer::unknown(id.clone()));
        if let Some(email) = email {
            if let Some(email) = &email {
                self.take_email(email, &id)?;
            }
            if let Some(before) =
                customer.email.filter(|before| email.as_ref().map(Email::folded) != Some(before.folded()))
            {
                self.give_email_up(&before, &id)?;
            }
            customer.email = email;
        }
        customer.currency = currency.unwrap_or(customer.currency);
        customer.attributes = attributes.unwrap_or(customer.attributes);
        self.rows.put::<Customers>(id, Box::new(customer.clone()));
        Ok(Box::new(customer))
    }

    fn take_email(&mut self, email: &Email, id: &CustomerId) -> Result<(), Stop> {
        if self.lookups().customer_by_email(email)?.is_some_and(|owner| owner.id != *id) {
            let what = "another customer with this e-mail address".to_owned();
            return Err(Rejection::Duplicate { what }.at([Input::Email]).into());
        }
        self.rows.put::<Emails>(email.folded(), id.clone());
        Ok(())
    }

    /// Removes the row of an address that a customer has no more. Versions before left it, so it is only believed while
    /// the customer that it names has that address.
    fn give_email_up(&mut self, email: &Email, id: &CustomerId) -> Result<(), Stop> {
        if self.rows.get::<Emails>(&email.folded())? == Some(id) {
            self.rows.remove::<Emails>(email.folded());
        }
        Ok(())
    }
}

fn check_attributes(given: serde_json::Value) -> Result<serde_json::Value, Rejection> {
    if !given.is_object() {
        return Err(Rejection::ValueInvalid { reason: "expected a JSON object".to_owned() });
    }
    if given.to_string().len() > MAX_ATTRIBUTES {
        return Err(Rejection::LimitExceeded { what: "too many bytes of JSON", limit: MAX_ATTRIBUTES as u64 });
    }
    Ok(given)
}
