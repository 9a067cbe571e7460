//! The REST transport's other calls: members, bare messages, artifacts, JSON, codings, refusals, who may ask.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/door.rs"]
mod door;

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use door::{Answer, Door, PREFIX, SESSION, Two, caller, operation, plan, user, with_info};
use hearth_auth::OpenAuthenticator;
use hearth_base::ByteSize;
use hearth_connect::RestSettings;
use hearth_core::Limits;
use hearth_proto::{connect as pb, rpc};
use http::{Method, StatusCode};
use pb::add_artifacts_request::{ArtifactChunk, Batch, BeginChunkedArtifact, Payload, SingleChunkArtifact};
use pb::config_request::{Get, Operation, Set, operation::OpType};
use pb::response_envelope::ResponseType as Member;
use prost::Message;
use serde_json::json;

const ENDPOINTS: [&str; 14] = [
    "execute-plan",
    "analyze-plan",
    "config",
    "add-artifacts",
    "artifact-status",
    "interrupt",
    "reattach-execute",
    "release-execute",
    "pull-request",
    "push-response",
    "release-session",
    "fetch-error-details",
    "clone-session",
    "get-status",
];

fn config(operation: OpType) -> pb::ConfigRequest {
    pb::ConfigRequest {
        session_id: SESSION.to_owned(),
        user_context: user(),
        operation: Some(Operation { op_type: Some(operation) }),
        ..Default::default()
    }
}

fn set(key: &str, value: &str) -> pb::ConfigRequest {
    let pair = pb::KeyValue { key: key.to_owned(), value: Some(value.to_owned()) };
    config(OpType::Set(Set { pairs: vec![pair], silent: None }))
}

fn get(key: &str) -> pb::ConfigRequest {
    config(OpType::Get(Get { keys: vec![key.to_owned()] }))
}

fn value(answer: &Answer) -> Option<String> {
    match answer.member() {
        Member::ConfigResponse(config) => config.pairs[0].value.clone(),
        other => panic!("no config_response: {other:?}"),
    }
}

#[tokio::test]
async fn every_endpoint_asks_who_calls() {
    let door = Door::of_two();
    for endpoint in ENDPOINTS {
        let path = format!("{PREFIX}/{endpoint}");
        let wrong = [("authorization", "Snowflake Token=\"eve\"")];
        for headers in [&[][..], &wrong[..]] {
            for body in [Vec::new(), vec![0xff; 7], vec![0; 100_000]] {
                let answer = door.send(Method::POST, &path, headers, body).await;
                assert_eq!(answer.refused(StatusCode::UNAUTHORIZED), "HEARTH_UNAUTHENTICATED", "{endpoint}");
            }
        }
    }
    assert_eq!(door.hearth.engine.open_sessions(), 0);
}

#[tokio::test]
async fn both_forms_of_a_token_name_the_same_principal() {
    let door = Door::of_two();
    let path = format!("{PREFIX}/config");
    let pat = [
        ("authorization", "Bearer ada"),
        ("x-snowflake-external-session-id", "s"),
        ("x-snowflake-authorization-token-type", "PAT_WITH_EXTERNAL_SESSION_ID"),
    ];
    door.send(Method::POST, &path, &pat, set("a", "1").encode_to_vec()).await.envelope();
    assert_eq!(value(&door.post("config", &get("a")).await).as_deref(), Some("1"));
    assert_eq!(value(&door.post_as("bob", "config", &get("a")).await), None, "bob has a session of his own");
}

#[tokio::test]
async fn an_answer_is_the_member_of_its_call() {
    let door = Door::open();
    let session_id = SESSION.to_owned();
    let analyze = pb::AnalyzePlanRequest {
        session_id: session_id.clone(),
        analyze: Some(pb::analyze_plan_request::Analyze::SparkVersion(Default::default())),
        ..Default::default()
    };
    match door.post("analyze-plan", &analyze).await.member() {
        Member::AnalyzePlanResponse(answer) => assert!(format!("{answer:?}").contains("4.2.0")),
        other => panic!("{other:?}"),
    }
    let names = vec!["cache/abc".to_owned()];
    let status = pb::ArtifactStatusesRequest { session_id: session_id.clone(), names, ..Default::default() };
    match door.post("artifact-status", &status).await.member() {
        Member::ArtifactStatusResponse(answer) => assert!(!answer.statuses["cache/abc"].exists),
        other => panic!("{other:?}"),
    }
    let interrupt = pb::InterruptRequest {
        session_id: session_id.clone(),
        interrupt_type: pb::interrupt_request::InterruptType::All.into(),
        ..Default::default()
    };
    assert!(matches!(door.post("interrupt", &interrupt).await.member(), Member::InterruptResponse(_)));
    let release = pb::ReleaseExecuteRequest { session_id, operation_id: operation(), ..Default::default() };
    assert!(matches!(door.post("release-execute", &release).await.member(), Member::ReleaseExecuteResponse(_)));
    let (status, _) = door.post("config", &pb::ConfigRequest::default()).await.failure();
    assert_eq!(status.code, 13, "a request without a session is Spark's to refuse");
}

