//! Serving until told to stop, and stopping without losing what is in flight.

use std::{io, sync::Arc};

use tokio::net::TcpListener;

use super::{App, router};
use crate::service::Scrip;

/// Serves until `shutdown` ends; then takes no new connection, answers what is in flight, and closes
/// the database.
pub async fn serve(
    listener: TcpListener,
    scrip: Arc<Scrip>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let app = App::new(Arc::clone(&scrip));
    let result = axum::serve(listener, router(app)).with_graceful_shutdown(shutdown).await;
    scrip.close().await;
    result
}
