//! The retailer's own issuer: whose tokens are believed, under which conditions, and its keys, which are read again when
//! they are old and when a token names one that is not known. While they cannot be read, the last good ones count.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jsonwebtoken::{Algorithm, crypto};
use sha2::{Digest, Sha256};

use super::{
    Refused,
    claims::{Parts, Subject},
    keys::{self, IssuerKey, KeySet},
    source::Source,
};
use crate::{Caller, Proof, Rights};
use scrip_domain::{
    access::{KeyBudget, Role},
    group::Groups,
    period::Instant,
};
use scrip_plugins::Lookup;

/// The algorithms that count where none are named.
const ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];
/// The claim that has the role where none is named.
const ROLE: &str = "role";
/// The claim that has the names of groups where none is named.
const GROUPS: &str = "groups";
/// By how much clocks may differ where nothing is said, and at most.
const LEEWAY: Duration = Duration::from_secs(30);
const MOST_LEEWAY: Duration = Duration::from_secs(300);
/// After how long keys are read again, in milliseconds: of an address, and of a file.
const OLD_ADDRESS: i64 = 5 * 60 * 1_000;
const OLD_FILE: i64 = 10 * 1_000;
/// How much time there is between two readings at the least, in milliseconds, whatever tokens come.
const PAUSE: i64 = 10 * 1_000;
/// How many tokens are known to be good at once.
const MAX_KNOWN: usize = 10_000;

/// What the configuration says of an issuer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssuerDraft {
    /// Who issues tokens: their `iss`.
    pub issuer: String,
    /// For whom they are: their `aud`.
    pub audience: String,
    /// The address of the issuer's keys, or a file's path.
    pub keys: String,
    /// The algorithms that count; those that are common where none are named.
    pub algorithms: Option<Vec<String>>,
    /// By how much clocks may differ.
    pub leeway: Option<Duration>,
    /// The claim that has the role.
    pub role: Option<String>,
    /// The claim that has the names of groups.
    pub groups: Option<String>,
    /// Whether tokens need not say when they begin.
    pub nbf_optional: bool,
    /// Special addresses that keys may be read from.
    pub ranges: Vec<String>,
}

/// What is wrong with what the configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerFault {
    /// Which setting.
    pub setting: &'static str,
    /// What was expected, and what was found.
    pub reason: String,
}

/// An issuer whose tokens are believed.
#[derive(Debug)]
pub struct Issuer {
    pub(super) name: String,
    pub(super) audience: String,
    pub(super) role: String,
    pub(super) groups: String,
    pub(super) leeway_millis: i64,
    pub(super) nbf_optional: bool,
    algorithms: Vec<Algorithm>,
    source: Source,
    keys: Mutex<Arc<KeySet>>,
    /// When the keys are old.
    old_at: AtomicI64,
    /// When they were last read, or were tried to be; held by who reads them.
    reading: tokio::sync::Mutex<Option<i64>>,
    /// Tokens whose signature was found to be good, by their hash.
    known: Mutex<HashMap<[u8; 32], Arc<Caller>>>,
}

