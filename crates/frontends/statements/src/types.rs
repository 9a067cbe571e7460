//! Columns as a manifest describes them, and the types that parameters name.
//!
//! Texts of nested types have a blank behind comma and colon and nothing but names and types: drivers take them apart
//! and stumble over NOT NULL and COMMENT. `CHAR` and `VARCHAR` are reported as `STRING`, as the service does.

use std::sync::Arc;

use hearth_base::condition::UNSUPPORTED_DATATYPE;
use hearth_base::{Error, Result};
use hearth_types::ddl::{parse_data_type, quote_if_needed};
use hearth_types::{DataType, StructField, StructType};

/// One entry of `manifest.schema.columns`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: Arc<str>,
    /// `DECIMAL(18,2)`, `MAP<STRING, INT>`.
    pub type_text: String,
    /// A value of the API's `ColumnInfoTypeName`, or a newer name that clients pass over.
    pub type_name: &'static str,
    /// From 0.
    pub position: usize,
    /// Of decimals only.
    pub precision: Option<u8>,
    /// Of decimals only.
    pub scale: Option<i8>,
    /// Of intervals that have fields only: `DAY TO SECOND`.
    pub interval: Option<String>,
}

/// The columns of a result, in order.
pub fn columns(structure: &StructType) -> Vec<Column> {
    structure.fields.iter().enumerate().map(|(position, field)| column(position, field)).collect()
}

fn column(position: usize, field: &StructField) -> Column {
    let type_text = type_text(&field.data_type);
    let (precision, scale) = match field.data_type {
        DataType::Decimal { precision, scale } => (Some(precision), Some(scale)),
        _ => (None, None),
    };
    let interval = type_text.strip_prefix("INTERVAL ").filter(|_| field.data_type.is_interval()).map(str::to_owned);
    let (name, type_name) = (Arc::clone(&field.name), type_name(&field.data_type));
    Column { name, type_text, type_name, position, precision, scale, interval }
}

fn type_name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Null => "NULL",
        DataType::Boolean => "BOOLEAN",
        DataType::Byte => "BYTE",
        DataType::Short => "SHORT",
        DataType::Integer => "INT",
        DataType::Long => "LONG",
        DataType::Float => "FLOAT",
        DataType::Double => "DOUBLE",
        DataType::Decimal { .. } => "DECIMAL",
        DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. } => "STRING",
        DataType::Binary => "BINARY",
        DataType::Date => "DATE",
        DataType::Timestamp => "TIMESTAMP",
        DataType::TimestampNtz => "TIMESTAMP_NTZ",
        DataType::Time { .. } => "TIME",
        DataType::CalendarInterval | DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. } => {
            "INTERVAL"
        }
        DataType::Array(_) => "ARRAY",
        DataType::Map(_) => "MAP",
        DataType::Struct(_) => "STRUCT",
        DataType::Variant => "VARIANT",
        DataType::Geometry { .. } => "GEOMETRY",
        DataType::Geography { .. } => "GEOGRAPHY",
        DataType::Udt(udt) => type_name(&udt.sql_type),
    }
}

/// `MAP<STRING, ARRAY<INT>>`: the type in upper case.
pub fn type_text(data_type: &DataType) -> String {
    match data_type {
        DataType::Char { .. } | DataType::VarChar { .. } => "STRING".to_owned(),
        DataType::Array(array) => format!("ARRAY<{}>", type_text(&array.element)),
        DataType::Map(map) => format!("MAP<{}, {}>", type_text(&map.key), type_text(&map.value)),
        DataType::Struct(structure) => {
            let field =
                |field: &StructField| format!("{}: {}", quote_if_needed(&field.name), type_text(&field.data_type));
            let fields: Vec<_> = structure.fields.iter().map(field).collect();
            format!("STRUCT<{}>", fields.join(", "))
        }
        DataType::Udt(udt) => type_text(&udt.sql_type),
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
        | DataType::Geography { .. } => data_type.sql(),
    }
}

