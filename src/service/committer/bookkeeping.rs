//! What every change of a coupon writes beside the coupon itself: its events, in the log, in its own
//! history and in its customer's; the ledger; who holds it; when its time is over; its pool's counts
//! and tree of statuses. One function does all of it, so no action can forget a part.

use scrip_domain::{
    coupon::{Coupon, Decision},
    event::{Change, Event, EventType, Reason},
    id::{CouponId, EventId, TermsNumber},
    job::{Effect, Opposite},
    notice::News,
    period::Instant,
    presence::path,
    status::Status,
};
use scrip_storage::{Coupons, CustomerEvents, Dues, Happened, Histories, Ledger, Nodes, TransactionEvents};

use super::attempt::{Attempt, Stop};

impl Attempt<'_> {
    /// Takes a decision over. `before` is the coupon before it, if it had a row; `counted` is the status
    /// that the pool's counts have it in, if they have it.
    pub(super) fn record(
        &mut self,
        before: Option<&Coupon>,
        counted: Option<Status>,
        decision: Decision,
        actor: &str,
    ) -> Result<Coupon, Stop> {
        let Decision { mut coupon, changes, entries } = decision;
        let id = coupon.id;
        // What time does goes on: it is erased with the rest.
        if actor != "scrip" {
            let of_changes = changes.iter().flat_map(|change| [&change.customer, &change.counterpart]);
            self.check_not_erased(of_changes.chain(before.map(|before| &before.customer)).flatten())?;
        }
        let (update, row) = self.update_of(before)?;
        let row = row.as_ref().or(before);
        // Before its events: they count from the first that is noted on.
        let noted = self.notes_holdings(id)?;
        let tells = self.pool_of(id)?.tells_partner();
        let mut holder = before.and_then(|coupon| coupon.customer.clone());
        let updated = update.is_some();
        for (number, change) in update.into_iter().chain(changes).enumerate() {
            let event = self.next_event();
            if tells && News::of(&change, before).is_some() {
                self.note_for_partner(id.pool, event)?;
            }
            if let Some(transaction) = &change.transaction {
                self.put::<TransactionEvents>((transaction.clone(), event), id);
            }
            if let Some(customer) = &change.customer {
                let acquired = change.kind.is_acquisition() && holder.as_ref() != Some(customer);
                if acquired {
                    coupon.acquired = Some(event);
                    holder = Some(customer.clone());
                }
                self.put::<CustomerEvents>((customer.clone(), event), Happened { coupon: id, acquired });
            }
            if let Some((number, leaf)) = coupon.history.push(event) {
                self.put::<Histories>((id, number), leaf);
            }
            // Whoever's action recorded it, it is time that ended it.
            let actor = match change.kind {
                EventType::Expire => "scrip".to_owned(),
                EventType::Update if updated && number == 0 => self.updated_by(&coupon)?,
                _ => actor.to_owned(),
            };
            self.change.events.push(Event { id: event, at: self.now(), coupon: id, actor, change });
        }
        for entry in entries {
            self.put::<Ledger>(entry.id, entry);
        }
        if coupon.customer.is_none() {
            coupon.acquired = None;
        }
        if noted {
            self.note_holding(row, &coupon)?;
        }
        self.note_given(before, &coupon)?;
        self.note_due(&coupon, row)?;
        self.note_status(id, before.map(|coupon| coupon.status), counted, coupon.status)?;
        let usages = i64::from(coupon.usages) - before.map_or(0, |coupon| i64::from(coupon.usages));
        let mut tally = self.tally(id.pool);
        tally.counts.usages += usages;
        self.change.tallies.insert(id.pool, tally);
        let pool = self.pool_of(id)?;
        if before.is_none() {
            coupon.updates = pool.updates_so_far();
        }
        if before.is_none() && !pool.withdrawn.is_empty() {
            let mut pool = pool.as_ref().clone();
            if pool.touch(id.index) {
                self.put_pool(pool)?;
            }
        }
        self.put::<Coupons>(id, Box::new(coupon.clone()));
        Ok(coupon)
    }

    /// What is told of the updates that made a coupon of its row, and the row; neither of a pool that had none.
    fn update_of(&mut self, coupon: Option<&Coupon>) -> Result<(Option<Change>, Option<Coupon>), Stop> {
        let Some(coupon) = coupon.filter(|coupon| coupon.updates > 0) else { return Ok((None, None)) };
        let row = self.coupon_row(coupon.id)?;
        Ok((row.as_ref().and_then(|row| coupon.update_of(row)), row))
    }

    /// Who made the last update that a coupon has taken over.
    fn updated_by(&self, coupon: &Coupon) -> Result<String, Stop> {
        let last = usize::try_from(coupon.updates).ok().and_then(|updates| updates.checked_sub(1));
        let pool = self.pool_of(coupon.id)?;
        Ok(last.and_then(|last| pool.updates.get(last)).map_or_else(String::new, |update| update.actor.clone()))
    }

    /// Has a coupon keep what so many of its pool's updates say of it; what takes the last of them back, where it is another
    /// by any.
    pub(super) fn keep_update(&mut self, id: CouponId, number: u32) -> Result<Option<Effect>, Stop> {
        let Some(row) = self.coupon_row(id)? else { return Ok(None) };
        let pool = self.pool_of(id)?;
        let prior = pool.taken_over_until(row.clone(), number.saturating_sub(1));
        let opposite = Opposite::Terms(prior.terms, prior.expires_at);
        let before = pool.taken_over_until(prior, number);
        if before.update_of(&row).is_none() {
            return Ok(None);
        }
        let coupon = Coupon { version: before.version + 1, ..before.clone() };
        let decision = Decision { coupon, changes: Vec::new(), entries: Vec::new() };
        let coupon = self.record(Some(&before), Some(before.status), decision, "scrip")?;
        Ok(Some(Effect { coupon: id, version: coupon.version, opposite }))
    }

    /// Gives a coupon the terms back that it had before an update that it has kept; what takes that back.
    pub(super) fn carry_again(
        &mut self,
        coupon: Coupon,
        (terms, end): (TermsNumber, Option<Instant>),
        reason: Option<&Reason>,
        actor: &str,
    ) -> Result<Effect, Stop> {
        let opposite = Opposite::Terms(coupon.terms, coupon.expires_at);
        let decision = coupon.clone().carry_again(terms, end).because(reason.map(Reason::as_str));
        let coupon = self.record(Some(&coupon), Some(coupon.status), decision, actor)?;
        Ok(Effect { coupon: coupon.id, version: coupon.version, opposite })
    }

    /// The place in the log that the next event gets.
    pub(super) fn next_event(&self) -> EventId {
        let sequence = self.working.next_sequence() + self.change.events.len() as u64;
        EventId { stream: self.working.registry.stream(), sequence }
    }

    /// Notes when a coupon that can still be used is over, if that is new.
    fn note_due(&mut self, coupon: &Coupon, before: Option<&Coupon>) -> Result<(), Stop> {
        let Some(end) = coupon.expires_at.filter(|_| coupon.status.is_live()) else { return Ok(()) };
        if before.is_some_and(|before| before.status.is_live() && before.expires_at == Some(end)) {
            return Ok(());
        }
        let key = (end.as_millisecond(), coupon.id);
        if before.is_none() || self.get::<Dues>(&key)?.is_none() {
            self.put::<Dues>(key, ());
        }
        Ok(())
    }

    /// Moves a coupon from one status to another in its pool's counts and tree. A coupon without a
    /// row is in no set of the tree.
    pub(super) fn note_status(
        &mut self,
        id: CouponId,
        in_tree: Option<Status>,
        counted: Option<Status>,
        after: Status,
    ) -> Result<(), Stop> {
        let mut tally = self.tally(id.pool);
        if let Some(before) = counted {
            tally.counts.add(before, -1);
        }
        tally.counts.add(after, 1);
        let returned = |status| u64::from(status == Some(Status::Unassigned));
        tally.supply.returned = (tally.supply.returned + returned(Some(after))).saturating_sub(returned(in_tree));
        self.change.tallies.insert(id.pool, tally);
        if in_tree == Some(after) {
            return Ok(());
        }
        if let Some(before) = in_tree {
            self.set_presence(id, before, false)?;
        }
        self.set_presence(id, after, true)
    }

    fn set_presence(&mut self, id: CouponId, status: Status, present: bool) -> Result<(), Stop> {
        for (place, child) in path(id.index) {
            let mut node = self.node(id.pool, place)?.unwrap_or_default();
            let held = node.holds(status);
            node.put(status, child, present);
            let holds = node.holds(status);
            self.put::<Nodes>((id.pool, place), node);
            if holds == held {
                break;
            }
        }
        Ok(())
    }
}
