//! The link to an interpreter: its control socket, which request an answer belongs to, and a new connection when one
//! breaks.
//!
//! Requests that have no answer are sent again on a new connection: an interpreter knows the ids that it has seen.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hearth_base::{Clock, Result};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::folder::Folder;
use crate::wire::{self, Answer, MAX_FRAME, Op, PROTOCOL};

/// The server's own requests have ids from here on.
const OWN_IDS: u64 = 1 << 40;
/// Frames that wait to be written.
const OUTGOING: usize = 64;
const CONNECT_PAUSE: Duration = Duration::from_millis(100);
const CONNECT_TRIES: usize = 20;

#[derive(Debug)]
pub(crate) struct Link {
    outgoing: mpsc::Sender<Outgoing>,
    pending: Mutex<BTreeMap<u64, Pending>>,
    next_id: AtomicU64,
    /// Whether there is a connection.
    pub(crate) connected: watch::Sender<bool>,
    /// There is no connection any more and there will be none.
    pub(crate) lost: CancellationToken,
}

/// What waits for its answer.
#[derive(Debug)]
struct Pending {
    frame: Arc<[u8]>,
    is_sent: bool,
    answer: oneshot::Sender<Answer>,
}

#[derive(Debug)]
pub(crate) enum Outgoing {
    /// The frame stands in `pending`.
    Pending(u64),
    /// A request without an answer.
    Frame(Vec<u8>),
}

/// There is no answer and there will be none.
#[derive(Debug)]
pub(crate) struct Lost;

impl Link {
    /// A link, and what is to be given to `serve`.
    pub(crate) fn new() -> (Arc<Self>, mpsc::Receiver<Outgoing>) {
        let (outgoing, queue) = mpsc::channel(OUTGOING);
        // An interpreter that earlier runs of the server talked to must not see an id twice, and numbers of more
        // than fifteen digits do not pass every language.
        let seconds = u64::try_from(Clock::system().now() / 1_000).unwrap_or_default();
        let link = Self {
            outgoing,
            pending: Mutex::default(),
            next_id: AtomicU64::new(OWN_IDS + seconds * 256),
            connected: watch::Sender::new(false),
            lost: CancellationToken::new(),
        };
        (Arc::new(link), queue)
    }

    pub(crate) fn own_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn ask(&self, id: u64, op: &Op<'_>) -> Result<std::result::Result<Answer, Lost>> {
        let frame = Arc::from(wire::encode(id, op)?);
        let (answer, receiver) = oneshot::channel();
        self.pending.lock().insert(id, Pending { frame, is_sent: false, answer });
        let _forgets = Forgets { link: self, id };
        if self.outgoing.send(Outgoing::Pending(id)).await.is_err() {
            return Ok(Err(Lost));
        }
        Ok(receiver.await.map_err(|_| Lost))
    }

    /// Sends a request that has no answer, or whose answer nobody waits for.
    pub(crate) async fn tell(&self, op: &Op<'_>) -> Result<()> {
        let frame = wire::encode(self.own_id(), op)?;
        // A link that is lost has nobody to tell.
        let _ = self.outgoing.send(Outgoing::Frame(frame)).await;
        Ok(())
    }

    /// Carries frames until the link is lost. `stream` is the first connection; the first request on it is `attach`.
    pub(crate) async fn serve(self: Arc<Self>, folder: Folder, stream: UnixStream, queue: mpsc::Receiver<Outgoing>) {
        tokio::select! {
            () = self.carry(&folder, stream, queue) => {}
            () = self.lost.cancelled() => {}
        }
        self.lost.cancel();
        self.connected.send_replace(false);
        self.pending.lock().clear();
    }

    async fn carry(&self, folder: &Folder, mut stream: UnixStream, mut queue: mpsc::Receiver<Outgoing>) {
        loop {
            self.connected.send_replace(true);
            let end = self.exchange(stream, &mut queue).await;
            self.connected.send_replace(false);
            if matches!(&end, Err(error) if error.kind() == io::ErrorKind::InvalidData) {
                tracing::warn!(folder = %folder.path().display(), "an interpreter does not keep to its protocol");
                return;
            }
            match self.connect_again(folder).await {
                Some(again) => stream = again,
                None => return,
            }
        }
    }

    async fn exchange(&self, stream: UnixStream, queue: &mut mpsc::Receiver<Outgoing>) -> io::Result<()> {
        let (reader, writer) = stream.into_split();
        tokio::select! {
            end = self.read(BufReader::new(reader)) => end,
            end = self.write(writer, queue) => end,
        }
    }

    async fn read(&self, mut reader: BufReader<OwnedReadHalf>) -> io::Result<()> {
        loop {
            let length = reader.read_u32().await? as usize;
            if length > MAX_FRAME {
                return Err(io::ErrorKind::InvalidData.into());
            }
            // The buffer grows with what comes, not with what is announced.
            let mut body = Vec::new();
            (&mut reader).take(length as u64).read_to_end(&mut body).await?;
            if body.len() < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let (id, answer) = wire::decode(&body).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            // Nobody waits: an answer that was sent again, and whose request the caller will repeat.
            if let Some(pending) = self.pending.lock().remove(&id) {
                let _ = pending.answer.send(answer);
            }
        }
    }

    async fn write(&self, mut writer: OwnedWriteHalf, queue: &mut mpsc::Receiver<Outgoing>) -> io::Result<()> {
        let unanswered: Vec<Arc<[u8]>> =
            self.pending.lock().values().filter(|one| one.is_sent).map(|one| one.frame.clone()).collect();
        for frame in unanswered {
            writer.write_all(&frame).await?;
        }
        while let Some(outgoing) = queue.recv().await {
            match outgoing {
                Outgoing::Frame(frame) => writer.write_all(&frame).await?,
                Outgoing::Pending(id) => {
                    let frame = self.pending.lock().get_mut(&id).map(|one| {
                        one.is_sent = true;
                        one.frame.clone()
                    });
                    // Whoever asked may have gone.
                    if let Some(frame) = frame {
                        writer.write_all(&frame).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A new connection with its `attach` sent.
    async fn connect_again(&self, folder: &Folder) -> Option<UnixStream> {
        for _ in 0..CONNECT_TRIES {
            tokio::time::sleep(CONNECT_PAUSE).await;
            let Ok(mut stream) = folder.connect().await else { continue };
            let Ok(attach) = wire::encode(self.own_id(), &Op::Attach { protocol: PROTOCOL }) else { continue };
            if stream.write_all(&attach).await.is_ok() {
                return Some(stream);
            }
        }
        None
    }
}

/// Takes a request out when whoever waits for its answer goes away.
struct Forgets<'a> {
    link: &'a Link,
    id: u64,
}

impl Drop for Forgets<'_> {
    fn drop(&mut self) {
        self.link.pending.lock().remove(&self.id);
    }
}
