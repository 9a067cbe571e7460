//! Variables of the session inside of an unnamed column: Spark shows them with their value.

use datafusion::common::ScalarValue;
use hearth_types::datetime_text::{write_date, write_timestamp_ntz};
use hearth_types::ddl::quote_if_needed;
use hearth_types::number_text::{write_decimal_java, write_double};

use crate::view::Variable;

/// `variablereference(system.session.v=5)`; `None` for values whose text has no short form.
pub(crate) fn shown(name: &str, variable: &Variable) -> Option<String> {
    let value = literal(&variable.value, &variable.data_type.sql())?;
    Some(format!("variablereference(system.session.{}={value})", quote_if_needed(name)))
}

/// A value as Spark's `Literal.sql` writes it.
fn literal(value: &ScalarValue, data_type: &str) -> Option<String> {
    if value.is_null() {
        return Some(format!("CAST(NULL AS {data_type})"));
    }
    let mut out = String::new();
    match value {
        ScalarValue::Boolean(Some(value)) => return Some(value.to_string()),
        ScalarValue::Int8(Some(value)) => return Some(format!("{value}Y")),
        ScalarValue::Int16(Some(value)) => return Some(format!("{value}S")),
        ScalarValue::Int32(Some(value)) => return Some(value.to_string()),
        ScalarValue::Int64(Some(value)) => return Some(format!("{value}L")),
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text)) => {
            return Some(format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")));
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
