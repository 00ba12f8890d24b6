//! One build of a plugin: its manifest, its compiled code, and how a call of it is made. Every call has a store and
//! an instance of its own, dropped after it, so a call that traps, loops or hoards costs itself and nothing else.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use serde_json::Value;
use wasmtime::{Store, Trap, UpdateDeadline};

use super::{
    CheckRequest, CheckVerdict, CodeRequest, ConfigFault, HttpError, HttpResponse, LogLevel, NoticeRequest,
    PluginFailure, SourceRefusal,
    chatter::Chatter,
    code,
    contract::{self, Checked, Issued, Linked, Noticed},
    egress::{Egress, Lookup, Permissions},
    engine::STACK,
    host::shown,
    limits::{CROSSING, Usage, kib},
    manifest::{Manifest, PluginKind},
    moment::Moment,
    network::Network,
    places::{Asker, Crowd, Room},
    sandbox::Sandbox,
    schema::ConfigSchema,
    state::{Asked, NoRoom, NoSuchThing, State, tell_left_out},
};

/// The most handles of its own resources that a guest holds; the contract has none.
const MAX_HANDLES: usize = 1_000;

/// A plugin's computing time is over.
#[derive(Debug, thiserror::Error)]
#[error("the call's computing time is over")]
struct OutOfCpu;

/// A call, as it went.
#[derive(Debug)]
pub struct Report<T> {
    /// What was answered.
    pub answer: Result<T, PluginFailure>,
    /// What it used.
    pub usage: Usage,
    /// What it logged, where that was asked for.
    pub lines: Vec<(LogLevel, String)>,
    /// What it asked of the network, where that was asked for.
    pub asked: Vec<Asked>,
}

impl<T> Report<T> {
    /// The report of a call that was not made.
    fn of_none(failure: PluginFailure) -> Self {
        Self { answer: Err(failure), usage: Usage::default(), lines: Vec::new(), asked: Vec::new() }
    }
}

/// How long a trial waits for its turn.
const TRIAL: Duration = Duration::from_secs(600);

/// A build that was checked and tried.
#[derive(Debug)]
pub struct Build {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The SHA-256 of its file, in hexadecimal.
    pub digest: String,
    /// The length of its file, in bytes.
    pub size: usize,
    schema: ConfigSchema,
    linked: Linked,
    sandbox: Arc<Sandbox>,
    egress: Arc<Egress>,
    /// How much memory its calls have needed of late, in bytes: a call begins where there is as much.
    memory: AtomicUsize,
    chatter: Arc<Chatter>,
}

impl Build {
    /// Loads the plugin of a folder: manifest, code, contract, and one instance as a trial.
    pub async fn load(
        sandbox: &Arc<Sandbox>,
        folder: &Path,
        cache: Option<&Path>,
        permissions: impl FnOnce(&Manifest) -> Result<Permissions, String>,
        lookup: Lookup,
    ) -> Result<Arc<Self>, String> {
        let manifest = Manifest::read(folder).map_err(|error| error.to_string())?;
        let schema = ConfigSchema::new(&manifest.config)?;
        let granted = permissions(&manifest)?;
        let egress = Egress::new(&manifest.id, manifest.hosts.clone(), granted, lookup)?;
        let engine = sandbox.engine.clone();
        let (file, cache) = (manifest.component.clone(), cache.map(Path::to_owned));
        let (version, kind) = (manifest.contract.clone(), manifest.kind);
        let fits = move |component: &[u8]| contract::check_imports(component, &version, kind);
        let code = sandbox.builders.run(move || code::load(&engine, &file, cache.as_deref(), fits)).await?;
        let linked = contract::link(&sandbox.engine, &code.component, &manifest.contract, manifest.kind)?;
        let build = Arc::new(Self {
            manifest,
            digest: code.digest,
            size: code.size,
            schema,
            linked,
            sandbox: Arc::clone(sandbox),
            egress: Arc::new(egress),
            memory: AtomicUsize::new(STACK),
            chatter: Arc::default(),
        });
        build.try_out().await?;
        Ok(build)
    }

    /// The network as the operator allows it, for a pool by its id.
    #[must_use]
    pub fn network(&self, pool: &str) -> Network {
        Network::Real(Arc::clone(&self.egress), pool.into())
    }

    /// The network of a trial in which nothing is sent: its gates are those of the real one.
    #[must_use]
    pub fn dry(&self) -> Network {
        Network::Dry(Arc::clone(&self.egress))
    }

    /// The same with answers, which the requests that pass get in their order.
    #[must_use]
    pub fn canned(&self, answers: VecDeque<Result<HttpResponse, HttpError>>) -> Network {
        Network::Canned(Arc::clone(&self.egress), answers)
    }

