//! Text, CSV and JSON files: lines, and for CSV and JSON a projection that reads a record out of each line.
//!
//! The projection is a view over the table of lines, so filters and limits go through it like through any query.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::functions::core::expr_ext::FieldAccessor;
use datafusion::logical_expr::{LogicalPlanBuilder, ident};
use hearth_analyzer::FILE_METADATA;
use hearth_base::Result;
use hearth_base::condition::{
    COLUMN_ALREADY_EXISTS, INVALID_REQUEST, MALFORMED_RECORD_IN_PARSING, OPTION_VALUE_EXCEEDS_ONE_CHARACTER,
    UNABLE_TO_INFER_SCHEMA, XML_ROW_TAG_MISSING,
};
use hearth_functions::Typed;
use hearth_functions::records::{self, CsvQuotes, Inference, Options, TextFormat};
use hearth_types::arrow::to_engine_arrow;
use hearth_types::{DataType, StructField, StructType};

use super::charset::Charset;
use super::layout::{self, Layout, PlacedFile};
use super::lines::{self, Cut, FileLines, LINE, LinesTable};
use super::{Source, SourceRequest, is_true};
use crate::error::from_datafusion;

const CORRUPT_OPTION: &str = "columnnameofcorruptrecord";
/// The column for records that do not parse, unless the option says otherwise.
const CORRUPT: &str = "_corrupt_record";
/// Stands for that column while the columns are found out.
const FOUND_CORRUPT: &str = "\u{1}";

/// `text`: one column `value`, and the partition columns.
pub(super) fn open_text(request: &SourceRequest<'_>) -> Result<Source> {
    check_separator(request)?;
    let cut = Cut {
        separator: request.option("lineSep").map(ToOwned::to_owned),
        whole: is_true(request.option("wholetext"), false),
        charset: charset(request)?,
        ..Cut::default()
    };
    let files = Files::find(request, cut)?;
    let name = request.schema.and_then(|schema| schema.fields.first()).map_or(LINE, |field| field.name.as_ref());
    let schema = [StructField::new(name, DataType::STRING, true)].into_iter().chain(files.partitions.iter().cloned());
    Ok(Source { schema: StructType::new(schema), table: files.table() })
}

fn charset(request: &SourceRequest<'_>) -> Result<Charset> {
    Charset::named(request.option("encoding").or_else(|| request.option("charset")))
}

/// Nothing ends no line.
fn check_separator(request: &SourceRequest<'_>) -> Result<()> {
    match request.option("lineSep") {
        Some("") => Err(INVALID_REQUEST.with("message", "requirement failed: 'lineSep' cannot be an empty string.")),
        Some(_) | None => Ok(()),
    }
}

/// Fields end with something, and what quotes them is one character.
fn check_dialect(request: &SourceRequest<'_>) -> Result<()> {
    if request.option("sep").or_else(|| request.option("delimiter")) == Some("") {
        return Err(INVALID_REQUEST.with("message", "Delimiter cannot be empty"));
    }
    for name in ["quote", "escape", "comment", "charToEscapeQuoteEscaping"] {
        if let Some(value) = request.option(name).filter(|value| value.chars().count() > 1) {
            return Err(OPTION_VALUE_EXCEEDS_ONE_CHARACTER.with("paramName", name).with("actualValue", value));
        }
    }
    Ok(())
}

/// `csv` and `json`.
pub(super) fn open_records(request: &SourceRequest<'_>, format: TextFormat) -> Result<Source> {
    let is_csv = format == TextFormat::Csv;
    let row_tag = row_tag(request, format)?;
    check_separator(request)?;
    if is_csv {
        check_dialect(request)?;
        if let Some(schema) = request.schema {
            crate::sinks::check_columns("csv", schema)?;
        }
    }
    let header = is_csv && is_true(request.option("header"), false);
    let several_lines = is_true(request.option("multiLine"), false);
    let options = options(request);
    let cut = Cut {
        separator: request.option("lineSep").map(ToOwned::to_owned),
        whole: row_tag.is_some() || (several_lines && !is_csv),
        quotes: (several_lines && is_csv).then(|| CsvQuotes::new(&options)),
        spread: format == TextFormat::Json,
        row_tag,
        skip: usize::from(header),
        skip_blank: true,
        comment: request.option("comment").filter(|_| is_csv).and_then(|mark| mark.chars().next()),
        charset: charset(request)?,
    };
    let files = Files::find(request, cut)?;
    let mut columns = match request.schema {
        Some(schema) => schema.fields.to_vec(),
        None => infer(request, &files, format, header, &options)?.fields.to_vec(),
    };
    columns.retain(|field| !files.partitions.iter().any(|known| known.name.eq_ignore_ascii_case(&field.name)));
    for field in &mut columns {
        field.nullable = true;
    }
    let table: Arc<dyn TableProvider> = if columns.is_empty() && files.partitions.is_empty() {
        Arc::new(EmptyTable::new(Arc::new(Schema::empty())))
    } else {
        records_table(&files, format, &columns, options)?
    };
    Ok(Source { table, schema: StructType::new(columns.into_iter().chain(files.partitions)) })
}

