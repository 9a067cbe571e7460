//! Sessions of a warehouse: core's sessions, opened and closed by their clients.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};
use axum::{Json, http::StatusCode};
use hearth_base::{Error, ErrorKind, SessionId};
use hearth_core::engine::{ConfigRequest, Flavor, Namespace};
use serde_json::{Map, Value, json};

use crate::api::{Api, Caller, both};
use crate::error::{ApiError, ApiResult};
use crate::from_wire::object;

/// What the JDBC driver says when it was told no catalog.
const NO_CATALOG: &str = "SPARK";

pub(crate) fn routes() -> Router<Api> {
    let router = both(Router::new(), "/api/2.0/sql/sessions", post(create));
    let router = both(router, "/api/2.0/sql/warehouses/{id}/sessions", post(create_below));
    let router = both(router, "/api/2.0/sql/endpoints/{id}/sessions", post(create_below));
    both(router, "/api/2.0/sql/sessions/{id}", delete(remove))
}

/// What a session starts with.
#[derive(Debug, Default, PartialEq, Eq)]
struct NewSession {
    warehouse: String,
    namespace: Namespace,
    settings: Vec<(String, Option<String>)>,
}

async fn create(State(api): State<Api>, caller: Caller, body: Bytes) -> ApiResult<Response> {
    open(&api, &caller, &object(&body)?).await
}

/// The JDBC driver opens its sessions below their warehouse.
async fn create_below(
    State(api): State<Api>,
    caller: Caller,
    Path(warehouse): Path<String>,
    body: Bytes,
) -> ApiResult<Response> {
    let mut fields = object(&body)?;
    fields.insert("warehouse_id".to_owned(), warehouse.into());
    open(&api, &caller, &fields).await
}

async fn open(api: &Api, caller: &Caller, fields: &Map<String, Value>) -> ApiResult<Response> {
    let wanted = read(fields)?;
    let warehouse = api.warehouses().resolve(&wanted.warehouse).await?;
    let sessions = &api.hearth().sessions;
    let session = sessions.open_new(&caller.principal, Flavor::Warehouse, warehouse.engine.as_deref()).await?;
    let id = session.key.session.clone();
    let _in_use = session.begin_use(sessions.clock());
    let settings = ConfigRequest::Set { pairs: wanted.settings, silent: true };
    let prepared = async {
        session.engine.configure(settings).await?;
        // A full engine says so now, not at the first statement.
        session.bind_engine().await?;
        session.engine.use_namespace(&wanted.namespace).await
    };
    if let Err(error) = prepared.await {
        sessions.close(&caller.principal, &id, true).await;
        return Err(refused(error));
    }
    Ok(Json(json!({ "session_id": id.as_str() })).into_response())
}

/// What is wrong with the parts of a session is wrong with the request; the rest says itself what it is.
fn refused(error: Error) -> ApiError {
    match error.kind() {
        ErrorKind::Denied | ErrorKind::Exhausted | ErrorKind::Unavailable => error.into(),
        ErrorKind::InvalidRequest
        | ErrorKind::Unauthenticated
        | ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::Conflict
        | ErrorKind::Parse
        | ErrorKind::Analysis
        | ErrorKind::Runtime
        | ErrorKind::UserCode
        | ErrorKind::Unsupported
        | ErrorKind::Cancelled
        | ErrorKind::DeadlineExceeded
        | ErrorKind::Internal => ApiError::invalid(error.to_string()),
    }
}

fn read(fields: &Map<String, Value>) -> ApiResult<NewSession> {
    let mut mistakes = Vec::new();
    let mut text = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()).filter(|text| !text.is_empty()),
        Some(_) => {
            mistakes.push(format!("{name}: it must be a string"));
            None
        }
    };
    let (warehouse, catalog, schema) = (text("warehouse_id"), text("catalog"), text("schema"));
    if warehouse.is_none() && !mistakes.iter().any(|mistake| mistake.starts_with("warehouse_id")) {
        mistakes.push("warehouse_id: it is required".to_owned());
    }
    let mut settings = Vec::new();
    match fields.get("session_confs") {
        None | Some(Value::Null) => {}
        Some(Value::Object(confs)) => {
            for (key, value) in confs {
                match value {
                    Value::String(value) => settings.push((key.clone(), Some(value.clone()))),
                    Value::Bool(_) | Value::Number(_) => settings.push((key.clone(), Some(value.to_string()))),
                    Value::Null => {}
                    _ => mistakes.push(format!("session_confs.{key}: it must be a string")),
                }
            }
        }
        Some(_) => mistakes.push("session_confs: it must be an object of strings".to_owned()),
    }
    if mistakes.is_empty() {
        let catalog = catalog.filter(|catalog| !catalog.eq_ignore_ascii_case(NO_CATALOG));
        let namespace = Namespace { catalog, schema };
        Ok(NewSession { warehouse: warehouse.unwrap_or_default(), namespace, settings })
    } else {
        Err(ApiError::invalid(mistakes.join("; ")))
    }
}

/// Closing twice is no mistake: drivers close when they exit, whatever came before.
async fn remove(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<Response> {
    if !hearth_base::id::is_uuid(&id) {
        return Err(ApiError::invalid(format!("{id} is not a valid session id.")));
    }
    api.hearth().sessions.close(&caller.principal, &SessionId::new(id), false).await;
    Ok((StatusCode::OK, Json(json!({}))).into_response())
}
