//! Calls with one answer: which are repeated, and what comes of them.

use futures::{StreamExt, stream};
use hearth_proto::connect as pb;
use hearth_remote::{Failure, Upstream};
use tonic::Status;

use crate::relay::Relay;
use crate::server::{Call, ScriptedServer, spark_error};
use crate::{SESSION, upstream};

#[tokio::test]
async fn reads_are_repeated_and_a_clone_is_not() {
    let server = ScriptedServer::start([]).await;
    let upstream = upstream(server.port);
    let gone = || Status::unavailable("gone");
    server.script.0.lock().refusals.extend([gone(), gone()]);
    upstream.config(pb::ConfigRequest::default()).await.unwrap();
    server.script.0.lock().refusals.push_back(gone());
    let failure = upstream.clone_session(pb::CloneSessionRequest::default()).await.unwrap_err();
    assert_eq!(failure, Failure::Lost("gone".to_owned()));
    assert_eq!(server.calls(), [Call::Config, Call::Config, Call::Config, Call::Clone]);
}

#[tokio::test]
async fn repeats_are_bounded() {
    let server = ScriptedServer::start([]).await;
    server.script.0.lock().refusals.extend((0..9).map(|_| Status::unavailable("gone")));
    let failure = upstream(server.port).config(pb::ConfigRequest::default()).await.unwrap_err();
    assert_eq!(failure, Failure::Lost("gone".to_owned()));
    assert_eq!(server.calls().len(), 4, "`call_attempts`");
}

#[tokio::test]
async fn errors_of_spark_are_answers() {
    let server = ScriptedServer::start([]).await;
    server.script.0.lock().refusals.push_back(spark_error("CANNOT_MODIFY_CONFIG"));
    let failure = upstream(server.port).config(pb::ConfigRequest::default()).await.unwrap_err();
    let Failure::Status(status) = failure else { panic!("{failure:?}") };
    assert_eq!((status.message.as_str(), status.details.len()), ("[CANNOT_MODIFY_CONFIG] in words", 1));
    assert_eq!(server.calls(), [Call::Config]);
}

fn files(count: usize) -> stream::BoxStream<'static, pb::AddArtifactsRequest> {
    let message = pb::AddArtifactsRequest { session_id: SESSION.to_owned(), ..Default::default() };
    stream::iter(vec![message; count]).boxed()
}

#[tokio::test]
async fn files_are_sent_whole_once_there_is_a_connection() {
    let server = ScriptedServer::start([]).await;
    let relay = Relay::closed(server.port).await;
    let upstream = upstream(relay.port);
    let (answer, ()) = tokio::join!(upstream.add_artifacts(files(5)), relay.open());
    answer.unwrap();
    assert_eq!(server.calls(), [Call::Artifacts(vec![SESSION.to_owned(); 5])]);
}

#[tokio::test]
async fn files_are_not_sent_twice() {
    let server = ScriptedServer::start([]).await;
    let relay = Relay::start(server.port).await;
    let upstream = upstream(relay.port);
    let messages = files(2).chain(stream::pending()).boxed();
    let cut = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        relay.cut();
    };
    let (answer, ()) = tokio::join!(upstream.add_artifacts(messages), cut);
    assert!(matches!(answer, Err(Failure::Lost(_))), "{answer:?}");
}
