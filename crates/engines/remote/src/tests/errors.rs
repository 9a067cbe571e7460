//! Errors as Spark 4.2 told them (`recorded.json`), and as they stand here.

use hearth_base::{Error, ErrorKind, QueryContext};
use hearth_proto::rpc;
use pb::fetch_error_details_response::{self as details, SparkThrowable};
use prost::Message;
use serde_json::Value;

use super::*;
use crate::Failure;

const RECORDED: &str = include_str!("recorded.json");

fn recorded(name: &str) -> Value {
    let all: Vec<Value> = serde_json::from_str(RECORDED).unwrap();
    all.into_iter().find(|one| one["name"] == name).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts_of(value: &Value) -> impl Iterator<Item = (String, String)> {
    value.as_object().unwrap().iter().map(|(key, value)| (key.clone(), text(value)))
}

fn status(told: &Value) -> rpc::Status {
    let info = rpc::ErrorInfo {
        reason: text(&told["reason"]),
        domain: "org.apache.spark".to_owned(),
        metadata: texts_of(&told["metadata"]).collect(),
    };
    let info = prost_types::Any {
        type_url: "type.googleapis.com/google.rpc.ErrorInfo".to_owned(),
        value: info.encode_to_vec(),
    };
    rpc::Status {
        code: i32::try_from(told["code"].as_i64().unwrap()).unwrap(),
        message: text(&told["message"]),
        details: vec![info],
    }
}

fn details_of(told: &Value) -> pb::FetchErrorDetailsResponse {
    let root = &told["root"];
    let contexts = root["contexts"].as_array().unwrap().iter().map(|context| details::QueryContext {
        start_index: i32::try_from(context["start"].as_i64().unwrap()).unwrap(),
        stop_index: i32::try_from(context["stop"].as_i64().unwrap()).unwrap(),
        fragment: text(&context["fragment"]),
        ..Default::default()
    });
    let throwable = SparkThrowable {
        error_class: Some(text(&root["condition"])),
        sql_state: Some(text(&root["sqlstate"])),
        message_parameters: texts_of(&root["parameters"]).collect(),
        query_contexts: contexts.collect(),
        ..Default::default()
    };
    let error = details::Error {
        error_type_hierarchy: root["classes"].as_array().unwrap().iter().map(text).collect(),
        message: text(&root["message"]),
        spark_throwable: Some(throwable),
        ..Default::default()
    };
    pb::FetchErrorDetailsResponse { root_error_idx: Some(0), errors: vec![error], ..Default::default() }
}

/// What becomes of a failure of an execution, with or without details behind it.
async fn told(failure: Failure, details: Option<pb::FetchErrorDetailsResponse>) -> Arc<Error> {
    let remote = Remote::new([Reply::Refuse(failure)]);
    *remote.upstream.details.lock() = details;
    let session = remote.session().await;
    let (_, error) = remote.run(&session, Work::Plan(Bytes::new())).await;
    error.unwrap().error().clone()
}

async fn of_recorded(name: &str) -> Arc<Error> {
    let recorded = recorded(name);
    told(Failure::Status(status(&recorded)), Some(details_of(&recorded))).await
}

#[tokio::test]
async fn kinds_say_who_must_act() {
    for (name, condition, sqlstate, kind) in [
        ("missing table", "TABLE_OR_VIEW_NOT_FOUND", "42P01", ErrorKind::Analysis),
        ("parse", "PARSE_SYNTAX_ERROR", "42601", ErrorKind::Parse),
        ("division", "DIVIDE_BY_ZERO", "22012", ErrorKind::Runtime),
        ("changed", "INVALID_HANDLE.SESSION_CHANGED", "HY000", ErrorKind::Conflict),
        ("long message", "USER_RAISED_EXCEPTION", "P0001", ErrorKind::Runtime),
        ("unsupported", "UNSUPPORTED_FEATURE.TABLE_OPERATION", "0A000", ErrorKind::Analysis),
        ("cast", "CAST_INVALID_INPUT", "22018", ErrorKind::Runtime),
        ("array", "INVALID_ARRAY_INDEX", "22003", ErrorKind::Runtime),
        ("catalog", "CATALOG_NOT_FOUND", "42P08", ErrorKind::Analysis),
    ] {
        let error = of_recorded(name).await;
        assert_eq!((error.name(), error.sqlstate()), (condition, sqlstate), "{name}");
        assert_eq!(error.kind(), kind, "{name}");
        let told = recorded(name);
        let expected = text(&told["root"]["message"]);
        if name != "changed" {
            assert_eq!(error.to_string(), expected);
        }
        let foreign = error.as_foreign().unwrap();
        assert_eq!(foreign.classes[0], text(&told["reason"]));
        assert!(foreign.details.is_some());
    }
}

#[tokio::test]
async fn parameters_and_places_come_with_an_error() {
    let error = of_recorded("cast").await;
    assert!(error.named_parameters().any(|parameter| parameter == ("targetType", "\"INT\"")));
    let [QueryContext::Sql { start: 7, fragment, .. }] = error.contexts() else { panic!("{error:?}") };
    assert_eq!(fragment, "CAST('abc' AS INT)");
    let error = of_recorded("parse").await;
    assert_eq!(error.text(), "Syntax error at or near 'SELEC'.");
    assert_eq!(error.behind(), Some(" (line 1, pos 0)\n\n== SQL ==\nSELEC 1\n^^^\n"));
}

#[tokio::test]
async fn an_error_without_details_is_what_its_status_says() {
    let told_error = recorded("division");
    let error = told(Failure::Status(status(&told_error)), None).await;
    assert_eq!(error.to_string(), text(&told_error["message"]));
    assert_eq!(error.named_parameters().collect::<Vec<_>>(), [("config", "\"spark.sql.ansi.enabled\"")]);
    assert!(error.as_foreign().unwrap().details.is_none());
}

#[tokio::test]
async fn clients_hear_of_their_own_session() {
    let remote = Remote::new([]);
    let session = remote.session().await;
    remote.run(&session, Work::Plan(Bytes::new())).await;
    let there = remote.upstream.asked.lock().executions[0].session_id.clone();
    let recorded: Value = {
        let text = recorded("changed").to_string().replace("{session}", &there);
        serde_json::from_str(&text).unwrap()
    };
    remote.upstream.reply(Reply::Refuse(Failure::Status(status(&recorded))));
    *remote.upstream.details.lock() = Some(details_of(&recorded));
    let (_, error) = remote.run(&session, Work::Plan(Bytes::new())).await;
    let error = error.unwrap().error().clone();
    let ours = session.key.session.as_str();
    assert_eq!(error.named_parameters().collect::<Vec<_>>(), [("handle", ours)]);
    assert!(error.to_string().contains(ours) && !error.to_string().contains(&there), "{error}");
    let bytes = error.as_foreign().unwrap().details.clone().unwrap();
    let details = pb::FetchErrorDetailsResponse::decode(bytes.as_slice()).unwrap();
    assert!(details.errors[0].message.contains(ours));
    assert!(!format!("{details:?}").contains(&there));
}

#[tokio::test]
async fn statuses_of_the_way_are_not_the_clients_fault() {
    let status = |code: i32| Failure::Status(rpc::Status { code, message: "said".to_owned(), details: Vec::new() });
    for (code, kind, name) in [
        (16, ErrorKind::Internal, "INTERNAL_ERROR"),
        (7, ErrorKind::Internal, "INTERNAL_ERROR"),
        (14, ErrorKind::Unavailable, "HEARTH_ENGINE_LOST"),
        (12, ErrorKind::Unsupported, "UNSUPPORTED_FEATURE"),
        (8, ErrorKind::Exhausted, "HEARTH_REMOTE_ERROR"),
        (4, ErrorKind::DeadlineExceeded, "HEARTH_REMOTE_ERROR"),
        (13, ErrorKind::Internal, "HEARTH_REMOTE_ERROR"),
    ] {
        let error = told(status(code), None).await;
        assert_eq!((error.kind(), error.name()), (kind, name), "{code}: {error}");
        assert!(error.to_string().contains("said"));
    }
}

#[tokio::test]
async fn handles_of_the_gateway_are_no_handles_of_its_client() {
    let mut recorded = recorded("changed");
    recorded["root"]["condition"] = "INVALID_HANDLE.OPERATION_NOT_FOUND".into();
    let error = told(Failure::Status(status(&recorded)), Some(details_of(&recorded))).await;
    assert_eq!(error.name(), "HEARTH_ENGINE_LOST");
}

#[tokio::test]
async fn details_that_are_too_large_lose_their_stack_traces() {
    let recorded = recorded("division");
    let mut details = details_of(&recorded);
    let element = details::StackTraceElement { declaring_class: "c".repeat(1000), ..Default::default() };
    details.errors[0].stack_trace = vec![element; 2000];
    let error = told(Failure::Status(status(&recorded)), Some(details)).await;
    let kept = error.as_foreign().unwrap().details.clone().unwrap();
    let kept = pb::FetchErrorDetailsResponse::decode(kept.as_slice()).unwrap();
    assert!(kept.errors[0].stack_trace.is_empty());
    assert_eq!(kept.errors[0].message, text(&recorded["root"]["message"]));
}
