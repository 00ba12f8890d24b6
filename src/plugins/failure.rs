//! How a call can fail. The text is for staff: it says what the plugin did, what was expected and what to do, and
//! carries nothing of the guest's memory; what a trap was is in the log.

use thiserror::Error;

use super::places::Crowd;

/// Why a plugin gave no answer that counts.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PluginFailure {
    /// No such plugin, or not of this kind.
    #[error("plugin {0} is not loaded: put it into the plugins folder, and see the query plugins for what is wrong")]
    NotLoaded(String),
    /// It is being compiled.
    #[error("plugin {plugin} is being loaded since {seconds} s: try again later")]
    Loading {
        /// Its id.
        plugin: String,
        /// For how long already.
        seconds: u64,
    },
    /// Others were in its way.
    #[error("plugin {plugin} is busy: {crowd}: try again")]
    Busy {
        /// Its id.
        plugin: String,
        /// How.
        crowd: Crowd,
    },
    /// It failed too often in a row for this pool.
    #[error("plugin {plugin} failed too often for this pool: it is not asked for {seconds} s")]
    Paused {
        /// Its id.
        plugin: String,
        /// For how long.
        seconds: u64,
    },
    /// It computed too long.
    #[error("plugin {plugin} computed longer than limits.cpu_ms ({limit})")]
    OutOfCpu {
        /// Its id.
        plugin: String,
        /// The limit, in milliseconds.
        limit: u32,
    },
    /// It took too long.
    #[error("plugin {plugin} took longer than limits.time_ms ({limit})")]
    OutOfTime {
        /// Its id.
        plugin: String,
        /// The limit, in milliseconds.
        limit: u32,
    },
    /// It wanted more memory.
    #[error("plugin {plugin} needs more memory than limits.memory_mib ({limit})")]
    OutOfMemory {
        /// Its id.
        plugin: String,
        /// The limit, in MiB.
        limit: u32,
    },
    /// It said more than it may.
    #[error("plugin {plugin} {excess}")]
    TooLarge {
        /// Its id.
        plugin: String,
        /// What it did, with the limit.
        excess: String,
    },
    /// It asked for what the sandbox does not have.
    #[error(
        "plugin {plugin} asked for {what}, which the sandbox does not have: a plugin has its request, its log, and a source http"
    )]
    NoSuchThing {
        /// Its id.
        plugin: String,
        /// The interface of WASI and its function.
        what: String,
    },
    /// It broke.
    #[error("plugin {plugin} stopped with an error of its own: its log says more")]
    Trapped {
        /// Its id.
        plugin: String,
    },
    /// It answered nonsense.
    #[error("plugin {plugin} gave an answer that does not fit: {reason}")]
    Nonsense {
        /// Its id.
        plugin: String,
        /// What was expected.
        reason: String,
    },
    /// It says that it cannot decide.
    #[error("plugin {plugin} cannot decide: {reason}")]
    Undecided {
        /// Its id.
        plugin: String,
        /// Its own words.
        reason: String,
    },
}
