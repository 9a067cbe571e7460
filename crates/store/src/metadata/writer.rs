//! The one task that writes: what has queued up goes into one transaction, its callers hear after the commit.

use hearth_base::clock::EpochMillis;
use hearth_base::condition::SERVER_STOPPED;
use hearth_base::{Error, OperationId, Result};
use hearth_core::store::{Document, FailureRecord, OperationRecord, TokenRecord};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Row, Sqlite, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::{failed, row};

/// `store.batch`: writes in one transaction.
const BATCH: usize = 256;

/// A write, and who waits for it.
pub(super) struct Request {
    pub write: Write,
    pub reply: oneshot::Sender<Result<Reply>>,
}

pub(super) enum Write {
    Operation(Box<OperationRecord>),
    FailUnfinished(EpochMillis),
    ExpireOperations(EpochMillis),
    PruneHistory(EpochMillis),
    ReleaseOperations(Vec<OperationId>),
    Document(Document),
    DeleteDocument { kind: String, id: String },
    DeleteDocuments { kind: String },
    Token(TokenRecord),
    DeleteToken(String),
}

/// What a write did: how many rows it changed, or which operations.
pub(super) enum Reply {
    Count(u64),
    Ids(Vec<OperationId>),
}

impl Reply {
    pub fn count(self) -> u64 {
        match self {
            Self::Count(count) => count,
            Self::Ids(ids) => ids.len() as u64,
        }
    }

    pub fn ids(self) -> Vec<OperationId> {
        match self {
            Self::Count(_) => Vec::new(),
            Self::Ids(ids) => ids,
        }
    }
}

/// Writes until all senders are gone.
pub(super) async fn run(connection: &mut SqliteConnection, mut requests: mpsc::Receiver<Request>) {
    let mut batch = Vec::new();
    while requests.recv_many(&mut batch, BATCH).await > 0 {
        write_batch(connection, std::mem::take(&mut batch)).await;
    }
}

async fn write_batch(connection: &mut SqliteConnection, batch: Vec<Request>) {
    // One statement is a transaction by itself.
    if batch.len() == 1 {
        for request in batch {
            answer(request.reply, apply(connection, request.write).await);
        }
        return;
    }
    let mut done = Vec::with_capacity(batch.len());
    if let Err(error) = sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await {
        let error = failed(error);
        return batch.into_iter().for_each(|request| answer(request.reply, Err(error.clone())));
    }
    for request in batch {
        // A statement that fails leaves the others of the transaction alone.
        done.push((request.reply, apply(connection, request.write).await));
    }
    let committed = sqlx::query("COMMIT").execute(&mut *connection).await;
    let lost = committed.err().map(failed);
    if lost.is_some()
        && let Err(error) = sqlx::query("ROLLBACK").execute(&mut *connection).await
    {
        tracing::error!(%error, "a transaction that did not commit does not roll back either");
    }
    for (reply, outcome) in done {
        answer(reply, lost.as_ref().map_or(outcome, |error| Err(error.clone())));
    }
}

fn answer(reply: oneshot::Sender<Result<Reply>>, outcome: Result<Reply>) {
    // A caller that was cancelled does not wait for its answer; the write stands all the same.
    let _ = reply.send(outcome);
}

async fn apply(connection: &mut SqliteConnection, write: Write) -> Result<Reply> {
    let query = match write {
        Write::Operation(record) => {
            // The plain statement of the usual case costs half of the one that fits all cases.
            let usual = if record.state.is_finished() { finished(&record) } else { submitted(&record)? };
            let done = usual.execute(&mut *connection).await.map_err(failed)?;
            if done.rows_affected() > 0 {
                return Ok(Reply::Count(done.rows_affected()));
            }
            operation(*record)?
        }
        Write::FailUnfinished(now) => fail_unfinished(now)?,
        Write::ExpireOperations(before) => return expire_operations(connection, before).await,
        Write::PruneHistory(before) => prune_history(before),
        Write::ReleaseOperations(ids) => release_operations(&ids)?,
        Write::Document(document) => put_document(document),
        Write::DeleteDocument { kind, id } => {
            sqlx::query("DELETE FROM documents WHERE kind = ?1 AND id = ?2").bind(kind).bind(id)
        }
        Write::DeleteDocuments { kind } => sqlx::query("DELETE FROM documents WHERE kind = ?1").bind(kind),
        Write::Token(token) => put_token(token),
        Write::DeleteToken(id) => sqlx::query("DELETE FROM tokens WHERE id = ?1").bind(id),
    };
    query.execute(connection).await.map(|done| Reply::Count(done.rows_affected())).map_err(failed)
}

type Statement = Query<'static, Sqlite, SqliteArguments>;

fn submitted(record: &OperationRecord) -> Result<Statement> {
    let tags = serde_json::to_string(&record.tags).map_err(Error::internal)?;
    Ok(sqlx::query(
        "INSERT OR IGNORE INTO operations (id, principal, session, server_session, state, reattachable, tags, description, \
         submitted_at, result_rows, result_bytes, door, client, warehouse, request) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, ?10, ?11, ?12, ?13)",
    )
    .bind(record.id.to_string())
    .bind(record.principal.to_string())
    .bind(record.session.to_string())
    .bind(record.server_session.clone())
    .bind(record.state.name())
    .bind(record.reattachable)
    .bind(tags)
    .bind(record.description.clone())
    .bind(record.submitted_at)
    .bind(record.origin.door.clone())
    .bind(record.origin.client.clone())
    .bind(record.origin.warehouse.clone())
    .bind(record.origin.request.clone()))
}

