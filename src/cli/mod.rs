//! The command line: what is asked for, the configuration it comes with, and texts for people.

mod audit;
mod backup;
mod check;
mod clock;
mod customer;
mod export;
mod gateway;
mod job;
mod key;
mod memory;
mod plugin;
mod progress;
mod restore;
mod salvage;
mod serve;
mod sql;
mod umask;
mod upgrade;

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    config::{BackupLayer, Config, ConfigError, Layer, LogFormat, TlsLayer},
    telemetry,
};
use scrip_domain::causes::with_causes;
use scrip_service::{before_end, last_line};

/// Scrip: coupon pools, gift cards and their whole life over GraphQL, in one binary.
#[derive(Debug, Parser)]
#[command(name = "scrip", version, about)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
struct Settings {
    /// Configuration file (TOML); SCRIP_CONFIG by environment.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address or name to listen on, such as localhost:8080 [default: 127.0.0.1:8080]; SCRIP_LISTEN by environment.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Database, `surrealkv://FOLDER` or `mem://` [default: surrealkv://data/scrip]; SCRIP_DATABASE by environment.
    #[arg(long, global = true, value_name = "ADDRESS")]
    database: Option<String>,
    /// Folder of plugins [default: plugins]; SCRIP_PLUGINS by environment.
    #[arg(long, global = true, value_name = "FOLDER")]
    plugins: Option<String>,
    /// What is logged, such as info or scrip=debug [default: info]; SCRIP_LOG by environment.
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// How it is logged, text or json (an object a line) [default: text]; SCRIP_LOG_FORMAT by environment.
    #[arg(long, global = true, value_name = "TEXT|JSON")]
    log_format: Option<String>,
    /// Origins of other sites whose pages may ask, such as https://shop.example [default: none]; SCRIP_ORIGINS by
    /// environment.
    #[arg(long, global = true, value_name = "ORIGIN,ORIGIN", value_delimiter = ',')]
    origins: Option<Vec<String>>,
    /// Certificate for TLS, with those that lead to its issuer, as PEM [default: plain HTTP]; SCRIP_TLS_CERTIFICATE by
    /// environment.
    #[arg(long, global = true, value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// Key of the certificate, as PEM; SCRIP_TLS_KEY by environment.
    #[arg(long, global = true, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// A proxy in front speaks TLS: plain HTTP is spoken beyond loopback too; SCRIP_BEHIND_PROXY by environment.
    #[arg(long, global = true)]
    behind_proxy: bool,
    /// Proxies in front that tell for whom they ask (X-Forwarded-For), such as 10.1.0.0/16 [default: none];
    /// SCRIP_PROXIES by environment.
    #[arg(long, global = true, value_name = "ADDRESS,ADDRESS", value_delimiter = ',')]
    proxies: Option<Vec<String>>,
    /// The most that an operation may cost [default: 100000]; SCRIP_MAX_COST by environment.
    #[arg(long, global = true, value_name = "NUMBER")]
    max_cost: Option<u64>,
    /// Whether the schema may be asked about, on or off [default: on]; SCRIP_INTROSPECTION by environment.
    #[arg(long, global = true, value_name = "ON|OFF")]
    introspection: Option<String>,
    /// Folder of trusted documents (*.graphql), asked for by their hash; SCRIP_DOCUMENTS by environment.
    #[arg(long, global = true, value_name = "FOLDER")]
    documents: Option<PathBuf>,
    /// Folder that backups are written to while the gateway runs [default: none is taken]; SCRIP_BACKUP_FOLDER by
    /// environment. How often, how many are kept and how fast they are written is set in the file as backup.every,
    /// backup.keep and backup.rate, or by SCRIP_BACKUP_EVERY, SCRIP_BACKUP_KEEP and SCRIP_BACKUP_RATE.
    #[arg(long, global = true, value_name = "FOLDER")]
    backup_folder: Option<PathBuf>,
    /// Accept nothing but trusted documents; SCRIP_DOCUMENTS_ONLY by environment.
    #[arg(long, global = true)]
    documents_only: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the gateway (what happens without a command).
    Serve,
    /// Print the GraphQL schema.
    Schema,
    /// Write a pool's coupons to a file. The gateway has to be stopped: the database belongs to one process.
    Export(Box<export::ExportArguments>),
    /// Import a CSV file of codes into an uploaded pool. It works on a running gateway (--url) or, while it is stopped, on
    /// its folder.
    Import(Box<job::ImportArguments>),
    /// Look after jobs: imports, bulk actions, and what takes them back. It works on a running gateway (--url) or, while it
    /// is stopped, on its folder.
    Job(job::JobArguments),
    /// Write all data as it is at this moment to a file that `scrip restore` reads. It works on a running gateway
    /// (--url) or, while it is stopped, on its folder, which stays as it is.
    Backup(backup::BackupArguments),
    /// Make a new database folder of a backup.
    Restore {
        /// The backup.
        file: PathBuf,
        /// The new folder, which must not exist yet.
        folder: PathBuf,
    },
    /// Check that the database is whole and has all that was told. The gateway has to be stopped; the folder stays as
    /// it is.
    Check {
        /// Check this backup instead: every byte of it.
        backup: Option<PathBuf>,
        /// Of a backup, hold the books against each other too. It is restored beside the file for that, and removed.
        #[arg(long, requires = "backup")]
        books: bool,
    },
    /// Write what is whole of a damaged database into a new folder, and list what is not. The gateway has to be
    /// stopped; the old folder stays as it is.
    Salvage {
        /// The new folder, which must not exist yet.
        new: PathBuf,
    },
    /// Ask the database in SurrealQL, and change nothing. The gateway has to be stopped; what is asked is a copy.
    Sql(sql::SqlArguments),
    /// Write, build, check and test plugins.
    Plugin {
        #[command(subcommand)]
        action: plugin::PluginCommand,
    },
    /// Bring a database of an earlier Scrip over to this one. The original is kept beside it.
    Upgrade,
    /// Look after what time it is for Scrip.
    Clock {
        #[command(subcommand)]
        action: ClockCommand,
    },
    /// Look after the audit of who has changed what. It works on a running gateway (--url) or, while it is stopped, on
    /// its folder or a backup.
    Audit {
        #[command(subcommand)]
        action: audit::AuditCommand,
    },
    /// Write all that is known of a customer, or erase it. It works on a running gateway (--url) or, while it is stopped,
    /// on its folder.
    Customer {
        #[command(subcommand)]
        action: customer::CustomerCommand,
    },
    /// Manage API keys. It works on a running gateway (--url) or, while it is stopped, on its folder.
    Key(key::KeyArguments),
}

