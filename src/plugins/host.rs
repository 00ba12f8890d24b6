//! The plugins that are loaded, and asking them. A question is turned away at once where too many are under way or
//! a plugin has failed too often; a new build is tried beside the old one and swapped in, so that no call is lost.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Instant,
};

use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::Engine;

use super::{
    CheckRequest, CheckVerdict, CodeRequest, ConfigFault, IssuedCode, PluginFailure, SourceRefusal,
    breaker::Breaker,
    build::{Build, Report},
    contract::{Checked, Issued},
    egress::Lookup,
    engine::{self, MAX_CALLS},
    manifest::PluginKind,
    network::Network,
    operator::PluginSettings,
    stats::{Counted, Stats},
};

/// The most calls of one plugin at once: half of all, so that one that hangs leaves room for the others.
const MAX_CALLS_OF_ONE: usize = MAX_CALLS as usize / 2;

/// A plugin by its id: the build in use, and what it has done.
#[derive(Debug)]
pub struct Plugin {
    /// Its id; the name of its folder, where its manifest cannot be read.
    pub id: String,
    pub(super) build: RwLock<Option<Arc<Build>>>,
    pub(super) problem: RwLock<Option<String>>,
    stats: Stats,
    breaker: Mutex<Breaker>,
    slots: Semaphore,
}

impl Plugin {
    pub(super) fn new(id: String) -> Self {
        Self {
            id,
            build: RwLock::default(),
            problem: RwLock::default(),
            stats: Stats::default(),
            breaker: Mutex::default(),
            slots: Semaphore::new(MAX_CALLS_OF_ONE),
        }
    }

    /// The build in use; none where none could be loaded.
    #[must_use]
    pub fn build(&self) -> Option<Arc<Build>> {
        self.build.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is wrong with the newest files, in words for staff.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.problem.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it has done.
    #[must_use]
    pub fn counted(&self) -> Counted {
        self.stats.counted()
    }

    /// Whether it is not asked, because it failed too often.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.breaker().is_open(Instant::now())
    }

    /// Uses a loaded build from now on, or tells why the newest files cannot be used. Calls under way end with the
    /// build that they began with.
    pub(super) fn swap(&self, loaded: Result<Build, String>) {
        let problem = match loaded {
            Ok(build) => {
                tracing::info!(plugin = self.id, version = %build.manifest.version, digest = build.digest, "plugin loaded");
                *self.build.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(build));
                *self.breaker() = Breaker::default();
                None
            }
            Err(reason) => {
                let kept = self.build().is_some();
                tracing::error!(plugin = self.id, kept, reason, "plugin not loaded");
                Some(reason)
            }
        };
        *self.problem.write().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All plugins.
#[derive(Debug)]
pub struct Plugins {
    pub(super) engine: Engine,
    pub(super) settings: PluginSettings,
    pub(super) lookup: Lookup,
    pub(super) by_id: RwLock<BTreeMap<String, Arc<Plugin>>>,
    calls: Semaphore,
}

impl Plugins {
    /// The host without a plugin yet: [`Plugins::open`] loads them.
    pub(super) fn empty(settings: PluginSettings, lookup: Lookup) -> Result<Self, String> {
        let calls = Semaphore::new(MAX_CALLS as usize);
        Ok(Self { engine: engine::start()?, settings, lookup, by_id: RwLock::default(), calls })
    }

    /// Every plugin, by id.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Plugin>> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// A plugin.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<Plugin>> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// The build in use of a plugin of a kind.
    pub fn build(&self, id: &str, kind: PluginKind) -> Result<(Arc<Plugin>, Arc<Build>), PluginFailure> {
        let missing = || PluginFailure::NotLoaded(id.to_owned());
        let plugin = self.get(id).ok_or_else(missing)?;
        let build = plugin.build().filter(|build| build.manifest.kind == kind).ok_or_else(missing)?;
        Ok((plugin, build))
    }

