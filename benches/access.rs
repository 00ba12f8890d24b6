//! What it costs to know who asks and what they may see, and whether refusals tell codes apart: `cargo bench --bench access
//! --profile dev`, or with `-- --quick` for a small run. The first part signs in again and again, on one thread. The second
//! asks for one coupon over GraphQL, in turn as whoever runs the process, of whom nothing is asked, and as the holder of a
//! key with a role and a hundred groups, who signs in for each request; what that costs more is the cost of roles. The third has customers try
//! codes that are not known, that somebody else has, that are over and that were invalidated, in turn and many at once,
//! and compares how long each kind took by the two-sample Kolmogorov-Smirnov test: two kinds that it tells apart at a
//! level of 1 % are marked with `!`.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nothing better to do than end")]

#[path = "../tests/it/edge/tokens/issuer.rs"]
#[expect(dead_code, reason = "tests have attacks as well")]
mod issuer;
#[expect(dead_code, reason = "the other benchmarks measure more")]
mod support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_graphql::Request;
use issuer::{Issuer, Key};
use scrip::{
    domain::{
        access::Role,
        global_id::GlobalId,
        id::{CouponId, CustomerId},
        source::Source,
    },
    graphql::{Moment, Rules, asked_by, schema},
    plugins::Lookup,
    service::{
        Caller, Claim, CouponRef, CouponsAdd, Invalidate, Issuer as Trusted, KeyDraft, Redeem, Rights, Session,
        UserGroupCreate,
    },
    storage::Address,
};
use serde_json::json;
use support::{Bench, draft, row};

/// How many try codes at once.
const AT_ONCE: usize = 32;
/// The kinds of codes that are tried.
const KINDS: [&str; 4] = ["unknown", "foreign", "expired", "invalid"];

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    tokio::runtime::Runtime::new().expect("a runtime").block_on(run(quick));
}

async fn run(quick: bool) {
    let bench = Bench::open(&Address::parse("mem://").expect("an address"), Duration::from_secs(1)).await;
    sign_in(&bench, if quick { 1_000 } else { 200_000 }).await;
    roles(&bench, if quick { 5 } else { 200 }).await;
    refusals(&bench, if quick { 40 } else { 10_000 }).await;
    let Bench { scrip, session, .. } = bench;
    drop(session);
    scrip.close().await;
}

/// How long it takes to know who asks.
async fn sign_in(bench: &Bench, times: u32) {
    let (ec, rsa) = (Key::p256("e"), Key::rsa("r", "RS256"));
    let issuer = Issuer::start(&[]).await;
    issuer.answers(axum::http::StatusCode::OK, issuer::set(&[ec.public(), rsa.public()]));
    let trusted = Trusted::new(issuer.draft(), Lookup::default()).expect("an issuer");
    bench.scrip.trust(trusted).await.expect("keys");
    let now = bench.session.now().as_second();
    let claims = |number: u32| {
        json!({ "iss": issuer::NAME, "aud": "scrip", "sub": format!("till {number}"), "role": "SERVICE",
                "nbf": now - 60, "exp": now + 3_600 })
    };
    let key = bench.session.create_key(KeyDraft::admin("till")).await.expect("a key").secret;
    let customer = CustomerId::parse("ann").expect("an id");
    let token = bench.session.create_customer_token(customer, None).await.expect("a token").token;
    let known = ec.token(&claims(0));
    for (name, secret) in [("a key", &key), ("a customer token", &token), ("a JWT that is known", &known)] {
        bench.scrip.sign_in(secret, None, "").await.expect("a session");
        let start = Instant::now();
        for _ in 0..times {
            std::hint::black_box(bench.scrip.sign_in(secret, None, "").await);
        }
        row(name, &each(start, times));
    }
    for (name, key) in [("a JWT for the first time, ES256", &ec), ("a JWT for the first time, RS256", &rsa)] {
        let tokens: Vec<_> = (1..=(times / 200).max(5)).map(|number| key.token(&claims(number))).collect();
        let start = Instant::now();
        for token in &tokens {
            bench.scrip.sign_in(token, None, "").await.expect("a session");
        }
        row(name, &each(start, u32::try_from(tokens.len()).expect("few")));
    }
}

fn each(start: Instant, times: u32) -> String {
    format!("{:.2} us", start.elapsed().as_secs_f64() * 1e6 / f64::from(times))
}

/// How many requests are timed together.
const REQUESTS: u32 = 1_000;
/// How many groups a key is in.
const GROUPS: usize = 100;
/// What roles may cost a request.
const AIM: f64 = 5.0;

/// What a request costs more because of roles and groups.
async fn roles(bench: &Bench, rounds: usize) {
    let mut groups = Vec::new();
    for number in 0..GROUPS {
        let group = UserGroupCreate { name: format!("group {number}") };
        groups.push(bench.session.change(None, group).await.expect("a group").id);
    }
    let mut pool = draft("of a group", Source::Uploaded);
    pool.group = groups.last().copied();
    let pool = bench.make(pool).await;
    bench.session.change(None, CouponsAdd { pool, codes: vec!["grouped-1".to_owned()] }).await.expect("a code");
    let ids = bench.session.ids();
    let coupon = ids.encode(&GlobalId::Coupon(CouponId { pool, index: 0 }));
    let document = format!("{{ coupon(id: \"{coupon}\") {{ code status pool {{ name }} }} }}");
    let key = KeyDraft { role: Role::Service, groups, ..KeyDraft::admin("of a group") };
    let key = bench.session.create_key(key).await.expect("a key").secret;
    let schema = schema(&Rules::default());
    let ask = async |session: Session| {
        let request = Request::new(document.as_str()).data(Moment(session.now()));
        let answer = schema.execute(asked_by(request, session)).await;
        assert!(answer.errors.is_empty() && answer.data.to_string().contains("grouped-1"), "{answer:?}");
    };
    let (mut plain, mut ruled) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let start = Instant::now();
        for _ in 0..REQUESTS {
            ask(bench.scrip.operator()).await;
        }
        plain.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(REQUESTS));
        let start = Instant::now();
        for _ in 0..REQUESTS {
            ask(bench.scrip.sign_in(&key, None, "").await.expect("a session")).await;
        }
        ruled.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(REQUESTS));
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let (plain, ruled) = (median(&mut plain), median(&mut ruled));
    row("a request of whom nothing is asked", &format!("{plain:.2} us"));
    row("a request with a key, a role and 100 groups", &format!("{ruled:.2} us"));
    let more = ruled - plain;
    let verdict = if more < AIM { "under" } else { "NOT under" };
    row("roles cost a request", &format!("{more:.2} us more: {verdict} the aim of {AIM} us"));
}

