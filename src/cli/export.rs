//! `scrip export`: a pool's coupons to a file or standard output, read from the database itself, with the
//! progress on standard error.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};

use super::{Problem, say};
use crate::{config::Config, http::Parameters};
use scrip_domain::global_id::GlobalIds;
use scrip_graphql::pool_by_any_id;
use scrip_service::{Clock, CouponFilter, Csv, File, Format, JsonLines, Scrip, Session};

/// How often the progress is told.
const TOLD: Duration = Duration::from_millis(500);

/// What is exported, and where to.
#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// The pool's id or externalId.
    pool: String,
    /// The file's format.
    #[arg(long, value_enum, default_value = "csv")]
    format: FileFormat,
    /// Write to this file, which must not exist yet [default: standard output].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only coupons in these statuses, separated by commas, such as CLAIMED,EXPIRED.
    #[arg(long)]
    statuses: Option<String>,
    /// Only coupons whose code begins with this.
    #[arg(long)]
    code_prefix: Option<String>,
    /// Only coupons that this customer holds.
    #[arg(long)]
    customer_id: Option<String>,
    /// Only coupons claimed at or after this instant, such as 2026-05-01T12:00:00Z.
    #[arg(long)]
    claimed_from: Option<String>,
    /// Only coupons claimed before this instant.
    #[arg(long)]
    claimed_to: Option<String>,
    /// Only coupons last redeemed at or after this instant.
    #[arg(long)]
    redeemed_from: Option<String>,
    /// Only coupons last redeemed before this instant.
    #[arg(long)]
    redeemed_to: Option<String>,
    /// Only coupons whose time is over at or after this instant.
    #[arg(long)]
    expires_from: Option<String>,
    /// Only coupons whose time is over before this instant.
    #[arg(long)]
    expires_to: Option<String>,
    /// Begin a CSV file with a byte order mark, by which some spreadsheets know UTF-8.
    #[arg(long)]
    bom: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileFormat {
    /// Comma-separated values, with a header.
    Csv,
    /// A JSON object a line.
    Jsonl,
}

impl ExportArguments {
    /// What is exported; which customer is meant, the ids of the database tell.
    fn filter(&self, ids: Option<&GlobalIds>) -> Result<CouponFilter, Problem> {
        let parameters = Parameters {
            statuses: self.statuses.clone(),
            code_prefix: self.code_prefix.clone(),
            customer_id: self.customer_id.clone().filter(|_| ids.is_some()),
            claimed_from: self.claimed_from.clone(),
            claimed_to: self.claimed_to.clone(),
            redeemed_from: self.redeemed_from.clone(),
            redeemed_to: self.redeemed_to.clone(),
            expires_from: self.expires_from.clone(),
            expires_to: self.expires_to.clone(),
            bom: Some(self.bom),
        };
        if self.bom && matches!(self.format, FileFormat::Jsonl) {
            return Err("--bom is for CSV files alone: leave it out with --format jsonl".into());
        }
        Ok(parameters.check(ids.unwrap_or(&GlobalIds::PLAIN))?)
    }
}

pub(super) async fn run(config: Config, arguments: ExportArguments) -> Result<(), Problem> {
    // What is wrong with it is told before a database is opened for it.
    arguments.filter(None)?;
    let scrip = Scrip::open(&config.database, Clock::System, None).await?;
    let written = write_all(&scrip.operator(), &arguments).await;
    scrip.close().await;
    written
}

async fn write_all(session: &Session, arguments: &ExportArguments) -> Result<(), Problem> {
    let filter = arguments.filter(Some(session.ids()))?;
    let Some(pool) = pool_by_any_id(session, &arguments.pool)? else {
        return Err(format!("no pool is known by the id or externalId {:?}", arguments.pool).into());
    };
    // Made only now, so that a mistake before it leaves nothing behind.
    let mut to: Box<dyn Write> = match &arguments.output {
        Some(path) => {
            let failed = |error| format!("cannot write {}: {error}", path.display());
            Box::new(std::fs::File::create_new(path).map_err(failed)?)
        }
        None => Box::new(std::io::stdout()),
    };
    let written = match arguments.format {
        FileFormat::Csv => {
            let file = File::<Csv>::begin(session, &pool, filter).await?;
            write(file.marked(arguments.bom), &mut to).await
        }
        FileFormat::Jsonl => write(File::<JsonLines>::begin(session, &pool, filter).await?, &mut to).await,
    };
    if let (Err(_), Some(path)) = (&written, &arguments.output) {
        // A part of the coupons must not pass for all of them.
        drop(std::fs::remove_file(path));
    }
    written
}

async fn write<F: Format>(mut file: File<F>, to: &mut impl Write) -> Result<(), Problem> {
    let shows = std::io::stderr().is_terminal();
    let mut told = Instant::now();
    while let Some(bytes) = file.next().await? {
        to.write_all(&bytes)?;
        if shows && told.elapsed() > TOLD {
            told = Instant::now();
            let (done, all) = file.progress();
            eprint_over(&format!("{done} of {all} coupons ({} %)", done * 100 / all.max(1)));
        }
    }
    to.flush()?;
    let (_, all) = file.progress();
    if shows {
        eprint_over("");
    }
    say(&mut std::io::stderr(), &format!("looked at {all} coupons"));
    Ok(())
}

/// Writes over the terminal's last line.
fn eprint_over(text: &str) {
    let mut error = std::io::stderr();
    drop(write!(error, "\r\x1b[2K{text}"));
    drop(error.flush());
}
