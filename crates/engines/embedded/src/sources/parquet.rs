//! Parquet files, read by DataFusion.

mod kinds;
mod row_index;
mod schema;
mod table;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType as Arrow, Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::logical_expr::{LogicalPlanBuilder, ident};
use hearth_analyzer::FILE_METADATA;
use hearth_base::Result;
use hearth_base::condition::UNABLE_TO_INFER_SCHEMA;
use hearth_types::arrow::to_engine_arrow;
use hearth_types::{StructField, StructType};

use super::layout::{Layout, PlacedFile};
use super::{Source, SourceRequest, defaults};
use crate::error::from_datafusion;

pub use schema::merge;
pub use table::ParquetTable;

pub(super) fn open(request: &SourceRequest<'_>) -> Result<Source> {
    let mut layout = Layout::find(request)?;
    if super::is_true(request.option("ignoreCorruptFiles"), false) {
        let first = layout.files.first().map(|file| file.path.clone());
        layout.files.retain(|file| schema::read(&file.path).is_ok());
        // Spark asks the first file for the columns, and no other.
        let is_same = first == layout.files.first().map(|file| file.path.clone());
        if request.schema.is_none() && !is_same && !merges(request) {
            return Err(UNABLE_TO_INFER_SCHEMA.with("format", "Parquet"));
        }
    }
    open_files(request, layout)
}

/// The same of files that are known already.
pub(super) fn open_files(request: &SourceRequest<'_>, layout: Layout) -> Result<Source> {
    let columns = match request.schema {
        Some(schema) => schema.fields.to_vec(),
        None => infer(request, &layout.files)?,
    };
    let columns: Vec<_> = layout
        .without_partitions(&columns)
        .into_iter()
        .map(|field| {
            // The types of a table in the catalog are kept to the letter: its plans name them.
            let is_known = request.partition_columns.is_some();
            let data_type = if is_known { field.data_type.clone() } else { field.data_type.as_nullable() };
            StructField { nullable: true, data_type, ..field }
        })
        .collect();
    let in_files = match request.schema {
        Some(_) => names_in_files(&columns, &layout.files),
        None => columns.clone(),
    };
    let partition = |field: &StructField| Field::new(field.name.as_ref(), to_engine_arrow(&field.data_type), true);
    let partitions = layout.partitions.iter().map(partition).collect();
    let defaults = defaults::of(&in_files, request.settings)?;
    let table =
        ParquetTable::new(layout.files, Arc::new(engine_schema(&in_files)), partitions).with_defaults(defaults)?;
    let table: Arc<dyn TableProvider> = Arc::new(table);
    let table = if in_files == columns { table } else { renamed(table, &columns, &layout.partitions)? };
    Ok(Source { table, schema: StructType::new(columns.into_iter().chain(layout.partitions)) })
}

/// The columns that the files have: of the first one, or with `mergeSchema` of all.
fn infer(request: &SourceRequest<'_>, files: &[PlacedFile]) -> Result<Vec<StructField>> {
    let Some(first) = files.first() else { return Err(UNABLE_TO_INFER_SCHEMA.with("format", "Parquet")) };
    let mut columns = schema::written(&first.path)?;
    if merges(request) {
        for file in files.iter().skip(1) {
            columns = schema::merge(columns, schema::written(&file.path)?)?;
        }
    }
    Ok(columns.iter().map(StructField::as_nullable).collect())
}

fn merges(request: &SourceRequest<'_>) -> bool {
    let given = request.option("mergeSchema").or_else(|| request.option("\u{1}parquet.mergeSchema"));
    super::is_true(given, false)
}

/// The columns with the names that the first file has for them, which may differ by case.
fn names_in_files(columns: &[StructField], files: &[PlacedFile]) -> Vec<StructField> {
    let Some(Ok(known)) = files.first().map(|file| schema::read(&file.path)) else { return columns.to_vec() };
    let named = |field: &StructField| {
        let exact = known.iter().any(|other| other.name == field.name);
        let found = known.iter().find(|other| !exact && other.name.eq_ignore_ascii_case(&field.name));
        found.map_or_else(|| field.clone(), |found| StructField { name: found.name.clone(), ..field.clone() })
    };
    columns.iter().map(named).collect()
}

/// A view that gives the columns of the files the names that were asked for.
fn renamed(
    table: Arc<dyn TableProvider>,
    columns: &[StructField],
    partitions: &[StructField],
) -> Result<Arc<dyn TableProvider>> {
    let names: Vec<_> = table.schema().fields().iter().map(|field| field.name().clone()).collect();
    let output = names.iter().zip(columns.iter().chain(partitions));
    let output = output.map(|(name, field)| ident(name.as_str()).alias(field.name.as_ref()));
    let output = output.chain([ident(FILE_METADATA)]);
    let plan = LogicalPlanBuilder::scan("files", provider_as_source(table), None)
        .and_then(|scan| scan.project(output))
        .and_then(LogicalPlanBuilder::build)
        .map_err(from_datafusion)?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

/// The engine's columns over parquet: strings as views, which scans make without copying.
fn engine_schema(columns: &[StructField]) -> Schema {
    let field = |field: &StructField| {
        let arrow = match to_engine_arrow(&field.data_type) {
            Arrow::Utf8 => Arrow::Utf8View,
            Arrow::Binary => Arrow::BinaryView,
            other => other,
        };
        Field::new(field.name.as_ref(), arrow, true)
    };
    Schema::new(columns.iter().map(field).collect::<Vec<_>>())
}
