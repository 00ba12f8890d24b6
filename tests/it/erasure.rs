//! Erasing customers: nothing of them is left in any table, the books stay as they were, who comes with the same id is a
//! new customer, and an erasure that was cut off goes on.

use std::time::Duration;

use scrip::{
    domain::{
        basket::BasketDraft,
        customer::Email,
        id::{CouponId, PoolId},
        rejection::Code,
    },
    service::{
        BulkAction, BulkDraft, Checkout, CheckoutOrder, Claim, CouponFilter, CustomerEdit, Erased, Failure,
        ImportDraft, MappingDraft, OnDuplicate, PageRequest, Presentation, SettingsEdit,
    },
    storage::{
        Address, Answers, Coupons, CustomerEvents, CustomerPurchases, Customers, Emails, Erasures, Events, Holdings,
        JobEffects, JobPlans, JobRefusals, Purchases, ReadFrom, Span, Store, Table,
    },
};

use crate::support::{Backend, Client, TestScrip, code, customer, disk, draft, new_folder, open, purchase};

/// A name that nothing else in the database has in it.
const ZOE: &str = "zoe-4711";
const EMAIL: &str = "zoe.q@example.com";

impl TestScrip {
    async fn erase(&self, id: &str, force: bool) -> Result<Erased, Vec<Code>> {
        self.erase_customer(customer(id), force).await.map_err(|failure| match failure {
            Failure::Refused(refusals) => refusals.into_iter().map(|refusal| refusal.code).collect(),
            Failure::Internal(reason) => panic!("broken inside: {}", reason.with_causes()),
        })
    }

    async fn held_by(&self, id: &str) -> usize {
        let page = PageRequest { limit: 500, after: None, before: None, from_end: false };
        let held = self.customer_coupons(&customer(id), &CouponFilter::default(), &page, self.now()).await;
        held.expect("a page").items.len()
    }
}

impl Client {
    /// A checkout of a customer's that is recorded.
    pub(crate) async fn bought(&self, transaction: &str, by: &str, codes: &[String], key: &str) {
        let basket = BasketDraft {
            currency: "EUR".to_owned(),
            store: None,
            shipping: None,
            lines: vec![("shoe".to_owned(), 1, "50".to_owned())],
        };
        let coupons = codes.iter().map(|code| Presentation { code: code.clone(), amount: None }).collect();
        let (transaction, customer) = (purchase(transaction), customer(by));
        let order = CheckoutOrder { transaction, customer, basket, coupons, at: None, expected_payable: None };
        let answer = self.ask(Some(key.to_owned()), Checkout(Box::new(order))).await;
        answer.expect("a recorded checkout");
    }
}

/// All rows of a table, as text.
async fn rows<T: Table>(store: &Store) -> String {
    let rows = store.scan::<T>(&Span::all(), ReadFrom::Start, 100_000).await.expect("rows");
    format!("{}: {rows:?}\n", T::NAME)
}

/// All that a folder holds of what could name a customer.
pub(crate) async fn dump(address: &Address) -> String {
    let store = Store::open(address).await.expect("a database");
    let mut text = rows::<Customers>(&store).await;
    text += &rows::<Emails>(&store).await;
    text += &rows::<Holdings>(&store).await;
    text += &rows::<CustomerEvents>(&store).await;
    text += &rows::<Events>(&store).await;
    text += &rows::<Coupons>(&store).await;
    text += &rows::<Purchases>(&store).await;
    text += &rows::<CustomerPurchases>(&store).await;
    text += &rows::<Answers>(&store).await;
    text += &rows::<Erasures>(&store).await;
    text += &rows::<JobPlans>(&store).await;
    text += &rows::<JobEffects>(&store).await;
    text += &rows::<JobRefusals>(&store).await;
    store.close().await;
    text
}