    /// All that is wrong with a binding of a plugin of a kind.
    pub fn check_binding(&self, id: &str, kind: PluginKind, config: &serde_json::Value) -> Result<(), BindingFault> {
        let (_, build) = self.build(id, kind).map_err(|_| BindingFault::NoPlugin(self.names(kind)))?;
        build.check_config(config).map_err(BindingFault::Config)
    }

    /// Asks a restriction: one verdict a coupon, in their order.
    pub async fn check(&self, id: &str, request: &CheckRequest) -> Result<Vec<CheckVerdict>, PluginFailure> {
        let (plugin, build) = self.build(id, PluginKind::Restriction)?;
        let _slots = self.enter(&plugin)?;
        let Report { answer, usage, .. } = build.check(request, false).await;
        let failed = answer.is_err();
        self.leave(&plugin, usage.time, failed, failed);
        let undecided = |reason: String| PluginFailure::Undecided { plugin: id.to_owned(), reason: shown(&reason) };
        answer?.map_err(undecided)
    }

    /// Asks a source for a code.
    pub async fn issue(&self, id: &str, request: &CodeRequest) -> Result<Issued, PluginFailure> {
        let (plugin, build) = self.build(id, PluginKind::Source)?;
        let _slots = self.enter(&plugin)?;
        let Report { answer, usage, .. } = build.issue(request, build.network(), false).await;
        let down = matches!(answer, Err(_) | Ok(Err(SourceRefusal::Unavailable(_))));
        self.leave(&plugin, usage.time, answer.is_err(), down);
        answer
    }

    /// Asks a restriction for trial: what it answered, used and logged.
    pub async fn try_check(&self, id: &str, request: &CheckRequest) -> Result<Report<Checked>, PluginFailure> {
        let (plugin, build) = self.build(id, PluginKind::Restriction)?;
        let _slots = self.enter(&plugin)?;
        Ok(build.check(request, true).await)
    }

    /// Asks a source for trial. Nothing is sent, unless that is said.
    pub async fn try_issue(
        &self,
        id: &str,
        request: &CodeRequest,
        send: bool,
    ) -> Result<Report<Issued>, PluginFailure> {
        let (plugin, build) = self.build(id, PluginKind::Source)?;
        let _slots = self.enter(&plugin)?;
        let network = if send { build.network() } else { Network::None };
        Ok(build.issue(request, network, true).await)
    }

    /// The plugins of a kind that can be bound.
    fn names(&self, kind: PluginKind) -> Vec<String> {
        let fits = |plugin: &Arc<Plugin>| plugin.build().is_some_and(|build| build.manifest.kind == kind);
        self.all().into_iter().filter(fits).map(|plugin| plugin.id.clone()).collect()
    }

    /// Room for a call, or the reason why there is none; nobody waits for it.
    fn enter<'a>(&'a self, plugin: &'a Plugin) -> Result<[SemaphorePermit<'a>; 2], PluginFailure> {
        let turned_away = |failure| {
            plugin.stats.note_turned_away();
            failure
        };
        if let Err(pause) = plugin.breaker().admit(Instant::now()) {
            let seconds = pause.as_secs() + 1;
            return Err(turned_away(PluginFailure::Paused { plugin: plugin.id.clone(), seconds }));
        }
        match (plugin.slots.try_acquire(), self.calls.try_acquire()) {
            (Ok(own), Ok(all)) => Ok([own, all]),
            _ => Err(turned_away(PluginFailure::Busy(plugin.id.clone()))),
        }
    }

    fn leave(&self, plugin: &Plugin, time: std::time::Duration, failed: bool, down: bool) {
        plugin.stats.note(time, failed);
        plugin.breaker().note(!down, Instant::now());
    }
}

/// Why a pool cannot be bound to a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingFault {
    /// No plugin of this kind and id is loaded; these are.
    NoPlugin(Vec<String>),
    /// The configuration is not what the plugin's schema wants.
    Config(Vec<ConfigFault>),
}

/// A text of a guest's for people: one line, not long.
#[must_use]
pub fn shown(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(500).collect()
}

/// A code that a source gave, before anything of it is believed.
pub type Given = Result<IssuedCode, SourceRefusal>;
