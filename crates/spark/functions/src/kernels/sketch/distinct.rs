//! `approx_count_distinct`: HyperLogLog++ (Heule, Nunkesser, Hall 2013) as Spark has it, so that its estimates are Spark's.
//!
//! A value's hash chooses a register by its upper bits; the register keeps the longest run of zeros that the others began
//! with. The registers of a union are their maxima, so it does not matter how rows are cut into partitions. Estimates
//! near the number of registers are too high by what `distinct_bias.txt` tells (recorded from Spark by `scripts/golden`).

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType as ArrowType, Int64Type};
use datafusion::common::{Result as DfResult, ScalarValue};
use hearth_base::Error;
use hearth_types::DataType;

use crate::kernels::aggregate::fold::Fold;
use crate::kernels::hash::xxhash64;
use crate::kernels::invoke::raise;

/// Fewest and most bits that choose a register.
pub const PRECISIONS: std::ops::RangeInclusive<u32> = 4..=24;
/// How many recorded estimates a bias is the mean of.
const NEIGHBOURS: usize = 6;

/// For one precision: where linear counting ends, and raw estimates beside their bias.
struct Bias {
    threshold: f64,
    estimates: Vec<f64>,
    bias: Vec<f64>,
}

/// From precision 4 on.
static BIAS: LazyLock<Vec<Bias>> = LazyLock::new(|| {
    let numbers = |line: &str| line.split(' ').filter_map(|number| number.parse().ok()).collect::<Vec<f64>>();
    let mut lines = include_str!("distinct_bias.txt").lines().map(numbers);
    let thresholds = lines.next().unwrap_or_default();
    thresholds
        .into_iter()
        .map_while(|threshold| Some(Bias { threshold, estimates: lines.next()?, bias: lines.next()? }))
        .collect()
});

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Distinct {
    input: ArrowType,
    types: Arc<[DataType]>,
    precision: u32,
}

impl Distinct {
    /// For a column of this type; `precision` is one of `PRECISIONS`.
    pub fn new(data_type: &DataType, input: ArrowType, precision: u32) -> Self {
        Self { input, types: Arc::new([data_type.clone()]), precision }
    }

    fn estimate(&self, registers: &[u8]) -> f64 {
        let count = registers.len() as f64;
        let empty = registers.iter().filter(|run| **run == 0).count();
        let inverse: f64 = registers.iter().map(|run| (-f64::from(*run)).exp2()).sum();
        let constant = match self.precision {
            4 => 0.673,
            5 => 0.697,
            6 => 0.709,
            _ => 0.7213 / (1.0 + 1.079 / count),
        };
        let raw = constant * count * count / inverse;
        let table = BIAS.get(self.precision as usize - 4);
        if empty > 0 {
            let linear = count * (count / empty as f64).ln();
            if table.is_some_and(|table| linear <= table.threshold) || raw <= 2.5 * count {
                return linear;
            }
        }
        match table {
            Some(table) if raw < 5.0 * count => raw - table.near(raw),
            _ => raw,
        }
    }
}

impl Bias {
    /// The mean of those recorded nearest to an estimate.
    fn near(&self, estimate: f64) -> f64 {
        let distance = |index: usize| (self.estimates[index] - estimate).powi(2);
        let found = self.estimates.partition_point(|recorded| *recorded < estimate);
        let mut low = (found + 1).saturating_sub(NEIGHBOURS);
        let mut high = (low + NEIGHBOURS).min(self.estimates.len());
        while high < self.estimates.len() && distance(high) < distance(low) {
            low += 1;
            high += 1;
        }
        let chosen = &self.bias[low..high];
        chosen.iter().sum::<f64>() / chosen.len() as f64
    }
}

impl Fold for Distinct {
    type State = Vec<u8>;

    fn name(&self) -> &'static str {
        "approx_count_distinct"
    }

    fn inputs(&self) -> Vec<ArrowType> {
        vec![self.input.clone()]
    }

    fn result(&self) -> ArrowType {
        ArrowType::Int64
    }

    fn start(&self) -> DfResult<Vec<u8>> {
        Ok(vec![0; 1 << self.precision])
    }

    fn add(&self, registers: &mut Vec<u8>, values: &[ArrayRef]) -> DfResult<()> {
        let [values] = values else {
            return Err(raise(Error::internal("approx_count_distinct takes one column")));
        };
        let hashes = xxhash64(&self.types, std::slice::from_ref(values))?;
        let nulls = values.logical_nulls();
        for (row, hash) in hashes.as_primitive::<Int64Type>().values().iter().enumerate() {
            if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                let hash = *hash as u64;
                let run = ((hash << self.precision) | (1 << (self.precision - 1))).leading_zeros() as u8 + 1;
                let register = &mut registers[(hash >> (64 - self.precision)) as usize];
                *register = run.max(*register);
            }
        }
        Ok(())
    }

    fn save(&self, registers: &Vec<u8>) -> DfResult<Vec<u8>> {
        Ok(registers.clone())
    }

    fn merge(&self, registers: &mut Vec<u8>, saved: &[u8]) -> DfResult<()> {
        if saved.len() != registers.len() {
            return Err(raise(Error::internal("registers of another precision")));
        }
        registers.iter_mut().zip(saved).for_each(|(register, other)| *register = (*register).max(*other));
        Ok(())
    }

    fn finish(&self, registers: &Vec<u8>) -> DfResult<ScalarValue> {
        // Java rounds halves up.
        Ok(ScalarValue::Int64(Some((self.estimate(registers) + 0.5).floor() as i64)))
    }

    fn size(&self, registers: &Vec<u8>) -> usize {
        registers.len()
    }
}
