//! What a new project in another language than Rust is made of: the example in that language, under the project's own
//! name.

use clap::ValueEnum;

/// The language of a new project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Language {
    /// With the SDK.
    Rust,
    /// With the SpiderMonkey engine inside.
    Typescript,
    /// With CPython inside.
    Python,
    /// With the contract's ABI by hand.
    Assemblyscript,
}

/// A file of a project, and its text.
pub(super) type File = (&'static str, &'static str);

macro_rules! example {
    ($($to:literal from $from:literal),+ $(,)?) => {
        &[$(($to, include_str!(concat!("../../../examples/partner-plugins/", $from)))),+]
    };
}

/// The contract, and the fixtures that all languages share.
const SHARED: &[File] = example![
    "wit/1.0.0/coupon-plugin.wit" from "../../plugins/wit/1.0.0/coupon-plugin.wit",
    "fixtures/enough.json" from "c/fixtures/enough.json",
    "fixtures/no-basket.json" from "c/fixtures/no-basket.json",
    "fixtures/no-coupons.json" from "c/fixtures/no-coupons.json",
    "fixtures/one.json" from "c/fixtures/one.json",
    "fixtures/too-few.json" from "c/fixtures/too-few.json",
    "fixtures/wrong-config.json" from "c/fixtures/wrong-config.json",
];

const TYPESCRIPT: &[File] = example![
    "plugin.toml" from "typescript/plugin.toml",
    "package.json" from "typescript/package.json",
    "package-lock.json" from "typescript/package-lock.json",
    "build.sh" from "typescript/build.sh",
    "minimum-items.ts" from "typescript/minimum-items.ts",
    "contract.ts" from "typescript/contract.ts",
    "host.d.ts" from "typescript/host.d.ts",
];

const PYTHON: &[File] = example![
    "plugin.toml" from "python/plugin.toml",
    "tools.sh" from "tools.sh",
    "build.sh" from "python/build.sh",
    "app.py" from "python/app.py",
];

const ASSEMBLYSCRIPT: &[File] = example![
    "plugin.toml" from "assemblyscript/plugin.toml",
    "package.json" from "assemblyscript/package.json",
    "package-lock.json" from "assemblyscript/package-lock.json",
    "build.sh" from "assemblyscript/build.sh",
    "rename.mjs" from "assemblyscript/rename.mjs",
    "assembly/index.ts" from "assemblyscript/assembly/index.ts",
    "ABI.md" from "ABI.md",
];

impl Language {
    /// The name that its example ends in, and what its project is made of; none of Rust, which has templates.
    pub(super) fn example(self) -> Option<(&'static str, impl Iterator<Item = &'static File>)> {
        let (name, files) = match self {
            Self::Rust => return None,
            Self::Typescript => ("typescript", TYPESCRIPT),
            Self::Python => ("python", PYTHON),
            Self::Assemblyscript => ("assemblyscript", ASSEMBLYSCRIPT),
        };
        Some((name, files.iter().chain(SHARED)))
    }
}

/// The text of an example's file as a project of an id has it: it stands alone.
pub(super) fn renamed(text: &str, language: &str, id: &str) -> String {
    text.replace(&format!("minimum-items-{language}"), id)
        .replace("../../../plugins/wit/1.0.0", "wit/1.0.0")
        .replace(". ../tools.sh", ". ./tools.sh")
        .replace("source=../tools.sh", "source=tools.sh")
        .replace("../../ABI.md", "../ABI.md")
}
