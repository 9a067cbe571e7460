//! What the end of a file says that orc-rust does not hand on: Spark's own types, and the calendar of its dates.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, make_array};
use datafusion::arrow::datatypes::{DataType as Arrow, Date32Type, Field, TimeUnit, TimestampMicrosecondType};
use hearth_base::{Error, Result};
use hearth_types::StructField;
use prost::Message;

use super::compression::Codec;
use super::messages::{Footer, PostScript};
use super::{calendar, types};

/// Largest footer that is read.
const MAX_FOOTER_BYTES: usize = 256 << 20;
const LONGEST_POST_SCRIPT: usize = 256;
const PROLEPTIC_CALENDAR: u32 = 2;

/// What a file says of its columns.
#[derive(Debug)]
pub struct Tail {
    pub columns: Vec<StructField>,
    /// Whether days before 1582 are counted as Spark counts them in memory.
    pub is_proleptic: bool,
}

impl Tail {
    /// Reads the end of a file; in words what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let footer = footer(path)?;
        let columns = types::to_columns(&footer.types)?;
        Ok(Self { columns, is_proleptic: footer.calendar == Some(PROLEPTIC_CALENDAR) })
    }
}

fn footer(path: &Path) -> Result<Footer, String> {
    let told = |error: std::io::Error| error.to_string();
    let mut file = File::open(path).map_err(told)?;
    let bytes = usize::try_from(file.metadata().map_err(told)?.len()).map_err(|_| "it is too large")?;
    let mut last = from_end(&mut file, bytes, LONGEST_POST_SCRIPT.min(bytes), 0)?;
    let length = usize::from(last.pop().ok_or("it is empty")?);
    let start = last.len().checked_sub(length).ok_or("it is no ORC file")?;
    let post_script = PostScript::decode(&last[start..]).map_err(|_| "it is no ORC file")?;
    if post_script.magic.as_deref() != Some("ORC") {
        return Err("it is no ORC file".to_owned());
    }
    let codec = Codec::numbered(post_script.compression()).ok_or("its compression is not known")?;
    let packed = usize::try_from(post_script.footer_length()).unwrap_or(usize::MAX);
    if packed > MAX_FOOTER_BYTES {
        return Err("its footer is too large".to_owned());
    }
    let packed = from_end(&mut file, bytes, packed, length + 1)?;
    let footer = codec.unpack(&packed, MAX_FOOTER_BYTES)?;
    Footer::decode(footer.as_slice()).map_err(|error| error.to_string())
}

/// So many bytes that end `behind` bytes before the end.
fn from_end(file: &mut File, bytes: usize, length: usize, behind: usize) -> Result<Vec<u8>, String> {
    let start = length.checked_add(behind).and_then(|back| bytes.checked_sub(back)).ok_or("it ends too early")?;
    file.seek(SeekFrom::Start(start as u64)).map_err(|error| error.to_string())?;
    let mut out = vec![0; length];
    file.read_exact(&mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

/// Values as a reader gives them, in the form of `wanted` where that has the same bits: numbers that are intervals or
/// wall clocks. With `is_hybrid` days before 1582 are counted anew.
pub fn meant(array: &ArrayRef, wanted: &Arrow, is_hybrid: bool) -> Result<ArrayRef> {
    let same = |wanted: &Arrow| -> Result<ArrayRef> {
        let data = array.to_data().into_builder().data_type(wanted.clone()).build().map_err(Error::internal)?;
        Ok(make_array(data))
    };
    match (array.data_type(), wanted) {
        (Arrow::Int64, Arrow::Timestamp(TimeUnit::Microsecond, None) | Arrow::Duration(TimeUnit::Microsecond))
        | (Arrow::Int64, Arrow::Time64(TimeUnit::Nanosecond))
        | (Arrow::Int32, Arrow::Interval(_)) => same(wanted),
        (Arrow::Timestamp(TimeUnit::Microsecond, _), Arrow::Timestamp(TimeUnit::Microsecond, Some(_))) => {
            let array = same(wanted)?;
            let values = array.as_primitive::<TimestampMicrosecondType>();
            if !is_hybrid || values.values().iter().all(|value| calendar::micros_to_proleptic(*value) == *value) {
                return Ok(array);
            }
            let moved = values.unary::<_, TimestampMicrosecondType>(calendar::micros_to_proleptic);
            Ok(Arc::new(moved.with_timezone("UTC")))
        }
        (Arrow::Date32, _) if is_hybrid => {
            let values = array.as_primitive::<Date32Type>();
            if values.values().iter().all(|value| calendar::day_to_proleptic(*value) == *value) {
                return Ok(Arc::clone(array));
            }
            Ok(Arc::new(values.unary::<_, Date32Type>(calendar::day_to_proleptic)))
        }
        (Arrow::List(_), Arrow::List(element)) => {
            let list = array.as_list::<i32>();
            let values = meant(list.values(), element.data_type(), is_hybrid)?;
            let field = Arc::new(Field::new(element.name(), values.data_type().clone(), true));
            let list = ListArray::try_new(field, list.offsets().clone(), values, list.nulls().cloned());
            Ok(Arc::new(list.map_err(Error::internal)?))
        }
        (Arrow::Map(_, _), Arrow::Map(entries, _)) => {
            let map = array.as_map();
            let inner: ArrayRef = Arc::new(map.entries().clone());
            let inner = meant(&inner, entries.data_type(), is_hybrid)?;
            let field = Arc::new(Field::new(entries.name(), inner.data_type().clone(), false));
            let inner = inner.as_struct().clone();
            let map = MapArray::try_new(field, map.offsets().clone(), inner, map.nulls().cloned(), false);
            Ok(Arc::new(map.map_err(Error::internal)?))
        }
        (Arrow::Struct(known), Arrow::Struct(fields)) => {
            let structure = array.as_struct();
            let is_map = known.len() == 2 && known.first().is_some_and(|key| !key.is_nullable());
            let of = |(at, known): (usize, &Arc<Field>)| {
                let by_name = fields.iter().find(|field| field.name().eq_ignore_ascii_case(known.name()));
                let wanted = by_name.or_else(|| fields.get(at).filter(|_| is_map));
                let wanted = wanted.map_or(known.data_type(), |field| field.data_type());
                meant(structure.column(at), wanted, is_hybrid)
            };
            let columns = known.iter().enumerate().map(of).collect::<Result<Vec<_>>>()?;
            let field = |(known, column): (&Arc<Field>, &ArrayRef)| {
                Field::new(known.name(), column.data_type().clone(), known.is_nullable())
            };
            let fields = known.iter().zip(&columns).map(field).collect();
            let structure = StructArray::try_new(fields, columns, structure.nulls().cloned());
            Ok(Arc::new(structure.map_err(Error::internal)?))
        }
        _ => Ok(Arc::clone(array)),
    }
}
