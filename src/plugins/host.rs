//! The plugins that are loaded, and asking them. A question is turned away at once where too many are under way or
//! a plugin has failed too often; a new build is tried beside the old one and swapped in, so that no call is lost.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use super::{
    CheckRequest, CheckVerdict, CodeRequest, ConfigFault, IssuedCode, NoticeRequest, PluginFailure, SourceRefusal,
    breaker::{Admitted, Breakers},
    build::{Build, Report},
    chatter::Chatter,
    contract::{Checked, Issued, Noticed},
    egress::Lookup,
    folder::Seen,
    loading::Loading,
    manifest::PluginKind,
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
    pub(super) loading: Loading,
    stats: Stats,
    /// By pool and configuration: see [`binding`].
    breakers: Breakers,
    /// Of what is told of its failures.
    failures: Chatter,
}

impl Plugin {
    pub(super) fn new(id: String) -> Self {
        Self {
            id,
            build: RwLock::default(),
            problem: RwLock::default(),
            loading: Loading::default(),
            stats: Stats::default(),
            breakers: Breakers::default(),
            failures: Chatter::default(),
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

    /// For how long its newest files are being loaded; none where they are not.
    #[must_use]
    pub fn loading(&self) -> Option<Duration> {
        self.loading.time()
    }

    /// Tells how many lines of the log were left out, where that has not been told yet.
    pub(super) fn tell_left_out(&self) {
        if let Some(build) = self.build() {
            build.tell_left_out();
        }
        tell_failures_left_out(&self.id, self.failures.left_out(Instant::now()));
    }

    /// What it has done.
    #[must_use]
    pub fn counted(&self) -> Counted {
        self.stats.counted()
    }

    /// Whether it is not asked for some pool, because it failed too often for that.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        !self.breakers.open().is_empty()
    }

    /// The ids of the pools for which it is not asked.
    #[must_use]
    pub fn paused_pools(&self) -> Vec<String> {
        let pool = |key: &String| key.split_once(' ').map_or(key.as_str(), |(_, pool)| pool).to_owned();
        let mut pools: Vec<String> = self.breakers.open().iter().map(pool).collect();
        pools.sort();
        pools.dedup();
        pools
    }

    /// Uses a loaded build from now on, or tells why the newest files cannot be used. Calls under way end with the
    /// build that they began with.
    pub(super) fn swap(&self, loaded: Result<Arc<Build>, String>) {
        let problem = match loaded {
            Ok(build) => {
                tracing::info!(plugin = self.id, version = %build.manifest.version, digest = build.digest, "plugin loaded");
                *self.build.write().unwrap_or_else(PoisonError::into_inner) = Some(build);
                self.breakers.clear();
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

    /// Waits until its files have been loaded once, or turned out to be none, but not longer than `most`.
    pub(super) async fn settled(&self, most: Duration) {
        let settled = async {
            while self.build().is_none() && self.problem().is_none() {
                self.loading.ended().await;
            }
        };
        drop(tokio::time::timeout(most, settled).await);
    }

    /// Tells that its folder is gone, where it may only be moved.
    pub(super) fn tell_gone(&self) {
        let problem = "its folder is gone: its last build is unloaded unless it comes back soon".to_owned();
        *self.problem.write().unwrap_or_else(PoisonError::into_inner) = Some(problem);
    }

    /// Uses no build any more: its folder is gone.
    pub(super) fn unload(&self) {
        tracing::warn!(plugin = self.id, "a plugin's folder is gone: it is unloaded");
        *self.build.write().unwrap_or_else(PoisonError::into_inner) = None;
        let problem = "its folder is gone, so it is not loaded any more: put it back, or bind its pools to another";
        *self.problem.write().unwrap_or_else(PoisonError::into_inner) = Some(problem.to_owned());
    }

    /// Tells of something wrong that does not keep it from being used, after what keeps its newest files from it.
    pub(super) fn tell(&self, problem: String) {
        tracing::error!(plugin = self.id, problem, "a plugin's folder is not as it should be");
        let problem = self.problem().map_or_else(|| problem.clone(), |before| format!("{before}; {problem}"));
        *self.problem.write().unwrap_or_else(PoisonError::into_inner) = Some(problem);
    }
}

/// All plugins.
#[derive(Debug)]
pub struct Plugins {
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) settings: PluginSettings,
    pub(super) lookup: Lookup,
    pub(super) by_id: RwLock<BTreeMap<String, Arc<Plugin>>>,
    /// The folder as it was looked at last.
    pub(super) seen: tokio::sync::Mutex<Seen>,
    /// The ids whose folders are gone, and since when.
    pub(super) gone: Mutex<BTreeMap<String, Instant>>,
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
            gone: Mutex::default(),
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

    /// Whether one more failure of a plugin is to be told in the log. What is left out is counted and told later.
    #[must_use]
    pub fn may_tell(&self, id: &str) -> bool {
        let Some(plugin) = self.get(id) else { return true };
        let left_out = plugin.failures.line(Instant::now());
        tell_failures_left_out(id, left_out.unwrap_or_default());
        left_out.is_some()
    }

    /// The build in use of a plugin of a kind.
    pub fn build(&self, id: &str, kind: PluginKind) -> Result<(Arc<Plugin>, Arc<Build>), PluginFailure> {
        let missing = || PluginFailure::NotLoaded(id.to_owned());
        let plugin = self.get(id).ok_or_else(missing)?;
        match (plugin.build(), plugin.loading()) {
            (Some(build), _) if build.manifest.kind == kind => Ok((plugin, build)),
            (None, time) if time.is_some() || plugin.problem().is_none() => {
                let seconds = time.unwrap_or_default().as_secs();
                Err(PluginFailure::Loading { plugin: id.to_owned(), seconds })
            }
            _ => Err(missing()),
        }
    }

    /// All that is wrong with a binding of a plugin of a kind.
    pub fn check_binding(&self, id: &str, kind: PluginKind, config: &serde_json::Value) -> Result<(), BindingFault> {
        match self.build(id, kind) {
            Ok((_, build)) => build.check_config(config).map_err(BindingFault::Config),
            Err(loading @ PluginFailure::Loading { .. }) => Err(BindingFault::Loading(loading.to_string())),
            Err(_) => Err(BindingFault::NoPlugin(self.names(kind))),
        }
    }

    /// The same, and what the plugin itself says of the configuration, where its manifest wants it asked. One that is
    /// being compiled is waited for.
    pub async fn try_binding(
        &self,
        id: &str,
        kind: PluginKind,
        config: &serde_json::Value,
    ) -> Result<(), BindingFault> {
        if let Some(plugin) = self.get(id) {
            plugin.settled(self.settings.bounds.loading).await;
        }
        self.check_binding(id, kind, config)?;
        let Ok((_, build)) = self.build(id, kind) else { return Ok(()) };
        if !build.manifest.validate {
            return Ok(());
        }
        let config = config.clone();
        let said = match kind {
            PluginKind::Restriction => {
                let request = CheckRequest { config, ..CheckRequest::default() };
                build.check(&request, false).await.answer.map(Result::err)
            }
            PluginKind::Source => {
                let request = CodeRequest { config, ..CodeRequest::default() };
                // Nothing is sent. What it makes of that is no fault of the configuration.
                let answer = build.issue(&request, build.canned(VecDeque::new()), false).await.answer;
                answer.map(|answer| match answer {
                    Err(SourceRefusal::Misconfigured(reason)) => Some(reason),
                    Ok(_) | Err(SourceRefusal::Unavailable(_) | SourceRefusal::Refused(_)) => None,
                })
            }
        };
        let fault = |reason: &str| BindingFault::Config(vec![ConfigFault { path: Vec::new(), reason: shown(reason) }]);
        match said {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => Err(fault(&reason)),
            // That others are in its way says nothing of the configuration, and may be tried again.
            Err(failure) => Err(fault(&failure.to_string())),
        }
    }

    /// Asks a restriction: one verdict a coupon, in their order.
    pub async fn check(&self, id: &str, request: &CheckRequest) -> Result<Vec<CheckVerdict>, PluginFailure> {
        let (plugin, build) = self.build(id, PluginKind::Restriction)?;
        let (turn, room) = enter(&plugin, &build, &request.pool.id, &request.config)?;
        let Report { answer, usage, .. } = build.check_in(room, request, false).await;
        turn.end(usage.time, answer.as_ref().err(), answer.is_err());
        let undecided = |reason: String| PluginFailure::Undecided { plugin: id.to_owned(), reason: shown(&reason) };
        answer?.map_err(undecided)
    }

    /// Asks a source for a code.
    pub async fn issue(&self, id: &str, request: &CodeRequest) -> Result<Issued, PluginFailure> {
        let (plugin, build) = self.build(id, PluginKind::Source)?;
        let (turn, room) = enter(&plugin, &build, &request.pool.id, &request.config)?;
        let network = build.network(&request.pool.id);
        let Report { answer, usage, .. } = build.issue_in(room, request, network, false).await;
        let down = matches!(answer, Err(_) | Ok(Err(SourceRefusal::Unavailable(_))));
        turn.end(usage.time, answer.as_ref().err(), down);
        answer
    }

    /// Tells a source what has become of a coupon. Whoever tells waits longer after each failure, so that no pause of claims
    /// is made of these.
    pub async fn tell(&self, id: &str, notice: &NoticeRequest) -> Result<Noticed, PluginFailure> {
        let (plugin, build) = self.build(id, PluginKind::Source)?;
        let Report { answer, usage, .. } = build.tell(notice, build.network(&notice.pool.id), false).await;
        match &answer {
            Err(PluginFailure::Busy { .. }) => plugin.stats.note_turned_away(),
            answer => plugin.stats.note(usage.time, answer.is_err()),
        }
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
        let network = if send { build.network(&request.pool.id) } else { build.dry() };
        Ok(build.issue_in(room, request, network, true).await)
    }

    /// The plugins of a kind that can be bound.
    fn names(&self, kind: PluginKind) -> Vec<String> {
        let fits = |plugin: &Arc<Plugin>| plugin.build().is_some_and(|build| build.manifest.kind == kind);
        self.all().into_iter().filter(fits).map(|plugin| plugin.id.clone()).collect()
    }
}

fn tell_failures_left_out(plugin: &str, lines: u64) {
    if lines > 0 {
        tracing::warn!(plugin, lines, "the plugin fails too often: lines about that were left out");
    }
}

/// A call that counts, with its room, or the reason why there is none.
fn enter<'a>(
    plugin: &'a Plugin,
    build: &Build,
    pool: &str,
    config: &serde_json::Value,
) -> Result<(Turn<'a>, Room), PluginFailure> {
    let entered = build.enter(pool).and_then(|room| {
        // Last, because at the end of a pause it lets one question through, which then has to be asked.
        let admitted = plugin.breakers.admit(binding(pool, config));
        admitted.map(|admitted| (admitted, room)).map_err(|pause| {
            let seconds = pause.as_secs() + 1;
            PluginFailure::Paused { plugin: plugin.id.clone(), seconds }
        })
    });
    match entered {
        Ok((admitted, room)) => Ok((Turn { plugin, admitted: Some(admitted), started: Instant::now() }, room)),
        Err(failure) => {
            plugin.stats.note_turned_away();
            Err(failure)
        }
    }
}

/// What failures are counted by: one pool's partner may be down and another's be well, and a new configuration is worth
/// another try.
fn binding(pool: &str, config: &serde_json::Value) -> String {
    let mut hasher = DefaultHasher::new();
    config.to_string().hash(&mut hasher);
    format!("{:016x} {pool}", hasher.finish())
}

/// A call that is under way. It is counted when it ends, and also when whoever asked gives up and drops it.
struct Turn<'a> {
    plugin: &'a Plugin,
    /// None once it has ended.
    admitted: Option<Admitted<'a>>,
    started: Instant,
}

impl Turn<'_> {
    /// Notes how it ended; `down` speaks against asking again soon.
    fn end(mut self, time: Duration, failure: Option<&PluginFailure>, down: bool) {
        let admitted = self.admitted.take();
        if matches!(failure, Some(PluginFailure::Busy { .. })) {
            // Nothing was asked.
            self.plugin.stats.note_turned_away();
            return;
        }
        self.plugin.stats.note(time, failure.is_some());
        if let Some(admitted) = admitted {
            admitted.note(!down);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.admitted.is_some() {
            self.plugin.stats.note(self.started.elapsed(), true);
        }
    }
}

/// Why a pool cannot be bound to a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingFault {
    /// No plugin of this kind and id is loaded; these are.
    NoPlugin(Vec<String>),
    /// The plugin is being compiled: nobody knows yet.
    Loading(String),
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
