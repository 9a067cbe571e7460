//! The door on a core of fakes, and short words for asking it.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use hearth_auth::{OpenAuthenticator, TokenAuthenticator, create_token};
use hearth_base::Clock;
use hearth_core::{Authenticator, Hearth, Limits, MetadataStore, PrincipalRule, WorkLimits};
use hearth_statements::{Api, StatementsSettings, router};
use hearth_testkit::{MemoryMetadataStore, MemoryResultStore, ScriptedEngine, TestHearth, TwoEngines};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

pub struct Door {
    pub router: Router,
    pub hearth: Hearth,
    pub engine: Arc<ScriptedEngine>,
    pub metadata: Arc<dyn MetadataStore>,
    pub clock: Clock,
    /// Sent with every request, if there is one.
    pub token: Option<String>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&self.bytes)))
    }

    pub fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }
}

impl Door {
    /// Everybody is `local`.
    pub fn open() -> Self {
        Self::on(Arc::new(MemoryMetadataStore::default()), |_, _| Arc::new(OpenAuthenticator))
    }

    /// Callers need tokens.
    pub fn with_tokens() -> Self {
        Self::on(Arc::new(MemoryMetadataStore::default()), |metadata, clock| {
            Arc::new(TokenAuthenticator::new(metadata, clock))
        })
    }

    /// A server on a store that others had before.
    pub fn on(
        metadata: Arc<dyn MetadataStore>,
        authenticator: impl FnOnce(Arc<dyn MetadataStore>, Clock) -> Arc<dyn Authenticator>,
    ) -> Self {
        let root = std::env::temp_dir();
        let results = Arc::new(MemoryResultStore::default());
        let parts = TestHearth::on(&root, Limits::default(), Arc::clone(&metadata), results);
        let authenticator = authenticator(metadata, parts.clock.clone());
        Self::over(parts, authenticator)
    }

    fn over(parts: TestHearth, authenticator: Arc<dyn Authenticator>) -> Self {
        let hearth = parts.core(authenticator);
        let router = router(Api::new(hearth.clone(), StatementsSettings::default()));
        Self { router, hearth, engine: parts.engine, metadata: parts.metadata, clock: parts.clock, token: None }
    }

    /// The same door, for a caller with a token of this name.
    pub async fn caller(&self, name: &str) -> Self {
        let token = create_token(self.metadata.as_ref(), &self.clock, name, "", None).await.unwrap();
        Self {
            router: self.router.clone(),
            hearth: self.hearth.clone(),
            engine: Arc::clone(&self.engine),
            metadata: Arc::clone(&self.metadata),
            clock: self.clock.clone(),
            token: Some(token.secret),
        }
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "hearth.test:8998");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer { status: parts.status, headers: parts.headers, bytes: body.collect().await.unwrap().to_bytes() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// Runs a statement on `default` to its end and returns its id.
    pub async fn run(&self, text: &str) -> String {
        let body =
            json!({ "statement": text, "warehouse_id": "default", "query_tags": [{ "key": "team", "value": "x" }] });
        let answer = self.post("/api/2.0/sql/statements", body).await;
        answer.json()["statement_id"].as_str().expect("the statement is taken").to_owned()
    }
}

/// A door on two scripted engines: `near`, the default, and `far` with `limits`.
pub fn on_two_engines(limits: &WorkLimits, rules: &[(&str, PrincipalRule)]) -> (Door, TwoEngines) {
    let engines = TwoEngines::default();
    let named = engines.named(limits, rules).unwrap();
    let parts = TestHearth::with_engines(&std::env::temp_dir(), Limits::default(), engines.near.clone(), named);
    (Door::over(parts, Arc::new(OpenAuthenticator)), engines)
}
