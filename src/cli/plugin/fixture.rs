//! A fixture of a plugin: what it is asked, what the network answers, and what is expected. A folder of them is a
//! plugin's test suite, run without a gateway and without a network.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use serde::Deserialize;
use serde_json::Value;

use scrip_plugins::{
    Asked, Build, CheckRequest, CheckVerdict, CodeRequest, HttpError, HttpResponse, IssuedCode, NoticeRequest,
    PluginKind, SourceRefusal, Usage,
};
use scrip_service::usable;

use super::config_faults;

/// A fixture as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fixture {
    /// What it shows.
    pub(super) name: Option<String>,
    /// The fields of the request; a plain sample fills the rest.
    #[serde(default = "nothing")]
    request: Value,
    /// Of a source that tells its partner what becomes of coupons: the fields of a notice, in the place of a request.
    notice: Option<Value>,
    /// The network, in the order in which it is asked.
    #[serde(default)]
    http: Vec<Exchange>,
    expect: Expected,
}

fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

/// One request that is expected of the plugin, and what it gets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    #[serde(default)]
    expect: Wanted,
    answer: Option<Canned>,
    error: Option<Broken>,
}

/// What is compared of a request: what is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    method: Option<String>,
    url: Option<String>,
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: Option<String>,
}

/// An answer of the network.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Canned {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: Option<String>,
}

/// A way in which the network fails.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Broken {
    Denied,
    TimedOut,
    Unreachable,
    TooLarge,
    Invalid,
}

/// What the plugin is expected to answer. Texts are contained in what it says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Verdicts(Vec<CheckVerdict>),
    Error(String),
    Issued(IssuedCode),
    Unavailable(String),
    Refused(String),
    Misconfigured(String),
    /// The partner took a notice.
    Told,
    /// The call fails, in these words: it goes beyond a limit, or stops.
    Failure(String),
    /// The schema refuses its configuration, so that no pool is saved with it and the plugin is never asked.
    Config(String),
}

/// The answers of a fixture's network.
pub(super) fn answers(http: Value) -> Result<VecDeque<Result<HttpResponse, HttpError>>, String> {
    let exchanges: Vec<Exchange> = serde_json::from_value(http).map_err(|error| format!("http: {error}"))?;
    Ok(exchanges.iter().map(Exchange::answer).collect())
}

/// How a fixture went.
pub(super) struct Outcome {
    /// What the call used.
    pub(super) usage: Usage,
    /// What is not as expected.
    pub(super) faults: Vec<String>,
    /// What it logged.
    pub(super) log: Vec<String>,
}

impl Fixture {
    /// Runs it against a build of a plugin.
    pub(super) async fn run(&self, build: &Arc<Build>) -> Result<Outcome, String> {
        let request = &self.request;
        let invalid = |error: serde_json::Error| format!("request: {error}");
        let (said, report) = match build.manifest.kind {
            PluginKind::Restriction => {
                let request: CheckRequest = serde_json::from_value(request.clone()).map_err(invalid)?;
                if let Some(outcome) = self.unbindable(build, &request.config) {
                    return Ok(outcome);
                }
                let report = build.check(&request, true).await;
                (
                    self.expect.judge_check(report.answer.map_err(|failure| failure.to_string())),
                    (report.usage, report.lines, report.asked),
                )
            }
            PluginKind::Source if self.notice.is_some() => {
                let notice = self.notice.clone().unwrap_or_default();
                let notice: NoticeRequest =
                    serde_json::from_value(notice).map_err(|error| format!("notice: {error}"))?;
                if let Some(outcome) = self.unbindable(build, &notice.config) {
                    return Ok(outcome);
                }
                let answers = self.http.iter().map(Exchange::answer).collect();
                let report = build.tell(&notice, build.canned(answers), true).await;
                (
                    self.expect.judge_tell(report.answer.map_err(|failure| failure.to_string())),
                    (report.usage, report.lines, report.asked),
                )
            }
            PluginKind::Source => {
                let request: CodeRequest = serde_json::from_value(request.clone()).map_err(invalid)?;
                if let Some(outcome) = self.unbindable(build, &request.config) {
                    return Ok(outcome);
                }
                let answers = self.http.iter().map(Exchange::answer).collect();
                let report = build.issue(&request, build.canned(answers), true).await;
                (
                    self.expect.judge_issue(report.answer.map_err(|failure| failure.to_string())),
                    (report.usage, report.lines, report.asked),
                )
            }
        };
        let (usage, lines, asked) = report;
        let mut faults: Vec<String> = said.into_iter().collect();
        faults.extend(self.judge_requests(&asked));
        let log = lines.into_iter().map(|(level, line)| format!("{level}: {line}")).collect();
        Ok(Outcome { usage, faults, log })
    }

    /// How it went where no pool is saved with its configuration, or where it expects that.
    fn unbindable(&self, build: &Build, config: &Value) -> Option<Outcome> {
        let refused = config_faults(build, config);
        if refused.is_empty() && !matches!(self.expect, Expected::Config(_)) {
            return None;
        }
        let faults = self.expect.judge_config(&refused.join("; ")).into_iter().collect();
        Some(Outcome { usage: Usage::default(), faults, log: Vec::new() })
    }

