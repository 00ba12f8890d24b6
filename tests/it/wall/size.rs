//! How large the database says it is, against what `scrip check` finds when it reads all of it.

use std::collections::BTreeMap;

use scrip::{
    service::TableEstimate,
    storage::{TableSize, check},
};

use crate::support::{Backend, TestScrip, disk, draft};

/// How far an estimate may be off: a third (the description of the field in the schema).
const OFF: u64 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stocked_database_tells_its_size() {
    let app = TestScrip::new(Backend::Disk).await;
    let coupons = app.stocked(draft::percentage(), 700).await;
    let cards = app.stocked(draft::gift_card("50.00"), 40).await;
    for number in 0..500 {
        let coupon = app.claim(coupons, &format!("customer-{number}")).await.expect("a coupon").id;
        if number % 3 == 0 {
            app.redeem(coupon).await.expect("a redemption");
        }
    }
    for number in 0..40 {
        let card = app.claim(cards, &format!("a customer with a longer name, {number}")).await.expect("a card").id;
        app.pay(card, "12.50").await.expect("a payment");
    }
    let size = app.database_size().await.expect("a size");
    assert!(size.bytes.is_some_and(|bytes| bytes > 500_000), "{size:?}");
    assert!(size.tables.is_sorted_by_key(|table| table.name));
    let folder = app.close().await.expect("a folder");
    let checked = check(&disk(folder.path()), |fault| panic!("{fault}")).await.expect("checked");
    assert_eq!(size.oldest_event, checked.oldest_event);
    assert!(size.oldest_event.is_some());
    let found: BTreeMap<&str, &TableSize> = checked.tables.iter().map(|table| (table.name, table)).collect();
    for TableEstimate { name, rows, bytes } in size.tables {
        let (rows, bytes) = (rows.expect("counted"), bytes.expect("estimated"));
        let exact = found.get(name).map_or((0, 0), |table| (table.rows, table.bytes));
        // The audit at the end records expiries, of which there are none: nothing has changed since.
        assert_eq!(rows, exact.0, "{name}");
        assert!(bytes.abs_diff(exact.1) <= exact.1 / OFF, "{name}: {bytes} bytes of {}", exact.1);
    }
}
