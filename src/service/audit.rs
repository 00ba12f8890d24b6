//! The audit: which changes are noted, that refused attempts of them are noted too but not without end, and reading it. An
//! entry is written in the transaction of the change that it is about (`service/committer/audit.rs`).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::{
    Answer, AuditNote, Caller, Command, CouponsAdd, CouponsGenerate, Failure, JobCancel, JobStart, KeyAdd, KeyEdit,
    KeyRevoke, KeyRotate, Page, PageRequest, PoolArchive, PoolUpdate, Proof, Scrip, UserGroupUpdate,
};
use scrip_domain::{
    audit::{Attempted, Attempter, AuditEntry},
    causes::with_causes,
    group::GroupId,
    id::PoolId,
    job::JobId,
    period::Instant,
    rejection::Refusal,
};
use scrip_storage::{AuditEntries, AuditFound, ReadFrom};

/// What came of what was carried out.
pub(crate) const DONE: &str = "DONE";
/// What came of what was begun, and goes on by itself or is given up.
const BEGUN: &str = "BEGUN";
/// How many refused attempts are noted in a minute: of one caller, and of all.
const OF_ONE: u32 = 20;
const OF_ALL: u32 = 200;
const MINUTE: i64 = 60_000;
/// How many entries are read at once, and how many one page looks at.
const PART: usize = 500;
const MAX_LOOKED_AT: usize = 5_000;

/// What a command is called in the audit, and what it is about; none for what is not noted: what is done with coupons has
/// its events, and what Scrip does by itself changes nothing that somebody set. A new command has to say which it is.
pub(crate) fn noted(command: &Command) -> Option<(&'static str, Option<String>)> {
    Some(match command {
        Command::PoolCreate(_) => ("POOL_CREATE", None),
        Command::PoolUpdate(PoolUpdate { edit, .. }) if edit.dry_run => return None,
        Command::PoolUpdate(PoolUpdate { pool, .. }) => ("POOL_UPDATE", Some(pool_target(*pool))),
        Command::PoolArchive(PoolArchive { pool, archived: true }) => ("POOL_ARCHIVE", Some(pool_target(*pool))),
        Command::PoolArchive(PoolArchive { pool, archived: false }) => ("POOL_UNARCHIVE", Some(pool_target(*pool))),
        // Both change what a pool has to give; a job that adds codes is noted as such.
        Command::CouponsAdd(CouponsAdd { pool, .. }) => ("COUPONS_ADD", Some(pool_target(*pool))),
        Command::CouponsGenerate(CouponsGenerate { pool, .. }) => ("COUPONS_GENERATE", Some(pool_target(*pool))),
        Command::SettingsUpdate(_) => ("SETTINGS_UPDATE", None),
        Command::KeyAdd(KeyAdd(key)) => ("KEY_CREATE", Some(key_target(&key.id))),
        Command::KeyEdit(KeyEdit { id, .. }) => ("KEY_UPDATE", Some(key_target(id))),
        Command::KeyRevoke(KeyRevoke { id }) => ("KEY_REVOKE", Some(key_target(id))),
        Command::KeyRotate(KeyRotate { id, .. }) => ("KEY_ROTATE", Some(key_target(id))),
        Command::UserGroupCreate(_) => ("USER_GROUP_CREATE", None),
        Command::UserGroupUpdate(UserGroupUpdate { id, .. }) => ("USER_GROUP_UPDATE", Some(group_target(*id))),
        // Who it was is gone with it.
        Command::Erase(_) => ("CUSTOMER_ERASE", None),
        Command::ClockConfirm(_) => ("CLOCK_CONFIRM", None),
        Command::JobStart(JobStart(draft)) if draft.dry_run => return None,
        Command::JobStart(_) => ("JOB_START", None),
        Command::JobCancel(JobCancel { job, .. }) => ("JOB_CANCEL", Some(job_target(*job))),
        Command::JobStep(_)
        | Command::JobForget(_)
        | Command::AuditNote(AuditNote(_))
        | Command::Whole(_)
        | Command::CustomerUpsert(_)
        | Command::EraseFurther(_)
        | Command::Claim(_)
        | Command::Redeem(_)
        | Command::Unredeem(_)
        | Command::Unassign(_)
        | Command::Transfer(_)
        | Command::Invalidate(_)
        | Command::Reinstate(_)
        | Command::Extend(_)
        | Command::Adjust(_)
        | Command::Checkout(_)
        | Command::CheckoutPreview(_)
        | Command::Eligible(_)
        | Command::Hold(_)
        | Command::Release(_)
        | Command::Return(_)
        | Command::ReleaseOver(_)
        | Command::IdsBegin(_)
        | Command::KeysUsed(_)
        | Command::TokenKeyBegin(_)
        | Command::Forget(_)
        | Command::HoldingsBegin(_)
        | Command::HoldingsFound(_)
        | Command::PartnerTold(_)
        | Command::ListPurchases(_)
        | Command::Expire(_) => return None,
    })
}

