//! Files as lines of text: what the text, CSV and JSON sources stand on.
//!
//! One partition for each file, read on a thread for blocking work. Compression is told from the file's name.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayBuilder, ArrayRef, RecordBatch, StringArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use flate2::read::MultiGzDecoder;
use hearth_base::Error;
use hearth_base::condition::{FAILED_READ_FILE, LIMIT_EXCEEDED};

use crate::catalog::location_uri;

/// The name of the column of lines.
pub const LINE: &str = "value";
const BATCH_LINES: usize = 8192;
const BATCH_BYTES: usize = 8 << 20;
/// Longest line; a file without line ends must not fill the memory.
const MAX_LINE_BYTES: u64 = 1 << 30;

/// How files are cut into lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cut {
    /// `lineSep`; `None` takes `\n`, `\r\n`.
    pub separator: Option<String>,
    /// `wholetext`, `multiLine`: a file is one line.
    pub whole: bool,
    /// Lines at the head of each file that are no data.
    pub skip: usize,
    /// Lines without anything but blanks are no data.
    pub skip_blank: bool,
    /// Lines that start so are no data.
    pub comment: Option<char>,
}

/// The lines of one file, with the values of its partition columns.
#[derive(Debug, Clone)]
pub struct FileLines {
    pub path: PathBuf,
    pub cut: Cut,
    /// `value`, then one column for each partition value.
    pub schema: SchemaRef,
    pub partition: Vec<ScalarValue>,
}

/// The schema of lines with partition columns behind.
pub fn schema(partitions: &[(String, Arrow)]) -> SchemaRef {
    let mut fields = vec![Field::new(LINE, Arrow::Utf8, true)];
    fields.extend(partitions.iter().map(|(name, arrow)| Field::new(name, arrow.clone(), true)));
    Arc::new(Schema::new(fields))
}

impl PartitionStream for FileLines {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 2);
        let (sender, file) = (builder.tx(), self.clone());
        builder.spawn_blocking(move || {
            let outcome = file.read(&mut |batch| sender.blocking_send(Ok(batch)).is_ok());
            outcome.map_err(|error| DataFusionError::External(Box::new(error)))
        });
        builder.build()
    }
}

impl FileLines {
    /// Reads all lines and hands them over in batches, until the receiver has enough.
    fn read(&self, send: &mut dyn FnMut(RecordBatch) -> bool) -> hearth_base::Result<()> {
        let mut lines = StringBuilder::new();
        let mut enough = false;
        self.each_line(&mut |line| {
            lines.append_value(line);
            if lines.len() >= BATCH_LINES || lines.values_slice().len() >= BATCH_BYTES {
                enough = !send(self.batch(lines.finish())?);
            }
            Ok(!enough)
        })?;
        if !enough && lines.len() > 0 {
            send(self.batch(lines.finish())?);
        }
        Ok(())
    }

    /// Calls `take` with each line, until it answers `false`.
    pub fn each_line(
        &self,
        take: &mut dyn FnMut(&str) -> hearth_base::Result<bool>,
    ) -> hearth_base::Result<()> {
        let mut reader = open(&self.path)?;
        let separator = self.cut.separator.as_deref().unwrap_or("\n").as_bytes().to_vec();
        let last = separator.last().copied().unwrap_or(b'\n');
        let mut buffer = Vec::new();
        let mut number = 0;
        loop {
            buffer.clear();
            if self.cut.whole {
                (&mut reader).take(MAX_LINE_BYTES + 1).read_to_end(&mut buffer).map_err(|error| failed(&self.path, error))?;
            } else {
                read_line(&mut reader, &separator, last, &mut buffer).map_err(|error| failed(&self.path, error))?;
            }
            if buffer.is_empty() {
                return Ok(());
            }
            if buffer.len() as u64 > MAX_LINE_BYTES {
                return Err(LIMIT_EXCEEDED.with("what", "A line").with("limit", "source.max_line").with("value", "1 GiB"));
            }
            if !self.cut.whole {
                trim_end(&mut buffer, &separator, self.cut.separator.is_none());
            }
            number += 1;
            if number > self.cut.skip && !self.is_no_data(&buffer) && !take(&String::from_utf8_lossy(&buffer))? {
                return Ok(());
            }
        }
    }

    fn is_no_data(&self, line: &[u8]) -> bool {
        let blank = self.cut.skip_blank && line.iter().all(u8::is_ascii_whitespace);
        let comment = |mark: char| String::from_utf8_lossy(line).starts_with(mark);
        blank || self.cut.comment.is_some_and(comment)
    }

    fn batch(&self, lines: StringArray) -> hearth_base::Result<RecordBatch> {
        let rows = datafusion::arrow::array::Array::len(&lines);
        let mut columns: Vec<ArrayRef> = vec![Arc::new(lines)];
        for value in &self.partition {
            columns.push(value.to_array_of_size(rows).map_err(crate::error::from_datafusion)?);
        }
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(Error::internal)
    }
}

/// Reads up to and with the separator, or to the end.
fn read_line(reader: &mut dyn BufRead, separator: &[u8], last: u8, line: &mut Vec<u8>) -> std::io::Result<()> {
    let mut limited = reader.take(MAX_LINE_BYTES + 1);
    while limited.read_until(last, line)? > 0 {
        if line.ends_with(separator) {
            break;
        }
    }
    Ok(())
}

fn trim_end(line: &mut Vec<u8>, separator: &[u8], carriage_return_too: bool) {
    if line.ends_with(separator) {
        line.truncate(line.len() - separator.len());
        if carriage_return_too && line.ends_with(b"\r") {
            line.pop();
        }
    }
}

fn open(path: &std::path::Path) -> hearth_base::Result<Box<dyn BufRead>> {
    let file = File::open(path).map_err(|error| failed(path, error))?;
    let reader: Box<dyn Read> = match path.extension().and_then(|end| end.to_str()) {
        Some("gz") => Box::new(MultiGzDecoder::new(file)),
        Some("zst") => Box::new(zstd::Decoder::new(file).map_err(|error| failed(path, error))?),
        Some("bz2") => Box::new(bzip2::read::MultiBzDecoder::new(file)),
        _ => Box::new(file),
    };
    Ok(Box::new(BufReader::with_capacity(256 * 1024, reader)))
}

fn failed(path: &std::path::Path, error: std::io::Error) -> Error {
    FAILED_READ_FILE.with("path", location_uri(&path.to_string_lossy())).caused_by(error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn lines(content: &str, cut: Cut) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.txt");
        std::fs::write(&path, content).unwrap();
        let file = FileLines { path, cut, schema: schema(&[]), partition: Vec::new() };
        let mut found = Vec::new();
        file.each_line(&mut |line| {
            found.push(line.to_owned());
            Ok(true)
        })
        .unwrap();
        found
    }

    #[test]
    fn lines_end_with_any_line_end() {
        assert_eq!(lines("a\nb\r\n\nc", Cut::default()), ["a", "b", "", "c"]);
        assert_eq!(lines("a||b|c||", Cut { separator: Some("||".to_owned()), ..Cut::default() }), ["a", "b|c"]);
    }

    #[test]
    fn headers_blanks_and_comments_are_no_data() {
        let cut = Cut { skip: 1, skip_blank: true, comment: Some('#'), ..Cut::default() };
        assert_eq!(lines("h\n#c\n \nx\n", cut), ["x"]);
    }

    #[test]
    fn a_whole_file_is_one_line() {
        assert_eq!(lines("a\nb\n", Cut { whole: true, ..Cut::default() }), ["a\nb\n"]);
    }
}
