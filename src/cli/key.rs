//! `scrip key create`, `list`, `rotate` and `revoke`: the keys of a running gateway over its API, or those of a stopped
//! one's folder.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{Problem, gateway::Gateway, say};
use crate::config::Config;
use scrip_domain::{
    access::{ApiKey, KeyBudget, Role},
    global_id::GlobalId,
    group::GroupId,
    period::{Instant, instant_text},
    rejection::Rejection,
};
use scrip_service::{Clock, KeyDraft, KeyRevoke, Scrip, Session};

/// What is asked of a key.
const KEY: &str = "id name role hint createdAt expiresAt revokedAt lastUsedAt requestsPerMinute costPerMinute";

/// What is done with keys, and where.
#[derive(Debug, Args)]
pub(super) struct KeyArguments {
    #[command(subcommand)]
    action: KeyCommand,
    /// The running gateway, such as http://127.0.0.1:8080; SCRIP_URL by environment. It is asked with the key in
    /// SCRIP_KEY, which has to be an ADMIN's [default: the folder of --database, while the gateway is stopped].
    #[arg(long, global = true, value_name = "URL")]
    pub(super) url: Option<String>,
}

/// What is done with keys.
#[derive(Debug, Subcommand)]
enum KeyCommand {
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
        /// How many requests it may send in a minute [default: as the gateway is set to].
        #[arg(long, value_name = "NUMBER")]
        requests: Option<i32>,
        /// How much what it asks for may cost in a minute [default: as the gateway is set to].
        #[arg(long, value_name = "NUMBER")]
        cost: Option<i32>,
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
enum KeyRole {
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

pub(super) async fn run(config: Config, arguments: KeyArguments) -> Result<(), Problem> {
    if let KeyCommand::Create { name, .. } = &arguments.action {
        scrip_domain::id::checked_id(name).map_err(|rejection| format!("the key's name is invalid: {rejection}"))?;
    }
    if let Some(url) = &config.url {
        return on_gateway(&Gateway::new(url, config.key.as_deref())?, arguments.action).await;
    }
    check_folder(&config)?;
    let scrip = Scrip::open(&config.database, Clock::System, None).await?;
    let done = on_folder(&scrip.operator(), arguments.action).await;
    scrip.close().await;
    done
}

async fn on_gateway(gateway: &Gateway<'_>, command: KeyCommand) -> Result<(), Problem> {
    match command {
        KeyCommand::Create { name, role, group, expires, requests, cost } => {
            let groups = groups_of(gateway, &group).await?;
            let document = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { secret \
                            userErrors { message } } }";
            let input = json!({
                "name": name.trim(),
                "role": role_name(role.into()),
                "groupIds": groups,
                "expiresAt": expires.map(instant_text),
                "requestsPerMinute": requests,
                "costPerMinute": cost,
            });
            show_secret(&gateway.ask("apiKeyCreate", document, json!({ "input": input })).await?)
        }
        KeyCommand::Rotate { id, minutes } => {
            let document = "mutation($input: ApiKeyRotateInput!) { apiKeyRotate(input: $input) { secret \
                            userErrors { message } } }";
            let input = json!({ "id": id, "minutes": minutes });
            show_secret(&gateway.ask("apiKeyRotate", document, json!({ "input": input })).await?)
        }
        KeyCommand::List => {
            let keys = gateway.ask("apiKeys", &format!("{{ apiKeys {{ {KEY} }} }}"), json!({})).await?;
            keys.as_array().into_iter().flatten().for_each(list);
            Ok(())
        }
        KeyCommand::Revoke { id } => {
            let document = "mutation($id: ID!) { apiKeyRevoke(id: $id) { userErrors { message } } }";
            gateway.ask("apiKeyRevoke", document, json!({ "id": id })).await?;
            say(&mut std::io::stderr(), REVOKED);
            Ok(())
        }
    }
}

/// What is said of a key that is not good any more.
const REVOKED: &str = "It is revoked.";

async fn on_folder(session: &Session, command: KeyCommand) -> Result<(), Problem> {
    match command {
        KeyCommand::Create { name, role, group, expires, requests, cost } => {
            let groups = groups_named(session, &group)?;
            let number = |given: Option<i32>| given.map(KeyBudget::number).transpose();
            let refused = |rejection: Rejection| rejection.to_string();
            let requests = number(requests).map_err(refused)?;
            let budget = KeyBudget { requests, cost: number(cost).map_err(refused)? };
            let draft =
                KeyDraft { role: role.into(), expires_at: expires, groups, budget, ..KeyDraft::admin(name.trim()) };
            show(&session.create_key(draft).await?.secret);
        }
        KeyCommand::Rotate { id, minutes } => {
            show(&session.rotate_key(session.ids().key(id), minutes).await?.secret);
        }
        KeyCommand::List => session.keys()?.iter().for_each(|key| list(&told(session, key))),
        KeyCommand::Revoke { id } => {
            session.change(None, KeyRevoke { id: session.ids().key(id) }).await?;
            say(&mut std::io::stderr(), REVOKED);
        }
    }
    Ok(())
}

/// A key as the API tells it, so that its id is the same whether the gateway runs or not.
fn told(session: &Session, key: &ApiKey) -> Value {
    json!({
        "id": session.ids().encode(&GlobalId::Key(key.id.clone())),
        "name": key.name,
        "role": role_name(key.role),
        "hint": key.hint,
        "createdAt": instant_text(key.created_at),
        "expiresAt": key.expires_at.map(instant_text),
        "revokedAt": key.revoked_at.map(instant_text),
        "lastUsedAt": key.last_used_at.map(instant_text),
        "requestsPerMinute": key.budget.requests,
        "costPerMinute": key.budget.cost,
    })
}

/// Shows a key in a line.
fn list(key: &Value) {
    let text = |name: &str| key[name].as_str();
    let state = match (text("revokedAt"), text("expiresAt")) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) => format!("until {at}"),
        (None, None) => "good".to_owned(),
    };
    let used = text("lastUsedAt").map_or_else(|| "never used".to_owned(), |at| format!("used {at}"));
    let [id, role, name, made, hint] =
        ["id", "role", "name", "createdAt", "hint"].map(|field| text(field).unwrap_or_default());
    let bounds = [("requestsPerMinute", "requests"), ("costPerMinute", "cost")];
    let own = bounds.map(|(field, what)| key[field].as_u64().map(|number| format!("{number} {what} a minute  ")));
    let budget: String = own.into_iter().flatten().collect();
    let line = format!("{id}  {role}  {name}  made {made}  {state}  {used}  {budget}{hint}");
    say(&mut std::io::stdout(), line.trim_end());
}