/// What came of a command that was carried out.
pub(crate) fn done(command: &Command) -> &'static str {
    if matches!(command, Command::Erase(_)) { BEGUN } else { DONE }
}

/// What a command has made, which had no id before.
pub(crate) fn made(answer: &Answer) -> Option<String> {
    match answer {
        Answer::Pool(pool) => Some(pool_target(pool.id)),
        Answer::Group(group) => Some(group_target(group.id)),
        Answer::Job(job) => Some(job_target(job.id)),
        _ => None,
    }
}

fn group_target(group: GroupId) -> String {
    format!("group:{}", group.0)
}

fn job_target(job: JobId) -> String {
    format!("job:{}", job.0)
}

fn pool_target(pool: PoolId) -> String {
    format!("pool:{}", pool.0)
}

/// An API key, as a target.
#[must_use]
pub(crate) fn key_target(id: &str) -> String {
    // Whatever somebody sent as an id is no longer than one.
    let id: String = id.chars().filter(|sign| !sign.is_control()).take(64).collect();
    format!("key:{id}")
}

/// What refusals are in the audit: the code of the first.
pub(crate) fn outcome(refusals: &[Refusal]) -> String {
    let code = refusals.first().and_then(|refusal| serde_json::to_value(refusal.code).ok());
    code.and_then(|code| code.as_str().map(str::to_owned)).unwrap_or_default()
}

impl Caller {
    /// Who it is, for the audit. A token is about a person, who is told by a digest alone.
    pub(crate) fn attempter(&self) -> Attempter {
        Attempter {
            actor: self.id.clone(),
            name: match self.proof {
                Proof::Own | Proof::Key(_) => self.name.clone(),
                Proof::Issued { .. } | Proof::Token { .. } => self.label().to_owned(),
            },
            role: self.role,
            address: self.address.map(|address| address.to_string()),
            request: self.request.to_string(),
        }
    }
}

/// How many refused attempts were noted in this minute.
#[derive(Debug, Default)]
pub(super) struct Refused(Mutex<(i64, u32, HashMap<String, u32>)>);

impl Refused {
    /// Whether one more of a caller is noted.
    fn take(&self, caller: &str, now: Instant) -> bool {
        let minute = now.as_millisecond().div_euclid(MINUTE);
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0 != minute {
            *counted = (minute, 0, HashMap::new());
        }
        let (_, all, each) = &mut *counted;
        let own = each.get(caller).copied().unwrap_or_default();
        if *all >= OF_ALL || own >= OF_ONE {
            return false;
        }
        *all += 1;
        each.insert(caller.to_owned(), own + 1);
        true
    }
}

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// By whom: the id of a key, or the name that it had.
    pub actor: Option<String>,
    /// Of these actions; all where empty.
    pub actions: Vec<String>,
    /// About this.
    pub target: Option<String>,
    /// With this outcome.
    pub outcome: Option<String>,
    /// At or after this instant.
    pub from: Option<Instant>,
    /// Before this instant.
    pub to: Option<Instant>,
}

