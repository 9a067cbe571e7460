//! Spark's types as ORC files say them, and back. What ORC has no word for stands in an attribute of the type.

use hearth_base::{Error, Result};
use hearth_types::ddl::parse_data_type;
use hearth_types::{DataType, StructField};

use super::messages::{StringPair, Type};

/// Where Spark keeps its own name of a type.
const SPARK_TYPE: &str = "spark.sql.catalyst.type";
/// How deep types of a file may nest.
const MAX_DEPTH: usize = 128;

pub mod kind {
    pub const BOOLEAN: u32 = 0;
    pub const BYTE: u32 = 1;
    pub const SHORT: u32 = 2;
    pub const INT: u32 = 3;
    pub const LONG: u32 = 4;
    pub const FLOAT: u32 = 5;
    pub const DOUBLE: u32 = 6;
    pub const STRING: u32 = 7;
    pub const BINARY: u32 = 8;
    pub const TIMESTAMP: u32 = 9;
    pub const LIST: u32 = 10;
    pub const MAP: u32 = 11;
    pub const STRUCT: u32 = 12;
    pub const DECIMAL: u32 = 14;
    pub const DATE: u32 = 15;
    pub const VARCHAR: u32 = 16;
    pub const CHAR: u32 = 17;
    pub const TIMESTAMP_INSTANT: u32 = 18;
}

/// The types of a file with these columns: the struct of all first, each before what is in it.
pub fn of_columns(fields: &[StructField]) -> Result<Vec<Type>> {
    let mut types = Vec::new();
    add_struct(&mut types, fields)?;
    Ok(types)
}

fn add_struct(types: &mut Vec<Type>, fields: &[StructField]) -> Result<u32> {
    let place = types.len();
    types.push(Type { kind: Some(kind::STRUCT), ..Type::default() });
    let mut subtypes = Vec::with_capacity(fields.len());
    for field in fields {
        subtypes.push(add(types, &field.data_type)?);
    }
    types[place].subtypes = subtypes;
    types[place].field_names = fields.iter().map(|field| field.name.to_string()).collect();
    number(place)
}

fn add(types: &mut Vec<Type>, data_type: &DataType) -> Result<u32> {
    let place = types.len();
    let inner = match data_type {
        DataType::Struct(structure) => return add_struct(types, &structure.fields),
        DataType::Udt(udt) => return add(types, &udt.sql_type),
        DataType::Array(array) => {
            types.push(Type { kind: Some(kind::LIST), ..Type::default() });
            vec![add(types, &array.element)?]
        }
        DataType::Map(map) => {
            types.push(Type { kind: Some(kind::MAP), ..Type::default() });
            vec![add(types, &map.key)?, add(types, &map.value)?]
        }
        flat => {
            types.push(flat_type(flat)?);
            Vec::new()
        }
    };
    types[place].subtypes = inner;
    number(place)
}

fn number(place: usize) -> Result<u32> {
    u32::try_from(place).map_err(Error::internal)
}

fn flat_type(data_type: &DataType) -> Result<Type> {
    let plain = |kind: u32| Type { kind: Some(kind), ..Type::default() };
    let named = |kind: u32| {
        let name = StringPair { key: Some(SPARK_TYPE.to_owned()), value: Some(spark_name(data_type)) };
        Type { kind: Some(kind), attributes: vec![name], ..Type::default() }
    };
    Ok(match data_type {
        DataType::Boolean => plain(kind::BOOLEAN),
        DataType::Byte => plain(kind::BYTE),
        DataType::Short => plain(kind::SHORT),
        DataType::Integer => plain(kind::INT),
        DataType::Long => plain(kind::LONG),
        DataType::Float => plain(kind::FLOAT),
        DataType::Double => plain(kind::DOUBLE),
        DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. } => named(kind::STRING),
        DataType::Binary => plain(kind::BINARY),
        DataType::Date => plain(kind::DATE),
        DataType::Timestamp => named(kind::TIMESTAMP),
        DataType::TimestampNtz | DataType::DayTimeInterval { .. } | DataType::Time { .. } => named(kind::LONG),
        DataType::YearMonthInterval { .. } => named(kind::INT),
        DataType::Decimal { precision, scale } => Type {
            precision: Some(u32::from(*precision)),
            scale: Some(u32::try_from(*scale).unwrap_or(0)),
            ..plain(kind::DECIMAL)
        },
        other => return Err(Error::unsupported(format!("writing {} to ORC", other.sql()))),
    })
}

/// As Spark's `typeName` has it: one field of an interval stands alone.
fn spark_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Char { .. } | DataType::VarChar { .. } => "string".to_owned(),
        other => other.sql().to_lowercase(),
    }
}

/// The columns of a file.
pub fn to_columns(types: &[Type]) -> Result<Vec<StructField>, String> {
    match from(types, 0, 0)? {
        DataType::Struct(structure) => Ok(structure.fields.to_vec()),
        _ => Err("its rows are no structs".to_owned()),
    }
}

fn from(types: &[Type], place: u32, depth: usize) -> Result<DataType, String> {
    let found = types.get(place as usize).filter(|_| depth < MAX_DEPTH).ok_or("its types are damaged")?;
    let inner = |at: usize| {
        let place = found.subtypes.get(at).filter(|inner| **inner > place).ok_or("its types are damaged")?;
        from(types, *place, depth + 1)
    };
    let named = found.attributes.iter().find(|pair| pair.key.as_deref() == Some(SPARK_TYPE));
    if let Some(known) = named.and_then(|pair| pair.value.as_deref()).and_then(|text| parse_data_type(text).ok()) {
        return Ok(known);
    }
    Ok(match found.kind.unwrap_or(u32::MAX) {
        kind::BOOLEAN => DataType::Boolean,
        kind::BYTE => DataType::Byte,
        kind::SHORT => DataType::Short,
        kind::INT => DataType::Integer,
        kind::LONG => DataType::Long,
        kind::FLOAT => DataType::Float,
        kind::DOUBLE => DataType::Double,
        kind::STRING | kind::VARCHAR | kind::CHAR => DataType::STRING,
        kind::BINARY => DataType::Binary,
        kind::TIMESTAMP | kind::TIMESTAMP_INSTANT => DataType::Timestamp,
        kind::DATE => DataType::Date,
        kind::DECIMAL => DataType::Decimal {
            precision: found.precision.and_then(|digits| u8::try_from(digits).ok()).unwrap_or(38),
            scale: found.scale.and_then(|digits| i8::try_from(digits).ok()).unwrap_or(18),
        },
        kind::LIST => DataType::array(inner(0)?, true),
        kind::MAP => DataType::map(inner(0)?, inner(1)?, true),
        kind::STRUCT => {
            let field = |(at, name): (usize, &String)| Ok(StructField::new(name.as_str(), inner(at)?, true));
            let fields = found.field_names.iter().enumerate().map(field).collect::<Result<Vec<_>, String>>()?;
            DataType::structure(fields)
        }
        other => return Err(format!("it has values of the type {other}, which Spark has not")),
    })
}