#[tokio::test]
async fn a_session_is_the_same_over_grpc() {
    let door = Door::open();
    door.service.config(caller("ada"), set("a", "1")).await.unwrap();
    assert_eq!(value(&door.post("config", &get("a")).await).as_deref(), Some("1"));
    assert_eq!(door.hearth.engine.open_sessions(), 1);
}

#[tokio::test]
async fn calls_without_a_member_answer_their_bare_message() {
    let door = Door::open();
    door.post("config", &set("a", "1")).await.envelope();
    let (session_id, user_context) = (SESSION.to_owned(), user());
    let new = operation();
    let clone = pb::CloneSessionRequest {
        session_id: session_id.clone(),
        user_context: user_context.clone(),
        new_session_id: Some(new.clone()),
        ..Default::default()
    };
    let answer = door.post("clone-session", &clone).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/octet-stream"));
    assert_eq!(pb::CloneSessionResponse::decode(answer.body).unwrap().new_session_id, new);

    let status = pb::GetStatusRequest { session_id: session_id.clone(), user_context, ..Default::default() };
    let answer = door.post("get-status", &status).await;
    assert_eq!(pb::GetStatusResponse::decode(answer.body).unwrap().session_id, SESSION);

    let release = pb::ReleaseSessionRequest { session_id, user_context: user(), ..Default::default() };
    let answer = door.post("release-session", &release).await;
    let released = pb::ReleaseSessionResponse::decode(answer.body).unwrap();
    assert!(!released.server_side_session_id.is_empty());

    let answer = door.post("clone-session", &clone).await;
    assert_eq!((answer.status, answer.header("x-hearth-status")), (StatusCode::OK, "13"));
    assert_eq!(answer.header("content-type"), "application/vnd.google.rpc.status");
    let (_, info) = with_info(rpc::Status::decode(answer.body).unwrap());
    assert_eq!(info.metadata["errorClass"], "INVALID_HANDLE.SESSION_CLOSED");
    let answer = door.json("get-status", &json!({ "sessionId": operation() })).await;
    assert_eq!((answer.header("x-hearth-status"), answer.json()["code"].as_i64()), ("13", Some(13)));
}

