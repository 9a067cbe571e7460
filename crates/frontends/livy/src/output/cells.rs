//! `Cells`: one column of a batch with its type and layout resolved, and the JSON of its values.
//!
//! Livy hands Java's objects to json4s, and what json4s makes of them is the form here: numbers and lists as such, bytes
//! as a list of signed numbers, instants in UTC with `Z`, a struct as an object of its schema and its values. Where it
//! loses the value (`{}` for times, intervals and dates inside others, digits of decimals and floats, fractions of seconds,
//! keys of maps that it cannot write, null for NaN) the value is kept, as a JSON string in Spark's spelling when JSON has no form of its own.

use std::fmt::{self, Result as Written, Write};
use std::ops::Range;

use arrow::array::{Array, AsArray, BinaryArray, StringArray};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalYearMonthType,
    Time64NanosecondType, TimestampMicrosecondType,
};
use hearth_base::{Error, Result};
use hearth_types::datetime_text::{
    MICROS_PER_DAY, MICROS_PER_SECOND, write_calendar_interval, write_date, write_day_time_interval, write_time,
    write_year_month_interval,
};
use hearth_types::number_text::{write_decimal_plain, write_double, write_float};
use hearth_types::variant_text::write_json;
use hearth_types::{DataType, DayTimeField, MapType, StructType, YearMonthField, Zone};
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct Cells {
    nulls: Option<NullBuffer>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Null,
    Boolean(BooleanBuffer),
    Byte(ScalarBuffer<i8>),
    Short(ScalarBuffer<i16>),
    Integer(ScalarBuffer<i32>),
    Long(ScalarBuffer<i64>),
    Float(ScalarBuffer<f32>),
    Double(ScalarBuffer<f64>),
    Decimal(ScalarBuffer<i128>, i8),
    String(StringArray),
    Binary(BinaryArray),
    Date(ScalarBuffer<i32>),
    Timestamp(ScalarBuffer<i64>),
    TimestampNtz(ScalarBuffer<i64>),
    Time(ScalarBuffer<i64>),
    CalendarInterval(ScalarBuffer<IntervalMonthDayNano>),
    YearMonthInterval(ScalarBuffer<i32>, YearMonthField, YearMonthField),
    DayTimeInterval(ScalarBuffer<i64>, DayTimeField, DayTimeField),
    Array(OffsetBuffer<i32>, Box<Cells>),
    Map {
        offsets: OffsetBuffer<i32>,
        keys: Box<Cells>,
        values: Box<Cells>,
    },
    /// What stands before the values, the same in all rows: `{"schema":[…],"values":[`.
    Struct(Vec<u8>, Vec<Cells>),
    Variant {
        value: BinaryArray,
        metadata: BinaryArray,
    },
}

impl Cells {
    /// Takes an array in the wire layout of `data_type` (`hearth_types::arrow::to_wire_arrow`).
    pub fn new(array: &dyn Array, data_type: &DataType) -> Result<Self> {
        let values = Self::values(array, data_type)?;
        let values = values.ok_or_else(|| {
            Error::internal(format!("a column of {} came as {}", data_type.simple_string(), array.data_type()))
        })?;
        Ok(Self { nulls: array.nulls().cloned(), values })
    }

