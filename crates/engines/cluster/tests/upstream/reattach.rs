//! Streams that break: every response comes once, and the plan is sent once.

use std::time::Duration;

use futures::StreamExt;
use hearth_cluster::{ClusterLimits, ClusterSettings};
use hearth_proto::connect as pb;
use hearth_proto::connect::execute_plan_request::RequestOption;
use hearth_proto::connect::execute_plan_request::request_option::RequestOption as OptionKind;
use hearth_remote::{Failure, Upstream};
use tonic::{Code, Status};

use crate::relay::Relay;
use crate::server::{Act, Call, EXECUTE, End, ScriptedServer, act, reattach, spark_error};
use crate::{connect, plan, quick, run, until, upstream};

const ALL: [&str; 4] = ["a", "b", "c", "d"];

#[tokio::test]
async fn a_stream_cut_anywhere_and_anyhow_goes_on_behind_the_last_response() {
    let ends = [
        End::Early,
        End::Fails(Status::unavailable("proxy")),
        End::Fails(Status::unknown("no trailers")),
        End::Fails(spark_error("INVALID_CURSOR.DISCONNECTED")),
    ];
    for end in ends {
        for cut in 0..=ALL.len() {
            let acts = [act(&ALL[..cut], end.clone()), act(&ALL[cut..], End::Complete)];
            let server = ScriptedServer::start(acts).await;
            let upstream = upstream(server.port);
            assert_eq!(run(&upstream).await, (ALL.map(str::to_owned).to_vec(), None), "{end:?} after {cut}");
            let last = cut.checked_sub(1).map(|index| ALL[index]);
            assert_eq!(server.streams(), [EXECUTE, reattach(last)], "{end:?} after {cut}");
            upstream.shutdown().await;
            assert_eq!(server.calls().last(), Some(&Call::ReleaseAll));
        }
    }
}

#[tokio::test]
async fn a_lost_connection_is_taken_up_again() {
    let server = ScriptedServer::start([act(&ALL[..2], End::Hangs), act(&ALL[2..], End::Complete)]).await;
    let relay = Relay::start(server.port).await;
    let upstream = upstream(relay.port);
    let mut responses = upstream.execute_plan(plan()).await.unwrap();
    for expected in &ALL[..2] {
        assert_eq!(responses.next().await.unwrap().unwrap().response_id, *expected);
    }
    relay.cut();
    let rest: Vec<String> = responses.map(|response| response.unwrap().response_id).collect().await;
    assert_eq!(rest, ["c", "d"]);
    assert_eq!(server.streams(), [EXECUTE, reattach(Some("b"))]);
}

#[tokio::test]
async fn a_spark_where_nobody_listens_any_more_is_lost_soon() {
    let server = ScriptedServer::start([act(&ALL[..2], End::Hangs)]).await;
    let relay = Relay::start(server.port).await;
    let limits = ClusterLimits {
        reattach_attempts: u32::MAX,
        reattach_timeout: Duration::from_secs(600),
        refused_timeout: Duration::from_millis(300),
        ..quick()
    };
    let url = format!("sc://127.0.0.1:{}", relay.port);
    let upstream = connect(ClusterSettings { limits, ..ClusterSettings::new("test", url) });
    let mut responses = upstream.execute_plan(plan()).await.unwrap();
    for expected in &ALL[..2] {
        assert_eq!(responses.next().await.unwrap().unwrap().response_id, *expected);
    }
    relay.close();
    let end = tokio::time::timeout(Duration::from_secs(20), responses.next()).await.unwrap();
    assert!(matches!(end, Some(Err(Failure::Lost(_)))), "{end:?}");
    assert_eq!(server.streams(), [EXECUTE]);
}

#[tokio::test]
async fn a_connection_lost_before_the_first_response_does_not_send_the_plan_again() {
    let server = ScriptedServer::start([act(&[], End::Hangs), act(&ALL, End::Complete)]).await;
    let relay = Relay::start(server.port).await;
    let upstream = upstream(relay.port);
    let running = run(&upstream);
    let cut = async {
        until("the plan arrived", || async { !server.streams().is_empty() }).await;
        relay.close();
        tokio::time::sleep(Duration::from_millis(100)).await;
        relay.open().await;
    };
    let ((ids, failure), ()) = tokio::join!(running, cut);
    assert_eq!((ids.len(), failure), (4, None));
    assert_eq!(server.streams(), [EXECUTE, reattach(None)]);
}

