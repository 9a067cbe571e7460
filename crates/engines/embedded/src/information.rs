//! `information_schema`: read-only tables that tell of a catalog, and in the catalog `system` of all of them.
//!
//! Databricks' documented relations and columns, in lower case as its clients name them. Rows are made when a relation
//! is read. What Hearth has nothing of (tags, privileges, volumes, masks, constraints) is there without rows. As on
//! Databricks the relations are views; unlike other views they have no text.

mod contents;
mod relations;

use std::sync::Arc;

use hearth_base::{Error, Result};

use crate::catalog::{Catalog, DatabaseRecord, TableId, TableKind, TableRecord};
use crate::effects::rows;
use crate::run::Rows;
use relations::{RELATIONS, Relation};

pub use contents::{last_altered, type_name};

pub const INFORMATION_SCHEMA: &str = "information_schema";

/// The schema in a catalog.
pub fn database(catalog: &str) -> DatabaseRecord {
    DatabaseRecord {
        catalog: catalog.to_owned(),
        name: INFORMATION_SCHEMA.to_owned(),
        comment: Some("Information schema (auto-created)".to_owned()),
        location: String::new(),
        properties: Vec::new(),
        owner: String::new(),
    }
}

/// The relations of a catalog's schema.
pub fn tables(catalog: &str) -> Vec<Arc<TableRecord>> {
    RELATIONS.iter().map(|relation| Arc::new(record(catalog, relation))).collect()
}

pub fn table(id: &TableId) -> Option<Arc<TableRecord>> {
    find(&id.name).map(|relation| Arc::new(record(&id.catalog, relation)))
}

fn find(name: &str) -> Option<&'static Relation> {
    RELATIONS.iter().find(|relation| relation.name == name)
}

fn record(catalog: &str, relation: &Relation) -> TableRecord {
    TableRecord {
        id: TableId::new(catalog, INFORMATION_SCHEMA, relation.name),
        kind: TableKind::View,
        provider: None,
        schema: rows::schema(relation.columns),
        partition_columns: Vec::new(),
        bucket: None,
        sort_columns: Vec::new(),
        collation: None,
        options: Vec::new(),
        properties: Vec::new(),
        location: None,
        comment: None,
        owner: String::new(),
        created: 0,
        statistics: None,
        view: None,
    }
}

/// The rows of a relation as they are now.
pub fn read(catalog: &Catalog, id: &TableId) -> Result<Rows> {
    let relation = find(&id.name).ok_or_else(|| Error::internal("a relation of information_schema is gone"))?;
    rows::table(relation.columns, contents::rows(catalog, &id.catalog, relation.contents)?)
}