impl Issuer {
    /// Checks what the configuration says.
    pub fn new(draft: IssuerDraft, lookup: Lookup) -> Result<Self, IssuerFault> {
        // Both providers are in the tree: the library has to be told which.
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            if crypto::aws_lc::DEFAULT_PROVIDER.install_default().is_err() {
                tracing::debug!("the library of tokens has a provider already");
            }
        });
        let fault = |setting| move |reason| IssuerFault { setting, reason };
        let required = |setting, value: String, what: &str| {
            let missing = || format!("expected {what}, found nothing");
            if value.trim().is_empty() { Err(fault(setting)(missing())) } else { Ok(value) }
        };
        let leeway = draft.leeway.unwrap_or(LEEWAY);
        if leeway > MOST_LEEWAY {
            let reason = format!("expected at most {} seconds, found {}", MOST_LEEWAY.as_secs(), leeway.as_secs());
            return Err(fault("jwt.leeway")(reason));
        }
        let names = draft.algorithms.unwrap_or_else(|| ALGORITHMS.map(str::to_owned).to_vec());
        let algorithms = algorithms(&names).map_err(fault("jwt.algorithms"))?;
        Ok(Self {
            name: required("jwt.issuer", draft.issuer, "the issuer's name, as its tokens have it as iss")?,
            audience: required("jwt.audience", draft.audience, "the audience, as tokens for Scrip have it as aud")?,
            role: required("jwt.role", draft.role.unwrap_or_else(|| ROLE.to_owned()), "the name of a claim")?,
            groups: required("jwt.groups", draft.groups.unwrap_or_else(|| GROUPS.to_owned()), "the name of a claim")?,
            leeway_millis: i64::try_from(leeway.as_millis()).unwrap_or_default(),
            nbf_optional: draft.nbf_optional,
            algorithms,
            source: Source::parse(&draft.keys, &draft.ranges, lookup).map_err(fault("jwt.keys"))?,
            keys: Mutex::default(),
            old_at: AtomicI64::new(i64::MIN),
            reading: tokio::sync::Mutex::default(),
            known: Mutex::default(),
        })
    }

    /// Reads the keys for the first time. A file has to be there; an address may answer later.
    pub(super) async fn begin(&self, now: Instant) -> Result<(), String> {
        let read = self.read_again(now).await;
        match (&self.source, read) {
            (Source::File(_), Err(fault)) => Err(format!("the keys of jwt.keys: {fault}")),
            _ => Ok(()),
        }
    }

    /// Who a token is about, in no group yet: which those are that it names, whoever has them knows.
    pub(super) async fn caller(self: &Arc<Self>, token: &str, now: Instant) -> Result<Caller, Refused> {
        if now.as_millisecond() >= self.old_at.load(Ordering::Relaxed) {
            self.renew(now);
        }
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(known) = self.known(&digest, now) {
            return Ok(known);
        }
        let parts = Parts::read(token)?;
        let algorithm = keys::algorithm(&parts.header.alg).filter(|named| self.algorithms.contains(named));
        let algorithm = algorithm.ok_or("its algorithm (alg) is none of those that count")?;
        let key = self.key(algorithm, parts.header.kid.as_deref(), now).await?;
        match crypto::verify(parts.signature, parts.signed.as_bytes(), &key.key, algorithm) {
            Ok(true) => {}
            Ok(false) | Err(_) => return Err("its signature is not one of the issuer's".to_owned()),
        }
        let subject = Subject::of(&parts.claims()?, self, now)?;
        let caller = caller(&self.name, subject, &key);
        self.remember(digest, &caller, now);
        Ok(caller)
    }

    /// The key that a token names. One that is not known may be new: then the keys are read again, though not often.
    async fn key(&self, algorithm: Algorithm, kid: Option<&str>, now: Instant) -> Result<Arc<IssuerKey>, Refused> {
        if let Some(found) = self.keys().find(algorithm, kid)? {
            return Ok(found);
        }
        // Its fault is in the log already.
        drop(self.read_again(now).await);
        let found = self.keys().find(algorithm, kid)?;
        found.ok_or_else(|| "its key (kid) is none of the issuer's".to_owned())
    }

    /// Has old keys read again, while those that there are go on to count.
    fn renew(self: &Arc<Self>, now: Instant) {
        self.old_at.store(now.as_millisecond() + PAUSE, Ordering::Relaxed);
        let issuer = Arc::clone(self);
        tokio::spawn(async move { drop(issuer.read_again(now).await) });
    }

    /// Reads the keys, unless they were just read. One reads and the others wait for what comes of it.
    async fn read_again(&self, now: Instant) -> Result<(), String> {
        let mut last = self.reading.lock().await;
        let now = now.as_millisecond();
        if last.is_some_and(|last| now < last.saturating_add(PAUSE)) {
            return Ok(());
        }
        *last = Some(now);
        let before = self.keys();
        let read = self.source.read().await.and_then(|text| KeySet::read(&text, &before));
        let (set, faults) = match read {
            Ok(read) => read,
            Err(fault) => {
                tracing::warn!(
                    fault,
                    "the keys of the issuer of tokens (jwt.keys) cannot be read: the last ones count"
                );
                return Err(fault);
            }
        };
        for fault in faults {
            tracing::warn!(fault, "a key of the issuer of tokens (jwt.keys) does not count");
        }
        drop(before);
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
        let life = if matches!(self.source, Source::File(_)) { OLD_FILE } else { OLD_ADDRESS };
        self.old_at.store(now.saturating_add(life), Ordering::Relaxed);
        Ok(())
    }

    fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn known_tokens(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<Caller>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who a token is about that was looked at before.
    fn known(&self, digest: &[u8; 32], now: Instant) -> Option<Caller> {
        let found = self.known_tokens().get(digest).cloned()?;
        found.proof.is_good(now).then(|| found.as_ref().clone())
    }

    fn remember(&self, digest: [u8; 32], caller: &Caller, now: Instant) {
        let mut known = self.known_tokens();
        if known.len() >= MAX_KNOWN {
            known.retain(|_, known| known.proof.is_good(now));
            if known.len() >= MAX_KNOWN {
                known.clear();
            }
        }
        known.insert(digest, Arc::new(caller.clone()));
    }
}

