//! The endpoints of warehouses, at their paths of today and at the old ones.

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::View;
use super::settings::WarehouseSettings;
use super::to_wire::{
    CreateWarehouseResponse, EndpointInfo, EndpointList, WarehouseConfig, WarehouseList, WarehousePermissions,
};
use crate::api::{Api, Caller, both};
use crate::error::{ApiError, ApiResult};
use crate::from_wire::object;

/// Query parameters in their order, repeated ones included.
type Parameters = Query<Vec<(String, String)>>;

pub(crate) fn routes() -> Router<Api> {
    let mut router = Router::new();
    router = both(router, "/api/2.0/sql/warehouses", get(list).post(create));
    router = both(router, "/api/2.0/sql/warehouses/{id}", get(warehouse).delete(delete));
    router = both(router, "/api/2.0/sql/warehouses/{id}/edit", post(edit));
    router = both(router, "/api/2.0/sql/warehouses/{id}/start", post(start));
    router = both(router, "/api/2.0/sql/warehouses/{id}/stop", post(stop));
    router = both(router, "/api/2.0/sql/endpoints", get(list_endpoints).post(create));
    router = both(router, "/api/2.0/sql/endpoints/{id}", get(warehouse).delete(delete));
    router = both(router, "/api/2.0/sql/endpoints/{id}/edit", post(edit));
    router = both(router, "/api/2.0/sql/endpoints/{id}/start", post(start));
    router = both(router, "/api/2.0/sql/endpoints/{id}/stop", post(stop));
    router = both(router, "/api/2.0/sql/config/warehouses", get(config));
    router = both(router, "/api/2.0/sql/config/endpoints", get(config));
    both(router, "/api/2.0/permissions/warehouses/{id}", get(permissions))
}

/// Lists all warehouses, by name.
#[utoipa::path(get, path = "/api/2.0/sql/warehouses", operation_id = "listWarehouses", tag = "Warehouses",
    params(("page_size" = Option<u32>, Query, description = "Warehouses in one page; all without it"),
        ("page_token" = Option<String>, Query, description = "`next_page_token` of the page before")),
    responses((status = 200, body = WarehouseList)))]
pub(crate) async fn list(State(api): State<Api>, caller: Caller, query: Parameters) -> ApiResult<Json<WarehouseList>> {
    let (warehouses, next_page_token) = page(&api, &caller, &query).await?;
    Ok(Json(WarehouseList { warehouses, next_page_token }))
}

/// Lists all warehouses under their old name.
#[utoipa::path(get, path = "/api/2.0/sql/endpoints", operation_id = "listEndpoints", tag = "Warehouses",
    params(("page_size" = Option<u32>, Query), ("page_token" = Option<String>, Query)),
    responses((status = 200, body = EndpointList)))]
pub(crate) async fn list_endpoints(
    State(api): State<Api>,
    caller: Caller,
    query: Parameters,
) -> ApiResult<Json<EndpointList>> {
    let (endpoints, next_page_token) = page(&api, &caller, &query).await?;
    Ok(Json(EndpointList { endpoints, next_page_token }))
}

async fn page(api: &Api, caller: &Caller, query: &Parameters) -> ApiResult<(Vec<EndpointInfo>, Option<String>)> {
    let last = |name: &str| {
        let found = query.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    };
    let size = match last("page_size").map(str::parse::<usize>) {
        None => usize::MAX,
        Some(Ok(size)) if size > 0 => size,
        Some(_) => return Err(ApiError::invalid("page_size: it must be a whole number of at least 1")),
    };
    let after = last("page_token").map(read_token).transpose()?;
    let mut views = api.warehouses().views().await?;
    views.retain(|view| after.as_ref().is_none_or(|after| view.kept.settings.name > *after));
    let more = views.len() > size;
    views.truncate(size);
    let next = views.last().filter(|_| more).map(token_behind);
    Ok((views.into_iter().map(|view| EndpointInfo::new(view, &caller.base)).collect(), next))
}

