//! The bytes of a result file.
//!
//! `HRTHRES1`, frames, index, footer. The footer has 24 bytes, little endian: place of the index u64, its length u64, its
//! CRC-32 u32, `HEND`. A frame's place and length are the index's business.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use hearth_base::{Error, Result};

use super::failed;

pub(super) const HEADER: &[u8; 8] = b"HRTHRES1";
const FOOTER_LENGTH: usize = 24;
const FOOTER_MAGIC: &[u8; 4] = b"HEND";
const PART: &str = "part";

/// The name of a file that is not sealed.
pub(super) fn part_path(path: &Path) -> PathBuf {
    path.with_extension(PART)
}

pub(super) fn is_part(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == PART)
}

/// Appends the index and the footer for a file in which the index stands at `place`.
pub(super) fn put_index(out: &mut BytesMut, place: u64, index: &[u8]) {
    out.reserve(index.len() + FOOTER_LENGTH);
    out.put_slice(index);
    out.put_u64_le(place);
    out.put_u64_le(index.len() as u64);
    out.put_u32_le(crc32fast::hash(index));
    out.put_slice(FOOTER_MAGIC);
}

/// The index of a sealed file.
pub(super) fn read_index(file: &File, path: &Path) -> Result<Bytes> {
    let unreadable = |error| failed("a stored result does not read", path, error);
    let size = file.metadata().map_err(unreadable)?.len();
    let footer_place = size
        .checked_sub(FOOTER_LENGTH as u64)
        .filter(|place| *place >= HEADER.len() as u64)
        .ok_or_else(|| damaged(path, "it is cut short"))?;
    let mut header = [0; HEADER.len()];
    file.read_exact_at(&mut header, 0).map_err(unreadable)?;
    if header != *HEADER {
        return Err(damaged(path, "it is no result, or of another version"));
    }
    let mut footer = [0; FOOTER_LENGTH];
    file.read_exact_at(&mut footer, footer_place).map_err(unreadable)?;
    let mut footer = &footer[..];
    let (place, length, crc) = (footer.get_u64_le(), footer.get_u64_le(), footer.get_u32_le());
    if footer != FOOTER_MAGIC {
        return Err(damaged(path, "it is cut short"));
    }
    // The length is checked against the file before anything is allocated for it.
    if place < HEADER.len() as u64 || place.checked_add(length) != Some(footer_place) {
        return Err(damaged(path, "its footer points outside"));
    }
    let index = read_frame(file, path, place, usize::try_from(length).unwrap_or(usize::MAX))?;
    if crc32fast::hash(&index) != crc {
        return Err(damaged(path, "the checksum of its index is wrong"));
    }
    Ok(index)
}

/// `length` bytes from `place` on.
pub(super) fn read_frame(file: &File, path: &Path, place: u64, length: usize) -> Result<Bytes> {
    let unreadable = |error| failed("a stored result does not read", path, error);
    let size = file.metadata().map_err(unreadable)?.len();
    if place.checked_add(length as u64).is_none_or(|end| end > size) {
        return Err(damaged(path, "it is cut short"));
    }
    let mut data = vec![0; length];
    match file.read_exact_at(&mut data, place) {
        Ok(()) => Ok(Bytes::from(data)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(damaged(path, "it is cut short")),
        Err(error) => Err(unreadable(error)),
    }
}

pub(super) fn damaged(path: &Path, why: &str) -> Error {
    Error::internal(format!("the stored result {} is damaged: {why}", path.display()))
}
