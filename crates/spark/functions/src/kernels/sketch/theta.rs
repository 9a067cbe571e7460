//! Theta sketches: distinct counts with set operations.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Int64Array};
use datafusion::arrow::datatypes::{DataType as ArrowType, Int32Type};
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue};
use datasketches::theta::{
    CompactThetaSketch, ThetaANotB, ThetaIntersection, ThetaSketch, ThetaSketchBuilder, ThetaUnion, ThetaUnionBuilder,
};
use hearth_base::condition::{SKETCH_INVALID_LG_NOM_ENTRIES, THETA_INVALID_INPUT_SKETCH_BUFFER};

use super::{binary, invalid, items, pairs};
use crate::kernels::aggregate::fold::Fold;
use crate::kernels::invoke::raise;

pub const LG_ENTRIES: std::ops::RangeInclusive<i32> = 4..=26;

pub fn read(function: &str, bytes: &[u8]) -> DfResult<CompactThetaSketch> {
    if bytes.len() < 8 {
        return Err(invalid(THETA_INVALID_INPUT_SKETCH_BUFFER, function));
    }
    CompactThetaSketch::deserialize(bytes).map_err(|_| invalid(THETA_INVALID_INPUT_SKETCH_BUFFER, function))
}

fn defect(error: &datasketches::error::Error) -> DataFusionError {
    DataFusionError::Execution(error.to_string())
}

/// The crate's smallest sketch is one step larger than Java's: a better estimate than was asked for.
pub fn size(lg: u8) -> u8 {
    lg.max(5)
}

/// Java marks a sketch of one item, and does not compress it.
fn written(sketch: &CompactThetaSketch) -> Vec<u8> {
    const SINGLE: u8 = 0x20;
    if sketch.num_retained() == 1 && !sketch.is_estimation_mode() {
        let mut bytes = sketch.serialize();
        bytes[5] |= SINGLE;
        return bytes;
    }
    sketch.serialize_compressed()
}

fn empty(lg: u8) -> DfResult<CompactThetaSketch> {
    let sketch = ThetaSketchBuilder::default().lg_k(size(lg)).build().map_err(|error| defect(&error))?;
    Ok(sketch.compact(true))
}

fn new_union(lg: u8) -> DfResult<ThetaUnion> {
    ThetaUnionBuilder::default().lg_k(size(lg)).build().map_err(|error| defect(&error))
}

/// `theta_sketch_agg`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Count {
    pub input: ArrowType,
    pub lg: u8,
}

/// Rows go to the sketch; what comes from other partitions to the union.
#[derive(Debug)]
pub struct Counting {
    sketch: ThetaSketch,
    union: Option<ThetaUnion>,
}

impl Count {
    fn compact(&self, state: &Counting) -> DfResult<CompactThetaSketch> {
        let own = state.sketch.compact(true);
        let Some(others) = &state.union else { return Ok(own) };
        let others = others.to_sketch(true);
        if own.is_empty() {
            return Ok(others);
        }
        let mut union = new_union(self.lg)?;
        for sketch in [&own, &others] {
            union.update(sketch).map_err(|error| defect(&error))?;
        }
        Ok(union.to_sketch(true))
    }
}

impl Fold for Count {
    type State = Counting;

    fn name(&self) -> &'static str {
        "theta_sketch_agg"
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![self.input.clone()]
    }

    fn start(&self) -> DfResult<Counting> {
        let sketch = ThetaSketchBuilder::default().lg_k(size(self.lg)).build().map_err(|error| defect(&error))?;
        Ok(Counting { sketch, union: None })
    }

    fn add(&self, state: &mut Counting, values: &[ArrayRef]) -> DfResult<()> {
        items::visit(&values[0], |_, item| state.sketch.update(item))
    }

    fn save(&self, state: &Counting) -> DfResult<Vec<u8>> {
        Ok(self.compact(state)?.serialize())
    }

    fn merge(&self, state: &mut Counting, saved: &[u8]) -> DfResult<()> {
        let other = read(self.name(), saved)?;
        let union = match &mut state.union {
            Some(union) => union,
            none => none.insert(new_union(self.lg)?),
        };
        union.update(&other).map_err(|error| defect(&error))
    }

    fn finish(&self, state: &Counting) -> DfResult<ScalarValue> {
        Ok(ScalarValue::Binary(Some(written(&self.compact(state)?))))
    }

    fn size(&self, state: &Counting) -> usize {
        state.sketch.estimated_size() + state.union.as_ref().map_or(0, ThetaUnion::estimated_size)
    }
}

/// `theta_union_agg`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unite {
    pub lg: u8,
}

impl Fold for Unite {
    type State = ThetaUnion;

    fn name(&self) -> &'static str {
        "theta_union_agg"
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![ArrowType::Binary]
    }

    fn start(&self) -> DfResult<ThetaUnion> {
        new_union(self.lg)
    }

    fn add(&self, state: &mut ThetaUnion, values: &[ArrayRef]) -> DfResult<()> {
        binary(self.name(), &values[0])?.iter().flatten().try_for_each(|bytes| self.merge(state, bytes))
    }

    fn save(&self, state: &ThetaUnion) -> DfResult<Vec<u8>> {
        Ok(state.to_sketch(true).serialize())
    }

    fn merge(&self, state: &mut ThetaUnion, saved: &[u8]) -> DfResult<()> {
        let sketch = read(self.name(), saved)?;
        state.update(&sketch).map_err(|_| invalid(THETA_INVALID_INPUT_SKETCH_BUFFER, self.name()))
    }

    fn finish(&self, state: &ThetaUnion) -> DfResult<ScalarValue> {
        Ok(ScalarValue::Binary(Some(written(&state.to_sketch(true)))))
    }

    fn size(&self, state: &ThetaUnion) -> usize {
        state.estimated_size()
    }
}

