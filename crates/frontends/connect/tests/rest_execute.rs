//! ExecutePlan and ReattachExecute over REST: folded, repeated, polled for, streamed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/door.rs"]
mod door;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use door::{Answer, Door, PREFIX, SESSION, Two, caller, delimited, operation, plan, reattach, rows, user, with_info};
use hearth_auth::OpenAuthenticator;
use hearth_base::condition::DIVIDE_BY_ZERO;
use hearth_base::{ByteSize, OperationId};
use hearth_connect::RestSettings;
use hearth_core::{Limits, OperationState};
use hearth_proto::connect as pb;
use hearth_testkit::{Gate, Step};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use pb::execute_plan_response::ResponseType;
use pb::response_envelope::ResponseType as Member;
use prost::Message;
use serde_json::json;

fn execute_path() -> String {
    format!("{PREFIX}/execute-plan")
}

#[tokio::test]
async fn a_query_is_one_batch_in_one_envelope() {
    let door = Door::open();
    door.hearth.engine.script("five", vec![Step::Schema, Step::Rows(2), Step::Rows(0), Step::Rows(3)]);
    let id = operation();
    let answer = door.post("execute-plan", &plan("five", &id)).await;
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    let request_id = answer.header("x-snowflake-request-id").to_owned();
    assert!(hearth_base::id::is_uuid(&request_id));
    assert!(!answer.headers.contains_key("link") && !answer.headers.contains_key("x-hearth-status"));
    assert_eq!(answer.envelope().request_id, request_id);
    let response = answer.executed();
    assert_eq!(rows(&response), [0, 1, 2, 3, 4]);
    assert_eq!((response.session_id.as_str(), response.operation_id), (SESSION, id));
    assert!(response.schema.is_some());
    assert!(!response.server_side_session_id.is_empty() && !response.response_id.is_empty());
}

#[tokio::test]
async fn a_large_answer_is_one_batch_too_and_says_its_length() {
    let door = Door::open();
    let script = std::iter::once(Step::Schema).chain((0..40).map(|_| Step::Rows(10_000))).collect();
    door.hearth.engine.script("large", script);
    let response = door.raw(Method::POST, &execute_path(), &[], plan("large", &operation()).encode_to_vec()).await;
    let length: usize = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.len() > 400_000 * 8 && body.len() == length);
    let answer = Answer { status: StatusCode::OK, headers: HeaderMap::new(), body };
    assert_eq!(rows(&answer.executed()), (0..400_000).collect::<Vec<i64>>());
}

#[tokio::test]
async fn the_same_request_twice_at_one_time_is_one_operation() {
    let door = Door::open();
    let gate = Gate::default();
    door.hearth.engine.script("slow", vec![Step::Schema, Step::Wait(gate.clone()), Step::Rows(1)]);
    let request = plan("slow", &operation());
    let both = async { tokio::join!(door.post("execute-plan", &request), door.post("execute-plan", &request)) };
    let opened = async {
        gate.arrived(1).await;
        gate.open();
    };
    let ((one, other), ()) = tokio::join!(both, opened);
    assert_eq!(one.executed(), other.executed());
    assert_eq!(door.hearth.engine.executed(), 1);
}

#[tokio::test]
async fn no_rows_are_a_batch_too() {
    let door = Door::open();
    door.hearth.engine.script("none", vec![Step::Schema]);
    let response = door.post("execute-plan", &plan("none", "")).await.executed();
    assert_eq!(rows(&response), Vec::<i64>::new());
    door.hearth.engine.script("command", Vec::new());
    let response = door.post("execute-plan", &plan("command", "")).await.executed();
    assert!(matches!(response.response_type, Some(ResponseType::ResultComplete(_))));
}

