//! From names as typed to catalog, database and table.
//!
//! The first part of a name is a catalog if there is one of that name; otherwise the current catalog is meant. Names of
//! databases and tables are kept in lower case and hold only letters, digits and underscores, as in Spark's session
//! catalog, so that they are safe in paths.

use std::sync::Arc;

use hearth_base::condition::{
    INVALID_SCHEMA_OR_RELATION_NAME, REQUIRES_SINGLE_PART_NAMESPACE, SCHEMA_NOT_FOUND, TABLE_OR_VIEW_NOT_FOUND,
};
use hearth_base::{Error, Result};
use hearth_plan::identifier::quote;

use super::{INFORMATION_SCHEMA, SPARK_CATALOG, SYSTEM_CATALOG};

/// Longer names would not fit in a file name beside its prefix and suffix.
const MAX_NAME_BYTES: usize = 200;

/// Where names without a catalog or a database are looked up.
#[derive(Debug, Clone, Copy)]
pub struct Position<'a> {
    pub catalog: &'a str,
    pub database: &'a [String],
    /// The catalogs that there are.
    pub names: &'a CatalogNames,
}

/// The names of all catalogs, in lower case and in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogNames(Arc<[String]>);

impl CatalogNames {
    pub fn new(names: impl Iterator<Item = String>) -> Self {
        let mut names: Vec<String> = names.collect();
        names.sort();
        Self(names.into())
    }

    /// The catalog of this name.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.iter().find(|catalog| catalog.eq_ignore_ascii_case(name))
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// A table by its full name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableId {
    pub catalog: String,
    pub database: String,
    pub name: String,
}

/// A database as a name says it. The namespace may have any number of parts; `database` checks that it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseId {
    pub catalog: String,
    pub namespace: Vec<String>,
}

impl TableId {
    pub fn new(catalog: &str, database: &str, name: &str) -> Self {
        Self { catalog: catalog.to_owned(), database: database.to_owned(), name: name.to_owned() }
    }

    pub fn parts(&self) -> Vec<String> {
        vec![self.catalog.clone(), self.database.clone(), self.name.clone()]
    }

    /// `` `catalog`.`database`.`table` ``
    pub fn quoted(&self) -> String {
        quote(&self.parts())
    }

    /// `` `database`.`table` ``
    pub fn quoted_short(&self) -> String {
        quote(&[self.database.clone(), self.name.clone()])
    }

    /// `catalog.database.table`, quoted where needed.
    pub fn plain(&self) -> String {
        let parts: Vec<_> = self.parts().iter().map(|part| hearth_types::ddl::quote_if_needed(part)).collect();
        parts.join(".")
    }

    pub fn database_id(&self) -> DatabaseId {
        DatabaseId { catalog: self.catalog.clone(), namespace: vec![self.database.clone()] }
    }

    /// The error for a table that must be there, named as typed.
    pub fn not_found(name: &[String], at: Position<'_>) -> Error {
        TABLE_OR_VIEW_NOT_FOUND.with("relationName", quote(name)).with("searchPath", search_path(at))
    }

    /// The error of `DROP`, which looks nowhere else.
    pub fn not_found_here(&self) -> Error {
        let path = format!("[{}]", quote(&[self.catalog.clone(), self.database.clone()]));
        TABLE_OR_VIEW_NOT_FOUND.with("relationName", self.quoted()).with("searchPath", path)
    }
}

/// Where a name without a database is looked up.
pub fn search_path(at: Position<'_>) -> String {
    let mut current = vec![at.catalog.to_owned()];
    current.extend_from_slice(at.database);
    format!("[`system`.`session`, {}]", quote(&current))
}

impl DatabaseId {
    pub fn new(catalog: &str, database: &str) -> Self {
        Self { catalog: catalog.to_owned(), namespace: vec![database.to_owned()] }
    }

    /// The one part of the namespace.
    pub fn database(&self) -> Result<&str> {
        match self.namespace.as_slice() {
            [database] => Ok(database),
            _ => Err(requires_single_part(&self.catalog, &self.namespace)),
        }
    }

    pub fn quoted(&self) -> String {
        let mut parts = vec![self.catalog.clone()];
        parts.extend_from_slice(&self.namespace);
        quote(&parts)
    }

    pub fn not_found(&self) -> Error {
        SCHEMA_NOT_FOUND.with("schemaName", self.quoted())
    }
}

/// Reads a table's name. `Err` when its namespace has not one part.
pub fn table_id(name: &[String], at: Position<'_>) -> Result<TableId> {
    // `system` is also where Spark has temporary views and built-in functions.
    let is_catalog = |catalog: &str, rest: &[String]| {
        catalog != SYSTEM_CATALOG || matches!(rest, [only] if only.eq_ignore_ascii_case(INFORMATION_SCHEMA))
    };
    let Some((table, namespace)) = name.split_last() else {
        return Err(requires_single_part(at.catalog, name));
    };
    let (catalog, namespace) = match namespace.split_first() {
        None => (at.catalog, at.database),
        Some((first, rest)) => match at.names.find(first) {
            Some(catalog) if is_catalog(catalog, rest) => (catalog, rest),
            Some(_) | None => (at.catalog, namespace),
        },
    };
    match namespace {
        [database] => Ok(TableId::new(catalog, &database.to_lowercase(), &table.to_lowercase())),
        // Only Spark's own catalog says that a database is missing: elsewhere such a table just does not exist.
        [] if catalog != SPARK_CATALOG => Ok(TableId::new(catalog, "", &table.to_lowercase())),
        _ => Err(requires_single_part(catalog, name)),
    }
}

/// Reads a database's name.
pub fn database_id(name: &[String], at: Position<'_>) -> DatabaseId {
    let (catalog, namespace) = match name.split_first() {
        None => (at.catalog, at.database),
        Some((first, rest)) => match at.names.find(first) {
            Some(catalog) => (catalog, rest),
            None => (at.catalog, name),
        },
    };
    DatabaseId { catalog: catalog.to_owned(), namespace: namespace.iter().map(|part| part.to_lowercase()).collect() }
}

pub(crate) fn requires_single_part(catalog: &str, name: &[String]) -> Error {
    REQUIRES_SINGLE_PART_NAMESPACE.with("sessionCatalog", catalog).with("identifier", quote(name))
}

/// Refuses names that Spark's session catalog refuses; all others are safe as part of a file name.
pub fn check_name(name: &str) -> Result<()> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.bytes().all(is_word) {
        return Ok(());
    }
    Err(INVALID_SCHEMA_OR_RELATION_NAME.with("name", quote(&[name.to_owned()])))
}
