//! Series that are open, so that a code is made or found without building its tables again; bounded by
//! their memory, because 10,000 pools with long lists of phrases would not fit.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use scrip_domain::{
    code::Series,
    pool::Pool,
    pool_codes::{CodeSeries, CodesFault, Making},
};

/// How many bytes of tables each of the two generations holds.
const GENERATION: usize = 64 * 1024 * 1024;

/// The open series, by their secret, which no two share.
#[derive(Debug, Default)]
pub(super) struct Opened(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<[u8; 32], Arc<Series>>,
    old: HashMap<[u8; 32], Arc<Series>>,
    /// The memory of the younger generation.
    bytes: usize,
}

impl Opened {
    /// A pool's series, opened if it was not; none of a generic code.
    pub(super) fn series(&self, pool: &Pool, series: &CodeSeries) -> Result<Option<Arc<Series>>, CodesFault> {
        let Making::Keyed(key) = &series.making else { return Ok(None) };
        if let Some(open) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key.bytes()) {
            return Ok(Some(open));
        }
        // Opened outside the lock: the others need not wait for it.
        let Some(open) = series.open(pool.case_sensitive)?.map(Arc::new) else { return Ok(None) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(*key.bytes(), Arc::clone(&open));
        Ok(Some(open))
    }
}

impl Generations {
    fn get(&mut self, key: &[u8; 32]) -> Option<Arc<Series>> {
        if let Some(open) = self.young.get(key) {
            return Some(Arc::clone(open));
        }
        let open = self.old.remove(key)?;
        self.put(*key, Arc::clone(&open));
        Some(open)
    }

    fn put(&mut self, key: [u8; 32], series: Arc<Series>) {
        self.bytes += series.space().memory();
        self.young.insert(key, series);
        if self.bytes >= GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
    }
}
