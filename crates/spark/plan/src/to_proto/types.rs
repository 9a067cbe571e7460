//! Data types onto the wire, as Spark's `DataTypeProtoConverter` writes them. The way back is `from_proto`.

use hearth_proto::connect as pb;
use hearth_proto::connect::data_type::{self as wire, Kind};
use hearth_types::{ArrayType, DataType, MapType, StructField, StructType, UdtType};

const STACK_RED_ZONE: usize = 128 << 10;
const STACK_STEP: usize = 4 << 20;

/// The message of a type.
pub fn data_type(data_type: &DataType) -> pb::DataType {
    pb::DataType { kind: Some(stacker::maybe_grow(STACK_RED_ZONE, STACK_STEP, || kind(data_type))) }
}

fn kind(data_type: &DataType) -> Kind {
    match data_type {
        DataType::Null => Kind::Null(wire::Null::default()),
        DataType::Boolean => Kind::Boolean(wire::Boolean::default()),
        DataType::Byte => Kind::Byte(wire::Byte::default()),
        DataType::Short => Kind::Short(wire::Short::default()),
        DataType::Integer => Kind::Integer(wire::Integer::default()),
        DataType::Long => Kind::Long(wire::Long::default()),
        DataType::Float => Kind::Float(wire::Float::default()),
        DataType::Double => Kind::Double(wire::Double::default()),
        DataType::Decimal { precision, scale } => decimal(*precision, *scale),
        DataType::String { collation } => string(collation.as_deref()),
        DataType::Char { length } => Kind::Char(wire::Char { length: length.cast_signed(), ..Default::default() }),
        DataType::VarChar { length } => {
            Kind::VarChar(wire::VarChar { length: length.cast_signed(), ..Default::default() })
        }
        DataType::Binary => Kind::Binary(wire::Binary::default()),
        DataType::Date => Kind::Date(wire::Date::default()),
        DataType::Timestamp => Kind::Timestamp(wire::Timestamp::default()),
        DataType::TimestampNtz => Kind::TimestampNtz(wire::TimestampNtz::default()),
        DataType::Time { precision } => {
            Kind::Time(wire::Time { precision: Some(i32::from(*precision)), ..Default::default() })
        }
        DataType::CalendarInterval => Kind::CalendarInterval(wire::CalendarInterval::default()),
        DataType::YearMonthInterval { start, end } => year_month(*start as i32, *end as i32),
        DataType::DayTimeInterval { start, end } => day_time(*start as i32, *end as i32),
        DataType::Array(array) => array_kind(array),
        DataType::Map(map) => map_kind(map),
        DataType::Struct(structure) => struct_kind(structure),
        DataType::Variant => Kind::Variant(wire::Variant::default()),
        DataType::Geometry { srid } => Kind::Geometry(wire::Geometry { srid: *srid, ..Default::default() }),
        DataType::Geography { srid } => Kind::Geography(wire::Geography { srid: *srid, ..Default::default() }),
        DataType::Udt(udt) => udt_kind(udt),
    }
}

fn decimal(precision: u8, scale: i8) -> Kind {
    let (precision, scale) = (Some(i32::from(precision)), Some(i32::from(scale)));
    Kind::Decimal(wire::Decimal { precision, scale, ..Default::default() })
}

/// The default collation is left out.
fn string(collation: Option<&str>) -> Kind {
    let collation = collation.unwrap_or_default().to_owned();
    Kind::String(wire::String { collation, ..Default::default() })
}

fn year_month(start: i32, end: i32) -> Kind {
    Kind::YearMonthInterval(wire::YearMonthInterval {
        start_field: Some(start),
        end_field: Some(end),
        ..Default::default()
    })
}

fn day_time(start: i32, end: i32) -> Kind {
    Kind::DayTimeInterval(wire::DayTimeInterval {
        start_field: Some(start),
        end_field: Some(end),
        ..Default::default()
    })
}

fn boxed(inner: &DataType) -> Option<Box<pb::DataType>> {
    Some(Box::new(data_type(inner)))
}

fn array_kind(array: &ArrayType) -> Kind {
    let (element_type, contains_null) = (boxed(&array.element), array.contains_null);
    Kind::Array(Box::new(wire::Array { element_type, contains_null, ..Default::default() }))
}

