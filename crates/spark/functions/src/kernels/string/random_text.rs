//! `randstr`: Spark's `XORShiftRandom` and its alphabet, so that a seed gives Spark's text (in one partition).

use datafusion::arrow::array::ArrayRef;
use hearth_base::Result;

use crate::kernels::room;
use crate::kernels::rowwise::Args;

/// Spark's generator; `MurmurHash3` of the seed starts it.
struct XorShift(i64);

impl XorShift {
    /// `MurmurHash3.arraySeed` of Scala.
    const ARRAY_SEED: u32 = 0x3c07_4a61;

    fn new(seed: i64) -> Self {
        let bytes = seed.to_be_bytes();
        let low = murmur3(&bytes, Self::ARRAY_SEED);
        let high = murmur3(&bytes, low);
        Self(i64::from(high) << 32 | i64::from(low))
    }

    fn next_int(&mut self) -> i32 {
        let mut next = self.0 ^ (self.0 << 21);
        next ^= (next as u64 >> 35) as i64;
        next ^= next << 4;
        self.0 = next;
        next as i32
    }
}

/// `MurmurHash3.bytesHash` of eight bytes.
fn murmur3(bytes: &[u8; 8], seed: u32) -> u32 {
    let mut hash = seed;
    for half in bytes.chunks_exact(4) {
        let word = u32::from_le_bytes([half[0], half[1], half[2], half[3]]);
        hash ^= word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    hash ^= 8;
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

pub fn randstr(seed: &i64, args: &Args) -> Result<ArrayRef> {
    const ALPHABET: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let length = args.int(0)?;
    let mut random = XorShift::new(*seed);
    args.try_texts(|row, out| {
        let Some(length) = length.get(row) else { return Ok(None) };
        room::check("the text", usize::try_from(length).unwrap_or(0))?;
        for _ in 0..length.max(0) {
            let place = (random.next_int() % 62).unsigned_abs() as usize;
            out.push(char::from(ALPHABET[place]));
        }
        Ok(Some(()))
    })
}
