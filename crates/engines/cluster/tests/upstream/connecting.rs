//! Connections: when there is none, when there is one again, whom they trust and what they say.

use std::time::Duration;

use hearth_cluster::ClusterSettings;
use hearth_core::engine::Health;
use hearth_proto::connect as pb;
use hearth_remote::{Failure, Upstream};
use tonic::transport::Identity;

use crate::relay::Relay;
use crate::server::{EXECUTE, End, ScriptedServer, act};
use crate::{connect, quick, run, until, upstream};

#[tokio::test]
async fn what_was_never_sent_is_unreachable() {
    let relay = Relay::closed(1).await;
    let upstream = upstream(relay.port);
    let (ids, failure) = run(&upstream).await;
    assert!(ids.is_empty());
    let Some(Failure::Unreachable(reason)) = failure else { panic!("{failure:?}") };
    assert!(reason.contains("refused"), "{reason}");
    let failure = upstream.config(pb::ConfigRequest::default()).await.unwrap_err();
    assert!(matches!(failure, Failure::Unreachable(_)), "{failure:?}");
}

#[tokio::test]
async fn a_spark_that_comes_late_gets_the_plan_once() {
    let server = ScriptedServer::start([act(&["a"], End::Complete)]).await;
    let relay = Relay::closed(server.port).await;
    let upstream = upstream(relay.port);
    let late = async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        relay.open().await;
    };
    let ((ids, failure), ()) = tokio::join!(run(&upstream), late);
    assert_eq!((ids.len(), failure), (1, None));
    assert_eq!(server.streams(), [EXECUTE]);
}

#[tokio::test]
async fn health_follows_the_spark() {
    let server = ScriptedServer::start([]).await;
    let relay = Relay::start(server.port).await;
    let upstream = upstream(relay.port);
    assert_eq!(upstream.health(), Health::Starting);
    until("ready", || async { upstream.health() == Health::Ready }).await;
    relay.close();
    until("unavailable", || async { matches!(upstream.health(), Health::Unavailable { .. }) }).await;
    relay.open().await;
    until("ready again", || async { upstream.health() == Health::Ready }).await;
}

#[tokio::test]
async fn the_token_and_unknown_parameters_go_with_each_call() {
    let server = ScriptedServer::start([act(&["a"], End::Complete)]).await;
    let url = format!("sc://localhost:{}/;token=sesame;x-team=data;user_agent=me", server.port);
    let upstream = connect(ClusterSettings { limits: quick(), ..ClusterSettings::new("test", url) });
    run(&upstream).await;
    upstream.config(pb::ConfigRequest::default()).await.unwrap();
    upstream.shutdown().await;
    let metadata = server.script.0.lock().metadata.clone();
    assert_eq!(metadata.len(), 3);
    for headers in metadata {
        assert_eq!(headers.get("authorization").unwrap(), "Bearer sesame");
        assert_eq!(headers.get("x-team").unwrap(), "data");
        assert!(headers.get("user-agent").unwrap().to_str().unwrap().starts_with("me"));
    }
    assert!(!format!("{upstream:?}").contains("sesame"));
}

#[tokio::test]
async fn tls_trusts_the_given_authority_and_no_other() {
    // As `main` does: another dependency of the workspace brings a second provider. An earlier test may have set it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let identity = Identity::from_pem(&certificate, key);
    let server = ScriptedServer::with_tls([act(&["a"], End::Complete)], Some(identity)).await;
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, certificate).unwrap();
    let url = format!("sc://localhost:{}/;use_ssl=true;token=sesame", server.port);
    let settings = ClusterSettings { limits: quick(), ..ClusterSettings::new("test", url) };
    let (_, failure) = run(&connect(settings.clone())).await;
    assert!(matches!(failure, Some(Failure::Unreachable(_))), "{failure:?}");
    let trusting = connect(ClusterSettings { tls_ca: Some(authority), ..settings });
    assert_eq!(run(&trusting).await, (vec!["a".to_owned()], None));
    assert_eq!(server.streams(), [EXECUTE]);
}
