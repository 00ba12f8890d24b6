//! `pack`: any component or core module becomes a component that the host takes. A core module without the contract's
//! metadata gets it; and what is imported from WASI is satisfied by a stub inside the component, for [`preview1`] in core
//! modules and for [0.2](stub) in components. So the host still gives nothing but the contract.

mod preview1;
mod stub;

use wasm_compose::graph::{Component, CompositionGraph, EncodeOptions};
use wasmparser::{Encoding, Parser, Payload, Validator};
use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding, decode, embed_component_metadata};
use wit_parser::Resolve;

use self::preview1::PREVIEW_1;
use super::{PluginKind, code::refused, imports};

/// The contract, for modules that were built without it.
const CONTRACT: &str = include_str!("../../../plugins/wit/1.0.0/coupon-plugin.wit");

/// A component that was made.
#[derive(Debug)]
pub struct Packed {
    /// Its bytes.
    pub component: Vec<u8>,
    /// What its stub satisfies: interfaces of 0.2, or functions of preview 1.
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
        Some(Encoding::Module) => {
            let (component, stubbed) = of_module(bytes, kind)?;
            return Ok(Packed { component, stubbed });
        }
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

/// A component of a core module, with a stub of what it imports of preview 1; and the names of that.
fn of_module(module: &[u8], kind: PluginKind) -> Result<(Vec<u8>, Vec<String>), String> {
    wasmparser::validate(module).map_err(|error| refused(&error.to_string()))?;
    let mut module = module.to_vec();
    let has_contract = Parser::new(0).parse_all(&module).flatten().any(
        |payload| matches!(payload, Payload::CustomSection(section) if section.name().starts_with("component-type")),
    );
    let of_preview_1 = preview1::imported(&module)?;
    if !has_contract {
        let failed = |error: &dyn std::fmt::Display| format!("the contract cannot be read: {error:#}");
        let mut resolve = Resolve::default();
        let package = resolve.push_str("coupon-plugin.wit", CONTRACT).map_err(|error| failed(&error))?;
        let world = resolve.select_world(&[package], Some(kind.name())).map_err(|error| failed(&error))?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(|error| failed(&error))?;
    }
    let stub = if of_preview_1.is_empty() { None } else { Some(preview1::make(&of_preview_1)?) };
    let encode = || {
        let mut encoder = ComponentEncoder::default().validate(true).module(&module)?;
        if let Some(stub) = &stub {
            encoder = encoder.adapter(PREVIEW_1, stub)?;
        }
        encoder.encode()
    };
    let component = encode().map_err(|error| format!("a core module that does not fit the contract: {error:#}"))?;
    let stubbed = of_preview_1.into_keys().map(|name| format!("{PREVIEW_1}.{name}")).collect();
    Ok((component, stubbed))
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
