//! Compression of text files.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use bzip2::write::BzEncoder;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use hearth_base::Result;
use hearth_base::condition::CODEC_NOT_AVAILABLE;

use crate::hadoop::{Method, Packing};

const BUFFER_BYTES: usize = 128 * 1024;

/// The option `compression` of text formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    None,
    Gzip,
    Bzip2,
    Deflate,
    Lz4,
    Snappy,
}

impl Codec {
    pub fn named(name: Option<&str>) -> Result<Self> {
        match name.map(str::to_ascii_lowercase).as_deref() {
            None | Some("none" | "uncompressed") => Ok(Self::None),
            Some("gzip") => Ok(Self::Gzip),
            Some("bzip2") => Ok(Self::Bzip2),
            Some("deflate") => Ok(Self::Deflate),
            Some("lz4") => Ok(Self::Lz4),
            Some("snappy") => Ok(Self::Snappy),
            Some(name) => Err(CODEC_NOT_AVAILABLE
                .with("codecName", name)
                .with("availableCodecs", "bzip2, deflate, uncompressed, snappy, none, lz4, gzip")),
        }
    }

    /// What stands behind `.csv`.
    pub fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Bzip2 => ".bz2",
            Self::Deflate => ".deflate",
            Self::Lz4 => ".lz4",
            Self::Snappy => ".snappy",
        }
    }
}

/// A file that compresses what is written to it.
pub enum Output {
    None(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Bzip2(BzEncoder<BufWriter<File>>),
    Deflate(ZlibEncoder<BufWriter<File>>),
    Blocks(Packing<BufWriter<File>>),
}

impl Output {
    pub fn create(path: &Path, codec: Codec) -> io::Result<Self> {
        let file = BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?);
        Ok(match codec {
            Codec::None => Self::None(file),
            Codec::Gzip => Self::Gzip(GzEncoder::new(file, Compression::default())),
            Codec::Bzip2 => Self::Bzip2(BzEncoder::new(file, bzip2::Compression::default())),
            Codec::Deflate => Self::Deflate(ZlibEncoder::new(file, Compression::default())),
            Codec::Lz4 => Self::Blocks(Packing::new(file, Method::Lz4)),
            Codec::Snappy => Self::Blocks(Packing::new(file, Method::Snappy)),
        })
    }

    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::None(file) => file.write_all(bytes),
            Self::Gzip(file) => file.write_all(bytes),
            Self::Bzip2(file) => file.write_all(bytes),
            Self::Deflate(file) => file.write_all(bytes),
            Self::Blocks(file) => file.write_all(bytes),
        }
    }

    /// Writes the end.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::None(mut file) => file.flush(),
            Self::Gzip(file) => file.finish()?.flush(),
            Self::Bzip2(file) => file.finish()?.flush(),
            Self::Deflate(file) => file.finish()?.flush(),
            Self::Blocks(file) => file.finish()?.flush(),
        }
    }

    /// Bytes held, about.
    pub fn memory(&self) -> usize {
        match self {
            Self::None(_) => BUFFER_BYTES,
            Self::Gzip(_) | Self::Deflate(_) | Self::Blocks(_) => BUFFER_BYTES + (256 << 10),
            Self::Bzip2(_) => BUFFER_BYTES + (8 << 20),
        }
    }
}
