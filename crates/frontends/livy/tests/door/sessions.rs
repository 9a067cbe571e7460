//! Sessions and statements over the door, on fake engines and interpreters.

use std::time::Duration;

use hearth_core::interpreter::{Ending, Language};
use hearth_livy::LivySettings;
use hearth_testkit::{Call, Gate, Step};
use http::Method;
use serde_json::{Value, json};

use crate::support::Door;

#[tokio::test]
async fn a_sql_session_runs_statements_in_the_server() {
    let door = Door::open().await;
    door.engine.script("select 2", vec![Step::Schema, Step::Rows(2)]);
    let answer = door.post("/livy/sessions/", json!({"kind": "sql", "name": "s"})).await;
    assert_eq!((answer.status.as_u16(), answer.location.as_deref()), (201, Some("/sessions/0")));
    assert_eq!(answer.json()["state"], "starting");
    door.until("/sessions/s", |session| session["state"] == "idle").await;
    let statement = door.submit("/sessions/s", json!({"code": "select 2"})).await;
    let ended = door.ended(&statement).await;
    assert_eq!(ended["output"]["status"], "ok");
    assert_eq!(ended["output"]["execution_count"], 0);
    assert_eq!(ended["output"]["data"]["application/json"]["data"], json!([[0], [1]]));
    assert_eq!(ended["progress"], 1.0);
    assert_eq!(door.delete("/sessions/0").await.json(), json!({"msg": "deleted"}));
    assert_eq!(door.get("/sessions/0").await.status, 404);
    assert_eq!(door.engine.open_sessions(), 0);
    let next = door.post("/sessions", json!({"kind": "sql"})).await;
    assert_eq!(next.location.as_deref(), Some("/sessions/1"), "ids are not used again");
}

