//! The rows of `information_schema`, from the catalog as it is now.

use std::sync::Arc;

use hearth_base::Result;
use hearth_types::metadata::CURRENT_DEFAULT;
use hearth_types::{DataType, StructField};

use super::relations::Contents;
use crate::catalog::{
    Catalog, DatabaseId, DatabaseRecord, FunctionBody, FunctionRecord, SYSTEM_CATALOG, TableKind, TableRecord,
    location_uri,
};
use crate::effects::rows::Cell;

type Row = Vec<Cell>;

/// All rows of a relation in the `information_schema` of `of`.
pub fn rows(catalog: &Catalog, of: &str, contents: Contents) -> Result<Vec<Row>> {
    let seen = Seen::new(catalog, of);
    match contents {
        Contents::Nothing => Ok(Vec::new()),
        Contents::CatalogName => Ok(vec![vec![of.into()]]),
        Contents::Catalogs => Ok(seen.catalogs.iter().map(|name| catalog_row(catalog, name)).collect()),
        Contents::Schemata => Ok(seen.databases().map(|database| schema_row(&database)).collect()),
        Contents::Tables => Ok(seen.tables()?.iter().map(|table| table_row(table)).collect()),
        Contents::Columns => Ok(seen.tables()?.iter().flat_map(|table| column_rows(table)).collect()),
        Contents::Views => {
            Ok(seen.tables()?.iter().filter(|table| table.is_view()).map(|table| view_row(table)).collect())
        }
        Contents::Routines => Ok(seen.functions()?.iter().map(|function| routine_row(function)).collect()),
        Contents::Parameters => Ok(seen.functions()?.iter().flat_map(|function| parameter_rows(function)).collect()),
        Contents::RoutineColumns => {
            Ok(seen.functions()?.iter().flat_map(|function| routine_column_rows(function)).collect())
        }
    }
}

/// The catalogs that a schema tells of.
struct Seen<'c> {
    catalog: &'c Catalog,
    catalogs: Vec<String>,
}

impl<'c> Seen<'c> {
    fn new(catalog: &'c Catalog, of: &str) -> Self {
        let catalogs = match of {
            SYSTEM_CATALOG => catalog.names().iter().map(ToOwned::to_owned).collect(),
            one => vec![one.to_owned()],
        };
        Self { catalog, catalogs }
    }

    fn databases(&self) -> impl Iterator<Item = DatabaseRecord> {
        self.catalogs.iter().flat_map(|name| self.catalog.all_databases(name))
    }

    fn tables(&self) -> Result<Vec<Arc<TableRecord>>> {
        let mut tables = Vec::new();
        for database in self.databases() {
            tables.extend(self.catalog.tables(&DatabaseId::new(&database.catalog, &database.name))?);
        }
        Ok(tables)
    }

    fn functions(&self) -> Result<Vec<Arc<FunctionRecord>>> {
        let mut functions = Vec::new();
        for database in self.databases() {
            functions.extend(self.catalog.functions(&DatabaseId::new(&database.catalog, &database.name))?);
        }
        Ok(functions)
    }
}

fn yes(truth: bool) -> Cell {
    if truth { "YES".into() } else { "NO".into() }
}

/// Milliseconds since the epoch; 0 is not known.
fn instant(millis: i64) -> Cell {
    if millis == 0 { Cell::Null } else { Cell::Time(millis.saturating_mul(1000)) }
}

/// When a table's definition or files changed last, in milliseconds since the epoch.
pub fn last_altered(table: &TableRecord) -> i64 {
    let folder = table.folder().and_then(|folder| std::fs::metadata(folder).ok());
    let modified = folder.and_then(|metadata| metadata.modified().ok());
    let elapsed = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let millis = elapsed.map_or(0, |elapsed| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX));
    table.created.max(millis)
}

fn catalog_row(catalog: &Catalog, name: &str) -> Row {
    vec![name.into(), "".into(), catalog.comment(name).into(), Cell::Null, "".into(), Cell::Null, "".into()]
}

fn schema_row(database: &DatabaseRecord) -> Row {
    let owner = || Cell::from(database.owner.as_str());
    let (catalog, name) = (database.catalog.as_str().into(), database.name.as_str().into());
    vec![catalog, name, owner(), database.comment.clone().into(), Cell::Null, owner(), Cell::Null, owner()]
}

fn table_row(table: &TableRecord) -> Row {
    let owner = || Cell::from(table.owner.as_str());
    let format =
        table.provider.as_ref().map_or_else(|| "UNKNOWN_DATA_SOURCE_FORMAT".to_owned(), |name| name.to_uppercase());
    vec![
        table.id.catalog.as_str().into(),
        table.id.database.as_str().into(),
        table.id.name.as_str().into(),
        table.kind.name().into(),
        yes(table.kind != TableKind::View),
        "PRESERVE".into(),
        owner(),
        table.comment.clone().into(),
        instant(table.created),
        owner(),
        instant(last_altered(table)),
        owner(),
        format.into(),
        Cell::Null,
        table.location.as_deref().map(location_uri).into(),
    ]
}

fn view_row(table: &TableRecord) -> Row {
    vec![
        table.id.catalog.as_str().into(),
        table.id.database.as_str().into(),
        table.id.name.as_str().into(),
        table.view.as_ref().map(|view| view.text.clone()).into(),
        "NONE".into(),
        yes(false),
        yes(false),
        Cell::Null,
    ]
}

