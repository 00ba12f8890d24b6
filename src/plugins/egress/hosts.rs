//! Which hosts a plugin may reach: what its manifest names, narrowed by the operator. A host is a name or an
//! address with its scheme and port, so that a rule never opens more than it says.

use std::fmt;

/// One host, or whatever the operator names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostRule {
    /// `*`: in a manifest, whatever the operator names.
    Any,
    /// `name` (https on 443), `name:8443`, `http://name:8080`; `*.name` for every name below it.
    One {
        /// Whether the connection is encrypted.
        encrypted: bool,
        /// In lower case.
        name: String,
        /// The port.
        port: u16,
    },
}

impl fmt::Display for HostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::One { encrypted, name, port } => {
                Target { encrypted: *encrypted, name: name.clone(), port: *port }.fmt(f)
            }
        }
    }
}

impl HostRule {
    /// Reads a rule.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let expected =
            || format!("hosts: expected a host such as \"api.example.com\" or \"http://name:8080\", found {text:?}");
        let (encrypted, rest) = match text.strip_prefix("http://") {
            Some(rest) => (false, rest),
            None => (true, text.strip_prefix("https://").unwrap_or(text)),
        };
        let (name, port) = match rest.rsplit_once(':') {
            Some((name, port)) if !rest.ends_with(']') => (name, port.parse().map_err(|_| expected())?),
            _ => (rest, if encrypted { 443 } else { 80 }),
        };
        let inner = name.strip_prefix("*.").unwrap_or(name);
        let bare = inner.strip_prefix('[').and_then(|v6| v6.strip_suffix(']')).unwrap_or(inner);
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
        if bare.is_empty() || !bare.bytes().all(fits) || (bare.contains(':') && bare == inner) {
            return Err(expected());
        }
        Ok(Self::One { encrypted, name: name.to_ascii_lowercase(), port })
    }

    /// Whether it admits some of what another does.
    #[must_use]
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let target = |rule: &Self| match rule {
            Self::Any => None,
            Self::One { encrypted, name, port } => {
                let name = name.strip_prefix("*").map_or_else(|| name.clone(), |domain| format!("any{domain}"));
                Some(Target { encrypted: *encrypted, name, port: *port })
            }
        };
        match (target(self), target(other)) {
            (None, _) | (_, None) => true,
            (Some(own), Some(to)) => self.admits(&to) || other.admits(&own),
        }
    }

    /// Whether it admits a connection.
    #[must_use]
    pub fn admits(&self, to: &Target) -> bool {
        match self {
            Self::Any => true,
            Self::One { encrypted, name, port } => {
                let same = match name.strip_prefix("*.") {
                    Some(domain) => {
                        to.name.strip_suffix(domain).is_some_and(|front| front.len() > 1 && front.ends_with('.'))
                    }
                    None => *name == to.name,
                };
                *encrypted == to.encrypted && *port == to.port && same
            }
        }
    }
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// A name in lower case, or an address as a URL has it.
    pub name: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Target {
    /// The rule that admits it and nothing else.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.encrypted, self.port) {
            (true, 443) => f.write_str(&self.name),
            (true, port) => write!(f, "{}:{port}", self.name),
            (false, 80) => write!(f, "http://{}", self.name),
            (false, port) => write!(f, "http://{}:{port}", self.name),
        }
    }
}

/// Refuses a target, with the line that would admit it.
pub(super) fn check(plugin: &str, to: &Target, manifest: &[HostRule], operator: &[HostRule]) -> Result<(), String> {
    if !manifest.iter().any(|rule| rule.admits(to)) {
        return Err(format!("host {to} is not allowed: add \"{to}\" to hosts in plugin.toml"));
    }
    let named = manifest.iter().filter(|rule| **rule != HostRule::Any).any(|rule| rule.admits(to));
    if operator.iter().any(|rule| rule.admits(to)) || (operator.is_empty() && named) {
        return Ok(());
    }
    Err(format!("host {to} is not allowed: add \"{to}\" to hosts of [plugin.{plugin}] in Scrip's configuration file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(texts: &[&str]) -> Vec<HostRule> {
        texts.iter().map(|text| HostRule::parse(text).expect(text)).collect()
    }

    #[test]
    fn a_rule_admits_what_it_says() {
        let target = |encrypted, name: &str, port| Target { encrypted, name: name.to_owned(), port };
        for (rule, to, admits) in [
            ("api.example", target(true, "api.example", 443), true),
            ("API.example", target(true, "api.example", 443), true),
            ("api.example", target(false, "api.example", 80), false),
            ("api.example", target(true, "api.example", 8443), false),
            ("api.example:8443", target(true, "api.example", 8443), true),
            ("http://api.example:8080", target(false, "api.example", 8080), true),
            ("*.example", target(true, "api.example", 443), true),
            ("*.example", target(true, "example", 443), false),
            ("*.example", target(true, ".example", 443), false),
            ("*.example", target(true, "badexample", 443), false),
            ("[::1]:8443", target(true, "[::1]", 8443), true),
        ] {
            assert_eq!(HostRule::parse(rule).expect(rule).admits(&to), admits, "{rule} {to}");
            assert!(HostRule::parse(&to.to_string()).is_err() || rules(&[&to.to_string()])[0].admits(&to));
        }
        for text in ["", "https://a/b", "a b", "::1", "a:99999", "ftp://a", "user@host"] {
            assert!(HostRule::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_operator_narrows_and_the_error_names_the_line() {
        let to = Target { encrypted: true, name: "api.example".to_owned(), port: 443 };
        let check = |manifest: &[&str], operator: &[&str]| check("p", &to, &rules(manifest), &rules(operator));
        assert_eq!(check(&["api.example"], &[]), Ok(()));
        assert_eq!(check(&["*"], &["api.example"]), Ok(()));
        for (manifest, operator, says) in [
            (&[][..], &[][..], "add \"api.example\" to hosts in plugin.toml"),
            (&["*"], &[], "to hosts of [plugin.p]"),
            (&["api.example"], &["other.example"], "to hosts of [plugin.p]"),
            (&["other.example"], &["api.example"], "in plugin.toml"),
        ] {
            let found = check(manifest, operator).expect_err(says);
            assert!(found.contains(says), "{found}");
        }
    }
}
