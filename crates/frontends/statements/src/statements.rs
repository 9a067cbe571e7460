//! Statements: execute, get, chunks, cancel, close, and the files behind external links.

mod delivery;
mod execute;
mod read;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hearth_base::{OperationId, condition, id};
use hearth_core::{Operation, OperationState, Principal};
use http::header::CONTENT_TYPE;
use std::sync::Arc;

use crate::api::{Api, both};
use crate::error::{ApiError, ApiResult};

const STATEMENTS: &str = "/api/2.0/sql/statements";

pub(crate) fn routes() -> Router<Api> {
    let router = both(Router::new(), STATEMENTS, post(execute::execute));
    let router = both(router, "/api/2.0/sql/statements/{id}", get(read::get).delete(read::close));
    let router = both(router, "/api/2.0/sql/statements/{id}/cancel", post(read::cancel));
    let router = both(router, "/api/2.0/sql/statements/{id}/result/chunks/{index}", get(read::chunk));
    both(router, "/api/2.0/sql/external-links/{id}/{index}", get(read::download))
}

/// A statement's id as a client wrote it.
fn statement_id(text: &str) -> ApiResult<OperationId> {
    if id::is_uuid(text) {
        Ok(OperationId::new(text.to_ascii_lowercase()))
    } else {
        Err(ApiError::invalid(format!("{text} is not a valid statement id.")))
    }
}

/// What is known of a statement.
enum Known {
    /// Runs, or ended and can be read.
    Here(Arc<Operation>),
    /// Was closed or expired.
    Closed,
}

/// The caller's statement. Somebody else's is not there.
async fn find(api: &Api, principal: &Principal, id: &OperationId) -> ApiResult<Known> {
    let operations = &api.hearth().operations;
    match operations.find(principal, None, id).await {
        Ok(operation) => return Ok(Known::Here(operation)),
        Err(error) if error.condition() == condition::OPERATION_NOT_FOUND => {}
        Err(error) => return Err(error.into()),
    }
    match operations.record(principal, id).await? {
        Some(record) if record.state == OperationState::Expired || record.state == OperationState::Succeeded => {
            Ok(Known::Closed)
        }
        Some(_) | None => Err(ApiError::no_resource(format!("The statement {id} was not found."))),
    }
}

/// The result of a statement is not, or no longer, there.
fn no_result(id: &OperationId) -> ApiError {
    ApiError::gone(format!("The result of the statement {id} was not found."))
}

fn json(body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}
