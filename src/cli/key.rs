//! `scrip key create`: another key, shown once.

use super::{Problem, say};
use crate::config::Config;
use scrip_service::{Clock, Scrip};

pub(super) async fn create(config: Config, name: &str) -> Result<(), Problem> {
    let name =
        scrip_domain::id::checked_id(name).map_err(|rejection| format!("the key's name is invalid: {rejection}"))?;
    let scrip = Scrip::open(&config.database, Clock::System, None).await?;
    let made = scrip.create_key(&name, None).await?;
    scrip.close().await;
    say(&mut std::io::stderr(), "The key, shown only now. Send it as: Authorization: Bearer KEY");
    say(&mut std::io::stdout(), &made.secret);
    Ok(())
}
