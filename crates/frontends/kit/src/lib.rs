//! What every door shares: listeners, TLS, who calls, request ids, limits, metrics, draining.
//!
//! A door gets `Incoming` connections and a future that ends when it must stop accepting. What a door serves is its own
//! business; HTTP doors add their routes to `http::router`.

mod browser;
mod connection;
pub mod credentials;
pub mod http;
pub mod limits;
mod listener;
mod metrics;
mod request;
mod shutdown;
mod tls;

pub use browser::BrowserGuard;
pub use connection::Connection;
pub use listener::{Exposure, Incoming, Listener};
pub use metrics::{Metrics, resident_memory};
pub use request::{RequestId, RequestLayer};
pub use shutdown::Shutdown;
pub use tls::TlsSettings;
