//! Statements on a scripted engine: states, waits, chunks, links, limits, who may ask.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/scripted.rs"]
mod scripted;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hearth_auth::OpenAuthenticator;
use hearth_base::condition::{DIVIDE_BY_ZERO, UNAUTHENTICATED};
use hearth_base::{ByteSize, Result};
use hearth_core::{Authenticator, Credentials, Principal};
use hearth_statements::StatementsSettings;
use hearth_testkit::{Gate, Step};
use http::StatusCode;
use scripted::Door;
use serde_json::{Value, json};

const STATEMENTS: &str = "/api/2.0/sql/statements";

fn ask(statement: &str, more: &Value) -> Value {
    let mut body = json!({ "warehouse_id": "default", "statement": statement });
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    body
}

/// Knows two users by their tokens.
#[derive(Debug)]
struct Two;

#[async_trait]
impl Authenticator for Two {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Principal> {
        match credentials.authorization.as_deref() {
            Some("Bearer ada") => Ok(Principal::named("ada")),
            Some("Bearer bob") => Ok(Principal::named("bob")),
            _ => Err(UNAUTHENTICATED.error()),
        }
    }
}

#[tokio::test]
async fn a_short_statement_is_answered_with_its_rows() {
    let door = Door::open();
    door.hearth.engine.script("three", vec![Step::Schema, Step::Rows(2), Step::Rows(1)]);
    let answer = door.post(STATEMENTS, &ask("three", &json!({}))).await;
    let id = answer["statement_id"].as_str().unwrap();
    let expected = json!({
        "statement_id": id,
        "status": { "state": "SUCCEEDED" },
        "manifest": {
            "format": "JSON_ARRAY",
            "schema": {
                "column_count": 1,
                "columns": [{ "name": "id", "type_text": "BIGINT", "type_name": "LONG", "position": 0 }],
            },
            "total_chunk_count": 1,
            "chunks": [{ "chunk_index": 0, "row_offset": 0, "row_count": 3 }],
            "total_row_count": 3,
            "truncated": false,
        },
        "result": { "chunk_index": 0, "row_offset": 0, "row_count": 3, "data_array": [["0"], ["1"], ["2"]] },
    });
    assert_eq!(answer, expected);
    assert_eq!(door.get(&format!("{STATEMENTS}/{id}")).await, expected);
    assert_eq!(door.get(&format!("{STATEMENTS}/{id}/result/chunks/0/?row_offset=0")).await, expected["result"]);
    let (status, body) = door.send("GET", &format!("{STATEMENTS}/{id}/result/chunks/1"), "t", &Value::Null).await;
    assert_eq!((status, &body["error_code"]), (StatusCode::NOT_FOUND, &json!("NOT_FOUND")));
    assert_eq!(door.hearth.engine.open_sessions(), 0, "the session of a statement goes with it");
}

