//! A plugin's one way out. A request passes five gates in this order: its shape, the hosts that the manifest and
//! the operator allow, the addresses that the name has right now, the secrets it asks for, and the limits. The
//! connection goes to exactly an address that was checked; no redirect is followed and no proxy variable read.

mod address;
mod hosts;
mod secrets;

use std::{
    collections::HashMap,
    error::Error as _,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use reqwest::{
    Client, Method, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};

use super::{
    HttpError, HttpRequest, HttpResponse,
    breaker::Breaker,
    limits::{Limits, kib},
};

pub use address::Ranges;
pub use hosts::{HostRule, Target};
pub use secrets::Secrets;
pub(super) use secrets::{MIN_SECRET, environment_name};

/// The most headers of a request or an answer, and their longest text in bytes.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_TEXT: usize = 16 * 1_024;
/// The longest URL, in bytes.
const MAX_URL: usize = 8 * 1_024;
/// Headers that belong to the connection, which is the host's.
const OURS: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// A future on the heap.
type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// How names become addresses: the system's way, unless a test hands another in.
#[derive(Clone)]
pub struct Lookup(Arc<dyn Fn(String) -> Boxed<io::Result<Vec<IpAddr>>> + Send + Sync>);

impl std::fmt::Debug for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Lookup").finish_non_exhaustive()
    }
}

impl Default for Lookup {
    fn default() -> Self {
        Self(Arc::new(|name| {
            Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect()) })
        }))
    }
}

impl Lookup {
    /// Another way.
    pub fn new(lookup: impl Fn(String) -> Boxed<io::Result<Vec<IpAddr>>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }
}

/// An address that is not allowed: found again in the client's error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Denied(String);

