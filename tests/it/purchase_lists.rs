//! The purchases of a customer are found by lists: of what is recorded now, of what versions before have recorded, which is
//! listed from wherever that was cut off, and while it is not listed yet.

use scrip::{
    domain::basket::BasketDraft,
    service::{Checkout, CheckoutOrder, Claim, Erased, Hold, Personal, Presentation, Release, SettingsEdit},
    storage::{Batch, CustomerPurchases, Listing, PurchaseLists, ReadFrom, RowId, Span, Store},
};

use crate::{
    erasure::{dump, whole},
    support::{Backend, Client, Folder, TestScrip, code, customer, disk, draft, open, purchase},
};

/// How many purchases there are: more than are listed or read at once.
const MANY: u64 = 700;

impl Client {
    /// The purchases that are told with all that is known of a customer, in order.
    async fn purchases_of(&self, id: &str) -> Vec<String> {
        let mut data = self.personal_data(&customer(id)).await.expect("an answer").expect("a customer");
        let mut found = Vec::new();
        while let Some(pieces) = data.next().await.expect("an answer") {
            found.extend(pieces.into_iter().filter_map(|piece| match piece {
                Personal::Purchase(purchase) => Some(purchase.transaction),
                Personal::Customer(_) | Personal::Coupon(..) | Personal::Event(_) => None,
            }));
        }
        found
    }
}

/// All lists of a folder.
async fn lists(folder: &Folder) -> (Vec<(String, String)>, Option<Listing>) {
    let store = Store::open(&disk(folder.path())).await.expect("a database");
    let rows = store.scan::<CustomerPurchases>(&Span::all(), ReadFrom::Start, 100_000).await.expect("rows");
    let listing = store.get_one::<PurchaseLists>(()).await.expect("an answer");
    store.close().await;
    (
        rows.into_iter().map(|((customer, transaction), ())| (customer.as_str().to_owned(), transaction)).collect(),
        listing,
    )
}

/// Makes of a folder what a version before, or a listing that was cut off after a purchase, has left.
async fn unlist(folder: &Folder, after: Option<&str>) {
    let store = Store::open(&disk(folder.path())).await.expect("a database");
    let rows = store.scan::<CustomerPurchases>(&Span::all(), ReadFrom::Start, 100_000).await.expect("rows");
    let mut batch = Batch::default();
    for (key, ()) in rows {
        if after.is_none_or(|after| key.1.as_str() > after) {
            batch.remove(RowId::of::<CustomerPurchases>(key));
        }
    }
    match after {
        Some(after) => batch.replace::<PurchaseLists>((), Listing::UpTo(after.to_owned())),
        None => batch.remove(RowId::of::<PurchaseLists>(())),
    }
    drop(store.commit(&batch).await.expect("written"));
    store.close().await;
}

