//! What a pool may be told. Every bound has a name here, and errors say that name.

use std::collections::BTreeSet;
use std::time::Duration;

use hearth_base::ByteSize;

/// One pool of workers. Names in the docs are those of the table `[engines.NAME]`.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// What workers ask for.
    pub name: String,
    /// `workers`: the principals that may work for the pool; everybody when `None`.
    pub workers: Option<BTreeSet<String>>,
    /// `lease`: a worker that was silent for so long is lost.
    pub lease: Duration,
    /// `worker_timeout`: how long requests wait while no worker calls.
    pub worker_timeout: Duration,
    /// `max_requests`: requests that wait for a worker.
    pub max_queued: usize,
    /// `max_queued_size`: bytes of the requests that wait for a worker.
    pub max_queued_size: ByteSize,
    /// `answer_buffer`: bytes of one answer that its reader has not taken yet; the worker's next push waits above it.
    pub max_buffered: ByteSize,
    /// `push_wait`: how long a push waits for the reader before the worker is told to come again.
    pub push_wait: Duration,
    /// `max_bound_sessions`: sessions that are bound to a worker.
    pub max_bound_sessions: usize,
    /// `max_workers`: workers that are alive.
    pub max_workers: usize,
    /// `max_attempts`: workers that a request is given to, one after the other, while each is lost without an answer.
    pub max_attempts: u32,
}

impl PoolSettings {
    /// A pool that everybody may work for.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            workers: None,
            lease: Duration::from_secs(60),
            worker_timeout: Duration::from_secs(60),
            max_queued: 1_000,
            max_queued_size: ByteSize::mib(256),
            max_buffered: ByteSize::mib(16),
            push_wait: Duration::from_secs(30),
            max_bound_sessions: 10_000,
            max_workers: 256,
            max_attempts: 3,
        }
    }

    /// A limit as the settings call it.
    pub(crate) fn named_limit(&self, limit: &str) -> String {
        format!("engines.{}.{limit}", self.name)
    }

    /// How often those who wait look at the time.
    pub(crate) fn tick(&self) -> Duration {
        (self.lease.min(self.worker_timeout) / 8).clamp(Duration::from_millis(5), Duration::from_secs(5))
    }
}
