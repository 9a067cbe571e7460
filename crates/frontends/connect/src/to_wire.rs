//! Core's types to messages.

use std::error::Error as StdError;
use std::sync::Arc;

use bytes::Bytes;
use hearth_base::{Error, QueryContext, Result};
use hearth_core::OperationState;
use hearth_core::engine::{Answer, Question, StorageLevel};
use hearth_core::progress::ProgressSnapshot;
use hearth_plan::to_proto;
use hearth_proto::connect as pb;
use hearth_proto::decode::{DecodeError, decode_message};
use hearth_proto::limits::MAX_PLAN_DEPTH;
use hearth_types::{DataType, StructType};
use pb::analyze_plan_response::{self as analyzed, Result as Analyzed};
use pb::execute_plan_response::ExecutionProgress;
use pb::execute_plan_response::execution_progress::StageInfo;
use pb::fetch_error_details_response as details;
use pb::get_status_response::operation_status::OperationState as WireState;

use crate::error::{classes, condition, has_unknown_place};

pub fn key_value((key, value): (String, Option<String>)) -> pb::KeyValue {
    pb::KeyValue { key, value }
}

pub fn schema(schema: &Arc<StructType>) -> pb::DataType {
    to_proto::types::data_type(&DataType::Struct(schema.as_ref().clone()))
}

/// The state of an operation that its session holds. As Spark says it: what has ended and is not released yet is
/// terminating.
pub fn held_operation(state: OperationState, cancelling: bool) -> WireState {
    match state {
        OperationState::Queued | OperationState::Running if cancelling => WireState::Terminating,
        OperationState::Queued | OperationState::Running => WireState::Running,
        OperationState::Succeeded | OperationState::Failed | OperationState::Cancelled => WireState::Terminating,
        OperationState::Expired => WireState::Unknown,
    }
}

/// The state of an operation that was released, or ran before the server was restarted.
pub fn past_operation(state: OperationState) -> WireState {
    match state {
        OperationState::Queued | OperationState::Running => WireState::Running,
        OperationState::Succeeded => WireState::Succeeded,
        OperationState::Failed => WireState::Failed,
        OperationState::Cancelled => WireState::Cancelled,
        OperationState::Expired => WireState::Unknown,
    }
}

pub fn progress(progress: ProgressSnapshot) -> ExecutionProgress {
    let stage = StageInfo {
        stage_id: 0,
        num_tasks: progress.tasks,
        num_completed_tasks: progress.completed,
        input_bytes_read: progress.bytes_read,
        done: progress.tasks > 0 && progress.completed >= progress.tasks,
    };
    ExecutionProgress { stages: vec![stage], num_inflight_tasks: (progress.tasks - progress.completed).max(0) }
}

/// How the answer to `question` is written: each question has its own answer message.
pub fn analysis(question: &Question) -> fn(Answer) -> Result<Analyzed> {
    match question {
        Question::Schema { .. } => |answer| {
            Ok(Analyzed::Schema(analyzed::Schema { schema: Some(to_proto::types::data_type(&data_type(answer)?)) }))
        },
        Question::DdlParse { .. } => |answer| {
            Ok(Analyzed::DdlParse(analyzed::DdlParse { parsed: Some(to_proto::types::data_type(&data_type(answer)?)) }))
        },
        Question::Explain { .. } => |answer| Ok(Analyzed::Explain(analyzed::Explain { explain_string: text(answer)? })),
        Question::TreeString { .. } => {
            |answer| Ok(Analyzed::TreeString(analyzed::TreeString { tree_string: text(answer)? }))
        }
        Question::SparkVersion => {
            |answer| Ok(Analyzed::SparkVersion(analyzed::SparkVersion { version: text(answer)? }))
        }
        Question::JsonToDdl { .. } => {
            |answer| Ok(Analyzed::JsonToDdl(analyzed::JsonToDdl { ddl_string: text(answer)? }))
        }
        Question::IsLocal { .. } => |answer| Ok(Analyzed::IsLocal(analyzed::IsLocal { is_local: flag(answer)? })),
        Question::IsStreaming { .. } => {
            |answer| Ok(Analyzed::IsStreaming(analyzed::IsStreaming { is_streaming: flag(answer)? }))
        }
        Question::SameSemantics { .. } => {
            |answer| Ok(Analyzed::SameSemantics(analyzed::SameSemantics { result: flag(answer)? }))
        }
        Question::InputFiles { .. } => {
            |answer| Ok(Analyzed::InputFiles(analyzed::InputFiles { files: files(answer)? }))
        }
        Question::SemanticHash { .. } => {
            |answer| Ok(Analyzed::SemanticHash(analyzed::SemanticHash { result: hash(answer)? }))
        }
        Question::Persist { .. } => |_| Ok(Analyzed::Persist(analyzed::Persist {})),
        Question::Unpersist { .. } => |_| Ok(Analyzed::Unpersist(analyzed::Unpersist {})),
        Question::GetStorageLevel { .. } => |answer| {
            let storage_level = Some(level(answer)?);
            Ok(Analyzed::GetStorageLevel(analyzed::GetStorageLevel { storage_level }))
        },
    }
}

fn wrong<T>(answer: &Answer) -> Result<T> {
    Err(Error::internal(format!("the engine gave another kind of answer than was asked for: {answer:?}")))
}

fn data_type(answer: Answer) -> Result<DataType> {
    if let Answer::Schema(data_type) = answer { Ok(data_type) } else { wrong(&answer) }
}

