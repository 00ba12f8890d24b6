//! Where an issuer's keys are: a file, or an address, which is asked through the gates that plugins' requests pass.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use scrip_plugins::{Egress, HostRule, HttpRequest, Limits, Lookup, Permissions, Ranges, Secrets};

/// The longest set that is read, in KiB.
const MAX_KIB: u32 = 256;
/// How long an address may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// What the network knows it by, and the section of the configuration is called.
const NAME: &str = "jwt";

/// Where the keys are.
#[derive(Debug)]
pub(super) enum Source {
    /// In a file.
    File(PathBuf),
    /// At an address.
    Address(String, Box<Egress>),
}

impl Source {
    /// Reads where they are: an address with its scheme, or else the path of a file.
    pub(super) fn parse(text: &str, ranges: &[String], lookup: Lookup) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return if text.is_empty() { Err(expected(text)) } else { Ok(Self::File(text.into())) };
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.is_empty() || authority.contains(['@', '*']) {
            return Err(expected(text));
        }
        let rule = match scheme {
            "https" => HostRule::parse(authority),
            // Whoever is on the way could put keys of their own in.
            "http" if is_loopback(authority) => HostRule::parse(&format!("http://{authority}")),
            "http" => return Err(format!("expected https, because keys over http could be anybody's, found {text:?}")),
            _ => return Err(expected(text)),
        };
        let rule = rule.map_err(|_| expected(text))?;
        let ranges = Ranges::parse(ranges)?;
        let permissions = Permissions { hosts: Vec::new(), ranges, secrets: Secrets::new(NAME) };
        let egress = Egress::new(NAME, vec![rule], permissions, lookup)?;
        Ok(Self::Address(text.to_owned(), Box::new(egress)))
    }

    /// Reads the set.
    pub(super) async fn read(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::File(path) => read_file(path.clone()).await,
            Self::Address(address, egress) => {
                let request = HttpRequest {
                    method: "GET".to_owned(),
                    url: address.clone(),
                    headers: vec![("accept".to_owned(), "application/jwk-set+json, application/json".to_owned())],
                    body: None,
                };
                let limits = Limits { response_kib: MAX_KIB, ..Limits::default() };
                // Its texts are about plugins, whose place in the configuration is another.
                let ours = |error: String| error.replace("[plugin.jwt]", "[jwt]");
                let answer = egress.send(request, NAME, &limits, PATIENCE).await;
                let answer = answer.map_err(|error| ours(error.to_string()))?;
                if answer.status != 200 {
                    return Err(format!("it answered with status {}", answer.status));
                }
                Ok(answer.body)
            }
        }
    }
}

async fn read_file(path: PathBuf) -> Result<Vec<u8>, String> {
    use tokio::io::AsyncReadExt;
    let shown = path.display().to_string();
    let failed = |error: std::io::Error| format!("{shown} cannot be read: {error}");
    let most = u64::from(MAX_KIB) * 1_024;
    let mut text = Vec::new();
    let file = tokio::fs::File::open(&path).await.map_err(failed)?;
    file.take(most + 1).read_to_end(&mut text).await.map_err(failed)?;
    if text.len() as u64 > most {
        return Err(format!("{shown} is larger than {MAX_KIB} KiB"));
    }
    Ok(text)
}

fn expected(text: &str) -> String {
    format!(
        "expected the address of a JWK Set, such as https://login.example/jwks.json, or a file's path, found {text:?}"
    )
}

/// Whether a host and port are of this machine.
fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, _)) if !authority.ends_with(']') => host,
        _ => authority,
    };
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_keys_may_be() {
        for (text, is_right) in [
            ("https://login.example/jwks.json", true),
            ("https://login.example:8443/jwks.json?x=y", true),
            ("http://127.0.0.1:8000/jwks.json", true),
            ("http://[::1]:8000/jwks.json", true),
            ("http://localhost/jwks.json", true),
            ("http://login.example/jwks.json", false),
            ("http://127.0.0.1.login.example/", false),
            ("https://user:secret@login.example/", false),
            ("https:///jwks.json", false),
            ("https://*/jwks.json", false),
            ("ftp://login.example/jwks.json", false),
            ("", false),
            ("keys/jwks.json", true),
            ("/etc/scrip/jwks.json", true),
        ] {
            assert_eq!(Source::parse(text, &[], Lookup::default()).is_ok(), is_right, "{text}");
        }
        let wrong = Source::parse("https://login.example/", &["ten".to_owned()], Lookup::default());
        assert!(wrong.is_err_and(|fault| fault.contains("10.1.0.0/16")));
    }
}
