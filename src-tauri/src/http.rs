//! The local HTTP interface: `127.0.0.1` only, bounded in every direction.
//!
//! A face: it translates requests into calls of [`App`] and its answers back, and decides
//! nothing about flags. A request passes, in this order:
//!
//! | module | what it does |
//! |---|---|
//! | `places` | who may stay when there are too many connections or streams |
//! | `connection` | one task for each connection; closes what falls silent |
//! | `framing` | refuses heads that mean different things to different programs |
//! | `gate` | refuses foreign hosts, foreign origins and addresses in disguise |
//! | `routes` | one line for each address; a panic becomes an answer |
//! | `token` | who may write |
//! | `extract` | what the path and the query name |
//! | `client` | who sends it, noted once it succeeded |
//! | `memory` | how many bytes of bodies are in memory at a time |
//! | `worker` | does what takes much memory, one thing after the other |
//! | `body`, `etag` | what a request carries and what it is based on |
//! | `news`, `news_of_flags` | what streams tell, written once for all of them |
//! | `flags`, `stream`, `ofrep`, `events`, `state`, `metrics`, `clients`, `health` | the addresses of data |
//! | `openapi`, `assets`, `sample` | what is served as it is: a description, the browser modules, a page |
//! | `problem` | errors as problem documents (RFC 9457) |

mod connection;
pub(crate) mod framing;
mod gate;
pub mod limits;
mod places;
mod routes;

mod body;
mod client;
mod etag;
mod extract;
mod memory;
mod token;
mod worker;

mod assets;
mod clients;
mod events;
mod flags;
mod health;
mod metrics;
mod news;
mod news_of_flags;
pub(crate) mod ofrep;
mod openapi;
mod overrides;
mod sample;
mod state;
mod stream;

pub mod port_owner;
mod problem;

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

pub use self::limits::Limits;
use self::places::{Client, Kind, Place, Places};
use self::routes::Routes;
use crate::app::{App, NotServing};

/// Sent to a connection if all places are taken by requests that are being answered.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n\
    Content-Length: 0\r\n\r\n";

/// After a failed accept, for which the usual reason is that file descriptors ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server that has its port and waits to be run.
#[derive(Debug)]
pub struct Server {
    app: App,
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
}

/// Why a server has no port.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another program listens on it.
    #[error(
        "port {port} is used by {}; stop it or choose another with http.port",
        owner.as_deref().unwrap_or("another program")
    )]
    PortTaken {
        /// The port.
        port: u16,
        /// The program, `node (process 123)`; `None` if the system does not say.
        owner: Option<String>,
    },
    /// The system refuses the port.
    #[error("cannot listen on port {port}; choose another with http.port")]
    Refused {
        /// The port.
        port: u16,
        /// The cause.
        source: io::Error,
    },
}

impl From<BindError> for NotServing {
    fn from(error: BindError) -> Self {
        let reason = error.to_string();
        let (port, owner) = match error {
            BindError::PortTaken { port, owner } => (port, owner),
            BindError::Refused { port, .. } => (port, None),
        };
        Self {
            port,
            owner,
            reason,
        }
    }
}

impl Server {
    /// Takes a port of `127.0.0.1`; 0 picks a free one. Connections wait until [`Self::run`].
    ///
    /// # Errors
    /// [`BindError`] if another program has the port or the system refuses it.
    pub fn bind(app: App, port: u16) -> Result<Self, BindError> {
        let bound = listen(port).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::PortTaken {
                port,
                owner: port_owner::find(port),
            },
            _ => BindError::Refused { port, source },
        });
        let (listener, address) = bound?;
        Ok(Self {
            app,
            listener,
            address,
            limits: Limits::default(),
        })
    }

    /// Sets other bounds than the default ones.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Returns the address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`, then lets requests in flight end within [`Limits::drain_time`].
    ///
    /// # Errors
    /// If the listening socket cannot be handed to the runtime; nothing was served then.
    pub async fn run(self, shutdown: CancellationToken) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let limits = self.limits.within(open_files_max());
        let places = Places::new(limits.connections_max, Kind::Connections, self.app.load());
        let routes = Routes::new(self.app, self.address.port(), limits, shutdown.clone())?;
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => match places.take(Client::New) {
                        Some(place) => {
                            let (routes, shutdown) = (routes.clone(), shutdown.clone());
                            let served = serve(stream, routes, limits, place, shutdown);
                            connections.spawn(served);
                        }
                        None => turn_away(stream),
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
        drop(listener);
        let all_end = async { while connections.join_next().await.is_some() {} };
        if timeout(limits.drain_time, all_end).await.is_err() {
            tracing::debug!(left = connections.len(), "connections are cut off");
        }
        connections.shutdown().await;
        Ok(())
    }
}

async fn serve(
    stream: TcpStream,
    routes: Routes,
    limits: Limits,
    place: Place,
    shutdown: CancellationToken,
) {
    // Answers are written whole; waiting to fill packets only delays them.
    let _ = stream.set_nodelay(true);
    connection::serve(stream, routes, limits, place, shutdown).await;
}

/// Lets this process open as many files as the system allows it to, and returns how many. The
/// usual first limit, 1024, is less than the connections and streams that are allowed here.
fn open_files_max() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum.or(current),
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current,
        Err(_) => current,
    }
    .unwrap_or(u64::MAX)
}

fn listen(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Says so and closes at once. No task waits for a client that does not listen.
fn turn_away(stream: TcpStream) {
    let told = stream.into_std().and_then(|mut stream| stream.write(FULL));
    if let Err(error) = told {
        tracing::debug!(%error, "a connection beyond the limit left by itself");
    }
}
