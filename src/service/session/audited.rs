//! What of a session the audit has: refused attempts, what is done beside the committer, and reading it.

use std::sync::Arc;

use super::{Action, Session};
use crate::{AuditFilter, AuditFound, Command, Failure, Page, PageRequest, Scrip, audit};
use scrip_domain::audit::{Attempted, AuditEntry};
use scrip_plugins::Plugin;

impl Session {
    /// Refuses a command, which the audit notes where it would note the change.
    pub(super) async fn refuse<T>(&self, command: Command, refused: Failure) -> Result<T, Failure> {
        if let Some((action, target)) = audit::noted(&command) {
            self.0.open_to_all().note_attempt(self.actor(), action, target, &refused).await;
        }
        Err(refused)
    }

    /// What is behind the door for an action of which the audit notes that it was refused.
    pub(super) async fn may_or_note(
        &self,
        action: Action,
        what: &str,
        target: Option<String>,
    ) -> Result<&Arc<Scrip>, Failure> {
        match self.0.may(action) {
            Ok(scrip) => Ok(scrip),
            Err(refused) => {
                self.0.open_to_all().note_attempt(self.actor(), what, target, &refused).await;
                Err(refused)
            }
        }
    }

    /// Has a plugin's files loaded again; none where there is no such plugin.
    pub async fn reload_plugin(&self, id: &str) -> Result<Option<Arc<Plugin>>, Failure> {
        // Whatever somebody sent as an id is no longer than one.
        let target: String = id.chars().filter(|sign| !sign.is_control()).take(64).collect();
        let target = Some(format!("plugin:{target}"));
        let scrip = self.may_or_note(Action::ManagePlugins, "PLUGIN_RELOAD", target.clone()).await?;
        let loaded = match &scrip.plugins {
            Some(plugins) => plugins.reload(id).await,
            None => None,
        };
        let outcome = match &loaded {
            Some(plugin) if plugin.problem().is_none() => audit::DONE,
            Some(_) => "VALUE_INVALID",
            None => "NOT_FOUND",
        };
        let what = Attempted { action: "PLUGIN_RELOAD".to_owned(), target, outcome: outcome.to_owned() };
        scrip.put_in_audit(self.actor(), what).await;
        Ok(loaded)
    }

    /// A page of the audit, the newest entry first.
    pub async fn audit_log(
        &self,
        filter: &AuditFilter,
        page: &PageRequest<u64>,
    ) -> Result<Page<AuditEntry, u64>, Failure> {
        self.0.may(Action::ReadAudit)?.audit_log(filter, page).await
    }

    /// The entry of the audit with this number.
    pub async fn audit_entry(&self, number: u64) -> Result<Option<AuditEntry>, Failure> {
        self.0.may(Action::ReadAudit)?.audit_entry(number).await
    }

    /// Looks whether an entry of the audit was changed, taken out or put in.
    pub async fn verify_audit(&self) -> Result<AuditFound, Failure> {
        self.0.may(Action::ReadAudit)?.verify_audit().await
    }
}
