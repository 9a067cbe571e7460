//! The answers to statements. Fields that say nothing are absent, never null; their order is the service's.

use std::collections::BTreeMap;

use hearth_base::{ErrorKind, condition};
use hearth_core::OperationState;
use hearth_core::store::FailureRecord;
use serde::Serialize;
use utoipa::ToSchema;

use crate::facts::Format;
use crate::types::Column;

/// `state` of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum State {
    Pending,
    Running,
    Succeeded,
    Failed,
    Canceled,
    Closed,
}

impl State {
    /// An operation that was given up because nobody asked about it is closed.
    pub fn of(state: OperationState, failure: Option<&FailureRecord>) -> Self {
        match state {
            OperationState::Queued => Self::Pending,
            OperationState::Running => Self::Running,
            OperationState::Succeeded => Self::Succeeded,
            OperationState::Failed => Self::Failed,
            OperationState::Cancelled
                if failure.is_some_and(|failure| failure.condition == condition::OPERATION_ABANDONED.name) =>
            {
                Self::Closed
            }
            OperationState::Cancelled => Self::Canceled,
            OperationState::Expired => Self::Closed,
        }
    }
}

/// `status`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Status {
    pub state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ServiceError>,
    /// The SQLSTATE of a failed statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql_state: Option<String>,
}

/// Why a statement failed. `condition` and `parameters` are Spark's, beyond what the service says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ServiceError {
    pub error_code: &'static str,
    pub message: String,
    pub condition: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

impl Status {
    pub fn of(state: State) -> Self {
        Self { state, error: None, sql_state: None }
    }

    pub fn failed(failure: &FailureRecord) -> Self {
        let error = failure.to_error();
        let message = match &failure.condition {
            // The service's own words stand alone.
            name if *name == condition::INLINE_LIMIT.name => error.text(),
            _ => error.to_string(),
        };
        Self {
            state: State::Failed,
            sql_state: Some(failure.sqlstate.clone()),
            error: Some(ServiceError {
                error_code: error_code(error.kind()),
                message,
                condition: failure.condition.clone(),
                parameters: failure.parameters.iter().cloned().collect(),
            }),
        }
    }
}

/// The service's code for a statement that failed: `BAD_REQUEST` for all that the statement itself is to blame for.
fn error_code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest
        | ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::Conflict
        | ErrorKind::Parse
        | ErrorKind::Analysis
        | ErrorKind::Runtime
        | ErrorKind::UserCode
        | ErrorKind::Unsupported
        | ErrorKind::Denied => "BAD_REQUEST",
        ErrorKind::Unauthenticated => "UNAUTHENTICATED",
        ErrorKind::Exhausted => "RESOURCE_EXHAUSTED",
        ErrorKind::Cancelled => "CANCELLED",
        ErrorKind::DeadlineExceeded => "DEADLINE_EXCEEDED",
        ErrorKind::Unavailable => "TEMPORARILY_UNAVAILABLE",
        ErrorKind::Internal => "INTERNAL_ERROR",
    }
}

/// `manifest`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Manifest {
    pub format: Format,
    pub schema: Schema,
    pub total_chunk_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chunks: Vec<ChunkInfo>,
    pub total_row_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_byte_count: Option<usize>,
    pub truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_compression: Option<&'static str>,
}

/// `manifest.schema`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Schema {
    pub column_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnInfo>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ColumnInfo {
    pub name: String,
    pub type_text: String,
    pub type_name: &'static str,
    /// From 0.
    pub position: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_precision: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_scale: Option<i8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_interval_type: Option<String>,
}

impl From<Column> for ColumnInfo {
    fn from(column: Column) -> Self {
        Self {
            name: column.name.to_string(),
            type_text: column.type_text,
            type_name: column.type_name,
            position: column.position,
            type_precision: column.precision,
            type_scale: column.scale,
            type_interval_type: column.interval,
        }
    }
}

/// Which rows a chunk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ChunkInfo {
    pub chunk_index: usize,
    pub row_offset: i64,
    pub row_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte_count: Option<usize>,
}

/// `result`, and the answer to GetStatementResultChunkN. Of `data_array`, `attachment` and `external_links` there is
/// one; a result without rows has nothing at all.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct ResultData {
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub chunk: Option<ChunkInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_links: Option<Vec<ExternalLink>>,
    /// An Arrow IPC stream in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment: Option<String>,
    /// The rows as JSON. Last, since it is written as it is (`body`).
    #[serde(skip)]
    #[schema(value_type = Option<Vec<Vec<Option<String>>>>)]
    pub data_array: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ExternalLink {
    #[serde(flatten)]
    pub chunk: ChunkInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_chunk_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_chunk_internal_link: Option<String>,
    /// Needs no credentials.
    pub external_link: String,
    /// ISO 8601 in UTC, with milliseconds.
    pub expiration: String,
}

/// The answer to ExecuteStatement and GetStatement.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct StatementResponse {
    pub statement_id: String,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Manifest>,
    #[serde(skip)]
    #[schema(value_type = Option<ResultData>)]
    pub result: Option<ResultData>,
}

impl StatementResponse {
    /// As JSON. Rows that are JSON already go in as they are.
    pub fn body(&self) -> serde_json::Result<Vec<u8>> {
        let mut out = serde_json::to_vec(self)?;
        if let Some(result) = &self.result {
            out.pop();
            out.extend_from_slice(b",\"result\":");
            out.append(&mut result.body()?);
            out.push(b'}');
        }
        Ok(out)
    }
}

impl ResultData {
    pub fn body(&self) -> serde_json::Result<Vec<u8>> {
        let mut out = serde_json::to_vec(self)?;
        if let Some(rows) = &self.data_array {
            out.pop();
            if out.len() > 1 {
                out.push(b',');
            }
            out.extend_from_slice(b"\"data_array\":");
            out.extend_from_slice(rows);
            out.push(b'}');
        }
        Ok(out)
    }
}
