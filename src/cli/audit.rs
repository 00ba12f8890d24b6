//! `scrip audit verify`: whether an entry of the audit was changed, taken out or put in; of a running gateway, of a stopped
//! one's folder, or of a backup.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Problem, faults, gateway::Gateway, key::check_folder, restore, say};
use crate::config::Config;
use scrip_service::{AuditFound, Clock, Scrip};
use scrip_storage::Address;

/// What is done with the audit.
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Look whether the audit is whole, and tell the digest of its last entry. Kept elsewhere, that tells later whether
    /// the entries up to it are still the same.
    Verify {
        /// A backup, which is restored beside the file for this, and removed [default: the database].
        backup: Option<PathBuf>,
        /// The running gateway, such as http://127.0.0.1:8080; SCRIP_URL by environment. It is asked with the key in
        /// SCRIP_KEY [default: the folder of --database, while the gateway is stopped].
        #[arg(long, value_name = "URL", conflicts_with = "backup")]
        url: Option<String>,
    },
}

impl AuditCommand {
    /// The gateway that is named.
    pub(super) fn url(&self) -> Option<String> {
        let Self::Verify { url, .. } = self;
        url.clone()
    }
}

pub(super) async fn run(config: Config, AuditCommand::Verify { backup, .. }: AuditCommand) -> Result<(), Problem> {
    if let Some(backup) = backup {
        return restore::beside(&backup, ".auditing").await?.with(of_database).await;
    }
    if let Some(url) = &config.url {
        return of_gateway(&Gateway::new(url, config.key.as_deref())?).await;
    }
    check_folder(&config)?;
    of_database(&config.database).await
}

async fn of_database(address: &Address) -> Result<(), Problem> {
    let scrip = Scrip::open(address, Clock::System, None).await?;
    let found = scrip.operator().verify_audit().await;
    scrip.close().await;
    let AuditFound { entries, end, faults } = found?;
    tell(entries, &data_encoding::HEXLOWER.encode(&end.digest), &faults)
}

async fn of_gateway(gateway: &Gateway<'_>) -> Result<(), Problem> {
    let document = "{ auditVerification { entries digest faults } }";
    let found = gateway.ask("auditVerification", document, json!({})).await?;
    let list = found["faults"].as_array().map(Vec::as_slice).unwrap_or_default();
    let faults: Vec<String> = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let entries = found["entries"].as_str().and_then(|number| number.parse().ok()).unwrap_or_default();
    tell(entries, found["digest"].as_str().unwrap_or_default(), &faults)
}

fn tell(entries: u64, digest: &str, found: &[String]) -> Result<(), Problem> {
    for fault in found {
        say(&mut std::io::stdout(), fault);
    }
    say(&mut std::io::stdout(), &format!("{entries} entries; the digest of the last is {digest}"));
    if found.is_empty() {
        say(&mut std::io::stdout(), "the audit is whole");
        return Ok(());
    }
    Err(format!("the audit has {}", faults(found.len() as u64)).into())
}
