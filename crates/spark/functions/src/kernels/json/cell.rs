//! `from_json` and `from_csv`: text to values of a schema, and those to Arrow columns.
//!
//! A field that does not fit its type becomes NULL and leaves its neighbours alone; an element that does not fit takes
//! its whole array with it. Sources: `JacksonParser`, `UnivocityParser`.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryBuilder, BooleanArray, Float32Array, Float64Array, IntervalYearMonthArray, ListArray, MapArray,
    StringArray, StructArray, new_null_array,
};
use datafusion::arrow::array::{Decimal128Array, PrimitiveArray};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType as ArrowType, Int64Type};
use hearth_base::{Error, Result};
use hearth_types::arrow::to_engine_arrow;
use hearth_types::datetime_parse::{string_to_date, string_to_time, string_to_timestamp, string_to_timestamp_ntz};
use hearth_types::interval_parse::{string_to_day_time, string_to_year_month};
use hearth_types::{DataType, StructType, Zone};

use crate::kernels::datetime::pattern::Pattern;
use crate::kernels::json::value::Json;
use crate::kernels::variant::build::Encoded;
use crate::kernels::variant::{self, of_json};

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Null,
    Boolean(bool),
    /// All whole numbers, days and microseconds.
    Long(i64),
    Double(f64),
    /// Unscaled, at the type's scale.
    Decimal(i128),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Cell>),
    Map(Vec<(Cell, Cell)>),
    Struct(Vec<Cell>),
    Variant(Encoded),
}

/// How scalars are read.
#[derive(Debug, Clone)]
pub struct Reading {
    pub zone: Zone,
    pub now: i64,
    pub date: Option<Pattern>,
    pub timestamp: Option<Pattern>,
    /// Of TIMESTAMP_NTZ.
    pub wall_clock: Option<Pattern>,
    /// Whether inference takes texts for dates first; they must have the form of one then.
    pub prefers_date: bool,
    /// Whether inference takes timestamps without a zone for TIMESTAMP_NTZ.
    pub infers_wall_clock: bool,
    /// Whether `locale` writes `1.000,5`, which CSV's decimals follow.
    pub decimal_comma: bool,
    /// `_corrupt_record`
    pub corrupt_column: String,
    /// CSV's `nanValue`, `positiveInf`, `negativeInf`.
    pub not_numbers: [String; 3],
    /// `singleVariantColumn`: the field that takes the whole record.
    pub single_variant: Option<String>,
}

/// A value that does not fit its type.
pub struct Misfit;

/// A document of a type. The flag says that all of it fitted.
pub fn document(json: Option<&Json<'_>>, data_type: &DataType, reading: &Reading, text: &str) -> (Cell, bool) {
    let value = match (json, data_type) {
        (None, _) => Err(Misfit),
        (Some(json), DataType::Struct(structure)) if reading.single_variant.is_some() => {
            single_variant(json, structure, reading)
        }
        (Some(Json::Null), DataType::Struct(_)) => Ok((null_struct(data_type), true)),
        (Some(json @ Json::Object(_)), DataType::Array(array)) if matches!(array.element, DataType::Struct(_)) => {
            convert(json, &array.element, reading).map(|(cell, whole)| (Cell::List(vec![cell]), whole))
        }
        (Some(json), _) => convert(json, data_type, reading),
    };
    let (mut cell, whole) = match (value, data_type) {
        (Ok(value), _) => value,
        (Err(Misfit), DataType::Struct(_)) => (null_struct(data_type), false),
        (Err(Misfit), _) => (Cell::Null, false),
    };
    if let (false, Cell::Struct(cells), DataType::Struct(structure)) = (whole, &mut cell, data_type)
        && let Some(place) = structure.fields.iter().position(|field| *field.name == *reading.corrupt_column)
        && let Some(place) = cells.get_mut(place)
    {
        *place = Cell::Text(text.to_owned());
    }
    (cell, whole)
}

/// A struct whose one field is the whole document.
fn single_variant(json: &Json<'_>, structure: &StructType, reading: &Reading) -> Result<(Cell, bool), Misfit> {
    let mut cells: Vec<Cell> = structure.fields.iter().map(|_| Cell::Null).collect();
    let place = structure.fields.iter().position(|field| Some(&*field.name) == reading.single_variant.as_deref());
    if let Some(place) = place {
        cells[place] = convert(json, &DataType::Variant, reading)?.0;
    }
    Ok((Cell::Struct(cells), true))
}

