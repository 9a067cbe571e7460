//! Tuple sketches: distinct keys, each with a number that is summed up, or the smallest, or the largest.
//!
//! As Java's `DoubleSummary` and `IntegerSummary` do it, a summary carries its mode in its bytes.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Float64Array, Int64Array};
use datafusion::arrow::datatypes::{DataType as ArrowType, Float64Type, Int32Type};
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue};
use datasketches::codec::{SketchBytes, SketchSlice};
use datasketches::error::{Error as SketchError, ErrorKind};
use datasketches::tuple::{
    CompactTupleSketch, SummaryCombinePolicy, SummaryPolicy, SummaryUpdatePolicy, TupleANotB, TupleIntersection,
    TupleSketch, TupleSketchBuilder, TupleSummaryValue, TupleUnion, TupleUnionBuilder,
};
use hearth_base::condition::TUPLE_INVALID_INPUT_SKETCH_BUFFER;

use super::{binary, invalid, items, pairs, theta};
use crate::kernels::aggregate::fold::Fold;
use crate::kernels::invoke::bad_array;

/// What happens to numbers of one key. The discriminant is what Java writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Mode {
    Sum = 0,
    Min = 1,
    Max = 2,
    AlwaysOne = 3,
}

impl Mode {
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "sum" => Self::Sum,
            "min" => Self::Min,
            "max" => Self::Max,
            "alwaysone" => Self::AlwaysOne,
            _ => return None,
        })
    }

    fn of_byte(byte: u8) -> Option<Self> {
        [Self::Sum, Self::Min, Self::Max, Self::AlwaysOne].into_iter().find(|mode| *mode as u8 == byte)
    }
}

/// The two types of summaries.
pub trait Number: Copy + PartialOrd + fmt::Debug + Send + Sync + 'static {
    const SMALLEST: Self;
    const LARGEST: Self;
    const ZERO: Self;
    const ONE: Self;
    const BYTES: usize;
    fn add(self, other: Self) -> Self;
    fn input() -> ArrowType;
    fn at(array: &ArrayRef, row: usize) -> DfResult<Self>;
    fn write(self, bytes: &mut SketchBytes);
    fn read(cursor: &mut SketchSlice<'_>) -> std::io::Result<Self>;
    /// All numbers as the column of `tuple_sketch_summary_*`, wider than they are where Spark widens them.
    fn totals(found: Vec<Option<Vec<Self>>>, mode: Mode) -> ArrayRef;
}

impl Number for f64 {
    const SMALLEST: Self = Self::NEG_INFINITY;
    const LARGEST: Self = Self::INFINITY;
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const BYTES: usize = 8;

    fn add(self, other: Self) -> Self {
        self + other
    }

    fn input() -> ArrowType {
        ArrowType::Float64
    }

    fn at(array: &ArrayRef, row: usize) -> DfResult<Self> {
        let values = array.as_primitive_opt::<Float64Type>();
        values.map(|values| values.value(row)).ok_or_else(|| bad_array("tuple sketch", array.data_type()))
    }

    fn write(self, bytes: &mut SketchBytes) {
        bytes.write_f64_le(self);
    }

    fn read(cursor: &mut SketchSlice<'_>) -> std::io::Result<Self> {
        cursor.read_f64_le()
    }

    fn totals(found: Vec<Option<Vec<Self>>>, mode: Mode) -> ArrayRef {
        let totals = found.into_iter().map(|values| {
            values.map(|values| match mode {
                Mode::Sum => values.iter().sum(),
                Mode::Min => values.iter().copied().reduce(Self::min).unwrap_or(0.0),
                Mode::Max => values.iter().copied().reduce(Self::max).unwrap_or(0.0),
                Mode::AlwaysOne => values.len() as Self,
            })
        });
        Arc::new(totals.collect::<Float64Array>())
    }
}

impl Number for i32 {
    const SMALLEST: Self = Self::MIN;
    const LARGEST: Self = Self::MAX;
    const ZERO: Self = 0;
    const ONE: Self = 1;
    const BYTES: usize = 4;

    fn add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    fn input() -> ArrowType {
        ArrowType::Int32
    }

    fn at(array: &ArrayRef, row: usize) -> DfResult<Self> {
        let values = array.as_primitive_opt::<Int32Type>();
        values.map(|values| values.value(row)).ok_or_else(|| bad_array("tuple sketch", array.data_type()))
    }

    fn write(self, bytes: &mut SketchBytes) {
        bytes.write_i32_le(self);
    }

    fn read(cursor: &mut SketchSlice<'_>) -> std::io::Result<Self> {
        cursor.read_i32_le()
    }

