//! `scrip clock confirm`: an operator's word that a clock which is far ahead of the last change is right.

use super::{Problem, say};
use crate::config::Config;
use scrip_service::{Clock, Scrip};

pub(super) async fn confirm(config: Config) -> Result<(), Problem> {
    let scrip = Scrip::open(&config.database, Clock::System, None).await?;
    let doubt = scrip.time().doubt();
    let confirmed = match doubt {
        Some(_) => scrip.operator().confirm_clock().await,
        None => Ok(()),
    };
    scrip.close().await;
    confirmed?;
    let said = match doubt {
        Some(doubt) => format!("The clock is believed: it is {}, and was taken to be {}.", doubt.clock, doubt.at),
        None => "The clock is not doubted: nothing was changed.".to_owned(),
    };
    say(&mut std::io::stdout(), &said);
    Ok(())
}
