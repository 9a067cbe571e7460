//! CSV, JSON and text files: one line for each row, made by the kernels of `to_csv` and `to_json`.

use std::fmt::Write;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, StructArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::ident;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use hearth_base::{Error, Result};
use hearth_functions::Typed;
use hearth_functions::records::{self, Options, TextFormat, XmlFrame as Frame};
use hearth_types::arrow::to_engine_arrow;
use hearth_types::{DataType, StructField, StructType, Zone};

use super::compress::{Codec, Output};
use super::format::{FileFormat, FileWriter, check_types, option, zone};
use super::stage::failed;
use super::{WriteRequest, options};
use crate::error::from_datafusion;
use crate::sources::charset::Charset;

const ROW: &str = "row";

/// `text`: one column of strings.
pub(super) fn open_text(request: &WriteRequest<'_>, data: &StructType) -> Result<Box<dyn FileFormat>> {
    check_types(data, "Text", &|data_type| matches!(data_type, DataType::String { .. }))?;
    if data.fields.len() != 1 {
        return Err(hearth_base::condition::TEXT_ONE_COLUMN.with("schemaSize", data.fields.len()).message(format!(
            "Text data source supports only a single column, and you have {} columns.",
            data.fields.len()
        )));
    }
    options::check(request, None)?;
    Lines::open(request, None, Row::First, None)
}

/// `csv` and `json`.
pub(super) fn open_records(
    request: &WriteRequest<'_>,
    data: &StructType,
    format: TextFormat,
) -> Result<Box<dyn FileFormat>> {
    let name = match format {
        TextFormat::Csv => "CSV",
        TextFormat::Json => "JSON",
        TextFormat::Xml => "XML",
    };
    check_types(data, name, &|data_type| holds(format, data_type))?;
    options::check(request, Some(format))?;
    let (zone_id, _) = zone(request)?;
    let options = Options {
        entries: request.options.iter().map(|(key, value)| (key.to_ascii_lowercase(), value.clone())).collect(),
        zone: zone_id.as_str().into(),
        now: 0,
    };
    let header = format == TextFormat::Csv
        && option(request.options, "header").is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
    let header = if header { Some(header_line(data, &options)?) } else { None };
    if format == TextFormat::Xml {
        let row = RowText::new(format, data, Frame::inner(&options))?;
        return Lines::open(request, Some(format), Row::Element(row), Some(Frame::new(&options)));
    }
    let row = RowText::new(format, data, options)?;
    let frame = header.map(|head| Frame { head, tail: String::new() });
    Lines::open(request, Some(format), Row::Record(row), frame)
}

/// Whether the format has the type.
pub(super) fn holds(format: TextFormat, data_type: &DataType) -> bool {
    match (format, data_type) {
        (TextFormat::Csv, DataType::Array(_) | DataType::Map(_) | DataType::Struct(_) | DataType::Variant) => false,
        (TextFormat::Csv, DataType::Null) | (_, DataType::CalendarInterval) => false,
        (_, DataType::Array(array)) => holds(format, &array.element),
        (_, DataType::Map(map)) => holds(format, &map.key) && holds(format, &map.value),
        (_, DataType::Struct(structure)) => structure.fields.iter().all(|field| holds(format, &field.data_type)),
        (_, DataType::Udt(udt)) => holds(format, &udt.sql_type),
        (_, _) => true,
    }
}

/// The names of the columns as a CSV record.
fn header_line(data: &StructType, options: &Options) -> Result<String> {
    let places = 0..data.fields.len();
    let schema = StructType::new(places.map(|place| StructField::new(format!("c{place}"), DataType::STRING, false)));
    let name = |field: &StructField| Arc::new(StringArray::from(vec![field.name.to_string()])) as ArrayRef;
    let columns = data.fields.iter().map(name).collect();
    let row = RowText::new(TextFormat::Csv, &schema, options.clone())?;
    let batch =
        RecordBatch::try_new(hearth_types::arrow::to_engine_schema(&schema), columns).map_err(Error::internal)?;
    let text = row.texts(&batch)?;
    Ok(text.as_string::<i32>().value(0).to_owned())
}

/// How a row becomes a line.
#[derive(Clone)]
enum Row {
    /// The first column is the line.
    First,
    Record(RowText),
    /// As a record, but each begins with an end of line.
    Element(RowText),
}

/// A struct's text, as an expression.
#[derive(Clone)]
struct RowText {
    schema: SchemaRef,
    text: Arc<dyn PhysicalExpr>,
}

impl RowText {
    fn new(format: TextFormat, data: &StructType, options: Options) -> Result<Self> {
        let row = DataType::Struct(data.clone());
        let schema = Arc::new(Schema::new(vec![Field::new(ROW, to_engine_arrow(&row), false)]));
        let text = records::write(format, Typed::new(ident(ROW), row, false), options)?;
        let named = DFSchema::try_from(Arc::clone(&schema)).map_err(from_datafusion)?;
        let text =
            create_physical_expr(&text.expr, &named, &ExecutionProps::new(), &PhysicalPlanningContext::default())
                .map_err(from_datafusion)?;
        Ok(Self { schema, text })
    }

