//! The REST transport on a scripted engine: messages go in, envelopes come out.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use hearth_auth::OpenAuthenticator;
use hearth_base::condition::UNAUTHENTICATED;
use hearth_base::{Result, SessionId};
use hearth_connect::rest::{RestSettings, RestState, router};
use hearth_connect::service::Caller;
use hearth_connect::{ConnectService, ConnectSettings};
use hearth_core::{Authenticator, Credentials, Limits, Principal};
use hearth_proto::{connect as pb, rpc};
use hearth_testkit::TestHearth;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use pb::execute_plan_request::{RequestOption, request_option};
use pb::response_envelope::ResponseType as Member;
use prost::Message;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

pub const PREFIX: &str = "/api/v2/spark-connect";
pub const SESSION: &str = "00112233-4455-6677-8899-aabbccddeeff";

pub struct Door {
    pub hearth: TestHearth,
    pub service: ConnectService,
    pub router: Router,
    _folder: TempDir,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Knows two users by their tokens.
#[derive(Debug)]
pub struct Two;

#[async_trait]
impl Authenticator for Two {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Principal> {
        match credentials.authorization.as_deref() {
            Some("Bearer ada") => Ok(Principal::named("ada")),
            Some("Bearer bob") => Ok(Principal::named("bob")),
            _ => Err(UNAUTHENTICATED.with("message", "a bearer token is needed")),
        }
    }
}

impl Door {
    pub fn open() -> Self {
        Self::with(RestSettings::default(), Limits::default(), Arc::new(OpenAuthenticator))
    }

    pub fn of_two() -> Self {
        Self::with(RestSettings::default(), Limits::default(), Arc::new(Two))
    }

    pub fn with(settings: RestSettings, limits: Limits, authenticator: Arc<dyn Authenticator>) -> Self {
        let folder = TempDir::new().unwrap();
        let hearth = TestHearth::new(folder.path(), limits);
        let service = ConnectService { hearth: hearth.core(authenticator), settings: ConnectSettings::default() };
        let router = router(RestState::new(service.clone(), None, settings));
        Self { hearth, service, router, _folder: folder }
    }

    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap()
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let (parts, body) = self.raw(method, path, headers, body).await.into_parts();
        Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    /// A call as the published client sends it, with the token `ada`.
    pub async fn post(&self, endpoint: &str, message: &impl Message) -> Answer {
        self.post_as("ada", endpoint, message).await
    }

    pub async fn post_as(&self, token: &str, endpoint: &str, message: &impl Message) -> Answer {
        let token = format!("Snowflake Token=\"{token}\"");
        let headers = [
            ("accept", "application/json"),
            ("accept-encoding", "identity"),
            ("content-type", "application/octet-stream"),
            ("authorization", token.as_str()),
        ];
        self.send(Method::POST, &format!("{PREFIX}/{endpoint}"), &headers, message.encode_to_vec()).await
    }

    pub async fn json(&self, endpoint: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json"), ("authorization", "Bearer ada")];
        self.send(Method::POST, &format!("{PREFIX}/{endpoint}"), &headers, body.to_string()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("authorization", "Bearer ada")], Body::empty()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[("authorization", "Bearer ada")], Body::empty()).await
    }

    /// All envelopes of a streamed answer.
    pub async fn envelopes(&self, endpoint: &str, message: &impl Message) -> Vec<pb::ResponseEnvelope> {
        let headers = [("accept", "application/vnd.hearth.envelopes"), ("authorization", "Bearer ada")];
        let path = format!("{PREFIX}/{endpoint}");
        let answer = self.send(Method::POST, &path, &headers, message.encode_to_vec()).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/vnd.hearth.envelopes");
        delimited(answer.body)
    }
}

