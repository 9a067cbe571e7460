//! Batches over the door, on fake engines and interpreters.

use hearth_core::interpreter::CodeRequest;
use hearth_livy::LivySettings;
use hearth_testkit::{Call, Step};
use serde_json::json;

use crate::support::Door;

#[tokio::test]
async fn a_python_file_runs_to_its_exit_code() {
    let door = Door::open().await;
    let made = door.post("/batches", json!({"file": "/apps/good.py", "args": ["a", "b c"], "name": "good"})).await;
    assert_eq!((made.status.as_u16(), made.location.as_deref()), (201, Some("/batches/0")));
    let ended = door.until("/batches/good", |batch| batch["state"] == "success").await;
    assert!(ended["log"].to_string().contains("ran good"), "{ended}");
    let args = vec!["a".to_owned(), "b c".to_owned()];
    let application = CodeRequest::Application { file: "/apps/good.py".into(), args };
    assert!(door.interpreters.calls().iter().any(|call| matches!(call, Call::Run(_, run) if *run == application)));
    door.post("/batches", json!({"file": "/apps/fail.py"})).await;
    let failed = door.until("/batches/1", |batch| batch["state"] == "dead").await;
    assert!(failed["log"].to_string().contains("exit code 1"), "{failed}");
    let list = door.get("/batches").await.json();
    assert_eq!((&list["total"], &list["sessions"][1]["id"]), (&json!(2), &json!(1)));
    assert!(door.interpreters.living().is_empty());
}

#[tokio::test]
async fn a_sql_file_runs_in_the_server() {
    let door = Door::open().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.sql");
    std::fs::write(&file, "select 1; select 2;\n").unwrap();
    door.engine.script("select 2", vec![Step::Schema, Step::Rows(2)]);
    door.post("/batches", json!({"file": format!("file://{}", file.display())})).await;
    let ended = door.until("/batches/0", |batch| batch["state"] == "success").await;
    assert_eq!(ended["log"], json!(["stdout: ", "0", "0", "1", "\nstderr: "]));
    door.post("/batches", json!({"file": "/not/there.sql"})).await;
    let missing = door.until("/batches/1", |batch| batch["state"] == "dead").await;
    assert!(missing["log"].to_string().contains("cannot be read"), "{missing}");
}

#[tokio::test]
async fn deleting_kills_what_runs() {
    let door = Door::open().await;
    door.post("/batches", json!({"file": "/apps/wait.py"})).await;
    door.until("/batches/0/state", |batch| batch["state"] == "running").await;
    assert_eq!(door.delete("/batches/0").await.json(), json!({"msg": "deleted"}));
    assert_eq!(door.get("/batches/0").await.status, 404);
    assert!(door.interpreters.living().is_empty());
    assert_eq!(door.engine.open_sessions(), 0);
}

#[tokio::test]
async fn what_cannot_run_here_is_refused_at_once() {
    let door = Door::open().await;
    for file in ["/apps/a.jar", "/apps/a"] {
        let refused = door.post("/batches", json!({"file": file})).await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        assert!(refused.json()["msg"].as_str().unwrap().starts_with("Rejected, Reason: "), "{}", refused.body);
    }
}

#[tokio::test]
async fn a_running_batch_is_found_again_after_a_restart() {
    let before = Door::open().await;
    before.post("/batches", json!({"file": "/apps/wait.py", "name": "w"})).await;
    before.until("/batches/0/state", |batch| batch["state"] == "running").await;
    before.stop().await;
    let after = Door::on(LivySettings::default(), before.metadata.clone(), before.interpreters.clone()).await;
    assert_eq!(after.get("/batches/w").await.json()["state"], "running");
    let runs = || after.interpreters.calls().iter().filter(|call| matches!(call, Call::Run(..))).count();
    while runs() < 2 {
        tokio::task::yield_now().await;
    }
    after.interpreters.lose_all();
    let dead = after.until("/batches/0", |batch| batch["state"] == "dead").await;
    assert!(dead["log"].to_string().contains("Interpreter died"), "{dead}");
}
