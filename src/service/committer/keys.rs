//! Making, editing and revoking API keys. One key that may do everything, and does not end, has to be left: nobody locks
//! everybody out.

use std::sync::Arc;

use crate::KeyEdit;
use scrip_domain::{access::ApiKey, id::checked_id, period::instant_of, rejection::Rejection};
use scrip_storage::ApiKeys;

use super::{
    attempt::{Attempt, Stop},
    decide::at,
};

/// The most keys, revoked ones included: all are in memory.
const MAX_KEYS: usize = 10_000;

impl Attempt<'_> {
    pub(super) fn key_add(&mut self, key: &ApiKey) -> Result<Box<ApiKey>, Stop> {
        let keys = self.working.keys();
        if keys.iter().any(|other| other.hash == key.hash) {
            return Err(Rejection::Duplicate { what: "a key with this secret".to_owned() }.into());
        }
        if keys.len() >= MAX_KEYS {
            return Err(Rejection::LimitExceeded { what: "too many keys", limit: MAX_KEYS as u64 }.into());
        }
        if key.expires_at.is_some_and(|end| end <= self.now()) {
            return Err(ended("expiresAt"));
        }
        Ok(self.keep_key(key.clone()))
    }

    pub(super) fn key_edit(&mut self, edit: &KeyEdit) -> Result<Box<ApiKey>, Stop> {
        let before = self.key(&edit.id)?;
        let mut key = before.clone();
        if let Some(name) = &edit.name {
            key.name = checked_id(name).map_err(at("name"))?;
        }
        key.role = edit.role.unwrap_or(key.role);
        if let Some(end) = edit.expires_at {
            key.expires_at = end.map(|end| instant_of(end).ok_or_else(|| ended("expiresAt"))).transpose()?;
            if key.expires_at.is_some_and(|end| end <= self.now()) {
                return Err(ended("expiresAt"));
            }
        }
        self.check_left(&before, &key, "role")?;
        Ok(self.keep_key(key))
    }

    pub(super) fn key_revoke(&mut self, id: &str) -> Result<Box<ApiKey>, Stop> {
        let before = self.key(id)?;
        let mut key = before.clone();
        key.revoked_at = Some(key.revoked_at.unwrap_or(self.now()));
        self.check_left(&before, &key, "id")?;
        Ok(self.keep_key(key))
    }

    /// The key with this id, as it is now.
    fn key(&mut self, id: &str) -> Result<ApiKey, Stop> {
        let unknown = Rejection::NotFound { what: "key", by: "id" }.at(["id"]);
        let key = self.working.keys().into_iter().find(|key| key.id == id).ok_or(unknown)?;
        // Its row is written over.
        self.get::<ApiKeys>(&key.hash)?;
        Ok(key.as_ref().clone())
    }

    fn check_left(&self, before: &ApiKey, changed: &ApiKey, field: &'static str) -> Result<(), Stop> {
        if !before.is_lasting_admin() || changed.is_lasting_admin() {
            return Ok(());
        }
        let keys = self.working.keys();
        if keys.iter().any(|key| key.hash != changed.hash && key.is_lasting_admin()) {
            return Ok(());
        }
        let reason = "it is the last key of an ADMIN that does not end: make another first".to_owned();
        Err(Rejection::ValueInvalid { reason }.at([field]).into())
    }

    fn keep_key(&mut self, key: ApiKey) -> Box<ApiKey> {
        self.put::<ApiKeys>(key.hash.clone(), key.clone());
        self.change.keys.push(Arc::new(key.clone()));
        Box::new(key)
    }
}

fn ended(field: &'static str) -> Stop {
    let reason = "expected an instant in the future".to_owned();
    Rejection::ValueInvalid { reason }.at([field]).into()
}