/// A struct of NULLs.
pub fn null_struct(data_type: &DataType) -> Cell {
    match data_type {
        DataType::Struct(structure) => Cell::Struct(structure.fields.iter().map(|_| Cell::Null).collect()),
        _ => Cell::Null,
    }
}

fn convert(json: &Json<'_>, data_type: &DataType, reading: &Reading) -> Result<(Cell, bool), Misfit> {
    match (json, data_type) {
        (json, DataType::Variant) => {
            let variant = of_json::of_json(json).map_err(|_| Misfit)?;
            Ok((Cell::Variant(variant), true))
        }
        (Json::Null, _) => Ok((Cell::Null, true)),
        (Json::Object(fields), DataType::Struct(structure)) => {
            let mut cells: Vec<Cell> = structure.fields.iter().map(|_| Cell::Null).collect();
            let mut whole = true;
            for (name, value) in fields {
                let Some(place) = structure.fields.iter().position(|field| *field.name == **name) else { continue };
                match convert(value, &structure.fields[place].data_type, reading) {
                    Ok((cell, fitted)) => {
                        cells[place] = cell;
                        whole &= fitted;
                    }
                    Err(Misfit) => whole = false,
                }
            }
            Ok((Cell::Struct(cells), whole))
        }
        (Json::Array(elements), DataType::Array(array)) => {
            let mut whole = true;
            let mut cells = Vec::with_capacity(elements.len());
            for element in elements {
                let (cell, fitted) = convert(element, &array.element, reading)?;
                whole &= fitted;
                cells.push(cell);
            }
            Ok((Cell::List(cells), whole))
        }
        (Json::Object(fields), DataType::Map(map)) => {
            let mut entries = Vec::with_capacity(fields.len());
            for (name, value) in fields {
                let (cell, _) = convert(value, &map.value, reading)?;
                entries.push((Cell::Text(name.to_string()), cell));
            }
            Ok((Cell::Map(entries), true))
        }
        (json, data_type) => scalar(json, data_type, reading).map(|cell| (cell, true)),
    }
}

fn scalar(json: &Json<'_>, data_type: &DataType, reading: &Reading) -> Result<Cell, Misfit> {
    let whole = |low: i64, high: i64| match json {
        Json::Number(text) => {
            text.parse().ok().filter(|value| (low..=high).contains(value)).map(Cell::Long).ok_or(Misfit)
        }
        _ => Err(Misfit),
    };
    match data_type {
        DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. } => Ok(Cell::Text(match json {
            Json::String(text) => text.clone().into_owned(),
            other => {
                let mut text = String::new();
                other.write(&mut text);
                text
            }
        })),
        DataType::Boolean => match json {
            Json::Boolean(value) => Ok(Cell::Boolean(*value)),
            _ => Err(Misfit),
        },
        DataType::Byte => whole(i64::from(i8::MIN), i64::from(i8::MAX)),
        DataType::Short => whole(i64::from(i16::MIN), i64::from(i16::MAX)),
        DataType::Integer => whole(i64::from(i32::MIN), i64::from(i32::MAX)),
        DataType::Long => whole(i64::MIN, i64::MAX),
        DataType::Float | DataType::Double => match json {
            Json::Number(text) => text.parse().map(Cell::Double).map_err(|_| Misfit),
            Json::String(text) => match text.as_ref() {
                "NaN" => Ok(Cell::Double(f64::NAN)),
                "+INF" | "+Infinity" | "Infinity" | "INF" => Ok(Cell::Double(f64::INFINITY)),
                "-INF" | "-Infinity" => Ok(Cell::Double(f64::NEG_INFINITY)),
                _ => Err(Misfit),
            },
            _ => Err(Misfit),
        },
        DataType::Decimal { precision, scale } => match json {
            Json::Number(text) => decimal(text, *precision, *scale),
            Json::String(text) => decimal(text, *precision, *scale),
            _ => Err(Misfit),
        },
        DataType::Binary => match json {
            Json::String(text) => {
                let mut bytes = Vec::new();
                crate::kernels::string::code::decode_base64(text, false, &mut bytes).ok_or(Misfit)?;
                Ok(Cell::Bytes(bytes))
            }
            _ => Err(Misfit),
        },
        DataType::Date | DataType::Timestamp | DataType::TimestampNtz | DataType::Time { .. } => match json {
            Json::String(text) => reading.moment(text, data_type),
            Json::Number(text) if *data_type == DataType::Timestamp => {
                let seconds: i64 = text.parse().map_err(|_| Misfit)?;
                seconds.checked_mul(1_000_000).map(Cell::Long).ok_or(Misfit)
            }
            _ => Err(Misfit),
        },
        DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. } => match json {
            Json::String(text) => interval(text, data_type),
            _ => Err(Misfit),
        },
        _ => Err(Misfit),
    }
}

