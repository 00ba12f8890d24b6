//! What every change of a coupon writes beside the coupon itself: its events, in the log, in its own
//! history and in its customer's; the ledger; who holds it; when its time is over; its pool's counts
//! and tree of statuses. One function does all of it, so no action can forget a part.

use crate::Changed;
use scrip_domain::{
    coupon::{Coupon, Decision},
    event::{Change, Event, EventType, Reason},
    gift_card::EntryKind,
    id::{CouponId, CustomerId, TermsNumber},
    job::{Effect, Opposite},
    notice::News,
    period::Instant,
    presence::path,
    rejection::Rejection,
    status::Status,
};
use scrip_storage::{Coupons, CustomerEvents, Dues, Happened, Histories, Ledger, Nodes, TransactionEvents};

use super::{asker::Asker, found::Found, rows::Rows, stop::Stop};

/// Records what happens, over the rows.
pub(super) struct Books<'r, 'a> {
    pub(super) rows: &'r mut Rows<'a>,
    pub(super) asker: Asker<'a>,
}

impl Books<'_, '_> {
    /// Takes a decision of one coupon over and answers with it.
    pub(super) fn finish(&mut self, found: &Found, decision: Decision, actor: &str) -> Result<Changed, Stop> {
        // Where a redemption voids what is left, it is the redemption that the answer names.
        let made = decision.entries.iter().rfind(|entry| entry.kind != EntryKind::Void).map(|entry| entry.id);
        Ok(Changed { coupon: Box::new(self.carry_out(found, decision, actor)?), entry: made })
    }

