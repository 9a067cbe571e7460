//! KLL sketches: quantiles and ranks of longs, doubles and floats.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, Int64Array, ListArray, PrimitiveArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{DataType as ArrowType, Float32Type, Float64Type, Int64Type};
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue};
use datasketches::common::SearchCriteria;
use datasketches::kll::{KllFloat, KllSketch, KllValue};
use hearth_base::condition::{KLL_INVALID_INPUT_SKETCH_BUFFER, KLL_SKETCH_INVALID_QUANTILE_RANGE};

use hearth_types::number_text::{write_double, write_float};

use super::{binary, invalid, pairs};
use crate::kernels::aggregate::fold::Fold;
use crate::kernels::invoke::{bad_array, raise};

pub const DEFAULT_K: u16 = 200;

/// The three types that KLL sketches hold.
pub trait Quantity: fmt::Debug + Clone + Copy + PartialEq + Eq + std::hash::Hash + Send + Sync + 'static {
    /// How the sketch holds a value.
    type Stored: KllValue + Ord + fmt::Debug + Send + Sync;
    type Arrow: ArrowPrimitiveType;
    const QUANTITY: Self;
    /// As Java's classes are called: `Longs`.
    const CLASS: &'static str;
    const BYTES: usize;
    /// NaN is no value.
    fn store(value: <Self::Arrow as ArrowPrimitiveType>::Native) -> Option<Self::Stored>;
    fn load(stored: Self::Stored) -> <Self::Arrow as ArrowPrimitiveType>::Native;
    /// As Java prints it.
    fn print(stored: &Self::Stored) -> String;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Longs;
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Doubles;
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Floats;

impl Quantity for Longs {
    type Stored = i64;
    type Arrow = Int64Type;
    const QUANTITY: Self = Self;
    const CLASS: &'static str = "Longs";
    const BYTES: usize = 8;

    fn store(value: i64) -> Option<i64> {
        Some(value)
    }

    fn load(stored: i64) -> i64 {
        stored
    }

    fn print(stored: &i64) -> String {
        stored.to_string()
    }
}

impl Quantity for Doubles {
    type Stored = KllFloat<f64>;
    type Arrow = Float64Type;
    const QUANTITY: Self = Self;
    const CLASS: &'static str = "Doubles";
    const BYTES: usize = 8;

    fn store(value: f64) -> Option<KllFloat<f64>> {
        KllFloat::<f64>::new(value).ok()
    }

    fn load(stored: KllFloat<f64>) -> f64 {
        stored.into_inner()
    }

    fn print(stored: &KllFloat<f64>) -> String {
        printed(|out| write_double(out, **stored))
    }
}

impl Quantity for Floats {
    type Stored = KllFloat<f32>;
    type Arrow = Float32Type;
    const QUANTITY: Self = Self;
    const CLASS: &'static str = "Floats";
    const BYTES: usize = 4;

    fn store(value: f32) -> Option<KllFloat<f32>> {
        KllFloat::<f32>::new(value).ok()
    }

    fn load(stored: KllFloat<f32>) -> f32 {
        stored.into_inner()
    }

    fn print(stored: &KllFloat<f32>) -> String {
        printed(|out| write_float(out, **stored))
    }
}

fn printed(write: impl Fn(&mut String) -> fmt::Result) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out);
    out
}

pub fn read<Q: Quantity>(function: &str, bytes: &[u8]) -> DfResult<KllSketch<Q::Stored>> {
    if bytes.len() < 8 {
        return Err(invalid(KLL_INVALID_INPUT_SKETCH_BUFFER, function));
    }
    KllSketch::deserialize(bytes).map_err(|_| invalid(KLL_INVALID_INPUT_SKETCH_BUFFER, function))
}

fn defect(error: &datasketches::error::Error) -> DataFusionError {
    DataFusionError::Execution(error.to_string())
}

fn values<Q: Quantity>(array: &ArrayRef) -> DfResult<&PrimitiveArray<Q::Arrow>> {
    array.as_primitive_opt::<Q::Arrow>().ok_or_else(|| bad_array("KLL sketch", array.data_type()))
}

