//! `pull-request` and `push-response`: JSON strings, and which code says what.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hearth_base::Result;
use hearth_base::condition::{ANSWERED_ALREADY, NO_SUCH_REQUEST, PERMISSION_DENIED, UNAUTHENTICATED, UNKNOWN_POOL};
use hearth_connect::rest::{RestSettings, RestState, router};
use hearth_connect::{ConnectService, ConnectSettings};
use hearth_core::{Authenticator, Credentials, Limits, Principal, WorkerDesk};
use hearth_testkit::TestHearth;
use http::{Request, StatusCode};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// Does what the worker's name or the response says.
#[derive(Debug)]
struct Desk;

#[async_trait]
impl WorkerDesk for Desk {
    async fn pull(&self, principal: &Principal, worker: &str, wait: Duration) -> Result<Option<Bytes>> {
        assert_eq!((principal.id.as_str(), wait.as_secs()), ("robot", 45));
        match worker {
            "edge/w#0" => Ok(Some(Bytes::from_static(b"a request"))),
            "" => Ok(None),
            "nowhere/w" => Err(UNKNOWN_POOL.with("pool", "nowhere").with("pools", "edge")),
            _ => Err(PERMISSION_DENIED.with("message", "not you")),
        }
    }

    async fn push(&self, principal: &Principal, response: Bytes) -> Result<()> {
        assert_eq!(principal.id.as_str(), "robot");
        match &response[..] {
            b"again" => Err(ANSWERED_ALREADY.with("request", "r")),
            b"late" => Err(NO_SUCH_REQUEST.with("request", "r")),
            _ => Ok(()),
        }
    }
}

#[derive(Debug)]
struct Robot;

#[async_trait]
impl Authenticator for Robot {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Principal> {
        match credentials.authorization.as_deref() {
            Some("Bearer secret") => Ok(Principal::named("robot")),
            _ => Err(UNAUTHENTICATED.with("message", "a bearer token is needed")),
        }
    }
}

/// The router, and the folder of its sessions.
fn door(desk: Option<Arc<dyn WorkerDesk>>) -> (Router, TempDir) {
    let folder = TempDir::new().unwrap();
    let hearth = TestHearth::new(folder.path(), Limits::default()).core(Arc::new(Robot));
    let service = ConnectService { hearth, settings: ConnectSettings::default() };
    (router(RestState::new(service, desk, RestSettings::default())), folder)
}

async fn post(router: &Router, call: &str, token: &str, body: impl Into<Body>) -> (StatusCode, serde_json::Value) {
    let request = Request::post(format!("/api/v2/spark-connect/{call}"))
        .header("content-type", "application/json")
        .header("authorization", format!("Snowflake Token=\"{token}\""))
        .body(body.into())
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn pulls_answer_a_request_or_an_empty_string() {
    let (router, _folder) = door(Some(Arc::new(Desk)));
    let pull = |body: &'static str| post(&router, "pull-request", "secret", body);
    assert_eq!(pull("\"edge/w#0\"").await, (StatusCode::OK, STANDARD.encode("a request").into()));
    assert_eq!(pull("\"\"").await, (StatusCode::OK, "".into()));
    assert_eq!(pull("").await, (StatusCode::OK, "".into()));
    for (body, status, code) in [
        ("\"nowhere/w\"", StatusCode::NOT_FOUND, "HEARTH_UNKNOWN_POOL"),
        ("\"edge/thief\"", StatusCode::FORBIDDEN, "HEARTH_PERMISSION_DENIED"),
        ("edge", StatusCode::BAD_REQUEST, "HEARTH_INVALID_REQUEST"),
        ("null", StatusCode::BAD_REQUEST, "HEARTH_INVALID_REQUEST"),
        ("[\"edge\"]", StatusCode::BAD_REQUEST, "HEARTH_INVALID_REQUEST"),
    ] {
        let (found, answer) = pull(body).await;
        assert_eq!((found, answer["code"].as_str()), (status, Some(code)), "{body}");
    }
}

#[tokio::test]
async fn pushes_answer_an_empty_string() {
    let (router, _folder) = door(Some(Arc::new(Desk)));
    let push = |text: &str| {
        let body = serde_json::json!(text).to_string();
        post(&router, "push-response", "secret", body)
    };
    assert_eq!(push(&STANDARD.encode("an answer")).await, (StatusCode::OK, "".into()));
    for (text, status, code) in [
        (STANDARD.encode("again"), StatusCode::CONFLICT, "HEARTH_ANSWERED_ALREADY"),
        (STANDARD.encode("late"), StatusCode::NOT_FOUND, "HEARTH_NO_SUCH_REQUEST"),
        ("no base64".to_owned(), StatusCode::BAD_REQUEST, "HEARTH_INVALID_REQUEST"),
    ] {
        let (found, answer) = push(&text).await;
        assert_eq!((found, answer["code"].as_str()), (status, Some(code)), "{text}");
    }
}

#[tokio::test]
async fn nobody_works_without_a_token_or_a_desk() {
    for call in ["pull-request", "push-response"] {
        let (router, _folder) = door(Some(Arc::new(Desk)));
        assert_eq!(post(&router, call, "wrong", "\"\"").await.0, StatusCode::UNAUTHORIZED);
        let (router, _folder) = door(None);
        assert_eq!(post(&router, call, "wrong", "\"\"").await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(post(&router, call, "secret", "\"\"").await.0, StatusCode::NOT_FOUND);
    }
}
