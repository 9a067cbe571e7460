//! The seams to what outlives the process: metadata and results.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hearth_base::clock::EpochMillis;
use hearth_base::{OperationId, PrincipalId, Result, SessionId};

use crate::OperationState;
use crate::history::{HistoryFilter, HistoryPage};

/// What is kept of an operation. Enough to answer for it after a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationRecord {
    pub id: OperationId,
    pub principal: PrincipalId,
    pub session: SessionId,
    /// The incarnation of the session that ran it.
    pub server_session: String,
    pub state: OperationState,
    pub reattachable: bool,
    pub tags: Vec<String>,
    /// The SQL text, or a short description of the plan; for the history.
    pub description: String,
    pub submitted_at: EpochMillis,
    pub started_at: Option<EpochMillis>,
    pub finished_at: Option<EpochMillis>,
    pub rows: i64,
    pub bytes: i64,
    pub failure: Option<FailureRecord>,
    pub origin: Origin,
    /// The whole result when it is small (`ResultLog::seal`); larger ones are in the `ResultStore`. Written with the
    /// end of an operation and read by `MetadataStore::operation` only.
    pub result: Option<Bytes>,
}

/// Where an operation came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The door: `connect`, `statements`, `livy`, `cli`.
    pub door: String,
    /// What the client calls itself.
    pub client: String,
    /// The warehouse that was asked, where a door has them.
    pub warehouse: Option<String>,
    /// What the door must know to answer for the operation again, in the door's own form.
    pub request: String,
}

/// A small document that a door keeps, as text that only the door reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub kind: String,
    pub id: String,
    pub body: String,
}

/// An error in the form in which it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRecord {
    pub condition: String,
    pub sqlstate: String,
    pub message: String,
    pub parameters: Vec<(String, String)>,
    /// What stands behind the SQLSTATE: the place in a SQL text.
    pub trailer: Option<String>,
}

/// A token as it is kept: never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    pub id: String,
    pub principal: PrincipalId,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    pub comment: String,
    pub created_at: EpochMillis,
    pub expires_at: Option<EpochMillis>,
}

/// Small facts that outlive the process. A call that returned is not lost when the process is killed.
#[async_trait]
pub trait MetadataStore: Send + Sync + std::fmt::Debug {
    /// Writes a new operation or the new state of a known one. Calls for one operation are applied in their order.
    async fn put_operation(&self, record: OperationRecord) -> Result<()>;

    async fn operation(&self, id: &OperationId) -> Result<Option<OperationRecord>>;

    /// Marks what was not finished as failed with `HEARTH_SERVER_STOPPED`; called once at start. Returns how many.
    async fn fail_unfinished(&self, now: EpochMillis) -> Result<u64>;

    /// Marks finished operations older than `before` as expired and returns their ids, so that results can go.
    async fn expire_operations(&self, before: EpochMillis) -> Result<Vec<OperationId>>;

    /// Forgets history older than `before`.
    async fn prune_history(&self, before: EpochMillis) -> Result<u64>;

    /// Marks operations as expired and drops the results that are kept with them.
    async fn release_operations(&self, ids: Vec<OperationId>) -> Result<u64>;

    /// Operations of all doors, newest first.
    async fn history(&self, filter: &HistoryFilter) -> Result<HistoryPage>;

    /// Writes a document, over one of the same kind and id.
    async fn put_document(&self, document: Document) -> Result<()>;

    /// All documents of a kind, by id.
    async fn documents(&self, kind: &str) -> Result<Vec<Document>>;

    /// Whether there was such a document.
    async fn delete_document(&self, kind: &str, id: &str) -> Result<bool>;

    /// Deletes all documents of a kind. Returns how many there were.
    async fn delete_documents(&self, kind: &str) -> Result<u64>;

    async fn put_token(&self, token: TokenRecord) -> Result<()>;

    async fn token_by_hash(&self, hash: &[u8; 32]) -> Result<Option<TokenRecord>>;

    async fn tokens(&self) -> Result<Vec<TokenRecord>>;

    /// Whether there was such a token.
    async fn delete_token(&self, id: &str) -> Result<bool>;

    async fn close(&self);
}

/// The file of one operation's result: frames, appended in order, read by place.
#[async_trait]
pub trait ResultFile: Send + Sync + std::fmt::Debug {
    /// Appends a frame and returns its place.
    async fn append(&self, frame: Bytes) -> Result<u64>;

    async fn read(&self, place: u64, length: usize) -> Result<Bytes>;

    /// Writes the index behind the frames: from now on the file answers after a restart.
    async fn seal(&self, index: Bytes) -> Result<()>;
}

/// Results that do not fit in memory or must outlive the process.
#[async_trait]
pub trait ResultStore: Send + Sync + std::fmt::Debug {
    async fn create(&self, id: &OperationId) -> Result<Arc<dyn ResultFile>>;

    /// A sealed file and its index.
    async fn open(&self, id: &OperationId) -> Result<Option<(Arc<dyn ResultFile>, Bytes)>>;

    async fn remove(&self, id: &OperationId) -> Result<()>;

    /// Removes files that were never sealed; called once at start.
    async fn remove_unsealed(&self) -> Result<u64>;
}
