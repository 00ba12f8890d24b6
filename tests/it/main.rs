//! Scrip's tests of everything that needs a database, a socket or a process: one binary, a module a
//! topic. `support` builds what they test; closing it audits the books.

mod concurrency;
mod kill;
mod lifecycle;
mod storage;
mod support;
