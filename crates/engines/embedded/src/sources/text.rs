//! Text, CSV and JSON files: lines, and for CSV and JSON a projection that reads a record out of each line.
//!
//! The projection is a view over the table of lines, so filters and limits go through it like through any query.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::ScalarValue;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::functions::core::expr_ext::FieldAccessor;
use datafusion::logical_expr::{LogicalPlanBuilder, col, ident};
use datafusion::physical_plan::streaming::PartitionStream;
use hearth_base::condition::UNABLE_TO_INFER_SCHEMA;
use hearth_base::{Error, Result};
use hearth_functions::Typed;
use hearth_functions::cast::{CastMode, cast};
use hearth_functions::records::{self, Inference, Options, TextFormat};
use hearth_types::arrow::to_engine_arrow;
use hearth_types::{DataType, StructField, StructType};

use super::lines::{self, Cut, FileLines, LINE};
use super::{Source, SourceRequest, files, partition};
use crate::error::from_datafusion;

/// `text`: one column `value`, and the partition columns.
pub(super) fn open_text(request: SourceRequest<'_>) -> Result<Source> {
    let cut = Cut {
        separator: request.option("lineSep").map(ToOwned::to_owned),
        whole: is_true(request.option("wholetext"), false),
        ..Cut::default()
    };
    let files = Files::find(&request, cut)?;
    let name = request.schema.and_then(|schema| schema.fields.first()).map_or(LINE, |field| field.name.as_ref());
    let schema = [StructField::new(name, DataType::STRING, true)].into_iter().chain(files.partitions.iter().cloned());
    Ok(Source { schema: StructType::new(schema), table: files.table()? })
}

/// `csv` and `json`.
pub(super) fn open_records(request: SourceRequest<'_>, format: TextFormat) -> Result<Source> {
    let header = format == TextFormat::Csv && is_true(request.option("header"), false);
    let whole = is_true(request.option("multiLine"), false);
    if whole && format == TextFormat::Csv {
        return Err(Error::unsupported("the CSV option multiLine"));
    }
    let cut = Cut {
        separator: request.option("lineSep").map(ToOwned::to_owned),
        whole,
        skip: usize::from(header),
        skip_blank: true,
        comment: request.option("comment").filter(|_| format == TextFormat::Csv).and_then(|mark| mark.chars().next()),
    };
    let files = Files::find(&request, cut)?;
    let options = options(&request);
    let mut columns = match request.schema {
        Some(schema) => schema.fields.to_vec(),
        None => infer(&request, &files, format, header, &options)?.fields.to_vec(),
    };
    columns.retain(|field| !files.partitions.iter().any(|known| known.name.eq_ignore_ascii_case(&field.name)));
    for field in &mut columns {
        field.nullable = true;
    }
    let table = records_table(&request, &files, format, &columns, options)?;
    Ok(Source { table, schema: StructType::new(columns.into_iter().chain(files.partitions)) })
}

/// A view that reads the columns out of each line.
fn records_table(
    request: &SourceRequest<'_>,
    files: &Files,
    format: TextFormat,
    columns: &[StructField],
    options: Options,
) -> Result<Arc<dyn TableProvider>> {
    let lines = LogicalPlanBuilder::scan("lines", provider_as_source(files.table()?), None).map_err(from_datafusion)?;
    let line = Typed::new(ident(LINE), DataType::STRING, true);
    let dropped = is_dropping(&options);
    // The record's fields get names that are all different: CSV headers may repeat.
    let unique: Vec<StructField> = match format {
        TextFormat::Csv => columns
            .iter()
            .enumerate()
            .map(|(index, field)| StructField { name: format!("c{index}").into(), ..field.clone() })
            .collect(),
        TextFormat::Json => columns.to_vec(),
    };
    let record = records::read(format, line, &StructType::new(unique.clone()), options)?;
    let mut projected = vec![record.expr.alias("record")];
    projected.extend(files.partitions.iter().enumerate().map(|(index, _)| ident(partition_name(index))));
    let mut plan = lines.project(projected).map_err(from_datafusion)?;
    if dropped {
        plan = plan.filter(ident("record").is_not_null()).map_err(from_datafusion)?;
    }
    let mut output = Vec::new();
    for (index, field) in unique.iter().enumerate() {
        output.push(ident("record").field(field.name.as_ref()).alias(format!("f{index}")));
    }
    for (index, field) in files.partitions.iter().enumerate() {
        output.push(col(partition_name(index)).alias(format!("f{}", unique.len() + index)));
        let _ = field;
    }
    if output.is_empty() {
        return Err(UNABLE_TO_INFER_SCHEMA.with("format", request.format));
    }
    let plan = plan.project(output).and_then(LogicalPlanBuilder::build).map_err(from_datafusion)?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

/// `mode` is `DROPMALFORMED`.
fn is_dropping(options: &Options) -> bool {
    options.get("mode").is_some_and(|mode| mode.eq_ignore_ascii_case("DROPMALFORMED"))
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
        return Err(UNABLE_TO_INFER_SCHEMA.with("format", if format == TextFormat::Csv { "CSV" } else { "JSON" }));
    };
    let names = if format == TextFormat::Csv { header_names(first, header, options)? } else { Vec::new() };
    let wants_types = format == TextFormat::Json || is_true(request.option("inferSchema"), false);
    if !wants_types {
        return Ok(StructType::new(names.iter().map(|name| StructField::new(name.as_str(), DataType::STRING, true))));
    }
    let mut inference = Inference::new(format, options.clone())?;
    for file in &files.files {
        file.each_line(&mut |line| {
            inference.add(line);
            Ok(true)
        })?;
    }
    let found = inference.finish(&names);
    let as_text = format == TextFormat::Json && is_true(request.option("primitivesAsString"), false);
    Ok(if as_text { texts(&found) } else { found })
}

