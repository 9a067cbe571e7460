//! A Spark Connect server in this same process: connections are pipes in memory, so there is no port that others could
//! find.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tonic::transport::{Channel, Endpoint};

/// Bytes on their way in one direction of a connection.
const PIPE: usize = 1 << 20;
/// Connections that the server has not taken yet.
const BACKLOG: usize = 16;

/// The client's end: makes connections.
#[derive(Debug, Clone)]
pub(crate) struct Door(mpsc::Sender<DuplexStream>);

/// The server's end: the connections that come in.
#[derive(Debug)]
pub struct Arrivals(mpsc::Receiver<DuplexStream>);

pub(crate) fn door() -> (Door, Arrivals) {
    let (sender, receiver) = mpsc::channel(BACKLOG);
    (Door(sender), Arrivals(receiver))
}

impl Door {
    pub(crate) fn channel(&self, endpoint: &Endpoint) -> Channel {
        let door = self.0.clone();
        endpoint.connect_with_connector_lazy(tower::service_fn(move |_| {
            let door = door.clone();
            async move {
                let (ours, theirs) = tokio::io::duplex(PIPE);
                let gone = |_| io::Error::new(io::ErrorKind::ConnectionRefused, "the server in this process has ended");
                door.send(theirs).await.map_err(gone)?;
                Ok::<_, io::Error>(TokioIo::new(ours))
            }
        }))
    }
}

impl Stream for Arrivals {
    type Item = io::Result<DuplexStream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|arrival| arrival.map(Ok))
    }
}
