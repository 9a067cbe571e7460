//! Data types from the wire. The way back is `to_proto::types`.

use std::sync::Arc;

use hearth_base::condition::{
    DATA_TYPE_UNSUPPORTED_PROTO_TO_CATALYST, PYTHON_UDT_MISSING_FIELDS, UDT_TYPE_FIELD_INVALID,
    UNSUPPORTED_TIME_PRECISION,
};
use hearth_base::{Error, Result};
use hearth_proto::connect as pb;
use hearth_proto::connect::data_type::{self as wire, Kind};
use hearth_types::collation;
use hearth_types::data_type::MAX_DECIMAL_PRECISION;
use hearth_types::ddl::{parse_data_type, parse_table_schema};
use hearth_types::{Collation, DataType, DayTimeField, StructField, StructType, UdtType, YearMonthField};

use super::{invalid, message, with_stack};
use crate::expression::TypeRef;

/// `TimeType.DEFAULT_PRECISION`.
pub(super) const DEFAULT_TIME_PRECISION: u8 = 6;
/// `DecimalType(precision)` has this scale.
const DEFAULT_DECIMAL_SCALE: i32 = 0;

/// A type where text is allowed too: Spark reads DDL only at the top of a type, never inside of one.
pub fn type_ref(proto: pb::DataType) -> Result<TypeRef> {
    match proto.kind {
        Some(Kind::Unparsed(unparsed)) => Ok(TypeRef::Text(unparsed.data_type_string)),
        kind => Ok(TypeRef::Known(data_type(pb::DataType { kind })?)),
    }
}

/// A type or its text, read at once: a table's schema, else one type, else the inside of a struct, as Spark tries them.
pub(super) fn type_or_ddl(proto: pb::DataType) -> Result<DataType> {
    let text = match type_ref(proto)? {
        TypeRef::Known(data_type) => return Ok(data_type),
        TypeRef::Text(text) => text,
    };
    let as_fields = |_| parse_data_type(&format!("struct<{}>", text.trim()));
    parse_table_schema(&text)
        .map(DataType::Struct)
        .or_else(|first| parse_data_type(&text).or_else(as_fields).map_err(|_| first))
}

/// A type that is written out.
pub fn data_type(proto: pb::DataType) -> Result<DataType> {
    with_stack(|| kind(proto.kind.ok_or_else(|| unsupported("KIND_NOT_SET"))?))
}

fn kind(kind: Kind) -> Result<DataType> {
    match kind {
        Kind::Null(_) => Ok(DataType::Null),
        Kind::Binary(_) => Ok(DataType::Binary),
        Kind::Boolean(_) => Ok(DataType::Boolean),
        Kind::Byte(_) => Ok(DataType::Byte),
        Kind::Short(_) => Ok(DataType::Short),
        Kind::Integer(_) => Ok(DataType::Integer),
        Kind::Long(_) => Ok(DataType::Long),
        Kind::Float(_) => Ok(DataType::Float),
        Kind::Double(_) => Ok(DataType::Double),
        Kind::Decimal(decimal) => decimal_type(&decimal),
        Kind::String(string) => string_type(&string),
        Kind::Char(char) => Ok(DataType::Char { length: length(char.length)? }),
        Kind::VarChar(varchar) => Ok(DataType::VarChar { length: length(varchar.length)? }),
        Kind::Date(_) => Ok(DataType::Date),
        Kind::Timestamp(_) => Ok(DataType::Timestamp),
        Kind::TimestampNtz(_) => Ok(DataType::TimestampNtz),
        Kind::Time(time) => Ok(DataType::Time { precision: time_precision(time.precision)? }),
        Kind::CalendarInterval(_) => Ok(DataType::CalendarInterval),
        Kind::YearMonthInterval(interval) => year_month_type(&interval),
        Kind::DayTimeInterval(interval) => day_time_type(&interval),
        Kind::Array(array) => array_type(*array),
        Kind::Struct(structure) => Ok(DataType::Struct(struct_type(structure)?)),
        Kind::Map(map) => map_type(*map),
        Kind::Variant(_) => Ok(DataType::Variant),
        Kind::Geometry(geometry) => Ok(DataType::Geometry { srid: geometry.srid }),
        Kind::Geography(geography) => Ok(DataType::Geography { srid: geography.srid }),
        Kind::Udt(udt) => udt_type(*udt),
        Kind::Unparsed(_) => Err(unsupported("UNPARSED")),
    }
}

fn unsupported(kind: &str) -> Error {
    DATA_TYPE_UNSUPPORTED_PROTO_TO_CATALYST.with("kindCase", kind)
}

