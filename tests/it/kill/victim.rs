//! The victim: a process with 64 callers that claim, redeem, pay, transfer and unassign, and tell the
//! parent of every answer before they go on.

use std::sync::{Arc, Mutex};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use scrip::{
    domain::{
        id::{CouponId, PoolId},
        rejection::Refusal,
    },
    service::{Answer, Caller, Clock, Command, CouponRef, Failure, Scrip},
    storage::Address,
};
use serde::{Deserialize, Serialize};

use crate::support::{process::tell, redeem};

/// The test that is the victim, and the variables that make it one.
pub(super) const TEST: &str = "kill::victim::victim";
pub(super) const ADDRESS: &str = "SCRIP_KILL_VICTIM";
pub(super) const ROUND: &str = "SCRIP_KILL_ROUND";
pub(super) const SEED: &str = "SCRIP_KILL_VICTIM_SEED";

/// The pool of coupons from a list, the pools whose codes are made at the claim and in bulk, and the number of gift
/// cards, all of which are claimed.
pub(super) const COUPONS: PoolId = PoolId(1);
pub(super) const MADE: PoolId = PoolId(3);
pub(super) const BULK: PoolId = PoolId(4);
pub(super) const CARDS: u64 = 4;

const CALLERS: usize = 64;
const CUSTOMERS: usize = 500;
/// How many coupons the callers fight over.
const HOT: usize = 200;

/// What a caller asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Action {
    Claim(PoolId, String),
    Redeem(CouponId),
    Pay(CouponId, i64),
    Transfer(CouponId, String),
    Unassign(CouponId),
}

impl Action {
    pub(super) fn command(&self) -> Command {
        match self {
            Self::Claim(pool, customer) => Command::Claim(*pool, customer.clone(), None),
            Self::Redeem(coupon) => redeem(*coupon, None),
            Self::Pay(card, cents) => redeem(*card, Some(&format!("{}.{:02}", cents / 100, cents % 100))),
            Self::Transfer(coupon, to) => Command::Transfer(CouponRef::Id(*coupon), Some(to.clone()), None),
            Self::Unassign(coupon) => Command::Unassign(CouponRef::Id(*coupon)),
        }
    }
}

/// What is told of a request with a key before it is sent, and of every answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Line {
    Asking(Request),
    Answered(Request, Result<Answer, Vec<Refusal>>),
}

/// A request of a caller.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) caller: String,
    pub(super) key: Option<String>,
    pub(super) action: Action,
}

#[test]
fn victim() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let number = |name| std::env::var(name).expect("a number").parse::<u64>().expect("a number");
    let (round, seed) = (number(ROUND), number(SEED));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let address = Address::parse(&address).expect("an address");
        let scrip = Scrip::open(&address, Clock::System, None).await.expect("an open database");
        let hot = Arc::new(Mutex::new(Vec::new()));
        let callers = (0..CALLERS).map(|number| {
            let random = StdRng::seed_from_u64(seed.wrapping_add(number as u64));
            let caller = CallerTask { scrip: Arc::clone(&scrip), hot: Arc::clone(&hot), random, round, number };
            tokio::spawn(caller.run())
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.expect("callers go on until the end");
        }
    });
}

struct CallerTask {
    scrip: Arc<Scrip>,
    /// Coupons that some caller has claimed of late.
    hot: Arc<Mutex<Vec<CouponId>>>,
    random: StdRng,
    round: u64,
    number: usize,
}

impl CallerTask {
    async fn run(mut self) {
        let caller = Caller { id: format!("caller-{}", self.number), name: "victim".to_owned() };
        for count in 0_u64.. {
            let key = self.random.random_bool(0.4).then(|| format!("{}-{}-{count}", self.round, self.number));
            let request = Request { caller: caller.id.clone(), key, action: self.action() };
            if request.key.is_some() {
                say(&Line::Asking(request.clone()));
            }
            let answer = match self.scrip.submit(&caller, request.key.clone(), request.action.command()).await {
                Ok(answer) => Ok(answer),
                Err(Failure::Refused(refusals)) => Err(refusals),
                Err(Failure::Internal(reason)) => panic!("broken inside: {reason}"),
            };
            if let (Action::Claim(..), Ok(Answer::Coupon(coupon, _))) = (&request.action, &answer) {
                let mut hot = self.hot.lock().expect("no caller panics");
                if hot.len() >= HOT {
                    hot.remove(0);
                }
                hot.push(coupon.id);
            }
            if request.key.is_some() || answer.is_ok() {
                say(&Line::Answered(request, answer));
            }
        }
    }

    fn action(&mut self) -> Action {
        let random = &mut self.random;
        let customer = format!("customer-{}", random.random_range(0..CUSTOMERS));
        let kind = random.random_range(0..100);
        let coupon = self.hot.lock().expect("no caller panics").choose(random).copied();
        match (kind, coupon) {
            (0..20, _) => {
                let card = CouponId { pool: PoolId(2), index: random.random_range(0..CARDS) };
                Action::Pay(card, random.random_range(1..200))
            }
            (20..35, Some(coupon)) => Action::Redeem(coupon),
            (35..45, Some(coupon)) => Action::Transfer(coupon, customer),
            (45..55, Some(coupon)) => Action::Unassign(coupon),
            _ => Action::Claim(*[COUPONS, MADE, BULK].choose(random).expect("a pool"), customer),
        }
    }
}

fn say(line: &Line) {
    tell(&serde_json::to_string(line).expect("a line"));
}
