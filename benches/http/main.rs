//! How fast Scrip is over HTTP with keep-alive, on loopback, with every commit made durable and a line of log written
//! for every request: `cargo bench --profile dev --bench http`, with `-- --quick` for a small run and `-- --seconds 60`
//! for a long one, which is what shows stalls. The load generator shares the machine.
//!
//! With `-- --url ADDRESS:PORT --lookup BODY --claim BODY` another server is measured by the same generator; in a body
//! `########` stands for a number below `--coupons` (`benches/postgraphile.sh` does that).

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nothing better to do than end")]

#[path = "../support/figures.rs"]
mod figures;
mod load;

use std::{net::SocketAddr, time::Duration};

use figures::{fsyncs, micros, row};
use load::{Load, NUMBER};
use scrip::{
    domain::{
        global_id::GlobalId,
        id::PoolId,
        pool_draft::{PoolDraft, RestrictionsDraft},
        source::Source,
        terms::CouponType,
    },
    http::Options,
    service::{Clock, CouponsAdd, PoolCreate, Scrip, Session},
    storage::Address,
};
use serde_json::json;
use tokio::{net::TcpListener, sync::oneshot};

/// How many connections send at once.
const CONNECTIONS: usize = 64;
/// How many coupons there are for a second of claims: more than any machine claims.
const CLAIMED_A_SECOND: u64 = 40_000;
/// How many different coupons are looked up.
const LOOKED_UP: u64 = 1_000;

const LOOKUP: &str =
    "query Coupon($id: ID!) { coupon(id: $id) { id code status type value currency expiresAt version } }";
const CLAIM: &str = "mutation Claim($input: CouponClaimInput!) { couponClaim(input: $input) { coupon { id code status claimedAt } userErrors { code message field } } }";

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let seconds = argument("--seconds").map_or(if quick { 1 } else { 5 }, |text| text.parse().expect("a number"));
    let (coupons, time) = (CLAIMED_A_SECOND * seconds, Duration::from_secs(seconds));
    if let Some(url) = argument("--url") {
        return other(url.parse().expect("an address and a port"), time);
    }
    let log = std::fs::File::options().write(true).open("/dev/null").expect("a sink for the log");
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::INFO).with_writer(log).init();
    tokio::runtime::Runtime::new().expect("a runtime").block_on(own(coupons, time));
}

/// The value after a name among the arguments.
fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

/// Measures and prints one load.
fn measure(name: &str, address: SocketAddr, load: Load, numbers: u64, time: Duration) {
    let (times, seconds) = load::send(address, load, CONNECTIONS, numbers, time);
    row(name, &format!("{:.0} /s", times.len() as f64 / seconds));
    row(&format!("{name}, median"), &micros(&times));
    row(&format!("{name}, 99 of 100"), &format!("{:.0} us", times.value_at_quantile(0.99) as f64 / 1e3));
    row(&format!("{name}, longest"), &format!("{:.0} us", times.max() as f64 / 1e3));
}

/// Another server.
fn other(address: SocketAddr, time: Duration) {
    let coupons = argument("--coupons").map_or(1, |number| number.parse().expect("a number"));
    for (name, of) in [("--lookup", "lookups of one coupon"), ("--claim", "claims")] {
        if let Some(body) = argument(name) {
            let load = Load::new(&[body], None, "\"code\":\"");
            measure(&format!("{of}, {CONNECTIONS} connections"), address, load, coupons, time);
        }
    }
}

/// Scrip, in this process.
async fn own(coupons: u64, time: Duration) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let address = Address::parse(&format!("surrealkv://{}", folder.path().join("data").display())).expect("an address");
    row("write 4 KiB and fsync, median", &micros(&fsyncs(folder.path())));
    let scrip = Scrip::open(&address, Clock::System, None).await.expect("an open database");
    let session = scrip.operator();
    let key = session.create_key(scrip::service::KeyDraft::admin("bench")).await.expect("a key").secret;
    let pool = pool(&session, coupons).await;
    let text = session.ids().encode(&GlobalId::Pool(pool));
    let (ids, pool) = (ids(session, &text).await, text);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { drop(stopped.await) };
    let served = tokio::spawn(scrip::http::serve(listener, scrip, Options::default(), shutdown));
    let measured = tokio::task::spawn_blocking(move || {
        let bodies: Vec<String> =
            ids.iter().map(|id| json!({ "query": LOOKUP, "variables": { "id": id } }).to_string()).collect();
        let lookups = Load::new(&bodies, Some(&key), "\"status\":\"UNASSIGNED\"");
        measure(&format!("lookups of one coupon, {CONNECTIONS} connections"), at, lookups, 1, time);
        let input = json!({ "poolId": pool, "customerId": format!("customer-{NUMBER}") });
        let body = json!({ "query": CLAIM, "variables": { "input": input } }).to_string();
        let claims = Load::new(&[body], Some(&key), "\"status\":\"CLAIMED\"");
        measure(&format!("claims, {CONNECTIONS} connections"), at, claims, 100_000_000, time);
    });
    measured.await.expect("figures");
    stop.send(()).expect("a running server");
    served.await.expect("an end").expect("a clean end");
}

/// A pool of uploaded codes.
async fn pool(session: &Session, coupons: u64) -> PoolId {
    let draft = PoolDraft {
        remote: None,
        checks: Vec::new(),
        name: format!("{coupons} codes"),
        external_id: None,
        source: Source::Uploaded,
        kind: CouponType::Percentage,
        value: Some("10".to_owned()),
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
    };
    let pool = session.change(None, PoolCreate(Box::new(draft))).await.expect("a pool").id;
    for from in (0..coupons).step_by(1_000) {
        let codes = (from..coupons.min(from + 1_000)).map(|number| format!("BENCH-{number:08}")).collect();
        session.submit(None, CouponsAdd { pool, codes }).await.expect("added codes");
    }
    pool
}

/// The ids of some coupons, as the API names them.
async fn ids(session: Session, pool: &str) -> Vec<String> {
    let schema = scrip::graphql::schema(&scrip::graphql::Rules::default());
    let query = format!(
        "{{ pool(id: \"{pool}\") {{ a: coupons(first: 500) {{ edges {{ node {{ id }} }} }} b: coupons(last: 500) {{ edges {{ node {{ id }} }} }} }} }}"
    );
    let answer = schema.execute(scrip::graphql::asked_by(query.into(), session)).await.data.into_json().expect("JSON");
    let mut ids = Vec::new();
    for page in ["a", "b"] {
        let edges = answer["pool"][page]["edges"].as_array().expect("coupons");
        ids.extend(edges.iter().map(|edge| edge["node"]["id"].as_str().expect("an id").to_owned()));
    }
    assert_eq!(ids.len() as u64, LOOKED_UP);
    ids
}