/// Resolves names to checked addresses, which are those that are connected to.
struct Checked {
    plugin: String,
    lookup: Lookup,
    ranges: Ranges,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (plugin, ranges) = (self.plugin.clone(), self.ranges.clone());
        let found = (self.lookup.0)(name.as_str().to_owned());
        Box::pin(async move {
            let found = found.await?;
            for address in &found {
                ranges.check(&plugin, *address).map_err(Denied)?;
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// What the operator says of a plugin's network.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    /// The hosts that it may reach; empty where the manifest's are good.
    pub hosts: Vec<HostRule>,
    /// Special addresses that it may reach.
    pub ranges: Ranges,
    /// Its secrets.
    pub secrets: Secrets,
}

/// The network as one plugin sees it.
#[derive(Debug)]
pub struct Egress {
    plugin: String,
    manifest: Vec<HostRule>,
    permissions: Permissions,
    client: Client,
    breakers: Mutex<HashMap<String, Breaker>>,
}

impl Egress {
    /// The network of a plugin whose manifest names these hosts. Its connections are kept for its next calls.
    pub fn new(
        plugin: &str,
        manifest: Vec<HostRule>,
        permissions: Permissions,
        lookup: Lookup,
    ) -> Result<Self, String> {
        let ranges = permissions.ranges.clone();
        let resolver = Checked { plugin: plugin.to_owned(), lookup, ranges };
        let client = Client::builder()
            .dns_resolver(Arc::new(resolver))
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(format!("scrip-plugin/{plugin}"))
            .pool_max_idle_per_host(16)
            .build()
            .map_err(|error| format!("no HTTP client: {error}"))?;
        Ok(Self { plugin: plugin.to_owned(), manifest, permissions, client, breakers: Mutex::default() })
    }

    /// Sends a request, within `time`.
    pub async fn send(&self, request: HttpRequest, limits: &Limits, time: Duration) -> Result<HttpResponse, HttpError> {
        let (target, url) = self.admitted(&request, limits)?;
        let upstream = target.to_string();
        self.ask_breaker(&upstream)?;
        let sent = async {
            let ready = self.ready(request, &target, url)?;
            let response = self.client.execute(ready).await.map_err(|error| self.failure(&error))?;
            self.read(response, kib(limits.response_kib)).await
        };
        let result = tokio::time::timeout(time, sent).await.unwrap_or(Err(HttpError::TimedOut));
        let well = match &result {
            Ok(response) => response.status < 500,
            Err(error) => !matches!(error, HttpError::TimedOut | HttpError::Unreachable(_)),
        };
        self.breakers().entry(upstream).or_default().note(well, Instant::now());
        result
    }

    /// The secrets, to hide them from what a plugin says.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.permissions.secrets
    }

    /// Where a request would go, if it may.
    fn admitted(&self, request: &HttpRequest, limits: &Limits) -> Result<(Target, Url), HttpError> {
        let invalid = |reason: &str| HttpError::Invalid(reason.to_owned());
        if request.url.len() > MAX_URL || request.headers.len() > MAX_HEADERS {
            return Err(HttpError::Invalid(format!(
                "expected at most {MAX_URL} bytes of URL and {MAX_HEADERS} headers"
            )));
        }
        if request.body.as_ref().is_some_and(|body| body.len() > kib(limits.request_kib)) {
            return Err(HttpError::Invalid(format!(
                "the body is larger than limits.request_kib ({})",
                limits.request_kib
            )));
        }
        let url = Url::parse(&request.url).map_err(|error| HttpError::Invalid(format!("the URL: {error}")))?;
        let encrypted = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(invalid("expected a URL with http or https")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("expected a URL without a user: use a header"));
        }
        let name = url.host_str().ok_or_else(|| invalid("expected a URL with a host"))?.to_owned();
        let port = url.port_or_known_default().ok_or_else(|| invalid("expected a URL with a port"))?;
        let target = Target { encrypted, name, port };
        hosts::check(&self.plugin, &target, &self.manifest, &self.permissions.hosts).map_err(HttpError::Denied)?;
        // An address written as such is not resolved: it is looked at here.
        if let Ok(address) = target.name.trim_matches(['[', ']']).parse() {
            self.permissions.ranges.check(&self.plugin, address).map_err(HttpError::Denied)?;
        }
        Ok((target, url))
    }

    /// The request as it is sent, with its secrets.
    fn ready(&self, request: HttpRequest, to: &Target, mut url: Url) -> Result<reqwest::Request, HttpError> {
        let secrets = &self.permissions.secrets;
        let invalid = |what: &str| HttpError::Invalid(format!("expected {what}"));
        if url.query().is_some() {
            let pairs = url.query_pairs().map(|(key, value)| Ok((key.into_owned(), secrets.fill(&value, to)?)));
            let pairs = pairs.collect::<Result<Vec<_>, HttpError>>()?;
            url.query_pairs_mut().clear().extend_pairs(pairs);
        }
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| invalid("a method such as POST"))?;
        if method == Method::CONNECT || method == Method::TRACE {
            return Err(invalid("another method than CONNECT and TRACE"));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("names of headers"))?;
            if OURS.contains(&name.as_str()) {
                return Err(HttpError::Invalid(format!("the header {name} is the host's own: leave it out")));
            }
            let value = HeaderValue::from_str(&secrets.fill(value, to)?).map_err(|_| invalid("values of headers"))?;
            headers.append(name, value);
        }
        let body = request.body.map(|body| self.body(body, &headers, to)).transpose()?;
        let mut ready = reqwest::Request::new(method, url);
        *ready.headers_mut() = headers;
        *ready.body_mut() = body.map(Into::into);
        Ok(ready)
    }

    /// A body with its secrets, which only JSON can have.
    fn body(&self, body: Vec<u8>, headers: &HeaderMap, to: &Target) -> Result<Vec<u8>, HttpError> {
        if !body.windows(9).any(|window| window == b"{{secret.") {
            return Ok(body);
        }
        let json = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|v| v.contains("json"));
        let value = serde_json::from_slice(&body).ok().filter(|_| json);
        let value = value.ok_or_else(|| HttpError::Invalid("a body with a secret has to be JSON".to_owned()))?;
        serde_json::to_vec(&self.permissions.secrets.fill_json(value, to)?)
            .map_err(|error| HttpError::Invalid(error.to_string()))
    }

    /// An answer, as far as it may be known.
    async fn read(&self, mut response: Response, most: usize) -> Result<HttpResponse, HttpError> {
        let secrets = &self.permissions.secrets;
        let mut headers = Vec::new();
        let mut length = 0;
        for (name, value) in response.headers() {
            length += name.as_str().len() + value.len();
            if headers.len() >= MAX_HEADERS || length > MAX_HEADER_TEXT {
                return Err(HttpError::TooLarge);
            }
            if let Ok(value) = value.to_str() {
                headers.push((name.as_str().to_owned(), secrets.hide_text(value)));
            }
        }
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| self.failure(&error))? {
            if body.len() + part.len() > most {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&part);
        }
        Ok(HttpResponse { status, headers, body: secrets.hide(body) })
    }

    /// A client's error, without what a URL or an address would give away.
    fn failure(&self, error: &reqwest::Error) -> HttpError {
        let mut cause = error.source();
        let mut last = None;
        while let Some(inner) = cause {
            if let Some(Denied(reason)) = inner.downcast_ref() {
                return HttpError::Denied(reason.clone());
            }
            last = Some(inner);
            cause = inner.source();
        }
        if error.is_timeout() {
            return HttpError::TimedOut;
        }
        let reason = last.map_or_else(|| "the connection broke".to_owned(), ToString::to_string);
        HttpError::Unreachable(self.permissions.secrets.hide_text(&reason))
    }

    fn ask_breaker(&self, upstream: &str) -> Result<(), HttpError> {
        let admitted = self.breakers().entry(upstream.to_owned()).or_default().admit(Instant::now());
        admitted.map_err(|pause| {
            let seconds = pause.as_secs() + 1;
            HttpError::Unreachable(format!("{upstream} failed too often: it is not asked for {seconds} s"))
        })
    }

    fn breakers(&self) -> std::sync::MutexGuard<'_, HashMap<String, Breaker>> {
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
