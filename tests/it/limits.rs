//! How many coupons a pool gives, in all and to one customer: not one more, whoever asks at once, also where a pool gets a
//! limit after it has given some.

use scrip::{
    domain::{
        basket::BasketDraft,
        id::{CouponId, PoolId},
        limits::LimitsDraft,
        pool_draft::PoolDraft,
        rejection::Code,
        till::TillEdit,
    },
    service::{Checkout, CheckoutOrder, CouponRef, PoolEdit, PoolUpdate, Presentation, Redeem, SettingsEdit},
};
use tokio::task::JoinSet;

use crate::support::{Backend, Client, Codes, TestScrip, customer, draft, purchase};

fn limits(total: Option<i32>, per_customer: Option<i32>) -> TillEdit {
    TillEdit { limits: Some(Some(LimitsDraft { total, per_customer })), ..TillEdit::default() }
}

/// A pool whose code is open to all.
fn open(code: &str, till: TillEdit) -> PoolDraft {
    PoolDraft { till: TillEdit { claim_on_use: Some(true), ..till }, ..draft::generic(code) }
}

async fn redeem(client: &Client, code: &str, by: &str) -> Result<CouponId, Codes> {
    let coupon = CouponRef::Code { code: code.to_owned(), pool: None, customer: Some(customer(by)) };
    let case = Redeem { customer: Some(customer(by)), ..Redeem::of(coupon) };
    client.change(case).await.map(|changed| changed.coupon.id)
}

/// A checkout of 100.00 with a code: whether the code was redeemed, or the code of its refusal.
async fn checkout(client: &Client, code: &str, by: &str) -> Result<(), Codes> {
    let order = CheckoutOrder {
        transaction: purchase(&format!("{code}-{by}")),
        customer: customer(by),
        basket: BasketDraft {
            currency: "EUR".to_owned(),
            store: None,
            shipping: None,
            lines: vec![("p".to_owned(), 1, "100".to_owned())],
        },
        coupons: vec![Presentation { code: code.to_owned(), amount: None }],
        at: None,
        expected_payable: None,
    };
    let agreed = client.change(Checkout(Box::new(order))).await?;
    let one = agreed.record.coupons.first().expect("a coupon");
    if one.redeemed { Ok(()) } else { Err(one.reasons().map(|refusal| refusal.code).collect()) }
}

async fn edit(app: &TestScrip, pool: PoolId, till: TillEdit) {
    let edit = PoolEdit { till, ..PoolEdit::default() };
    app.change(PoolUpdate { pool, edit: Box::new(edit) }).await.expect("an edit");
}

/// How many of so many callers at once succeed; all others are refused with this code.
async fn winners<F: Future<Output = Result<(), Codes>> + Send + 'static>(
    app: &TestScrip,
    number: usize,
    code: Code,
    call: impl Fn(Client, usize) -> F,
) -> usize {
    let mut callers = JoinSet::new();
    for caller in 0..number {
        callers.spawn(call(app.named(&format!("caller-{}", caller % 20)), caller));
    }
    let answers = callers.join_all().await;
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(refused, &[code]);
    }
    answers.iter().filter(|answer| answer.is_ok()).count()
}

