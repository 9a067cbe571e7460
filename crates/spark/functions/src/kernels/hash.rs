//! `hash` (Murmur3) and `xxhash64` over any types, as Spark chains them: each column's value is hashed with the hash so far
//! as its seed, and NULL leaves it as it is.

pub mod algorithm;

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, Int32Array, Int64Array};
use datafusion::arrow::compute::cast as arrow_cast;
use datafusion::arrow::datatypes::{
    DataType as ArrowType, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
    IntervalYearMonthType,
};
use datafusion::common::Result as DfResult;
use hearth_base::Error;
use hearth_types::DataType;

use algorithm::{Algorithm, Murmur3, XxHash64};

use crate::kernels::invoke::{bad_array, raise};

/// Widest decimal that is hashed as a long.
const LONG_DECIMAL_PRECISION: u8 = 18;
/// Spark's seed for both functions.
const SEED: i64 = 42;

/// The state is the types of the columns.
pub fn murmur3(types: &Arc<[DataType]>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    Ok(Arc::new(Int32Array::from(rows::<Murmur3>(types, arrays, SEED as i32)?)))
}

pub fn xxhash64(types: &Arc<[DataType]>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    Ok(Arc::new(Int64Array::from(rows::<XxHash64>(types, arrays, SEED)?)))
}

fn rows<A: Algorithm>(types: &[DataType], arrays: &[ArrayRef], seed: A::Hash) -> DfResult<Vec<A::Hash>> {
    let count = arrays.first().map_or(1, |array| array.len());
    let mut hashes = vec![seed; count];
    for (data_type, array) in types.iter().zip(arrays) {
        column::<A>(data_type, array, &mut hashes)?;
    }
    Ok(hashes)
}

/// Hashes a column into the hashes so far. Elements of arrays are hashed one after the other into the hash of their row.
fn column<A: Algorithm>(data_type: &DataType, array: &ArrayRef, hashes: &mut [A::Hash]) -> DfResult<()> {
    use DataType as T;
    match data_type {
        T::Null => Ok(()),
        T::Boolean | T::Byte | T::Short | T::Integer | T::Date | T::YearMonthInterval { .. } => {
            let ints = as_ints(array)?;
            each::<A, Int32Type>(&ints, hashes, |value, hash| A::int(value, hash))
        }
        T::Long | T::Timestamp | T::TimestampNtz | T::DayTimeInterval { .. } | T::Time { .. } => {
            let longs = arrow_cast(array, &ArrowType::Int64)?;
            each::<A, Int64Type>(&longs, hashes, |value, hash| A::long(value, hash))
        }
        T::Float => each::<A, Float32Type>(array, hashes, |value, hash| A::int(float_bits(value), hash)),
        T::Double => each::<A, Float64Type>(array, hashes, |value, hash| A::long(double_bits(value), hash)),
        T::Decimal { precision, .. } if *precision <= LONG_DECIMAL_PRECISION => {
            each::<A, Decimal128Type>(array, hashes, |value, hash| A::long(value as i64, hash))
        }
        T::Decimal { .. } => {
            each::<A, Decimal128Type>(array, hashes, |value, hash| A::bytes(shortest_bytes(&value.to_be_bytes()), hash))
        }
        T::String { .. } | T::Char { .. } | T::VarChar { .. } | T::Binary => {
            let bytes = arrow_cast(array, &ArrowType::Binary)?;
            let bytes = bytes.as_binary::<i32>();
            for (row, hash) in hashes.iter_mut().enumerate() {
                if bytes.is_valid(row) {
                    *hash = A::bytes(bytes.value(row), *hash);
                }
            }
            Ok(())
        }
        T::CalendarInterval => each::<A, IntervalMonthDayNanoType>(array, hashes, |value, hash| {
            A::int(value.months, A::int(value.days, A::long(value.nanoseconds / 1000, hash)))
        }),
        T::Udt(udt) => column::<A>(&udt.sql_type, array, hashes),
        T::Array(_) | T::Map(_) | T::Struct(_) => nested::<A>(data_type, array, hashes),
        T::Variant | T::Geometry { .. } | T::Geography { .. } => {
            Err(raise(Error::unsupported(format!("a hash of {}", data_type.sql()))))
        }
    }
}

