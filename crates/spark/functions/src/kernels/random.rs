//! `XORShiftRandom`: the sequence that Spark draws `rand` and `randn` from.
//!
//! The engine gives each partition a sequence of its own; where it cannot, all of them share one. Its place is shared state behind a lock, which is why the function is volatile.

use std::any::Any;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::Float64Array;
use datafusion::common::Result as DfResult;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF};

use super::invoke::SparkUdf;
use super::math::strict;

/// A seed and where the sequence stands.
#[derive(Debug, Clone)]
pub struct Sequence {
    seed: i64,
    gaussian: bool,
    generator: Arc<Mutex<Generator>>,
}

impl Sequence {
    pub fn new(seed: i64, gaussian: bool) -> Self {
        Self { seed, gaussian, generator: Arc::new(Mutex::new(Generator::new(seed))) }
    }
}

/// Two draws are equal when they start alike: relations that are drawn with one seed are the same relation. Volatile
/// calls are not merged for that.
impl PartialEq for Sequence {
    fn eq(&self, other: &Self) -> bool {
        (self.seed, self.gaussian) == (other.seed, other.gaussian)
    }
}

/// The function that draws in a partition: Spark adds the partition's number to the seed. `None` for other functions.
pub fn of_partition(function: &ScalarUDF, partition: usize) -> Option<ScalarUDF> {
    let implementation: &dyn Any = function.inner().as_ref();
    let known = implementation.downcast_ref::<SparkUdf<Sequence>>()?;
    let Sequence { seed, gaussian, .. } = known.state();
    let own = Sequence::new(seed.wrapping_add(i64::try_from(partition).unwrap_or(0)), *gaussian);
    Some(ScalarUDF::new_from_impl(known.clone().with_state(own)))
}

impl Eq for Sequence {}

impl Hash for Sequence {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.seed.hash(state);
        self.gaussian.hash(state);
    }
}

pub fn draw(sequence: &Sequence, _arguments: &[ColumnarValue], rows: usize) -> DfResult<ColumnarValue> {
    let mut generator = sequence.generator.lock().unwrap_or_else(PoisonError::into_inner);
    let values: Float64Array = (0..rows)
        .map(|_| Some(if sequence.gaussian { generator.next_gaussian() } else { generator.next_double() }))
        .collect();
    Ok(ColumnarValue::Array(Arc::new(values)))
}

#[derive(Debug)]
pub struct Generator {
    seed: i64,
    spare: Option<f64>,
}

impl Generator {
    pub fn new(seed: i64) -> Self {
        Self { seed: scrambled(seed), spare: None }
    }

    fn next_bits(&mut self, bits: u32) -> i32 {
        let mut next = self.seed ^ (self.seed << 21);
        next ^= ((next as u64) >> 35) as i64;
        next ^= next << 4;
        self.seed = next;
        (next & ((1i64 << bits) - 1)) as i32
    }

    /// `java.util.Random.nextDouble` over these bits.
    pub fn next_double(&mut self) -> f64 {
        let high = i64::from(self.next_bits(26)) << 27;
        let low = i64::from(self.next_bits(27));
        (high + low) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// `java.util.Random.nextGaussian`: the polar method, which makes two at a time.
    pub fn next_gaussian(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let x = 2.0 * self.next_double() - 1.0;
            let y = 2.0 * self.next_double() - 1.0;
            let square = x * x + y * y;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * strict::ln(square) / square).sqrt();
                self.spare = Some(y * factor);
                return x * factor;
            }
        }
    }
}

/// `XORShiftRandom.hashSeed`: Murmur3 of the seed's bytes, twice.
fn scrambled(seed: i64) -> i64 {
    const ARRAY_SEED: u32 = 0x3c07_4a61;
    let bytes = seed.to_be_bytes();
    let low = murmur3(&bytes, ARRAY_SEED);
    let high = murmur3(&bytes, low);
    (i64::from(high) << 32) | (i64::from(low) & 0xffff_ffff)
}

/// Scala's `MurmurHash3.bytesHash` of a whole number of words.
fn murmur3(bytes: &[u8], seed: u32) -> u32 {
    let (words, _) = bytes.as_chunks::<4>();
    let mut hash = seed;
    for word in words {
        let word = u32::from_le_bytes(*word).wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
        hash = (hash ^ word).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    hash ^= u32::try_from(bytes.len()).unwrap_or(0);
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

impl Generator {
    /// `java.util.Random.nextLong` over these bits.
    pub fn next_long(&mut self) -> u64 {
        let high = i64::from(self.next_bits(32)) << 32;
        high.wrapping_add(i64::from(self.next_bits(32))) as u64
    }
}
