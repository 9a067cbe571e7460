//! Connections to one Spark, made when they are first needed and made again by themselves when they break.
//!
//! Calls are spread over a few connections, so that more than one thread can read large results. A stream that nobody
//! reads fills its window and then the Spark waits; the window of the connection is as large as HTTP/2 has it, so that
//! such a stream holds no other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hearth_proto::connect::spark_connect_service_client::SparkConnectServiceClient;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::settings::{ClusterLimits, Headers, Target};

/// The most that HTTP/2 allows.
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;
/// Larger frames are fewer.
const FRAME: u32 = 256 << 10;
/// Errors of Spark carry texts and parameters in their trailers.
const MAX_HEADERS: u32 = 1 << 20;
/// A peer that is gone without a word is noticed by TCP.
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);
/// gRPC for Java, and so Spark, hangs up on clients that ping more often than each five minutes.
const PING_EVERY: Duration = Duration::from_secs(330);
const PING_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) type Client = SparkConnectServiceClient<InterceptedService<Channel, Headers>>;

/// Where the Spark is.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// It is being started.
    Starting,
    At(Arc<Target>),
    Gone {
        reason: String,
        /// The last lines that it wrote, for whoever runs it.
        log: String,
    },
}

impl Interceptor for Headers {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        for (name, value) in self.0.iter() {
            request.metadata_mut().insert(name.clone(), value.clone());
        }
        Ok(request)
    }
}

#[derive(Debug)]
pub(crate) struct Connections {
    place: watch::Receiver<Place>,
    limits: ClusterLimits,
    /// How long calls wait for a Spark that is being started.
    patience: Duration,
    runtime: Handle,
    pool: Mutex<Option<Pool>>,
}

#[derive(Debug)]
struct Pool {
    target: Arc<Target>,
    lanes: Vec<(Client, Arc<AtomicUsize>)>,
}

/// A connection with a call on it.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) client: Client,
    pub(crate) target: Arc<Target>,
    calls: Arc<AtomicUsize>,
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connections {
    pub(crate) fn new(
        place: watch::Receiver<Place>,
        limits: ClusterLimits,
        patience: Duration,
        runtime: Handle,
    ) -> Self {
        Self { place, limits, patience, runtime, pool: Mutex::new(None) }
    }

    pub(crate) fn place(&self) -> Place {
        self.place.borrow().clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Place> {
        self.place.clone()
    }

    /// The connection with the fewest calls. Waits for a Spark that is being started; the error says why there is none.
    pub(crate) async fn lane(&self) -> Result<Lane, String> {
        let target = self.target().await?;
        let mut pool = self.pool.lock();
        let current = match pool.take() {
            Some(current) if Arc::ptr_eq(&current.target, &target) => current,
            Some(_) | None => self.connect(target)?,
        };
        let current = pool.insert(current);
        let least = current.lanes.iter().min_by_key(|(_, calls)| calls.load(Ordering::Relaxed));
        let (client, calls) = least.ok_or("there are no connections")?;
        calls.fetch_add(1, Ordering::Relaxed);
        Ok(Lane { client: client.clone(), target: Arc::clone(&current.target), calls: Arc::clone(calls) })
    }

    /// Whether `target` still runs, as far as this process knows.
    pub(crate) fn is_at(&self, target: &Arc<Target>) -> bool {
        match &*self.place.borrow() {
            Place::At(current) => Arc::ptr_eq(current, target),
            Place::Starting | Place::Gone { .. } => false,
        }
    }

    /// Lets go of the connections; calls that use them end first.
    pub(crate) fn close(&self) {
        *self.pool.lock() = None;
    }

    async fn target(&self) -> Result<Arc<Target>, String> {
        let mut place = self.place.clone();
        let arrival = async {
            loop {
                match &*place.borrow_and_update() {
                    Place::At(target) => return Ok(Arc::clone(target)),
                    Place::Gone { reason, .. } => return Err(reason.clone()),
                    Place::Starting => {}
                }
                if place.changed().await.is_err() {
                    return Err("it was stopped".to_owned());
                }
            }
        };
        tokio::time::timeout(self.patience, arrival)
            .await
            .unwrap_or_else(|_| Err(format!("it did not start within {:?}", self.patience)))
    }

    fn connect(&self, target: Arc<Target>) -> Result<Pool, String> {
        let endpoint = endpoint(&target, &self.limits)?;
        let max_message = target.url.max_message.unwrap_or(self.limits.max_message).as_usize();
        // The channel starts its own task, on the runtime that is entered.
        let _entered = self.runtime.enter();
        let lanes = (0..self.limits.connections.max(1))
            .map(|_| {
                let channel = match &target.door {
                    Some(door) => door.channel(&endpoint),
                    None => endpoint.connect_lazy(),
                };
                let client = SparkConnectServiceClient::with_interceptor(channel, target.headers.clone());
                (client.max_decoding_message_size(max_message), Arc::new(AtomicUsize::new(0)))
            })
            .collect();
        Ok(Pool { target, lanes })
    }
}

/// What connections are made with. Checks the address and the TLS settings too.
pub(crate) fn endpoint(target: &Target, limits: &ClusterLimits) -> Result<Endpoint, String> {
    let scheme = if target.tls.is_some() { "https" } else { "http" };
    let uri = format!("{scheme}://{}:{}", target.url.host, target.url.port);
    let agent =
        target.url.user_agent.clone().unwrap_or_else(|| concat!("hearth/", env!("CARGO_PKG_VERSION")).to_owned());
    let described = |error: tonic::transport::Error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("{}: {error}{cause}", target.url)
    };
    let endpoint = Endpoint::from_shared(uri)
        .map_err(described)?
        .user_agent(agent)
        .map_err(described)?
        .connect_timeout(limits.connect_timeout)
        .tcp_nodelay(true)
        .tcp_keepalive(Some(TCP_KEEPALIVE))
        .http2_keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT)
        .initial_stream_window_size(u32::try_from(limits.stream_window.bytes()).unwrap_or(CONNECTION_WINDOW))
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME)
        .http2_max_header_list_size(MAX_HEADERS);
    match &target.tls {
        Some(tls) => endpoint.tls_config(tls.clone()).map_err(described),
        None => Ok(endpoint),
    }
}