fn nested<A: Algorithm>(data_type: &DataType, array: &ArrayRef, hashes: &mut [A::Hash]) -> DfResult<()> {
    match data_type {
        DataType::Struct(structure) => {
            let columns = array.as_struct_opt().ok_or_else(|| bad_array("hash", array.data_type()))?;
            let before: Vec<A::Hash> = hashes.to_vec();
            for (field, part) in structure.fields.iter().zip(columns.columns()) {
                column::<A>(&field.data_type, part, hashes)?;
            }
            restore_nulls(columns, &before, hashes);
            Ok(())
        }
        DataType::Array(list_type) => {
            let list = array.as_list_opt::<i32>().ok_or_else(|| bad_array("hash", array.data_type()))?;
            for (row, hash) in hashes.iter_mut().enumerate() {
                if list.is_null(row) {
                    continue;
                }
                let elements = list.value(row);
                for at in 0..elements.len() {
                    column::<A>(&list_type.element, &elements.slice(at, 1), std::slice::from_mut(hash))?;
                }
            }
            Ok(())
        }
        DataType::Map(map_type) => {
            let map = array.as_map_opt().ok_or_else(|| bad_array("hash", array.data_type()))?;
            for (row, hash) in hashes.iter_mut().enumerate() {
                if map.is_null(row) {
                    continue;
                }
                let entries = map.value(row);
                for at in 0..entries.len() {
                    let hash = std::slice::from_mut(hash);
                    column::<A>(&map_type.key, &entries.column(0).slice(at, 1), hash)?;
                    column::<A>(&map_type.value, &entries.column(1).slice(at, 1), hash)?;
                }
            }
            Ok(())
        }
        _ => Err(bad_array("hash", array.data_type())),
    }
}

/// A NULL struct hashes as NULL, whatever its fields hold.
fn restore_nulls<H: Copy>(array: &dyn Array, before: &[H], hashes: &mut [H]) {
    for (row, hash) in hashes.iter_mut().enumerate() {
        if array.is_null(row) {
            *hash = before[row];
        }
    }
}

fn each<A: Algorithm, T: ArrowPrimitiveType>(
    array: &ArrayRef,
    hashes: &mut [A::Hash],
    f: impl Fn(T::Native, A::Hash) -> A::Hash,
) -> DfResult<()> {
    let values = array.as_primitive_opt::<T>().ok_or_else(|| bad_array("hash", array.data_type()))?;
    if values.null_count() == 0 {
        hashes.iter_mut().zip(values.values()).for_each(|(hash, value)| *hash = f(*value, *hash));
        return Ok(());
    }
    for (row, hash) in hashes.iter_mut().enumerate() {
        if values.is_valid(row) {
            *hash = f(values.value(row), *hash);
        }
    }
    Ok(())
}

fn as_ints(array: &ArrayRef) -> DfResult<ArrayRef> {
    if let Some(months) = array.as_primitive_opt::<IntervalYearMonthType>() {
        return Ok(Arc::new(months.reinterpret_cast::<Int32Type>()));
    }
    Ok(arrow_cast(array, &ArrowType::Int32)?)
}

/// Java's bits: one NaN, and here one zero.
fn float_bits(value: f32) -> i32 {
    if value.is_nan() {
        0x7fc0_0000
    } else if value == 0.0 {
        0
    } else {
        value.to_bits() as i32
    }
}

fn double_bits(value: f64) -> i64 {
    if value.is_nan() {
        0x7ff8_0000_0000_0000
    } else if value == 0.0 {
        0
    } else {
        value.to_bits() as i64
    }
}

/// `BigInteger.toByteArray`: big-endian without needless sign bytes.
fn shortest_bytes(bytes: &[u8; 16]) -> &[u8] {
    let mut start = 0;
    while start < 15 {
        let sign = if bytes[start + 1] & 0x80 == 0 { 0x00 } else { 0xff };
        if bytes[start] != sign {
            break;
        }
        start += 1;
    }
    &bytes[start..]
}
