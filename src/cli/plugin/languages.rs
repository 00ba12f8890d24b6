//! What a new project in another language than Rust is made of: the example in that language, under the project's own
//! name.

use clap::ValueEnum;

use super::Kind;

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
    /// With the contract's ABI by hand, and Go's library and runtime inside.
    Go,
}

/// A file of a project, and its text.
pub(super) type File = (&'static str, &'static str);

macro_rules! example {
    ($($to:literal from $from:literal),+ $(,)?) => {
        &[$(($to, include_str!(concat!("../../../examples/partner-plugins/", $from)))),+]
    };
}

/// The contract.
const CONTRACT: &[File] = example!["wit/1.0.0/coupon-plugin.wit" from "../../plugins/wit/1.0.0/coupon-plugin.wit"];

/// The fixtures that all restrictions share.
const CHECKS: &[File] = example![
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

const GO: &[File] = example![
    "plugin.toml" from "go/plugin.toml",
    "go.mod" from "go/go.mod",
    "tools.sh" from "tools.sh",
    "build.sh" from "go/build.sh",
    "main.go" from "go/main.go",
    "contract.go" from "go/contract.go",
    "abi.go" from "go/abi.go",
    "ABI.md" from "ABI.md",
];

/// The fixtures that all sources share.
const ISSUES: &[File] = example![
    "fixtures/issued.json" from "source/fixtures/issued.json",
    "fixtures/down.json" from "source/fixtures/down.json",
    "fixtures/unreachable.json" from "source/fixtures/unreachable.json",
    "fixtures/refused.json" from "source/fixtures/refused.json",
    "fixtures/wrong-key.json" from "source/fixtures/wrong-key.json",
    "fixtures/wrong-config.json" from "source/fixtures/wrong-config.json",
];

const TYPESCRIPT_SOURCE: &[File] = example![
    "plugin.toml" from "source/typescript/plugin.toml",
    "package.json" from "source/typescript/package.json",
    "package-lock.json" from "source/typescript/package-lock.json",
    "build.sh" from "source/typescript/build.sh",
    "partner-codes.ts" from "source/typescript/partner-codes.ts",
    "contract.ts" from "source/typescript/contract.ts",
    "host.d.ts" from "source/typescript/host.d.ts",
];

const PYTHON_SOURCE: &[File] = example![
    "plugin.toml" from "source/python/plugin.toml",
    "tools.sh" from "tools.sh",
    "build.sh" from "source/python/build.sh",
    "app.py" from "source/python/app.py",
];

const ASSEMBLYSCRIPT_SOURCE: &[File] = example![
    "plugin.toml" from "source/assemblyscript/plugin.toml",
    "package.json" from "source/assemblyscript/package.json",
    "package-lock.json" from "source/assemblyscript/package-lock.json",
    "build.sh" from "source/assemblyscript/build.sh",
    "rename.mjs" from "source/assemblyscript/rename.mjs",
    "assembly/index.ts" from "source/assemblyscript/assembly/index.ts",
    "ABI.md" from "ABI.md",
];

const GO_SOURCE: &[File] = example![
    "plugin.toml" from "source/go/plugin.toml",
    "go.mod" from "source/go/go.mod",
    "tools.sh" from "tools.sh",
    "build.sh" from "source/go/build.sh",
    "main.go" from "source/go/main.go",
    "contract.go" from "source/go/contract.go",
    "abi.go" from "go/abi.go",
    "ABI.md" from "ABI.md",
];

impl Language {
    /// What its project of a kind is made of; none of Rust, which has templates.
    pub(super) fn example(self, kind: Kind) -> Option<impl Iterator<Item = &'static File>> {
        let files = match (self, kind) {
            (Self::Rust, _) => return None,
            (Self::Typescript, Kind::Restriction) => TYPESCRIPT,
            (Self::Typescript, Kind::Source) => TYPESCRIPT_SOURCE,
            (Self::Python, Kind::Restriction) => PYTHON,
            (Self::Python, Kind::Source) => PYTHON_SOURCE,
            (Self::Assemblyscript, Kind::Restriction) => ASSEMBLYSCRIPT,
            (Self::Assemblyscript, Kind::Source) => ASSEMBLYSCRIPT_SOURCE,
            (Self::Go, Kind::Restriction) => GO,
            (Self::Go, Kind::Source) => GO_SOURCE,
        };
        let fixtures = match kind {
            Kind::Restriction => CHECKS,
            Kind::Source => ISSUES,
        };
        Some(files.iter().chain(fixtures).chain(CONTRACT))
    }

    /// The id of its example of a kind.
    pub(super) fn example_id(self, kind: Kind) -> String {
        let language = self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        match kind {
            Kind::Restriction => format!("minimum-items-{language}"),
            Kind::Source => format!("partner-codes-{language}"),
        }
    }
}

/// The text of an example's file as a project of an id has it: it stands alone.
pub(super) fn renamed(text: &str, example: &str, id: &str) -> String {
    text.replace(example, id)
        .replace("../../../../plugins/wit/1.0.0", "wit/1.0.0")
        .replace("../../../plugins/wit/1.0.0", "wit/1.0.0")
        .replace(". ../../tools.sh", ". ./tools.sh")
        .replace(". ../tools.sh", ". ./tools.sh")
        .replace("source=../../tools.sh", "source=tools.sh")
        .replace("source=../tools.sh", "source=tools.sh")
        .replace("../../../ABI.md", "../ABI.md")
        .replace("../../ABI.md", "../ABI.md")
}
