//! `scrip upgrade`: a database of an earlier Scrip, brought over to this one.

use super::{Problem, say};
use crate::config::Config;
use scrip_storage::{Upgraded, upgrade};

pub(super) async fn run(config: Config) -> Result<(), Problem> {
    let database = config.database;
    let upgraded = upgrade(&database, |step| say(&mut std::io::stderr(), &format!("{step}..."))).await?;
    let text = match upgraded {
        Upgraded::Nothing => format!("{} needs no upgrade", database.text()),
        Upgraded::Done { entries, original } => {
            let compared = entries.map(|entries| format!(", {entries} entries compared")).unwrap_or_default();
            let original = original.display();
            format!(
                "{} is upgraded{compared}. As it was, it is in {original}: remove that when all is well",
                database.text()
            )
        }
    };
    say(&mut std::io::stderr(), &text);
    Ok(())
}
