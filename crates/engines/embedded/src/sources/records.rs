//! CSV, JSON and XML files as a table: lines, and a projection that reads a record out of each of them.
//!
//! A scan reads what is asked for and no more, which shows in the result as it does in Spark: a record is malformed when
//! a column that is read does not fit, and CSV records of a few columns have any width.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::DFSchema;
use datafusion::error::{DataFusionError, Result as DfResult};
use datafusion::functions::core::expr_ext::FieldAccessor;
use datafusion::logical_expr::{Expr, TableType, ident};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use hearth_analyzer::FILE_METADATA;
use hearth_base::condition::{FAILED_READ_FILE, QUERY_ONLY_CORRUPT_RECORD_COLUMN};
use hearth_base::{Error, Result};
use hearth_functions::Typed;
use hearth_functions::records::{self, Options, TextFormat};
use hearth_types::arrow::to_engine_arrow;
use hearth_types::{DataType, StructField, StructType};

use super::layout::metadata_field;
use super::lines::{Cut, FileLines, LINE, LinesTable};

pub const CORRUPT_OPTION: &str = "columnnameofcorruptrecord";
/// The column for records that do not parse, unless the option says otherwise.
pub const CORRUPT: &str = "_corrupt_record";
/// The column of records between the lines and what is read out of them.
const RECORD: &str = "record";
/// Marks records that do not parse where no column does.
const MARK: &str = "\u{1}corrupt";

/// What files have and how it is read.
#[derive(Debug)]
pub struct Records {
    pub format: TextFormat,
    pub lines: Arc<LinesTable>,
    /// Of the records.
    pub columns: Vec<StructField>,
    /// Of the folders.
    pub partitions: Vec<StructField>,
    pub options: Options,
    /// The names that the header of each file must have, as `enforceSchema=false` asks; with case or without.
    pub header: Option<HeaderCheck>,
}

#[derive(Debug, Clone, Copy)]
pub struct HeaderCheck {
    pub case_sensitive: bool,
}

/// Records as a table.
#[derive(Debug)]
pub struct RecordsTable {
    records: Records,
    schema: SchemaRef,
}

/// The options with one replaced.
pub fn with_entry(options: &Options, key: &str, value: &str) -> Options {
    let others = options.entries.iter().filter(|(known, _)| known != key).cloned();
    let entries = others.chain([(key.to_owned(), value.to_owned())]).collect();
    Options { entries, ..options.clone() }
}

pub fn is_mode(options: &Options, mode: &str) -> bool {
    options.get("mode").is_some_and(|known| known.eq_ignore_ascii_case(mode))
}

pub fn partition_name(index: usize) -> String {
    format!("partition{index}")
}

impl RecordsTable {
    pub fn new(records: Records) -> Self {
        let fields = records.columns.iter().chain(&records.partitions).enumerate();
        let fields =
            fields.map(|(index, field)| Field::new(column_name(index), to_engine_arrow(&field.data_type), true));
        let schema = Arc::new(Schema::new(fields.chain([metadata_field()]).collect::<Vec<_>>()));
        Self { records, schema }
    }

    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.records.lines.files.iter().map(|file| &file.path)
    }
}

fn column_name(index: usize) -> String {
    format!("f{index}")
}

#[async_trait]
impl TableProvider for RecordsTable {
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
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let wanted = projection.unwrap_or(&all);
        self.records.scan(state, wanted, limit).await
    }
}

impl Records {
    /// The columns at `wanted` of the table, in that order. Made of operators at once: an optimizer would take each
    /// column of a record for an expression of its own, and read the record for each of them.
    async fn scan(
        &self,
        state: &dyn Session,
        wanted: &[usize],
        limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let width = self.columns.len();
        let mut read: Vec<usize> = wanted.iter().copied().filter(|place| *place < width).collect();
        read.sort_unstable();
        let marked = self.options.get(CORRUPT_OPTION).unwrap_or(CORRUPT);
        let corrupt = self.columns.iter().position(|field| *field.name == *marked);
        if let ([only], Some(corrupt)) = (read.as_slice(), corrupt)
            && *only == corrupt
        {
            return Err(external(QUERY_ONLY_CORRUPT_RECORD_COLUMN.error()));
        }
        self.check_headers(&read).map_err(external)?;
        let drops = is_mode(&self.options, "DROPMALFORMED");
        // CSV of no columns is not taken apart at all.
        let reads = !read.is_empty() || (drops && self.format != TextFormat::Csv);
        // The line is the first column of the lines, behind it are those of the folders.
        let beside = wanted.iter().filter(|place| **place >= width).map(|place| place - width + 1);
        let beside: Vec<usize> = beside.collect();
        let of_lines: Vec<usize> = reads.then_some(0).into_iter().chain(beside).collect();
        let of_lines_limit = limit.filter(|_| !drops);
        let lines = self.lines.scan(state, Some(&of_lines), &[], of_lines_limit).await?;
        if wanted.is_empty() && !reads {
            return Ok(lines);
        }
        let plan = if reads { self.with_record(state, lines, &read, corrupt)? } else { lines };
        let output = wanted.iter().map(|place| match place {
            place if *place < width => {
                let field = ident(RECORD).field(record_name(self.format, *place, &self.columns));
                (field, column_name(*place))
            }
            place if *place < width + self.partitions.len() => {
                (ident(partition_name(place - width)), column_name(*place))
            }
            _ => (ident(FILE_METADATA), FILE_METADATA.to_owned()),
        });
        project(state, plan, output)
    }

