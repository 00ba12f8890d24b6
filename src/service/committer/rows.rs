//! The rows of a batch under one command: what was loaded and what commands before have changed, and over that what this
//! one changes. A row that is not loaded is noted as missing, so that what a decision lacks is read together. Nothing else
//! touches a command's change, and nothing of it stays unless the command ends well.

mod registered;

use scrip_domain::{
    coupon::Coupon,
    currency::Currency,
    customer::Customer,
    event::Event,
    gift_card::Entry,
    id::{CouponId, CustomerId, EventId, PoolId},
    period::Instant,
    presence::{CHILDREN, Node, NodeId, path},
    source::Source,
    terms::Terms,
};
use scrip_storage::{CodeLists, Coupons, CustomerPurchases, Customers, Ledger, Nodes, Row, RowId, Table};

use super::{
    holdings::{Changed, Places, Wanted},
    stop::Stop,
    working::{Change, Missing, Working},
};
use crate::command::Whose;

/// A command's view of the rows, with what it changes of them.
pub(super) struct Rows<'a> {
    working: &'a Working<'a>,
    change: Change,
    missing: Missing,
}

impl<'a> Rows<'a> {
    pub(super) fn new(working: &'a Working<'a>) -> Self {
        Self { working, change: Change::default(), missing: Missing::default() }
    }

    /// What the batch is decided on, without what this command changes.
    pub(super) fn working(&self) -> &'a Working<'a> {
        self.working
    }

    pub(super) fn now(&self) -> Instant {
        self.working.now
    }

    /// Notes all of the rows that are not loaded, so that they are read together.
    pub(super) fn need(&mut self, ids: impl IntoIterator<Item = RowId>) -> Result<(), Stop> {
        for id in ids {
            if !self.is_loaded(&id) {
                self.missing.rows.insert(id);
            }
        }
        self.check_loaded()
    }

    /// The document of a table's row as it is now.
    pub(super) fn get<T: Table>(&mut self, key: &T::Key) -> Result<Option<&T::Document>, Stop> {
        let id = RowId::of::<T>(key.clone());
        if self.change.removed.contains(&id) {
            return Ok(None);
        }
        if !self.is_loaded(&id) {
            self.missing.rows.insert(id);
            return Err(Stop::Missing);
        }
        let row = self.change.rows.get(&id).or_else(|| self.working.row(&id).flatten());
        Ok(row.and_then(Row::document::<T>))
    }

    /// The same to be changed and put back: taken out of what the command changes, where that has it, so that a list to
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

    /// Removes rows whatever is in them.
    pub(super) fn remove_all(&mut self, ids: impl IntoIterator<Item = RowId>) {
        self.change.removed.extend(ids);
    }

    /// Whether a row was read, or is written by this command.
    pub(super) fn is_loaded(&self, id: &RowId) -> bool {
        self.change.rows.contains_key(id) || self.working.row(id).is_some()
    }

    /// Goes on after a stop where something is missing, so that what comes after it lacks is read with that: all of it is
    /// decided anew then. At its end is [`check_loaded`](Self::check_loaded).
    pub(super) fn go_on(&self, stop: Stop) -> Result<(), Stop> {
        if self.missing.is_empty() { Err(stop) } else { Ok(()) }
    }

    /// Ends a decision that went on where something was missing.
    pub(super) fn check_loaded(&self) -> Result<(), Stop> {
        if self.missing.is_empty() { Ok(()) } else { Err(Stop::Missing) }
    }

    /// The keys of a table's rows that were missing.
    pub(super) fn missing_of<T: Table>(&self) -> Vec<T::Key> {
        self.missing.rows.iter().filter_map(|id| id.key::<T>().cloned()).collect()
    }

    /// Notes the places in their pools' trees of coupons that were missing: whatever becomes of those is noted there.
    pub(super) fn need_nodes(&mut self) {
        for CouponId { pool, index } in self.missing_of::<Coupons>() {
            drop(self.need(path(index).map(|(node, _)| RowId::of::<Nodes>((pool, node)))));
        }
    }

