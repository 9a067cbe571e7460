//! The seam to engines that can only call out: they pull requests and push answers.
//!
//! Requests and answers are encoded `dataframe_processor.Request` and `dataframe_processor.Response`; only the engine
//! behind the desk and its workers look inside.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hearth_base::Result;

use crate::Principal;

/// Where workers of all pools take their work and hand in its answers.
#[async_trait]
pub trait WorkerDesk: Send + Sync + std::fmt::Debug {
    /// The next request for this worker, or `None` when `wait` has passed without one. `worker` is what the worker
    /// calls itself, `POOL/NAME`, or `NAME` where there is only one pool; it may be empty. An error of kind `Denied` when the
    /// principal may not work for the pool.
    async fn pull(&self, principal: &Principal, worker: &str, wait: Duration) -> Result<Option<Bytes>>;

    /// Takes an answer, or a part of one. `HEARTH_NO_SUCH_REQUEST` when nobody waits for it, or when it is leased to
    /// another principal's worker; `HEARTH_ANSWERED_ALREADY` when it was taken before.
    async fn push(&self, principal: &Principal, response: Bytes) -> Result<()>;
}
