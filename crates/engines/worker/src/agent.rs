//! The worker that Hearth ships: takes requests from a gateway and runs them on an `Upstream` beside it.
//!
//! It only calls out. Several slots pull at the same time, each for one request; one more takes interrupts, so that they
//! arrive while all slots work, and so that the gateway sees a worker alive that works for long. Every process has a name
//! of its own: what a session keeps here ends with the process, and a new one must not be taken for it.

pub(crate) mod gateway;
mod uploads;
mod work;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hearth_base::ByteSize;
use hearth_base::task::TaskGroup;
use hearth_core::engine::Health;
use hearth_remote::Upstream;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::desk::{BOUND, CLOSED, CONTROL, LEAVING};
use gateway::{Gateway, HttpGateway, Refusal};
use uploads::Uploads;

/// How long the last calls of a worker may take.
const FAREWELL: Duration = Duration::from_secs(5);
/// An idle answer that came sooner than this is followed by a pause.
const IDLE: Duration = Duration::from_secs(1);
/// How often a worker whose Spark is away looks for it.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Pauses while the gateway is away.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What `hearth worker` is told.
#[derive(Debug, Clone)]
pub struct AgentSettings {
    /// `--server`: the gateway's HTTP address.
    pub server: Url,
    /// `--token`.
    pub token: Option<String>,
    /// `--pool`.
    pub pool: String,
    /// `--name`: what the gateway calls it in its logs; a part that is new for each process is added.
    pub name: String,
    /// `--slots`: requests at the same time.
    pub slots: usize,
    /// Bytes of an answer that are pushed together. The gateway takes pushes of twice that.
    pub part_size: ByteSize,
    /// `server.drain_grace`: how long running work may take after the signal to stop.
    pub grace: Duration,
    /// `--tls-ca`: PEM certificates to trust instead of the system's.
    pub ca: Option<PathBuf>,
}

impl AgentSettings {
    pub fn new(server: Url) -> Self {
        Self {
            server,
            token: None,
            pool: "default".to_owned(),
            name: "worker".to_owned(),
            slots: 8,
            part_size: ByteSize::mib(4),
            grace: Duration::from_secs(30),
            ca: None,
        }
    }
}

/// Why a worker cannot start.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    #[error("`{0}` is no address of a gateway, such as http://127.0.0.1:8998")]
    Server(Url),
    #[error("a pool's name and a worker's name hold neither `/` nor `#`: `{0}`")]
    Name(String),
    #[error("the token has characters that no header can carry")]
    Token,
    #[error("cannot read the certificates of {path}: {reason}")]
    Certificates { path: String, reason: String },
    #[error("TLS: {0}")]
    Tls(String),
}

/// A running worker.
#[derive(Debug)]
pub struct Agent {
    gateway: Arc<dyn Gateway>,
    target: Arc<dyn Upstream>,
    uploads: Uploads,
    /// `POOL/NAME`.
    name: String,
    part_size: u64,
    is_away: AtomicBool,
}

impl Agent {
    /// Works until `shutdown` ends; then what runs is finished within the grace. The target stays open.
    pub async fn run(
        settings: AgentSettings,
        target: Arc<dyn Upstream>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), AgentError> {
        let gateway = Arc::new(HttpGateway::new(&settings)?);
        tracing::info!(server = %settings.server, pool = settings.pool, slots = settings.slots, "the worker starts");
        Self::run_on(gateway, settings, target, shutdown).await
    }

    pub(crate) async fn run_on(
        gateway: Arc<dyn Gateway>,
        settings: AgentSettings,
        target: Arc<dyn Upstream>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), AgentError> {
        for name in [&settings.pool, &settings.name] {
            if name.contains(['/', '#']) {
                return Err(AgentError::Name(name.clone()));
            }
        }
        let incarnation = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("{}/{}-{}", settings.pool, settings.name, &incarnation[..8]);
        let part_size = settings.part_size.bytes().max(1);
        let uploads = Uploads::new(Arc::clone(&target));
        let agent = Arc::new(Self { gateway, target, uploads, name, part_size, is_away: AtomicBool::new(false) });

        let (working, listening) = (TaskGroup::new(Handle::current()), TaskGroup::new(Handle::current()));
        let (stop, end) = (CancellationToken::new(), CancellationToken::new());
        for slot in 0..settings.slots.max(1) {
            working.spawn("slot", Arc::clone(&agent).slot(slot.to_string(), stop.clone()));
        }
        listening.spawn("control", Arc::clone(&agent).slot(CONTROL.to_owned(), end.clone()));
        shutdown.await;
        tracing::info!("the worker stops: it finishes what runs");
        stop.cancel();
        working.shutdown(settings.grace).await;
        end.cancel();
        listening.shutdown(FAREWELL).await;
        let farewell = format!("{}#{LEAVING}", agent.name);
        drop(tokio::time::timeout(FAREWELL, agent.gateway.pull(&farewell)).await);
        agent.uploads.close().await;
        Ok(())
    }

    /// Pulls and works, one request after the other, until `stop`.
    async fn slot(self: Arc<Self>, slot: String, stop: CancellationToken) {
        let name = format!("{}#{slot}", self.name);
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            let pulled = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                pulled = self.pull(&name, &slot) => pulled,
            };
            let rest = match pulled {
                Ok(Some(request)) => {
                    self.is_back();
                    self.work(request).await;
                    Duration::ZERO
                }
                Ok(None) => {
                    self.is_back();
                    if began.elapsed() < IDLE { IDLE } else { Duration::ZERO }
                }
                Err(refusal) => {
                    self.is_gone(&refusal);
                    pause
                }
            };
            pause = if rest == pause { (pause * 2).min(LONGEST_PAUSE) } else { FIRST_PAUSE };
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(rest) => {}
            }
        }
        // A request may be on its way to the pull that was dropped.
        drop(tokio::time::timeout(FAREWELL, self.gateway.pull(&format!("{name}{CLOSED}"))).await);
    }

    /// While its Spark is away, a worker takes nothing but what its sessions ask: it would be the quickest to answer, and
    /// draw all new sessions to itself.
    async fn pull(&self, name: &str, slot: &str) -> Result<Option<Bytes>, Refusal> {
        if slot == CONTROL || !matches!(self.target.health(), Health::Unavailable { .. }) {
            return self.gateway.pull(name).await;
        }
        let bound = format!("{name}{BOUND}");
        // A pull that is dropped loses nothing: the next one of the slot tells that it came to nothing.
        tokio::time::timeout(LOOK_AGAIN, self.gateway.pull(&bound)).await.unwrap_or(Ok(None))
    }

    /// Told once, however many slots notice.
    fn is_gone(&self, refusal: &Refusal) {
        if !self.is_away.swap(true, Ordering::Relaxed) {
            tracing::warn!(%refusal, "the gateway cannot be used; the worker keeps calling");
        }
    }

    fn is_back(&self) {
        if self.is_away.swap(false, Ordering::Relaxed) {
            tracing::info!("the gateway is back");
        }
    }
}