#[tokio::test]
async fn a_wait_of_zero_is_pending_and_polling_gives_the_rest() {
    let door = Door::open();
    let gate = Gate::default();
    door.hearth.engine.script("slow", vec![Step::Schema, Step::Wait(gate.clone()), Step::Rows(1)]);
    let answer = door.post(STATEMENTS, &ask("slow", &json!({ "wait_timeout": "0s" }))).await;
    let path = format!("{STATEMENTS}/{}", answer["statement_id"].as_str().unwrap());
    assert_eq!(answer["status"], json!({ "state": "PENDING" }));
    gate.arrived(1).await;
    let running = door.get(&path).await;
    assert_eq!((&running["status"], running.get("manifest")), (&json!({ "state": "RUNNING" }), None));
    let (status, _) = door.send("GET", &format!("{path}/result/chunks/0"), "t", &Value::Null).await;
    assert_eq!(status, StatusCode::CONFLICT);
    gate.open();
    while door.get(&path).await["status"]["state"] != "SUCCEEDED" {
        tokio::task::yield_now().await;
    }
    assert_eq!(door.get(&path).await["result"]["data_array"], json!([["0"]]));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_over_goes_on_or_cancels() {
    let door = Door::open();
    door.hearth.engine.script("slow", vec![Step::Schema, Step::Wait(Gate::default())]);
    let goes_on = door.post(STATEMENTS, &ask("slow", &json!({ "wait_timeout": "5s" }))).await;
    assert_eq!(goes_on["status"]["state"], "RUNNING");
    let more = json!({ "wait_timeout": "5s", "on_wait_timeout": "CANCEL" });
    let cancelled = door.post(STATEMENTS, &ask("slow", &more)).await;
    assert_eq!(cancelled["status"], json!({ "state": "CANCELED" }));
    let path = format!("{STATEMENTS}/{}", goes_on["statement_id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(door.post(&format!("{path}/cancel"), &json!({})).await, json!({}));
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(door.get(&path).await["status"], json!({ "state": "CANCELED" }));
}

#[tokio::test]
async fn a_failure_says_what_spark_says() {
    let door = Door::open();
    door.hearth.engine.script("fails", vec![Step::Fail(DIVIDE_BY_ZERO.with("config", "\"x\""))]);
    let answer = door.post(STATEMENTS, &ask("fails", &json!({}))).await;
    let status = &answer["status"];
    assert_eq!((&status["state"], &status["sql_state"]), (&json!("FAILED"), &json!("22012")));
    assert_eq!(
        (&status["error"]["error_code"], &status["error"]["condition"]),
        (&json!("BAD_REQUEST"), &json!("DIVIDE_BY_ZERO"))
    );
    assert!(status["error"]["message"].as_str().unwrap().starts_with("[DIVIDE_BY_ZERO]"));
    assert_eq!(answer.get("manifest"), None);
}

#[tokio::test]
async fn links_lead_to_every_chunk_without_a_token_for_a_while() {
    let door = Door::with(StatementsSettings::default(), Arc::new(Two));
    door.hearth.engine.script("two", vec![Step::Schema, Step::Rows(2), Step::Rows(3)]);
    let body = ask("two", &json!({ "disposition": "EXTERNAL_LINKS", "format": "CSV" }));
    let (_, answer) = door.send("POST", STATEMENTS, "ada", &body).await;
    let path = format!("{STATEMENTS}/{}", answer["statement_id"].as_str().unwrap());
    let link = &answer["result"]["external_links"][0];
    assert_eq!((&link["row_count"], &link["next_chunk_index"]), (&json!(2), &json!(1)));
    assert_eq!(link["next_chunk_internal_link"], json!(format!("{path}/result/chunks/1")));
    let local = |link: &Value| {
        link["external_link"].as_str().unwrap().strip_prefix("http://hearth.test:8998").unwrap().to_owned()
    };
    let first = local(link);
    let (status, file) = door.bytes("GET", &first, "", &Value::Null).await;
    assert_eq!((status, file.as_slice()), (StatusCode::OK, b"id\r\n0\r\n1\r\n".as_slice()));
    let (_, chunk) = door.send("GET", &format!("{path}/result/chunks/1"), "ada", &Value::Null).await;
    let second = local(&chunk["external_links"][0]);
    assert_eq!(door.bytes("GET", &second, "", &Value::Null).await.1, b"2\r\n3\r\n4\r\n");
    let swapped = first.replace("/0?", "/1?");
    assert_eq!(door.bytes("GET", &swapped, "", &Value::Null).await.0, StatusCode::FORBIDDEN);
    assert_eq!(door.bytes("GET", first.split('?').next().unwrap(), "", &Value::Null).await.0, StatusCode::FORBIDDEN);
    door.hearth.clock.advance(Duration::from_secs(15 * 60 + 1));
    assert_eq!(door.bytes("GET", &first, "", &Value::Null).await.0, StatusCode::FORBIDDEN);
    let (_, fresh) = door.send("GET", &path, "ada", &Value::Null).await;
    let fresh = local(&fresh["result"]["external_links"][0]);
    assert_eq!(door.bytes("GET", &fresh, "", &Value::Null).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_statement_is_its_callers_alone() {
    let door = Door::with(StatementsSettings::default(), Arc::new(Two));
    let (_, answer) = door.send("POST", STATEMENTS, "ada", &ask("anything", &json!({}))).await;
    let path = format!("{STATEMENTS}/{}", answer["statement_id"].as_str().unwrap());
    let (chunk, cancel) = (format!("{path}/result/chunks/0"), format!("{path}/cancel"));
    let session = format!("/api/2.0/sql/sessions/{}", hearth_base::SessionId::random());
    let requests = [("GET", &path), ("DELETE", &path), ("GET", &chunk), ("POST", &cancel)];
    for (method, path) in requests {
        let (status, body) = door.send(method, path, "bob", &Value::Null).await;
        assert_eq!((status, &body["error_code"]), (StatusCode::NOT_FOUND, &json!("RESOURCE_DOES_NOT_EXIST")), "{path}");
    }
    let (start, open) = (STATEMENTS.to_owned(), "/api/2.0/sql/sessions".to_owned());
    for (method, path) in requests.into_iter().chain([("POST", &start), ("POST", &open), ("DELETE", &session)]) {
        let (status, body) = door.send(method, path, "", &Value::Null).await;
        assert_eq!((status, &body["error_code"]), (StatusCode::UNAUTHORIZED, &json!(401)), "{method} {path}");
        let (status, body) = door.send(method, path, "eve", &Value::Null).await;
        assert_eq!((status, &body["error_code"]), (StatusCode::FORBIDDEN, &json!(403)), "{method} {path}");
    }
}

#[tokio::test]
async fn a_closed_statement_says_so_and_its_rows_are_gone() {
    let door = Door::open();
    let answer = door.post(STATEMENTS, &ask("anything", &json!({}))).await;
    let path = format!("{STATEMENTS}/{}", answer["statement_id"].as_str().unwrap());
    for _ in 0..2 {
        let (status, body) = door.send("DELETE", &path, "t", &json!({ "statement_id": "x" })).await;
        assert_eq!((status, body), (StatusCode::OK, json!({})));
    }
    assert_eq!(door.get(&path).await["status"], json!({ "state": "CLOSED" }));
    let (status, body) = door.send("GET", &format!("{path}/result/chunks/0"), "t", &Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body["message"].as_str().unwrap().starts_with("The result of the statement"));
    assert_eq!(door.post(&format!("{path}/cancel/"), &Value::Null).await, json!({}));
}

#[tokio::test]
async fn limits_truncate_links_and_fail_inline_results() {
    let settings = StatementsSettings { inline_limit: ByteSize::new(40), ..StatementsSettings::default() };
    let door = Door::with(settings, Arc::new(OpenAuthenticator));
    door.hearth.engine.script("ten", vec![Step::Schema, Step::Rows(4), Step::Rows(6)]);
    let inline = door.post(STATEMENTS, &ask("ten", &json!({}))).await;
    let message = inline["status"]["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most 40 bytes."));
    assert_eq!(inline["status"]["error"]["error_code"], "BAD_REQUEST");
    for (more, rows, truncated) in [
        (json!({ "row_limit": 3 }), 3, true),
        (json!({ "row_limit": 0 }), 0, true),
        (json!({ "disposition": "EXTERNAL_LINKS", "row_limit": 10 }), 10, false),
        (json!({ "disposition": "EXTERNAL_LINKS", "byte_limit": 64 }), 8, true),
        (json!({ "byte_limit": 24 }), 3, true),
    ] {
        let answer = door.post(STATEMENTS, &ask("ten", &more)).await;
        let manifest = &answer["manifest"];
        assert_eq!((&manifest["total_row_count"], &manifest["truncated"]), (&json!(rows), &json!(truncated)), "{more}");
    }
}

#[tokio::test]
async fn an_idempotency_key_runs_its_statement_once() {
    let door = Door::open();
    let body = ask("anything", &json!({ "idempotency_key": "k" }));
    let first = door.post(STATEMENTS, &body).await;
    assert_eq!(door.post(STATEMENTS, &body).await, first);
    assert_eq!(door.hearth.engine.executed(), 1);
    let other = ask("something else", &json!({ "idempotency_key": "k" }));
    assert_eq!(door.send("POST", STATEMENTS, "t", &other).await.0, StatusCode::CONFLICT);
    let at_once = futures::future::join_all((0..8).map(|_| door.post(STATEMENTS, &body))).await;
    assert!(at_once.iter().all(|answer| answer["statement_id"] == first["statement_id"]));
    assert_eq!(door.hearth.engine.executed(), 1);
}

#[tokio::test]
async fn a_session_runs_its_statements_until_it_is_closed() {
    let door = Door::open();
    let body = json!({ "warehouse_id": "default", "session_confs": { "ansi_mode": "true" } });
    let id = door.post("/api/2.0/sql/sessions/", &body).await["session_id"].as_str().unwrap().to_owned();
    let answer = door.post(STATEMENTS, &ask("anything", &json!({ "session_id": id }))).await;
    assert_eq!(answer["status"]["state"], "SUCCEEDED");
    let statement = format!("{STATEMENTS}/{}", answer["statement_id"].as_str().unwrap());
    for _ in 0..2 {
        let (status, _) = door.send("DELETE", &format!("/api/2.0/sql/sessions/{id}?warehouse_id=x"), "t", &body).await;
        assert_eq!(status, StatusCode::OK);
    }
    let (status, _) = door.send("POST", STATEMENTS, "t", &ask("anything", &json!({ "session_id": id }))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(door.send("DELETE", &statement, "t", &Value::Null).await.0, StatusCode::OK);
    let (status, body) = door.send("POST", "/api/2.0/sql/sessions", "t", &json!({ "catalog": 1 })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("catalog") && message.contains("warehouse_id"), "{message}");
}

#[tokio::test]
async fn what_does_not_read_is_refused_in_the_form_of_the_api() {
    let door = Door::open();
    let large = json!({ "statement": "x".repeat(65 * 1024 * 1024) });
    let requests = [("POST", STATEMENTS.to_owned(), &large), ("GET", format!("{STATEMENTS}/%ff"), &Value::Null)];
    for (method, path, body) in requests {
        let (status, answer) = door.send(method, &path, "t", body).await;
        assert_eq!(
            (status, &answer["error_code"]),
            (StatusCode::BAD_REQUEST, &json!("INVALID_PARAMETER_VALUE")),
            "{path}"
        );
    }
    let (status, answer) = door.send("PUT", STATEMENTS, "t", &Value::Null).await;
    assert_eq!((status, &answer["error_code"]), (StatusCode::NOT_FOUND, &json!("ENDPOINT_NOT_FOUND")));
    let (status, answer) = door.send("POST", STATEMENTS, "t", &json!([1])).await;
    assert_eq!((status, &answer["error_code"]), (StatusCode::BAD_REQUEST, &json!("MALFORMED_REQUEST")));
}