fn role_name(role: Role) -> String {
    format!("{role:?}").to_uppercase()
}

/// Shows the secret of a payload.
fn show_secret(payload: &Value) -> Result<(), Problem> {
    let secret = payload["secret"].as_str();
    show(secret.ok_or("the gateway tells no secret: list its keys, and revoke the one that you do not know")?);
    Ok(())
}

fn show(secret: &str) {
    say(&mut std::io::stderr(), "The key, shown only now. Send it as: Authorization: Bearer KEY");
    say(&mut std::io::stdout(), secret);
}

/// The ids of a gateway's groups with these names.
async fn groups_of(gateway: &Gateway<'_>, names: &[String]) -> Result<Vec<Value>, Problem> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let known = gateway.ask("userGroups", "{ userGroups { id name } }", json!({})).await?;
    let known: Vec<&Value> = known.as_array().into_iter().flatten().collect();
    let find = |name: &String| {
        let found = known.iter().find(|group| group["name"] == json!(name)).map(|group| group["id"].clone());
        found.ok_or_else(|| no_group(name))
    };
    names.iter().map(find).collect()
}

/// The groups with these names.
fn groups_named(session: &Session, names: &[String]) -> Result<Vec<GroupId>, Problem> {
    let known = session.groups()?;
    let find = |name: &String| {
        let found = known.iter().find(|group| group.name == *name).map(|group| group.id);
        found.ok_or_else(|| no_group(name))
    };
    names.iter().map(find).collect()
}

fn no_group(name: &str) -> Problem {
    format!("no user group is called {name:?}: userGroupCreate makes one").into()
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
