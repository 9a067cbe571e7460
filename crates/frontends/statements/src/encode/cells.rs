//! `Cells`: one column of a batch with its type and layout resolved, ready to be written row by row.
//!
//! The text of a nested value is compact JSON in which scalars are strings and nulls are null. A variant is JSON text on
//! its own, and inside nested values a string that holds that text. Geometries are base64 of their WKB.

use std::fmt::Result as Written;

use arrow::array::{Array, AsArray, BinaryArray, StringArray};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalYearMonthType,
    Time64NanosecondType, TimestampMicrosecondType,
};
use hearth_base::{Error, Result};
use hearth_types::datetime_text::{
    write_calendar_interval, write_date, write_day_time_interval, write_time, write_year_month_interval,
};
use hearth_types::number_text::{write_double, write_float};
use hearth_types::variant_text::write_json;
use hearth_types::{DataType, DayTimeField, MapType, StructType, YearMonthField, Zone};

use super::json::push_string;
use super::text::{Appender, push_base64, push_decimal, push_integer, push_timestamp, push_timestamp_ntz};

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
    Timestamp(ScalarBuffer<i64>, Zone),
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
    /// The fields with their names as JSON puts them before a value: `"name":`.
    Struct(Vec<(Vec<u8>, Cells)>),
    Variant {
        value: BinaryArray,
        metadata: BinaryArray,
        zone: Zone,
    },
}

impl Cells {
    /// Takes an array in the wire layout of `data_type` (`hearth_types::arrow::to_wire_arrow`).
    pub(super) fn new(array: &dyn Array, data_type: &DataType, zone: &Zone) -> Result<Self> {
        let values = Self::values(array, data_type, zone)?;
        let values = values.ok_or_else(|| {
            Error::internal(format!("a column of {} came as {}", data_type.simple_string(), array.data_type()))
        })?;
        Ok(Self { nulls: array.nulls().cloned(), values })
    }

