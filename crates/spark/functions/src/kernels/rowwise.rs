//! Kernels as plain functions over typed columns, row by row, on top of `invoke`.
//!
//! `Args` hides that an argument may be a scalar or an array and that strings have three Arrow forms; its readers give
//! `Option` per row and its writers build the answer without an allocation per row. When all arguments are scalars the
//! function runs over one row and the answer is a scalar, so constant folding works. Settings that a function depends
//! on (ANSI, time zone, a compiled pattern) are its `state`, which is part of its identity.

use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BinaryViewArray, BooleanArray, BooleanBuilder,
    LargeBinaryArray, LargeStringArray, ListBuilder, PrimitiveArray, PrimitiveBuilder, StringArray, StringBuilder,
    StringViewArray, make_array,
};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, DataType as ArrowType, Int32Type, Int64Type};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::ColumnarValue;
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use crate::kernels::invoke::{SparkUdf, State, apply, call_with, raise};
use crate::kernels::room;
use crate::typed::Typed;

/// What a kernel computes: state and columns to a column of `args.rows()` values.
pub type Run<S> = fn(&S, &Args) -> Result<ArrayRef>;

/// A kernel with its state, as the state of a `SparkUdf`. The name stands for the function in comparisons.
#[derive(Debug, Clone)]
struct Rows<S> {
    returns: ArrowType,
    state: S,
    run: Run<S>,
}

impl<S: State> PartialEq for Rows<S> {
    fn eq(&self, other: &Self) -> bool {
        self.returns == other.returns && self.state == other.state
    }
}

impl<S: State> Eq for Rows<S> {}

impl<S: State> Hash for Rows<S> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.state.hash(hasher);
    }
}

fn evaluate<S: State>(rows: &Rows<S>, values: &[ColumnarValue], count: usize) -> DfResult<ColumnarValue> {
    let scalar = !values.is_empty() && values.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
    let array = compute(rows, values, if scalar { 1 } else { count })?;
    if scalar {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
    }
    Ok(ColumnarValue::Array(array))
}

fn evaluate_volatile<S: State>(rows: &Rows<S>, values: &[ColumnarValue], count: usize) -> DfResult<ColumnarValue> {
    compute(rows, values, count).map(ColumnarValue::Array)
}

fn compute<S: State>(rows: &Rows<S>, values: &[ColumnarValue], count: usize) -> DfResult<ArrayRef> {
    let args = Args::new(values, count)?;
    let array = (rows.run)(&rows.state, &args).map_err(raise)?;
    if array.data_type() == &rows.returns { Ok(array) } else { retype(&array, &rows.returns) }
}

/// The same buffers under another type of the same layout (a timestamp's zone, a duration).
fn retype(array: &ArrayRef, to: &ArrowType) -> DfResult<ArrayRef> {
    if array.data_type().is_nested() || to.is_nested() {
        return Ok(datafusion::arrow::compute::cast(array, to)?);
    }
    Ok(make_array(array.to_data().into_builder().data_type(to.clone()).build()?))
}

/// Calls a kernel with state. Values must have the types that the kernel reads.
pub fn call_rows<S: State>(
    name: &'static str,
    values: Vec<Typed>,
    (data_type, nullable): (DataType, bool),
    state: S,
    run: Run<S>,
) -> Result<Typed> {
    let rows = Rows { returns: to_engine_arrow(&data_type), state, run };
    call_with(name, rows, values, (data_type, nullable), evaluate)
}

/// As `call_rows`, computed for each row anew.
pub fn call_volatile<S: State>(
    name: &'static str,
    values: Vec<Typed>,
    (data_type, nullable): (DataType, bool),
    state: S,
    run: Run<S>,
) -> Result<Typed> {
    let returns = to_engine_arrow(&data_type);
    let rows = Rows { returns: returns.clone(), state, run };
    Ok(apply(SparkUdf::new(name, rows, returns, nullable, evaluate_volatile).volatile(), values, data_type))
}

/// The columns of one invocation.
pub struct Args {
    columns: Vec<ArrayRef>,
    steps: Vec<usize>,
    rows: usize,
}

