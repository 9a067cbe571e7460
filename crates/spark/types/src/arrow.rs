//! Arrow forms of Spark types.
//!
//! The *wire* form is what Spark Connect servers send (`ArrowUtils.toArrowType`): timestamps carry the session time
//! zone. The *engine* form is the same with `UTC` there. `from_arrow` is wider: it takes what file readers and engines
//! produce (views, large lists, other units, unsigned integers). `wire` turns a batch of any of these into the wire form.

mod wire;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType as Arrow, Field, FieldRef, Fields, IntervalUnit, Schema, SchemaRef, TimeUnit};
use hearth_base::Result;
use hearth_base::condition::UNSUPPORTED_ARROWTYPE;

use crate::data_type::{DataType, MAX_DECIMAL_PRECISION, StructField, StructType};

pub use wire::{cast_array_to, cast_batch_to, cast_batch_to_wire};

/// Time zone of timestamps inside the engine.
pub const ENGINE_TIME_ZONE: &str = "UTC";
/// Key of a field's metadata that marks the struct around it as a variant, geometry or geography.
const VARIANT_MARK: &str = "variant";
const GEOMETRY_MARK: &str = "geometry";
const GEOGRAPHY_MARK: &str = "geography";

/// The type on the wire, with timestamps in `time_zone`.
pub fn to_wire_arrow(data_type: &DataType, time_zone: &str) -> Arrow {
    to_arrow(data_type, &time_zone.into())
}

/// The type inside the engine.
pub fn to_engine_arrow(data_type: &DataType) -> Arrow {
    to_arrow(data_type, &ENGINE_TIME_ZONE.into())
}

pub fn to_wire_schema(structure: &StructType, time_zone: &str) -> SchemaRef {
    Arc::new(Schema::new(to_fields(structure, &time_zone.into())))
}

pub fn to_engine_schema(structure: &StructType) -> SchemaRef {
    Arc::new(Schema::new(to_fields(structure, &ENGINE_TIME_ZONE.into())))
}

/// A named field inside the engine.
pub fn to_engine_field(field: &StructField) -> Field {
    Field::new(&*field.name, to_engine_arrow(&field.data_type), field.nullable)
}

fn to_fields(structure: &StructType, time_zone: &Arc<str>) -> Fields {
    structure
        .fields
        .iter()
        .map(|field| Field::new(&*field.name, to_arrow(&field.data_type, time_zone), field.nullable))
        .collect()
}

fn to_arrow(data_type: &DataType, time_zone: &Arc<str>) -> Arrow {
    match data_type {
        DataType::Null => Arrow::Null,
        DataType::Boolean => Arrow::Boolean,
        DataType::Byte => Arrow::Int8,
        DataType::Short => Arrow::Int16,
        DataType::Integer => Arrow::Int32,
        DataType::Long => Arrow::Int64,
        DataType::Float => Arrow::Float32,
        DataType::Double => Arrow::Float64,
        DataType::Decimal { precision, scale } => Arrow::Decimal128(*precision, *scale),
        DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. } => Arrow::Utf8,
        DataType::Binary => Arrow::Binary,
        DataType::Date => Arrow::Date32,
        DataType::Timestamp => Arrow::Timestamp(TimeUnit::Microsecond, Some(time_zone.clone())),
        DataType::TimestampNtz => Arrow::Timestamp(TimeUnit::Microsecond, None),
        DataType::Time { .. } => Arrow::Time64(TimeUnit::Nanosecond),
        DataType::CalendarInterval => Arrow::Interval(IntervalUnit::MonthDayNano),
        DataType::YearMonthInterval { .. } => Arrow::Interval(IntervalUnit::YearMonth),
        DataType::DayTimeInterval { .. } => Arrow::Duration(TimeUnit::Microsecond),
        DataType::Array(array) => {
            Arrow::List(Arc::new(Field::new("element", to_arrow(&array.element, time_zone), array.contains_null)))
        }
        DataType::Map(map) => {
            let key = Field::new("key", to_arrow(&map.key, time_zone), false);
            let value = Field::new("value", to_arrow(&map.value, time_zone), map.value_contains_null);
            let entries = Arrow::Struct(Fields::from(vec![key, value]));
            Arrow::Map(Arc::new(Field::new("entries", entries, false)), false)
        }
        DataType::Struct(structure) => Arrow::Struct(to_fields(structure, time_zone)),
        DataType::Variant => variant_type(),
        DataType::Geometry { .. } => spatial_type(GEOMETRY_MARK),
        DataType::Geography { .. } => spatial_type(GEOGRAPHY_MARK),
        DataType::Udt(udt) => to_arrow(&udt.sql_type, time_zone),
    }
}

fn marked(field: Field, mark: &str) -> Field {
    field.with_metadata(HashMap::from([(mark.to_owned(), "true".to_owned())]))
}

