//! `scrip restore`: a new database folder of a backup; and one beside the backup for as long as something is asked of it.

use std::path::{Path, PathBuf};

use super::{
    Problem,
    progress::{Progress, amount},
    say,
};
use scrip_storage::{Address, RestoreStep};

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

/// A backup that was restored beside its file. The folder is removed when this is dropped.
pub(super) struct Restored {
    folder: PathBuf,
    mark: PathBuf,
}

/// Restores a backup beside its file, under its name with this ending. What one that was killed has left there is removed.
pub(super) async fn beside(file: &Path, ending: &str) -> Result<Restored, Problem> {
    let [folder, mark] = [ending.to_owned(), format!("{ending}.mark")].map(|ending| {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    });
    let restored = Restored { folder, mark };
    restored.clear();
    run(file, &restored.folder).await?;
    Ok(restored)
}

impl Restored {
    /// The address of its database.
    pub(super) fn address(&self) -> Result<Address, Problem> {
        Ok(Address::parse(&format!("surrealkv://{}", self.folder.display()))?)
    }

    /// Does something with it.
    pub(super) async fn with<T>(self, work: impl AsyncFnOnce(&Address) -> Result<T, Problem>) -> Result<T, Problem> {
        work(&self.address()?).await
    }

    fn clear(&self) {
        // What cannot be removed is so by the next one.
        drop(std::fs::remove_dir_all(&self.folder));
        drop(std::fs::remove_file(&self.mark));
    }
}

impl Drop for Restored {
    fn drop(&mut self) {
        self.clear();
    }
}
