//! The two algorithms: `Murmur3_x86_32` with Spark's treatment of trailing bytes, and XXH64.

/// How values of each width are mixed into a hash.
pub trait Algorithm {
    type Hash: Copy;
    fn int(value: i32, seed: Self::Hash) -> Self::Hash;
    fn long(value: i64, seed: Self::Hash) -> Self::Hash;
    fn bytes(value: &[u8], seed: Self::Hash) -> Self::Hash;
}

pub struct Murmur3;

impl Murmur3 {
    fn mix(hash: u32, word: u32) -> u32 {
        let word = word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
        (hash ^ word).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
    }

    fn finish(hash: u32, length: u32) -> i32 {
        let mut hash = hash ^ length;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        (hash ^ (hash >> 16)) as i32
    }
}

impl Algorithm for Murmur3 {
    type Hash = i32;

    fn int(value: i32, seed: i32) -> i32 {
        Self::finish(Self::mix(seed as u32, value as u32), 4)
    }

    fn long(value: i64, seed: i32) -> i32 {
        let low = Self::mix(seed as u32, value as u32);
        Self::finish(Self::mix(low, (value >> 32) as u32), 8)
    }

    fn bytes(value: &[u8], seed: i32) -> i32 {
        let (words, tail) = value.as_chunks::<4>();
        let mut hash = words.iter().fold(seed as u32, |hash, word| Self::mix(hash, u32::from_le_bytes(*word)));
        for byte in tail {
            // Each byte left over is a word of its own, with its sign: Spark's variant.
            hash = Self::mix(hash, i32::from(*byte as i8) as u32);
        }
        Self::finish(hash, value.len() as u32)
    }
}

pub struct XxHash64;

const PRIME_1: u64 = 0x9E37_79B1_85EB_CA87;
const PRIME_2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const PRIME_3: u64 = 0x1656_67B1_9E37_79F9;
const PRIME_4: u64 = 0x85EB_CA77_C2B2_AE63;
const PRIME_5: u64 = 0x27D4_EB2F_1656_67C5;

impl XxHash64 {
    fn finish(hash: u64) -> i64 {
        let mut hash = (hash ^ (hash >> 33)).wrapping_mul(PRIME_2);
        hash = (hash ^ (hash >> 29)).wrapping_mul(PRIME_3);
        (hash ^ (hash >> 32)) as i64
    }

    fn round(lane: u64, word: u64) -> u64 {
        lane.wrapping_add(word.wrapping_mul(PRIME_2)).rotate_left(31).wrapping_mul(PRIME_1)
    }

    fn add_word(hash: u64, word: u64) -> u64 {
        (hash ^ Self::round(0, word)).rotate_left(27).wrapping_mul(PRIME_1).wrapping_add(PRIME_4)
    }

    fn add_half(hash: u64, half: u32) -> u64 {
        (hash ^ u64::from(half).wrapping_mul(PRIME_1)).rotate_left(23).wrapping_mul(PRIME_2).wrapping_add(PRIME_3)
    }

    /// The four lanes over blocks of 32 bytes.
    fn blocks(blocks: &[[u8; 32]], seed: u64) -> u64 {
        let mut lanes = [
            seed.wrapping_add(PRIME_1).wrapping_add(PRIME_2),
            seed.wrapping_add(PRIME_2),
            seed,
            seed.wrapping_sub(PRIME_1),
        ];
        for block in blocks {
            for (lane, word) in lanes.iter_mut().zip(block.as_chunks::<8>().0) {
                *lane = Self::round(*lane, u64::from_le_bytes(*word));
            }
        }
        let [a, b, c, d] = lanes;
        let merged = a
            .rotate_left(1)
            .wrapping_add(b.rotate_left(7))
            .wrapping_add(c.rotate_left(12))
            .wrapping_add(d.rotate_left(18));
        lanes
            .iter()
            .fold(merged, |hash, lane| (hash ^ Self::round(0, *lane)).wrapping_mul(PRIME_1).wrapping_add(PRIME_4))
    }
}

impl Algorithm for XxHash64 {
    type Hash = i64;

    fn int(value: i32, seed: i64) -> i64 {
        let hash = (seed as u64).wrapping_add(PRIME_5).wrapping_add(4);
        Self::finish(Self::add_half(hash, value as u32))
    }

    fn long(value: i64, seed: i64) -> i64 {
        let hash = (seed as u64).wrapping_add(PRIME_5).wrapping_add(8);
        Self::finish(Self::add_word(hash, value as u64))
    }

    fn bytes(value: &[u8], seed: i64) -> i64 {
        let (blocks, rest) = value.as_chunks::<32>();
        let start =
            if blocks.is_empty() { (seed as u64).wrapping_add(PRIME_5) } else { Self::blocks(blocks, seed as u64) };
        let hash = start.wrapping_add(value.len() as u64);
        let (words, rest) = rest.as_chunks::<8>();
        let hash = words.iter().fold(hash, |hash, word| Self::add_word(hash, u64::from_le_bytes(*word)));
        let (halves, rest) = rest.as_chunks::<4>();
        let hash = halves.iter().fold(hash, |hash, half| Self::add_half(hash, u32::from_le_bytes(*half)));
        Self::finish(rest.iter().fold(hash, |hash, byte| {
            (hash ^ u64::from(*byte).wrapping_mul(PRIME_5)).rotate_left(11).wrapping_mul(PRIME_1)
        }))
    }
}