pub fn delimited(mut bytes: Bytes) -> Vec<pb::ResponseEnvelope> {
    let mut envelopes = Vec::new();
    while !bytes.is_empty() {
        envelopes.push(pb::ResponseEnvelope::decode_length_delimited(&mut bytes).unwrap());
    }
    envelopes
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn envelope(&self) -> pb::ResponseEnvelope {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        pb::ResponseEnvelope::decode(self.body.clone()).unwrap()
    }

    pub fn member(&self) -> Member {
        let envelope = self.envelope();
        assert_eq!(envelope.query_id, "");
        envelope.response_type.expect("a member is set")
    }

    pub fn executed(&self) -> pb::ExecutePlanResponse {
        match self.member() {
            Member::ExecutePlanResponse(response) => response,
            other => panic!("no execute_plan_response: {other:?}"),
        }
    }

    pub fn failure(&self) -> (rpc::Status, rpc::ErrorInfo) {
        match self.member() {
            Member::Status(status) => with_info(status),
            other => panic!("no status: {other:?}"),
        }
    }

    /// Asserts the form of everything that is refused, and gives its code.
    pub fn refused(&self, status: StatusCode) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/json");
        let body = self.json();
        let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("no {name}: {body}")).to_owned();
        assert_eq!(text("request_id"), self.header("x-snowflake-request-id"));
        assert_eq!(text("code"), text("error_code"));
        assert!(!text("message").is_empty());
        text("code")
    }
}

pub fn with_info(status: rpc::Status) -> (rpc::Status, rpc::ErrorInfo) {
    let any = status.details.iter().find(|any| any.type_url.ends_with("google.rpc.ErrorInfo"));
    let info = any.map(|any| rpc::ErrorInfo::decode(&any.value[..]).unwrap()).unwrap_or_default();
    (status, info)
}

pub fn user() -> Option<pb::UserContext> {
    Some(pb::UserContext { user_id: "ada".to_owned(), ..Default::default() })
}

/// A plan that is a script's name.
pub fn plan(script: &str, operation: &str) -> pb::ExecutePlanRequest {
    let reattach = request_option::RequestOption::ReattachOptions(pb::ReattachOptions { reattachable: true });
    pb::ExecutePlanRequest {
        session_id: SESSION.to_owned(),
        user_context: user(),
        operation_id: Some(operation.to_owned()).filter(|id| !id.is_empty()),
        plan: Bytes::from(script.to_owned()),
        request_options: vec![RequestOption { request_option: Some(reattach) }],
        ..Default::default()
    }
}

pub fn reattach(operation: &str, last: Option<&str>) -> pb::ReattachExecuteRequest {
    pb::ReattachExecuteRequest {
        session_id: SESSION.to_owned(),
        user_context: user(),
        operation_id: operation.to_owned(),
        last_response_id: last.map(ToOwned::to_owned),
        ..Default::default()
    }
}

pub fn operation() -> String {
    hearth_base::OperationId::random().to_string()
}

pub fn caller(name: &str) -> Caller {
    Caller { principal: Principal::named(name), session: SessionId::new(SESSION), observed: None }
}

/// The rows of an answer; there must be one batch.
pub fn rows(response: &pb::ExecutePlanResponse) -> Vec<i64> {
    use arrow::array::AsArray;
    let Some(pb::execute_plan_response::ResponseType::ArrowBatch(batch)) = &response.response_type else {
        panic!("no rows: {response:?}");
    };
    assert_eq!((batch.start_offset.unwrap_or(0), batch.chunk_index), (0, None));
    let reader = arrow::ipc::reader::StreamReader::try_new(std::io::Cursor::new(&batch.data), None).unwrap();
    let batches: Vec<_> = reader.map(std::result::Result::unwrap).collect();
    assert_eq!(batches.len(), 1, "all rows are one record batch");
    assert_eq!(batches[0].num_rows(), usize::try_from(batch.row_count).unwrap());
    let column = batches[0].column(0).as_primitive::<arrow::datatypes::Int64Type>();
    (0..column.len()).map(|row| column.value(row)).collect()
}
