//! Statements and sessions as the OpenAPI document shows them.
//!
//! Their bodies are read by hand so that every mistake is named (`from_wire.rs`), and rows are written as they come; what
//! stands here says the same as shapes. A test sends each documented field.
#![allow(dead_code, reason = "only the shapes and the attributes are used")]

use std::collections::BTreeMap;

use utoipa::ToSchema;

use crate::facts::{Disposition, Format, QueryTag};
use crate::to_wire::{ExternalLink, Manifest, Status};

/// What happens when the wait is over and the statement is not.
#[derive(ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
enum OnWaitTimeout {
    Continue,
    Cancel,
}

#[derive(ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
enum ResultCompression {
    None,
    #[schema(rename = "LZ4_FRAME")]
    Lz4Frame,
}

/// A value for a marker: `:name`, or `?` by `ordinal` or by its place in the list.
#[derive(ToSchema)]
struct StatementParameter {
    name: Option<String>,
    /// From 1. Not published by the service.
    ordinal: Option<i64>,
    /// A type as in `CAST`; `STRING` without it.
    #[schema(rename = "type")]
    kind: Option<String>,
    /// The value as text; absent or null: NULL.
    value: Option<String>,
}

/// A statement to run.
#[derive(ToSchema)]
struct ExecuteStatementRequest {
    /// At most 16 MiB.
    statement: String,
    /// The id or the name of a warehouse, such as `default`.
    warehouse_id: String,
    /// Of this statement only.
    catalog: Option<String>,
    /// Of this statement only.
    schema: Option<String>,
    parameters: Option<Vec<StatementParameter>>,
    row_limit: Option<i64>,
    byte_limit: Option<i64>,
    /// `INLINE` without it.
    #[schema(inline)]
    disposition: Option<Disposition>,
    /// `JSON_ARRAY` without it; the others need external links.
    #[schema(inline)]
    format: Option<Format>,
    /// `0s`, or from `5s` to `50s`; `10s` without it.
    #[schema(example = "30s")]
    wait_timeout: Option<String>,
    on_wait_timeout: Option<OnWaitTimeout>,
    query_tags: Option<Vec<QueryTag>>,
    /// A session to run in. Not published by the service.
    session_id: Option<String>,
    /// Of `ARROW_STREAM`. Not published by the service.
    result_compression: Option<ResultCompression>,
    /// The same key with the same request is the same statement. Also as the header `Idempotency-Key`. Not known to the
    /// service.
    idempotency_key: Option<String>,
}

/// Where a statement is. `manifest` and `result` are there once it has succeeded.
#[derive(ToSchema)]
struct StatementResponse {
    statement_id: String,
    status: Status,
    manifest: Option<Manifest>,
    result: Option<ResultData>,
}

/// One chunk of a result: `data_array`, `attachment` or `external_links`. A result without rows has nothing at all.
#[derive(ToSchema)]
struct ResultData {
    chunk_index: Option<usize>,
    row_offset: Option<i64>,
    row_count: Option<i64>,
    byte_count: Option<usize>,
    /// Rows of values as text; null is NULL.
    data_array: Option<Vec<Vec<Option<String>>>>,
    /// An Arrow IPC stream in base64. Not published by the service.
    attachment: Option<String>,
    external_links: Option<Vec<ExternalLink>>,
}

#[derive(ToSchema)]
struct CreateSessionRequest {
    warehouse_id: String,
    catalog: Option<String>,
    schema: Option<String>,
    /// Settings of the session.
    session_confs: Option<BTreeMap<String, String>>,
}

#[derive(ToSchema)]
struct CreateSessionResponse {
    session_id: String,
}

/// Runs a statement and waits for its result as long as `wait_timeout` says.
#[utoipa::path(post, path = "/api/2.0/sql/statements", operation_id = "executeStatement", tag = "Statements",
    params(("Idempotency-Key" = Option<String>, Header, description = "As `idempotency_key`")),
    request_body = ExecuteStatementRequest,
    responses((status = 200, body = StatementResponse, description = "Where the statement is, and its result if there is one")))]
fn execute_statement() {}

/// Where a statement is, with the first chunk of its result once it has succeeded. Answers at once.
#[utoipa::path(get, path = "/api/2.0/sql/statements/{id}", operation_id = "getStatement", tag = "Statements",
    params(("id" = String, Path)), responses((status = 200, body = StatementResponse)))]
fn get_statement() {}

/// One chunk of a result: its rows, or a fresh link. In any order, any number of times.
#[utoipa::path(get, path = "/api/2.0/sql/statements/{id}/result/chunks/{index}",
    operation_id = "getStatementResultChunkN", tag = "Statements",
    params(("id" = String, Path), ("index" = u32, Path, description = "From 0")),
    responses((status = 200, body = ResultData)))]
fn get_chunk() {}

/// Asks a statement to stop. One that has finished stays as it is.
#[utoipa::path(post, path = "/api/2.0/sql/statements/{id}/cancel", operation_id = "cancelExecution", tag = "Statements",
    params(("id" = String, Path)), responses((status = 200, description = "An empty object")))]
fn cancel_statement() {}

/// Closes a statement and lets go of its result. Not published by the service.
#[utoipa::path(delete, path = "/api/2.0/sql/statements/{id}", operation_id = "closeStatement", tag = "Statements",
    params(("id" = String, Path)), extensions(("x-unpublished" = json!(true))),
    responses((status = 200, description = "An empty object")))]
fn close_statement() {}

/// The rows of one chunk. Links come from the other operations; the signature is all the proof they need.
#[utoipa::path(get, path = "/api/2.0/sql/external-links/{id}/{index}", operation_id = "downloadChunk",
    tag = "Statements", security(()),
    params(("id" = String, Path), ("index" = u32, Path), ("expires" = i64, Query), ("signature" = String, Query)),
    extensions(("x-unpublished" = json!(true))),
    responses((status = 200, content(
        (Vec<u8> = "binary/octet-stream"), (Vec<Vec<Option<String>>> = "application/json"), (String = "text/csv")))))]
fn download() {}

/// Opens a session of the warehouse in the path. Not published by the service.
#[utoipa::path(post, path = "/api/2.0/sql/warehouses/{id}/sessions", operation_id = "createSessionOfWarehouse",
    tag = "Sessions", params(("id" = String, Path)), extensions(("x-unpublished" = json!(true))),
    request_body = CreateSessionRequest, responses((status = 200, body = CreateSessionResponse)))]
fn create_session_below() {}

/// Opens a session. Not published by the service.
#[utoipa::path(post, path = "/api/2.0/sql/sessions", operation_id = "createSession", tag = "Sessions",
    extensions(("x-unpublished" = json!(true))), request_body = CreateSessionRequest,
    responses((status = 200, body = CreateSessionResponse)))]
fn create_session() {}

/// Closes a session. Closing twice is no mistake. Not published by the service.
#[utoipa::path(delete, path = "/api/2.0/sql/sessions/{id}", operation_id = "deleteSession", tag = "Sessions",
    params(("id" = String, Path), ("warehouse_id" = Option<String>, Query, description = "Read by nobody")),
    extensions(("x-unpublished" = json!(true))), responses((status = 200, description = "An empty object")))]
fn delete_session() {}
