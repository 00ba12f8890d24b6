//! The settings of the retailer's own issuer of tokens.

use std::time::Duration;

use serde::Deserialize;

use super::{ConfigError, backup::time};
use scrip_service::{Issuer, IssuerDraft, IssuerFault};

/// `[jwt]` of a configuration file: settings as they stand in one place, each optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JwtLayer {
    /// Who issues tokens, as they have it as `iss`.
    pub issuer: Option<String>,
    /// For whom they are, as they have it as `aud`.
    pub audience: Option<String>,
    /// The address of the issuer's keys (JWKS), or a file's path.
    pub keys: Option<String>,
    /// The algorithms that count.
    pub algorithms: Option<Vec<String>>,
    /// By how much clocks may differ, such as "30s".
    pub leeway: Option<String>,
    /// The claim that has the role, such as "realm_access.roles".
    pub role: Option<String>,
    /// The claim that has the names of user groups.
    pub groups: Option<String>,
    /// Whether tokens have to say when they begin: "required" or "optional".
    pub nbf: Option<String>,
    /// Special addresses that the keys may be read from, such as "10.1.0.0/16".
    pub ranges: Option<Vec<String>>,
}

impl JwtLayer {
    /// This layer over another.
    pub(super) fn over(self, lower: Self) -> Self {
        Self {
            issuer: self.issuer.or(lower.issuer),
            audience: self.audience.or(lower.audience),
            keys: self.keys.or(lower.keys),
            algorithms: self.algorithms.or(lower.algorithms),
            leeway: self.leeway.or(lower.leeway),
            role: self.role.or(lower.role),
            groups: self.groups.or(lower.groups),
            nbf: self.nbf.or(lower.nbf),
            ranges: self.ranges.or(lower.ranges),
        }
    }

    /// What the layers came to; none where nothing is said of an issuer.
    pub(super) fn check(self) -> Result<Option<IssuerDraft>, ConfigError> {
        if self == Self::default() {
            return Ok(None);
        }
        let wrong = |name, reason| ConfigError::Value { name, reason };
        let leeway = match self.leeway.as_deref() {
            None => None,
            Some("0s") => Some(Duration::ZERO),
            Some(text) => {
                let expected = || wrong("jwt.leeway", format!("expected a time such as 30s, found {text:?}"));
                Some(time(text).ok_or_else(expected)?)
            }
        };
        let nbf_optional = match self.nbf.as_deref() {
            None | Some("required") => false,
            Some("optional") => true,
            Some(other) => {
                return Err(wrong("jwt.nbf", format!("expected required or optional, found {other:?}")));
            }
        };
        let draft = IssuerDraft {
            issuer: self.issuer.unwrap_or_default(),
            audience: self.audience.unwrap_or_default(),
            keys: self.keys.unwrap_or_default(),
            algorithms: self.algorithms,
            leeway,
            role: self.role,
            groups: self.groups,
            nbf_optional,
            ranges: self.ranges.unwrap_or_default(),
        };
        let fault = |IssuerFault { setting, reason }| wrong(setting, reason);
        Issuer::new(draft.clone(), scrip_plugins::Lookup::default()).map_err(fault)?;
        Ok(Some(draft))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_named_as_a_whole() {
        let layer = |text: &str| toml::from_str::<JwtLayer>(text).expect("a layer").check();
        assert_eq!(layer("").expect("none"), None);
        let whole = "issuer = 'i'\naudience = 'a'\nkeys = 'jwks.json'\n";
        let draft = layer(whole).expect("settings").expect("an issuer");
        assert!(draft.leeway.is_none() && !draft.nbf_optional);
        for (text, says) in [
            ("issuer = 'i'\nkeys = 'jwks.json'", "jwt.audience"),
            ("audience = 'a'\nkeys = 'jwks.json'", "jwt.issuer"),
            ("issuer = 'i'\naudience = 'a'", "jwt.keys"),
            (&format!("{whole}leeway = 'long'"), "jwt.leeway"),
            (&format!("{whole}leeway = '10m'"), "at most 300"),
            (&format!("{whole}nbf = 'no'"), "required or optional"),
            (&format!("{whole}algorithms = ['HS256']"), "jwt.algorithms"),
        ] {
            assert!(layer(text).is_err_and(|error| error.to_string().contains(says)), "{text}");
        }
        let draft = layer(&format!("{whole}leeway = '0s'\nnbf = 'optional'")).expect("settings").expect("an issuer");
        assert_eq!((draft.leeway, draft.nbf_optional), (Some(Duration::ZERO), true));
        assert!(toml::from_str::<JwtLayer>("isuer = 'x'").is_err_and(|error| error.to_string().contains("issuer")));
    }
}
