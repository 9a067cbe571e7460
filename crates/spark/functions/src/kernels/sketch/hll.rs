//! HyperLogLog sketches, with registers of eight bits as Spark makes them.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Int64Array};
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue};
use datasketches::hll::{HllSketch, HllType, HllUnion};
use hearth_base::condition::{HLL_INVALID_INPUT_SKETCH_BUFFER, HLL_UNION_DIFFERENT_LG_K};

use super::{binary, invalid, items};
use crate::kernels::aggregate::fold::Fold;
use crate::kernels::invoke::raise;

/// What an empty union has.
const DEFAULT_LG_K: u8 = 12;

fn read(function: &str, bytes: &[u8]) -> DfResult<HllSketch> {
    // The crate takes the numbers of its preamble for granted.
    if bytes.len() < 8 {
        return Err(invalid(HLL_INVALID_INPUT_SKETCH_BUFFER, function));
    }
    HllSketch::deserialize(bytes).map_err(|_| invalid(HLL_INVALID_INPUT_SKETCH_BUFFER, function))
}

fn defect(error: &datasketches::error::Error) -> DataFusionError {
    DataFusionError::Execution(error.to_string())
}

/// Java's updatable form, which leaves room for more items. The crate writes the compact one.
fn updatable(sketch: &HllSketch) -> Vec<u8> {
    const COMPACT: u8 = 8;
    let mut bytes = sketch.serialize();
    let slots = 1_usize << bytes[4];
    bytes[5] &= !COMPACT;
    match bytes[7] & 3 {
        0 => bytes.resize(8 + 4 * slots, 0),
        1 => {
            let coupons: Vec<u32> = bytes[12..]
                .chunks_exact(4)
                .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
                .collect();
            let mut table = vec![0_u32; slots];
            for coupon in coupons {
                let stride = ((coupon & ((1 << 26) - 1)) >> bytes[4]) as usize | 1;
                let mut place = coupon as usize & (slots - 1);
                while table[place] != 0 {
                    place = (place + stride) & (slots - 1);
                }
                table[place] = coupon;
            }
            bytes.truncate(12);
            bytes.extend(table.iter().flat_map(|coupon| coupon.to_le_bytes()));
        }
        _ => {}
    }
    bytes
}

/// `hll_sketch_agg`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Count {
    pub input: ArrowType,
    pub lg_k: u8,
}

impl Fold for Count {
    type State = HllSketch;

    fn name(&self) -> &'static str {
        "hll_sketch_agg"
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![self.input.clone()]
    }

    fn start(&self) -> DfResult<HllSketch> {
        HllSketch::new(self.lg_k, HllType::Hll8).map_err(|error| defect(&error))
    }

    fn add(&self, state: &mut HllSketch, values: &[ArrayRef]) -> DfResult<()> {
        items::visit(&values[0], |_, item| state.update(item))
    }

    fn save(&self, state: &HllSketch) -> DfResult<Vec<u8>> {
        Ok(state.serialize())
    }

    fn merge(&self, state: &mut HllSketch, saved: &[u8]) -> DfResult<()> {
        let other = read(self.name(), saved)?;
        // A union forgets in which order items came, which makes the estimate a little worse: not where one is empty.
        if state.is_empty() {
            *state = other;
        } else if !other.is_empty() {
            let mut union = HllUnion::new(self.lg_k).map_err(|error| defect(&error))?;
            union.update(state);
            union.update(&other);
            *state = union.to_sketch(HllType::Hll8);
        }
        Ok(())
    }

    fn finish(&self, state: &HllSketch) -> DfResult<ScalarValue> {
        Ok(ScalarValue::Binary(Some(updatable(state))))
    }

    fn size(&self, state: &HllSketch) -> usize {
        state.estimated_size()
    }
}

/// `hll_union_agg`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unite {
    pub allow_different: bool,
}

impl Unite {
    fn take(&self, state: &mut Option<HllUnion>, bytes: &[u8]) -> DfResult<()> {
        let sketch = read(self.name(), bytes)?;
        let union = match state {
            Some(union) => union,
            None => state.insert(HllUnion::new(sketch.lg_config_k()).map_err(|error| defect(&error))?),
        };
        if !self.allow_different && union.lg_config_k() != sketch.lg_config_k() {
            return Err(different(self.name(), union.lg_config_k(), sketch.lg_config_k()));
        }
        union.update(&sketch);
        Ok(())
    }
}

fn different(function: &str, left: u8, right: u8) -> DataFusionError {
    raise(HLL_UNION_DIFFERENT_LG_K.with("left", left).with("right", right).with("function", format!("`{function}`")))
}

impl Fold for Unite {
    type State = Option<HllUnion>;

    fn name(&self) -> &'static str {
        "hll_union_agg"
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![ArrowType::Binary]
    }

    fn start(&self) -> DfResult<Self::State> {
        Ok(None)
    }

    fn add(&self, state: &mut Self::State, values: &[ArrayRef]) -> DfResult<()> {
        binary(self.name(), &values[0])?.iter().flatten().try_for_each(|bytes| self.take(state, bytes))
    }

    fn save(&self, state: &Self::State) -> DfResult<Vec<u8>> {
        Ok(state.as_ref().map(|union| union.to_sketch(HllType::Hll8).serialize()).unwrap_or_default())
    }

    fn merge(&self, state: &mut Self::State, saved: &[u8]) -> DfResult<()> {
        if saved.is_empty() { Ok(()) } else { self.take(state, saved) }
    }

    fn finish(&self, state: &Self::State) -> DfResult<ScalarValue> {
        let sketch = match state {
            Some(union) => union.to_sketch(HllType::Hll8),
            None => HllSketch::new(DEFAULT_LG_K, HllType::Hll8).map_err(|error| defect(&error))?,
        };
        Ok(ScalarValue::Binary(Some(updatable(&sketch))))
    }

    fn size(&self, state: &Self::State) -> usize {
        state.as_ref().map_or(0, HllUnion::estimated_size)
    }
}

pub fn estimate(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    const NAME: &str = "hll_sketch_estimate";
    let estimates = binary(NAME, &arrays[0])?.iter().map(|bytes| {
        bytes.map(|bytes| Ok::<_, DataFusionError>((read(NAME, bytes)?.estimate() + 0.5).floor() as i64)).transpose()
    });
    Ok(Arc::new(estimates.collect::<DfResult<Int64Array>>()?))
}

/// Two sketches, and whether their sizes may differ.
pub fn union(_state: &(), arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    const NAME: &str = "hll_union";
    let (left, right) = (binary(NAME, &arrays[0])?, binary(NAME, &arrays[1])?);
    let allowed = arrays[2].as_boolean();
    let united = (0..left.len()).map(|row| {
        if left.is_null(row) || right.is_null(row) || allowed.is_null(row) {
            return Ok(None);
        }
        let (left, right) = (read(NAME, left.value(row))?, read(NAME, right.value(row))?);
        if !allowed.value(row) && left.lg_config_k() != right.lg_config_k() {
            return Err(different(NAME, left.lg_config_k(), right.lg_config_k()));
        }
        let mut union = HllUnion::new(left.lg_config_k().min(right.lg_config_k())).map_err(|error| defect(&error))?;
        union.update(&left);
        union.update(&right);
        Ok(Some(updatable(&union.to_sketch(HllType::Hll8))))
    });
    Ok(Arc::new(united.collect::<DfResult<Vec<_>>>()?.iter().map(Option::as_deref).collect::<BinaryArray>()))
}
