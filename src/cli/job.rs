//! `scrip import` and `scrip job`: on a running gateway over its API, or on a stopped one's folder, where the job is then
//! worked on until it ends.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::{Problem, gateway::Gateway, progress::Bar, say};
use crate::config::Config;
use scrip_domain::{
    global_id::GlobalId,
    job::{Field, Job, JobOutcome},
    period::instant_text,
};
use scrip_graphql::{job_id, pool_by_any_id};
use scrip_service::{Clock, ColumnRef, ImportDraft, JobFilter, MappingDraft, OnDuplicate, PageRequest, Scrip, Session};

/// How often a job is looked at.
const AGAIN: Duration = Duration::from_millis(250);
/// How much of a file is sent or written at once.
const PART: usize = 1024 * 1024;
/// How many jobs and refusals are listed.
const LISTED: usize = 50;
/// What is asked of a job.
const JOB: &str = "id kind status outcome dryRun startedBy total done skipped refused perSecond createdAt finishedAt error \
                   sample { line code reason { code message } }";

/// A file that is imported, and how.
#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// The CSV file.
    file: PathBuf,
    /// The pool's id or externalId; leave it out where a column names it.
    #[arg(long)]
    pool: Option<String>,
    /// Which column is what, such as code=Voucher or customer=3 (a name in the header, or a position from 1).
    #[arg(long = "column", value_name = "FIELD=NAME|POSITION", value_parser = parse_column)]
    columns: Vec<(String, String)>,
    /// Whether the first row names the columns [default: as it is found to be].
    #[arg(long)]
    header: Option<bool>,
    /// What parts the cells: comma, semicolon or tab [default: as it is found to be].
    #[arg(long)]
    delimiter: Option<String>,
    /// What the text is in: UTF-8, UTF-16LE, UTF-16BE or Windows-1252 [default: as it is found to be].
    #[arg(long)]
    encoding: Option<String>,
    /// Give coupons that exist already and nobody has claimed the value and the end of their rows.
    #[arg(long)]
    update: bool,
    /// Change nothing, and tell what would come of it.
    #[arg(long)]
    dry_run: bool,
    /// The running gateway, such as http://127.0.0.1:8080; SCRIP_URL by environment. It is asked with the key in
    /// SCRIP_KEY [default: the folder of --database, while the gateway is stopped].
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
}

