//! Files as lines of text: what the text, CSV and JSON sources stand on.
//!
//! Files are put into as many partitions as the engine has, large ones divided; a partition is read on a thread for
//! blocking work. Compression is told from the file's name.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayBuilder, ArrayRef, RecordBatch, StringArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use hearth_analyzer::FILE_METADATA;
use hearth_base::Error;
use hearth_base::condition::{FAILED_READ_FILE, LIMIT_EXCEEDED};
use hearth_functions::records::{CsvQuotes, xml_records};

use super::charset::Charset;
use super::layout::metadata;
use crate::catalog::location_uri;
use crate::hadoop::{Method, Unpacking};

/// The name of the column of lines.
pub const LINE: &str = "value";
const BATCH_LINES: usize = 8192;
const BATCH_BYTES: usize = 8 << 20;
/// Less is not worth a partition of its own.
const MIN_SHARE_BYTES: u64 = 4 << 20;
/// Endings of files that can only be read from their start.
const PACKED: [&str; 6] = ["gz", "zst", "bz2", "deflate", "snappy", "lz4"];
/// Longest line; a file without line ends must not fill the memory.
const MAX_LINE_BYTES: u64 = 1 << 30;

/// How files are cut into lines.
#[derive(Debug, Clone, Default)]
pub struct Cut {
    /// `lineSep`; `None` takes `\n`, `\r\n`, `\r`.
    pub separator: Option<String>,
    /// `wholetext`, `multiLine` of JSON: a file is one line.
    pub whole: bool,
    /// `multiLine` of CSV: lines go on while a quote is open.
    pub quotes: Option<CsvQuotes>,
    /// JSON: the elements of an array are lines of their own.
    pub spread: bool,
    /// XML: the elements of this name are the lines.
    pub row_tag: Option<String>,
    /// Lines at the head of each file that are no data.
    pub skip: usize,
    /// Lines without anything but blanks are no data.
    pub skip_blank: bool,
    /// Lines that start so are no data.
    pub comment: Option<char>,
    /// `encoding`
    pub charset: Charset,
}

impl Cut {
    /// Whether a file may be read from its middle.
    fn is_divisible(&self) -> bool {
        !self.whole && self.quotes.is_none() && self.charset.is_utf8()
    }
}

/// The lines of one file, or of a part of it, with the values of its partition columns.
#[derive(Debug, Clone)]
pub struct FileLines {
    pub path: PathBuf,
    pub bytes: u64,
    pub modified: SystemTime,
    /// Only lines that start here.
    pub range: Option<Range<u64>>,
    pub cut: Cut,
    /// `value`, then one column for each partition value, then maybe what tells of the file.
    pub schema: SchemaRef,
    pub partition: Vec<ScalarValue>,
}

/// The schema of lines with partition columns behind.
pub fn schema(partitions: &[(String, Arrow)]) -> SchemaRef {
    let mut fields = vec![Field::new(LINE, Arrow::Utf8, true)];
    fields.extend(partitions.iter().map(|(name, arrow)| Field::new(name, arrow.clone(), true)));
    Arc::new(Schema::new(fields))
}

/// The lines of files, as a table.
#[derive(Debug)]
pub struct LinesTable {
    pub schema: SchemaRef,
    pub files: Vec<FileLines>,
}

#[async_trait]
impl TableProvider for LinesTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let mut groups = groups(&self.files, state.config().target_partitions());
        let mut schema = Arc::clone(&self.schema);
        let last = schema.fields().len() - 1;
        let wants_metadata = projection.is_none_or(|columns| columns.contains(&last));
        if schema.field(last).name() == FILE_METADATA && !wants_metadata {
            // Seldom asked for, so it costs nothing else.
            schema = Arc::new(schema.project(&(0..last).collect::<Vec<_>>())?);
            for file in groups.iter_mut().flatten() {
                file.schema = Arc::clone(&schema);
            }
        }
        let streams = groups
            .into_iter()
            .map(|files| Arc::new(Group { schema: Arc::clone(&schema), files }) as Arc<dyn PartitionStream>);
        let streams = streams.collect();
        Ok(Arc::new(StreamingTableExec::try_new(schema, streams, projection, [], false, limit)?))
    }
}