/// A page goes on behind a name, so that what is made or deleted meanwhile neither repeats nor hides a warehouse.
fn token_behind(view: &View) -> String {
    URL_SAFE_NO_PAD.encode(&view.kept.settings.name)
}

fn read_token(token: &str) -> ApiResult<String> {
    let name = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| ApiError::invalid("page_token: it is not one of this list"))
}

/// Makes a warehouse. It runs at once and belongs to the caller.
#[utoipa::path(post, path = "/api/2.0/sql/warehouses", operation_id = "createWarehouse", tag = "Warehouses",
    request_body(content = WarehouseSettings, description = "Only `name` is required."),
    responses((status = 200, body = CreateWarehouseResponse)))]
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    body: Bytes,
) -> ApiResult<Json<CreateWarehouseResponse>> {
    let id = api.warehouses().create(&caller.principal, &object(&body)?).await?;
    Ok(Json(CreateWarehouseResponse { id }))
}

/// One warehouse.
#[utoipa::path(get, path = "/api/2.0/sql/warehouses/{id}", operation_id = "getWarehouse", tag = "Warehouses",
    params(("id" = String, Path, description = "The id of a warehouse, such as `default`")),
    responses((status = 200, body = EndpointInfo)))]
pub(crate) async fn warehouse(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<EndpointInfo>> {
    let view = api.warehouses().view(&id).await?;
    Ok(Json(EndpointInfo::new(view, &caller.base)))
}

/// Changes settings of a warehouse; what is not given stays. Only its owner can.
#[utoipa::path(post, path = "/api/2.0/sql/warehouses/{id}/edit", operation_id = "editWarehouse", tag = "Warehouses",
    params(("id" = String, Path)), request_body = WarehouseSettings,
    responses((status = 200, description = "An empty object")))]
pub(crate) async fn edit(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> ApiResult<Json<Value>> {
    api.warehouses().edit(&caller.principal, &id, &object(&body)?).await?;
    Ok(Json(json!({})))
}

/// Deletes a warehouse; its running statements end as they would. Only its owner can, and `default` stays.
#[utoipa::path(delete, path = "/api/2.0/sql/warehouses/{id}", operation_id = "deleteWarehouse", tag = "Warehouses",
    params(("id" = String, Path)), responses((status = 200, description = "An empty object")))]
pub(crate) async fn delete(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    api.warehouses().delete(&caller.principal, &id).await?;
    Ok(Json(json!({})))
}

/// Starts a warehouse. It runs when the answer comes.
#[utoipa::path(post, path = "/api/2.0/sql/warehouses/{id}/start", operation_id = "startWarehouse", tag = "Warehouses",
    params(("id" = String, Path)), responses((status = 200, description = "An empty object")))]
pub(crate) async fn start(State(api): State<Api>, _caller: Caller, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    api.warehouses().start(&id).await?;
    Ok(Json(json!({})))
}

/// Stops a warehouse until it is started or a statement comes. Its running statements end as they would.
#[utoipa::path(post, path = "/api/2.0/sql/warehouses/{id}/stop", operation_id = "stopWarehouse", tag = "Warehouses",
    params(("id" = String, Path)), responses((status = 200, description = "An empty object")))]
pub(crate) async fn stop(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    api.warehouses().stop(&caller.principal, &id).await?;
    Ok(Json(json!({})))
}

/// What holds for all warehouses.
#[utoipa::path(get, path = "/api/2.0/sql/config/warehouses", operation_id = "getWarehouseConfig", tag = "Warehouses",
    responses((status = 200, body = WarehouseConfig)))]
pub(crate) async fn config(_caller: Caller) -> Json<WarehouseConfig> {
    Json(WarehouseConfig::new())
}

/// Who may do what with a warehouse.
#[utoipa::path(get, path = "/api/2.0/permissions/warehouses/{id}", operation_id = "getWarehousePermissions", tag = "Warehouses",
    params(("id" = String, Path)), responses((status = 200, body = WarehousePermissions)))]
pub(crate) async fn permissions(
    State(api): State<Api>,
    _caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<WarehousePermissions>> {
    Ok(Json(WarehousePermissions::new(api.warehouses().view(&id).await?)))
}
