//! Serving until told to stop, and stopping without losing what is in flight.

use std::{future::IntoFuture, io, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::oneshot,
    time::{sleep, timeout},
};

use super::{App, Options, router};
use crate::service::Scrip;

/// How long a stop waits for requests in flight: a client that stopped reading is not waited for longer.
const GRACE: Duration = Duration::from_secs(15);

/// Serves until `shutdown` ends; then takes no new connection, answers what is in flight, ends what would go on, and
/// closes the database.
pub async fn serve(
    listener: TcpListener,
    scrip: Arc<Scrip>,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let result = {
        let app = App::new(Arc::clone(&scrip), options);
        let (told, stopping) = oneshot::channel();
        let (stopped, streams) = (Arc::clone(&scrip), Arc::clone(&app.streams));
        let shutdown = async move {
            shutdown.await;
            stopped.begin_stop();
            streams.close();
            // Nobody waits for it once the server has ended by itself.
            let _ = told.send(());
        };
        let server = axum::serve(listener, router(app)).with_graceful_shutdown(shutdown).into_future();
        tokio::select! {
            result = server => result,
            () = async { drop(stopping.await); sleep(GRACE).await } => Ok(()),
        }
    };
    if timeout(GRACE, scrip.close()).await.is_err() {
        // What was answered is durable: ending now loses nothing.
        tracing::warn!("some clients did not take their answers: they are not waited for");
    }
    result
}
