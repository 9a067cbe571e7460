//! The query history: what the caller ran through any door, filtered and in pages.
#![allow(clippy::unwrap_used)]

#[path = "support/around.rs"]
mod door;

use axum::body::Body;
use door::Door;
use hearth_base::condition::{DIVIDE_BY_ZERO, OPERATION_CANCELED};
use hearth_base::{Error, OperationId, PrincipalId, SessionId};
use hearth_core::OperationState;
use hearth_core::store::{FailureRecord, OperationRecord, Origin};
use hearth_testkit::{Gate, Step};
use http::Method;
use serde_json::{Value, json};

const HISTORY: &str = "/api/2.0/sql/history/queries";

async fn history(door: &Door, query: &str) -> Value {
    let answer = door.get(&format!("{HISTORY}?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}

fn ids(page: &Value) -> Vec<&str> {
    page["res"].as_array().unwrap().iter().map(|query| query["query_id"].as_str().unwrap()).collect()
}

fn failure(error: &Error) -> FailureRecord {
    FailureRecord {
        condition: error.condition().name.to_owned(),
        sqlstate: error.condition().sqlstate.to_owned(),
        message: error.text(),
        parameters: Vec::new(),
        trailer: None,
    }
}

/// An operation of `local` as an earlier run of the server left it.
fn record(number: i64, state: OperationState, failure: Option<FailureRecord>) -> OperationRecord {
    OperationRecord {
        id: OperationId::new(format!("00000000-0000-4000-8000-{number:012}")),
        principal: PrincipalId::new("local"),
        session: SessionId::random(),
        server_session: String::new(),
        state,
        reattachable: true,
        tags: Vec::new(),
        description: "plan of 7 bytes".to_owned(),
        submitted_at: 1_000 * number,
        started_at: Some(1_000 * number + 10),
        finished_at: state.is_finished().then_some(1_000 * number + 110),
        rows: 3,
        bytes: 24,
        failure,
        origin: Origin { door: "connect".to_owned(), ..Origin::default() },
        result: None,
    }
}

#[tokio::test]
async fn a_statement_is_told_with_all_that_is_known_of_it() {
    let door = Door::open();
    door.engine.script("select 3", vec![Step::Schema, Step::Rows(3)]);
    let id = door.run("select 3").await;
    let page = history(&door, "").await;
    assert_eq!((&page["has_next_page"], page.get("next_page_token")), (&json!(false), None));
    let query = &page["res"][0];
    for (name, value) in [
        ("query_id", json!(id)),
        ("status", json!("FINISHED")),
        ("query_text", json!("select 3")),
        ("statement_type", json!("SELECT")),
        ("warehouse_id", json!("default")),
        ("endpoint_id", json!("default")),
        ("user_name", json!("local")),
        ("executed_as_user_name", json!("local")),
        ("rows_produced", json!(3)),
        ("is_final", json!(true)),
        ("query_tags", json!([{ "key": "team", "value": "x" }])),
        ("channel_used", json!({ "name": "CHANNEL_NAME_CURRENT" })),
    ] {
        assert_eq!(query[name], value, "{name}");
    }
    assert_eq!(query["query_start_time_ms"], door.clock.now());
    for absent in ["metrics", "error_message", "lookup_key", "client_application"] {
        assert!(query.get(absent).is_none(), "{absent}");
    }
    let metrics = history(&door, "include_metrics=true").await["res"][0]["metrics"].clone();
    assert_eq!((&metrics["rows_produced_count"], &metrics["total_time_ms"]), (&json!(3), &json!(0)));
    let me = door.get("/api/2.0/preview/scim/v2/Me").await.json();
    assert_eq!(query["user_id"].to_string(), me["id"].as_str().unwrap());
}

#[tokio::test]
async fn every_state_has_its_name() {
    let door = Door::open();
    let gate = Gate::default();
    door.engine.script("select slow", vec![Step::Wait(gate.clone())]);
    door.engine.script("insert broken", vec![Step::Fail(DIVIDE_BY_ZERO.error())]);
    let body = json!({ "statement": "select slow", "warehouse_id": "default", "wait_timeout": "0s" });
    let slow = door.post("/api/2.0/sql/statements", body).await.json();
    gate.arrived(1).await;
    let failed = door.run("insert broken").await;
    let page = history(&door, "filter_by.statuses=RUNNING&filter_by.statuses=QUEUED").await;
    assert_eq!(ids(&page), [slow["statement_id"].as_str().unwrap()]);
    assert_eq!(page["res"][0]["is_final"], false);
    let page = history(&door, "filter_by.statuses=FAILED").await;
    assert_eq!((ids(&page), &page["res"][0]["statement_type"]), (vec![failed.as_str()], &json!("INSERT")));
    let message = page["res"][0]["error_message"].as_str().unwrap();
    assert!(message.starts_with("[DIVIDE_BY_ZERO]") && message.contains("SQLSTATE: 22012"), "{message}");
    assert_eq!(ids(&history(&door, "filter_by.statuses=COMPILING").await), [""; 0]);
    gate.open();
}

#[tokio::test]
async fn expired_operations_keep_what_became_of_them() {
    let door = Door::open();
    for (number, failure) in
        [(1, None), (2, Some(failure(&OPERATION_CANCELED.error()))), (3, Some(failure(&DIVIDE_BY_ZERO.error())))]
    {
        door.metadata.put_operation(record(number, OperationState::Expired, failure)).await.unwrap();
    }
    for (status, number) in [("FINISHED", 1), ("CANCELED", 2), ("FAILED", 3)] {
        let page = history(&door, &format!("filter_by.statuses={status}&max_results=1")).await;
        assert_eq!(ids(&page), [format!("00000000-0000-4000-8000-{number:012}")], "{status}");
        let query = &page["res"][0];
        assert_eq!((&query["status"], &query["statement_type"]), (&json!(status), &json!("OTHER")));
        assert_eq!((&query["duration"], query.get("warehouse_id")), (&json!(110), None));
    }
}

#[tokio::test]
async fn filters_come_as_parameters_or_in_a_body() {
    let door = Door::open();
    for number in 1..=5 {
        door.metadata.put_operation(record(number, OperationState::Succeeded, None)).await.unwrap();
    }
    let range = "filter_by.query_start_time_range.start_time_ms=2000&filter_by.query_start_time_range.end_time_ms=4000";
    let by_parameters = history(&door, range).await;
    assert_eq!(by_parameters["res"].as_array().unwrap().len(), 3);
    let body = json!({ "filter_by": { "query_start_time_range": { "start_time_ms": 2000, "end_time_ms": 4000 } } });
    let by_body = door.send(Method::GET, &format!("{HISTORY}/"), &[], Body::from(body.to_string())).await.json();
    assert_eq!(by_body, by_parameters);
    let one = "00000000-0000-4000-8000-000000000003";
    let page = history(&door, &format!("filter_by.statement_ids={one}&filter_by.statement_ids=other")).await;
    assert_eq!(ids(&page), [one]);
    assert_eq!(ids(&history(&door, "filter_by.warehouse_ids=default").await), [""; 0]);
    assert_eq!(ids(&history(&door, "filter_by.user_ids=1").await), [""; 0]);
    let wrong = door.get(&format!("{HISTORY}?max_results=0&filter_by.statuses=DONE")).await;
    assert_eq!((wrong.status.as_u16(), wrong.json()["error_code"].clone()), (400, json!("INVALID_PARAMETER_VALUE")));
    assert!(wrong.message().contains("max_results") && wrong.message().contains("DONE"), "{}", wrong.message());
    assert_eq!(door.get(&format!("{HISTORY}?page_token=nonsense")).await.status, 400);
}

#[tokio::test]
async fn pages_follow_each_other_newest_first() {
    let door = Door::open();
    for number in 1..=5 {
        let failure = (number % 2 == 0).then(|| failure(&DIVIDE_BY_ZERO.error()));
        door.metadata.put_operation(record(number, OperationState::Expired, failure)).await.unwrap();
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let query = format!("filter_by.statuses=FINISHED&max_results=2&page_token={token}");
        let page = history(&door, &query).await;
        seen.extend(ids(&page).into_iter().map(|id| id[35..].to_owned()));
        match page["next_page_token"].as_str() {
            Some(next) if page["has_next_page"] == true => token = next.to_owned(),
            _ => break,
        }
    }
    assert_eq!(seen, ["5", "3", "1"]);
}

#[tokio::test]
async fn nobody_sees_what_others_ran() {
    let door = Door::with_tokens();
    let (ada, bob) = (door.caller("ada").await, door.caller("bob").await);
    let id = ada.run("select 1").await;
    assert_eq!(ids(&history(&ada, "").await), [id.as_str()]);
    assert_eq!(ids(&history(&bob, &format!("filter_by.statement_ids={id}")).await), [""; 0]);
    let user = history(&ada, "").await["res"][0]["user_id"].to_string();
    assert_eq!(ids(&history(&ada, &format!("filter_by.user_ids={user}")).await), [id.as_str()]);
    assert_eq!(ids(&history(&bob, &format!("filter_by.user_ids={user}")).await), [""; 0]);
}
