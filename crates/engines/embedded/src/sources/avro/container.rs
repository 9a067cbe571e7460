//! Whether an Avro file is whole, found out before its rows are read: head, blocks and the marks between them.
//!
//! The decoder trusts a file: it takes one that was cut for one that ends, and a length for one that is right. Nothing of
//! the rows is looked at here, the blocks are passed over.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

const MAGIC: [u8; 4] = *b"Obj\x01";
const MARK_BYTES: usize = 16;
/// Longest key or value of the head.
const MAX_ENTRY_BYTES: u64 = 64 << 20;
const MAX_ENTRIES: u64 = 10_000;
/// Largest block after it was unpacked, since all of it is in memory at once. Fixed: blocks that writers make are smaller
/// by orders of magnitude.
const MAX_BLOCK_BYTES: u64 = 1 << 30;

const TOO_LARGE: &str =
    "a block is larger than 1 GiB when it is unpacked, more than is taken: write the file with smaller blocks";

/// How blocks are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    /// Not at all, or in a way that the decoder does not know.
    None,
    Snappy,
    Deflate,
    Bzip2,
    Zstandard,
}

impl Codec {
    /// Blocks of fewer bytes cannot become too large: what the method makes of the best case.
    fn harmless_bytes(self) -> u64 {
        match self {
            Self::None | Self::Snappy => u64::MAX,
            Self::Deflate => MAX_BLOCK_BYTES / 1032,
            Self::Bzip2 | Self::Zstandard => MAX_BLOCK_BYTES / 32_768,
        }
    }
}

/// What is wrong with a file, in words.
pub fn check(path: &Path) -> Result<(), String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let bytes = file.metadata().map_err(|error| error.to_string())?.len();
    let mut reader = Container { reader: BufReader::new(file), position: 0, bytes };
    let (codec, mark) = reader.head()?;
    while reader.position < bytes {
        reader.block(codec, mark)?;
    }
    Ok(())
}

struct Container {
    reader: BufReader<File>,
    position: u64,
    bytes: u64,
}

impl Container {
    /// How the blocks are packed, and the mark behind each of them.
    fn head(&mut self) -> Result<(Codec, [u8; MARK_BYTES]), String> {
        let mut magic = [0; MAGIC.len()];
        self.fill(&mut magic)?;
        if magic != MAGIC {
            return Err("it is no Avro file".to_owned());
        }
        let (mut codec, mut entries) = (Codec::None, 0);
        loop {
            let count = self.long()?;
            if count == 0 {
                break;
            }
            if count < 0 {
                self.long()?;
            }
            entries += count.unsigned_abs();
            if entries > MAX_ENTRIES {
                return Err("its head has too many entries".to_owned());
            }
            for _ in 0..count.unsigned_abs() {
                let (key, value) = (self.text()?, self.text()?);
                if key == b"avro.codec" {
                    codec = match value.as_slice() {
                        b"snappy" => Codec::Snappy,
                        b"deflate" => Codec::Deflate,
                        b"bzip2" => Codec::Bzip2,
                        b"zstandard" => Codec::Zstandard,
                        _ => Codec::None,
                    };
                }
            }
        }
        let mut mark = [0; MARK_BYTES];
        self.fill(&mut mark)?;
        Ok((codec, mark))
    }

    fn block(&mut self, codec: Codec, mark: [u8; MARK_BYTES]) -> Result<(), String> {
        let (rows, length) = (self.long()?, self.long()?);
        let length = u64::try_from(length).map_err(|_| "a block has a negative length".to_owned())?;
        if rows < 0 || length > self.bytes.saturating_sub(self.position) {
            return Err("a block is longer than the file".to_owned());
        }
        if codec == Codec::Snappy {
            self.check_snappy(length)?;
        }
        if length > codec.harmless_bytes() {
            self.check_unpacked(codec, length)?;
        } else {
            self.reader.seek_relative(i64::try_from(length).unwrap_or(i64::MAX)).map_err(|error| error.to_string())?;
        }
        self.position += length;
        let mut found = [0; MARK_BYTES];
        self.fill(&mut found)?;
        if found != mark { Err("a block does not end with the file's mark".to_owned()) } else { Ok(()) }
    }

