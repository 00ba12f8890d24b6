//! Jobs whose process is killed in a row with SIGKILL, while it imports, acts on many coupons, updates them, and takes
//! that back. What is
//! there in the end is what there is without kills: the reports, the coupons and the events.

use std::{path::Path, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng};
use scrip::{
    domain::{
        event::EventType,
        id::{CouponId, PoolId},
        job::{Counters, Job, JobId, JobKind, JobStatus},
        status::Status,
        update::Scope,
    },
    service::{
        Apply, BulkAction, BulkDraft, Claim, CouponFilter, ImportDraft, JobFilter, MappingDraft, OnDuplicate,
        PageRequest, PoolEdit, PoolUpdate, Session,
    },
};

use super::number;
use crate::support::{
    Client, audit,
    audit::all,
    customer, draft, new_folder, open,
    process::{TestChild, kill, tell},
};

const TEST: &str = "kill::jobs::job_victim";
/// The folder of the database, and the upload.
const FOLDER: &str = "SCRIP_JOB_VICTIM";
const UPLOAD: &str = "SCRIP_JOB_UPLOAD";
const POOL: PoolId = PoolId(1);
/// How many rows the file has, of which every tenth is claimed for a customer and every thousandth is wrong.
const ROWS: usize = 20_000;
/// How many kills there are, unless more are asked for.
const KILLS: u64 = 20;
/// How long a process works at most until it is killed.
const LONGEST: u64 = 500;

/// What is left in the end.
#[derive(Debug, PartialEq)]
struct Left {
    jobs: Vec<(JobKind, JobStatus, Counters, Option<u64>)>,
    refusals: Vec<(Option<u64>, Option<String>, Vec<String>)>,
    coupons: Vec<(CouponId, String, Status, u64)>,
    events: Vec<(EventType, CouponId, Status, Status)>,
}

#[test]
fn jobs_go_on_where_a_kill_has_left_them() {
    let seed = number("SCRIP_KILL_SEED").unwrap_or(7);
    let kills = number("SCRIP_KILL_ROUNDS").unwrap_or(KILLS);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (plain, killed) = (new_folder(), new_folder());
    let expected = runtime.block_on(async {
        let upload = prepare(plain.path()).await;
        let app = open(plain.path()).await.expect("a database");
        work(&app, &upload).await;
        left(app).await
    });
    let upload = runtime.block_on(prepare(killed.path()));
    let folder = killed.path().to_str().expect("text");
    let variables = [(FOLDER, folder), (UPLOAD, upload.as_str())];
    let mut random = StdRng::seed_from_u64(seed);
    let mut done = 0;
    while done < kills {
        let mut child = TestChild::start(TEST, &variables);
        assert_eq!(child.line().as_deref(), Some("opened"));
        let time = Duration::from_millis(random.random_range(0..LONGEST));
        if child.line_within(time).is_some() {
            // It has done all of it.
            break;
        }
        kill(child.id());
        child.wait();
        done += 1;
    }
    println!("SCRIP_KILL_SEED={seed}: {done} kills");
    let mut child = TestChild::start(TEST, &variables);
    assert_eq!(child.line().as_deref(), Some("opened"));
    assert_eq!(child.line().as_deref(), Some("done"));
    child.finish();
    let found = runtime.block_on(async { left(open(killed.path()).await.expect("a database")).await });
    assert!(found == expected, "after {done} kills: {:?}\nwithout: {:?}", found.jobs, expected.jobs);
}

#[test]
fn job_victim() {
    let (Ok(folder), Ok(upload)) = (std::env::var(FOLDER), std::env::var(UPLOAD)) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let app = open(Path::new(&folder)).await.expect("the database opens after a kill");
        tell("opened");
        work(&app, &upload).await;
        tell("done");
        app.close().await;
    });
}

