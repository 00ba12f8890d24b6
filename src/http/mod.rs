//! The edge: who may ask, what is read of a request and how its answer leaves. Every request gets an
//! id and one log line.

mod access;
mod backup;
mod body;
mod budgets;
mod door;
mod explorer;
mod export;
mod framing;
mod graphql;
mod guests;
mod health;
mod held;
mod jobs;
mod lanes;
mod log;
mod media;
mod notes;
mod pace;
mod placed;
mod proxies;
mod serve;
mod shield;
mod site;
mod streams;
mod tls;
mod uploads;
mod well_formed;

use std::{io, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};

use tower_http::catch_panic::CatchPanicLayer;

use scrip_graphql::{Gate, Rules, ScripSchema};
use scrip_service::Scrip;

use budgets::Budgets;
use held::Held;

pub use budgets::{Budget, BudgetRules};
pub use export::{Parameters, PersonalFile};
pub use lanes::Lanes;
pub use proxies::Proxies;
pub use serve::serve;
pub use streams::{StreamLimits, Streams};
pub use tls::{Tls, TlsFiles};

/// The longest body that is read, in bytes: 10,000 codes of 64 characters fit.
pub const MAX_BODY: usize = 2 * 1024 * 1024;

/// How long a request's head, and then its body, may take to arrive.
const READING: Duration = Duration::from_secs(30);
/// How long a client may leave unread what it is sent.
const WRITING: Duration = Duration::from_secs(30);
/// How many connections there may be where nothing else is said.
const CONNECTIONS: usize = 20_000;
/// How many requests may compute or read for long at once where nothing else is said.
const FAR_PLACES: usize = 4;
/// About how many bytes of bodies and answers may be in memory where nothing else is said.
const HELD: usize = 64 * 1024 * 1024;
/// How many file descriptors are left to the database, plugins and logs.
const LEFT: u64 = 1_024;
/// How many of them they need at the least.
const NEEDED: u64 = 160;
/// The fewest connections that are worth a start.
const FEWEST: u64 = 16;

/// How the edge behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// The origins of other sites whose pages may ask, in lower case, such as "https://shop.example".
    pub origins: Vec<String>,
    /// The proxies that tell for whom they ask.
    pub proxies: Proxies,
    /// The certificate that is shown; none where plain HTTP is spoken.
    pub tls: Option<Arc<Tls>>,
    /// How much may be open for answers that go on.
    pub streams: StreamLimits,
    /// What requests are allowed.
    pub rules: Rules,
    /// How much each may ask for.
    pub budgets: BudgetRules,
    /// How long a request's head, and then its body, may take to arrive; a connection that is kept open without a
    /// request ends after this time too.
    pub reading: Duration,
    /// How long a client may leave unread what it is sent: it takes half a MiB in that time, or all that there is.
    pub writing: Duration,
    /// How many connections may be open at once.
    pub connections: usize,
    /// How many requests may compute or read for long at once.
    pub far_places: usize,
    /// About how many bytes of long bodies that wait, and of answers that are not read yet, may be in memory.
    pub held: usize,
}

/// How many connections there may be where a process may open so many files: the database has to find descriptors for
/// what it began, however many come. Half of them where there are few; none where there are too few to serve, with how
/// many would do.
pub fn most_connections(files: u64) -> Result<usize, u64> {
    let spare = door::SPARE as u64 + 1;
    let left = LEFT.min(files / 2).max(NEEDED) + spare;
    match files.checked_sub(left) {
        Some(connections) if connections >= FEWEST => Ok(usize::try_from(connections).unwrap_or(usize::MAX)),
        _ => Err(NEEDED + spare + FEWEST),
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            proxies: Proxies::default(),
            tls: None,
            streams: StreamLimits::default(),
            rules: Rules::default(),
            budgets: BudgetRules::default(),
            reading: READING,
            writing: WRITING,
            connections: CONNECTIONS,
            far_places: FAR_PLACES,
            held: HELD,
        }
    }
}

/// What every handler needs.
#[derive(Clone)]
pub struct App {
    /// Scrip itself.
    pub scrip: Arc<Scrip>,
    /// The schema over it.
    pub schema: ScripSchema,
    /// Where requests are admitted to it.
    pub gate: Arc<Gate>,
    /// How it behaves.
    pub options: Arc<Options>,
    /// The answers that go on.
    pub streams: Arc<Streams>,
    /// Where requests run.
    pub lanes: Arc<Lanes>,
    held: Held,
    budgets: Arc<Budgets>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

impl App {
    /// The app over a running Scrip. It fails where the system gives no threads.
    pub fn new(scrip: Arc<Scrip>, options: Options) -> io::Result<Self> {
        let schema = scrip_graphql::schema(&options.rules);
        let gate = Arc::new(Gate::new(options.rules.clone()));
        let streams = Arc::new(Streams::new(options.streams));
        let lanes = Arc::new(Lanes::new(options.far_places)?);
        let held = Held::new(options.held);
        let budgets = Arc::new(Budgets::new(options.budgets));
        Ok(Self { scrip, schema, gate, options: Arc::new(options), streams, lanes, held, budgets })
    }
}

/// All routes.
pub fn router(app: App) -> Router {
    let graphql = post(graphql::post).get(graphql::get);
    let routes = Router::new()
        .route("/", get(explorer::page))
        .route("/graphql", graphql.layer(middleware::from_fn_with_state(app.clone(), streams::divert)))
        .route("/pools/{id}/{file}", get(export::get))
        .route("/customers/{id}/data.json", get(export::personal::get))
        .route("/jobs/{id}/refusals.csv", get(jobs::refusals))
        .route("/jobs/{id}/file", get(jobs::file))
        .route("/uploads", post(uploads::post))
        .route("/backup", get(backup::get))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .layer(CatchPanicLayer::custom(graphql::panicked))
        .layer(middleware::from_fn(well_formed::only))
        .layer(middleware::from_fn(log::one_line));
    let routes = match site::sharing(&app.options.origins) {
        Some(sharing) => routes.layer(sharing),
        None => routes,
    };
    let routes = match app.options.tls {
        Some(_) => routes.layer(middleware::map_response(shield::over_tls)),
        None => routes.layer(middleware::map_response(shield::over)),
    };
    routes.with_state(app)
}

#[cfg(test)]
mod tests {
    use super::most_connections;

    #[test]
    fn descriptors_are_left_to_the_database() {
        let table =
            [(0, Err(209)), (208, Err(209)), (209, Ok(16)), (256, Ok(63)), (1_024, Ok(479)), (4_096, Ok(3_039))];
        for (files, connections) in table {
            assert_eq!(most_connections(files), connections, "{files}");
        }
    }
}
