//! What a pool's partner is to be told: noted in the transaction of the change, and what came of telling it.

use crate::PartnerTold;
use scrip_domain::{
    id::{EventId, PoolId},
    notice::Outbox,
};
use scrip_storage::{FailedNotice, FailedNotices, Notices, Outboxes, RowId};

use super::{books::Books, stop::Stop};

impl Books<'_, '_> {
    /// Has a pool's partner told of an event.
    pub(super) fn note_for_partner(&mut self, pool: PoolId, event: EventId) -> Result<(), Stop> {
        let mut outbox = self.rows.get::<Outboxes>(&pool)?.cloned().unwrap_or_default();
        outbox.add()?;
        self.rows.put::<Outboxes>(pool, outbox);
        self.rows.put::<Notices>((pool, event), ());
        Ok(())
    }

    /// Records what came of telling a pool's partner. A notice that is not there any more was recorded before.
    pub(super) fn partner_told(&mut self, case: &PartnerTold) -> Result<(), Stop> {
        let PartnerTold { pool, told, failed, forgotten, problem } = case;
        let key = |event: &EventId| (*pool, *event);
        let waiting = told.iter().chain(failed.iter().map(|(event, _)| event));
        let mut rows: Vec<RowId> = waiting.map(|event| RowId::of::<Notices>(key(event))).collect();
        rows.extend(forgotten.iter().map(|event| RowId::of::<FailedNotices>(key(event))));
        rows.push(RowId::of::<Outboxes>(*pool));
        self.rows.need(rows)?;
        let Some(mut outbox) = self.rows.get::<Outboxes>(pool)?.cloned() else { return Ok(()) };
        for event in told {
            if self.rows.get::<Notices>(&key(event))?.is_some() {
                self.rows.remove::<Notices>(key(event));
                outbox.take();
            }
        }
        for (event, refused) in failed {
            if self.rows.get::<Notices>(&key(event))?.is_some() {
                self.rows.remove::<Notices>(key(event));
                if outbox.fail() {
                    self.rows.put::<FailedNotices>(key(event), FailedNotice { at: self.rows.now(), refused: *refused });
                }
            }
        }
        for event in forgotten {
            if self.rows.get::<FailedNotices>(&key(event))?.is_some() {
                self.rows.remove::<FailedNotices>(key(event));
                outbox.failed = outbox.failed.saturating_sub(1);
            }
        }
        match problem {
            Some(reason) => outbox.went_badly(self.rows.now(), reason),
            None if forgotten.is_empty() => outbox.went_well(),
            None => {}
        }
        self.keep_outbox(*pool, outbox);
        Ok(())
    }

    fn keep_outbox(&mut self, pool: PoolId, outbox: Outbox) {
        if outbox.is_empty() {
            self.rows.remove::<Outboxes>(pool);
        } else {
            self.rows.put::<Outboxes>(pool, outbox);
        }
    }
}
