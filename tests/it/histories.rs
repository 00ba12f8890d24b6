//! Histories: what many callers at once ask and are answered, with the times, has to be what some order of it one by
//! one gives, for each coupon; a read is never of a time before it began. And counts sum up at every moment.
//! `SCRIP_HISTORY_ROUNDS` raises the number of histories.

mod checker;
mod model;
mod planted;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst},
    },
};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use scrip::{
    domain::{
        coupon::Coupon,
        id::{CouponId, EntryId, PoolId},
        rejection::Code,
        status::Status,
    },
    service::{Answer, Command, CouponFilter, CouponRef, PageRequest, Redeem},
};
use tokio::task::JoinSet;

use crate::support::{Backend, Client, Codes, TestScrip, customer, draft, redeem, transfer, unassign, unredeem};
use checker::{Operation, linearize};
use model::{Ask, Call, View, next};

/// How many histories are recorded on each backend, unless more are asked for.
const ROUNDS: u64 = 2;
const CALLERS: u64 = 12;
/// What each caller asks.
const ASKS: usize = 80;
const COUPONS: u64 = 5;
const CARDS: u64 = 2;
const CUSTOMERS: usize = 4;
/// What a card is worth, in cents: little, so that it runs dry and is filled again.
const CARD: i64 = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_history_is_that_of_some_order() {
    let rounds = crate::kill::number("SCRIP_HISTORY_ROUNDS").unwrap_or(ROUNDS);
    for round in 0..rounds {
        for backend in Backend::ALL {
            record(backend, round).await;
        }
    }
}

/// Has many callers at work, then looks for an order of what each coupon was asked.
async fn record(backend: Backend, seed: u64) {
    let app = TestScrip::new(backend).await;
    let pool = app.pool(draft::bulk(draft::percentage(), "HISTORY-$$$$$$")).await.id;
    app.generate(pool, COUPONS).await.expect("codes");
    let cards = app.stocked(draft::gift_card("5.00"), CARDS).await;
    for number in 0..CUSTOMERS {
        app.customer(&name(number), None, None).await;
    }
    for _ in 0..CARDS {
        app.claim(cards, &name(0)).await.expect("a card");
    }
    let recorder = Arc::new(Recorder::default());
    let mut tasks = JoinSet::new();
    for number in 0..CALLERS {
        let random = StdRng::seed_from_u64(seed * CALLERS + number);
        let caller = CallerTask { app: app.named("caller"), recorder: Arc::clone(&recorder), pool, cards, random };
        tasks.spawn(caller.run());
    }
    let counts = tokio::spawn(count(app.named("counter"), Arc::clone(&recorder), [pool, cards]));
    tasks.join_all().await;
    recorder.ended.store(true, SeqCst);
    counts.await.expect("counts sum up");
    let histories = std::mem::take(&mut *recorder.histories.lock().expect("nobody panics"));
    let calls = histories.values().flatten();
    let changes = calls.clone().filter(|operation| operation.call.answer.is_ok() && operation.call.ask != Ask::Read);
    println!("{backend:?}, seed {seed}: {} calls, {} of them changes", calls.count(), changes.count());
    for (id, history) in histories {
        let start = if id.pool == cards { card() } else { View::untouched() };
        let length = history.len();
        if let Err(impossible) = linearize(start, history, next) {
            panic!("{backend:?}, seed {seed}: the {length} calls of {id:?} are not linearizable: {impossible}");
        }
    }
}

fn name(number: usize) -> String {
    format!("customer-{number}")
}

/// A card as it is when the callers begin.
fn card() -> View {
    View { status: Status::Claimed, customer: Some(name(0)), account: Some((CARD, 0)), version: 1, ..View::untouched() }
}

/// What was asked and answered, by one clock.
#[derive(Default)]
struct Recorder {
    clock: AtomicU64,
    histories: Mutex<BTreeMap<CouponId, Vec<Operation<Call>>>>,
    /// Of coupons that are no cards.
    redemptions: Counter,
    reversals: Counter,
    ended: AtomicBool,
}

/// How many actions have begun and not failed, and how many were answered.
#[derive(Default)]
struct Counter {
    begun: AtomicI64,
    told: AtomicI64,
}

impl Counter {
    fn begin(&self) {
        self.begun.fetch_add(1, SeqCst);
    }

    fn end<T>(&self, answer: &Result<T, Codes>) {
        if answer.is_ok() {
            self.told.fetch_add(1, SeqCst);
        } else {
            self.begun.fetch_sub(1, SeqCst);
        }
    }
}

impl Recorder {
    fn now(&self) -> u64 {
        self.clock.fetch_add(1, SeqCst)
    }

    fn add(&self, id: CouponId, begin: u64, ask: Ask, answer: Result<View, Codes>) {
        let operation = Operation { begin, end: self.now(), call: Call { ask, answer } };
        self.histories.lock().expect("nobody panics").entry(id).or_default().push(operation);
    }
}

struct CallerTask {
    app: Client,
    recorder: Arc<Recorder>,
    pool: PoolId,
    cards: PoolId,
    random: StdRng,
}

