//! API keys and roles.

use async_graphql::{Enum, ID, InputObject, MaybeUndefined, SimpleObject};

use super::CouponUserError;
use crate::scalar::DateTime;
use scrip_domain::{access, rejection::Refusal};
use scrip_service::{KeyDraft, KeyEdit};

/// What a key's holder is, which says what they may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "access::Role")]
pub enum Role {
    /// Whoever runs the programme: everything.
    Admin,
    /// Whoever works on it: pools, coupons, customers, exports.
    Manager,
    /// A till, a shop's server: claims, redemptions, checkouts, customers, lookups.
    Service,
    /// Whoever looks at it. Codes are told by their last four characters.
    Viewer,
}

/// An API key. Its secret is told once, when it is made.
#[derive(Debug, Clone, SimpleObject)]
pub struct ApiKey {
    /// Its id.
    pub id: ID,
    /// What people call it; events are recorded by it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// How its secret begins; empty where that is not known.
    pub hint: String,
    /// When it was made.
    pub created_at: DateTime,
    /// From when on it is not good any more; null where it does not end.
    pub expires_at: Option<DateTime>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime>,
}

impl From<access::ApiKey> for ApiKey {
    fn from(key: access::ApiKey) -> Self {
        Self {
            id: ID(key.id),
            name: key.name,
            role: key.role.into(),
            hint: key.hint,
            created_at: DateTime(key.created_at),
            expires_at: key.expires_at.map(DateTime),
            revoked_at: key.revoked_at.map(DateTime),
        }
    }
}

/// A key that is to be made.
#[derive(Debug, Clone, InputObject)]
pub struct ApiKeyCreateInput {
    /// What people call it: up to 128 characters. Events are recorded by it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// From when on it is not good any more.
    pub expires_at: Option<DateTime>,
}

impl ApiKeyCreateInput {
    /// The service's draft.
    pub fn draft(self) -> Result<KeyDraft, Refusal> {
        let name = scrip_domain::id::checked_id(&self.name).map_err(|rejection| rejection.at(["name"]))?;
        let expires_at = self.expires_at.map(|DateTime(end)| end);
        Ok(KeyDraft { name, role: self.role.into(), expires_at, secret: None })
    }
}

/// What changes of a key. A field that is absent stays.
#[derive(Debug, Clone, InputObject)]
pub struct ApiKeyUpdateInput {
    /// Which key.
    pub id: ID,
    /// What people call it.
    pub name: Option<String>,
    /// What its holder may do.
    pub role: Option<Role>,
    /// From when on it is not good any more; null: it does not end. To rotate a key, make another, and let this one end
    /// when all who have it use that.
    pub expires_at: MaybeUndefined<DateTime>,
}

impl ApiKeyUpdateInput {
    /// The service's use case.
    #[must_use]
    pub fn case(self) -> KeyEdit {
        let expires_at = match self.expires_at {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(DateTime(end)) => Some(Some(end.as_millisecond())),
        };
        KeyEdit { id: self.id.0, name: self.name, role: self.role.map(Into::into), expires_at }
    }
}

/// A key that was made.
#[derive(Debug, SimpleObject)]
pub struct ApiKeyCreatePayload {
    /// The key; null where the mutation was refused.
    pub api_key: Option<ApiKey>,
    /// What its holder sends, as `Authorization: Bearer SECRET`. It is told only now.
    pub secret: Option<String>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// A key after a mutation.
#[derive(Debug, SimpleObject)]
pub struct ApiKeyPayload {
    /// The key; null where the mutation was refused.
    pub api_key: Option<ApiKey>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}
