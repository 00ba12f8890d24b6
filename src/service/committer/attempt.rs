//! One command's decision in the making: it sees the batch's state and its own changes over it, and
//! leaves nothing behind unless it ends well.

use std::{error::Error, sync::Arc};

use crate::{
    Broken, Failure,
    command::Whose,
    opened::{Kept, Unopened},
    prepare::Prepared,
    question::{Answers, Question},
};
use scrip_domain::{
    coupon::Coupon,
    currency::Currency,
    customer::Customer,
    group::Groups,
    id::{CouponId, CustomerId, PoolId},
    period::Instant,
    pool::Pool,
    presence::{Node, NodeId},
    rejection::{Refusal, Rejection, Step},
    terms::Terms,
};
use scrip_storage::{Coupons, Customers, Nodes, Row, RowId, Table, Tally};

use super::{
    Request,
    working::{Change, Missing, Working},
};

/// Why a decision ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// Rows are missing; which, the attempt has noted.
    Missing,
    /// Plugins have to be asked; what, the attempt has noted.
    Asks,
    /// A customer's history has to be searched for coupons of a pool.
    Searches(Box<Whose>),
    /// A customer's claims have to be counted that are from before they were.
    Counts(Box<Whose>),
    /// A series has to be opened.
    Opens(Unopened),
    /// Refused.
    Refused(Vec<Refusal>),
    /// Something inside broke: the rows contradict each other, or cannot be read.
    Broken(Broken),
}

impl Stop {
    /// Something inside broke: an error, or a text.
    pub(super) fn broken(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Broken(Broken::new(cause))
    }

    /// The same, with what it broke.
    pub(super) fn because(what: impl Into<String>, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Broken(Broken::because(what, cause))
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Refusal::from(rejection).into()
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusals) => Self::Refused(refusals),
            Failure::Internal(reason) => Self::Broken(reason),
        }
    }
}

impl From<Vec<Refusal>> for Stop {
    fn from(refusals: Vec<Refusal>) -> Self {
        Self::Refused(refusals)
    }
}

