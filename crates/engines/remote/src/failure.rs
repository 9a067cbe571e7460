//! Failures of an upstream as errors: what the Spark elsewhere said is kept, under a kind that says who must act.
//!
//! A status is cut and may lack the condition; what it leads to (FetchErrorDetails) is fetched at once, since a client may
//! ask for it when the other side has forgotten.

use std::time::Duration;

use hearth_base::condition::{ENGINE_LOST, ENGINE_UNAVAILABLE, OPERATION_CANCELED};
use hearth_base::{Error, ErrorKind, Foreign, QueryContext};
use hearth_proto::connect as pb;
use hearth_proto::rpc;
use pb::fetch_error_details_response::query_context::ContextType;
use prost::Message;

use crate::link::Link;
use crate::upstream::Failure;

/// `engine.max_error_details`: encoded bytes of an error's details that are kept.
const MAX_DETAILS: usize = 1 << 20;
/// How long the details of an error may take; the error goes on without them then.
const DETAILS_PATIENCE: Duration = Duration::from_secs(5);

/// The codes of gRPC that are told apart.
mod code {
    pub const CANCELLED: i32 = 1;
    pub const DEADLINE_EXCEEDED: i32 = 4;
    pub const PERMISSION_DENIED: i32 = 7;
    pub const RESOURCE_EXHAUSTED: i32 = 8;
    pub const UNIMPLEMENTED: i32 = 12;
    pub const UNAVAILABLE: i32 = 14;
    pub const UNAUTHENTICATED: i32 = 16;
}

impl Link {
    /// The error that a failed call is.
    pub async fn error(&self, failure: Failure) -> Error {
        match failure {
            Failure::Unreachable(reason) => self.named(ENGINE_UNAVAILABLE, reason),
            Failure::Lost(reason) => self.lost(reason),
            Failure::Status(status) => self.told(status).await,
        }
    }

    pub fn lost(&self, reason: impl std::fmt::Display) -> Error {
        self.named(ENGINE_LOST, reason)
    }

    fn named(&self, condition: hearth_base::Condition, reason: impl std::fmt::Display) -> Error {
        condition.with("engine", &self.engine).with("reason", reason)
    }

    async fn told(&self, status: rpc::Status) -> Error {
        let Some(info) = error_info(&status) else { return self.without_info(&status) };
        let details = match info.metadata.get("errorId") {
            Some(id) => self.details(id).await,
            None => None,
        };
        let mut foreign = Foreign {
            condition: info.metadata.get("errorClass").cloned(),
            sqlstate: info.metadata.get("sqlState").cloned(),
            parameters: info.metadata.get("messageParameters").map(|text| parameters(text)).unwrap_or_default(),
            classes: classes(&info),
            message: self.in_our_words(&status.message),
            details: None,
        };
        let mut contexts = Vec::new();
        if let Some(details) = details {
            complete(&mut foreign, &mut contexts, &details);
            foreign.details = encode(details);
        }
        for (_, value) in &mut foreign.parameters {
            *value = self.in_our_words(value);
        }
        if foreign.condition.as_deref().is_some_and(is_of_lost_execution) {
            // Clients of ours would take these for their own handles and run the work again.
            return self.lost(foreign.message);
        }
        let kind = kind(status.code, &foreign);
        let error = Error::foreign(kind, foreign);
        contexts.into_iter().fold(error, Error::at)
    }

    /// A status that no Spark made, but gRPC itself or something in between.
    fn without_info(&self, status: &rpc::Status) -> Error {
        let said = self.in_our_words(&status.message);
        match status.code {
            code::UNAUTHENTICATED | code::PERMISSION_DENIED => Error::internal(format!(
                "the engine {} does not let the gateway in, which is for its operator to settle: {said}",
                self.engine
            )),
            // What was done when the answer was lost is not known.
            code::UNAVAILABLE => self.lost(said),
            code::UNIMPLEMENTED => {
                Error::unsupported(format!("what the engine {} does not know ({said})", self.engine))
            }
            code::CANCELLED => OPERATION_CANCELED.error(),
            other => {
                let message =
                    if said.is_empty() { format!("the engine {} failed with code {other}", self.engine) } else { said };
                let foreign = Foreign { message, ..Foreign::default() };
                Error::foreign(kind(other, &foreign), foreign)
            }
        }
    }

    async fn details(&self, error_id: &str) -> Option<pb::FetchErrorDetailsResponse> {
        let request = pb::FetchErrorDetailsRequest {
            session_id: self.session.clone(),
            // Without what was observed: an error may just say that this has changed.
            client_observed_server_side_session_id: None,
            user_context: self.user_context(),
            error_id: error_id.to_owned(),
            client_type: self.client_type(),
        };
        let asked = tokio::time::timeout(DETAILS_PATIENCE, self.upstream.fetch_error_details(request)).await;
        match asked {
            Ok(Ok(mut details)) => {
                self.put_in_our_words(&mut details);
                Some(details)
            }
            Ok(Err(failure)) => {
                tracing::debug!(engine = %self.engine, ?failure, "the details of an error cannot be had");
                None
            }
            Err(_) => {
                tracing::debug!(engine = %self.engine, "the details of an error take too long");
                None
            }
        }
    }

    fn put_in_our_words(&self, details: &mut pb::FetchErrorDetailsResponse) {
        details.session_id.clear();
        details.server_side_session_id.clear();
        for error in &mut details.errors {
            error.message = self.in_our_words(&error.message);
            for value in
                error.spark_throwable.iter_mut().flat_map(|throwable| throwable.message_parameters.values_mut())
            {
                *value = self.in_our_words(value);
            }
        }
    }
}

