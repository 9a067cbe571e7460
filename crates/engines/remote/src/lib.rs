//! Sessions on a Spark elsewhere: what the cluster engine and the worker engine have in common.
//!
//! An [`Upstream`] carries the calls of Spark Connect to where they are answered, however it does that; a
//! [`RemoteEngine`] makes an engine of it.

pub mod upstream;

pub use upstream::{Failure, Responses, Upstream};
