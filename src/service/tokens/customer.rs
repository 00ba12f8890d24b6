//! Tokens that Scrip makes: each for one customer, for minutes or hours, so that a shop's page asks Scrip itself. What a
//! token says is sealed in it with a key of the database's, which nobody else has; nothing of it is kept. It is good
//! only while the key is that had it made.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Refused, Scrip};
use crate::{Action, Caller, Failure, Proof, Rights, TokenKeyBegin, prepare::fresh_bytes};
use scrip_domain::{
    access::{KeyBudget, Role},
    group::{GroupId, Groups, MAX_GROUPS_OF_ONE},
    id::CustomerId,
    period::{Instant, instant_of},
    rejection::{Input, Refusal, Rejection},
    token_key::{MAX_TOKEN_MINUTES, TokenKeys, TokenSecret},
};

/// What every token begins with, so that people and scanners recognise one.
pub(crate) const TOKEN_PREFIX: &str = "scrip_customer_";
/// What events name as who did it.
pub(super) const NAME: &str = "customer";
/// How long a token is good where nothing is said, in minutes.
const MINUTES: i64 = 60;
/// The form of what is sealed. What is sealed in the one before has no groups.
const FORM: u8 = 2;
const FORM_BEFORE: u8 = 1;
/// The number of groups that stands for all of them.
const ALL: u8 = u8::MAX;
/// The bytes of a hash.
const HASH: usize = 32;

/// A token that was made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What the customer's page sends.
    pub token: String,
    /// When its time is over.
    pub expires_at: Instant,
}

/// The id of a customer as a caller: idempotency keys and budgets are by it, and it tells nobody who that is.
pub(super) fn id_of(customer: &CustomerId) -> String {
    let digest = Sha256::digest(format!("customer\0{customer}"));
    format!("customer-{}", data_encoding::HEXLOWER.encode(digest.get(..12).unwrap_or_default()))
}

/// What a token says.
struct Said {
    until: Instant,
    /// The hash of the API key that had it made.
    by: Option<[u8; HASH]>,
    /// The groups of whom else had it made; those of a key are looked up.
    groups: Groups,
    customer: CustomerId,
}

impl Said {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORM];
        bytes.extend(self.until.as_millisecond().to_le_bytes());
        bytes.extend(self.by.unwrap_or_default());
        match &self.groups {
            Groups::All => bytes.push(ALL),
            Groups::Only(groups) => {
                let groups: Vec<_> = groups.iter().take(MAX_GROUPS_OF_ONE).collect();
                bytes.push(u8::try_from(groups.len()).unwrap_or_default());
                groups.into_iter().for_each(|group| bytes.extend(group.0.to_le_bytes()));
            }
        }
        bytes.extend(self.customer.as_str().as_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (form, rest) = bytes.split_first()?;
        let (until, rest) = rest.split_first_chunk::<8>()?;
        let (by, rest) = rest.split_first_chunk::<HASH>()?;
        let (groups, customer) = match *form {
            FORM => read_groups(rest)?,
            FORM_BEFORE => (Groups::none(), rest),
            _ => return None,
        };
        let customer = CustomerId::parse(std::str::from_utf8(customer).ok()?).ok()?;
        let by = (*by != [0; HASH]).then_some(*by);
        Some(Self { until: instant_of(i64::from_le_bytes(*until))?, by, groups, customer })
    }
}

/// The groups that bytes begin with, and what comes after them.
fn read_groups(bytes: &[u8]) -> Option<(Groups, &[u8])> {
    let (number, rest) = bytes.split_first()?;
    if *number == ALL {
        return Some((Groups::All, rest));
    }
    let (groups, rest) = rest.split_at_checked(usize::from(*number) * 4)?;
    let (groups, []) = groups.as_chunks::<4>() else { return None };
    Some((Groups::only(groups.iter().map(|group| GroupId(u32::from_le_bytes(*group)))), rest))
}

impl Scrip {
    /// Makes a token for a customer.
    pub(crate) async fn make_customer_token(
        &self,
        actor: &Caller,
        customer: CustomerId,
        minutes: Option<i64>,
    ) -> Result<NewToken, Failure> {
        let minutes = minutes.unwrap_or(MINUTES);
        if !(1..=MAX_TOKEN_MINUTES).contains(&minutes) {
            let reason = format!("expected 1 to {MAX_TOKEN_MINUTES} minutes, found {minutes}");
            return Err(Rejection::ValueInvalid { reason }.at([Input::Minutes]).into());
        }
        let keys = self.token_keys().await?;
        let end = instant_of(self.now().as_millisecond().saturating_add(minutes * 60_000));
        let mut until = end.ok_or_else(|| Failure::internal("the end of a token is out of range".to_owned()))?;
        let by = match &actor.proof {
            Proof::Key(hash) => hash_bytes(hash),
            // Nobody gives away what they do not have any more.
            Proof::Issued { until: own, .. } | Proof::Token { until: own, .. } => {
                until = until.min(*own);
                None
            }
            Proof::Own => None,
        };
        let mut token = keys.current.number.to_le_bytes().to_vec();
        let groups = if by.is_some() { Groups::none() } else { actor.groups.clone() };
        token.extend(keys.current.close(Said { until, by, groups, customer }.bytes()));
        let token = format!("{TOKEN_PREFIX}{}", data_encoding::BASE64URL_NOPAD.encode(&token));
        Ok(NewToken { token, expires_at: until })
    }

