//! What a batch writes: everything that was accepted, each row with what is expected there.

use std::sync::Arc;

use super::Working;
use crate::{follow, registry::Held};
use scrip_domain::{access::ApiKey, customer::Customer, event::Event, id::EventId, pool::Pool};
use scrip_storage::{
    ApiKeys, AuditHeads, Batch, Configuring, CustomerEvents, CustomerPurchases, Customers, Dated, Dues, EVENTS_IN_ROW,
    Events, Expect, HoldDues, Pools, Programme, Row, RowId, Tallies, TransactionEvents, UserGroups,
};

impl Working<'_> {
    /// Everything that was accepted, as one transaction's writes. They have the rows from here on.
    pub(in crate::committer) fn batch(&mut self) -> Batch {
        let mut batch = Batch::at(self.time);
        for (id, tally) in &self.accepted.tallies {
            self.accepted.rows.insert(RowId::of::<Tallies>(*id), Row::of::<Tallies>(*tally));
        }
        for customer in &self.accepted.ensured {
            let id = RowId::of::<Customers>(customer.clone());
            if !self.accepted.rows.contains_key(&id) && !self.exists(&id) {
                batch.ensure::<Customers>(customer.clone(), Box::new(Customer::unknown(customer.clone())));
            }
        }
        let registry = self.registry;
        let held = registry.read();
        for (id, row) in std::mem::take(&mut self.accepted.rows) {
            if self.is_of_new_event(&id) || self.is_new_due(&id) {
                batch.add(id, row);
                continue;
            }
            let expected = self.expected(&held, &id);
            batch.put(id, row, expected);
        }
        self.configuring = self.configuring(&held).map(|entry| {
            let (id, entry, expected) = held.configured.next(entry);
            batch.put(id, follow::row(&entry), expected);
            entry
        });
        drop(held);
        for listed in &self.accepted.listed {
            if !self.exists(&RowId::of::<CustomerPurchases>(listed.clone())) {
                batch.ensure::<CustomerPurchases>(listed.clone(), ());
            }
        }
        for id in &self.accepted.removed {
            if self.exists(id) {
                batch.remove(id.clone());
            }
        }
        let mut sequence = self.sequence + 1;
        for events in self.accepted.events.chunks(EVENTS_IN_ROW as usize) {
            let id = EventId { stream: self.registry.stream(), sequence };
            let dated = events.iter().map(dated).collect();
            if sequence == self.sequence + 1 {
                batch.insert::<Events>(id, dated);
            } else {
                // Every writer goes on right after the last event: whoever has written one of these has written the first.
                batch.add(RowId::of::<Events>(id), Row::of::<Events>(dated));
            }
            sequence += events.len() as u64;
        }
        batch
    }

    /// What is expected of a row that is written. Of what the registry holds it is what decisions were made on; all else
    /// has this one writer.
    fn expected(&self, held: &Held, id: &RowId) -> Expect {
        let written = |is_there: bool| if is_there { Expect::Whatever } else { Expect::New };
        let still = |row: Option<Row>| row.map_or(Expect::New, Expect::Still);
        if let Some(pool) = id.key::<Tallies>() {
            written(held.tallies.contains_key(pool))
        } else if let Some(pool) = id.key::<Pools>() {
            let without_terms = |pool: &Arc<Pool>| Box::new(Pool { terms: Vec::new(), ..pool.as_ref().clone() });
            still(held.pools.get(pool).map(|pool| Row::of::<Pools>(without_terms(pool))))
        } else if let Some(hash) = id.key::<ApiKeys>() {
            still(held.keys.get(hash).map(|key| Row::of::<ApiKeys>(key.as_ref().clone())))
        } else if let Some(group) = id.key::<UserGroups>() {
            still(held.groups.get(group).map(|group| Row::of::<UserGroups>(group.as_ref().clone())))
        } else if id.key::<Programme>().is_some() {
            still(self.exists(id).then(|| Row::of::<Programme>(held.settings)))
        } else if id.key::<AuditHeads>().is_some() {
            still((held.audit.number > 0).then(|| Row::of::<AuditHeads>(held.audit)))
        } else {
            written(self.exists(id))
        }
    }

    /// What the batch has configured, if anything: when a key was used is no setting of it.
    fn configuring(&self, held: &Held) -> Option<Configuring> {
        let is_other = |key: &&Arc<ApiKey>| {
            let used = |known: &ApiKey| ApiKey { last_used_at: key.last_used_at, ..known.clone() };
            held.keys.get(&key.hash).is_none_or(|known| used(known) != ***key)
        };
        let entry = Configuring {
            number: 0,
            pools: self.accepted.pools.keys().copied().collect(),
            keys: self.accepted.keys.iter().filter(is_other).map(|key| key.hash.clone()).collect(),
            groups: self.accepted.groups.iter().map(|group| group.id).collect(),
            settings: self.accepted.settings.is_some(),
        };
        (!entry.is_empty()).then_some(entry)
    }

    /// Whether an end is new in its list, as far as this one writer has read. It is not looked for again: a row of that list
    /// has no content, so to write one over itself would make nothing but the count of rows wrong; and of each coupon that
    /// gets an end it would be asked of every table of the engine.
    fn is_new_due(&self, id: &RowId) -> bool {
        (id.key::<Dues>().is_some() || id.key::<HoldDues>().is_some()) && matches!(self.stored(id), Some(None))
    }

    /// Whether a row's key has the place of an event that this batch adds. Nothing can be there yet: the batch is
    /// not written where its first event is there, as it is where a later one is; and events go on beyond each that some
    /// row names.
    fn is_of_new_event(&self, id: &RowId) -> bool {
        if self.registry.numbering.first_event.is_none() {
            return false;
        }
        let of_customer = id.key::<CustomerEvents>().map(|(_, event)| event);
        let event = of_customer.or_else(|| id.key::<TransactionEvents>().map(|(_, event)| event));
        event.is_some_and(|event| event.stream == self.registry.stream() && event.sequence > self.sequence)
    }
}

fn dated(event: &Event) -> Dated {
    Dated {
        at: event.at.as_millisecond(),
        coupon: event.coupon,
        actor: event.actor.clone(),
        change: event.change.clone(),
    }
}