    /// The lines with the record that stands in each, without those that are malformed when they are to be dropped.
    fn with_record(
        &self,
        state: &dyn Session,
        lines: Arc<dyn ExecutionPlan>,
        read: &[usize],
        corrupt: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let named = |place: usize| {
            let name = record_name(self.format, place, &self.columns);
            StructField { name: name.into(), ..self.columns[place].clone() }
        };
        let drops = is_mode(&self.options, "DROPMALFORMED");
        let mut fields: Vec<_> = read.iter().map(|place| named(*place)).collect();
        // What does not fit is marked in the column for it; records that are dropped are found by a mark of our own.
        let reads_corrupt = corrupt.filter(|place| read.contains(place));
        let mark = reads_corrupt.map_or_else(|| MARK.to_owned(), |place| named(place).name.to_string());
        if drops && reads_corrupt.is_none() {
            fields.push(StructField::new(mark.as_str(), DataType::STRING, true));
        }
        let mut options = with_entry(&self.options, CORRUPT_OPTION, &mark);
        if let Some(file) = self.lines.files.first() {
            options = with_entry(&options, records::FILE, &format!("file://{}", file.path.display()));
        }
        let data = self.columns.len() - usize::from(corrupt.is_some());
        if self.format == TextFormat::Csv && reads_corrupt.is_none() && read.len() < data {
            options = with_entry(&options, records::PLACES, &self.places(read, corrupt));
        }
        let line = Typed::new(ident(LINE), DataType::STRING, true);
        let record = records::read(self.format, line, &StructType::new(fields), options).map_err(external)?;
        let schema = lines.schema();
        let beside = schema.fields().iter().filter(|field| field.name() != LINE);
        let beside = beside.map(|field| (ident(field.name()), field.name().clone()));
        let plan = project(state, lines, [(record.expr, RECORD.to_owned())].into_iter().chain(beside))?;
        if !drops {
            return Ok(plan);
        }
        let whole = ident(RECORD).field(mark.as_str()).is_null();
        let whole = state.create_physical_expr(whole, &DFSchema::try_from(plan.schema())?)?;
        Ok(Arc::new(FilterExec::try_new(whole, plan)?))
    }

    /// Where fields are in a CSV record, which has no column for what is corrupt.
    fn places(&self, read: &[usize], corrupt: Option<usize>) -> String {
        let place = |place: &usize| place - usize::from(corrupt.is_some_and(|corrupt| corrupt < *place));
        read.iter().map(|at| place(at).to_string()).collect::<Vec<_>>().join(",")
    }

    /// Whether the files' headers name the columns that are read, where that is asked for.
    fn check_headers(&self, read: &[usize]) -> Result<()> {
        let Some(check) = self.header else { return Ok(()) };
        let same = |name: &str, other: &str| match check.case_sensitive {
            true => name == other,
            false => name.eq_ignore_ascii_case(other),
        };
        for file in &self.lines.files {
            let Some(header) = header(file, &self.options)? else { continue };
            let found = |place: usize| header.get(place).and_then(Option::as_deref).unwrap_or_default();
            let fits = read.iter().all(|place| same(found(*place), &self.columns[*place].name));
            let has_width = read.len() < self.columns.len() || header.len() == self.columns.len();
            if !fits || !has_width {
                let path = format!("file://{}", file.path.display());
                let said = header.iter().map(|name| name.as_deref().unwrap_or_default()).collect::<Vec<_>>().join(", ");
                let cause = Error::internal(format!("the header is {said}, not the names of the schema"));
                return Err(FAILED_READ_FILE.with("path", path).caused_by(cause));
            }
        }
        Ok(())
    }
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Expressions over a plan, with their names.
fn project(
    state: &dyn Session,
    plan: Arc<dyn ExecutionPlan>,
    columns: impl Iterator<Item = (Expr, String)>,
) -> DfResult<Arc<dyn ExecutionPlan>> {
    let schema = DFSchema::try_from(plan.schema())?;
    let columns = columns.map(|(expr, alias)| {
        let expr = state.create_physical_expr(expr, &schema)?;
        Ok(ProjectionExpr { expr, alias })
    });
    let columns = columns.collect::<DfResult<Vec<_>>>()?;
    Ok(Arc::new(ProjectionExec::try_new(columns, plan)?))
}

/// The fields of a CSV file's first line.
pub fn header(file: &FileLines, options: &Options) -> Result<Option<Vec<Option<String>>>> {
    let mut head = None;
    let whole_head = FileLines { cut: Cut { skip: 0, ..file.cut.clone() }, range: None, ..file.clone() };
    whole_head.each_line(&mut |line| {
        head = Some(records::csv_fields(line, options));
        Ok(false)
    })?;
    Ok(head)
}

/// CSV headers may repeat, so its columns are called by their places.
fn record_name(format: TextFormat, place: usize, columns: &[StructField]) -> String {
    match format {
        TextFormat::Csv => format!("c{place}"),
        TextFormat::Json | TextFormat::Xml => columns[place].name.to_string(),
    }
}
