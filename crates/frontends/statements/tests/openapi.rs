//! The OpenAPI document: complete, sound, and true. Each operation in it is also asked without a token.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/around.rs"]
mod door;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use axum::body::Body;
use door::Door;
use http::Method;
use serde_json::{Value, json};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

async fn document() -> Value {
    Door::with_tokens().get("/api/openapi.json").await.json()
}

/// Method, path, operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                found.push((method.to_owned(), path.clone(), operation.clone()));
            }
        }
    }
    found
}

fn needs_token(operation: &Value) -> bool {
    operation.get("security").is_none()
}

fn each_value(value: &Value, visit: &mut impl FnMut(&Value)) {
    visit(value);
    match value {
        Value::Array(list) => list.iter().for_each(|one| each_value(one, visit)),
        Value::Object(fields) => fields.values().for_each(|one| each_value(one, visit)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_sound() {
    let document = document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    assert_eq!(document["security"], json!([{ "bearer": [] }]));
    each_value(&document, &mut |value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference} leads nowhere");
        }
    });
    let mut ids = BTreeSet::new();
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "two operations {id}");
        assert!(tags.contains(&&operation["tags"][0]), "{method} {path}");
        assert!(operation["summary"].is_string(), "{method} {path} says nothing of itself");
        assert!(operation["responses"].get("200").is_some(), "{method} {path}");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_path: BTreeSet<&str> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let wanted: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(in_path, wanted, "{method} {path}");
    }
}

