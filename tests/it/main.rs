//! Scrip's tests of everything that needs a database, a socket or a process: one binary, a module a
//! topic.

mod edge;
mod schema;
mod tidy;
