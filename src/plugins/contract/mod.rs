//! The contracts that plugins are built against. Each version is one module that translates its own types from and
//! to those of no version; everything else sees a [`Linked`] plugin and does not ask which version it is.

mod v1;
mod v1_1;

use std::{future::Future, pin::Pin};

use wasmtime::{
    Engine, Store,
    component::{Component, types::ComponentItem},
};

use super::{
    CheckRequest, CheckVerdict, CodeRequest, IssuedCode, NoticeRequest, SourceRefusal, imports, manifest::PluginKind,
    state::State,
};

/// The future of a call into a guest. The outer failure is a trap.
type Called<'a, T> = Pin<Box<dyn Future<Output = wasmtime::Result<T>> + Send + 'a>>;
/// What a restriction answers: a verdict a coupon, or why it cannot decide.
pub(super) type Checked = Result<Vec<CheckVerdict>, String>;
/// What a source answers.
pub(super) type Issued = Result<IssuedCode, SourceRefusal>;

/// What a source says of a notice.
pub(super) type Noticed = Result<(), SourceRefusal>;

/// A restriction, ready to be instantiated.
pub(super) trait RestrictionGuest: Send + Sync {
    /// Instantiates it and asks it.
    fn check<'a>(&'a self, store: &'a mut Store<State>, request: &'a CheckRequest) -> Called<'a, Checked>;
    /// Instantiates it.
    fn try_out<'a>(&'a self, store: &'a mut Store<State>) -> Called<'a, ()>;
}

/// A source, ready to be instantiated.
pub(super) trait SourceGuest: Send + Sync {
    /// Instantiates it and asks it.
    fn issue<'a>(&'a self, store: &'a mut Store<State>, request: &'a CodeRequest) -> Called<'a, Issued>;
    /// Instantiates it.
    fn try_out<'a>(&'a self, store: &'a mut Store<State>) -> Called<'a, ()>;
}

/// A source that wants to be told what becomes of its coupons, ready to be instantiated.
pub(super) trait TellerGuest: Send + Sync {
    /// Instantiates it and tells it.
    fn tell<'a>(&'a self, store: &'a mut Store<State>, notice: &'a NoticeRequest) -> Called<'a, Noticed>;
}

/// A plugin that fits its contract.
pub(super) enum Linked {
    /// It says who may use a coupon.
    Restriction(Box<dyn RestrictionGuest>),
    /// It supplies codes, and may want to be told what becomes of them.
    Source(Box<dyn SourceGuest>, Option<Box<dyn TellerGuest>>),
}

impl std::fmt::Debug for Linked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Restriction(_) => "Restriction",
            Self::Source(..) => "Source",
        })
    }
}

impl Linked {
    /// Instantiates it once, so that what cannot start fails now and not under traffic.
    pub(super) async fn try_out(&self, store: &mut Store<State>) -> wasmtime::Result<()> {
        match self {
            Self::Restriction(guest) => guest.try_out(store).await,
            Self::Source(guest, _) => guest.try_out(store).await,
        }
    }
}

/// The package of the contract's interfaces.
const PACKAGE: &str = "coupon:plugin";

/// One version of the contract. A version offers what those before it do, under their names too.
struct Contract {
    /// As manifests name it.
    version: &'static str,
    /// The second number of its version.
    minor: u32,
}

/// All versions that plugins may be built against.
const CONTRACTS: [Contract; 2] = [Contract { version: "1.0", minor: 0 }, Contract { version: "1.1", minor: 1 }];

/// What a source exports that wants to be told what becomes of its coupons: since 1.1.
const NOTICES: &str = "notice-api";

/// The interfaces by name: what a world of a kind may import, and what it has to export.
fn interfaces(kind: PluginKind) -> (&'static [&'static str], &'static str) {
    match kind {
        PluginKind::Restriction => (&["types", "log"], "restriction-api"),
        PluginKind::Source => (&["types", "log", "http"], "source-api"),
    }
}