/// Jobs that were asked for zoe, have taken a coupon from her, and have refused a row of hers.
async fn jobs(scrip: &TestScrip, pool: PoolId) {
    let draft = |action| BulkDraft {
        action,
        coupons: None,
        codes: None,
        filter: None,
        customers: None,
        upload: None,
        pool: Some(pool),
        to: None,
        reason: None,
        dry_run: false,
    };
    let claims = BulkDraft { customers: Some(vec![customer(ZOE)]), ..draft(BulkAction::Claim) };
    let taken = scrip.claim(pool, ZOE).await.expect("a claim");
    let takes = BulkDraft { coupons: Some(vec![taken.id]), ..draft(BulkAction::Unassign) };
    let mut upload = scrip.upload(None).await.expect("an upload");
    upload.write(format!("code,customer,value\nX-1,{ZOE},no value\n").into_bytes()).await.expect("written");
    let upload = upload.finish().await.expect("a file").id;
    let (mapping, on_duplicate) = (MappingDraft::default(), OnDuplicate::Skip);
    let file = ImportDraft { upload, pool: Some(pool), mapping, on_duplicate, dry_run: false };
    let mut started = vec![scrip.start_import(None, file).await.expect("a job")];
    for draft in [claims, takes] {
        started.push(scrip.start_bulk(None, draft).await.expect("a job"));
    }
    for (job, refused) in started.into_iter().zip([1, 0, 0]) {
        let mut followed = scrip.follow_job(job.id).expect("an answer");
        let mut last = job;
        while let Some(job) = followed.next().await.expect("an answer") {
            last = job;
        }
        assert_eq!((last.counters.done, last.counters.refused), (1 - refused, refused), "{last:?}");
    }
}