#[derive(Debug, Subcommand)]
enum ClockCommand {
    /// Believe what the clock says, although it is far ahead of the last change. The gateway has to be stopped: the
    /// database belongs to one process. What has expired by that clock stays expired.
    Confirm,
}

/// Runs what the command line asks for.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Some(Command::Restore { .. } | Command::Upgrade | Command::Salvage { .. })) {
        memory::give_back_at_once();
    }
    let ended = start(arguments);
    telemetry::flush();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            last_line(&format!("scrip: {}", with_causes(&*error)));
            ExitCode::FAILURE
        }
    }
}

/// Why the program ends early, as one line for a person.
type Problem = Box<dyn std::error::Error + Send + Sync>;

fn start(arguments: Arguments) -> Result<(), Problem> {
    if matches!(arguments.command, Some(Command::Schema)) {
        say(&mut std::io::stdout(), scrip_graphql::definition().trim_end());
        return Ok(());
    }
    if !matches!(arguments.command, Some(Command::Plugin { .. })) {
        umask::keep_files_private();
    }
    let url = match &arguments.command {
        Some(Command::Backup(arguments)) => arguments.url.clone(),
        Some(Command::Customer { action }) => action.url(),
        Some(Command::Audit { action }) => action.url(),
        Some(Command::Import(arguments)) => arguments.url.clone(),
        Some(Command::Job(arguments)) => arguments.url.clone(),
        Some(Command::Key(arguments)) => arguments.url.clone(),
        _ => None,
    };
    let config = configuration(arguments.settings, url)?;
    let log = match &arguments.command {
        // What it makes is new, and thrown away where it fails: what the engine says of it is news to nobody.
        Some(Command::Restore { .. }) => format!("surrealkv=off,surrealdb=off,scrip_storage=warn,{}", config.log),
        _ => config.log.clone(),
    };
    telemetry::start(&log, config.log_format == LogFormat::Json)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    before_end(telemetry::flush);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        outlive_file_limits()?;
        match arguments.command {
            None | Some(Command::Serve | Command::Schema) => serve::run(config).await,
            Some(Command::Plugin { action }) => plugin::run(action).await,
            Some(Command::Backup(arguments)) => backup::run(config, arguments).await,
            Some(Command::Restore { file, folder }) => restore::run(&file, &folder).await,
            Some(Command::Check { backup: None, .. }) => check::run(&config.database).await,
            Some(Command::Check { backup: Some(file), books }) => check::run_on_backup(&file, books).await,
            Some(Command::Salvage { new }) => salvage::run(config, &new).await,
            Some(Command::Sql(arguments)) => sql::run(config, arguments).await,
            Some(Command::Export(arguments)) => export::run(config, *arguments).await,
            Some(Command::Import(arguments)) => job::import(config, *arguments).await,
            Some(Command::Job(arguments)) => job::run(config, arguments).await,
            Some(Command::Upgrade) => upgrade::run(config).await,
            Some(Command::Clock { action: ClockCommand::Confirm }) => clock::confirm(config).await,
            Some(Command::Audit { action }) => audit::run(config, action).await,
            Some(Command::Customer { action }) => customer::run(config, action).await,
            Some(Command::Key(arguments)) => key::run(config, arguments).await,
        }
    })
}

