//! The stub of WASI that `pack` puts inside a component: each function that the component imports from `wasi:` has a
//! body here that gives what is harmless, or ends the call and says what was asked for. It is written for exactly the
//! interfaces and the version that the component has.

use std::fmt::Write as _;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{
    Function, FunctionKind, InterfaceId, Resolve, TypeDefKind, WorldItem,
    abi::{AbiVariant, WasmType},
};

/// What every stub has, in WebAssembly text.
const COMMON: &str = include_str!("stub.wat");
/// The host's interface for stubs.
const SYSTEM: &str = include_str!("wit/system.wit");
/// Where the names of what is denied begin.
const NAMES: usize = 8_192;

/// A component that exports these interfaces of a resolve, and imports the host's for stubs alone.
pub(super) fn make(mut resolve: Resolve, interfaces: &[String]) -> Result<Vec<u8>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("no stub of WASI can be made: {error:#}");
    resolve.push_str("system.wit", SYSTEM).map_err(|error| failed(&error))?;
    let exports: String = interfaces.iter().map(|name| format!("export {name};")).collect();
    let world = format!("package scrip:stub; world stub {{ import scrip:host/system@1.0.0; {exports} }}");
    let package = resolve.push_str("stub.wit", &world).map_err(|error| failed(&error))?;
    let world = resolve.select_world(&[package], Some("stub")).map_err(|error| failed(&error))?;
    let exported: Vec<InterfaceId> = resolve.worlds[world]
        .exports
        .values()
        .filter_map(|item| match item {
            WorldItem::Interface { id, .. } => Some(*id),
            WorldItem::Function(_) | WorldItem::Type { .. } => None,
        })
        .collect();
    let text = Text::of(&resolve, &exported);
    let mut module = wat::parse_str(text.whole()).map_err(|error| failed(&error))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(|error| failed(&error))?;
    let encoded = ComponentEncoder::default().validate(true).module(&module).and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| failed(&error))
}

/// The text of a stub in the making.
#[derive(Default)]
struct Text {
    imports: String,
    functions: String,
    /// The names of what is denied, one after the other.
    names: String,
}

impl Text {
    fn of(resolve: &Resolve, interfaces: &[InterfaceId]) -> Self {
        let mut text = Self::default();
        for id in interfaces {
            let Some(name) = resolve.id_of(*id) else { continue };
            let interface = &resolve.interfaces[*id];
            for (resource, of) in &interface.types {
                if resolve.types[*of].kind == TypeDefKind::Resource {
                    let new = format!("(import \"[export]{name}\" \"[resource-new]{resource}\"");
                    let _ =
                        writeln!(text.imports, "{new} (func ${} (param i32) (result i32)))", label(&name, resource));
                }
            }
            for function in interface.functions.values() {
                text.function(resolve, &name, function);
            }
        }
        text
    }

    fn function(&mut self, resolve: &Resolve, interface: &str, function: &Function) {
        let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
        let export = function.legacy_core_export_name(Some(interface));
        let types = |types: &[WasmType]| types.iter().map(|one| format!(" {}", kind(*one))).collect::<String>();
        let (params, results) = (types(&signature.params), types(&signature.results));
        let plain = interface.split_once('@').map_or(interface, |(plain, _)| plain);
        let body = self.body(plain, function, signature.retptr);
        let result = if results.is_empty() { String::new() } else { format!("(result{results})") };
        let _ = writeln!(self.functions, "(func (export \"{export}\") (param{params}) {result} {body})");
        if signature.retptr {
            let _ = writeln!(self.functions, "(func (export \"cabi_post_{export}\") (param i32) (call $forget))");
        }
    }

    /// What a function does.
    fn body(&mut self, plain: &str, function: &Function, in_memory: bool) -> String {
        let name = function.name.as_str();
        let given = stream(plain, name).or_else(|| time(plain, name)).or_else(|| random(plain, name));
        let given = given.or_else(|| nothing(plain, name, in_memory));
        given.unwrap_or_else(|| self.denial(plain, function))
    }

    /// Ends the call, and says what was asked for.
    fn denial(&mut self, plain: &str, function: &Function) -> String {
        let name = match &function.kind {
            FunctionKind::Method(_) | FunctionKind::Static(_) | FunctionKind::Constructor(_) => {
                function.name.split_once(']').map_or(function.name.as_str(), |(_, name)| name)
            }
            _ => function.name.as_str(),
        };
        let what = format!("{plain} {name}");
        let at = NAMES + self.names.len();
        self.names.push_str(&what);
        format!("(call $host_deny (i32.const {at}) (i32.const {})) unreachable", what.len())
    }

    fn whole(&self) -> String {
        let heap = (NAMES + self.names.len()).next_multiple_of(16);
        let common = COMMON.replace("HEAP", &heap.to_string());
        // What is imported comes first.
        let data = format!("(data (i32.const {NAMES}) \"{}\")", self.names);
        format!("(module {}{common}{}{data})", self.imports, self.functions)
    }
}

