//! The limits that hold for all doors, by name.

use std::time::Duration;

/// `listener.max_connections`: open connections of one listener; more wait in the system's queue.
pub const MAX_CONNECTIONS: usize = 10_000;
/// `listener.max_handshakes`: TLS handshakes at one time.
pub const MAX_HANDSHAKES: usize = 256;
/// `listener.handshake_timeout`: a TLS handshake takes at most this.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// `http.header_timeout`: the headers of a request arrive within this.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// `http.max_headers_size`: bytes of the headers of one request.
pub const MAX_HEADERS_SIZE: usize = 64 * 1024;
/// `http.max_headers`: headers of one request.
pub const MAX_HEADERS: usize = 128;
/// `http.max_body_size`: bytes of the body of one request, where a door does not say otherwise.
pub const MAX_BODY_SIZE: usize = 16 * 1024 * 1024;
/// How long accepting pauses after it failed (too many open files).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