    /// Unpacks a block to see how much is in it, and keeps nothing of it.
    fn check_unpacked(&mut self, codec: Codec, length: u64) -> Result<(), String> {
        let mut packed = (&mut self.reader).take(length);
        let told = |error: io::Error| error.to_string();
        let count = |unpacked: &mut dyn Read| {
            let mut unpacked = unpacked.take(MAX_BLOCK_BYTES + 1);
            io::copy(&mut unpacked, &mut io::sink()).map_err(told)
        };
        let bytes = match codec {
            Codec::None | Codec::Snappy => 0,
            Codec::Deflate => count(&mut flate2::bufread::DeflateDecoder::new(&mut packed))?,
            Codec::Bzip2 => count(&mut bzip2::bufread::MultiBzDecoder::new(&mut packed))?,
            Codec::Zstandard => count(&mut zstd::stream::read::Decoder::with_buffer(&mut packed).map_err(told)?)?,
        };
        if bytes > MAX_BLOCK_BYTES {
            return Err(TOO_LARGE.to_owned());
        }
        io::copy(&mut packed, &mut io::sink()).map(drop).map_err(told)
    }

    /// A block of Snappy says how long it is unpacked, and ends with four bytes of a checksum.
    fn check_snappy(&mut self, length: u64) -> Result<(), String> {
        if length < 4 {
            return Err("a block is too short for Snappy".to_owned());
        }
        let start = self.reader.fill_buf().map_err(|error| error.to_string())?;
        let mut unpacked = 0;
        for (at, byte) in start.iter().take(5).enumerate() {
            unpacked |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                break;
            }
        }
        if unpacked > MAX_BLOCK_BYTES { Err(TOO_LARGE.to_owned()) } else { Ok(()) }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), String> {
        self.reader.read_exact(buffer).map_err(|_| "it ends too early".to_owned())?;
        self.position += buffer.len() as u64;
        Ok(())
    }

    fn text(&mut self) -> Result<Vec<u8>, String> {
        let length = u64::try_from(self.long()?).map_err(|_| "its head has a negative length".to_owned())?;
        if length > MAX_ENTRY_BYTES || length > self.bytes.saturating_sub(self.position) {
            return Err("its head is longer than the file".to_owned());
        }
        let mut text = vec![0; usize::try_from(length).unwrap_or(0)];
        self.fill(&mut text)?;
        Ok(text)
    }

    /// A whole number of at most ten bytes, the last bit of which is its sign.
    fn long(&mut self) -> Result<i64, String> {
        let mut value = 0_u64;
        for at in 0..10 {
            let mut byte = [0];
            self.fill(&mut byte)?;
            value |= u64::from(byte[0] & 0x7f) << (7 * at);
            if byte[0] & 0x80 == 0 {
                let halved = i64::try_from(value >> 1).unwrap_or(i64::MAX);
                return Ok(if value & 1 == 0 { halved } else { -halved - 1 });
            }
        }
        Err("a number is too long".to_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn checked(bytes: &[u8]) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.avro");
        std::fs::write(&path, bytes).unwrap();
        check(&path)
    }

    fn whole() -> Vec<u8> {
        let mark = [7; MARK_BYTES];
        let mut bytes = [&MAGIC[..], &[2, 2], b"a", &[4], b"bc", &[0]].concat();
        bytes.extend(mark);
        bytes.extend([4, 6, 1, 2, 3]);
        bytes.extend(mark);
        bytes
    }

    #[test]
    fn whole_files_pass_and_cut_ones_do_not() {
        let bytes = whole();
        assert_eq!(checked(&bytes), Ok(()));
        let head = bytes.len() - MARK_BYTES - 5;
        for end in 0..bytes.len() {
            assert_eq!(checked(&bytes[..end]).is_ok(), end == head, "{end}");
        }
    }

    #[test]
    fn lengths_and_marks_are_not_trusted() {
        let bytes = whole();
        for (at, byte, said) in [
            (0, b'o', "it is no Avro file"),
            (5, 126, "its head is longer than the file"),
            (5, 1, "its head has a negative length"),
            (28, 100, "a block is longer than the file"),
            (28, 4, "a block does not end with the file's mark"),
        ] {
            let mut damaged = bytes.clone();
            damaged[at] = byte;
            assert_eq!(checked(&damaged), Err(said.to_owned()), "{at}");
        }
    }
}
