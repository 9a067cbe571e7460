//! Variables inside of an unnamed column: Spark shows them with their value, as `Literal.sql` writes it.

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::common::ScalarValue;
use hearth_types::datetime_text::{write_date, write_timestamp_ntz};
use hearth_types::ddl::quote_if_needed;
use hearth_types::number_text::{write_decimal_java, write_double, write_float};
use hearth_types::{DataType, StructField, Value};

use super::literal::plain;
use crate::view::Variable;

/// `variablereference(system.session.v=5)`; `None` for values whose text has no short form.
pub(crate) fn shown(path: &[&str], variable: &Variable) -> Option<String> {
    let value = literal(&variable.value, &variable.data_type)?;
    let path: Vec<_> = path.iter().map(|part| quote_if_needed(part)).collect();
    Some(format!("variablereference({}={value})", path.join(".")))
}

fn literal(value: &ScalarValue, data_type: &DataType) -> Option<String> {
    if value.is_null() {
        return Some(format!("CAST(NULL AS {})", data_type.sql()));
    }
    match value {
        ScalarValue::Boolean(Some(value)) => Some(value.to_string()),
        ScalarValue::Int8(Some(value)) => Some(format!("{value}Y")),
        ScalarValue::Int16(Some(value)) => Some(format!("{value}S")),
        ScalarValue::Int32(Some(value)) => Some(value.to_string()),
        ScalarValue::Int64(Some(value)) => Some(format!("{value}L")),
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text)) => {
            Some(string(text))
        }
        ScalarValue::List(list) => Some(format!("ARRAY({})", elements(&list.value(0), data_type)?.join(", "))),
        ScalarValue::Map(map) => entries(&map.value(0), data_type),
        ScalarValue::Struct(fields) => structure(fields.columns(), data_type),
        ScalarValue::IntervalYearMonth(Some(months)) => {
            let DataType::YearMonthInterval { start, end } = data_type else { return None };
            Some(plain(&Value::YearMonthInterval { months: *months, start: *start, end: *end }))
        }
        ScalarValue::DurationMicrosecond(Some(microseconds)) => {
            let DataType::DayTimeInterval { start, end } = data_type else { return None };
            Some(plain(&Value::DayTimeInterval { microseconds: *microseconds, start: *start, end: *end }))
        }
        ScalarValue::TimestampMicrosecond(Some(micros), None) => Some(plain(&Value::TimestampNtz(*micros))),
        _ => number(value),
    }
}

fn number(value: &ScalarValue) -> Option<String> {
    let mut out = String::new();
    match value {
        ScalarValue::Float32(Some(value)) => {
            out.push_str("CAST(");
            write_float(&mut out, *value).ok()?;
            out.push_str(" AS FLOAT)");
        }
        ScalarValue::Float64(Some(value)) => {
            write_double(&mut out, *value).ok()?;
            out.push('D');
        }
        ScalarValue::Decimal128(Some(unscaled), _, scale) => {
            write_decimal_java(&mut out, *unscaled, *scale).ok()?;
            out.push_str("BD");
        }
        ScalarValue::Date32(Some(days)) => {
            out.push_str("DATE '");
            write_date(&mut out, *days).ok()?;
            out.push('\'');
        }
        ScalarValue::TimestampMicrosecond(Some(micros), None) => {
            out.push_str("TIMESTAMP_NTZ '");
            write_timestamp_ntz(&mut out, *micros).ok()?;
            out.push('\'');
        }
        _ => return None,
    }
    Some(out)
}

fn string(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn elements(values: &ArrayRef, data_type: &DataType) -> Option<Vec<String>> {
    let DataType::Array(array) = data_type else { return None };
    (0..values.len()).map(|row| at(values, row, &array.element)).collect()
}

fn entries(values: &datafusion::arrow::array::StructArray, data_type: &DataType) -> Option<String> {
    let (DataType::Map(map), [keys, mapped]) = (data_type, values.columns()) else { return None };
    let pairs = (0..values.len()).map(|row| Some([at(keys, row, &map.key)?, at(mapped, row, &map.value)?].join(", ")));
    Some(format!("MAP({})", pairs.collect::<Option<Vec<_>>>()?.join(", ")))
}

fn structure(columns: &[ArrayRef], data_type: &DataType) -> Option<String> {
    let DataType::Struct(structure) = data_type else { return None };
    let part = |(column, field): (&ArrayRef, &StructField)| {
        Some(format!("{}, {}", string(&field.name), at(column, 0, &field.data_type)?))
    };
    let parts = columns.iter().zip(structure.fields.iter()).map(part).collect::<Option<Vec<_>>>()?;
    Some(format!("NAMED_STRUCT({})", parts.join(", ")))
}

fn at(values: &ArrayRef, row: usize, data_type: &DataType) -> Option<String> {
    literal(&ScalarValue::try_from_array(values, row).ok()?, data_type)
}
