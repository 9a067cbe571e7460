//! `from_csv`, `to_csv`: one record of Univocity's CSV, with Spark's defaults (separator `,`, quote `"`, escape `\`).

mod dialect;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use hearth_base::{Error, Result};
use hearth_types::value_text::{TextStyle, format_value};
use hearth_types::{DataType, StructType};

use crate::kernels::json::cell::{Cell, Misfit, Reading, column, decimal, null_struct};
use crate::kernels::json::typed::{Format, Options};
use crate::kernels::json::write::is_null;
use crate::kernels::rowwise::Args;
use crate::kernels::variant::build::Builder;
use crate::kernels::variant::of_json;

pub use dialect::Dialect;

pub fn scalar(text: &str, data_type: &DataType, reading: &Reading) -> Result<Cell, Misfit> {
    let whole = |low: i64, high: i64| {
        let value = text.parse().ok().filter(|value| (low..=high).contains(value));
        value.map(Cell::Long).ok_or(Misfit)
    };
    match data_type {
        DataType::String { .. } | DataType::Char { .. } | DataType::VarChar { .. } => Ok(Cell::Text(text.to_owned())),
        DataType::Boolean => text.to_ascii_lowercase().parse().map(Cell::Boolean).map_err(|_| Misfit),
        DataType::Byte => whole(i64::from(i8::MIN), i64::from(i8::MAX)),
        DataType::Short => whole(i64::from(i16::MIN), i64::from(i16::MAX)),
        DataType::Integer => whole(i64::from(i32::MIN), i64::from(i32::MAX)),
        DataType::Long => whole(i64::MIN, i64::MAX),
        DataType::Float | DataType::Double => double(text.trim(), reading).map(Cell::Double).ok_or(Misfit),
        DataType::Decimal { precision, scale } => decimal(text, *precision, *scale),
        DataType::Binary => Ok(Cell::Bytes(text.as_bytes().to_vec())),
        DataType::Date | DataType::Timestamp | DataType::TimestampNtz => reading.moment(text, data_type),
        DataType::Variant => {
            let mut builder = Builder::default();
            append_variant(text, reading, &mut builder);
            builder.finish().map(Cell::Variant).map_err(|_| Misfit)
        }
        _ => Err(Misfit),
    }
}

/// A field as the narrowest value that it writes.
fn append_variant(text: &str, reading: &Reading, builder: &mut Builder) {
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let moment = |data_type: &DataType| match reading.moment(text, data_type) {
        Ok(Cell::Long(value)) if text.len() >= 8 && text.contains('-') => Some(value),
        Ok(_) | Err(Misfit) => None,
    };
    if let Ok(value) = text.parse::<i64>() {
        builder.long(value);
    } else if let Some((unscaled, scale)) = of_json::decimal(text).filter(|_| has_digit) {
        builder.decimal(unscaled, scale);
    } else if let Some(days) = moment(&DataType::Date).filter(|_| text.len() <= 10) {
        builder.date(i32::try_from(days).unwrap_or(i32::MAX));
    } else if let Some(micros) = moment(&DataType::Timestamp) {
        builder.timestamp(micros);
    } else if let Ok(value) = text.to_ascii_lowercase().parse::<bool>() {
        builder.boolean(value);
    } else {
        builder.string(text);
    }
}

/// A whole record as an object of its fields.
fn record_variant(parts: &[Option<String>], reading: &Reading) -> Cell {
    let mut builder = Builder::default();
    let start = builder.position();
    let mut fields = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        fields.push(builder.field(start, &format!("_c{index}")));
        match part {
            Some(text) => append_variant(text, reading, &mut builder),
            None => builder.null(),
        }
    }
    let made = builder.object(start, fields).and_then(|()| builder.finish());
    made.map_or(Cell::Null, Cell::Variant)
}

