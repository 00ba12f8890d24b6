//! Plugins: what is loaded, what it may use, what it has done, and how a trial went.

use std::{sync::Arc, time::Duration};

use async_graphql::{Enum, ID, Json, Object, SimpleObject};

use super::CouponUserError;
use crate::scalar::BigInt;
use scrip_domain::binding;
use scrip_plugins::{Asked, CheckVerdict, HttpRequest, IssuedCode, LogLevel, Report, Usage};

/// What a plugin decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "scrip_plugins::PluginKind")]
pub enum PluginKind {
    /// It supplies the codes of REMOTE pools.
    Source,
    /// It says who may use a coupon.
    Restriction,
}

/// What happens when a check cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "binding::OnFailure")]
pub enum OnFailure {
    /// The coupon is refused.
    Refuse,
    /// The coupon is let through, and the failure told in the trace.
    Allow,
}

/// A pool's binding to a plugin.
#[derive(Debug, Clone, SimpleObject)]
pub struct PluginBinding {
    /// The plugin's id.
    pub plugin: String,
    /// What it is configured with.
    pub config: Json<serde_json::Value>,
    /// What happens when it cannot be asked; of no use for a source.
    pub on_failure: OnFailure,
    /// Whether it is asked at a claim as well; of no use for a source.
    pub at_claim: bool,
    /// Sources: whether the partner is told when a coupon that it supplied is taken back from its customer, handed over to
    /// another, or given out again; of no use for a check.
    pub tells_changes: bool,
}

impl From<&binding::Binding> for PluginBinding {
    fn from(binding: &binding::Binding) -> Self {
        Self {
            plugin: binding.plugin.clone(),
            config: Json(binding.config.clone()),
            on_failure: binding.on_failure.into(),
            at_claim: binding.at_claim,
            tells_changes: binding.tells_changes,
        }
    }
}

/// A plugin of the plugins folder.
#[derive(Debug, Clone)]
pub struct Plugin(pub Arc<scrip_plugins::Plugin>);

/// A plugin of the plugins folder.
#[Object]
impl Plugin {
    /// What pools bind it by.
    async fn id(&self) -> ID {
        ID(self.0.id.clone())
    }

    /// The build in use; null where none could be loaded.
    async fn build(&self) -> Option<PluginBuild> {
        self.0.build().map(|build| PluginBuild::of(&build))
    }

    /// What is wrong with the newest files in its folder; null where they are in use.
    async fn problem(&self) -> Option<String> {
        self.0.problem()
    }

    /// Whether its newest files are being compiled. Until that is done the build before is used; where there is none,
    /// calls are refused.
    async fn loading(&self) -> bool {
        self.0.loading().is_some()
    }

    /// Whether it is not asked for a while for some pool, because it failed too often in a row for that.
    async fn paused(&self) -> bool {
        self.0.is_paused()
    }

    /// The pools for which it is not asked for a while.
    async fn paused_pools(&self) -> Vec<ID> {
        self.0.paused_pools().into_iter().map(ID).collect()
    }

    /// What it has done since the gateway started.
    async fn calls(&self) -> PluginCalls {
        let counted = self.0.counted();
        PluginCalls {
            total: BigInt(counted.calls.to_string()),
            failed: BigInt(counted.failures.to_string()),
            turned_away: BigInt(counted.turned_away.to_string()),
            median_micros: micros(counted.median),
            p99_micros: micros(counted.p99),
            longest_micros: micros(counted.longest),
        }
    }
}

/// A build of a plugin, as its manifest describes it.
#[derive(Debug, Clone, SimpleObject)]
pub struct PluginBuild {
    /// For people.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// What it decides.
    pub kind: PluginKind,
    /// The plugin's own version.
    pub version: String,
    /// The contract that it was built against.
    pub contract: String,
    /// Whether it can tell a partner what becomes of the coupons that it supplied.
    pub tells_changes: bool,
    /// The SHA-256 of its code, in hexadecimal.
    pub digest: String,
    /// The length of its code, in bytes.
    pub size: i32,
    /// The hosts that its manifest names; the operator may allow fewer.
    pub hosts: Vec<String>,
    /// The names of the secrets that it uses.
    pub secrets: Vec<String>,
    /// What a call may use.
    pub limits: PluginLimits,
    /// The JSON Schema of a binding's configuration.
    pub config_schema: Json<serde_json::Value>,
}

