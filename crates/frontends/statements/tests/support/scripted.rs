//! The door on a scripted engine: a request goes in, a status and JSON come out.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use hearth_auth::OpenAuthenticator;
use hearth_core::{Authenticator, Limits};
use hearth_statements::{Api, StatementsSettings, router};
use hearth_testkit::TestHearth;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

pub struct Door {
    pub hearth: TestHearth,
    router: Router,
    _folder: TempDir,
}

impl Door {
    pub fn open() -> Self {
        Self::with(StatementsSettings::default(), Arc::new(OpenAuthenticator))
    }

    pub fn with(settings: StatementsSettings, authenticator: Arc<dyn Authenticator>) -> Self {
        let folder = TempDir::new().unwrap();
        let hearth = TestHearth::new(folder.path(), Limits::default());
        let router = router(Api::new(hearth.core(authenticator), settings));
        Self { hearth, router, _folder: folder }
    }

    /// Sends a request with a token; an empty one is none.
    pub async fn send(&self, method: &str, path: &str, token: &str, body: &Value) -> (StatusCode, Value) {
        let (status, body) = self.bytes(method, path, token, body).await;
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    pub async fn bytes(&self, method: &str, path: &str, token: &str, body: &Value) -> (StatusCode, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path).header("host", "hearth.test:8998");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        (status, response.into_body().collect().await.unwrap().to_bytes().to_vec())
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send("POST", path, "t", body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.send("GET", path, "t", &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }
}
