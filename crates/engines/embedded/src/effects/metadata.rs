//! What drivers of SQL warehouses ask about catalogs: `SHOW TABLES IN CATALOG c SCHEMA LIKE 's' LIKE 't'` and its like.
//!
//! Schemas and objects that are not there are no rows; a catalog that is not there is an error. Primary and foreign keys
//! are not kept, so there are none.

use std::sync::Arc;

use hearth_base::Result;
use hearth_plan::catalog::{Metadata, MetadataKind};
use hearth_sql::drivers::{self, FUNCTION_NO_TABLE, FUNCTION_RETURNS_TABLE, Kind, TypeSize};
use hearth_types::StructField;

use super::lookup::Scope;
use super::rows::{Cell, Column, flag, int, optional, table, text};
use crate::catalog::{DatabaseId, DatabaseRecord, FunctionRecord, Pattern, TableRecord};
use crate::run::Rows;
use crate::session::EmbeddedSession;

pub fn list(session: &EmbeddedSession, wanted: &Metadata) -> Result<Rows> {
    let found = Search::new(session, wanted)?;
    let rows = match wanted.kind {
        MetadataKind::Schemas => found.databases().map(|database| schema_row(&database)).collect(),
        MetadataKind::Tables => found.tables()?.iter().map(|found| table_row(found)).collect(),
        MetadataKind::Columns => {
            let pattern = Pattern::of_driver(wanted.column.as_deref());
            found.tables()?.iter().flat_map(|found| column_rows(found, &pattern)).collect()
        }
        MetadataKind::Functions => found.functions()?.iter().map(|found| function_row(found)).collect(),
        MetadataKind::PrimaryKeys | MetadataKind::ForeignKeys => {
            found.exactly(wanted)?;
            Vec::new()
        }
    };
    let columns: Vec<Column> = drivers::columns(wanted.kind).iter().map(|column| shown(*column)).collect();
    table(&columns, rows)
}

fn shown((name, kind, nullable): drivers::Column) -> Column {
    match kind {
        Kind::Text if nullable => optional(name),
        Kind::Text => text(name),
        Kind::Flag => flag(name),
        Kind::Int => int(name),
    }
}

/// The catalogs, schemas and objects that a statement means.
struct Search<'a> {
    scope: Scope<'a>,
    catalogs: Vec<String>,
    schema: Pattern,
    object: Pattern,
}

impl<'a> Search<'a> {
    fn new(session: &'a EmbeddedSession, wanted: &Metadata) -> Result<Self> {
        let scope = Scope::new(session);
        let catalogs = match &wanted.catalog {
            Some(name) => vec![session.catalog_named(name)?],
            None => scope.names.iter().map(ToOwned::to_owned).collect(),
        };
        let schema = Pattern::of_driver(wanted.schema.as_deref());
        Ok(Self { scope, catalogs, schema, object: Pattern::of_driver(wanted.object.as_deref()) })
    }

    fn databases(&self) -> impl Iterator<Item = DatabaseRecord> {
        let all = self.catalogs.iter().flat_map(|name| self.scope.catalog().all_databases(name));
        all.filter(|database| self.schema.matches(&database.name))
    }

    fn tables(&self) -> Result<Vec<Arc<TableRecord>>> {
        let mut tables = Vec::new();
        for database in self.databases() {
            let id = DatabaseId::new(&database.catalog, &database.name);
            let found = self.scope.catalog().tables(&id)?.into_iter();
            tables.extend(found.filter(|table| self.object.matches(&table.id.name)));
        }
        Ok(tables)
    }

    fn functions(&self) -> Result<Vec<Arc<FunctionRecord>>> {
        let mut functions = Vec::new();
        for database in self.databases() {
            let id = DatabaseId::new(&database.catalog, &database.name);
            let found = self.scope.catalog().functions(&id)?.into_iter();
            functions.extend(found.filter(|function| self.object.matches(&function.id.name)));
        }
        Ok(functions)
    }

    /// The one table whose keys are asked for, or the error that it is not there.
    fn exactly(&self, wanted: &Metadata) -> Result<()> {
        let mut name = Vec::new();
        if let Some(schema) = &wanted.schema {
            let catalog = wanted.catalog.clone().unwrap_or_else(|| self.scope.state.catalog.clone());
            name.extend([catalog, schema.clone()]);
        }
        name.extend(wanted.object.clone());
        self.scope.get(&name).map(drop)
    }
}

fn schema_row(database: &DatabaseRecord) -> Vec<Cell> {
    vec![database.name.as_str().into(), database.catalog.as_str().into()]
}

/// `TABLE` or `VIEW`, as drivers filter tables.
fn table_type(found: &TableRecord) -> &'static str {
    if found.is_view() { "VIEW" } else { "TABLE" }
}

fn table_row(found: &TableRecord) -> Vec<Cell> {
    vec![
        found.id.database.as_str().into(),
        found.id.name.as_str().into(),
        false.into(),
        "".into(),
        found.id.catalog.as_str().into(),
        table_type(found).into(),
        found.comment.clone().into(),
    ]
}

fn column_rows(found: &TableRecord, pattern: &Pattern) -> Vec<Vec<Cell>> {
    let row = |(index, field): (usize, &StructField)| -> Vec<Cell> {
        let size = TypeSize::of(&field.data_type);
        vec![
            (&*field.name).into(),
            found.id.catalog.as_str().into(),
            found.id.database.as_str().into(),
            found.id.name.as_str().into(),
            field.data_type.sql().into(),
            size.columns.into(),
            size.digits.into(),
            size.radix.into(),
            field.nullable.to_string().into(),
            field.comment().into(),
            i32::try_from(index).unwrap_or(i32::MAX).into(),
            "NO".into(),
            "NO".into(),
        ]
    };
    let fields = found.schema.fields.iter().enumerate();
    fields.filter(|(_, field)| pattern.matches(&field.name)).map(row).collect()
}

fn function_row(found: &FunctionRecord) -> Vec<Cell> {
    let kind = if found.returns_table.is_some() { FUNCTION_RETURNS_TABLE } else { FUNCTION_NO_TABLE };
    vec![
        found.id.name.as_str().into(),
        found.id.database.as_str().into(),
        found.id.catalog.as_str().into(),
        found.comment.clone().into(),
        kind.into(),
        found.id.name.as_str().into(),
    ]
}
