//! `binaryFile`: one row for each file, with its path, time, length and content.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use hearth_base::condition::{FAILED_READ_FILE, INVALID_REQUEST};
use hearth_base::{Error, Result};
use hearth_types::{DataType, StructField};

use super::batches::{self, BatchFormat};
use super::layout::{Layout, PlacedFile};
use super::{Source, SourceRequest};
use crate::catalog::location_uri;

const PATH: &str = "path";
const MODIFIED: &str = "modificationTime";
const LENGTH: &str = "length";
const CONTENT: &str = "content";

pub(super) fn open(request: &SourceRequest<'_>) -> Result<Source> {
    let columns = vec![
        StructField::new(PATH, DataType::STRING, true),
        StructField::new(MODIFIED, DataType::Timestamp, true),
        StructField::new(LENGTH, DataType::Long, true),
        StructField::new(CONTENT, DataType::Binary, true),
    ];
    if request.schema.is_some_and(|schema| {
        !schema.fields.iter().map(|field| &field.name).eq(columns.iter().map(|field| &field.name))
    }) {
        return Err(INVALID_REQUEST.with("message", "requirement failed: binary files have columns of their own"));
    }
    let layout = Layout::find(request)?;
    batches::table(request, layout, columns, Arc::new(Binary))
}

#[derive(Debug)]
struct Binary;

impl BatchFormat for Binary {
    fn read(
        &self,
        file: &PlacedFile,
        wanted: &[String],
        send: &mut dyn FnMut(RecordBatch) -> Result<bool>,
    ) -> Result<()> {
        let uri = location_uri(&file.path.to_string_lossy());
        let micros = file.modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().saturating_mul(1000);
        let mut columns: Vec<(&str, ArrayRef)> = vec![
            (PATH, Arc::new(StringArray::from(vec![uri.clone()]))),
            (
                MODIFIED,
                Arc::new(
                    TimestampMicrosecondArray::from(vec![i64::try_from(micros).unwrap_or(i64::MAX)])
                        .with_timezone("UTC"),
                ),
            ),
            (LENGTH, Arc::new(Int64Array::from(vec![i64::try_from(file.bytes).unwrap_or(i64::MAX)]))),
        ];
        if wanted.iter().any(|name| name == CONTENT) {
            let content =
                std::fs::read(&file.path).map_err(|error| FAILED_READ_FILE.with("path", uri).caused_by(error))?;
            columns.push((CONTENT, Arc::new(BinaryArray::from(vec![content.as_slice()]))));
        }
        send(RecordBatch::try_from_iter(columns).map_err(Error::internal)?).map(drop)
    }
}
