//! `scrip salvage`: what is whole of a damaged database in a new folder, and on standard output what is not.

use std::path::Path;

use super::{Problem, say};

pub(super) async fn run(folder: &Path, new: &Path) -> Result<(), Problem> {
    let salvaged = scrip_storage::salvage(folder, new, |fault| say(&mut std::io::stdout(), &fault.to_string())).await?;
    let (rows, events, last, faults) = (salvaged.rows, salvaged.events, salvaged.last, salvaged.faults);
    let new = new.display();
    let text = format!(
        "{rows} rows with {events} events were written to {new}; the last batch of {} was {last}; {faults} things were \
         wrong with it. Check what is left with: scrip check --database surrealkv://{new}",
        folder.display()
    );
    say(&mut std::io::stdout(), &text);
    Ok(())
}
