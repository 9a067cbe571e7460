//! What drivers of SQL warehouses ask about catalogs: `SHOW TABLES IN CATALOG c SCHEMA LIKE 's' LIKE 't'` and its like.
//!
//! The columns are those that drivers look up by name and turn into JDBC's metadata. Schemas and objects that are not
//! there are no rows; a catalog that is not there is an error. Primary and foreign keys are not kept, so there are none.

use std::sync::Arc;

use hearth_base::Result;
use hearth_plan::catalog::{Metadata, MetadataKind};
use hearth_types::{DataType, StructField};

use super::lookup::Scope;
use super::rows::{Cell, Column, flag, int, optional, table, text};
use crate::catalog::{DatabaseId, DatabaseRecord, FunctionRecord, Pattern, TableRecord};
use crate::run::Rows;
use crate::session::EmbeddedSession;

const SCHEMAS: [Column; 2] = [text("databaseName"), text("catalog")];

const TABLES: [Column; 7] = [
    text("namespace"),
    text("tableName"),
    flag("isTemporary"),
    optional("information"),
    text("catalogName"),
    text("tableType"),
    optional("remarks"),
];

const COLUMNS: [Column; 13] = [
    text("col_name"),
    text("catalogName"),
    text("namespace"),
    text("tableName"),
    text("columnType"),
    int("columnSize"),
    int("decimalDigits"),
    int("radix"),
    text("isNullable"),
    optional("remarks"),
    int("ordinalPosition"),
    text("isAutoIncrement"),
    text("isGenerated"),
];

const FUNCTIONS: [Column; 6] = [
    text("functionName"),
    text("namespace"),
    text("catalogName"),
    optional("remarks"),
    int("functionType"),
    text("specificName"),
];

const PRIMARY_KEYS: [Column; 6] = [
    text("catalogName"),
    text("namespace"),
    text("tableName"),
    text("col_name"),
    int("keySeq"),
    optional("constraintName"),
];

const FOREIGN_KEYS: [Column; 13] = [
    text("parentCatalogName"),
    text("parentNamespace"),
    text("parentTableName"),
    text("parentColName"),
    text("catalogName"),
    text("namespace"),
    text("tableName"),
    text("col_name"),
    int("keySeq"),
    int("updateRule"),
    int("deleteRule"),
    optional("constraintName"),
    int("deferrability"),
];

/// `java.sql.DatabaseMetaData.functionNoTable` and `functionReturnsTable`.
const FUNCTION_NO_TABLE: i32 = 1;
const FUNCTION_RETURNS_TABLE: i32 = 2;

pub fn list(session: &EmbeddedSession, wanted: &Metadata) -> Result<Rows> {
    let found = Search::new(session, wanted)?;
    match wanted.kind {
        MetadataKind::Schemas => table(&SCHEMAS, found.databases().map(|database| schema_row(&database)).collect()),
        MetadataKind::Tables => table(&TABLES, found.tables()?.iter().map(|found| table_row(found)).collect()),
        MetadataKind::Columns => {
            let pattern = Pattern::of_driver(wanted.column.as_deref());
            table(&COLUMNS, found.tables()?.iter().flat_map(|found| column_rows(found, &pattern)).collect())
        }
        MetadataKind::Functions => {
            table(&FUNCTIONS, found.functions()?.iter().map(|found| function_row(found)).collect())
        }
        MetadataKind::PrimaryKeys => {
            found.exactly(wanted)?;
            table(&PRIMARY_KEYS, Vec::new())
        }
        MetadataKind::ForeignKeys => {
            found.exactly(wanted)?;
            table(&FOREIGN_KEYS, Vec::new())
        }
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

/// `COLUMN_SIZE`, `DECIMAL_DIGITS` and `NUM_PREC_RADIX` of `java.sql.DatabaseMetaData.getColumns`.
struct TypeSize {
    columns: Option<i32>,
    digits: Option<i32>,
    radix: Option<i32>,
}

/// What drivers say of text without a length.
const TEXT_COLUMNS: i32 = 255;
const BINARY_COLUMNS: i32 = 32_767;

impl TypeSize {
    fn of(data_type: &DataType) -> Self {
        let number = |columns: i32, digits: i32| Self { columns: Some(columns), digits: Some(digits), radix: Some(10) };
        let other = |columns: i32, digits: Option<i32>| Self { columns: Some(columns), digits, radix: None };
        let length = |length: u32| i32::try_from(length).unwrap_or(i32::MAX);
        match data_type {
            DataType::Boolean => other(1, None),
            DataType::Byte => number(3, 0),
            DataType::Short => number(5, 0),
            DataType::Integer => number(10, 0),
            DataType::Long => number(19, 0),
            DataType::Float => number(7, 7),
            DataType::Double => number(15, 15),
            DataType::Decimal { precision, scale } => number(i32::from(*precision), i32::from(*scale)),
            DataType::Date => other(10, None),
            DataType::Timestamp | DataType::TimestampNtz => other(29, Some(6)),
            DataType::Time { precision } => other(15, Some(i32::from(*precision))),
            DataType::Char { length: of } | DataType::VarChar { length: of } => other(length(*of), None),
            DataType::Binary => other(BINARY_COLUMNS, None),
            DataType::Null
            | DataType::String { .. }
            | DataType::CalendarInterval
            | DataType::YearMonthInterval { .. }
            | DataType::DayTimeInterval { .. }
            | DataType::Array(_)
            | DataType::Map(_)
            | DataType::Struct(_)
            | DataType::Variant
            | DataType::Geometry { .. }
            | DataType::Geography { .. }
            | DataType::Udt(_) => other(TEXT_COLUMNS, None),
        }
    }
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
