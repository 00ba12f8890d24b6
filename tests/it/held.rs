//! Holds and what they survive: a restart while something is held, and one after it is over.

use scrip::{
    domain::{
        basket::BasketDraft,
        id::{CouponId, PoolId},
        period::Instant,
        rejection::Code,
        status::Status,
    },
    service::{Checkout, CheckoutOrder, Hold, Presentation},
};

use crate::support::{Backend, TestScrip, audit, code, customer, draft, purchase};

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

/// A checkout of ann's of one line of 20.00.
fn order(transaction: &str, coupons: &[CouponId]) -> Box<CheckoutOrder> {
    let lines = vec![("a".to_owned(), 1, "20".to_owned())];
    Box::new(CheckoutOrder {
        transaction: purchase(transaction),
        customer: customer("ann"),
        basket: BasketDraft { currency: "EUR".to_owned(), store: None, shipping: None, lines },
        coupons: coupons.iter().map(|coupon| Presentation { code: code(*coupon), amount: None }).collect(),
        at: None,
        expected_payable: None,
    })
}

async fn hold(app: &TestScrip, transaction: &str, coupons: &[CouponId], minutes: i64) {
    let held = app.change(Hold { order: order(transaction, coupons), minutes }).await.expect("a hold");
    assert!(held.until.is_some(), "{held:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_survives_a_restart_and_is_given_back_after_one() {
    let mut app = TestScrip::at(Backend::Disk, at("2026-03-01T10:00:00Z")).await;
    let coupons = app.stocked(draft::percentage(), 3).await;
    let cards = app.stocked(draft::gift_card("50"), 1).await;
    let card = app.claim(cards, "ann").await.expect("a card").id;
    let place = |pool: PoolId, index| CouponId { pool, index };
    // The first two are nobody's, and given to ann with the hold.
    hold(&app, "t-1", &[place(coupons, 0), card], 30).await;
    hold(&app, "t-2", &[place(coupons, 1), card], 60).await;
    app.reopen().await;
    assert_eq!(app.pay(card, "20").await.map(|_| ()), Err(vec![Code::Held]), "14.00 are free");
    assert_eq!(app.redeem(place(coupons, 0)).await.map(|_| ()), Err(vec![Code::Held]));
    let again = app.change(Hold { order: order("t-1", &[]), minutes: 30 }).await;
    assert_eq!(again.map(|_| ()), Err(vec![Code::TransactionAlreadyUsed]));
    let done = app.change(Checkout(order("t-1", &[place(coupons, 0), card]))).await.expect("a checkout");
    assert_eq!(done.record.payable().0, 0);
    app.clock().set(at("2026-03-01T11:00:00Z"));
    app.reopen().await;
    // Before and after that it is recorded as over.
    assert_eq!(app.pay(card, "20").await.expect("nothing is held").balance().map(|amount| amount.0), Some(1_200));
    app.tally_at(coupons, app.now()).await.expect("what is over is recorded");
    let back = app.coupon(place(coupons, 1)).await;
    assert_eq!((back.status, back.customer, back.holds.len()), (Status::Unassigned, None, 0));
    assert_eq!(app.coupon(place(coupons, 0)).await.status, Status::Redeemed);
    assert_eq!(app.coupon(card).await.holds.len(), 0);
    audit::audit(&app).await;
    app.close().await;
}
