//! The edge: who may ask, what is read of a request and how its answer leaves. Every request gets an
//! id and one log line.

mod access;
mod explorer;
mod export;
mod graphql;
mod health;
mod log;
mod media;
mod origin;
mod serve;
mod streams;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};

use tower_http::catch_panic::CatchPanicLayer;

use crate::{graphql::ScripSchema, service::Scrip};

pub use export::{Csv, File, Format, JsonLines, Parameters};
pub use serve::serve;
pub use streams::{StreamLimits, Streams};

/// The longest body that is read, in bytes: 10,000 codes of 64 characters fit.
pub const MAX_BODY: usize = 2 * 1024 * 1024;

/// How the edge behaves.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The origins of other sites whose pages may ask, in lower case, such as "https://shop.example".
    pub origins: Vec<String>,
    /// How much may be open for answers that go on.
    pub streams: StreamLimits,
}

/// What every handler needs.
#[derive(Clone)]
pub struct App {
    /// Scrip itself.
    pub scrip: Arc<Scrip>,
    /// The schema over it.
    pub schema: ScripSchema,
    /// How it behaves.
    pub options: Arc<Options>,
    /// The answers that go on.
    pub streams: Arc<Streams>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

impl App {
    /// The app over a running Scrip.
    #[must_use]
    pub fn new(scrip: Arc<Scrip>, options: Options) -> Self {
        let schema = crate::graphql::schema(Arc::clone(&scrip));
        let streams = Arc::new(Streams::new(options.streams));
        Self { scrip, schema, options: Arc::new(options), streams }
    }
}

/// All routes.
pub fn router(app: App) -> Router {
    let graphql = post(graphql::post).get(graphql::get);
    Router::new()
        .route("/", get(explorer::page))
        .route("/graphql", graphql.layer(middleware::from_fn_with_state(app.clone(), streams::divert)))
        .route("/pools/{id}/{file}", get(export::get))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .layer(CatchPanicLayer::custom(graphql::panicked))
        .layer(middleware::from_fn(log::one_line))
        .with_state(app)
}
