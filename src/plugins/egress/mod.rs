//! A plugin's one way out. A request passes five gates in this order: its shape, the hosts that the manifest and
//! the operator allow, the addresses that the name has right now, the secrets it asks for, and the limits. The
//! connection goes to exactly an address that was checked; no redirect is followed and no proxy variable read.

mod address;
mod hosts;
mod lookup;
mod place;
mod secrets;

use std::{error::Error as _, sync::Arc, time::Duration};

use reqwest::{
    Client, Method, Response, Url,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};

use super::{
    HttpError, HttpRequest, HttpResponse,
    breaker::Breakers,
    limits::{Limits, kib},
};

pub use address::Ranges;
pub use hosts::{HostRule, Target};
pub use lookup::Lookup;
use lookup::{Checked, Denied};
pub use place::SecretPlace;
pub use secrets::Secrets;
pub(super) use secrets::{HIDDEN, MIN_SECRET, environment_name};

/// The most headers of a request or an answer, and their longest text in bytes.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_TEXT: usize = 16 * 1_024;
/// The longest URL, in bytes.
const MAX_URL: usize = 8 * 1_024;
/// Headers that belong to the connection, which is the host's. An answer is wanted as it is: in a compressed one no
/// secret would be found.
const OURS: [&str; 10] = [
    "accept-encoding",
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
    /// By upstream and pool: a pool whose account there is well asks on.
    breakers: Breakers,
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
            .default_headers(HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]))
            .user_agent(format!("scrip-plugin/{plugin}"))
            .pool_max_idle_per_host(16)
            .build()
            .map_err(|error| format!("no HTTP client: {error}"))?;
        Ok(Self { plugin: plugin.to_owned(), manifest, permissions, client, breakers: Breakers::default() })
    }

    /// Sends a request for a pool, within `time`.
    pub async fn send(
        &self,
        request: HttpRequest,
        pool: &str,
        limits: &Limits,
        time: Duration,
    ) -> Result<HttpResponse, HttpError> {
        let (target, url) = self.admitted(&request, limits)?;
        let ready = self.ready(request, &target, url)?;
        let key = format!("{target} {pool}");
        let admitted = self.breakers.admit(key).map_err(|pause| {
            let seconds = pause.as_secs() + 1;
            HttpError::Unreachable(format!("{target} failed too often: it is not asked for {seconds} s"))
        })?;
        let sent = async {
            let response = self.client.execute(ready).await.map_err(|error| self.failure(&error))?;
            self.read(response, kib(limits.response_kib)).await
        };
        let result = tokio::time::timeout(time, sent).await.unwrap_or(Err(HttpError::TimedOut));
        match &result {
            Ok(response) => admitted.note(response.status < 500),
            Err(HttpError::TimedOut | HttpError::Unreachable(_)) => admitted.note(false),
            Err(HttpError::TooLarge | HttpError::Invalid(_)) => admitted.note(true),
            // It was not asked.
            Err(HttpError::Denied(_)) => drop(admitted),
        }
        result
    }

    /// Looks at a request as [`send`](Self::send) does, up to where it would be sent: what a gateway would refuse is
    /// refused without one too.
    pub fn rehearse(&self, request: HttpRequest, limits: &Limits) -> Result<(), HttpError> {
        let (target, url) = self.admitted(&request, limits)?;
        self.ready(request, &target, url).map(drop)
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
        // Written anew only where there is something to fill in: a signature may be about how it is written.
        if url.query_pairs().any(|(key, value)| secrets.is_in_query(&key, &value)) {
            let pairs = url.query_pairs().map(|(key, value)| {
                let value = secrets.in_query(&key, &value, to)?;
                Ok((key.into_owned(), value))
            });
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
            let value = secrets.in_header(name.as_str(), value, to)?;
            let value = HeaderValue::from_str(&value).map_err(|_| invalid("values of headers"))?;
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
        let json = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|v| v.contains("json"));
        let filled = if json { self.permissions.secrets.in_json(&body, to)? } else { None };
        Ok(filled.unwrap_or(body))
    }

    /// An answer, as far as it may be known.
    async fn read(&self, mut response: Response, most: usize) -> Result<HttpResponse, HttpError> {
        let secrets = &self.permissions.secrets;
        if response.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(HttpError::Invalid("the answer has a content-encoding, which was not asked for".to_owned()));
        }
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
}
