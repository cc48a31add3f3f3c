//! One connection, from accepting it to closing it, within bounds of size and time.

use std::convert::Infallible;
use std::pin::pin;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::framing::Framed;
use super::limits::{Limits, READ_AHEAD_BYTES_MAX};
use super::places::Place;
use super::routes::Routes;

/// Serves a connection until it ends, falls silent, its place is needed while it waits, or
/// `shutdown` lets it end after the request in flight, or it is cut off.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    routes: Routes,
    limits: Limits,
    place: Place,
    shutdown: CancellationToken,
) {
    let (framed, link) = Framed::new(stream, limits);
    let service = service_fn(|request| {
        let answer = routes.clone().answer(request, &link, place.holder());
        async { Ok::<_, Infallible>(answer.await) }
    });
    let connection = http1::Builder::new()
        // `Framed` times heads; hyper would arm a timer for every request.
        .header_read_timeout(None)
        .max_buf_size(READ_AHEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(framed), service);
    let mut connection = pin!(connection);
    let mut silence = pin!(sleep(limits.idle_time));
    let mut cut_off = pin!(place.holder().is_cut_off());
    let mut transfers = link.transfers();
    let mut is_stopping = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return note(ended),
            () = cut_off.as_mut() => return,
            () = asked_to_end(&place, &shutdown), if !is_stopping => {
                if !place.holder().is_at_work() {
                    return;
                }
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = silence.as_mut() => {
                if link.transfers() == transfers {
                    return;
                }
                transfers = link.transfers();
                silence.as_mut().reset(Instant::now() + limits.idle_time);
            }
        }
    }
}

async fn asked_to_end(place: &Place, shutdown: &CancellationToken) {
    tokio::select! {
        () = place.holder().must_leave() => {}
        () = shutdown.cancelled() => {}
    }
}

fn note(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
