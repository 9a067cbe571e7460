//! `from_csv`, `to_csv`: one record of Univocity's CSV, with Spark's defaults (separator `,`, quote `"`, escape `\`).

mod dialect;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use hearth_base::condition::{FAILED_READ_FILE, NOT_AN_INTEGER, UNREADABLE_RECORD};
use hearth_base::{Error, Result};
use hearth_types::data_type::MAX_DECIMAL_PRECISION;
use hearth_types::value_text::{TextStyle, format_value};
use hearth_types::{DataType, StructType};

use crate::kernels::json::cell::{Cell, Misfit, Reading, column, decimal, interval, null_struct};
use crate::kernels::json::typed::{FILE, Format, Options, PLACES};
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
        DataType::Float | DataType::Double => java_double(text, reading).map(Cell::Double).ok_or(Misfit),
        DataType::Decimal { precision, scale } if reading.decimal_comma => {
            decimal(&text.replace('.', "").replace(',', "."), *precision, *scale)
        }
        DataType::Decimal { precision, scale } => decimal(text, *precision, *scale),
        DataType::Binary => Ok(Cell::Bytes(text.as_bytes().to_vec())),
        DataType::Date | DataType::Timestamp | DataType::TimestampNtz | DataType::Time { .. } => {
            reading.moment(text, data_type)
        }
        DataType::YearMonthInterval { .. } | DataType::DayTimeInterval { .. } => interval(text, data_type),
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

/// As Java reads one: `1f` and `1d` are numbers.
fn java_double(text: &str, reading: &Reading) -> Option<f64> {
    let text = text.trim();
    let bare =
        text.strip_suffix(['f', 'F', 'd', 'D']).filter(|bare| bare.ends_with(|c: char| c.is_ascii_digit() || c == '.'));
    double(text, reading).or_else(|| double(bare?, reading))
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
    let limits = Limits::of(&format.options)?;
    // Where the fields are in a record that is not read whole; its width does not count then.
    let chosen: Option<Vec<usize>> = format.options.get(PLACES).map(places);
    let fields: Vec<usize> = (0..structure.fields.len()).filter(|place| Some(*place) != corrupt).collect();
    let mut cells = Vec::with_capacity(args.rows());
    for row in 0..args.rows() {
        let Some(text) = text.get(row) else {
            cells.push(Cell::Null);
            continue;
        };
        let mut parts = dialect.split(text);
        limits.check(&parts, &format.options)?;
        if dialect.refuses(text) {
            return Err(unreadable(&format.options, format!("A quote is not escaped: {text}")));
        }
        if reading.single_variant.is_some() && structure.fields.len() == 1 {
            cells.push(Cell::Struct(vec![record_variant(&parts, &reading)]));
            continue;
        }
        if let Some(chosen) = &chosen {
            parts = chosen.iter().map(|place| parts.get_mut(*place).and_then(Option::take)).collect();
        }
        let mut record = null_struct(&format.data_type);
        let mut whole = parts.len() == fields.len();
        if let Cell::Struct(values) = &mut record {
            for (place, part) in fields.iter().copied().zip(parts) {
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

/// `0,2,5`
fn places(text: &str) -> Vec<usize> {
    text.split(',').filter_map(|place| place.parse().ok()).collect()
}

/// How large records may be: `maxColumns`, `maxCharsPerColumn`.
struct Limits {
    columns: usize,
    characters: Option<usize>,
}

impl Limits {
    fn of(options: &Options) -> Result<Self> {
        let number = |name: &str, default: i64| match options.get(&name.to_lowercase()) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| NOT_AN_INTEGER.with("paramName", name).with("value", text)),
        };
        let characters = number("maxCharsPerColumn", -1)?;
        let columns = number("maxColumns", 20480)?;
        Ok(Self { columns: usize::try_from(columns).unwrap_or(0), characters: usize::try_from(characters).ok() })
    }

    /// Records that are larger make the file one that cannot be read.
    fn check(&self, parts: &[Option<String>], options: &Options) -> Result<()> {
        let is_long = |part: &Option<String>| {
            self.characters
                .is_some_and(|most| part.as_ref().is_some_and(|part| part.len() > most && part.chars().count() > most))
        };
        if parts.len() <= self.columns && !parts.iter().any(is_long) {
            return Ok(());
        }
        let most = self.columns;
        Err(unreadable(
            options,
            format!("A record has more than maxColumns ({most}) fields, or a field of more than maxCharsPerColumn."),
        ))
    }
}

/// The error of a record that cannot be taken apart. A source names its file.
fn unreadable(options: &Options, message: String) -> Error {
    match options.get(FILE) {
        Some(file) => FAILED_READ_FILE.with("path", file).message(format!("The file {file} cannot be read. {message}")),
        None => UNREADABLE_RECORD.with("message", message),
    }
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
        let data_type = part.map_or(DataType::Null, |part| infer_field(&part, &reading, DataType::Null));
        let data_type = if data_type == DataType::Null { DataType::STRING } else { data_type };
        hearth_types::StructField::new(format!("_c{index}"), data_type, true)
    });
    Ok(DataType::structure(typed))
}

