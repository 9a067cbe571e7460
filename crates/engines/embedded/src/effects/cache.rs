//! `CACHE TABLE` and its kin: kept and told, without effect on how a table is read.

use hearth_base::Result;
use hearth_core::engine::StorageLevel as Level;
use hearth_plan::command::{CreateView, StorageLevel, ViewKind};
use hearth_plan::relation::TableName;
use hearth_plan::{Name, Relation};

use super::lookup::{Found, Scope, table_name};
use super::rows::{done, truth};
use super::view;
use crate::run::Rows;
use crate::session::EmbeddedSession;

const DEFAULT_LEVEL: Level =
    Level { use_disk: true, use_memory: true, use_off_heap: false, deserialized: true, replication: 1 };

/// What a name is remembered under.
fn key(scope: &Scope<'_>, name: &[String]) -> Result<Option<String>> {
    Ok(scope.find(name)?.map(|found| match found {
        Found::Table(table) => table.id.plain(),
        Found::Temporary(view) => view.name.to_lowercase(),
        Found::GlobalTemporary(view) => format!("global_temp.{}", view.name.to_lowercase()),
    }))
}

/// `CACHE TABLE t`, `CACHE TABLE t AS query`: the query becomes a temporary view.
pub async fn cache(
    session: &EmbeddedSession,
    name: &TableName,
    query: Option<&Relation>,
    storage: Option<StorageLevel>,
) -> Result<Rows> {
    if let Some(query) = query {
        let new = CreateView {
            name: name.clone(),
            kind: ViewKind::Temp,
            query: query.clone(),
            text: None,
            columns: Vec::new(),
            comment: None,
            properties: Vec::new(),
            if_not_exists: false,
            or_replace: false,
        };
        view::create(session, &new).await?;
    }
    let name = table_name(session, name).await?;
    let scope = Scope::new(session);
    let key = key(&scope, &name)?.ok_or_else(|| scope.relation_not_found(&name))?;
    let level = storage.map_or(DEFAULT_LEVEL, |level| Level {
        use_disk: level.use_disk,
        use_memory: level.use_memory,
        use_off_heap: level.use_off_heap,
        deserialized: level.deserialized,
        replication: level.replication,
    });
    session.state.write().cached_tables.insert(key, level);
    done()
}

pub async fn uncache(session: &EmbeddedSession, name: &TableName, if_exists: bool) -> Result<Rows> {
    let name = table_name(session, name).await?;
    let scope = Scope::new(session);
    match key(&scope, &name)? {
        Some(key) => {
            session.state.write().cached_tables.remove(&key);
            done()
        }
        None if if_exists => done(),
        None => Err(scope.relation_not_found(&name)),
    }
}

pub fn clear(session: &EmbeddedSession) -> Result<Rows> {
    let mut state = session.state.write();
    state.cached_tables.clear();
    state.persisted.clear();
    drop(state);
    done()
}

pub fn is_cached(session: &EmbeddedSession, name: &Name) -> Result<Rows> {
    let scope = Scope::new(session);
    let key = key(&scope, name)?.ok_or_else(|| scope.relation_not_found(name))?;
    truth(scope.state.cached_tables.contains_key(&key))
}
