//! `GrpcUpstream` against a scripted Spark Connect server, over real connections that can be cut.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calls;
mod connecting;
mod reattach;
mod relay;
mod server;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use hearth_cluster::{ClusterLimits, ClusterSettings, GrpcUpstream};
use hearth_proto::connect as pb;
use hearth_remote::{Failure, Upstream};
use tokio::runtime::Handle;

pub const SESSION: &str = "7b3c1f0a-7a35-4f8a-9a94-5c7d7f6a1c11";
pub const OPERATION: &str = "0e9e0cfa-4ac2-4c1e-8f9a-35f5a1a3a001";

/// Limits with which nothing takes long.
pub fn quick() -> ClusterLimits {
    ClusterLimits {
        connections: 2,
        connect_timeout: Duration::from_secs(2),
        connect_attempts: 3,
        reattach_attempts: 5,
        reattach_timeout: Duration::from_secs(10),
        health_interval: Duration::from_millis(50),
        ..ClusterLimits::default()
    }
}

pub fn upstream(port: u16) -> Arc<GrpcUpstream> {
    connect(ClusterSettings { limits: quick(), ..ClusterSettings::new("test", format!("sc://127.0.0.1:{port}")) })
}

pub fn connect(settings: ClusterSettings) -> Arc<GrpcUpstream> {
    GrpcUpstream::connect(&settings, Handle::current()).unwrap()
}

pub fn plan() -> pb::ExecutePlanRequest {
    pb::ExecutePlanRequest {
        session_id: SESSION.to_owned(),
        operation_id: Some(OPERATION.to_owned()),
        plan: "a plan".into(),
        ..pb::ExecutePlanRequest::default()
    }
}

/// The ids of the responses, and how it ended.
pub async fn run(upstream: &GrpcUpstream) -> (Vec<String>, Option<Failure>) {
    let mut responses = upstream.execute_plan(plan()).await.unwrap();
    let mut ids = Vec::new();
    while let Some(response) = responses.next().await {
        match response {
            Ok(response) => ids.push(response.response_id),
            Err(failure) => {
                assert!(responses.next().await.is_none(), "a failure is the last");
                return (ids, Some(failure));
            }
        }
    }
    (ids, None)
}

/// Waits for a condition, with a bound.
pub async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    for _ in 0..1000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: not within 10 seconds");
}