    /// The keys that tokens are sealed with, which are made when they are first needed.
    async fn token_keys(&self) -> Result<TokenKeys, Failure> {
        if let Some(keys) = self.registry.settings().tokens {
            return Ok(keys);
        }
        self.begin_token_key().await?;
        let missing = || Rejection::DatabaseUnavailable { reason: "no key for tokens could be kept".to_owned() };
        self.registry.settings().tokens.ok_or_else(|| Refusal::from(missing()).into())
    }

    /// Makes a new key for tokens where the one that there is has become old. A database that never made a token has none.
    pub(crate) async fn renew_token_keys(&self) -> Result<(), Failure> {
        if self.registry.settings().tokens.is_some_and(|keys| keys.is_due(self.now())) {
            self.begin_token_key().await?;
        }
        Ok(())
    }

    async fn begin_token_key(&self) -> Result<(), Failure> {
        self.change(&Caller::scrip(), None, TokenKeyBegin(TokenSecret::new(fresh_bytes()?))).await
    }

    /// Whom a token is for.
    pub(super) fn holder_of(&self, token: &str) -> Result<Caller, Refused> {
        let sealed = token.strip_prefix(TOKEN_PREFIX).unwrap_or_default();
        let sealed = data_encoding::BASE64URL_NOPAD.decode(sealed.as_bytes());
        let sealed = sealed.map_err(|_| "a customer token that is not written in base64url")?;
        let (number, sealed) = sealed.split_first_chunk::<4>().ok_or("a customer token that was cut off")?;
        let keys = self.registry.settings().tokens;
        let key = keys.as_ref().and_then(|keys| keys.numbered(u32::from_le_bytes(*number)));
        let said = key.and_then(|key| Said::read(&key.open(sealed)?));
        let Said { until, by, groups, customer } = said.ok_or("a customer token that is none of this database's")?;
        let by: Option<Arc<str>> = by.map(|hash| data_encoding::HEXLOWER.encode(&hash).into());
        // Whoever had it made can use it, and sees no more by it than before.
        let groups = by.as_ref().map_or(groups, |hash| self.groups_of_key(hash));
        let caller = Caller {
            id: id_of(&customer),
            name: NAME.to_owned(),
            role: Role::Customer,
            rights: Rights::of(Role::Customer),
            groups,
            customer: Some(customer),
            budget: KeyBudget::default(),
            proof: Proof::Token { until, by },
            address: None,
            request: Arc::default(),
        };
        if self.still(&caller) { Ok(caller) } else { Err("a customer token that is over, or whose key is".to_owned()) }
    }

    /// Whether who acts may go on to do so.
    pub(crate) fn still(&self, caller: &Caller) -> bool {
        let now = self.now();
        match &caller.proof {
            Proof::Own => true,
            Proof::Key(hash) => self.registry.key(hash).is_some_and(|key| key.is_good(now)),
            Proof::Issued { .. } => caller.is_issued(now),
            Proof::Token { until, by } => now < *until && by.as_ref().is_none_or(|by| self.may_make_tokens(by)),
        }
    }

    fn may_make_tokens(&self, hash: &Arc<str>) -> bool {
        let key = self.registry.key(hash).filter(|key| key.is_good(self.now()));
        key.is_some_and(|key| Rights::of(key.role).allow(Action::MakeCustomerTokens))
    }
}

fn hash_bytes(hash: &str) -> Option<[u8; HASH]> {
    data_encoding::HEXLOWER.decode(hash.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_token_says_is_read_back() {
        let customer = CustomerId::parse("ann \u{e4}").expect("an id");
        for groups in [Groups::All, Groups::none(), Groups::only([GroupId(7), GroupId(u32::MAX)])] {
            for by in [None, Some([7; HASH])] {
                let until = instant_of(1_234_567).expect("an instant");
                let said = Said { until, by, groups: groups.clone(), customer: customer.clone() };
                let said = Said::read(&said.bytes()).expect("what was said");
                assert_eq!(
                    (said.until, said.by, said.groups, said.customer),
                    (until, by, groups.clone(), customer.clone())
                );
            }
        }
        let before = [&[FORM_BEFORE][..], &[0; 8 + HASH], b"ann"].concat();
        assert_eq!(Said::read(&before).map(|said| said.groups), Some(Groups::none()));
        for wrong in [&[][..], &[FORM], &[3; 60], &[FORM; 41], &[FORM; 42]] {
            assert!(Said::read(wrong).is_none());
        }
    }
}
