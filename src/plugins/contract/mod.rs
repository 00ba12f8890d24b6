//! The contracts that plugins are built against. Each version is one module that translates its own types from and
//! to those of no version; everything else sees a [`Linked`] plugin and does not ask which version it is.

mod v1;

use std::{future::Future, pin::Pin};

use wasmtime::{
    Engine, Store,
    component::{Component, types::ComponentItem},
};

use super::{
    CheckRequest, CheckVerdict, CodeRequest, IssuedCode, SourceRefusal, imports, manifest::PluginKind, state::State,
};

/// The future of a call into a guest. The outer failure is a trap.
type Called<'a, T> = Pin<Box<dyn Future<Output = wasmtime::Result<T>> + Send + 'a>>;
/// What a restriction answers: a verdict a coupon, or why it cannot decide.
pub(super) type Checked = Result<Vec<CheckVerdict>, String>;
/// What a source answers.
pub(super) type Issued = Result<IssuedCode, SourceRefusal>;

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

/// A plugin that fits its contract.
pub(super) enum Linked {
    /// It says who may use a coupon.
    Restriction(Box<dyn RestrictionGuest>),
    /// It supplies codes.
    Source(Box<dyn SourceGuest>),
}

impl std::fmt::Debug for Linked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Restriction(_) => "Restriction",
            Self::Source(_) => "Source",
        })
    }
}

impl Linked {
    /// Instantiates it once, so that what cannot start fails now and not under traffic.
    pub(super) async fn try_out(&self, store: &mut Store<State>) -> wasmtime::Result<()> {
        match self {
            Self::Restriction(guest) => guest.try_out(store).await,
            Self::Source(guest) => guest.try_out(store).await,
        }
    }
}

/// The package of the contract's interfaces.
const PACKAGE: &str = "coupon:plugin";

/// One version of the contract.
struct Contract {
    /// As manifests name it.
    version: &'static str,
    link: fn(&Engine, &Component, PluginKind) -> wasmtime::Result<Linked>,
}

/// All versions that plugins may be built against.
const CONTRACTS: [Contract; 1] = [Contract { version: "1.0", link: v1::link }];

/// The interfaces of every version, by name: what a world of a kind may import, and what it has to export.
fn interfaces(kind: PluginKind) -> (&'static [&'static str], &'static str) {
    match kind {
        PluginKind::Restriction => (&["types", "log"], "restriction-api"),
        PluginKind::Source => (&["types", "log", "http"], "source-api"),
    }
}

/// Links a component against the contract that its manifest names, or says what does not fit.
pub(super) fn link(engine: &Engine, component: &Component, version: &str, kind: PluginKind) -> Result<Linked, String> {
    let contract = known(version)?;
    check_exports(engine, component, contract, kind)?;
    (contract.link)(engine, component, kind).map_err(|error| format!("it does not fit the contract: {error:#}"))
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
/// be, but not which world was meant.
fn check_exports(engine: &Engine, component: &Component, contract: &Contract, kind: PluginKind) -> Result<(), String> {
    let (_, export) = interfaces(kind);
    let world = component.component_type();
    let exported: Vec<&str> = world
        .exports(engine)
        .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentInstance(_)))
        .map(|(name, _)| name)
        .collect();
    if exported.iter().any(|full| contract.interface(full) == Some(export)) {
        return Ok(());
    }
    let found = if exported.is_empty() { "nothing of the kind".to_owned() } else { exported.join(", ") };
    Err(format!("a {} exports {}, this exports {found}", kind.name(), contract.full_name(export)))
}

impl Contract {
    fn full_name(&self, interface: &str) -> String {
        format!("{PACKAGE}/{interface}@{}.0", self.version)
    }

    /// The interface that a full name of this version is of; versions that differ in their last part fit.
    fn interface<'a>(&self, full: &'a str) -> Option<&'a str> {
        let (name, version) = full.split_once('@')?;
        let fits = version.strip_prefix(self.version).is_some_and(|rest| rest.starts_with('.'));
        name.strip_prefix(PACKAGE)?.strip_prefix('/').filter(|_| fits)
    }
}