    /// What was missing, to be read.
    pub(super) fn take_missing(&mut self) -> Missing {
        std::mem::take(&mut self.missing)
    }

    /// What the command changes, to be accepted.
    pub(super) fn take_change(&mut self) -> Change {
        std::mem::take(&mut self.change)
    }

    /// Whether the command changes anything so far.
    pub(super) fn is_changed(&self) -> bool {
        !self.change.is_empty()
    }

    /// Drops what the command has changed so far.
    pub(super) fn forget_change(&mut self) {
        self.change = Change::default();
    }

    /// Notes what is to be read of what a customer holds.
    pub(super) fn want(&mut self, wanted: Wanted) {
        self.missing.holdings.insert(wanted);
    }

    /// What the command changes of what customers hold.
    pub(super) fn held(&self) -> &Changed {
        &self.change.held
    }

    /// What the command changes of what a customer holds of a pool.
    pub(super) fn held_of(&mut self, whose: Whose) -> &mut Places {
        self.change.held.entry(whose).or_default()
    }

    /// Has a purchase be listed for a customer, unless it is already.
    pub(super) fn list_purchase(&mut self, customer: CustomerId, transaction: String) {
        let key = (customer, transaction);
        self.change.removed.remove(&RowId::of::<CustomerPurchases>(key.clone()));
        self.change.listed.insert(key);
    }

    /// Takes a purchase out of a customer's list.
    pub(super) fn unlist_purchase(&mut self, customer: CustomerId, transaction: String) {
        let key = (customer, transaction);
        self.change.listed.remove(&key);
        self.remove::<CustomerPurchases>(key);
    }

    /// The place in the log that the next event gets.
    pub(super) fn next_event(&self) -> EventId {
        let sequence = self.working.next_sequence() + self.change.events.len() as u64;
        EventId { stream: self.working.registry.stream(), sequence }
    }

    /// Adds an event, at [that place](Self::next_event).
    pub(super) fn add_event(&mut self, event: Event) {
        self.change.events.push(event);
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
        if self.is_loaded(&row) || terms.currency.is_some() {
            return Ok(self.customer_or_new(id)?.currency);
        }
        self.ensure_customer(id);
        Ok(None)
    }

    /// A node of a pool's tree of statuses.
    pub(super) fn node(&mut self, pool: PoolId, id: NodeId) -> Result<Option<Node>, Stop> {
        Ok(self.get::<Nodes>(&(pool, id))?.copied())
    }

    /// The entry that took off what a gift card held, where it is out of use.
    pub(super) fn void_of(&mut self, coupon: &Coupon) -> Result<Option<Entry>, Stop> {
        match coupon.void_entry() {
            Some(id) => Ok(self.get::<Ledger>(&id)?.cloned()),
            None => Ok(None),
        }
    }

    /// Has a customer be made, unless they are known.
    pub(super) fn ensure_customer(&mut self, id: &CustomerId) {
        self.change.ensured.insert(id.clone());
    }

    /// What an action on a coupon reads first, and what time does to it; but for what is above `last` in the tree of its
    /// pool, which was asked for with that. Many coupons in order have the same above them.
    pub(super) fn of_coupon_after(
        &self,
        id: CouponId,
        last: &mut Option<CouponId>,
    ) -> impl Iterator<Item = RowId> + use<'a> {
        let leaf = |id: CouponId| (id.pool, id.index / CHILDREN);
        let is_known = last.replace(id).is_some_and(|last| leaf(last) == leaf(id));
        let uploaded = self.find_pool(id.pool).is_some_and(|pool| pool.source == Source::Uploaded);
        let list = uploaded.then(|| RowId::of::<CodeLists>(CodeLists::row_of(id)));
        let nodes = path(id.index).map(move |(node, _)| RowId::of::<Nodes>((id.pool, node)));
        std::iter::once(RowId::of::<Coupons>(id)).chain(list).chain(nodes.filter(move |_| !is_known))
    }
}