    /// `None` when the array has another layout.
    fn values(array: &dyn Array, data_type: &DataType) -> Result<Option<Values>> {
        Ok(match data_type {
            DataType::Null => Some(Values::Null),
            DataType::Boolean => array.as_boolean_opt().map(|array| Values::Boolean(array.values().clone())),
            DataType::Byte => primitive::<Int8Type>(array).map(Values::Byte),
            DataType::Short => primitive::<Int16Type>(array).map(Values::Short),
            DataType::Integer => primitive::<Int32Type>(array).map(Values::Integer),
            DataType::Long => primitive::<Int64Type>(array).map(Values::Long),
            DataType::Float => primitive::<Float32Type>(array).map(Values::Float),
            DataType::Double => primitive::<Float64Type>(array).map(Values::Double),
            DataType::Decimal { scale, .. } => {
                primitive::<Decimal128Type>(array).map(|values| Values::Decimal(values, *scale))
            }
            DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. } => {
                array.as_string_opt::<i32>().cloned().map(Values::String)
            }
            DataType::Binary => array.as_binary_opt::<i32>().cloned().map(Values::Binary),
            DataType::Date => primitive::<Date32Type>(array).map(Values::Date),
            DataType::Timestamp => primitive::<TimestampMicrosecondType>(array).map(Values::Timestamp),
            DataType::TimestampNtz => primitive::<TimestampMicrosecondType>(array).map(Values::TimestampNtz),
            DataType::Time { .. } => primitive::<Time64NanosecondType>(array).map(Values::Time),
            DataType::CalendarInterval => primitive::<IntervalMonthDayNanoType>(array).map(Values::CalendarInterval),
            DataType::YearMonthInterval { start, end } => {
                primitive::<IntervalYearMonthType>(array).map(|months| Values::YearMonthInterval(months, *start, *end))
            }
            DataType::DayTimeInterval { start, end } => {
                primitive::<DurationMicrosecondType>(array).map(|micros| Values::DayTimeInterval(micros, *start, *end))
            }
            DataType::Array(list) => match array.as_list_opt::<i32>() {
                Some(array) => {
                    let elements = Self::new(array.values().as_ref(), &list.element)?;
                    Some(Values::Array(array.offsets().clone(), Box::new(elements)))
                }
                None => None,
            },
            DataType::Map(map) => Self::map(array, map)?,
            DataType::Struct(structure) => Self::structure(array, structure)?,
            DataType::Variant => variant(array),
            DataType::Geometry { .. } | DataType::Geography { .. } => array
                .as_struct_opt()
                .and_then(|parts| parts.column_by_name("wkb")?.as_binary_opt::<i32>().cloned())
                .map(Values::Binary),
            DataType::Udt(udt) => Self::values(array, &udt.sql_type)?,
        })
    }

    fn map(array: &dyn Array, map: &MapType) -> Result<Option<Values>> {
        let Some(array) = array.as_map_opt() else { return Ok(None) };
        let keys = Box::new(Self::new(array.keys().as_ref(), &map.key)?);
        let values = Box::new(Self::new(array.values().as_ref(), &map.value)?);
        Ok(Some(Values::Map { offsets: array.offsets().clone(), keys, values }))
    }

    fn structure(array: &dyn Array, structure: &StructType) -> Result<Option<Values>> {
        let Some(array) = array.as_struct_opt() else { return Ok(None) };
        if array.num_columns() != structure.fields.len() {
            return Ok(None);
        }
        let columns = array.columns().iter().zip(structure.fields.iter());
        let columns = columns.map(|(column, field)| Self::new(column.as_ref(), &field.data_type));
        let head = format!("{{\"schema\":{},\"values\":[", reflected_struct(structure));
        Ok(Some(Values::Struct(head.into_bytes(), columns.collect::<Result<_>>()?)))
    }

    /// Appends the JSON of a value.
    pub fn push(&self, out: &mut Vec<u8>, row: usize) -> Result<()> {
        // Only a damaged variant cannot be written.
        self.write(out, row).map_err(|fmt::Error| Error::internal("a value of the result has no text"))
    }

    fn write(&self, out: &mut Vec<u8>, row: usize) -> Written {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        match &self.values {
            Values::Null => out.extend_from_slice(b"null"),
            Values::Boolean(values) => out.extend_from_slice(if values.value(row) { b"true" } else { b"false" }),
            Values::Byte(values) => write!(Appender(out), "{}", values[row])?,
            Values::Short(values) => write!(Appender(out), "{}", values[row])?,
            Values::Integer(values) => write!(Appender(out), "{}", values[row])?,
            Values::Long(values) => write!(Appender(out), "{}", values[row])?,
            Values::Float(values) if values[row].is_finite() => write_float(&mut Appender(out), values[row])?,
            Values::Double(values) if values[row].is_finite() => write_double(&mut Appender(out), values[row])?,
            Values::Decimal(values, scale) => write_decimal_plain(&mut Appender(out), values[row], *scale)?,
            Values::String(array) => push_string(out, array.value(row))?,
            Values::Binary(array) => push_bytes(out, array.value(row))?,
            Values::Float(_)
            | Values::Double(_)
            | Values::Date(_)
            | Values::Timestamp(_)
            | Values::TimestampNtz(_)
            | Values::Time(_)
            | Values::CalendarInterval(_)
            | Values::YearMonthInterval(..)
            | Values::DayTimeInterval(..) => {
                out.push(b'"');
                self.write_plain(&mut Appender(out), row)?;
                out.push(b'"');
            }
            Values::Array(offsets, elements) => {
                out.push(b'[');
                push_all(out, range(offsets, row), |out, row| elements.write(out, row))?;
                out.push(b']');
            }
            Values::Map { offsets, keys, values } => {
                out.push(b'{');
                push_all(out, range(offsets, row), |out, row| {
                    keys.write_key(out, row)?;
                    out.push(b':');
                    values.write(out, row)
                })?;
                out.push(b'}');
            }
            Values::Struct(head, fields) => {
                out.extend_from_slice(head);
                push_all(out, 0..fields.len(), |out, index| fields[index].write(out, row))?;
                out.extend_from_slice(b"]}");
            }
            Values::Variant { value, metadata } => {
                write_json(&mut Appender(out), value.value(row), metadata.value(row), &Zone::UTC)?;
            }
        }
        Ok(())
    }

    /// The text of a value that is a JSON string and needs no escape there. Other values have none.
    fn write_plain(&self, out: &mut impl Write, row: usize) -> Written {
        match &self.values {
            Values::Float(values) => write_float(out, values[row]),
            Values::Double(values) => write_double(out, values[row]),
            Values::Date(values) => write_date(out, values[row]),
            Values::Timestamp(values) => {
                write_clock(out, values[row])?;
                out.write_char('Z')
            }
            Values::TimestampNtz(values) => write_clock(out, values[row]),
            Values::Time(values) => write_time(out, values[row]),
            Values::CalendarInterval(values) => {
                let value = values[row];
                write_calendar_interval(out, value.months, value.days, value.nanoseconds / 1000)
            }
            Values::YearMonthInterval(values, start, end) => write_year_month_interval(out, values[row], *start, *end),
            Values::DayTimeInterval(values, start, end) => write_day_time_interval(out, values[row], *start, *end),
            Values::Null
            | Values::Boolean(_)
            | Values::Byte(_)
            | Values::Short(_)
            | Values::Integer(_)
            | Values::Long(_)
            | Values::Decimal(..)
            | Values::String(_)
            | Values::Binary(_)
            | Values::Array(..)
            | Values::Map { .. }
            | Values::Struct(..)
            | Values::Variant { .. } => Ok(()),
        }
    }

    /// A key of an object is a string: that of a JSON string is itself, that of anything else its JSON.
    fn write_key(&self, out: &mut Vec<u8>, row: usize) -> Written {
        let start = out.len();
        self.write(out, row)?;
        if out.get(start) == Some(&b'"') {
            return Ok(());
        }
        let text = String::from_utf8(out.split_off(start)).map_err(|_| fmt::Error)?;
        push_string(out, &text)
    }
}

