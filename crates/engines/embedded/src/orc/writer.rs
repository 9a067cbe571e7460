//! A file that is written: stripes of bounded memory, then what all of them are about.

use std::io::Write;

use datafusion::arrow::array::RecordBatch;
use hearth_base::Result;
use hearth_types::StructField;
use prost::Message;

use super::columns::{Column, Filled};
use super::compression::{BLOCK_BYTES, Codec};
use super::messages::{
    ColumnEncoding, Footer, Metadata, PostScript, Stream, StripeFooter, StripeInformation, StripeStatistics, Type,
    UserMetadata,
};
use super::statistics::{Statistics, Values};
use super::types;

const MAGIC: &[u8] = b"ORC";
/// What a stripe may hold before it is written.
pub const STRIPE_BYTES: usize = 16 << 20;
/// Rows between two looks at the memory.
const SLICE_ROWS: usize = 8192;
/// Not one of the writers that the specification numbers.
const WRITER: u32 = u32::MAX;
const HYBRID_CALENDAR: u32 = 1;

/// Why a file was not written.
#[derive(Debug)]
pub enum Failure {
    Io(String),
    Other(hearth_base::Error),
}

impl From<hearth_base::Error> for Failure {
    fn from(error: hearth_base::Error) -> Self {
        Self::Other(error)
    }
}

impl From<String> for Failure {
    fn from(error: String) -> Self {
        Self::Io(error)
    }
}

pub struct OrcWriter<W> {
    out: W,
    codec: Codec,
    version: String,
    types: Vec<Type>,
    columns: Vec<Column>,
    position: u64,
    /// Rows of the stripe that is open.
    rows: u64,
    stripes: Vec<StripeInformation>,
    told: Vec<StripeStatistics>,
    all: Vec<Statistics>,
}

impl<W: Write> OrcWriter<W> {
    /// `version` is what the file says of the Spark that wrote it.
    pub fn new(mut out: W, fields: &[StructField], codec: Codec, version: &str) -> Result<Self, Failure> {
        let types = types::of_columns(fields)?;
        let columns = fields.iter().map(|field| Column::new(&field.data_type)).collect::<Result<_>>()?;
        out.write_all(MAGIC).map_err(told)?;
        let position = MAGIC.len() as u64;
        Ok(Self {
            out,
            codec,
            version: version.to_owned(),
            types,
            columns,
            position,
            rows: 0,
            stripes: Vec::new(),
            told: Vec::new(),
            all: Vec::new(),
        })
    }

