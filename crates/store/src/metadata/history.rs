//! The history, newest first, in pages.
//!
//! A page goes on where the last one ended by the key (submitted_at, id), so what is submitted meanwhile neither repeats
//! nor hides a row. The key in the client's hand is `MILLIS:ID`.

use hearth_base::condition::INVALID_REQUEST;
use hearth_base::{Error, Result};
use hearth_core::history::{HistoryFilter, HistoryPage};
use sqlx::sqlite::SqlitePool;
use sqlx::{QueryBuilder, Sqlite};

use super::{failed, row};

const DEFAULT_PAGE: usize = 100;
/// `history.max_page`: operations in one page.
const MAX_PAGE: usize = 1_000;

pub(super) async fn page(readers: &SqlitePool, filter: &HistoryFilter) -> Result<HistoryPage> {
    let limit = match filter.limit {
        0 => DEFAULT_PAGE,
        asked => asked.min(MAX_PAGE),
    };
    let mut query = QueryBuilder::<Sqlite>::new(
        "SELECT id, principal, session, server_session, state, reattachable, tags, description, submitted_at, started_at, \
         finished_at, result_rows, result_bytes, failure, door, client, warehouse, request, NULL AS result \
         FROM operations WHERE TRUE",
    );
    conditions(&mut query, filter)?;
    query.push(" ORDER BY submitted_at DESC, id DESC LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX) + 1);
    let rows = query.build().fetch_all(readers).await.map_err(failed)?;
    let mut operations = rows.iter().map(row::operation).collect::<Result<Vec<_>>>()?;
    let more = operations.len() > limit;
    operations.truncate(limit);
    let last = operations.last().filter(|_| more);
    let next = last.map(|record| format!("{}:{}", record.submitted_at, record.id));
    Ok(HistoryPage { operations, next })
}

fn conditions(query: &mut QueryBuilder<Sqlite>, filter: &HistoryFilter) -> Result<()> {
    one_of(query, "principal", filter.principals.iter().map(ToString::to_string));
    one_of(query, "id", filter.ids.iter().map(ToString::to_string));
    one_of(query, "warehouse", filter.warehouses.iter().cloned());
    one_of(query, "state", filter.states.iter().map(|state| state.name().to_owned()));
    if let Some(session) = &filter.session {
        query.push(" AND session = ").push_bind(session.to_string());
    }
    if let Some(from) = filter.submitted_from {
        query.push(" AND submitted_at >= ").push_bind(from);
    }
    if let Some(until) = filter.submitted_until {
        query.push(" AND submitted_at < ").push_bind(until);
    }
    if let Some(after) = &filter.after {
        let (millis, id) = read_key(after)?;
        query.push(" AND (submitted_at, id) < (").push_bind(millis).push(", ").push_bind(id).push(")");
    }
    Ok(())
}

/// Asks that `column` has one of the values; of no values, nothing.
fn one_of(query: &mut QueryBuilder<Sqlite>, column: &str, values: impl ExactSizeIterator<Item = String>) {
    if values.len() == 0 {
        return;
    }
    query.push(" AND ").push(column).push(" IN (");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    query.push(")");
}

fn read_key(text: &str) -> Result<(i64, String), Error> {
    text.split_once(':')
        .and_then(|(millis, id)| Some((millis.parse().ok()?, id.to_owned())))
        .ok_or_else(|| INVALID_REQUEST.with("message", "the page token of the history does not read"))
}
