//! What all plugins share: the engine, the threads that they compute on, and the memory that they may have together.

use std::{sync::Arc, thread::available_parallelism, time::Duration};

use wasmtime::Engine;

use super::{builders::Builders, engine, places::Places};

/// The least memory of all calls together that can be set, in bytes. A call that is larger is made alone.
pub const MIN_MEMORY: u64 = 16 * 1_024 * 1_024;

/// What all plugins together may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Threads that they compute on.
    pub threads: usize,
    /// The memory of all their calls, in bytes.
    pub memory: u64,
    /// How long a start waits for code to be compiled: what is kept is there at once, and the rest is loaded while the
    /// gateway serves.
    pub starting: Duration,
    /// How long whoever binds a plugin, or has it loaded again, waits for its code to be compiled.
    pub loading: Duration,
    /// How long a plugin whose folder is gone is still used: it may be moved.
    pub grace: Duration,
    /// How long a call waits to begin.
    pub patience: Duration,
}

impl Default for Bounds {
    /// One thread fewer than the machine has cores, but one; 256 MiB.
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            threads: cores.saturating_sub(1).max(1),
            memory: 256 * 1_024 * 1_024,
            starting: Duration::from_millis(150),
            loading: Duration::from_secs(10),
            grace: Duration::from_secs(10),
            patience: Duration::from_secs(1),
        }
    }
}

/// Where plugins run.
#[derive(Debug)]
pub struct Sandbox {
    pub(super) engine: Engine,
    pub(super) places: Places,
    pub(super) builders: Builders,
    /// How long a call waits to begin.
    pub(super) patience: Duration,
}

impl Sandbox {
    /// The sandbox that this machine can have. What plugins ask of the network is sent by the runtime that this is
    /// called in.
    pub fn start(bounds: Bounds) -> Result<Arc<Self>, String> {
        let engine = engine::start()?;
        let memory = usize::try_from(bounds.memory).unwrap_or(usize::MAX);
        let places = Places::start(bounds.threads, memory);
        let places = places.map_err(|error| format!("no threads for plugins: {error}"))?;
        Ok(Arc::new(Self { engine, places, builders: Builders::default(), patience: bounds.patience }))
    }
}
