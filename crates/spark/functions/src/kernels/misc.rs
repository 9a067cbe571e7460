//! Errors on purpose, UUIDs, row numbers and bitmap positions.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringBuilder};
use datafusion::arrow::datatypes::{DataType as ArrowType, Int64Type};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::ColumnarValue;
use hearth_base::Error;
use hearth_base::condition::USER_RAISED_EXCEPTION;

use crate::kernels::invoke::{bad_array, raise as raised};
use crate::kernels::random::Generator;

/// When to raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Raise {
    /// The argument is the message.
    Always,
    /// The arguments are a condition and the message for when it does not hold.
    Unless,
}

pub fn raise(when: &Raise, arguments: &[ColumnarValue], rows: usize) -> DfResult<ColumnarValue> {
    let none = || Ok(ColumnarValue::Scalar(ScalarValue::Null));
    if rows == 0 {
        return none();
    }
    let arrays = arguments.iter().map(|argument| argument.to_array(rows)).collect::<DfResult<Vec<_>>>()?;
    let (row, message) = match (when, arrays.as_slice()) {
        (Raise::Always, [message]) => (Some(0), message),
        (Raise::Unless, [condition, message]) => {
            let condition =
                condition.as_boolean_opt().ok_or_else(|| bad_array("assert_true", condition.data_type()))?;
            ((0..rows).find(|row| condition.is_null(*row) || !condition.value(*row)), message)
        }
        _ => return Err(raised(Error::internal("raise_error got other arguments than it takes"))),
    };
    let Some(row) = row else {
        return none();
    };
    let text = ScalarValue::try_from_array(message, row)?;
    let text = text.try_as_str().flatten().unwrap_or("null").to_owned();
    Err(raised(USER_RAISED_EXCEPTION.with("errorMessage", text)))
}

/// A sequence of version 4 UUIDs.
#[derive(Debug, Clone)]
pub struct Uuids {
    seed: i64,
    generator: Arc<Mutex<Generator>>,
}

impl Uuids {
    pub fn new(seed: i64) -> Self {
        Self { seed, generator: Arc::new(Mutex::new(Generator::new(seed))) }
    }
}

impl PartialEq for Uuids {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.generator, &other.generator)
    }
}

impl Eq for Uuids {}

impl Hash for Uuids {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.seed.hash(state);
    }
}

pub fn uuid(uuids: &Uuids, _arguments: &[ColumnarValue], rows: usize) -> DfResult<ColumnarValue> {
    let mut generator = uuids.generator.lock().unwrap_or_else(PoisonError::into_inner);
    let mut output = StringBuilder::with_capacity(rows, rows * 36);
    for _ in 0..rows {
        let high = generator.next_long() & !0xf000 | 0x4000;
        let low = generator.next_long() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
        output.append_value(format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        ));
    }
    Ok(ColumnarValue::Array(Arc::new(output.finish())))
}

/// The next row's number.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicI64>);

impl PartialEq for Counter {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Counter {}

impl Hash for Counter {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

pub fn count(counter: &Counter, _arguments: &[ColumnarValue], rows: usize) -> DfResult<ColumnarValue> {
    let rows = i64::try_from(rows).unwrap_or(0);
    let first = counter.0.fetch_add(rows, Ordering::Relaxed);
    Ok(ColumnarValue::Array(Arc::new(Int64Array::from_iter_values(first..first + rows))))
}

pub fn first_partition(_state: &(), _arguments: &[ColumnarValue], _rows: usize) -> DfResult<ColumnarValue> {
    Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::Int32(Some(0))))
}

/// Bits of one bitmap: 4096 bytes.
const BITMAP_BITS: i64 = 8 * 4096;

fn longs(arrays: &[ArrayRef]) -> DfResult<&Int64Array> {
    match arrays {
        [array] => array.as_primitive_opt::<Int64Type>().ok_or_else(|| bad_array("a bitmap", array.data_type())),
        _ => Err(bad_array("a bitmap", &ArrowType::Null)),
    }
}

/// Java's remainder, so that negative numbers count backwards from zero.
pub fn bitmap_position((): &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    Ok(Arc::new(longs(arrays)?.unary::<_, Int64Type>(|value| {
        if value > 0 { (value - 1) % BITMAP_BITS } else { value.wrapping_neg() % BITMAP_BITS }
    })))
}

pub fn bitmap_bucket((): &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    Ok(Arc::new(
        longs(arrays)?
            .unary::<_, Int64Type>(|value| if value > 0 { 1 + (value - 1) / BITMAP_BITS } else { value / BITMAP_BITS }),
    ))
}