/// What is done with jobs.
#[derive(Debug, Args)]
pub(super) struct JobArguments {
    #[command(subcommand)]
    action: JobCommand,
    /// The running gateway, such as http://127.0.0.1:8080; SCRIP_URL by environment. It is asked with the key in
    /// SCRIP_KEY [default: the folder of --database, while the gateway is stopped].
    #[arg(long, global = true, value_name = "URL")]
    pub(super) url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum JobCommand {
    /// List the latest jobs.
    List,
    /// Show a job, and what it refused first.
    Show {
        /// Its id.
        id: String,
    },
    /// Stop a job. What it has done stays.
    Cancel {
        /// Its id.
        id: String,
        /// Also where it leaves something half taken back.
        #[arg(long)]
        force: bool,
    },
    /// Take back what a job has done, where the coupons have not changed since.
    Undo {
        /// Its id.
        id: String,
        /// Change nothing, and tell what would come of it.
        #[arg(long)]
        dry_run: bool,
    },
}

fn parse_column(text: &str) -> Result<(String, String), String> {
    let expected = || "expected FIELD=NAME or FIELD=POSITION, such as code=Voucher".to_owned();
    let (field, column) = text.split_once('=').ok_or_else(expected)?;
    if Field::named(field).is_none() {
        return Err(format!("{field:?} is none of {}", Field::ALL.map(Field::name).join(", ")));
    }
    Ok((field.to_owned(), column.to_owned()))
}

pub(super) async fn import(config: Config, arguments: ImportArguments) -> Result<(), Problem> {
    let file = tokio::fs::File::open(&arguments.file).await;
    let file = file.map_err(|error| format!("cannot read {}: {error}", arguments.file.display()))?;
    match &config.url {
        Some(url) => {
            let gateway = Gateway::new(url, config.key.as_deref())?;
            let uploaded = gateway.upload(file).await?;
            let input = input_of(&arguments, uploaded["id"].as_str().unwrap_or_default(), &gateway).await?;
            let asked = format!(
                "mutation($input: ImportStartInput!) {{ importStart(input: $input) {{ job {{ {JOB} }} userErrors {{ message }} }} }}"
            );
            let job = started(gateway.data(&asked, json!({ "input": input })).await?, "importStart")?;
            followed(&gateway, job).await
        }
        None => {
            let scrip = Scrip::open(&config.database, Clock::System, None).await?;
            scrip.limit_jobs(config.jobs.at_once, config.jobs.upload_limit);
            let done = import_here(&scrip.operator(), &arguments, file).await;
            scrip.close().await;
            done
        }
    }
}

async fn import_here(session: &Session, arguments: &ImportArguments, mut file: tokio::fs::File) -> Result<(), Problem> {
    let pool = match &arguments.pool {
        Some(pool) => Some(pool_by_any_id(session, pool)?.ok_or_else(|| unknown_pool(pool))?.id),
        None => None,
    };
    let mut upload = session.upload(None).await?;
    loop {
        let mut part = Vec::with_capacity(PART);
        if (&mut file).take(PART as u64).read_to_end(&mut part).await? == 0 {
            break;
        }
        upload.write(part).await?;
    }
    let upload = upload.finish().await?.id;
    let column = |(field, name): &(String, String)| {
        let column = name.parse().map_or_else(|_| ColumnRef::Name(name.clone()), ColumnRef::Place);
        Some((Field::named(field)?, column))
    };
    let columns: Vec<_> = arguments.columns.iter().filter_map(column).collect();
    let draft = ImportDraft {
        upload,
        pool,
        mapping: MappingDraft {
            columns: Some(columns).filter(|columns| !columns.is_empty()),
            header: arguments.header,
            delimiter: arguments.delimiter.clone(),
            encoding: arguments.encoding.clone(),
        },
        on_duplicate: if arguments.update { OnDuplicate::UpdateUnassigned } else { OnDuplicate::Skip },
        dry_run: arguments.dry_run,
    };
    let job = session.start_import(None, draft).await?;
    watch_here(session, job).await
}

fn unknown_pool(pool: &str) -> String {
    format!("no pool is known by the id or externalId {pool:?}")
}

/// Shows how a job of this process goes on until it has ended.
async fn watch_here(session: &Session, job: Job) -> Result<(), Problem> {
    let mut bar = Bar::new();
    let mut followed = session.follow_job(job.id)?;
    let mut last = job;
    while let Some(job) = followed.next().await? {
        bar.tell(job.counters.total(), job.total);
        last = job;
    }
    drop(bar);
    ended(&told_here(session, &last).await?)
}

/// A job as the API tells it.
async fn told_here(session: &Session, job: &Job) -> Result<Value, Problem> {
    let request = PageRequest { limit: 10, after: None, before: None, from_end: false };
    let page = session.job_refusals(job, &request).await?;
    let refusal = |refusal: &scrip_service::JobRefusal| {
        let reason =
            json!({ "code": scrip_graphql::code_text(refusal.reason.code), "message": refusal.reason.message });
        json!({ "line": refusal.line, "code": refusal.code, "reason": reason })
    };
    let outcome = job.outcome().map(JobOutcome::name);
    Ok(json!({
        "id": session.ids().encode(&GlobalId::Job(job.id)),
        "kind": job.kind.name(),
        "status": job.status.name(),
        "outcome": outcome,
        "dryRun": job.dry_run,
        "startedBy": job.started_by,
        "total": job.total.map(|number| number.to_string()),
        "done": job.counters.done.to_string(),
        "skipped": job.counters.skipped.to_string(),
        "refused": job.counters.refused.to_string(),
        "perSecond": job.per_second(session.now()),
        "createdAt": instant_text(job.created_at),
        "finishedAt": job.finished_at.map(instant_text),
        "error": job.error,
        "sample": page.items.iter().map(|(_, one)| refusal(one)).collect::<Vec<_>>(),
    }))
}

pub(super) async fn run(config: Config, arguments: JobArguments) -> Result<(), Problem> {
    match &config.url {
        Some(url) => on_gateway(&Gateway::new(url, config.key.as_deref())?, arguments.action).await,
        None => {
            let scrip = Scrip::open(&config.database, Clock::System, None).await?;
            let done = on_folder(&scrip.operator(), arguments.action).await;
            scrip.close().await;
            done
        }
    }
}

async fn on_gateway(gateway: &Gateway<'_>, command: JobCommand) -> Result<(), Problem> {
    match command {
        JobCommand::List => {
            let asked = format!("{{ jobs(first: {LISTED}) {{ edges {{ node {{ {JOB} }} }} }} }}");
            let found = gateway.data(&asked, json!({})).await?;
            for edge in found["jobs"]["edges"].as_array().into_iter().flatten() {
                say(&mut std::io::stdout(), &line(&edge["node"]));
            }
            Ok(())
        }
        JobCommand::Show { id } => {
            let job = read(gateway, &id).await?;
            show(&job);
            Ok(())
        }
        JobCommand::Cancel { id, force } => {
            let asked = format!(
                "mutation($id: ID!, $force: Boolean) {{ jobCancel(id: $id, force: $force) {{ job {{ {JOB} }} userErrors {{ message }} }} }}"
            );
            let job = started(gateway.data(&asked, json!({ "id": id, "force": force })).await?, "jobCancel")?;
            show(&job);
            Ok(())
        }
        JobCommand::Undo { id, dry_run } => {
            let asked = format!(
                "mutation($id: ID!, $dryRun: Boolean) {{ jobUndo(id: $id, dryRun: $dryRun) {{ job {{ {JOB} }} userErrors {{ message }} }} }}"
            );
            let job = started(gateway.data(&asked, json!({ "id": id, "dryRun": dry_run })).await?, "jobUndo")?;
            followed(gateway, job).await
        }
    }
}

async fn on_folder(session: &Session, command: JobCommand) -> Result<(), Problem> {
    let numbered = |id: &str| job_id(session.ids(), id).map_err(|rejection| rejection.to_string());
    match command {
        JobCommand::List => {
            let request = PageRequest { limit: LISTED, after: None, before: None, from_end: false };
            for (_, job) in session.jobs(&JobFilter::default(), &request).await?.items {
                say(&mut std::io::stdout(), &line(&told_here(session, &job).await?));
            }
            Ok(())
        }
        JobCommand::Show { id } => {
            let job = session.job(numbered(&id)?).await?.ok_or("no job is known by this id")?;
            show(&told_here(session, &job).await?);
            Ok(())
        }
        JobCommand::Cancel { id, force } => {
            let job = session.cancel_job(numbered(&id)?, force).await?;
            show(&told_here(session, &job).await?);
            Ok(())
        }
        JobCommand::Undo { id, dry_run } => {
            let job = session.undo_job(numbered(&id)?, dry_run).await?;
            watch_here(session, job).await
        }
    }
}

async fn read(gateway: &Gateway<'_>, id: &str) -> Result<Value, Problem> {
    let asked = format!("query($id: ID!) {{ node(id: $id) {{ ... on Job {{ {JOB} }} }} }}");
    let found = gateway.data(&asked, json!({ "id": id })).await?["node"].take();
    if found["id"].is_null() { Err("no job is known by this id".into()) } else { Ok(found) }
}

/// The job of a payload, or why there is none.
fn started(mut data: Value, mutation: &str) -> Result<Value, Problem> {
    let payload = data[mutation].take();
    match payload["userErrors"].as_array().filter(|errors| !errors.is_empty()) {
        Some(errors) => {
            let texts: Vec<&str> = errors.iter().filter_map(|error| error["message"].as_str()).collect();
            Err(texts.join("; ").into())
        }
        None => Ok(payload["job"].clone()),
    }
}

/// Shows how a gateway's job goes on until it has ended.
async fn followed(gateway: &Gateway<'_>, mut job: Value) -> Result<(), Problem> {
    let number = |value: &Value| value.as_str().and_then(|text| text.parse::<u64>().ok());
    let mut bar = Bar::new();
    let id = job["id"].as_str().unwrap_or_default().to_owned();
    while job["finishedAt"].is_null() {
        let counted = ["done", "skipped", "refused"].map(|name| number(&job[name]).unwrap_or_default());
        bar.tell(counted.iter().sum(), number(&job["total"]));
        tokio::time::sleep(AGAIN).await;
        job = read(gateway, &id).await?;
    }
    drop(bar);
    ended(&job)
}

/// Shows a job that has ended; fails where it did.
fn ended(job: &Value) -> Result<(), Problem> {
    show(job);
    match job["status"].as_str() {
        Some("FAILED") => Err(job["error"].as_str().unwrap_or("it could not go on").into()),
        _ => Ok(()),
    }
}

/// A job in a line.
fn line(job: &Value) -> String {
    let text = |name: &str| job[name].as_str().unwrap_or("-").to_owned();
    let tried = if job["dryRun"] == json!(true) { " (tried)" } else { "" };
    format!(
        "{}  {}{tried}  {}  {}  {} done, {} skipped, {} refused of {}  by {}",
        text("id"),
        text("kind"),
        text("status"),
        text("createdAt"),
        text("done"),
        text("skipped"),
        text("refused"),
        text("total"),
        text("startedBy"),
    )
}

fn show(job: &Value) {
    let mut out = std::io::stdout();
    say(&mut out, &line(job));
    if let Some(rate) = job["perSecond"].as_f64() {
        say(
            &mut out,
            &format!("{rate:.0} rows a second; it came to {}", job["outcome"].as_str().unwrap_or("nothing yet")),
        );
    }
    if let Some(error) = job["error"].as_str() {
        say(&mut out, error);
    }
    for refusal in job["sample"].as_array().into_iter().flatten() {
        let (line, code) = (&refusal["line"], refusal["code"].as_str().unwrap_or("-"));
        say(&mut out, &format!("line {line}, {code}: {}", refusal["reason"]["message"].as_str().unwrap_or_default()));
    }
}

/// What is asked of a gateway.
async fn input_of(arguments: &ImportArguments, upload: &str, gateway: &Gateway<'_>) -> Result<Value, Problem> {
    let column = |(field, name): &(String, String)| {
        let field = Field::named(field).map(|field| field.name().to_uppercase());
        match name.parse::<i32>() {
            Ok(position) => json!({ "field": field, "position": position }),
            Err(_) => json!({ "field": field, "name": name }),
        }
    };
    let columns: Vec<Value> = arguments.columns.iter().map(column).collect();
    let mut input = json!({ "uploadId": upload, "dryRun": arguments.dry_run });
    let fields = [
        (
            "poolId",
            json!(match &arguments.pool {
                Some(pool) => Some(gateway.pool(pool).await?),
                None => None,
            }),
        ),
        ("columns", if columns.is_empty() { Value::Null } else { json!(columns) }),
        ("header", json!(arguments.header)),
        ("delimiter", json!(arguments.delimiter)),
        ("encoding", json!(arguments.encoding)),
        ("onDuplicate", json!(if arguments.update { "UPDATE_UNASSIGNED" } else { "SKIP" })),
    ];
    for (name, value) in fields {
        input[name] = value;
    }
    Ok(input)
}
