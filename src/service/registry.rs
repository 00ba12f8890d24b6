//! The pools, their tallies, the settings and the API keys, in memory: a few thousand small things
//! that every request needs. The committer alone changes it, after what it wrote is durable; at a
//! start it is read from the database.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use super::{codebook::Reserved, follow::Configurations, front::Front, opened::Opened};
use scrip_domain::{
    access::{ApiKey, Settings},
    audit::AuditHead,
    code::PatternSet,
    global_id::GlobalIds,
    group::{GroupId, UserGroup},
    id::{CouponId, CustomerId, PoolId},
    name_key::NameKey,
    pool::Pool,
    pool_codes::CodesFault,
    source::Source,
    terms::{CouponType, Terms},
};
use scrip_storage::{
    ApiKeys, AuditHeads, Configured, Erasures, Numbering, Numberings, PoolTerms, Pools, Programme, ReadFrom, Span,
    StorageError, Store, Table, Tallies, Tally, UserGroups, View,
};

/// How many rows are read at once at a start.
const PAGE: usize = 1_000;

/// What the registry holds.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// All pools, in order of creation.
    pub pools: BTreeMap<PoolId, Arc<Pool>>,
    /// Their tallies.
    pub tallies: HashMap<PoolId, Tally>,
    /// The pools that have an external id.
    pub external: HashMap<String, PoolId>,
    /// What the pools can make, and could before their patterns were edited: each series by its pool and first place.
    pub patterns: PatternSet<(PoolId, u64)>,
    /// All pools in the order of their names.
    pub names: BTreeSet<(NameKey, PoolId)>,
    /// The pools of each group, and those of none, in both orders: who sees few of many finds them at once.
    pub grouped: HashMap<Option<GroupId>, Grouped>,
    /// The groups of users.
    pub groups: BTreeMap<GroupId, Arc<UserGroup>>,
    /// The settings.
    pub settings: Settings,
    /// The API keys, by the hash of their secret.
    pub keys: HashMap<String, Arc<ApiKey>>,
    /// What was configured last.
    pub configured: Configurations,
    /// The end of the audit.
    pub audit: AuditHead,
    /// The customers who are being erased and still there.
    pub erasing: HashSet<CustomerId>,
}

/// The pools of a group.
#[derive(Debug, Default)]
pub(crate) struct Grouped {
    /// In order of creation.
    pub created: BTreeSet<PoolId>,
    /// In the order of their names.
    pub named: BTreeSet<(NameKey, PoolId)>,
}

impl Held {
    /// Puts a pool where it belongs in the lists of groups.
    fn regroup(&mut self, before: Option<&Pool>, pool: &Pool) {
        if before.is_some_and(|before| before.group == pool.group && before.name == pool.name) {
            return;
        }
        if let Some(before) = before
            && let Some(grouped) = self.grouped.get_mut(&before.group)
        {
            grouped.created.remove(&pool.id);
            grouped.named.remove(&(NameKey::new(&before.name), pool.id));
        }
        let grouped = self.grouped.entry(pool.group).or_default();
        grouped.created.insert(pool.id);
        grouped.named.insert((NameKey::new(&pool.name), pool.id));
    }

    /// Adds a pool, or replaces it.
    pub(crate) fn put_pool(&mut self, pool: Arc<Pool>) -> Result<(), CodesFault> {
        let known = self.pools.get(&pool.id).cloned();
        let before = known.as_ref();
        let series = before.map(|before| before.series.as_slice()).unwrap_or_default();
        // An edit takes the last one away or leaves it, and adds one: all others stay.
        let same = series.iter().zip(&pool.series).take_while(|(one, other)| one == other).count();
        let new = pool.series.iter().skip(same);
        let new = new.map(|series| Ok(((pool.id, series.first), series.format(pool.case_sensitive)?)));
        let new = new.collect::<Result<Vec<_>, CodesFault>>()?;
        for gone in series.iter().skip(same) {
            self.patterns.remove(&(pool.id, gone.first));
        }
        for (id, format) in new {
            self.patterns.insert(id, format);
        }
        if before.is_none_or(|before| before.name != pool.name) {
            if let Some(before) = before {
                self.names.remove(&(NameKey::new(&before.name), pool.id));
            }
            self.names.insert((NameKey::new(&pool.name), pool.id));
        }
        if let Some(external) = &pool.external_id {
            self.external.insert(external.clone(), pool.id);
        }
        self.regroup(known.as_deref(), &pool);
        self.pools.insert(pool.id, pool);
        Ok(())
    }
}

/// The registry; shared by all.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    held: RwLock<Held>,
    /// Patterns that pools are about to get.
    pub(super) reserved: Arc<Mutex<Reserved>>,
    /// The series that are in use.
    pub(super) opened: Opened,
    /// Where the numbers of the database begin.
    pub(super) numbering: Numbering,
    /// How far what is over was recorded: of coupons, and of holds.
    pub(super) dues: Front<CouponId>,
    pub(super) hold_dues: Front<String>,
    /// The ids of this database, from when it has a secret for them.
    ids: OnceLock<GlobalIds>,
}

/// The ids of a database that has no secret yet.
static PLAIN: GlobalIds = GlobalIds::PLAIN;

