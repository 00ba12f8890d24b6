//! API keys: made from the operating system's randomness, kept as a hash, shown once. A key ends with a checksum, so that
//! one that was mistyped can be told from one that is not known, and a scanner finds one that leaked by
//! `scrip_[a-z2-7]{59}`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rand::TryRngCore;
use sha2::{Digest, Sha256};

use super::{Caller, Failure, KeyAdd, KeyRotate, KeysUsed, Proof, Rights, Scrip};
use scrip_domain::{
    access::{ApiKey, KeyBudget, Role, SECRET_PREFIX},
    group::GroupId,
    period::{Instant, instant_of},
};

/// The bytes of randomness in a secret.
const SECRET_BYTES: usize = 32;
/// The bytes of its checksum.
const CHECKSUM_BYTES: usize = 4;
/// How many characters of a secret are told.
const HINT: usize = 10;

/// A key that is to be made.
#[derive(Debug, Clone)]
pub struct KeyDraft {
    /// What people call it; events are recorded by it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// From when on it is not good any more.
    pub expires_at: Option<Instant>,
    /// The groups whose pools its holder sees.
    pub groups: Vec<GroupId>,
    /// How much its holder may ask for.
    pub budget: KeyBudget,
    /// Its secret, where an operator presets it.
    pub secret: Option<String>,
}

impl KeyDraft {
    /// A key for whoever runs the programme.
    #[must_use]
    pub fn admin(name: &str) -> Self {
        let (role, budget) = (Role::Admin, KeyBudget::default());
        Self { name: name.to_owned(), role, expires_at: None, groups: Vec::new(), budget, secret: None }
    }
}

/// A key that was just made, with the secret that is not kept.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The key.
    pub key: ApiKey,
    /// What its holder sends.
    pub secret: String,
}

/// The hash that a secret is kept as. A secret is 256 random bits, so a plain hash is enough.
#[must_use]
pub(crate) fn hash_secret(secret: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(secret))
}

impl Scrip {
    /// Makes a key.
    pub(super) async fn create_key(&self, actor: &Caller, draft: KeyDraft) -> Result<NewKey, Failure> {
        let (key, secret) = self.drawn(draft)?;
        self.change(actor, None, KeyAdd(Box::new(key.clone()))).await?;
        Ok(NewKey { key, secret })
    }

    /// Makes a key like the one with this id, which ends after so many minutes.
    pub(super) async fn rotate_key(&self, actor: &Caller, id: String, minutes: i64) -> Result<NewKey, Failure> {
        // Its name and role are those of the other.
        let (key, secret) = self.drawn(KeyDraft::admin(""))?;
        let key = *self.change(actor, None, KeyRotate { id, minutes, new: Box::new(key) }).await?;
        Ok(NewKey { key, secret })
    }

    /// A key that nobody keeps yet, and its secret.
    fn drawn(&self, draft: KeyDraft) -> Result<(ApiKey, String), Failure> {
        let (secret, hint) = match draft.secret {
            // Of one that somebody chose, nothing is told.
            Some(secret) => (secret, String::new()),
            None => {
                let secret = new_secret()?;
                let hint = secret.chars().take(HINT).collect();
                (secret, hint)
            }
        };
        let hash = hash_secret(&secret);
        let id = hash.get(..12).unwrap_or_default().to_owned();
        let key = ApiKey {
            id,
            name: draft.name,
            hash,
            created_at: self.now(),
            role: draft.role,
            hint,
            expires_at: draft.expires_at,
            revoked_at: None,
            last_used_at: None,
            groups: draft.groups,
            budget: draft.budget,
        };
        Ok((key, secret))
    }

    /// Who a secret belongs to.
    pub(super) fn caller(&self, secret: &str) -> Option<Caller> {
        let Some(key) = self.registry.key(&hash_secret(secret)) else {
            if is_mistyped(secret) {
                tracing::warn!("a key was sent that is not one of Scrip: its checksum is wrong");
            }
            return None;
        };
        let caller = self.caller_of(&key.hash);
        if caller.is_some() {
            self.used.note(&key.hash, self.now());
        } else {
            tracing::warn!(key = key.name, "a key was sent that was revoked, or whose time is over");
        }
        caller
    }