/// One command's view of the state.
pub(super) struct Attempt<'a> {
    pub(super) working: &'a Working<'a>,
    /// The groups that whoever asks is in: pools of others do not exist.
    pub(super) groups: &'a Groups,
    pub(super) change: Change,
    pub(super) missing: Missing,
    /// What was found out for the command beforehand.
    pub(super) prepared: &'a Prepared,
    /// What plugins have said.
    pub(super) answers: &'a Answers,
    /// Series that were opened for it.
    pub(super) opened: &'a Kept,
    /// What they have to be asked.
    pub(super) questions: Vec<Question>,
    /// What a source knows a claim again by.
    pub(super) source_key: &'a str,
    /// Whether an uploaded coupon is read together with its code, which only one that nobody has touched needs: a checkout
    /// waits once less for the database, and a redemption reads no more than it has to.
    pub(super) reads_ahead: bool,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(working: &'a Working<'a>, request: &'a Request) -> Self {
        Self {
            working,
            groups: &request.caller.groups,
            change: Change::default(),
            missing: Missing::default(),
            prepared: &request.prepared,
            answers: &request.prepared.answers,
            opened: &request.prepared.opened,
            questions: Vec::new(),
            source_key: &request.prepared.source_key,
            reads_ahead: false,
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.working.now
    }

    /// Notes all of the rows that are not loaded, so that they are read together.
    pub(super) fn need(&mut self, ids: impl IntoIterator<Item = RowId>) -> Result<(), Stop> {
        for id in ids {
            if !self.change.rows.contains_key(&id) && self.working.row(&id).is_none() {
                self.missing.rows.insert(id);
            }
        }
        if self.missing.is_empty() { Ok(()) } else { Err(Stop::Missing) }
    }

    /// Does something for each item. What any of them lacks is read together: one after the other, each would have all
    /// before it decided again.
    pub(super) fn for_each<I>(
        &mut self,
        items: impl IntoIterator<Item = I>,
        mut work: impl FnMut(&mut Self, I) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        for item in items {
            match work(self, item) {
                Ok(()) => {}
                Err(stop) if self.missing.is_empty() => return Err(stop),
                // It is decided anew once all of it is there.
                Err(_) => {}
            }
        }
        if self.missing.is_empty() { Ok(()) } else { Err(Stop::Missing) }
    }

    /// The document of a table's row as it is now.
    pub(super) fn get<T: Table>(&mut self, key: &T::Key) -> Result<Option<&T::Document>, Stop> {
        let id = RowId::of::<T>(key.clone());
        if self.change.removed.contains(&id) {
            return Ok(None);
        }
        if !self.change.rows.contains_key(&id) && self.working.row(&id).is_none() {
            self.missing.rows.insert(id);
            return Err(Stop::Missing);
        }
        let row = self.change.rows.get(&id).or_else(|| self.working.row(&id).flatten());
        Ok(row.and_then(Row::document::<T>))
    }

    /// The same to be changed and put back: taken out of what this attempt changes, where that has it, so that a list to
    /// which a thousand are added is not copied as often.
    pub(super) fn take_out<T: Table>(&mut self, key: &T::Key) -> Result<Option<T::Document>, Stop> {
        match self.change.rows.remove(&RowId::of::<T>(key.clone())) {
            Some(row) => Ok(row.into_document::<T>()),
            None => Ok(self.get::<T>(key)?.cloned()),
        }
    }

    pub(super) fn put<T: Table>(&mut self, key: T::Key, document: T::Document) {
        let id = RowId::of::<T>(key);
        self.change.removed.remove(&id);
        self.change.rows.insert(id, Row::of::<T>(document));
    }

    pub(super) fn remove<T: Table>(&mut self, key: T::Key) {
        let id = RowId::of::<T>(key);
        self.change.rows.remove(&id);
        self.change.removed.insert(id);
    }

    /// The pool that a caller means; refused at `field` where there is none, or it does not exist for them.
    pub(super) fn pool(&self, id: PoolId, field: impl Into<Step>) -> Result<Arc<Pool>, Stop> {
        let found = self.find_pool(id).filter(|pool| self.groups.see(pool.group));
        found.ok_or_else(|| Rejection::NotFound { what: "pool", by: "id" }.at([field]).into())
    }

    /// Whether a pool exists for whoever asks.
    pub(super) fn sees(&self, id: PoolId) -> bool {
        *self.groups == Groups::All || self.find_pool(id).is_some_and(|pool| self.groups.see(pool.group))
    }

    /// The pool with this id, for what is not told.
    pub(super) fn find_pool(&self, id: PoolId) -> Option<Arc<Pool>> {
        self.change.pools.get(&id).cloned().or_else(|| self.working.pool(id))
    }

    /// The pool that a coupon is in, which exists.
    pub(super) fn pool_of(&self, id: CouponId) -> Result<Arc<Pool>, Stop> {
        self.find_pool(id.pool).ok_or_else(|| Stop::broken(format!("coupon {id:?} has no pool")))
    }

    pub(super) fn tally(&self, id: PoolId) -> Tally {
        self.change.tallies.get(&id).copied().unwrap_or_else(|| self.working.tally(id))
    }

    /// The terms that a coupon carries.
    pub(super) fn terms(&self, coupon: &Coupon) -> Result<Arc<Terms>, Stop> {
        let pool = self.pool_of(coupon.id)?;
        let terms = pool.terms(coupon.terms).cloned();
        terms.ok_or_else(|| Stop::broken(format!("coupon {:?} has no terms", coupon.id)))
    }

    /// A coupon that has a row, with what its pool's updates say of it; none where it was not touched.
    pub(super) fn coupon(&mut self, id: CouponId) -> Result<Option<Coupon>, Stop> {
        let Some(coupon) = self.coupon_row(id)? else { return Ok(None) };
        Ok(Some(self.pool_of(id)?.taken_over(coupon)))
    }

    /// A coupon as its row has it.
    pub(super) fn coupon_row(&mut self, id: CouponId) -> Result<Option<Coupon>, Stop> {
        Ok(self.get::<Coupons>(&id)?.map(|coupon| coupon.as_ref().clone()))
    }

    /// The customer with this id, if one is known.
    pub(super) fn customer(&mut self, id: &CustomerId) -> Result<Option<Customer>, Stop> {
        Ok(self.get::<Customers>(id)?.map(|customer| customer.as_ref().clone()))
    }

    /// The customer with this id, made where it was not known.
    pub(super) fn customer_or_new(&mut self, id: &CustomerId) -> Result<Customer, Stop> {
        if let Some(customer) = self.customer(id)? {
            return Ok(customer);
        }
        let customer = Customer::unknown(id.clone());
        self.put::<Customers>(id.clone(), Box::new(customer.clone()));
        Ok(customer)
    }

    /// The currency of a customer who is to hold a coupon with these terms, and who is made if not known.
    /// Where the terms are for customers of any currency, the customer is not even read.
    pub(super) fn currency_for(&mut self, terms: &Terms, id: &CustomerId) -> Result<Option<Currency>, Stop> {
        let row = RowId::of::<Customers>(id.clone());
        let known = self.change.rows.contains_key(&row) || self.working.row(&row).is_some();
        if known || terms.currency.is_some() {
            return Ok(self.customer_or_new(id)?.currency);
        }
        self.change.ensured.insert(id.clone());
        Ok(None)
    }

    /// A node of a pool's tree of statuses.
    pub(super) fn node(&mut self, pool: PoolId, id: NodeId) -> Result<Option<Node>, Stop> {
        Ok(self.get::<Nodes>(&(pool, id))?.copied())
    }
}
