//! A relay of TCP connections that can be cut, closed and opened again under the same port.

use std::net::SocketAddr;
use std::sync::Arc;

use hearth_base::task::TaskGroup;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

#[derive(Debug)]
pub struct Relay {
    pub port: u16,
    to: u16,
    tasks: TaskGroup,
    /// Ends the connections that there are.
    cut: Arc<Mutex<CancellationToken>>,
    /// Ends the listening.
    closed: Mutex<CancellationToken>,
}

impl Relay {
    pub async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let relay =
            Self { port, to, tasks: TaskGroup::new(Handle::current()), cut: Arc::default(), closed: Mutex::default() };
        relay.listen(listener);
        relay
    }

    /// A relay whose port refuses connections.
    pub async fn closed(to: u16) -> Self {
        let relay = Self::start(to).await;
        relay.close();
        relay
    }

    /// Cuts the connections; new ones are taken.
    pub fn cut(&self) {
        std::mem::take(&mut *self.cut.lock()).cancel();
    }

    /// Cuts the connections and takes no more.
    pub fn close(&self) {
        self.closed.lock().cancel();
        self.cut();
    }

    pub async fn open(&self) {
        let address: SocketAddr = ([127, 0, 0, 1], self.port).into();
        let listener = loop {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            match socket.bind(address).and_then(|()| socket.listen(64)) {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            }
        };
        *self.closed.lock() = CancellationToken::new();
        self.listen(listener);
    }

    fn listen(&self, listener: TcpListener) {
        let (to, cut, closed) = (self.to, Arc::clone(&self.cut), self.closed.lock().clone());
        let connections = TaskGroup::new(Handle::current());
        self.tasks.spawn("relay", async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = closed.cancelled() => break,
                };
                let (mut client, _) = accepted.unwrap();
                let cut = cut.lock().clone();
                connections.spawn("connection", async move {
                    let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        () = cut.cancelled() => {}
                    }
                });
            }
        });
    }
}