fn position(index: usize) -> Cell {
    Cell::Int(i32::try_from(index + 1).unwrap_or(i32::MAX))
}

fn column_rows(table: &TableRecord) -> Vec<Row> {
    let partition = |field: &StructField| {
        table.partition_columns.iter().position(|column| column.eq_ignore_ascii_case(&field.name))
    };
    let row = |(index, field): (usize, &StructField)| {
        let mut row: Row = vec![
            table.id.catalog.as_str().into(),
            table.id.database.as_str().into(),
            table.id.name.as_str().into(),
            (&*field.name).into(),
            position(index),
            field.metadata_text(CURRENT_DEFAULT).into(),
            yes(field.nullable),
            field.data_type.catalog_string().into(),
            type_name(&field.data_type).into(),
        ];
        row.extend(type_details(&field.data_type));
        row.push(yes(false));
        row.extend(std::iter::repeat_n(Cell::Null, 6));
        row.extend([yes(false), Cell::Null, yes(false), yes(false), Cell::Null, yes(!table.is_view())]);
        row.push(partition(field).map_or(Cell::Null, position));
        row.push(field.comment().into());
        row
    };
    table.schema.fields.iter().enumerate().map(row).collect()
}

/// A type's name without its parts, as the service names types in metadata.
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Byte => "BYTE".to_owned(),
        DataType::Short => "SHORT".to_owned(),
        DataType::Long => "LONG".to_owned(),
        DataType::Null => "NULL".to_owned(),
        DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. } => "INTERVAL".to_owned(),
        other => {
            let text = other.sql();
            text.split(['(', '<', ' ']).next().unwrap_or_default().to_uppercase()
        }
    }
}

/// `character_maximum_length` to `maximum_cardinality`.
fn type_details(data_type: &DataType) -> Vec<Cell> {
    let (precision, radix, scale) = match data_type {
        DataType::Byte => (Some(8), Some(2), Some(0)),
        DataType::Short => (Some(16), Some(2), Some(0)),
        DataType::Integer => (Some(32), Some(2), Some(0)),
        DataType::Long => (Some(64), Some(2), Some(0)),
        DataType::Float => (Some(24), Some(2), None),
        DataType::Double => (Some(53), Some(2), None),
        DataType::Decimal { precision, scale } => (Some(i32::from(*precision)), Some(10), Some(i32::from(*scale))),
        _ => (None, None, None),
    };
    let interval = matches!(data_type, DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. })
        .then(|| data_type.sql().to_uppercase().trim_start_matches("INTERVAL ").to_owned());
    let datetime = match data_type {
        DataType::Date => Some(0),
        DataType::Timestamp | DataType::TimestampNtz => Some(3),
        _ => interval.as_ref().map(|unit| if unit.ends_with("SECOND") { 3 } else { 0 }),
    };
    vec![
        Cell::Null,
        Cell::Null,
        precision.into(),
        radix.into(),
        scale.into(),
        datetime.into(),
        interval.into(),
        Cell::Null,
        Cell::Null,
    ]
}

fn specific(function: &FunctionRecord) -> Row {
    let id = &function.id;
    vec![id.catalog.as_str().into(), id.database.as_str().into(), id.name.as_str().into()]
}

fn routine_row(function: &FunctionRecord) -> Row {
    let mut row = specific(function);
    row.extend(specific(function));
    row.push("FUNCTION".into());
    match &function.returns {
        Some(returns) => {
            row.extend([Cell::from(type_name(returns)), returns.catalog_string().into()]);
            row.extend(type_details(returns));
        }
        None => {
            row.extend([Cell::from("TABLE"), "TABLE".into()]);
            row.extend(std::iter::repeat_n(Cell::Null, 9));
        }
    }
    let (FunctionBody::Expression(definition) | FunctionBody::Query(definition)) = &function.body;
    let owner = || Cell::from(function.owner.as_str());
    row.extend([
        "SQL".into(),
        definition.as_str().into(),
        Cell::Null,
        Cell::Null,
        "SQL".into(),
        yes(true),
        "READS SQL DATA".into(),
        yes(false),
        Cell::Null,
        "DEFINER".into(),
        yes(false),
        function.comment.clone().into(),
        instant(function.created),
        owner(),
        instant(function.created),
        owner(),
        owner(),
    ]);
    row
}

fn parameter_rows(function: &FunctionRecord) -> Vec<Row> {
    let row = |(index, parameter): (usize, &crate::catalog::ParameterRecord)| {
        let mut row = specific(function);
        row.extend([position(index), "IN".into(), yes(false), yes(false), parameter.name.as_str().into()]);
        row.extend([type_name(&parameter.data_type).into(), Cell::from(parameter.data_type.catalog_string())]);
        row.extend(type_details(&parameter.data_type));
        row.extend([parameter.default.clone().into(), Cell::from(parameter.comment.clone())]);
        row
    };
    function.parameters.iter().enumerate().map(row).collect()
}

fn routine_column_rows(function: &FunctionRecord) -> Vec<Row> {
    let row = |(index, field): (usize, &StructField)| {
        let mut row = specific(function);
        row.extend([position(index), (&*field.name).into()]);
        row.extend([type_name(&field.data_type).into(), Cell::from(field.data_type.catalog_string())]);
        row.extend(type_details(&field.data_type));
        row.push(field.comment().into());
        row
    };
    let fields = function.returns_table.iter().flat_map(|table| table.fields.iter());
    fields.enumerate().map(row).collect()
}