/// The fields of a record; `None` is NULL.
pub fn fields(text: &str, options: &Options) -> Vec<Option<String>> {
    Dialect::of(options).split(text)
}

/// The type that holds `known` and one more field. Tries only what is as wide as `known`, as Spark does.
pub fn infer_field(part: &str, reading: &Reading, known: DataType) -> DataType {
    if part.is_empty() {
        return known;
    }
    let fits = |data_type: DataType| scalar(part, &data_type, reading).is_ok().then_some(data_type);
    let tries: [&dyn Fn() -> Option<DataType>; 8] = [
        &|| fits(DataType::Integer),
        &|| fits(DataType::Long),
        &|| whole_decimal(part),
        &|| fits(DataType::Double),
        &|| fits(DataType::Date).filter(|_| reading.prefers_date && (reading.date.is_some() || is_plain_date(part))),
        &|| fits(DataType::TimestampNtz).filter(|_| reading.infers_wall_clock),
        &|| fits(DataType::Timestamp),
        &|| fits(DataType::Boolean),
    ];
    let first = match &known {
        DataType::Null | DataType::Integer => 0,
        DataType::Long => 1,
        DataType::Decimal { .. } => 2,
        DataType::Double => 3,
        DataType::Date => 4,
        DataType::TimestampNtz => 5,
        DataType::Timestamp => 6,
        DataType::Boolean => 7,
        _ => 8,
    };
    let found = tries.iter().skip(first).find_map(|attempt| attempt()).unwrap_or(DataType::STRING);
    widen(known, found)
}

/// `12345678901234567890`, with a point at the end or without.
fn whole_decimal(text: &str) -> Option<DataType> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = digits.strip_suffix('.').unwrap_or(digits);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let precision = u8::try_from(digits.trim_start_matches('0').len().max(1)).ok()?;
    (precision <= MAX_DECIMAL_PRECISION).then_some(DataType::Decimal { precision, scale: 0 })
}

/// `yyyy-MM-dd`, and nothing else.
pub fn is_plain_date(text: &str) -> bool {
    let is_place = |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(is_place)
}

/// The type that holds fields of both types, as Spark's CSV inference goes from narrow to wide.
fn widen(left: DataType, right: DataType) -> DataType {
    use DataType as T;
    match (left, right) {
        (left, right) if left == right => left,
        (T::Null, other) | (other, T::Null) => other,
        (T::Integer, T::Long) | (T::Long, T::Integer) => T::Long,
        (T::Integer | T::Long | T::Decimal { .. }, T::Double)
        | (T::Double, T::Integer | T::Long | T::Decimal { .. }) => T::Double,
        (T::Integer, T::Decimal { precision, scale }) | (T::Decimal { precision, scale }, T::Integer) => {
            T::Decimal { precision: precision.max(10), scale }
        }
        (T::Long, T::Decimal { precision, scale }) | (T::Decimal { precision, scale }, T::Long) => {
            T::Decimal { precision: precision.max(20), scale }
        }
        (T::Decimal { precision: left, scale }, T::Decimal { precision: right, .. }) => {
            T::Decimal { precision: left.max(right), scale }
        }
        (T::Date, T::Timestamp) | (T::Timestamp, T::Date) => T::Timestamp,
        (T::Date, T::TimestampNtz) | (T::TimestampNtz, T::Date) => T::TimestampNtz,
        (T::TimestampNtz, T::Timestamp) | (T::Timestamp, T::TimestampNtz) => T::Timestamp,
        (_, _) => T::STRING,
    }
}
