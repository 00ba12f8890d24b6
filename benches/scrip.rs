//! How fast Scrip is, in process, with every commit made durable: `cargo bench --bench scrip --profile dev`,
//! or with `-- --quick` for a small run, `-- --claims` for the claims only, `-- --checkouts` for checkouts only. Sizes: `SCRIP_BENCH_CODES` (the big
//! pool, 1,000,000) and `SCRIP_BENCH_SECONDS` (each measurement, 5). The data is written below the target folder.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nothing better to do than end")]
#![expect(clippy::disallowed_methods, reason = "which coupon is redeemed next is left to chance")]

#[path = "support/claims.rs"]
mod claims;
mod support;

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use rand::Rng;
use scrip::{
    domain::{
        basket::BasketDraft,
        checkout::{Presented, decide},
        combining::{Combining, Stacking, StackingWith},
        coupon::Coupon,
        decimal::Decimal,
        id::{CouponId, CustomerId, PoolId, TermsNumber, TransactionId},
        pool_draft::{PoolDraft, RestrictionsDraft},
        source::Source,
        status::Status,
        terms::CouponType,
        till::TillEdit,
    },
    service::{
        CheckoutOrder, Claim, Clock, CouponFilter, CouponRef, CouponsAdd, PageRequest, Presentation, Recorded, Redeem,
        Scrip,
    },
    storage::Address,
};
use support::{
    Bench, customer, disk, draft,
    figures::{fsyncs, micros},
    histogram, memory, nanos, row,
};

/// How much is measured.
struct Sizes {
    small: u64,
    big: u64,
    time: Duration,
}

impl Sizes {
    fn read() -> Self {
        let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
        let quick = std::env::args().any(|argument| argument == "--quick");
        let (big, seconds) = if quick { (20_000, 1) } else { (1_000_000, 5) };
        Self {
            small: 10_000.min(big),
            big: number("SCRIP_BENCH_CODES").unwrap_or(big),
            time: Duration::from_secs(number("SCRIP_BENCH_SECONDS").unwrap_or(seconds)),
        }
    }
}

#[tokio::main]
async fn main() {
    let sizes = Sizes::read();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let address = Address::parse(&format!("surrealkv://{}", folder.path().join("data").display())).expect("an address");
    row("write 4 KiB and fsync, median", &micros(&fsyncs(folder.path())));
    let mut bench = Bench::open(&address, sizes.time).await;
    row("memory at the start", &memory());
    if std::env::args().any(|argument| argument == "--checkouts") {
        bench.checkouts().await;
        return bench.eligible().await;
    }
    for size in [sizes.small, sizes.big] {
        let pool = bench.pool(CouponType::Percentage, "10", size).await;
        bench.claims(&format!("a pool of {size}"), pool, size).await;
    }
    row("write 4 KiB and fsync again, median", &micros(&fsyncs(folder.path())));
    if std::env::args().any(|argument| argument == "--claims") {
        return;
    }
    bench.redemptions(PoolId(2)).await;
    bench.cards().await;
    bench.checkouts().await;
    bench.eligible().await;
    bench.reads(PoolId(2)).await;
    row("memory at the end", &memory());
    bench.restart(&address).await;
    row("size on disk", &format!("{} MiB", disk(folder.path()) >> 20));
}

impl Bench {
    /// Makes a pool of codes, and tells how far it is.
    async fn pool(&self, kind: CouponType, value: &str, codes: u64) -> PoolId {
        let draft =
            PoolDraft { kind, value: Some(value.to_owned()), ..draft(&format!("{codes} codes"), Source::Uploaded) };
        let pool = self.make(draft).await;
        let start = Instant::now();
        for from in (0..codes).step_by(1_000) {
            let codes_now = (from..codes.min(from + 1_000)).map(|index| code(CouponId { pool, index })).collect();
            self.session.submit(None, CouponsAdd { pool, codes: codes_now }).await.expect("added codes");
            if from % 100_000 == 0 && from > 0 {
                eprintln!("  {from} of {codes} codes after {:.0?}", start.elapsed());
            }
        }
        let rate = codes as f64 / start.elapsed().as_secs_f64();
        row(&format!("adding {codes} codes, 1,000 at a time"), &format!("{rate:.0} /s"));
        pool
    }