#[tokio::test]
async fn a_spark_that_forgot_is_lost_and_is_not_asked_again() {
    for condition in
        ["INVALID_HANDLE.OPERATION_NOT_FOUND", "INVALID_HANDLE.SESSION_NOT_FOUND", "INVALID_HANDLE.SESSION_CHANGED"]
    {
        for seen in [0, 2] {
            let acts = [
                act(&ALL[..seen], End::Fails(Status::unavailable("gone"))),
                act(&[], End::Fails(spark_error(condition))),
            ];
            let server = ScriptedServer::start(acts).await;
            let (ids, failure) = run(&upstream(server.port)).await;
            assert_eq!(ids.len(), seen);
            assert_eq!(failure, Some(Failure::Lost(format!("[{condition}] in words"))));
            assert_eq!(server.streams().iter().filter(|call| **call == EXECUTE).count(), 1);
        }
    }
}

#[tokio::test]
async fn a_plan_that_a_living_session_does_not_know_goes_out_again() {
    let unknown = || act(&[], End::Fails(spark_error("INVALID_HANDLE.OPERATION_NOT_FOUND")));
    let lost = || act(&[], End::Fails(Status::unavailable("gone")));
    let server = ScriptedServer::start([lost(), unknown(), act(&ALL, End::Complete)]).await;
    let upstream = upstream(server.port);
    let request = pb::ExecutePlanRequest { client_observed_server_side_session_id: Some("seen".to_owned()), ..plan() };
    let responses = upstream.execute_plan(request.clone()).await.unwrap();
    let ids: Vec<String> = responses.map(|response| response.unwrap().response_id).collect().await;
    assert_eq!(ids, ALL);
    assert_eq!(server.streams(), [EXECUTE, reattach(None), EXECUTE]);

    // Once the Spark has told of it, it did arrive.
    let server = ScriptedServer::start([act(&ALL[..1], End::Fails(Status::unavailable("gone"))), unknown()]).await;
    let responses = crate::upstream(server.port).execute_plan(request).await.unwrap();
    let last = responses.collect::<Vec<_>>().await.pop().unwrap();
    assert!(matches!(last, Err(Failure::Lost(_))), "{last:?}");
    assert_eq!(server.streams(), [EXECUTE, reattach(Some("a"))]);
}

#[tokio::test]
async fn a_plan_refused_for_its_session_is_an_answer() {
    let condition = "INVALID_HANDLE.SESSION_CHANGED";
    let server = ScriptedServer::start([act(&[], End::Fails(spark_error(condition)))]).await;
    let (_, failure) = run(&upstream(server.port)).await;
    assert!(matches!(&failure, Some(Failure::Status(status)) if status.details.len() == 1), "{failure:?}");
    assert_eq!(server.streams(), [EXECUTE]);
}

#[tokio::test]
async fn an_error_of_spark_passes_with_its_details_and_ends_the_stream() {
    let server = ScriptedServer::start([act(&ALL[..1], End::Fails(spark_error("DIVIDE_BY_ZERO")))]).await;
    let upstream = upstream(server.port);
    let (ids, failure) = run(&upstream).await;
    let Some(Failure::Status(status)) = failure else { panic!("{failure:?}") };
    assert_eq!((ids.len(), status.code, status.details.len()), (1, Code::Internal as i32, 1));
    assert_eq!(status.message, "[DIVIDE_BY_ZERO] in words");
    upstream.shutdown().await;
    assert_eq!(server.calls(), [EXECUTE, Call::ReleaseAll]);
}

#[tokio::test]
async fn a_refusal_without_details_is_told_as_it_was() {
    let refusal = Status::internal("no such thing");
    let acts = [act(&[], End::Fails(refusal)), act(&[], End::Fails(spark_error("INVALID_HANDLE.OPERATION_NOT_FOUND")))];
    let server = ScriptedServer::start(acts).await;
    let (_, failure) = run(&upstream(server.port)).await;
    assert!(matches!(&failure, Some(Failure::Status(status)) if status.message == "no such thing"), "{failure:?}");
    let acts = [act(&[], End::Fails(Status::unauthenticated("who are you")))];
    let server = ScriptedServer::start(acts).await;
    let (_, failure) = run(&upstream(server.port)).await;
    assert!(matches!(&failure, Some(Failure::Status(status)) if status.code == 16), "{failure:?}");
}

