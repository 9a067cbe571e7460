//! Bitmaps of 32,768 bits: made of positions, or of other bitmaps.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType as ArrowType, Int64Type};
use datafusion::common::{Result as DfResult, ScalarValue};
use hearth_base::condition::INVALID_BITMAP_POSITION;

use super::fold::Fold;
use crate::kernels::invoke::{bad_array, raise};

const BYTES: usize = 4096;
const BITS: i64 = 8 * BYTES as i64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bitmap {
    /// Sets the bits at the positions.
    Construct,
    Or,
    And,
}

impl Bitmap {
    fn combine(self, state: &mut [u8], other: &[u8]) {
        for (byte, other) in state.iter_mut().zip(other) {
            match self {
                Self::Construct | Self::Or => *byte |= other,
                Self::And => *byte &= other,
            }
        }
        // A bitmap that is too short has no bits behind its end.
        if self == Self::And && other.len() < state.len() {
            state[other.len()..].fill(0);
        }
    }
}

impl Fold for Bitmap {
    type State = Vec<u8>;

    fn name(&self) -> &'static str {
        match self {
            Self::Construct => "bitmap_construct_agg",
            Self::Or => "bitmap_or_agg",
            Self::And => "bitmap_and_agg",
        }
    }

    fn inputs(&self) -> Vec<ArrowType> {
        match self {
            Self::Construct => vec![ArrowType::Int64],
            Self::Or | Self::And => vec![ArrowType::Binary],
        }
    }

    fn start(&self) -> DfResult<Vec<u8>> {
        Ok(vec![if *self == Self::And { 0xff } else { 0 }; BYTES])
    }

    fn add(&self, state: &mut Vec<u8>, values: &[ArrayRef]) -> DfResult<()> {
        if *self == Self::Construct {
            for position in values[0].as_primitive::<Int64Type>().iter().flatten() {
                if !(0..BITS).contains(&position) {
                    return Err(raise(
                        INVALID_BITMAP_POSITION
                            .with("bitPosition", position)
                            .with("bitmapNumBytes", BYTES)
                            .with("bitmapNumBits", BITS),
                    ));
                }
                state[position as usize / 8] |= 1 << (position % 8);
            }
            return Ok(());
        }
        let bitmaps =
            values[0].as_binary_opt::<i32>().ok_or_else(|| bad_array(Fold::name(self), values[0].data_type()))?;
        bitmaps.iter().flatten().for_each(|bitmap| self.combine(state, bitmap));
        Ok(())
    }

    fn save(&self, state: &Vec<u8>) -> DfResult<Vec<u8>> {
        Ok(state.clone())
    }

    fn merge(&self, state: &mut Vec<u8>, saved: &[u8]) -> DfResult<()> {
        self.combine(state, saved);
        Ok(())
    }

    fn finish(&self, state: &Vec<u8>) -> DfResult<ScalarValue> {
        Ok(ScalarValue::Binary(Some(state.clone())))
    }

    fn size(&self, state: &Vec<u8>) -> usize {
        state.capacity()
    }
}