/// As Java reads one, and the words that the options have for what is no number.
fn double(text: &str, reading: &Reading) -> Option<f64> {
    let [nan, positive, negative] = &reading.not_numbers;
    match text {
        text if text == nan => Some(f64::NAN),
        text if text == positive => Some(f64::INFINITY),
        text if text == negative => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        text if text.bytes().any(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

fn structure(data_type: &DataType) -> Result<&StructType> {
    match data_type {
        DataType::Struct(structure) => Ok(structure),
        _ => Err(Error::internal("CSV needs a struct")),
    }
}

pub fn from_csv(format: &Format, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let reading = format.options.reading()?;
    let dialect = Dialect::of(&format.options);
    let structure = structure(&format.data_type)?;
    let corrupt = structure.fields.iter().position(|field| *field.name == *reading.corrupt_column);
    let mut cells = Vec::with_capacity(args.rows());
    for row in 0..args.rows() {
        let Some(text) = text.get(row) else {
            cells.push(Cell::Null);
            continue;
        };
        let parts = dialect.split(text);
        if reading.single_variant.is_some() && structure.fields.len() == 1 {
            cells.push(Cell::Struct(vec![record_variant(&parts, &reading)]));
            continue;
        }
        let mut record = null_struct(&format.data_type);
        let mut whole = parts.len() == structure.fields.len() - usize::from(corrupt.is_some());
        if let Cell::Struct(values) = &mut record {
            let places = (0..structure.fields.len()).filter(|place| Some(*place) != corrupt);
            for (place, part) in places.zip(parts) {
                let Some(part) = part else { continue };
                match scalar(&part, &structure.fields[place].data_type, &reading) {
                    Ok(cell) => values[place] = cell,
                    Err(Misfit) => whole = false,
                }
            }
            if let (false, Some(place)) = (whole, corrupt) {
                values[place] = Cell::Text(text.to_owned());
            }
        }
        if !whole && format.options.is_fail_fast() {
            return Err(format.options.malformed(text));
        }
        cells.push(record);
    }
    column(&cells.iter().collect::<Vec<_>>(), &format.data_type)
}

pub fn to_csv(format: &Format, args: &Args) -> Result<ArrayRef> {
    let (array, step) = args.raw(0)?;
    let writing = format.options.writing()?;
    let dialect = Dialect::of(&format.options);
    let structure = structure(&format.data_type)?;
    let values = array.as_struct();
    args.try_texts(|row, out| {
        let at = row * step;
        if values.is_null(at) {
            return Ok(None);
        }
        for (index, field) in structure.fields.iter().enumerate() {
            if index > 0 {
                dialect.separate(out);
            }
            let column = values.column(index);
            if is_null(column.as_ref(), at) {
                // A line of nothing at all is no line to Spark's writer.
                if structure.fields.len() == 1 && dialect.writes_null_as_nothing() {
                    return Ok(None);
                }
                dialect.write(None, out);
                continue;
            }
            let text = match writing.moment(column.as_ref(), at, &field.data_type)? {
                Some(text) => text,
                None if field.data_type == DataType::Binary => hex_list(column.as_binary::<i32>().value(at)),
                None => format_value(column.as_ref(), at, &field.data_type, &writing.zone, TextStyle::Cast),
            };
            dialect.write(Some(&text), out);
        }
        Ok(Some(()))
    })
}

/// `[41 42]`
fn hex_list(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("[{}]", digits.join(" "))
}

/// The type of one record, as Spark's CSV source infers it.
pub fn infer(text: &str, options: &Options) -> Result<DataType> {
    let reading = options.reading()?;
    let typed = fields(text, options).into_iter().enumerate().map(|(index, part)| {
        let data_type = part.map_or(DataType::STRING, |part| infer_field(&part, &reading));
        hearth_types::StructField::new(format!("_c{index}"), data_type, true)
    });
    Ok(DataType::structure(typed))
}

/// The fields of a record; `None` is NULL.
pub fn fields(text: &str, options: &Options) -> Vec<Option<String>> {
    Dialect::of(options).split(text)
}

/// The narrowest type of one field.
pub fn infer_field(part: &str, reading: &Reading) -> DataType {
    let fits = |data_type: &DataType| scalar(part, data_type, reading).is_ok();
    let digits = part.trim().trim_start_matches('-');
    let big = (1..=38).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let dashes = part.len() >= 8 && part.contains('-');
    match [DataType::Integer, DataType::Long].into_iter().find(fits) {
        Some(data_type) => data_type,
        None if big => DataType::Decimal { precision: u8::try_from(digits.len()).unwrap_or(38), scale: 0 },
        None if fits(&DataType::Double) => DataType::Double,
        None if dashes && part.len() <= 10 && fits(&DataType::Date) => DataType::Date,
        None if dashes && fits(&DataType::Timestamp) => DataType::Timestamp,
        None if fits(&DataType::Boolean) => DataType::Boolean,
        None => DataType::STRING,
    }
}
