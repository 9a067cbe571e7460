//! Arrow cells as Spark values: for observed metrics, variables and the values of a pivot.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes as at;
use hearth_base::{Error, Result};
use hearth_types::arrow::cast_batch_to_wire;
use hearth_types::{DataType, StructType, Value};

/// The first row, or NULLs when there is none.
pub fn first_row(schema: &StructType, batches: &[RecordBatch]) -> Result<Vec<Value>> {
    let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else {
        return Ok(schema.fields.iter().map(|field| Value::Null(field.data_type.clone())).collect());
    };
    // The wire form has one Arrow type for each Spark type, where the engine may have several.
    let batch = cast_batch_to_wire(batch, schema, "UTC")?;
    schema.fields.iter().zip(batch.columns()).map(|(field, column)| value(column, 0, &field.data_type)).collect()
}

/// The value of one cell of the wire form.
fn value(array: &dyn Array, row: usize, data_type: &DataType) -> Result<Value> {
    if array.is_null(row) || *data_type == DataType::Null {
        return Ok(Value::Null(data_type.clone()));
    }
    Ok(match data_type {
        DataType::Null => Value::Null(DataType::Null),
        DataType::Boolean => Value::Boolean(array.as_boolean().value(row)),
        DataType::Byte => Value::Byte(array.as_primitive::<at::Int8Type>().value(row)),
        DataType::Short => Value::Short(array.as_primitive::<at::Int16Type>().value(row)),
        DataType::Integer => Value::Integer(array.as_primitive::<at::Int32Type>().value(row)),
        DataType::Long => Value::Long(array.as_primitive::<at::Int64Type>().value(row)),
        DataType::Float => Value::Float(array.as_primitive::<at::Float32Type>().value(row)),
        DataType::Double => Value::Double(array.as_primitive::<at::Float64Type>().value(row)),
        DataType::Decimal { precision, scale } => {
            let unscaled = array.as_primitive::<at::Decimal128Type>().value(row);
            Value::Decimal { unscaled, precision: *precision, scale: *scale }
        }
        DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. } => {
            Value::string(array.as_string::<i32>().value(row))
        }
        DataType::Binary => Value::Binary(array.as_binary::<i32>().value(row).into()),
        DataType::Date => Value::Date(array.as_primitive::<at::Date32Type>().value(row)),
        DataType::Timestamp => Value::Timestamp(array.as_primitive::<at::TimestampMicrosecondType>().value(row)),
        DataType::TimestampNtz => Value::TimestampNtz(array.as_primitive::<at::TimestampMicrosecondType>().value(row)),
        DataType::Time { precision } => {
            Value::Time { nanos: array.as_primitive::<at::Time64NanosecondType>().value(row), precision: *precision }
        }
        DataType::CalendarInterval | DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. } => {
            interval(array, row, data_type)
        }
        DataType::Array(_) | DataType::Map(_) | DataType::Struct(_) => nested(array, row, data_type)?,
        DataType::Udt(udt) => value(array, row, &udt.sql_type)?,
        DataType::Variant | DataType::Geometry { .. } | DataType::Geography { .. } => {
            return Err(Error::unsupported(format!("a literal of type {}", data_type.sql())));
        }
    })
}

fn interval(array: &dyn Array, row: usize, data_type: &DataType) -> Value {
    match data_type {
        DataType::YearMonthInterval { start, end } => {
            let months = array.as_primitive::<at::IntervalYearMonthType>().value(row);
            Value::YearMonthInterval { months, start: *start, end: *end }
        }
        DataType::DayTimeInterval { start, end } => {
            let microseconds = array.as_primitive::<at::DurationMicrosecondType>().value(row);
            Value::DayTimeInterval { microseconds, start: *start, end: *end }
        }
        _ => {
            let parts = array.as_primitive::<at::IntervalMonthDayNanoType>().value(row);
            Value::CalendarInterval { months: parts.months, days: parts.days, microseconds: parts.nanoseconds / 1000 }
        }
    }
}

fn nested(array: &dyn Array, row: usize, data_type: &DataType) -> Result<Value> {
    match data_type {
        DataType::Array(list) => {
            let elements = array.as_list::<i32>().value(row);
            let elements = (0..elements.len()).map(|index| value(&elements, index, &list.element));
            Ok(Value::Array { element_type: list.element.clone(), elements: elements.collect::<Result<_>>()? })
        }
        DataType::Map(map) => {
            let entries = array.as_map().value(row);
            let pair = |index| -> Result<_> {
                Ok((value(entries.column(0), index, &map.key)?, value(entries.column(1), index, &map.value)?))
            };
            let entries = (0..entries.len()).map(pair).collect::<Result<_>>()?;
            Ok(Value::Map { key_type: map.key.clone(), value_type: map.value.clone(), entries })
        }
        DataType::Struct(structure) => {
            let columns = array.as_struct().columns();
            let values =
                structure.fields.iter().zip(columns).map(|(field, column)| value(column, row, &field.data_type));
            Ok(Value::Struct { fields: structure.fields.clone(), values: values.collect::<Result<_>>()? })
        }
        other => Err(Error::internal(format!("{} is not a nested type", other.sql()))),
    }
}
