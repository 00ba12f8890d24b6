//! What jobs cost, and what claims notice of them: `cargo bench --profile dev --bench jobs` (`-- --quick` with a tenth,
//! `-- import`, `-- beside`, `-- bulk` or `-- over` for a part, a number for so many coupons). An import of a million
//! codes, the same file again, what is only tried, claims beside an import, one action with many coupons that were
//! touched, new terms for them, taking both back, a file of them, and all of them over at the same instant, where nobody
//! asks for anything and beside claims.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nothing better to do than end")]

#[expect(dead_code, reason = "what the benchmarks share is more than this one needs")]
mod support;

use std::{
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use jiff::SignedDuration;
use scrip::{
    domain::{
        id::PoolId,
        job::{Job, JobStatus},
        source::Source,
        status::Status,
        terms::CouponType,
        update::Scope,
    },
    service::{
        Apply, BulkAction, BulkDraft, Claim, CouponFilter, CouponsGenerate, ExportFormat, ExportPlan, ImportDraft,
        MappingDraft, OnDuplicate, PoolEdit, PoolUpdate, RestrictionsEdit, Session,
    },
    storage::Address,
};
use tokio::task::JoinSet;

use support::{Bench, customer, draft, histogram, kilobytes, nanos, row};

/// How many codes a file has, and how many coupons a bulk action is for.
const CODES: usize = 1_000_000;
const COUPONS: u64 = 200_000;
/// How many claim at once beside an import.
const CLAIMS: usize = 16;

#[tokio::main]
async fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (codes, coupons) = if quick { (CODES / 10, COUPONS / 10) } else { (CODES, COUPONS) };
    let coupons = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(coupons);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let address = Address::parse(&format!("surrealkv://{}", folder.path().join("data").display())).expect("an address");
    let bench = Bench::open(&address, Duration::from_secs(3)).await;
    let wanted = |part: &str| {
        let named = std::env::args().skip(1).filter(|argument| argument.starts_with(char::is_alphabetic));
        let mut named = named.peekable();
        named.peek().is_none() || named.any(|name| name == part)
    };
    if wanted("import") {
        imports(&bench, codes).await;
    }
    if wanted("beside") {
        beside(&bench, codes).await;
    }
    if wanted("bulk") {
        let pool = bulk(&bench, coupons).await;
        update(&bench, pool).await;
        export(&bench, pool).await;
    }
    if wanted("over") {
        over(&bench, coupons, false).await;
        over(&bench, coupons, true).await;
    }
    bench.scrip.begin_stop();
}

/// An import, first tried, then done, then done again.
async fn imports(bench: &Bench, codes: usize) {
    let pool = bench.make(draft("Imported", Source::Uploaded)).await;
    let file = upload(&bench.session, codes, "").await;
    let idle = kilobytes();
    for (what, dry_run) in [("tried first", true), ("imported", false), ("the same again", false)] {
        let (job, seconds, peak) = imported(&bench.session, pool, &file, dry_run).await;
        told(what, &job, seconds, peak.saturating_sub(idle));
    }
}

/// Uploads a file of so many codes that begin so.
async fn upload(session: &Session, codes: usize, start: &str) -> String {
    let mut upload = session.upload(None).await.expect("an upload");
    let mut text = String::from("code\n");
    for number in 0..codes {
        writeln!(text, "{start}C{number:08}").expect("a text takes all");
        if text.len() > 1 << 20 {
            upload.write(std::mem::take(&mut text).into_bytes()).await.expect("written");
        }
    }
    upload.write(text.into_bytes()).await.expect("written");
    upload.finish().await.expect("a file").id
}

fn import(pool: PoolId, upload: &str, dry_run: bool) -> ImportDraft {
    let (upload, mapping) = (upload.to_owned(), MappingDraft::default());
    ImportDraft { upload, pool: Some(pool), mapping, on_duplicate: OnDuplicate::Skip, dry_run }
}

/// Imports a file: the job, how long it took, and the most memory meanwhile.
async fn imported(session: &Session, pool: PoolId, file: &str, dry_run: bool) -> (Job, f64, u64) {
    let begun = Instant::now();
    let job = session.start_import(None, import(pool, file, dry_run)).await.expect("a job");
    let (job, peak) = ended(session, job).await;
    (job, begun.elapsed().as_secs_f64(), peak)
}