impl Proof {
    /// Whether what a token says still counts, as far as that is told without the keys of Scrip.
    fn is_good(&self, now: Instant) -> bool {
        match self {
            Self::Issued { until, by, .. } => now < *until && by.strong_count() > 0,
            Self::Own | Self::Key(_) | Self::Token { .. } => false,
        }
    }
}

impl Caller {
    /// Whether the token of an issuer that it came with still counts.
    pub(crate) fn is_issued(&self, now: Instant) -> bool {
        self.proof.is_good(now)
    }
}

fn caller(issuer: &str, subject: Subject, key: &Arc<IssuerKey>) -> Caller {
    let Subject { name, role, groups, customer, until } = subject;
    let id = match &customer {
        Some(customer) => super::customer::id_of(customer),
        None => {
            let digest = Sha256::digest(format!("{issuer}\0{name}"));
            format!("jwt-{}", data_encoding::HEXLOWER.encode(digest.get(..12).unwrap_or_default()))
        }
    };
    // What events tell of a customer is in their own field.
    let name = if role == Role::Customer { super::customer::NAME.to_owned() } else { name };
    // A customer of the issuer's is one of the whole programme, unless the token says of which groups.
    let whole = role == Role::Admin || (role == Role::Customer && groups.is_empty());
    let groups = (!whole).then(|| groups.into());
    Caller {
        id,
        name,
        role,
        rights: Rights::of(role),
        groups: Groups::none(),
        customer,
        budget: KeyBudget::default(),
        proof: Proof::Issued { until, by: Arc::downgrade(key), groups },
        address: None,
        request: Arc::default(),
    }
}

fn algorithms(names: &[String]) -> Result<Vec<Algorithm>, String> {
    let known = || keys::known_algorithms().collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        return Err(format!("expected some of {}, found none", known()));
    }
    let one = |name: &String| {
        keys::algorithm(name).ok_or_else(|| {
            let why = if name.starts_with("HS") { ": whoever can check such a token can make one" } else { "" };
            format!("expected some of {}, found {name:?}{why}", known())
        })
    };
    names.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> IssuerDraft {
        IssuerDraft {
            issuer: "https://login.example".to_owned(),
            audience: "scrip".to_owned(),
            keys: "https://login.example/jwks.json".to_owned(),
            ..IssuerDraft::default()
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert!(Issuer::new(draft(), Lookup::default()).is_ok());
        let named = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        for (draft, setting, says) in [
            (IssuerDraft { issuer: " ".to_owned(), ..draft() }, "jwt.issuer", "iss"),
            (IssuerDraft { audience: String::new(), ..draft() }, "jwt.audience", "aud"),
            (IssuerDraft { role: Some(String::new()), ..draft() }, "jwt.role", "claim"),
            (IssuerDraft { keys: "http://login.example/".to_owned(), ..draft() }, "jwt.keys", "https"),
            (IssuerDraft { leeway: Some(Duration::from_secs(301)), ..draft() }, "jwt.leeway", "300"),
            (IssuerDraft { algorithms: named(&["HS256"]), ..draft() }, "jwt.algorithms", "can make one"),
            (IssuerDraft { algorithms: named(&["RS256", "none"]), ..draft() }, "jwt.algorithms", "none"),
            (IssuerDraft { algorithms: named(&[]), ..draft() }, "jwt.algorithms", "RS256"),
        ] {
            let fault = Issuer::new(draft, Lookup::default()).expect_err(setting);
            assert!(fault.setting == setting && fault.reason.contains(says), "{fault:?}");
        }
    }
}
