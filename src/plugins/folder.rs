//! The plugins folder: one folder a plugin. It is read at the start and looked at every second, so that a new build
//! is swapped in without a restart. Looking means names, lengths and times of a few files: a watch of the operating
//! system's would say no more, and does not work on every kind of mount.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
    time::{Duration, SystemTime},
};

use super::{
    Plugin, Plugins,
    build::Build,
    egress::Lookup,
    manifest::{MANIFEST, Manifest},
    operator::PluginSettings,
};

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What tells one state of a plugin's files from the next.
type Stamp = Vec<(PathBuf, u64, Option<SystemTime>)>;

impl Plugins {
    /// Loads every plugin of the folder, and goes on looking at it until all handles are dropped. A plugin that
    /// cannot be loaded is told in the log and in [`Plugin::problem`]; the others work.
    pub async fn open(settings: PluginSettings, lookup: Lookup) -> Result<Arc<Self>, String> {
        let plugins = Arc::new(Self::empty(settings, lookup)?);
        let mut seen = BTreeMap::new();
        plugins.refresh(&mut seen).await;
        if plugins.settings.folder.is_some() {
            let weak = Arc::downgrade(&plugins);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(LOOK).await;
                    let Some(plugins) = weak.upgrade() else { return };
                    plugins.refresh(&mut seen).await;
                }
            });
        }
        Ok(plugins)
    }

    /// Loads a plugin's files again, whether or not they changed. What is wrong with them, if anything.
    pub async fn reload(&self, id: &str) -> Option<Arc<Plugin>> {
        let plugin = self.get(id)?;
        let folder = self.folder_of(id);
        let loaded = match folder {
            Some(folder) => self.load(&folder).await,
            None => Err("its folder is gone".to_owned()),
        };
        plugin.swap(loaded);
        Some(plugin)
    }

    /// Loads what changed since `seen`.
    async fn refresh(&self, seen: &mut BTreeMap<PathBuf, Stamp>) {
        let Some(folder) = &self.settings.folder else { return };
        let now = match stamps(folder) {
            Ok(now) => now,
            Err(error) => {
                tracing::debug!(folder = %folder.display(), %error, "no plugins");
                return;
            }
        };
        for (folder, stamp) in &now {
            if seen.get(folder) != Some(stamp) {
                let id = id_of(folder);
                let plugin = self.entry(&id);
                let twice = now.keys().find(|other| *other < folder && id_of(other) == id);
                let loaded = match twice {
                    Some(other) => Err(format!("its id is that of {} too: choose another", other.display())),
                    None => self.load(folder).await,
                };
                plugin.swap(loaded);
            }
        }
        for gone in seen.keys().filter(|folder| !now.contains_key(*folder)) {
            tracing::info!(folder = %gone.display(), "a plugin's folder is gone: its last build stays until a restart");
        }
        *seen = now;
    }

    async fn load(&self, folder: &Path) -> Result<Build, String> {
        let settings = &self.settings;
        let permissions = |manifest: &Manifest| settings.permissions(manifest);
        Build::load(&self.engine, folder, settings.cache.as_deref(), permissions, self.lookup.clone()).await
    }

    fn entry(&self, id: &str) -> Arc<Plugin> {
        let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(by_id.entry(id.to_owned()).or_insert_with(|| Arc::new(Plugin::new(id.to_owned()))))
    }

    fn folder_of(&self, id: &str) -> Option<PathBuf> {
        let stamps = stamps(self.settings.folder.as_deref()?).ok()?;
        stamps.into_keys().find(|folder| id_of(folder) == id)
    }
}

/// The id in a folder's manifest; the folder's name where that cannot be read.
fn id_of(folder: &Path) -> String {
    let name = || folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Manifest::read(folder).map_or_else(|_| name(), |manifest| manifest.id)
}

/// The folders with a manifest, each with the state of its manifest and code.
fn stamps(folder: &Path) -> std::io::Result<BTreeMap<PathBuf, Stamp>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.join(MANIFEST).is_file() {
            continue;
        }
        let mut stamp = Vec::new();
        for file in fs::read_dir(&path)? {
            let file = file?;
            let name = file.path();
            let code = name.extension().is_some_and(|extension| extension == "wasm");
            if code || file.file_name() == MANIFEST {
                let about = file.metadata()?;
                stamp.push((name, about.len(), about.modified().ok()));
            }
        }
        stamp.sort();
        found.insert(path, stamp);
    }
    Ok(found)
}
