//! The OpenAPI document of this door and a page to browse it.
//!
//! Paths and schemas come from the handlers and the wire structs. What holds for all of them is put in here: the shape of
//! errors, credentials, and the old names of paths.

mod statements;

use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde::Serialize;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, Deprecated, OpenApi as Document, Ref, RefOr, ResponseBuilder};
use utoipa::{OpenApi, ToSchema};

use crate::api::{Api, both};
use crate::{history, warehouses, workspace};

const BEARER: &str = "bearer";
const ERROR: &str = "Error";
/// The page loads nothing but the document.
const PAGE_POLICY: &str = "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; \
                           script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn routes() -> Router<Api> {
    let router = both(Router::new(), "/api/openapi.json", get(openapi_json));
    both(router, "/api/docs", get(docs))
}

/// `error_code`: a word, or the status where credentials are wrong.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "the shape of an answer that `error.rs` writes")]
enum ErrorCode {
    Word(String),
    Number(u16),
}

/// A refused request. A statement that fails is no refused request: its answer is 200 and says so in `status`.
#[derive(Debug, Serialize, ToSchema)]
#[allow(dead_code, reason = "the shape of an answer that `error.rs` writes")]
struct ErrorBody {
    error_code: ErrorCode,
    /// Names every mistake of the request.
    message: String,
}

#[derive(Debug, OpenApi)]
#[openapi(
    paths(
        openapi_json,
        docs,
        statements::execute_statement,
        statements::get_statement,
        statements::get_chunk,
        statements::cancel_statement,
        statements::close_statement,
        statements::download,
        statements::create_session,
        statements::create_session_below,
        statements::delete_session,
        warehouses::routes::list,
        warehouses::routes::list_endpoints,
        warehouses::routes::create,
        warehouses::routes::warehouse,
        warehouses::routes::edit,
        warehouses::routes::delete,
        warehouses::routes::start,
        warehouses::routes::stop,
        warehouses::routes::config,
        warehouses::routes::permissions,
        history::list,
        workspace::start_up::databricks_config,
        workspace::start_up::feature_flags,
        workspace::telemetry::telemetry_ext,
        workspace::telemetry::telemetry_unauth,
        workspace::identity::me,
        workspace::thrift::thrift_warehouse,
        workspace::thrift::thrift_endpoint,
        workspace::thrift::thrift_cluster,
    ),
    components(schemas(ErrorBody)),
    tags(
        (name = "Statements", description = "Run SQL and read its result."),
        (name = "Sessions", description = "State that statements share: settings, catalog, schema, views, variables."),
        (name = "Warehouses", description = "Names for the engine of this server, with limits."),
        (name = "Query history", description = "What the caller ran, through whatever door."),
        (name = "Workspace", description = "What clients ask around statements."),
    ),
)]
struct Paths;

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", operation_id = "openapi", tag = "Workspace", security(()),
    responses((status = 200, body = serde_json::Value)))]
pub(crate) async fn openapi_json() -> Response {
    static JSON: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document().to_json().unwrap_or_default()));
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")];
    (headers, JSON.clone()).into_response()
}

/// A page to browse this document.
#[utoipa::path(get, path = "/api/docs", operation_id = "docs", tag = "Workspace", security(()),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn docs() -> Response {
    let headers = [(CONTENT_SECURITY_POLICY, PAGE_POLICY), (CACHE_CONTROL, "no-cache")];
    (headers, Html(include_str!("../assets/docs.html"))).into_response()
}

fn document() -> Document {
    let mut document = Paths::openapi();
    document.info.title = "Hearth: SQL statements".to_owned();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document.info.description = Some(
        "The Databricks SQL Statement Execution API and what its clients ask beside it. Every path also answers with a \
         slash at its end. Operations marked `x-unpublished` are used by drivers without being part of the published \
         API."
            .to_owned(),
    );
    document.info.license = None;
    add_old_paths(&mut document);
    add_errors(&mut document);
    document.security = Some(vec![SecurityRequirement::new(BEARER, [""; 0])]);
    if let Some(components) = &mut document.components {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    }
    document
}

/// The names of paths before endpoints became warehouses.
fn add_old_paths(document: &mut Document) {
    let new: Vec<(String, PathItem)> = document.paths.paths.clone().into_iter().collect();
    for (path, mut item) in new {
        let Some(rest) = path.strip_prefix("/api/2.0/sql/").filter(|rest| rest.contains("warehouses")) else {
            continue;
        };
        let old = format!("/api/2.0/sql/{}", rest.replacen("warehouses", "endpoints", 1));
        for operation in operations(&mut item) {
            operation.deprecated = Some(Deprecated::True);
            operation.operation_id = operation.operation_id.take().map(|id| format!("{id}AtOldPath"));
        }
        let known = document.paths.paths.entry(old).or_default();
        // The list answers another key there, and is described by itself.
        known.get = known.get.take().or(item.get);
        known.post = known.post.take().or(item.post);
        known.delete = known.delete.take().or(item.delete);
    }
}

fn add_errors(document: &mut Document) {
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            let error = || RefOr::Ref(Ref::from_response_name(ERROR));
            for range in ["4XX", "5XX"] {
                operation.responses.responses.insert(range.to_owned(), error());
            }
        }
    }
    let body = Content::new(Some(Ref::from_schema_name("ErrorBody")));
    let description = "The request is refused: 400 it is wrong (`INVALID_PARAMETER_VALUE`, `MALFORMED_REQUEST`), 401 no \
                       credentials, 403 wrong ones or no right (`PERMISSION_DENIED`), 404 what it names is not there \
                       (`RESOURCE_DOES_NOT_EXIST`, `NOT_FOUND`, `ENDPOINT_NOT_FOUND`), 409 its state does not allow \
                       it, 429 and 503 nothing was accepted and `Retry-After` says when to come again.";
    let response = ResponseBuilder::new().description(description).content("application/json", body).build();
    if let Some(components) = &mut document.components {
        components.responses.insert(ERROR.to_owned(), RefOr::T(response));
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}
