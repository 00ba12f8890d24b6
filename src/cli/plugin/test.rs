//! `scrip plugin test`.

use std::path::Path;

use super::{Problem, fixture::Fixture, fixtures, load, tell};

pub(super) async fn run(folder: &Path) -> Result<(), Problem> {
    let build = load(folder).await?;
    let files = fixtures(&folder.join("fixtures"))?;
    let mut failed = 0;
    for path in &files {
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let fixture = read(path)?;
        let outcome = fixture.run(&build).await.map_err(|reason| format!("{}: {reason}", path.display()))?;
        let about = fixture.name.as_deref().unwrap_or_default();
        if outcome.faults.is_empty() {
            tell(&format!("ok      {name}  {about}  ({} us)", outcome.usage.time.as_micros()));
            continue;
        }
        failed += 1;
        tell(&format!("FAILED  {name}  {about}"));
        outcome.faults.iter().for_each(|fault| tell(&format!("        {fault}")));
        outcome.log.iter().for_each(|line| tell(&format!("        log {line}")));
    }
    tell(&format!("{} fixtures, {failed} failed", files.len()));
    if failed > 0 { Err(format!("{failed} of {} fixtures failed", files.len()).into()) } else { Ok(()) }
}

/// Reads a fixture.
fn read(path: &Path) -> Result<Fixture, Problem> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?)
}