    /// Tells how many lines of its log were left out, where that has not been told yet.
    pub(super) fn tell_left_out(&self) {
        tell_left_out(&self.manifest.id, self.chatter.left_out(Instant::now()));
    }

    /// All that is wrong with a binding's configuration.
    pub fn check_config(&self, config: &Value) -> Result<(), Vec<ConfigFault>> {
        self.schema.check(config)
    }

    /// Room for a call for a pool; refused where too many wait already.
    pub(super) fn enter(&self, pool: &str) -> Result<Room, PluginFailure> {
        let needs = self.memory.load(Relaxed);
        self.sandbox.places.enter(self.asker(pool), needs).map_err(|crowd| self.busy(crowd))
    }

    /// Asks a restriction.
    pub async fn check(self: &Arc<Self>, request: &CheckRequest, watched: bool) -> Report<Checked> {
        match self.enter(&request.pool.id) {
            Ok(room) => self.check_in(room, request, watched).await,
            Err(failure) => Report::of_none(failure),
        }
    }

    /// Asks a restriction, with the room for it.
    pub(super) async fn check_in(
        self: &Arc<Self>,
        room: Room,
        request: &CheckRequest,
        watched: bool,
    ) -> Report<Checked> {
        let (build, request) = (Arc::clone(self), Arc::new(request.clone()));
        let call = async move |room: Room| {
            let Linked::Restriction(guest) = &build.linked else { return build.wrong_kind(PluginKind::Restriction) };
            let mut store = build.store(room, Network::None, watched);
            store.data_mut().moment = Moment::Check(Arc::clone(&request));
            let called = tokio::time::timeout(build.manifest.limits.time(), guest.check(&mut store, &request)).await;
            build.report(store, called.ok(), |answer| build.fits_question(answer, request.coupons.len()))
        };
        self.made(self.sandbox.places.call(room, self.sandbox.patience, call).await)
    }

    /// Asks a source.
    pub async fn issue(self: &Arc<Self>, request: &CodeRequest, network: Network, watched: bool) -> Report<Issued> {
        match self.enter(&request.pool.id) {
            Ok(room) => self.issue_in(room, request, network, watched).await,
            Err(failure) => Report::of_none(failure),
        }
    }

    /// Asks a source, with the room for it.
    pub(super) async fn issue_in(
        self: &Arc<Self>,
        room: Room,
        request: &CodeRequest,
        network: Network,
        watched: bool,
    ) -> Report<Issued> {
        let (build, request) = (Arc::clone(self), Arc::new(request.clone()));
        let call = async move |room: Room| {
            let Linked::Source(guest, _) = &build.linked else { return build.wrong_kind(PluginKind::Source) };
            let mut store = build.store(room, network, watched);
            store.data_mut().moment = Moment::Code(Arc::clone(&request));
            let called = tokio::time::timeout(build.manifest.limits.time(), guest.issue(&mut store, &request)).await;
            // A code that is handed on with a part taken out would be nobody's.
            let leaks = called
                .as_ref()
                .ok()
                .and_then(|called| called.as_ref().ok())
                .is_some_and(|answer| answer.as_ref().is_ok_and(|issued| store.data().has_secret(&issued.code)));
            build.report(store, called.ok(), |answer| {
                build.fits_output(said_of_issue(answer))?;
                if leaks { Err(build.nonsense("its code contains a secret".to_owned())) } else { Ok(()) }
            })
        };
        self.made(self.sandbox.places.call(room, self.sandbox.patience, call).await)
    }

    /// Whether it is a source that wants to be told what becomes of its coupons.
    #[must_use]
    pub fn tells(&self) -> bool {
        matches!(self.linked, Linked::Source(_, Some(_)))
    }

    /// Tells a source what has become of a coupon.
    pub async fn tell(self: &Arc<Self>, notice: &NoticeRequest, network: Network, watched: bool) -> Report<Noticed> {
        let room = match self.enter(&notice.pool.id) {
            Ok(room) => room,
            Err(failure) => return Report::of_none(failure),
        };
        let (build, notice) = (Arc::clone(self), Arc::new(notice.clone()));
        let call = async move |room: Room| {
            let Linked::Source(_, Some(guest)) = &build.linked else {
                let reason = "it is told nothing: it does not export notice-api of contract 1.1".to_owned();
                return Report::of_none(build.nonsense(reason));
            };
            let mut store = build.store(room, network, watched);
            store.data_mut().moment = Moment::Notice(Arc::clone(&notice));
            let called = tokio::time::timeout(build.manifest.limits.time(), guest.tell(&mut store, &notice)).await;
            build.report(store, called.ok(), |answer| {
                build.fits_output(answer.as_ref().err().map_or(0, said_of_refusal))
            })
        };
        self.made(self.sandbox.places.call(room, self.sandbox.patience, call).await)
    }

