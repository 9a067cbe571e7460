//! `from_avro`, `to_avro` and `schema_of_avro`: Avro's binary form of single values, by schemas in JSON.
//!
//! Sources: Avro's specification 1.12, and how spark-avro maps its types (`SchemaConverters`, `AvroDeserializer`,
//! `AvroSerializer`). Files of Avro are read and written elsewhere.

pub mod read;
pub mod schema;
pub mod types;
pub mod write;

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BinaryBuilder};
use hearth_base::condition::INVALID_REQUEST;
use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::json::cell::{Cell, column, null_struct};
use super::rowwise::Args;
use schema::Schema;

/// How values are read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reading {
    /// By which the bytes were written.
    pub written: Schema,
    /// In which they are wanted.
    pub wanted: Schema,
    pub data_type: DataType,
    pub permissive: bool,
}

/// How values are written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Writing {
    pub schema: Schema,
    pub data_type: DataType,
}

/// An error without a condition in Spark.
pub fn refused(message: impl Into<String>) -> Error {
    INVALID_REQUEST.with("message", message.into())
}

pub fn from_avro(reading: &Reading, args: &Args) -> Result<ArrayRef> {
    let bytes = args.bytes(0)?;
    let mut cells = Vec::with_capacity(args.rows());
    for row in 0..args.rows() {
        let Some(bytes) = bytes.get(row) else {
            cells.push(Cell::Null);
            continue;
        };
        match read::value(&reading.written, &reading.wanted, bytes) {
            Some(cell) => cells.push(cell),
            None if reading.permissive => cells.push(null_struct(&reading.data_type)),
            None => {
                return Err(refused(
                    "Malformed records are detected in record parsing. Current parse Mode: FAILFAST. The option 'mode' \
                     as 'PERMISSIVE' gives NULL instead.",
                ));
            }
        }
    }
    column(&cells.iter().collect::<Vec<_>>(), &reading.data_type)
}

pub fn to_avro(writing: &Writing, args: &Args) -> Result<ArrayRef> {
    let (array, step) = args.raw(0)?;
    let mut builder = BinaryBuilder::new();
    let mut out = Vec::new();
    for row in 0..args.rows() {
        if array.is_null(row * step) {
            builder.append_null();
            continue;
        }
        out.clear();
        write::value(array.as_ref(), row * step, (&writing.data_type, &writing.schema), "", &mut out)?;
        builder.append_value(&out);
    }
    Ok(Arc::new(builder.finish()))
}

/// Values recorded from Spark with its Avro module.
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use datafusion::arrow::array::{Decimal128Array, Int32Array, StringArray};

    use super::types::{Members, of_schema, to_schema};
    use super::*;

    fn type_of(schema: &str, members: Members) -> String {
        of_schema(&Schema::parse(schema).unwrap(), members).unwrap().0.sql()
    }

    #[test]
    fn schemas_have_the_types_that_spark_gives_them() {
        let union = r#"{"type": "record", "name": "r", "fields": [{"name":"u","type":["string","int"]}]}"#;
        for (schema, members, expected) in [
            (r#""int""#, Members::Numbered, "INT"),
            (union, Members::Numbered, "STRUCT<u: STRUCT<member0: STRING, member1: INT> NOT NULL>"),
            (union, Members::Named, "STRUCT<u: STRUCT<member_string: STRING, member_int: INT> NOT NULL>"),
            (
                r#"{"type": "record", "name": "r", "fields": [{"name":"d","type":{"type":"bytes","logicalType":
                    "decimal","precision":5,"scale":2}},{"name":"il","type":["int","long"]},{"name":"m","type":{"type":
                    "map","values":"int"}},{"name":"n","type":"null"}]}"#,
                Members::Numbered,
                "STRUCT<d: DECIMAL(5,2) NOT NULL, il: BIGINT NOT NULL, m: MAP<STRING, INT> NOT NULL, n: VOID>",
            ),
        ] {
            assert_eq!(type_of(schema, members), expected);
        }
        let own = r#"{"type": "record", "name": "r", "fields": [{"name":"r","type":["null","r"]}]}"#;
        assert!(Schema::parse(own).unwrap_err().to_string().contains("recursive"));
        assert!(Schema::parse("junk").is_err());
    }

    #[test]
    fn values_are_written_as_spark_writes_them() {
        let written = |array: ArrayRef, data_type: DataType, nullable: bool| {
            let schema = to_schema(&data_type, nullable, "topLevelRecord", "").unwrap();
            let mut out = Vec::new();
            write::value(array.as_ref(), 0, (&data_type, &schema), "", &mut out).unwrap();
            out
        };
        assert_eq!(written(Arc::new(Int32Array::from(vec![1])), DataType::Integer, false), [2]);
        assert_eq!(written(Arc::new(StringArray::from(vec!["x"])), DataType::STRING, true), [0, 2, b'x']);
        let decimal = Decimal128Array::from(vec![150]).with_precision_and_scale(5, 2).unwrap();
        let data_type = DataType::Decimal { precision: 5, scale: 2 };
        assert_eq!(written(Arc::new(decimal), data_type, false), [0, 0, 0x96]);
    }

    #[test]
    fn values_are_read_in_a_newer_schema() {
        let old = r#"{"type": "record", "name": "r", "fields": [{"name":"a","type":"int"}]}"#;
        let new = r#"{"type": "record", "name": "r", "fields": [{"name":"a","type":"long"},
            {"name":"b","type":"string","default":"q"}]}"#;
        let (old, new) = (Schema::parse(old).unwrap(), Schema::parse(new).unwrap());
        let expected = Cell::Struct(vec![Cell::Long(1), Cell::Text("q".to_owned())]);
        assert_eq!(read::value(&old, &new, &[2]), Some(expected));
        assert_eq!(read::value(&old, &new, &[]), None);
    }
}
