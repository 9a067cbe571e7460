//! A column of a stripe: its streams, and those of the columns in it.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::{filter, is_not_null};
use datafusion::arrow::datatypes::{
    Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalYearMonthType, Time64NanosecondType, TimestampMicrosecondType,
};
use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::calendar;
use super::integers::{Integers, put_varint};
use super::messages::StreamKind;
use super::runs::{self, Bits};
use super::statistics::{Statistics, Values};

/// Seconds from 1970 to the start of 2015, where ORC counts timestamps from.
const TIMESTAMP_BASE_SECONDS: i64 = 1_420_070_400;
const DIRECT: u32 = 0;
const DIRECT_V2: u32 = 2;

#[derive(Debug)]
pub struct Column {
    present: Bits,
    statistics: Statistics,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Boolean(Bits),
    Byte(Vec<u8>),
    /// With how an array of them is read.
    Integer(Integers, Whole),
    Float(Vec<u8>),
    Double(Vec<u8>),
    Text {
        data: Vec<u8>,
        lengths: Integers,
    },
    Binary {
        data: Vec<u8>,
        lengths: Integers,
    },
    Timestamp {
        seconds: Integers,
        nanos: Integers,
    },
    Decimal {
        data: Vec<u8>,
        scales: Integers,
        scale: i64,
    },
    Struct(Vec<Column>),
    List {
        lengths: Integers,
        element: Box<Column>,
    },
    Map {
        lengths: Integers,
        key: Box<Column>,
        value: Box<Column>,
    },
}

/// The forms of whole numbers in memory.
#[derive(Debug, Clone, Copy)]
enum Whole {
    Short,
    Int,
    Long,
    Date,
    Months,
    Micros,
    Ntz,
    Time,
}

/// A stream of a column, by the column's number.
pub struct Filled {
    pub column: u32,
    pub kind: StreamKind,
    pub bytes: Vec<u8>,
}

