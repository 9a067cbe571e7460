//! Spark's own count-min sketch: the same numbers and the same bytes as its Java class makes.

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType as ArrowType, Int64Type};
use datafusion::common::{Result as DfResult, ScalarValue};

use crate::kernels::aggregate::fold::Fold;
use crate::kernels::hash::algorithm::{Algorithm, Murmur3};
use crate::kernels::invoke::bad_array;

/// `java.util.Random`: 48 bits, linear.
struct JavaRandom(u64);

impl JavaRandom {
    fn new(seed: i32) -> Self {
        Self((i64::from(seed) as u64 ^ 0x5_DEEC_E66D) & ((1 << 48) - 1))
    }

    fn bits(&mut self, bits: u32) -> i32 {
        self.0 = self.0.wrapping_mul(0x5_DEEC_E66D).wrapping_add(0xB) & ((1 << 48) - 1);
        (self.0 >> (48 - bits)) as i32
    }

    /// Below `i32::MAX`.
    fn below_max(&mut self) -> i32 {
        let mut drawn = self.bits(31);
        while drawn == i32::MAX {
            drawn = self.bits(31);
        }
        drawn
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CountMin {
    pub input: ArrowType,
    pub depth: usize,
    pub width: usize,
    pub seed: i32,
}

#[derive(Debug)]
pub struct Table {
    multipliers: Vec<i64>,
    total: i64,
    counts: Vec<i64>,
}

const HEADER: usize = 4 + 8 + 4 + 4;

impl CountMin {
    fn add_long(&self, table: &mut Table, item: i64) {
        const PRIME: i64 = (1 << 31) - 1;
        for (row, multiplier) in table.multipliers.iter().enumerate() {
            let hash = multiplier.wrapping_mul(item);
            let hash = hash.wrapping_add(hash >> 32) & PRIME;
            table.counts[row * self.width + hash as usize % self.width] += 1;
        }
        table.total += 1;
    }

    fn add_bytes(&self, table: &mut Table, item: &[u8]) {
        let first = Murmur3::bytes(item, 0);
        let second = Murmur3::bytes(item, first);
        for row in 0..self.depth {
            let hash = first.wrapping_add((row as i32).wrapping_mul(second)) % self.width as i32;
            table.counts[row * self.width + hash.unsigned_abs() as usize] += 1;
        }
        table.total += 1;
    }
}

impl Fold for CountMin {
    type State = Table;

    fn name(&self) -> &'static str {
        "count_min_sketch"
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![self.input.clone()]
    }

    fn start(&self) -> DfResult<Table> {
        let mut random = JavaRandom::new(self.seed);
        let multipliers = (0..self.depth).map(|_| i64::from(random.below_max())).collect();
        Ok(Table { multipliers, total: 0, counts: vec![0; self.depth * self.width] })
    }

    fn add(&self, state: &mut Table, values: &[ArrayRef]) -> DfResult<()> {
        match values[0].data_type() {
            ArrowType::Null => {}
            ArrowType::Utf8 => {
                values[0].as_string::<i32>().iter().flatten().for_each(|text| self.add_bytes(state, text.as_bytes()))
            }
            ArrowType::Binary => {
                values[0].as_binary::<i32>().iter().flatten().for_each(|bytes| self.add_bytes(state, bytes));
            }
            numbers if numbers.is_integer() => {
                let longs = cast(&values[0], &ArrowType::Int64)?;
                longs.as_primitive::<Int64Type>().iter().flatten().for_each(|item| self.add_long(state, item));
            }
            other => return Err(bad_array("count_min_sketch", other)),
        }
        Ok(())
    }

    fn save(&self, state: &Table) -> DfResult<Vec<u8>> {
        let mut bytes = Vec::with_capacity(HEADER + 8 * (self.depth + state.counts.len()));
        bytes.extend(1_i32.to_be_bytes());
        bytes.extend(state.total.to_be_bytes());
        bytes.extend((self.depth as i32).to_be_bytes());
        bytes.extend((self.width as i32).to_be_bytes());
        bytes.extend(state.multipliers.iter().chain(&state.counts).flat_map(|number| number.to_be_bytes()));
        Ok(bytes)
    }

    fn merge(&self, state: &mut Table, saved: &[u8]) -> DfResult<()> {
        let counts = saved[HEADER + 8 * self.depth..].as_chunks::<8>().0;
        for (count, other) in state.counts.iter_mut().zip(counts) {
            *count += i64::from_be_bytes(*other);
        }
        if let Some(total) = saved[4..12].first_chunk::<8>() {
            state.total += i64::from_be_bytes(*total);
        }
        Ok(())
    }

    fn finish(&self, state: &Table) -> DfResult<ScalarValue> {
        Ok(ScalarValue::Binary(Some(self.save(state)?)))
    }

    fn size(&self, state: &Table) -> usize {
        8 * (state.counts.capacity() + state.multipliers.capacity())
    }
}
