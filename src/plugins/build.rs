//! One build of a plugin: its manifest, its compiled code, and how a call of it is made. Every call has a store and
//! an instance of its own, dropped after it, so a call that traps, loops or hoards costs itself and nothing else.

use std::{path::Path, sync::Arc, time::Duration};

use serde_json::Value;
use wasmtime::{Engine, Store, Trap, UpdateDeadline};

use super::{
    CheckRequest, CheckVerdict, CodeRequest, ConfigFault, LogLevel, PluginFailure, SourceRefusal, code,
    contract::{self, Checked, Issued, Linked},
    egress::{Egress, Lookup, Permissions},
    host::shown,
    limits::{Usage, kib},
    manifest::{Manifest, PluginKind},
    network::Network,
    schema::ConfigSchema,
    state::{Asked, State},
};

/// The most handles of its own resources that a guest holds; the contract has none.
const MAX_HANDLES: usize = 1_000;

/// A plugin's computing time is over.
#[derive(Debug, thiserror::Error)]
#[error("the call's computing time is over")]
struct OutOfTicks;

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
    engine: Engine,
    egress: Arc<Egress>,
}

impl Build {
    /// Loads the plugin of a folder: manifest, code, contract, and one instance as a trial.
    pub async fn load(
        engine: &Engine,
        folder: &Path,
        cache: Option<&Path>,
        permissions: impl FnOnce(&Manifest) -> Result<Permissions, String>,
        lookup: Lookup,
    ) -> Result<Self, String> {
        let manifest = Manifest::read(folder).map_err(|error| error.to_string())?;
        let schema = ConfigSchema::new(&manifest.config)?;
        let granted = permissions(&manifest)?;
        let egress = Egress::new(&manifest.id, manifest.hosts.clone(), granted, lookup)?;
        let (own, file, cache) = (engine.clone(), manifest.component.clone(), cache.map(Path::to_owned));
        let loaded = tokio::task::spawn_blocking(move || code::load(&own, &file, cache.as_deref())).await;
        let code = loaded.map_err(|error| format!("loading it broke: {error}"))??;
        let linked = contract::link(engine, &code.component, &manifest.contract, manifest.kind)?;
        let build = Self {
            manifest,
            digest: code.digest,
            size: code.size,
            schema,
            linked,
            engine: engine.clone(),
            egress: Arc::new(egress),
        };
        build.try_out().await?;
        Ok(build)
    }

    /// The network as the operator allows it.
    #[must_use]
    pub fn network(&self) -> Network {
        Network::Real(Arc::clone(&self.egress))
    }

    /// All that is wrong with a binding's configuration.
    pub fn check_config(&self, config: &Value) -> Result<(), Vec<ConfigFault>> {
        self.schema.check(config)
    }

    /// Asks a restriction.
    pub async fn check(&self, request: &CheckRequest, watched: bool) -> Report<Checked> {
        let Linked::Restriction(guest) = &self.linked else { return self.wrong_kind(PluginKind::Restriction) };
        let mut store = self.store(Network::None, watched);
        let called = tokio::time::timeout(self.manifest.limits.time(), guest.check(&mut store, request)).await;
        let fits = |answer: &Checked| {
            self.fits_output(said_of_check(answer))?;
            match answer {
                Ok(verdicts) if verdicts.len() != request.coupons.len() => {
                    Err(self.nonsense(format!("expected {} verdicts, found {}", request.coupons.len(), verdicts.len())))
                }
                _ => Ok(()),
            }
        };
        self.report(store, called.ok(), fits)
    }

    /// Asks a source.
    pub async fn issue(&self, request: &CodeRequest, network: Network, watched: bool) -> Report<Issued> {
        let Linked::Source(guest) = &self.linked else { return self.wrong_kind(PluginKind::Source) };
        let mut store = self.store(network, watched);
        let called = tokio::time::timeout(self.manifest.limits.time(), guest.issue(&mut store, request)).await;
        self.report(store, called.ok(), |answer| self.fits_output(said_of_issue(answer)))
    }

    async fn try_out(&self) -> Result<(), String> {
        let mut store = self.store(Network::None, false);
        let tried = tokio::time::timeout(self.manifest.limits.time(), self.linked.try_out(&mut store)).await;
        // What is no trap tells which function differs from the contract's, and how.
        let chain = tried.as_ref().ok().and_then(|tried| tried.as_ref().err()).map(|error| format!("{error:#}"));
        let report: Report<()> = self.report(store, tried.ok(), |()| Ok(()));
        report.answer.map_err(|failure| match (failure, chain) {
            (PluginFailure::Nonsense { .. }, Some(chain)) => format!("it does not fit the contract: {}", shown(&chain)),
            (failure, _) => format!("a trial failed: {failure}"),
        })
    }

    /// A fresh store with this plugin's limits.
    fn store(&self, network: Network, watched: bool) -> Store<State> {
        let limits = self.manifest.limits;
        let mut store = Store::new(&self.engine, State::new(&self.manifest.id, limits, network, watched));
        store.limiter(|state| state);
        store.set_hostcall_fuel(limits.crossing());
        store.set_max_component_handles(MAX_HANDLES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| match context.data_mut().tick() {
            true => Ok(UpdateDeadline::Yield(1)),
            false => Err(OutOfTicks.into()),
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
            None => Err(PluginFailure::OutOfTime { plugin: plugin(), limit: limits.time_ms }),
        };
        let state = store.data_mut();
        Report {
            answer,
            usage: state.usage(),
            lines: state.lines.take().unwrap_or_default(),
            asked: state.asked.take().unwrap_or_default(),
        }
    }

    /// Whether an answer of so many bytes may be given.
    fn fits_output(&self, bytes: usize) -> Result<(), PluginFailure> {
        if bytes > kib(self.manifest.limits.output_kib) {
            return Err(PluginFailure::TooLarge { plugin: self.manifest.id.clone() });
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
            return PluginFailure::Busy(plugin);
        }
        if error.is::<OutOfTicks>() || error.downcast_ref() == Some(&Trap::Interrupt) {
            return PluginFailure::OutOfCpu { plugin, limit: limits.cpu_ms };
        }
        // The engine has no type for it.
        if text.contains("fuel allocated for hostcalls") {
            return PluginFailure::TooLarge { plugin };
        }
        tracing::warn!(plugin, trap = ?text, "a plugin's call failed");
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
        Report {
            answer: Err(self.nonsense(reason)),
            usage: Usage { time: Duration::ZERO, ..Usage::default() },
            lines: Vec::new(),
            asked: Vec::new(),
        }
    }
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
        Err(
            SourceRefusal::Unavailable(reason) | SourceRefusal::Refused(reason) | SourceRefusal::Misconfigured(reason),
        ) => reason.len(),
    }
}
