//! Query history: what the caller ran, through whatever door.
//!
//! Operations that expired keep what became of them: their state tells nothing of it, so pages are gone through here.

mod from_wire;
mod statement_type;
mod to_wire;

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use hearth_core::history::HistoryFilter;

use crate::api::{Api, Caller, both};
use crate::error::ApiResult;
use crate::workspace::user_id;
use to_wire::QueryList;
use to_wire::{QueryInfo, QueryStatus};

/// `history.max_rounds`: so many pages of the store are looked through for one page of an answer.
const MAX_ROUNDS: usize = 20;

pub(crate) fn routes() -> Router<Api> {
    both(Router::new(), "/api/2.0/sql/history/queries", get(list))
}

/// Lists the caller's queries of all doors, newest first. A page may be short while `has_next_page` says there is more.
#[utoipa::path(get, path = "/api/2.0/sql/history/queries", operation_id = "listQueries", tag = "Query history",
    params(
        ("filter_by.statuses" = Option<Vec<QueryStatus>>, Query, description = "Queries in one of these states"),
        ("filter_by.statement_ids" = Option<Vec<String>>, Query),
        ("filter_by.warehouse_ids" = Option<Vec<String>>, Query),
        ("filter_by.user_ids" = Option<Vec<i64>>, Query, description = "Only the caller's own id finds something"),
        ("filter_by.query_start_time_range.start_time_ms" = Option<i64>, Query, description = "Submitted then or later"),
        ("filter_by.query_start_time_range.end_time_ms" = Option<i64>, Query, description = "Submitted then or earlier"),
        ("include_metrics" = Option<bool>, Query),
        ("max_results" = Option<usize>, Query, description = "1 to 1000, 100 without it"),
        ("page_token" = Option<String>, Query, description = "`next_page_token` of the page before"),
    ),
    responses((status = 200, body = QueryList)))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(parameters): Query<Vec<(String, String)>>,
    body: Bytes,
) -> ApiResult<Json<QueryList>> {
    let wanted = from_wire::request(&parameters, &body)?;
    let user = user_id(&caller.principal.id);
    let hearth = api.hearth();
    let mut list = QueryList { next_page_token: wanted.after, has_next_page: true, res: Vec::new() };
    if !wanted.users.is_empty() && !wanted.users.contains(&user) {
        return Ok(Json(QueryList::default()));
    }
    let now = hearth.sessions.clock().now();
    for _ in 0..MAX_ROUNDS {
        let filter = HistoryFilter {
            principals: vec![caller.principal.id.clone()],
            states: QueryStatus::states(&wanted.statuses),
            limit: wanted.max_results - list.res.len(),
            after: list.next_page_token.take(),
            ..wanted.filter.clone()
        };
        if !wanted.statuses.is_empty() && filter.states.is_empty() {
            // Only states in which nothing ever is here.
            return Ok(Json(QueryList::default()));
        }
        let page = hearth.operations.history(&filter).await?;
        let queries = page.operations.into_iter().map(|record| QueryInfo::new(record, now, wanted.metrics));
        list.res.extend(queries.filter(|query| wanted.statuses.is_empty() || wanted.statuses.contains(&query.status)));
        list.next_page_token = page.next;
        list.has_next_page = list.next_page_token.is_some();
        if !list.has_next_page || list.res.len() >= wanted.max_results {
            break;
        }
    }
    Ok(Json(list))
}