    fn texts(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        let Arrow::Struct(fields) = self.schema.field(0).data_type() else {
            return Err(Error::internal("a row is no struct"));
        };
        let row = StructArray::try_new_with_length(fields.clone(), batch.columns().to_vec(), None, batch.num_rows())
            .map_err(Error::internal)?;
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), vec![Arc::new(row)]).map_err(Error::internal)?;
        let texts = self.text.evaluate(&rows).and_then(|texts| texts.into_array(batch.num_rows()));
        cast(&texts.map_err(from_datafusion)?, &Arrow::Utf8).map_err(Error::internal)
    }
}

/// A format of lines.
struct Lines {
    extension: String,
    codec: Codec,
    charset: Charset,
    /// Characters of JSON that are not ASCII are escaped.
    ascii: bool,
    separator: String,
    row: Row,
    /// What stands at the head and the end of each file.
    frame: Option<Frame>,
    zone: Zone,
}

impl Lines {
    fn open(
        request: &WriteRequest<'_>,
        format: Option<TextFormat>,
        row: Row,
        frame: Option<Frame>,
    ) -> Result<Box<dyn FileFormat>> {
        let codec = Codec::named(option(request.options, "compression").or_else(|| option(request.options, "codec")))?;
        let charset = options::charset(request, format)?;
        let ascii = format == Some(TextFormat::Json)
            && option(request.options, "writeNonAsciiCharacterAsCodePoint")
                .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let extension = match format {
            None => ".txt",
            Some(TextFormat::Csv) => ".csv",
            Some(TextFormat::Json) => ".json",
            Some(TextFormat::Xml) => ".xml",
        };
        let (_, zone) = zone(request)?;
        Ok(Box::new(Self {
            extension: format!("{extension}{}", codec.extension()),
            codec,
            charset,
            ascii,
            separator: option(request.options, "lineSep").unwrap_or("\n").to_owned(),
            row,
            frame,
            zone,
        }))
    }
}

impl FileFormat for Lines {
    fn extension(&self) -> &str {
        &self.extension
    }

    fn create(&self, path: PathBuf) -> Result<Box<dyn FileWriter>> {
        let output = Output::create(&path, self.codec).map_err(|error| failed(&path, error))?;
        let is_xml = matches!(self.row, Row::Element(_));
        let mut head = self.charset.mark().to_vec();
        if let Some(frame) = &self.frame {
            let separator = if is_xml { "" } else { self.separator.as_str() };
            self.charset.encode(&format!("{}{separator}", frame.head), &mut head);
        }
        let (row, separator) = (self.row.clone(), self.separator.clone());
        let tail = self.frame.as_ref().map(|frame| frame.tail.clone()).unwrap_or_default();
        let (charset, ascii) = (self.charset, self.ascii);
        let mut file = LineFile { path, output, row, charset, ascii, separator, head, tail, buffer: String::new() };
        // An XML file without rows has no root either.
        if !is_xml {
            file.begin()?;
        }
        Ok(Box::new(file))
    }

    fn zone(&self) -> &Zone {
        &self.zone
    }
}

fn write_text(output: &mut Output, charset: Charset, text: &str) -> io::Result<()> {
    if charset.is_utf8() {
        return output.write_all(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len() * 2);
    charset.encode(text, &mut bytes);
    output.write_all(&bytes)
}

/// JSON with `\u00E4` for what is not ASCII.
fn escape_into(text: &str, out: &mut String) {
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04X}");
        }
    }
}

struct LineFile {
    path: PathBuf,
    output: Output,
    row: Row,
    charset: Charset,
    ascii: bool,
    separator: String,
    /// What is still to stand at the beginning.
    head: Vec<u8>,
    tail: String,
    /// The lines of the current batch.
    buffer: String,
}

impl LineFile {
    fn begin(&mut self) -> Result<()> {
        let head = std::mem::take(&mut self.head);
        self.output.write_all(&head).map_err(|error| failed(&self.path, error))
    }
}

impl FileWriter for LineFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() > 0 {
            self.begin()?;
        }
        let texts = match &self.row {
            Row::First => Arc::clone(batch.column(0)),
            Row::Record(row) => row.texts(batch)?,
            Row::Element(row) => row.texts(batch).map_err(|error| failed(&self.path, error))?,
        };
        let is_xml = matches!(self.row, Row::Element(_));
        let texts = texts.as_string_opt::<i32>().ok_or_else(|| Error::internal("a line is no text"))?;
        self.buffer.clear();
        for row in 0..texts.len() {
            if is_xml {
                self.buffer.push('\n');
            }
            if texts.is_valid(row) && self.ascii {
                escape_into(texts.value(row), &mut self.buffer);
            } else if texts.is_valid(row) {
                self.buffer.push_str(texts.value(row));
            }
            if !is_xml {
                self.buffer.push_str(&self.separator);
            }
        }
        write_text(&mut self.output, self.charset, &self.buffer).map_err(|error| failed(&self.path, error))
    }

    fn memory(&self) -> usize {
        self.buffer.capacity() + self.output.memory()
    }

    fn flush(&mut self) -> Result<()> {
        self.buffer = String::new();
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { path, mut output, head, tail, charset, .. } = *self;
        if head.is_empty() {
            write_text(&mut output, charset, &tail).map_err(|error| failed(&path, error))?;
        }
        output.finish().map_err(|error| failed(&path, error))
    }
}