/// The type that a parameter names, in any case: `INT`, `LONG`, `DECIMAL(4,0)`, `INTERVAL DAY TO SECOND`, `VOID`.
/// Parameters have one value as text, so nested types are refused.
pub fn parameter_type(text: &str) -> Result<DataType> {
    let name = text.trim_start();
    let nested = ["ARRAY", "MAP", "STRUCT"].into_iter().find(|kind| names_kind(name, kind));
    if let Some(kind) = nested {
        return Err(refused(text, &format!("{kind} is not supported for parameters")));
    }
    match parse_data_type(text) {
        Ok(data_type @ (DataType::Geometry { .. } | DataType::Geography { .. })) => {
            Err(refused(text, &format!("{} is not supported for parameters", type_name(&data_type))))
        }
        Ok(data_type) => Ok(data_type),
        Err(error) => {
            let message = refusal(text, &error.text());
            Err(error.message(message))
        }
    }
}

/// True for `ARRAY`, `array<int>`; false for `ARRAYS`. Incomplete types have Spark's own errors, which say less here.
fn names_kind(text: &str, kind: &str) -> bool {
    text.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind))
        && !text[kind.len()..].starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')
}

fn refused(text: &str, reason: &str) -> Error {
    UNSUPPORTED_DATATYPE.with("typeName", format!("\"{}\"", text.to_ascii_uppercase())).message(refusal(text, reason))
}

