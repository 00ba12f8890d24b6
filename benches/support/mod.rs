//! What the benchmarks in process share: the calls that set Scrip up and run it.

pub(crate) mod figures;

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use scrip::{
    domain::{
        id::{CustomerId, PoolId},
        pool_draft::{PoolDraft, RestrictionsDraft},
        source::Source,
        terms::CouponType,
    },
    service::{Caller, Clock, Command, PoolCreate, Scrip, Session},
    storage::Address,
};

pub(crate) use figures::{histogram, nanos, row};

/// The resident memory of this process in KiB; 0 where the system does not tell (it is Linux that does).
pub(crate) fn kilobytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|text| text.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or_default()
}

pub(crate) fn memory() -> String {
    format!("{} MiB", kilobytes() >> 10)
}

pub(crate) fn disk(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .map(|entry| if entry.path().is_dir() { disk(&entry.path()) } else { entry.metadata().map_or(0, |m| m.len()) })
        .sum()
}

/// A pool of free shipping.
pub(crate) fn draft(name: &str, source: Source) -> PoolDraft {
    PoolDraft {
        remote: None,
        checks: Vec::new(),
        name: name.to_owned(),
        external_id: None,
        source,
        kind: CouponType::FreeShipping,
        value: None,
        currency: None,
        case_sensitive: None,
        pattern: None,
        excluded_characters: Vec::new(),
        excluded_phrases: Vec::new(),
        restrictions: RestrictionsDraft::default(),
        aggregated: false,
        pays_shipping: None,
        till: Default::default(),
        returnable: None,
        group: None,
    }
}

/// Scrip under measurement.
pub(crate) struct Bench {
    pub(crate) scrip: Arc<Scrip>,
    pub(crate) session: Session,
    pub(crate) time: Duration,
    /// Makes names of customers that were not used before.
    pub(crate) count: Arc<AtomicU64>,
}

/// A customer.
pub(crate) fn customer(id: &str) -> CustomerId {
    CustomerId::parse(id).expect("a customer's id")
}

impl Bench {
    pub(crate) async fn open(address: &Address, time: Duration) -> Self {
        let scrip = Scrip::open(address, Clock::System, None).await.expect("an open database");
        let session = scrip.session(Caller::admin("bench", "bench"));
        Self { scrip, session, time, count: Arc::default() }
    }

    /// Makes a pool.
    pub(crate) async fn make(&self, draft: PoolDraft) -> PoolId {
        self.session.change(None, PoolCreate(Box::new(draft))).await.expect("a pool").id
    }

    /// Runs callers for the time of a measurement (or until one is refused); gives the latencies of
    /// what succeeded, and how long it took.
    pub(crate) async fn run<C: Into<Command> + Send>(
        &self,
        callers: usize,
        most: u64,
        make: impl Fn(u64) -> C + Clone + Send + 'static,
    ) -> (Histogram<u64>, f64) {
        let end = Instant::now() + self.time;
        let left = Arc::new(AtomicU64::new(most));
        let start = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..callers {
            let (session, count) = (self.session.clone(), Arc::clone(&self.count));
            let (make, left) = (make.clone(), Arc::clone(&left));
            tasks.spawn(async move {
                let mut times = histogram();
                let take = || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok();
                while Instant::now() < end && take() {
                    let command = make(count.fetch_add(1, Ordering::Relaxed));
                    let start = Instant::now();
                    if session.submit(None, command).await.is_ok() {
                        times.saturating_record(nanos(start));
                    }
                }
                times
            });
        }
        let mut all = histogram();
        for times in tasks.join_all().await {
            all.add(times).expect("the same bounds");
        }
        (all, start.elapsed().as_secs_f64())
    }
}
