//! Text, CSV, JSON and XML files: how they are cut into lines, and the columns that their records have. `records` reads
//! them, `given` looks at what options say.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use hearth_analyzer::FILE_METADATA;
use hearth_base::Result;
use hearth_base::condition::{
    COLUMN_ALREADY_EXISTS, INVALID_CORRUPT_RECORD_TYPE, INVALID_SINGLE_VARIANT_COLUMN, MALFORMED_RECORD_IN_PARSING,
    UNABLE_TO_INFER_SCHEMA, XML_ROW_TAG_MISSING,
};
use hearth_functions::records::{self, CsvQuotes, Inference, Options, Sample, TextFormat};
use hearth_plan::identifier::quote;
use hearth_types::arrow::to_engine_arrow;
use hearth_types::{DataType, StructField, StructType};

use super::charset::Charset;
use super::layout::{self, Layout, PlacedFile};
use super::lines::{self, Cut, FileLines, LINE, LinesTable};
use super::records::{
    CORRUPT, CORRUPT_OPTION, HeaderCheck, Records, RecordsTable, is_mode, partition_name, with_entry,
};
use super::{Source, SourceRequest, given, is_true};

/// Stands for that column while the columns are found out.
const FOUND_CORRUPT: &str = "\u{1}";

/// `text`: one column `value`, and the partition columns.
pub(super) fn open_text(request: &SourceRequest<'_>) -> Result<Source> {
    given::check_separator(request)?;
    given::check_text_schema(request)?;
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
    Ok(Charset::named(request.option("encoding").or_else(|| request.option("charset"))).unwrap_or_default())
}

/// `csv` and `json`.
pub(super) fn open_records(request: &SourceRequest<'_>, format: TextFormat) -> Result<Source> {
    let is_csv = format == TextFormat::Csv;
    let row_tag = row_tag(request, format)?;
    given::check(request, format)?;
    let header = is_csv && is_true(request.option("header"), false);
    let enforced = is_true(request.option("enforceSchema"), true);
    let several_lines = is_true(request.option("multiLine"), false);
    let options = options(request);
    check_schema(request, format, &options)?;
    let cut = Cut {
        separator: request.option("lineSep").map(ToOwned::to_owned),
        whole: row_tag.is_some() || (several_lines && !is_csv),
        quotes: (several_lines && is_csv).then(|| CsvQuotes::new(&options)),
        spread: format == TextFormat::Json,
        row_tag,
        skip: usize::from(header),
        skip_blank: true,
        comment: request.option("comment").filter(|_| is_csv).and_then(|mark| mark.chars().next()),
        charset: given::charset_of_records(request, format)?,
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
    let checks_header = header && !enforced;
    let records = Records {
        format,
        lines: Arc::new(files.lines()),
        columns: columns.clone(),
        partitions: files.partitions.clone(),
        options,
        header: checks_header.then_some(HeaderCheck { case_sensitive: request.settings.case_sensitive }),
    };
    let schema = StructType::new(columns.into_iter().chain(files.partitions));
    Ok(Source { table: Arc::new(RecordsTable::new(records)), schema })
}

/// Refuses columns that records of the format cannot have.
fn check_schema(request: &SourceRequest<'_>, format: TextFormat, options: &Options) -> Result<()> {
    let Some(schema) = request.schema else { return Ok(()) };
    if format == TextFormat::Csv {
        let others = schema.fields.iter().filter(|field| field.data_type != DataType::Variant).cloned();
        crate::sinks::check_columns("csv", &StructType::new(others))?;
    }
    let marked = options.get(CORRUPT_OPTION).unwrap_or(CORRUPT);
    if let Some(field) = schema.fields.iter().find(|field| *field.name == *marked)
        && !field.data_type.is_string()
    {
        return Err(INVALID_CORRUPT_RECORD_TYPE
            .with("columnName", quote(&[field.name.to_string()]))
            .with("actualType", format!("\"{}\"", field.data_type.sql())));
    }
    let is_variant = |field: &&StructField| field.data_type == DataType::Variant;
    if let Some(name) = request.option("singleVariantColumn") {
        let columns: Vec<_> = schema.fields.iter().filter(|field| *field.name != *marked).collect();
        if !matches!(columns.as_slice(), [only] if is_variant(only) && *only.name == *name) {
            let schema = DataType::Struct(schema.clone());
            return Err(INVALID_SINGLE_VARIANT_COLUMN.with("schema", format!("\"{}\"", schema.sql())));
        }
    }
    Ok(())
}

/// XML must be told which elements are its records.
fn row_tag(request: &SourceRequest<'_>, format: TextFormat) -> Result<Option<String>> {
    match (format, request.option("rowTag")) {
        (TextFormat::Csv | TextFormat::Json, _) => Ok(None),
        (TextFormat::Xml, Some(row_tag)) if !row_tag.is_empty() => Ok(Some(row_tag.to_owned())),
        (TextFormat::Xml, _) => Err(XML_ROW_TAG_MISSING.with("rowTag", "`rowTag`")),
    }
}

/// The options of the request, in the form that the records' kernels take.
fn options(request: &SourceRequest<'_>) -> Options {
    let given = request.options.iter().rev().chain(request.session);
    let ntz = request.settings.timestamp_ntz_default.then(|| (records::WALL_CLOCK.to_owned(), String::new()));
    let whole = (records::WHOLE_RECORDS.to_owned(), String::new());
    Options {
        entries: given
            .map(|(key, value)| (key.to_ascii_lowercase(), value.clone()))
            .chain(ntz)
            .chain([whole])
            .collect(),
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
    let ratio = request.option("samplingRatio").and_then(|ratio| ratio.trim().parse().ok()).unwrap_or(1.0);
    for (partition, file) in files.files.iter().enumerate() {
        let mut sample = Sample::new(ratio, partition);
        // The header is a line like others for the draw.
        let _is_taken = header && sample.takes();
        file.each_line(&mut |line| {
            if sample.takes() {
                inference.add(line);
            }
            Ok(true)
        })?;
    }
    if let Some(name) = inference.repeated() {
        return Err(COLUMN_ALREADY_EXISTS.with("columnName", quote(&[name.to_owned()])));
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
    let fields = super::records::header(first, options)?.unwrap_or_default();
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

    fn lines(&self) -> LinesTable {
        LinesTable { schema: Arc::clone(&self.schema), files: self.files.clone() }
    }

    fn table(&self) -> Arc<dyn TableProvider> {
        Arc::new(self.lines())
    }
}
