//! Hadoop's block streams, which text files end with `.snappy` and `.lz4` for: blocks that say how long they are, in
//! chunks that say how long they are packed. All numbers have four bytes, the highest first.

use std::io::{self, Read, Write};

/// What a block has before it is packed, as Hadoop's codecs have it.
const BLOCK_BYTES: usize = 256 << 10;
/// Largest chunk that is unpacked.
const MAX_CHUNK_BYTES: usize = 64 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Snappy,
    Lz4,
}

fn damaged(what: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a block is damaged: {what}"))
}

impl Method {
    fn pack(self, block: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Snappy => snap::raw::Encoder::new().compress_vec(block).map_err(damaged),
            Self::Lz4 => Ok(lz4_flex::block::compress(block)),
        }
    }

    fn unpack(self, chunk: &[u8], limit: usize) -> io::Result<Vec<u8>> {
        match self {
            Self::Snappy => {
                if snap::raw::decompress_len(chunk).map_err(damaged)? > limit {
                    return Err(damaged("it is too large"));
                }
                snap::raw::Decoder::new().decompress_vec(chunk).map_err(damaged)
            }
            Self::Lz4 => {
                let mut out = vec![0; limit];
                let size = lz4_flex::block::decompress_into(chunk, &mut out).map_err(damaged)?;
                out.truncate(size);
                Ok(out)
            }
        }
    }
}

/// Unpacks a stream.
pub struct Unpacking<R> {
    inner: R,
    method: Method,
    /// Of the open block, not yet unpacked.
    left: usize,
    chunk: Vec<u8>,
    at: usize,
}

impl<R: Read> Unpacking<R> {
    pub fn new(inner: R, method: Method) -> Self {
        Self { inner, method, left: 0, chunk: Vec::new(), at: 0 }
    }

    /// The next number; none at the end.
    fn number(&mut self) -> io::Result<Option<usize>> {
        let mut bytes = [0; 4];
        let mut filled = 0;
        while filled < bytes.len() {
            match self.inner.read(&mut bytes[filled..])? {
                0 if filled == 0 => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => filled += count,
            }
        }
        Ok(Some(u32::from_be_bytes(bytes) as usize))
    }

    /// Whether there was another chunk.
    fn advance(&mut self) -> io::Result<bool> {
        while self.left == 0 {
            match self.number()? {
                Some(length) => self.left = length,
                None => return Ok(false),
            }
        }
        let packed = self.number()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if packed > MAX_CHUNK_BYTES || self.left > MAX_CHUNK_BYTES {
            return Err(damaged("it is too large"));
        }
        let mut chunk = vec![0; packed];
        self.inner.read_exact(&mut chunk)?;
        self.chunk = self.method.unpack(&chunk, self.left)?;
        self.at = 0;
        if self.chunk.is_empty() {
            return Err(damaged("a chunk has nothing in it"));
        }
        self.left = self.left.checked_sub(self.chunk.len()).ok_or_else(|| damaged("it is longer than it says"))?;
        Ok(true)
    }
}

impl<R: Read> Read for Unpacking<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            if !self.advance()? {
                return Ok(0);
            }
        }
        let count = out.len().min(self.chunk.len() - self.at);
        out[..count].copy_from_slice(&self.chunk[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Packs a stream. `finish` writes what is left.
pub struct Packing<W> {
    inner: W,
    method: Method,
    block: Vec<u8>,
}

impl<W: Write> Packing<W> {
    pub fn new(inner: W, method: Method) -> Self {
        Self { inner, method, block: Vec::with_capacity(BLOCK_BYTES) }
    }

    pub fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = bytes.len().min(BLOCK_BYTES - self.block.len());
            self.block.extend_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            if self.block.len() == BLOCK_BYTES {
                self.write_block()?;
            }
        }
        Ok(())
    }

    fn write_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let packed = self.method.pack(&self.block)?;
        for length in [self.block.len(), packed.len()] {
            self.inner.write_all(&u32::try_from(length).map_err(damaged)?.to_be_bytes())?;
        }
        self.inner.write_all(&packed)?;
        self.block.clear();
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.write_block()?;
        Ok(self.inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let text: Vec<u8> = (0..300_000_u32).flat_map(|n| (n % 1000).to_string().into_bytes()).collect();
        for method in [Method::Snappy, Method::Lz4] {
            let mut packing = Packing::new(Vec::new(), method);
            packing.write_all(&text).unwrap();
            let packed = packing.finish().unwrap();
            let mut read = Vec::new();
            Unpacking::new(packed.as_slice(), method).read_to_end(&mut read).unwrap();
            assert!(read == text && packed.len() < text.len());
            for end in [3, 7, packed.len() - 1] {
                let cut = Unpacking::new(&packed[..end], method).read_to_end(&mut Vec::new());
                assert!(cut.is_err(), "{end}");
            }
        }
    }
}