    /// Rows in the engine's form.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        let mut done = 0;
        while done < batch.num_rows() {
            let rows = (batch.num_rows() - done).min(SLICE_ROWS);
            for (column, values) in self.columns.iter_mut().zip(batch.columns()) {
                column.write(&values.slice(done, rows))?;
            }
            self.rows += rows as u64;
            done += rows;
            if self.memory() >= STRIPE_BYTES {
                self.end_stripe()?;
            }
        }
        Ok(())
    }

    pub fn memory(&self) -> usize {
        self.columns.iter().map(Column::memory).sum()
    }

    /// Writes out the rows that are held.
    pub fn end_stripe(&mut self) -> Result<(), Failure> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut root = Statistics::new(Values::None);
        root.values = self.rows;
        let (mut next, mut filled, mut told) = (1, Vec::new(), vec![root]);
        self.columns.iter_mut().for_each(|column| column.take(&mut next, &mut filled, &mut told));
        let (offset, mut streams, mut data_length) = (self.position, Vec::with_capacity(filled.len()), 0);
        for Filled { column, kind, bytes } in filled {
            let packed = self.codec.pack(bytes)?;
            let length = packed.len() as u64;
            self.put(&packed)?;
            data_length += length;
            streams.push(Stream { kind: Some(kind as u32), column: Some(column), length: Some(length) });
        }
        let mut encodings = vec![0];
        self.columns.iter().for_each(|column| column.encodings(&mut encodings));
        let columns = encodings.into_iter().map(|kind| ColumnEncoding { kind: Some(kind) }).collect();
        let footer = StripeFooter { streams, columns, writer_time_zone: Some("UTC".to_owned()) };
        let footer_length = self.put_message(&footer)?;
        self.stripes.push(StripeInformation {
            offset: Some(offset),
            index_length: Some(0),
            data_length: Some(data_length),
            footer_length: Some(footer_length),
            number_of_rows: Some(self.rows),
        });
        self.rows = 0;
        self.told.push(StripeStatistics { columns: told.iter().map(Statistics::message).collect() });
        if self.all.is_empty() {
            self.all = told;
        } else {
            self.all.iter_mut().zip(&told).for_each(|(all, stripe)| all.merge(stripe));
        }
        Ok(())
    }

    /// Writes the end.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.end_stripe()?;
        let content_length = self.position;
        let metadata = Metadata { stripes: std::mem::take(&mut self.told) };
        let metadata_length = self.put_message(&metadata)?;
        if self.all.is_empty() {
            self.all = self.types.iter().map(|_| Statistics::new(Values::None)).collect();
        }
        let version = UserMetadata {
            name: Some("org.apache.spark.version".to_owned()),
            value: Some(self.version.clone().into_bytes()),
        };
        let footer = Footer {
            header_length: Some(MAGIC.len() as u64),
            content_length: Some(content_length),
            number_of_rows: Some(self.stripes.iter().filter_map(|stripe| stripe.number_of_rows).sum()),
            stripes: std::mem::take(&mut self.stripes),
            types: std::mem::take(&mut self.types),
            metadata: vec![version],
            statistics: self.all.iter().map(Statistics::message).collect(),
            row_index_stride: Some(0),
            writer: Some(WRITER),
            calendar: Some(HYBRID_CALENDAR),
        };
        let footer_length = self.put_message(&footer)?;
        let last = PostScript {
            footer_length: Some(footer_length),
            compression: Some(self.codec.number()),
            compression_block_size: Some(BLOCK_BYTES as u64),
            version: vec![0, 12],
            metadata_length: Some(metadata_length),
            writer_version: Some(WRITER),
            magic: Some("ORC".to_owned()),
        };
        let last = last.encode_to_vec();
        self.put(&last)?;
        self.put(&[last.len().to_le_bytes()[0]])?;
        self.out.flush().map_err(told)
    }

    fn put_message(&mut self, message: &impl Message) -> Result<u64, Failure> {
        let packed = self.codec.pack(message.encode_to_vec())?;
        self.put(&packed)?;
        Ok(packed.len() as u64)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.position += bytes.len() as u64;
        self.out.write_all(bytes).map_err(told)
    }
}

fn told(error: std::io::Error) -> Failure {
    Failure::Io(error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Int64Array, ListArray, StringArray};
    use datafusion::arrow::datatypes::Int32Type;
    use hearth_types::DataType;
    use orc_rust::ArrowReaderBuilder;

    use super::*;

    #[test]
    fn another_reader_finds_what_was_written() {
        let fields = [
            StructField::new("n", DataType::Long, true),
            StructField::new("l", DataType::array(DataType::Integer, true), true),
            StructField::new("s", DataType::STRING, true),
        ];
        let lists = vec![Some(vec![Some(1), None]), None, Some(vec![])];
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX)])),
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists)),
            Arc::new(StringArray::from(vec![Some(""), Some("\u{e4}"), None])),
        ];
        let batch = RecordBatch::try_from_iter(["n", "l", "s"].into_iter().zip(columns)).unwrap();
        for codec in [Codec::None, Codec::Zlib, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            let mut bytes = Vec::new();
            let mut writer = OrcWriter::new(&mut bytes, &fields, codec, "4.2.0").unwrap();
            writer.write(&batch).unwrap();
            writer.end_stripe().unwrap();
            writer.write(&batch.slice(1, 2)).unwrap();
            writer.finish().unwrap();
            let reader = ArrowReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap().build();
            let read: Vec<_> = reader.map(Result::unwrap).collect();
            let rows: usize = read.iter().map(RecordBatch::num_rows).sum();
            assert_eq!(rows, 5, "{codec:?}");
            for (at, column) in batch.columns().iter().enumerate() {
                assert_eq!(format!("{:?}", read[0].column(at)), format!("{column:?}"), "{codec:?}");
            }
        }
    }
}
