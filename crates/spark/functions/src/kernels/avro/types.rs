//! Spark's types of Avro's schemas, and back.

use hearth_base::Result;
use hearth_types::ddl::parse_data_type;
use hearth_types::{DataType, StructField};

use super::refused;
use super::schema::{Field, Logical, Schema, Shape};

/// The members of a union that is a struct in Spark: how their fields are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Members {
    /// `member0`
    Numbered,
    /// `member_string`
    Named,
}

/// Spark's type of a schema, and whether values may be NULL.
pub fn of_schema(schema: &Schema, members: Members) -> Result<(DataType, bool)> {
    let data_type = match (&schema.shape, &schema.logical) {
        (Shape::Int | Shape::Long, Logical::Spark(name)) => parse_data_type(name)?,
        (Shape::Int, Logical::Date) => DataType::Date,
        (Shape::Int, _) => DataType::Integer,
        (Shape::Long, Logical::TimestampMillis | Logical::TimestampMicros) => DataType::Timestamp,
        (Shape::Long, Logical::LocalMillis | Logical::LocalMicros) => DataType::TimestampNtz,
        (Shape::Long, _) => DataType::Long,
        (Shape::Bytes | Shape::Fixed(_), Logical::Decimal { precision, scale }) => {
            DataType::Decimal { precision: *precision, scale: *scale }
        }
        (Shape::Bytes | Shape::Fixed(_), _) => DataType::Binary,
        (Shape::Null, _) => return Ok((DataType::Null, true)),
        (Shape::Boolean, _) => DataType::Boolean,
        (Shape::Float, _) => DataType::Float,
        (Shape::Double, _) => DataType::Double,
        (Shape::Text | Shape::Enumeration(_), _) => DataType::STRING,
        (Shape::Array(items), _) => {
            let (element, nullable) = of_schema(items, members)?;
            DataType::array(element, nullable)
        }
        (Shape::Map(values), _) => {
            let (value, nullable) = of_schema(values, members)?;
            DataType::map(DataType::STRING, value, nullable)
        }
        (Shape::Record(fields), _) => {
            let field = |field: &Field| {
                let (data_type, nullable) = of_schema(&field.schema, members)?;
                Ok(StructField::new(field.name.as_str(), data_type, nullable))
            };
            DataType::structure(fields.iter().map(field).collect::<Result<Vec<_>>>()?)
        }
        (Shape::Union(branches), _) => return of_union(branches, members),
    };
    Ok((data_type, false))
}

fn of_union(branches: &[Schema], members: Members) -> Result<(DataType, bool)> {
    let nullable = branches.iter().any(|branch| branch.shape == Shape::Null);
    let known: Vec<&Schema> = branches.iter().filter(|branch| branch.shape != Shape::Null).collect();
    let data_type = match known.as_slice() {
        [] => DataType::Null,
        [one] => of_schema(one, members)?.0,
        [first, second] if merged(first, second).is_some() => merged(first, second).unwrap_or(DataType::Null),
        several => {
            let mut fields = Vec::with_capacity(several.len());
            for (place, branch) in several.iter().enumerate() {
                let name = match members {
                    Members::Numbered => format!("member{place}"),
                    Members::Named => format!("member_{}", branch.simple_name().to_lowercase()),
                };
                fields.push(StructField::new(name.as_str(), of_schema(branch, members)?.0, true));
            }
            DataType::structure(fields)
        }
    };
    Ok((data_type, nullable))
}

/// Two numbers that are one type in Spark.
pub fn merged(first: &Schema, second: &Schema) -> Option<DataType> {
    match (&first.shape, &second.shape) {
        (Shape::Int, Shape::Long) | (Shape::Long, Shape::Int) => Some(DataType::Long),
        (Shape::Float, Shape::Double) | (Shape::Double, Shape::Float) => Some(DataType::Double),
        _ => None,
    }
}

/// The schema in which Spark writes a type when none is given.
pub fn to_schema(data_type: &DataType, nullable: bool, name: &str, space: &str) -> Result<Schema> {
    let within = if space.is_empty() { name.to_owned() } else { format!("{space}.{name}") };
    let schema = match data_type {
        DataType::Null => return Ok(Schema::plain(Shape::Null)),
        DataType::Boolean => Schema::plain(Shape::Boolean),
        DataType::Byte | DataType::Short | DataType::Integer | DataType::YearMonthInterval { .. } => {
            Schema::plain(Shape::Int)
        }
        DataType::Long | DataType::DayTimeInterval { .. } | DataType::Time { .. } => Schema::plain(Shape::Long),
        DataType::Float => Schema::plain(Shape::Float),
        DataType::Double => Schema::plain(Shape::Double),
        DataType::Binary => Schema::plain(Shape::Bytes),
        DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. } => Schema::plain(Shape::Text),
        DataType::Date => Schema::plain(Shape::Int).with(Logical::Date),
        DataType::Timestamp => Schema::plain(Shape::Long).with(Logical::TimestampMicros),
        DataType::TimestampNtz => Schema::plain(Shape::Long).with(Logical::LocalMicros),
        DataType::Decimal { precision, scale } => Schema {
            shape: Shape::Fixed(bytes_of(*precision)),
            logical: Logical::Decimal { precision: *precision, scale: *scale },
            name: format!("{within}.fixed"),
        },
        DataType::Array(array) => {
            Schema::plain(Shape::Array(Box::new(to_schema(&array.element, array.contains_null, name, space)?)))
        }
        DataType::Map(map) if map.key.is_string() => {
            Schema::plain(Shape::Map(Box::new(to_schema(&map.value, map.value_contains_null, name, space)?)))
        }
        DataType::Struct(structure) => {
            let field = |field: &StructField| {
                let schema = to_schema(&field.data_type, field.nullable, &field.name, &within)?;
                Ok(Field { name: field.name.to_string(), schema, default: None })
            };
            let fields = structure.fields.iter().map(field).collect::<Result<_>>()?;
            Schema { shape: Shape::Record(fields), logical: Logical::None, name: within }
        }
        DataType::Udt(udt) => return to_schema(&udt.sql_type, nullable, name, space),
        other => return Err(refused(format!("Unexpected type {}.", other.sql()))),
    };
    Ok(if nullable { Schema::plain(Shape::Union(vec![schema, Schema::plain(Shape::Null)])) } else { schema })
}

/// The fewest bytes that hold all numbers of so many digits.
fn bytes_of(precision: u8) -> usize {
    let largest = 10_i128.pow(u32::from(precision.min(38))) - 1;
    (1..16).find(|bytes| largest < 1_i128 << (8 * bytes - 1)).unwrap_or(16)
}
