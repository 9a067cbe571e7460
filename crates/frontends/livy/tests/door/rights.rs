//! Who may do what: every endpoint, with tokens asked for and with access control.

use hearth_livy::LivySettings;
use http::Method;
use serde_json::json;

use crate::support::Door;

/// What asks who calls. Pages for people show nothing of themselves: what they show they ask these.
const ENDPOINTS: [(&str, &str); 32] = [
    ("GET", "/sessions"),
    ("POST", "/sessions"),
    ("GET", "/sessions/0"),
    ("DELETE", "/sessions/0"),
    ("GET", "/sessions/0/state"),
    ("GET", "/sessions/0/log"),
    ("POST", "/sessions/0/stop"),
    ("POST", "/sessions/0/interrupt"),
    ("POST", "/sessions/0/connect"),
    ("GET", "/sessions/0/statements"),
    ("POST", "/sessions/0/statements"),
    ("GET", "/sessions/0/statements/0"),
    ("POST", "/sessions/0/statements/0/cancel"),
    ("POST", "/sessions/0/completion"),
    ("POST", "/sessions/0/submit-job"),
    ("POST", "/sessions/0/run-job"),
    ("GET", "/sessions/0/jobs/1"),
    ("POST", "/sessions/0/jobs/1/cancel"),
    ("POST", "/sessions/0/upload-jar"),
    ("POST", "/sessions/0/upload-file"),
    ("POST", "/sessions/0/upload-pyfile"),
    ("POST", "/sessions/0/add-jar"),
    ("POST", "/sessions/0/add-file"),
    ("POST", "/sessions/0/add-pyfile"),
    ("GET", "/batches"),
    ("POST", "/batches"),
    ("GET", "/batches/0"),
    ("DELETE", "/batches/0"),
    ("GET", "/batches/0/state"),
    ("GET", "/batches/0/log"),
    ("GET", "/thriftserver/sessions"),
    ("GET", "/livy/sessions/0"),
];

fn method(name: &str) -> Method {
    name.parse().unwrap()
}

fn settings() -> LivySettings {
    LivySettings {
        authenticated: true,
        access_control: true,
        allowed_users: ["ada", "bob", "eve"].map(str::to_owned).to_vec(),
        view_users: vec!["eve".to_owned()],
        superusers: vec!["root".to_owned()],
        ..LivySettings::default()
    }
}

#[tokio::test]
async fn nobody_comes_in_without_a_token_where_tokens_are_asked_for() {
    let mut door = Door::with(settings()).await;
    for (name, path) in ENDPOINTS {
        let answer = door.send(method(name), path, "{}").await;
        assert_eq!(answer.status, 401, "{name} {path}: {}", answer.body);
    }
    assert_eq!(door.get("/version").await.status, 200);
    door.call_as("mallory").await;
    for (name, path) in ENDPOINTS {
        let answer = door.send(method(name), path, "{}").await;
        assert_eq!(answer.status, 403, "{name} {path}: {}", answer.body);
        assert!(answer.body.contains("User not authorised to use Livy."), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_session_is_its_owners_and_of_those_who_may() {
    let mut door = Door::with(settings()).await;
    door.call_as("ada").await;
    let session = door.session(json!({"kind": "pyspark"})).await;
    let statement = door.submit(&session, json!({"code": "secret"})).await;
    door.ended(&statement).await;
    assert_eq!(door.get(&session).await.json()["owner"], "ada");
    // A body that does not read is refused before it is asked who sent it.
    let changes = [
        ("/stop", json!({})),
        ("/interrupt", json!({})),
        ("/connect", json!({})),
        ("/statements", json!({"code": "1"})),
        ("/statements/0/cancel", json!({})),
        ("/completion", json!({"code": "1", "kind": "pyspark", "cursor": 1})),
        ("/submit-job", json!({"job": "QQ==", "jobType": "pyspark"})),
        ("/add-file", json!({"uri": "/etc/hostname"})),
    ];
    for (user, may_view) in [("bob", false), ("eve", true)] {
        door.call_as(user).await;
        let seen = door.get(&session).await;
        assert_eq!((seen.status.as_u16(), seen.json()["log"] == json!([])), (200, !may_view), "{user}");
        for path in ["/log", "/statements", "/statements/0"] {
            let status = door.get(&format!("{session}{path}")).await.status;
            assert_eq!(status, if may_view { 200 } else { 403 }, "{user} {path}");
        }
        for (path, body) in &changes {
            let status = door.post(&format!("{session}{path}"), body.clone()).await.status;
            assert_eq!(status, 403, "{user} {path}");
        }
        assert_eq!(door.delete(&session).await.status, 403, "{user}");
    }
    door.call_as("root").await;
    assert_eq!(door.delete(&session).await.status, 200);
}

#[tokio::test]
async fn acting_for_others_is_for_superusers() {
    let mut door = Door::with(LivySettings { impersonation: true, ..settings() }).await;
    door.call_as("ada").await;
    let own = door.post("/sessions", json!({"kind": "sql"})).await.json();
    assert_eq!((&own["owner"], &own["proxyUser"]), (&json!("ada"), &json!("ada")));
    let refused = door.post("/sessions", json!({"kind": "sql", "proxyUser": "bob"})).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["msg"], "User 'ada' not allowed to impersonate 'Some(bob)'.");
    door.call_as("root").await;
    let other = door.post("/sessions?doAs=bob", json!({"kind": "pyspark", "proxyUser": "ada"})).await.json();
    assert_eq!((&other["owner"], &other["proxyUser"]), (&json!("root"), &json!("bob")));
    door.until("/sessions/1", |session| session["state"] == "idle").await;
    let spec = door.interpreters.living()[0].spec.clone();
    assert_eq!((spec.principal.id.as_str(), spec.run_as), ("bob", None));
    door.call_as_nobody();
    assert_eq!(door.get("/sessions/1").await.status, 401);
}
