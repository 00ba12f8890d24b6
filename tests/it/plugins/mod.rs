//! The host of plugins against plugins that mean no good, and a network that lies. Each hostile plugin is a few
//! lines of WebAssembly text; [`Host`] loads it beside a good one, which has to answer whatever the other does.

mod answers;
mod binding;
mod cache;
mod cancelled;
mod computing;
mod contract;
mod files;
mod guest;
mod memory;
mod network;
mod packed;
mod paused;
mod places;
mod reload;

use std::{fs, path::Path, sync::Arc, time::Duration};

use scrip::plugins::{
    Bounds, CheckRequest, CheckVerdict, CodeRequest, Lookup, OperatorSettings, Plugin, PluginFailure, PluginKind,
    PluginSettings, Plugins,
};
use serde_json::json;

use crate::support::{Folder, new_folder};

/// The plugin that is good: it stands in every folder.
const GOOD: &str = "first-purchase";

/// A host with a plugins folder of its own.
pub(crate) struct Host {
    pub(crate) plugins: Arc<Plugins>,
    folder: Folder,
}

/// What a plugins folder is filled with before it is opened.
pub(crate) struct Setup {
    folder: Folder,
    pub(crate) settings: PluginSettings,
    lookup: Lookup,
}

impl Setup {
    /// With the good plugin.
    pub(crate) fn new() -> Self {
        let folder = new_folder();
        let settings =
            PluginSettings { folder: Some(folder.path().to_owned()), bounds: patient(), ..PluginSettings::default() };
        let setup = Self { folder, settings, lookup: Lookup::default() };
        setup.with_shipped(GOOD)
    }

    /// And a plugin of the repository.
    pub(crate) fn with_shipped(self, id: &str) -> Self {
        let (from, to) = (shipped(id), self.folder.path().join(id));
        fs::create_dir(&to).expect("a folder");
        for name in ["plugin.toml".to_owned(), format!("{id}.wasm")] {
            fs::copy(from.join(&name), to.join(&name)).expect("a file");
        }
        self
    }

    /// And a plugin of a kind, with more lines of its manifest.
    pub(crate) fn with(self, id: &str, kind: PluginKind, more: &str, code: &[u8]) -> Self {
        write_plugin(&self.folder.path().join(id), &manifest(id, kind, more), code);
        self
    }

    /// What the operator says of a plugin.
    pub(crate) fn operator(mut self, id: &str, operator: OperatorSettings) -> Self {
        self.settings.operators.insert(id.to_owned(), operator);
        self
    }

    pub(crate) fn lookup(mut self, lookup: Lookup) -> Self {
        self.lookup = lookup;
        self
    }

    pub(crate) async fn open(self) -> Host {
        let plugins = Plugins::open(self.settings, self.lookup).await.expect("a host");
        Host { plugins, folder: self.folder }
    }
}

impl Host {
    /// A host with the good plugin and another restriction.
    pub(crate) async fn restriction(id: &str, more: &str, code: &[u8]) -> Self {
        Setup::new().with(id, PluginKind::Restriction, more, code).open().await
    }

    pub(crate) fn plugin(&self, id: &str) -> Arc<Plugin> {
        self.plugins.get(id).expect("it is known")
    }

    /// The folder of a plugin.
    pub(crate) fn folder(&self, id: &str) -> std::path::PathBuf {
        self.folder.path().join(id)
    }

    /// What is wrong with a plugin that was not loaded.
    pub(crate) fn problem(&self, id: &str) -> String {
        let plugin = self.plugin(id);
        assert!(plugin.build().is_none(), "{id} is loaded");
        plugin.problem().expect("a problem")
    }

    /// Asks a restriction about one coupon.
    pub(crate) async fn check(&self, id: &str) -> Result<Vec<CheckVerdict>, PluginFailure> {
        self.plugins.check(id, &CheckRequest::default()).await
    }

    /// Asks a source.
    pub(crate) async fn issue(
        &self,
        id: &str,
    ) -> Result<Result<scrip::plugins::IssuedCode, scrip::plugins::SourceRefusal>, PluginFailure> {
        self.plugins.issue(id, &CodeRequest::default()).await
    }

    /// Asks the good plugin about a first and a second purchase.
    pub(crate) async fn good(&self) {
        for (purchases, expected) in
            [(0, CheckVerdict::Allow), (2, CheckVerdict::Refuse("only for a first purchase".to_owned()))]
        {
            let mut request = CheckRequest { config: json!({ "attribute": "purchases" }), ..CheckRequest::default() };
            if let Some(customer) = &mut request.customer {
                customer.attributes.insert("purchases".to_owned(), purchases.into());
            }
            assert_eq!(self.plugins.check(GOOD, &request).await, Ok(vec![expected]));
        }
    }
}

/// What plugins may use, where a start waits until all are compiled, however slow the machine is.
pub(crate) fn patient() -> Bounds {
    let long = Duration::from_secs(600);
    Bounds { starting: long, loading: long, grace: Duration::ZERO, ..Bounds::default() }
}

/// A manifest with more lines.
pub(crate) fn manifest(id: &str, kind: PluginKind, more: &str) -> String {
    let kind = kind.name();
    format!("id = '{id}'\nname = 'Hostile'\nversion = '1.0.0'\ncontract = '1.0'\nkind = '{kind}'\n{more}\n")
}

/// Writes a plugin's folder; code first, as whoever installs one should.
pub(crate) fn write_plugin(folder: &Path, manifest: &str, code: &[u8]) {
    fs::create_dir_all(folder).expect("a folder");
    let name = folder.file_name().expect("a name").to_string_lossy();
    fs::write(folder.join(format!("{name}.wasm")), code).expect("a file");
    fs::write(folder.join("plugin.toml"), manifest).expect("a file");
}

/// The folder of a plugin of the repository.
pub(crate) fn shipped(id: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins").join(id)
}

/// Waits until something has become so: what it is about is told by nobody.
pub(crate) async fn until(mut so: impl FnMut() -> bool) {
    while !so() {
        tokio::task::yield_now().await;
    }
}