/// Months or microseconds.
pub fn interval(text: &str, data_type: &DataType) -> Result<Cell, Misfit> {
    let value = match data_type {
        DataType::YearMonthInterval { start, end } => string_to_year_month(text, *start, *end).map(i64::from),
        DataType::DayTimeInterval { start, end } => string_to_day_time(text, *start, *end),
        _ => None,
    };
    value.map(Cell::Long).ok_or(Misfit)
}

impl Reading {
    /// A date or timestamp, by the pattern if there is one.
    pub fn moment(&self, text: &str, data_type: &DataType) -> Result<Cell, Misfit> {
        if matches!(data_type, DataType::Time { .. }) {
            return string_to_time(text).map(Cell::Long).ok_or(Misfit);
        }
        let pattern = match data_type {
            DataType::Date => &self.date,
            DataType::TimestampNtz => &self.wall_clock,
            _ => &self.timestamp,
        };
        let parsed = match pattern {
            Some(pattern) => Some(pattern.parse(text).map_err(|_| Misfit)?),
            None => None,
        };
        let value = match (data_type, parsed) {
            (DataType::Date, Some(parsed)) => Some(parsed.local.div_euclid(86_400_000_000)),
            (DataType::Date, None) => string_to_date(text).map(i64::from),
            (DataType::TimestampNtz, Some(parsed)) => Some(parsed.local),
            (DataType::TimestampNtz, None) => string_to_timestamp_ntz(text, true),
            (_, Some(parsed)) => parsed.zone.as_ref().unwrap_or(&self.zone).to_instant(parsed.local),
            (_, None) => string_to_timestamp(text, &self.zone, self.now),
        };
        value.map(Cell::Long).ok_or(Misfit)
    }
}

/// Rounds half up; too many digits do not fit.
pub fn decimal(text: &str, precision: u8, scale: i8) -> Result<Cell, Misfit> {
    let text = text.trim();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| Misfit)?),
        None => (text, 0),
    };
    let negative = mantissa.starts_with('-');
    let mantissa = mantissa.trim_start_matches(['-', '+']);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if (whole.is_empty() && fraction.is_empty()) || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return Err(Misfit);
    }
    let digits: i128 = format!("0{whole}{fraction}").parse().map_err(|_| Misfit)?;
    let shift = i32::from(scale) + exponent - i32::try_from(fraction.len()).map_err(|_| Misfit)?;
    let power = 10i128.checked_pow(shift.unsigned_abs()).ok_or(Misfit)?;
    let value = if shift >= 0 {
        digits.checked_mul(power).ok_or(Misfit)?
    } else {
        digits / power + i128::from(digits % power >= power - power / 2)
    };
    if value >= 10i128.pow(u32::from(precision)) {
        return Err(Misfit);
    }
    Ok(Cell::Decimal(if negative { -value } else { value }))
}