    /// Claimed coupons all over the pool, each redeemed by its code.
    async fn redemptions(&self, pool: PoolId) {
        let tally = self.session.tally(pool).expect("a tally");
        let claimed = tally.counts.of(Status::Claimed).unsigned_abs();
        let start = self.count.load(Ordering::Relaxed);
        // A stride that has no divisor in common with the number visits each once, in no order.
        let stride = (claimed * 618 / 1000) | 1;
        let redeem = move |number: u64| {
            let index = (number - start).wrapping_mul(stride) % claimed;
            Redeem::of(by_code(CouponId { pool, index }))
        };
        let (times, seconds) = self.run(64, claimed, redeem).await;
        row("redemptions by code all over it, 64 at once", &format!("{:.0} /s", times.len() as f64 / seconds));
    }

    async fn cards(&self) {
        let pool = self.pool(CouponType::GiftCard, "10000000", 1_000).await;
        for number in 0..1_000 {
            let claim = Claim::of(pool, customer(&format!("holder-{number}")));
            self.session.submit(None, claim).await.expect("a card");
        }
        for (name, cards) in [("one hot gift card", 1), ("1,000 gift cards", 1_000)] {
            let pay = move |number: u64| {
                let coupon = CouponRef::Id(CouponId { pool, index: number % cards });
                Redeem { amount: Decimal::parse("0.01").ok(), ..Redeem::of(coupon) }
            };
            let (times, seconds) = self.run(64, u64::MAX, pay).await;
            row(&format!("payments with {name}, 64 at once"), &format!("{:.0} /s", times.len() as f64 / seconds));
        }
    }

    /// Checkouts of coupons with terms of their own, every other one for some of the products: previewed, and the
    /// decision alone.
    async fn checkouts(&self) {
        for (lines, number, times) in [(50, 5, 2_000), (1_000, 50, 200)] {
            let (order, presented) = self.checkout(lines, number).await;
            let (mut previews, mut decisions) = (histogram(), histogram());
            for _ in 0..times {
                let asked = order.clone();
                let start = Instant::now();
                let agreed = self.session.checkout_preview(asked).await.expect("an answer");
                previews.saturating_record(nanos(start));
                assert!(agreed.record.coupons.iter().all(Recorded::redeemable), "every coupon takes something");
            }
            let basket = order.basket.check().expect("a basket");
            let (customer, now) = (CustomerId::parse("ann").expect("an id"), self.scrip.now());
            for _ in 0..times {
                let start = Instant::now();
                assert_eq!(decide(&basket, &customer, &presented, Combining::default(), now).len(), number);
                decisions.saturating_record(nanos(start));
            }
            row(&format!("a checkout of {lines} lines and {number} coupons, median"), &micros(&previews));
            row("the decision alone, median", &micros(&decisions));
        }
    }

    /// The best of coupons that a customer holds, of some categories that exclude each other, in a basket of fifty lines.
    async fn eligible(&self) {
        for number in [5, 20, 50] {
            let holder = format!("holder-of-{number}");
            for place in 0..number {
                let (kind, value) = match place % 4 {
                    0 => (CouponType::Percentage, format!("{}", 2 + place % 7)),
                    1 | 2 => (CouponType::Amount, format!("{}.50", 1 + place % 9)),
                    _ => (CouponType::GiftCard, format!("{}", 10 + place)),
                };
                let some = (place % 11..50).step_by(3).map(|line| format!("product-{line:04}")).collect();
                let products = if place % 3 == 0 { Vec::new() } else { some };
                let with = if place % 2 == 0 { StackingWith::OtherCategories } else { StackingWith::All };
                let stacking = Stacking { with, category: Some(format!("category {}", place % 5)), order: 0 };
                let till = TillEdit { stacking: Some(Some(stacking)), ..TillEdit::default() };
                let restrictions = RestrictionsDraft { products, ..RestrictionsDraft::default() };
                let code = format!("ELIGIBLE-{number}-{place}");
                let value = Some(value);
                let pool = PoolDraft { kind, value, restrictions, till, ..draft(&code, Source::Uploaded) };
                let pool = self.make(pool).await;
                let add = CouponsAdd { pool, codes: vec![code] };
                self.session.submit(None, add).await.expect("added codes");
                let claim = Claim::of(pool, customer(&holder));
                self.session.submit(None, claim).await.expect("a coupon");
            }
            let (mut times, mut exact) = (histogram(), false);
            for _ in 0..50 {
                let (basket, start) = (basket_of(50), Instant::now());
                let fitting = self.session.eligible_coupons(customer(&holder), basket).await.expect("an answer");
                times.saturating_record(nanos(start));
                exact = fitting.exact;
            }
            let name = format!("the best of {number} coupons{}, median", if exact { "" } else { " (not certain)" });
            row(&name, &micros(&times));
        }
    }

