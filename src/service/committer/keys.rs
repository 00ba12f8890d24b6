//! Making, editing and revoking API keys. One key that may do everything, and does not end, has to be left: nobody locks
//! everybody out.

use crate::KeyEdit;
use scrip_domain::{
    access::{ApiKey, Role},
    id::checked_id,
    period::instant_of,
    rejection::{Input, Rejection},
};
use scrip_storage::{ApiKeys, RowId};

use super::{asker::Asker, decide::at, rows::Rows, stop::Stop};

/// How long a key that is rotated is good beside the new one at most, in minutes: 30 days.
const MAX_OVERLAP: i64 = 30 * 24 * 60;
/// The most keys, revoked ones included: all are in memory.
const MAX_KEYS: usize = 10_000;

/// Keeps keys, user groups and settings, over the rows.
pub(super) struct Access<'r, 'a> {
    pub(super) rows: &'r mut Rows<'a>,
    pub(super) asker: Asker<'a>,
}

impl Access<'_, '_> {
    pub(super) fn key_add(&mut self, key: &ApiKey) -> Result<Box<ApiKey>, Stop> {
        let keys = self.rows.working().keys();
        if keys.iter().any(|other| other.hash == key.hash) {
            return Err(Rejection::Duplicate { what: "a key with this secret".to_owned() }.into());
        }
        if keys.len() >= MAX_KEYS {
            return Err(Rejection::LimitExceeded { what: "too many keys", limit: MAX_KEYS as u64 }.into());
        }
        if key.expires_at.is_some_and(|end| end <= self.rows.now()) {
            return Err(ended(Input::ExpiresAt));
        }
        check_role(key.role)?;
        let groups = self.checked_groups(&key.groups)?;
        Ok(self.rows.put_key(ApiKey { groups, ..key.clone() }))
    }

    pub(super) fn key_edit(&mut self, edit: &KeyEdit) -> Result<Box<ApiKey>, Stop> {
        let before = self.key(&edit.id)?;
        let mut key = before.clone();
        if let Some(name) = &edit.name {
            key.name = checked_id(name).map_err(at(Input::Name))?;
        }
        key.role = edit.role.unwrap_or(key.role);
        check_role(key.role)?;
        if let Some(groups) = &edit.groups {
            key.groups = self.checked_groups(groups)?;
        }
        key.budget.requests = edit.requests.unwrap_or(key.budget.requests);
        key.budget.cost = edit.cost.unwrap_or(key.budget.cost);
        if let Some(end) = edit.expires_at {
            key.expires_at = end.map(|end| instant_of(end).ok_or_else(|| ended(Input::ExpiresAt))).transpose()?;
            if key.expires_at.is_some_and(|end| end <= self.rows.now()) {
                return Err(ended(Input::ExpiresAt));
            }
        }
        self.check_left(&before, &key, Input::Role)?;
        Ok(self.rows.put_key(key))
    }

    pub(super) fn key_revoke(&mut self, id: &str) -> Result<Box<ApiKey>, Stop> {
        let before = self.key(id)?;
        let mut key = before.clone();
        key.revoked_at = Some(key.revoked_at.unwrap_or(self.rows.now()));
        self.check_left(&before, &key, Input::Id)?;
        Ok(self.rows.put_key(key))
    }

    /// Keeps a new key like one that is good, which ends after so many minutes: until then both are.
    pub(super) fn key_rotate(&mut self, id: &str, minutes: i64, new: &ApiKey) -> Result<Box<ApiKey>, Stop> {
        let mut before = self.key(id)?;
        if !before.is_good(self.rows.now()) {
            let reason = "it is revoked, or its time is over: make a new key instead".to_owned();
            return Err(Rejection::ValueInvalid { reason }.at([Input::Id]).into());
        }
        if !(0..=MAX_OVERLAP).contains(&minutes) {
            let reason = format!("expected 0 to {MAX_OVERLAP} minutes, found {minutes}");
            return Err(Rejection::ValueInvalid { reason }.at([Input::Minutes]).into());
        }
        let (name, role, expires_at) = (before.name.clone(), before.role, before.expires_at);
        let (groups, budget) = (before.groups.clone(), before.budget);
        let new = ApiKey { name, role, expires_at, groups, budget, ..new.clone() };
        let made = self.key_add(&new)?;
        let end =
            instant_of(self.rows.now().as_millisecond() + minutes * 60_000).ok_or_else(|| ended(Input::Minutes))?;
        before.expires_at = Some(before.expires_at.map_or(end, |own| own.min(end)));
        self.rows.put_key(before);
        Ok(made)
    }

    /// Notes when keys were last used.
    pub(super) fn keys_used(&mut self, used: &[(String, i64)]) -> Result<(), Stop> {
        self.rows.need(used.iter().map(|(hash, _)| RowId::of::<ApiKeys>(hash.clone())))?;
        for (hash, at) in used {
            let Some(key) = self.rows.get::<ApiKeys>(hash)? else { continue };
            let at = instant_of(*at).filter(|at| key.last_used_at.is_none_or(|last| last < *at));
            if at.is_some() {
                let key = ApiKey { last_used_at: at, ..key.clone() };
                self.rows.put_key(key);
            }
        }
        Ok(())
    }

    /// The key with this id, as it is now.
    fn key(&mut self, id: &str) -> Result<ApiKey, Stop> {
        let unknown = Rejection::NotFound { what: "key", by: "id" }.at([Input::Id]);
        let key = self.rows.working().keys().into_iter().find(|key| key.id == id).ok_or(unknown)?;
        // Its row is written over.
        self.rows.get::<ApiKeys>(&key.hash)?;
        Ok(key.as_ref().clone())
    }

    fn check_left(&self, before: &ApiKey, changed: &ApiKey, field: Input) -> Result<(), Stop> {
        if !before.is_lasting_admin() || changed.is_lasting_admin() {
            return Ok(());
        }
        let keys = self.rows.working().keys();
        if keys.iter().any(|key| key.hash != changed.hash && key.is_lasting_admin()) {
            return Ok(());
        }
        let reason = "it is the last key of an ADMIN that does not end: make another first".to_owned();
        Err(Rejection::ValueInvalid { reason }.at([field]).into())
    }
}

/// Refuses a key for customers: it would be one for all of them.
fn check_role(role: Role) -> Result<(), Stop> {
    if role != Role::Customer {
        return Ok(());
    }
    let reason = "a customer has no key: have a token made for one, with customerTokenCreate".to_owned();
    Err(Rejection::ValueInvalid { reason }.at([Input::Role]).into())
}

fn ended(field: Input) -> Stop {
    let reason = "expected an instant in the future".to_owned();
    Rejection::ValueInvalid { reason }.at([field]).into()
}