impl Column {
    pub fn new(data_type: &DataType) -> Result<Self> {
        let whole = |kind| Body::Integer(Integers::new(true), kind);
        let integers = Values::Integers(None, Some(0));
        let (body, values) = match data_type {
            DataType::Boolean => (Body::Boolean(Bits::default()), Values::Booleans { set: 0 }),
            DataType::Byte => (Body::Byte(Vec::new()), integers),
            DataType::Short => (whole(Whole::Short), integers),
            DataType::Integer => (whole(Whole::Int), integers),
            DataType::Long => (whole(Whole::Long), integers),
            DataType::YearMonthInterval { .. } => (whole(Whole::Months), integers),
            DataType::DayTimeInterval { .. } => (whole(Whole::Micros), integers),
            DataType::TimestampNtz => (whole(Whole::Ntz), integers),
            DataType::Time { .. } => (whole(Whole::Time), integers),
            DataType::Date => (whole(Whole::Date), Values::Dates(None)),
            DataType::Float => (Body::Float(Vec::new()), Values::Doubles(None)),
            DataType::Double => (Body::Double(Vec::new()), Values::Doubles(None)),
            DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. } => {
                (Body::Text { data: Vec::new(), lengths: Integers::new(false) }, Values::Texts(None, 0))
            }
            DataType::Binary => (Body::Binary { data: Vec::new(), lengths: Integers::new(false) }, Values::Bytes(0)),
            DataType::Timestamp => (
                Body::Timestamp { seconds: Integers::new(true), nanos: Integers::new(false) },
                Values::Timestamps(None),
            ),
            DataType::Decimal { scale, .. } => (
                Body::Decimal { data: Vec::new(), scales: Integers::new(true), scale: i64::from(*scale) },
                Values::Decimals(None, u32::try_from(*scale).unwrap_or(0)),
            ),
            DataType::Array(array) => {
                let element = Box::new(Self::new(&array.element)?);
                (Body::List { lengths: Integers::new(false), element }, Values::None)
            }
            DataType::Map(map) => {
                let (key, value) = (Box::new(Self::new(&map.key)?), Box::new(Self::new(&map.value)?));
                (Body::Map { lengths: Integers::new(false), key, value }, Values::None)
            }
            DataType::Struct(structure) => {
                let fields = structure.fields.iter().map(|field| Self::new(&field.data_type));
                (Body::Struct(fields.collect::<Result<_>>()?), Values::None)
            }
            DataType::Udt(udt) => return Self::new(&udt.sql_type),
            other => return Err(Error::unsupported(format!("writing {} to ORC", other.sql()))),
        };
        Ok(Self { present: Bits::default(), statistics: Statistics::new(values), body })
    }

    /// Adds values in the engine's form; those of rows that do not exist are not among them.
    pub fn write(&mut self, array: &ArrayRef) -> Result<()> {
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        let dense = match &nulls {
            Some(nulls) => {
                nulls.iter().for_each(|is_there| self.present.push(is_there));
                let known = is_not_null(array).map_err(Error::internal)?;
                filter(array, &known).map_err(Error::internal)?
            }
            None => {
                (0..array.len()).for_each(|_| self.present.push(true));
                Arc::clone(array)
            }
        };
        self.statistics.values += dense.len() as u64;
        self.statistics.has_null |= nulls.is_some();
        self.write_values(&dense)
    }

    fn write_values(&mut self, array: &ArrayRef) -> Result<()> {
        let seen = &mut self.statistics.of;
        match &mut self.body {
            Body::Boolean(bits) => array.as_boolean().values().iter().for_each(|bit| {
                bits.push(bit);
                if let Values::Booleans { set } = seen {
                    *set += u64::from(bit);
                }
            }),
            Body::Byte(data) => array.as_primitive::<Int8Type>().values().iter().for_each(|value| {
                data.push(value.cast_unsigned());
                seen.add_integer(i64::from(*value));
            }),
            Body::Integer(integers, whole) => whole.each(array, &mut |value| {
                integers.push(value);
                seen.add_integer(value);
            }),
            Body::Float(data) => array.as_primitive::<Float32Type>().values().iter().for_each(|value| {
                data.extend_from_slice(&value.to_le_bytes());
                seen.add_double(f64::from(*value));
            }),
            Body::Double(data) => array.as_primitive::<Float64Type>().values().iter().for_each(|value| {
                data.extend_from_slice(&value.to_le_bytes());
                seen.add_double(*value);
            }),
            Body::Text { data, lengths } => array.as_string::<i32>().iter().flatten().for_each(|value| {
                data.extend_from_slice(value.as_bytes());
                lengths.push(length(value.len()));
                seen.add_text(value);
            }),
            Body::Binary { data, lengths } => array.as_binary::<i32>().iter().flatten().for_each(|value| {
                data.extend_from_slice(value);
                lengths.push(length(value.len()));
                if let Values::Bytes(sum) = seen {
                    *sum += length(value.len());
                }
            }),
            Body::Timestamp { seconds, nanos } => {
                for micros in array.as_primitive::<TimestampMicrosecondType>().values() {
                    let micros = calendar::micros_to_hybrid(*micros);
                    let (second, nano) = timestamp(micros);
                    seconds.push(second - TIMESTAMP_BASE_SECONDS);
                    nanos.push(nano);
                    seen.add_integer(micros);
                }
            }
            Body::Decimal { data, scales, scale } => {
                for value in array.as_primitive::<Decimal128Type>().values() {
                    put_varint(data, ((value << 1) ^ (value >> 127)).cast_unsigned());
                    scales.push(*scale);
                    seen.add_decimal(*value);
                }
            }
            Body::Struct(columns) => {
                for (column, values) in columns.iter_mut().zip(array.as_struct().columns()) {
                    column.write(values)?;
                }
            }
            Body::List { lengths, element } => {
                let list = array.as_list::<i32>();
                let (start, end) = spread(list.value_offsets(), lengths);
                element.write(&list.values().slice(start, end - start))?;
            }
            Body::Map { lengths, key, value } => {
                let map = array.as_map();
                let (start, end) = spread(map.value_offsets(), lengths);
                key.write(&map.keys().slice(start, end - start))?;
                value.write(&map.values().slice(start, end - start))?;
            }
        }
        Ok(())
    }

    pub fn memory(&self) -> usize {
        let held = match &self.body {
            Body::Boolean(bits) => bits.memory(),
            Body::Byte(data) | Body::Float(data) | Body::Double(data) => data.len(),
            Body::Integer(integers, _) => integers.memory(),
            Body::Text { data, lengths } | Body::Binary { data, lengths } => data.len() + lengths.memory(),
            Body::Timestamp { seconds, nanos } => seconds.memory() + nanos.memory(),
            Body::Decimal { data, scales, .. } => data.len() + scales.memory(),
            Body::Struct(columns) => columns.iter().map(Self::memory).sum(),
            Body::List { lengths, element } => lengths.memory() + element.memory(),
            Body::Map { lengths, key, value } => lengths.memory() + key.memory() + value.memory(),
        };
        held + self.present.memory()
    }

    /// The streams and statistics since the last time, numbered from `next`, in the order of the file's types.
    pub fn take(&mut self, next: &mut u32, streams: &mut Vec<Filled>, told: &mut Vec<Statistics>) {
        let column = *next;
        *next += 1;
        told.push(self.statistics.take());
        let mut put = |kind: StreamKind, bytes: Vec<u8>| streams.push(Filled { column, kind, bytes });
        if self.present.unset > 0 {
            put(StreamKind::Present, self.present.take());
        } else {
            self.present = Bits::default();
        }
        match &mut self.body {
            Body::Boolean(bits) => put(StreamKind::Data, bits.take()),
            Body::Byte(data) => put(StreamKind::Data, runs::of_bytes(&std::mem::take(data))),
            Body::Float(data) | Body::Double(data) => put(StreamKind::Data, std::mem::take(data)),
            Body::Integer(integers, _) => put(StreamKind::Data, integers.take()),
            Body::Text { data, lengths } | Body::Binary { data, lengths } => {
                put(StreamKind::Data, std::mem::take(data));
                put(StreamKind::Length, lengths.take());
            }
            Body::Timestamp { seconds, nanos } => {
                put(StreamKind::Data, seconds.take());
                put(StreamKind::Secondary, nanos.take());
            }
            Body::Decimal { data, scales, .. } => {
                put(StreamKind::Data, std::mem::take(data));
                put(StreamKind::Secondary, scales.take());
            }
            Body::Struct(columns) => columns.iter_mut().for_each(|column| column.take(next, streams, told)),
            Body::List { lengths, element } => {
                put(StreamKind::Length, lengths.take());
                element.take(next, streams, told);
            }
            Body::Map { lengths, key, value } => {
                put(StreamKind::Length, lengths.take());
                key.take(next, streams, told);
                value.take(next, streams, told);
            }
        }
    }

    /// How this column and those in it are encoded.
    pub fn encodings(&self, out: &mut Vec<u32>) {
        match &self.body {
            Body::Boolean(_) | Body::Byte(_) | Body::Float(_) | Body::Double(_) => out.push(DIRECT),
            Body::Integer(..)
            | Body::Text { .. }
            | Body::Binary { .. }
            | Body::Timestamp { .. }
            | Body::Decimal { .. } => out.push(DIRECT_V2),
            Body::Struct(columns) => {
                out.push(DIRECT);
                columns.iter().for_each(|column| column.encodings(out));
            }
            Body::List { element, .. } => {
                out.push(DIRECT_V2);
                element.encodings(out);
            }
            Body::Map { key, value, .. } => {
                out.push(DIRECT_V2);
                key.encodings(out);
                value.encodings(out);
            }
        }
    }
}

