//! `scrip key create`, `list`, `rotate` and `revoke`: the keys of a database that is there, while its gateway is stopped.

use clap::{Subcommand, ValueEnum};

use super::{Problem, say};
use crate::config::Config;
use scrip_domain::{access::Role, group::GroupId, period::Instant};
use scrip_service::{Clock, KeyDraft, KeyRevoke, NewKey, Scrip, Session};

/// What is done with keys.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key and show it once.
    Create {
        /// What people call it; events are recorded by this name.
        #[arg(long, default_value = "admin")]
        name: String,
        /// What its holder may do.
        #[arg(long, value_enum, default_value = "admin")]
        role: KeyRole,
        /// A group whose pools its holder sees, by its name; may be given several times.
        #[arg(long, value_name = "NAME")]
        group: Vec<String>,
        /// From when on it is not good any more, such as 2027-01-31T00:00:00Z [default: it does not end].
        #[arg(long, value_name = "INSTANT")]
        expires: Option<Instant>,
    },
    /// List the keys, without their secrets.
    List,
    /// Make a key like the one with this id, which `list` tells, and show it once. Both are good for a while.
    Rotate {
        /// Which key.
        id: String,
        /// For how many minutes the old one is good beside the new one.
        #[arg(long, default_value_t = 24 * 60)]
        minutes: i64,
    },
    /// Revoke the key with this id, which `list` tells.
    Revoke {
        /// Which key.
        id: String,
    },
}

/// The roles by their names on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum KeyRole {
    Admin,
    Manager,
    Service,
    Viewer,
}

impl From<KeyRole> for Role {
    fn from(role: KeyRole) -> Self {
        match role {
            KeyRole::Admin => Self::Admin,
            KeyRole::Manager => Self::Manager,
            KeyRole::Service => Self::Service,
            KeyRole::Viewer => Self::Viewer,
        }
    }
}

pub(super) async fn run(config: Config, command: KeyCommand) -> Result<(), Problem> {
    if let KeyCommand::Create { name, .. } = &command {
        scrip_domain::id::checked_id(name).map_err(|rejection| format!("the key's name is invalid: {rejection}"))?;
    }
    check_folder(&config)?;
    let scrip = Scrip::open(&config.database, Clock::System, None).await?;
    let done = carry_out(&scrip.operator(), command).await;
    scrip.close().await;
    done
}

async fn carry_out(session: &Session, command: KeyCommand) -> Result<(), Problem> {
    match command {
        KeyCommand::Create { name, role, group, expires } => {
            let groups = groups_named(session, &group)?;
            let draft = KeyDraft { role: role.into(), expires_at: expires, groups, ..KeyDraft::admin(name.trim()) };
            show(&session.create_key(draft).await?);
        }
        KeyCommand::Rotate { id, minutes } => show(&session.rotate_key(id, minutes).await?),
        KeyCommand::List => {
            for key in session.keys()? {
                let state = match (key.revoked_at, key.expires_at) {
                    (Some(at), _) => format!("revoked {at}"),
                    (None, Some(at)) => format!("until {at}"),
                    (None, None) => "good".to_owned(),
                };
                let line =
                    format!("{}  {:?}  {}  made {}  {state}  {}", key.id, key.role, key.name, key.created_at, key.hint);
                say(&mut std::io::stdout(), line.trim_end());
            }
        }
        KeyCommand::Revoke { id } => {
            session.change(None, KeyRevoke { id }).await?;
            say(&mut std::io::stderr(), "It is revoked.");
        }
    }
    Ok(())
}

fn show(made: &NewKey) {
    say(&mut std::io::stderr(), "The key, shown only now. Send it as: Authorization: Bearer KEY");
    say(&mut std::io::stdout(), &made.secret);
}

/// The groups with these names.
fn groups_named(session: &Session, names: &[String]) -> Result<Vec<GroupId>, Problem> {
    let known = session.groups()?;
    let find = |name: &String| {
        let found = known.iter().find(|group| group.name == *name).map(|group| group.id);
        found.ok_or_else(|| format!("no user group is called {name:?}: userGroupCreate makes one").into())
    };
    names.iter().map(find).collect()
}

/// What a typo in the address would make is a database that no gateway has.
pub(super) fn check_folder(config: &Config) -> Result<(), Problem> {
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
    Ok(())
}
