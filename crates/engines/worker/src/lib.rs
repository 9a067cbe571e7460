//! Engines that can only call out: the desk where they take requests, and the worker that Hearth ships.
//!
//! On the gateway, a [`Desk`] holds pools. A pool is an `Upstream`: what an engine asks of it waits in a queue until a
//! worker pulls it, and the worker's pushes become the answer. [`agent`] is the other end: it pulls by HTTP and forwards
//! to an `Upstream` of its own, which may be the embedded engine or a Spark beside it.
//!
//! Nothing is ever run again after its answer began, and what a worker keeps for a session is gone with the worker: the
//! session then fails with Spark's `INVALID_HANDLE.SESSION_CHANGED`.

pub mod agent;
mod answer;
mod call;
mod desk;
mod pool;
mod queue;
mod remembered;
mod request;
mod settings;
mod status;
mod upstream;

pub use agent::{Agent, AgentError, AgentSettings};
pub use desk::{Desk, PoolSnapshot};
pub use settings::PoolSettings;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