impl PluginBuild {
    fn of(build: &scrip_plugins::Build) -> Self {
        let manifest = &build.manifest;
        let limits = &manifest.limits;
        let int = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        Self {
            name: manifest.name.clone(),
            description: manifest.description.clone(),
            kind: manifest.kind.into(),
            version: manifest.version.to_string(),
            contract: manifest.contract.clone(),
            tells_changes: build.tells(),
            digest: build.digest.clone(),
            size: i32::try_from(build.size).unwrap_or(i32::MAX),
            hosts: manifest.hosts.iter().map(ToString::to_string).collect(),
            secrets: manifest.secrets.keys().cloned().collect(),
            limits: PluginLimits {
                cpu_millis: int(limits.cpu_ms),
                time_millis: int(limits.time_ms),
                memory_mebibytes: int(limits.memory_mib),
                output_kibibytes: int(limits.output_kib),
                log_kibibytes: int(limits.log_kib),
                requests: int(limits.requests),
                request_kibibytes: int(limits.request_kib),
                response_kibibytes: int(limits.response_kib),
            },
            config_schema: Json(manifest.config.clone()),
        }
    }
}

/// What one call of a plugin may use.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct PluginLimits {
    /// Computing time.
    pub cpu_millis: i32,
    /// All of its time, waiting included.
    pub time_millis: i32,
    /// Memory.
    pub memory_mebibytes: i32,
    /// What it answers.
    pub output_kibibytes: i32,
    /// What it logs.
    pub log_kibibytes: i32,
    /// HTTP requests.
    pub requests: i32,
    /// The body of each.
    pub request_kibibytes: i32,
    /// The body of each answer.
    pub response_kibibytes: i32,
}

/// What a plugin has done since the gateway started. Times are right to a factor of two.
#[derive(Debug, Clone, SimpleObject)]
pub struct PluginCalls {
    /// Calls that were made.
    pub total: BigInt,
    /// Those that gave no answer that counts.
    pub failed: BigInt,
    /// Questions that were not asked, because too many were under way or the plugin had failed too often.
    pub turned_away: BigInt,
    /// Half of the calls took at most this long.
    pub median_micros: i32,
    /// 99 of 100 took at most this long.
    pub p99_micros: i32,
    /// The longest took this long.
    pub longest_micros: i32,
}

/// A plugin after a mutation.
#[derive(Debug, SimpleObject)]
pub struct PluginPayload {
    /// The plugin; null where there is none.
    pub plugin: Option<Plugin>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// How a trial of a plugin went.
#[derive(Debug, SimpleObject)]
pub struct PluginTestPayload {
    /// What came of it; null where it was refused.
    pub result: Option<PluginTestResult>,
    /// Why it was refused.
    pub user_errors: Vec<CouponUserError>,
}

/// What came of a trial.
#[derive(Debug, Clone, SimpleObject)]
pub struct PluginTestResult {
    /// A restriction's verdicts, one a coupon of the sample.
    pub verdicts: Option<Vec<PluginVerdict>>,
    /// A source's code.
    pub issued: Option<PluginIssued>,
    /// Why there is neither, in words for staff.
    pub failure: Option<String>,
    /// What the call used.
    pub usage: PluginUsage,
    /// What it logged.
    pub log: Vec<PluginLogLine>,
    /// What it asked of the network, secrets left out.
    pub requests: Vec<PluginHttpExchange>,
}

/// What a restriction says of one coupon.
#[derive(Debug, Clone, SimpleObject)]
pub struct PluginVerdict {
    /// Whether it may be used.
    pub allowed: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// A code that a source gave.
#[derive(Debug, Clone, SimpleObject)]
pub struct PluginIssued {
    /// The code.
    pub code: String,
    /// Until when it is good, as the source says it.
    pub expires_at: Option<String>,
}

/// What a call used of its limits.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct PluginUsage {
    /// All of its time.
    pub time_micros: i32,
    /// Computing time.
    pub cpu_millis: i32,
    /// The largest memory.
    pub memory_bytes: i32,
    /// What it logged.
    pub log_bytes: i32,
    /// HTTP requests.
    pub requests: i32,
}

/// A line of a plugin's log.
#[derive(Debug, Clone, SimpleObject)]
pub struct PluginLogLine {
    /// debug, info, warn or error.
    pub level: String,
    /// The text.
    pub message: String,
}

/// A request of a plugin's, and what came back.
#[derive(Debug, Clone, SimpleObject)]
pub struct PluginHttpExchange {
    /// GET, POST and so on.
    pub method: String,
    /// Where to.
    pub url: String,
    /// The body, as text.
    pub body: Option<String>,
    /// The status that came back.
    pub status: Option<i32>,
    /// The body that came back, as text.
    pub response_body: Option<String>,
    /// Why nothing came back.
    pub error: Option<String>,
}

impl PluginTestResult {
    /// The result of a restriction's trial.
    #[must_use]
    pub fn of_check(report: Report<Result<Vec<CheckVerdict>, String>>) -> Self {
        let (verdicts, failure) = match report.answer {
            Ok(Ok(verdicts)) => (Some(verdicts.into_iter().map(verdict).collect()), None),
            Ok(Err(reason)) => (None, Some(scrip_plugins::shown(&reason))),
            Err(failure) => (None, Some(failure.to_string())),
        };
        Self { verdicts, issued: None, failure, ..Self::around(report.usage, report.lines, report.asked) }
    }