fn refusal(text: &str, reason: &str) -> String {
    format!("The parameter type '{text}' cannot be used: {reason}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    /// Type, text and name. Texts are Spark 4.2.0's `DataType.sql`, but for `char` and `varchar`, and for the last struct,
    /// where Spark adds NOT NULL and COMMENT.
    const TYPES: &[(&str, &str, &str)] = &[
        ("boolean", "BOOLEAN", "BOOLEAN"),
        ("tinyint", "TINYINT", "BYTE"),
        ("smallint", "SMALLINT", "SHORT"),
        ("int", "INT", "INT"),
        ("bigint", "BIGINT", "LONG"),
        ("float", "FLOAT", "FLOAT"),
        ("double", "DOUBLE", "DOUBLE"),
        ("decimal(18,2)", "DECIMAL(18,2)", "DECIMAL"),
        ("string", "STRING", "STRING"),
        ("string collate UTF8_LCASE", "STRING COLLATE UTF8_LCASE", "STRING"),
        ("varchar(3)", "STRING", "STRING"),
        ("char(3)", "STRING", "STRING"),
        ("binary", "BINARY", "BINARY"),
        ("date", "DATE", "DATE"),
        ("timestamp", "TIMESTAMP", "TIMESTAMP"),
        ("timestamp_ntz", "TIMESTAMP_NTZ", "TIMESTAMP_NTZ"),
        ("time(6)", "TIME(6)", "TIME"),
        ("time(0)", "TIME(0)", "TIME"),
        ("void", "VOID", "NULL"),
        ("variant", "VARIANT", "VARIANT"),
        ("interval", "INTERVAL", "INTERVAL"),
        ("array<int>", "ARRAY<INT>", "ARRAY"),
        ("map<string,array<decimal(5,1)>>", "MAP<STRING, ARRAY<DECIMAL(5,1)>>", "MAP"),
        ("struct<street:string,city:string,zip:int>", "STRUCT<street: STRING, city: STRING, zip: INT>", "STRUCT"),
        ("struct<>", "STRUCT<>", "STRUCT"),
        ("geometry(4326)", "GEOMETRY(4326)", "GEOMETRY"),
        ("geography(any)", "GEOGRAPHY(ANY)", "GEOGRAPHY"),
        ("array<varchar(3)>", "ARRAY<STRING>", "ARRAY"),
        (
            "struct<`a b`:int not null comment 'x, y',b:array<map<int,interval day>>>",
            "STRUCT<`a b`: INT, b: ARRAY<MAP<INT, INTERVAL DAY>>>",
            "STRUCT",
        ),
    ];

    const INTERVALS: [&str; 13] = [
        "YEAR",
        "MONTH",
        "YEAR TO MONTH",
        "DAY",
        "DAY TO HOUR",
        "DAY TO MINUTE",
        "DAY TO SECOND",
        "HOUR",
        "HOUR TO MINUTE",
        "HOUR TO SECOND",
        "MINUTE",
        "MINUTE TO SECOND",
        "SECOND",
    ];

    fn described(text: &str) -> Column {
        let field = StructField::new("c", parse_data_type(text).unwrap(), true);
        columns(&StructType::new([field])).remove(0)
    }

    #[test]
    fn types_have_the_names_of_the_service() {
        for (text, type_text, type_name) in TYPES {
            let column = described(text);
            assert_eq!((column.type_text.as_str(), column.type_name), (*type_text, *type_name));
            assert_eq!(column.interval, None);
        }
    }

    #[test]
    fn intervals_say_their_fields() {
        for fields in INTERVALS {
            let column = described(&format!("interval {fields}"));
            assert_eq!(column.type_text, format!("INTERVAL {fields}"));
            assert_eq!((column.type_name, column.interval.as_deref()), ("INTERVAL", Some(fields)));
        }
    }

    #[test]
    fn only_decimals_have_precision_and_scale() {
        let decimal = described("decimal(18,2)");
        assert_eq!((decimal.precision, decimal.scale), (Some(18), Some(2)));
        let other = described("array<decimal(18,2)>");
        assert_eq!((other.precision, other.scale), (None, None));
    }

    #[test]
    fn positions_count_from_zero_and_names_may_repeat() {
        let field = StructField::new("a", DataType::Integer, true);
        let columns = columns(&StructType::new([field.clone(), field]));
        let places: Vec<_> = columns.iter().map(|column| (&*column.name, column.position)).collect();
        assert_eq!(places, [("a", 0), ("a", 1)]);
    }

    #[test]
    fn parameter_types_are_read_in_any_case() {
        let cases = [
            ("INT", DataType::Integer),
            ("INTEGER", DataType::Integer),
            ("long", DataType::Long),
            ("Bigint", DataType::Long),
            ("SMALLINT", DataType::Short),
            ("TINYINT", DataType::Byte),
            ("DECIMAL", DataType::DECIMAL_DEFAULT),
            ("DECIMAL(4,0)", DataType::Decimal { precision: 4, scale: 0 }),
            ("decimal(10, 2)", DataType::Decimal { precision: 10, scale: 2 }),
            ("VOID", DataType::Null),
            ("STRING", DataType::STRING),
            (" string ", DataType::STRING),
            ("BINARY", DataType::Binary),
            ("TIMESTAMP", DataType::Timestamp),
            ("TIMESTAMP_NTZ", DataType::TimestampNtz),
            ("INTERVAL DAY TO SECOND", DataType::DAY_TIME),
            ("interval year to month", DataType::YEAR_MONTH),
        ];
        for (text, expected) in cases {
            assert_eq!(parameter_type(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn refused_parameter_types_keep_sparks_condition() {
        assert_eq!(parameter_type("FOO").unwrap_err().condition(), UNSUPPORTED_DATATYPE);
        let error = parameter_type("DECIMAL(39,0)").unwrap_err();
        assert_eq!(error.condition().name, "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION");
    }

    #[test]
    fn nested_and_unknown_parameter_types_are_refused_by_name() {
        for (text, kind) in [("ARRAY<INT>", "ARRAY"), ("array", "ARRAY"), ("Map<int,int>", "MAP"), ("STRUCT", "STRUCT")]
        {
            let error = parameter_type(text).unwrap_err();
            assert!(error.text().contains(&format!("{kind} is not supported for parameters")), "{}", error.text());
        }
        for text in ["", "FOO", "DECIMAL(39,0)", "INT INT", "ARRAYS", "GEOMETRY(4326)"] {
            let error = parameter_type(text).unwrap_err();
            assert!(error.text().contains(&format!("'{text}'")), "{}", error.text());
        }
    }
}