#[tokio::test]
async fn shapes_have_the_fields_of_the_answers() {
    let document = document().await;
    let properties = |name: &str| {
        let schema = &document["components"]["schemas"][name];
        let parts = schema["allOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        let mut names = BTreeSet::new();
        for part in parts {
            let part = match part["$ref"].as_str() {
                Some(reference) => document.pointer(&reference[1..]).unwrap().clone(),
                None => part,
            };
            names.extend(part["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
        }
        names
    };
    let door = Door::open();
    door.run("select 1").await;
    let body = json!({ "statement": "select 1", "warehouse_id": "default" });
    let statement = door.post("/api/2.0/sql/statements", body).await.json();
    let history = door.get("/api/2.0/sql/history/queries?include_metrics=true").await.json();
    for (name, answer) in [
        ("StatementResponse", &statement),
        ("Manifest", &statement["manifest"]),
        ("ResultData", &statement["result"]),
        ("EndpointInfo", &door.get("/api/2.0/sql/warehouses/default").await.json()),
        ("QueryList", &history),
        ("QueryInfo", &history["res"][0]),
        ("QueryMetrics", &history["res"][0]["metrics"]),
        ("User", &door.get("/api/2.0/preview/scim/v2/Me").await.json()),
        ("ErrorBody", &door.get("/api/2.0/sql/warehouses/x").await.json()),
    ] {
        let known = properties(name);
        for field in answer.as_object().unwrap().keys() {
            assert!(known.contains(field), "{name} has no {field}: {known:?}");
        }
    }
}

/// A field in the document that the request's reader does not know would not be complained about.
#[tokio::test]
async fn every_documented_field_of_a_statement_is_read() {
    let document = document().await;
    let door = Door::open();
    let schema = &document["components"]["schemas"]["ExecuteStatementRequest"]["properties"];
    // Tags never fail a statement.
    for field in schema.as_object().unwrap().keys().filter(|field| *field != "query_tags") {
        let mut body = json!({ "statement": "select 1", "warehouse_id": "default" });
        body[field] = json!({ "not": "this" });
        let answer = door.post("/api/2.0/sql/statements", body).await;
        assert_eq!(answer.status, 400, "{field}");
        assert!(answer.message().contains(field.as_str()), "{field}: {}", answer.message());
    }
}

#[tokio::test]
async fn every_operation_asks_for_a_token_unless_it_says_otherwise() {
    let door = Door::with_tokens();
    let caller = door.caller("ada").await;
    let open: BTreeSet<&str> = BTreeSet::from([
        "/.well-known/databricks-config",
        "/telemetry-unauth",
        "/api/openapi.json",
        "/api/docs",
        // The signature of a link is its proof.
        "/api/2.0/sql/external-links/{id}/{index}",
    ]);
    for (method, path, operation) in operations(&document().await) {
        assert_eq!(open.contains(path.as_str()), !needs_token(&operation), "{path}");
        let method: Method = method.to_uppercase().parse().unwrap();
        let address: Vec<&str> = path
            .split('/')
            .map(|part| match part {
                "{id}" => "00000000-0000-4000-8000-000000000000",
                _ if part.starts_with('{') => "0",
                _ => part,
            })
            .collect();
        for address in [address.join("/"), format!("{}/", address.join("/"))] {
            let none = door.send(method.clone(), &address, &[], Body::empty()).await;
            let wrong_token = [("authorization", "Bearer hearth_wrong")];
            let wrong = door.send(method.clone(), &address, &wrong_token, Body::empty()).await;
            let with = caller.send(method.clone(), &address, &[], Body::empty()).await;
            assert_ne!(with.json()["error_code"], "ENDPOINT_NOT_FOUND", "{method} {address}");
            assert_ne!(with.status, 405, "{method} {address}");
            assert!(!with.status.is_server_error(), "{method} {address}: {}", with.json());
            if needs_token(&operation) {
                assert_eq!((none.status.as_u16(), none.json()["error_code"].clone()), (401, json!(401)), "{address}");
                assert_eq!((wrong.status.as_u16(), wrong.json()["error_code"].clone()), (403, json!(403)), "{address}");
                assert!(![401, 403].contains(&with.status.as_u16()), "{method} {address}: {}", with.json());
            } else {
                assert_ne!(none.status, 401, "{address}");
            }
        }
    }
}

#[tokio::test]
async fn another_method_of_a_path_is_unknown() {
    let door = Door::open();
    let answer = door.send(Method::PUT, "/api/2.0/sql/warehouses/default", &[], Body::empty()).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error_code"].clone()), (404, json!("ENDPOINT_NOT_FOUND")));
    assert_eq!(answer.message(), "No API found for 'PUT /api/2.0/sql/warehouses/default'");
}

/// The routes are read from the sources, so that a new one cannot be forgotten in the document.
#[tokio::test]
async fn every_route_is_in_the_document() {
    let mut sources = String::new();
    read_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let constants: BTreeMap<&str, &str> = sources
        .lines()
        .filter_map(|line| line.trim().strip_prefix("const ")?.split_once(": &str = \""))
        .filter_map(|(name, rest)| Some((name, rest.split_once('"')?.0)))
        .collect();
    let mut routes = BTreeSet::new();
    for call in sources.split("both(").skip(1) {
        let Some((_, rest)) = call.split_once(", ") else { continue };
        let Some((path, handlers)) = rest.split_once(", ") else { continue };
        let path = match path.strip_prefix('"') {
            Some(text) => text.trim_end_matches('"'),
            None => match constants.get(path) {
                Some(path) => path,
                None => continue,
            },
        };
        let handlers = handlers.lines().next().unwrap_or_default();
        for method in METHODS.iter().filter(|method| handlers.contains(&format!("{method}("))) {
            routes.insert(((*method).to_owned(), path.to_owned()));
        }
    }
    let documented: BTreeSet<(String, String)> =
        operations(&document().await).into_iter().map(|(method, path, _)| (method, path)).collect();
    assert!(routes.len() > 30, "the routes are not where they are looked for: {routes:?}");
    assert_eq!(routes, documented);
}

fn read_sources(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(&path, into);
        } else {
            into.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let answer = Door::with_tokens().get("/api/docs").await;
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert!(answer.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let page = String::from_utf8(answer.bytes.to_vec()).unwrap();
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("innerHTML"));
    assert!(page.contains("/api/openapi.json"));
}
