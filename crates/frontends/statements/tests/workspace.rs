//! What clients ask around statements: discovery, flags, telemetry, identity, Thrift.
#![allow(clippy::unwrap_used)]

#[path = "support/around.rs"]
mod door;

use door::Door;
use http::Method;
use serde_json::json;

const THRIFT: (&str, &str) = ("content-type", "application/x-thrift");

/// A call in Thrift's strict binary form, with the beginning of its arguments.
fn call(method: &str, sequence: i32) -> Vec<u8> {
    let length = u32::try_from(method.len()).unwrap();
    [&[0x80, 1, 0, 1], &length.to_be_bytes()[..], method.as_bytes(), &sequence.to_be_bytes(), &[0]].concat()
}

#[tokio::test]
async fn discovery_needs_no_token_and_names_this_server() {
    let door = Door::with_tokens();
    let answer = door.get("/.well-known/databricks-config").await;
    assert_eq!(answer.json(), json!({ "oidc_endpoint": "http://hearth.test:8998/oidc" }));
    let unknown = door.get("/oidc/.well-known/oauth-authorization-server").await;
    assert_eq!((unknown.status.as_u16(), unknown.json()["error_code"].clone()), (404, json!("ENDPOINT_NOT_FOUND")));
}

#[tokio::test]
async fn flags_are_empty_and_me_is_the_caller() {
    let door = Door::with_tokens().caller("ada@example.com").await;
    let flags = door.get("/api/2.0/connector-service/feature-flags/PYTHON/4.9.0").await;
    assert_eq!(flags.json(), json!({ "flags": [], "ttl_seconds": 900 }));
    let me = door.get("/api/2.0/preview/scim/v2/Me").await;
    let user = me.json();
    assert_eq!((&user["userName"], &user["displayName"]), (&json!("ada@example.com"), &json!("ada@example.com")));
    assert_eq!(user["emails"], json!([{ "value": "ada@example.com", "type": "work", "primary": true }]));
    assert_eq!(user["active"], true);
    assert!(user["id"].as_str().unwrap().parse::<i64>().unwrap() > 0);
    assert_eq!(me.headers["x-databricks-org-id"], "1");
}

#[tokio::test]
async fn telemetry_is_counted_and_bounded() {
    let door = Door::open();
    let body = json!({ "uploadTime": 1, "items": ["a"], "protoLogs": ["{}", "{}"] });
    for path in ["/telemetry-ext", "/telemetry-unauth/"] {
        let answer = door.post(path, body.clone()).await.json();
        let counted = json!({ "errors": [], "numSuccess": 3, "numProtoSuccess": 2, "numRealtimeSuccess": 0 });
        assert_eq!(answer, counted, "{path}");
    }
    assert_eq!(door.post("/telemetry-unauth", json!([1])).await.status, 400);
    let large = door.post("/telemetry-unauth", json!({ "items": ["x".repeat(2 * 1024 * 1024)] })).await;
    assert_eq!((large.status.as_u16(), large.json()["error_code"].clone()), (400, json!("INVALID_PARAMETER_VALUE")));
}

#[tokio::test]
async fn thrift_clients_are_sent_to_statements() {
    let door = Door::open();
    for path in ["/sql/1.0/warehouses/default", "/sql/1.0/endpoints/x", "/sql/protocolv1/o/0/0123-456789-abcdefgh"] {
        let answer = door.send(Method::POST, path, &[THRIFT], call("OpenSession", 7)).await;
        assert_eq!((answer.status.as_u16(), answer.bytes.len()), (200, 72), "{path}");
        assert_eq!(answer.headers["content-type"], "application/x-thrift");
        assert_eq!(answer.bytes[19..23], 7i32.to_be_bytes());
        assert!(answer.bytes.windows(5).any(|part| part == b"KP001"));
        let other = door.send(Method::POST, path, &[THRIFT], call("GetInfo", 8)).await;
        assert_eq!((other.status.as_u16(), other.bytes[3]), (200, 3), "an exception");
        for (headers, body) in [(&[THRIFT][..], vec![0x80, 1]), (&[THRIFT], Vec::new()), (&[], call("OpenSession", 7))]
        {
            let answer = door.send(Method::POST, path, headers, body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()["error_code"].clone()),
                (400, json!("MALFORMED_REQUEST"))
            );
        }
    }
}
