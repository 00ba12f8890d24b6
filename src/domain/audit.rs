//! The audit: who did what, from where, with which outcome, to the configuration of a programme. Each entry carries the
//! digest of the one before, so that one that was changed, taken out or put in is found. It names what was changed and
//! never to what: no value, no code, no secret and nobody's personal data.

use sha2::{Digest, Sha256};

use super::{access::Role, period::Instant};

/// A digest of SHA-256.
pub type AuditDigest = [u8; 32];

/// What is known of somebody's attempt to change something, before it has its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempted {
    /// What was to be done, such as POOL_UPDATE.
    pub action: String,
    /// To what: its kind and its id, such as `pool:7`. None where there is only one, or it is a person.
    pub target: Option<String>,
    /// What came of it: DONE, or the code of the refusal.
    pub outcome: String,
}

/// Who attempted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempter {
    /// The id of the key, or of whom the token was about.
    pub actor: String,
    /// What the key was called then; of a token, what it is.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The address that was asked from; none from the command line.
    pub address: Option<String>,
    /// The id of the request; empty from the command line.
    pub request: String,
}

/// An entry of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place, counted from 1 without a gap.
    pub number: u64,
    /// When.
    pub at: Instant,
    /// Who.
    pub by: Attempter,
    /// What.
    pub what: Attempted,
    /// The digest of the entry before; zeros before the first.
    pub before: AuditDigest,
}

/// The end of the audit: how many entries there are, and the digest of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditHead {
    /// How many.
    pub number: u64,
    /// The digest.
    pub digest: AuditDigest,
}

impl AuditHead {
    /// The next entry.
    #[must_use]
    pub fn next(&self, at: Instant, by: Attempter, what: Attempted) -> AuditEntry {
        AuditEntry { number: self.number + 1, at, by, what, before: self.digest }
    }
}

impl AuditEntry {
    /// The end of an audit that ends with it.
    #[must_use]
    pub fn head(&self) -> AuditHead {
        AuditHead { number: self.number, digest: self.digest() }
    }

    /// Its digest: of all that it says, each part with its length before it, so that no two entries make the same bytes.
    #[must_use]
    pub fn digest(&self) -> AuditDigest {
        let Self { number, at, by, what, before } = self;
        let Attempter { actor, name, role, address, request } = by;
        let Attempted { action, target, outcome } = what;
        let mut digest = Sha256::new();
        digest.update(b"scrip audit 1");
        digest.update(before);
        digest.update(number.to_le_bytes());
        digest.update(at.as_millisecond().to_le_bytes());
        let role = format!("{role:?}");
        let parts =
            [Some(actor), Some(name), Some(&role), address.as_ref(), Some(request), Some(action), target.as_ref()];
        for part in parts.into_iter().chain([Some(outcome)]) {
            // One that is not there is told from an empty one.
            digest.update(part.map_or(u64::MAX, |part| part.len() as u64).to_le_bytes());
            digest.update(part.map_or(&[][..], |part| part.as_bytes()));
        }
        digest.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> AuditEntry {
        let text = |text: &str| text.to_owned();
        let by = Attempter {
            actor: text("a"),
            name: text("till"),
            role: Role::Admin,
            address: None,
            request: String::new(),
        };
        let what = Attempted { action: text("POOL_UPDATE"), target: Some(text("pool:7")), outcome: text("DONE") };
        AuditHead::default().next(Instant::UNIX_EPOCH, by, what)
    }

    #[test]
    fn every_part_of_an_entry_counts() {
        let one = entry();
        let changes: [fn(&mut AuditEntry); 10] = [
            |entry| entry.number += 1,
            |entry| entry.at = super::super::period::instant_of(1).expect("an instant"),
            |entry| entry.by.actor = "b".to_owned(),
            |entry| entry.by.name = "tillx".to_owned(),
            |entry| entry.by.role = Role::Viewer,
            |entry| entry.by.address = Some(String::new()),
            |entry| entry.by.request = "x".to_owned(),
            |entry| entry.what.target = None,
            |entry| entry.what.outcome = "FORBIDDEN".to_owned(),
            |entry| entry.before = [1; 32],
        ];
        let mut digests = vec![one.digest()];
        for change in changes {
            let mut other = one.clone();
            change(&mut other);
            digests.push(other.digest());
        }
        // What moves from one part to the next is another entry too.
        let mut moved = one.clone();
        (moved.by.actor, moved.by.name) = ("at".to_owned(), "ill".to_owned());
        digests.push(moved.digest());
        let number = digests.len();
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), number);
        assert_eq!(one.head().next(one.at, one.by.clone(), one.what.clone()).before, one.digest());
    }
}
