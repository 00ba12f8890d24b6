//! The check of a folder that a crash has left, by a process of its own: it opens the database, audits the books and
//! holds all that was told against them. A check that stands still ends as a failure too.

use std::{fs, path::Path};

use scrip::{
    service::{Clock, Scrip},
    storage::Address,
};

use super::told::Told;
use crate::support::{Client, audit::audit, process::TestChild};

/// The test that is the checker, and the variables that make it one.
const TEST: &str = "kill::check::checker";
const ADDRESS: &str = "SCRIP_CHECK_DATABASE";
const LINES: &str = "SCRIP_CHECK_LINES";

/// Whether the database at an address has all that these lines tell. It is changed by the check.
pub(super) fn holds(address: &str, lines: &Path) -> bool {
    let lines = lines.to_str().expect("a path of plain text");
    TestChild::start(TEST, &[(ADDRESS, address), (LINES, lines)]).wait().success()
}

/// The command that checks once more.
pub(super) fn command(address: &str, lines: &Path) -> String {
    format!("{ADDRESS}='{address}' {LINES}='{}' cargo test --test it {TEST} -- --exact --nocapture", lines.display())
}

#[test]
fn checker() {
    let (Ok(address), Ok(lines)) = (std::env::var(ADDRESS), std::env::var(LINES)) else { return };
    let mut told = Told::default();
    fs::read_to_string(lines).expect("the lines").lines().for_each(|line| told.hear(line));
    let address = Address::parse(&address).expect("an address");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let scrip = Scrip::open(&address, Clock::System, None).await.expect("the database opens after a crash");
        let app = Client::new(scrip);
        told.is_recorded(&app).await;
        let books = audit(&app).await;
        told.agrees(&app, &books);
        told.is_answered_again(&app).await;
        app.close().await;
    });
}
