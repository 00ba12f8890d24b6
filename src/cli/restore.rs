//! `scrip restore`: a new database folder of a backup.

use std::path::Path;

use super::{
    Problem,
    progress::{Progress, amount},
    say,
};
use scrip_storage::RestoreStep;

pub(super) async fn run(file: &Path, folder: &Path) -> Result<(), Problem> {
    let mut progress = Progress::new();
    let tell = |step, rows| {
        let done = match step {
            RestoreStep::Checking => "of the backup checked",
            RestoreStep::Writing => "written",
            RestoreStep::Comparing => "compared",
        };
        progress.tell(done, rows, None);
    };
    let backed = scrip_storage::restore(file, folder, tell).await?;
    let amount = amount(backed.rows, None, progress.elapsed());
    drop(progress);
    let text = format!(
        "{new} has {amount}; the last is {last}. Start on it with: scrip --database 'surrealkv://{new}'",
        new = folder.display(),
        last = backed.header.last(),
    );
    say(&mut std::io::stderr(), &text);
    Ok(())
}