#[tokio::test]
async fn statements_run_in_their_order_and_errors_leave_the_session_idle() {
    let door = Door::open().await;
    let session = door.session(json!({"kind": "pyspark"})).await;
    for code in ["first", "fail", "third"] {
        door.submit(&session, json!({"code": code})).await;
    }
    let ended = door.ended(&format!("{session}/statements/2")).await;
    assert_eq!(ended["output"]["data"], json!({"text/plain": "third"}));
    let all = door.get(&format!("{session}/statements?order=desc&size=2")).await.json();
    let ids: Vec<_> = all["statements"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!((all["total_statements"].clone(), ids), (json!(3), vec![json!(2), json!(1)]));
    let failed = door.get(&format!("{session}/statements/1")).await.json();
    assert_eq!((failed["state"].clone(), failed["output"]["ename"].clone()), (json!("available"), json!("ValueError")));
    door.until(&session, |session| session["state"] == "idle").await;
    let ran: Vec<_> = door
        .interpreters
        .calls()
        .into_iter()
        .filter_map(|call| match call {
            Call::Run(id, _) => Some(id),
            _ => None,
        })
        .collect();
    assert_eq!(ran, [0, 2, 4]);
}

#[tokio::test]
async fn cancelling_stops_what_runs_and_what_waits() {
    let door = Door::open().await;
    let session = door.session(json!({"kind": "pyspark"})).await;
    let running = door.submit(&session, json!({"code": "wait"})).await;
    let waiting = door.submit(&session, json!({"code": "1"})).await;
    door.until(&running, |statement| statement["state"] == "running").await;
    assert_eq!(door.get(&session).await.json()["state"], "busy");
    let cancelled = door.post(&format!("{waiting}/cancel"), json!({})).await;
    assert_eq!(cancelled.json(), json!({"msg": "canceled"}));
    assert_eq!(door.get(&waiting).await.json()["state"], "cancelled");
    door.post(&format!("{running}/cancel"), json!({})).await;
    let ended = door.ended(&running).await;
    assert_eq!((&ended["state"], &ended["output"]["ename"]), (&json!("cancelled"), &json!("KeyboardInterrupt")));
    door.until(&session, |session| session["state"] == "idle").await;
    let after = door.submit(&session, json!({"code": "2"})).await;
    assert_eq!(door.ended(&after).await["output"]["status"], "ok");
}

#[tokio::test]
async fn a_cancelled_query_leaves_the_session_usable() {
    let door = Door::open().await;
    door.engine.script("long", vec![Step::Schema, Step::Wait(Gate::default())]);
    let session = door.session(json!({"kind": "sql"})).await;
    let long = door.submit(&session, json!({"code": "long"})).await;
    door.until(&long, |statement| statement["state"] == "running").await;
    assert_eq!(door.post(&format!("{session}/interrupt"), json!({})).await.json(), json!({"msg": "interrupted"}));
    assert_eq!(door.ended(&long).await["state"], "cancelled");
    let next = door.submit(&session, json!({"code": "select 1"})).await;
    assert_eq!(door.ended(&next).await["output"]["status"], "ok");
}

#[tokio::test]
async fn an_interpreter_that_dies_takes_its_session_along() {
    for code in ["die", "stuck"] {
        let door = Door::open().await;
        let session = door.session(json!({"kind": "pyspark"})).await;
        let statement = door.submit(&session, json!({"code": code})).await;
        let waiting = door.submit(&session, json!({"code": "1"})).await;
        if code == "stuck" {
            door.until(&statement, |statement| statement["state"] == "running").await;
            door.post(&format!("{statement}/cancel"), json!({})).await;
        }
        door.until(&session, |session| session["state"] == "error").await;
        let ended = door.ended(&statement).await;
        match code {
            "die" => assert_eq!(ended["output"]["evalue"], "Interpreter died:\ntold to die"),
            _ => assert_eq!((&ended["state"], &ended["output"]), (&json!("cancelled"), &Value::Null)),
        }
        assert_eq!(door.ended(&waiting).await["state"], "cancelled");
        let log = door.get(&format!("{session}/log?size=-1")).await.json();
        assert!(log["log"].to_string().contains("Interpreter died"), "{log}");
        let refused = door.post(&format!("{session}/statements"), json!({"code": "1"})).await;
        assert_eq!(refused.status, 500);
        assert_eq!(refused.json(), "java.lang.IllegalStateException: Session is in state error");
        assert!(door.interpreters.living().is_empty());
    }
}

#[tokio::test]
async fn a_shared_session_runs_each_kind_in_its_own_interpreter() {
    let door = Door::open().await;
    let session = door.session(json!({})).await;
    let refused = door.post(&format!("{session}/statements"), json!({"code": "1"})).await;
    assert!(refused.body.contains("Code type should be specified if session kind is shared"), "{}", refused.body);
    for kind in ["pyspark", "spark", "sparkr", "sql", "python"] {
        let statement = door.submit(&session, json!({"code": "select 1", "kind": kind})).await;
        assert_eq!(door.ended(&statement).await["output"]["status"], "ok", "{kind}");
    }
    let mut languages: Vec<_> = door.interpreters.living().iter().map(|one| one.spec.language).collect();
    languages.sort();
    assert_eq!(languages, [Language::Python, Language::Scala, Language::R]);
    let sessions: Vec<_> = door.interpreters.living().iter().map(|one| one.spec.session.clone()).collect();
    assert!(sessions.iter().all(|session| *session == sessions[0]), "they share one Spark session");
    door.delete(&session).await;
    assert!(door.interpreters.living().is_empty());
}

#[tokio::test]
async fn a_kind_whose_parts_are_missing_is_refused_with_the_command() {
    let door = Door::open().await;
    door.interpreters.miss(Language::R);
    let answer = door.post("/sessions", json!({"kind": "sparkr"})).await;
    assert_eq!(answer.status, 400);
    assert!(answer.json()["msg"].as_str().unwrap().contains("install r"), "{}", answer.body);
}

#[tokio::test]
async fn sessions_survive_a_restart_and_running_code_goes_on() {
    let before = Door::open().await;
    let python = before.session(json!({"kind": "pyspark", "name": "py", "conf": {"spark.app": 1}})).await;
    let sql = before.session(json!({"kind": "sql"})).await;
    for code in ["change 1", "select 1", "change 2"] {
        let statement = before.submit(&sql, json!({"code": code})).await;
        before.ended(&statement).await;
    }
    let done = before.submit(&python, json!({"code": "41"})).await;
    before.ended(&done).await;
    let running = before.submit(&python, json!({"code": "wait"})).await;
    let waiting = before.submit(&python, json!({"code": "late"})).await;
    before.until(&running, |statement| statement["state"] == "running").await;
    let shown = before.get(&python).await.json();
    before.stop().await;

    let after = Door::on(LivySettings::default(), before.metadata.clone(), before.interpreters.clone()).await;
    let session = after.until(&python, |session| session["state"] == "busy").await;
    for field in ["id", "name", "kind", "owner", "conf", "proxyUser"] {
        assert_eq!(session[field], shown[field], "{field}");
    }
    assert_eq!(after.get(&done).await.json()["output"]["data"], json!({"text/plain": "41"}));
    assert_eq!(after.get(&running).await.json()["state"], "running");
    after.post(&format!("{running}/cancel"), json!({})).await;
    assert_eq!(after.ended(&running).await["state"], "cancelled");
    assert_eq!(after.ended(&waiting).await["output"]["data"], json!({"text/plain": "late"}));
    after.until(&sql, |session| session["state"] == "idle").await;
    assert!(after.get(&format!("{sql}/log")).await.body.contains("restarted"));
    let ran = after.interpreters.calls().iter().filter(|call| matches!(call, Call::Run(2, _))).count();
    assert_eq!(ran, 2, "asked for twice under one id, which is one execution");
    assert_eq!(after.engine.executed(), 2, "what changed the session was made again, and nothing else");
    let next = after.post("/sessions", json!({"kind": "sql"})).await;
    assert_eq!(next.location.as_deref(), Some("/sessions/2"));
    after.delete(&sql).await;
    after.stop().await;
    let third = Door::on(LivySettings::default(), before.metadata.clone(), before.interpreters.clone()).await;
    assert_eq!(third.get(&sql).await.status, 404);
    assert_eq!(third.engine.executed(), 0, "the journal went with its session");
}

#[tokio::test]
async fn a_lost_interpreter_is_said_and_not_replaced() {
    let before = Door::open().await;
    let python = before.session(json!({"kind": "pyspark"})).await;
    let running = before.submit(&python, json!({"code": "wait"})).await;
    before.until(&running, |statement| statement["state"] == "running").await;
    before.stop().await;
    before.interpreters.lose_all();
    let after = Door::on(LivySettings::default(), before.metadata.clone(), before.interpreters.clone()).await;
    let session = after.until(&python, |session| session["state"] == "error").await;
    assert!(session["log"].to_string().contains("interpreter was lost"), "{session}");
    let ended = after.ended(&running).await;
    assert!(ended["output"]["evalue"].as_str().unwrap().contains("not run again"), "{ended}");
    assert!(after.interpreters.living().is_empty());
}

#[tokio::test]
async fn sessions_end_when_their_time_is_over() {
    let door = Door::open().await;
    let sessions = [
        door.session(json!({"kind": "sql", "idleTimeout": "10s"})).await,
        door.session(json!({"kind": "sql", "ttl": "20s"})).await,
        door.session(json!({"kind": "sql", "heartbeatTimeoutInSecond": 30})).await,
        door.session(json!({"kind": "sql"})).await,
    ];
    let there = async |count: usize| {
        door.until("/sessions", |all| all["total"] == count).await;
    };
    there(4).await;
    door.clock.advance(Duration::from_secs(15));
    there(3).await;
    assert_eq!(door.get(&sessions[0]).await.status, 404);
    door.clock.advance(Duration::from_secs(10));
    there(2).await;
    assert_eq!(door.get(&sessions[1]).await.status, 404);
    door.clock.advance(Duration::from_secs(10));
    there(1).await;
    assert_eq!(door.get(&sessions[2]).await.status, 404);
    door.clock.advance(Duration::from_secs(3600));
    there(0).await;
}

#[tokio::test]
async fn the_oldest_statements_go_when_there_are_too_many() {
    let door = Door::with(LivySettings { retained_statements: 2, ..LivySettings::default() }).await;
    let session = door.session(json!({"kind": "pyspark"})).await;
    for number in 0..4 {
        let statement = door.submit(&session, json!({"code": number.to_string()})).await;
        door.ended(&statement).await;
    }
    let left = door.until(&format!("{session}/statements"), |all| all["total_statements"] == 2).await;
    assert_eq!(left["statements"][0]["id"], 2);
    let gone = door.get(&format!("{session}/statements/0")).await;
    assert_eq!((gone.status.as_u16(), gone.json()), (404, json!("Statement not found")));
}

#[tokio::test]
async fn python_jobs_run_and_others_say_why_not() {
    let door = Door::open().await;
    let session = door.session(json!({"kind": "pyspark"})).await;
    let job = door.post(&format!("{session}/submit-job"), json!({"job": "QUJD", "jobType": "pyspark"})).await;
    assert_eq!((job.status.as_u16(), job.json()["id"].clone()), (201, json!(1)));
    let ended = door.until(&format!("{session}/jobs/1"), |job| job["state"] == "SUCCEEDED").await;
    // Base64 of the interpreter's base64.
    assert_eq!(ended["result"], "UVVKRA==");
    let other = door.post(&format!("{session}/run-job"), json!({"job": "QUJD"})).await.json();
    assert_eq!(other["state"], "FAILED");
    assert!(other["error"].as_str().unwrap().contains("JVM"), "{other}");
}

/// Livy's order: whether anything new may start, then the body, then whether there is such a session, then its state.
#[tokio::test]
async fn mistakes_are_told_in_the_order_of_livy() {
    let door = Door::with(LivySettings { max_starting: 1, ..LivySettings::default() }).await;
    let gate = Gate::default();
    door.interpreters.hold_starts(gate.clone());
    for (path, whole) in [
        ("statements", json!({"code": "1"})),
        ("completion", json!({"code": "1", "kind": "sql", "cursor": 1})),
        ("submit-job", json!({"job": "QQ==", "jobType": "pyspark"})),
        ("add-file", json!({"uri": "x"})),
    ] {
        let path = format!("/sessions/7/{path}");
        assert_eq!(door.send(Method::POST, &path, "{").await.status, 400, "{path}");
        assert_eq!(door.post(&path, whole).await.status, 404, "{path}");
    }
    door.post("/sessions", json!({"kind": "pyspark"})).await;
    for path in ["/sessions", "/batches"] {
        let refused = door.send(Method::POST, path, "{").await;
        assert_eq!(refused.json()["msg"], "Rejected, too many sessions are being created!", "{path}");
    }
    gate.open();
    door.until("/sessions/0", |session| session["state"] == "idle").await;
    assert!(door.send(Method::POST, "/sessions", "{").await.json().is_string());
    door.post("/sessions/0/stop", json!({})).await;
    let refused = door.post("/sessions/0/submit-job", json!({"job": "QQ==", "jobType": "pyspark"})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["msg"].clone()),
        (400, json!("requirement failed: Session isn't active."))
    );
}

