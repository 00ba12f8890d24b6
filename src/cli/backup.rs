//! `scrip backup`: all data of a running gateway, or of a stopped one's folder, in a file.

use std::path::{Path, PathBuf};

use clap::Args;
use futures_util::StreamExt;

use super::{
    Problem,
    gateway::Gateway,
    progress::{Progress, amount},
    say,
};
use crate::config::{Config, rate};
use scrip_domain::{causes::with_causes, period::instant_of};
use scrip_service::Clock;
use scrip_storage::{Backed, BackupFile, BackupOptions, OpenError, Source};

/// What is backed up, and where to.
#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// The file, which must not exist yet.
    file: PathBuf,
    /// The running gateway, such as http://127.0.0.1:8080; SCRIP_URL by environment. It is asked with the key in
    /// SCRIP_KEY [default: the folder of --database, while the gateway is stopped].
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
    /// How much of the file is written in a second at most, such as 20MB [default: as much as is possible].
    #[arg(long, value_name = "BYTES", value_parser = parse_rate)]
    rate: Option<u64>,
}

fn parse_rate(text: &str) -> Result<u64, String> {
    rate(text).ok_or_else(|| "expected bytes a second such as 20MB".to_owned())
}

pub(super) async fn run(config: Config, arguments: BackupArguments) -> Result<(), Problem> {
    let BackupArguments { file, rate, .. } = arguments;
    let begun = Progress::new();
    let backed = match &config.url {
        Some(url) => of_gateway(url, config.key.as_deref(), &file, rate).await?,
        None => of_folder(&config, &file, rate).await?,
    };
    let amount = amount(backed.rows, Some(backed.bytes), begun.elapsed());
    let last = backed.header.last();
    say(&mut std::io::stderr(), &format!("{} has {amount}; the last is {last}", file.display()));
    Ok(())
}

/// A backup of a stopped gateway's folder.
async fn of_folder(config: &Config, file: &Path, rate: Option<u64>) -> Result<Backed, Problem> {
    // Before the folder is copied: a name that is taken costs nothing.
    drop(BackupFile::create(file)?);
    let source = match Source::open(&config.database).await {
        Ok(source) => source,
        Err(OpenError::InUse { folder }) => {
            let text = format!(
                "database folder {folder} is in use by another process: back up the running gateway with \
                 --url http://ADDRESS:PORT and its key in SCRIP_KEY, or stop it"
            );
            return Err(text.into());
        }
        Err(error) => return Err(error.into()),
    };
    let taken = Clock::System.read().wall;
    let mut progress = Progress::new();
    let backup = source.backup(BackupOptions { taken, rate, ..BackupOptions::default() });
    let written = backup.write_to(file, move |rows, bytes| progress.tell("written", rows, Some(bytes))).await;
    source.close().await;
    Ok(written?)
}

/// A backup that a running gateway sends.
async fn of_gateway(url: &str, key: Option<&str>, file: &Path, rate: Option<u64>) -> Result<Backed, Problem> {
    let gateway = Gateway::new(url, key)?;
    let mut to = BackupFile::create(file)?;
    let asked = rate.map(|rate| format!("?rate={rate}")).unwrap_or_default();
    let response = gateway.get(&format!("/backup{asked}"), "backups").await?;
    let mut progress = Progress::new();
    let (mut parts, mut bytes) = (response.bytes_stream(), 0);
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| {
            format!("{url} did not send all of the backup, and nothing is kept: try again: {}", with_causes(&error))
        })?;
        to.write(&part)?;
        bytes += part.len() as u64;
        progress.tell("written", 0, Some(bytes));
    }
    drop(progress);
    Ok(tokio::task::spawn_blocking(move || to.finish()).await??)
}

/// A time in milliseconds since 1970, for people.
pub(super) fn moment(millis: i64) -> String {
    instant_of(millis).map_or_else(|| format!("{millis} ms since 1970"), |at| at.to_string())
}
