//! Sessions and batches on several engines.

use std::sync::Arc;

use hearth_core::WorkLimits;
use hearth_livy::LivySettings;
use hearth_testkit::{FakeInterpreters, Gate, Step, TwoEngines};
use serde_json::json;

use crate::support::Door;

async fn door(limits: WorkLimits) -> (Door, TwoEngines) {
    let engines = TwoEngines::default();
    let named = engines.named(&limits, &[]).unwrap();
    (Door::with_engines(engines.near.clone(), named).await, engines)
}

#[tokio::test]
async fn the_conf_of_a_session_names_its_engine() {
    let (door, engines) = door(WorkLimits::default()).await;
    let far = door.session(json!({"kind": "sql", "conf": {"hearth.engine": "far"}})).await;
    let near = door.session(json!({"kind": "sql"})).await;
    let statement = door.submit(&far, json!({"code": "select 1"})).await;
    assert_eq!(door.ended(&statement).await["output"]["status"], "ok");
    assert_eq!((engines.near.executed(), engines.far.executed()), (0, 1));
    let statement = door.submit(&near, json!({"code": "select 1"})).await;
    door.ended(&statement).await;
    assert_eq!((engines.near.executed(), engines.far.executed()), (1, 1));
    let log = door.get(&format!("{far}/log")).await.json();
    assert!(!log.to_string().contains("hearth.engine"), "the setting was taken: {log}");
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_refused_at_creation() {
    let (door, engines) = door(WorkLimits::default()).await;
    let conf = json!({"hearth.engine": "x"});
    for (path, body) in [
        ("/sessions", json!({"kind": "sql", "conf": conf})),
        ("/batches", json!({"file": "/apps/good.py", "conf": conf})),
    ] {
        let refused = door.post(path, body).await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        let text = refused.json()["msg"].as_str().unwrap().to_owned();
        assert!(text.starts_with("Rejected, Reason: ") && text.contains("There are: far, near."), "{text}");
    }
    assert_eq!((engines.near.open_sessions(), engines.far.open_sessions()), (0, 0));
}

#[tokio::test]
async fn a_full_engine_refuses_sessions_as_livy_does() {
    let (door, engines) = door(WorkLimits { max_sessions: Some(1), ..WorkLimits::default() }).await;
    let body = json!({"kind": "sql", "conf": {"hearth.engine": "far"}});
    let first = door.session(body.clone()).await;
    let refused = door.post("/sessions", body.clone()).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(refused.body.contains("engines.far.max_sessions (1)"), "{}", refused.body);
    assert_eq!(engines.far.open_sessions(), 1);
    door.delete(&first).await;
    door.session(body).await;
}

#[tokio::test]
async fn a_batch_runs_on_the_engine_of_its_conf() {
    let (door, engines) = door(WorkLimits::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.sql");
    std::fs::write(&file, "select 1; select 2;\n").unwrap();
    let body = json!({"file": file.display().to_string(), "conf": {"hearth.engine": "far"}});
    door.post("/batches", body).await;
    door.until("/batches/0", |batch| batch["state"] == "success").await;
    assert_eq!((engines.near.executed(), engines.far.executed()), (0, 2));
    assert_eq!(engines.far.open_sessions(), 0);
}

#[tokio::test]
async fn a_session_whose_engine_went_stops_no_server() {
    let (door, _) = door(WorkLimits::default()).await;
    door.session(json!({"kind": "sql", "conf": {"hearth.engine": "far"}})).await;
    let near = door.session(json!({"kind": "sql", "name": "near"})).await;
    door.stop().await;
    let settings = LivySettings { recovery: true, ..LivySettings::default() };
    let after = Door::on(settings, Arc::clone(&door.metadata), FakeInterpreters::new()).await;
    assert_eq!(after.get("/sessions/0").await.status, 404);
    after.until(&near, |session| session["state"] == "idle").await;
    let made = after.post("/sessions", json!({"kind": "sql"})).await;
    assert_eq!(made.location.as_deref(), Some("/sessions/2"), "its id is not used again");
}

#[tokio::test]
async fn a_full_queue_is_an_error_of_the_statement() {
    let limits = WorkLimits { max_running: Some(1), max_queued: Some(0), ..WorkLimits::default() };
    let (door, engines) = door(limits).await;
    let gate = Gate::default();
    engines.far.script("slow", vec![Step::Schema, Step::Wait(gate.clone())]);
    let body = json!({"kind": "sql", "conf": {"hearth.engine": "far"}});
    let (one, other) = (door.session(body.clone()).await, door.session(body).await);
    let slow = door.submit(&one, json!({"code": "slow"})).await;
    gate.arrived(1).await;
    let refused = door.submit(&other, json!({"code": "select 1"})).await;
    let output = door.ended(&refused).await["output"].clone();
    assert_eq!(output["status"], "error");
    assert!(output["evalue"].as_str().unwrap().contains("engines.far.max_queued (0)"), "{output}");
    gate.open();
    assert_eq!(door.ended(&slow).await["output"]["status"], "ok");
}
