//! The one wasm engine, and the clock that interrupts what computes too long. Instances come from a pool where
//! the machine has the address space for it, else they are made on demand.

use std::hash::{DefaultHasher, Hash, Hasher};

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::limits::{MAX_MEMORY_MIB, TICK, kib};

/// The most calls that have begun at once, of all plugins.
pub const MAX_CALLS: u32 = 256;
/// The most entries of a guest's tables.
pub(super) const MAX_TABLE: usize = 32 * 1_024;
/// What a call's instance may be made of: core modules (three or four of one, a dozen of a JavaScript engine, some forty
/// of Python's), memories (its own, its stub's of WASI, an adapter's) and tables. A component with more would take the places of
/// others. What all of its memories hold together is bounded by its limit.
pub(super) const MAX_INSTANCES: u32 = 64;
pub(super) const MAX_MEMORIES: u32 = 4;
pub(super) const MAX_TABLES: u32 = 8;
/// Places beside those of calls, for the trial of a new build while every call is in use.
const SPARE: u32 = 4;
/// The stack of a guest, in bytes.
pub(super) const STACK: usize = 512 * 1_024;
/// Of an instance's memory this much stays with its place in the pool, in bytes: giving it back costs more than
/// clearing it. Where the system tells which pages were used (Linux from 6.7 on), wherever they are: Rust's guests have
/// theirs above a stack of 1 MiB.
const KEPT: usize = 128 * 1_024;

/// The engine that this machine can have.
pub(super) fn start() -> Result<Engine, String> {
    let engine = match Engine::new(&config(Some(pool()))) {
        Ok(engine) => engine,
        Err(error) => {
            tracing::warn!(%error, "plugins run without a pool of instances: each call is slower");
            Engine::new(&config(None)).map_err(|error| format!("no engine for plugins: {error}"))?
        }
    };
    tick(&engine).map_err(|error| format!("no thread for the clock of plugins: {error}"))?;
    Ok(engine)
}

fn config(pool: Option<PoolingAllocationConfig>) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .max_wasm_stack(STACK)
        .async_stack_size(2 * STACK)
        .native_unwind_info(false)
        // Nobody is shown one: its names are the guest's own, and as long as it likes.
        .wasm_backtrace_max_frames(None)
        .memory_init_cow(true)
        // The threads for that have the priority of those that serve, and take all cores.
        .parallel_compilation(false);
    if let Some(pool) = pool {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    let places = MAX_CALLS + SPARE;
    pool.total_component_instances(places)
        .total_core_instances(places * MAX_INSTANCES)
        .total_memories(places * MAX_MEMORIES)
        .total_tables(places * MAX_TABLES)
        .total_stacks(places)
        .max_core_instances_per_component(MAX_INSTANCES)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        .max_memory_size(kib(MAX_MEMORY_MIB) * 1_024)
        .table_elements(MAX_TABLE)
        .linear_memory_keep_resident(KEPT)
        .pagemap_scan(Enabled::Auto)
        .table_keep_resident(16 * 1_024)
        .async_stack_keep_resident(64 * 1_024);
    pool
}

/// Moves the engine's epoch on as long as it exists.
fn tick(engine: &Engine) -> std::io::Result<()> {
    let weak = engine.weak();
    let run = move || {
        loop {
            std::thread::sleep(TICK);
            let Some(engine) = weak.upgrade() else { return };
            engine.increment_epoch();
        }
    };
    std::thread::Builder::new().name("plugin-clock".to_owned()).spawn(run).map(drop)
}

/// What compiled code of this engine can be kept under: another version or machine has another number.
#[must_use]
pub(super) fn compatibility(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}