impl Args {
    fn new(values: &[ColumnarValue], rows: usize) -> DfResult<Self> {
        let mut columns = Vec::with_capacity(values.len());
        let mut steps = Vec::with_capacity(values.len());
        for value in values {
            match value {
                ColumnarValue::Array(array) => {
                    columns.push(Arc::clone(array));
                    steps.push(1);
                }
                ColumnarValue::Scalar(scalar) => {
                    columns.push(scalar.to_array_of_size(1)?);
                    steps.push(0);
                }
            }
        }
        Ok(Self { columns, steps, rows })
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn len(&self) -> usize {
        self.columns.len()
    }

    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The array of an argument, and 0 when it is one value for all rows, else 1.
    pub fn raw(&self, index: usize) -> Result<(&ArrayRef, usize)> {
        match (self.columns.get(index), self.steps.get(index)) {
            (Some(array), Some(step)) => Ok((array, *step)),
            _ => Err(Error::internal(format!("a kernel reads argument {index} of {}", self.columns.len()))),
        }
    }

    pub fn is_scalar(&self, index: usize) -> bool {
        self.steps.get(index) == Some(&0)
    }

    pub fn text(&self, index: usize) -> Result<Text<'_>> {
        let (array, step) = self.raw(index)?;
        let array = match array.data_type() {
            ArrowType::Utf8 => array.as_string_opt().map(TextArray::Small),
            ArrowType::LargeUtf8 => array.as_string_opt().map(TextArray::Large),
            ArrowType::Utf8View => array.as_string_view_opt().map(TextArray::View),
            _ => None,
        };
        array.map(|array| Text { array, step }).ok_or_else(|| self.wrong(index, "text"))
    }

    /// The texts of an argument whose place may be empty.
    pub fn optional_text(&self, index: usize) -> Result<Option<Text<'_>>> {
        if index < self.len() { self.text(index).map(Some) } else { Ok(None) }
    }

    pub fn bytes(&self, index: usize) -> Result<Bytes<'_>> {
        let (array, step) = self.raw(index)?;
        let array = match array.data_type() {
            ArrowType::Binary => array.as_binary_opt().map(BytesArray::Small),
            ArrowType::LargeBinary => array.as_binary_opt().map(BytesArray::Large),
            ArrowType::BinaryView => array.as_binary_view_opt().map(BytesArray::View),
            _ => None,
        };
        array.map(|array| Bytes { array, step }).ok_or_else(|| self.wrong(index, "bytes"))
    }

    pub fn column<T: ArrowPrimitiveType>(&self, index: usize) -> Result<Column<'_, T>> {
        let (array, step) = self.raw(index)?;
        match array.as_primitive_opt::<T>() {
            Some(array) => Ok(Column { array, step }),
            None => Err(self.wrong(index, "a primitive")),
        }
    }

    pub fn int(&self, index: usize) -> Result<Column<'_, Int32Type>> {
        self.column(index)
    }

    pub fn long(&self, index: usize) -> Result<Column<'_, Int64Type>> {
        self.column(index)
    }

    pub fn boolean(&self, index: usize) -> Result<Booleans<'_>> {
        let (array, step) = self.raw(index)?;
        match array.as_boolean_opt() {
            Some(array) => Ok(Booleans { array, step }),
            None => Err(self.wrong(index, "a boolean")),
        }
    }

    fn wrong(&self, index: usize, wanted: &str) -> Error {
        let found = self.columns.get(index).map(|array| array.data_type().to_string()).unwrap_or_default();
        Error::internal(format!("a kernel wants {wanted} as argument {index}, not {found}"))
    }

    /// Builds strings: `write` puts a row's text into the buffer, or gives `None` for NULL.
    pub fn texts(&self, mut write: impl FnMut(usize, &mut String) -> Option<()>) -> Result<ArrayRef> {
        self.try_texts(|row, out| Ok(write(row, out)))
    }

    pub fn try_texts(&self, mut write: impl FnMut(usize, &mut String) -> Result<Option<()>>) -> Result<ArrayRef> {
        let mut builder = StringBuilder::with_capacity(self.rows, self.rows * 8);
        let mut buffer = String::new();
        let mut made = 0;
        for row in 0..self.rows {
            buffer.clear();
            match write(row, &mut buffer)? {
                Some(()) => {
                    made += buffer.len();
                    room::check("the text", made)?;
                    builder.append_value(&buffer);
                }
                None => builder.append_null(),
            }
        }
        Ok(Arc::new(builder.finish()))
    }

    /// Builds strings that are parts of what is there already.
    pub fn slices<'b>(&self, mut slice: impl FnMut(usize) -> Option<&'b str>) -> Result<ArrayRef> {
        let mut builder = StringBuilder::with_capacity(self.rows, self.rows * 8);
        (0..self.rows).for_each(|row| builder.append_option(slice(row)));
        Ok(Arc::new(builder.finish()))
    }

    pub fn binaries(&self, mut write: impl FnMut(usize, &mut Vec<u8>) -> Result<Option<()>>) -> Result<ArrayRef> {
        let mut builder = BinaryBuilder::with_capacity(self.rows, self.rows * 8);
        let mut buffer = Vec::new();
        let mut made = 0;
        for row in 0..self.rows {
            buffer.clear();
            match write(row, &mut buffer)? {
                Some(()) => {
                    made += buffer.len();
                    room::check("the bytes", made)?;
                    builder.append_value(&buffer);
                }
                None => builder.append_null(),
            }
        }
        Ok(Arc::new(builder.finish()))
    }

    pub fn values<T: ArrowPrimitiveType>(&self, value: impl FnMut(usize) -> Option<T::Native>) -> Result<ArrayRef> {
        Ok(Arc::new((0..self.rows).map(value).collect::<PrimitiveArray<T>>()))
    }

    pub fn try_values<T: ArrowPrimitiveType>(
        &self,
        mut value: impl FnMut(usize) -> Result<Option<T::Native>>,
    ) -> Result<ArrayRef> {
        let mut builder = PrimitiveBuilder::<T>::with_capacity(self.rows);
        for row in 0..self.rows {
            builder.append_option(value(row)?);
        }
        Ok(Arc::new(builder.finish()))
    }

    pub fn booleans(&self, mut value: impl FnMut(usize) -> Option<bool>) -> Result<ArrayRef> {
        let mut builder = BooleanBuilder::with_capacity(self.rows);
        (0..self.rows).for_each(|row| builder.append_option(value(row)));
        Ok(Arc::new(builder.finish()))
    }

    /// Builds lists of strings: `fill` appends a row's elements, or gives `None` for NULL.
    pub fn text_lists(
        &self,
        mut fill: impl FnMut(usize, &mut StringBuilder) -> Result<Option<()>>,
    ) -> Result<ArrayRef> {
        let mut builder = ListBuilder::new(StringBuilder::new());
        for row in 0..self.rows {
            let there = fill(row, builder.values())?.is_some();
            builder.append(there);
        }
        Ok(Arc::new(builder.finish()))
    }
}

