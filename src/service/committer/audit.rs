//! Entries of the audit, which are written with what they are about.

use crate::{Answer, Caller, audit};
use scrip_domain::{audit::Attempted, rejection::Refusal};
use scrip_storage::AuditEntries;

use super::{Request, books::Books};

impl Books<'_, '_> {
    /// Notes what a request has changed, where that is noted.
    pub(super) fn note_done(&mut self, request: &Request, answer: &Answer) {
        let Some((action, target)) = audit::noted(&request.command).filter(|_| self.rows.is_changed()) else { return };
        let target = target.or_else(|| audit::made(answer));
        let what = Attempted { action: action.to_owned(), target, outcome: audit::done(&request.command).to_owned() };
        self.note_attempt(&request.caller, what);
    }

    /// Notes that a request was refused, where that is noted.
    pub(super) fn note_refused(&mut self, request: &Request, refusals: &[Refusal]) {
        if !request.prepared.notes_refusal {
            return;
        }
        if let Some((action, target)) = audit::noted(&request.command) {
            let what = Attempted { action: action.to_owned(), target, outcome: audit::outcome(refusals) };
            self.note_attempt(&request.caller, what);
        }
    }

    /// Puts an entry at the end of the audit.
    pub(super) fn note_attempt(&mut self, caller: &Caller, what: Attempted) {
        let end = self.rows.audit();
        let entry = end.next(self.rows.now(), caller.attempter(), what);
        let head = entry.head();
        self.rows.put::<AuditEntries>(entry.number, Box::new(entry));
        self.rows.set_audit(head);
    }
}