/// A pool whose coupons are noted by customer and limited for each, one of plain ones, and what zoe did with them.
async fn shop() -> (TestScrip, PoolId, PoolId) {
    let scrip = TestScrip::new(Backend::Disk).await;
    let settings = SettingsEdit { auto_redeem: Some(true), ..SettingsEdit::default() };
    scrip.change(settings).await.expect("settings");
    let plain = scrip.stocked(draft::percentage(), 50).await;
    let mut renewed = draft::percentage();
    renewed.aggregated = true;
    let renewed = scrip.stocked(renewed, 50).await;
    let attributes = Some(serde_json::json!({ "nick": "zoe-4711 the first" }));
    for email in ["old.zoe@example.com", EMAIL] {
        let email = Some(Some(Email::parse(email).expect("an address")));
        let edit = CustomerEdit { id: customer(ZOE), email, currency: None, attributes: attributes.clone() };
        scrip.change(Box::new(edit)).await.expect("a customer");
    }
    let key = |name: &str| Some(format!("key {name}"));
    for name in ["a", "b"] {
        scrip.ask(key(name), Claim::of(plain, customer(ZOE))).await.expect("a claim");
    }
    scrip.claim(renewed, ZOE).await.expect("a claim");
    scrip.claim(renewed, ZOE).await.expect("a claim");
    let given = scrip.claim(plain, ZOE).await.expect("a claim");
    scrip.transfer(given.id, "ben").await.expect_err("nobody knows ben yet");
    scrip.customer("ben", None, None).await;
    scrip.transfer(given.id, "ben").await.expect("it is ben's");
    let back = scrip.claim(plain, "ben").await.expect("a claim");
    scrip.transfer(back.id, ZOE).await.expect("it is zoe's");
    let codes = [code(CouponId { pool: plain, index: 0 })];
    scrip.bought("t-1", ZOE, &codes, "buy").await;
    // Nothing of it is redeemed, so no event leads to it.
    scrip.bought("t-2", ZOE, &["none".to_owned()], "buy nothing").await;
    jobs(&scrip, plain).await;
    (scrip, plain, renewed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_an_erased_customer_is_left() {
    let (scrip, plain, _) = shop().await;
    let before = scrip.tally(plain).expect("a tally");
    assert_eq!(scrip.erase(ZOE, false).await, Err(vec![Code::CustomerHoldsCoupons]));
    assert_eq!(scrip.held_by(ZOE).await, 5, "nothing has changed");
    assert_eq!(scrip.erase("nobody", false).await, Err(vec![Code::NotFound]));
    assert_eq!(scrip.erase(ZOE, true).await, Ok(Erased::All));
    assert_eq!(scrip.customers(&[customer(ZOE)]).await.expect("an answer"), [None]);
    assert_eq!((scrip.held_by(ZOE).await, scrip.tally(plain).expect("a tally")), (0, before));
    // The same key has the first answer, which names nobody.
    let again = scrip.ask(Some("key a".to_owned()), Claim::of(plain, customer(ZOE))).await.expect("the first answer");
    assert!(format!("{again:?}").contains("erased-") && !format!("{again:?}").contains(ZOE), "{again:?}");
    let bought = scrip.purchase("t-1").await.expect("an answer").expect("a purchase");
    assert!(bought.facts.customer.is_some_and(|alias| alias.as_str().starts_with("erased-")));
    let folder = scrip.close().await.expect("a folder");
    let text = dump(&disk(folder.path())).await;
    for trace in [ZOE, EMAIL, "old.zoe@example.com", "the first"] {
        let line = text.lines().find(|line| line.contains(trace)).unwrap_or_default();
        assert!(line.is_empty(), "{trace} is left in {}", line.split(':').next().unwrap_or_default());
    }
    assert!(text.contains("ben"), "others stay");
    whole(&disk(folder.path())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_with_the_same_id_is_new() {
    let (scrip, plain, renewed) = shop().await;
    assert_eq!(scrip.erase(ZOE, true).await, Ok(Erased::All));
    // A coupon of their own, and not one more use of the one before.
    let fresh = scrip.claim(renewed, ZOE).await.expect("a claim");
    assert_eq!(fresh.claims, 1);
    scrip.customer(ZOE, Some(EMAIL), None).await;
    let found = scrip.customer_by_email(&Email::parse(EMAIL).expect("an address")).await.expect("an answer");
    assert_eq!(found.map(|found| found.id), Some(customer(ZOE)));
    assert_eq!(scrip.held_by(ZOE).await, 1);
    scrip.bought("t-3", ZOE, &[code(CouponId { pool: plain, index: 9 })], "buy again").await;
    // What is theirs goes with them and nothing else.
    assert_eq!(scrip.erase(ZOE, true).await, Ok(Erased::All));
    assert_eq!(scrip.held_by(ZOE).await, 0);
    scrip.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_was_cut_off_goes_on() {
    const MANY: u64 = 400;
    for after in [5, 40, 120] {
        let folder = new_folder();
        let scrip = open(folder.path()).await.expect("a database");
        let pool = scrip.stocked(draft::percentage(), MANY).await;
        for _ in 0..MANY {
            let coupon = scrip.claim(pool, ZOE).await.expect("a claim");
            scrip.redeem(coupon.id).await.expect("a redemption");
        }
        let erasing = scrip.erase_customer(customer(ZOE), false);
        let cut = tokio::time::timeout(Duration::from_millis(after), erasing).await;
        scrip.close().await;
        whole(&disk(folder.path())).await;
        let scrip = open(folder.path()).await.expect("a database");
        // It goes on by itself: whoever asks for it again is told when nothing is left.
        while scrip.erase_customer(customer(ZOE), false).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(scrip.customers(&[customer(ZOE)]).await.expect("an answer")[0].is_none(), "{cut:?}");
        scrip.close().await;
        whole(&disk(folder.path())).await;
        assert!(!dump(&disk(folder.path())).await.contains(ZOE), "{cut:?}");
    }
}

/// The books of a folder agree.
pub(crate) async fn whole(address: &Address) {
    let mut faults = Vec::new();
    scrip::storage::check(address, |fault| faults.push(fault.to_string())).await.expect("checked");
    assert_eq!(faults, [""; 0]);
}