    /// The result of a source's trial.
    #[must_use]
    pub fn of_issue(report: Report<Result<IssuedCode, scrip_plugins::SourceRefusal>>) -> Self {
        use scrip_plugins::SourceRefusal::{Misconfigured, Refused, Unavailable};
        let (issued, failure) = match report.answer {
            Ok(Ok(IssuedCode { code, expires_at })) => (Some(PluginIssued { code, expires_at }), None),
            Ok(Err(Unavailable(text))) => (None, Some(format!("unavailable: {}", scrip_plugins::shown(&text)))),
            Ok(Err(Refused(text))) => (None, Some(format!("refused: {}", scrip_plugins::shown(&text)))),
            Ok(Err(Misconfigured(text))) => (None, Some(format!("misconfigured: {}", scrip_plugins::shown(&text)))),
            Err(failure) => (None, Some(failure.to_string())),
        };
        Self { verdicts: None, issued, failure, ..Self::around(report.usage, report.lines, report.asked) }
    }

    fn around(usage: Usage, lines: Vec<(LogLevel, String)>, asked: Vec<Asked>) -> Self {
        let int = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        Self {
            verdicts: None,
            issued: None,
            failure: None,
            usage: PluginUsage {
                time_micros: micros(usage.time),
                cpu_millis: i32::try_from(usage.cpu.as_millis()).unwrap_or(i32::MAX),
                memory_bytes: int(usage.memory),
                log_bytes: int(usage.log),
                requests: i32::try_from(usage.requests).unwrap_or(i32::MAX),
            },
            log: lines
                .into_iter()
                .map(|(level, message)| PluginLogLine { level: level.to_string(), message })
                .collect(),
            requests: asked.into_iter().map(exchange).collect(),
        }
    }
}

fn verdict(verdict: CheckVerdict) -> PluginVerdict {
    match verdict {
        CheckVerdict::Allow => PluginVerdict { allowed: true, reason: None },
        CheckVerdict::Refuse(text) => PluginVerdict { allowed: false, reason: Some(scrip_plugins::shown(&text)) },
    }
}

fn exchange(asked: Asked) -> PluginHttpExchange {
    let text = |body: Vec<u8>| String::from_utf8_lossy(&body).into_owned();
    let HttpRequest { method, url, body, .. } = asked.request;
    let (status, response_body, error) = match asked.answer {
        Ok(found) => (Some(found.status.into()), Some(text(found.body)), None),
        Err(error) => (None, None, Some(error.to_string())),
    };
    PluginHttpExchange { method, url, body: body.map(text), status, response_body, error }
}

fn micros(time: Duration) -> i32 {
    i32::try_from(time.as_micros()).unwrap_or(i32::MAX)
}
