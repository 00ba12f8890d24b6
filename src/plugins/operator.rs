//! What the operator says of plugins: where they are, and for each which hosts and special addresses it may reach
//! and what its secrets are.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::Deserialize;

use super::{
    egress::{HostRule, MIN_SECRET, Permissions, Ranges, Secrets, environment_name},
    manifest::{Manifest, ManifestSecret},
    sandbox::Bounds,
};

/// A secret of a plugin, as a configuration file has it.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretSettings {
    /// Its value; by environment where it is absent.
    pub value: Option<String>,
    /// The host that it is bound to, where the manifest names none.
    pub host: Option<String>,
}

impl fmt::Debug for SecretSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretSettings").field("host", &self.host).finish_non_exhaustive()
    }
}

/// `[plugin.ID]` of a configuration file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OperatorSettings {
    /// The hosts that it may reach, of those that its manifest names.
    pub hosts: Vec<String>,
    /// Special addresses that it may reach: ranges such as "10.1.0.0/16".
    pub ranges: Vec<String>,
    /// Its secrets, by name.
    pub secrets: BTreeMap<String, SecretSettings>,
}

/// All that the operator says of plugins.
#[derive(Debug, Clone, Default)]
pub struct PluginSettings {
    /// The folder that has one folder a plugin; none where there are no plugins.
    pub folder: Option<PathBuf>,
    /// Whether somebody has named that folder: then it is told where it is not there.
    pub is_named: bool,
    /// Where compiled code is kept: a folder of the gateway's own. None keeps none.
    pub cache: Option<PathBuf>,
    /// What all of them together may use.
    pub bounds: Bounds,
    /// By plugin.
    pub operators: BTreeMap<String, OperatorSettings>,
    /// Secrets of the environment, by the variable's name.
    pub environment: Environment,
}

/// Variables whose values are secret.
#[derive(Clone, Default)]
pub struct Environment(pub BTreeMap<String, String>);

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl PluginSettings {
    /// Refuses a manifest whose secret would be read from a variable that is another plugin's as well: one plugin
    /// would get the other's secret. The others are read only where it has such a secret: they may be hundreds.
    pub fn check_variables(&self, manifest: &Manifest, others: impl FnOnce() -> Vec<Manifest>) -> Result<(), String> {
        let variables = |of: &Manifest| -> Vec<_> {
            of.secrets
                .keys()
                .map(|name| environment_name(&of.id, name))
                .filter(|v| self.environment.0.contains_key(v))
                .collect()
        };
        let own = variables(manifest);
        if own.is_empty() {
            return Ok(());
        }
        for other in others().iter().filter(|other| other.id != manifest.id) {
            if let Some(shared) = variables(other).into_iter().find(|variable| own.contains(variable)) {
                let (id, other) = (&manifest.id, &other.id);
                return Err(format!(
                    "{shared} is the variable of a secret of {other} and of {id}: set the values in the configuration file instead"
                ));
            }
        }
        Ok(())
    }

    /// What the operator says of plugins that none of them is about: a name that is written wrong changes nothing, and is
    /// told for that.
    pub(super) fn oddities(&self, manifests: &[Manifest]) -> Vec<String> {
        let mut odd = Vec::new();
        for (id, operator) in &self.operators {
            let at = format!("[plugin.{id}] of the configuration file");
            let Some(manifest) = manifests.iter().find(|manifest| manifest.id == *id) else {
                odd.push(format!("{at} is about no plugin of the plugins folder"));
                continue;
            };
            let asked = |host: &String| match HostRule::parse(host) {
                Ok(rule) => manifest.hosts.iter().any(|own| own.covers(&rule)),
                // It keeps the plugin from being loaded, and is told there.
                Err(_) => true,
            };
            let unasked = operator.hosts.iter().filter(|host| !asked(host));
            odd.extend(
                unasked.map(|host| format!("{at}: hosts has {host}, which the plugin's manifest does not ask for")),
            );
        }
        odd
    }

    /// What a plugin with this manifest may ask for where nothing is sent: the manifest alone bounds it, as if an operator
    /// allowed all that it names.
    pub fn rehearsed(manifest: &Manifest) -> Result<Permissions, String> {
        let mut secrets = Secrets::rehearsed(&manifest.id);
        for (name, secret) in &manifest.secrets {
            secrets.add(name, secret.place.clone(), None, secret.host.clone());
        }
        let any = manifest.hosts.contains(&HostRule::Any);
        Ok(Permissions {
            hosts: any.then_some(HostRule::Any).into_iter().collect(),
            ranges: Ranges::default(),
            secrets,
        })
    }

    /// What a plugin with this manifest may do on the network.
    pub fn permissions(&self, manifest: &Manifest) -> Result<Permissions, String> {
        let none = OperatorSettings::default();
        let operator = self.operators.get(&manifest.id).unwrap_or(&none);
        let at = |reason: String| format!("[plugin.{}] of the configuration file: {reason}", manifest.id);
        let hosts = operator.hosts.iter().map(|host| HostRule::parse(host)).collect::<Result<_, _>>().map_err(at)?;
        let ranges = Ranges::parse(&operator.ranges).map_err(at)?;
        if let Some(name) = operator.secrets.keys().find(|name| !manifest.secrets.contains_key(*name)) {
            return Err(at(format!("secret {name} is none that plugin.toml names")));
        }
        let mut secrets = Secrets::new(&manifest.id);
        for (name, ManifestSecret { place, host: bound }) in &manifest.secrets {
            let given = operator.secrets.get(name).cloned().unwrap_or_default();
            let value = given.value.or_else(|| self.environment.0.get(&environment_name(&manifest.id, name)).cloned());
            if value.as_ref().is_some_and(|value| value.len() < MIN_SECRET) {
                return Err(at(format!("secret {name}: expected at least {MIN_SECRET} characters")));
            }
            if bound.is_some() && given.host.is_some() && *bound != given.host {
                return Err(at(format!("secret {name} is bound to another host by plugin.toml: leave host out")));
            }
            secrets.add(name, place.clone(), value, bound.clone().or(given.host));
        }
        Ok(Permissions { hosts, ranges, secrets })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_is_about_no_plugin_is_told() {
        let manifest = |hosts: &str| {
            let text = format!(
                "id = 'p'\nname = 'P'\nversion = '1.0.0'\ncontract = '1.0'\nkind = 'source'\nhosts = [{hosts}]"
            );
            Manifest::parse(&text, Path::new("p")).expect("a manifest")
        };
        let odd = |id: &str, host: &str, hosts: &str| {
            let operator = OperatorSettings { hosts: vec![host.to_owned()], ..OperatorSettings::default() };
            let settings =
                PluginSettings { operators: [(id.to_owned(), operator)].into(), ..PluginSettings::default() };
            settings.oddities(&[manifest(hosts)])
        };
        for (id, host, hosts, says) in [
            ("p", "a.example", "'a.example'", None),
            ("p", "a.example", "'*'", None),
            ("p", "a.example", "'*.example'", None),
            ("p", "*.example", "'a.example'", None),
            ("p", "not a host", "'a.example'", None),
            ("p", "a.example:8443", "'a.example'", Some("hosts has a.example:8443, which")),
            ("p", "b.example", "'a.example'", Some("hosts has b.example, which")),
            ("q", "a.example", "'a.example'", Some("[plugin.q] of the configuration file is about no plugin")),
        ] {
            let found = odd(id, host, hosts);
            match says {
                None => assert!(found.is_empty(), "{host} {hosts}: {found:?}"),
                Some(says) => assert!(found.len() == 1 && found[0].contains(says), "{host} {hosts}: {found:?}"),
            }
        }
    }
}