/// Customers with many purchases, of which one in ten is zoe's; one of ben's has a coupon that zoe holds.
async fn shop() -> Folder {
    let scrip = TestScrip::new(Backend::Disk).await;
    let settings = SettingsEdit { auto_redeem: Some(true), ..SettingsEdit::default() };
    scrip.change(settings).await.expect("settings");
    let pool = scrip.stocked(draft::percentage(), MANY).await;
    for number in 0..MANY {
        let by = if number % 10 == 0 { "zoe-4711".to_owned() } else { format!("c-{number}") };
        let coupon = scrip.change(Claim::of(pool, customer(&by))).await.expect("a claim").coupon;
        scrip.bought(&format!("t-{number:04}"), &by, &[code(coupon.id)], &format!("buy {number}")).await;
    }
    let held = scrip.claim(pool, "zoe-4711").await.expect_err("all are gone");
    assert!(!held.is_empty());
    let own = scrip.stocked(draft::percentage(), 1).await;
    let coupon = scrip.claim(own, "zoe-4711").await.expect("a claim");
    scrip.bought("t-of-ben", "ben", &[code(coupon.id)], "with a coupon of hers").await;
    scrip.close().await.expect("a folder")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recorded_before_is_listed_from_where_that_was_cut_off() {
    let folder = shop().await;
    let (expected, listing) = lists(&folder).await;
    assert_eq!((expected.len() as u64, listing), (MANY + 2, Some(Listing::Whole)), "ben's names zoe too");
    let theirs: Vec<String> =
        expected.iter().filter(|(id, _)| id == "zoe-4711").map(|(_, transaction)| transaction.clone()).collect();
    assert_eq!(theirs.len() as u64, MANY / 10 + 1);
    for after in [None, Some("t-0100"), Some("t-0699"), Some("zzz")] {
        unlist(&folder, after).await;
        let scrip = open(folder.path()).await.expect("a database");
        // Whether it is listed by now or not, the same is told.
        assert_eq!(scrip.purchases_of("zoe-4711").await, theirs, "{after:?}");
        scrip.listed().await;
        assert_eq!(scrip.purchases_of("zoe-4711").await, theirs, "{after:?}");
        scrip.close().await;
        let found = lists(&folder).await;
        assert!(found == (expected.clone(), Some(Listing::Whole)), "{after:?}: {} rows", found.0.len());
        whole(&disk(folder.path())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_finds_purchases_whether_they_are_listed_or_not() {
    for after in [None, Some("t-0350"), Some("zzz")] {
        let folder = shop().await;
        unlist(&folder, after).await;
        let scrip = open(folder.path()).await.expect("a database");
        let mut erased = scrip.erase_customer(customer("zoe-4711"), true).await.expect("an erasure");
        while erased == Erased::Begun {
            match scrip.erase_customer(customer("zoe-4711"), true).await {
                Ok(more) => erased = more,
                Err(_) => break,
            }
        }
        scrip.listed().await;
        // Whoever comes with the same id has a list of their own.
        scrip.bought("t-new", "zoe-4711", &[], "new").await;
        assert_eq!(scrip.purchases_of("zoe-4711").await, ["t-new"], "{after:?}");
        assert_eq!(scrip.erase_customer(customer("zoe-4711"), true).await.expect("an erasure"), Erased::All);
        scrip.close().await;
        let text = dump(&disk(folder.path())).await;
        let line = text.lines().find(|line| line.contains("zoe-4711")).unwrap_or_default();
        assert!(line.is_empty(), "{after:?}: something is left in {}", line.split(':').next().unwrap_or_default());
        let (rows, listing) = lists(&folder).await;
        let aliases = rows.iter().filter(|(id, _)| id.starts_with("erased-")).count() as u64;
        assert_eq!((aliases, listing), (MANY / 10 + 2, Some(Listing::Whole)), "{after:?}");
        whole(&disk(folder.path())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_only_held_leaves_no_list() {
    let scrip = TestScrip::new(Backend::Disk).await;
    let pool = scrip.stocked(draft::percentage(), 3).await;
    let coupon = scrip.claim(pool, "ann").await.expect("a claim");
    let order = |transaction: &str| CheckoutOrder {
        transaction: purchase(transaction),
        customer: customer("ann"),
        basket: BasketDraft {
            currency: "EUR".to_owned(),
            store: None,
            shipping: None,
            lines: vec![("shoe".to_owned(), 1, "50".to_owned())],
        },
        coupons: vec![Presentation { code: code(coupon.id), amount: None }],
        at: None,
        expected_payable: None,
    };
    let hold = |transaction: &str| Hold { order: Box::new(order(transaction)), minutes: 10 };
    for _ in 0..3 {
        scrip.change(hold("t-1")).await.expect("a hold");
        scrip.change(Release(purchase("t-1"))).await.expect("released");
    }
    // In one batch, as far as the committer takes them so.
    let (held, released) = tokio::join!(scrip.change(hold("t-2")), scrip.change(Release(purchase("t-2"))));
    held.expect("a hold");
    if released.is_err() {
        scrip.change(Release(purchase("t-2"))).await.expect("released");
    }
    scrip.change(hold("t-3")).await.expect("a hold");
    scrip.change(Checkout(Box::new(order("t-3")))).await.expect("a purchase");
    assert_eq!(scrip.purchases_of("ann").await, ["t-3"]);
    let folder = scrip.close().await.expect("a folder");
    assert_eq!(lists(&folder).await.0, [("ann".to_owned(), "t-3".to_owned())]);
    whole(&disk(folder.path())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_that_is_not_listed_is_told_by_the_check() {
    let scrip = TestScrip::new(Backend::Disk).await;
    scrip.bought("t-1", "ann", &[], "buy").await;
    scrip.listed().await;
    let folder = scrip.close().await.expect("a folder");
    let store = Store::open(&disk(folder.path())).await.expect("a database");
    let mut batch = Batch::default();
    batch.remove(RowId::of::<CustomerPurchases>((customer("ann"), "t-1".to_owned())));
    drop(store.commit(&batch).await.expect("written"));
    store.close().await;
    let mut faults = Vec::new();
    scrip::storage::check(&disk(folder.path()), |fault| faults.push(fault.to_string())).await.expect("checked");
    assert!(faults.iter().any(|fault| fault.contains("purchase \"t-1\" is not in the list")), "{faults:?}");
}
