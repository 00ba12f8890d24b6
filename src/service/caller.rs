//! On whose behalf something is done: who it is, what they may do, and how that is known.

use std::{
    net::IpAddr,
    sync::{Arc, Weak},
};

use super::{Rights, tokens::IssuerKey};
use scrip_domain::{
    access::{KeyBudget, Role},
    group::Groups,
    id::CustomerId,
    period::Instant,
};

/// On whose behalf a command runs.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The API key's id, or that of whom a token is about; idempotency keys are kept for each.
    pub id: String,
    /// What events are recorded by: the API key's name, or the subject of a token.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// What it may do.
    pub rights: Rights,
    /// The groups whose pools it sees, beside those of no group. Others do not exist.
    pub groups: Groups,
    /// The customer that it is, to whom all but what is the customer's own does not exist. None for everybody else.
    pub customer: Option<CustomerId>,
    /// How much it may ask for, where that is its own.
    pub budget: KeyBudget,
    /// How it is known.
    pub proof: Proof,
    /// From where it asks, where that is known.
    pub address: Option<IpAddr>,
    /// The id of the request that it asks with; empty from the command line.
    pub request: Arc<str>,
}

/// How it is known who acts: by what, and so for how long.
#[derive(Debug, Clone)]
pub enum Proof {
    /// It is Scrip itself, or whoever runs its process.
    Own,
    /// An API key, by the hash of its secret.
    Key(Arc<str>),
    /// A token of the retailer's issuer.
    Issued {
        /// When its time is over.
        until: Instant,
        /// What it was signed with, for as long as the issuer has that.
        by: Weak<IssuerKey>,
        /// The names of the groups that it has; none where it is one of the whole programme.
        groups: Option<Arc<[String]>>,
    },
    /// A token that Scrip made for a customer.
    Token {
        /// When its time is over.
        until: Instant,
        /// The hash of the key that had it made; none where a token of the issuer had.
        by: Option<Arc<str>>,
    },
}

impl Caller {
    /// The holder of a key, who may do everything.
    #[must_use]
    pub fn admin(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            role: Role::Admin,
            rights: Rights::ALL,
            groups: Groups::All,
            customer: None,
            budget: KeyBudget::default(),
            proof: Proof::Own,
            address: None,
            request: Arc::default(),
        }
    }

    /// Scrip itself, for what time and operators do.
    #[must_use]
    pub(super) fn scrip() -> Self {
        Self::admin("scrip", "scrip")
    }

    /// What the log calls it: a key by its name, others by what they are, because their names are of people.
    #[must_use]
    pub fn label(&self) -> &str {
        match &self.proof {
            Proof::Own | Proof::Key(_) => &self.name,
            Proof::Issued { .. } => "a token of the issuer",
            Proof::Token { .. } => "a customer token",
        }
    }
}
