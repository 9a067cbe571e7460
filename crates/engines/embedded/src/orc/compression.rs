//! The blocks that ORC packs its streams and messages in.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// What a block has before it is packed.
pub const BLOCK_BYTES: usize = 256 << 10;
/// Largest block that is unpacked: no writer makes larger ones.
const MAX_BLOCK_BYTES: usize = 64 << 20;
const ZSTD_LEVEL: i32 = 3;
const HEAD_BYTES: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    None,
    Zlib,
    Snappy,
    Lz4,
    Zstd,
}

impl Codec {
    /// The number in a file's last message.
    pub fn number(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Zlib => 1,
            Self::Snappy => 2,
            Self::Lz4 => 4,
            Self::Zstd => 5,
        }
    }

    pub fn numbered(number: u32) -> Option<Self> {
        [Self::None, Self::Zlib, Self::Snappy, Self::Lz4, Self::Zstd].into_iter().find(|codec| codec.number() == number)
    }

    /// Packs a stream, block by block. What does not get smaller stays as it is.
    pub fn pack(self, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        if self == Self::None {
            return Ok(bytes);
        }
        let mut out = Vec::with_capacity(bytes.len() / 2 + HEAD_BYTES);
        for block in bytes.chunks(BLOCK_BYTES) {
            let packed = self.pack_block(block)?;
            let is_original = packed.len() >= block.len();
            let stored = if is_original { block } else { &packed };
            let head = (stored.len() << 1 | usize::from(is_original)).to_le_bytes();
            out.extend_from_slice(&head[..HEAD_BYTES]);
            out.extend_from_slice(stored);
        }
        Ok(out)
    }

    fn pack_block(self, block: &[u8]) -> Result<Vec<u8>, String> {
        let told = |error: std::io::Error| error.to_string();
        match self {
            Self::None => Ok(block.to_vec()),
            Self::Zlib => {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(block).map_err(told)?;
                encoder.finish().map_err(told)
            }
            Self::Snappy => snap::raw::Encoder::new().compress_vec(block).map_err(|error| error.to_string()),
            Self::Lz4 => Ok(lz4_flex::block::compress(block)),
            Self::Zstd => zstd::bulk::compress(block, ZSTD_LEVEL).map_err(told),
        }
    }

    /// Unpacks a message of at most `limit` bytes.
    pub fn unpack(self, mut bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
        if self == Self::None {
            return Ok(bytes.to_vec());
        }
        let mut out = Vec::new();
        while !bytes.is_empty() {
            let (head, rest) = bytes.split_at_checked(HEAD_BYTES).ok_or("a block ends too early")?;
            let head = head.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            let (block, rest) = rest.split_at_checked(head >> 1).ok_or("a block is longer than the file")?;
            bytes = rest;
            if head & 1 == 1 {
                out.extend_from_slice(block);
            } else {
                out.extend(self.unpack_block(block)?);
            }
            if out.len() > limit {
                return Err("a message is too large".to_owned());
            }
        }
        Ok(out)
    }

    fn unpack_block(self, block: &[u8]) -> Result<Vec<u8>, String> {
        let told = |error: std::io::Error| error.to_string();
        let mut out = Vec::new();
        match self {
            Self::None => out.extend_from_slice(block),
            Self::Zlib => {
                let limit = u64::try_from(MAX_BLOCK_BYTES).unwrap_or(u64::MAX);
                DeflateDecoder::new(block).take(limit).read_to_end(&mut out).map_err(told)?;
            }
            Self::Snappy => {
                let size = snap::raw::decompress_len(block).map_err(|error| error.to_string())?;
                if size > MAX_BLOCK_BYTES {
                    return Err("a block is too large".to_owned());
                }
                out = snap::raw::Decoder::new().decompress_vec(block).map_err(|error| error.to_string())?;
            }
            Self::Lz4 => {
                out = vec![0; MAX_BLOCK_BYTES.min(block.len().saturating_mul(255))];
                let size = lz4_flex::block::decompress_into(block, &mut out).map_err(|error| error.to_string())?;
                out.truncate(size);
            }
            Self::Zstd => {
                let limit = u64::try_from(MAX_BLOCK_BYTES).unwrap_or(u64::MAX);
                let decoder = zstd::stream::read::Decoder::new(block).map_err(told)?;
                decoder.take(limit).read_to_end(&mut out).map_err(told)?;
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let mixed: Vec<u8> = (0..600_000_u32).map(|n| (n * 7 % 251).to_le_bytes()[0]).collect();
        for codec in [Codec::None, Codec::Zlib, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            for bytes in [Vec::new(), vec![7], mixed.clone()] {
                let packed = codec.pack(bytes.clone()).unwrap();
                assert_eq!(codec.unpack(&packed, 1 << 20).unwrap(), bytes, "{codec:?}");
            }
            assert_eq!(Codec::numbered(codec.number()), Some(codec));
        }
    }
}
