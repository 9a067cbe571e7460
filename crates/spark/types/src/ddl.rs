//! Text of types as Spark prints it, and (in `parse`) types from text.
//!
//! Four printed forms: `simple_string` (errors, `df.dtypes`; long structs are cut), `catalog_string` (the same, never
//! cut), `sql` (upper case, with NOT NULL and COMMENT) and `StructType::to_ddl`. `tree_string` is what `printSchema`
//! shows. Sources: `DataType.simpleString`, `.catalogString`, `.sql`, `StructType.toDDL`, `.treeString`.

mod parse;
mod scan;

use std::fmt::{self, Write};

pub use parse::{parse_data_type, parse_data_type_prefix, parse_table_schema};

use crate::data_type::{DataType, StructField, StructType};
use crate::metadata;

/// `spark.sql.debug.maxToStringFields`: fields of a struct that `simple_string` shows.
const MAX_TO_STRING_FIELDS: usize = 25;

/// Which of the lower-case forms is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Simple,
    Catalog,
}

impl DataType {
    /// `array<int>`, `decimal(10,0)`; structs show their first 25 fields.
    pub fn simple_string(&self) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = write_lower(&mut out, self, Form::Simple);
        out
    }

    /// `simple_string` with all fields; storage types instead of user-defined ones.
    pub fn catalog_string(&self) -> String {
        let mut out = String::new();
        let _ = write_lower(&mut out, self, Form::Catalog);
        out
    }

    /// `ARRAY<INT>`, `STRUCT<a: INT NOT NULL COMMENT 'x'>`.
    pub fn sql(&self) -> String {
        let mut out = String::new();
        let _ = write_sql(&mut out, self);
        out
    }

    /// The type as errors tell it: `"ARRAY<INT>"`, and `UDT("ARRAY<INT>")` for what a client made of one.
    pub fn quoted_sql(&self) -> String {
        match self {
            Self::Udt(udt) => format!("UDT(\"{}\")", udt.sql_type.sql()),
            plain => format!("\"{}\"", plain.sql()),
        }
    }

    /// The name without parameters of nested types: `integer`, `array`, `decimal(10,0)`.
    pub fn type_name(&self) -> String {
        match self {
            Self::Byte => "byte".into(),
            Self::Short => "short".into(),
            Self::Integer => "integer".into(),
            Self::Long => "long".into(),
            Self::Array(_) => "array".into(),
            Self::Map(_) => "map".into(),
            Self::Struct(_) => "struct".into(),
            Self::Udt(udt) => udt.simple_name().into(),
            Self::Null
            | Self::Boolean
            | Self::Float
            | Self::Double
            | Self::Decimal { .. }
            | Self::String { .. }
            | Self::Char { .. }
            | Self::VarChar { .. }
            | Self::Binary
            | Self::Date
            | Self::Timestamp
            | Self::TimestampNtz
            | Self::Time { .. }
            | Self::CalendarInterval
            | Self::YearMonthInterval { .. }
            | Self::DayTimeInterval { .. }
            | Self::Variant
            | Self::Geometry { .. }
            | Self::Geography { .. } => self.simple_string(),
        }
    }
}

impl StructType {
    /// `a INT NOT NULL,b STRING`, which `parse_table_schema` reads back.
    pub fn to_ddl(&self) -> String {
        let mut out = String::new();
        for (index, field) in self.fields.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            let _ = write_column(&mut out, field);
        }
        out
    }

    /// What `printSchema` prints; `max_depth` of zero or less means all levels.
    pub fn tree_string(&self, max_depth: i32) -> String {
        let mut out = String::from("root\n");
        let depth = u32::try_from(max_depth).ok().filter(|depth| *depth > 0).unwrap_or(u32::MAX);
        for field in self.fields.iter() {
            let _ = write_tree_field(&mut out, field, " |", depth);
        }
        out
    }
}

/// A name in backticks unless it is a plain identifier (`QuotingUtils.quoteIfNeeded`).
pub fn quote_if_needed(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    push_name(&mut out, name);
    out
}

