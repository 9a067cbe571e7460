//! The calls that have one answer: read, ask the service, write.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use futures::FutureExt;
use futures::future::BoxFuture;
use hearth_core::Principal;
use hearth_proto::connect as pb;
use pb::response_envelope::ResponseType as Member;
use tonic::Status;

use super::answer::{Reply, Wrapping, Written};
use super::read::{Asked, Form, read};
use super::results::Done;
use super::{PREFIX, RestState, artifacts, poll};
use crate::service::{Caller, ConnectService};

type Answering = BoxFuture<'static, Result<Reply, Status>>;

pub(super) fn routes() -> Router<RestState> {
    let at = |router: Router<RestState>, name: &str, methods: MethodRouter<RestState>| {
        router.route(&format!("{PREFIX}/{name}"), methods)
    };
    let mut router = Router::new();
    router = at(router, "analyze-plan", post(analyze_plan));
    router = at(router, "config", post(config));
    router = at(router, "add-artifacts", post(add_artifacts));
    router = at(router, "artifact-status", post(artifact_status));
    router = at(router, "interrupt", post(interrupt));
    router = at(router, "release-execute", post(release_execute));
    router = at(router, "release-session", post(release_session));
    router = at(router, "fetch-error-details", post(fetch_error_details));
    router = at(router, "clone-session", post(clone_session));
    at(router, "get-status", post(get_status))
}

/// A call whose answer is a member of the envelope.
macro_rules! enveloped {
    ($name:ident, $request:ident, $member:ident) => {
        async fn $name(State(state): State<RestState>, request: Request) -> Response {
            let call = |service: ConnectService, caller: Caller, message: pb::$request| -> Answering {
                async move { service.$name(caller, message).await.map(|answer| Reply::member(Member::$member(answer))) }
                    .boxed()
            };
            answer(state, request, Wrapping::Envelope, call).await
        }
    };
}

/// A call whose answer the envelope has no member for.
macro_rules! bare {
    ($name:ident, $request:ident) => {
        async fn $name(State(state): State<RestState>, request: Request) -> Response {
            let call = |service: ConnectService, caller: Caller, message: pb::$request| -> Answering {
                async move { service.$name(caller, message).await.map(|answer| Reply::bare(&answer)) }.boxed()
            };
            answer(state, request, Wrapping::Bare, call).await
        }
    };
}

enveloped!(analyze_plan, AnalyzePlanRequest, AnalyzePlanResponse);
enveloped!(config, ConfigRequest, ConfigResponse);
enveloped!(artifact_status, ArtifactStatusesRequest, ArtifactStatusResponse);
enveloped!(interrupt, InterruptRequest, InterruptResponse);
enveloped!(release_execute, ReleaseExecuteRequest, ReleaseExecuteResponse);
bare!(release_session, ReleaseSessionRequest);
bare!(fetch_error_details, FetchErrorDetailsRequest);
bare!(clone_session, CloneSessionRequest);
bare!(get_status, GetStatusRequest);

async fn add_artifacts(State(state): State<RestState>, request: Request) -> Response {
    let kept = state.clone();
    let call = |_, caller, message| artifacts::add(kept, caller, message).boxed();
    answer(state, request, Wrapping::Envelope, call).await
}

async fn answer<Q: Asked>(
    state: RestState,
    request: Request,
    wrapping: Wrapping,
    call: impl FnOnce(ConnectService, Caller, Q) -> Answering,
) -> Response {
    match read::<Q>(&state, request).await {
        Err(refusal) => refusal.into_response(),
        Ok((form, caller, message)) => {
            let principal = caller.principal.clone();
            let answering = call(state.service().clone(), caller, message);
            finish(&state, form, &principal, wrapping, answering).await
        }
    }
}

/// Answers within `rest.wait`, or with a handler behind which the work goes on.
async fn finish(
    state: &RestState,
    form: Form,
    principal: &Principal,
    wrapping: Wrapping,
    mut answering: Answering,
) -> Response {
    let wait: Duration = state.settings().wait;
    if let Ok(outcome) = tokio::time::timeout(wait, &mut answering).await {
        return Written::new(&form, wrapping, outcome).into_response();
    }
    let done = async move { Done::Answered(Written::new(&form, wrapping, answering.await)) };
    poll::hand_over(state, principal, done.boxed()).await
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::sync::Arc;

    use axum::body::Body;
    use hearth_auth::OpenAuthenticator;
    use hearth_core::Limits;
    use hearth_testkit::TestHearth;
    use http::{Method, StatusCode};
    use http_body_util::BodyExt;
    use prost::Message;
    use tokio_util::sync::CancellationToken;
    use tower::ServiceExt;

    use super::*;
    use crate::ConnectSettings;
    use crate::rest::read::Format;
    use crate::rest::{RestSettings, router};

    async fn ask(state: &RestState, method: Method, location: &str) -> (StatusCode, axum::body::Bytes) {
        let request = Request::builder().method(method).uri(location).body(Body::empty()).unwrap();
        let response = router(state.clone()).oneshot(request).await.unwrap();
        (response.status(), response.into_body().collect().await.unwrap().to_bytes())
    }

    fn state() -> RestState {
        let hearth = TestHearth::new(&std::env::temp_dir(), Limits::default()).core(Arc::new(OpenAuthenticator));
        let service = ConnectService { hearth, settings: ConnectSettings::default() };
        RestState::new(service, None, RestSettings::default())
    }

    /// A call that takes until the gate opens; its handler.
    async fn begin(state: &RestState, gate: &CancellationToken, alive: Arc<()>) -> String {
        let gate = gate.clone();
        let answering = async move {
            gate.cancelled().await;
            drop(alive);
            Ok(Reply::member(Member::ConfigResponse(pb::ConfigResponse::default())))
        };
        let form = Form { format: Format::Protobuf, stream: false, request_id: "r".to_owned() };
        let ada = Principal::named("ada");
        let response = finish(state, form, &ada, Wrapping::Envelope, answering.boxed()).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        response.headers()["location"].to_str().unwrap().to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_call_leaves_its_answer() {
        let (state, gate) = (state(), CancellationToken::new());
        let location = begin(&state, &gate, Arc::default()).await;
        assert_eq!(ask(&state, Method::GET, &location).await.0, StatusCode::ACCEPTED);
        gate.cancel();
        for _ in 0..2 {
            let (status, body) = ask(&state, Method::GET, &location).await;
            let envelope = pb::ResponseEnvelope::decode(body).unwrap();
            assert_eq!((status, envelope.request_id.as_str()), (StatusCode::OK, "r"));
            assert!(matches!(envelope.response_type, Some(Member::ConfigResponse(_))));
        }
        assert_eq!(ask(&state, Method::DELETE, &location).await.0, StatusCode::OK);
        assert_eq!(ask(&state, Method::GET, &location).await.0, StatusCode::GONE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_call_that_is_cancelled_or_forgotten_stops() {
        let (state, alive) = (state(), Arc::new(()));
        let location = begin(&state, &CancellationToken::new(), Arc::clone(&alive)).await;
        assert_eq!(ask(&state, Method::DELETE, &location).await.0, StatusCode::OK);
        begin(&state, &CancellationToken::new(), Arc::clone(&alive)).await;
        state.service().hearth.sessions.clock().advance(state.settings().result_retention);
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
