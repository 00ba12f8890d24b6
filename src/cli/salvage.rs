//! `scrip salvage`: what is whole of a damaged database in a new folder, and on standard output what is not.

use std::path::Path;

use super::{Problem, faults, say};
use crate::config::Config;

pub(super) async fn run(config: Config, new: &Path) -> Result<(), Problem> {
    let address = &config.database;
    let tell = |fault: &scrip_storage::Fault| say(&mut std::io::stdout(), &fault.to_string());
    let salvaged = scrip_storage::salvage(address, new, tell).await?;
    let (rows, events, last, faults) = (salvaged.rows, salvaged.events, salvaged.last, faults(salvaged.faults));
    let text = format!(
        "{rows} rows with {events} events were written to {new}; {last} was the last of {old}, which has {faults}. What is \
         left can be checked with: scrip check --database 'surrealkv://{new}'",
        new = new.display(),
        old = address.text(),
    );
    say(&mut std::io::stdout(), &text);
    let text =
        "the log has a new number, so cursors of before are refused: whoever follows events reads from the beginning";
    say(&mut std::io::stdout(), text);
    Ok(())
}
