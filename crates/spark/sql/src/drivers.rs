//! What the answers to drivers' questions about catalogs look like (`SHOW TABLES IN CATALOG c SCHEMA LIKE 's' LIKE 't'` and
//! its like), whichever engine answers them.
//!
//! The columns are those that drivers look up by name and turn into JDBC's metadata.

use hearth_plan::catalog::MetadataKind;
use hearth_types::DataType;

/// A column's name, its type, and whether it may be empty.
pub type Column = (&'static str, Kind, bool);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Flag,
    Int,
}

/// `java.sql.DatabaseMetaData.functionNoTable` and `functionReturnsTable`.
pub const FUNCTION_NO_TABLE: i32 = 1;
pub const FUNCTION_RETURNS_TABLE: i32 = 2;

/// What drivers say of text without a length.
const TEXT_COLUMNS: i32 = 255;
const BINARY_COLUMNS: i32 = 32_767;

/// The columns of an answer.
pub const fn columns(kind: MetadataKind) -> &'static [Column] {
    match kind {
        MetadataKind::Schemas => &SCHEMAS,
        MetadataKind::Tables => &TABLES,
        MetadataKind::Columns => &COLUMNS,
        MetadataKind::Functions => &FUNCTIONS,
        MetadataKind::PrimaryKeys => &PRIMARY_KEYS,
        MetadataKind::ForeignKeys => &FOREIGN_KEYS,
    }
}

const fn text(name: &'static str) -> Column {
    (name, Kind::Text, false)
}

const fn optional(name: &'static str) -> Column {
    (name, Kind::Text, true)
}

const fn flag(name: &'static str) -> Column {
    (name, Kind::Flag, false)
}

const fn int(name: &'static str) -> Column {
    (name, Kind::Int, true)
}

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

/// `COLUMN_SIZE`, `DECIMAL_DIGITS` and `NUM_PREC_RADIX` of `java.sql.DatabaseMetaData.getColumns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeSize {
    pub columns: Option<i32>,
    pub digits: Option<i32>,
    pub radix: Option<i32>,
}

impl TypeSize {
    pub fn of(data_type: &DataType) -> Self {
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

/// A driver's pattern as Spark reads it: `*` is anything, `.` any sign. Drivers send those, or `%` and `_`. In a pattern with
/// `*` or `.` an underscore is itself, since `.` would be written for it.
pub fn spark_pattern(pattern: &str) -> String {
    const ESCAPED: &str = "\u{1}";
    let literal = pattern.replace("\\_", ESCAPED);
    let is_sparks = pattern.contains(['.', '*']);
    let pattern = if is_sparks { literal } else { literal.replace('_', ".").replace('%', "*") };
    pattern.replace(ESCAPED, "_")
}
