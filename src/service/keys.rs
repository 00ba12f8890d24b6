//! API keys: made from the operating system's randomness, kept as a hash, shown once.

use rand::TryRngCore;
use sha2::{Digest, Sha256};

use super::{Caller, Command, Failure, Scrip};
use scrip_domain::access::{ApiKey, SECRET_PREFIX};

/// The bytes of randomness in a secret.
const SECRET_BYTES: usize = 32;

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
    /// Makes a key, with this secret if one is given.
    pub(super) async fn create_key(&self, name: &str, preset: Option<String>) -> Result<NewKey, Failure> {
        let secret = match preset {
            Some(secret) => secret,
            None => format!("{SECRET_PREFIX}{}", random_text(SECRET_BYTES)?),
        };
        let hash = hash_secret(&secret);
        let id = hash.get(..12).unwrap_or_default().to_owned();
        let key = ApiKey { id, name: name.to_owned(), hash, created_at: self.now() };
        self.submit(&Caller::scrip(), None, Command::KeyAdd(Box::new(key.clone()))).await?;
        Ok(NewKey { key, secret })
    }

    /// Who a secret belongs to.
    pub(super) fn caller(&self, secret: &str) -> Option<Caller> {
        let key = self.registry.key(&hash_secret(secret))?;
        Some(Caller::admin(key.id.as_str(), key.name.as_str()))
    }

    /// Whether any key exists.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        !self.registry.read().keys.is_empty()
    }
}

fn random_text(bytes: usize) -> Result<String, Failure> {
    let mut random = vec![0; bytes];
    let failed = |error| Failure::Internal(format!("the operating system gives no randomness: {error}"));
    rand::rngs::OsRng.try_fill_bytes(&mut random).map_err(failed)?;
    Ok(data_encoding::BASE32_NOPAD.encode(&random).to_lowercase())
}