    fn totals(found: Vec<Option<Vec<Self>>>, mode: Mode) -> ArrayRef {
        let totals = found.into_iter().map(|values| {
            values.map(|values| {
                let wide = values.iter().map(|value| i64::from(*value));
                match mode {
                    Mode::Sum => wide.sum(),
                    Mode::Min => wide.min().unwrap_or(0),
                    Mode::Max => wide.max().unwrap_or(0),
                    Mode::AlwaysOne => values.len() as i64,
                }
            })
        });
        Arc::new(totals.collect::<Int64Array>())
    }
}

/// A type of summaries as a value, which plans can compare and hash; doubles themselves cannot.
pub trait Kind: fmt::Debug + Clone + Copy + PartialEq + Eq + Hash + Send + Sync + 'static {
    type Number: Number;
    const KIND: Self;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Doubles;
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Integers;

impl Kind for Doubles {
    type Number = f64;
    const KIND: Self = Self;
}

impl Kind for Integers {
    type Number = i32;
    const KIND: Self = Self;
}

#[derive(Debug, Clone, Copy)]
pub struct Summary<N> {
    value: N,
    mode: u8,
}

impl<N: Number> TupleSummaryValue for Summary<N> {
    fn serialize_size(&self) -> usize {
        N::BYTES + 1
    }

    fn serialize_value(&self, bytes: &mut SketchBytes) {
        self.value.write(bytes);
        bytes.write_u8(self.mode);
    }

    fn deserialize_value(cursor: &mut SketchSlice<'_>) -> Result<Self, SketchError> {
        let wrong = |text: &str| SketchError::new(ErrorKind::InvalidData, text);
        let value = N::read(cursor).map_err(|_| wrong("summary"))?;
        let mode = cursor.read_u8().map_err(|_| wrong("mode"))?;
        Mode::of_byte(mode).ok_or_else(|| wrong("mode"))?;
        Ok(Self { value, mode })
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Policy<N> {
    mode: Mode,
    number: std::marker::PhantomData<N>,
}

impl<N: Number> Policy<N> {
    fn new(mode: Mode) -> Self {
        Self { mode, number: std::marker::PhantomData }
    }

    fn combined(&self, left: N, right: N) -> N {
        match self.mode {
            Mode::Sum => left.add(right),
            Mode::Min if right < left => right,
            Mode::Max if right > left => right,
            Mode::Min | Mode::Max => left,
            Mode::AlwaysOne => N::ONE,
        }
    }

    /// What a key has before its first number, and what a key of a theta sketch has.
    fn neutral(&self) -> N {
        match self.mode {
            Mode::Sum => N::ZERO,
            Mode::Min => N::LARGEST,
            Mode::Max => N::SMALLEST,
            Mode::AlwaysOne => N::ONE,
        }
    }
}

impl<N: Number> SummaryPolicy for Policy<N> {
    type Summary = Summary<N>;

    fn create(&self) -> Summary<N> {
        Summary { value: self.neutral(), mode: self.mode as u8 }
    }
}

impl<N: Number> SummaryUpdatePolicy<N> for Policy<N> {
    fn update(&self, summary: &mut Summary<N>, value: N) {
        summary.value = self.combined(summary.value, value);
    }
}

impl<N: Number> SummaryCombinePolicy for Policy<N> {
    fn combine(&self, summary: &mut Summary<N>, other: &Summary<N>) {
        *summary = Summary { value: self.combined(summary.value, other.value), mode: self.mode as u8 };
    }
}

type Compact<N> = CompactTupleSketch<Summary<N>>;

pub fn read<N: Number>(function: &str, bytes: &[u8]) -> DfResult<Compact<N>> {
    if bytes.len() < 8 {
        return Err(invalid(TUPLE_INVALID_INPUT_SKETCH_BUFFER, function));
    }
    // Java leaves two flags of an empty sketch away.
    CompactTupleSketch::deserialize(bytes).map_err(|_| invalid(TUPLE_INVALID_INPUT_SKETCH_BUFFER, function))
}

/// An empty sketch as Java writes it.
const EMPTY: [u8; 8] = [1, 3, 9, 1, 0, 0x0e, 0xcc, 0x93];

fn written<N: Number>(sketch: &Compact<N>) -> Vec<u8> {
    const ORDERED: u8 = 0x10;
    if sketch.is_empty() {
        return EMPTY.to_vec();
    }
    let mut bytes = sketch.serialize();
    // Java does not say of a single entry that it is in order.
    bytes[5] &= !ORDERED;
    bytes
}

/// The keys of a theta sketch with the number that changes nothing.
fn of_theta<N: Number>(function: &str, bytes: &[u8], mode: Mode) -> DfResult<Compact<N>> {
    let theta = theta::read(function, bytes)?;
    if theta.is_empty() {
        return read(function, &EMPTY);
    }
    let summary = Policy::<N>::new(mode).create();
    let estimated = theta.is_estimation_mode();
    let mut image = SketchBytes::with_capacity(24 + theta.num_retained() * 17);
    image.write(&[if estimated { 3 } else { 2 }, 3, 9, 1, 0, 0x0a]);
    image.write_u16_le(theta.seed_hash());
    image.write_u32_le(theta.num_retained() as u32);
    image.write_u32_le(0);
    if estimated {
        image.write_u64_le(theta.theta64());
    }
    for entry in theta.iter() {
        image.write_u64_le(entry.hash());
        summary.serialize_value(&mut image);
    }
    read(function, &image.into_bytes())
}

fn defect(error: &SketchError) -> DataFusionError {
    DataFusionError::Execution(error.to_string())
}

fn new_union<N: Number>(lg: u8, mode: Mode) -> DfResult<TupleUnion<Policy<N>>> {
    TupleUnionBuilder::new(Policy::new(mode)).lg_k(theta::size(lg)).build().map_err(|error| defect(&error))
}

/// `tuple_sketch_agg_*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Count<K> {
    pub key: ArrowType,
    pub lg: u8,
    pub mode: Mode,
    pub name: &'static str,
    pub kind: K,
}

pub struct Counting<N: Number> {
    sketch: TupleSketch<Policy<N>>,
    union: Option<TupleUnion<Policy<N>>>,
}

impl<N: Number> fmt::Debug for Counting<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counting").field("keys", &self.sketch.num_retained()).finish_non_exhaustive()
    }
}