/// `kll_sketch_agg_*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Count<Q> {
    pub name: &'static str,
    pub k: u16,
    pub quantity: Q,
}

impl<Q: Quantity> Fold for Count<Q> {
    type State = KllSketch<Q::Stored>;

    fn name(&self) -> &'static str {
        self.name
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![Q::Arrow::DATA_TYPE]
    }

    fn start(&self) -> DfResult<Self::State> {
        KllSketch::new(self.k).map_err(|error| defect(&error))
    }

    fn add(&self, state: &mut Self::State, arrays: &[ArrayRef]) -> DfResult<()> {
        values::<Q>(&arrays[0])?.iter().flatten().filter_map(Q::store).for_each(|value| state.update(value));
        Ok(())
    }

    fn save(&self, state: &Self::State) -> DfResult<Vec<u8>> {
        Ok(state.serialize())
    }

    fn merge(&self, state: &mut Self::State, saved: &[u8]) -> DfResult<()> {
        state.merge(&read::<Q>(self.name, saved)?).map_err(|error| defect(&error))
    }

    fn finish(&self, state: &Self::State) -> DfResult<ScalarValue> {
        Ok(ScalarValue::Binary(Some(state.serialize())))
    }

    fn size(&self, state: &Self::State) -> usize {
        size_of::<Self::State>() + state.num_retained() * Q::BYTES * 2
    }
}

/// `kll_merge_agg_*`. Without `k` the first sketch's is taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Merge<Q> {
    pub name: &'static str,
    pub k: Option<u16>,
    pub quantity: Q,
}

impl<Q: Quantity> Merge<Q> {
    fn take(&self, state: &mut Option<KllSketch<Q::Stored>>, bytes: &[u8]) -> DfResult<()> {
        let other = read::<Q>(self.name, bytes)?;
        let sketch = match state {
            Some(sketch) => sketch,
            None => state.insert(KllSketch::new(self.k.unwrap_or(other.k())).map_err(|error| defect(&error))?),
        };
        sketch.merge(&other).map_err(|_| invalid(KLL_INVALID_INPUT_SKETCH_BUFFER, self.name))
    }
}

impl<Q: Quantity> Fold for Merge<Q> {
    type State = Option<KllSketch<Q::Stored>>;

    fn name(&self) -> &'static str {
        self.name
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![ArrowType::Binary]
    }

    fn start(&self) -> DfResult<Self::State> {
        Ok(None)
    }

    fn add(&self, state: &mut Self::State, arrays: &[ArrayRef]) -> DfResult<()> {
        binary(self.name, &arrays[0])?.iter().flatten().try_for_each(|bytes| self.take(state, bytes))
    }

    fn save(&self, state: &Self::State) -> DfResult<Vec<u8>> {
        Ok(state.as_ref().map(KllSketch::serialize).unwrap_or_default())
    }

    fn merge(&self, state: &mut Self::State, saved: &[u8]) -> DfResult<()> {
        if saved.is_empty() { Ok(()) } else { self.take(state, saved) }
    }

    fn finish(&self, state: &Self::State) -> DfResult<ScalarValue> {
        let bytes = match state {
            Some(sketch) => sketch.serialize(),
            None => {
                KllSketch::<Q::Stored>::new(self.k.unwrap_or(DEFAULT_K)).map_err(|error| defect(&error))?.serialize()
            }
        };
        Ok(ScalarValue::Binary(Some(bytes)))
    }

    fn size(&self, state: &Self::State) -> usize {
        size_of::<Self::State>() + state.as_ref().map_or(0, |sketch| sketch.num_retained() * Q::BYTES * 2)
    }
}

/// How many values went into a sketch.
pub fn get_n<Q: Quantity>(name: &&'static str, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let counts = binary(name, &arrays[0])?
        .iter()
        .map(|bytes| bytes.map(|bytes| Ok::<_, DataFusionError>(read::<Q>(name, bytes)?.n() as i64)).transpose());
    Ok(Arc::new(counts.collect::<DfResult<Int64Array>>()?))
}