/// Makes a code of each kind that is refused.
async fn refused_codes(bench: &Bench) {
    let pool = bench.make(draft("codes", Source::Uploaded)).await;
    let mut gone = draft("gone", Source::Uploaded);
    gone.restrictions.expiration_period = Some("PT1S".to_owned());
    let gone = bench.make(gone).await;
    for (pool, codes) in [(pool, ["foreign", "invalid"].as_slice()), (gone, &["expired"])] {
        for code in codes {
            let add = CouponsAdd { pool, codes: vec![format!("{code}-1")] };
            bench.session.change(None, add).await.expect("a code");
            let customer = if *code == "foreign" { "ben" } else { "ann" };
            bench
                .session
                .change(None, Claim::of(pool, CustomerId::parse(customer).expect("an id")))
                .await
                .expect("a claim");
        }
    }
    let invalid = CouponRef::Code { code: "invalid-1".to_owned(), pool: None, customer: None };
    bench.session.change(None, Invalidate { coupon: invalid, reason: None }).await.expect("it is out of use");
    tokio::time::sleep(Duration::from_secs(2)).await;
}

/// Whether the time of a refusal tells what the code is.
async fn refusals(bench: &Bench, tries: usize) {
    refused_codes(bench).await;
    let mut tasks = tokio::task::JoinSet::new();
    for part in 0..AT_ONCE {
        let scrip = Arc::clone(&bench.scrip);
        let tries = tries.div_ceil(AT_ONCE);
        tasks.spawn(async move {
            let mut took: [Vec<f64>; 4] = Default::default();
            for number in 0..tries * KINDS.len() {
                let kind = (number + part) % KINDS.len();
                // Each try as another caller, because nobody has so many; whose coupons they are stays.
                let caller = Caller {
                    role: Role::Customer,
                    rights: Rights::of(Role::Customer),
                    customer: CustomerId::parse("ann").ok(),
                    ..Caller::admin(format!("{part} {number}"), "customer")
                };
                let session = scrip.session(caller);
                let start = Instant::now();
                is_refused(&session, KINDS[kind]).await;
                took[kind].push(start.elapsed().as_secs_f64() * 1e3);
            }
            took
        });
    }
    let mut took: [Vec<f64>; 4] = Default::default();
    for part in tasks.join_all().await {
        for (all, some) in took.iter_mut().zip(part) {
            all.extend(some);
        }
    }
    took.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
    for (kind, times) in KINDS.iter().zip(&took) {
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        row(
            &format!("refused: {kind}"),
            &format!("p50 {:.2} ms, p99 {:.2} ms, {} tries", at(0.5), at(0.99), times.len()),
        );
    }
    let mut told_apart = Vec::new();
    for one in 0..KINDS.len() {
        for other in one + 1..KINDS.len() {
            let (found, critical) = (distance(&took[one], &took[other]), critical(took[one].len(), took[other].len()));
            let mark = if found < critical { "" } else { " !" };
            if found >= critical {
                told_apart.push(format!("{} from {}", KINDS[one], KINDS[other]));
            }
            row(
                &format!("{} and {}", KINDS[one], KINDS[other]),
                &format!("D {found:.4}, critical {critical:.4}{mark}"),
            );
        }
    }
    let verdict = if told_apart.is_empty() { "no two kinds".to_owned() } else { told_apart.join(", ") };
    row("Kolmogorov-Smirnov at 1 % tells apart", &format!("{verdict} ({} tries of each kind)", took[0].len()));
}

async fn is_refused(session: &Session, kind: &str) {
    let coupon = CouponRef::Code { code: format!("{kind}-1"), pool: None, customer: None };
    let case = Redeem { coupon, customer: None, amount: None, basket: None, transaction: None, reason: None };
    let answer = session.change(None, case).await;
    let told = answer.expect_err("it is refused").to_string();
    assert!(told.contains("cannot be redeemed"), "{kind}: {told}");
}

/// How far apart two distributions are: the greatest distance between their shares below any value.
fn distance(one: &[f64], other: &[f64]) -> f64 {
    let (mut left, mut right, mut most) = (0, 0, 0.0_f64);
    while left < one.len() && right < other.len() {
        let value = one[left].min(other[right]);
        while left < one.len() && one[left] <= value {
            left += 1;
        }
        while right < other.len() && other[right] <= value {
            right += 1;
        }
        most = most.max((left as f64 / one.len() as f64 - right as f64 / other.len() as f64).abs());
    }
    most
}

/// From how much on two samples of these sizes are of two distributions, at a level of 1 %.
fn critical(one: usize, other: usize) -> f64 {
    let (one, other) = (one as f64, other as f64);
    1.628 * ((one + other) / (one * other)).sqrt()
}
