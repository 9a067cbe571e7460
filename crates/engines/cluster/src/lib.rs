//! A real Spark behind the doors, over gRPC.
//!
//! [`GrpcUpstream`] carries the calls of Spark Connect to a server that is there ([`ClusterSettings`]), or to one that
//! runs as a child of this process ([`LocalSpark`]). Streams survive cuts; no plan is ever run twice. What the answers
//! mean is no business of this crate.

mod backoff;
mod connections;
mod ending;
mod execution;
mod health;
mod in_process;
mod line;
pub mod local;
mod release;
pub mod settings;
mod upstream;
pub mod url;

pub use in_process::Arrivals;
pub use local::{LocalSpark, LocalSparkSettings};
pub use settings::{ClusterLimits, ClusterSettings};
pub use upstream::GrpcUpstream;
pub use url::ClusterUrl;