/// Files in at most `count` groups of about the same size, in their order. Large files are divided.
fn groups(files: &[FileLines], count: usize) -> Vec<Vec<FileLines>> {
    let total: u64 = files.iter().map(|file| file.bytes).sum();
    let share = total.div_ceil(count.max(1) as u64).max(MIN_SHARE_BYTES);
    let mut groups = vec![Vec::new()];
    let mut room = share;
    for file in files {
        let mut start = 0;
        loop {
            if room == 0 && groups.len() < count.max(1) {
                groups.push(Vec::new());
                room = share;
            }
            let left = file.bytes - start;
            let is_last = groups.len() >= count.max(1);
            let taken = if file.is_divisible() && left > room && !is_last { room } else { left };
            let range = (taken < file.bytes).then_some(start..start + taken);
            if let Some(group) = groups.last_mut() {
                group.push(FileLines { range, ..file.clone() });
            }
            room = room.saturating_sub(taken);
            start += taken;
            if start >= file.bytes {
                break;
            }
        }
    }
    groups
}

/// Files that are read one after the other.
#[derive(Debug)]
struct Group {
    schema: SchemaRef,
    files: Vec<FileLines>,
}

impl PartitionStream for Group {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 2);
        let (sender, files) = (builder.tx(), self.files.clone());
        builder.spawn_blocking(move || {
            for file in files {
                let outcome = file.read(&mut |batch| sender.blocking_send(Ok(batch)).is_ok());
                if !outcome.map_err(|error| DataFusionError::External(Box::new(error)))? {
                    break;
                }
            }
            Ok(())
        });
        builder.build()
    }
}

impl FileLines {
    fn is_divisible(&self) -> bool {
        let is_packed = self.path.extension().is_some_and(|end| PACKED.iter().any(|packed| end == *packed));
        !is_packed && self.cut.is_divisible()
    }

