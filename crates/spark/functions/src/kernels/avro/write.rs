//! Values in Avro's binary form.

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{
    Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalYearMonthType, Time64NanosecondType, TimestampMicrosecondType,
};
use hearth_base::condition::AVRO_CANNOT_WRITE_NULL_FIELD;
use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::refused;
use super::schema::{Field, Logical, Schema, Shape};

/// Appends the value of a row. `name` is its field's.
pub fn value(
    array: &dyn Array,
    row: usize,
    (data_type, schema): (&DataType, &Schema),
    name: &str,
    out: &mut Vec<u8>,
) -> Result<()> {
    let is_null = array.is_null(row);
    let schema = match &schema.shape {
        Shape::Union(branches) => {
            let wanted = |branch: &Schema| (branch.shape == Shape::Null) == is_null;
            match branches.iter().position(wanted) {
                Some(place) => {
                    long(i64::try_from(place).unwrap_or(0), out);
                    &branches[place]
                }
                None => schema,
            }
        }
        _ => schema,
    };
    if is_null {
        return match schema.shape {
            Shape::Null => Ok(()),
            _ => Err(AVRO_CANNOT_WRITE_NULL_FIELD
                .with("name", format!("`{name}`"))
                .with("dataType", format!("\"{}\"", schema.type_name()))),
        };
    }
    if scalar(array, row, (data_type, schema), out)? { Ok(()) } else { nested(array, row, (data_type, schema), out) }
}

/// Whether there was one to write.
fn scalar(array: &dyn Array, row: usize, (data_type, schema): (&DataType, &Schema), out: &mut Vec<u8>) -> Result<bool> {
    match (data_type, &schema.shape) {
        (DataType::Boolean, Shape::Boolean) => out.push(u8::from(array.as_boolean().value(row))),
        (DataType::Byte, Shape::Int) => long(i64::from(array.as_primitive::<Int8Type>().value(row)), out),
        (DataType::Short, Shape::Int) => long(i64::from(array.as_primitive::<Int16Type>().value(row)), out),
        (DataType::Integer, Shape::Int) => long(i64::from(array.as_primitive::<Int32Type>().value(row)), out),
        (DataType::Date, Shape::Int) => long(i64::from(array.as_primitive::<Date32Type>().value(row)), out),
        (DataType::YearMonthInterval { .. }, Shape::Int) => {
            long(i64::from(array.as_primitive::<IntervalYearMonthType>().value(row)), out);
        }
        (DataType::Long, Shape::Long) => long(array.as_primitive::<Int64Type>().value(row), out),
        (DataType::DayTimeInterval { .. }, Shape::Long) => {
            long(array.as_primitive::<DurationMicrosecondType>().value(row), out);
        }
        (DataType::Time { .. }, Shape::Long) => long(array.as_primitive::<Time64NanosecondType>().value(row), out),
        (DataType::Timestamp | DataType::TimestampNtz, Shape::Long) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            let in_micros = matches!(schema.logical, Logical::TimestampMicros | Logical::LocalMicros);
            long(if in_micros { micros } else { micros.div_euclid(1000) }, out);
        }
        (DataType::Float, Shape::Float) => {
            out.extend_from_slice(&array.as_primitive::<Float32Type>().value(row).to_le_bytes());
        }
        (DataType::Double, Shape::Double) => {
            out.extend_from_slice(&array.as_primitive::<Float64Type>().value(row).to_le_bytes());
        }
        (DataType::Decimal { .. }, Shape::Bytes | Shape::Fixed(_)) => {
            decimal(array.as_primitive::<Decimal128Type>().value(row), &schema.shape, out)?;
        }
        (DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. }, _) => {
            return text(array, row, schema, out);
        }
        (DataType::Binary, Shape::Bytes) => {
            sized(array.as_binary::<i32>().value(row), out);
        }
        (DataType::Binary, Shape::Fixed(size)) => {
            let bytes = array.as_binary::<i32>().value(row);
            if bytes.len() != *size {
                let found = bytes.len();
                return Err(refused(format!(
                    "Cannot write {found} bytes of binary data into FIXED Type with size of {size} bytes."
                )));
            }
            out.extend_from_slice(bytes);
        }
        (DataType::Null, Shape::Null) => {}
        _ => return Ok(false),
    }
    Ok(true)
}

fn text(array: &dyn Array, row: usize, schema: &Schema, out: &mut Vec<u8>) -> Result<bool> {
    let text = match array.as_string_opt::<i32>() {
        Some(texts) => texts.value(row),
        None => match array.as_string_view_opt() {
            Some(texts) => texts.value(row),
            None => return Err(Error::internal("a text is none")),
        },
    };
    match &schema.shape {
        Shape::Text | Shape::Bytes => sized(text.as_bytes(), out),
        Shape::Enumeration(symbols) => match symbols.iter().position(|symbol| symbol == text) {
            Some(place) => long(i64::try_from(place).unwrap_or(0), out),
            None => {
                let symbols = symbols.join("\", \"");
                return Err(refused(format!(
                    "Cannot convert SQL top-level record to Avro top-level record because \"{text}\" cannot be \
                     written since it's not defined in enum \"{symbols}\""
                )));
            }
        },
        _ => return Ok(false),
    }
    Ok(true)
}

