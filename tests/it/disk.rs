//! A simulated disk. A process runs with a library before libc's functions ([`preload`](library)) that keeps a
//! [journal](journal) of what it does to the files of a folder and of what it tells. From it, the folder is
//! [rebuilt](state) as a power cut at any place of the journal may leave it: what was synced is there, what was not
//! is gone or partly there, chosen by a seed.

mod file;
mod journal;
mod library;
mod names;
mod state;
mod writer;

pub(crate) use journal::{Record, records};
pub(crate) use library::Watched;
pub(crate) use state::{Disk, Image};