    /// `None` when the array has another layout.
    fn values(array: &dyn Array, data_type: &DataType, zone: &Zone) -> Result<Option<Values>> {
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
            DataType::Timestamp => {
                primitive::<TimestampMicrosecondType>(array).map(|values| Values::Timestamp(values, *zone))
            }
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
                    let elements = Self::new(array.values().as_ref(), &list.element, zone)?;
                    Some(Values::Array(array.offsets().clone(), Box::new(elements)))
                }
                None => None,
            },
            DataType::Map(map) => Self::map(array, map, zone)?,
            DataType::Struct(structure) => Self::structure(array, structure, zone)?,
            DataType::Variant => variant(array, zone),
            DataType::Geometry { .. } | DataType::Geography { .. } => array
                .as_struct_opt()
                .and_then(|parts| parts.column_by_name("wkb")?.as_binary_opt::<i32>().cloned())
                .map(Values::Binary),
            DataType::Udt(udt) => Self::values(array, &udt.sql_type, zone)?,
        })
    }

    fn map(array: &dyn Array, map: &MapType, zone: &Zone) -> Result<Option<Values>> {
        let Some(array) = array.as_map_opt() else { return Ok(None) };
        let keys = Box::new(Self::new(array.keys().as_ref(), &map.key, zone)?);
        let values = Box::new(Self::new(array.values().as_ref(), &map.value, zone)?);
        Ok(Some(Values::Map { offsets: array.offsets().clone(), keys, values }))
    }

    fn structure(array: &dyn Array, structure: &StructType, zone: &Zone) -> Result<Option<Values>> {
        let Some(array) = array.as_struct_opt() else { return Ok(None) };
        if array.num_columns() != structure.fields.len() {
            return Ok(None);
        }
        let mut fields = Vec::with_capacity(array.num_columns());
        for (column, field) in array.columns().iter().zip(structure.fields.iter()) {
            let mut name = Vec::with_capacity(field.name.len() + 3);
            push_string(&mut name, field.name.as_bytes());
            name.push(b':');
            fields.push((name, Self::new(column.as_ref(), &field.data_type, zone)?));
        }
        Ok(Some(Values::Struct(fields)))
    }

    pub(super) fn is_null(&self, row: usize) -> bool {
        matches!(self.values, Values::Null) || self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// True when no text of this column needs an escape in JSON or quotes in CSV.
    pub(super) fn is_plain(&self) -> bool {
        !matches!(
            self.values,
            Values::String(_) | Values::Array(..) | Values::Map { .. } | Values::Struct(_) | Values::Variant { .. }
        )
    }

    /// The value of a column of strings; `None` for NULL and for other columns.
    pub(super) fn string(&self, row: usize) -> Option<&str> {
        match &self.values {
            Values::String(array) if !self.is_null(row) => Some(array.value(row)),
            _ => None,
        }
    }

    /// Appends the text of a value that is not NULL, without quotes and escapes.
    pub(super) fn push_text(&self, out: &mut Vec<u8>, row: usize) -> Written {
        match &self.values {
            Values::Null => out.extend_from_slice(b"null"),
            Values::Boolean(values) => out.extend_from_slice(if values.value(row) { b"true" } else { b"false" }),
            Values::Byte(values) => push_integer(out, i64::from(values[row])),
            Values::Short(values) => push_integer(out, i64::from(values[row])),
            Values::Integer(values) => push_integer(out, i64::from(values[row])),
            Values::Long(values) => push_integer(out, values[row]),
            Values::Float(values) => write_float(&mut Appender(out), values[row])?,
            Values::Double(values) => write_double(&mut Appender(out), values[row])?,
            Values::Decimal(values, scale) => push_decimal(out, values[row], *scale)?,
            Values::String(array) => out.extend_from_slice(array.value(row).as_bytes()),
            Values::Binary(array) => push_base64(out, array.value(row))?,
            Values::Date(values) => write_date(&mut Appender(out), values[row])?,
            Values::Timestamp(values, zone) => push_timestamp(out, values[row], zone)?,
            Values::TimestampNtz(values) => push_timestamp_ntz(out, values[row])?,
            Values::Time(values) => write_time(&mut Appender(out), values[row])?,
            Values::CalendarInterval(values) => {
                let value = values[row];
                write_calendar_interval(&mut Appender(out), value.months, value.days, value.nanoseconds / 1000)?;
            }
            Values::YearMonthInterval(values, start, end) => {
                write_year_month_interval(&mut Appender(out), values[row], *start, *end)?;
            }
            Values::DayTimeInterval(values, start, end) => {
                write_day_time_interval(&mut Appender(out), values[row], *start, *end)?;
            }
            Values::Array(offsets, elements) => push_array(out, range(offsets, row), elements)?,
            Values::Map { offsets, keys, values } => push_map(out, range(offsets, row), keys, values)?,
            Values::Struct(fields) => push_struct(out, row, fields)?,
            Values::Variant { value, metadata, zone } => {
                write_json(&mut Appender(out), value.value(row), metadata.value(row), zone)?;
            }
        }
        Ok(())
    }

    /// Appends a value as it stands inside a nested one.
    fn push_inner(&self, out: &mut Vec<u8>, row: usize) -> Written {
        if self.is_null(row) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        match &self.values {
            Values::Array(..) | Values::Map { .. } | Values::Struct(_) => self.push_text(out, row),
            _ => self.push_quoted(out, row),
        }
    }

    /// Appends the text of a value as a JSON string: scalars inside nested values, and every key of a map.
    fn push_quoted(&self, out: &mut Vec<u8>, row: usize) -> Written {
        if let Some(text) = self.string(row) {
            push_string(out, text.as_bytes());
        } else if self.is_plain() {
            out.push(b'"');
            self.push_text(out, row)?;
            out.push(b'"');
        } else {
            let mut text = Vec::new();
            self.push_text(&mut text, row)?;
            push_string(out, &text);
        }
        Ok(())
    }
}