#[tokio::test]
async fn the_same_request_again_is_the_same_operation() {
    let door = Door::open();
    let request = plan("once", &operation());
    let first = door.post("execute-plan", &request).await.executed();
    assert_eq!(door.post("execute-plan", &request).await.executed(), first);
    let unattached = pb::ExecutePlanRequest { request_options: Vec::new(), ..plan("never again", &operation()) };
    let first = door.post("execute-plan", &unattached).await.executed();
    assert_eq!(door.post("execute-plan", &unattached).await.executed(), first);
    assert_eq!(door.hearth.engine.executed(), 2);
    let other = pb::ExecutePlanRequest { plan: "other".into(), ..request };
    let (status, info) = door.post("execute-plan", &other).await.failure();
    assert_eq!(status.code, 13);
    assert_eq!(info.metadata["errorClass"], "INVALID_HANDLE.OPERATION_ALREADY_EXISTS");
}

#[tokio::test]
async fn a_failure_of_sparks_is_a_status_in_the_envelope() {
    let door = Door::open();
    door.hearth.engine.script("fails", vec![Step::Fail(DIVIDE_BY_ZERO.with("config", "\"x\""))]);
    let request = plan("fails", &operation());
    let answer = door.post("execute-plan", &request).await;
    assert_eq!((answer.status, answer.header("x-hearth-status")), (StatusCode::OK, "13"));
    let (status, info) = answer.failure();
    assert_eq!(status.code, 13);
    assert!(status.message.starts_with("[DIVIDE_BY_ZERO] "), "{}", status.message);
    assert_eq!(info.reason, "org.apache.spark.SparkArithmeticException");
    assert_eq!((info.domain.as_str(), info.metadata["sqlState"].as_str()), ("org.apache.spark", "22012"));
    let details = pb::FetchErrorDetailsRequest {
        session_id: SESSION.to_owned(),
        user_context: user(),
        error_id: info.metadata["errorId"].clone(),
        ..Default::default()
    };
    let details = door.post("fetch-error-details", &details).await;
    let details = pb::FetchErrorDetailsResponse::decode(details.body).unwrap();
    assert_eq!(details.errors[0].message, status.message);
    assert_eq!(door.post("execute-plan", &request).await.failure().0.message, status.message);
    assert_eq!(door.hearth.engine.executed(), 1, "a failed plan is not run again either");
}

