//! `scrip plugin check`.

use std::path::Path;

use super::{Problem, load, tell};

pub(super) async fn run(folder: &Path) -> Result<(), Problem> {
    let build = load(folder).await?;
    let manifest = &build.manifest;
    tell(&format!("{} {}: {}", manifest.id, manifest.version, manifest.name));
    tell(&format!("  kind      {}, contract {}", manifest.kind.name(), manifest.contract));
    tell(&format!("  code      {} bytes, sha256 {}", build.size, build.digest));
    let hosts: Vec<_> = manifest.hosts.iter().map(ToString::to_string).collect();
    tell(&format!("  hosts     {}", if hosts.is_empty() { "none".to_owned() } else { hosts.join(", ") }));
    let secrets: Vec<_> = manifest
        .secrets
        .iter()
        .map(|(name, secret)| {
            let host = secret.host.as_deref().unwrap_or("the host that the operator names");
            format!("{name} (in {}, for {host})", secret.place)
        })
        .collect();
    tell(&format!("  secrets   {}", if secrets.is_empty() { "none".to_owned() } else { secrets.join(", ") }));
    let limits = &manifest.limits;
    tell(&format!(
        "  limits    {} ms computing, {} ms in all, {} MiB memory, {} KiB answer, {} KiB log, {} requests",
        limits.cpu_ms, limits.time_ms, limits.memory_mib, limits.output_kib, limits.log_kib, limits.requests
    ));
    tell("it fits: put the folder into the gateway's plugins folder");
    Ok(())
}