#[tokio::test]
async fn what_is_refused_is_json() {
    let settings = RestSettings { max_message_size: ByteSize::kib(200), ..RestSettings::default() };
    let door = Door::with(settings, Limits::default(), Arc::new(OpenAuthenticator));
    let config = format!("{PREFIX}/config");
    for path in
        [PREFIX, "/api/v2/spark-connect/", "/api/v2/spark-connect/nothing/here", "/api/v2/results", "/api/v2/results/"]
    {
        door.get(path).await.refused(StatusCode::NOT_FOUND);
    }
    for endpoint in ENDPOINTS {
        let answer = door.get(&format!("{PREFIX}/{endpoint}")).await;
        answer.refused(StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.header("allow"), "POST");
    }
    let answer = door.send(Method::POST, "/api/v2/results/x", &[], Body::empty()).await;
    answer.refused(StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), "GET, DELETE");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    door.send(Method::POST, &config, &form, "a=b").await.refused(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let coded = [("content-encoding", "br")];
    door.send(Method::POST, &config, &coded, "x").await.refused(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    door.send(Method::POST, &config, &[], vec![0xff; 10]).await.refused(StatusCode::BAD_REQUEST);
    let large = door.send(Method::POST, &config, &[], vec![0; 300 << 10]).await;
    assert_eq!(large.refused(StatusCode::PAYLOAD_TOO_LARGE), "HEARTH_LIMIT");
    assert!(large.json()["message"].as_str().unwrap().contains("connect.max_message_size"));
    let gzip = [("content-encoding", "gzip")];
    door.send(Method::POST, &config, &gzip, "no gzip").await.refused(StatusCode::BAD_REQUEST);
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    bomb.write_all(&vec![0; 1 << 20]).unwrap();
    door.send(Method::POST, &config, &gzip, bomb.finish().unwrap()).await.refused(StatusCode::PAYLOAD_TOO_LARGE);
    door.post("pull-request", &String::new()).await.refused(StatusCode::NOT_FOUND);
    door.post("push-response", &String::new()).await.refused(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_plan_that_nests_without_end_is_refused() {
    let door = Door::open();
    let mut relation = Vec::new();
    for _ in 0..60_000 {
        // Relation.limit.input: each level holds the one before.
        let mut limit = Vec::new();
        prost::encoding::encode_key(1, prost::encoding::WireType::LengthDelimited, &mut limit);
        prost::encoding::encode_varint(relation.len() as u64, &mut limit);
        limit.append(&mut relation);
        prost::encoding::encode_key(8, prost::encoding::WireType::LengthDelimited, &mut relation);
        prost::encoding::encode_varint(limit.len() as u64, &mut relation);
        relation.append(&mut limit);
        if relation.len() > 200_000 {
            break;
        }
    }
    let mut plan = Vec::new();
    prost::encoding::encode_key(1, prost::encoding::WireType::LengthDelimited, &mut plan);
    prost::encoding::encode_varint(relation.len() as u64, &mut plan);
    plan.append(&mut relation);
    let request = pb::ExecutePlanRequest { session_id: SESSION.to_owned(), plan: plan.into(), ..Default::default() };
    let status = door.post("execute-plan", &request).await.status;
    assert!(status == StatusCode::PAYLOAD_TOO_LARGE || status == StatusCode::OK, "{status}");
    let deep = "[".repeat(100_000);
    let headers = [("content-type", "application/json")];
    let path = format!("{PREFIX}/execute-plan");
    door.send(Method::POST, &path, &headers, deep).await.refused(StatusCode::BAD_REQUEST);
    let deep = "{\"plan\":{\"root\":".to_owned() + &"{\"limit\":{\"input\":".repeat(10_000);
    door.send(Method::POST, &path, &headers, deep).await.refused(StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn messages_in_json_are_those_of_proto3() {
    let door = Door::open();
    let body = json!({
        "session_id": SESSION,
        "operation": { "set": { "pairs": [{ "key": "a", "value": "1" }] } },
    });
    let answer = door.json("config", &body).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/json"));
    assert_eq!(answer.json()["requestId"], answer.header("x-snowflake-request-id"));
    assert_eq!(answer.json()["configResponse"]["sessionId"], SESSION);
    let body = json!({ "sessionId": SESSION, "operation": { "get": { "keys": ["a"] } } });
    assert_eq!(
        door.json("config", &body).await.json()["configResponse"]["pairs"],
        json!([{ "key": "a", "value": "1" }])
    );
    let plan = json!({ "root": { "range": { "start": "0", "end": "1", "step": "1" } } });
    let answer = door.json("execute-plan", &json!({ "sessionId": SESSION, "plan": plan })).await.json();
    let executed = &answer["executePlanResponse"];
    assert_eq!(executed["arrowBatch"]["rowCount"], "1");
    assert!(executed["arrowBatch"]["data"].as_str().unwrap().starts_with("/////"), "{answer}");
    assert_eq!(executed["schema"]["struct"]["fields"][0]["name"], "id");
    let failed = door.json("interrupt", &json!({ "sessionId": SESSION })).await.json();
    assert_eq!(failed["status"]["code"], 13);
    assert_eq!(failed["status"]["details"][0]["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
    for bad in [json!({ "sessionId": 5 }), json!({ "unknown": 1 }), json!([1]), json!({ "operation": { "get": 1 } })] {
        door.json("config", &bad).await.refused(StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn bodies_are_compressed_when_it_is_asked_for() {
    let door = Door::open();
    let path = format!("{PREFIX}/config");
    let plain = set("a", &"1".repeat(2_000)).encode_to_vec();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(&plain[..], 1).unwrap();
    for (coding, body) in [("gzip", gzip), ("zstd", zstd)] {
        let headers = [("content-encoding", coding), ("accept-encoding", coding)];
        door.send(Method::POST, &path, &headers, body).await;
        let answer = door.send(Method::POST, &path, &headers[1..], get("a").encode_to_vec()).await;
        assert_eq!(answer.header("content-encoding"), coding);
        let mut bytes = Vec::new();
        match coding {
            "gzip" => flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut bytes).map(drop).unwrap(),
            _ => bytes = zstd::decode_all(&answer.body[..]).unwrap(),
        }
        let answer = Answer { body: bytes.into(), ..answer };
        assert_eq!(value(&answer).unwrap().len(), 2_000);
    }
    let identity = door.post("config", &get("a")).await;
    assert_eq!(identity.header("content-encoding"), "");
}

fn chunk(data: &[u8]) -> ArtifactChunk {
    ArtifactChunk { data: data.to_vec().into(), crc: crc32fast::hash(data).into() }
}

fn artifacts(payload: Payload) -> pb::AddArtifactsRequest {
    pb::AddArtifactsRequest {
        session_id: SESSION.to_owned(),
        user_context: user(),
        payload: Some(payload),
        ..Default::default()
    }
}

fn begin(name: &str, bytes: i64, chunks: i64, first: &[u8]) -> pb::AddArtifactsRequest {
    artifacts(Payload::BeginChunk(BeginChunkedArtifact {
        name: name.to_owned(),
        total_bytes: bytes,
        num_chunks: chunks,
        initial_chunk: Some(chunk(first)),
    }))
}

fn more(data: &[u8]) -> pb::AddArtifactsRequest {
    artifacts(Payload::Chunk(chunk(data)))
}

fn added(answer: &Answer) -> Vec<(String, bool)> {
    match answer.member() {
        Member::AddArtifactsResponse(added) => {
            added.artifacts.into_iter().map(|artifact| (artifact.name, artifact.is_crc_successful)).collect()
        }
        other => panic!("no add_artifacts_response: {other:?}"),
    }
}

#[tokio::test]
async fn an_artifact_comes_in_several_calls() {
    let door = Door::open();
    let name = "files/a.bin";
    assert_eq!(added(&door.post("add-artifacts", &begin(name, 6, 3, b"ab")).await), []);
    assert_eq!(added(&door.post("add-artifacts", &more(b"cd")).await), []);
    let single = SingleChunkArtifact { name: "files/b.bin".to_owned(), data: Some(chunk(b"whole")) };
    let batch = artifacts(Payload::Batch(Batch { artifacts: vec![single] }));
    assert_eq!(added(&door.post("add-artifacts", &batch).await), [("files/b.bin".to_owned(), true)]);
    assert_eq!(added(&door.post("add-artifacts", &more(b"ef")).await), [(name.to_owned(), true)]);
    let session = door.hearth.sessions.all().remove(0);
    assert_eq!(std::fs::read(session.folder.join("artifacts").join(name)).unwrap(), b"abcdef");
    let (_, info) = door.post("add-artifacts", &more(b"gh")).await.failure();
    assert_eq!(info.reason, "org.apache.spark.SparkIllegalArgumentException", "nothing has begun");
}

#[tokio::test]
async fn who_begins_again_starts_over() {
    let door = Door::open();
    door.post("add-artifacts", &begin("files/a.bin", 4, 2, b"xx")).await.envelope();
    door.post("add-artifacts", &begin("files/a.bin", 4, 2, b"ab")).await.envelope();
    assert_eq!(added(&door.post("add-artifacts", &more(b"cd")).await), [("files/a.bin".to_owned(), true)]);
    let session = door.hearth.sessions.all().remove(0);
    assert_eq!(std::fs::read(session.folder.join("artifacts/files/a.bin")).unwrap(), b"abcd");
    assert_eq!(std::fs::read_dir(session.folder.join("staged")).unwrap().count(), 0);
    let broken = ArtifactChunk { crc: 1, ..chunk(b"cd") };
    door.post("add-artifacts", &begin("files/c.bin", 4, 2, b"ab")).await.envelope();
    let answer = door.post("add-artifacts", &artifacts(Payload::Chunk(broken))).await;
    assert_eq!(added(&answer), [("files/c.bin".to_owned(), false)]);
}

#[tokio::test(start_paused = true)]
async fn half_an_artifact_is_its_callers_bounded_and_expires() {
    let settings = RestSettings { max_uploads: 1, ..RestSettings::default() };
    let door = Door::with(settings, Limits::default(), Arc::new(Two));
    door.post("add-artifacts", &begin("files/a.bin", 4, 2, b"ab")).await.envelope();
    let (status, _) = door.post_as("bob", "add-artifacts", &more(b"cd")).await.failure();
    assert_eq!(status.code, 13);
    let (status, info) = door.post_as("bob", "add-artifacts", &begin("files/a.bin", 4, 2, b"ab")).await.failure();
    assert_eq!((status.code, info.metadata["errorClass"].as_str()), (8, "HEARTH_LIMIT"));
    assert!(status.message.contains("rest.max_uploads"));
    door.hearth.clock.advance(Duration::from_secs(5 * 60));
    tokio::time::sleep(Duration::from_secs(20)).await;
    door.post_as("bob", "add-artifacts", &begin("files/a.bin", 4, 2, b"ab")).await.envelope();
    assert_eq!(door.post("add-artifacts", &more(b"cd")).await.failure().0.code, 13);
    let release = pb::ReleaseSessionRequest { session_id: SESSION.to_owned(), ..Default::default() };
    door.post_as("bob", "release-session", &release).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    door.post("add-artifacts", &begin("files/a.bin", 4, 2, b"ab")).await.envelope();
}

#[tokio::test]
async fn a_request_without_a_type_is_protobuf() {
    let door = Door::open();
    let answer = door.send(Method::POST, &format!("{PREFIX}/execute-plan"), &[], plan("x", "").encode_to_vec()).await;
    answer.executed();
}
