//! Operations as the query history shows them. What is not known is absent.

use hearth_base::clock::EpochMillis;
use hearth_base::condition::{OPERATION_ABANDONED, OPERATION_CANCELED};
use hearth_core::OperationState;
use hearth_core::store::OperationRecord;
use serde::Serialize;
use utoipa::ToSchema;

use super::statement_type::QueryStatementType;
use crate::facts::{Facts, QueryTag};
use crate::workspace::user_id;

/// `history.max_text`: bytes of a query's text that are shown.
const MAX_TEXT: usize = 64 * 1024;

/// The states that the service knows. Nothing is ever STARTED, COMPILING or COMPILED here: it is RUNNING.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum QueryStatus {
    Queued,
    Started,
    Compiling,
    Compiled,
    Running,
    Canceled,
    Failed,
    Finished,
}

impl QueryStatus {
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "QUEUED" => Self::Queued,
            "STARTED" => Self::Started,
            "COMPILING" => Self::Compiling,
            "COMPILED" => Self::Compiled,
            "RUNNING" => Self::Running,
            "CANCELED" => Self::Canceled,
            "FAILED" => Self::Failed,
            "FINISHED" => Self::Finished,
            _ => return None,
        })
    }

    /// The states of operations that may be shown as one of these.
    pub fn states(statuses: &[Self]) -> Vec<OperationState> {
        let mut states = Vec::new();
        for status in statuses {
            match status {
                Self::Queued => states.push(OperationState::Queued),
                Self::Running => states.push(OperationState::Running),
                Self::Canceled => states.extend([OperationState::Cancelled, OperationState::Expired]),
                Self::Failed => states.extend([OperationState::Failed, OperationState::Expired]),
                Self::Finished => states.extend([OperationState::Succeeded, OperationState::Expired]),
                Self::Started | Self::Compiling | Self::Compiled => {}
            }
        }
        states
    }

    /// What an expired operation came to is told by its failure.
    fn of(record: &OperationRecord) -> Self {
        match record.state {
            OperationState::Queued => Self::Queued,
            OperationState::Running => Self::Running,
            OperationState::Succeeded => Self::Finished,
            OperationState::Failed => Self::Failed,
            OperationState::Cancelled => Self::Canceled,
            OperationState::Expired => match record.failure.as_ref().map(|failure| failure.condition.as_str()) {
                None => Self::Finished,
                Some(name) if [OPERATION_CANCELED.name, OPERATION_ABANDONED.name].contains(&name) => Self::Canceled,
                Some(_) => Self::Failed,
            },
        }
    }
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ChannelInfo {
    pub name: &'static str,
}

/// What is measured of a query.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct QueryMetrics {
    /// From the request to the end, or until now.
    pub total_time_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_time_ms: Option<i64>,
    pub rows_produced_count: i64,
    /// Bytes of the result as it is kept, beyond what the service says.
    pub result_bytes: i64,
    pub result_from_cache: bool,
}

/// One query.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct QueryInfo {
    /// The statement's id, or that of an operation of another door.
    pub query_id: String,
    pub status: QueryStatus,
    pub query_text: String,
    pub statement_type: QueryStatementType,
    pub query_start_time_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_end_time_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_end_time_ms: Option<i64>,
    /// Milliseconds.
    pub duration: i64,
    pub user_id: i64,
    pub user_name: String,
    pub executed_as_user_id: i64,
    pub executed_as_user_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warehouse_id: Option<String>,
    /// The same as `warehouse_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_id: Option<String>,
    pub session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_application: Option<String>,
    pub channel_used: ChannelInfo,
    pub rows_produced: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// Whether nothing of this will change any more.
    pub is_final: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub query_tags: Vec<QueryTag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<QueryMetrics>,
}

/// A page of the history.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct QueryList {
    pub res: Vec<QueryInfo>,
    pub has_next_page: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

impl QueryInfo {
    pub fn new(record: OperationRecord, now: EpochMillis, with_metrics: bool) -> Self {
        let (status, user) = (QueryStatus::of(&record), user_id(&record.principal));
        let until = |end: Option<EpochMillis>, start: EpochMillis| (end.unwrap_or(now) - start).max(0);
        let duration = until(record.finished_at, record.submitted_at);
        let metrics = QueryMetrics {
            total_time_ms: duration,
            execution_time_ms: record.started_at.map(|start| until(record.finished_at, start)),
            rows_produced_count: record.rows,
            result_bytes: record.bytes,
            result_from_cache: false,
        };
        let user_name = record.principal.to_string();
        Self {
            status,
            statement_type: QueryStatementType::of(&record.description),
            query_id: record.id.to_string(),
            query_text: cut(record.description),
            query_start_time_ms: record.submitted_at,
            execution_end_time_ms: record.finished_at,
            query_end_time_ms: record.finished_at,
            duration,
            user_id: user,
            user_name: user_name.clone(),
            executed_as_user_id: user,
            executed_as_user_name: user_name,
            warehouse_id: record.origin.warehouse.clone(),
            endpoint_id: record.origin.warehouse,
            session_id: record.session.to_string(),
            client_application: Some(record.origin.client).filter(|client| !client.is_empty()),
            channel_used: ChannelInfo { name: "CHANNEL_NAME_CURRENT" },
            rows_produced: record.rows,
            error_message: record.failure.as_ref().map(|failure| failure.to_error().to_string()),
            is_final: record.state.is_finished(),
            query_tags: Facts::read(&record.origin.request).query_tags,
            metrics: with_metrics.then_some(metrics),
        }
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_TEXT));
    text
}
