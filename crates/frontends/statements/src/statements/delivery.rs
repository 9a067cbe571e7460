//! How the rows of one statement reach its client: in the answer itself or behind links, and in which chunks.
//!
//! A chunk of external links is a batch as the result store has it, so a result of any size is read piece by piece. A
//! result that comes in the answer is one chunk, whatever it was written in: some clients read no second one.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hearth_base::{Error, Result};
use hearth_core::Operation;
use hearth_core::result::{BatchPlace, Layout, ReadError};
use hearth_types::{StructType, Zone};

use crate::api::Api;
use crate::encode::RowEncoder;
use crate::encode::arrow::{StreamEncoder, decode, lz4, zone_of};
use crate::error::{ApiError, ApiResult};
use crate::facts::{Disposition, Facts, Format};
use crate::settings::StatementsSettings;
use crate::to_wire::{ChunkInfo, Manifest, Schema};
use crate::types::columns;

/// Rows from this size on are written on the work executor, so that other requests do not wait for them.
const LARGE: usize = 256 * 1024;

/// Where the rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the answer, as JSON.
    Inline,
    /// In the answer, as one Arrow stream.
    Attachment,
    Links,
}

/// A finished statement's result and how its client wants it.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    operation: Arc<Operation>,
    pub facts: Facts,
    pub place: Place,
    layout: Layout,
}

impl Delivery {
    pub fn new(operation: &Arc<Operation>, settings: &StatementsSettings) -> Self {
        let facts = Facts::read(&operation.origin.request);
        let layout = operation.log.layout();
        let bytes: usize = layout.batches.iter().map(|batch| batch.bytes).sum();
        let place = match (facts.disposition, facts.format) {
            (Disposition::Inline, _) => Place::Inline,
            (Disposition::InlineOrExternalLinks, Format::JsonArray) if bytes <= settings.inline_limit.as_usize() => {
                Place::Inline
            }
            (Disposition::InlineOrExternalLinks, Format::ArrowStream)
                if bytes <= settings.attachment_limit.as_usize() =>
            {
                Place::Attachment
            }
            (Disposition::InlineOrExternalLinks | Disposition::ExternalLinks, _) => Place::Links,
        };
        Self { operation: Arc::clone(operation), facts, place, layout }
    }

    fn structure(&self) -> StructType {
        self.layout.schema.as_ref().map_or_else(|| StructType::new([]), |schema| schema.as_ref().clone())
    }

    fn rows(&self) -> i64 {
        self.layout.batches.iter().map(|batch| batch.rows).sum()
    }

    fn bytes(&self) -> usize {
        self.layout.batches.iter().map(|batch| batch.bytes).sum()
    }

    /// JSON chunks say nothing of their bytes.
    fn byte_count(&self, bytes: usize) -> Option<usize> {
        (self.facts.format != Format::JsonArray).then_some(bytes)
    }

    pub fn chunk_count(&self) -> usize {
        match self.place {
            Place::Inline | Place::Attachment => usize::from(!self.layout.batches.is_empty()),
            Place::Links => self.layout.batches.len(),
        }
    }

    /// What `index` holds; out of range is the client's mistake.
    pub fn chunk(&self, index: usize) -> ApiResult<ChunkInfo> {
        let info = match self.place {
            Place::Inline | Place::Attachment => (index < self.chunk_count()).then(|| ChunkInfo {
                chunk_index: 0,
                row_offset: 0,
                row_count: self.rows(),
                byte_count: self.byte_count(self.bytes()),
            }),
            Place::Links => self.layout.batches.get(index).map(|batch| ChunkInfo {
                chunk_index: index,
                row_offset: batch.start,
                row_count: batch.rows,
                byte_count: self.byte_count(batch.bytes),
            }),
        };
        info.ok_or_else(|| {
            let count = self.chunk_count();
            ApiError::gone(format!(
                "The statement {} has {count} chunks; there is no chunk {index}.",
                self.operation.id
            ))
        })
    }

