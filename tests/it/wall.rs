//! The second wall: whatever happens to the files of a database, a start either has all that was told or refuses, and
//! then every file is as it was.

mod books;
mod check;
mod damage;
mod files;
mod kill;
mod mark;
mod merge;
mod salvage;
mod size;

use std::{
    fs,
    path::{Path, PathBuf},
};

use scrip::storage::{Batch, OpenError, Store};

use crate::support::{
    Client, Folder,
    audit::{Books, audit},
    disk, draft,
    files::{Files, beside, files, folder_of},
    new_folder, open,
};

/// A database at a moment: its files, its mark, and what was told by then.
struct Moment {
    files: Files,
    mark: Vec<u8>,
    told: Books,
}

impl Moment {
    /// What a crash at a moment leaves: the files as they are while the database is open, and the mark as it is when
    /// its thread has caught up.
    async fn crash(app: Client, folder: &Path) -> Self {
        let told = audit(&app).await;
        let files = files(folder);
        app.close().await;
        Self { files, mark: fs::read(mark_of(folder)).expect("a mark"), told }
    }

    /// The same after a clean stop.
    fn closed(self, folder: &Path) -> Self {
        Self { files: files(folder), ..self }
    }

    /// Starts on these files instead of its own. The error of a start that refuses; none where it has all.
    async fn start_on(&self, files: &Files) -> Option<OpenError> {
        start(files, Some(&self.mark), &self.told).await
    }
}

/// Starts on files with a mark beside them. Panics where less was there than was told, or where a start that was refused
/// has changed anything.
async fn start(before: &Files, mark: Option<&[u8]>, told: &Books) -> Option<OpenError> {
    let folder = folder_of(before);
    if let Some(mark) = mark {
        fs::write(mark_of(folder.path()), mark).expect("a mark");
    }
    match open(folder.path()).await {
        Ok(app) => {
            assert!(audit(&app).await == *told, "a start lacks what was told");
            app.close().await;
            assert_eq!(beside(folder.path()), ["data", "data.mark"]);
            None
        }
        Err(error) => {
            assert!(matches!(error, OpenError::Broken { .. } | OpenError::Damaged { .. }), "{error}");
            let opened =
                matches!(&error, OpenError::Broken { opened, .. } | OpenError::Damaged { opened, .. } if *opened);
            let same = files(folder.path()) == *before;
            assert!(same || opened, "a start that was refused has changed a file: {error}");
            assert_eq!(beside(folder.path()), ["data", "data.mark"]);
            Some(error)
        }
    }
}

fn mark_of(folder: &Path) -> PathBuf {
    folder.with_file_name("data.mark")
}

/// A few claims and payments, by customers of this name.
async fn work(app: &Client, name: &str) {
    // So that databases of which the same was asked have as many batches.
    app.listed().await;
    let pool = app.stocked(draft::percentage(), 40).await;
    let cards = app.stocked(draft::gift_card("50.00"), 2).await;
    for number in 0..12 {
        let coupon = app.claim(pool, &format!("{name}-{number}")).await.expect("a coupon").id;
        if number % 3 == 0 {
            app.redeem(coupon).await.expect("a redemption");
        }
    }
    let card = app.claim(cards, name).await.expect("a card").id;
    app.pay(card, "12.50").await.expect("a payment");
}

/// A database at two moments, with a clean stop before the first, so that it has tables as well as a log.
async fn two_moments() -> (Folder, [Moment; 2]) {
    let folder = new_folder();
    let app = open(folder.path()).await.expect("a new database");
    work(&app, "zoe").await;
    app.close().await;
    let mut moments = Vec::new();
    for name in ["ann", "ben"] {
        let app = open(folder.path()).await.expect("the database");
        work(&app, name).await;
        moments.push(Moment::crash(app, folder.path()).await);
    }
    let Ok(moments) = <[Moment; 2]>::try_from(moments) else { panic!("two moments") };
    (folder, moments)
}

/// Books as a salvage leaves them: with the events in a log of another number.
fn in_log(stream: u32, mut books: Books) -> Books {
    for coupon in books.coupons.values_mut() {
        coupon.acquired.iter_mut().chain(&mut coupon.history.recent).for_each(|event| event.stream = stream);
    }
    books.events.iter_mut().for_each(|event| event.id.stream = stream);
    books
}

/// Changes rows past the service, as nothing but a fault of the engine would.
async fn tamper(folder: &Path, change: impl AsyncFnOnce(&Store) -> Batch) {
    let store = Store::open(&disk(folder)).await.expect("an open store");
    let batch = change(&store).await;
    drop(store.commit(&batch).await.expect("written"));
    store.close().await;
}
