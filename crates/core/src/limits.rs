//! The named limits of core, with their defaults. The server's settings fill this struct.

use std::time::Duration;

use hearth_base::ByteSize;

#[derive(Debug, Clone)]
pub struct Limits {
    /// `session.max`: open sessions in the server.
    pub max_sessions: usize,
    /// `session.idle_timeout`: a session nobody uses is closed after this.
    pub session_idle_timeout: Duration,
    /// `session.max_tombstones`: how many closed sessions are remembered.
    pub max_tombstones: usize,
    /// `session.max_errors`: how many errors a session keeps for FetchErrorDetails.
    pub max_errors_per_session: usize,
    /// `operation.max_running`: operations that run at once; more wait in a queue that is fair between principals.
    pub max_running_operations: usize,
    /// `operation.max_queued`: operations that wait; more are refused.
    pub max_queued_operations: usize,
    /// `operation.retention`: how long a finished operation that nobody released keeps its result.
    pub operation_retention: Duration,
    /// `operation.abandon_timeout`: a running reattachable operation that no client is attached to is given up after this.
    pub abandon_timeout: Duration,
    /// `operation.max_recent`: ended operations that are kept in memory; older ones are read from the store.
    pub max_recent_operations: usize,
    /// `history.retention`: how long the history tells of an expired operation.
    pub history_retention: Duration,
    /// `result.memory`: bytes of one result that are kept in memory; the rest goes to disk.
    pub result_memory: ByteSize,
    /// `result.max_size`: bytes of one result; over it the operation fails.
    pub max_result_size: ByteSize,
    /// `result.chunk_size`: bytes that one chunk of a result aims at.
    pub chunk_size: ByteSize,
    /// `result.chunk_rows`: rows that one chunk has at most.
    pub chunk_rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_sessions: 10_000,
            session_idle_timeout: Duration::from_secs(60 * 60),
            max_tombstones: 1_000,
            max_errors_per_session: 100,
            max_running_operations: 64,
            max_queued_operations: 10_000,
            operation_retention: Duration::from_secs(60 * 60),
            abandon_timeout: Duration::from_secs(10 * 60),
            max_recent_operations: 1_000,
            history_retention: Duration::from_secs(30 * 24 * 60 * 60),
            result_memory: ByteSize::mib(16),
            max_result_size: ByteSize::gib(100),
            chunk_size: ByteSize::mib(4),
            chunk_rows: 65_536 * 4,
        }
    }
}
