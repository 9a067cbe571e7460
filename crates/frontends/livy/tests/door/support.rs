//! The door on a core of fakes, and short words for what tests ask of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hearth_auth::{OpenAuthenticator, TokenAuthenticator};
use hearth_base::Clock;
use hearth_core::{Authenticator, Engines, InterpreterHost, Limits, MetadataStore};
use hearth_livy::{Livy, LivySettings, router};
use hearth_testkit::{FakeInterpreters, MemoryMetadataStore, MemoryResultStore, ScriptedEngine, TestHearth};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

pub struct Door {
    pub engine: Arc<ScriptedEngine>,
    pub interpreters: Arc<FakeInterpreters>,
    pub metadata: Arc<dyn MetadataStore>,
    pub clock: Clock,
    livy: Livy,
    router: Router,
    token: Option<String>,
    _folder: TempDir,
}

pub struct Answer {
    pub status: StatusCode,
    pub location: Option<String>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Door {
    pub async fn open() -> Self {
        Self::with(LivySettings::default()).await
    }

    pub async fn with(settings: LivySettings) -> Self {
        Self::on(settings, Arc::new(MemoryMetadataStore::default()), FakeInterpreters::new()).await
    }

    /// A second door on the same store and interpreters is the server after a restart.
    pub async fn on(
        settings: LivySettings,
        metadata: Arc<dyn MetadataStore>,
        interpreters: Arc<FakeInterpreters>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let results = Arc::new(MemoryResultStore::default());
        let hearth = TestHearth::on(folder.path(), Limits::default(), Arc::clone(&metadata), results);
        Self::over(hearth, folder, settings, interpreters).await
    }

    /// A door on these engines; `engine` is the one that the test reaches by that name.
    pub async fn with_engines(engine: Arc<ScriptedEngine>, engines: Engines) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hearth = TestHearth::with_engines(folder.path(), Limits::default(), engine, engines);
        Self::over(hearth, folder, LivySettings::default(), FakeInterpreters::new()).await
    }

    async fn over(
        hearth: TestHearth,
        folder: TempDir,
        settings: LivySettings,
        interpreters: Arc<FakeInterpreters>,
    ) -> Self {
        let metadata = Arc::clone(&hearth.metadata);
        let authenticator: Arc<dyn Authenticator> = if settings.authenticated {
            Arc::new(TokenAuthenticator::new(Arc::clone(&metadata), hearth.clock.clone()))
        } else {
            Arc::new(OpenAuthenticator)
        };
        let host: Arc<dyn InterpreterHost> = interpreters.clone();
        let livy = Livy::open(hearth.core(authenticator), host, settings).await.unwrap();
        Self {
            engine: hearth.engine.clone(),
            interpreters,
            metadata,
            clock: hearth.clock.clone(),
            router: router(livy.clone()),
            livy,
            token: None,
            _folder: folder,
        }
    }

    /// Lets go of everything as a server does that will be started again.
    pub async fn stop(&self) {
        self.livy.stop(true).await;
    }

    /// Says from now on who calls.
    pub async fn call_as(&mut self, user: &str) {
        let token = hearth_auth::create_token(self.metadata.as_ref(), &self.clock, user, "", None).await.unwrap();
        self.token = Some(token.secret);
    }

    pub fn call_as_nobody(&mut self) {
        self.token = None;
    }

    pub async fn send(&self, method: Method, path: &str, body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, location, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &body.to_string()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, "").await
    }

    /// Asks until the answer does.
    pub async fn until(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..2_000 {
            let answer = self.get(path).await;
            last = answer.json();
            if holds(&last) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("{path} stays at {last}");
    }

    /// A new session that takes statements, by its path.
    pub async fn session(&self, body: Value) -> String {
        let answer = self.post("/sessions", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let path = answer.location.unwrap();
        self.until(&path, |session| session["state"] == "idle").await;
        path
    }

    /// Submits a statement; its path.
    pub async fn submit(&self, session: &str, body: Value) -> String {
        let answer = self.post(&format!("{session}/statements"), body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.location.unwrap()
    }

    /// The statement when it has ended.
    pub async fn ended(&self, statement: &str) -> Value {
        self.until(statement, |statement| statement["state"] == "available" || statement["state"] == "cancelled").await
    }
}