pub fn merge<Q: Quantity>(name: &&'static str, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let found = pairs(name, arrays, |left, right| {
        let (mut left, right) = (read::<Q>(name, left)?, read::<Q>(name, right)?);
        left.merge(&right).map_err(|_| invalid(KLL_INVALID_INPUT_SKETCH_BUFFER, name))?;
        Ok(left.serialize())
    })?;
    Ok(Arc::new(found.iter().map(Option::as_deref).collect::<BinaryArray>()))
}

/// A function that asks a sketch, and the type of its answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    pub name: &'static str,
    pub result: ArrowType,
}

/// The values at ranks: a number, or an array of them.
pub fn quantile<Q: Quantity>(question: &Question, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let name = question.name;
    look_up::<Q, Float64Type, Q::Arrow>(question, arrays, |sketch, rank| {
        if !(0.0..=1.0).contains(&rank) {
            return Err(raise(KLL_SKETCH_INVALID_QUANTILE_RANGE.with("functionName", format!("`{name}`"))));
        }
        match sketch.quantile(rank, SearchCriteria::Inclusive) {
            Ok(Some(value)) => Ok(Q::load(value)),
            Ok(None) | Err(_) => Err(invalid(KLL_INVALID_INPUT_SKETCH_BUFFER, name)),
        }
    })
}

/// The ranks of values: a number, or an array of them.
pub fn rank<Q: Quantity>(question: &Question, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let name = question.name;
    look_up::<Q, Q::Arrow, Float64Type>(question, arrays, |sketch, value| match Q::store(value) {
        None => Ok(f64::NAN),
        Some(value) => {
            sketch.rank(&value, SearchCriteria::Inclusive).ok_or_else(|| invalid(KLL_INVALID_INPUT_SKETCH_BUFFER, name))
        }
    })
}

/// Asks the sketch of each row what the second argument asks.
fn look_up<Q: Quantity, Asked: ArrowPrimitiveType, Answer: ArrowPrimitiveType>(
    question: &Question,
    arrays: &[ArrayRef],
    ask: impl Fn(&KllSketch<Q::Stored>, Asked::Native) -> DfResult<Answer::Native>,
) -> DfResult<ArrayRef> {
    let name = question.name;
    let sketches = binary(name, &arrays[0])?;
    let sketch = |row: usize| read::<Q>(name, sketches.value(row));
    let known = |row: usize| sketches.is_valid(row) && arrays[1].is_valid(row);
    if let Some(lists) = arrays[1].as_list_opt::<i32>() {
        let asked = lists.values().as_primitive::<Asked>();
        let mut answers: Vec<Answer::Native> = Vec::with_capacity(asked.len());
        let mut lengths = Vec::with_capacity(lists.len());
        let mut valid = Vec::with_capacity(lists.len());
        for row in 0..lists.len() {
            valid.push(known(row));
            let before = answers.len();
            if known(row) {
                let sketch = sketch(row)?;
                let offsets = lists.value_offsets();
                for place in offsets[row] as usize..offsets[row + 1] as usize {
                    answers.push(ask(&sketch, asked.value(place))?);
                }
            }
            lengths.push(answers.len() - before);
        }
        let ArrowType::List(field) = &question.result else { return Err(bad_array(name, &question.result)) };
        let field = Arc::clone(field);
        let answers = Arc::new(PrimitiveArray::<Answer>::from_iter_values(answers));
        let offsets = OffsetBuffer::from_lengths(lengths);
        return Ok(Arc::new(ListArray::try_new(field, offsets, answers, Some(NullBuffer::from(valid)))?));
    }
    let asked = arrays[1].as_primitive::<Asked>();
    let answers = (0..asked.len()).map(|row| match known(row) {
        true => ask(&sketch(row)?, asked.value(row)).map(Some),
        false => Ok(None),
    });
    Ok(Arc::new(answers.collect::<DfResult<PrimitiveArray<Answer>>>()?))
}
