//! Tokens: what is sent in the place of an API key. JWTs of the retailer's own issuer, whose keys are read from a file or
//! an address, and tokens that Scrip makes itself, each for one customer. Neither is kept: what a token says is in it,
//! and whoever made it answers for it.

mod claims;
mod customer;
mod issuer;
mod keys;
mod source;

pub use customer::NewToken;
pub use issuer::{Issuer, IssuerDraft, IssuerFault};
pub use keys::IssuerKey;

pub(super) use customer::TOKEN_PREFIX;

use std::{net::IpAddr, sync::Arc};

use super::{Caller, Scrip, Session};

/// The longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 8 * 1024;

/// Why a token does not count, for the log: nothing of the token's own text is in it.
type Refused = String;

impl Scrip {
    /// Believes the tokens of an issuer from now on. Its keys are read: a file has to be there, an address is asked again
    /// later where it does not answer.
    pub async fn trust(&self, issuer: Issuer) -> Result<(), String> {
        let issuer = Arc::new(issuer);
        issuer.begin(self.now()).await?;
        self.issuer.set(issuer).map_err(|_| "an issuer is trusted already".to_owned())
    }

    /// Scrip as whoever sends this has it: the holder of a key, or of a token. None where neither is good; the log says why.
    /// `from` is the address that is asked from, `request` the id of the request that it is asked with.
    pub async fn sign_in(self: &Arc<Self>, secret: &str, from: Option<IpAddr>, request: &str) -> Option<Session> {
        let caller = match self.token_caller(secret).await {
            None => self.caller(secret)?,
            Some(Ok(caller)) => caller,
            Some(Err(reason)) => {
                tracing::warn!(reason, "a token was sent that is not good");
                return None;
            }
        };
        Some(self.session(Caller { address: from, request: request.into(), ..caller }))
    }

    /// Who a token is about; none where this is none.
    async fn token_caller(&self, secret: &str) -> Option<Result<Caller, Refused>> {
        let is_own = secret.starts_with(TOKEN_PREFIX);
        if !is_own && !claims::is_like_a_token(secret) {
            return None;
        }
        if secret.len() > MAX_TOKEN {
            return Some(Err(format!("it has more than {MAX_TOKEN} bytes")));
        }
        if is_own {
            return Some(self.holder_of(secret));
        }
        match self.issuer.get() {
            Some(issuer) => Some(issuer.caller(secret, self.now()).await.map(|caller| self.in_groups(caller))),
            // A preset key may look like one.
            None if self.has_key(secret) => None,
            None => Some(Err("no issuer is trusted: name it as [jwt] in the configuration".to_owned())),
        }
    }
}
