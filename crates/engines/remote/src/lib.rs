//! Sessions on a Spark elsewhere: what the cluster engine and the worker engine have in common.
//!
//! An [`Upstream`] carries the calls of Spark Connect to where they are answered, however it does that; a
//! [`RemoteEngine`] makes an engine of it.

mod artifact;
mod engine;
mod execute;
mod failure;
mod interrupt;
mod link;
mod parameter;
mod place;
mod question;
mod session;
mod setting;
mod sql;
pub mod upstream;
mod warehouse;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

pub use engine::{RemoteEngine, RemoteSettings};
pub use upstream::{Failure, Responses, Upstream};
