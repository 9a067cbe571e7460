//! GetStatement, GetStatementResultChunkN, CancelExecution, closing, and downloads.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat};
use hearth_base::clock::EpochMillis;
use hearth_base::{Error, OperationId, condition};
use hearth_core::{Operation, OperationState};
use http::header::CONTENT_TYPE;
use serde::Deserialize;

use super::delivery::{Delivery, Place};
use super::{Known, STATEMENTS, find, json, no_result, statement_id};
use crate::api::{Api, Caller};
use crate::error::{ApiError, ApiResult};
use crate::facts::{Disposition, Facts};
use crate::to_wire::{ExternalLink, ResultData, State as Stage, StatementResponse, Status};

/// Links in an answer of the hybrid disposition: the chunk that was asked for and those behind it, as the service sends
/// several there too. A client that gets few at a time asks while it downloads, and one of them (databricks-sql-kernel
/// 1.3) then loses chunks now and again.
const HYBRID_LINKS: usize = 32;

pub(super) async fn get(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<Response> {
    let id = statement_id(&id)?;
    match find(&api, &caller.principal, &id).await? {
        Known::Here(operation) => {
            operation.attend();
            answer(&api, &caller, &operation).await
        }
        Known::Closed => Ok(json(status_only(&id, Stage::Closed)?)),
    }
}

/// The answer for a statement as it is now, with its first chunk when it has succeeded.
pub(super) async fn answer(api: &Api, caller: &Caller, operation: &Arc<Operation>) -> ApiResult<Response> {
    let state = state(operation);
    let failure = operation.record().failure;
    let mut response = StatementResponse {
        statement_id: operation.id.to_string(),
        status: Status::of(Stage::of(state, failure.as_ref())),
        manifest: None,
        result: None,
    };
    match (state, &failure) {
        (OperationState::Succeeded, _) => {
            let delivery = Delivery::new(operation, api.settings());
            response.manifest = Some(delivery.manifest());
            response.result = Some(first(api, caller, operation, &delivery).await?);
        }
        (OperationState::Failed, Some(failure)) => response.status = Status::failed(failure),
        _ => {}
    }
    Ok(json(response.body().map_err(Error::internal)?))
}

/// An end that readers do not see yet is none.
fn state(operation: &Operation) -> OperationState {
    match operation.state() {
        state if state.is_finished() && !operation.log.is_ended() => OperationState::Running,
        state => state,
    }
}

async fn first(api: &Api, caller: &Caller, operation: &Arc<Operation>, delivery: &Delivery) -> ApiResult<ResultData> {
    if delivery.chunk_count() == 0 {
        return Ok(ResultData::default());
    }
    data(api, caller, operation, delivery, 0).await
}

async fn data(
    api: &Api,
    caller: &Caller,
    operation: &Arc<Operation>,
    delivery: &Delivery,
    index: usize,
) -> ApiResult<ResultData> {
    let chunk = delivery.chunk(index)?;
    Ok(match delivery.place {
        Place::Inline => ResultData {
            chunk: Some(chunk),
            data_array: Some(delivery.data_array(api).await?),
            ..ResultData::default()
        },
        Place::Attachment => ResultData {
            chunk: Some(chunk),
            attachment: Some(delivery.attachment(api).await?),
            ..ResultData::default()
        },
        Place::Links => {
            let lifetime = i64::try_from(api.settings().link_lifetime.as_millis()).unwrap_or(i64::MAX);
            let expires = api.hearth().sessions.clock().now().saturating_add(lifetime);
            let link = |index: usize| {
                let next = Some(index + 1).filter(|next| *next < delivery.chunk_count());
                Ok(ExternalLink {
                    chunk: delivery.chunk(index)?,
                    next_chunk_index: next,
                    next_chunk_internal_link: next
                        .map(|next| format!("{STATEMENTS}/{}/result/chunks/{next}", operation.id)),
                    external_link: format!("{}{}", caller.base, api.signer().link(&operation.id, index, expires)),
                    expiration: iso(expires),
                })
            };
            // Who asks for links by the published dispositions may take an answer for one chunk.
            let count = if delivery.facts.disposition == Disposition::InlineOrExternalLinks { HYBRID_LINKS } else { 1 };
            let last = (index + count).min(delivery.chunk_count());
            let links = (index..last).map(link).collect::<ApiResult<_>>()?;
            ResultData { external_links: Some(links), ..ResultData::default() }
        }
    })
}

fn iso(millis: EpochMillis) -> String {
    DateTime::from_timestamp_millis(millis)
        .map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// An answer that tells nothing but a state.
pub(super) fn status_only(id: &OperationId, state: Stage) -> ApiResult<Vec<u8>> {
    let response =
        StatementResponse { statement_id: id.to_string(), status: Status::of(state), manifest: None, result: None };
    Ok(response.body().map_err(Error::internal)?)
}

pub(super) async fn chunk(
    State(api): State<Api>,
    caller: Caller,
    Path((id, index)): Path<(String, String)>,
) -> ApiResult<Response> {
    let id = statement_id(&id)?;
    let index = chunk_index(&index)?;
    let Known::Here(operation) = find(&api, &caller.principal, &id).await? else { return Err(no_result(&id)) };
    operation.attend();
    match state(&operation) {
        OperationState::Succeeded => {}
        OperationState::Queued | OperationState::Running => {
            return Err(ApiError::conflict(format!("The statement {id} has not finished yet.")));
        }
        OperationState::Failed | OperationState::Cancelled | OperationState::Expired => return Err(no_result(&id)),
    }
    let delivery = Delivery::new(&operation, api.settings());
    let data = data(&api, &caller, &operation, &delivery, index).await?;
    Ok(json(data.body().map_err(Error::internal)?))
}

fn chunk_index(text: &str) -> ApiResult<usize> {
    text.parse().map_err(|_| ApiError::invalid(format!("{text} is not a valid chunk index.")))
}

/// Answers at once: a running statement is `CANCELED` a moment later, a finished one stays as it is.
pub(super) async fn cancel(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<Response> {
    let id = statement_id(&id)?;
    if let Known::Here(operation) = find(&api, &caller.principal, &id).await?
        && !operation.state().is_finished()
    {
        operation.request_cancel();
    }
    Ok(json(b"{}".to_vec()))
}

/// Stops the statement if it runs, and lets go of its result.
pub(super) async fn close(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> ApiResult<Response> {
    let id = statement_id(&id)?;
    if let Known::Here(operation) = find(&api, &caller.principal, &id).await? {
        let hearth = api.hearth();
        let session = hearth.sessions.get(&caller.principal, &operation.session, None).ok();
        hearth.operations.close(session.as_deref(), &operation).await?;
    }
    Ok(json(b"{}".to_vec()))
}

/// What an external link carries.
#[derive(Debug, Deserialize)]
pub(super) struct LinkQuery {
    #[serde(default)]
    expires: EpochMillis,
    #[serde(default)]
    signature: String,
}

/// The bytes of one chunk. The link itself is the proof that its holder may read them.
pub(super) async fn download(
    State(api): State<Api>,
    Path((id, index)): Path<(String, String)>,
    query: Result<Query<LinkQuery>, axum::extract::rejection::QueryRejection>,
) -> ApiResult<Response> {
    let id = statement_id(&id)?;
    let index = chunk_index(&index)?;
    let Query(query) = query.map_err(|_| ApiError::denied("The external link is not signed."))?;
    if !api.signer().accepts(&id, index, query.expires, &query.signature) {
        return Err(ApiError::denied("The signature of the external link is wrong."));
    }
    if query.expires < api.hearth().sessions.clock().now() {
        return Err(ApiError::denied("The external link has expired; ask for the chunk again to get a fresh one."));
    }
    let operations = &api.hearth().operations;
    let operation = operations.by_id(&id).await.map_err(|error| match error.condition() {
        condition::OPERATION_NOT_FOUND => no_result(&id),
        _ => ApiError::from(error),
    })?;
    operation.attend();
    let delivery = Delivery::new(&operation, api.settings());
    let content = content_type(&delivery.facts);
    let file = delivery.file(&api, index).await?;
    Ok(([(CONTENT_TYPE, content)], Body::from(file)).into_response())
}

fn content_type(facts: &Facts) -> &'static str {
    match facts.format {
        crate::facts::Format::ArrowStream => "binary/octet-stream",
        crate::facts::Format::JsonArray => "application/json",
        crate::facts::Format::Csv => "text/csv",
    }
}
