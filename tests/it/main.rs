//! Scrip's tests of everything that needs a database, a socket or a process: one binary, a module a
//! topic. `support` builds what they test; closing it audits the books.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails there, and says why")]

mod backup;
mod concurrency;
mod damage;
#[cfg(target_os = "linux")]
mod disk;
mod edge;
mod erasure;
mod examples;
mod held;
mod histories;
mod holdings;
mod kill;
mod lifecycle;
mod limits;
mod pages;
mod plugins;
#[cfg(target_os = "linux")]
mod power;
mod purchase_lists;
mod schema;
mod series;
mod soak;
mod sql;
mod storage;
mod support;
mod tidy;
mod upgrade;
mod wall;
