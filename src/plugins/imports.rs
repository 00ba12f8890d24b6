//! What a plugin's code imports, read from its bytes before anything is compiled: a refusal lists all of it, says what
//! needs it, and names the command that mends it.

use std::collections::BTreeSet;

use wasmparser::{KnownCustom, Parser, Payload};

/// The command that mends what can be mended.
pub(super) const MEND: &str = "`scrip plugin pack FILE.wasm` makes a component of it that fits";
/// The interface that `pack` puts between a stub of WASI and the host.
pub(super) const SYSTEM: &str = "scrip:host/system@1.0.0";
/// The most names that a refusal lists.
const MOST: usize = 40;

/// The names of what a component imports.
pub(super) fn of_component(component: &[u8]) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(|error| format!("a component that is damaged: {error}"))? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(imports) if depth == 0 => {
                found.extend(imports.into_iter().flatten().map(|import| import.name.name.to_owned()));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Refuses a core module that imports what no contract has.
pub(super) fn check_module(module: &[u8]) -> Result<(), String> {
    let mut foreign = BTreeSet::new();
    for payload in Parser::new(0).parse_all(module) {
        let Ok(Payload::ImportSection(imports)) = payload else { continue };
        for import in imports.into_imports().flatten() {
            let of = import.module;
            let known = ["coupon:plugin/", "[export]", "scrip:host/"].iter().any(|ours| of.starts_with(ours));
            if !known {
                foreign.insert(format!("{of}.{}", import.name));
            }
        }
    }
    if foreign.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = foreign.into_iter().collect();
    Err(format!("a core module that imports {}, which no contract has{}", listed(&names), needed(module, &names)))
}

/// Some names, one after the other.
pub(super) fn listed(names: &[String]) -> String {
    let shown = names.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(MOST) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

/// What needs imports, where that is known, and what to do.
pub(super) fn needed(code: &[u8], names: &[String]) -> String {
    if names.iter().any(|name| name.starts_with("wasi")) {
        let makers = makers(code);
        let by = if makers.is_empty() { "its toolchain".to_owned() } else { makers };
        return format!("; WASI is what the standard library of {by} needs: {MEND}");
    }
    if names.iter().any(|name| name.starts_with("env.")) {
        return "; what is imported from env is not linked in: define it, or, in AssemblyScript, build with \
                --use abort= and without other functions of the environment"
            .to_owned();
    }
    "; import nothing else".to_owned()
}

/// The tools that say in the code that they made it.
fn makers(code: &[u8]) -> String {
    let mut found = BTreeSet::new();
    for payload in Parser::new(0).parse_all(code) {
        let Ok(Payload::CustomSection(section)) = payload else { continue };
        let KnownCustom::Producers(fields) = section.as_known() else { continue };
        for field in fields.into_iter().flatten().filter(|field| field.name != "sdk") {
            let names = field.values.into_iter().flatten();
            found.extend(names.map(|value| value.name.to_owned()).filter(|name| !OURS.contains(&name.as_str())));
        }
    }
    found.into_iter().take(5).collect::<Vec<_>>().join(", ")
}

/// Tools that wrap what others made.
const OURS: [&str; 3] = ["wit-component", "wit-bindgen-rust", "wit-bindgen-c"];