impl CallerTask {
    async fn run(mut self) {
        // Payments of its own that stand.
        let mut paid: Vec<(EntryId, i64)> = Vec::new();
        for _ in 0..ASKS {
            let coupon = CouponId { pool: self.pool, index: self.random.random_range(0..COUPONS) };
            let card = CouponId { pool: self.cards, index: self.random.random_range(0..CARDS) };
            let somebody = name(self.random.random_range(0..CUSTOMERS));
            match self.random.random_range(0..20) {
                0..4 => self.read(&[coupon, card]).await,
                4..6 => self.list().await,
                6..10 => self.claim(somebody).await,
                10..12 => self.redeem(coupon, somebody).await,
                12 => self.unredeem(coupon).await,
                13 => {
                    self.act(coupon, Ask::Unassign, unassign(coupon)).await;
                }
                14..16 => {
                    let command = transfer(coupon, &somebody);
                    self.act(coupon, Ask::Transfer { to: somebody }, command).await;
                }
                16..19 => {
                    let cents = self.random.random_range(1..200);
                    let amount = format!("{}.{:02}", cents / 100, cents % 100);
                    let entry = self.act(card, Ask::Pay { cents }, redeem(card, Some(&amount))).await;
                    paid.extend(entry.map(|entry| (entry, cents)));
                }
                _ => {
                    let Some((entry, cents)) = paid.pop() else { continue };
                    let command = unredeem(entry.coupon, Some(entry), None);
                    self.act(entry.coupon, Ask::Return { cents }, command).await;
                }
            }
        }
    }

    /// Has a command carried out on a coupon; gives the ledger entry that it made.
    async fn act(&self, id: CouponId, ask: Ask, command: impl Into<Command>) -> Option<EntryId> {
        let begin = self.recorder.now();
        let answer = self.app.ask(None, command).await;
        let (view, entry) = match answer {
            Ok(Answer::Coupon(coupon, entry)) => (Ok(View::from(&*coupon)), entry),
            Ok(other) => panic!("expected a coupon, found {other:?}"),
            Err(codes) => (Err(codes), None),
        };
        self.recorder.add(id, begin, ask, view);
        entry
    }

    async fn claim(&self, somebody: String) {
        let begin = self.recorder.now();
        match self.app.claim(self.pool, &somebody).await {
            Ok(coupon) => {
                self.recorder.add(coupon.id, begin, Ask::Claim { customer: somebody }, Ok(View::from(&coupon)));
            }
            Err(codes) => assert_eq!(codes, [Code::PoolExhausted]),
        }
    }

    async fn redeem(&self, id: CouponId, by: String) {
        let command = Redeem { customer: Some(customer(&by)), ..Redeem::of(CouponRef::Id(id)) };
        let begin = self.recorder.now();
        self.recorder.redemptions.begin();
        let answer = self.app.ask(None, command).await.map(|answer| view(&answer));
        self.recorder.redemptions.end(&answer);
        self.recorder.add(id, begin, Ask::Redeem { by }, answer);
    }

    async fn unredeem(&self, id: CouponId) {
        let begin = self.recorder.now();
        self.recorder.reversals.begin();
        let answer = self.app.ask(None, unredeem(id, None, None)).await;
        let answer = answer.map(|answer| view(&answer));
        self.recorder.reversals.end(&answer);
        self.recorder.add(id, begin, Ask::Unredeem, answer);
    }

    async fn read(&self, ids: &[CouponId]) {
        let begin = self.recorder.now();
        let found = self.app.coupons(ids).await.expect("coupons");
        self.seen(begin, found.iter().flatten());
    }

    /// A page of a list: every coupon in it was read.
    async fn list(&mut self) {
        let status = *[Status::Unassigned, Status::Claimed, Status::Redeemed].choose(&mut self.random).expect("one");
        let filter = CouponFilter { statuses: vec![status], ..CouponFilter::default() };
        let page = PageRequest { limit: 50, after: None, before: None, from_end: false };
        let begin = self.recorder.now();
        let page = self.app.pool_coupons(self.pool, &filter, &page, self.app.now()).await.expect("a page");
        assert!(page.items.iter().all(|(_, coupon)| coupon.status == status), "a list of {status:?} coupons");
        self.seen(begin, page.items.iter().map(|(_, coupon)| coupon));
    }

    fn seen<'a>(&self, begin: u64, coupons: impl Iterator<Item = &'a Coupon>) {
        for coupon in coupons {
            self.recorder.add(coupon.id, begin, Ask::Read, Ok(View::from(coupon)));
        }
    }
}

fn view(answer: &Answer) -> View {
    match answer {
        Answer::Coupon(coupon, _) => View::from(&**coupon),
        other => panic!("expected a coupon, found {other:?}"),
    }
}

/// Looks at the counts until the callers have ended.
async fn count(app: Client, recorder: Arc<Recorder>, [pool, cards]: [PoolId; 2]) {
    while !recorder.ended.load(SeqCst) {
        let (redeemed, reversed) = (recorder.redemptions.told.load(SeqCst), recorder.reversals.told.load(SeqCst));
        let usages = {
            for pool in [pool, cards] {
                let tally = app.tally(pool).expect("a tally");
                assert_eq!(tally.counts.total(), tally.supply.size as i64, "{pool:?} counts each coupon once");
                assert!(Status::ALL.iter().all(|status| tally.counts.of(*status) >= 0), "{:?}", tally.counts);
            }
            app.tally(pool).expect("a tally").counts.usages
        };
        // What was told before counts, and nothing counts that begins later.
        let least = redeemed - recorder.reversals.begun.load(SeqCst);
        let most = recorder.redemptions.begun.load(SeqCst) - reversed;
        assert!((least..=most).contains(&usages), "{usages} usages are counted, there are {least} to {most}");
        tokio::task::yield_now().await;
    }
}