fn texts(schema: &StructType) -> StructType {
    StructType::new(schema.fields.iter().map(|field| match field.data_type {
        DataType::Struct(_) | DataType::Array(_) => field.clone(),
        _ => StructField { data_type: DataType::STRING, ..field.clone() },
    }))
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
        let name = field.filter(|_| header).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
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
}

impl Files {
    fn find(request: &SourceRequest<'_>, cut: Cut) -> Result<Self> {
        let mut found: Vec<(PathBuf, files::DataFile)> = Vec::new();
        for path in request.paths {
            for root in files::expand(path)? {
                let base = request.option("basePath").map_or_else(|| root.clone(), PathBuf::from);
                found.extend(files::list(&root)?.into_iter().map(|file| (base.clone(), file)));
            }
        }
        let partitions = partitions_of(request, &found);
        let types: Vec<_> = partitions
            .iter()
            .enumerate()
            .map(|(index, field)| (partition_name(index), to_engine_arrow(&field.data_type)))
            .collect();
        let schema = lines::schema(&types);
        let mut files = Vec::with_capacity(found.len());
        for (base, file) in found {
            let partition = partition_values(request, &base, &file.path, &partitions)?;
            files.push(FileLines { path: file.path, cut: cut.clone(), schema: Arc::clone(&schema), partition });
        }
        Ok(Self { files, partitions })
    }

    fn table(&self) -> Result<Arc<dyn TableProvider>> {
        let types: Vec<_> = self
            .partitions
            .iter()
            .enumerate()
            .map(|(index, field)| (partition_name(index), to_engine_arrow(&field.data_type)))
            .collect();
        let streams = self.files.iter().map(|file| Arc::new(file.clone()) as Arc<dyn PartitionStream>).collect();
        Ok(Arc::new(StreamingTable::try_new(lines::schema(&types), streams).map_err(from_datafusion)?))
    }
}

fn partitions_of(request: &SourceRequest<'_>, found: &[(PathBuf, files::DataFile)]) -> Vec<StructField> {
    let known = |name: &str| {
        request.schema.and_then(|schema| schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)))
    };
    if let Some(names) = request.partition_columns {
        return names.iter().filter_map(|name| known(name)).cloned().collect();
    }
    let Some((base, _)) = found.first() else { return Vec::new() };
    let files: Vec<_> = found.iter().map(|(_, file)| file.clone()).collect();
    let mut fields = partition::infer(base, &files);
    for field in &mut fields {
        if let Some(known) = known(&field.name) {
            field.data_type = known.data_type.clone();
        }
    }
    fields
}

/// What the folders of a file say, in the types of the partition columns.
fn partition_values(
    request: &SourceRequest<'_>,
    base: &Path,
    file: &Path,
    partitions: &[StructField],
) -> Result<Vec<ScalarValue>> {
    let said = partition::values(base, file);
    let value = |field: &StructField| -> Result<ScalarValue> {
        let text = said.iter().find(|(name, _)| name.eq_ignore_ascii_case(&field.name)).and_then(|(_, text)| text.clone());
        let literal = Typed::new(
            datafusion::logical_expr::Expr::Literal(ScalarValue::Utf8(text), None),
            DataType::STRING,
            true,
        );
        let typed = cast(literal, &field.data_type, CastMode::Legacy, request.settings)?;
        match typed.literal() {
            Some(value) => Ok(value.clone()),
            None => crate::constant::evaluate(&typed.expr),
        }
    };
    partitions.iter().map(value).collect()
}

fn is_true(option: Option<&str>, default: bool) -> bool {
    option.map_or(default, |value| value.trim().eq_ignore_ascii_case("true"))
}