fn primitive<T: ArrowPrimitiveType>(array: &dyn Array) -> Option<ScalarBuffer<T::Native>> {
    array.as_primitive_opt::<T>().map(|array| array.values().clone())
}

fn variant(array: &dyn Array, zone: &Zone) -> Option<Values> {
    let parts = array.as_struct_opt()?;
    let part = |name| parts.column_by_name(name)?.as_binary_opt::<i32>().cloned();
    Some(Values::Variant { value: part("value")?, metadata: part("metadata")?, zone: *zone })
}

fn range(offsets: &OffsetBuffer<i32>, row: usize) -> std::ops::Range<usize> {
    // Offsets of an array are checked when it is made.
    offsets[row] as usize..offsets[row + 1] as usize
}

fn push_array(out: &mut Vec<u8>, rows: std::ops::Range<usize>, elements: &Cells) -> Written {
    out.push(b'[');
    let first = rows.start;
    for row in rows {
        if row > first {
            out.push(b',');
        }
        elements.push_inner(out, row)?;
    }
    out.push(b']');
    Ok(())
}

fn push_map(out: &mut Vec<u8>, rows: std::ops::Range<usize>, keys: &Cells, values: &Cells) -> Written {
    out.push(b'{');
    let first = rows.start;
    for row in rows {
        if row > first {
            out.push(b',');
        }
        keys.push_quoted(out, row)?;
        out.push(b':');
        values.push_inner(out, row)?;
    }
    out.push(b'}');
    Ok(())
}