    /// What differs between the requests that were made and those that were expected.
    fn judge_requests(&self, asked: &[Asked]) -> Vec<String> {
        let mut faults = Vec::new();
        if asked.len() != self.http.len() {
            let urls: Vec<_> = asked.iter().map(|asked| asked.request.url.as_str()).collect();
            faults.push(format!("expected {} HTTP requests, found {}: {urls:?}", self.http.len(), asked.len()));
        }
        for (number, (asked, exchange)) in asked.iter().zip(&self.http).enumerate() {
            faults.extend(
                exchange.expect.judge(asked).into_iter().map(|fault| format!("HTTP request {}: {fault}", number + 1)),
            );
        }
        faults
    }
}

impl Exchange {
    fn answer(&self) -> Result<HttpResponse, HttpError> {
        let text = "the fixture says so".to_owned();
        match (&self.answer, self.error) {
            (_, Some(Broken::Denied)) => Err(HttpError::Denied(text)),
            (_, Some(Broken::TimedOut)) => Err(HttpError::TimedOut),
            (_, Some(Broken::Unreachable)) => Err(HttpError::Unreachable(text)),
            (_, Some(Broken::TooLarge)) => Err(HttpError::TooLarge),
            (_, Some(Broken::Invalid)) => Err(HttpError::Invalid(text)),
            (Some(canned), None) => Ok(canned.response()),
            (None, None) => Err(HttpError::Unreachable("the fixture has neither answer nor error".to_owned())),
        }
    }
}

impl Canned {
    fn response(&self) -> HttpResponse {
        let body = match (&self.json, &self.text) {
            (Some(json), _) => json.to_string(),
            (None, text) => text.clone().unwrap_or_default(),
        };
        let headers = self.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        HttpResponse { status: self.status, headers, body: body.into_bytes() }
    }
}

impl Wanted {
    fn judge(&self, asked: &Asked) -> Vec<String> {
        let request = &asked.request;
        let mut faults = Vec::new();
        let mut same = |what: &str, wanted: Option<String>, found: String| {
            if wanted.as_ref().is_some_and(|wanted| *wanted != found) {
                faults.push(format!("{what}: expected {}, found {found}", wanted.unwrap_or_default()));
            }
        };
        same("method", self.method.clone(), request.method.clone());
        same("url", self.url.clone(), request.url.clone());
        for (name, value) in &self.headers {
            let found = request.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
            same(name, Some(value.clone()), found.map_or_else(|| "none".to_owned(), |(_, value)| value.clone()));
        }
        let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).into_owned();
        same("text", self.text.clone(), body.clone());
        if let Some(json) = &self.json {
            let found: Option<Value> = serde_json::from_str(&body).ok();
            if found.as_ref() != Some(json) {
                faults.push(format!("json: expected {json}, found {body}"));
            }
        }
        faults
    }
}

impl Expected {
    /// What is wrong with what the schema says of the configuration; nothing said is nothing wrong.
    fn judge_config(&self, refused: &str) -> Option<String> {
        match self {
            Self::Config(text) if !refused.is_empty() && refused.contains(text) => None,
            Self::Config(_) if refused.is_empty() => {
                Some(self.differs("a configuration that the schema of plugin.toml allows"))
            }
            _ => Some(self.differs(&format!("a configuration that no pool is saved with: {refused}"))),
        }
    }

    /// What is wrong with a restriction's answer.
    fn judge_check(&self, answer: Result<Result<Vec<CheckVerdict>, String>, String>) -> Option<String> {
        match (self, answer) {
            (Self::Verdicts(wanted), Ok(Ok(found))) if *wanted == found => None,
            (Self::Error(text), Ok(Err(found))) if found.contains(text) => None,
            (_, Ok(Ok(found))) => Some(self.differs(&format!("verdicts {found:?}"))),
            (_, Ok(Err(found))) => Some(self.differs(&format!("error {found:?}"))),
            (Self::Failure(text), Err(failure)) if failure.contains(text) => None,
            (_, Err(failure)) => Some(self.differs(&failure)),
        }
    }

    /// What is wrong with a source's answer.
    fn judge_issue(&self, answer: Result<Result<IssuedCode, SourceRefusal>, String>) -> Option<String> {
        match (self, answer) {
            (Self::Issued(wanted), Ok(Ok(found))) if *wanted == found => {
                // Without a clock: what a gateway refuses whenever it is.
                usable(&found, None).err().map(|reason| format!("its code cannot be used: {reason}"))
            }
            (_, Ok(Err(refusal))) if self.is_refusal(&refusal) => None,
            (_, Ok(found)) => Some(self.differs(&format!("{found:?}"))),
            (Self::Failure(text), Err(failure)) if failure.contains(text) => None,
            (_, Err(failure)) => Some(self.differs(&failure)),
        }
    }

    /// What is wrong with what a source says of a notice.
    fn judge_tell(&self, answer: Result<Result<(), SourceRefusal>, String>) -> Option<String> {
        match (self, answer) {
            (Self::Told, Ok(Ok(()))) => None,
            (_, Ok(Err(refusal))) if self.is_refusal(&refusal) => None,
            (_, Ok(found)) => Some(self.differs(&format!("{found:?}"))),
            (Self::Failure(text), Err(failure)) if failure.contains(text) => None,
            (_, Err(failure)) => Some(self.differs(&failure)),
        }
    }

    /// Whether it is this refusal that is expected.
    fn is_refusal(&self, refusal: &SourceRefusal) -> bool {
        match (self, refusal) {
            (Self::Unavailable(text), SourceRefusal::Unavailable(found))
            | (Self::Refused(text), SourceRefusal::Refused(found))
            | (Self::Misconfigured(text), SourceRefusal::Misconfigured(found)) => found.contains(text),
            _ => false,
        }
    }

    fn differs(&self, found: &str) -> String {
        format!("expected {self:?}, found {found}")
    }
}