/// Makes a write beyond the limit on the size of files an error, as on a full disk, and not the end of the process. It
/// stays so: what is listened to once never has its default effect again.
fn outlive_file_limits() -> std::io::Result<()> {
    /// The number of SIGXFSZ, which the standard library does not name.
    const FILE_TOO_LARGE: i32 = 25;
    signal(SignalKind::from_raw(FILE_TOO_LARGE)).map(drop)
}

fn configuration(flags: Settings, url: Option<String>) -> Result<Config, ConfigError> {
    let path = flags.config.or_else(|| std::env::var_os("SCRIP_CONFIG").map(PathBuf::from));
    let file = path.map(|path| Layer::file(&path)).transpose()?.unwrap_or_default();
    let mut environment = Layer::environment(
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    )?;
    if flags.database.is_some() {
        // Whoever names a folder on the command line means it.
        environment.url = None;
    }
    let flags = Layer {
        backup: BackupLayer { folder: flags.backup_folder, ..BackupLayer::default() },
        url,
        listen: flags.listen,
        database: flags.database,
        log: flags.log,
        log_format: flags.log_format,
        origins: flags.origins,
        proxies: flags.proxies,
        tls: TlsLayer { certificate: flags.tls_certificate, key: flags.tls_key },
        behind_proxy: flags.behind_proxy.then_some(true),
        max_cost: flags.max_cost,
        introspection: flags.introspection,
        documents: flags.documents,
        documents_only: flags.documents_only.then_some(true),
        plugins: flags.plugins,
        ..Layer::default()
    };
    Config::check(flags.over(environment).over(file))
}

/// So many faults, in words.
fn faults(number: u64) -> String {
    format!("{number} fault{}", if number == 1 { "" } else { "s" })
}

/// Writes a line for a person; a closed pipe is not worth a word.
fn say(to: &mut impl Write, text: &str) {
    drop(writeln!(to, "{text}"));
}
