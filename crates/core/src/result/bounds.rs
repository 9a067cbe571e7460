//! What a door allows one operation: rows, bytes, time.

use std::time::Duration;

use hearth_base::{ByteSize, Error};

/// The bounds of one operation. Without any, only the server's own limits hold.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// More rows than these are left out.
    pub rows: Option<i64>,
    pub bytes: Option<ByteBound>,
    /// The work is stopped after this time.
    pub timeout: Option<Duration>,
    /// An operation that nobody asks about is given up after this time instead of `operation.abandon_timeout`.
    pub abandon_after: Option<Duration>,
}

/// What happens to a result that is larger than a door can take.
#[derive(Debug, Clone)]
pub enum ByteBound {
    /// The rows behind are left out.
    Truncate(ByteSize),
    /// The operation fails.
    Refuse(ByteSize, Error),
}