fn finished(record: &OperationRecord) -> Statement {
    sqlx::query(
        "UPDATE operations SET state = ?2, started_at = ?3, finished_at = ?4, result_rows = ?5, result_bytes = ?6, \
         failure = ?7, result = ?8 WHERE id = ?1 AND principal = ?9 AND session = ?10 AND server_session = ?11",
    )
    .bind(record.id.to_string())
    .bind(record.state.name())
    .bind(record.started_at)
    .bind(record.finished_at)
    .bind(record.rows)
    .bind(record.bytes)
    .bind(record.failure.as_ref().map(row::failure_text))
    .bind(record.result.as_ref().map(|result| result.to_vec()))
    .bind(record.principal.to_string())
    .bind(record.session.to_string())
    .bind(record.server_session.clone())
}

/// An id belongs to the incarnation of the session that brought it: another one changes nothing, and its caller hears
/// that the operation exists.
fn operation(record: OperationRecord) -> Result<Statement> {
    let tags = serde_json::to_string(&record.tags).map_err(Error::internal)?;
    let failure = record.failure.as_ref().map(row::failure_text);
    Ok(sqlx::query(
        "INSERT INTO operations (id, principal, session, server_session, state, reattachable, tags, description, \
         submitted_at, started_at, finished_at, result_rows, result_bytes, failure, door, client, warehouse, \
         request, result) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19) \
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, started_at = excluded.started_at, \
         finished_at = excluded.finished_at, result_rows = excluded.result_rows, \
         result_bytes = excluded.result_bytes, failure = excluded.failure, tags = excluded.tags, \
         description = excluded.description, submitted_at = excluded.submitted_at, \
         reattachable = excluded.reattachable, request = excluded.request, result = excluded.result \
         WHERE principal = excluded.principal AND session = excluded.session \
         AND server_session = excluded.server_session",
    )
    .bind(record.id.to_string())
    .bind(record.principal.to_string())
    .bind(record.session.to_string())
    .bind(record.server_session)
    .bind(record.state.name())
    .bind(record.reattachable)
    .bind(tags)
    .bind(record.description)
    .bind(record.submitted_at)
    .bind(record.started_at)
    .bind(record.finished_at)
    .bind(record.rows)
    .bind(record.bytes)
    .bind(failure)
    .bind(record.origin.door.clone())
    .bind(record.origin.client)
    .bind(record.origin.warehouse)
    .bind(record.origin.request)
    .bind(record.result.map(Vec::from)))
}

fn release_operations(ids: &[OperationId]) -> Result<Statement> {
    let ids: Vec<&str> = ids.iter().map(OperationId::as_str).collect();
    let ids = serde_json::to_string(&ids).map_err(Error::internal)?;
    Ok(sqlx::query(
        "UPDATE operations SET state = 'EXPIRED', result = NULL \
         WHERE id IN (SELECT value FROM json_each(?1)) AND state IN ('SUCCEEDED', 'FAILED', 'CANCELLED')",
    )
    .bind(ids))
}

fn put_document(document: Document) -> Statement {
    sqlx::query(
        "INSERT INTO documents (kind, id, body) VALUES (?1, ?2, ?3) \
         ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
    )
    .bind(document.kind)
    .bind(document.id)
    .bind(document.body)
}

fn fail_unfinished(now: EpochMillis) -> Result<Statement> {
    let failure = row::failure_text(&FailureRecord::of(&SERVER_STOPPED.error()));
    Ok(sqlx::query(
        "UPDATE operations SET state = 'FAILED', finished_at = ?1, failure = ?2 WHERE state IN ('QUEUED', 'RUNNING')",
    )
    .bind(now)
    .bind(failure))
}

async fn expire_operations(connection: &mut SqliteConnection, before: EpochMillis) -> Result<Reply> {
    let rows = sqlx::query(
        "UPDATE operations SET state = 'EXPIRED', result = NULL \
         WHERE finished_at IS NOT NULL AND state <> 'EXPIRED' AND finished_at < ?1 RETURNING id",
    )
    .bind(before)
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let id = |row: &sqlx::sqlite::SqliteRow| row.try_get::<String, _>(0).map(OperationId::new).map_err(failed);
    rows.iter().map(id).collect::<Result<_>>().map(Reply::Ids)
}

/// Only what has expired: anything else may still be asked for.
fn prune_history(before: EpochMillis) -> Statement {
    sqlx::query("DELETE FROM operations WHERE submitted_at < ?1 AND state = 'EXPIRED'").bind(before)
}

fn put_token(token: TokenRecord) -> Statement {
    sqlx::query(
        "INSERT INTO tokens (id, principal, hash, comment, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(token.id)
    .bind(token.principal.to_string())
    .bind(token.hash.to_vec())
    .bind(token.comment)
    .bind(token.created_at)
    .bind(token.expires_at)
}