/// A tenth of the callers claim a coupon, the others have the code in a checkout or redeem it.
async fn use_or_claim(client: Client, caller: usize) -> Result<(), Codes> {
    let by = format!("customer-{caller}");
    match caller % 20 {
        0 | 1 => client.claim(PoolId(1), &by).await.map(drop),
        2..=10 => redeem(&client, "spring", &by).await.map(drop),
        _ => checkout(&client, "SPRING", &by).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_at_once_get_the_last_ten_uses_of_an_open_code() {
    for backend in Backend::ALL {
        let app = TestScrip::new(backend).await;
        let settings = SettingsEdit { auto_redeem: Some(true), ..SettingsEdit::default() };
        app.change(settings).await.expect("settings");
        let pool = app.pool(open("SPRING", limits(Some(30), Some(1)))).await.id;
        for number in 0..20 {
            app.claim(pool, &format!("early-{number}")).await.expect("a coupon");
        }
        assert_eq!(winners(&app, 1_000, Code::LimitReached, use_or_claim).await, 10);
        assert_eq!(app.tally(pool).expect("a tally").counts.total(), 30);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_customer_at_once_gets_as_many_as_are_for_one() {
    for backend in Backend::ALL {
        let app = TestScrip::new(backend).await;
        app.pool(open("SPRING", limits(None, Some(3)))).await;
        let call = |client: Client, _| async move { redeem(&client, "SPRING", "ann").await.map(drop) };
        assert_eq!(winners(&app, 200, Code::LimitReached, call).await, 3);
        let pool = app.stocked(PoolDraft { till: limits(Some(7), Some(5)), ..draft::percentage() }, 100).await;
        let call = move |client: Client, _| async move { client.claim(pool, "ann").await.map(drop) };
        assert_eq!(winners(&app, 100, Code::LimitReached, call).await, 5);
        let call = move |client: Client, _| async move { client.claim(pool, "ben").await.map(drop) };
        assert_eq!(winners(&app, 100, Code::LimitReached, call).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_counts_is_what_a_pool_has_given() {
    let app = TestScrip::new(Backend::Memory).await;
    app.customer("ben", None, None).await;
    let pool = app.stocked(PoolDraft { till: limits(None, Some(2)), ..draft::percentage() }, 10).await;
    let [one, two] = [app.claim(pool, "ann").await, app.claim(pool, "ann").await].map(|coupon| coupon.expect("one").id);
    let full = || Err(vec![Code::LimitReached]);
    assert_eq!(app.claim(pool, "ann").await.map(drop), full());
    app.unassign(one).await.expect("it comes back");
    let one = app.claim(pool, "ann").await.expect("and is given again").id;
    app.redeem(one).await.expect("redeemed");
    assert_eq!(app.claim(pool, "ann").await.map(drop), full(), "one that is used up counts");
    // What was handed on was given to ann, and to nobody else.
    app.transfer(two, "ben").await.expect("ben has it");
    assert_eq!(app.claim(pool, "ann").await.map(drop), full());
    app.unassign(two).await.expect("it comes back from ben");
    assert_eq!(app.claim(pool, "ann").await.map(drop), full());
    for _ in 0..2 {
        app.claim(pool, "ben").await.expect("a coupon");
    }
    assert_eq!(app.claim(pool, "ben").await.map(drop), full());
    // Without a limit it goes on counting.
    edit(&app, pool, TillEdit { limits: Some(None), ..TillEdit::default() }).await;
    app.claim(pool, "ben").await.expect("a coupon");
    edit(&app, pool, limits(None, Some(3))).await;
    assert_eq!(app.claim(pool, "ben").await.map(drop), full());
    app.claim(pool, "ann").await.expect("a third one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aggregated_pool_counts_each_claim() {
    let app = TestScrip::new(Backend::Memory).await;
    let draft = PoolDraft { aggregated: true, till: limits(Some(4), Some(3)), ..draft::percentage() };
    let pool = app.stocked(draft, 10).await;
    for claims in 1..=3 {
        assert_eq!(app.claim(pool, "ann").await.expect("once more").claims, claims);
    }
    assert_eq!(app.claim(pool, "ann").await.map(drop), Err(vec![Code::LimitReached]));
    app.claim(pool, "ben").await.expect("a coupon");
    assert_eq!(app.claim(pool, "ben").await.map(drop), Err(vec![Code::LimitReached]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_claimed_before_there_was_a_limit_counts() {
    let mut app = TestScrip::new(Backend::Disk).await;
    app.customer("ben", None, None).await;
    let pool = app.stocked(draft::percentage(), 1_000).await;
    let other = app.stocked(draft::percentage(), 1_000).await;
    // More than is read at once, mostly of another pool.
    let given = app.claim(pool, "ann").await.expect("a coupon").id;
    let back = app.claim(pool, "ann").await.expect("a coupon").id;
    for _ in 0..600 {
        app.claim(other, "ann").await.expect("a coupon");
    }
    let used = app.claim(pool, "ann").await.expect("a coupon").id;
    app.redeem(used).await.expect("redeemed");
    app.transfer(given, "ben").await.expect("ben has it");
    app.unassign(back).await.expect("it comes back");
    edit(&app, pool, limits(Some(5), Some(3))).await;
    app.reopen().await;
    app.claim(pool, "ann").await.expect("the third: one was used, one handed on");
    assert_eq!(app.claim(pool, "ann").await.map(drop), Err(vec![Code::LimitReached]));
    for _ in 0..2 {
        app.claim(pool, "ben").await.expect("what ben was handed does not count");
    }
    assert_eq!(app.claim(pool, "ben").await.map(drop), Err(vec![Code::LimitReached]), "five in all");
}