    pub fn manifest(&self) -> Manifest {
        let columns: Vec<_> = columns(&self.structure()).into_iter().map(Into::into).collect();
        Manifest {
            format: self.facts.format,
            schema: Schema { column_count: columns.len(), columns },
            total_chunk_count: self.chunk_count(),
            chunks: (0..self.chunk_count()).filter_map(|index| self.chunk(index).ok()).collect(),
            total_row_count: self.rows(),
            total_byte_count: self.byte_count(self.bytes()),
            truncated: self.layout.truncated,
            result_compression: self.facts.lz4.then_some("LZ4_FRAME"),
        }
    }

    /// Runs `write` of so many bytes where it keeps nobody waiting.
    async fn writing<T, F>(&self, api: &Api, bytes: usize, write: impl FnOnce(Self) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let work = write(self.clone());
        if bytes < LARGE { work.await } else { api.hearth().operations.on_executor("rows", work).await }
    }

    /// All rows as a JSON array.
    pub async fn data_array(&self, api: &Api) -> Result<Vec<u8>> {
        self.writing(api, self.bytes(), async |this| this.write_array().await).await
    }

    /// All rows as one Arrow stream, in base64.
    pub async fn attachment(&self, api: &Api) -> Result<String> {
        self.writing(api, self.bytes(), async |this| this.write_attachment().await).await
    }

    async fn write_array(&self) -> Result<Vec<u8>> {
        let mut out = vec![b'['];
        let mut encoder = None;
        for (index, place) in self.layout.batches.iter().enumerate() {
            let batch = decode(&self.stored(place).await?)?;
            let encoder =
                encoder.get_or_insert_with(|| RowEncoder::new(&self.structure(), zone_of(batch.schema_ref())));
            encoder.json_rows(&batch, &mut out, index == 0)?;
        }
        out.push(b']');
        Ok(out)
    }

    async fn write_attachment(&self) -> Result<String> {
        let mut stored = Vec::with_capacity(self.layout.batches.len());
        for place in &self.layout.batches {
            stored.push(self.stored(place).await?);
        }
        let stream = StreamEncoder::new(&self.structure(), Zone::UTC).join(&stored)?;
        Ok(STANDARD.encode(if self.facts.lz4 { lz4(&stream)? } else { stream }))
    }

    /// The file behind an external link.
    pub async fn file(&self, api: &Api, index: usize) -> ApiResult<Bytes> {
        let place = *self
            .layout
            .batches
            .get(index)
            .ok_or_else(|| ApiError::gone(format!("The statement {} has no chunk {index}.", self.operation.id)))?;
        let stored = self.stored(&place).await?;
        if self.facts.format == Format::ArrowStream && !self.facts.lz4 {
            return Ok(self.written(&stored, index == 0)?);
        }
        let write = async move |this: Self| this.written(&stored, index == 0);
        Ok(self.writing(api, place.bytes, write).await?)
    }

    fn written(&self, stored: &Bytes, is_first: bool) -> Result<Bytes> {
        let structure = self.structure();
        match self.facts.format {
            Format::ArrowStream => {
                let stream = StreamEncoder::new(&structure, Zone::UTC).whole(stored)?;
                if self.facts.lz4 { lz4(&stream) } else { Ok(stream) }
            }
            Format::JsonArray => {
                let batch = decode(stored)?;
                let mut out = vec![b'['];
                RowEncoder::new(&structure, zone_of(batch.schema_ref())).json_rows(&batch, &mut out, true)?;
                out.push(b']');
                Ok(out.into())
            }
            Format::Csv => {
                let batch = decode(stored)?;
                let encoder = RowEncoder::new(&structure, zone_of(batch.schema_ref()));
                let mut out = Vec::new();
                if is_first {
                    encoder.csv_header(&mut out);
                }
                encoder.csv_rows(&batch, &mut out)?;
                Ok(out.into())
            }
        }
    }

    async fn stored(&self, place: &BatchPlace) -> Result<Bytes> {
        let batch = self.operation.log.batch(place.item).await;
        batch.map(|batch| batch.data).map_err(|error: ReadError| Error::clone(error.error()))
    }
}
