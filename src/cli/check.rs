//! `scrip check`: whether the database of a stopped gateway is whole, with everything that is wrong with it on standard
//! output.

use super::{Problem, faults, say};
use crate::config::Config;

pub(super) async fn run(config: Config) -> Result<(), Problem> {
    let address = &config.database;
    say(&mut std::io::stderr(), "checking a copy of it; the database stays as it is");
    let checked = scrip_storage::check(address, |fault| say(&mut std::io::stdout(), &fault.to_string())).await?;
    let (rows, events, last) = (checked.rows, checked.events, checked.last);
    say(&mut std::io::stdout(), &format!("{rows} rows and {events} events were read; the last is {last}"));
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
