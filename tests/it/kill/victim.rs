//! The victim: a process with 64 callers that claim, redeem, pay, transfer and unassign, with readers and a
//! subscriber beside them. Each tells the parent what it was told before it goes on. Callers whose answer was not
//! heard before the crash ask again first, with the same key.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use scrip::{
    domain::id::{CouponId, PoolId},
    service::{Answer, Caller, Clock, Failure, Scrip},
    storage::Address,
};
use serde::{Deserialize, Serialize};

use super::{
    line::{Action, Line, Request, say},
    watch,
};
use crate::support::{Client, draft};

/// The test that is the victim, and the variables that make it one.
pub(super) const TEST: &str = "kill::victim::victim";
pub(super) const ADDRESS: &str = "SCRIP_KILL_VICTIM";
pub(super) const ROUND: &str = "SCRIP_KILL_ROUND";
pub(super) const SEED: &str = "SCRIP_KILL_VICTIM_SEED";
/// A file with the [`State`].
pub(super) const STATE: &str = "SCRIP_KILL_STATE";

/// The pools: of coupons from a list, of gift cards, of codes that are made at the claim and in bulk.
pub(super) const COUPONS: PoolId = PoolId(1);
const CARDS: PoolId = PoolId(2);
pub(super) const MADE: PoolId = PoolId(3);
pub(super) const BULK: PoolId = PoolId(4);
/// How many gift cards there are, all of which are claimed.
pub(super) const CARD_COUNT: u64 = 4;

const CALLERS: usize = 64;
const READERS: u64 = 4;
const CUSTOMERS: usize = 500;
/// How many coupons the callers fight over.
const HOT: usize = 200;
/// How many coupons can be claimed of a pool that has some.
const STOCK: u64 = 2_000;

/// Where those outside of the process are.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// Requests with a key whose answer was not heard.
    pub(super) open: Vec<Request>,
    /// The last event that the subscriber was told.
    pub(super) followed: u64,
}

#[test]
fn victim() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let number = |name| std::env::var(name).expect("a number").parse::<u64>().expect("a number");
    let (round, seed) = (number(ROUND), number(SEED));
    let state = state(Path::new(&std::env::var(STATE).expect("a file")));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let address = Address::parse(&address).expect("an address");
        say(&Line::Opening);
        let scrip = Scrip::open(&address, Clock::System, None).await.expect("the database opens after a crash");
        say(&Line::Opened);
        stock(&Client::new(Arc::clone(&scrip))).await;
        say(&Line::Stocked);
        let hot = Hot::default();
        let random = |number: u64| StdRng::seed_from_u64(seed.wrapping_add(number));
        let mut tasks = vec![tokio::spawn(watch::follow(scrip.operator(), state.followed))];
        for number in 0..READERS {
            tasks.push(tokio::spawn(watch::read(scrip.operator(), hot.clone(), random(1_000 + number))));
        }
        for number in 0..CALLERS {
            let name = format!("caller-{number}");
            let open = state.open.iter().filter(|request| request.caller == name).cloned().collect();
            let (scrip, hot, random) = (Arc::clone(&scrip), hot.clone(), random(number as u64));
            tasks.push(tokio::spawn(CallerTask { scrip, hot, random, round, number, name }.run(open)));
        }
        for task in tasks {
            task.await.expect("all go on until the end");
        }
    });
}

fn state(path: &Path) -> State {
    serde_json::from_slice(&std::fs::read(path).expect("the state")).expect("the state")
}

/// Makes what is missing of the pools, and of the coupons in them.
async fn stock(app: &Client) {
    let drafts = [
        draft::percentage(),
        draft::gift_card("1000000.00"),
        draft::generated(draft::percentage(), "MADE-$$$$$$"),
        draft::bulk(draft::percentage(), "BULK-$$$$$$"),
    ];
    for (id, draft) in (1..).map(PoolId).zip(drafts) {
        if app.scrip().operator().pool(id).expect("an answer").is_none() {
            assert_eq!(app.pool(draft).await.id, id);
        }
    }
    let supply = |pool| app.scrip().operator().tally(pool).expect("a tally").supply;
    app.add(CARDS, CARD_COUNT - supply(CARDS).size).await;
    for card in supply(CARDS).next..CARD_COUNT {
        app.claim(CARDS, &format!("customer-{card}")).await.expect("a card");
    }
    let lacks = |pool| STOCK.saturating_sub(supply(pool).size - supply(pool).next);
    app.add(COUPONS, lacks(COUPONS)).await;
    if lacks(BULK) > 0 {
        app.generate(BULK, lacks(BULK)).await.expect("codes");
    }
}

/// A gift card, by its number.
pub(super) fn card(index: u64) -> CouponId {
    CouponId { pool: CARDS, index }
}

/// Coupons that some caller has claimed of late.
#[derive(Debug, Clone, Default)]
pub(super) struct Hot(Arc<Mutex<Vec<CouponId>>>);

impl Hot {
    fn add(&self, coupon: CouponId) {
        let mut hot = self.0.lock().expect("nobody panics");
        if hot.len() >= HOT {
            hot.remove(0);
        }
        hot.push(coupon);
    }

    /// Up to `number` of them.
    pub(super) fn some(&self, random: &mut StdRng, number: usize) -> Vec<CouponId> {
        self.0.lock().expect("nobody panics").choose_multiple(random, number).copied().collect()
    }
}

struct CallerTask {
    scrip: Arc<Scrip>,
    hot: Hot,
    random: StdRng,
    round: u64,
    number: usize,
    name: String,
}

impl CallerTask {
    async fn run(mut self, open: Vec<Request>) {
        for request in open {
            self.ask(request).await;
        }
        for count in 0_u64.. {
            let key = self.random.random_bool(0.4).then(|| format!("{}-{}-{count}", self.round, self.number));
            let request = Request { caller: self.name.clone(), key, action: self.action() };
            if request.key.is_some() {
                say(&Line::Asking(request.clone()));
            }
            self.ask(request).await;
        }
    }

    async fn ask(&self, request: Request) {
        let caller = Caller::admin(request.caller.clone(), "victim");
        let answer = match self.scrip.session(caller).submit(request.key.clone(), request.action.command()).await {
            Ok(answer) => Ok(answer),
            Err(Failure::Refused(refusals)) => Err(refusals),
            Err(Failure::Internal(reason)) => panic!("broken inside: {}", reason.with_causes()),
        };
        if let (Action::Claim(..), Ok(Answer::Coupon(coupon, _))) = (&request.action, &answer) {
            self.hot.add(coupon.id);
        }
        if request.key.is_some() || answer.is_ok() {
            say(&Line::Answered(request, answer));
        }
    }

    fn action(&mut self) -> Action {
        let random = &mut self.random;
        let customer = format!("customer-{}", random.random_range(0..CUSTOMERS));
        let kind = random.random_range(0..100);
        let coupon = self.hot.some(random, 1).pop();
        match (kind, coupon) {
            (0..20, _) => Action::Pay(card(random.random_range(0..CARD_COUNT)), random.random_range(1..200)),
            (20..35, Some(coupon)) => Action::Redeem(coupon),
            (35..45, Some(coupon)) => Action::Transfer(coupon, customer),
            (45..55, Some(coupon)) => Action::Unassign(coupon),
            _ => Action::Claim(*[COUPONS, MADE, BULK].choose(random).expect("a pool"), customer),
        }
    }
}