struct Appender<'a>(&'a mut Vec<u8>);

impl Write for Appender<'_> {
    fn write_str(&mut self, text: &str) -> Written {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn push_string(out: &mut Vec<u8>, text: &str) -> Written {
    serde_json::to_writer(out, text).map_err(|_| fmt::Error)
}

/// Java's bytes have a sign.
fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) -> Written {
    out.push(b'[');
    push_all(out, 0..bytes.len(), |out, index| write!(Appender(out), "{}", bytes[index].cast_signed()))?;
    out.push(b']');
    Ok(())
}

fn push_all(out: &mut Vec<u8>, all: Range<usize>, write: impl Fn(&mut Vec<u8>, usize) -> Written) -> Written {
    let first = all.start;
    for index in all {
        if index > first {
            out.push(b',');
        }
        write(out, index)?;
    }
    Ok(())
}

/// `2021-01-01T10:00:00`, with three or six digits of a fraction that is not zero.
fn write_clock(out: &mut impl Write, micros: i64) -> Written {
    let days = i32::try_from(micros.div_euclid(MICROS_PER_DAY)).map_err(|_| fmt::Error)?;
    write_date(out, days)?;
    let of_day = micros.rem_euclid(MICROS_PER_DAY);
    let (seconds, fraction) = (of_day / MICROS_PER_SECOND, of_day % MICROS_PER_SECOND);
    write!(out, "T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
    match (fraction, fraction % 1000) {
        (0, _) => Ok(()),
        (_, 0) => write!(out, ".{:03}", fraction / 1000),
        (_, _) => write!(out, ".{fraction:06}"),
    }
}

/// A struct's schema as json4s reads it off Spark's classes: types without parameters are empty objects.
fn reflected_struct(structure: &StructType) -> Value {
    let fields = structure.fields.iter().map(|field| {
        json!({
            "name": &*field.name,
            "dataType": reflected(&field.data_type),
            "nullable": field.nullable,
            "metadata": {"map": field.metadata_object()},
        })
    });
    Value::Array(fields.collect())
}

fn reflected(data_type: &DataType) -> Value {
    match data_type {
        DataType::Decimal { precision, scale } => json!({"precision": precision, "scale": scale}),
        DataType::Char { length } | DataType::VarChar { length } => json!({"length": length}),
        DataType::Time { precision } => json!({"precision": precision}),
        DataType::YearMonthInterval { start, end } => json!({"startField": *start as u8, "endField": *end as u8}),
        DataType::DayTimeInterval { start, end } => json!({"startField": *start as u8, "endField": *end as u8}),
        DataType::Array(list) => {
            json!({"elementType": reflected(&list.element), "containsNull": list.contains_null})
        }
        DataType::Map(map) => json!({
            "keyType": reflected(&map.key),
            "valueType": reflected(&map.value),
            "valueContainsNull": map.value_contains_null,
        }),
        DataType::Struct(structure) => reflected_struct(structure),
        DataType::Udt(udt) => reflected(&udt.sql_type),
        DataType::Null
        | DataType::Boolean
        | DataType::Byte
        | DataType::Short
        | DataType::Integer
        | DataType::Long
        | DataType::Float
        | DataType::Double
        | DataType::String { .. }
        | DataType::Binary
        | DataType::Date
        | DataType::Timestamp
        | DataType::TimestampNtz
        | DataType::CalendarInterval
        | DataType::Variant
        | DataType::Geometry { .. }
        | DataType::Geography { .. } => json!({}),
    }
}

fn primitive<T: ArrowPrimitiveType>(array: &dyn Array) -> Option<ScalarBuffer<T::Native>> {
    array.as_primitive_opt::<T>().map(|array| array.values().clone())
}

fn variant(array: &dyn Array) -> Option<Values> {
    let parts = array.as_struct_opt()?;
    let part = |name| parts.column_by_name(name)?.as_binary_opt::<i32>().cloned();
    Some(Values::Variant { value: part("value")?, metadata: part("metadata")? })
}

fn range(offsets: &OffsetBuffer<i32>, row: usize) -> Range<usize> {
    // Offsets of an array are checked when it is made.
    offsets[row] as usize..offsets[row + 1] as usize
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, DurationMicrosecondArray, Float32Array, Float64Array,
        Int8Array, Int32Array, Int64Array, IntervalMonthDayNanoArray, IntervalYearMonthArray, ListArray, MapArray,
        NullArray, StructArray, Time64NanosecondArray, TimestampMicrosecondArray,
    };
    use arrow::datatypes::{Field, Fields};
    use hearth_types::StructField;
    use hearth_types::arrow::{cast_array_to, to_wire_arrow};

    use super::*;

    /// The JSON of all rows of an array whose fields may have other names than `data_type` says.
    fn texts(array: impl Array + 'static, data_type: &DataType) -> Vec<String> {
        let array: ArrayRef = Arc::new(array);
        let array = cast_array_to(&array, &to_wire_arrow(data_type, "UTC")).unwrap();
        let cells = Cells::new(array.as_ref(), data_type).unwrap();
        let text = |row| {
            let mut out = Vec::new();
            cells.push(&mut out, row).unwrap();
            let text = String::from_utf8(out).unwrap();
            serde_json::from_str::<Value>(&text).unwrap();
            text
        };
        (0..array.len()).map(text).collect()
    }

    fn with_null<T>(values: impl IntoIterator<Item = T>) -> Vec<Option<T>> {
        values.into_iter().map(Some).chain([None]).collect()
    }

    fn assert_texts(array: impl Array + 'static, data_type: &DataType, expected: &[&str]) {
        let expected: Vec<_> = expected.iter().chain(&["null"]).map(|text| (*text).to_owned()).collect();
        assert_eq!(texts(array, data_type), expected, "{}", data_type.simple_string());
    }

    // Expected texts are those of json4s 4.0.7, which Livy calls, and of Livy's own answers (tests/livy/recorded/sql.json),
    // unless a test says otherwise.

    #[test]
    fn numbers_are_numbers() {
        assert_texts(NullArray::new(1), &DataType::Null, &[]);
        assert_texts(BooleanArray::from(with_null([true, false])), &DataType::Boolean, &["true", "false"]);
        assert_texts(Int8Array::from(with_null([-128, 127])), &DataType::Byte, &["-128", "127"]);
        assert_texts(Int64Array::from(with_null([i64::MAX, 0])), &DataType::Long, &["9223372036854775807", "0"]);
        let doubles = [1e10, 4.9e-324, 100.0, -0.0, f64::NEG_INFINITY];
        let expected = ["1.0E10", "4.9E-324", "100.0", "-0.0", "\"-Infinity\""];
        assert_texts(Float64Array::from(with_null(doubles)), &DataType::Double, &expected);
    }

    #[test]
    fn numbers_keep_what_json4s_loses() {
        // json4s: null, 1.100000023841858, 12.3, 1.2345678901234568E37.
        assert_texts(Float64Array::from(with_null([f64::NAN])), &DataType::Double, &["\"NaN\""]);
        assert_texts(Float32Array::from(with_null([1.1, f32::NAN])), &DataType::Float, &["1.1", "\"NaN\""]);
        assert_texts(
            Decimal128Array::from(with_null([1230, -5])).with_precision_and_scale(10, 2).unwrap(),
            &DataType::Decimal { precision: 10, scale: 2 },
            &["12.30", "-0.05"],
        );
        assert_texts(
            Decimal128Array::from(with_null([12_345_678_901_234_567_890_123_456_789_012_345_678]))
                .with_precision_and_scale(38, 0)
                .unwrap(),
            &DataType::Decimal { precision: 38, scale: 0 },
            &["12345678901234567890123456789012345678"],
        );
    }

    #[test]
    fn strings_are_escaped_and_bytes_are_signed_numbers() {
        let text = "é\u{2028}\u{1}/<\"\\\t😀";
        let expected = "\"é\u{2028}\\u0001/<\\\"\\\\\\t😀\"";
        assert_texts(StringArray::from(with_null([text])), &DataType::STRING, &[expected]);
        assert_texts(
            BinaryArray::from(with_null([b"\x00\xff\x10".as_slice(), b""])),
            &DataType::Binary,
            &["[0,-1,16]", "[]"],
        );
    }

    #[test]
    fn dates_and_instants_are_text() {
        assert_texts(
            Date32Array::from(with_null([19782, 2_932_897])),
            &DataType::Date,
            &["\"2024-02-29\"", "\"+10000-01-01\""],
        );
        let micros = [1_609_495_200_000_000, 0, -1, 1_609_495_200_123_000];
        // json4s has no fractions of seconds.
        let expected = [
            "\"2021-01-01T10:00:00Z\"",
            "\"1970-01-01T00:00:00Z\"",
            "\"1969-12-31T23:59:59.999999Z\"",
            "\"2021-01-01T10:00:00.123Z\"",
        ];
        let instants = TimestampMicrosecondArray::from(with_null(micros));
        assert_texts(instants.clone().with_timezone("UTC"), &DataType::Timestamp, &expected);
        let walls: Vec<_> = expected.iter().map(|text| text.replace('Z', "")).collect();
        let walls: Vec<_> = walls.iter().map(String::as_str).collect();
        assert_texts(instants, &DataType::TimestampNtz, &walls);
    }

    #[test]
    fn times_and_intervals_read_as_sparks_casts() {
        // json4s: {}
        assert_texts(
            Time64NanosecondArray::from(with_null([45_296_789_000_000])),
            &DataType::Time { precision: 6 },
            &["\"12:34:56.789\""],
        );
        assert_texts(
            IntervalYearMonthArray::from(with_null([14])),
            &DataType::YearMonthInterval { start: YearMonthField::Year, end: YearMonthField::Month },
            &["\"INTERVAL '1-2' YEAR TO MONTH\""],
        );
        assert_texts(
            DurationMicrosecondArray::from(with_null([93_784_500_000])),
            &DataType::DayTimeInterval { start: DayTimeField::Day, end: DayTimeField::Second },
            &["\"INTERVAL '1 02:03:04.5' DAY TO SECOND\""],
        );
        assert_texts(
            IntervalMonthDayNanoArray::from(with_null([IntervalMonthDayNano::new(14, 25, 7_008_000_000)])),
            &DataType::CalendarInterval,
            &["\"1 years 2 months 25 days 7.008 seconds\""],
        );
    }

    fn list(lengths: &[usize], values: ArrayRef, nulls: Option<NullBuffer>) -> ListArray {
        let element = Arc::new(Field::new("item", values.data_type().clone(), true));
        ListArray::try_new(element, OffsetBuffer::from_lengths(lengths.iter().copied()), values, nulls).unwrap()
    }

    fn map(lengths: &[usize], keys: ArrayRef, values: ArrayRef, nulls: Option<NullBuffer>) -> MapArray {
        let fields = Fields::from(vec![
            Field::new("key", keys.data_type().clone(), false),
            Field::new("value", values.data_type().clone(), true),
        ]);
        let pairs = StructArray::try_new(fields, vec![keys, values], None).unwrap();
        let entries = Arc::new(Field::new("entries", pairs.data_type().clone(), false));
        MapArray::try_new(entries, OffsetBuffer::from_lengths(lengths.iter().copied()), pairs, nulls, false).unwrap()
    }

    #[test]
    fn lists_and_maps_are_json() {
        let last_is_null: Option<NullBuffer> = Some(vec![true, true, false].into());
        assert_texts(
            list(&[3, 0, 0], Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])), last_is_null.clone()),
            &DataType::array(DataType::Integer, true),
            &["[1,null,3]", "[]"],
        );
        let values: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
        assert_texts(
            map(&[2, 0, 0], Arc::new(StringArray::from(vec!["k", "n\""])), values, last_is_null),
            &DataType::map(DataType::STRING, DataType::Integer, true),
            &[r#"{"k":1,"n\"":null}"#, "{}"],
        );
    }

    #[test]
    fn keys_that_are_no_strings_are_the_text_of_their_json() {
        // json4s: the same for integers; it refuses the others, but for dates, which it gives a time.
        let key = |keys: ArrayRef, key: DataType| {
            let values: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
            texts(map(&[1], keys, values, None), &DataType::map(key, DataType::Boolean, true)).remove(0)
        };
        assert_eq!(key(Arc::new(Int32Array::from(vec![1])), DataType::Integer), r#"{"1":true}"#);
        assert_eq!(key(Arc::new(Float64Array::from(vec![1.5])), DataType::Double), r#"{"1.5":true}"#);
        assert_eq!(key(Arc::new(Date32Array::from(vec![0])), DataType::Date), r#"{"1970-01-01":true}"#);
        let strings: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
        let lists: ArrayRef = Arc::new(list(&[1], strings, None));
        assert_eq!(key(lists, DataType::array(DataType::STRING, true)), r#"{"[\"a\"]":true}"#);
    }

    #[test]
    fn structs_carry_their_schema() {
        let inner = DataType::structure([
            StructField::new("a", DataType::Integer, true),
            StructField::new("b", DataType::STRING, false),
            StructField::new("c", DataType::Decimal { precision: 10, scale: 2 }, true),
        ]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from(vec![1])),
            Arc::new(StringArray::from(vec!["x"])),
            Arc::new(Decimal128Array::from(vec![None]).with_precision_and_scale(10, 2).unwrap()),
        ];
        let fields: Fields = ["a", "b", "c"]
            .iter()
            .zip(&columns)
            .map(|(name, column)| Field::new(*name, column.data_type().clone(), true))
            .collect();
        let array = StructArray::try_new(fields, columns, None).unwrap();
        let inner_schema = concat!(
            r#"[{"name":"a","dataType":{},"nullable":true,"metadata":{"map":{}}},"#,
            r#"{"name":"b","dataType":{},"nullable":false,"metadata":{"map":{}}},"#,
            r#"{"name":"c","dataType":{"precision":10,"scale":2},"nullable":true,"metadata":{"map":{}}}]"#,
        );
        let inner_value = format!(r#"{{"schema":{inner_schema},"values":[1,"x",null]}}"#);
        assert_eq!(texts(array.clone(), &inner), [inner_value.as_str()]);

        let outer = DataType::structure([
            StructField::new("l", DataType::array(DataType::Long, true), true),
            StructField::new("m", DataType::map(DataType::STRING, DataType::Double, true), true),
            StructField::new("s", inner, true),
        ]);
        let lists = list(&[0], Arc::new(Int64Array::from(Vec::<i64>::new())), Some(vec![false].into()));
        let keys: ArrayRef = Arc::new(StringArray::from(Vec::<&str>::new()));
        let maps = map(&[0], keys, Arc::new(Float64Array::from(Vec::<f64>::new())), Some(vec![false].into()));
        let columns: Vec<ArrayRef> = vec![Arc::new(lists), Arc::new(maps), Arc::new(array)];
        let fields: Fields = ["l", "m", "s"]
            .iter()
            .zip(&columns)
            .map(|(name, column)| Field::new(*name, column.data_type().clone(), true))
            .collect();
        let expected = format!(
            concat!(
                r#"{{"schema":[{{"name":"l","dataType":{{"elementType":{{}},"containsNull":true}},"nullable":true,"#,
                r#""metadata":{{"map":{{}}}}}},{{"name":"m","dataType":{{"keyType":{{}},"valueType":{{}},"#,
                r#""valueContainsNull":true}},"nullable":true,"metadata":{{"map":{{}}}}}},"#,
                r#"{{"name":"s","dataType":{},"nullable":true,"metadata":{{"map":{{}}}}}}],"values":[null,null,{}]}}"#,
            ),
            inner_schema, inner_value
        );
        assert_eq!(texts(StructArray::try_new(fields, columns, None).unwrap(), &outer), [expected]);
    }

    #[test]
    fn variant_is_the_json_that_it_is() {
        // `parse_json('{"a":[1,null,"x"]}')`, and NULL.
        let value = b"\x02\x01\x00\x00\x0b\x03\x03\x00\x02\x03\x05\x0c\x01\x00\x05x".as_slice();
        let metadata = b"\x01\x01\x00\x01a".as_slice();
        let parts: Vec<ArrayRef> =
            vec![Arc::new(BinaryArray::from(vec![value, b""])), Arc::new(BinaryArray::from(vec![metadata, b""]))];
        let arrow::datatypes::DataType::Struct(fields) = to_wire_arrow(&DataType::Variant, "UTC") else { panic!() };
        let array = StructArray::try_new(fields, parts, Some(vec![true, false].into())).unwrap();
        assert_texts(array, &DataType::Variant, &[r#"{"a":[1,null,"x"]}"#]);
    }

    #[test]
    fn layout_of_another_type_is_an_error() {
        let error = Cells::new(&Int32Array::from(vec![1]), &DataType::STRING).unwrap_err();
        assert!(error.text().contains("string"), "{}", error.text());
    }
}