/// A scale counts only beside a precision.
fn decimal_type(decimal: &wire::Decimal) -> Result<DataType> {
    let Some(precision) = decimal.precision else {
        return Ok(DataType::DECIMAL_DEFAULT);
    };
    decimal_of(precision, decimal.scale.unwrap_or(DEFAULT_DECIMAL_SCALE))
}

pub(super) fn decimal_of(precision: i32, scale: i32) -> Result<DataType> {
    if precision > i32::from(MAX_DECIMAL_PRECISION) {
        return Err(invalid::decimal_too_wide(precision));
    }
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision), Ok(scale)) if scale <= precision.cast_signed() => Ok(DataType::Decimal { precision, scale }),
        _ => Err(invalid::assertion(format!("There is no decimal({precision},{scale})"))),
    }
}

fn string_type(string: &wire::String) -> Result<DataType> {
    match string.collation.as_str() {
        "" | collation::BINARY => Ok(DataType::STRING),
        name => Ok(Collation::parse(name)?.string_type()),
    }
}

fn length(length: i32) -> Result<u32> {
    u32::try_from(length).map_err(|_| invalid::assertion(format!("{length} is not a length")))
}

pub(super) fn time_precision(precision: Option<i32>) -> Result<u8> {
    match precision.map(u8::try_from) {
        None => Ok(DEFAULT_TIME_PRECISION),
        Some(Ok(precision @ 0..=DEFAULT_TIME_PRECISION)) => Ok(precision),
        Some(_) => Err(UNSUPPORTED_TIME_PRECISION.with("precision", precision.unwrap_or_default())),
    }
}

/// An end counts only beside a start; a start alone is both.
fn year_month_type(interval: &wire::YearMonthInterval) -> Result<DataType> {
    let field = |number| match number {
        0 => Ok(YearMonthField::Year),
        1 => Ok(YearMonthField::Month),
        other => Err(invalid::assertion(format!("{other} is no field of a year-month interval"))),
    };
    let Some(start) = interval.start_field else {
        return Ok(DataType::YEAR_MONTH);
    };
    Ok(DataType::YearMonthInterval { start: field(start)?, end: field(interval.end_field.unwrap_or(start))? })
}

fn day_time_type(interval: &wire::DayTimeInterval) -> Result<DataType> {
    let field = |number| match number {
        0 => Ok(DayTimeField::Day),
        1 => Ok(DayTimeField::Hour),
        2 => Ok(DayTimeField::Minute),
        3 => Ok(DayTimeField::Second),
        other => Err(invalid::assertion(format!("{other} is no field of a day-time interval"))),
    };
    let Some(start) = interval.start_field else {
        return Ok(DataType::DAY_TIME);
    };
    Ok(DataType::DayTimeInterval { start: field(start)?, end: field(interval.end_field.unwrap_or(start))? })
}

fn array_type(array: wire::Array) -> Result<DataType> {
    Ok(DataType::array(data_type(message(array.element_type))?, array.contains_null))
}

fn map_type(map: wire::Map) -> Result<DataType> {
    let key = data_type(message(map.key_type))?;
    Ok(DataType::map(key, data_type(message(map.value_type))?, map.value_contains_null))
}

pub(super) fn struct_type(structure: wire::Struct) -> Result<StructType> {
    let fields: Result<Vec<_>> = structure.fields.into_iter().map(struct_field).collect();
    Ok(StructType::new(fields?))
}

fn struct_field(field: wire::StructField) -> Result<StructField> {
    Ok(StructField {
        name: field.name.into(),
        data_type: data_type(field.data_type.unwrap_or_default())?,
        nullable: field.nullable,
        metadata: field.metadata.filter(|json| !json.is_empty() && json != "{}").map(Arc::from),
    })
}

/// A type of the JVM is known by its class; one of Python brings everything along.
fn udt_type(udt: wire::Udt) -> Result<DataType> {
    if udt.r#type != "udt" {
        return Err(UDT_TYPE_FIELD_INVALID.with("udtType", udt.r#type));
    }
    let complete = udt.python_class.is_some() && udt.serialized_python_class.is_some() && udt.sql_type.is_some();
    if udt.jvm_class.is_none() && !complete {
        return Err(PYTHON_UDT_MISSING_FIELDS.error());
    }
    // Spark does not tell the storage of types that its own classes define.
    let sql_type = udt.sql_type.map_or(Ok(DataType::Null), |inner| data_type(*inner))?;
    Ok(DataType::Udt(Arc::new(UdtType {
        jvm_class: udt.jvm_class.map(Arc::from),
        python_class: udt.python_class.map(Arc::from),
        serialized_python_class: udt.serialized_python_class.map(Arc::from),
        sql_type,
    })))
}