impl<K: Kind> Count<K> {
    fn compact(&self, state: &Counting<K::Number>) -> DfResult<Compact<K::Number>> {
        let own = state.sketch.compact(false);
        let Some(others) = &state.union else { return Ok(own) };
        let others = others.to_sketch(false);
        if own.is_empty() {
            return Ok(others);
        }
        let mut union = new_union::<K::Number>(self.lg, self.mode)?;
        union.update(&own).map_err(|error| defect(&error))?;
        union.update(&others).map_err(|error| defect(&error))?;
        Ok(union.to_sketch(false))
    }
}

impl<K: Kind> Fold for Count<K> {
    type State = Counting<K::Number>;

    fn name(&self) -> &'static str {
        self.name
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![self.key.clone(), K::Number::input()]
    }

    fn start(&self) -> DfResult<Counting<K::Number>> {
        let sketch = TupleSketchBuilder::new(Policy::new(self.mode))
            .lg_k(theta::size(self.lg))
            .build()
            .map_err(|error| defect(&error))?;
        Ok(Counting { sketch, union: None })
    }

    fn add(&self, state: &mut Counting<K::Number>, values: &[ArrayRef]) -> DfResult<()> {
        let numbers = &values[1];
        let mut failed = Ok(());
        items::visit(&values[0], |row, item| {
            if numbers.is_valid(row) {
                match K::Number::at(numbers, row) {
                    Ok(number) => state.sketch.update(item, number),
                    Err(error) => failed = Err(error),
                }
            }
        })?;
        failed
    }

    fn save(&self, state: &Counting<K::Number>) -> DfResult<Vec<u8>> {
        Ok(written(&self.compact(state)?))
    }

    fn merge(&self, state: &mut Counting<K::Number>, saved: &[u8]) -> DfResult<()> {
        let other = read::<K::Number>(self.name, saved)?;
        let union = match &mut state.union {
            Some(union) => union,
            none => none.insert(new_union(self.lg, self.mode)?),
        };
        union.update(&other).map_err(|error| defect(&error))
    }

    fn finish(&self, state: &Counting<K::Number>) -> DfResult<ScalarValue> {
        Ok(ScalarValue::Binary(Some(written(&self.compact(state)?))))
    }

    fn size(&self, state: &Counting<K::Number>) -> usize {
        state.sketch.estimated_size() + state.union.as_ref().map_or(0, TupleUnion::estimated_size)
    }
}

/// `tuple_union_agg_*` and, without a size, `tuple_intersection_agg_*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Merge<K> {
    pub lg: Option<u8>,
    pub mode: Mode,
    pub name: &'static str,
    pub kind: K,
}

pub enum Merging<N: Number> {
    Union(TupleUnion<Policy<N>>),
    Intersection(TupleIntersection<Policy<N>>),
}

impl<N: Number> fmt::Debug for Merging<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Union(_) => "Union",
            Self::Intersection(_) => "Intersection",
        })
    }
}

impl<K: Kind> Merge<K> {
    fn take(&self, state: &mut Merging<K::Number>, bytes: &[u8]) -> DfResult<()> {
        let sketch = read::<K::Number>(self.name, bytes)?;
        match state {
            Merging::Union(union) => union.update(&sketch),
            Merging::Intersection(intersection) => intersection.update(&sketch),
        }
        .map_err(|_| invalid(TUPLE_INVALID_INPUT_SKETCH_BUFFER, self.name))
    }

