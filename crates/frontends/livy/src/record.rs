//! What is kept of sessions and batches, as documents in the store.
//!
//! Ids rise as long as the store lives. A session's statements are documents of a kind of their own, so that they are
//! read and deleted together.

use std::collections::BTreeMap;
use std::sync::Arc;

use hearth_base::clock::EpochMillis;
use hearth_base::{Error, Result};
use hearth_core::MetadataStore;
use hearth_core::store::Document;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::{Kind, Resources, State};
use crate::statement::StatementRecord;

const SESSION: &str = "livy.session";
const BATCH: &str = "livy.batch";
const COUNTER: &str = "livy.next_id";

/// A session as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SessionRecord {
    pub id: i32,
    pub name: Option<String>,
    pub owner: Option<String>,
    pub proxy_user: Option<String>,
    /// Whose session it is in core.
    pub principal: String,
    /// The id of core's session.
    pub spark: String,
    pub kind: Kind,
    pub heartbeat_timeout: i32,
    pub ttl: Option<String>,
    pub idle_timeout: Option<String>,
    pub resources: Resources,
    pub created_at: EpochMillis,
    pub phase: Phase,
    pub finished_at: Option<EpochMillis>,
    /// Where interpreters are found again, by language.
    pub interpreters: BTreeMap<String, String>,
    /// Jobs that were asked for so far.
    pub jobs: i64,
    /// What the session says of itself in its log.
    pub notes: Vec<String>,
}

/// A batch as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BatchRecord {
    pub id: i32,
    pub name: Option<String>,
    pub owner: Option<String>,
    pub proxy_user: Option<String>,
    pub principal: String,
    pub spark: String,
    pub file: String,
    pub class_name: Option<String>,
    pub args: Vec<String>,
    pub resources: Resources,
    pub created_at: EpochMillis,
    pub state: State,
    pub finished_at: Option<EpochMillis>,
    pub interpreter: Option<String>,
    /// The log of what has ended, and what the batch says of itself.
    pub log: Vec<String>,
}

/// How far a session is. What it reports follows from this and from its statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    Starting,
    Ready,
    ShuttingDown,
    /// Its interpreter died.
    Error,
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PhaseEvent {
    Started,
    /// It does not start.
    Failed,
    InterpreterDied,
    Stop,
    Stopped,
}

impl Phase {
    pub fn apply(self, event: PhaseEvent) -> Option<Self> {
        match (self, event) {
            (Self::Starting, PhaseEvent::Started) => Some(Self::Ready),
            (Self::Starting, PhaseEvent::Failed) | (Self::ShuttingDown, PhaseEvent::Stopped) => Some(Self::Dead),
            (Self::Starting | Self::Ready, PhaseEvent::InterpreterDied) => Some(Self::Error),
            (Self::Starting | Self::Ready | Self::Error, PhaseEvent::Stop) => Some(Self::ShuttingDown),
            (Self::Starting | Self::Ready | Self::Error, PhaseEvent::Stopped)
            | (Self::Ready | Self::ShuttingDown | Self::Error, PhaseEvent::Started | PhaseEvent::Failed)
            | (Self::ShuttingDown | Self::Error, PhaseEvent::InterpreterDied)
            | (Self::ShuttingDown, PhaseEvent::Stop)
            | (Self::Dead, _) => None,
        }
    }
}

/// Keeps records.
#[derive(Debug, Clone)]
pub(crate) struct Archive {
    store: Arc<dyn MetadataStore>,
}

impl Archive {
    pub fn new(store: Arc<dyn MetadataStore>) -> Self {
        Self { store }
    }

    pub async fn put_session(&self, record: &SessionRecord) -> Result<()> {
        self.put(SESSION, key(record.id), record).await
    }

    pub async fn sessions(&self) -> Result<Vec<SessionRecord>> {
        self.read(SESSION).await
    }

    /// Forgets a session and its statements.
    pub async fn delete_session(&self, id: i32) -> Result<()> {
        self.store.delete_document(SESSION, &key(id)).await?;
        self.store.delete_documents(&statements_of(id)).await.map(|_| ())
    }

    pub async fn put_statement(&self, session: i32, record: &StatementRecord) -> Result<()> {
        self.put(&statements_of(session), key(record.id), record).await
    }

    pub async fn statements(&self, session: i32) -> Result<Vec<StatementRecord>> {
        self.read(&statements_of(session)).await
    }

    pub async fn delete_statement(&self, session: i32, statement: i32) -> Result<()> {
        self.store.delete_document(&statements_of(session), &key(statement)).await.map(|_| ())
    }

    pub async fn put_batch(&self, record: &BatchRecord) -> Result<()> {
        self.put(BATCH, key(record.id), record).await
    }

    pub async fn batches(&self) -> Result<Vec<BatchRecord>> {
        self.read(BATCH).await
    }

    pub async fn delete_batch(&self, id: i32) -> Result<()> {
        self.store.delete_document(BATCH, &key(id)).await.map(|_| ())
    }

    /// The id after the last one that was given out, for `sessions` or `batches`.
    pub async fn next_id(&self, of: &str) -> Result<i32> {
        let documents = self.store.documents(COUNTER).await?;
        let counter = documents.iter().find(|document| document.id == of);
        Ok(counter.and_then(|document| document.body.parse().ok()).unwrap_or(0))
    }

    pub async fn put_next_id(&self, of: &str, next: i32) -> Result<()> {
        let document = Document { kind: COUNTER.to_owned(), id: of.to_owned(), body: next.to_string() };
        self.store.put_document(document).await
    }

    async fn put(&self, kind: &str, id: String, record: &impl Serialize) -> Result<()> {
        let body = serde_json::to_string(record)
            .map_err(|error| Error::internal("a record of a session does not write").caused_by(error))?;
        self.store.put_document(Document { kind: kind.to_owned(), id, body }).await
    }

    /// Records that read; one that does not is from another version, and the log says so.
    async fn read<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<T>> {
        let mut records = Vec::new();
        for document in self.store.documents(kind).await? {
            match serde_json::from_str(&document.body) {
                Ok(record) => records.push(record),
                Err(error) => tracing::warn!(kind, id = document.id, %error, "a record does not read"),
            }
        }
        Ok(records)
    }
}

fn statements_of(session: i32) -> String {
    format!("livy.session.{session}.statement")
}

/// Sorts as the number does.
fn key(id: i32) -> String {
    format!("{id:010}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_session_stays_dead() {
        let events = [
            PhaseEvent::Started,
            PhaseEvent::Failed,
            PhaseEvent::InterpreterDied,
            PhaseEvent::Stop,
            PhaseEvent::Stopped,
        ];
        assert!(events.into_iter().all(|event| Phase::Dead.apply(event).is_none()));
        let life = [PhaseEvent::Started, PhaseEvent::InterpreterDied, PhaseEvent::Stop, PhaseEvent::Stopped];
        let end = life.into_iter().try_fold(Phase::Starting, Phase::apply);
        assert_eq!(end, Some(Phase::Dead));
    }
}