/// Which pools.
#[derive(Debug, Clone, Default)]
pub struct PoolFilter {
    /// Whose name contains this, without regard to case.
    pub name_contains: Option<String>,
    /// Of this source.
    pub source: Option<Source>,
    /// Of this type.
    pub kind: Option<CouponType>,
    /// Archived ones, or those that are not.
    pub archived: Option<bool>,
    /// Of this group.
    pub group: Option<GroupId>,
}

impl Registry {
    /// Reads it from the database.
    pub(crate) async fn load(store: &Store) -> Result<Self, StorageError> {
        let numbering = store.get_one::<Numberings>(()).await?.unwrap_or_default();
        let mut held = Held::default();
        let mut terms: HashMap<PoolId, Vec<Arc<Terms>>> = HashMap::new();
        for ((pool, number), row) in all::<PoolTerms>(store).await? {
            let known = terms.entry(pool).or_default();
            if usize::try_from(number.0) != Ok(known.len()) {
                return Err(damaged(pool, format!("its terms {} are missing", known.len())));
            }
            known.push(row);
        }
        let mut ids = Vec::new();
        for (id, mut pool) in all::<Pools>(store).await? {
            pool.terms = terms.remove(&id).ok_or_else(|| damaged(id, "its terms are missing".to_owned()))?;
            held.put_pool(Arc::new(*pool)).map_err(|fault| damaged(id, fault.rejection.to_string()))?;
            ids.push(id);
        }
        let tallies = store.get::<Tallies>(&ids).await?;
        held.tallies = ids.into_iter().zip(tallies).filter_map(|(id, tally)| Some((id, tally?))).collect();
        held.settings = store.get_one::<Programme>(()).await?.unwrap_or_default();
        held.keys = all::<ApiKeys>(store).await?.into_iter().map(|(hash, key)| (hash, Arc::new(key))).collect();
        held.groups = all::<UserGroups>(store).await?.into_iter().map(|(id, group)| (id, Arc::new(group))).collect();
        held.configured = Configurations::of(all::<Configured>(store).await?.into_iter().map(|(_, entry)| entry));
        held.audit = store.get_one::<AuditHeads>(()).await?.unwrap_or_default();
        let erasures = all::<Erasures>(store).await?.into_iter();
        let of_person = erasures.filter(|(_, erasure)| erasure.stage.is_of_person());
        held.erasing = of_person.map(|(customer, _)| customer).collect();
        let settings = held.settings;
        let registry = Self { held: RwLock::new(held), numbering, ..Self::default() };
        registry.begin_ids(&settings);
        Ok(registry)
    }

    /// The stream of the events. A cursor of another one is of a log that is not here any more.
    #[must_use]
    pub(crate) fn stream(&self) -> u32 {
        self.numbering.stream
    }

    /// Reads what it holds.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what it holds; for the committer.
    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pool with this id.
    #[must_use]
    pub(crate) fn pool(&self, id: PoolId) -> Option<Arc<Pool>> {
        self.read().pools.get(&id).cloned()
    }

    /// The pool with this external id.
    #[must_use]
    pub(crate) fn pool_by_external_id(&self, external: &str) -> Option<Arc<Pool>> {
        let held = self.read();
        held.external.get(external).and_then(|id| held.pools.get(id)).cloned()
    }

    /// A pool's supply and counts.
    #[must_use]
    pub(crate) fn tally(&self, id: PoolId) -> Tally {
        self.read().tallies.get(&id).copied().unwrap_or_default()
    }

    /// The settings.
    #[must_use]
    pub(crate) fn settings(&self) -> Settings {
        self.read().settings
    }

    /// The ids and cursors of this database.
    #[must_use]
    pub(crate) fn ids(&self) -> &GlobalIds {
        self.ids.get().unwrap_or(&PLAIN)
    }

    /// Whether its ids are sealed.
    pub(super) fn has_ids(&self) -> bool {
        self.ids.get().is_some()
    }

    /// Seals ids from now on, if there is a secret for it.
    pub(super) fn begin_ids(&self, settings: &Settings) {
        if let Some(secret) = &settings.ids {
            self.ids.get_or_init(|| GlobalIds::new(secret));
        }
    }

    /// The key whose secret has this hash.
    #[must_use]
    pub(crate) fn key(&self, hash: &str) -> Option<Arc<ApiKey>> {
        self.read().keys.get(hash).cloned()
    }
}

pub(super) fn damaged(pool: PoolId, reason: String) -> StorageError {
    StorageError::Row { id: format!("{pool:?}"), reason: reason.into() }
}

/// All rows of a small table.
async fn all<T: Table>(store: &Store) -> Result<Vec<(T::Key, T::Document)>, StorageError> {
    all_of(&mut store.view().await?, Span::<T>::all()).await
}

/// All rows of a small span.
pub(super) async fn all_of<T: Table>(
    view: &mut View<'_>,
    mut span: Span<T>,
) -> Result<Vec<(T::Key, T::Document)>, StorageError> {
    let mut rows = Vec::new();
    loop {
        let page = view.scan::<T>(&span, ReadFrom::Start, PAGE).await?;
        let full = page.len() == PAGE;
        if let Some((last, _)) = page.last() {
            span = span.after(last);
        }
        rows.extend(page);
        if !full {
            return Ok(rows);
        }
    }
}