fn variant_type() -> Arrow {
    Arrow::Struct(Fields::from(vec![
        Field::new("value", Arrow::Binary, false),
        marked(Field::new("metadata", Arrow::Binary, false), VARIANT_MARK),
    ]))
}

fn spatial_type(mark: &str) -> Arrow {
    Arrow::Struct(Fields::from(vec![
        Field::new("srid", Arrow::Int32, false),
        marked(Field::new("wkb", Arrow::Binary, false), mark),
    ]))
}

/// The Spark type of an Arrow type.
pub fn from_arrow(arrow: &Arrow) -> Result<DataType> {
    Ok(match arrow {
        Arrow::Null => DataType::Null,
        Arrow::Boolean => DataType::Boolean,
        Arrow::Int8 => DataType::Byte,
        Arrow::Int16 | Arrow::UInt8 => DataType::Short,
        Arrow::Int32 | Arrow::UInt16 => DataType::Integer,
        Arrow::Int64 | Arrow::UInt32 => DataType::Long,
        Arrow::UInt64 => DataType::Decimal { precision: 20, scale: 0 },
        Arrow::Float16 | Arrow::Float32 => DataType::Float,
        Arrow::Float64 => DataType::Double,
        Arrow::Decimal32(precision, scale)
        | Arrow::Decimal64(precision, scale)
        | Arrow::Decimal128(precision, scale)
            if *precision <= MAX_DECIMAL_PRECISION =>
        {
            DataType::Decimal { precision: *precision, scale: *scale }
        }
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View => DataType::STRING,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView | Arrow::FixedSizeBinary(_) => DataType::Binary,
        Arrow::Date32 | Arrow::Date64 => DataType::Date,
        Arrow::Timestamp(_, Some(_)) => DataType::Timestamp,
        Arrow::Timestamp(_, None) => DataType::TimestampNtz,
        Arrow::Time32(_) | Arrow::Time64(_) => DataType::Time { precision: 6 },
        Arrow::Interval(IntervalUnit::YearMonth) => DataType::YEAR_MONTH,
        Arrow::Interval(IntervalUnit::DayTime) | Arrow::Duration(_) => DataType::DAY_TIME,
        Arrow::Interval(IntervalUnit::MonthDayNano) => DataType::CalendarInterval,
        Arrow::List(element)
        | Arrow::LargeList(element)
        | Arrow::ListView(element)
        | Arrow::LargeListView(element)
        | Arrow::FixedSizeList(element, _) => DataType::array(from_arrow(element.data_type())?, element.is_nullable()),
        Arrow::Map(entries, _) => from_entries(entries)?,
        Arrow::Struct(fields) => from_struct(fields)?,
        Arrow::Dictionary(_, value) => from_arrow(value)?,
        Arrow::RunEndEncoded(_, value) => from_arrow(value.data_type())?,
        Arrow::Decimal32(..)
        | Arrow::Decimal64(..)
        | Arrow::Decimal128(..)
        | Arrow::Decimal256(..)
        | Arrow::Union(..) => return Err(UNSUPPORTED_ARROWTYPE.with("typeName", arrow)),
    })
}

/// The Spark field of an Arrow field; metadata is not carried over.
pub fn from_arrow_field(field: &Field) -> Result<StructField> {
    Ok(StructField::new(field.name().as_str(), from_arrow(field.data_type())?, field.is_nullable()))
}

pub fn from_arrow_schema(schema: &Schema) -> Result<StructType> {
    from_fields(schema.fields())
}

fn from_fields(fields: &Fields) -> Result<StructType> {
    let fields: Vec<_> = fields.iter().map(|field| from_arrow_field(field)).collect::<Result<_>>()?;
    Ok(StructType::new(fields))
}

fn from_entries(entries: &FieldRef) -> Result<DataType> {
    match entries.data_type() {
        Arrow::Struct(fields) if fields.len() == 2 => Ok(DataType::map(
            from_arrow(fields[0].data_type())?,
            from_arrow(fields[1].data_type())?,
            fields[1].is_nullable(),
        )),
        other => Err(UNSUPPORTED_ARROWTYPE.with("typeName", other)),
    }
}

fn from_struct(fields: &Fields) -> Result<DataType> {
    let has_mark = |name: &str, mark: &str| {
        fields
            .iter()
            .any(|field| field.name() == name && field.metadata().get(mark).is_some_and(|value| value == "true"))
    };
    if fields.len() == 2 && has_mark("metadata", VARIANT_MARK) {
        return Ok(DataType::Variant);
    }
    if fields.len() == 2 && has_mark("wkb", GEOMETRY_MARK) {
        return Ok(DataType::Geometry { srid: -1 });
    }
    if fields.len() == 2 && has_mark("wkb", GEOGRAPHY_MARK) {
        return Ok(DataType::Geography { srid: -1 });
    }
    from_fields(fields).map(DataType::Struct)
}
