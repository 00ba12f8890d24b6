//! A look, at a start, at what pools are bound to: a plugin that is no longer there is told with the pools that need
//! it, before the first customer notices.

use std::collections::BTreeMap;

use scrip_plugins::Plugins;

use super::Registry;

/// The most pools that a line names.
const MAX_NAMED: usize = 10;

/// Tells of plugins that pools are bound to and that are not in the plugins folder.
pub(super) fn tell_missing(registry: &Registry, plugins: &Plugins) {
    for (plugin, pools) in missing(registry, plugins) {
        let named = pools.iter().take(MAX_NAMED).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        let pools = pools.len();
        tracing::warn!(
            plugin,
            pools,
            "a plugin is not in the plugins folder, but these pools are bound to it: {named}"
        );
    }
}

/// The names of the pools that are bound to each plugin that is not there.
fn missing(registry: &Registry, plugins: &Plugins) -> BTreeMap<String, Vec<String>> {
    let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pool in registry.read().pools.values() {
        let bound = pool.remote.iter().chain(&pool.checks).map(|binding| &binding.plugin);
        for plugin in bound.filter(|plugin| plugins.get(plugin).is_none()) {
            let pools = missing.entry(plugin.clone()).or_default();
            if pools.last() != Some(&pool.name) {
                pools.push(pool.name.clone());
            }
        }
    }
    missing
}