impl Whole {
    fn each(self, array: &ArrayRef, take: &mut dyn FnMut(i64)) {
        match self {
            Self::Short => array.as_primitive::<Int16Type>().values().iter().for_each(|value| take(i64::from(*value))),
            Self::Int => array.as_primitive::<Int32Type>().values().iter().for_each(|value| take(i64::from(*value))),
            Self::Long => array.as_primitive::<Int64Type>().values().iter().for_each(|value| take(*value)),
            Self::Date => {
                let days = array.as_primitive::<Date32Type>().values().iter();
                days.for_each(|day| take(i64::from(calendar::day_to_hybrid(*day))));
            }
            Self::Months => {
                let months = array.as_primitive::<IntervalYearMonthType>().values().iter();
                months.for_each(|value| take(i64::from(*value)));
            }
            Self::Micros => {
                array.as_primitive::<DurationMicrosecondType>().values().iter().for_each(|value| take(*value));
            }
            Self::Ntz => {
                array.as_primitive::<TimestampMicrosecondType>().values().iter().for_each(|value| take(*value));
            }
            Self::Time => array.as_primitive::<Time64NanosecondType>().values().iter().for_each(|value| take(*value)),
        }
    }
}

/// Adds the lengths, and says where the values start and end.
fn spread(offsets: &[i32], lengths: &mut Integers) -> (usize, usize) {
    offsets.windows(2).for_each(|pair| lengths.push(i64::from(pair[1] - pair[0])));
    let place = |offset: Option<&i32>| offset.and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
    (place(offsets.first()), place(offsets.last()))
}

fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Seconds, as Java cuts milliseconds to them, and the nanoseconds of a second with their zeros counted. The second before
/// 1970 cannot be told from the one after it: ORC itself has it so, and Spark's files too.
fn timestamp(micros: i64) -> (i64, i64) {
    let seconds = micros.div_euclid(1000) / 1000;
    let nanos = micros.rem_euclid(1_000_000) * 1000;
    if nanos == 0 {
        return (seconds, 0);
    }
    let (mut short, mut zeros) = (nanos / 100, 1);
    while short % 10 == 0 && zeros < 7 {
        short /= 10;
        zeros += 1;
    }
    (seconds, short << 3 | zeros)
}
