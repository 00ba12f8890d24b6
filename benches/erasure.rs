//! What it takes to erase a customer, and to tell all that is known of one, among the purchases of all others: `cargo bench
//! --bench erasure --profile dev`, or with `-- --quick` for a small run. The customer has ten purchases, and so have the
//! others each. `SCRIP_BENCH_PURCHASES` says how many purchases there are (100,000); the data is below the target folder.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nothing better to do than end")]

#[expect(dead_code, reason = "the other benchmarks measure more")]
mod support;

use std::time::{Duration, Instant};

use scrip::{
    domain::{basket::BasketDraft, id::TransactionId},
    service::{Checkout, CheckoutOrder, Erased, Personal, Presentation},
    storage::{Address, Purchases, ReadFrom, Span, Store},
};
use support::{Bench, customer, row};

/// How many purchases each customer has.
const EACH: u64 = 10;
/// How many are recorded at once.
const AT_ONCE: usize = 64;
/// Longer than any of it takes.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::main]
async fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let number = std::env::var("SCRIP_BENCH_PURCHASES").ok().map(|text| text.parse().expect("a number"));
    let purchases: u64 = number.unwrap_or(if quick { 2_000 } else { 100_000 });
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let address = Address::parse(&format!("surrealkv://{}", folder.path().join("data").display())).expect("an address");
    let bench = Bench::open(&address, LONG).await;
    let start = Instant::now();
    let (times, _) = bench.run(AT_ONCE, purchases, order).await;
    assert_eq!(times.len(), purchases, "all are recorded");
    row("purchases", &format!("{purchases} in {:.1} s", start.elapsed().as_secs_f64()));
    let middle = purchases / EACH / 2;
    for (name, number) in [("one in the middle", middle), ("the first one", 0)] {
        let id = customer(&format!("c-{number}"));
        let start = Instant::now();
        let mut data = bench.session.personal_data(&id).await.expect("an answer").expect("a customer");
        let mut found = 0;
        while let Some(pieces) = data.next().await.expect("an answer") {
            found += pieces.iter().filter(|piece| matches!(piece, Personal::Purchase(_))).count() as u64;
        }
        assert_eq!(found, EACH);
        row(&format!("all that is known of {name}"), &format!("{:.1} ms", start.elapsed().as_secs_f64() * 1e3));
        let start = Instant::now();
        let mut erased = bench.session.erase_customer(id.clone(), false).await.expect("erased");
        while erased == Erased::Begun {
            match bench.session.erase_customer(id.clone(), false).await {
                Ok(more) => erased = more,
                // Nobody is known by this id any more, and nothing is left.
                Err(_) => break,
            }
        }
        row(&format!("{name} is erased"), &format!("{:.1} ms", start.elapsed().as_secs_f64() * 1e3));
    }
    let Bench { scrip, session, .. } = bench;
    drop(session);
    scrip.close().await;
    read_all(&address).await;
}

/// What looking through all purchases takes at the least, which both took before purchases were listed by customer: an
/// erasure also wrote a batch for every 256 rows.
async fn read_all(address: &Address) {
    let store = Store::open(address).await.expect("a database");
    let (start, mut span, mut found) = (Instant::now(), Span::<Purchases>::all(), 0);
    loop {
        let rows = store.scan(&span, ReadFrom::Start, 16).await.expect("rows");
        found += rows.len();
        match rows.last() {
            Some((key, _)) => span = span.after(key),
            None => break,
        }
    }
    store.close().await;
    row(
        "reading all purchases, sixteen at a time",
        &format!("{:.1} ms, {found} rows", start.elapsed().as_secs_f64() * 1e3),
    );
}

/// The next purchase.
fn order(number: u64) -> Checkout {
    let basket = BasketDraft {
        currency: "EUR".to_owned(),
        store: None,
        shipping: None,
        lines: vec![("shoe".to_owned(), 1, "50".to_owned())],
    };
    Checkout(Box::new(CheckoutOrder {
        transaction: TransactionId::parse(&format!("t-{number:08}")).expect("an id"),
        customer: customer(&format!("c-{}", number / EACH)),
        basket,
        coupons: vec![Presentation { code: "none".to_owned(), amount: None }],
        at: None,
        expected_payable: None,
    }))
}
