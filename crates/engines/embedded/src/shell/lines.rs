//! What a program wrote: lines, their fields, and the columns that they become.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use datafusion::arrow::datatypes::SchemaRef;
use hearth_base::condition::LIMIT_EXCEEDED;
use hearth_base::{Error, Result};
use hearth_functions::kernels::string::java_regex::{self, Pattern};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// A line is one row's text; a program that writes no line ends would fill memory.
const MAX_LINE_BYTES: u64 = 256 << 20;

/// Lines end with `\n`, `\r` or both.
pub struct Lines<R> {
    reader: BufReader<R>,
    bytes: Vec<u8>,
    /// Of what was read up to a `\n`.
    ready: VecDeque<String>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub fn new(reader: R) -> Self {
        Self { reader: BufReader::new(reader), bytes: Vec::new(), ready: VecDeque::new() }
    }

    pub async fn next(&mut self) -> Result<Option<String>> {
        if let Some(line) = self.ready.pop_front() {
            return Ok(Some(line));
        }
        self.bytes.clear();
        let mut limited = (&mut self.reader).take(MAX_LINE_BYTES);
        let count = limited.read_until(b'\n', &mut self.bytes).await.map_err(Error::internal)?;
        if count == 0 {
            return Ok(None);
        }
        if self.bytes.last() == Some(&b'\n') {
            self.bytes.pop();
        } else if count as u64 == MAX_LINE_BYTES {
            return Err(LIMIT_EXCEEDED
                .with("what", "A line that the script of TRANSFORM wrote")
                .with("limit", "the fixed limit")
                .with("value", format!("{} MiB", MAX_LINE_BYTES >> 20)));
        }
        let text = String::from_utf8_lossy(&self.bytes);
        let text = text.strip_suffix('\r').unwrap_or(&text);
        self.ready.extend(text.split('\r').map(str::to_owned));
        Ok(self.ready.pop_front())
    }
}

/// What stands between the fields of a line.
pub enum Splitter {
    Text(&'static str),
    /// `FIELDS TERMINATED BY` of what is read is a regular expression of Java, as in Spark.
    Pattern(Box<Pattern>),
}

impl Splitter {
    pub fn new(pattern: Option<&str>, default: &'static str) -> Result<Self> {
        let Some(pattern) = pattern else { return Ok(Self::Text(default)) };
        Ok(Self::Pattern(Box::new(java_regex::compile(pattern, "transform")?)))
    }

    /// Gives each field, the last of them as well when it is empty.
    fn fields<'l>(&self, line: &'l str, mut field: impl FnMut(&'l str)) -> Result<()> {
        match self {
            Self::Text(between) => line.split(between).for_each(field),
            Self::Pattern(pattern) => {
                let mut start = 0;
                for found in pattern.matches(line) {
                    let found = found?;
                    // An empty match at the beginning gives no empty first field.
                    if found.end > 0 {
                        field(&line[start..found.start]);
                        start = found.end;
                    }
                }
                field(&line[start..]);
            }
        }
        Ok(())
    }
}

/// The columns of the next batch, all text.
pub struct Columns {
    schema: SchemaRef,
    builders: Vec<StringBuilder>,
    rows: usize,
    bytes: usize,
}

impl Columns {
    pub fn new(schema: &SchemaRef) -> Self {
        let builders = schema.fields().iter().map(|_| StringBuilder::new()).collect();
        Self { schema: Arc::clone(schema), builders, rows: 0, bytes: 0 }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// A line's fields; those that it has not are NULL, those that nobody asked for are left out.
    pub fn push(&mut self, splitter: &Splitter, line: &str, null: &str) -> Result<()> {
        let mut builders = self.builders.iter_mut();
        splitter.fields(line, |field| {
            if let Some(builder) = builders.next() {
                builder.append_option(Some(field).filter(|field| *field != null));
            }
        })?;
        builders.for_each(StringBuilder::append_null);
        self.rows += 1;
        self.bytes += line.len();
        Ok(())
    }

    pub fn take(&mut self) -> Result<RecordBatch> {
        let columns = self.builders.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        (self.rows, self.bytes) = (0, 0);
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{AsArray, StringArray};
    use hearth_types::{DataType, StructField, StructType};

    use super::*;

    #[tokio::test]
    async fn lines_end_in_three_ways() {
        let mut lines = Lines::new(&b"a\r\nb\rc\n\nd"[..]);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(line);
        }
        assert_eq!(found, ["a", "b", "c", "", "d"]);
    }

    #[test]
    fn a_field_that_is_missing_is_null() {
        let fields = ["a", "b"].map(|name| StructField::new(name, DataType::STRING, true));
        let schema = hearth_types::arrow::to_engine_schema(&StructType::new(fields));
        let mut columns = Columns::new(&schema);
        let splitter = Splitter::new(Some(","), "\u{1}").unwrap();
        for line in ["x", "x,y,z", ","] {
            columns.push(&splitter, line, "y").unwrap();
        }
        let batch = columns.take().unwrap();
        let column: &StringArray = batch.column(1).as_string();
        assert_eq!(column.iter().collect::<Vec<_>>(), [None, None, Some("")]);
    }
}
