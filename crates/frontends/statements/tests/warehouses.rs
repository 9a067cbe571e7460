//! Warehouses through their endpoints: made, listed, changed, stopped, kept over a restart, and whose they are.
#![allow(clippy::unwrap_used)]

#[path = "support/around.rs"]
mod door;

use std::sync::Arc;
use std::time::Duration;

use door::Door;
use hearth_auth::OpenAuthenticator;
use hearth_testkit::{Gate, Step};
use serde_json::{Value, json};

const WAREHOUSES: &str = "/api/2.0/sql/warehouses";

async fn create(door: &Door, name: &str) -> String {
    let answer = door.post(WAREHOUSES, json!({ "name": name, "cluster_size": "Large" })).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn state(door: &Door, id: &str) -> Value {
    door.get(&format!("{WAREHOUSES}/{id}")).await.json()["state"].clone()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn default_always_exists_and_says_how_to_connect() {
    let door = Door::open();
    let warehouse = door.get("/api/2.0/sql/warehouses/default").await.json();
    assert_eq!((&warehouse["id"], &warehouse["name"]), (&json!("default"), &json!("default")));
    assert_eq!((&warehouse["state"], &warehouse["num_clusters"]), (&json!("RUNNING"), &json!(1)));
    assert_eq!(warehouse["enable_photon"], false);
    assert_eq!(warehouse["health"]["status"], "HEALTHY");
    let odbc =
        json!({ "hostname": "hearth.test", "path": "/sql/1.0/warehouses/default", "port": 8998, "protocol": "http" });
    assert_eq!(warehouse["odbc_params"], odbc);
    let url = "jdbc:databricks://hearth.test:8998/default;transportMode=http;ssl=0;AuthMech=3;\
               httpPath=/sql/1.0/warehouses/default;";
    assert_eq!(warehouse["jdbc_url"], url);
    assert!(warehouse.get("creator_name").is_none(), "nobody made it");
    for answer in [
        door.delete("/api/2.0/sql/warehouses/default").await,
        door.post("/api/2.0/sql/warehouses/default/edit", json!({ "statement_timeout": 1 })).await,
    ] {
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error_code"].clone()),
            (400, json!("INVALID_PARAMETER_VALUE"))
        );
    }
}

#[tokio::test]
async fn a_warehouse_is_made_listed_edited_and_deleted() {
    let door = Door::open();
    let id = create(&door, "reports").await;
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let path = format!("{WAREHOUSES}/{id}");
    let edited = door.post(&format!("{path}/edit/"), json!({ "max_num_clusters": 3, "auto_stop_mins": "30" })).await;
    assert_eq!((edited.status.as_u16(), edited.json()), (200, json!({})));
    let warehouse = door.get(&path).await.json();
    assert_eq!(warehouse["cluster_size"], "Large");
    assert_eq!((&warehouse["max_num_clusters"], &warehouse["auto_stop_mins"]), (&json!(3), &json!(30)));
    assert_eq!(warehouse["creator_name"], "local");
    let list = door.get(WAREHOUSES).await.json();
    assert_eq!(names(&list["warehouses"]), ["default", "reports"]);
    assert!(list.get("next_page_token").is_none());
    let old = door.get("/api/2.0/sql/endpoints/").await.json();
    assert_eq!(old["endpoints"], list["warehouses"]);
    assert_eq!(door.delete(&path).await.json(), json!({}));
    let gone = door.get(&path).await;
    assert_eq!((gone.status.as_u16(), gone.json()["error_code"].clone()), (404, json!("RESOURCE_DOES_NOT_EXIST")));
}

#[tokio::test]
async fn pages_follow_each_other() {
    let door = Door::open();
    for name in ["a", "b", "c", "z"] {
        create(&door, name).await;
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    for _ in 0..3 {
        let page = door.get(&format!("{WAREHOUSES}?page_size=2&page_token={token}")).await.json();
        seen.extend(names(&page["warehouses"]).into_iter().map(ToOwned::to_owned));
        token = page["next_page_token"].as_str().unwrap_or_default().to_owned();
    }
    assert_eq!((seen.join(" "), token.as_str()), ("a b c default z".to_owned(), ""));
    for wrong in ["page_size=0", "page_size=x", "page_token=%FF"] {
        assert_eq!(door.get(&format!("{WAREHOUSES}?{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_at_once() {
    let door = Door::open();
    create(&door, "taken").await;
    let answer = door.post(WAREHOUSES, json!({ "name": "taken", "cluster_size": "Tiny" })).await;
    assert_eq!(answer.json()["error_code"], "INVALID_PARAMETER_VALUE");
    assert!(answer.message().contains("SQL warehouse with name `taken` already exists"), "{}", answer.message());
    assert!(answer.message().contains("cluster_size: Tiny"), "{}", answer.message());
    let answer = door.send(http::Method::POST, WAREHOUSES, &[], "{").await;
    assert_eq!((answer.status.as_u16(), answer.json()["error_code"].clone()), (400, json!("MALFORMED_REQUEST")));
    let answer = door.get("/api/2.0/sql/warehouses/get").await;
    assert_eq!((answer.status.as_u16(), answer.message()), (400, "get is not a valid endpoint id.".to_owned()));
    assert_eq!(door.post("/api/2.0/sql/warehouses/0123456789abcdef/start", json!({})).await.status, 404);
}

#[tokio::test]
async fn a_statement_starts_a_stopped_warehouse_by_id_or_name() {
    let door = Door::open();
    let id = create(&door, "night shift").await;
    for warehouse in [id.as_str(), "night shift"] {
        assert_eq!(door.post(&format!("{WAREHOUSES}/{id}/stop"), json!({})).await.json(), json!({}));
        assert_eq!(state(&door, &id).await, "STOPPED");
        let body = json!({ "statement": "select 1", "warehouse_id": warehouse });
        assert_eq!(door.post("/api/2.0/sql/statements", body).await.json()["status"]["state"], "SUCCEEDED");
        assert_eq!(state(&door, &id).await, "RUNNING");
    }
    door.post(&format!("{WAREHOUSES}/{id}/stop"), json!({})).await;
    assert_eq!(door.post(&format!("{WAREHOUSES}/{id}/start"), json!({})).await.json(), json!({}));
    assert_eq!(state(&door, &id).await, "RUNNING");
    let unknown =
        door.post("/api/2.0/sql/statements", json!({ "statement": "select 1", "warehouse_id": "nope" })).await;
    assert_eq!((unknown.status.as_u16(), unknown.message()), (400, "nope is not a valid endpoint id.".to_owned()));
}

#[tokio::test]
async fn an_idle_warehouse_stops_and_a_busy_one_does_not() {
    let door = Door::open();
    let id = create(&door, "w").await;
    door.clock.advance(Duration::from_secs(121 * 60));
    assert_eq!(state(&door, &id).await, "STOPPED");
    assert_eq!(state(&door, "default").await, "RUNNING");
    let gate = Gate::default();
    door.engine.script("slow", vec![Step::Wait(gate.clone()), Step::Schema]);
    door.post("/api/2.0/sql/statements", json!({ "statement": "slow", "warehouse_id": id, "wait_timeout": "0s" }))
        .await;
    gate.arrived(1).await;
    door.clock.advance(Duration::from_secs(121 * 60));
    assert_eq!(state(&door, &id).await, "RUNNING");
    gate.open();
}

#[tokio::test]
async fn warehouses_outlive_the_server() {
    let door = Door::open();
    let id = create(&door, "kept").await;
    door.post(&format!("{WAREHOUSES}/{id}/stop"), json!({})).await;
    let before = door.get(&format!("{WAREHOUSES}/{id}")).await.json();
    let restarted = Door::on(Arc::clone(&door.metadata), |_, _| Arc::new(OpenAuthenticator));
    let after = restarted.get(&format!("{WAREHOUSES}/{id}")).await.json();
    assert_eq!(after, before);
    assert_eq!(after["state"], "STOPPED");
}

#[tokio::test]
async fn only_its_owner_changes_a_warehouse_and_everybody_uses_it() {
    let door = Door::with_tokens();
    let (ada, bob) = (door.caller("ada").await, door.caller("bob").await);
    let id = create(&ada, "ada's").await;
    let path = format!("{WAREHOUSES}/{id}");
    for answer in [
        bob.post(&format!("{path}/edit"), json!({ "name": "bob's" })).await,
        bob.post(&format!("{path}/stop"), json!({})).await,
        bob.delete(&path).await,
    ] {
        assert_eq!((answer.status.as_u16(), answer.json()["error_code"].clone()), (403, json!("PERMISSION_DENIED")));
    }
    assert_eq!(bob.get(&path).await.json()["creator_name"], "ada");
    assert_eq!(bob.post(&format!("{path}/start"), json!({})).await.status, 200);
    let permissions = bob.get(&format!("/api/2.0/permissions/warehouses/{id}")).await.json();
    assert_eq!(permissions["access_control_list"][0]["user_name"], "ada");
    assert_eq!(permissions["access_control_list"][0]["all_permissions"][0]["permission_level"], "IS_OWNER");
    assert_eq!(permissions["access_control_list"][1]["all_permissions"][0]["permission_level"], "CAN_USE");
    assert_eq!(ada.delete(&path).await.status, 200);
}