/// Links a component against the contract that its manifest names, or says what does not fit.
pub(super) fn link(engine: &Engine, component: &Component, version: &str, kind: PluginKind) -> Result<Linked, String> {
    let contract = known(version)?;
    let tells = check_exports(engine, component, contract, kind)?;
    v1::link(engine, component, kind, tells).map_err(|error| format!("it does not fit the contract: {error:#}"))
}

/// The contract of a version, or which there are.
fn known(version: &str) -> Result<&'static Contract, String> {
    let versions: Vec<_> = CONTRACTS.iter().map(|contract| contract.version).collect();
    let found = CONTRACTS.iter().find(|contract| contract.version == version);
    found.ok_or_else(|| format!("contract {version:?} is not known: this Scrip has {}", versions.join(", ")))
}

/// Refuses a component that imports what its world does not have: all of it is listed.
pub(super) fn check_imports(component: &[u8], version: &str, kind: PluginKind) -> Result<(), String> {
    let (contract, (offers, _)) = (known(version)?, interfaces(kind));
    let mut foreign = imports::of_component(component)?;
    foreign.retain(|name| {
        !contract.interface(name).is_some_and(|name| offers.contains(&name)) && name.as_str() != imports::SYSTEM
    });
    if foreign.is_empty() {
        return Ok(());
    }
    let offered: Vec<_> = offers.iter().map(|name| contract.full_name(name)).collect();
    Err(format!(
        "it imports {}, which a {} of contract {} is not given: it has {}{}",
        imports::listed(&foreign),
        kind.name(),
        contract.version,
        offered.join(", "),
        imports::needed(component, &foreign)
    ))
}

/// Compares what a component exports with its world, by name: the texts of the engine say what a function's types should
/// be, but not which world was meant. Gives whether it wants to be told what becomes of its coupons.
fn check_exports(
    engine: &Engine,
    component: &Component,
    contract: &Contract,
    kind: PluginKind,
) -> Result<bool, String> {
    let (_, export) = interfaces(kind);
    let world = component.component_type();
    let exported: Vec<&str> = world
        .exports(engine)
        .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentInstance(_)))
        .map(|(name, _)| name)
        .collect();
    let has = |contract: &Contract, wanted: &str| exported.iter().any(|full| contract.interface(full) == Some(wanted));
    if !has(contract, export) {
        let found = if exported.is_empty() { "nothing of the kind".to_owned() } else { exported.join(", ") };
        return Err(format!("a {} exports {}, this exports {found}", kind.name(), contract.full_name(export)));
    }
    let notices = CONTRACTS.iter().find(|contract| has(contract, NOTICES));
    match notices {
        None => Ok(false),
        Some(_) if kind != PluginKind::Source => Err(format!("a {} does not export {NOTICES}", kind.name())),
        Some(since) if contract.minor < since.minor => Err(format!(
            "it exports {}, and plugin.toml says contract = {:?}: say {:?}",
            since.full_name(NOTICES),
            contract.version,
            since.version
        )),
        Some(_) => Ok(true),
    }
}

impl Contract {
    fn full_name(&self, interface: &str) -> String {
        format!("{PACKAGE}/{interface}@{}.0", self.version)
    }

    /// The interface that a full name of this version, or of one before it, is of; versions that differ in their last part
    /// fit.
    fn interface<'a>(&self, full: &'a str) -> Option<&'a str> {
        let (name, version) = full.split_once('@')?;
        let written = version.strip_prefix("1.")?.split_once('.')?.0;
        let minor: u32 = written.parse().ok().filter(|minor: &u32| minor.to_string() == written)?;
        let interface = name.strip_prefix(PACKAGE)?.strip_prefix('/')?;
        let since = if interface == NOTICES { 1 } else { 0 };
        (since..=self.minor).contains(&minor).then_some(interface)
    }
}