#[tokio::test(start_paused = true)]
async fn what_takes_long_is_polled_for() {
    let door = Door::open();
    let gate = Gate::default();
    door.hearth.engine.script("slow", vec![Step::Schema, Step::Wait(gate.clone()), Step::Rows(2)]);
    let request = plan("slow", &operation());
    let answer = door.post("execute-plan", &request).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let (location, body) = (answer.header("location").to_owned(), answer.json());
    assert_eq!(location, format!("/api/v2/results/{}", body["resultHandler"].as_str().unwrap()));
    assert_eq!(body["code"], "392604");
    assert!(body["message"].is_string());
    let again = door.post("execute-plan", &request).await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    door.hearth.clock.advance(Duration::from_secs(2 * 60 * 60));
    let poll = door.get(&location).await;
    assert_eq!((poll.status, poll.json(), poll.header("location")), (StatusCode::ACCEPTED, body, location.as_str()));
    gate.open();
    let done = door.get(&location).await.executed();
    assert_eq!(rows(&done), [0, 1]);
    assert_eq!(door.get(&location).await.executed(), done, "an answer that was lost is there again");
    assert_eq!(door.get(again.header("location")).await.executed(), done);
    assert_eq!(door.post("execute-plan", &request).await.executed(), done);
    assert_eq!(door.hearth.engine.executed(), 1);
    door.hearth.clock.advance(Duration::from_secs(60 * 60));
    assert_eq!(door.get(&location).await.refused(StatusCode::GONE), "GONE");
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_its_principals_and_cancels() {
    let door = Door::with(RestSettings::default(), Limits::default(), Arc::new(Two));
    door.hearth.engine.script("slow", vec![Step::Schema, Step::Wait(Gate::default())]);
    let request = plan("slow", &operation());
    let location = door.post("execute-plan", &request).await.header("location").to_owned();
    for (token, status) in [("Bearer bob", StatusCode::NOT_FOUND), ("Bearer eve", StatusCode::UNAUTHORIZED)] {
        for method in [Method::GET, Method::DELETE] {
            door.send(method, &location, &[("authorization", token)], Body::empty()).await.refused(status);
        }
    }
    door.get("/api/v2/results/nonsense").await.refused(StatusCode::NOT_FOUND);
    let cancelled = door.delete(&location).await;
    assert_eq!((cancelled.status, cancelled.json()["message"].is_string()), (StatusCode::OK, true));
    door.get(&location).await.refused(StatusCode::GONE);
    door.delete(&location).await.refused(StatusCode::GONE);
    let bob = [("authorization", "Bearer bob")];
    door.send(Method::GET, &location, &bob, Body::empty()).await.refused(StatusCode::NOT_FOUND);
    let (_, info) = door.post("execute-plan", &request).await.failure();
    assert_eq!(info.metadata["errorClass"], "INVALID_HANDLE.OPERATION_ABANDONED");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_what_is_cancelled_or_released_is_told_so() {
    let door = Door::open();
    door.hearth.engine.script("slow", vec![Step::Schema, Step::Rows(1), Step::Wait(Gate::default())]);
    let request = plan("slow", &operation());
    let location = door.post("execute-plan", &request).await.header("location").to_owned();
    let waiting = async { door.post("execute-plan", &request).await };
    let cancelled = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        door.delete(&location).await
    };
    let (waited, _) = tokio::join!(waiting, cancelled);
    assert_eq!(waited.failure().1.metadata["errorClass"], "OPERATION_CANCELED");
}

#[tokio::test]
async fn who_did_not_ask_to_come_back_may_send_the_request_again_but_not_reattach() {
    let door = Door::open();
    let id = operation();
    let request = pb::ExecutePlanRequest { request_options: Vec::new(), ..plan("row", &id) };
    let first = door.post("execute-plan", &request).await.executed();
    let (_, info) = door.post("reattach-execute", &reattach(&id, None)).await.failure();
    assert_eq!(info.metadata["errorClass"], "INVALID_CURSOR.NOT_REATTACHABLE");
    assert_eq!(door.post("execute-plan", &request).await.executed(), first);
}

#[tokio::test(start_paused = true)]
async fn without_a_free_handler_a_call_is_held() {
    let settings = RestSettings { max_results: 0, ..RestSettings::default() };
    let door = Door::with(settings, Limits::default(), Arc::new(OpenAuthenticator));
    let gate = Gate::default();
    door.hearth.engine.script("slow", vec![Step::Schema, Step::Wait(gate.clone())]);
    let held = async { door.post("execute-plan", &plan("slow", &operation())).await };
    let opened = async {
        tokio::time::sleep(Duration::from_secs(120)).await;
        gate.open();
    };
    let (answer, ()) = tokio::join!(held, opened);
    assert_eq!(rows(&answer.executed()), Vec::<i64>::new());
}

#[tokio::test(start_paused = true)]
async fn no_room_is_429_and_the_client_that_was_told_so_is_not_told_to_poll() {
    let limits = Limits { max_running_operations: 1, max_queued_operations: 0, ..Limits::default() };
    let door = Door::with(RestSettings::default(), limits, Arc::new(OpenAuthenticator));
    let (first, second) = (Gate::default(), Gate::default());
    door.hearth.engine.script("first", vec![Step::Wait(first.clone())]);
    door.hearth.engine.script("second", vec![Step::Wait(second.clone())]);
    assert_eq!(door.post("execute-plan", &plan("first", &operation())).await.status, StatusCode::ACCEPTED);
    let request = plan("second", &operation());
    let busy = door.post("execute-plan", &request).await;
    assert_eq!(
        (busy.refused(StatusCode::TOO_MANY_REQUESTS).as_str(), busy.header("retry-after")),
        ("HEARTH_LIMIT", "1")
    );
    first.open();
    tokio::time::sleep(Duration::from_millis(10)).await;
    let held = async { door.post("execute-plan", &request).await };
    let opened = async {
        tokio::time::sleep(Duration::from_secs(200)).await;
        second.open();
    };
    let (answer, ()) = tokio::join!(held, opened);
    assert!(matches!(answer.executed().response_type, Some(ResponseType::ResultComplete(_))));
}

#[tokio::test]
async fn an_operation_without_an_id_goes_with_its_request() {
    let door = Door::open();
    let answered = door.post("execute-plan", &plan("row", "")).await.executed();
    let session = door.hearth.sessions.all().remove(0);
    assert!(session.operations().is_empty() && session.had(&OperationId::new(answered.operation_id)));
    let gate = Gate::default();
    door.hearth.engine.script("slow", vec![Step::Wait(gate.clone())]);
    let request = plan("slow", "");
    tokio::select! {
        _ = door.post("execute-plan", &request) => panic!("nothing ends it"),
        () = gate.arrived(1) => {}
    }
    assert!(session.operations().is_empty());
    while door.hearth.operations.admission().load().0 > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn too_many_rows_for_one_answer_come_as_a_stream() {
    let settings = RestSettings { max_result_size: ByteSize::kib(4), ..RestSettings::default() };
    let door = Door::with(settings, Limits::default(), Arc::new(OpenAuthenticator));
    door.hearth.engine.script("large", vec![Step::Schema, Step::Rows(400), Step::Rows(400)]);
    let id = operation();
    let (status, info) = door.post("execute-plan", &plan("large", &id)).await.failure();
    assert_eq!((status.code, info.metadata["errorClass"].as_str()), (8, "HEARTH_LIMIT"));
    assert!(status.message.contains("rest.max_result_size") && status.message.contains("stream"), "{status:?}");
    let envelopes = door.envelopes("reattach-execute", &reattach(&id, None)).await;
    let counts: Vec<_> = envelopes.iter().filter_map(row_count).collect();
    assert_eq!(counts, [400, 400]);
    assert_eq!(door.hearth.engine.executed(), 1);
}

fn response(envelope: &pb::ResponseEnvelope) -> &pb::ExecutePlanResponse {
    match &envelope.response_type {
        Some(Member::ExecutePlanResponse(response)) => response,
        other => panic!("no response: {other:?}"),
    }
}

fn row_count(envelope: &pb::ResponseEnvelope) -> Option<i64> {
    match &response(envelope).response_type {
        Some(ResponseType::ArrowBatch(batch)) => Some(batch.row_count),
        _ => None,
    }
}

#[tokio::test]
async fn a_stream_has_an_envelope_per_response_and_its_ids_are_cursors() {
    let door = Door::open();
    door.hearth.engine.script("three", vec![Step::Schema, Step::Rows(2), Step::Rows(1)]);
    let id = operation();
    let envelopes = door.envelopes("execute-plan", &plan("three", &id)).await;
    assert_eq!(envelopes.len(), 4, "{envelopes:?}");
    assert!(response(&envelopes[0]).schema.is_some());
    assert_eq!((row_count(&envelopes[1]), row_count(&envelopes[2])), (Some(2), Some(1)));
    let last = response(&envelopes[3]);
    assert!(matches!(last.response_type, Some(ResponseType::ResultComplete(_))));

    let after = |index: usize| reattach(&id, Some(&response(&envelopes[index]).response_id));
    let rest = door.post("reattach-execute", &after(0)).await.executed();
    assert_eq!((rows(&rest), rest.response_id.as_str()), (vec![0, 1, 2], last.response_id.as_str()));
    assert_eq!(rows(&door.post("reattach-execute", &after(1)).await.executed()), [2]);
    let nothing = door.post("reattach-execute", &after(3)).await.executed();
    assert!(matches!(nothing.response_type, Some(ResponseType::ResultComplete(_))));
    assert_eq!(rows(&door.post("reattach-execute", &reattach(&id, None)).await.executed()), [0, 1, 2]);
    let streamed = door.envelopes("reattach-execute", &after(1)).await;
    assert_eq!(streamed.iter().filter_map(row_count).collect::<Vec<_>>(), [1]);

    let (_, info) = door.post("reattach-execute", &reattach(&id, Some("nonsense"))).await.failure();
    assert_eq!(info.metadata["errorClass"], "INVALID_CURSOR.POSITION_NOT_FOUND");
    let (_, info) = door.post("reattach-execute", &reattach(&operation(), None)).await.failure();
    assert_eq!(info.metadata["errorClass"], "INVALID_HANDLE.OPERATION_NOT_FOUND");
}

#[tokio::test]
async fn a_client_of_a_part_of_a_batch_gets_the_next_part() {
    let door = Door::open();
    door.hearth.engine.script("wide", vec![Step::Schema, Step::Rows(5_000)]);
    let id = operation();
    let chunking =
        pb::ResultChunkingOptions { allow_arrow_batch_chunking: true, preferred_arrow_chunk_size: Some(16 * 1024) };
    let mut request = plan("wide", &id);
    request.request_options.push(pb::execute_plan_request::RequestOption {
        request_option: Some(pb::execute_plan_request::request_option::RequestOption::ResultChunkingOptions(chunking)),
    });
    let envelopes = door.envelopes("execute-plan", &request).await;
    let parts = &envelopes[1..envelopes.len() - 1];
    assert!(parts.len() > 2);
    let after = reattach(&id, Some(&response(&parts[0]).response_id));
    assert_eq!(door.post("reattach-execute", &after).await.executed(), *response(&parts[1]));
    assert_eq!(rows(&door.post("execute-plan", &request).await.executed()).len(), 5_000);
}

#[tokio::test]
async fn a_failure_ends_a_stream_as_its_last_envelope() {
    let door = Door::open();
    door.hearth
        .engine
        .script("late", vec![Step::Schema, Step::Rows(1), Step::Fail(DIVIDE_BY_ZERO.with("config", "\"x\""))]);
    let mut envelopes = door.envelopes("execute-plan", &plan("late", &operation())).await;
    let Some(Member::Status(status)) = envelopes.pop().unwrap().response_type else { panic!("no status") };
    assert_eq!(with_info(status).1.metadata["errorClass"], "DIVIDE_BY_ZERO");
    assert_eq!(envelopes.iter().filter_map(row_count).collect::<Vec<_>>(), [1]);
    let bad = pb::ExecutePlanRequest { tags: vec!["a,b".to_owned()], ..plan("late", &operation()) };
    let envelopes = door.envelopes("execute-plan", &bad).await;
    assert!(matches!(envelopes[..], [pb::ResponseEnvelope { response_type: Some(Member::Status(_)), .. }]));
}

#[tokio::test]
async fn a_stream_of_json_is_a_line_per_envelope() {
    let door = Door::open();
    let headers = [("content-type", "application/json"), ("authorization", "Bearer ada")];
    let body = json!({ "sessionId": SESSION, "plan": { "root": { "range": { "end": "1", "step": "1" } } } });
    let path = format!("{}?stream=true", execute_path());
    let answer = door.send(Method::POST, &path, &headers, body.to_string()).await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[1]["executePlanResponse"]["arrowBatch"]["rowCount"], "1");
}

#[tokio::test]
async fn a_compressed_stream_does_not_keep_back_what_has_come() {
    let door = Door::open();
    let gate = Gate::default();
    door.hearth.engine.script("slow", vec![Step::Schema, Step::Rows(1), Step::Wait(gate.clone()), Step::Rows(1)]);
    for encoding in ["gzip", "zstd"] {
        let headers = [("accept", "application/vnd.hearth.envelopes"), ("accept-encoding", encoding)];
        let response =
            door.raw(Method::POST, &execute_path(), &headers, plan("slow", &operation()).encode_to_vec()).await;
        assert_eq!(response.headers()["content-encoding"], encoding);
        let mut body = response.into_body();
        gate.arrived(1).await;
        let mut sent = 0;
        while sent < 100 {
            let frame = tokio::time::timeout(Duration::from_secs(1), body.frame()).await;
            sent += frame.expect("the first rows come before the last").unwrap().unwrap().into_data().unwrap().len();
        }
    }
    gate.open();
    let headers = [("accept", "application/vnd.hearth.envelopes"), ("accept-encoding", "zstd")];
    let answer = door.send(Method::POST, &execute_path(), &headers, plan("slow", &operation()).encode_to_vec()).await;
    let whole = zstd::decode_all(&answer.body[..]).unwrap();
    assert_eq!(delimited(whole.into()).iter().filter_map(row_count).collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test]
async fn what_a_slow_reader_of_a_stream_has_not_taken_is_not_in_memory() {
    let limits = Limits { result_memory: ByteSize::kib(64), ..Limits::default() };
    let door = Door::with(RestSettings::default(), limits, Arc::new(OpenAuthenticator));
    let script = std::iter::once(Step::Schema).chain((0..64).map(|_| Step::Rows(4_096))).collect();
    door.hearth.engine.script("much", script);
    let request = pb::ExecutePlanRequest { request_options: Vec::new(), ..plan("much", &operation()) };
    let headers = [("accept", "application/vnd.hearth.envelopes")];
    let response = door.raw(Method::POST, &execute_path(), &headers, request.encode_to_vec()).await;
    let running = door.hearth.sessions.all().remove(0).operations().remove(0);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(running.state(), OperationState::Running, "the work waits for its reader at first");
    assert!(running.log.memory() <= 128 * 1024, "{}", running.log.memory());
    running.log.ended().await;
    assert!(running.log.memory() <= 128 * 1024, "{}", running.log.memory());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(delimited(body).iter().filter_map(row_count).sum::<i64>(), 64 * 4_096);
}

#[tokio::test]
async fn a_stream_that_nobody_can_come_back_for_stops_its_work_when_it_is_dropped() {
    let door = Door::open();
    let gate = Gate::default();
    door.hearth.engine.script("slow", vec![Step::Schema, Step::Wait(gate.clone())]);
    let request = pb::ExecutePlanRequest { request_options: Vec::new(), ..plan("slow", &operation()) };
    let headers = [("accept", "application/vnd.hearth.envelopes")];
    let response = door.raw(Method::POST, &execute_path(), &headers, request.encode_to_vec()).await;
    let running = door.hearth.sessions.all().remove(0).operations().remove(0);
    gate.arrived(1).await;
    drop(response);
    running.log.ended().await;
    assert_eq!(running.state(), OperationState::Cancelled);
}

#[tokio::test]
async fn an_operation_of_grpc_is_there_over_rest() {
    use futures::StreamExt;
    let door = Door::open();
    door.hearth.engine.script("three", vec![Step::Schema, Step::Rows(2), Step::Rows(1)]);
    let id = operation();
    let mut stream = door.service.execute_plan(caller("ada"), plan("three", &id)).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    let rest = door.post("reattach-execute", &reattach(&id, Some(&first.response_id))).await.executed();
    assert_eq!(rows(&rest), [0, 1, 2]);
    assert_eq!(rest.server_side_session_id, first.server_side_session_id);
    let release = pb::ReleaseExecuteRequest {
        session_id: SESSION.to_owned(),
        user_context: user(),
        operation_id: id.clone(),
        release: Some(pb::release_execute_request::Release::ReleaseAll(Default::default())),
        ..Default::default()
    };
    let released = door.post("release-execute", &release).await;
    assert!(
        matches!(released.member(), Member::ReleaseExecuteResponse(released) if released.operation_id == Some(id.clone()))
    );
    let (_, info) = door.post("execute-plan", &plan("three", &id)).await.failure();
    assert_eq!(info.metadata["errorClass"], "INVALID_HANDLE.OPERATION_ABANDONED");
}
