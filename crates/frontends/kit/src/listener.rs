//! Listeners: where a door may listen, and the connections that come in.
//!
//! Off loopback a door asks for tokens and speaks TLS, or does not open (`Exposure`). A client that is slow to shake
//! hands holds up nobody: handshakes run side by side, up to a limit and a time.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::stream::{BoxStream, FuturesUnordered};
use futures::{Stream, StreamExt};
use hearth_base::condition::INVALID_REQUEST;
use hearth_base::{Error, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

use crate::connection::{self, Connection};
use crate::limits::{ACCEPT_PAUSE, HANDSHAKE_TIMEOUT, MAX_CONNECTIONS, MAX_HANDSHAKES};

/// What protects a listener.
#[derive(Debug, Clone, Copy)]
pub struct Exposure {
    pub tokens: bool,
    pub tls: bool,
    /// Somebody said that they know what they do.
    pub insecure: bool,
}

impl Exposure {
    /// Refuses an address that others can reach without tokens and TLS.
    pub fn check(self, address: SocketAddr) -> Result<()> {
        if address.ip().is_loopback() || (self.tokens && self.tls) || self.insecure {
            return Ok(());
        }
        let missing = match (self.tokens, self.tls) {
            (false, false) => "tokens (--require-token) and TLS (--tls-self-signed, or --tls-cert and --tls-key)",
            (false, true) => "tokens (--require-token)",
            (true, _) => "TLS (--tls-self-signed, or --tls-cert and --tls-key)",
        };
        Err(INVALID_REQUEST.with(
            "message",
            format!("{address} can be reached from other machines: it needs {missing}, or --insecure to do without"),
        ))
    }
}

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
}

impl Listener {
    /// Binds `address`; port 0 is any free port.
    pub async fn bind(address: SocketAddr, exposure: Exposure, tls: Option<Arc<rustls::ServerConfig>>) -> Result<Self> {
        exposure.check(address)?;
        let refused = |error: io::Error| Error::internal(format!("{address} cannot be bound: {error}"));
        let tcp = TcpListener::bind(address).await.map_err(refused)?;
        let address = tcp.local_addr().map_err(refused)?;
        Ok(Self { tcp, address, tls })
    }

    /// The address with the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connections. The stream never ends; dropping it closes the socket.
    pub fn incoming(self) -> Incoming {
        Incoming(accept(self).boxed())
    }
}

/// Connections that are ready to serve.
pub struct Incoming(BoxStream<'static, io::Result<Connection>>);

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

type Handshakes = FuturesUnordered<Pin<Box<dyn Future<Output = Option<Connection>> + Send>>>;

struct Accept {
    listener: Listener,
    places: Arc<Semaphore>,
    handshakes: Handshakes,
}

fn accept(listener: Listener) -> impl Stream<Item = io::Result<Connection>> + Send {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let accept = Accept { listener, places, handshakes: FuturesUnordered::new() };
    futures::stream::unfold(accept, |mut accept| async move {
        let connection = accept.next().await;
        Some((Ok(connection), accept))
    })
}

impl Accept {
    async fn next(&mut self) -> Connection {
        loop {
            let may_accept = self.handshakes.len() < MAX_HANDSHAKES;
            tokio::select! {
                Some(ready) = self.handshakes.next() => {
                    if let Some(connection) = ready {
                        return connection;
                    }
                }
                accepted = accept_one(&self.listener.tcp, &self.places), if may_accept => match accepted {
                    Ok((stream, peer, place)) => {
                        if let Some(connection) = self.greet(stream, peer, place) {
                            return connection;
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }

    /// A plain connection is ready at once; a TLS one after its handshake.
    fn greet(&self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) -> Option<Connection> {
        // Answers are small and waited for.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, %peer, "TCP_NODELAY cannot be set");
        }
        let Some(config) = &self.listener.tls else {
            return Some(Connection::new(connection::Stream::Plain(stream), peer, place));
        };
        let handshake = TlsAcceptor::from(Arc::clone(config)).accept(stream);
        self.handshakes.push(Box::pin(async move {
            match tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await {
                Ok(Ok(tls)) => Some(Connection::new(connection::Stream::Tls(Box::new(tls)), peer, place)),
                Ok(Err(error)) => {
                    tracing::debug!(%error, %peer, "the TLS handshake failed");
                    None
                }
                Err(_) => {
                    tracing::debug!(%peer, "the TLS handshake took too long");
                    None
                }
            }
        }));
        None
    }
}

async fn accept_one(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_others_reach_needs_tokens_and_tls() {
        let check = |address: &str, tokens, tls, insecure| {
            Exposure { tokens, tls, insecure }.check(address.parse().unwrap()).is_ok()
        };
        for loopback in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1"] {
            assert!(check(loopback, false, false, false));
        }
        for open in ["0.0.0.0:1", "[::]:1", "192.168.1.1:1", "[::ffff:10.0.0.1]:1"] {
            assert!(!check(open, false, false, false));
            assert!(!check(open, true, false, false));
            assert!(!check(open, false, true, false));
            assert!(check(open, true, true, false));
            assert!(check(open, false, false, true));
        }
    }

    #[tokio::test]
    async fn port_zero_is_any_port_and_a_taken_one_is_an_error() {
        let exposure = Exposure { tokens: false, tls: false, insecure: false };
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), exposure, None).await.unwrap();
        assert_ne!(listener.address().port(), 0);
        let error = Listener::bind(listener.address(), exposure, None).await.unwrap_err();
        assert!(error.text().contains(&listener.address().to_string()));
    }
}