/// A job after it has ended, and the most memory until then, in KiB.
async fn ended(session: &Session, job: Job) -> (Job, u64) {
    let (mut last, mut peak) = (job, 0);
    let mut followed = session.follow_job(last.id).expect("an answer");
    while let Some(job) = followed.next().await.expect("an answer") {
        peak = peak.max(kilobytes());
        last = job;
    }
    assert_eq!(last.status, JobStatus::Succeeded, "{last:?}");
    (last, peak)
}

fn told(what: &str, job: &Job, seconds: f64, kilobytes: u64) {
    let counted = job.counters;
    println!(
        "{what:<24} {:>8} done {:>8} skipped {:>3} refused in {seconds:>6.1} s, {:>7.0} /s, {} MiB above idle",
        counted.done,
        counted.skipped,
        counted.refused,
        counted.total() as f64 / seconds,
        kilobytes >> 10,
    );
}

fn told_claims(what: &str, times: &Histogram<u64>, seconds: f64) {
    let millis = |quantile| times.value_at_quantile(quantile) as f64 / 1e6;
    let (half, most) = (millis(0.5), millis(0.99));
    row(what, &format!("{:.0} /s, p50 {half:.1} ms, p99 {most:.1} ms", times.len() as f64 / seconds));
}

/// Claims of a pool, by sixteen who go on until they are told to end.
struct Claims {
    begun: Instant,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Histogram<u64>>,
}

impl Claims {
    fn begin(bench: &Bench, pool: PoolId) -> Self {
        let (stop, mut tasks) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
        for _ in 0..CLAIMS {
            let (session, stop, count) = (bench.session.clone(), Arc::clone(&stop), Arc::clone(&bench.count));
            tasks.spawn(async move {
                let mut times = histogram();
                while !stop.load(Relaxed) {
                    let number = count.fetch_add(1, Relaxed);
                    let begun = Instant::now();
                    let claim = Claim::of(pool, customer(&format!("c-{number}")));
                    session.submit(None, claim).await.expect("a coupon");
                    times.saturating_record(nanos(begun));
                }
                times
            });
        }
        Self { begun: Instant::now(), stop, tasks }
    }

    /// How long each took, and how many seconds there were.
    async fn end(self) -> (Histogram<u64>, f64) {
        self.stop.store(true, Relaxed);
        let mut all = histogram();
        for times in self.tasks.join_all().await {
            all.add(times).expect("the same bounds");
        }
        (all, self.begun.elapsed().as_secs_f64())
    }
}

/// Claims of another pool, alone and beside an import.
async fn beside(bench: &Bench, codes: usize) {
    let mut bulk = draft("Claimed", Source::BulkGenerated);
    bulk.pattern = Some("BULK-$$$$$$$$$$".to_owned());
    let claimed = bench.make(bulk).await;
    let generate = CouponsGenerate { pool: claimed, count: 50_000_000 };
    bench.session.change(None, generate).await.expect("codes");
    let make = move |number: u64| Claim::of(claimed, customer(&format!("c-{number}")));
    let (alone, seconds) = bench.run(CLAIMS, u64::MAX, make).await;
    told_claims("claims alone", &alone, seconds);
    let other = bench.make(draft("Beside", Source::Uploaded)).await;
    let file = upload(&bench.session, codes, "X").await;
    let claims = Claims::begin(bench, claimed);
    let (job, seconds, _) = imported(&bench.session, other, &file, false).await;
    let (all, claiming) = claims.end().await;
    told_claims("claims beside an import", &all, claiming);
    told("imported beside claims", &job, seconds, 0);
}

/// A pool whose coupons are all claimed.
async fn claimed(bench: &Bench, name: &str, coupons: u64) -> PoolId {
    let mut drafted = draft(name, Source::BulkGenerated);
    drafted.pattern = Some(format!("{name}-$$$$$$$$$$"));
    (drafted.kind, drafted.value) = (CouponType::Percentage, Some("10".to_owned()));
    let pool = bench.make(drafted).await;
    let generate = CouponsGenerate { pool, count: i64::try_from(coupons).expect("a count") };
    bench.session.change(None, generate).await.expect("codes");
    let make = move |number: u64| Claim::of(pool, customer(&format!("c-{number}")));
    let many = Bench {
        scrip: Arc::clone(&bench.scrip),
        session: bench.session.clone(),
        time: Duration::from_secs(600),
        count: Arc::default(),
    };
    many.run(256, coupons, make).await;
    pool
}