/// Standard streams, and waiting for them.
fn stream(plain: &str, name: &str) -> Option<String> {
    let handle = |resource: &str, rep: u8| made("wasi:io/streams", resource, &format!("(i32.const {rep})"));
    Some(match (plain, name) {
        ("wasi:io/poll", "[method]pollable.ready") => "(call $ready (local.get 0))".to_owned(),
        ("wasi:io/poll", "[method]pollable.block") => "(call $sleep_until (call $when (local.get 0)))".to_owned(),
        ("wasi:io/poll", "poll") => "(call $poll (local.get 0) (local.get 1))".to_owned(),
        ("wasi:io/streams", "[method]input-stream.read" | "[method]input-stream.blocking-read") => {
            "(call $closed4)".to_owned()
        }
        (
            "wasi:io/streams",
            "[method]input-stream.skip"
            | "[method]input-stream.blocking-skip"
            | "[method]output-stream.splice"
            | "[method]output-stream.blocking-splice",
        ) => "(call $closed8)".to_owned(),
        ("wasi:io/streams", "[method]output-stream.check-write") => {
            "(i64.store offset=8 (call $answer) (i64.const 65536)) (i32.const 16)".to_owned()
        }
        ("wasi:io/streams", "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush") => {
            "(call $write (local.get 0) (local.get 1) (local.get 2))".to_owned()
        }
        ("wasi:io/streams", name) if name.ends_with(".subscribe") => made("wasi:io/poll", "pollable", "(i32.const 0)"),
        ("wasi:cli/stdin", "get-stdin") => handle("input-stream", 0),
        ("wasi:cli/stdout", "get-stdout") => handle("output-stream", 1),
        ("wasi:cli/stderr", "get-stderr") => handle("output-stream", 2),
        _ => return None,
    })
}

/// Clocks.
fn time(plain: &str, name: &str) -> Option<String> {
    let timer = |when: &str| made("wasi:io/poll", "pollable", &format!("(call $new_timer {when})"));
    Some(match (plain, name) {
        ("wasi:clocks/monotonic-clock", "now") => "(call $look)".to_owned(),
        ("wasi:clocks/monotonic-clock", "resolution") => "(i64.const 1000)".to_owned(),
        ("wasi:clocks/monotonic-clock", "subscribe-instant") => timer("(local.get 0)"),
        ("wasi:clocks/monotonic-clock", "subscribe-duration") => timer("(i64.add (call $clock) (local.get 0))"),
        ("wasi:clocks/wall-clock", "now") => {
            "(i64.store (call $answer) (i64.div_u (call $clock) (i64.const 1000000000)))
             (i32.store offset=8 (i32.const 16) (i32.wrap_i64 (i64.rem_u (call $clock) (i64.const 1000000000))))
             (i32.const 16)"
                .to_owned()
        }
        ("wasi:clocks/wall-clock", "resolution") => {
            "(i32.store offset=8 (call $answer) (i32.const 1000)) (i32.const 16)".to_owned()
        }
        _ => return None,
    })
}

/// Random numbers.
fn random(plain: &str, name: &str) -> Option<String> {
    Some(match plain {
        "wasi:random/random" | "wasi:random/insecure" if name.ends_with("-bytes") => {
            "(call $random_bytes (local.get 0))".to_owned()
        }
        "wasi:random/random" | "wasi:random/insecure" if name.ends_with("-u64") => "(call $next_random)".to_owned(),
        "wasi:random/insecure-seed" => "(i64.store (call $answer) (call $next_random))
            (i64.store offset=8 (i32.const 16) (call $next_random)) (i32.const 16)"
            .to_owned(),
        _ => return None,
    })
}

/// No variable, no argument, no folder, no terminal, and a flush that has nothing to do.
fn nothing(plain: &str, name: &str, in_memory: bool) -> Option<String> {
    let empty = match plain {
        "wasi:cli/environment"
        | "wasi:cli/terminal-stdin"
        | "wasi:cli/terminal-stdout"
        | "wasi:cli/terminal-stderr"
        | "wasi:filesystem/preopens"
        | "wasi:io/error"
        | "wasi:io/streams" => true,
        "wasi:filesystem/types" => name == "filesystem-error-code",
        _ => false,
    };
    (empty && in_memory).then(|| "(call $answer)".to_owned())
}

/// Makes the handle of a resource.
fn made(interface: &str, resource: &str, rep: &str) -> String {
    format!("(call ${} {rep})", label(interface, resource))
}

/// The name of the function that makes a resource's handle. An interface is there in one version.
fn label(interface: &str, resource: &str) -> String {
    let plain = interface.split_once('@').map_or(interface, |(plain, _)| plain);
    format!("new_{}_{resource}", plain.replace([':', '/'], "_"))
}

fn kind(of: WasmType) -> &'static str {
    match of {
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
    }
}