enum TextArray<'a> {
    Small(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
}

/// A column of strings.
pub struct Text<'a> {
    array: TextArray<'a>,
    step: usize,
}

impl<'a> Text<'a> {
    pub fn get(&self, row: usize) -> Option<&'a str> {
        let row = row * self.step;
        match self.array {
            TextArray::Small(array) => array.is_valid(row).then(|| array.value(row)),
            TextArray::Large(array) => array.is_valid(row).then(|| array.value(row)),
            TextArray::View(array) => array.is_valid(row).then(|| array.value(row)),
        }
    }
}

enum BytesArray<'a> {
    Small(&'a BinaryArray),
    Large(&'a LargeBinaryArray),
    View(&'a BinaryViewArray),
}

/// A column of byte strings.
pub struct Bytes<'a> {
    array: BytesArray<'a>,
    step: usize,
}

impl<'a> Bytes<'a> {
    pub fn get(&self, row: usize) -> Option<&'a [u8]> {
        let row = row * self.step;
        match self.array {
            BytesArray::Small(array) => array.is_valid(row).then(|| array.value(row)),
            BytesArray::Large(array) => array.is_valid(row).then(|| array.value(row)),
            BytesArray::View(array) => array.is_valid(row).then(|| array.value(row)),
        }
    }
}

/// A column of numbers, dates or instants.
pub struct Column<'a, T: ArrowPrimitiveType> {
    array: &'a PrimitiveArray<T>,
    step: usize,
}

impl<T: ArrowPrimitiveType> Column<'_, T> {
    pub fn get(&self, row: usize) -> Option<T::Native> {
        let row = row * self.step;
        self.array.is_valid(row).then(|| self.array.value(row))
    }
}

pub struct Booleans<'a> {
    array: &'a BooleanArray,
    step: usize,
}

impl Booleans<'_> {
    pub fn get(&self, row: usize) -> Option<bool> {
        let row = row * self.step;
        self.array.is_valid(row).then(|| self.array.value(row))
    }
}
