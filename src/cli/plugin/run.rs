//! `scrip plugin run`.

use std::{io::Read, path::Path};

use serde_json::{Map, Value};

use super::{Problem, config_faults, first_fixture, fixture, load, tell};
use scrip_plugins::{Build, CheckRequest, CodeRequest, PluginKind, Usage};
use scrip_service::usable;

pub(super) async fn run(folder: &Path, request: Option<&Path>) -> Result<(), Problem> {
    let build = load(folder).await?;
    let first = if request.is_none() { first_fixture(folder) } else { None };
    let file = request.or(first.as_deref());
    if let Some(first) = &first {
        tell(&format!("request   {}", first.display()));
    }
    let asked = file.map_or_else(|| Ok(Value::Object(Map::new())), read)?;
    // A fixture is as good as its request, and brings its network.
    let answers = asked.get("http").cloned().map(fixture::answers).transpose()?;
    let asked = asked.get("request").cloned().unwrap_or(asked);
    let invalid = |error: serde_json::Error| format!("the request: {error}");
    let (said, usage, lines, requests) = match build.manifest.kind {
        PluginKind::Restriction => {
            let request: CheckRequest = serde_json::from_value(asked).map_err(invalid)?;
            check_config(&build, &request.config)?;
            let report = build.check(&request, true).await;
            (report.answer.map(|answer| format!("{answer:?}")), report.usage, report.lines, report.asked)
        }
        PluginKind::Source => {
            let request: CodeRequest = serde_json::from_value(asked).map_err(invalid)?;
            check_config(&build, &request.config)?;
            let network = answers.map_or_else(|| build.dry(), |answers| build.canned(answers));
            let report = build.issue(&request, network, true).await;
            if let Ok(Ok(issued)) = &report.answer {
                usable(issued, None).map_err(|reason| format!("its code cannot be used: {reason}"))?;
            }
            (report.answer.map(|answer| format!("{answer:?}")), report.usage, report.lines, report.asked)
        }
    };
    for (level, line) in lines {
        tell(&format!("log {level}: {line}"));
    }
    for asked in requests {
        let came = match &asked.answer {
            Ok(answer) => answer.status.to_string(),
            Err(error) => error.to_string(),
        };
        tell(&format!("would send {} {}: {came}", asked.request.method, asked.request.url));
    }
    tell_usage(&build, &usage);
    tell(&format!("answer    {}", said?));
    Ok(())
}

/// A pool cannot be saved with a configuration that the schema refuses, so that a gateway never asks with one.
fn check_config(build: &Build, config: &Value) -> Result<(), Problem> {
    let faults = config_faults(build, config);
    if faults.is_empty() {
        return Ok(());
    }
    Err(format!("no pool is saved with this configuration: {}", faults.join("; ")).into())
}

fn tell_usage(build: &Build, usage: &Usage) {
    let limits = &build.manifest.limits;
    tell(&format!("time      {} us of {} ms", usage.time.as_micros(), limits.time_ms));
    tell(&format!("computing {} ms of {} ms", usage.cpu.as_millis(), limits.cpu_ms));
    tell(&format!("memory    {} KiB of {} KiB", usage.memory / 1_024, limits.memory_mib * 1_024));
    tell(&format!("log       {} bytes of {} KiB", usage.log, limits.log_kib));
    tell(&format!("requests  {} of {}", usage.requests, limits.requests));
}

/// Reads JSON of a file, or of standard input.
fn read(path: &Path) -> Result<Value, Problem> {
    let mut text = String::new();
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).map_err(failed)?;
    } else {
        text = std::fs::read_to_string(path).map_err(failed)?;
    }
    Ok(serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?)
}
