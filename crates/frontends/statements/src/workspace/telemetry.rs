//! Telemetry of connectors: counted for the answer, and forgotten.

use axum::Json;
use axum::body::Bytes;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::Caller;
use crate::error::ApiResult;
use crate::from_wire::object;

/// How many entries arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TelemetryResponse {
    pub errors: Vec<String>,
    pub num_success: usize,
    pub num_proto_success: usize,
    pub num_realtime_success: usize,
}

/// Takes telemetry and keeps nothing of it. Not published by the service.
#[utoipa::path(post, path = "/telemetry-ext", operation_id = "telemetryExt", tag = "Workspace", extensions(("x-unpublished" = json!(true))),
    request_body(content = serde_json::Value, description = "`items` and `protoLogs` are lists"),
    responses((status = 200, body = TelemetryResponse)))]
pub(crate) async fn telemetry_ext(_caller: Caller, body: Bytes) -> ApiResult<Json<TelemetryResponse>> {
    count(&body).map(Json)
}

/// The same for callers that have no credentials yet. Not published by the service.
#[utoipa::path(post, path = "/telemetry-unauth", operation_id = "telemetryUnauth", tag = "Workspace", security(()),
    extensions(("x-unpublished" = json!(true))),
    request_body(content = serde_json::Value, description = "`items` and `protoLogs` are lists"),
    responses((status = 200, body = TelemetryResponse)))]
pub(crate) async fn telemetry_unauth(body: Bytes) -> ApiResult<Json<TelemetryResponse>> {
    count(&body).map(Json)
}

fn count(body: &[u8]) -> ApiResult<TelemetryResponse> {
    let fields = object(body)?;
    let length = |name: &str| fields.get(name).and_then(Value::as_array).map_or(0, Vec::len);
    let (items, protos) = (length("items"), length("protoLogs"));
    Ok(TelemetryResponse {
        errors: Vec::new(),
        num_success: items + protos,
        num_proto_success: protos,
        num_realtime_success: 0,
    })
}
