//! HTTP for sources, through the host: it resolves and checks the address, follows no redirect, and bounds
//! sizes, times and the number of requests (plugin.toml). Where plugin.toml says that a secret goes (`[secrets.token]`
//! with `in = "header:authorization"`), `{{secret.token}}` is filled in by the host after the address is allowed, so a
//! plugin never sees a secret. Anywhere else a text is sent as it stands.
//!
//! ```no_run
//! use scrip_plugin::{SourceError, http};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize)]
//! struct Order<'a> { customer: &'a str }
//! #[derive(Deserialize)]
//! struct Answer { code: String }
//!
//! # fn main() -> Result<(), SourceError> {
//! let answer: Answer = http::Request::post("https://api.partner.example/codes")
//!     .header("authorization", "Bearer {{secret.token}}")
//!     .json(&Order { customer: "ann" })?
//!     .send()?
//!     .success()?
//!     .json()?;
//! # let _ = answer.code;
//! # Ok(())
//! # }
//! ```

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    json::{self, Failure},
    source::SourceError,
};

/// A text for people that an upstream sends is cut off after so many characters.
const LONGEST_TEXT: usize = 200;

/// A request, built up step by step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    method: &'static str,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// Reads from an address.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: "GET", url: url.into(), headers: Vec::new(), body: None }
    }

    /// Sends something to an address.
    #[must_use]
    pub fn post(url: impl Into<String>) -> Self {
        Self { method: "POST", ..Self::get(url) }
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With this body, as JSON.
    ///
    /// # Errors
    /// Where `body` cannot be written as JSON, such as a map whose keys are no texts.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, Failure> {
        self.body = Some(serde_json::to_vec(body)?);
        Ok(self.header("content-type", "application/json").header("accept", "application/json"))
    }

    /// Sends it, and waits for the answer, whatever its status is.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn send(self) -> Result<Response, Error> {
        send(self)
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Its status, 200 for example.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body, as it came.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Itself where the status is 2xx; otherwise what the status means for a claim:
    ///
    /// | status | |
    /// | --- | --- |
    /// | 408, 425, 429, 5xx | unavailable: worth another try |
    /// | 3xx, 401, 403, 404, 405 | misconfigured: the address or the key is wrong |
    /// | other 4xx | refused, with the body's `message` or `error` as the text for people |
    ///
    /// # Errors
    /// Where the status is not 2xx.
    pub fn success(self) -> Result<Self, SourceError> {
        let status = self.status;
        match status {
            200..=299 => Ok(self),
            408 | 425 | 429 | 500.. => Err(SourceError::Unavailable(format!("the upstream answered {status}"))),
            401 | 403 => Err(SourceError::Misconfigured(format!(
                "the upstream answered {status}: it does not accept the secret that was sent; set the right one"
            ))),
            300..=399 => Err(SourceError::Misconfigured(format!(
                "the upstream answered {status}, and redirects are not followed: configure the address it leads to"
            ))),
            404 | 405 => Err(SourceError::Misconfigured(format!(
                "the upstream answered {status}: correct the configured address"
            ))),
            400..=499 => Err(SourceError::Refused(self.text_for_people())),
            _ => Err(SourceError::Unavailable(format!("the upstream answered {status}, which is no final status"))),
        }
    }

    /// Its body, read from JSON.
    ///
    /// # Errors
    /// Where it is no such `T`, with the path: "answer.code: ...".
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        json::read("answer", &self.body)
    }

    /// The `message` or `error` of a body that is a JSON object; a plain sentence otherwise.
    fn text_for_people(&self) -> String {
        #[derive(Deserialize)]
        struct Body {
            message: Option<String>,
            error: Option<String>,
        }
        let told = self.json::<Body>().ok().and_then(|body| body.message.or(body.error));
        let text: String = told.unwrap_or_default().chars().filter(|c| !c.is_control()).take(LONGEST_TEXT).collect();
        match text.trim() {
            "" => "no code is given to this customer".to_owned(),
            text => text.to_owned(),
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The host does not let the plugin reach the address; the text says what to change.
    Denied(String),
    /// No answer in time.
    TimedOut,
    /// No connection.
    Unreachable(String),
    /// The request or the answer is larger than the plugin's limits.
    TooLarge,
    /// No valid request.
    Invalid(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(text) => write!(f, "the request was not allowed: {text}"),
            Self::TimedOut => f.write_str("the upstream did not answer in time"),
            Self::Unreachable(text) => write!(f, "the upstream cannot be reached: {text}"),
            Self::TooLarge => {
                f.write_str("the request or its answer is too large: raise request_kib or response_kib in plugin.toml")
            }
            Self::Invalid(text) => write!(f, "the request is not valid: {text}"),
        }
    }
}

