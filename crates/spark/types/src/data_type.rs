//! `DataType`: the closed set of Spark 4.2's types.
//!
//! Source: `org.apache.spark.sql.types`. Nullability of array elements and map values belongs to the type, as in Spark.
//! `Char` and `VarChar` keep their length here; in values they are strings.

use std::sync::Arc;

/// Widest decimal, `DecimalType.MAX_PRECISION`.
pub const MAX_DECIMAL_PRECISION: u8 = 38;

/// A Spark type. Cheap to clone: nested parts are shared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DataType {
    /// `void`: the type of a bare NULL.
    Null,
    Boolean,
    Byte,
    Short,
    Integer,
    Long,
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: i8,
    },
    /// `string`, optionally `collate NAME`. `None` is `UTF8_BINARY`.
    String {
        collation: Option<Arc<str>>,
    },
    Char {
        length: u32,
    },
    VarChar {
        length: u32,
    },
    Binary,
    /// Days since 1970-01-01, proleptic Gregorian.
    Date,
    /// Microseconds since the epoch, an instant; shown in the session time zone.
    Timestamp,
    /// Microseconds of a wall clock without a zone.
    TimestampNtz,
    /// Nanoseconds of the day, shown with `precision` fractional digits (0 to 6).
    Time {
        precision: u8,
    },
    /// Months, days and microseconds.
    CalendarInterval,
    /// Months.
    YearMonthInterval {
        start: YearMonthField,
        end: YearMonthField,
    },
    /// Microseconds.
    DayTimeInterval {
        start: DayTimeField,
        end: DayTimeField,
    },
    Array(Arc<ArrayType>),
    Map(Arc<MapType>),
    Struct(StructType),
    Variant,
    Geometry {
        srid: i32,
    },
    Geography {
        srid: i32,
    },
    Udt(Arc<UdtType>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArrayType {
    pub element: DataType,
    pub contains_null: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MapType {
    pub key: DataType,
    pub value: DataType,
    pub value_contains_null: bool,
}

/// Ordered fields; names may repeat, as in Spark.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct StructType {
    pub fields: Arc<[StructField]>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StructField {
    pub name: Arc<str>,
    pub data_type: DataType,
    pub nullable: bool,
    /// A JSON object, or `None` for the empty one.
    pub metadata: Option<Arc<str>>,
}

/// A user-defined type: its storage type and the classes that a client uses to read it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UdtType {
    pub jvm_class: Option<Arc<str>>,
    pub python_class: Option<Arc<str>>,
    pub serialized_python_class: Option<Arc<str>>,
    pub sql_type: DataType,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum YearMonthField {
    Year = 0,
    Month = 1,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DayTimeField {
    Day = 0,
    Hour = 1,
    Minute = 2,
    Second = 3,
}

impl DataType {
    /// Plain `string`.
    pub const STRING: Self = Self::String { collation: None };
    /// `decimal(10,0)`, what a bare `decimal` means (`DecimalType.USER_DEFAULT`).
    pub const DECIMAL_DEFAULT: Self = Self::Decimal { precision: 10, scale: 0 };
    /// `interval year to month`.
    pub const YEAR_MONTH: Self = Self::YearMonthInterval { start: YearMonthField::Year, end: YearMonthField::Month };
    /// `interval day to second`.
    pub const DAY_TIME: Self = Self::DayTimeInterval { start: DayTimeField::Day, end: DayTimeField::Second };

    pub fn array(element: Self, contains_null: bool) -> Self {
        Self::Array(Arc::new(ArrayType { element, contains_null }))
    }

    pub fn map(key: Self, value: Self, value_contains_null: bool) -> Self {
        Self::Map(Arc::new(MapType { key, value, value_contains_null }))
    }

    pub fn structure(fields: impl IntoIterator<Item = StructField>) -> Self {
        Self::Struct(StructType::new(fields))
    }

    pub fn is_integral(&self) -> bool {
        matches!(self, Self::Byte | Self::Short | Self::Integer | Self::Long)
    }

    pub fn is_numeric(&self) -> bool {
        self.is_integral() || matches!(self, Self::Float | Self::Double | Self::Decimal { .. })
    }

    /// `string`, `char(n)` and `varchar(n)`: all are strings as values.
    pub fn is_string(&self) -> bool {
        matches!(self, Self::String { .. } | Self::Char { .. } | Self::VarChar { .. })
    }

    pub fn is_datetime(&self) -> bool {
        matches!(self, Self::Date | Self::Timestamp | Self::TimestampNtz)
    }

    pub fn is_interval(&self) -> bool {
        matches!(self, Self::CalendarInterval | Self::YearMonthInterval { .. } | Self::DayTimeInterval { .. })
    }

    /// The type with NULLs everywhere in it, as files and tables have it.
    pub fn as_nullable(&self) -> Self {
        match self {
            Self::Array(array) => Self::array(array.element.as_nullable(), true),
            Self::Map(map) => Self::map(map.key.as_nullable(), map.value.as_nullable(), true),
            Self::Struct(structure) => Self::Struct(structure.as_nullable()),
            other => other.clone(),
        }
    }

    /// Array, map, struct: types made of other types.
    pub fn is_nested(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Map(_) | Self::Struct(_))
    }
}

impl StructType {
    pub fn new(fields: impl IntoIterator<Item = StructField>) -> Self {
        Self { fields: fields.into_iter().collect() }
    }

    /// As [`DataType::as_nullable`].
    pub fn as_nullable(&self) -> Self {
        Self::new(self.fields.iter().map(StructField::as_nullable))
    }
}

impl StructField {
    pub fn new(name: impl Into<Arc<str>>, data_type: DataType, nullable: bool) -> Self {
        Self { name: name.into(), data_type, nullable, metadata: None }
    }

    /// As [`DataType::as_nullable`], and NULL itself.
    pub fn as_nullable(&self) -> Self {
        Self { nullable: true, data_type: self.data_type.as_nullable(), ..self.clone() }
    }
}
