//! The edge: the schema and the routes over a real socket, and the binary itself. Every test ends
//! with [`App::finish`], which audits the books over the API.

mod app;
mod attacks;
mod audit;
mod bad_input;
pub(crate) mod binary;
mod bulk;
mod cards;
mod checkout;
mod checks;
mod clock;
mod codes;
mod crowd;
#[cfg(target_os = "linux")]
mod disk;
mod expiry;
mod export;
mod generated;
mod generic;
mod guard;
mod heads;
mod health;
mod held;
mod holds;
mod idempotency;
mod ids;
mod keys;
mod lanes;
mod life;
mod lists;
mod long_texts;
mod moment;
mod money_back;
mod named;
mod nodes;
mod not_reading;
mod operators;
mod overlap;
mod partner;
mod patterns;
mod plugin_cli;
mod pools;
mod purchases;
mod reasons;
mod reinstate;
mod remote;
mod renewal;
mod restrictions;
mod rights;
mod routes;
mod search;
mod streams;
mod till;
mod trickle;
mod unread;

use app::{App, field, items};
