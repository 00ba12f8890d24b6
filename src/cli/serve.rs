//! `scrip serve`: open the database, make the first key, listen, serve until told to stop.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use super::Problem;
use crate::{
    config::{Config, PlannedBackups},
    http::{self, StreamLimits, Tls},
    telemetry,
};
use scrip_graphql::{Documents, Rules, cost::MAX_COST};
use scrip_plugins::{Lookup, Plugins};
use scrip_service::{BackupPlan, Clock, Issuer, KeyDraft, Scrip, end_process};

/// How long a stop may take. What was answered is durable, so that a hard end loses nothing; requests in flight and the
/// database have half of it each, and a little is left over.
const STOP: Duration = Duration::from_secs(45);

pub(super) async fn run(config: Config) -> Result<(), Problem> {
    // As many files as the system lets this process have; what it has already does where it does not.
    let files = rlimit::increase_nofile_limit(u64::MAX).or_else(|_| rlimit::Resource::NOFILE.get_soft())?;
    // The database asks how busy the machine is, and what it asks keeps a file of each process and thread open: up to half
    // of all that this one may have.
    sysinfo::set_open_files_limit(0);
    let connections = http::most_connections(files).map_err(|least| {
        format!("this process may open {files} files, at least {least} are needed: raise the limit (ulimit -n)")
    })?;
    // The port first: a second start by mistake should not touch the database.
    let listener = bind(&config.listen).await?;
    let address = listener.local_addr()?;
    let tls = config.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
    if tls.is_none() && !config.behind_proxy && !address.ip().is_loopback() {
        return Err(in_the_clear(address).into());
    }
    let scheme = if tls.is_some() { "https" } else { "http" };
    let rules = rules(&config).await?;
    let plugins = Plugins::open(config.plugins, Lookup::default()).await?;
    let scrip = Scrip::open(&config.database, Clock::System, Some(plugins)).await?;
    scrip.limit_jobs(config.jobs.at_once, config.jobs.upload_limit);
    if let Some(draft) = config.issuer {
        let issuer = Issuer::new(draft, Lookup::default()).map_err(|fault| fault.reason)?;
        scrip.trust(issuer).await?;
    }
    first_key(&scrip, config.admin_key, &format!("{scheme}://{address}")).await?;
    if let Some(PlannedBackups { folder, every, keep, rate }) = config.backup {
        scrip.plan_backups(BackupPlan { folder, every, keep, rate });
    }
    let stop = stop_signal()?;
    let shutdown = async move {
        // An error says that nobody will tell any more, which is no reason to go on.
        drop(stop.await);
        tracing::info!("stopping: answering what is in flight");
    };
    tracing::info!(%address, database = config.database.text(), "listening");
    telemetry::say(&format!("Scrip listens on {scheme}://{address} (GraphQL at /graphql, explorer at /)"));
    let budget = config.memory;
    let streams = StreamLimits::of(budget.streams);
    let connections = connections.min(budget.connections);
    let (origins, proxies, far_places, held) = (config.origins, config.proxies, budget.far_places, budget.held);
    let budgets = config.budgets;
    let options = http::Options {
        origins,
        proxies,
        tls,
        rules,
        budgets,
        connections,
        streams,
        far_places,
        held,
        ..http::Options::default()
    };
    http::serve(listener, scrip, options, shutdown).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Ends when the process is told to stop. A thread of its own listens, and ends the process where the stop takes too long:
/// the threads that serve may be what stands still.
fn stop_signal() -> io::Result<oneshot::Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut terminate, mut interrupt, mut hangup) = {
        let _within = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?)
    };
    let (tell, told) = oneshot::channel();
    let run = move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                    // A terminal that was closed, or somebody who expects that the configuration is read anew.
                    _ = hangup.recv() => tracing::info!("SIGHUP is ignored: a new configuration needs a new start"),
                }
            }
        });
        let _ = tell.send(());
        std::thread::sleep(STOP);
        end_process(&format!("it was told to stop, and has not ended in {} seconds", STOP.as_secs()));
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(run)?;
    Ok(told)
}

/// What requests are allowed, with the trusted documents read.
async fn rules(config: &Config) -> Result<Rules, Problem> {
    let documents = match &config.documents {
        Some(folder) => Documents::load(folder).await?,
        None => Documents::default(),
    };
    Ok(Rules {
        max_cost: config.max_cost.unwrap_or(MAX_COST),
        max_answer: config.memory.answer,
        introspection: config.introspection,
        documents,
        documents_only: config.documents_only,
    })
}

/// Why it does not start where others could read keys and codes on their way.
fn in_the_clear(address: SocketAddr) -> String {
    format!(
        "{address} can be reached from other machines, and keys would be sent there in the clear: name a certificate with \
         --tls-certificate and --tls-key, or say with --behind-proxy that a proxy in front speaks TLS, or listen on \
         127.0.0.1"
    )
}

/// Listens on an address, or on the first that can be had of a name's, those of IPv4 before the others.
async fn bind(place: &str) -> Result<TcpListener, Problem> {
    let found = tokio::net::lookup_host(place).await;
    let mut addresses: Vec<SocketAddr> =
        found.map_err(|error| format!("cannot listen on {place}: the name is not known: {error}"))?.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    TcpListener::bind(addresses.as_slice()).await.map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::AddrInUse => "it is in use: stop what listens there, or name another with --listen".to_owned(),
            ErrorKind::PermissionDenied => "it needs privileges: name a port above 1023 with --listen".to_owned(),
            ErrorKind::AddrNotAvailable => {
                "this machine has no such address: name one that it has with --listen".to_owned()
            }
            _ => error.to_string(),
        };
        format!("cannot listen on {place}: {reason}").into()
    })
}

/// At the first start an admin key is made and shown once; one that is preset is kept as it is.
async fn first_key(scrip: &Arc<Scrip>, preset: Option<String>, url: &str) -> Result<(), Problem> {
    match preset {
        Some(key) if !scrip.has_key(&key) => {
            let draft = KeyDraft { secret: Some(key), ..KeyDraft::admin("admin") };
            scrip.operator().create_key(draft).await?;
            tracing::info!("the admin key of SCRIP_ADMIN_KEY was added");
        }
        Some(key) if !scrip.has_good_key(&key) => {
            tracing::warn!("the admin key of SCRIP_ADMIN_KEY was revoked, or its time is over: it stays so");
        }
        Some(_) => {}
        None if scrip.has_keys() => {}
        None => {
            let made = scrip.operator().create_key(KeyDraft::admin("admin")).await?;
            let text = format!(
                "\nThis is the first start. The admin key, shown only now:\n\n    {key}\n\n\
                 Open the explorer:  {url}/#key={key}\n\
                 Or ask with curl:   curl {url}/graphql -H 'Authorization: Bearer {key}' \\\n\
                 \u{20}                     -H 'Content-Type: application/json' -d '{{\"query\":\"{{ viewer {{ name }} }}\"}}'\n\n\
                 Lost it? Stop Scrip and run: scrip key create\n",
                key = made.secret,
            );
            telemetry::say(&text);
        }
    }
    Ok(())
}
