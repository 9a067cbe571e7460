//! ExecuteStatement.
//!
//! The statement is in the store before its id is told. The wait for its end costs no thread, and the answer leaves the
//! moment it is there.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use hearth_base::{ByteSize, OperationId, SessionId, condition};
use hearth_core::engine::{ConfigRequest, Flavor, Namespace, SqlWork};
use hearth_core::result::{Bounds, ByteBound};
use hearth_core::store::Origin;
use hearth_core::{Session, Submission, Work};
use http::HeaderMap;
use sha2::{Digest, Sha256};

use super::read::{answer, status_only};
use super::{Known, find, json};
use crate::api::{Api, Caller, text};
use crate::error::{ApiError, ApiResult};
use crate::facts::{Disposition, Facts};
use crate::from_wire::{self, Execute, OnTimeout};
use crate::settings::StatementsSettings;
use crate::to_wire::State as Stage;
use crate::warehouses::Warehouse;

const KEY_HEADER: &str = "idempotency-key";
/// The setting of a session that bounds its statements' time, in seconds.
const TIMEOUT_SETTING: &str = "STATEMENT_TIMEOUT";
/// How long a cancelled statement may take to say that it is.
const CANCEL_GRACE: Duration = Duration::from_secs(5);

pub(super) async fn execute(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<Response> {
    let request = from_wire::execute(&body, text(&headers, KEY_HEADER), api.settings())?;
    drop(body);
    let (wait, on_timeout) = (request.wait, request.on_timeout);
    let operation = match submit(&api, &caller, request).await? {
        Known::Here(operation) => operation,
        Known::Closed => return Err(ApiError::conflict("The statement of this idempotency key is closed.")),
    };
    if wait.is_zero() {
        return Ok(json(status_only(&operation.id, Stage::Pending)?));
    }
    if tokio::time::timeout(wait, operation.log.ended()).await.is_err() && on_timeout == OnTimeout::Cancel {
        operation.request_cancel();
        let _ = tokio::time::timeout(CANCEL_GRACE, operation.log.ended()).await;
    }
    answer(&api, &caller, &operation).await
}

/// Starts the statement, or finds the one that the same idempotency key has started.
async fn submit(api: &Api, caller: &Caller, request: Execute) -> ApiResult<Known> {
    let warehouse = api.warehouses().resolve(&request.warehouse).await?;
    let id = match &request.key {
        Some(key) => keyed_id(caller, key),
        None => OperationId::new(uuid::Uuid::now_v7().to_string()),
    };
    let digest = request.facts.digest.clone();
    if digest.is_some()
        && let Some(known) = repeated(api, caller, &id, digest.as_deref()).await?
    {
        return Ok(known);
    }
    let hearth = api.hearth();
    let session = session(api, caller, &warehouse, request.session.as_deref()).await?;
    let _in_use = session.begin_use(hearth.sessions.clock());
    let most = warehouse.timeout.map_or(api.settings().timeout, |own| own.min(api.settings().timeout));
    let timeout = timeout(most, &session).await;
    let submission = Submission {
        id: Some(id.clone()),
        bounds: bounds(&request, api.settings(), timeout),
        description: request.statement.clone(),
        origin: Origin {
            door: "statements".to_owned(),
            client: caller.client.clone(),
            warehouse: Some(warehouse.id),
            request: request.facts.write(),
        },
        work: Work::Sql(SqlWork {
            text: request.statement,
            parameters: request.parameters,
            namespace: Namespace { catalog: request.catalog, schema: request.schema },
            flavor: Flavor::Warehouse,
        }),
        tags: Vec::new(),
        reattachable: true,
    };
    match hearth.operations.submit(&session, submission).await {
        Ok(operation) => Ok(Known::Here(operation)),
        // Another request with the same key was faster.
        Err(error) if digest.is_some() && error.condition() == condition::OPERATION_ALREADY_EXISTS => {
            let known = repeated(api, caller, &id, digest.as_deref()).await?;
            known.ok_or_else(|| ApiError::from(error))
        }
        Err(error) => Err(error.into()),
    }
}

/// The id of the statement that stands for this key of this caller.
fn keyed_id(caller: &Caller, key: &str) -> OperationId {
    let digest = Sha256::digest(format!("idempotency\n{}\n{key}", caller.principal.id).as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    OperationId::new(uuid::Uuid::new_v8(bytes).to_string())
}

async fn repeated(api: &Api, caller: &Caller, id: &OperationId, digest: Option<&str>) -> ApiResult<Option<Known>> {
    let Some(record) = api.hearth().operations.record(&caller.principal, id).await? else { return Ok(None) };
    if Facts::read(&record.origin.request).digest.as_deref() != digest {
        return Err(ApiError::conflict("The idempotency key was used for another request."));
    }
    find(api, &caller.principal, id).await.map(Some)
}

async fn session(api: &Api, caller: &Caller, warehouse: &Warehouse, id: Option<&str>) -> ApiResult<Arc<Session>> {
    let (sessions, engine) = (&api.hearth().sessions, warehouse.engine.as_deref());
    let Some(id) = id else { return Ok(sessions.open_transient(&caller.principal, Flavor::Warehouse, engine).await?) };
    let session = sessions
        .get(&caller.principal, &SessionId::new(id), None)
        .map_err(|_| ApiError::no_resource(format!("The session {id} was not found.")))?;
    let own = session.named_engine();
    if let Some(engine) = engine.filter(|engine| **engine != *own.name) {
        return Err(ApiError::invalid(format!(
            "The session {id} runs on the engine {}, the warehouse {} on the engine {engine}: name a warehouse of the \
             session's engine, or open a session on this warehouse.",
            own.name, warehouse.id
        )));
    }
    Ok(session)
}

/// What the session's `STATEMENT_TIMEOUT` leaves of `most`.
async fn timeout(most: Duration, session: &Session) -> Duration {
    if session.is_transient {
        return most;
    }
    let request = ConfigRequest::GetOption { keys: vec![TIMEOUT_SETTING.to_owned()] };
    let own = session.engine.configure(request).await.ok();
    let seconds = own
        .and_then(|answer| answer.pairs.into_iter().next())
        .and_then(|(_, value)| value)
        .and_then(|value| value.trim().parse().ok())
        .filter(|seconds| *seconds > 0);
    seconds.map_or(most, |seconds| Duration::from_secs(seconds).min(most))
}

fn bounds(request: &Execute, settings: &StatementsSettings, timeout: Duration) -> Bounds {
    let asked = request.byte_limit.and_then(|limit| u64::try_from(limit).ok()).map(ByteSize::new);
    let bytes = match (request.facts.disposition, asked) {
        (Disposition::Inline, Some(asked)) if asked.bytes() <= settings.inline_limit.bytes() => {
            ByteBound::Truncate(asked)
        }
        (Disposition::Inline, _) => {
            let limit = settings.inline_limit;
            ByteBound::Refuse(limit, condition::INLINE_LIMIT.with("value", limit.bytes()))
        }
        (Disposition::ExternalLinks | Disposition::InlineOrExternalLinks, asked) => {
            let limit = settings.external_limit;
            ByteBound::Truncate(asked.filter(|asked| asked.bytes() < limit.bytes()).unwrap_or(limit))
        }
    };
    Bounds {
        rows: request.row_limit,
        bytes: Some(bytes),
        timeout: Some(timeout),
        abandon_after: Some(settings.poll_timeout),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_statement_of_one_caller() {
        let caller = |name: &str| Caller {
            principal: hearth_core::Principal::named(name),
            client: String::new(),
            base: String::new(),
        };
        assert_eq!(keyed_id(&caller("ada"), "k"), keyed_id(&caller("ada"), "k"));
        assert_ne!(keyed_id(&caller("ada"), "k"), keyed_id(&caller("bob"), "k"));
        assert_ne!(keyed_id(&caller("ada"), "k"), keyed_id(&caller("ada"), "l"));
        assert!(hearth_base::id::is_uuid(keyed_id(&caller("ada"), "k").as_str()));
    }
}
