//! The audit: who did what to the configuration, with which outcome.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::Role;
use crate::{
    global_id::{self, GlobalId, GlobalIds},
    scalar::{BigInt, DateTime},
};
use scrip_domain::{audit, group::GroupId, id::PoolId, job::JobId};
use scrip_service::{AuditFilter as Filter, AuditFound};

/// Who did what, from where, when, with which outcome. It tells what was changed, and never to what.
#[derive(Debug, Clone)]
pub struct AuditEntry(pub audit::AuditEntry);

/// Who did what, from where, when, with which outcome. It tells what was changed, and never to what.
#[Object]
impl AuditEntry {
    /// The opaque id.
    pub async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        global_id::id(ctx, &GlobalId::Audit(self.0.number))
    }

    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// Who: what the key was called then; of a token, what it is.
    async fn actor(&self) -> &str {
        &self.0.by.name
    }

    /// The id of the key, or of whom the token was about.
    async fn actor_id(&self) -> ID {
        ID(self.0.by.actor.clone())
    }

    /// The role that it had.
    async fn role(&self) -> Role {
        self.0.by.role.into()
    }

    /// From which address; null from the command line.
    async fn address(&self) -> Option<&str> {
        self.0.by.address.as_deref()
    }

    /// What, such as POOL_UPDATE.
    async fn action(&self) -> &str {
        &self.0.what.action
    }

    /// To what: the id of a pool, a key or a plugin; null where there is only one, or it was a customer.
    async fn target(&self, ctx: &Context<'_>) -> Result<Option<ID>> {
        self.0.what.target.as_deref().map(|target| id_of(ctx, target)).transpose()
    }

    /// DONE, or the code of the refusal.
    async fn outcome(&self) -> &str {
        &self.0.what.outcome
    }

    /// The id of the request, as the answer's x-request-id and the log have it; empty from the command line.
    async fn request(&self) -> &str {
        &self.0.by.request
    }
}

/// A target as the API names it.
fn id_of(ctx: &Context<'_>, target: &str) -> Result<ID> {
    let (kind, rest) = target.split_once(':').unwrap_or(("", target));
    match (kind, rest.parse()) {
        ("pool", Ok(pool)) => global_id::id(ctx, &GlobalId::Pool(PoolId(pool))),
        ("group", Ok(group)) => global_id::id(ctx, &GlobalId::Group(GroupId(group))),
        ("job", _) => match rest.parse() {
            Ok(job) => global_id::id(ctx, &GlobalId::Job(JobId(job))),
            Err(_) => Ok(ID(rest.to_owned())),
        },
        ("key", _) => global_id::id(ctx, &GlobalId::Key(rest.to_owned())),
        _ => Ok(ID(rest.to_owned())),
    }
}

/// Which entries.
#[derive(Debug, Clone, Default, InputObject)]
pub struct AuditFilter {
    /// By this key: its id, or the name that it had.
    pub actor: Option<ID>,
    /// Of these actions.
    pub actions: Option<Vec<String>>,
    /// About this: the id of a pool, a key, a group or a job, or a plugin's.
    pub target: Option<ID>,
    /// With this outcome: DONE, or the code of a refusal.
    pub outcome: Option<String>,
    /// At or after this instant.
    pub from: Option<DateTime>,
    /// Before this instant.
    pub to: Option<DateTime>,
}

impl AuditFilter {
    /// The service's filter.
    #[must_use]
    pub fn check(self, ids: &GlobalIds) -> Filter {
        let target = self.target.map(|target| match ids.decode(&target) {
            Some(GlobalId::Pool(pool)) => format!("pool:{}", pool.0),
            Some(GlobalId::Key(key)) => format!("key:{key}"),
            Some(GlobalId::Group(group)) => format!("group:{}", group.0),
            Some(GlobalId::Job(job)) => format!("job:{}", job.0),
            _ => format!("plugin:{}", target.as_str()),
        });
        Filter {
            actor: self.actor.map(|actor| ids.key(actor.0)),
            actions: self.actions.unwrap_or_default(),
            target,
            outcome: self.outcome,
            from: self.from.map(|DateTime(at)| at),
            to: self.to.map(|DateTime(at)| at),
        }
    }
}

/// Whether the audit is whole.
#[derive(Debug, SimpleObject)]
pub struct AuditVerification {
    /// How many entries there are.
    pub entries: BigInt,
    /// The digest of the last, in hexadecimal. Kept elsewhere, it tells later whether the entries up to it are the same.
    pub digest: String,
    /// What is wrong: entries that were changed, taken out or put in; the first hundred.
    pub faults: Vec<String>,
}

impl From<AuditFound> for AuditVerification {
    fn from(found: AuditFound) -> Self {
        let digest = data_encoding::HEXLOWER.encode(&found.end.digest);
        Self { entries: BigInt(found.entries.to_string()), digest, faults: found.faults }
    }
}
