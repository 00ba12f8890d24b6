//! A process killed with SIGKILL at random moments under 64 callers, then its books compared with
//! what its callers were told. A small memtable makes the database change its log segment often,
//! which is when it would lose a commit. `SCRIP_KILL_ROUNDS` raises the number of kills,
//! `SCRIP_KILL_SEED` repeats a run's choices (not its timing).

mod told;
mod victim;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use scrip::{
    domain::id::PoolId,
    service::{Clock, Scrip},
    storage::Address,
};

use crate::support::{
    Client, draft, new_folder,
    process::{TestChild, kill},
};
use told::Told;
use victim::{BULK, CARDS, COUPONS, MADE};

/// How many kills there are, unless more are asked for.
const ROUNDS: u64 = 3;
/// After how many rounds a new folder is begun, so that the audit of a long run stays short.
const FOLDER: u64 = 10;
/// The seed unless another is given, so that every run does the same.
const SEED: u64 = 7;
/// How many coupons can be claimed in a round.
const STOCK: u64 = 12_000;

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seed = number("SCRIP_KILL_SEED").unwrap_or(SEED);
    let rounds = number("SCRIP_KILL_ROUNDS").unwrap_or(ROUNDS);
    println!("SCRIP_KILL_SEED={seed}");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut random = StdRng::seed_from_u64(seed);
    let mut folder = new_folder();
    for round in 0..rounds {
        if round > 0 && round % FOLDER == 0 {
            folder = new_folder();
        }
        let address = address(folder.path());
        runtime.block_on(stock(&address));
        let told = run_and_kill(&address, round, &mut random);
        println!("round {round}: {told}");
        runtime.block_on(check(&address, &told));
    }
}

/// The smallest memtable that there can be.
fn address(folder: &Path) -> Address {
    Address::parse(&format!("surrealkv://{}?max_memtable_size=1048576", folder.display())).expect("an address")
}

async fn open(address: &Address) -> Client {
    Client::new(Scrip::open(address, Clock::System, None).await.expect("the database opens after a kill"))
}

/// Makes the pools, if there are none yet, and adds the coupons of a round.
async fn stock(address: &Address) {
    let app = open(address).await;
    if app.registry().pool(COUPONS).is_none() {
        assert_eq!(app.pool(draft::percentage()).await.id, COUPONS);
        let cards: PoolId = app.stocked(draft::gift_card("1000000.00"), CARDS).await;
        for card in 0..CARDS {
            app.claim(cards, &format!("customer-{card}")).await.expect("a card");
        }
        assert_eq!(app.pool(draft::generated(draft::percentage(), "MADE-$$$$$$")).await.id, MADE);
        assert_eq!(app.pool(draft::bulk(draft::percentage(), "BULK-$$$$$$")).await.id, BULK);
    }
    let lacks = |pool| {
        let supply = app.registry().tally(pool).supply;
        STOCK.saturating_sub(supply.size - supply.next)
    };
    app.add(COUPONS, lacks(COUPONS)).await;
    if lacks(BULK) > 0 {
        app.generate(BULK, lacks(BULK)).await.expect("codes");
    }
    app.close().await;
}

/// Lets the victim work for a while, kills it, and gives what it told.
fn run_and_kill(address: &Address, round: u64, random: &mut StdRng) -> Told {
    let seed: u64 = random.random();
    let (round, seed) = (round.to_string(), seed.to_string());
    let variables = [(victim::ADDRESS, address.text()), (victim::ROUND, &round), (victim::SEED, &seed)];
    let mut child = TestChild::start(victim::TEST, &variables);
    let mut told = Told::default();
    told.hear(&child.line().expect("the victim works"));
    let end = Instant::now() + Duration::from_millis(random.random_range(100..1500));
    while Instant::now() < end {
        told.hear(&child.line().expect("the victim works until it is killed"));
    }
    kill(child.id());
    while let Some(line) = child.line() {
        told.hear(&line);
    }
    told
}

/// Everything that was told is so, and the books are right.
async fn check(address: &Address, told: &Told) {
    let app = open(address).await;
    told.is_recorded(&app).await;
    let books = crate::support::audit::audit(&app).await;
    told.agrees(&books);
    told.is_answered_again(&app).await;
    app.close().await;
}
