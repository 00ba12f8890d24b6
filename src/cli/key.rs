//! `scrip key create`: another key of a database that is there, shown once.

use super::{Problem, say};
use crate::config::Config;
use scrip_service::{Clock, Scrip};

pub(super) async fn create(config: Config, name: &str) -> Result<(), Problem> {
    let name =
        scrip_domain::id::checked_id(name).map_err(|rejection| format!("the key's name is invalid: {rejection}"))?;
    // What a typo in the address would make is a database that no gateway has.
    let text = config.database.text();
    let folder =
        config.database.folder().ok_or_else(|| format!("{text} is gone when this command ends: it can have no key"))?;
    if std::fs::read_dir(folder).map_or(true, |mut files| files.next().is_none()) {
        let place = folder.display();
        return Err(format!(
            "there is no database in {place}: name the gateway's with --database, or start it with `scrip`, which makes \
             a database and shows its first key"
        )
        .into());
    }
    let scrip = Scrip::open(&config.database, Clock::System, None).await?;
    let made = scrip.operator().create_key(&name, None).await?;
    scrip.close().await;
    say(&mut std::io::stderr(), "The key, shown only now. Send it as: Authorization: Bearer KEY");
    say(&mut std::io::stdout(), &made.secret);
    Ok(())
}