/// One action with coupons that were touched, and taking it back; their pool.
async fn bulk(bench: &Bench, coupons: u64) -> PoolId {
    let pool = claimed(bench, "ACT", coupons).await;
    let filter = CouponFilter { statuses: vec![Status::Claimed], ..CouponFilter::default() };
    let draft = BulkDraft {
        action: BulkAction::Invalidate,
        coupons: None,
        codes: None,
        filter: Some(filter),
        customers: None,
        upload: None,
        pool: Some(pool),
        to: None,
        reason: None,
        dry_run: false,
    };
    let begun = Instant::now();
    let job = bench.session.start_bulk(None, draft).await.expect("a job");
    let (job, _) = ended(&bench.session, job).await;
    told("invalidated", &job, begun.elapsed().as_secs_f64(), 0);
    take_back(&bench.session, &job).await;
    pool
}

async fn take_back(session: &Session, job: &Job) {
    let begun = Instant::now();
    let undo = session.undo_job(job.id, false).await.expect("a job");
    let (undo, _) = ended(session, undo).await;
    told("taken back", &undo, begun.elapsed().as_secs_f64(), 0);
}

/// An edit of a pool for all of its coupons, after its job has ended.
async fn edited(bench: &Bench, pool: PoolId, edit: PoolEdit) -> (Job, f64) {
    let edit = Box::new(PoolEdit { apply: Some(Apply { scope: Scope::All, matching: false }), ..edit });
    let begun = Instant::now();
    let edited = bench.session.change(None, PoolUpdate { pool, edit }).await.expect("an edit");
    let (job, _) = ended(&bench.session, *edited.job.expect("a job")).await;
    (job, begun.elapsed().as_secs_f64())
}

/// New terms for coupons that were touched, and taking them back.
async fn update(bench: &Bench, pool: PoolId) {
    let edit = PoolEdit { value: Some(Some("25".to_owned())), ..PoolEdit::default() };
    let (job, seconds) = edited(bench, pool, edit).await;
    told("new terms", &job, seconds, 0);
    take_back(&bench.session, &job).await;
}

/// A file of them.
async fn export(bench: &Bench, pool: PoolId) {
    let plan =
        ExportPlan { pool, filter: CouponFilter::default(), format: ExportFormat::Csv, marked: false, masked: false };
    let begun = Instant::now();
    let job = bench.session.start_export(None, plan).await.expect("a job");
    let (job, _) = ended(&bench.session, job).await;
    told("written to a file", &job, begun.elapsed().as_secs_f64(), 0);
}

/// All coupons of a pool over at the same instant: how long it takes until each has its event, and what claims notice of it.
async fn over(bench: &Bench, coupons: u64, beside: bool) {
    let pool = claimed(bench, if beside { "BESIDE" } else { "OVER" }, coupons).await;
    // After their rows have it.
    let wait = Duration::from_secs(5 + coupons / 10_000);
    let end = bench.session.now() + SignedDuration::try_from(wait).expect("a time");
    let restrictions = RestrictionsEdit { valid_until: Some(Some(end)), ..RestrictionsEdit::default() };
    let (job, seconds) = edited(bench, pool, PoolEdit { restrictions, ..PoolEdit::default() }).await;
    told("an end for all of them", &job, seconds, 0);
    let mut drafted = draft("Claimed meanwhile", Source::BulkGenerated);
    drafted.pattern = Some("MEAN-$$$$$$$$$$".to_owned());
    let claims = if beside {
        let other = bench.make(drafted).await;
        let generate = CouponsGenerate { pool: other, count: 10_000_000 };
        bench.session.change(None, generate).await.expect("codes");
        let make = move |number: u64| Claim::of(other, customer(&format!("c-{number}")));
        let (alone, seconds) = bench.run(CLAIMS, u64::MAX, make).await;
        told_claims("claims alone", &alone, seconds);
        Some(other)
    } else {
        None
    };
    let left = end.duration_since(bench.session.now());
    tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
    let begun = Instant::now();
    let claims = claims.map(|pool| Claims::begin(bench, pool));
    let counts = || bench.session.tally(pool).expect("counts").counts;
    while counts().of(Status::Expired) < i64::try_from(coupons).expect("a count") {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let all = begun.elapsed().as_secs_f64();
    let what = if beside { "over, beside claims" } else { "over at one instant" };
    let each = coupons as f64 / all;
    row(what, &format!("{coupons} coupons have their event within {all:.1} s, {each:.0} /s"));
    if let Some(claims) = claims {
        let (times, seconds) = claims.end().await;
        told_claims("claims meanwhile", &times, seconds);
    }
}
