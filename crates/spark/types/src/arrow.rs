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
use crate::spatial::MIXED_SRID;

pub use wire::{cast_array_to, cast_batch_to, cast_batch_to_wire};

/// Time zone of timestamps inside the engine.
pub const ENGINE_TIME_ZONE: &str = "UTC";
/// Key of a field's metadata that marks the struct around it as a variant, geometry or geography.
const VARIANT_MARK: &str = "variant";
const GEOMETRY_MARK: &str = "geometry";
const GEOGRAPHY_MARK: &str = "geography";
/// The field with the reference system, and the key of the type's own in the metadata beside the mark.
const SRID: &str = "srid";

/// Which of the two forms is made, and with which zone.
struct Form {
    time_zone: Arc<str>,
    /// Fields of a struct get names of their own, and reference systems stand in their metadata.
    wire: bool,
}

impl Form {
    fn wire(time_zone: &str) -> Self {
        Self { time_zone: time_zone.into(), wire: true }
    }

    fn engine() -> Self {
        Self { time_zone: ENGINE_TIME_ZONE.into(), wire: false }
    }
}

/// The type on the wire, with timestamps in `time_zone`.
pub fn to_wire_arrow(data_type: &DataType, time_zone: &str) -> Arrow {
    to_arrow(data_type, &Form::wire(time_zone))
}

/// The type inside the engine.
pub fn to_engine_arrow(data_type: &DataType) -> Arrow {
    to_arrow(data_type, &Form::engine())
}

pub fn to_wire_schema(structure: &StructType, time_zone: &str) -> SchemaRef {
    Arc::new(Schema::new(to_fields(structure, &Form::wire(time_zone))))
}

pub fn to_engine_schema(structure: &StructType) -> SchemaRef {
    Arc::new(Schema::new(to_fields(structure, &Form::engine())))
}

/// A named field inside the engine.
pub fn to_engine_field(field: &StructField) -> Field {
    Field::new(&*field.name, to_engine_arrow(&field.data_type), field.nullable)
}

fn to_fields(structure: &StructType, form: &Form) -> Fields {
    let field = |field: &StructField| Field::new(&*field.name, to_arrow(&field.data_type, form), field.nullable);
    structure.fields.iter().map(field).collect()
}

/// Fields of a struct in a column. Readers of Arrow find them by name, so on the wire a repeated name gets its place
/// among its like: `a_0`, `a_1` (`ArrowUtils.deduplicateFieldNames`).
fn to_nested_fields(structure: &StructType, form: &Form) -> Fields {
    let fields = to_fields(structure, form);
    let mut seen: HashMap<&str, usize> = HashMap::with_capacity(fields.len());
    fields.iter().for_each(|field| *seen.entry(field.name()).or_default() += 1);
    if !form.wire || seen.len() == fields.len() {
        return fields;
    }
    seen.retain(|_, count| *count > 1);
    seen.values_mut().for_each(|count| *count = 0);
    let renamed = fields.iter().map(|field| match seen.get_mut(field.name().as_str()) {
        Some(place) => {
            let name = format!("{}_{place}", field.name());
            *place += 1;
            Arc::new(field.as_ref().clone().with_name(name))
        }
        None => Arc::clone(field),
    });
    renamed.collect()
}

fn to_arrow(data_type: &DataType, form: &Form) -> Arrow {
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
        DataType::Timestamp => Arrow::Timestamp(TimeUnit::Microsecond, Some(Arc::clone(&form.time_zone))),
        DataType::TimestampNtz => Arrow::Timestamp(TimeUnit::Microsecond, None),
        DataType::Time { .. } => Arrow::Time64(TimeUnit::Nanosecond),
        DataType::CalendarInterval => Arrow::Interval(IntervalUnit::MonthDayNano),
        DataType::YearMonthInterval { .. } => Arrow::Interval(IntervalUnit::YearMonth),
        DataType::DayTimeInterval { .. } => Arrow::Duration(TimeUnit::Microsecond),
        DataType::Array(array) => {
            Arrow::List(Arc::new(Field::new("element", to_arrow(&array.element, form), array.contains_null)))
        }
        DataType::Map(map) => {
            let key = Field::new("key", to_arrow(&map.key, form), false);
            let value = Field::new("value", to_arrow(&map.value, form), map.value_contains_null);
            let entries = Arrow::Struct(Fields::from(vec![key, value]));
            Arrow::Map(Arc::new(Field::new("entries", entries, false)), false)
        }
        DataType::Struct(structure) => Arrow::Struct(to_nested_fields(structure, form)),
        DataType::Variant => variant_type(),
        DataType::Geometry { srid } => spatial_type(GEOMETRY_MARK, *srid, form),
        DataType::Geography { srid } => spatial_type(GEOGRAPHY_MARK, *srid, form),
        DataType::Udt(udt) => to_arrow(&udt.sql_type, form),
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

fn spatial_type(mark: &str, srid: i32, form: &Form) -> Arrow {
    let mut bytes = marked(Field::new("wkb", Arrow::Binary, false), mark);
    if form.wire {
        bytes.metadata_mut().insert(SRID.to_owned(), srid.to_string());
    }
    Arrow::Struct(Fields::from(vec![Field::new(SRID, Arrow::Int32, false), bytes]))
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
        return Ok(DataType::Geometry { srid: srid_of(fields) });
    }
    if fields.len() == 2 && has_mark("wkb", GEOGRAPHY_MARK) {
        return Ok(DataType::Geography { srid: srid_of(fields) });
    }
    from_fields(fields).map(DataType::Struct)
}

fn srid_of(fields: &Fields) -> i32 {
    let said = fields.iter().find_map(|field| field.metadata().get(SRID)?.parse().ok());
    said.unwrap_or(MIXED_SRID)
}
