//! `CACHE TABLE` and its kin: `persist` by name.

use hearth_base::Result;
use hearth_core::engine::StorageLevel as Level;
use hearth_plan::command::{CreateView, StorageLevel, ViewKind};
use hearth_plan::relation::{NamedTable, TableName};
use hearth_plan::{Name, Options, Relation, RelationNode};

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
        NamedTable { name: TableName::from(name.clone()), options: Vec::new(), is_streaming: false, travel: None };
    Ok(Relation::new(RelationNode::NamedTable(table)))
}

/// `CACHE TABLE t`, `CACHE TABLE t AS query`: the query becomes a temporary view.
pub async fn cache(
    session: &EmbeddedSession,
    name: &TableName,
    query: Option<&Relation>,
    (storage, options): (Option<StorageLevel>, &Options),
) -> Result<Rows> {
    let named = options.iter().find(|(key, _)| key.eq_ignore_ascii_case("storageLevel"));
    let named = named.map(|(_, level)| level_named(level)).transpose()?;
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
    let level = storage.map_or(named.unwrap_or(DEFAULT_LEVEL), |level| Level {
        use_disk: level.use_disk,
        use_memory: level.use_memory,
        use_off_heap: level.use_off_heap,
        deserialized: level.deserialized,
        replication: level.replication,
    });
    keep(session, &relation(session, &name)?, level).await?;
    done()
}

/// Spark's names of storage levels.
fn level_named(name: &str) -> Result<Level> {
    let upper = name.to_uppercase();
    let (plain, replication) = match upper.rsplit_once('_') {
        Some((plain, digit)) if ["2", "3"].contains(&digit) => (plain, if digit == "2" { 2 } else { 3 }),
        Some(_) | None => (upper.as_str(), 1),
    };
    let (use_disk, use_memory, use_off_heap, deserialized) = match plain {
        "NONE" => (false, false, false, false),
        "DISK_ONLY" => (true, false, false, false),
        "MEMORY_ONLY" => (false, true, false, true),
        "MEMORY_ONLY_SER" => (false, true, false, false),
        "MEMORY_AND_DISK" => (true, true, false, true),
        "MEMORY_AND_DISK_SER" => (true, true, false, false),
        "OFF_HEAP" => (true, true, true, false),
        _ => return Err(super::save::illegal(format!("Invalid StorageLevel: {name}"))),
    };
    Ok(Level { use_disk, use_memory, use_off_heap, deserialized, replication })
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