    /// Who holds the key of this hash; nobody once it is not good any more.
    pub(super) fn caller_of(&self, hash: &str) -> Option<Caller> {
        let key = self.registry.key(hash).filter(|key| key.is_good(self.now()))?;
        let (id, name, proof) = (key.id.clone(), key.name.clone(), Proof::Key(key.hash.as_str().into()));
        Some(Caller {
            id,
            name,
            role: key.role,
            rights: Rights::of(key.role),
            groups: key.seen(),
            customer: None,
            budget: key.budget,
            proof,
            address: None,
            request: Arc::default(),
        })
    }

    /// Keeps when keys were last used, of those that were since this was done last.
    pub(super) async fn keep_uses(&self) -> Result<(), Failure> {
        let used = self.used.taken();
        if used.is_empty() {
            return Ok(());
        }
        let kept = self.change(&Caller::scrip(), None, KeysUsed(used.clone())).await;
        if kept.is_err() {
            // They are kept the next time.
            used.into_iter().for_each(|(hash, at)| self.used.put(hash, at));
        }
        kept
    }

    /// All keys, by their making.
    pub(super) fn keys(&self) -> Vec<ApiKey> {
        let mut keys: Vec<ApiKey> = self.registry.read().keys.values().map(|key| key.as_ref().clone()).collect();
        for key in &mut keys {
            key.last_used_at = key.last_used_at.max(self.used.last(&key.hash));
        }
        keys.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        keys
    }

    /// Whether a secret is that of a key, be that still good or not.
    #[must_use]
    pub fn has_key(&self, secret: &str) -> bool {
        self.registry.key(&hash_secret(secret)).is_some()
    }

    /// Whether a secret is that of a key that is good.
    #[must_use]
    pub fn has_good_key(&self, secret: &str) -> bool {
        self.caller(secret).is_some()
    }

    /// Whether any key exists.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        !self.registry.read().keys.is_empty()
    }
}

/// When keys were used that is not kept yet.
#[derive(Debug, Default)]
pub(super) struct Used(Mutex<HashMap<String, i64>>);

impl Used {
    fn all(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, hash: &str, at: Instant) {
        let mut all = self.all();
        match all.get_mut(hash) {
            Some(last) => *last = at.as_millisecond(),
            None => drop(all.insert(hash.to_owned(), at.as_millisecond())),
        }
    }

    fn put(&self, hash: String, at: i64) {
        let mut all = self.all();
        let last = all.entry(hash).or_insert(at);
        *last = at.max(*last);
    }

    fn taken(&self) -> Vec<(String, i64)> {
        std::mem::take(&mut *self.all()).into_iter().collect()
    }

    fn last(&self, hash: &str) -> Option<Instant> {
        self.all().get(hash).copied().and_then(instant_of)
    }
}

/// A secret: what people know it by, randomness, and a checksum.
fn new_secret() -> Result<String, Failure> {
    let mut random = vec![0; SECRET_BYTES];
    let failed = |error| Failure::because("the operating system gives no randomness", error);
    rand::rngs::OsRng.try_fill_bytes(&mut random).map_err(failed)?;
    let random = text(&random);
    Ok(format!("{SECRET_PREFIX}{random}{}", checksum(&random)))
}

fn text(bytes: &[u8]) -> String {
    data_encoding::BASE32_NOPAD.encode(bytes).to_lowercase()
}

fn checksum(random: &str) -> String {
    text(Sha256::digest(random).get(..CHECKSUM_BYTES).unwrap_or_default())
}

/// Whether a text looks like a secret of ours and is none.
fn is_mistyped(secret: &str) -> bool {
    let Some(rest) = secret.strip_prefix(SECRET_PREFIX) else { return false };
    // Those of versions before have no checksum.
    let parts = rest.split_at_checked((SECRET_BYTES * 8).div_ceil(5));
    parts.is_some_and(|(random, sum)| !sum.is_empty() && sum != checksum(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_secret_is_told() {
        let secret = new_secret().expect("a secret");
        assert_eq!(secret.len(), SECRET_PREFIX.len() + 59);
        assert!(!is_mistyped(&secret));
        let mut wrong = secret.clone().into_bytes();
        wrong[20] = if wrong[20] == b'a' { b'b' } else { b'a' };
        assert!(is_mistyped(&String::from_utf8(wrong).expect("text")));
        for other in ["", "scrip_", "something else", "scrip_of-a-test", &secret[..58]] {
            assert!(!is_mistyped(other), "{other}");
        }
    }
}