#[tokio::test]
async fn code_is_shown_as_it_came() {
    let door = Door::open().await;
    let session = door.session(json!({"kind": "sql"})).await;
    let statement = door.submit(&session, json!({"code": "select\r\n1\r"})).await;
    assert_eq!(door.ended(&statement).await["code"], "select\r\n1\r");
}

#[tokio::test]
async fn a_session_that_is_not_ready_takes_nothing() {
    let door = Door::open().await;
    let gate = Gate::default();
    door.interpreters.hold_starts(gate.clone());
    door.post("/sessions", json!({"kind": "pyspark"})).await;
    let refused = door.post("/sessions/0/statements", json!({"code": "1"})).await;
    assert_eq!(refused.json(), "java.lang.IllegalStateException: Session is in state starting");
    gate.open();
    door.until("/sessions/0", |session| session["state"] == "idle").await;
    assert_eq!(door.post("/sessions/0/stop", json!({})).await.status, 204);
    let dead = door.get("/sessions/0").await.json();
    assert_eq!(dead["state"], "dead");
    let refused = door.get("/sessions/0/statements").await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()),
        (400, json!({"msg": "requirement failed: Session isn't active."}))
    );
    door.clock.advance(Duration::from_secs(601));
    door.until("/sessions", |all| all["total"] == 0).await;
}

