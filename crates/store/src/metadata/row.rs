//! Rows to records. A row that does not make sense is an error that names it, never a panic.

use bytes::Bytes;
use hearth_base::{Error, OperationId, PrincipalId, Result, SessionId};
use hearth_core::OperationState;
use hearth_core::store::{Document, FailureRecord, OperationRecord, Origin, TokenRecord};
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::failed;

pub(super) fn operation(row: &SqliteRow) -> Result<OperationRecord> {
    let id: String = row.try_get("id").map_err(failed)?;
    read_operation(row, &id).map_err(|error| damaged("operation", &id, &error))
}

fn read_operation(row: &SqliteRow, id: &str) -> Result<OperationRecord, Box<dyn std::error::Error + Send + Sync>> {
    let state: String = row.try_get("state")?;
    let tags: String = row.try_get("tags")?;
    let failure: Option<String> = row.try_get("failure")?;
    Ok(OperationRecord {
        id: OperationId::new(id),
        principal: PrincipalId::new(row.try_get::<String, _>("principal")?),
        session: SessionId::new(row.try_get::<String, _>("session")?),
        server_session: row.try_get("server_session")?,
        state: OperationState::from_name(&state).ok_or_else(|| format!("there is no state {state}"))?,
        reattachable: row.try_get("reattachable")?,
        tags: serde_json::from_str(&tags)?,
        description: row.try_get("description")?,
        submitted_at: row.try_get("submitted_at")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
        rows: row.try_get("result_rows")?,
        bytes: row.try_get("result_bytes")?,
        failure: failure.map(|text| read_failure(&text).ok_or("its failure does not read")).transpose()?,
        origin: Origin {
            door: row.try_get("door")?,
            client: row.try_get("client")?,
            warehouse: row.try_get("warehouse")?,
            request: row.try_get("request")?,
        },
        result: row.try_get::<Option<Vec<u8>>, _>("result")?.map(Bytes::from),
    })
}

pub(super) fn token(row: &SqliteRow) -> Result<TokenRecord> {
    let id: String = row.try_get("id").map_err(failed)?;
    let hash: Vec<u8> = row.try_get("hash").map_err(failed)?;
    Ok(TokenRecord {
        principal: PrincipalId::new(row.try_get::<String, _>("principal").map_err(failed)?),
        hash: hash.try_into().map_err(|_| damaged("token", &id, &"its hash has the wrong length"))?,
        comment: row.try_get("comment").map_err(failed)?,
        created_at: row.try_get("created_at").map_err(failed)?,
        expires_at: row.try_get("expires_at").map_err(failed)?,
        id,
    })
}

pub(super) fn document(row: &SqliteRow) -> Result<Document> {
    Ok(Document {
        kind: row.try_get("kind").map_err(failed)?,
        id: row.try_get("id").map_err(failed)?,
        body: row.try_get("body").map_err(failed)?,
    })
}

pub(super) fn failure_text(failure: &FailureRecord) -> String {
    let parameters: Vec<[&str; 2]> = failure.parameters.iter().map(|(name, value)| [&**name, &**value]).collect();
    json!({
        "condition": failure.condition,
        "sqlstate": failure.sqlstate,
        "message": failure.message,
        "parameters": parameters,
        "trailer": failure.trailer,
    })
    .to_string()
}

fn read_failure(text: &str) -> Option<FailureRecord> {
    let value: Value = serde_json::from_str(text).ok()?;
    let field = |name: &str| value.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    let pair = |pair: &Value| Some((pair.get(0)?.as_str()?.to_owned(), pair.get(1)?.as_str()?.to_owned()));
    Some(FailureRecord {
        condition: field("condition")?,
        sqlstate: field("sqlstate")?,
        message: field("message")?,
        parameters: value.get("parameters")?.as_array()?.iter().map(pair).collect::<Option<_>>()?,
        trailer: field("trailer"),
    })
}

fn damaged(what: &str, id: &str, why: &dyn std::fmt::Display) -> Error {
    Error::internal(format!("the stored {what} {id} is damaged: {why}"))
}