#[tokio::test]
async fn responses_that_come_twice_pass_once() {
    let acts = [
        act(&["a", "b", "b"], End::Early),
        act(&["a", "b", "c"], End::Fails(Status::unavailable("gone"))),
        act(&["c", "d"], End::Complete),
    ];
    let server = ScriptedServer::start(acts).await;
    assert_eq!(run(&upstream(server.port)).await, (ALL.map(str::to_owned).to_vec(), None));
    assert_eq!(server.streams(), [EXECUTE, reattach(Some("b")), reattach(Some("c"))]);
}

#[tokio::test]
async fn tries_are_bounded_and_counted_anew_after_each_response() {
    let failing = || act(&[], End::Fails(Status::unavailable("gone")));
    let mut acts: Vec<Act> = Vec::new();
    for id in ALL {
        acts.extend((0..4).map(|_| failing()));
        acts.push(Act { responses: vec![id], end: End::Early });
    }
    let server = ScriptedServer::start(acts).await;
    let (ids, failure) = run(&upstream(server.port)).await;
    assert_eq!(ids, ALL);
    assert_eq!(failure, Some(Failure::Lost("the script is over".to_owned())));
    let after_the_last = server.streams().iter().filter(|call| **call == reattach(Some("d"))).count();
    assert_eq!(after_the_last, 5, "`reattach_attempts`");
    assert_eq!(server.streams().iter().filter(|call| **call == EXECUTE).count(), 1);
}

#[tokio::test]
async fn a_stream_that_says_nothing_is_taken_for_cut() {
    let server = ScriptedServer::start([act(&ALL[..1], End::Hangs), act(&ALL[1..], End::Complete)]).await;
    let limits = ClusterLimits { quiet_timeout: Duration::from_millis(100), ..quick() };
    let url = format!("sc://127.0.0.1:{}", server.port);
    let upstream = connect(ClusterSettings { limits, ..ClusterSettings::new("test", url) });
    assert_eq!(run(&upstream).await.0, ALL);
}

#[tokio::test]
async fn what_was_received_is_released_now_and_then() {
    let many: Vec<&'static str> = (0..100).map(|number| &*format!("{number:02}").leak()).collect();
    let server = ScriptedServer::start([act(&many, End::Complete)]).await;
    let upstream = upstream(server.port);
    let mut responses = upstream.execute_plan(plan()).await.unwrap();
    for _ in 0..64 {
        responses.next().await.unwrap().unwrap();
    }
    let released = Call::ReleaseUntil("63".to_owned());
    until("a release", || async { server.calls().contains(&released) }).await;
    assert_eq!(responses.count().await, 36);
    upstream.shutdown().await;
    assert!(server.calls().contains(&Call::ReleaseAll));
}

#[tokio::test]
async fn dropping_the_stream_releases_the_execution() {
    let server = ScriptedServer::start([act(&ALL[..1], End::Hangs)]).await;
    let upstream = upstream(server.port);
    let mut responses = upstream.execute_plan(plan()).await.unwrap();
    responses.next().await.unwrap().unwrap();
    drop(responses);
    until("the release", || async { server.calls().contains(&Call::ReleaseAll) }).await;
}

#[tokio::test]
async fn an_execution_dropped_before_it_is_known_is_released_until_it_is() {
    let server = ScriptedServer::start([act(&[], End::Hangs)]).await;
    server.script.0.lock().forgets = true;
    let upstream = upstream(server.port);
    let mut responses = upstream.execute_plan(plan()).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(100), responses.next()).await.is_err());
    drop(responses);
    let releases = || server.calls().into_iter().filter(|call| *call == Call::ReleaseAll).count();
    until("a second release", || async { releases() >= 2 }).await;
    server.script.0.lock().forgets = false;
    let until_known = releases() + 1;
    until("the last release", || async { releases() >= until_known }).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(releases() <= until_known + 1);
}

#[tokio::test]
async fn a_stream_that_is_never_read_sends_nothing() {
    let server = ScriptedServer::start([]).await;
    let upstream = upstream(server.port);
    drop(upstream.execute_plan(plan()).await.unwrap());
    upstream.shutdown().await;
    assert_eq!(server.calls(), []);
}

#[tokio::test]
async fn the_clients_own_wish_not_to_reattach_is_not_passed_on() {
    let server = ScriptedServer::start([act(&ALL, End::Complete)]).await;
    let mut request = plan();
    let unwished = pb::ReattachOptions { reattachable: false };
    request.request_options.push(RequestOption { request_option: Some(OptionKind::ReattachOptions(unwished)) });
    let upstream = upstream(server.port);
    assert_eq!(upstream.execute_plan(request).await.unwrap().count().await, 4);
    assert_eq!(server.streams(), [EXECUTE]);
}
