//! Values of columns as variants: casts to VARIANT, and `to_variant_object`.

use datafusion::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType as ArrowType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use hearth_base::condition::{UNSUPPORTED_TIME_TYPE, VARIANT_DUPLICATE_KEY};
use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::build::{Builder, Encoded};
use super::{VariantColumn, column};
use crate::kernels::json::write::is_null;

/// The variants of a column; NULL stays NULL.
pub fn of_column(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    let mut values: Vec<Option<Encoded>> = Vec::with_capacity(array.len());
    for row in 0..array.len() {
        if is_null(array.as_ref(), row) {
            values.push(None);
            continue;
        }
        let mut builder = Builder::default();
        append(array, row, data_type, &mut builder)?;
        values.push(Some(builder.finish()?));
    }
    column(values.iter().map(Option::as_ref))
}

fn primitive<T: ArrowPrimitiveType>(array: &ArrayRef) -> Result<&PrimitiveArray<T>> {
    array.as_primitive_opt().ok_or_else(|| Error::internal(format!("a variant of {}", array.data_type())))
}

fn converted(array: &ArrayRef, row: usize, to: &ArrowType) -> Result<ArrayRef> {
    cast(&array.slice(row, 1), to).map_err(|error| Error::internal(error.to_string()))
}

/// Appends one value; NULL inside of a value is JSON's null.
pub fn append(array: &ArrayRef, row: usize, data_type: &DataType, builder: &mut Builder) -> Result<()> {
    use DataType as T;
    if is_null(array.as_ref(), row) {
        builder.null();
        return Ok(());
    }
    match data_type {
        T::Null => builder.null(),
        T::Boolean => builder.boolean(array.as_boolean().value(row)),
        T::Byte | T::Short | T::Integer | T::Long => {
            let value = converted(array, row, &ArrowType::Int64)?;
            builder.long(primitive::<Int64Type>(&value)?.value(0));
        }
        T::Float => builder.float(primitive::<Float32Type>(array)?.value(row)),
        T::Double => builder.double(primitive::<Float64Type>(array)?.value(row)),
        T::Decimal { scale, .. } => {
            let unscaled = primitive::<Decimal128Type>(array)?.value(row);
            builder.decimal(unscaled, u8::try_from(*scale).unwrap_or(0));
        }
        T::String { .. } | T::Char { .. } | T::VarChar { .. } => {
            builder.string(converted(array, row, &ArrowType::Utf8)?.as_string::<i32>().value(0));
        }
        T::Binary => builder.binary(converted(array, row, &ArrowType::Binary)?.as_binary::<i32>().value(0)),
        T::Date => builder.date(primitive::<Date32Type>(array)?.value(row)),
        T::Timestamp => builder.timestamp(primitive::<TimestampMicrosecondType>(array)?.value(row)),
        T::TimestampNtz => builder.timestamp_ntz(primitive::<TimestampMicrosecondType>(array)?.value(row)),
        T::Variant => {
            let variants = VariantColumn::of(&array.slice(row, 1))?;
            if let Some(variant) = variants.get(0) {
                builder.variant(variant)?;
            }
        }
        T::Array(list) => append_list(array, row, &list.element, builder)?,
        T::Map(map) => append_map(array, row, &map.value, builder)?,
        T::Struct(structure) => {
            let (values, start) = (array.as_struct(), builder.position());
            let mut fields = Vec::with_capacity(structure.fields.len());
            for (field, part) in structure.fields.iter().zip(values.columns()) {
                fields.push(builder.field(start, &field.name));
                append(part, row, &field.data_type, builder)?;
            }
            builder.object(start, fields)?;
        }
        T::Udt(udt) => append(array, row, &udt.sql_type, builder)?,
        T::Time { .. } => return Err(UNSUPPORTED_TIME_TYPE.error()),
        T::CalendarInterval
        | T::YearMonthInterval { .. }
        | T::DayTimeInterval { .. }
        | T::Geometry { .. }
        | T::Geography { .. } => return Err(Error::unsupported(format!("a variant of {}", data_type.sql()))),
    }
    Ok(())
}

fn append_list(array: &ArrayRef, row: usize, element: &DataType, builder: &mut Builder) -> Result<()> {
    let elements = array.as_list::<i32>().value(row);
    let start = builder.position();
    let mut offsets = Vec::with_capacity(elements.len());
    for index in 0..elements.len() {
        offsets.push(builder.position() - start);
        append(&elements, index, element, builder)?;
    }
    builder.array(start, &offsets)
}

fn append_map(array: &ArrayRef, row: usize, value: &DataType, builder: &mut Builder) -> Result<()> {
    let entries = array.as_map().value(row);
    let keys = cast(entries.column(0), &ArrowType::Utf8).map_err(|error| Error::internal(error.to_string()))?;
    let keys = keys.as_string_opt::<i32>().ok_or_else(|| VARIANT_DUPLICATE_KEY.with("key", ""))?;
    let start = builder.position();
    let mut fields = Vec::with_capacity(entries.len());
    for index in 0..entries.len() {
        fields.push(builder.field(start, keys.value(index)));
        append(entries.column(1), index, value, builder)?;
    }
    builder.object(start, fields)
}