fn nested(array: &dyn Array, row: usize, (data_type, schema): (&DataType, &Schema), out: &mut Vec<u8>) -> Result<()> {
    match (data_type, &schema.shape) {
        (DataType::Array(of), Shape::Array(items)) => {
            let list = array.as_list::<i32>().value(row);
            block(list.len(), out, |place, out| value(list.as_ref(), place, (&of.element, items), "element", out))
        }
        (DataType::Map(of), Shape::Map(values)) if of.key.is_string() => {
            let entries = array.as_map().value(row);
            let key = Schema::plain(Shape::Text);
            block(entries.len(), out, |place, out| {
                value(entries.column(0).as_ref(), place, (&of.key, &key), "key", out)?;
                value(entries.column(1).as_ref(), place, (&of.value, values), "value", out)
            })
        }
        (DataType::Struct(of), Shape::Record(fields)) => {
            let columns = array.as_struct();
            for field in fields {
                let place = of.fields.iter().position(|known| *known.name == *field.name);
                let place = place.ok_or_else(|| cannot(data_type, schema))?;
                value(
                    columns.column(place).as_ref(),
                    row,
                    (&of.fields[place].data_type, &field.schema),
                    &field.name,
                    out,
                )?;
            }
            Ok(())
        }
        (DataType::Udt(udt), _) => value(array, row, (&udt.sql_type, schema), "", out),
        _ => Err(cannot(data_type, schema)),
    }
}

/// Whether values of a type can be written by a schema; Spark says so before the first row.
pub fn check(data_type: &DataType, schema: &Schema) -> Result<()> {
    let is_known = match (data_type, &schema.shape) {
        (_, Shape::Union(branches)) => {
            let mut known = branches.iter().filter(|branch| branch.shape != Shape::Null);
            return known.try_for_each(|branch| check(data_type, branch));
        }
        (DataType::Struct(of), Shape::Record(fields)) => {
            let field_of = |name: &str| fields.iter().find(|field: &&Field| field.name == name);
            let all = of.fields.len() == fields.len()
                && of.fields.iter().all(|known| {
                    field_of(&known.name).is_some_and(|field| check(&known.data_type, &field.schema).is_ok())
                });
            return if all { Ok(()) } else { Err(cannot(data_type, schema)) };
        }
        (DataType::Array(of), Shape::Array(items)) => return check(&of.element, items),
        (DataType::Map(of), Shape::Map(values)) if of.key.is_string() => return check(&of.value, values),
        (DataType::Udt(udt), _) => return check(&udt.sql_type, schema),
        (DataType::Boolean, Shape::Boolean)
        | (DataType::Float, Shape::Float)
        | (DataType::Double, Shape::Double)
        | (DataType::Null, Shape::Null)
        | (DataType::Binary | DataType::Decimal { .. }, Shape::Bytes | Shape::Fixed(_))
        | (DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. }, Shape::Text | Shape::Bytes)
        | (DataType::String { .. }, Shape::Enumeration(_)) => true,
        (
            DataType::Byte | DataType::Short | DataType::Integer | DataType::Date | DataType::YearMonthInterval { .. },
            Shape::Int,
        )
        | (
            DataType::Long
            | DataType::DayTimeInterval { .. }
            | DataType::Time { .. }
            | DataType::Timestamp
            | DataType::TimestampNtz,
            Shape::Long,
        ) => true,
        _ => false,
    };
    if is_known { Ok(()) } else { Err(cannot(data_type, schema)) }
}

fn cannot(data_type: &DataType, schema: &Schema) -> Error {
    refused(format!("Cannot convert SQL type {} to Avro type {}.", data_type.sql(), schema.type_name()))
}

/// Elements as one block and the empty one.
fn block(count: usize, out: &mut Vec<u8>, mut element: impl FnMut(usize, &mut Vec<u8>) -> Result<()>) -> Result<()> {
    if count > 0 {
        long(i64::try_from(count).unwrap_or(i64::MAX), out);
        for place in 0..count {
            element(place, out)?;
        }
    }
    out.push(0);
    Ok(())
}

/// As many bytes as a number needs, or as there must be.
fn decimal(number: i128, shape: &Shape, out: &mut Vec<u8>) -> Result<()> {
    let bytes = number.to_be_bytes();
    let sign = if number < 0 { 0xff } else { 0 };
    let needed = 16 - (0..15).take_while(|at| bytes[*at] == sign && (bytes[at + 1] ^ sign) & 0x80 == 0).count();
    match shape {
        Shape::Fixed(size) if *size < needed => {
            Err(refused(format!("Cannot encode decimal with {needed} bytes as fixed({size}).")))
        }
        Shape::Fixed(size) => {
            out.extend(std::iter::repeat_n(sign, size.saturating_sub(16)));
            out.extend_from_slice(&bytes[16 - size.min(&16)..]);
            Ok(())
        }
        _ => {
            sized(&bytes[16 - needed..], out);
            Ok(())
        }
    }
}

fn sized(bytes: &[u8], out: &mut Vec<u8>) {
    long(i64::try_from(bytes.len()).unwrap_or(i64::MAX), out);
    out.extend_from_slice(bytes);
}

/// The sign in the lowest bit, then seven bits at a time.
fn long(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push((rest & 0x7f) as u8);
}
