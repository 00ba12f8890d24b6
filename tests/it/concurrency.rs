//! Many callers at once: one use never becomes two, and the same idempotency key gives one answer.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use scrip::{
    domain::{decimal::Amount, rejection::Code, status::Status},
    service::{Claim, CouponFilter, CouponRef, EventFilter, PageRequest, Redeem},
};
use tokio::task::JoinSet;

use crate::support::{Backend, Client, Codes, TestScrip, customer, decimal, draft};

/// Runs `number` callers at once, and gives what each was answered.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    app: &TestScrip,
    number: usize,
    call: impl Fn(Client, usize) -> F,
) -> Vec<T> {
    let mut callers = JoinSet::new();
    for caller in 0..number {
        let answer = call(app.named(&format!("caller-{caller}")), caller);
        callers.spawn(async move { (caller, answer.await) });
    }
    let mut answers = callers.join_all().await;
    answers.sort_by_key(|(caller, _)| *caller);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// How many succeeded; all others were refused with this code.
fn winners<T>(answers: &[Result<T, Codes>], code: Code) -> usize {
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(refused, &[code]);
    }
    answers.iter().filter(|answer| answer.is_ok()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_200_redemptions_of_a_coupon_succeeds() {
    for backend in Backend::ALL {
        let app = TestScrip::new(backend).await;
        let pool = app.stocked(draft::percentage(), 1).await;
        let coupon = app.claim(pool, "ann").await.expect("a coupon").id;
        let answers = at_once(&app, 200, move |client, _| async move { client.redeem(coupon).await }).await;
        assert_eq!(winners(&answers, Code::AlreadyRedeemed), 1);
        assert_eq!(app.coupon(coupon).await.usages, 1);
    }
}

/// What a decision reads is known before it is decided: it is decided once to learn what, and once on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_fresh_keys_on_a_fresh_pool_is_decided_twice_at_most() {
    for backend in Backend::ALL {
        let app = TestScrip::new(backend).await;
        let bulk = app.pool(draft::bulk(draft::percentage(), "FRESH-$$$$$$$$$$")).await.id;
        app.generate(bulk, 10_000).await.expect("codes");
        for pool in [bulk, app.stocked(draft::percentage(), 500).await, app.pool(draft::generic("FRESH")).await.id] {
            let (decided, written) = app.scrip().vitals().batches();
            let answers = at_once(&app, 300, move |client, number| async move {
                let claim = Claim::of(pool, customer(&format!("fresh-{number}")));
                client.ask(Some(format!("key-{pool:?}-{number}")), claim).await
            });
            assert!(answers.await.iter().all(Result::is_ok));
            let (decided_now, written_now) = app.scrip().vitals().batches();
            let (decided, written) = (decided_now - decided, written_now - written);
            assert!(decided <= 2 * written, "{pool:?}: {written} batches were decided {decided} times");
        }
        app.close().await;
    }
}

/// Every coupon of the pool is in one of the statuses that are asked for, whatever changes while the list is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_has_a_coupon_that_changes_meanwhile_once() {
    const COUPONS: u64 = 400;
    for backend in Backend::ALL {
        let app = TestScrip::new(backend).await;
        let pool = app.pool(draft::bulk(draft::percentage(), "LIST-$$$$$$")).await.id;
        app.generate(pool, COUPONS).await.expect("codes");
        let done = Arc::new(AtomicBool::new(false));
        let (reader, ended) = (app.named("reader"), Arc::clone(&done));
        let reading = tokio::spawn(async move {
            let statuses = vec![Status::Unassigned, Status::Claimed, Status::Redeemed];
            let filter = CouponFilter { statuses, ..CouponFilter::default() };
            let page = PageRequest { limit: COUPONS as usize + 1, after: None, before: None, from_end: false };
            while !ended.load(Ordering::SeqCst) {
                let listed = reader.pool_coupons(pool, &filter, &page, reader.now()).await.expect("a page").items;
                let places: Vec<_> = listed.iter().map(|(id, _)| id.index).collect();
                assert!(places.iter().copied().eq(0..COUPONS), "{places:?}");
                assert!(listed.iter().all(|(_, coupon)| filter.statuses.contains(&coupon.status)));
            }
        });
        at_once(&app, 8, move |client, caller| async move {
            for number in 0..COUPONS / 8 {
                let coupon = client.claim(pool, &format!("{caller}-{number}")).await.expect("a coupon").id;
                client.redeem(coupon).await.expect("a coupon");
            }
        })
        .await;
        done.store(true, Ordering::SeqCst);
        reading.await.expect("a reader");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_50_claims_gets_the_last_coupon() {
    for backend in Backend::ALL {
        let app = TestScrip::new(backend).await;
        let pool = app.stocked(draft::percentage(), 3).await;
        for customer in ["ann", "ben"] {
            app.claim(pool, customer).await.expect("a coupon");
        }
        let claim =
            move |client: Client, caller| async move { client.claim(pool, &format!("customer-{caller}")).await };
        let answers = at_once(&app, 50, claim).await;
        assert_eq!(winners(&answers, Code::PoolExhausted), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unassigned_coupon_is_claimed_again_once() {
    for backend in Backend::ALL {
        let app = TestScrip::new(backend).await;
        let pool = app.stocked(draft::percentage(), 1).await;
        let coupon = app.claim(pool, "ann").await.expect("a coupon").id;
        let answers = at_once(&app, 60, move |client, caller| async move {
            match caller {
                0 => client.unassign(coupon).await,
                _ => client.claim(pool, &format!("customer-{caller}")).await,
            }
        })
        .await;
        // Whoever came before the coupon was back has been refused.
        assert!(winners(&answers, Code::PoolExhausted) <= 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_redemptions_of_a_gift_card_never_exceed_it() {
    for backend in Backend::ALL {
        let app = TestScrip::new(backend).await;
        let pool = app.stocked(draft::gift_card("100.00"), 1).await;
        let card = app.claim(pool, "ann").await.expect("a card").id;
        // 0.01 to 0.30 each, 155 in all: the card runs dry on the way.
        let amount = |caller: usize| format!("0.{:02}", caller % 30 + 1);
        let answers =
            at_once(&app, 1_000, move |client, caller| async move { client.pay(card, &amount(caller)).await }).await;
        let paid = answers.iter().enumerate().filter(|(_, answer)| answer.is_ok());
        let paid: i64 = paid.map(|(caller, _)| (caller % 30 + 1) as i64).sum();
        let card = app.coupon(card).await;
        assert_eq!(card.balance(), Some(Amount(10_000 - paid)));
        assert!(paid > 9_970 && paid <= 10_000, "{paid} of 10,000 were paid");
        for refused in answers.into_iter().filter_map(Result::err) {
            assert!(matches!(refused[..], [Code::InsufficientBalance | Code::AlreadyRedeemed]), "{refused:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_coupon_that_many_give_away_has_one_owner() {
    for backend in Backend::ALL {
        let app = TestScrip::new(backend).await;
        let pool = app.stocked(draft::percentage(), 1).await;
        let coupon = app.claim(pool, "ann").await.expect("a coupon").id;
        for customer in 0..50 {
            app.customer(&format!("customer-{customer}"), None, None).await;
        }
        let give =
            move |client: Client, caller| async move { client.transfer(coupon, &format!("customer-{caller}")).await };
        let answers = at_once(&app, 50, give).await;
        assert_eq!(winners(&answers, Code::CustomerMismatch), 50);
        assert_eq!(app.coupon(coupon).await.transfers, 50);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_idempotency_key_at_once_gives_one_answer() {
    for backend in Backend::ALL {
        let app = TestScrip::new(backend).await;
        let pool = app.stocked(draft::percentage(), 100).await;
        let command = Claim::of(pool, customer("ann"));
        let retry = |_: Client, _| {
            // Keys are kept for each caller, so all of these are one caller.
            let (client, command) = (app.named("till"), command.clone());
            async move { client.ask(Some("key".to_owned()), command).await }
        };
        let mut answers = at_once(&app, 100, retry).await;
        answers.dedup();
        assert!(matches!(answers[..], [Ok(_)]), "{} answers to one key", answers.len());
        assert_eq!(app.tally(pool).expect("a tally").counts.of(Status::Claimed), 1);

        let other = app.named("till").ask(Some("key".to_owned()), Claim::of(pool, customer("ben"))).await;
        assert_eq!(other, Err(vec![Code::IdempotencyMismatch]));
        let elsewhere = app.named("app").ask(Some("key".to_owned()), command).await;
        assert!(elsewhere.is_ok() && elsewhere != answers[0], "another caller's key is another key");
    }
}

/// How an amount is written and a coupon named is not what a key holds its input to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_idempotency_key_takes_the_same_input_written_otherwise() {
    let app = TestScrip::new(Backend::Memory).await;
    let cards = app.stocked(draft::gift_card("50.00"), 1).await;
    let card = app.claim(cards, "ann").await.expect("a card");
    let till = app.named("till");
    let pay = async |coupon: CouponRef, amount: &str| {
        let command = Redeem { amount: Some(decimal(amount)), ..Redeem::of(coupon) };
        till.ask(Some("key".to_owned()), command).await
    };
    let by_code = || CouponRef::Code { code: card.code.clone(), pool: None, customer: None };
    let first = pay(CouponRef::Id(card.id), "10").await;
    assert!(first.is_ok());
    for (coupon, amount) in [(CouponRef::Id(card.id), "10.00"), (by_code(), "10"), (by_code(), "010.0")] {
        assert_eq!(pay(coupon, amount).await, first, "{amount}");
    }
    assert_eq!(pay(by_code(), "10.01").await, Err(vec![Code::IdempotencyMismatch]));
    let balance = app.coupon(card.id).await.account.map(|account| account.balance);
    assert_eq!(balance, Some(Amount(4_000)), "it was paid once");
}

/// What is read while others write is on disk: a place that the log gave can be followed from at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_place_in_the_log_can_be_followed_from() {
    let app = TestScrip::new(Backend::Disk).await;
    let pool = app.pool(draft::generated(draft::percentage(), "PLACE-########")).await.id;
    let client = app.named("claimer");
    let enough = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&enough);
    let claims = tokio::spawn(async move {
        for number in 0.. {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            client.claim(pool, &format!("customer-{}", number % 7)).await.expect("a coupon");
        }
    });
    let of_customer = EventFilter { customer: Some(customer("customer-1")), ..EventFilter::default() };
    let mut places = BTreeSet::new();
    // It is read while it grows.
    while places.len() < 100 && !claims.is_finished() {
        for filter in [EventFilter::default(), of_customer.clone()] {
            let newest = PageRequest { limit: 500, after: None, before: None, from_end: false };
            let page = app.events(&filter, &newest).await.expect("a page");
            let Some((last, _)) = page.items.last() else { continue };
            let followed = app.follow(EventFilter::default(), Some(*last));
            assert!(followed.is_ok(), "{last:?}: {followed:?}");
            places.insert(*last);
        }
    }
    enough.store(true, Ordering::Relaxed);
    claims.await.expect("claims");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_coupon_that_is_read_has_its_events_in_the_log() {
    for backend in Backend::ALL {
        let app = TestScrip::new(backend).await;
        let pool = app.stocked(draft::gift_card("100.00"), 1).await;
        let card = app.claim(pool, "ann").await.expect("a card").id;
        let done = Arc::new(AtomicBool::new(false));
        let (reader, ends) = (app.named("reader"), Arc::clone(&done));
        let reader = tokio::spawn(async move {
            let mut read = 0;
            while !ends.load(Ordering::SeqCst) || read == 0 {
                let coupon = reader.coupon(card).await;
                let latest = *reader.latest_event().expect("a place").borrow();
                let last = coupon.history.recent.last().copied();
                assert!(last.is_none_or(|last| last <= latest), "{last:?} was read, the log ends at {latest:?}");
                read += 1;
            }
            read
        });
        for _ in 0..200 {
            app.pay(card, "0.01").await.expect("a payment");
        }
        done.store(true, Ordering::SeqCst);
        assert!(reader.await.expect("a reader") > 0);
    }
}