    async fn checkout(&self, lines: usize, number: usize) -> (CheckoutOrder, Vec<Presented>) {
        let product = |place: usize| format!("product-{place:04}");
        let (mut coupons, mut presented) = (Vec::new(), Vec::new());
        for place in 0..number {
            let (kind, value) = match place % 3 {
                0 => (CouponType::Percentage, "0.5"),
                1 => (CouponType::Amount, "1.00"),
                _ => (CouponType::GiftCard, "5"),
            };
            let some = (place..lines).step_by(number).map(product).collect();
            let products = if place % 2 == 0 { Vec::new() } else { some };
            let restrictions = RestrictionsDraft { products, ..RestrictionsDraft::default() };
            let name = format!("CHECKOUT-{lines}-{place}");
            let value = Some(value.to_owned());
            let pool = self.make(PoolDraft { kind, value, restrictions, ..draft(&name, Source::Uploaded) }).await;
            let add = CouponsAdd { pool, codes: vec![name.clone()] };
            self.session.submit(None, add).await.expect("added codes");
            let terms =
                self.session.pool(pool).expect("an answer").and_then(|pool| pool.terms.last().cloned()).expect("terms");
            let coupon = Coupon::unassigned(CouponId { pool, index: 0 }, name.clone(), TermsNumber(0));
            coupons.push(Presentation { code: name.clone(), amount: None });
            presented.push(Presented {
                code: name,
                found: Some((coupon, terms)),
                assignment: Some(Ok(())),
                ..Presented::default()
            });
        }
        let basket = basket_of(lines);
        let order = CheckoutOrder {
            transaction: TransactionId::parse("preview").expect("an id"),
            customer: customer("ann"),
            basket,
            coupons,
            at: None,
            expected_payable: None,
        };
        (order, presented)
    }

    async fn reads(&self, pool: PoolId) {
        let size = self.session.tally(pool).expect("a tally").supply.size;
        let some = || CouponId { pool, index: rand::rng().random_range(0..size) };
        let (mut by_id, mut by_code, mut page, mut listed) = (histogram(), histogram(), histogram(), histogram());
        for _ in 0..500 {
            let start = Instant::now();
            assert!(self.session.coupons(&[some()]).await.expect("an answer")[0].is_some());
            by_id.saturating_record(nanos(start));
            let request = |after| PageRequest { limit: 50, after: Some(after), before: None, from_end: false };
            let all = PageRequest { limit: 50, after: None, before: None, from_end: false };
            let start = Instant::now();
            let found = self.session.coupons_by_code(&code(some()), &all, self.scrip.now()).await.expect("an answer");
            by_code.saturating_record(nanos(start));
            assert_eq!(found.items.len(), 1);
            for (statuses, times) in [(vec![], &mut page), (vec![Status::Redeemed], &mut listed)] {
                let filter = CouponFilter { statuses, ..CouponFilter::default() };
                let start = Instant::now();
                self.session.pool_coupons(pool, &filter, &request(some()), self.scrip.now()).await.expect("a page");
                times.saturating_record(nanos(start));
            }
        }
        row("a coupon by its id, median", &micros(&by_id));
        row("a coupon by its code, median", &micros(&by_code));
        row(&format!("50 coupons of a pool of {size}, median"), &micros(&page));
        row("the same, redeemed ones only, median", &micros(&listed));
    }

    /// Closes it and starts on what is there.
    async fn restart(&mut self, address: &Address) {
        let other = Self::open(&Address::parse("mem://").expect("an address"), self.time).await;
        let Self { scrip, session, .. } = std::mem::replace(self, other);
        // It closes once nobody has it any more.
        drop(session);
        scrip.close().await;
        let start = Instant::now();
        let scrip = Scrip::open(address, Clock::System, None).await.expect("an open database");
        row("a start on this database", &format!("{} ms", start.elapsed().as_millis()));
        row("memory after the start", &memory());
        scrip.close().await;
    }
}

/// A basket of so many products.
fn basket_of(lines: usize) -> BasketDraft {
    BasketDraft {
        currency: "EUR".to_owned(),
        store: None,
        shipping: Some("4.95".to_owned()),
        lines: (0..lines).map(|place| (format!("product-{place:04}"), 2, "19.95".to_owned())).collect(),
    }
}

fn code(id: CouponId) -> String {
    format!("BENCH{}-{:08}", id.pool.0, id.index)
}

fn by_code(id: CouponId) -> CouponRef {
    CouponRef::Code { code: code(id), pool: None, customer: None }
}
