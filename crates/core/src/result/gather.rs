//! `Gathered`: small batches that come encoded and go on as one.
//!
//! Each batch costs a client a response and a release of it, which for small ones is more than reading the rows. What is
//! put together are batches that are there at the same time: nobody waits for rows to come. The result is one record
//! batch again, since clients read no more than one from a response.

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::compute::concat_batches;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::{Message, root_as_message};
use bytes::Bytes;
use hearth_base::Result;

use super::writer::encode;

/// A batch of so many bytes is large enough to go on as it came.
const LARGE: usize = 256 << 10;
/// The bytes that small batches are put together to.
const TOGETHER: usize = 1 << 20;

/// Batches that follow each other, as (rows, Arrow IPC stream of one record batch).
#[derive(Debug, Default)]
pub(super) struct Gathered {
    parts: Vec<(i64, Bytes)>,
    rows: i64,
    bytes: usize,
}

impl Gathered {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether a batch may wait here for others.
    pub(super) fn is_small(data: &Bytes) -> bool {
        data.len() < LARGE && is_plain(data)
    }

    /// Whether a batch goes with those that are here, where a chunk has at most `most` rows.
    pub(super) fn has_room(&self, rows: i64, data: &Bytes, most: usize) -> bool {
        let rows = usize::try_from(self.rows.saturating_add(rows)).unwrap_or(usize::MAX);
        self.parts.is_empty() || (rows <= most && self.bytes + data.len() <= TOGETHER)
    }

    pub(super) fn add(&mut self, rows: i64, data: Bytes) {
        self.rows = self.rows.saturating_add(rows);
        self.bytes += data.len();
        self.parts.push((rows, data));
    }

    /// What is here, in one batch; batches that differ in their columns stay as they are.
    pub(super) fn take(&mut self) -> Vec<(i64, Bytes)> {
        let Self { parts, rows, .. } = std::mem::take(self);
        if parts.len() < 2 {
            return parts;
        }
        match joined(&parts, rows) {
            Ok(Some(data)) => vec![(rows, data)],
            Ok(None) => parts,
            Err(error) => {
                tracing::debug!(%error, "batches go on one by one");
                parts
            }
        }
    }
}

fn joined(parts: &[(i64, Bytes)], rows: i64) -> Result<Option<Bytes>> {
    let mut batches = Vec::with_capacity(parts.len());
    for (_, data) in parts {
        let Ok(batch) = decode(data) else { return Ok(None) };
        batches.extend(batch);
    }
    let Some(schema) = batches.first().map(RecordBatch::schema) else { return Ok(None) };
    if batches.iter().any(|batch| batch.schema() != schema) {
        return Ok(None);
    }
    match concat_batches(&schema, &batches) {
        Ok(whole) if i64::try_from(whole.num_rows()) == Ok(rows) => encode(&whole).map(Some),
        Ok(_) | Err(_) => Ok(None),
    }
}

fn decode(data: &Bytes) -> Result<Vec<RecordBatch>, ArrowError> {
    let mut buffer = Buffer::from(data.clone());
    let mut decoder = StreamDecoder::new();
    let mut batches = Vec::with_capacity(1);
    while let Some(batch) = decoder.decode(&mut buffer)? {
        batches.push(batch);
    }
    Ok(batches)
}

/// Whether the stream begins with a schema and a record batch that is not compressed: what somebody compressed is not
/// made large again.
fn is_plain(data: &[u8]) -> bool {
    let Some((_, length)) = message(data) else { return false };
    let batch = data.get(length..).and_then(message).and_then(|(message, _)| message.header_as_record_batch());
    batch.is_some_and(|batch| batch.compression().is_none())
}

/// The message that an IPC stream begins with, and the length of its head.
fn message(stream: &[u8]) -> Option<(Message<'_>, usize)> {
    let head = stream.get(..8)?;
    let (marker, length) = head.split_at(4);
    let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?.checked_add(8)?;
    if marker != [0xff; 4] {
        return None;
    }
    Some((root_as_message(stream.get(8..length)?).ok()?, length))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use arrow::ipc::CompressionType;
    use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};

    use super::*;

    fn batch(name: &str, numbers: &[Option<i64>]) -> RecordBatch {
        let texts = numbers.iter().map(|number| number.map(|number| "x".repeat(usize::try_from(number).unwrap())));
        let texts: StringArray = texts.collect();
        let columns: [(&str, ArrayRef); 2] =
            [(name, Arc::new(Int64Array::from(numbers.to_vec()))), ("text", Arc::new(texts))];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
    }

    fn gathered(batches: &[RecordBatch]) -> Gathered {
        let mut gathered = Gathered::default();
        for batch in batches {
            let rows = i64::try_from(batch.num_rows()).unwrap();
            let data = encode(batch).unwrap();
            assert!(Gathered::is_small(&data));
            gathered.add(rows, data);
        }
        gathered
    }

    #[test]
    fn small_batches_become_one() {
        let parts = [batch("n", &[Some(1), None]), batch("n", &[]), batch("n", &[Some(3)])];
        let mut gathered = gathered(&parts);
        let whole = gathered.take();
        assert!(gathered.is_empty());
        assert_eq!(whole.len(), 1);
        assert_eq!(whole[0].0, 3);
        assert_eq!(decode(&whole[0].1).unwrap(), [batch("n", &[Some(1), None, Some(3)])]);
    }

    #[test]
    fn batches_of_other_columns_or_with_a_wrong_count_stay_as_they_are() {
        let mut other = gathered(&[batch("n", &[Some(1)]), batch("m", &[Some(2)])]);
        assert_eq!(other.take().iter().map(|(rows, _)| *rows).collect::<Vec<_>>(), [1, 1]);
        let data = encode(&batch("n", &[Some(1)])).unwrap();
        let mut wrong = Gathered::default();
        wrong.add(1, data.clone());
        wrong.add(2, data.clone());
        assert_eq!(wrong.take(), [(1, data.clone()), (2, data)]);
    }

    #[test]
    fn there_is_room_up_to_the_rows_and_bytes_of_one_batch() {
        let data = encode(&batch("n", &[Some(1)])).unwrap();
        let mut gathered = Gathered::default();
        assert!(gathered.has_room(7, &data, 5), "one batch always has room");
        gathered.add(1, data.clone());
        assert!(gathered.has_room(4, &data, 5));
        assert!(!gathered.has_room(5, &data, 5));
        gathered.bytes = TOGETHER;
        assert!(!gathered.has_room(1, &data, 5));
    }

    #[test]
    fn what_is_large_compressed_or_no_batch_does_not_wait() {
        assert!(!Gathered::is_small(&Bytes::from(vec![0; LARGE])));
        assert!(!Gathered::is_small(&Bytes::from_static(b"no stream")));
        let batch = batch("n", &[Some(1)]);
        let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD)).unwrap();
        let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
        writer.write(&batch).unwrap();
        assert!(!Gathered::is_small(&writer.into_inner().unwrap().into()));
    }
}
