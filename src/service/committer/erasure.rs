//! Erasing a customer: what happened stays, under a name that nothing leads to. Ledgers, counts and the events' numbers
//! stay as they are, so the books agree after each part. While the customer is still there, nothing else is done with
//! them: the parts would not meet.

use std::collections::BTreeSet;

use crate::{Answer, Erase, EraseFurther, ErasePart, PurchaseRecord, forgetting::Forgetting};
use scrip_domain::{
    coupon::Coupon,
    customer::Customer,
    id::{CouponId, CustomerId, EventId},
    job::JobId,
    rejection::{Input, Rejection},
};
use scrip_storage::{
    Answer as Kept, Answers, Coupons, CustomerEvents, CustomerPurchases, Customers, Emails, Erasure, Erasures, Events,
    HeldAt, Holding, Holdings, JobEffects, JobPlans, JobRefusals, Jobs, Purchases, RowId, Stage,
};

use super::{asker::Asker, books::Books, decide::to_json, rows::Rows, stop::Stop};

/// Erases customers, over the books.
pub(super) struct Erasing<'r, 'a> {
    pub(super) rows: &'r mut Rows<'a>,
    pub(super) asker: Asker<'a>,
}

impl<'a> Erasing<'_, 'a> {
    fn books(&mut self) -> Books<'_, 'a> {
        Books { rows: self.rows, asker: self.asker }
    }

    pub(super) fn begin(&mut self, asked: &Erase) -> Result<(), Stop> {
        let Erase { customer, alias, force } = asked;
        self.rows.need([RowId::of::<Customers>(customer.clone()), RowId::of::<Erasures>(customer.clone())])?;
        let begun = self.rows.get::<Erasures>(customer)?.cloned();
        if begun.as_ref().is_some_and(|erasure| erasure.stage.is_of_person()) {
            return Ok(());
        }
        if self.rows.customer(customer)?.is_none() {
            // What is left of an earlier one goes on.
            return if begun.is_some() { Ok(()) } else { Err(unknown()) };
        }
        if begun.is_some() {
            // The next with this id waits until nothing is left of the one before.
            return Err(Rejection::CustomerBeingErased.into());
        }
        let erasure = Erasure {
            alias: alias.clone(),
            force: *force,
            before: self.rows.next_event(),
            stage: Stage::Look,
            after: vec![],
        };
        self.rows.put::<Erasures>(customer.clone(), erasure);
        self.rows.set_erasing(customer.clone(), true);
        Ok(())
    }

    pub(super) fn further(&mut self, step: &EraseFurther) -> Result<(), Stop> {
        let Some(erasure) = self.rows.get::<Erasures>(&step.customer)?.cloned() else { return Ok(()) };
        if (erasure.stage, &erasure.after) != (step.at.0, &step.at.1) {
            // Another was here before.
            return Ok(());
        }
        let (customer, alias) = (&step.customer, &erasure.alias);
        let forgetting = Forgetting { customer, alias, before: erasure.before };
        match &step.part {
            ErasePart::Nothing => {}
            ErasePart::Counts(pools) => {
                let keys = |customer: &CustomerId| pools.iter().map(|pool| (customer.clone(), *pool, None)).collect();
                let (from, to): (Vec<_>, Vec<_>) = (keys(customer), keys(alias));
                self.rows.need(from.iter().chain(&to).cloned().map(RowId::of::<Holdings>))?;
                for (from, to) in from.into_iter().zip(to) {
                    if let Some(whole) = self.rows.get::<Holdings>(&from)?.cloned() {
                        self.rows.put::<Holdings>(to, whole);
                    }
                }
            }
            ErasePart::Events { events, rows } => self.erase_events(&forgetting, events, rows)?,
            ErasePart::Holdings(held) => {
                let keys: Vec<_> = held.iter().map(|(pool, at)| (customer.clone(), *pool, *at)).collect();
                self.rows.need(keys.iter().cloned().map(RowId::of::<Holdings>))?;
                keys.into_iter().for_each(|key| self.rows.remove::<Holdings>(key));
            }
            ErasePart::Person => self.erase_person(&forgetting)?,
            ErasePart::Purchases(purchases) => self.erase_in_purchases(&forgetting, purchases)?,
            ErasePart::Answers(answers) => self.erase_in_answers(&forgetting, answers)?,
            ErasePart::Emails(emails) => self.erase_emails(customer, emails)?,
            ErasePart::Effects(rows) => self.erase_in_effects(&forgetting, rows)?,
            ErasePart::Refusals(rows) => self.erase_in_refusals(&forgetting, rows)?,
            ErasePart::Plans(jobs) => self.erase_in_plans(&forgetting, jobs)?,
        }
        let person_left = step.then.as_ref().is_none_or(|(stage, _)| !stage.is_of_person());
        if person_left && erasure.stage.is_of_person() {
            self.rows.set_erasing(customer.clone(), false);
        }
        match step.then.clone() {
            Some((stage, after)) => self.rows.put::<Erasures>(customer.clone(), Erasure { stage, after, ..erasure }),
            None => self.rows.remove::<Erasures>(customer.clone()),
        }
        Ok(())
    }

    /// Moves events of a customer's history to the alias's, with the coupons that they are of.
    fn erase_events(&mut self, whose: &Forgetting<'_>, events: &[EventId], rows: &[EventId]) -> Result<(), Stop> {
        let key = |event: &EventId| (whose.customer.clone(), *event);
        let logs = rows.iter().map(|first| RowId::of::<Events>(*first));
        self.rows.need(events.iter().map(|event| RowId::of::<CustomerEvents>(key(event))).chain(logs))?;
        let moved: BTreeSet<EventId> = events.iter().copied().collect();
        for first in rows {
            let Some(mut row) = self.rows.get::<Events>(first)?.cloned() else { continue };
            for (sequence, event) in (first.sequence..).zip(&mut row) {
                if moved.contains(&EventId { sequence, ..*first }) {
                    whose.id(&mut event.change.customer);
                }
                // The other side of a transfer is told of in the history of who it was.
                whose.id(&mut event.change.counterpart);
            }
            self.rows.put::<Events>(*first, row);
        }
        let mut coupons = BTreeSet::new();
        for event in events {
            let Some(happened) = self.rows.get::<CustomerEvents>(&key(event))?.copied() else { continue };
            self.rows.remove::<CustomerEvents>(key(event));
            self.rows.put::<CustomerEvents>((whose.alias.clone(), *event), happened);
            coupons.insert(happened.coupon);
        }
        self.rows.need(coupons.iter().map(|coupon| RowId::of::<Coupons>(*coupon)))?;
        let held = |at: &Coupon| (whose.customer.clone(), at.id.pool, Some(HeldAt::of(at)));
        let mut noted = Vec::new();
        for id in &coupons {
            noted.extend(self.rows.coupon_row(*id)?.map(|coupon| RowId::of::<Holdings>(held(&coupon))));
        }
        self.rows.need(noted)?;
        for id in coupons {
            self.erase_in_coupon(whose, id)?;
        }
        self.rows.ensure_customer(whose.alias);
        Ok(())
    }

    fn erase_in_coupon(&mut self, whose: &Forgetting<'_>, id: CouponId) -> Result<(), Stop> {
        // What its pool's updates say of it stays to be told.
        let Some(before) = self.rows.coupon_row(id)? else { return Ok(()) };
        let mut coupon = before.clone();
        let holds = whose.id(&mut coupon.customer);
        if !(whose.id(&mut coupon.original_customer) || holds) {
            return Ok(());
        }
        let at = |customer: &CustomerId| (customer.clone(), id.pool, Some(HeldAt::of(&before)));
        if holds && self.rows.get::<Holdings>(&at(whose.customer))?.is_some() {
            self.rows.remove::<Holdings>(at(whose.customer));
            self.rows.put::<Holdings>(at(whose.alias), Holding::of(&coupon));
        }
        self.rows.put::<Coupons>(id, Box::new(coupon));
        Ok(())
    }

    /// The customer leaves. Of whom something is left under the alias, the currency stays: what is held is in it.
    fn erase_person(&mut self, whose: &Forgetting<'_>) -> Result<(), Stop> {
        self.rows.need([whose.customer, whose.alias].map(|id| RowId::of::<Customers>(id.clone())))?;
        let Some(customer) = self.rows.customer(whose.customer)? else { return Ok(()) };
        if let Some(email) = &customer.email {
            self.erase_emails(whose.customer, &[email.folded()])?;
        }
        if let Some(alias) = self.rows.customer(whose.alias)? {
            let alias = Customer { currency: customer.currency, ..alias };
            self.rows.put::<Customers>(whose.alias.clone(), Box::new(alias));
        }
        self.rows.remove::<Customers>(whose.customer.clone());
        Ok(())
    }

    fn erase_in_purchases(&mut self, whose: &Forgetting<'_>, purchases: &[String]) -> Result<(), Stop> {
        let key = |transaction: &String| (transaction.clone(), None);
        let listed = |transaction: &String| (whose.customer.clone(), transaction.clone());
        self.rows.need(purchases.iter().flat_map(|transaction| {
            [RowId::of::<Purchases>(key(transaction)), RowId::of::<CustomerPurchases>(listed(transaction))]
        }))?;
        for transaction in purchases {
            let Some(kept) = self.rows.get::<Purchases>(&key(transaction))?.and_then(|kept| kept.0.clone()) else {
                // It was only held, and is given back.
                self.rows.unlist_purchase(whose.customer.clone(), transaction.clone());
                continue;
            };
            let broken = |error: serde_json::Error| Stop::because(format!("purchase {transaction:?}"), error);
            let mut purchase = PurchaseRecord::read(transaction, &kept).map_err(broken)?;
            if whose.purchase(&mut purchase) {
                self.books().put_purchase(&purchase)?;
            }
            // Those of whoever came with the same id afterwards stay.
            if !purchase.customers().contains(whose.customer) {
                self.rows.unlist_purchase(whose.customer.clone(), transaction.clone());
            }
        }
        Ok(())
    }

    fn erase_in_answers(&mut self, whose: &Forgetting<'_>, keys: &[(u32, String, String)]) -> Result<(), Stop> {
        self.rows.need(keys.iter().cloned().map(RowId::of::<Answers>))?;
        for key in keys {
            let Some(Kept { input, answer: Ok(kept) }) = self.rows.get::<Answers>(key)?.cloned() else { continue };
            // One that a version before wrote in another form is forgotten within two days.
            let Ok(mut answer) = serde_json::from_value::<Answer>(kept) else { continue };
            if whose.answer(&mut answer) {
                self.rows.put::<Answers>(key.clone(), Kept { input, answer: Ok(to_json(&answer)?) });
            }
        }
        Ok(())
    }

    fn erase_in_effects(&mut self, whose: &Forgetting<'_>, rows: &[(JobId, u64)]) -> Result<(), Stop> {
        self.rows.need(rows.iter().copied().map(RowId::of::<JobEffects>))?;
        for key in rows {
            let Some(mut effects) = self.rows.get::<JobEffects>(key)?.cloned() else { continue };
            effects.iter_mut().for_each(|effect| whose.effect(effect));
            self.rows.put::<JobEffects>(*key, effects);
        }
        Ok(())
    }

    fn erase_in_refusals(&mut self, whose: &Forgetting<'_>, rows: &[(JobId, u64)]) -> Result<(), Stop> {
        self.rows.need(rows.iter().copied().map(RowId::of::<JobRefusals>))?;
        for key in rows {
            let Some(mut refusal) = self.rows.get::<JobRefusals>(key)?.cloned() else { continue };
            refusal.cells.iter_mut().for_each(|cell| whose.text(cell));
            self.rows.put::<JobRefusals>(*key, refusal);
        }
        Ok(())
    }

    fn erase_in_plans(&mut self, whose: &Forgetting<'_>, jobs: &[JobId]) -> Result<(), Stop> {
        self.rows.need(jobs.iter().flat_map(|job| [RowId::of::<JobPlans>(*job), RowId::of::<Jobs>(*job)]))?;
        for job in jobs {
            // One that has not ended is for the customer who is there by then.
            let is_open = self.rows.get::<Jobs>(job)?.is_some_and(|job| job.is_open());
            let Some(mut plan) = self.rows.get::<JobPlans>(job)?.cloned().filter(|_| !is_open) else { continue };
            whose.document(&mut plan.0);
            self.rows.put::<JobPlans>(*job, plan);
        }
        Ok(())
    }

    /// Removes addresses that were the customer's. One that somebody with the same id has now stays.
    fn erase_emails(&mut self, customer: &CustomerId, emails: &[String]) -> Result<(), Stop> {
        self.rows.need(emails.iter().cloned().map(RowId::of::<Emails>))?;
        let is_new = self.rows.get::<Erasures>(customer)?.is_some_and(|erasure| !erasure.stage.is_of_person());
        for email in emails {
            let is_theirs = self.rows.get::<Emails>(email)? == Some(customer);
            let kept = is_new
                && self.rows.customer(customer)?.and_then(|one| one.email).is_some_and(|one| one.folded() == *email);
            if is_theirs && !kept {
                self.rows.remove::<Emails>(email.clone());
            }
        }
        Ok(())
    }
}

fn unknown() -> Stop {
    Rejection::NotFound { what: "customer", by: "id" }.at([Input::CustomerId]).into()
}
