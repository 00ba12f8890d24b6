//! The settings of TLS.

use std::path::PathBuf;

use serde::Deserialize;

use super::ConfigError;
use crate::http::TlsFiles;

/// `[tls]` of a configuration file: settings as they stand in one place, each optional.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsLayer {
    /// The file with the certificates, as PEM.
    pub certificate: Option<PathBuf>,
    /// The file with the key, as PEM.
    pub key: Option<PathBuf>,
}

impl TlsLayer {
    /// This layer over another.
    pub(super) fn over(self, lower: Self) -> Self {
        Self { certificate: self.certificate.or(lower.certificate), key: self.key.or(lower.key) }
    }

    /// What the layers came to; none where neither file is named.
    pub(super) fn check(self) -> Result<Option<TlsFiles>, ConfigError> {
        let missing = |name, other: &str| {
            let reason = format!("expected a PEM file, because {other} is named: TLS needs both");
            Err(ConfigError::Value { name, reason })
        };
        match (self.certificate, self.key) {
            (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
            (None, None) => Ok(None),
            (Some(_), None) => missing("tls.key", "tls.certificate"),
            (None, Some(_)) => missing("tls.certificate", "tls.key"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_are_needed() {
        let layer = |text: &str| toml::from_str::<TlsLayer>(text).expect("a layer").check();
        assert!(layer("").is_ok_and(|files| files.is_none()));
        assert!(layer("certificate = 'a'\nkey = 'b'").is_ok_and(|files| files.is_some()));
        assert!(layer("certificate = 'a'").is_err_and(|error| error.to_string().contains("tls.key is invalid")));
        assert!(layer("key = 'a'").is_err_and(|error| error.to_string().contains("tls.certificate is invalid")));
    }
}