/// Conditions that speak of handles of the gateway's calls, which its clients do not have.
fn is_of_lost_execution(condition: &str) -> bool {
    matches!(
        condition,
        "INVALID_HANDLE.OPERATION_NOT_FOUND"
            | "INVALID_HANDLE.OPERATION_ABANDONED"
            | "INVALID_HANDLE.SESSION_NOT_FOUND"
    ) || condition.starts_with("INVALID_CURSOR.")
}

fn error_info(status: &rpc::Status) -> Option<rpc::ErrorInfo> {
    let any = status.details.iter().find(|any| any.type_url.ends_with("google.rpc.ErrorInfo"))?;
    rpc::ErrorInfo::decode(any.value.as_slice()).ok()
}

fn parameters(text: &str) -> Vec<(String, String)> {
    let read: Option<std::collections::BTreeMap<String, String>> = serde_json::from_str(text).ok();
    read.unwrap_or_default().into_iter().collect()
}

fn classes(info: &rpc::ErrorInfo) -> Vec<String> {
    let listed: Option<Vec<String>> = info.metadata.get("classes").and_then(|text| serde_json::from_str(text).ok());
    let listed = listed.unwrap_or_default();
    if listed.is_empty() && !info.reason.is_empty() { vec![info.reason.clone()] } else { listed }
}

/// Takes what the status had no room for from the root of the details.
fn complete(foreign: &mut Foreign, contexts: &mut Vec<QueryContext>, details: &pb::FetchErrorDetailsResponse) {
    let root = details.root_error_idx.and_then(|index| usize::try_from(index).ok());
    let Some(root) = root.and_then(|index| details.errors.get(index)) else { return };
    if !root.message.is_empty() {
        foreign.message.clone_from(&root.message);
    }
    if !root.error_type_hierarchy.is_empty() {
        foreign.classes.clone_from(&root.error_type_hierarchy);
    }
    let Some(throwable) = &root.spark_throwable else { return };
    foreign.condition = throwable.error_class.clone().or_else(|| foreign.condition.take());
    foreign.sqlstate = throwable.sql_state.clone().or_else(|| foreign.sqlstate.take());
    if !throwable.message_parameters.is_empty() {
        foreign.parameters = throwable.message_parameters.clone().into_iter().collect();
    }
    contexts.extend(throwable.query_contexts.iter().map(query_context));
}

fn query_context(context: &pb::fetch_error_details_response::QueryContext) -> QueryContext {
    match context.context_type() {
        ContextType::Sql => QueryContext::Sql {
            object_type: context.object_type.clone(),
            object_name: context.object_name.clone(),
            start: context.start_index,
            stop: context.stop_index,
            fragment: context.fragment.clone(),
        },
        ContextType::Dataframe => {
            QueryContext::DataFrame { fragment: context.fragment.clone(), call_site: context.call_site.clone() }
        }
    }
}

/// The details as they are kept: without stack traces when they are too large with them.
fn encode(mut details: pb::FetchErrorDetailsResponse) -> Option<Vec<u8>> {
    if details.encoded_len() > MAX_DETAILS {
        details.errors.iter_mut().for_each(|error| error.stack_trace.clear());
    }
    (details.encoded_len() <= MAX_DETAILS).then(|| details.encode_to_vec())
}

/// Who must act: as our own table says of the condition, or as the classes say.
fn kind(code: i32, foreign: &Foreign) -> ErrorKind {
    let condition = foreign.condition.as_deref().unwrap_or_default();
    if condition.starts_with("OPERATION_CANCELED") {
        return ErrorKind::Cancelled;
    }
    match code {
        code::CANCELLED => return ErrorKind::Cancelled,
        code::DEADLINE_EXCEEDED => return ErrorKind::DeadlineExceeded,
        code::RESOURCE_EXHAUSTED => return ErrorKind::Exhausted,
        code::UNIMPLEMENTED => return ErrorKind::Unsupported,
        _ => {}
    }
    if let Some(known) = hearth_base::condition::all().find(|known| known.name == condition) {
        return match known.kind {
            // Of the gateway's own call: nothing that its client can do.
            ErrorKind::Unauthenticated => ErrorKind::Internal,
            kind => kind,
        };
    }
    let of_class = foreign.classes.iter().find_map(|class| of_class(class));
    let of_sqlstate = || foreign.sqlstate.as_deref().and_then(ErrorKind::of_sqlstate);
    of_class.or_else(of_sqlstate).unwrap_or(ErrorKind::Internal)
}

fn of_class(class: &str) -> Option<ErrorKind> {
    Some(match class.rsplit('.').next().unwrap_or(class) {
        "ParseException" => ErrorKind::Parse,
        "AnalysisException" => ErrorKind::Analysis,
        "PythonException" | "PythonStreamingQueryException" => ErrorKind::UserCode,
        "UnsupportedOperationException" => ErrorKind::Unsupported,
        "IllegalArgumentException" | "NoSuchElementException" => ErrorKind::Runtime,
        "ArithmeticException"
        | "DateTimeException"
        | "ArrayIndexOutOfBoundsException"
        | "SparkRuntimeException"
        | "SparkUpgradeException"
        | "SparkSQLException"
        | "StreamingQueryException" => ErrorKind::Runtime,
        "InvalidPlanInput" | "InvalidCommandInput" => ErrorKind::InvalidRequest,
        _ => return None,
    })
}