    async fn try_out(self: &Arc<Self>) -> Result<(), String> {
        let build = Arc::clone(self);
        let call = async move |room: Room| {
            let mut store = build.store(room, Network::None, false);
            let tried = tokio::time::timeout(build.manifest.limits.time(), build.linked.try_out(&mut store)).await;
            // What is no trap tells which function differs from the contract's, and how.
            let chain = tried.as_ref().ok().and_then(|tried| tried.as_ref().err()).map(|error| format!("{error:#}"));
            let report: Report<()> = build.report(store, tried.ok(), |()| Ok(()));
            (report.answer, chain)
        };
        let room = self.sandbox.places.beside(self.asker("trial"));
        // It comes once, and nobody waits: a machine that is busy is no fault of the build.
        let tried = self.sandbox.places.call(room, TRIAL, call).await;
        let (answer, chain) = match tried {
            Ok(Some(tried)) => tried,
            Ok(None) => (Err(self.broken()), None),
            Err(crowd) => (Err(self.busy(crowd)), None),
        };
        answer.map_err(|failure| match (failure, chain) {
            (PluginFailure::Nonsense { .. }, Some(chain)) => format!("it does not fit the contract: {}", shown(&chain)),
            (failure, _) => format!("a trial failed: {failure}"),
        })
    }

    fn asker(&self, pool: &str) -> Asker {
        Asker { plugin: self.manifest.id.as_str().into(), pool: pool.into() }
    }

    /// The report of a call that was made, or why it was not.
    fn made<T>(&self, made: Result<Option<Report<T>>, Crowd>) -> Report<T> {
        match made {
            Ok(Some(report)) => report,
            Ok(None) => Report::of_none(self.broken()),
            Err(crowd) => Report::of_none(self.busy(crowd)),
        }
    }

    fn busy(&self, crowd: Crowd) -> PluginFailure {
        PluginFailure::Busy { plugin: self.manifest.id.clone(), crowd }
    }

    /// The call itself broke, which is a fault of the host's.
    fn broken(&self) -> PluginFailure {
        let plugin = self.manifest.id.clone();
        tracing::error!(plugin, "a plugin's call broke in the host");
        PluginFailure::Trapped { plugin }
    }

    /// A fresh store with this plugin's limits.
    fn store(&self, room: Room, network: Network, watched: bool) -> Store<State> {
        let limits = self.manifest.limits;
        let mut state = State::new(&self.manifest.id, limits, network, room, &self.chatter);
        if watched {
            state = state.watched();
        }
        // It begins only where there is as much.
        let _ = state.take(STACK);
        let mut store = Store::new(&self.sandbox.engine, state);
        store.limiter(|state| state);
        store.set_hostcall_fuel(CROSSING);
        store.set_max_component_handles(MAX_HANDLES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| match context.data().may_compute() {
            true => Ok(UpdateDeadline::Yield(1)),
            false => Err(OutOfCpu.into()),
        });
        store
    }

    /// What became of a call; none where its time ran out.
    fn report<T>(
        &self,
        mut store: Store<State>,
        called: Option<wasmtime::Result<T>>,
        fits: impl FnOnce(&T) -> Result<(), PluginFailure>,
    ) -> Report<T> {
        let plugin = || self.manifest.id.clone();
        let limits = &self.manifest.limits;
        let answer = match called {
            Some(Ok(answer)) => fits(&answer).map(|()| answer),
            Some(Err(error)) => Err(self.failure(&error, store.data())),
            None if store.data().was_kept() => Err(self.busy(Crowd::Places)),
            None => Err(PluginFailure::OutOfTime { plugin: plugin(), limit: limits.time_ms }),
        };
        let most = store.data().most();
        // Two calls that end at once may lose one of the two: the next ones tell it again.
        self.memory.store(learned(self.memory.load(Relaxed), most), Relaxed);
        let state = store.data_mut();
        state.end_lines();
        Report {
            answer,
            usage: state.usage(),
            lines: state.lines.take().unwrap_or_default(),
            asked: state.asked.take().unwrap_or_default(),
        }
    }

    /// Whether an answer fits a question about so many coupons.
    fn fits_question(&self, answer: &Checked, coupons: usize) -> Result<(), PluginFailure> {
        self.fits_output(said_of_check(answer))?;
        match answer {
            Ok(verdicts) if verdicts.len() != coupons => {
                Err(self.nonsense(format!("expected {coupons} verdicts, found {}", verdicts.len())))
            }
            _ => Ok(()),
        }
    }

