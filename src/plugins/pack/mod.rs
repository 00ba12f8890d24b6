//! `pack`: any component or core module becomes a component that the host takes. A core module without the contract's
//! metadata gets it; preview 1 of WASI becomes 0.2 by the Bytecode Alliance's adapter; and what is imported from `wasi:`
//! is satisfied by a [stub] inside the component. So the host still gives nothing but the contract.

mod stub;

use wasm_compose::graph::{Component, CompositionGraph, EncodeOptions};
use wasmparser::{Encoding, Parser, Payload, Validator};
use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding, decode, embed_component_metadata};
use wit_parser::Resolve;

use super::{PluginKind, imports};

/// The contract, for modules that were built without it.
const CONTRACT: &str = include_str!("../../../plugins/wit/1.0.0/coupon-plugin.wit");
/// The module's name of preview 1 of WASI.
const PREVIEW_1: &str = "wasi_snapshot_preview1";

/// A component that was made.
#[derive(Debug)]
pub struct Packed {
    /// Its bytes.
    pub component: Vec<u8>,
    /// The interfaces that its stub satisfies.
    pub stubbed: Vec<String>,
}

/// Makes a component of a kind that the host takes.
pub fn pack(bytes: &[u8], kind: PluginKind) -> Result<Packed, String> {
    let encoding = Parser::new(0).parse_all(bytes).next().and_then(|first| match first {
        Ok(Payload::Version { encoding, .. }) => Some(encoding),
        _ => None,
    });
    let component = match encoding {
        Some(Encoding::Component) => bytes.to_vec(),
        Some(Encoding::Module) => of_module(bytes, kind)?,
        None => return Err("expected a WebAssembly component or core module, found something else".to_owned()),
    };
    let imported = imports::of_component(&component)?;
    let stubbed: Vec<String> = imported.into_iter().filter(|name| name.starts_with("wasi:")).collect();
    if stubbed.is_empty() {
        return Ok(Packed { component, stubbed });
    }
    let decoded = decode(&component).map_err(|error| format!("a component whose types cannot be read: {error:#}"))?;
    let DecodedWasm::Component(resolve, _) = decoded else {
        return Err("expected a component with code, found a package of interfaces".to_owned());
    };
    let stub = stub::make(resolve, &stubbed)?;
    Ok(Packed { component: join(component, stub)?, stubbed })
}

/// A component of a core module, which imports 0.2 of WASI where that imported preview 1.
fn of_module(module: &[u8], kind: PluginKind) -> Result<Vec<u8>, String> {
    wasmparser::validate(module).map_err(|error| format!("a core module that is damaged: {error}"))?;
    let mut module = module.to_vec();
    let (mut has_contract, mut has_preview_1) = (false, false);
    for payload in Parser::new(0).parse_all(&module) {
        match payload.map_err(|error| format!("a core module that is damaged: {error}"))? {
            Payload::CustomSection(section) => has_contract |= section.name().starts_with("component-type"),
            Payload::ImportSection(imports) => {
                for import in imports.into_imports().flatten() {
                    has_preview_1 |= import.module == PREVIEW_1;
                }
            }
            _ => {}
        }
    }
    if !has_contract {
        let failed = |error: &dyn std::fmt::Display| format!("the contract cannot be read: {error:#}");
        let mut resolve = Resolve::default();
        let package = resolve.push_str("coupon-plugin.wit", CONTRACT).map_err(|error| failed(&error))?;
        let world = resolve.select_world(&[package], Some(kind.name())).map_err(|error| failed(&error))?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(|error| failed(&error))?;
    }
    let encode = || {
        let mut encoder = ComponentEncoder::default().validate(true).module(&module)?;
        if has_preview_1 {
            let adapter = wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
            encoder = encoder.adapter(PREVIEW_1, adapter)?;
        }
        encoder.encode()
    };
    encode().map_err(|error| format!("a core module that does not fit the contract: {error:#}"))
}

/// A component with its stub inside.
fn join(component: Vec<u8>, stub: Vec<u8>) -> Result<Vec<u8>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("the stub of WASI does not fit the component: {error:#}");
    let mut graph = CompositionGraph::new();
    let mut validator = Validator::new();
    let plugin = Component::from_bytes(&mut validator, "plugin", component).map_err(|error| failed(&error))?;
    let stub = Component::from_bytes(&mut validator, "stub", stub).map_err(|error| failed(&error))?;
    let pairs: Vec<_> = stub
        .exports()
        .filter_map(|(export, name, ..)| plugin.import_by_name(name).map(|(import, _)| (export, import)))
        .collect();
    let mut add = |part| graph.add_component(part).and_then(|id| graph.instantiate(id)).map_err(|error| failed(&error));
    let (plugin, stub) = (add(plugin)?, add(stub)?);
    for (export, import) in pairs {
        graph.connect(stub, Some(export), plugin, import).map_err(|error| failed(&error))?;
    }
    let options = EncodeOptions { define_components: true, export: Some(plugin), validate: true };
    graph.encode(options).map_err(|error| failed(&error))
}
