//! `scrip check`: whether the database of a stopped gateway is whole, with everything that is wrong with it on standard
//! output; or whether a backup is.

use std::path::{Path, PathBuf};

use super::{Problem, backup::moment, faults, progress::Progress, restore, say};
use scrip_storage::{Address, TableSize};

pub(super) async fn run(address: &Address) -> Result<(), Problem> {
    say(&mut std::io::stderr(), "checking a copy of it; the database stays as it is");
    let checked = scrip_storage::check(address, |fault| say(&mut std::io::stdout(), &fault.to_string())).await?;
    let (rows, events, last) = (checked.rows, checked.events, checked.last);
    say(&mut std::io::stdout(), &format!("{rows} rows and {events} events were read; the last is {last}"));
    for TableSize { name, rows, bytes } in &checked.tables {
        say(&mut std::io::stdout(), &format!("  {name}: {rows} rows, {bytes} bytes"));
    }
    if let Some(at) = checked.oldest_event {
        say(&mut std::io::stdout(), &format!("the oldest event is of {}", moment(at)));
    }
    if !checked.marked {
        let text = "there is no mark of what was told beside the folder: whether the end is missing cannot be known";
        say(&mut std::io::stdout(), text);
    }
    match checked.faults {
        0 => {
            say(&mut std::io::stdout(), "all is well");
            Ok(())
        }
        number => Err(format!("{} has {}", address.text(), faults(number)).into()),
    }
}

pub(super) async fn run_on_backup(file: &Path, books: bool) -> Result<(), Problem> {
    let place = PathBuf::from(file);
    let checking = move || {
        let mut progress = Progress::new();
        scrip_storage::check_backup(&place, |rows, bytes| progress.tell("read", rows, Some(bytes)))
    };
    let backed = tokio::task::spawn_blocking(checking).await??;
    let (header, rows) = (&backed.header, backed.rows);
    let text = format!(
        "{} is a whole backup of {}: {rows} rows; the last is {}; made by Scrip {}, in format {}",
        file.display(),
        moment(header.taken),
        header.last(),
        header.scrip,
        header.format,
    );
    say(&mut std::io::stdout(), &text);
    if !books {
        return Ok(());
    }
    restore::beside(file, ".checking").await?.with(run).await
}
