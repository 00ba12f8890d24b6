//! The plugins folder: one folder a plugin. It is read at the start and looked at every second, so that a new build
//! is swapped in without a restart. Looking means names, lengths and times of a few files: a watch of the operating
//! system's would say no more, and does not work on every kind of mount.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tokio::task::JoinSet;

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

/// The plugins' folders as they were when they were looked at, each with the id of its manifest. While the manifest
/// cannot be read it is the id that it had before, or else the folder's name.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<PathBuf, (String, Stamp)>);

impl Seen {
    /// The folders of an id, the one that counts first.
    fn of(&self, id: &str) -> Vec<&PathBuf> {
        self.0.iter().filter(|(_, (own, _))| own == id).map(|(folder, _)| folder).collect()
    }

    /// The ids that have another folder or another state of one than before.
    fn changed(&self, before: &Self) -> BTreeSet<String> {
        let differs = |folder: &PathBuf| before.0.get(folder) != self.0.get(folder);
        let folders = self.0.keys().chain(before.0.keys()).filter(|folder| differs(folder));
        let ids = folders.flat_map(|folder| [self.0.get(folder), before.0.get(folder)]).flatten();
        ids.map(|(id, _)| id.clone()).collect()
    }
}

impl Plugins {
    /// Loads every plugin of the folder, and goes on looking at it until all handles are dropped. A plugin that
    /// cannot be loaded is told in the log and in [`Plugin::problem`]; the others work. One that takes long to compile
    /// is not waited for: it is [loading](Plugin::loading).
    pub async fn open(settings: PluginSettings, lookup: Lookup) -> Result<Arc<Self>, String> {
        let plugins = Arc::new(Self::empty(settings, lookup)?);
        match plugins.refresh().await {
            Ok(mut loads) => {
                let all = async { while loads.join_next().await.is_some() {} };
                if tokio::time::timeout(plugins.settings.bounds.starting, all).await.is_err() {
                    tracing::info!("some plugins are still being loaded: pools that are bound to them wait until then");
                }
                loads.detach_all();
            }
            Err(error) if error.kind() == ErrorKind::NotFound && !plugins.settings.is_named => {}
            Err(error) => {
                let folder = plugins.settings.folder.as_deref().unwrap_or(Path::new("")).display();
                tracing::warn!(%error, %folder, "no plugins: their folder cannot be read");
            }
        }
        for odd in plugins.settings.oddities(&plugins.manifests()) {
            tracing::warn!("{odd}");
        }
        if plugins.settings.folder.is_some() {
            let weak = Arc::downgrade(&plugins);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(LOOK).await;
                    let Some(plugins) = weak.upgrade() else { return };
                    // The folder may be back the next time.
                    if let Ok(mut loads) = plugins.refresh().await {
                        loads.detach_all();
                    }
                    for plugin in plugins.all() {
                        plugin.tell_left_out();
                    }
                }
            });
        }
        Ok(plugins)
    }

    /// Loads a plugin's files again, whether or not they changed. What is wrong with them, if anything, is in
    /// [`Plugin::problem`]; where they take long to compile, the plugin is still [loading](Plugin::loading).
    pub async fn reload(self: &Arc<Self>, id: &str) -> Option<Arc<Plugin>> {
        let plugin = self.get(id)?;
        let load = {
            let mut seen = self.seen.lock().await;
            match self.look(&seen) {
                Ok(now) if !now.of(id).is_empty() => {
                    let folders = now.of(id).into_iter().cloned().collect();
                    seen.0.extend(now.0.into_iter().filter(|(_, (own, _))| own == id));
                    tokio::spawn(Arc::clone(self).load_all(Arc::clone(&plugin), folders))
                }
                Ok(_) => {
                    self.gone().entry(id.to_owned()).or_insert_with(Instant::now);
                    plugin.tell_gone();
                    return Some(plugin);
                }
                Err(error) => {
                    plugin.swap(Err(format!("the plugins folder cannot be read: {error}")));
                    return Some(plugin);
                }
            }
        };
        // It goes on where it takes longer.
        drop(tokio::time::timeout(self.settings.bounds.loading, load).await);
        Some(plugin)
    }

    /// Begins to load what changed since the last look.
    async fn refresh(self: &Arc<Self>) -> std::io::Result<JoinSet<()>> {
        let mut loads = JoinSet::new();
        let mut seen = self.seen.lock().await;
        let now = self.look(&seen)?;
        for id in now.changed(&seen) {
            let folders: Vec<PathBuf> = now.of(&id).into_iter().cloned().collect();
            if folders.is_empty() {
                tracing::info!(plugin = id, "a plugin's folder is gone: it is unloaded unless it comes back soon");
                if let Some(plugin) = self.get(&id) {
                    plugin.tell_gone();
                }
                self.gone().entry(id).or_insert_with(Instant::now);
            } else {
                self.gone().remove(&id);
                loads.spawn(Arc::clone(self).load_all(self.entry(&id), folders));
            }
        }
        *seen = now;
        self.unload_gone();
        Ok(loads)
    }

    /// Unloads what has been gone for too long to be only moved.
    fn unload_gone(&self) {
        let grace = self.settings.bounds.grace;
        let over: Vec<String> =
            self.gone().extract_if(.., |_, since| since.elapsed() >= grace).map(|(id, _)| id).collect();
        for plugin in over.iter().filter_map(|id| self.get(id)) {
            plugin.unload();
        }
    }

    fn gone(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Loads a plugin that has these folders, of which there should be one.
    async fn load_all(self: Arc<Self>, plugin: Arc<Plugin>, folders: Vec<PathBuf>) {
        let load = async {
            let Some(first) = folders.first() else { return };
            plugin.swap(self.load(first).await);
            if let Some(second) = folders.get(1) {
                let (first, second) = (first.display(), second.display());
                plugin
                    .tell(format!("its id is that of {first} and {second}: choose another for one, the first is used"));
            }
        };
        plugin.loading.run(load).await;
    }

    async fn load(&self, folder: &Path) -> Result<Arc<Build>, String> {
        let settings = &self.settings;
        let permissions = |manifest: &Manifest| {
            settings.check_variables(manifest, || self.manifests())?;
            settings.permissions(manifest)
        };
        Build::load(&self.sandbox, folder, settings.cache.as_deref(), permissions, self.lookup.clone()).await
    }

    /// The manifests that can be read.
    fn manifests(&self) -> Vec<Manifest> {
        let folders = self.settings.folder.as_deref().and_then(|folder| stamps(folder).ok()).unwrap_or_default();
        folders.keys().filter_map(|folder| Manifest::read(folder).ok()).collect()
    }

    fn entry(&self, id: &str) -> Arc<Plugin> {
        let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(by_id.entry(id.to_owned()).or_insert_with(|| Arc::new(Plugin::new(id.to_owned()))))
    }

    /// The folders now; those that did not change keep their ids.
    fn look(&self, seen: &Seen) -> std::io::Result<Seen> {
        let Some(folder) = &self.settings.folder else { return Ok(Seen::default()) };
        let with_id = |(folder, stamp): (PathBuf, Stamp)| {
            let before = seen.0.get(&folder);
            let id = match before {
                Some((id, old)) if *old == stamp => id.clone(),
                _ => match Manifest::read(&folder) {
                    Ok(manifest) => manifest.id,
                    Err(_) => before.map_or_else(|| name_of(&folder), |(id, _)| id.clone()),
                },
            };
            (folder, (id, stamp))
        };
        Ok(Seen(stamps(folder)?.into_iter().map(with_id).collect()))
    }
}

fn name_of(folder: &Path) -> String {
    folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The folders with a manifest, each with the state of its manifest and code. A file that cannot be looked at has
/// none: it fails when it is loaded, and no other plugin waits for it.
fn stamps(folder: &Path) -> std::io::Result<BTreeMap<PathBuf, Stamp>> {
    let mut found = BTreeMap::new();
    for path in fs::read_dir(folder)?.flatten().map(|entry| entry.path()) {
        if !path.join(MANIFEST).is_file() {
            continue;
        }
        let mut stamp = Vec::new();
        for file in fs::read_dir(&path).into_iter().flatten().flatten() {
            let name = file.path();
            let code = name.extension().is_some_and(|extension| extension == "wasm");
            if code || file.file_name() == MANIFEST {
                // What a link points to, because that is what changes.
                let about = fs::metadata(&name).ok();
                let modified = about.as_ref().and_then(|about| about.modified().ok());
                stamp.push((name, about.map_or(0, |about| about.len()), modified));
            }
        }
        stamp.sort();
        found.insert(path, stamp);
    }
    Ok(found)
}