    /// Reads all lines and hands them over in batches; whether the receiver wants more.
    fn read(&self, send: &mut dyn FnMut(RecordBatch) -> bool) -> hearth_base::Result<bool> {
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
            enough = !send(self.batch(lines.finish())?);
        }
        Ok(!enough)
    }

    /// Calls `take` with each line, until it answers `false`.
    pub fn each_line(&self, take: &mut dyn FnMut(&str) -> hearth_base::Result<bool>) -> hearth_base::Result<()> {
        let start = self.range.as_ref().map_or(0, |range| range.start);
        let mut lines = LineReader::open(self, start).map_err(|error| failed(&self.path, error))?;
        let mut skip = if start == 0 { self.cut.skip } else { 0 };
        let mut record = String::new();
        let mut open = false;
        while self.range.as_ref().is_none_or(|range| lines.position < range.end) {
            if !lines.advance().map_err(|error| failed(&self.path, error))? {
                break;
            }
            if lines.line.len() as u64 + record.len() as u64 > MAX_LINE_BYTES {
                return Err(LIMIT_EXCEEDED
                    .with("what", "A line")
                    .with("limit", "source.max_line")
                    .with("value", "1 GiB"));
            }
            let line = String::from_utf8_lossy(lines.content());
            let line = line.strip_prefix('\u{feff}').filter(|_| lines.is_first).unwrap_or(&line);
            if !open && self.is_no_data(line) {
                continue;
            }
            let line = match &self.cut.quotes {
                None => line,
                Some(quotes) => {
                    record.push_str(line);
                    open = quotes.stay_open(open, line);
                    if open {
                        record.push_str(&String::from_utf8_lossy(lines.ending()));
                        continue;
                    }
                    &record
                }
            };
            if skip > 0 {
                skip -= 1;
            } else if !self.hand_over(line, take)? {
                return Ok(());
            }
            record.clear();
        }
        // A quote that is never closed.
        if record.is_empty() || skip > 0 { Ok(()) } else { take(&record).map(drop) }
    }

    fn hand_over(
        &self,
        line: &str,
        take: &mut dyn FnMut(&str) -> hearth_base::Result<bool>,
    ) -> hearth_base::Result<bool> {
        // An array of anything but objects is one record, and none that fits.
        let are_objects = |elements: &Vec<&str>| elements.iter().all(|element| element.starts_with('{'));
        let elements = match &self.cut.row_tag {
            Some(row_tag) => Some(xml_records(line, row_tag)),
            None => self.cut.spread.then(|| json_elements(line)).flatten().filter(are_objects),
        };
        match elements {
            None => take(line),
            Some(elements) => {
                for element in elements {
                    if !take(element)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }

    fn is_no_data(&self, line: &str) -> bool {
        (self.cut.skip_blank && line.trim().is_empty()) || self.cut.comment.is_some_and(|mark| line.starts_with(mark))
    }

    fn batch(&self, lines: StringArray) -> hearth_base::Result<RecordBatch> {
        let rows = datafusion::arrow::array::Array::len(&lines);
        let mut columns: Vec<ArrayRef> = vec![Arc::new(lines)];
        for value in &self.partition {
            columns.push(value.to_array_of_size(rows).map_err(crate::error::from_datafusion)?);
        }
        if self.schema.fields().len() > columns.len() {
            let value = metadata(&self.path, self.bytes, self.modified)?;
            columns.push(value.to_array_of_size(rows).map_err(crate::error::from_datafusion)?);
        }
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(Error::internal)
    }
}

/// The elements of a JSON array; `None` for what is no array or is broken.
fn json_elements(text: &str) -> Option<Vec<&str>> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let mut elements = Vec::new();
    let (mut start, mut depth, mut quoted, mut escaped) = (0, 0usize, false, false);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => {
                elements.push(inner[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if quoted || depth > 0 {
        return None;
    }
    let last = inner[start..].trim();
    if !last.is_empty() {
        elements.push(last);
    }
    Some(elements)
}

/// Reads line after line.
struct LineReader {
    reader: Box<dyn BufRead>,
    /// Of the next line.
    position: u64,
    /// With its end.
    line: Vec<u8>,
    /// How long the end of the line is.
    end: usize,
    is_first: bool,
    whole: bool,
    separator: Option<Vec<u8>>,
}

impl LineReader {
    fn open(file: &FileLines, start: u64) -> std::io::Result<Self> {
        let mut separator = file.cut.separator.as_ref().map(|text| text.as_bytes().to_vec());
        let mut reader_of_start = None;
        if file.cut.quotes.is_some() && separator.is_none() && start == 0 {
            let mut reader = open(&file.path, &file.cut.charset, 0)?;
            separator = first_line_end(reader.as_mut())?;
            reader_of_start = Some(reader);
        }
        // A line that starts where the part starts is known by the end of the line before.
        let before = start.saturating_sub(separator.as_ref().map_or(1, Vec::len) as u64);
        let mut lines = Self {
            reader: match reader_of_start {
                Some(reader) => reader,
                None => open(&file.path, &file.cut.charset, before)?,
            },
            position: before,
            line: Vec::new(),
            end: 0,
            is_first: false,
            whole: file.cut.whole,
            separator,
        };
        if start > 0 {
            lines.advance()?;
        }
        Ok(lines)
    }

    /// Reads the next line; `false` at the end.
    fn advance(&mut self) -> std::io::Result<bool> {
        self.line.clear();
        self.end = 0;
        self.is_first = self.position == 0;
        let mut limited = (&mut self.reader).take(MAX_LINE_BYTES + 1);
        match (&self.separator, self.whole) {
            (_, true) => drop(limited.read_to_end(&mut self.line)?),
            (Some(separator), false) => {
                let last = separator.last().copied().unwrap_or(b'\n');
                while limited.read_until(last, &mut self.line)? > 0 {
                    if self.line.ends_with(separator) {
                        self.end = separator.len();
                        break;
                    }
                }
            }
            (None, false) => self.end = read_line(&mut limited, &mut self.line)?,
        }
        self.position += self.line.len() as u64;
        Ok(!self.line.is_empty())
    }

    fn content(&self) -> &[u8] {
        &self.line[..self.line.len() - self.end]
    }

    fn ending(&self) -> &[u8] {
        &self.line[self.line.len() - self.end..]
    }
}

/// How the first line of what is there already ends: where lines go on inside of quotes, all others end so too.
fn first_line_end(reader: &mut dyn BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let start = reader.fill_buf()?;
    let at = start.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    Ok(at.map(|at| match (start[at], start.get(at + 1)) {
        (b'\r', Some(b'\n')) => b"\r\n".to_vec(),
        (first, _) => vec![first],
    }))
}

/// Reads up to and with `\n`, `\r\n` or `\r`; the length of that.
fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>) -> std::io::Result<usize> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(0);
        }
        match buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            None => {
                let length = buffer.len();
                line.extend_from_slice(buffer);
                reader.consume(length);
            }
            Some(at) => {
                let is_return = buffer[at] == b'\r';
                line.extend_from_slice(&buffer[..=at]);
                reader.consume(at + 1);
                if is_return && reader.fill_buf()?.first() == Some(&b'\n') {
                    line.push(b'\n');
                    reader.consume(1);
                    return Ok(2);
                }
                return Ok(1);
            }
        }
    }
}

