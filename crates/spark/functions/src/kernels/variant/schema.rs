//! `schema_of_variant` and `schema_of_variant_agg`: the type of what variants hold, as Spark writes it.
//!
//! Inside of the aggregate a type travels as its JSON. What has no common type is VARIANT.

use std::collections::BTreeMap;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType as ArrowType;
use hearth_base::condition::MALFORMED_VARIANT;
use hearth_base::{Error, Result};
use hearth_types::ddl::quote_if_needed;
use hearth_types::{DataType, StructField};

use super::VariantColumn;
use super::build::MAX_DEPTH;
use super::convert::{decimal_precision, stripped};
use super::read::{Value, Variant};
use crate::kernels::rowwise::Args;

pub fn schema_of_variant(_: &(), args: &Args) -> Result<ArrayRef> {
    texts(args, |found| print(&found))
}

/// The type's JSON, for `merged`.
pub fn type_json(_: &(), args: &Args) -> Result<ArrayRef> {
    texts(args, |found| found.json())
}

fn texts(args: &Args, text: impl Fn(DataType) -> String) -> Result<ArrayRef> {
    let (array, step) = args.raw(0)?;
    let variants = VariantColumn::of(array)?;
    args.try_texts(|row, out| match variants.get(row * step) {
        Some(variant) => {
            out.push_str(&text(type_of(variant, 0)?));
            Ok(Some(()))
        }
        None => Ok(None),
    })
}

/// The one type of a list of types.
pub fn merged(_: &(), args: &Args) -> Result<ArrayRef> {
    let (array, step) = args.raw(0)?;
    let lists = array.as_list_opt::<i32>().ok_or_else(|| Error::internal("types are no list"))?;
    args.try_texts(|row, out| {
        let mut found = DataType::Null;
        if lists.is_valid(row * step) {
            let texts = cast(&lists.value(row * step), &ArrowType::Utf8);
            let texts = texts.map_err(|error| Error::internal(error.to_string()))?;
            for text in texts.as_string::<i32>().iter().flatten() {
                found = merge(found, DataType::from_json(text)?);
            }
        }
        out.push_str(&print(&found));
        Ok(Some(()))
    })
}

fn type_of(variant: Variant<'_>, depth: usize) -> Result<DataType> {
    if depth > MAX_DEPTH {
        return Err(MALFORMED_VARIANT.error());
    }
    Ok(match variant.read()? {
        Value::Null => DataType::Null,
        Value::Boolean(_) => DataType::Boolean,
        Value::Long(_) => DataType::Long,
        Value::Double(_) => DataType::Double,
        Value::Decimal { unscaled, scale } => {
            let (unscaled, scale) = stripped(unscaled, scale);
            let precision = decimal_precision(unscaled, scale);
            DataType::Decimal { precision, scale: i8::try_from(scale).unwrap_or(0) }
        }
        Value::Date(_) => DataType::Date,
        Value::Timestamp(_) => DataType::Timestamp,
        Value::TimestampNtz(_) => DataType::TimestampNtz,
        Value::Float(_) => DataType::Float,
        Value::Binary(_) => DataType::Binary,
        Value::String(_) | Value::Uuid(_) => DataType::STRING,
        Value::Array(elements) => {
            let mut element = DataType::Null;
            for part in elements {
                element = merge(element, type_of(part, depth + 1)?);
            }
            DataType::array(element, true)
        }
        Value::Object(fields) => {
            let typed = fields.into_iter().map(|(name, part)| Ok((name.to_owned(), type_of(part, depth + 1)?)));
            object(typed.collect::<Result<BTreeMap<_, _>>>()?)
        }
    })
}

fn object(fields: BTreeMap<String, DataType>) -> DataType {
    DataType::structure(fields.into_iter().map(|(name, data_type)| StructField::new(name, data_type, true)))
}

fn merge(left: DataType, right: DataType) -> DataType {
    use DataType as T;
    match (left, right) {
        (left, right) if left == right => left,
        (T::Null, other) | (other, T::Null) => other,
        (T::Long, T::Double) | (T::Double, T::Long) => T::Double,
        (T::Float, T::Double) | (T::Double, T::Float) => T::Double,
        (T::Long, T::Float) | (T::Float, T::Long) => T::Float,
        (T::Decimal { .. }, T::Double) | (T::Double, T::Decimal { .. }) => T::Double,
        (T::Long, T::Decimal { precision, scale }) | (T::Decimal { precision, scale }, T::Long) => {
            common_decimal((20, 0), (precision, scale))
        }
        (T::Decimal { precision: p1, scale: s1 }, T::Decimal { precision: p2, scale: s2 }) => {
            common_decimal((p1, s1), (p2, s2))
        }
        (T::Date, T::Timestamp) | (T::Timestamp, T::Date | T::TimestampNtz) | (T::TimestampNtz, T::Timestamp) => {
            T::Timestamp
        }
        (T::Date, T::TimestampNtz) | (T::TimestampNtz, T::Date) => T::TimestampNtz,
        (T::Array(left), T::Array(right)) => T::array(merge(left.element.clone(), right.element.clone()), true),
        (T::Struct(left), T::Struct(right)) => {
            let mut fields: BTreeMap<String, DataType> = BTreeMap::new();
            for field in left.fields.iter().chain(right.fields.iter()) {
                let known = fields.remove(&*field.name).unwrap_or(T::Null);
                fields.insert(field.name.to_string(), merge(known, field.data_type.clone()));
            }
            object(fields)
        }
        (_, _) => T::Variant,
    }
}

fn common_decimal((p1, s1): (u8, i8), (p2, s2): (u8, i8)) -> DataType {
    let scale = i16::from(s1.max(s2));
    let whole = (i16::from(p1) - i16::from(s1)).max(i16::from(p2) - i16::from(s2));
    match (u8::try_from(whole + scale), i8::try_from(scale)) {
        (Ok(precision), Ok(scale)) if precision <= 38 => DataType::Decimal { precision, scale },
        (_, _) => DataType::Double,
    }
}

fn print(data_type: &DataType) -> String {
    match data_type {
        DataType::Struct(structure) => {
            let fields = structure.fields.iter();
            let fields = fields.map(|field| format!("{}: {}", quote_if_needed(&field.name), print(&field.data_type)));
            format!("OBJECT<{}>", fields.collect::<Vec<_>>().join(", "))
        }
        DataType::Array(array) => format!("ARRAY<{}>", print(&array.element)),
        other => other.sql(),
    }
}
