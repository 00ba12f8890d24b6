//! What all plugins together may use.

use scrip_plugins::{Bounds, MIN_MEMORY};

use super::{ConfigError, rate};

/// The most threads that plugins may compute on.
const MAX_THREADS: usize = 64;

/// Checks what is set; the threads are for this machine otherwise, and the memory is `share`, a part of all.
pub(super) fn bounds(threads: Option<usize>, memory: Option<&str>, share: u64) -> Result<Bounds, ConfigError> {
    let defaults = Bounds { memory: share, ..Bounds::default() };
    let threads = threads.unwrap_or(defaults.threads);
    if !(1..=MAX_THREADS).contains(&threads) {
        let reason = format!("expected 1 to {MAX_THREADS}, found {threads}");
        return Err(ConfigError::Value { name: "plugin_threads", reason });
    }
    let Some(text) = memory else { return Ok(Bounds { threads, ..defaults }) };
    match rate(text).filter(|bytes| *bytes >= MIN_MEMORY) {
        Some(memory) => Ok(Bounds { threads, memory, ..defaults }),
        None => {
            let least = MIN_MEMORY.div_ceil(1_000_000);
            let reason = format!("expected an amount of at least {least}MB, such as 512MB, found {text:?}");
            Err(ConfigError::Value { name: "plugin_memory", reason })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_checked() {
        let share = 64 << 20;
        assert_eq!(bounds(None, None, share).ok(), Some(Bounds { memory: share, ..Bounds::default() }));
        let set = bounds(Some(3), Some("1GB"), share).ok();
        assert_eq!(set, Some(Bounds { threads: 3, memory: 1_000_000_000, ..Bounds::default() }));
        for (threads, memory) in [(Some(0), None), (Some(65), None), (None, Some("10MB")), (None, Some("much"))] {
            assert!(bounds(threads, memory, share).is_err(), "{threads:?} {memory:?}");
        }
    }
}
