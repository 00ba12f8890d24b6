//! Serving until told to stop, and stopping without losing what is in flight. A connection on which nothing arrives
//! in time ends, and one whose client does not read.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header::CONNECTION},
};
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    App, Options,
    door::{self, Visitor},
    placed::Placed,
    proxies::{Client, Proxies},
    router,
    tls::{Tls, Wire},
};
use scrip_service::Scrip;

/// The longest head of a request, in bytes: what is read of a connection before anything is known of it.
const MAX_HEAD: usize = 64 * 1024;
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
    let patience = (options.reading, options.writing);
    let rules = door::Rules { places: options.connections, reading: options.reading, writing: options.writing };
    let house = Arc::new(House { proxies: options.proxies.clone(), tls: options.tls.clone() });
    let app = App::new(Arc::clone(&scrip), options)?;
    let streams = Arc::clone(&app.streams);
    let router = router(app);
    let (stop, connections, closed) = (CancellationToken::new(), TaskTracker::new(), CancellationToken::new());
    let mut visitors = door::open(listener, Arc::clone(scrip.vitals()), rules, closed.clone())?;
    // Also where nobody waits for this any more.
    let closed = closed.drop_guard();
    let converse =
        |visitor| connections.spawn(converse(visitor, router.clone(), Arc::clone(&house), patience, stop.clone()));
    if let Some(tls) = &house.tls {
        tokio::spawn(Arc::clone(tls).watch(stop.clone()));
    }
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            visitor = visitors.recv() => match visitor {
                Some(visitor) => drop(converse(visitor)),
                None => return Err(io::Error::other("no connections are taken any more")),
            },
            () = &mut shutdown => break,
        }
    }
    drop(closed);
    visitors.close();
    // Those that were handed over already.
    while let Some(visitor) = visitors.recv().await {
        drop(converse(visitor));
    }
    drop(router);
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

/// What all connections have in common.
struct House {
    proxies: Proxies,
    tls: Option<Arc<Tls>>,
}

/// Answers the requests of one connection, the one in flight at a stop included.
async fn converse(
    visitor: Visitor,
    router: Router,
    house: Arc<House>,
    patience: (Duration, Duration),
    stop: CancellationToken,
) {
    let (reading, writing) = patience;
    let stream = match TcpStream::from_std(visitor.stream) {
        Ok(stream) => stream,
        Err(error) => return tracing::error!(%error, "a connection could not be taken over"),
    };
    // Answers leave at once; where that cannot be had they leave a little later.
    drop(stream.set_nodelay(true));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(reading).max_buf_size(MAX_HEAD);
    let standing = visitor.guest.standing();
    let peer = stream.peer_addr().ok().map(|address| address.ip());
    let router = TowerToHyperService::new(router);
    // What comes on it may show a key.
    let known = Arc::clone(&house);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let standing = Arc::clone(&standing);
        request.extensions_mut().insert(Arc::clone(&standing));
        if let Some(peer) = peer {
            let client = Client(known.proxies.client(peer, request.headers()));
            request.extensions_mut().insert(client);
        }
        let answer = router.call(request);
        async move {
            let mut answer = answer.await?;
            if standing.is_crowded() && answer.status() != StatusCode::SWITCHING_PROTOCOLS {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let welcomed = match &house.tls {
        None => Some(Ok(Ok(Wire::Plain(stream)))),
        // Who does not come to the point in time ends as with a head that does not come.
        Some(tls) => visitor.guest.leave().run_until_cancelled(timeout(reading, tls.welcome(stream))).await,
    };
    let wire = match welcomed {
        Some(Ok(Ok(wire))) => wire,
        Some(Ok(Err(error))) => return tracing::debug!(%error, "a connection did not begin"),
        Some(Err(_)) | None => return,
    };
    let placed = Placed::new(wire, visitor.guest, writing);
    let connection = builder.serve_connection(TokioIo::new(placed), service).with_upgrades();
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