    /// Whether an answer of so many bytes may be given.
    fn fits_output(&self, bytes: usize) -> Result<(), PluginFailure> {
        if bytes > kib(self.manifest.limits.output_kib) {
            let excess = format!("answers more than limits.output_kib ({})", self.manifest.limits.output_kib);
            return Err(PluginFailure::TooLarge { plugin: self.manifest.id.clone(), excess });
        }
        Ok(())
    }

    fn nonsense(&self, reason: String) -> PluginFailure {
        PluginFailure::Nonsense { plugin: self.manifest.id.clone(), reason }
    }

    /// The failure that an error of the engine stands for. What a trap was is told in the log alone.
    fn failure(&self, error: &wasmtime::Error, state: &State) -> PluginFailure {
        let plugin = self.manifest.id.clone();
        let limits = &self.manifest.limits;
        let text = error.root_cause().to_string();
        if error.is::<wasmtime::PoolConcurrencyLimitError>() {
            return self.busy(Crowd::Calls);
        }
        if error.is::<NoRoom>() {
            return self.busy(Crowd::Memory);
        }
        if error.is::<OutOfCpu>() || error.downcast_ref() == Some(&Trap::Interrupt) {
            return PluginFailure::OutOfCpu { plugin, limit: limits.cpu_ms };
        }
        // The engine has no type for it.
        if text.contains("fuel allocated for hostcalls") {
            let excess = format!(
                "hands over more than {} KiB at once: its answer, a request (limits.request_kib) or a line of its log",
                CROSSING / 1_024
            );
            return PluginFailure::TooLarge { plugin, excess };
        }
        if let Some(NoSuchThing(what)) = error.downcast_ref() {
            return PluginFailure::NoSuchThing { plugin, what: shown(what) };
        }
        if let Some(left_out) = self.chatter.line(Instant::now()) {
            tell_left_out(&plugin, left_out);
            tracing::warn!(plugin, trap = ?text, "a plugin's call failed");
        }
        if state.starved() {
            return PluginFailure::OutOfMemory { plugin, limit: limits.memory_mib };
        }
        // What is no trap is a value that the contract does not have: a text that is no UTF-8, a place outside of
        // the memory, a case that does not exist.
        match error.downcast_ref::<Trap>() {
            Some(_) => PluginFailure::Trapped { plugin },
            None => PluginFailure::Nonsense { plugin, reason: shown(&text) },
        }
    }

    fn wrong_kind<T>(&self, expected: PluginKind) -> Report<T> {
        let reason = format!("expected a {}, found a {}", expected.name(), self.manifest.kind.name());
        Report::of_none(self.nonsense(reason))
    }
}

/// How much memory a next call is taken to need: as much as the one before where that is more than was known, and a
/// little less each time where it is less. One large call does not make all later ones wait for as much room for ever;
/// one that needs more than it began with waits for it where it asks.
fn learned(known: usize, most: usize) -> usize {
    if most >= known { most } else { known - (known - most).div_ceil(16) }
}

/// How much text a restriction's answer has, in bytes.
fn said_of_check(answer: &Checked) -> usize {
    let said = |verdict: &CheckVerdict| match verdict {
        CheckVerdict::Allow => 0,
        CheckVerdict::Refuse(text) => text.len(),
    };
    match answer {
        Ok(verdicts) => verdicts.iter().map(said).sum(),
        Err(reason) => reason.len(),
    }
}

/// How much text a source's answer has, in bytes.
fn said_of_issue(answer: &Issued) -> usize {
    match answer {
        Ok(issued) => issued.code.len() + issued.expires_at.as_ref().map_or(0, String::len),
        Err(refusal) => said_of_refusal(refusal),
    }
}

fn said_of_refusal(refusal: &SourceRefusal) -> usize {
    let (SourceRefusal::Unavailable(reason) | SourceRefusal::Refused(reason) | SourceRefusal::Misconfigured(reason)) =
        refusal;
    reason.len()
}

#[cfg(test)]
mod tests {
    use super::learned;

    #[test]
    fn one_large_call_is_forgotten_and_what_all_need_is_not() {
        let (small, large) = (1_000_000, 64_000_000);
        assert_eq!(learned(small, large), large, "at once");
        let after = |calls: usize| (0..calls).fold(large, |known, _| learned(known, small));
        assert!(after(1) > large / 2, "not at once");
        assert!(after(100) < 2 * small, "{}", after(100));
        assert_eq!(after(1_000), small);
    }
}