/// XML must be told which elements are its records.
fn row_tag(request: &SourceRequest<'_>, format: TextFormat) -> Result<Option<String>> {
    match (format, request.option("rowTag")) {
        (TextFormat::Csv | TextFormat::Json, _) => Ok(None),
        (TextFormat::Xml, Some(row_tag)) if !row_tag.is_empty() => Ok(Some(row_tag.to_owned())),
        (TextFormat::Xml, _) => Err(XML_ROW_TAG_MISSING.with("rowTag", "`rowTag`")),
    }
}

/// A view that reads the columns out of each line.
fn records_table(
    files: &Files,
    format: TextFormat,
    columns: &[StructField],
    mut options: Options,
) -> Result<Arc<dyn TableProvider>> {
    let mut plan =
        LogicalPlanBuilder::scan("lines", provider_as_source(files.table()), None).map_err(from_datafusion)?;
    // The record's fields get names that are all different: CSV headers may repeat.
    let rename = |index: usize, field: &StructField| match format {
        TextFormat::Csv => StructField { name: format!("c{index}").into(), ..field.clone() },
        TextFormat::Json | TextFormat::Xml => field.clone(),
    };
    let mut fields: Vec<_> = columns.iter().enumerate().map(|(index, field)| rename(index, field)).collect();
    let marked = options.get(CORRUPT_OPTION).unwrap_or(CORRUPT).to_owned();
    let place = columns.iter().position(|field| *field.name == *marked);
    let drops = is_mode(&options, "DROPMALFORMED");
    // What does not fit is marked in the column for it; records that are dropped are found by a mark of our own.
    let mark = match place {
        Some(place) => fields[place].name.to_string(),
        None => "\u{1}corrupt".to_owned(),
    };
    if drops && place.is_none() {
        fields.push(StructField::new(mark.as_str(), DataType::STRING, true));
    }
    options = with_entry(&options, CORRUPT_OPTION, &mark);
    if let Some(file) = files.files.first() {
        options = with_entry(&options, records::FILE, &format!("file://{}", file.path.display()));
    }
    if columns.len() == 1 && place.is_some() && files.partitions.is_empty() {
        options = with_entry(&options, records::ONLY_CORRUPT, "true");
    }
    let line = Typed::new(ident(LINE), DataType::STRING, true);
    let record = records::read(format, line, &StructType::new(fields.iter().cloned()), options)?;
    let mut projected = vec![record.expr.alias("record")];
    projected.extend((0..files.partitions.len()).map(|index| ident(partition_name(index))));
    projected.push(ident(FILE_METADATA));
    plan = plan.project(projected).map_err(from_datafusion)?;
    if drops {
        plan = plan.filter(ident("record").field(mark.as_str()).is_null()).map_err(from_datafusion)?;
    }
    let of_record = fields.iter().take(columns.len()).map(|field| ident("record").field(field.name.as_ref()));
    let of_folder = (0..files.partitions.len()).map(|index| ident(partition_name(index)));
    let output = of_record.chain(of_folder).enumerate().map(|(index, column)| column.alias(format!("f{index}")));
    let output = output.chain([ident(FILE_METADATA)]);
    let plan = plan.project(output).and_then(LogicalPlanBuilder::build).map_err(from_datafusion)?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

fn is_mode(options: &Options, mode: &str) -> bool {
    options.get("mode").is_some_and(|known| known.eq_ignore_ascii_case(mode))
}

/// The options with one replaced.
fn with_entry(options: &Options, key: &str, value: &str) -> Options {
    let others = options.entries.iter().filter(|(known, _)| known != key).cloned();
    let entries = others.chain([(key.to_owned(), value.to_owned())]).collect();
    Options { entries, ..options.clone() }
}

fn partition_name(index: usize) -> String {
    format!("partition{index}")
}

/// The options of the request, in the form that the records' kernels take.
fn options(request: &SourceRequest<'_>) -> Options {
    Options {
        entries: request.options.iter().map(|(key, value)| (key.to_ascii_lowercase(), value.clone())).collect(),
        zone: request.settings.time_zone.as_str().into(),
        now: request.settings.statement_micros,
    }
}

/// Finds the columns by reading the files, as far as the options ask for it.
fn infer(
    request: &SourceRequest<'_>,
    files: &Files,
    format: TextFormat,
    header: bool,
    options: &Options,
) -> Result<StructType> {
    let Some(first) = files.files.first() else {
        let format = match format {
            TextFormat::Csv => "CSV",
            TextFormat::Json => "JSON",
            TextFormat::Xml => "XML",
        };
        return Err(UNABLE_TO_INFER_SCHEMA.with("format", format));
    };
    if let Some(name) = request.option("singleVariantColumn") {
        return Ok(StructType::new([StructField::new(name, DataType::Variant, true)]));
    }
    let names = if format == TextFormat::Csv { header_names(first, header, options)? } else { Vec::new() };
    let wants_types = format != TextFormat::Csv || is_true(request.option("inferSchema"), false);
    if !wants_types {
        return Ok(StructType::new(names.iter().map(|name| StructField::new(name.as_str(), DataType::STRING, true))));
    }
    let mut inference = Inference::new(format, with_entry(options, CORRUPT_OPTION, FOUND_CORRUPT))?;
    for file in &files.files {
        file.each_line(&mut |line| {
            inference.add(line);
            Ok(true)
        })?;
    }
    let found = inference.finish(&names);
    match format {
        TextFormat::Csv => Ok(StructType::new(found.fields.iter().take(names.len()).cloned())),
        TextFormat::Json | TextFormat::Xml => json_columns(request, found, options),
    }
}

/// The columns that JSON records have, with one for what is no record, unless the mode is against it.
fn json_columns(request: &SourceRequest<'_>, found: StructType, options: &Options) -> Result<StructType> {
    let is_corrupt = |field: &StructField| *field.name == *FOUND_CORRUPT;
    let mut fields: Vec<_> = found.fields.iter().filter(|field| !is_corrupt(field)).cloned().collect();
    if found.fields.iter().any(is_corrupt) && !is_mode(options, "DROPMALFORMED") {
        if is_mode(options, "FAILFAST") {
            return Err(MALFORMED_RECORD_IN_PARSING
                .with("badRecord", options.get(CORRUPT_OPTION).unwrap_or(CORRUPT))
                .with("failFastMode", "FAILFAST"));
        }
        let name = options.get(CORRUPT_OPTION).unwrap_or(CORRUPT);
        if !fields.iter().any(|field| *field.name == *name) {
            fields.push(StructField::new(name, DataType::STRING, true));
        }
    }
    fields.sort_by(|left, right| left.name.cmp(&right.name));
    let mut known = HashSet::new();
    for field in &fields {
        let name = field.name.to_lowercase();
        if !request.settings.case_sensitive && known.contains(&name) {
            return Err(COLUMN_ALREADY_EXISTS.with("columnName", format!("`{name}`")));
        }
        known.insert(name);
    }
    Ok(StructType::new(fields))
}

/// The names of a CSV file's columns: of its header, or `_c0`, `_c1`, ….
fn header_names(first: &FileLines, header: bool, options: &Options) -> Result<Vec<String>> {
    let mut head = None;
    let whole_head = FileLines { cut: Cut { skip: 0, ..first.cut.clone() }, ..first.clone() };
    whole_head.each_line(&mut |line| {
        head = Some(records::csv_fields(line, options));
        Ok(false)
    })?;
    let fields = head.unwrap_or_default();
    let mut names: Vec<String> = Vec::with_capacity(fields.len());
    for (index, field) in fields.into_iter().enumerate() {
        let name = field.filter(|_| header).filter(|name| !name.is_empty());
        names.push(name.unwrap_or_else(|| format!("_c{index}")));
    }
    // As Spark: names that repeat get their position behind.
    let lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    for (index, name) in names.iter_mut().enumerate() {
        if lower.iter().filter(|other| **other == lower[index]).count() > 1 {
            name.push_str(&index.to_string());
        }
    }
    Ok(names)
}

/// The files of a request as lines.
struct Files {
    files: Vec<FileLines>,
    partitions: Vec<StructField>,
    schema: SchemaRef,
}

impl Files {
    fn find(request: &SourceRequest<'_>, cut: Cut) -> Result<Self> {
        let layout = Layout::find(request)?;
        let types = layout.partitions.iter().enumerate();
        let types = types.map(|(index, field)| (partition_name(index), to_engine_arrow(&field.data_type)));
        let types: Vec<_> =
            types.chain([(FILE_METADATA.to_owned(), to_engine_arrow(&layout::metadata_type()))]).collect();
        let schema = lines::schema(&types);
        let file = |file: PlacedFile| FileLines {
            path: file.path,
            bytes: file.bytes,
            modified: file.modified,
            range: None,
            cut: cut.clone(),
            schema: Arc::clone(&schema),
            partition: file.partition,
        };
        let files = layout.files.into_iter().map(file).collect();
        Ok(Self { files, partitions: layout.partitions, schema })
    }

    fn table(&self) -> Arc<dyn TableProvider> {
        Arc::new(LinesTable { schema: Arc::clone(&self.schema), files: self.files.clone() })
    }
}
