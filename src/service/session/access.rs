//! Keys, groups and tokens as an actor has them.

use std::sync::Arc;

use super::{Action, Session};
use crate::{Failure, KeyDraft, NewKey, NewToken, audit};
use scrip_domain::{
    access::ApiKey,
    group::{Groups, UserGroup},
    id::CustomerId,
};

impl Session {
    /// Makes a key.
    pub async fn create_key(&self, draft: KeyDraft) -> Result<NewKey, Failure> {
        self.may_or_note(Action::ManageKeys, "KEY_CREATE", None).await?.create_key(self.actor(), draft).await
    }

    /// Makes a key like the one with this id, which ends after so many minutes.
    pub async fn rotate_key(&self, id: String, minutes: i64) -> Result<NewKey, Failure> {
        let target = Some(audit::key_target(&id));
        let scrip = self.may_or_note(Action::ManageKeys, "KEY_ROTATE", target).await?;
        scrip.rotate_key(self.actor(), id, minutes).await
    }

    /// Makes a token for a customer, good for so many minutes.
    pub async fn create_customer_token(&self, customer: CustomerId, minutes: Option<i64>) -> Result<NewToken, Failure> {
        self.0.may(Action::MakeCustomerTokens)?.make_customer_token(self.actor(), customer, minutes).await
    }

    /// The groups that the actor is in, by their names.
    pub fn groups(&self) -> Result<Vec<Arc<UserGroup>>, Failure> {
        Ok(self.0.may(Action::ReadPools)?.groups_of(&self.0.groups()))
    }

    /// The groups with these ids that the actor is in.
    #[must_use]
    pub fn groups_named(&self, groups: &Groups) -> Vec<Arc<UserGroup>> {
        let (mut found, own) = (self.0.open_to_all().groups_of(groups), self.0.groups());
        found.retain(|group| own.has(group.id));
        found
    }

    /// All keys, by their making.
    pub fn keys(&self) -> Result<Vec<ApiKey>, Failure> {
        Ok(self.0.may(Action::ManageKeys)?.keys())
    }
}