/// Makes a pool, some coupons that are claimed, and uploads the file; its id.
async fn prepare(folder: &Path) -> String {
    let app = open(folder).await.expect("a database");
    assert_eq!(app.stocked(draft::percentage(), 50).await, POOL);
    for number in 0..50 {
        app.change(Claim::of(POOL, customer(&format!("first-{number}")))).await.expect("a coupon");
    }
    let mut text = String::from("code,customer\n");
    for row in 0..ROWS {
        let customer = if row % 10 == 0 { format!("c-{row}") } else { String::new() };
        let code = if row % 1_000 == 999 { "bad\u{7}".to_owned() } else { format!("K-{row:06}") };
        text.push_str(&format!("{code},{customer}\n"));
    }
    let mut upload = app.upload(None).await.expect("an upload");
    upload.write(text.into_bytes()).await.expect("written");
    let id = upload.finish().await.expect("a file").id;
    app.close().await;
    id
}

/// Starts each job once, and waits for its end.
async fn work(app: &Client, upload: &str) {
    let mapping = MappingDraft::default();
    let draft = ImportDraft {
        upload: upload.to_owned(),
        pool: Some(POOL),
        mapping,
        on_duplicate: OnDuplicate::Skip,
        dry_run: false,
    };
    let started = async |kind| jobs(app).await.into_iter().find(|job| job.kind == kind);
    let import = match started(JobKind::Import).await {
        Some(job) => job,
        None => app.start_import(Some("import".to_owned()), draft).await.expect("a job"),
    };
    app.job_ended(import.id).await;
    let bulk = BulkDraft {
        action: BulkAction::Invalidate,
        coupons: None,
        codes: None,
        filter: Some(CouponFilter::default()),
        customers: None,
        upload: None,
        pool: Some(POOL),
        to: None,
        reason: Some("recalled".to_owned()),
        dry_run: false,
    };
    let bulk = match started(JobKind::Bulk).await {
        Some(job) => job,
        None => app.start_bulk(Some("bulk".to_owned()), bulk).await.expect("a job"),
    };
    app.job_ended(bulk.id).await;
    let undo = async |of: JobId| {
        let before = jobs(app).await.into_iter().find(|job| job.undoes == Some(of));
        let job = match before {
            Some(job) => job,
            None => app.undo_job(of, false).await.expect("a job"),
        };
        app.job_ended(job.id).await;
    };
    undo(bulk.id).await;
    let update = match started(JobKind::PoolUpdate).await {
        Some(job) => job,
        None => {
            let apply = Some(Apply { scope: Scope::All, matching: false });
            let edit = PoolEdit { value: Some(Some("20".to_owned())), apply, ..PoolEdit::default() };
            let edited = app.change(PoolUpdate { pool: POOL, edit: Box::new(edit) }).await.expect("an edit");
            *edited.job.expect("a job")
        }
    };
    app.job_ended(update.id).await;
    undo(update.id).await;
}

async fn jobs(app: &Session) -> Vec<Job> {
    let request = PageRequest { limit: 100, after: None, before: None, from_end: false };
    let page = app.jobs(&JobFilter::default(), &request).await.expect("an answer");
    page.items.into_iter().rev().map(|(_, job)| job).collect()
}

/// What there is, after its books were audited.
async fn left(app: Client) -> Left {
    let jobs = jobs(&app).await;
    let mut refusals = Vec::new();
    for job in &jobs {
        let found = all(async |page| app.job_refusals(job, &page).await).await;
        refusals.extend(found.into_iter().map(|one| (one.line, one.code, one.cells)));
    }
    let books = audit::audit(&app).await;
    let left = Left {
        jobs: jobs.iter().map(|job| (job.kind, job.status, job.counters, job.total)).collect(),
        refusals,
        coupons: books.coupons.values().map(|one| (one.id, one.code.clone(), one.status, one.version)).collect(),
        events: books
            .events
            .iter()
            .map(|event| (event.change.kind, event.coupon, event.change.before, event.change.after))
            .collect(),
    };
    app.close().await;
    left
}
