//! Series that are open, so that a code is made or found without building its tables again; bounded by
//! their memory, because 10,000 pools with long lists of phrases would not fit.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Failure, Scrip,
    codebook::{self, Meant},
    prepare::blocking,
    turn::away,
};
use scrip_domain::{
    code::{Series, SeriesKey},
    id::PoolId,
    pool::Pool,
    pool_codes::{CodeSeries, CodesFault, Making},
};

/// How many bytes of tables each of the two generations holds: those of at least two pools
/// ([`scrip_domain::pool_tables::MAX_POOL_TABLES`]).
const GENERATION: usize = 32 * 1024 * 1024;

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
    /// The open series of a key, where it is open.
    pub(super) fn get(&self, key: &SeriesKey) -> Option<Arc<Series>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key.bytes())
    }

    /// A pool's series, opened if it was not, which takes up to a hundredth of a second; none of a generic code.
    pub(super) fn series(&self, pool: &Pool, series: &CodeSeries) -> Result<Option<Arc<Series>>, CodesFault> {
        let Making::Keyed(key) = &series.making else { return Ok(None) };
        if let Some(open) = self.get(key) {
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

/// A series that is to be opened: of which pool, from which place on.
pub(super) type Unopened = (PoolId, u64);

/// Series that were opened for a command, which holds them until it is decided.
#[derive(Debug, Default)]
pub(super) struct Kept(Vec<([u8; 32], Arc<Series>)>);

impl Kept {
    /// The series of a key.
    pub(super) fn get(&self, key: &SeriesKey) -> Option<Arc<Series>> {
        self.0.iter().find(|(known, _)| known == key.bytes()).map(|(_, open)| Arc::clone(open))
    }
}

impl Scrip {
    /// Opens a series where nobody else waits for it, one at a time, and gives it to the command that needs it.
    pub(super) async fn open_for(&self, (pool, first): Unopened, kept: &mut Kept) -> Result<(), Failure> {
        let Some(pool) = self.registry.pool(pool) else { return Ok(()) };
        let Some(series) = pool.series.iter().find(|series| series.first == first).cloned() else {
            // It was replaced meanwhile: another one is asked for next.
            return Ok(());
        };
        let Making::Keyed(key) = series.making.clone() else { return Ok(()) };
        kept.0.extend(self.opened(&pool, series).await?.map(|open| (*key.bytes(), open)));
        Ok(())
    }

    /// A pool's series, opened where nobody else waits for it; none of a generic code.
    pub(super) async fn opened(&self, pool: &Arc<Pool>, series: CodeSeries) -> Result<Option<Arc<Series>>, Failure> {
        let Making::Keyed(key) = &series.making else { return Ok(None) };
        if let Some(open) = self.registry.opened.get(key) {
            return Ok(Some(open));
        }
        let _turn = away(self.openings.acquire()).await.map_err(Failure::internal)?;
        let (registry, pool) = (Arc::clone(&self.registry), Arc::clone(pool));
        blocking(move || registry.series(&pool, &series)).await?
    }

    /// What a code may mean in a pool, whose series are opened where nobody else waits for it.
    pub(super) async fn meant(&self, pool: &Arc<Pool>, code: &str) -> Result<Vec<Meant>, Failure> {
        let size = self.registry.tally(pool.id).supply.size;
        let fitting = self.registry.fitting(pool, code);
        let mut open = HashMap::new();
        for series in &fitting {
            open.insert(series.first, self.opened(pool, (*series).clone()).await?);
        }
        codebook::meant(pool, &fitting, size, code, |series| Ok(open.get(&series.first).cloned().flatten()))
    }
}
