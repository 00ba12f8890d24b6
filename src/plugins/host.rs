//! The plugins that are loaded, and asking them. A question is turned away at once where too many are under way or
//! a plugin has failed too often; a new build is tried beside the old one and swapped in, so that no call is lost.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};

use super::{
    CheckRequest, CheckVerdict, CodeRequest, ConfigFault, IssuedCode, PluginFailure, SourceRefusal,
    breaker::Breaker,
    build::{Build, Report},
    contract::{Checked, Issued},
    egress::Lookup,
    folder::Seen,
    manifest::PluginKind,
    network::Network,
    operator::PluginSettings,
    places::Room,
    sandbox::Sandbox,
    stats::{Counted, Stats},
};

/// The longest text of what is wrong with a plugin's files, in characters.
const MAX_PROBLEM: usize = 2_000;

/// A plugin by its id: the build in use, and what it has done.
#[derive(Debug)]
pub struct Plugin {
    /// Its id; the name of its folder, where its manifest cannot be read.
    pub id: String,
    pub(super) build: RwLock<Option<Arc<Build>>>,
    pub(super) problem: RwLock<Option<String>>,
    stats: Stats,
    breaker: Mutex<Breaker>,
}

impl Plugin {
    pub(super) fn new(id: String) -> Self {
        Self {
            id,
            build: RwLock::default(),
            problem: RwLock::default(),
            stats: Stats::default(),
            breaker: Mutex::default(),
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
    pub(super) fn swap(&self, loaded: Result<Arc<Build>, String>) {
        let problem = match loaded {
            Ok(build) => {
                tracing::info!(plugin = self.id, version = %build.manifest.version, digest = build.digest, "plugin loaded");
                *self.build.write().unwrap_or_else(PoisonError::into_inner) = Some(build);
                *self.breaker() = Breaker::default();
                None
            }
            Err(reason) => {
                let kept = self.build().is_some();
                // It may have been made long by the files that it is about.
                let reason: String = reason.chars().take(MAX_PROBLEM).collect();
                tracing::error!(plugin = self.id, kept, reason, "plugin not loaded");
                Some(reason)
            }
        };
        *self.problem.write().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    /// Tells of something wrong that does not keep it from being used.
    pub(super) fn tell(&self, problem: String) {
        tracing::error!(plugin = self.id, problem, "a plugin's folder is not as it should be");
        *self.problem.write().unwrap_or_else(PoisonError::into_inner) = Some(problem);
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All plugins.
#[derive(Debug)]
pub struct Plugins {
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) settings: PluginSettings,
    pub(super) lookup: Lookup,
    pub(super) by_id: RwLock<BTreeMap<String, Arc<Plugin>>>,
    /// The folder as it was looked at last; held while plugins are loaded.
    pub(super) seen: tokio::sync::Mutex<Seen>,
}

impl Plugins {
    /// The host without a plugin yet: [`Plugins::open`] loads them.
    pub(super) fn empty(settings: PluginSettings, lookup: Lookup) -> Result<Self, String> {
        Ok(Self {
            sandbox: Sandbox::start(settings.bounds)?,
            settings,
            lookup,
            by_id: RwLock::default(),
            seen: tokio::sync::Mutex::default(),
        })
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
        let (turn, room) = enter(&plugin, &build, &request.pool.id)?;
        let Report { answer, usage, .. } = build.check_in(room, request, false).await;
        turn.end(usage.time, answer.as_ref().err(), answer.is_err());
        let undecided = |reason: String| PluginFailure::Undecided { plugin: id.to_owned(), reason: shown(&reason) };
        answer?.map_err(undecided)
    }

    /// Asks a source for a code.
    pub async fn issue(&self, id: &str, request: &CodeRequest) -> Result<Issued, PluginFailure> {
        let (plugin, build) = self.build(id, PluginKind::Source)?;
        let (turn, room) = enter(&plugin, &build, &request.pool.id)?;
        let Report { answer, usage, .. } = build.issue_in(room, request, build.network(), false).await;
        let down = matches!(answer, Err(_) | Ok(Err(SourceRefusal::Unavailable(_))));
        turn.end(usage.time, answer.as_ref().err(), down);
        answer
    }

    /// Asks a restriction for trial: what it answered, used and logged. It counts nowhere, and a plugin that is
    /// paused is asked too.
    pub async fn try_check(&self, id: &str, request: &CheckRequest) -> Result<Report<Checked>, PluginFailure> {
        let (_, build) = self.build(id, PluginKind::Restriction)?;
        let room = build.enter(&request.pool.id)?;
        Ok(build.check_in(room, request, true).await)
    }

    /// Asks a source for trial. Nothing is sent, unless that is said.
    pub async fn try_issue(
        &self,
        id: &str,
        request: &CodeRequest,
        send: bool,
    ) -> Result<Report<Issued>, PluginFailure> {
        let (_, build) = self.build(id, PluginKind::Source)?;
        let room = build.enter(&request.pool.id)?;
        let network = if send { build.network() } else { Network::None };
        Ok(build.issue_in(room, request, network, true).await)
    }

    /// The plugins of a kind that can be bound.
    fn names(&self, kind: PluginKind) -> Vec<String> {
        let fits = |plugin: &Arc<Plugin>| plugin.build().is_some_and(|build| build.manifest.kind == kind);
        self.all().into_iter().filter(fits).map(|plugin| plugin.id.clone()).collect()
    }
}

/// A call that counts, with its room, or the reason why there is none.
fn enter<'a>(plugin: &'a Plugin, build: &Build, pool: &str) -> Result<(Turn<'a>, Room), PluginFailure> {
    let entered = build.enter(pool).and_then(|room| {
        // Last, because at the end of a pause it lets one question through, which then has to be asked.
        let admitted = plugin.breaker().admit(Instant::now());
        admitted.map(|()| room).map_err(|pause| {
            let seconds = pause.as_secs() + 1;
            PluginFailure::Paused { plugin: plugin.id.clone(), seconds }
        })
    });
    match entered {
        Ok(room) => Ok((Turn { plugin, started: Instant::now(), ended: false }, room)),
        Err(failure) => {
            plugin.stats.note_turned_away();
            Err(failure)
        }
    }
}

/// A call that is under way. It is counted when it ends, and also when whoever asked gives up and drops it.
struct Turn<'a> {
    plugin: &'a Plugin,
    started: Instant,
    ended: bool,
}

impl Turn<'_> {
    /// Notes how it ended; `down` speaks against asking again soon.
    fn end(mut self, time: Duration, failure: Option<&PluginFailure>, down: bool) {
        self.ended = true;
        if matches!(failure, Some(PluginFailure::Busy { .. })) {
            self.plugin.stats.note_turned_away();
            return;
        }
        self.plugin.stats.note(time, failure.is_some());
        self.plugin.breaker().note(!down, Instant::now());
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.plugin.stats.note(self.started.elapsed(), true);
        }
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
