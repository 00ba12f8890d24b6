//! `scrip plugin run`.

use std::{io::Read, path::Path};

use serde_json::{Map, Value};

use super::{Problem, load, tell};
use scrip_plugins::{Build, CheckRequest, CodeRequest, Network, PluginKind, Usage};

pub(super) async fn run(folder: &Path, request: Option<&Path>) -> Result<(), Problem> {
    let build = load(folder).await?;
    let asked = request.map_or_else(|| Ok(Value::Object(Map::new())), read)?;
    // A fixture is as good as its request.
    let asked = asked.get("request").cloned().unwrap_or(asked);
    let invalid = |error: serde_json::Error| format!("the request: {error}");
    let (said, usage, lines, requests) = match build.manifest.kind {
        PluginKind::Restriction => {
            let request: CheckRequest = serde_json::from_value(asked).map_err(invalid)?;
            check_config(&build, &request.config);
            let report = build.check(&request, true).await;
            (report.answer.map(|answer| format!("{answer:?}")), report.usage, report.lines, report.asked)
        }
        PluginKind::Source => {
            let request: CodeRequest = serde_json::from_value(asked).map_err(invalid)?;
            check_config(&build, &request.config);
            let report = build.issue(&request, Network::None, true).await;
            (report.answer.map(|answer| format!("{answer:?}")), report.usage, report.lines, report.asked)
        }
    };
    for (level, line) in lines {
        tell(&format!("log {level}: {line}"));
    }
    for asked in requests {
        tell(&format!("would send {} {}", asked.request.method, asked.request.url));
    }
    tell_usage(&build, &usage);
    tell(&format!("answer    {}", said?));
    Ok(())
}

/// A pool could not be saved with a configuration that the schema refuses; a run goes on, to show what comes of it.
fn check_config(build: &Build, config: &Value) {
    for fault in build.check_config(config).err().unwrap_or_default() {
        let path = std::iter::once("config".to_owned()).chain(fault.path).collect::<Vec<_>>().join(".");
        tell(&format!("{path}: {} (a pool would not be saved with it)", fault.reason));
    }
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
