//! Failures of the desk as the status that a Spark would send, with the condition where programs look for it.

use std::collections::BTreeMap;

use hearth_base::Error;
use hearth_base::condition::{
    ENGINE_LOST, ENGINE_UNAVAILABLE, INTERNAL_ERROR, LIMIT_EXCEEDED, OPERATION_CANCELED, SESSION_CHANGED,
};
use hearth_proto::rpc;
use hearth_remote::upstream::Failure;
use prost::{Message, Name};

use crate::call::{SessionKey, TYPE_PREFIX};

/// Codes of gRPC.
pub(crate) const INTERNAL: i32 = 13;
pub(crate) const RESOURCE_EXHAUSTED: i32 = 8;
pub(crate) const UNAVAILABLE: i32 = 14;
pub(crate) const UNIMPLEMENTED: i32 = 12;

const SQL: &[&str] = &[
    "org.apache.spark.SparkSQLException",
    "java.sql.SQLException",
    "java.lang.Exception",
    "java.lang.Throwable",
    "java.lang.Object",
];
const SPARK: &[&str] =
    &["org.apache.spark.SparkException", "java.lang.Exception", "java.lang.Throwable", "java.lang.Object"];

/// The session's state went with its worker.
pub(crate) fn session_lost(session: &SessionKey, worker: &str) -> Failure {
    let error = SESSION_CHANGED.with("handle", session.id()).message(format!(
        "The session {} is a new one: the worker {worker} was lost, and what it kept for the session with it.",
        session.id()
    ));
    Failure::Status(status(&error, INTERNAL, SQL))
}

/// The worker asked for a new session.
pub(crate) fn session_reset(session: &SessionKey, reason: &str) -> Failure {
    let error = SESSION_CHANGED
        .with("handle", session.id())
        .message(format!("The session {} is a new one: its worker has given it up. {reason}", session.id()));
    Failure::Status(status(&error, INTERNAL, SQL))
}

/// It was interrupted before a worker had it.
pub(crate) fn cancelled() -> Failure {
    Failure::Status(status(&OPERATION_CANCELED.error(), INTERNAL, SQL))
}

pub(crate) fn over_limit(what: String, limit: impl std::fmt::Display, value: impl std::fmt::Display) -> Failure {
    let error = LIMIT_EXCEEDED.with("what", what).with("limit", limit).with("value", value);
    Failure::Status(status(&error, RESOURCE_EXHAUSTED, SPARK))
}

/// The worker said something that makes no sense.
pub(crate) fn bad_answer(reason: impl std::fmt::Display) -> Failure {
    Failure::Status(status(
        &INTERNAL_ERROR.with("message", format!("The worker's answer is wrong: {reason}")),
        INTERNAL,
        SPARK,
    ))
}

/// What a worker answers when its own Spark failed so.
pub(crate) fn of_failure(failure: Failure, engine: &str) -> rpc::Status {
    let (condition, reason) = match failure {
        Failure::Status(status) => return status,
        Failure::Unreachable(reason) => (ENGINE_UNAVAILABLE, reason),
        Failure::Lost(reason) => (ENGINE_LOST, reason),
    };
    status(&condition.with("engine", engine).with("reason", reason), UNAVAILABLE, SPARK)
}

/// A status without a condition.
pub(crate) fn plain(code: i32, message: impl Into<String>) -> rpc::Status {
    rpc::Status { code, message: message.into(), details: Vec::new() }
}

fn status(error: &Error, code: i32, classes: &[&str]) -> rpc::Status {
    let parameters: BTreeMap<&str, &str> = error.named_parameters().collect();
    let metadata = BTreeMap::from([
        ("classes".to_owned(), serde_json::json!(classes).to_string()),
        ("errorClass".to_owned(), error.name().to_owned()),
        ("sqlState".to_owned(), error.sqlstate().to_owned()),
        ("messageParameters".to_owned(), serde_json::json!(parameters).to_string()),
    ]);
    let info = rpc::ErrorInfo {
        reason: classes.first().copied().unwrap_or_default().to_owned(),
        domain: "org.apache.spark".to_owned(),
        metadata,
    };
    let detail = prost_types::Any {
        type_url: format!("{TYPE_PREFIX}{}", rpc::ErrorInfo::full_name()),
        value: info.encode_to_vec(),
    };
    rpc::Status { code, message: error.to_string(), details: vec![detail] }
}
