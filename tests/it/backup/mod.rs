//! Backups: what is restored is what was there at one moment, and a file that is not whole gives nothing.

mod command;
mod faults;
mod kill;
mod planned;
mod round;

use std::path::{Path, PathBuf};

use scrip::{
    service::{CustomerEdit, RunningBackup},
    storage::{Backed, BackupOptions, Source, restore},
};

use crate::support::{Client, Folder, customer, disk, draft, files::beside, new_folder, open};

/// Coupons of every kind, some of which were claimed, redeemed, paid with, transferred and so on. Codes begin with a
/// name.
async fn work(app: &Client, name: &str) {
    app.customer("ann", Some("ann@example.com"), None).await;
    let listed = app.stocked(draft::percentage(), 30).await;
    let cards = app.stocked(draft::gift_card("50.00"), 2).await;
    let made = app.pool(draft::generated(draft::percentage(), &format!("{name}-MADE-$$$$$$$$"))).await.id;
    let same = app.pool(draft::generic(&format!("{name}-SAME10"))).await.id;
    let bulk = app.pool(draft::bulk(draft::percentage(), &format!("{name}-BULK-$$$$$$$$"))).await.id;
    app.generate(bulk, 500).await.expect("codes");
    for (number, pool) in [listed, made, same, bulk].into_iter().cycle().take(24).enumerate() {
        let coupon = app.claim(pool, &format!("customer-{number}")).await.expect("a coupon").id;
        match number % 5 {
            0 => drop(app.redeem(coupon).await.expect("a redemption")),
            1 if pool == listed => drop(app.transfer(coupon, "ann").await.expect("a transfer")),
            2 if pool == listed => drop(app.unassign(coupon).await.expect("unassigned")),
            _ => {}
        }
    }
    let card = app.claim(cards, "ann").await.expect("a card").id;
    app.pay(card, "12.50").await.expect("a payment");
    app.reverse(card, 2, Some("2.50")).await.ok();
}

/// A folder in which [work] was done, closed.
async fn worked() -> Folder {
    let folder = new_folder();
    let app = open(folder.path()).await.expect("a new database");
    work(&app, "A").await;
    app.close().await;
    folder
}

/// A folder whose backup takes half a minute at the least rate that may be asked for, closed.
async fn slow_to_back_up() -> Folder {
    let folder = new_folder();
    let app = open(folder.path()).await.expect("a new database");
    let mut state = 7_u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + u8::try_from((state >> 33) % 64).expect("a character"))
    };
    for number in 0..200 {
        // What compresses badly.
        let text: String = (0..12_000).map(|_| letter()).filter(|letter| letter.is_alphanumeric()).collect();
        let edit = CustomerEdit {
            id: customer(&format!("customer-{number}")),
            email: None,
            currency: None,
            attributes: Some(serde_json::json!({ "text": text })),
        };
        app.change(Box::new(edit)).await.expect("a customer");
    }
    app.close().await;
    folder
}

/// All bytes of a backup that is being taken.
async fn bytes(mut backup: RunningBackup) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(part) = backup.next().await {
        bytes.extend(part.expect("a part"));
    }
    bytes
}

/// A backup of a stopped folder, in a file beside it.
async fn backed_up(folder: &Path) -> (PathBuf, Backed) {
    let file = folder.with_file_name("file");
    let source = Source::open(&disk(folder)).await.expect("a database");
    let backed = source.backup(BackupOptions::default()).write_to(&file, |_, _| {}).await.expect("a backup");
    source.close().await;
    (file, backed)
}

/// The database of a backup, in a folder beside it.
async fn restored(file: &Path) -> PathBuf {
    let new = file.with_file_name("restored");
    restore(file, &new, |_, _| {}).await.expect("a folder");
    new
}