fn map_kind(map: &MapType) -> Kind {
    Kind::Map(Box::new(wire::Map {
        key_type: boxed(&map.key),
        value_type: boxed(&map.value),
        value_contains_null: map.value_contains_null,
        ..Default::default()
    }))
}

fn struct_kind(structure: &StructType) -> Kind {
    let fields = structure.fields.iter().map(field).collect();
    Kind::Struct(wire::Struct { fields, ..Default::default() })
}

fn field(field: &StructField) -> wire::StructField {
    wire::StructField {
        name: field.name.to_string(),
        data_type: Some(data_type(&field.data_type)),
        nullable: field.nullable,
        metadata: field.metadata.as_deref().map(str::to_owned),
    }
}

fn udt_kind(udt: &UdtType) -> Kind {
    let text = |field: &Option<std::sync::Arc<str>>| field.as_deref().map(str::to_owned);
    Kind::Udt(Box::new(wire::Udt {
        r#type: "udt".to_owned(),
        jvm_class: text(&udt.jvm_class),
        python_class: text(&udt.python_class),
        serialized_python_class: text(&udt.serialized_python_class),
        sql_type: if udt.sql_type == DataType::Null { None } else { boxed(&udt.sql_type) },
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::sync::Arc;

    use hearth_types::{DayTimeField, YearMonthField};

    use super::*;
    use crate::from_proto;

    #[test]
    fn types_come_back_as_they_went() {
        let metadata = Some(Arc::from(r#"{"comment":"x"}"#));
        let scalar = [
            DataType::Null,
            DataType::Boolean,
            DataType::Byte,
            DataType::Short,
            DataType::Integer,
            DataType::Long,
            DataType::Float,
            DataType::Double,
            DataType::Decimal { precision: 38, scale: 18 },
            DataType::STRING,
            DataType::String { collation: Some("UNICODE_CI".into()) },
            DataType::Char { length: 3 },
            DataType::VarChar { length: 7 },
            DataType::Binary,
            DataType::Date,
            DataType::Timestamp,
            DataType::TimestampNtz,
            DataType::Time { precision: 3 },
            DataType::CalendarInterval,
            DataType::YEAR_MONTH,
            DataType::YearMonthInterval { start: YearMonthField::Month, end: YearMonthField::Month },
            DataType::DAY_TIME,
            DataType::DayTimeInterval { start: DayTimeField::Hour, end: DayTimeField::Minute },
            DataType::Variant,
            DataType::Geometry { srid: 4326 },
            DataType::Geography { srid: 4326 },
        ];
        let fields = scalar.iter().enumerate().map(|(index, scalar)| StructField {
            name: format!("f{index}").into(),
            data_type: scalar.clone(),
            nullable: index % 2 == 0,
            metadata: metadata.clone().filter(|_| index % 3 == 0),
        });
        let nested = DataType::structure(fields.collect::<Vec<_>>());
        let udt = DataType::Udt(Arc::new(UdtType {
            jvm_class: None,
            python_class: Some("m.Point".into()),
            serialized_python_class: Some("gASV".into()),
            sql_type: DataType::array(DataType::Double, false),
        }));
        let all = DataType::map(
            DataType::STRING,
            DataType::array(
                DataType::structure([StructField::new("nested", nested, true), StructField::new("udt", udt, false)]),
                true,
            ),
            false,
        );
        assert_eq!(from_proto::data_type(data_type(&all)).unwrap(), all);
    }

    #[test]
    fn a_type_of_sparks_own_classes_has_no_storage() {
        let udt = wire::Udt {
            r#type: "udt".to_owned(),
            jvm_class: Some("org.apache.spark.ml.linalg.VectorUDT".to_owned()),
            python_class: Some("pyspark.ml.linalg.VectorUDT".to_owned()),
            ..wire::Udt::default()
        };
        let told = pb::DataType { kind: Some(Kind::Udt(Box::new(udt))) };
        assert_eq!(data_type(&from_proto::data_type(told.clone()).unwrap()), told);
    }

    #[test]
    fn deep_types_need_no_deep_stack() {
        let deep = (0..1000).fold(DataType::Long, |inner, _| DataType::array(inner, true));
        assert_eq!(from_proto::data_type(data_type(&deep)).unwrap(), deep);
    }
}
