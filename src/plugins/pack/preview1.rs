//! The stub of preview 1 of WASI, for core modules: each function that a module imports has a body here that gives what is
//! harmless, or ends the call and says what was asked for. It stands beside the module and works in its memory, of which
//! it takes nothing: an allocator such as Go's takes all of it for its own.

use std::{collections::BTreeMap, fmt::Write as _};

use wasmparser::{CompositeInnerType, Parser, Payload, TypeRef, ValType};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The module's name of preview 1.
pub(super) const PREVIEW_1: &str = "wasi_snapshot_preview1";
/// What every stub has, in WebAssembly text.
const COMMON: &str = include_str!("preview1.wat");
/// The host's interface for stubs.
const SYSTEM: &str = include_str!("wit/system.wit");

/// The parameters and results of a function.
type Signature = (Vec<ValType>, Vec<ValType>);

/// The functions of preview 1 that a module imports, by name.
pub(super) fn imported(module: &[u8]) -> Result<BTreeMap<String, Signature>, String> {
    let mut types = Vec::new();
    let mut found = BTreeMap::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(|error| format!("a core module that is damaged: {error}"))? {
            Payload::TypeSection(section) => {
                for group in section.into_iter().flatten() {
                    types.extend(group.into_types().map(|one| match one.composite_type.inner {
                        CompositeInnerType::Func(of) => (of.params().to_vec(), of.results().to_vec()),
                        _ => Signature::default(),
                    }));
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports().flatten().filter(|import| import.module == PREVIEW_1) {
                    let (TypeRef::Func(of) | TypeRef::FuncExact(of)) = import.ty else { continue };
                    let signature = usize::try_from(of).ok().and_then(|of| types.get(of)).cloned();
                    found.insert(import.name.to_owned(), signature.unwrap_or_default());
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// A module that has all of these functions, with what the encoder of components has to know of it.
pub(super) fn make(functions: &BTreeMap<String, Signature>) -> Result<Vec<u8>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("no stub of preview 1 of WASI can be made: {error:#}");
    let mut text = format!("(module {COMMON}");
    for (name, (params, results)) in functions {
        let list = |types: &[ValType]| types.iter().map(|one| format!(" {one}")).collect::<String>();
        let (params, results) = (list(params), list(results));
        let body = body(name);
        let _ = writeln!(text, "(func (export \"{name}\") (param{params}) (result{results}) {body})");
    }
    text.push(')');
    let mut module = wat::parse_str(text).map_err(|error| failed(&error))?;
    let mut resolve = Resolve::default();
    let package = resolve.push_str("system.wit", SYSTEM).map_err(|error| failed(&error))?;
    let world = resolve.select_world(&[package], Some("packed")).map_err(|error| failed(&error))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(|error| failed(&error))?;
    Ok(module)
}

/// What a function does; the WASI repository's `docs/preview1/docs.md` has their parameters.
fn body(name: &str) -> String {
    match name {
        "args_sizes_get" | "environ_sizes_get" => "(call $two_zeros (local.get 0) (local.get 1))".to_owned(),
        "args_get" | "environ_get" | "sched_yield" => "(i32.const 0)".to_owned(),
        "clock_time_get" => "(call $store_time (local.get 2) (call $look (local.get 0)))".to_owned(),
        "clock_res_get" => "(call $store_time (local.get 1) (i64.const 1000))".to_owned(),
        "random_get" => "(call $fill_random (local.get 0) (local.get 1))".to_owned(),
        "poll_oneoff" => "(call $poll (local.get 0) (local.get 1) (local.get 2) (local.get 3))".to_owned(),
        "fd_write" => "(call $write (local.get 0) (local.get 1) (local.get 2) (local.get 3))".to_owned(),
        "fd_read" => "(call $read (local.get 0) (local.get 3))".to_owned(),
        "fd_fdstat_get" => "(call $describe (local.get 0) (local.get 1) (i32.const 24) (i32.const 0))".to_owned(),
        "fd_filestat_get" => "(call $describe (local.get 0) (local.get 1) (i32.const 64) (i32.const 16))".to_owned(),
        "fd_close" | "fd_fdstat_set_flags" | "fd_sync" | "fd_datasync" => "(call $standard (local.get 0))".to_owned(),
        // A stream has no place to go to (ESPIPE).
        "fd_seek" | "fd_tell" => {
            "(select (i32.const 70) (i32.const 8) (i32.le_u (local.get 0) (i32.const 2)))".to_owned()
        }
        // There is no folder to look for files in, and no other file (EBADF).
        _ if name.starts_with("fd_") || name.starts_with("path_") => "(i32.const 8)".to_owned(),
        _ => denial(name),
    }
}

/// Ends the call, and says what was asked for: the name is put at the start of the module's memory, which nobody reads any
/// more.
fn denial(name: &str) -> String {
    let what = format!("{PREVIEW_1} {name}");
    let mut text = String::new();
    for (at, byte) in what.bytes().enumerate() {
        let _ = write!(text, "(i32.store8 (i32.const {at}) (i32.const {byte})) ");
    }
    let _ = write!(text, "(call $host_deny (i32.const 0) (i32.const {})) unreachable", what.len());
    text
}