/// `theta_intersection_agg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Intersect;

impl Intersect {
    fn take(self, state: &mut ThetaIntersection, bytes: &[u8]) -> DfResult<()> {
        let sketch = read(Fold::name(&self), bytes)?;
        state.update(&sketch).map_err(|_| invalid(THETA_INVALID_INPUT_SKETCH_BUFFER, Fold::name(&self)))
    }
}

impl Fold for Intersect {
    type State = ThetaIntersection;

    fn name(&self) -> &'static str {
        "theta_intersection_agg"
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![ArrowType::Binary]
    }

    fn start(&self) -> DfResult<ThetaIntersection> {
        Ok(ThetaIntersection::default())
    }

    fn add(&self, state: &mut ThetaIntersection, values: &[ArrayRef]) -> DfResult<()> {
        binary(self.name(), &values[0])?.iter().flatten().try_for_each(|bytes| self.take(state, bytes))
    }

    /// Empty bytes are a partition without a sketch, which says nothing; an empty sketch says that there is no item.
    fn save(&self, state: &ThetaIntersection) -> DfResult<Vec<u8>> {
        Ok(state.to_sketch(true).map(|sketch| sketch.serialize()).unwrap_or_default())
    }

    fn merge(&self, state: &mut ThetaIntersection, saved: &[u8]) -> DfResult<()> {
        if saved.is_empty() { Ok(()) } else { self.take(state, saved) }
    }

    fn finish(&self, state: &ThetaIntersection) -> DfResult<ScalarValue> {
        let sketch = match state.to_sketch(true) {
            Some(sketch) => sketch,
            None => empty(12)?,
        };
        Ok(ScalarValue::Binary(Some(written(&sketch))))
    }

    fn size(&self, state: &ThetaIntersection) -> usize {
        state.estimated_size()
    }
}

pub fn estimate(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    const NAME: &str = "theta_sketch_estimate";
    let estimates = binary(NAME, &arrays[0])?.iter().map(|bytes| {
        bytes.map(|bytes| Ok::<_, DataFusionError>((read(NAME, bytes)?.estimate() + 0.5).floor() as i64)).transpose()
    });
    Ok(Arc::new(estimates.collect::<DfResult<Int64Array>>()?))
}

fn sketches(found: Vec<Option<Vec<u8>>>) -> ArrayRef {
    Arc::new(found.iter().map(Option::as_deref).collect::<BinaryArray>())
}

/// Two sketches and the size of the union.
pub fn union(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    const NAME: &str = "theta_union";
    let (left, right) = (binary(NAME, &arrays[0])?, binary(NAME, &arrays[1])?);
    let sizes = arrays[2].as_primitive::<Int32Type>();
    let united = (0..left.len()).map(|row| {
        if left.is_null(row) || right.is_null(row) || sizes.is_null(row) {
            return Ok(None);
        }
        let lg = sizes.value(row);
        if !LG_ENTRIES.contains(&lg) {
            return Err(raise(out_of_range(NAME, lg)));
        }
        let mut union = new_union(lg as u8)?;
        for bytes in [left.value(row), right.value(row)] {
            let sketch = read(NAME, bytes)?;
            union.update(&sketch).map_err(|_| invalid(THETA_INVALID_INPUT_SKETCH_BUFFER, NAME))?;
        }
        Ok(Some(written(&union.to_sketch(true))))
    });
    Ok(sketches(united.collect::<DfResult<_>>()?))
}

pub fn out_of_range(function: &str, lg: i32) -> hearth_base::Error {
    SKETCH_INVALID_LG_NOM_ENTRIES
        .with("function", format!("`{function}`"))
        .with("min", LG_ENTRIES.start())
        .with("max", LG_ENTRIES.end())
        .with("value", lg)
}

pub fn intersection(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    const NAME: &str = "theta_intersection";
    let found = pairs(NAME, arrays, |left, right| {
        let mut intersection = ThetaIntersection::default();
        for bytes in [left, right] {
            let sketch = read(NAME, bytes)?;
            intersection.update(&sketch).map_err(|_| invalid(THETA_INVALID_INPUT_SKETCH_BUFFER, NAME))?;
        }
        Ok(intersection.to_sketch(true).map(|sketch| written(&sketch)))
    })?;
    Ok(sketches(found.into_iter().map(Option::flatten).collect()))
}

pub fn difference(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    const NAME: &str = "theta_difference";
    let found = pairs(NAME, arrays, |left, right| {
        let (left, right) = (read(NAME, left)?, read(NAME, right)?);
        let rest = ThetaANotB::default()
            .compute(&left, &right, true)
            .map_err(|_| invalid(THETA_INVALID_INPUT_SKETCH_BUFFER, NAME))?;
        Ok(written(&rest))
    })?;
    Ok(sketches(found))
}