/// A column of cells of one type.
#[expect(clippy::too_many_lines, reason = "one arm per type")]
pub fn column(cells: &[&Cell], data_type: &DataType) -> Result<ArrayRef> {
    let arrow = to_engine_arrow(data_type);
    let internal = |error: datafusion::arrow::error::ArrowError| Error::internal(error.to_string());
    let long = |cell: &&Cell| match cell {
        Cell::Long(value) => Some(*value),
        _ => None,
    };
    let double = |cell: &&Cell| match cell {
        Cell::Double(value) => Some(*value),
        _ => None,
    };
    let there = || NullBuffer::from_iter(cells.iter().map(|cell| **cell != Cell::Null));
    Ok(match data_type {
        DataType::Boolean => Arc::new(BooleanArray::from_iter(cells.iter().map(|cell| match cell {
            Cell::Boolean(value) => Some(*value),
            _ => None,
        }))),
        DataType::Float => Arc::new(Float32Array::from_iter(cells.iter().map(double).map(|v| v.map(|v| v as f32)))),
        DataType::Double => Arc::new(Float64Array::from_iter(cells.iter().map(double))),
        DataType::Decimal { .. } => Arc::new(
            Decimal128Array::from_iter(cells.iter().map(|cell| match cell {
                Cell::Decimal(value) => Some(*value),
                _ => None,
            }))
            .with_data_type(arrow),
        ),
        DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. } => {
            Arc::new(StringArray::from_iter(cells.iter().map(|cell| match cell {
                Cell::Text(text) => Some(text.as_str()),
                _ => None,
            })))
        }
        DataType::Binary => {
            let mut builder = BinaryBuilder::new();
            for cell in cells {
                match cell {
                    Cell::Bytes(bytes) => builder.append_value(bytes),
                    _ => builder.append_null(),
                }
            }
            Arc::new(builder.finish())
        }
        DataType::Byte
        | DataType::Short
        | DataType::Integer
        | DataType::Long
        | DataType::Timestamp
        | DataType::TimestampNtz
        | DataType::DayTimeInterval { .. }
        | DataType::Time { .. } => {
            let longs: ArrayRef = Arc::new(PrimitiveArray::<Int64Type>::from_iter(cells.iter().map(long)));
            cast(&longs, &arrow).map_err(internal)?
        }
        DataType::Date => {
            let longs: ArrayRef = Arc::new(PrimitiveArray::<Int64Type>::from_iter(cells.iter().map(long)));
            cast(&cast(&longs, &ArrowType::Int32).map_err(internal)?, &arrow).map_err(internal)?
        }
        DataType::YearMonthInterval { .. } => {
            let months = |cell: &&Cell| long(cell).and_then(|months| i32::try_from(months).ok());
            Arc::new(IntervalYearMonthArray::from_iter(cells.iter().map(months)))
        }
        DataType::Struct(structure) => Arc::new(struct_column(cells, structure, there())?),
        DataType::Array(array) => {
            let lists = || cells.iter().map(|cell| if let Cell::List(list) = cell { list.as_slice() } else { &[] });
            let elements: Vec<&Cell> = lists().flatten().collect();
            let offsets = OffsetBuffer::from_lengths(lists().map(<[Cell]>::len));
            let ArrowType::List(field) = arrow else { return Err(Error::internal("an array is no list")) };
            let values = column(&elements, &array.element)?;
            Arc::new(ListArray::try_new(field, offsets, values, Some(there())).map_err(internal)?)
        }
        DataType::Map(map) => {
            let maps = || cells.iter().map(|cell| if let Cell::Map(map) = cell { map.as_slice() } else { &[] });
            let keys: Vec<&Cell> = maps().flatten().map(|(key, _)| key).collect();
            let values: Vec<&Cell> = maps().flatten().map(|(_, value)| value).collect();
            let offsets = OffsetBuffer::from_lengths(maps().map(<[(Cell, Cell)]>::len));
            let ArrowType::Map(field, sorted) = arrow else { return Err(Error::internal("a map is no map")) };
            let ArrowType::Struct(entry) = field.data_type() else {
                return Err(Error::internal("a map has no entries"));
            };
            let columns = vec![column(&keys, &map.key)?, column(&values, &map.value)?];
            let entries = StructArray::try_new(entry.clone(), columns, None).map_err(internal)?;
            Arc::new(MapArray::try_new(field, offsets, entries, Some(there()), sorted).map_err(internal)?)
        }
        DataType::Variant => variant::column(cells.iter().map(|cell| match cell {
            Cell::Variant(value) => Some(value),
            _ => None,
        }))?,
        _ => new_null_array(&arrow, cells.len()),
    })
}

fn struct_column(cells: &[&Cell], structure: &StructType, nulls: NullBuffer) -> Result<StructArray> {
    let data_type = DataType::Struct(structure.clone());
    let ArrowType::Struct(fields) = to_engine_arrow(&data_type) else {
        return Err(Error::internal("a struct is no struct"));
    };
    let mut columns = Vec::with_capacity(fields.len());
    for (index, field) in structure.fields.iter().enumerate() {
        let children: Vec<&Cell> = cells
            .iter()
            .map(|cell| match cell {
                Cell::Struct(values) => values.get(index).unwrap_or(&Cell::Null),
                _ => &Cell::Null,
            })
            .collect();
        columns.push(column(&children, &field.data_type)?);
    }
    if columns.is_empty() {
        return Ok(StructArray::new_empty_fields(cells.len(), Some(nulls)));
    }
    StructArray::try_new(fields, columns, Some(nulls)).map_err(|error| Error::internal(error.to_string()))
}