    fn answer(&self, state: &Merging<K::Number>) -> Option<Vec<u8>> {
        match state {
            Merging::Union(union) => Some(written(&union.to_sketch(false))),
            Merging::Intersection(intersection) => intersection.to_sketch(false).map(|sketch| written(&sketch)),
        }
    }
}

impl<K: Kind> Fold for Merge<K> {
    type State = Merging<K::Number>;

    fn name(&self) -> &'static str {
        self.name
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![ArrowType::Binary]
    }

    fn start(&self) -> DfResult<Merging<K::Number>> {
        Ok(match self.lg {
            Some(lg) => Merging::Union(new_union(lg, self.mode)?),
            None => Merging::Intersection(TupleIntersection::new(Policy::new(self.mode))),
        })
    }

    fn add(&self, state: &mut Merging<K::Number>, values: &[ArrayRef]) -> DfResult<()> {
        binary(self.name, &values[0])?.iter().flatten().try_for_each(|bytes| self.take(state, bytes))
    }

    /// Empty bytes are a partition without a sketch.
    fn save(&self, state: &Merging<K::Number>) -> DfResult<Vec<u8>> {
        Ok(self.answer(state).unwrap_or_default())
    }

    fn merge(&self, state: &mut Merging<K::Number>, saved: &[u8]) -> DfResult<()> {
        if saved.is_empty() { Ok(()) } else { self.take(state, saved) }
    }

    fn finish(&self, state: &Merging<K::Number>) -> DfResult<ScalarValue> {
        Ok(ScalarValue::Binary(Some(self.answer(state).unwrap_or_else(|| EMPTY.to_vec()))))
    }

    fn size(&self, state: &Merging<K::Number>) -> usize {
        match state {
            Merging::Union(union) => union.estimated_size(),
            Merging::Intersection(intersection) => intersection.estimated_size(),
        }
    }
}

/// What a function of two sketches does; the second may be a theta sketch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pair {
    pub name: &'static str,
    pub with_theta: bool,
    pub operation: Operation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    Union { lg: u8, mode: Mode },
    Intersection { mode: Mode },
    Difference,
}

pub fn pair<N: Number>(state: &Pair, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let name = state.name;
    let wrong = |_: SketchError| invalid(TUPLE_INVALID_INPUT_SKETCH_BUFFER, name);
    let mode = match state.operation {
        Operation::Union { mode, .. } | Operation::Intersection { mode } => mode,
        Operation::Difference => Mode::Sum,
    };
    let found = pairs(name, arrays, |left, right| {
        let left = read::<N>(name, left)?;
        let right = if state.with_theta { of_theta::<N>(name, right, mode)? } else { read::<N>(name, right)? };
        let sketch = match state.operation {
            Operation::Union { lg, mode } => {
                let mut union = new_union::<N>(lg, mode)?;
                union.update(&left).map_err(wrong)?;
                union.update(&right).map_err(wrong)?;
                union.to_sketch(false)
            }
            Operation::Intersection { mode } => {
                let mut intersection = TupleIntersection::new(Policy::<N>::new(mode));
                intersection.update(&left).map_err(wrong)?;
                intersection.update(&right).map_err(wrong)?;
                match intersection.to_sketch(false) {
                    Some(sketch) => sketch,
                    None => read::<N>(name, &EMPTY)?,
                }
            }
            Operation::Difference => TupleANotB::default().compute(&left, &right, false).map_err(wrong)?,
        };
        Ok(written(&sketch))
    })?;
    Ok(Arc::new(found.iter().map(Option::as_deref).collect::<BinaryArray>()))
}

/// `tuple_sketch_estimate_*`, and with `theta` `tuple_sketch_theta_*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Figure {
    pub name: &'static str,
    pub theta: bool,
}

pub fn figure<N: Number>(state: &Figure, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let figures = binary(state.name, &arrays[0])?.iter().map(|bytes| {
        bytes
            .map(|bytes| {
                let sketch = read::<N>(state.name, bytes)?;
                Ok::<_, DataFusionError>(if state.theta { sketch.theta() } else { sketch.estimate() })
            })
            .transpose()
    });
    Ok(Arc::new(figures.collect::<DfResult<Float64Array>>()?))
}

/// `tuple_sketch_summary_*`: all numbers of a sketch as one.
pub fn summary<N: Number>((name, mode): &(&'static str, Mode), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let found = binary(name, &arrays[0])?.iter().map(|bytes| {
        bytes
            .map(|bytes| {
                let sketch = read::<N>(name, bytes)?;
                Ok::<_, DataFusionError>(sketch.iter().map(|entry| entry.summary().value).collect::<Vec<N>>())
            })
            .transpose()
    });
    Ok(N::totals(found.collect::<DfResult<_>>()?, *mode))
}