#[tokio::test]
async fn candidates_come_from_the_interpreter() {
    let door = Door::open().await;
    let session = door.session(json!({"kind": "pyspark"})).await;
    let body = json!({"code": "abc", "kind": "pyspark", "cursor": 2});
    let answer = door.post(&format!("{session}/completion"), body).await;
    assert_eq!(answer.json(), json!({"candidates": ["ab_one", "ab_two"]}));
}

#[tokio::test]
async fn an_interpreter_that_ends_by_a_limit_names_it() {
    let door = Door::open().await;
    let session = door.session(json!({"kind": "pyspark"})).await;
    let what = "its memory".to_owned();
    let ending = Ending::OverLimit { what, limit: "interpreter.memory", value: "4 GiB".to_owned() };
    door.interpreters.living()[0].end(ending);
    let ended: Value = door.until(&session, |session| session["state"] == "error").await;
    assert!(ended["log"].to_string().contains("interpreter.memory"), "{ended}");
}

#[tokio::test]
async fn deleting_a_session_that_starts_does_not_wait_for_it() {
    let door = Door::open().await;
    let gate = Gate::default();
    door.interpreters.hold_starts(gate.clone());
    door.post("/sessions", json!({"kind": "pyspark"})).await;
    gate.arrived(1).await;
    assert_eq!(door.delete("/sessions/0").await.json(), json!({"msg": "deleted"}));
    gate.open();
    assert!(door.interpreters.living().is_empty());
}