impl AuditFilter {
    fn admits(&self, entry: &AuditEntry) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        (is(&self.actor, &entry.by.actor) || is(&self.actor, &entry.by.name))
            && (self.actions.is_empty() || self.actions.contains(&entry.what.action))
            && self.target.as_ref().is_none_or(|target| entry.what.target.as_ref() == Some(target))
            && is(&self.outcome, &entry.what.outcome)
            && self.from.is_none_or(|from| entry.at >= from)
            && self.to.is_none_or(|to| entry.at < to)
    }
}

impl Scrip {
    /// Whether a refusal of a command would be noted.
    pub(super) fn notes_refusal(&self, caller: &Caller, command: &Command) -> bool {
        noted(command).is_some() && self.refused.take(&caller.id, self.now())
    }

    /// Notes an attempt that did not come as far as a decision, where there is room for it.
    pub(super) async fn note_attempt(&self, caller: &Caller, action: &str, target: Option<String>, failure: &Failure) {
        let Failure::Refused(refusals) = failure else { return };
        if self.refused.take(&caller.id, self.now()) {
            let what = Attempted { action: action.to_owned(), target, outcome: outcome(refusals) };
            self.put_in_audit(caller, what).await;
        }
    }

    /// Notes what was done beside the committer.
    pub(super) async fn put_in_audit(&self, caller: &Caller, what: Attempted) {
        if let Err(error) = self.change(caller, None, AuditNote(Box::new(what))).await {
            tracing::error!(error = with_causes(&error), "an entry of the audit could not be written");
        }
    }

    /// A page of the audit, the newest first.
    pub(super) async fn audit_log(
        &self,
        filter: &AuditFilter,
        page: &PageRequest<u64>,
    ) -> Result<Page<AuditEntry, u64>, Failure> {
        let mut below = page.after.unwrap_or(u64::MAX >> 1);
        let (mut found, mut looked_at, mut last) = (Vec::new(), 0, None);
        while found.len() <= page.limit && looked_at < MAX_LOOKED_AT {
            let rows = self.store.scan(&AuditEntries::numbered(1..below), ReadFrom::End, PART).await?;
            let full = rows.len() == PART;
            looked_at += rows.len();
            for (number, entry) in rows {
                (below, last) = (number, Some(number));
                if found.len() <= page.limit && filter.admits(&entry) {
                    found.push((number, *entry));
                }
            }
            if !full {
                return Ok(Page::from_gathered(found, page));
            }
        }
        if found.len() > page.limit {
            return Ok(Page::from_gathered(found, page));
        }
        Ok(Page::from_gathered_until(found, last, page))
    }

    /// The entry of the audit with this number.
    pub(super) async fn audit_entry(&self, number: u64) -> Result<Option<AuditEntry>, Failure> {
        Ok(self.store.get_one::<AuditEntries>(number).await?.map(|entry| *entry))
    }

    /// Looks whether an entry of the audit was changed, taken out or put in.
    pub(super) async fn verify_audit(&self) -> Result<AuditFound, Failure> {
        Ok(self.store.verify_audit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scrip_domain::period::instant_of;

    #[test]
    fn refused_attempts_are_noted_up_to_a_number_a_minute() {
        let (refused, at) = (Refused::default(), |millis| instant_of(millis).expect("an instant"));
        let taken = |who: &str, now: i64| (0..100).filter(|_| refused.take(who, at(now))).count();
        assert_eq!((taken("ann", 0), taken("ben", 1), taken("ann", 2)), (20, 20, 0));
        assert_eq!(taken("ann", MINUTE), 20);
        let all: usize = (0..100).map(|who| taken(&who.to_string(), 2 * MINUTE)).sum();
        assert_eq!(all, 200);
    }
}