fn push_name(out: &mut String, name: &str) {
    let plain = !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain {
        out.push_str(name);
    } else {
        out.push('`');
        out.push_str(&name.replace('`', "``"));
        out.push('`');
    }
}

fn write_lower(out: &mut String, data_type: &DataType, form: Form) -> fmt::Result {
    match data_type {
        DataType::Null => out.write_str("void"),
        DataType::Boolean => out.write_str("boolean"),
        DataType::Byte => out.write_str("tinyint"),
        DataType::Short => out.write_str("smallint"),
        DataType::Integer => out.write_str("int"),
        DataType::Long => out.write_str("bigint"),
        DataType::Float => out.write_str("float"),
        DataType::Double => out.write_str("double"),
        DataType::Decimal { precision, scale } => write!(out, "decimal({precision},{scale})"),
        DataType::String { collation: None } => out.write_str("string"),
        DataType::String { collation: Some(name) } => write!(out, "string collate {name}"),
        DataType::Char { length } => write!(out, "char({length})"),
        DataType::VarChar { length } => write!(out, "varchar({length})"),
        DataType::Binary => out.write_str("binary"),
        DataType::Date => out.write_str("date"),
        DataType::Timestamp => out.write_str("timestamp"),
        DataType::TimestampNtz => out.write_str("timestamp_ntz"),
        DataType::Time { precision } => write!(out, "time({precision})"),
        DataType::CalendarInterval => out.write_str("interval"),
        DataType::YearMonthInterval { start, end } if start == end => write!(out, "interval {}", start.name()),
        DataType::YearMonthInterval { start, end } => write!(out, "interval {} to {}", start.name(), end.name()),
        DataType::DayTimeInterval { start, end } if start == end => write!(out, "interval {}", start.name()),
        DataType::DayTimeInterval { start, end } => write!(out, "interval {} to {}", start.name(), end.name()),
        DataType::Array(array) => {
            out.write_str("array<")?;
            write_lower(out, &array.element, form)?;
            out.write_char('>')
        }
        DataType::Map(map) => {
            out.write_str("map<")?;
            write_lower(out, &map.key, form)?;
            out.write_char(',')?;
            write_lower(out, &map.value, form)?;
            out.write_char('>')
        }
        DataType::Struct(structure) => write_lower_struct(out, structure, form),
        DataType::Variant => out.write_str("variant"),
        DataType::Geometry { srid } => write_spatial(out, "geometry", *srid),
        DataType::Geography { srid } => write_spatial(out, "geography", *srid),
        DataType::Udt(udt) => match form {
            Form::Simple => out.write_str(udt.simple_name()),
            Form::Catalog => write_lower(out, &udt.sql_type, Form::Simple),
        },
    }
}

fn write_spatial(out: &mut String, name: &str, srid: i32) -> fmt::Result {
    if srid < 0 { write!(out, "{name}(any)") } else { write!(out, "{name}({srid})") }
}

fn write_lower_struct(out: &mut String, structure: &StructType, form: Form) -> fmt::Result {
    out.write_str("struct<")?;
    let shown = match form {
        Form::Simple => structure.fields.len().min(MAX_TO_STRING_FIELDS),
        Form::Catalog => structure.fields.len(),
    };
    for (index, field) in structure.fields[..shown].iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&field.name);
        out.push(':');
        write_lower(out, &field.data_type, form)?;
    }
    let hidden = structure.fields.len() - shown;
    if hidden > 0 {
        write!(out, ",... {hidden} more fields")?;
    }
    out.write_char('>')
}

