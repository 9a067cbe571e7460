//! Warehouses of several engines: which they are, where statements run, what a full or lost engine answers.
#![allow(clippy::unwrap_used)]

#[path = "support/around.rs"]
mod door;

use door::{Door, on_two_engines};
use hearth_core::engine::Health;
use hearth_core::{PrincipalRule, WorkLimits};
use hearth_testkit::{Gate, Step};
use serde_json::{Value, json};

const WAREHOUSES: &str = "/api/2.0/sql/warehouses";
const STATEMENTS: &str = "/api/2.0/sql/statements";

fn statement(text: &str, warehouse: &str) -> Value {
    json!({ "statement": text, "warehouse_id": warehouse })
}

async fn warehouse(door: &Door, id: &str) -> Value {
    door.get(&format!("{WAREHOUSES}/{id}")).await.json()
}

/// Runs a statement and says how it ended.
async fn run(door: &Door, body: Value) -> String {
    let answer = door.post(STATEMENTS, body).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()["status"]["state"].as_str().unwrap().to_owned()
}

async fn open_session(door: &Door, body: Value) -> String {
    let answer = door.post("/api/2.0/sql/sessions", body).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()["session_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_engine_is_a_warehouse() {
    let (door, engines) = on_two_engines(&WorkLimits::default(), &[]);
    let list = door.get(WAREHOUSES).await.json();
    let names: Vec<_> = list["warehouses"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(names, ["default", "far", "near"]);
    for (id, at) in [("far", (0, 1)), ("near", (1, 1)), ("default", (2, 1))] {
        assert_eq!(run(&door, statement("select 1", id)).await, "SUCCEEDED");
        assert_eq!((engines.near.executed(), engines.far.executed()), at, "{id}");
    }
    let far = warehouse(&door, "far").await;
    assert_eq!(
        (&far["name"], &far["state"], &far["health"]["status"]),
        (&json!("far"), &json!("RUNNING"), &json!("HEALTHY"))
    );
    assert_eq!((&far["hearth_engine"]["name"], &far["hearth_engine"]["kind"]), (&json!("far"), &json!("cluster")));
    assert_eq!(far["odbc_params"]["path"], "/sql/1.0/warehouses/far");
    assert!(far.get("creator_name").is_none());
    for answer in [
        door.post(&format!("{WAREHOUSES}/far/edit"), json!({ "statement_timeout": 1 })).await,
        door.delete(&format!("{WAREHOUSES}/far")).await,
        door.post(WAREHOUSES, json!({ "name": "far" })).await,
    ] {
        assert_eq!((answer.status.as_u16(), &answer.json()["error_code"]), (400, &json!("INVALID_PARAMETER_VALUE")));
    }
    assert_eq!(door.post(&format!("{WAREHOUSES}/far/stop"), json!({})).await.status, 200);
    assert_eq!(warehouse(&door, "far").await["state"], "STOPPED");
    run(&door, statement("select 1", "far")).await;
    assert_eq!(warehouse(&door, "far").await["state"], "RUNNING");
}

#[tokio::test]
async fn one_engine_alone_is_the_default_warehouse() {
    let door = Door::open();
    let list = door.get(WAREHOUSES).await.json();
    assert_eq!(list["warehouses"].as_array().unwrap().len(), 1);
    assert_eq!(list["warehouses"][0]["hearth_engine"]["name"], "embedded");
}

#[tokio::test]
async fn a_warehouse_says_how_its_engine_is() {
    let (door, engines) = on_two_engines(&WorkLimits::default(), &[]);
    let tag = json!({ "custom_tags": [{ "key": "hearth.engine", "value": "far" }] });
    let made = door.post(WAREHOUSES, json!({ "name": "reports", "tags": tag })).await.json();
    let id = made["id"].as_str().unwrap();
    let reason = "connection refused".to_owned();
    engines.far.set_health(Health::Unavailable { reason });
    for id in ["far", id] {
        let lost = warehouse(&door, id).await;
        assert_eq!((&lost["state"], &lost["num_clusters"]), (&json!("STOPPED"), &json!(0)));
        assert_eq!(lost["health"]["status"], "FAILED");
        assert_eq!(lost["health"]["summary"], "The engine far is not available: connection refused");
        assert_eq!(lost["health"]["details"], "a Spark elsewhere");
    }
    assert_eq!(warehouse(&door, "default").await["state"], "RUNNING");
    engines.far.set_health(Health::Starting);
    assert_eq!(warehouse(&door, "far").await["state"], "STARTING");
}

#[tokio::test]
async fn load_shows_in_the_warehouse() {
    let (door, engines) = on_two_engines(&WorkLimits { max_running: Some(1), ..WorkLimits::default() }, &[]);
    let gate = Gate::default();
    engines.far.script("slow", vec![Step::Wait(gate.clone()), Step::Schema]);
    let session = open_session(&door, json!({ "warehouse_id": "far" })).await;
    let slow = json!({ "statement": "slow", "warehouse_id": "far", "wait_timeout": "0s", "session_id": session });
    door.post(STATEMENTS, slow.clone()).await;
    gate.arrived(1).await;
    door.post(STATEMENTS, slow).await;
    let far = warehouse(&door, "far").await;
    let expected = json!({
        "name": "far", "kind": "cluster", "num_running_operations": 1, "num_queued_operations": 1, "num_sessions": 1,
    });
    assert_eq!((&far["hearth_engine"], &far["num_active_sessions"]), (&expected, &json!(1)));
    gate.open();
}

#[tokio::test]
async fn a_tag_names_the_engine_of_a_warehouse() {
    let (door, engines) = on_two_engines(&WorkLimits::default(), &[]);
    let tagged = |engine: &str| json!({ "custom_tags": [{ "key": "hearth.engine", "value": engine }] });
    let refused = door.post(WAREHOUSES, json!({ "name": "w", "tags": tagged("x") })).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error_code"]), (400, &json!("INVALID_PARAMETER_VALUE")));
    assert!(refused.message().contains("There are: far, near."), "{}", refused.message());
    let made = door.post(WAREHOUSES, json!({ "name": "w", "tags": tagged("far") })).await.json();
    let id = made["id"].as_str().unwrap();
    run(&door, statement("select 1", id)).await;
    assert_eq!((engines.near.executed(), engines.far.executed()), (0, 1));
    let path = format!("{WAREHOUSES}/{id}/edit");
    assert_eq!(door.post(&path, json!({ "tags": tagged("x") })).await.status, 400);
    assert_eq!(door.post(&path, json!({ "tags": tagged("near") })).await.status, 200);
    run(&door, statement("select 1", id)).await;
    assert_eq!((engines.near.executed(), engines.far.executed()), (1, 1));
}

#[tokio::test]
async fn a_session_stays_on_its_engine() {
    let (door, engines) = on_two_engines(&WorkLimits::default(), &[]);
    let session = open_session(&door, json!({ "warehouse_id": "far" })).await;
    let on = |warehouse: &str| json!({ "statement": "select 1", "warehouse_id": warehouse, "session_id": session });
    assert_eq!(run(&door, on("far")).await, "SUCCEEDED");
    assert_eq!(run(&door, on("default")).await, "SUCCEEDED", "default is whatever the session runs on");
    assert_eq!((engines.near.executed(), engines.far.executed()), (0, 2));
    let refused = door.post(STATEMENTS, on("near")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error_code"]), (400, &json!("INVALID_PARAMETER_VALUE")));
    assert!(refused.message().contains("runs on the engine far, the warehouse near"), "{}", refused.message());
    let by_conf = json!({ "warehouse_id": "default", "session_confs": { "hearth.engine": "far" } });
    let session = open_session(&door, by_conf).await;
    run(&door, json!({ "statement": "select 1", "warehouse_id": "default", "session_id": session })).await;
    assert_eq!(engines.far.executed(), 3);
    for confs in [json!({ "hearth.engine": "near" }), json!({ "hearth.engine": "x" })] {
        let body = json!({ "warehouse_id": "far", "session_confs": confs });
        assert_eq!(door.post("/api/2.0/sql/sessions", body).await.status, 400);
    }
    assert_eq!(engines.far.open_sessions(), 2);
}

#[tokio::test]
async fn who_is_over_a_limit_is_told_which() {
    let limits =
        WorkLimits { max_running: Some(1), max_queued: Some(0), max_sessions: Some(1), ..WorkLimits::default() };
    let (door, engines) = on_two_engines(&limits, &[]);
    let gate = Gate::default();
    engines.far.script("slow", vec![Step::Wait(gate.clone()), Step::Schema]);
    door.post(STATEMENTS, json!({ "statement": "slow", "warehouse_id": "far", "wait_timeout": "0s" })).await;
    gate.arrived(1).await;
    let refused = door.post(STATEMENTS, statement("select 1", "far")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error_code"]), (429, &json!("REQUEST_LIMIT_EXCEEDED")));
    assert!(refused.message().contains("engines.far.max_queued (0)"), "{}", refused.message());
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(run(&door, statement("select 1", "near")).await, "SUCCEEDED");
    open_session(&door, json!({ "warehouse_id": "far" })).await;
    let refused = door.post("/api/2.0/sql/sessions", json!({ "warehouse_id": "far" })).await;
    assert_eq!(refused.status, 429);
    assert!(refused.message().contains("engines.far.max_sessions (1)"), "{}", refused.message());
    gate.open();
}

#[tokio::test]
async fn a_rule_keeps_a_caller_off_an_engine() {
    let rule =
        PrincipalRule { engine: Some("far".to_owned()), engines: vec!["far".to_owned()], ..PrincipalRule::default() };
    let (door, engines) = on_two_engines(&WorkLimits::default(), &[("local", rule)]);
    run(&door, statement("select 1", "default")).await;
    assert_eq!(engines.far.executed(), 1, "the rule says where default is");
    let refused = door.post(STATEMENTS, statement("select 1", "near")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error_code"]), (403, &json!("PERMISSION_DENIED")));
    assert!(refused.message().contains("principals.local.engines allows far"), "{}", refused.message());
}
