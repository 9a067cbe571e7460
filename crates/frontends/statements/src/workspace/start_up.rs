//! What clients ask when they start.

use axum::Json;
use axum::extract::{OriginalUri, Path, State};
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{Api, Caller, base};

/// Seconds for which connectors keep the flags.
const FLAGS_LIFETIME: u32 = 900;

/// Where this workspace is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DatabricksConfig {
    pub oidc_endpoint: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FeatureFlag {
    pub name: String,
    pub value: String,
}

/// The flags of a connector: none, so that it does what it does by itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FeatureFlags {
    pub flags: Vec<FeatureFlag>,
    pub ttl_seconds: u32,
}

/// Where SDKs look before their first call.
#[utoipa::path(get, path = "/.well-known/databricks-config", operation_id = "databricksConfig", tag = "Workspace", security(()),
    responses((status = 200, body = DatabricksConfig)))]
pub(crate) async fn databricks_config(
    State(api): State<Api>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Json<DatabricksConfig> {
    Json(DatabricksConfig { oidc_endpoint: format!("{}/oidc", base(&api, &headers, &uri)) })
}

/// The flags of a connector. Not published by the service.
#[utoipa::path(get, path = "/api/2.0/connector-service/feature-flags/{client}/{version}", operation_id = "featureFlags", tag = "Workspace",
    params(("client" = String, Path), ("version" = String, Path)),
    extensions(("x-unpublished" = json!(true))),
    responses((status = 200, body = FeatureFlags)))]
pub(crate) async fn feature_flags(_caller: Caller, Path(_connector): Path<(String, String)>) -> Json<FeatureFlags> {
    Json(FeatureFlags { flags: Vec::new(), ttl_seconds: FLAGS_LIFETIME })
}
