//! `scrip plugin new`: a project that builds, fits and passes its tests as it is. The SDK comes with it, so that
//! nothing but the crates registry is needed.

use std::{fs, path::Path};

use super::{
    Kind, Problem, kind_name,
    languages::{Language, renamed},
    tell,
};
use scrip_plugins::{MANIFEST, check_id};

macro_rules! files {
    ($($to:literal from $from:literal),+ $(,)?) => { &[$(($to, include_str!($from))),+] };
}

/// What every project has.
const COMMON: &[(&str, &str)] = files![
    "Cargo.toml" from "template/Cargo.toml",
    "README.md" from "template/README.md",
    "sdk/Cargo.toml" from "../../../plugins/sdk/Cargo.toml",
    "sdk/README.md" from "../../../plugins/sdk/README.md",
    "sdk/src/bindings.rs" from "../../../plugins/sdk/src/bindings.rs",
    "sdk/src/decimal.rs" from "../../../plugins/sdk/src/decimal.rs",
    "sdk/src/http.rs" from "../../../plugins/sdk/src/http.rs",
    "sdk/src/json.rs" from "../../../plugins/sdk/src/json.rs",
    "sdk/src/lib.rs" from "../../../plugins/sdk/src/lib.rs",
    "sdk/src/log.rs" from "../../../plugins/sdk/src/log.rs",
    "sdk/src/notice.rs" from "../../../plugins/sdk/src/notice.rs",
    "sdk/src/panic.rs" from "../../../plugins/sdk/src/panic.rs",
    "sdk/src/restriction.rs" from "../../../plugins/sdk/src/restriction.rs",
    "sdk/src/source.rs" from "../../../plugins/sdk/src/source.rs",
    "sdk/src/types.rs" from "../../../plugins/sdk/src/types.rs",
    "wit/1.0.0/coupon-plugin.wit" from "../../../plugins/wit/1.0.0/coupon-plugin.wit",
    "wit/1.1.0/coupon-plugin.wit" from "../../../plugins/wit/1.1.0/coupon-plugin.wit",
];

/// What a restriction has beside it.
const RESTRICTION: &[(&str, &str)] = files![
    "src/lib.rs" from "template/restriction/lib.rs",
    "plugin.toml" from "template/restriction/plugin.toml",
    "fixtures/allowed.json" from "template/restriction/allowed.json",
    "fixtures/refused.json" from "template/restriction/refused.json",
];

/// What a source has beside it.
const SOURCE: &[(&str, &str)] = files![
    "src/lib.rs" from "template/source/lib.rs",
    "plugin.toml" from "template/source/plugin.toml",
    "fixtures/issued.json" from "template/source/issued.json",
    "fixtures/down.json" from "template/source/down.json",
];

pub(super) fn run(folder: &Path, kind: Kind, language: Language) -> Result<(), Problem> {
    let id = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    check_id(&id)?;
    if folder.exists() {
        return Err(format!("{} exists already: nothing was changed", folder.display()).into());
    }
    if let Some(files) = language.example(kind) {
        let example = language.example_id(kind);
        for (to, text) in files {
            write(&folder.join(to), &renamed(text, &example, &id))?;
        }
        write(&folder.join(".gitignore"), "node_modules\nbuild\n")?;
        tell(&format!("made {}: look at {MANIFEST}, then", folder.display()));
        tell(&format!("  cd {} && scrip plugin build && scrip plugin test", folder.display()));
        return Ok(());
    }
    let special = match kind {
        Kind::Restriction => RESTRICTION,
        Kind::Source => SOURCE,
    };
    for (name, text) in COMMON.iter().chain(special) {
        let ours = name.starts_with("sdk/") || name.starts_with("wit/");
        let text = if ours { (*text).to_owned() } else { filled(text, &id, kind) };
        write(&folder.join(name), &text)?;
    }
    write(&folder.join(".gitignore"), "target\n")?;
    tell(&format!("made {}: look at {MANIFEST} and src/lib.rs, then", folder.display()));
    tell(&format!("  cd {} && scrip plugin build && scrip plugin test", folder.display()));
    Ok(())
}

fn filled(text: &str, id: &str, kind: Kind) -> String {
    text.replace("{{id}}", id).replace("{{kind}}", kind_name(kind))
}

fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    Ok(fs::write(path, text).map_err(failed)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_all_of_the_sdk() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/sdk/src");
        for entry in fs::read_dir(source).expect("the SDK") {
            let name = format!("sdk/src/{}", entry.expect("a file").file_name().to_string_lossy());
            assert!(COMMON.iter().any(|(file, _)| *file == name), "{name} is not part of a new project");
        }
    }
}