fn text(answer: Answer) -> Result<String> {
    if let Answer::Text(text) = answer { Ok(text) } else { wrong(&answer) }
}

fn flag(answer: Answer) -> Result<bool> {
    if let Answer::Flag(flag) = answer { Ok(flag) } else { wrong(&answer) }
}

fn files(answer: Answer) -> Result<Vec<String>> {
    if let Answer::Files(files) = answer { Ok(files) } else { wrong(&answer) }
}

fn hash(answer: Answer) -> Result<i32> {
    if let Answer::Hash(hash) = answer { Ok(hash) } else { wrong(&answer) }
}

fn level(answer: Answer) -> Result<pb::StorageLevel> {
    let Answer::StorageLevel(StorageLevel { use_disk, use_memory, use_off_heap, deserialized, replication }) = answer
    else {
        return wrong(&answer);
    };
    Ok(pb::StorageLevel { use_disk, use_memory, use_off_heap, deserialized, replication })
}

/// What a client is told of an error: the index of the error among what follows, and the causes. Another Spark's own
/// account, where there is one.
pub fn error_details(error: &Error) -> (Option<i32>, Vec<details::Error>) {
    let told = error.as_foreign().and_then(|foreign| foreign.details.as_deref());
    if let Some(told) = told.and_then(|bytes| decode_details(bytes).ok()) {
        return (told.root_error_idx, told.errors);
    }
    (Some(0), error_chain(error))
}

fn decode_details(bytes: &[u8]) -> Result<pb::FetchErrorDetailsResponse, DecodeError> {
    decode_message(Bytes::copy_from_slice(bytes), MAX_PLAN_DEPTH)
}

/// An error and its causes, each pointing at the next.
fn error_chain(error: &Error) -> Vec<details::Error> {
    const MAX_CAUSES: usize = 5;
    let mut chain = vec![details::Error {
        error_type_hierarchy: classes(error).into_iter().map(ToOwned::to_owned).collect(),
        message: error.to_string(),
        stack_trace: Vec::new(),
        cause_idx: None,
        spark_throwable: Some(throwable(error)),
    }];
    let mut cause = StdError::source(error);
    while let Some(current) = cause
        && chain.len() < MAX_CAUSES
    {
        let index = i32::try_from(chain.len()).unwrap_or(i32::MAX);
        if let Some(last) = chain.last_mut() {
            last.cause_idx = Some(index);
        }
        chain.push(details::Error {
            error_type_hierarchy: vec!["java.lang.Exception".to_owned(), "java.lang.Throwable".to_owned()],
            message: current.to_string(),
            ..Default::default()
        });
        cause = current.source();
    }
    chain
}

fn throwable(error: &Error) -> details::SparkThrowable {
    // As in the status.
    let condition = condition(error);
    details::SparkThrowable {
        error_class: condition.map(|(name, _)| name.to_owned()),
        message_parameters: error.named_parameters().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        query_contexts: contexts(error),
        sql_state: condition.map(|(_, sqlstate)| sqlstate.to_owned()),
        breaking_change_info: None,
    }
}

fn contexts(error: &Error) -> Vec<details::QueryContext> {
    if error.contexts().is_empty() && has_unknown_place(error) {
        return vec![query_context(&QueryContext::unknown())];
    }
    error.contexts().iter().map(query_context).collect()
}

fn query_context(context: &QueryContext) -> details::QueryContext {
    use details::query_context::ContextType;
    match context {
        QueryContext::Sql { object_type, object_name, start, stop, fragment } => details::QueryContext {
            context_type: ContextType::Sql.into(),
            object_type: object_type.clone(),
            object_name: object_name.clone(),
            start_index: *start,
            stop_index: *stop,
            fragment: fragment.clone(),
            ..Default::default()
        },
        QueryContext::DataFrame { fragment, call_site } => details::QueryContext {
            context_type: ContextType::Dataframe.into(),
            fragment: fragment.clone(),
            call_site: call_site.clone(),
            // The form of Spark's `DataFrameQueryContext.summary`.
            summary: format!("== DataFrame ==\n\"{fragment}\" was called from\n{call_site}\n"),
            ..Default::default()
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use hearth_base::condition::DIVIDE_BY_ZERO;
    use hearth_base::{ErrorKind, Foreign};
    use prost::Message;

    use super::*;

    #[test]
    fn another_sparks_account_of_an_error_goes_on_whole() {
        let error = |message: &str| details::Error { message: message.to_owned(), ..Default::default() };
        let told = pb::FetchErrorDetailsResponse {
            root_error_idx: Some(1),
            errors: vec![error("cause"), error("root")],
            ..Default::default()
        };
        let foreign = Foreign { details: Some(told.encode_to_vec()), ..Foreign::default() };
        assert_eq!(error_details(&Error::foreign(ErrorKind::Runtime, foreign)), (Some(1), told.errors));
    }

    #[test]
    fn an_error_of_ours_leads_to_its_causes() {
        let (root, errors) = error_details(&DIVIDE_BY_ZERO.error().caused_by("deeper"));
        assert_eq!((root, errors.len(), errors[0].cause_idx), (Some(0), 2, Some(1)));
        assert_eq!(errors[0].spark_throwable.as_ref().unwrap().error_class.as_deref(), Some("DIVIDE_BY_ZERO"));
        assert_eq!(errors[1].message, "deeper");
    }
}