    /// Takes a decision of one coupon over; the coupon after it.
    pub(super) fn carry_out(&mut self, found: &Found, decision: Decision, actor: &str) -> Result<Coupon, Stop> {
        let counted = Some(found.coupon.status);
        self.record(found.before(), counted, decision, actor)
    }

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
        let tells = self.rows.pool_of(id)?.tells_partner();
        let mut holder = before.and_then(|coupon| coupon.customer.clone());
        let updated = update.is_some();
        for (number, change) in update.into_iter().chain(changes).enumerate() {
            let event = self.rows.next_event();
            if tells && News::of(&change, before).is_some() {
                self.note_for_partner(id.pool, event)?;
            }
            if let Some(transaction) = &change.transaction {
                self.rows.put::<TransactionEvents>((transaction.clone(), event), id);
            }
            if let Some(customer) = &change.customer {
                let acquired = change.kind.is_acquisition() && holder.as_ref() != Some(customer);
                if acquired {
                    coupon.acquired = Some(event);
                    holder = Some(customer.clone());
                }
                self.rows.put::<CustomerEvents>((customer.clone(), event), Happened { coupon: id, acquired });
            }
            if let Some((number, leaf)) = coupon.history.push(event) {
                self.rows.put::<Histories>((id, number), leaf);
            }
            // Whoever's action recorded it, it is time that ended it.
            let actor = match change.kind {
                EventType::Expire => "scrip".to_owned(),
                EventType::Update if updated && number == 0 => self.updated_by(&coupon)?,
                _ => actor.to_owned(),
            };
            self.rows.add_event(Event { id: event, at: self.rows.now(), coupon: id, actor, change });
        }
        for entry in entries {
            self.rows.put::<Ledger>(entry.id, entry);
        }
        if coupon.customer.is_none() {
            coupon.acquired = None;
        }
        // What any of them lacks is read together.
        let holding = if noted { self.note_holding(row, &coupon) } else { Ok(()) };
        let given = self.note_given(before, &coupon);
        let due = self.note_due(&coupon, row);
        let status = self.note_status(id, before.map(|coupon| coupon.status), counted, coupon.status);
        holding.and(given).and(due).and(status)?;
        let usages = i64::from(coupon.usages) - before.map_or(0, |coupon| i64::from(coupon.usages));
        let mut tally = self.rows.tally(id.pool);
        tally.counts.usages += usages;
        self.rows.set_tally(id.pool, tally);
        let pool = self.rows.pool_of(id)?;
        if before.is_none() {
            coupon.updates = pool.updates_so_far();
        }
        if before.is_none() && !pool.withdrawn.is_empty() {
            let mut pool = pool.as_ref().clone();
            if pool.touch(id.index) {
                self.rows.put_pool(pool)?;
            }
        }
        self.rows.put::<Coupons>(id, Box::new(coupon.clone()));
        Ok(coupon)
    }

    /// Records that holds of a coupon are over, where they are, before anything else happens to it.
    pub(super) fn without_holds_that_are_over(&mut self, coupon: Coupon) -> Result<Found, Stop> {
        let mut found = Found::stored(coupon);
        let over = |coupon: &Coupon, now: Instant| {
            let over = coupon.holds.iter().filter(|hold| hold.until <= now);
            over.min_by_key(|hold| (hold.until, hold.transaction.clone())).map(|hold| hold.transaction.clone())
        };
        while let Some(transaction) = over(&found.coupon, self.rows.now()) {
            let Some(decision) = found.coupon.clone().release(&transaction, self.rows.now()) else { break };
            found.coupon = self.carry_out(&found, decision, "scrip")?;
        }
        Ok(found)
    }

    /// What is told of the updates that made a coupon of its row, and the row; neither of a pool that had none.
    fn update_of(&mut self, coupon: Option<&Coupon>) -> Result<(Option<Change>, Option<Coupon>), Stop> {
        let Some(coupon) = coupon.filter(|coupon| coupon.updates > 0) else { return Ok((None, None)) };
        let row = self.rows.coupon_row(coupon.id)?;
        Ok((row.as_ref().and_then(|row| coupon.update_of(row)), row))
    }

    /// Who made the last update that a coupon has taken over.
    fn updated_by(&self, coupon: &Coupon) -> Result<String, Stop> {
        let last = usize::try_from(coupon.updates).ok().and_then(|updates| updates.checked_sub(1));
        let pool = self.rows.pool_of(coupon.id)?;
        Ok(last.and_then(|last| pool.updates.get(last)).map_or_else(String::new, |update| update.actor.clone()))
    }

    /// Has a coupon keep what so many of its pool's updates say of it; what takes the last of them back, where it is another
    /// by any.
    pub(super) fn keep_update(&mut self, id: CouponId, number: u32) -> Result<Option<Effect>, Stop> {
        let Some(row) = self.rows.coupon_row(id)? else { return Ok(None) };
        let pool = self.rows.pool_of(id)?;
        if pool.carried_after(&row, number) == row.carried() {
            return Ok(None);
        }
        let prior = pool.carried_after(&row, number.saturating_sub(1));
        let opposite = Opposite::Terms(prior.terms, prior.expires_at);
        let before = pool.taken_over_until(row, number);
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

    /// Notes when a coupon that can still be used is over, if that is new.
    fn note_due(&mut self, coupon: &Coupon, before: Option<&Coupon>) -> Result<(), Stop> {
        let Some(end) = coupon.expires_at.filter(|_| coupon.status.is_live()) else { return Ok(()) };
        if before.is_some_and(|before| before.status.is_live() && before.expires_at == Some(end)) {
            return Ok(());
        }
        let key = (end.as_millisecond(), coupon.id);
        if before.is_none() || self.rows.get::<Dues>(&key)?.is_none() {
            self.rows.put::<Dues>(key, ());
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
        let mut tally = self.rows.tally(id.pool);
        if let Some(before) = counted {
            tally.counts.add(before, -1);
        }
        tally.counts.add(after, 1);
        let returned = |status| u64::from(status == Some(Status::Unassigned));
        tally.supply.returned = (tally.supply.returned + returned(Some(after))).saturating_sub(returned(in_tree));
        self.rows.set_tally(id.pool, tally);
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
            let mut node = self.rows.node(id.pool, place)?.unwrap_or_default();
            let held = node.holds(status);
            node.put(status, child, present);
            let holds = node.holds(status);
            self.rows.put::<Nodes>((id.pool, place), node);
            if holds == held {
                break;
            }
        }
        Ok(())
    }

    /// Refuses whatever is to be done with a customer who is being erased.
    pub(super) fn check_not_erased<'b>(&self, customers: impl IntoIterator<Item = &'b CustomerId>) -> Result<(), Stop> {
        let mut customers = customers.into_iter();
        if customers.any(|customer| self.rows.working().is_erasing(customer)) {
            return Err(Rejection::CustomerBeingErased.into());
        }
        Ok(())
    }
}
