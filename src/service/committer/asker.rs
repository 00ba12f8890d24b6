//! Whoever asks.

use crate::prepare::Prepared;
use scrip_domain::group::Groups;

/// What is known of whoever asks.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    /// The groups that they are in: pools of others do not exist.
    pub(super) groups: &'a Groups,
    /// What was found out for the command beforehand.
    pub(super) prepared: &'a Prepared,
}
