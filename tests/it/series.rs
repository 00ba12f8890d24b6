//! Codes of pools whose pattern and phrases were edited: each is found by the tables of its own series, which are built
//! outside of the committer and again after each start.

use scrip::{
    domain::{
        coupon::Coupon,
        id::{CouponId, PoolId},
        pool_draft::PoolDraft,
        status::Status,
    },
    service::{CouponRef, PageRequest, PoolEdit, PoolUpdate, Redeem},
};

use crate::support::{Backend, Client, TestScrip, customer, draft, open};

fn phrases(number: usize) -> Vec<String> {
    (0..40).map(|word| format!("{}{}", ["QX", "ZW", "KJ"][number % 3], word)).collect()
}

/// A pool that makes its codes, with a coupon of each of several lists of phrases.
async fn edited(app: &Client) -> (PoolId, Vec<Coupon>) {
    let generated = draft::generated(draft::percentage(), "SUM-$$$$$$");
    let pool = app.pool(PoolDraft { excluded_phrases: phrases(0), ..generated }).await.id;
    let mut coupons = vec![app.claim(pool, "ann").await.expect("a coupon")];
    for number in 1..5 {
        let edit = PoolEdit { excluded_phrases: Some(phrases(number)), ..PoolEdit::default() };
        app.change(PoolUpdate { pool, edit: Box::new(edit) }).await.expect("an edit");
        coupons.push(app.claim(pool, "ann").await.expect("a coupon"));
    }
    (pool, coupons)
}

async fn redeemed(app: &Client, code: &str) -> CouponId {
    let coupon = CouponRef::Code { code: code.to_owned(), pool: None, customer: None };
    let case = Redeem { customer: Some(customer("ann")), ..Redeem::of(coupon) };
    let redeemed = app.change(case).await.expect("a redemption").coupon;
    assert_eq!(redeemed.status, Status::Redeemed);
    redeemed.id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_code_is_found_by_the_series_that_made_it() {
    let app = TestScrip::new(Backend::Disk).await;
    let (pool, coupons) = edited(&app).await;
    let folder = app.close().await.expect("it is on disk");
    // Nothing is open after a start: the first to ask needs the tables of all series.
    let app = open(folder.path()).await.expect("it opens");
    let all = coupons.iter().map(|coupon| {
        let (app, code) = (app.clone(), coupon.code.to_lowercase());
        tokio::spawn(async move { redeemed(&app, &code).await })
    });
    for (redeemed, coupon) in all.collect::<Vec<_>>().into_iter().zip(&coupons) {
        assert_eq!(redeemed.await.expect("an end"), coupon.id);
    }
    app.close().await;
    let app = open(folder.path()).await.expect("it opens");
    let page = PageRequest::new(None, None, None, None).expect("a page");
    for coupon in &coupons {
        let found = app.coupons_by_code(&coupon.code, &page, app.now()).await.expect("an answer");
        assert_eq!(found.items.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [coupon.id]);
    }
    app.close().await;
    let app = open(folder.path()).await.expect("it opens");
    let new = app.claim(pool, "ben").await.expect("a coupon");
    assert!(coupons.iter().all(|coupon| coupon.id != new.id && coupon.code != new.code), "{new:?}");
    app.close().await;
}
