//! Serving until told to stop, and stopping without losing what is in flight. A connection on which nothing arrives
//! in time ends.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{App, Options, router};
use scrip_service::Scrip;

/// How long a stop waits for requests in flight: a client that stopped reading is not waited for longer.
const GRACE: Duration = Duration::from_secs(15);
/// How long no connection is taken where the system has no more descriptors.
const RESPITE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` ends; then takes no new connection, answers what is in flight, ends what would go on, and
/// closes the database.
pub async fn serve(
    listener: TcpListener,
    scrip: Arc<Scrip>,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let reading = options.reading;
    let app = App::new(Arc::clone(&scrip), options);
    let streams = Arc::clone(&app.streams);
    let router = router(app);
    let (stop, connections) = (CancellationToken::new(), TaskTracker::new());
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(converse(stream, router.clone(), reading, stop.clone()));
            }
            // The connection was given up before it was taken: the next may be better.
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "a connection could not be taken: it is tried again");
                sleep(RESPITE).await;
            }
        }
    }
    drop((listener, router));
    scrip.begin_stop();
    stop.cancel();
    connections.close();
    // What was answered is durable: ending without those who do not take their answers loses nothing.
    let ended = async { tokio::join!(streams.close(), connections.wait()) };
    if timeout(GRACE, ended).await.is_err() || timeout(GRACE, scrip.close()).await.is_err() {
        tracing::warn!("some clients did not take their answers: they are not waited for");
    }
    Ok(())
}

fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers the requests of one connection, the one in flight at a stop included.
async fn converse(stream: TcpStream, router: Router, reading: Duration, stop: CancellationToken) {
    // Answers leave at once; where that cannot be had they leave a little later.
    drop(stream.set_nodelay(true));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(reading);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
