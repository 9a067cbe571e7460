//! `CACHE TABLE` and its kin: `persist` by name.

use hearth_base::Result;
use hearth_core::engine::StorageLevel as Level;
use hearth_plan::command::{CreateView, StorageLevel, ViewKind};
use hearth_plan::relation::{NamedTable, TableName};
use hearth_plan::{Name, Relation, RelationNode};

use super::lookup::{Scope, table_name};
use super::rows::{done, truth};
use super::view;
use crate::question::{DEFAULT_LEVEL, forget, keep, kept_level};
use crate::run::Rows;
use crate::session::EmbeddedSession;

/// The relation of a name that is there.
fn relation(session: &EmbeddedSession, name: &Name) -> Result<Relation> {
    let scope = Scope::new(session);
    scope.find(name)?.ok_or_else(|| scope.relation_not_found(name))?;
    let table =
        NamedTable { name: TableName::Name(name.clone()), options: Vec::new(), is_streaming: false, travel: None };
    Ok(Relation::new(RelationNode::NamedTable(table)))
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
            schema_mode: None,
        };
        view::create(session, &new).await?;
    }
    let name = table_name(session, name).await?;
    let level = storage.map_or(DEFAULT_LEVEL, |level| Level {
        use_disk: level.use_disk,
        use_memory: level.use_memory,
        use_off_heap: level.use_off_heap,
        deserialized: level.deserialized,
        replication: level.replication,
    });
    keep(session, &relation(session, &name)?, level).await?;
    done()
}

pub async fn uncache(session: &EmbeddedSession, name: &TableName, if_exists: bool) -> Result<Rows> {
    let name = table_name(session, name).await?;
    match relation(session, &name) {
        Ok(relation) => forget(session, &relation).await?,
        Err(_) if if_exists => {}
        Err(error) => return Err(error),
    }
    done()
}

pub fn clear(session: &EmbeddedSession) -> Result<Rows> {
    session.state.write().persisted.clear();
    done()
}

pub async fn is_cached(session: &EmbeddedSession, name: &Name) -> Result<Rows> {
    truth(kept_level(session, &relation(session, name)?).await?.is_some())
}