impl std::error::Error for Error {}

/// No answer in time and no connection may be better later; all else an operator has to change.
impl From<Error> for SourceError {
    fn from(error: Error) -> Self {
        match error {
            Error::TimedOut | Error::Unreachable(_) => Self::Unavailable(error.to_string()),
            Error::Denied(_) | Error::TooLarge | Error::Invalid(_) => Self::Misconfigured(error.to_string()),
        }
    }
}

#[cfg(target_arch = "wasm32")]
fn send(request: Request) -> Result<Response, Error> {
    use crate::bindings::source::coupon::plugin::http as wire;
    let Request { method, url, headers, body } = request;
    match wire::send(&wire::Request { method: method.to_owned(), url, headers, body }) {
        Ok(wire::Response { status, headers, body }) => Ok(Response { status, headers, body }),
        Err(error) => Err(match error {
            wire::Error::Denied(text) => Error::Denied(text),
            wire::Error::TimedOut => Error::TimedOut,
            wire::Error::Unreachable(text) => Error::Unreachable(text),
            wire::Error::TooLarge => Error::TooLarge,
            wire::Error::Invalid(text) => Error::Invalid(text),
        }),
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn send(request: Request) -> Result<Response, Error> {
    Err(Error::Denied(format!("{} {}: there is no host here; use `scrip plugin test`", request.method, request.url)))
}

#[cfg(test)]
mod tests {
    use super::{Error, Request, Response};
    use crate::SourceError;

    fn answer(status: u16, body: &str) -> Response {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Response { status, headers, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_status_says_what_a_claim_makes_of_it() {
        for status in [200, 201, 299] {
            assert!(answer(status, "{}").success().is_ok(), "{status}");
        }
        for status in [100, 408, 425, 429, 500, 503, 599] {
            assert!(matches!(answer(status, "").success(), Err(SourceError::Unavailable(_))), "{status}");
        }
        for status in [301, 302, 307, 401, 403, 404, 405] {
            assert!(matches!(answer(status, "").success(), Err(SourceError::Misconfigured(_))), "{status}");
        }
        for status in [400, 402, 409, 410, 422] {
            assert!(matches!(answer(status, "").success(), Err(SourceError::Refused(_))), "{status}");
        }
    }

    #[test]
    fn a_refusal_carries_the_upstreams_text_within_bounds() {
        let long = format!(r#"{{"message": "{}"}}"#, "x".repeat(500));
        let cases = [
            (r#"{"message": "one a month"}"#, "one a month"),
            (r#"{"error": "sold\u0000 out", "message": null}"#, "sold out"),
            ("<html>", "no code is given to this customer"),
            (r#"{"message": " "}"#, "no code is given to this customer"),
            (long.as_str(), &"x".repeat(200)),
        ];
        for (body, text) in cases {
            assert_eq!(answer(409, body).success(), Err(SourceError::Refused(text.to_owned())), "{body}");
        }
    }

    #[test]
    fn a_request_and_an_answer_are_json() {
        let request = Request::post("https://x.example").json(&[1, 2]).expect("JSON").header("x-a", "b");
        assert_eq!(request.body.as_deref(), Some(b"[1,2]".as_slice()));
        assert!(request.headers.contains(&("content-type".to_owned(), "application/json".to_owned())));
        assert_eq!(answer(200, "").header("content-type"), Some("application/json"));
        let error = answer(200, r#"{"code": 1}"#).json::<std::collections::BTreeMap<String, String>>();
        let error = error.expect_err("a number").to_string();
        assert!(error.starts_with("answer.code: invalid type: integer `1`"), "{error}");
    }

    #[test]
    fn there_is_no_network_outside_the_host() {
        let error = Request::get("https://x.example").send().expect_err("no host");
        assert!(matches!(SourceError::from(error), SourceError::Misconfigured(_)));
        assert!(matches!(SourceError::from(Error::TimedOut), SourceError::Unavailable(_)));
    }
}
