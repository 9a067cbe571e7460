//! `Value`: one constant of a Spark type, as a literal in a plan or a parameter of a statement carries it.

use std::sync::Arc;

use crate::data_type::{DataType, DayTimeField, StructField, YearMonthField};

/// A constant. Equality is structural (`NaN` differs from itself, as in IEEE).
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null(DataType),
    Boolean(bool),
    Byte(i8),
    Short(i16),
    Integer(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    /// `unscaled * 10^-scale`.
    Decimal {
        unscaled: i128,
        precision: u8,
        scale: i8,
    },
    String(Arc<str>),
    Binary(Arc<[u8]>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since the epoch.
    Timestamp(i64),
    /// Microseconds of a wall clock.
    TimestampNtz(i64),
    /// Nanoseconds of the day.
    Time {
        nanos: i64,
        precision: u8,
    },
    CalendarInterval {
        months: i32,
        days: i32,
        microseconds: i64,
    },
    YearMonthInterval {
        months: i32,
        start: YearMonthField,
        end: YearMonthField,
    },
    DayTimeInterval {
        microseconds: i64,
        start: DayTimeField,
        end: DayTimeField,
    },
    Array {
        element_type: DataType,
        elements: Vec<Value>,
    },
    Map {
        key_type: DataType,
        value_type: DataType,
        entries: Vec<(Value, Value)>,
    },
    Struct {
        fields: Arc<[StructField]>,
        values: Vec<Value>,
    },
}

impl Value {
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null(_))
    }

    /// The Spark type of this constant.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Null(data_type) => data_type.clone(),
            Self::Boolean(_) => DataType::Boolean,
            Self::Byte(_) => DataType::Byte,
            Self::Short(_) => DataType::Short,
            Self::Integer(_) => DataType::Integer,
            Self::Long(_) => DataType::Long,
            Self::Float(_) => DataType::Float,
            Self::Double(_) => DataType::Double,
            Self::Decimal { precision, scale, .. } => DataType::Decimal { precision: *precision, scale: *scale },
            Self::String(_) => DataType::STRING,
            Self::Binary(_) => DataType::Binary,
            Self::Date(_) => DataType::Date,
            Self::Timestamp(_) => DataType::Timestamp,
            Self::TimestampNtz(_) => DataType::TimestampNtz,
            Self::Time { precision, .. } => DataType::Time { precision: *precision },
            Self::CalendarInterval { .. } => DataType::CalendarInterval,
            Self::YearMonthInterval { start, end, .. } => DataType::YearMonthInterval { start: *start, end: *end },
            Self::DayTimeInterval { start, end, .. } => DataType::DayTimeInterval { start: *start, end: *end },
            Self::Array { element_type, elements } => {
                DataType::array(element_type.clone(), elements.iter().any(Value::is_null))
            }
            Self::Map { key_type, value_type, entries } => {
                DataType::map(key_type.clone(), value_type.clone(), entries.iter().any(|(_, value)| value.is_null()))
            }
            Self::Struct { fields, .. } => DataType::structure(fields.iter().cloned()),
        }
    }
}
