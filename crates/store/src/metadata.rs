//! `SqliteStore`: core's `MetadataStore` on SQLite in WAL mode.
//!
//! One task owns the writing connection and takes what has queued up into one transaction (`writer`); callers are
//! answered after its commit, so a killed process loses nothing that was acknowledged. Readers use a small pool and never
//! wait for the writer. `row` turns rows into records, `history` builds the one query whose text depends on its caller.

mod history;
mod row;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hearth_base::clock::EpochMillis;
use hearth_base::condition::{DRAINING, OPERATION_ALREADY_EXISTS};
use hearth_base::task::TaskGroup;
use hearth_base::{Error, OperationId, Result};
use hearth_core::MetadataStore;
use hearth_core::history::{HistoryFilter, HistoryPage};
use hearth_core::store::{Document, OperationRecord, TokenRecord};
use parking_lot::Mutex;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use writer::{Reply, Request, Write};

/// `store.queue`: writes that wait for the writer; callers wait for room.
const WRITE_QUEUE: usize = 4096;
/// Connections for reading.
const READERS: u32 = 3;
/// Pages in the log before it goes into the database, for which writes wait: 16 MiB.
const CHECKPOINT_PAGES: &str = "4096";
/// How long a statement waits for another process that holds the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long closing waits for queued writes.
const CLOSE_GRACE: Duration = Duration::from_secs(10);

/// Where the database is and how sure a write must be.
#[derive(Debug, Clone)]
pub struct SqliteSettings {
    pub path: PathBuf,
    /// `store.fsync`: wait for the disk with each commit, so that a power loss loses nothing either.
    pub fsync: bool,
}

/// Metadata in one SQLite database.
#[derive(Debug)]
pub struct SqliteStore {
    readers: SqlitePool,
    /// `None` once the store is closed.
    writer: Mutex<Option<mpsc::Sender<Request>>>,
    tasks: TaskGroup,
}

impl SqliteStore {
    /// Opens the database, makes it or brings it up to date. The writer runs on `runtime`.
    pub async fn open(settings: SqliteSettings, runtime: Handle) -> Result<Arc<Self>> {
        let failed = |error| unusable(&settings.path, error);
        let options = connect_options(&settings);
        let mut connection = options.connect().await.map_err(failed)?;
        sqlx::migrate!("./migrations")
            .run_direct(None, &mut connection, false)
            .await
            .map_err(|error| unusable(&settings.path, sqlx::Error::from(error)))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(0)
            .test_before_acquire(false)
            .connect_lazy_with(options.clone().read_only(true));
        let (sender, receiver) = mpsc::channel(WRITE_QUEUE);
        let tasks = TaskGroup::new(runtime);
        tasks.spawn("metadata writer", async move {
            writer::run(&mut connection, receiver).await;
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "the metadata database did not close");
            }
        });
        Ok(Arc::new(Self { readers, writer: Mutex::new(Some(sender)), tasks }))
    }

    /// Hands a write to the writer and waits for its commit.
    async fn write(&self, write: Write) -> Result<Reply> {
        let sender = self.writer.lock().clone().ok_or_else(|| DRAINING.error())?;
        let (reply, answer) = oneshot::channel();
        sender.send(Request { write, reply }).await.map_err(|_| DRAINING.error())?;
        answer.await.map_err(|_| DRAINING.error())?
    }
}

fn connect_options(settings: &SqliteSettings) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(&settings.path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(if settings.fsync { SqliteSynchronous::Full } else { SqliteSynchronous::Normal })
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

fn unusable(path: &Path, error: sqlx::Error) -> Error {
    Error::internal(format!("the database {} cannot be used: {error}", path.display())).caused_by(error)
}

fn failed(error: sqlx::Error) -> Error {
    Error::internal(format!("the metadata database failed: {error}")).caused_by(error)
}

#[async_trait]
impl MetadataStore for SqliteStore {
    async fn put_operation(&self, record: OperationRecord) -> Result<()> {
        let id = record.id.clone();
        match self.write(Write::Operation(Box::new(record))).await? {
            Reply::Count(0) => Err(OPERATION_ALREADY_EXISTS.with("handle", id)),
            Reply::Count(_) | Reply::Ids(_) => Ok(()),
        }
    }

    async fn operation(&self, id: &OperationId) -> Result<Option<OperationRecord>> {
        sqlx::query("SELECT * FROM operations WHERE id = ?1")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?
            .map(|row| row::operation(&row))
            .transpose()
    }

    async fn fail_unfinished(&self, now: EpochMillis) -> Result<u64> {
        self.write(Write::FailUnfinished(now)).await.map(Reply::count)
    }

    async fn expire_operations(&self, before: EpochMillis) -> Result<Vec<OperationId>> {
        self.write(Write::ExpireOperations(before)).await.map(Reply::ids)
    }

    async fn prune_history(&self, before: EpochMillis) -> Result<u64> {
        self.write(Write::PruneHistory(before)).await.map(Reply::count)
    }

    async fn release_operations(&self, ids: Vec<OperationId>) -> Result<u64> {
        self.write(Write::ReleaseOperations(ids)).await.map(Reply::count)
    }

    async fn history(&self, filter: &HistoryFilter) -> Result<HistoryPage> {
        history::page(&self.readers, filter).await
    }

    async fn put_document(&self, document: Document) -> Result<()> {
        self.write(Write::Document(document)).await.map(|_| ())
    }

    async fn documents(&self, kind: &str) -> Result<Vec<Document>> {
        let query = sqlx::query("SELECT * FROM documents WHERE kind = ?1 ORDER BY id").bind(kind.to_owned());
        query.fetch_all(&self.readers).await.map_err(failed)?.iter().map(row::document).collect()
    }

    async fn delete_document(&self, kind: &str, id: &str) -> Result<bool> {
        let write = Write::DeleteDocument { kind: kind.to_owned(), id: id.to_owned() };
        self.write(write).await.map(|reply| reply.count() > 0)
    }

    async fn delete_documents(&self, kind: &str) -> Result<u64> {
        self.write(Write::DeleteDocuments { kind: kind.to_owned() }).await.map(Reply::count)
    }

    async fn put_token(&self, token: TokenRecord) -> Result<()> {
        self.write(Write::Token(token)).await.map(|_| ())
    }

    async fn token_by_hash(&self, hash: &[u8; 32]) -> Result<Option<TokenRecord>> {
        sqlx::query("SELECT * FROM tokens WHERE hash = ?1")
            .bind(hash.as_slice())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?
            .map(|row| row::token(&row))
            .transpose()
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>> {
        let rows = sqlx::query("SELECT * FROM tokens ORDER BY created_at, id").fetch_all(&self.readers).await;
        rows.map_err(failed)?.iter().map(row::token).collect()
    }

    async fn delete_token(&self, id: &str) -> Result<bool> {
        self.write(Write::DeleteToken(id.to_owned())).await.map(|reply| reply.count() > 0)
    }

    async fn close(&self) {
        // Without a sender the writer ends behind what is queued.
        self.writer.lock().take();
        self.tasks.shutdown(CLOSE_GRACE).await;
        self.readers.close().await;
    }
}