fn push_struct(out: &mut Vec<u8>, row: usize, fields: &[(Vec<u8>, Cells)]) -> Written {
    out.push(b'{');
    for (index, (name, cells)) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name);
        cells.push_inner(out, row)?;
    }
    out.push(b'}');
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
pub(super) mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, DurationMicrosecondArray, Float32Array, Float64Array,
        Int8Array, Int32Array, Int64Array, IntervalMonthDayNanoArray, IntervalYearMonthArray, MapArray, NullArray,
        StructArray, Time64NanosecondArray, TimestampMicrosecondArray,
    };
    use arrow::datatypes::Fields;
    use hearth_types::StructField;
    use hearth_types::arrow::{cast_array_to, to_wire_arrow};

    use super::*;

    /// A batch column of `data_type` from an array whose fields may have other names.
    pub(in crate::encode) fn column(array: impl Array + 'static, data_type: &DataType) -> ArrayRef {
        let array: ArrayRef = Arc::new(array);
        cast_array_to(&array, &to_wire_arrow(data_type, "UTC")).unwrap()
    }

    fn texts(array: impl Array + 'static, data_type: &DataType) -> Vec<Option<String>> {
        let array = column(array, data_type);
        let cells = Cells::new(array.as_ref(), data_type, &Zone::UTC).unwrap();
        let text = |row| {
            let mut out = Vec::new();
            cells.push_text(&mut out, row).unwrap();
            String::from_utf8(out).unwrap()
        };
        (0..array.len()).map(|row| (!cells.is_null(row)).then(|| text(row))).collect()
    }

    fn assert_texts(array: impl Array + 'static, data_type: &DataType, expected: &[&str]) {
        let mut expected: Vec<_> = expected.iter().map(|text| Some((*text).to_owned())).collect();
        expected.push(None);
        assert_eq!(texts(array, data_type), expected, "{}", data_type.simple_string());
    }

    fn with_null<T>(values: impl IntoIterator<Item = T>) -> Vec<Option<T>> {
        values.into_iter().map(Some).chain([None]).collect()
    }

    // Expected texts of scalars are those of Spark 4.2.0's `cast(… as string)`.

    #[test]
    fn scalars_read_as_sparks_casts_and_null_stays_null() {
        assert_texts(NullArray::new(1), &DataType::Null, &[]);
        assert_texts(BooleanArray::from(with_null([true, false])), &DataType::Boolean, &["true", "false"]);
        assert_texts(Int8Array::from(with_null([-128, 127])), &DataType::Byte, &["-128", "127"]);
        assert_texts(Int64Array::from(with_null([i64::MIN, 0])), &DataType::Long, &["-9223372036854775808", "0"]);
        let doubles = [1.5, 1e10, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e7, 123_456.789, 1e-3, 9.99e-4];
        assert_texts(
            Float64Array::from(with_null(doubles)),
            &DataType::Double,
            &["1.5", "1.0E10", "NaN", "Infinity", "-Infinity", "-0.0", "1.0E7", "123456.789", "0.001", "9.99E-4"],
        );
        assert_texts(
            Float64Array::from(with_null([4.9e-324, f64::MAX, 0.1 + 0.2])),
            &DataType::Double,
            &["4.9E-324", "1.7976931348623157E308", "0.30000000000000004"],
        );
        assert_texts(
            Float32Array::from(with_null([f32::MAX, 1.1, 1e10])),
            &DataType::Float,
            &["3.4028235E38", "1.1", "1.0E10"],
        );
        assert_texts(
            Decimal128Array::from(with_null([1234, -5])).with_precision_and_scale(10, 2).unwrap(),
            &DataType::Decimal { precision: 10, scale: 2 },
            &["12.34", "-0.05"],
        );
        assert_texts(StringArray::from(with_null([" a\"b ", ""])), &DataType::STRING, &[" a\"b ", ""]);
        assert_texts(StringArray::from(with_null(["ab "])), &DataType::Char { length: 3 }, &["ab "]);
        assert_texts(BinaryArray::from(with_null([b"\x00\xff\x10\xaa".as_slice()])), &DataType::Binary, &["AP8Qqg=="]);
    }

    #[test]
    fn dates_and_times_read_as_sparks() {
        assert_texts(
            Date32Array::from(with_null([19782, -719_528, 2_932_897, i32::MIN, i32::MAX])),
            &DataType::Date,
            &["2024-02-29", "0000-01-01", "+10000-01-01", "-5877641-06-23", "+5881580-07-11"],
        );
        assert_texts(
            Time64NanosecondArray::from(with_null([45_296_789_000_000, 0, 86_399_999_999_000])),
            &DataType::Time { precision: 6 },
            &["12:34:56.789", "00:00:00", "23:59:59.999999"],
        );
        let instants = TimestampMicrosecondArray::from(with_null([1_609_495_200_000_000]));
        assert_texts(instants.clone(), &DataType::TimestampNtz, &["2021-01-01T10:00:00.000"]);
        assert_texts(instants.with_timezone("UTC"), &DataType::Timestamp, &["2021-01-01T10:00:00.000Z"]);
    }

    #[test]
    fn intervals_read_as_ansi_text() {
        use DayTimeField::{Day, Hour, Minute, Second};
        use YearMonthField::{Month, Year};
        let months = |start, end, months: i32, text: &str| {
            let data_type = DataType::YearMonthInterval { start, end };
            assert_texts(IntervalYearMonthArray::from(with_null([months])), &data_type, &[text]);
        };
        months(Year, Month, 1200, "INTERVAL '100-0' YEAR TO MONTH");
        months(Year, Month, -14, "INTERVAL '-1-2' YEAR TO MONTH");
        months(Year, Month, i32::MIN, "INTERVAL '-178956970-8' YEAR TO MONTH");
        months(Year, Year, 36, "INTERVAL '3' YEAR");
        months(Month, Month, -5, "INTERVAL '-5' MONTH");
        let micros = |start, end, micros: i64, text: &str| {
            let data_type = DataType::DayTimeInterval { start, end };
            assert_texts(DurationMicrosecondArray::from(with_null([micros])), &data_type, &[text]);
        };
        micros(Day, Second, 93_784_500_000, "INTERVAL '1 02:03:04.5' DAY TO SECOND");
        micros(Day, Second, -93_784_000_001, "INTERVAL '-1 02:03:04.000001' DAY TO SECOND");
        micros(Day, Second, i64::MIN, "INTERVAL '-106751991 04:00:54.775808' DAY TO SECOND");
        micros(Day, Day, 345_600_000_000, "INTERVAL '4' DAY");
        micros(Day, Hour, 104_400_000_000, "INTERVAL '1 05' DAY TO HOUR");
        micros(Day, Minute, 104_760_000_000, "INTERVAL '1 05:06' DAY TO MINUTE");
        micros(Hour, Hour, 277_200_000_000, "INTERVAL '77' HOUR");
        micros(Hour, Minute, 3_720_000_000, "INTERVAL '01:02' HOUR TO MINUTE");
        micros(Hour, Second, 3_723_500_000, "INTERVAL '01:02:03.5' HOUR TO SECOND");
        micros(Minute, Minute, 540_000_000, "INTERVAL '09' MINUTE");
        micros(Minute, Second, 541_250_000, "INTERVAL '09:01.25' MINUTE TO SECOND");
        micros(Second, Second, 1, "INTERVAL '00.000001' SECOND");
        let calendar = [
            IntervalMonthDayNano::new(14, 25, 18_367_008_000_000),
            IntervalMonthDayNano::new(-12, -2, -500_000_000),
            IntervalMonthDayNano::new(0, 0, 0),
        ];
        assert_texts(
            IntervalMonthDayNanoArray::from(with_null(calendar)),
            &DataType::CalendarInterval,
            &["1 years 2 months 25 days 5 hours 6 minutes 7.008 seconds", "-1 years -2 days -0.5 seconds", "0 seconds"],
        );
    }

    fn list(lengths: &[usize], values: ArrayRef, nulls: Option<NullBuffer>) -> arrow::array::ListArray {
        let element = Arc::new(arrow::datatypes::Field::new("item", values.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
        arrow::array::ListArray::try_new(element, offsets, values, nulls).unwrap()
    }

    fn map(lengths: &[usize], keys: ArrayRef, values: ArrayRef, nulls: Option<NullBuffer>) -> MapArray {
        let fields = Fields::from(vec![
            arrow::datatypes::Field::new("key", keys.data_type().clone(), false),
            arrow::datatypes::Field::new("value", values.data_type().clone(), true),
        ]);
        let pairs = StructArray::try_new(fields, vec![keys, values], None).unwrap();
        let entries = Arc::new(arrow::datatypes::Field::new("entries", pairs.data_type().clone(), false));
        MapArray::try_new(entries, OffsetBuffer::from_lengths(lengths.iter().copied()), pairs, nulls, false).unwrap()
    }

    #[test]
    fn nested_values_are_compact_json_with_scalars_as_strings() {
        // As Spark 4.2.0's `to_json` of the same values with their scalars cast to string.
        let strings = StringArray::from(vec![Some("1"), None, Some("a\"b\\c\n\u{1}é/\u{7f}")]);
        assert_texts(
            list(&[3, 0, 0], Arc::new(strings), Some(vec![true, true, false].into())),
            &DataType::array(DataType::STRING, true),
            &["[\"1\",null,\"a\\\"b\\\\c\\n\\u0001é/\u{7f}\"]", "[]"],
        );
        assert_texts(
            map(
                &[1, 0, 0],
                Arc::new(Int32Array::from(vec![1])),
                Arc::new(StringArray::from(vec!["one"])),
                Some(vec![true, true, false].into()),
            ),
            &DataType::map(DataType::Integer, DataType::STRING, true),
            &[r#"{"1":"one"}"#, "{}"],
        );
        let lists = list(&[2, 0], Arc::new(Int32Array::from(vec![Some(7), None])), Some(vec![true, false].into()));
        assert_texts(
            map(&[2, 0], Arc::new(Int32Array::from(vec![1, 2])), Arc::new(lists), Some(vec![true, false].into())),
            &DataType::map(DataType::Integer, DataType::array(DataType::Integer, true), true),
            &[r#"{"1":["7",null],"2":null}"#],
        );
    }

    #[test]
    fn structs_keep_null_fields_and_escape_names() {
        let data_type = DataType::structure([
            StructField::new("a\"b", DataType::Integer, true),
            StructField::new("d", DataType::Date, true),
            StructField::new("raw", DataType::Binary, true),
        ]);
        let fields = vec![
            ("x", Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef),
            ("y", Arc::new(Date32Array::from(vec![None, Some(0)]))),
            ("z", Arc::new(BinaryArray::from(vec![Some(b"\x00\xff\x10".as_slice()), None]))),
        ];
        let (fields, columns): (Vec<_>, Vec<_>) = fields
            .into_iter()
            .map(|(name, array)| (arrow::datatypes::Field::new(name, array.data_type().clone(), true), array))
            .unzip();
        let array = StructArray::try_new(fields.into(), columns, Some(vec![true, false].into())).unwrap();
        assert_texts(array, &data_type, &[r#"{"a\"b":"1","d":null,"raw":"AP8Q"}"#]);
    }

    #[test]
    fn key_that_is_nested_is_a_string_of_its_json() {
        let keys = list(&[2], Arc::new(StringArray::from(vec!["a", "b"])), None);
        let data_type = DataType::map(DataType::array(DataType::STRING, true), DataType::Boolean, true);
        let texts = texts(map(&[1], Arc::new(keys), Arc::new(BooleanArray::from(vec![true])), None), &data_type);
        assert_eq!(texts, [Some(r#"{"[\"a\",\"b\"]":"true"}"#.to_owned())]);
    }

    /// `parse_json('{"a":[1,null,"x"]}')`, and NULL.
    pub(in crate::encode) fn variants() -> ArrayRef {
        let value = b"\x02\x01\x00\x00\x0b\x03\x03\x00\x02\x03\x05\x0c\x01\x00\x05x".as_slice();
        let metadata = b"\x01\x01\x00\x01a".as_slice();
        let parts: Vec<ArrayRef> =
            vec![Arc::new(BinaryArray::from(vec![value, b""])), Arc::new(BinaryArray::from(vec![metadata, b""]))];
        let arrow::datatypes::DataType::Struct(fields) = to_wire_arrow(&DataType::Variant, "UTC") else { panic!() };
        Arc::new(StructArray::try_new(fields, parts, Some(vec![true, false].into())).unwrap())
    }

    #[test]
    fn variant_is_json_and_inside_an_array_a_string_of_it() {
        let variants = variants();
        let json = r#"{"a":[1,null,"x"]}"#;
        let cells = Cells::new(variants.as_ref(), &DataType::Variant, &Zone::UTC).unwrap();
        let mut out = Vec::new();
        cells.push_text(&mut out, 0).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), json);
        assert!(cells.is_null(1));
        let texts = texts(list(&[2], variants, None), &DataType::array(DataType::Variant, true));
        let parsed: Vec<Option<String>> = serde_json::from_str(texts[0].as_deref().unwrap()).unwrap();
        assert_eq!(parsed, [Some(json.to_owned()), None]);
    }

    #[test]
    fn slices_of_nested_columns_show_their_own_rows() {
        let data_type = DataType::array(DataType::Integer, true);
        let array = list(&[1, 2, 1], Arc::new(Int32Array::from(vec![1, 2, 3, 4])), None);
        assert_eq!(texts(array.slice(1, 2), &data_type), [Some(r#"["2","3"]"#.into()), Some(r#"["4"]"#.into())]);
    }

    #[test]
    fn layout_of_another_type_is_an_error() {
        let array = Int32Array::from(vec![1]);
        let error = Cells::new(&array, &DataType::STRING, &Zone::UTC).unwrap_err();
        assert!(error.text().contains("string"), "{}", error.text());
    }
}
