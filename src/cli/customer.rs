//! `scrip customer export` and `erase`: all that is known of one customer, and that it goes; of a running gateway, or of a
//! stopped one's folder.

use std::{io::Write, path::PathBuf};

use clap::{Args, Subcommand};
use futures_util::StreamExt;
use serde_json::json;

use super::{
    Problem,
    gateway::{Gateway, path_of},
    key::check_folder,
    say,
};
use crate::{config::Config, http::PersonalFile};
use scrip_domain::{causes::with_causes, id::CustomerId};
use scrip_service::{Clock, Erased, Scrip, Session};

/// What is done with a customer.
#[derive(Debug, Subcommand)]
pub(super) enum CustomerCommand {
    /// Write all that is known of the customer as one JSON document.
    Export {
        #[command(flatten)]
        whom: Whom,
        /// Write to this file, which must not exist yet [default: standard output].
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Erase the customer: what happened stays, under a name that nothing leads to.
    Erase {
        #[command(flatten)]
        whom: Whom,
        /// Also where the customer holds coupons that can be used: nobody can use them then.
        #[arg(long)]
        force: bool,
    },
}

/// A customer of a gateway.
#[derive(Debug, Args)]
pub(super) struct Whom {
    /// The retailer's own id of the customer.
    id: String,
    /// The running gateway, such as http://127.0.0.1:8080; SCRIP_URL by environment. It is asked with the key in
    /// SCRIP_KEY [default: the folder of --database, while the gateway is stopped].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl CustomerCommand {
    /// The gateway that is named.
    pub(super) fn url(&self) -> Option<String> {
        let (Self::Export { whom, .. } | Self::Erase { whom, .. }) = self;
        whom.url.clone()
    }
}

pub(super) async fn run(config: Config, command: CustomerCommand) -> Result<(), Problem> {
    if let Some(url) = &config.url {
        let gateway = Gateway::new(url, config.key.as_deref())?;
        return match command {
            CustomerCommand::Export { whom, output } => fetch(&gateway, &whom.id, output).await,
            CustomerCommand::Erase { whom, force } => ask_to_erase(&gateway, &whom.id, force).await,
        };
    }
    check_folder(&config)?;
    let scrip = Scrip::open(&config.database, Clock::System, None).await?;
    let session = scrip.operator();
    let done = match command {
        CustomerCommand::Export { whom, output } => write(&session, &whom.id, output).await,
        CustomerCommand::Erase { whom, force } => erase(&session, &whom.id, force).await,
    };
    drop(session);
    scrip.close().await;
    done
}

/// Where an export goes. A part of it must not pass for all of it: a file that was cut short is removed.
struct Output(Box<dyn Write + Send>, Option<PathBuf>);

impl Output {
    fn create(path: Option<PathBuf>) -> Result<Self, Problem> {
        let Some(path) = path else { return Ok(Self(Box::new(std::io::stdout()), None)) };
        let failed = |error| format!("cannot write {}: {error}", path.display());
        Ok(Self(Box::new(std::fs::File::create_new(&path).map_err(failed)?), Some(path)))
    }

    fn end(mut self, written: Result<(), Problem>) -> Result<(), Problem> {
        let written = written.and_then(|()| Ok(self.0.flush()?));
        if let (Err(_), Some(path)) = (&written, &self.1) {
            drop(std::fs::remove_file(path));
        }
        written
    }
}

async fn fetch(gateway: &Gateway<'_>, id: &str, output: Option<PathBuf>) -> Result<(), Problem> {
    let mut parts = gateway.get(&path_of(["customers", id, "data.json"])?, "customers' data").await?.bytes_stream();
    let mut to = Output::create(output)?;
    let written = async {
        while let Some(part) = parts.next().await {
            let cut = |error| format!("it did not send all of it: try again: {}", with_causes(&error));
            to.0.write_all(&part.map_err(cut)?)?;
        }
        Ok(())
    };
    let written = written.await;
    to.end(written)
}

async fn ask_to_erase(gateway: &Gateway<'_>, id: &str, force: bool) -> Result<(), Problem> {
    let document = "mutation($id: ID!, $force: Boolean) { customerErase(customerId: $id, force: $force) { done \
                    userErrors { message } } }";
    let payload = gateway.ask("customerErase", document, json!({ "id": id, "force": force })).await?;
    tell(payload["done"] == true);
    Ok(())
}

async fn write(session: &Session, id: &str, output: Option<PathBuf>) -> Result<(), Problem> {
    let Some(mut file) = PersonalFile::begin(session, &customer(session, id)?).await? else {
        return Err(format!("no customer is known by the id {id:?}").into());
    };
    let mut to = Output::create(output)?;
    let written = async {
        while let Some(bytes) = file.next().await? {
            to.0.write_all(&bytes)?;
        }
        Ok(())
    };
    let written = written.await;
    to.end(written)
}

async fn erase(session: &Session, id: &str, force: bool) -> Result<(), Problem> {
    let customer = customer(session, id)?;
    let mut erased = session.erase_customer(customer.clone(), force).await?;
    // The database is closed when this ends: what is left would wait for the next start.
    while erased == Erased::Begun {
        erased = session.erase_customer(customer.clone(), force).await?;
    }
    tell(true);
    Ok(())
}

fn customer(session: &Session, id: &str) -> Result<CustomerId, Problem> {
    let id = session.ids().customer(id).and_then(|id| CustomerId::parse(&id));
    id.map_err(|rejection| format!("the customer's id is invalid: {rejection}").into())
}

fn tell(done: bool) {
    let text = if done {
        "The customer is erased. Backups and old logs may still have the data: docs/access.md says for how long."
    } else {
        "The erasure has begun, and the gateway goes on with it in the background."
    };
    say(&mut std::io::stderr(), text);
}