fn write_sql(out: &mut String, data_type: &DataType) -> fmt::Result {
    match data_type {
        DataType::Array(array) => {
            out.write_str("ARRAY<")?;
            write_sql(out, &array.element)?;
            out.write_char('>')
        }
        DataType::Map(map) => {
            out.write_str("MAP<")?;
            write_sql(out, &map.key)?;
            out.write_str(", ")?;
            write_sql(out, &map.value)?;
            out.write_char('>')
        }
        DataType::Struct(structure) => {
            out.write_str("STRUCT<")?;
            for (index, field) in structure.fields.iter().enumerate() {
                if index > 0 {
                    out.write_str(", ")?;
                }
                push_name(out, &field.name);
                out.write_str(": ")?;
                write_sql(out, &field.data_type)?;
                write_column_options(out, field, false)?;
            }
            out.write_char('>')
        }
        DataType::Udt(udt) => write_sql(out, &udt.sql_type),
        DataType::Null
        | DataType::Boolean
        | DataType::Byte
        | DataType::Short
        | DataType::Integer
        | DataType::Long
        | DataType::Float
        | DataType::Double
        | DataType::Decimal { .. }
        | DataType::String { .. }
        | DataType::Char { .. }
        | DataType::VarChar { .. }
        | DataType::Binary
        | DataType::Date
        | DataType::Timestamp
        | DataType::TimestampNtz
        | DataType::Time { .. }
        | DataType::CalendarInterval
        | DataType::YearMonthInterval { .. }
        | DataType::DayTimeInterval { .. }
        | DataType::Variant
        | DataType::Geometry { .. }
        | DataType::Geography { .. } => out.write_str(&data_type.simple_string().to_ascii_uppercase()),
    }
}

fn write_column(out: &mut String, field: &StructField) -> fmt::Result {
    push_name(out, &field.name);
    out.push(' ');
    write_sql(out, &field.data_type)?;
    write_column_options(out, field, true)
}

fn write_column_options(out: &mut String, field: &StructField, with_default: bool) -> fmt::Result {
    if !field.nullable {
        out.write_str(" NOT NULL")?;
    }
    if let Some(default) = field.metadata_text(metadata::CURRENT_DEFAULT).filter(|_| with_default) {
        write!(out, " DEFAULT {default}")?;
    }
    if let Some(comment) = field.metadata_text(metadata::COMMENT) {
        write!(out, " COMMENT '{}'", comment.replace('\'', "\\'"))?;
    }
    Ok(())
}

fn write_tree_field(out: &mut String, field: &StructField, prefix: &str, depth: u32) -> fmt::Result {
    if depth == 0 {
        return Ok(());
    }
    let name = crate::show::escape_meta_characters(&field.name);
    writeln!(out, "{prefix}-- {name}: {} (nullable = {})", field.data_type.type_name(), field.nullable)?;
    write_tree_children(out, &field.data_type, &format!("{prefix}    |"), depth)
}

/// The lines under a nested type. `depth` counts the line above.
fn write_tree_children(out: &mut String, data_type: &DataType, prefix: &str, depth: u32) -> fmt::Result {
    let depth = depth - 1;
    if depth == 0 {
        return Ok(());
    }
    let deeper = format!("{prefix}    |");
    match data_type {
        DataType::Array(array) => {
            let (name, nullable) = (array.element.type_name(), array.contains_null);
            writeln!(out, "{prefix}-- element: {name} (containsNull = {nullable})")?;
            write_tree_children(out, &array.element, &deeper, depth)
        }
        DataType::Map(map) => {
            writeln!(out, "{prefix}-- key: {}", map.key.type_name())?;
            write_tree_children(out, &map.key, &deeper, depth)?;
            let (name, nullable) = (map.value.type_name(), map.value_contains_null);
            writeln!(out, "{prefix}-- value: {name} (valueContainsNull = {nullable})")?;
            write_tree_children(out, &map.value, &deeper, depth)
        }
        DataType::Struct(structure) => {
            structure.fields.iter().try_for_each(|field| write_tree_field(out, field, prefix, depth))
        }
        DataType::Null
        | DataType::Boolean
        | DataType::Byte
        | DataType::Short
        | DataType::Integer
        | DataType::Long
        | DataType::Float
        | DataType::Double
        | DataType::Decimal { .. }
        | DataType::Char { .. }
        | DataType::VarChar { .. }
        | DataType::Binary
        | DataType::Date
        | DataType::Timestamp
        | DataType::TimestampNtz
        | DataType::Time { .. }
        | DataType::CalendarInterval
        | DataType::YearMonthInterval { .. }
        | DataType::DayTimeInterval { .. }
        | DataType::Variant
        | DataType::Geometry { .. }
        | DataType::Geography { .. }
        | DataType::Udt(_)
        | DataType::String { .. } => Ok(()),
    }
}