fn open(path: &Path, charset: &Charset, start: u64) -> std::io::Result<Box<dyn BufRead>> {
    let mut file = File::open(path)?;
    if start > 0 {
        file.seek(SeekFrom::Start(start))?;
    }
    let reader: Box<dyn Read> = match path.extension().and_then(|end| end.to_str()) {
        Some("gz") => Box::new(MultiGzDecoder::new(file)),
        Some("zst") => Box::new(zstd::Decoder::new(file)?),
        Some("bz2") => Box::new(bzip2::read::MultiBzDecoder::new(file)),
        Some("deflate") => Box::new(ZlibDecoder::new(BufReader::new(file))),
        Some("snappy") => Box::new(Unpacking::new(BufReader::new(file), Method::Snappy)),
        Some("lz4") => Box::new(Unpacking::new(BufReader::new(file), Method::Lz4)),
        _ => Box::new(file),
    };
    let mut reader = BufReader::with_capacity(256 * 1024, reader);
    let charset = match charset {
        Charset::Found => Charset::of_json(reader.fill_buf()?),
        known => *known,
    };
    Ok(if charset.is_utf8() { Box::new(reader) } else { Box::new(BufReader::new(charset.decode(reader))) })
}

fn failed(path: &Path, error: std::io::Error) -> Error {
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
        let bytes = content.len() as u64;
        let file = FileLines {
            path,
            bytes,
            modified: SystemTime::UNIX_EPOCH,
            range: None,
            cut,
            schema: schema(&[]),
            partition: Vec::new(),
        };
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

    #[test]
    fn each_line_is_in_one_part() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.txt");
        for (content, separator) in [("a\nbb\r\n\nccc\rd", None), ("a||bb||c", Some("||".to_owned()))] {
            std::fs::write(&path, content).unwrap();
            let cut = Cut { separator, ..Cut::default() };
            let bytes = content.len() as u64;
            let file = FileLines {
                path: path.clone(),
                bytes,
                modified: SystemTime::UNIX_EPOCH,
                range: None,
                cut,
                schema: schema(&[]),
                partition: vec![],
            };
            let read = |range: Option<Range<u64>>| {
                let mut found = Vec::new();
                let part = FileLines { range, ..file.clone() };
                part.each_line(&mut |line| {
                    found.push(line.to_owned());
                    Ok(true)
                })
                .unwrap();
                found
            };
            for middle in 1..bytes {
                let parts = [read(Some(0..middle)), read(Some(middle..bytes))].concat();
                assert_eq!(parts, read(None), "{content:?} at {middle}");
            }
        }
    }

    #[test]
    fn files_are_spread_over_partitions() {
        let file = |name: &str, bytes| FileLines {
            path: name.into(),
            bytes,
            modified: SystemTime::UNIX_EPOCH,
            range: None,
            cut: Cut::default(),
            schema: schema(&[]),
            partition: Vec::new(),
        };
        let spread = |files: &[FileLines]| -> Vec<Vec<Option<Range<u64>>>> {
            groups(files, 3).into_iter().map(|group| group.into_iter().map(|file| file.range).collect()).collect()
        };
        assert_eq!(spread(&[file("a", 10), file("b", 20)]), [vec![None, None]]);
        let mega = 1 << 20;
        let expected = [vec![Some(0..10 * mega)], vec![Some(10 * mega..20 * mega)], vec![Some(20 * mega..30 * mega)]];
        assert_eq!(spread(&[file("a", 30 * mega)]), expected);
        assert_eq!(spread(&[file("a.gz", 30 * mega)]), [vec![None]]);
    }

    #[test]
    fn elements_of_json_arrays_are_lines() {
        let cut = Cut { spread: true, whole: true, ..Cut::default() };
        assert_eq!(
            lines("[{\"a\": [1, 2]},\n {\"b\": \",]\\\"\"}]\n", cut),
            ["{\"a\": [1, 2]}", "{\"b\": \",]\\\"\"}"]
        );
    }
}
