//! Reading files: `spark.read.format(…).load(…)` and the tables of the catalog.
//!
//! `files` finds the files below the paths and what their folders say (`a=1/b=2`); each format then makes a table of
//! them. Formats are an open set, looked up by name.

mod avro;
mod batches;
mod binary;
pub mod charset;
mod defaults;
mod delta;
pub mod files;
mod given;
mod layout;
mod lines;
pub mod names;
mod orc;
mod parquet;
mod partition;
mod records;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::source_as_provider;
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::LogicalPlan;
use hearth_base::Result;
use hearth_functions::SessionSettings;
use hearth_functions::records::TextFormat;
use hearth_types::StructType;

use crate::config::SessionConfig;

/// Whether the types of partition columns are found out: a setting only, so no option has this name.
const PARTITION_TYPES: &str = "\u{1}partition types";

/// Settings that stand for an option where there is none.
const OF_SESSIONS: [(&str, &str); 5] = [
    ("spark.sql.files.ignoreCorruptFiles", "ignoreCorruptFiles"),
    ("spark.sql.columnNameOfCorruptRecord", "columnNameOfCorruptRecord"),
    ("spark.sql.sources.partitionColumnTypeInference.enabled", PARTITION_TYPES),
    ("spark.sql.parquet.mergeSchema", "\u{1}parquet.mergeSchema"),
    ("spark.sql.orc.mergeSchema", "\u{1}orc.mergeSchema"),
];

/// What a session's settings say about reading.
pub fn session_options(config: &SessionConfig) -> Vec<(String, String)> {
    let value = |(setting, option): (&str, &str)| Some((option.to_owned(), config.get(setting)?.to_owned()));
    OF_SESSIONS.into_iter().filter_map(value).collect()
}

/// What is to be read.
#[derive(Debug, Clone, Copy)]
pub struct SourceRequest<'a> {
    /// `parquet`, `csv`, `json`, `text`, …; any case.
    pub format: &'a str,
    /// The columns, when they are known; partition columns too, last.
    pub schema: Option<&'a StructType>,
    pub options: &'a [(String, String)],
    /// What the session's settings say where no option does, by the names of options.
    pub session: &'a [(String, String)],
    /// Folders, files or globs.
    pub paths: &'a [String],
    /// The partition columns of a catalog table; `None` finds them out from the folders.
    pub partition_columns: Option<&'a [String]>,
    pub datafusion: &'a SessionState,
    pub settings: &'a SessionSettings,
}

/// A table of files.
#[derive(Debug, Clone)]
pub struct Source {
    pub table: Arc<dyn TableProvider>,
    /// Spark's columns; those of `table` are the same, in the same order.
    pub schema: StructType,
}

/// Opens files for reading. Finds out what the request leaves open.
pub async fn open(request: SourceRequest<'_>) -> Result<Source> {
    match names::short(request.format).as_str() {
        "parquet" => parquet::open(&request),
        "delta" => delta::open(&request).await,
        "csv" => text::open_records(&request, TextFormat::Csv),
        "json" => text::open_records(&request, TextFormat::Json),
        "xml" => text::open_records(&request, TextFormat::Xml),
        "text" => text::open_text(&request),
        "orc" => orc::open(&request),
        "binaryfile" => binary::open(&request),
        "avro" => avro::open(&request),
        _ => Err(names::not_for_files(request.format)),
    }
}

impl SourceRequest<'_> {
    /// An option's value; keys compare without case.
    pub fn option(&self, key: &str) -> Option<&str> {
        let given = self.options.iter().rev().chain(self.session);
        let found = given.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.as_str())
    }
}

pub use delta::schema_of as delta_schema;
pub use given::not_a_number;

/// Whether an option says yes.
fn is_true(option: Option<&str>, default: bool) -> bool {
    option.map_or(default, |value| value.trim().eq_ignore_ascii_case("true"))
}

/// The files that a plan reads, as URIs.
pub fn input_files(plan: &LogicalPlan) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    collect_files(plan, &mut paths).map_err(crate::error::from_datafusion)?;
    let mut files: Vec<_> = paths.iter().map(|path| file_uri(path)).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// Whether a plan reads files below a folder.
pub fn reads_below(plan: &LogicalPlan, folder: &Path) -> Result<bool> {
    let mut paths = Vec::new();
    collect_files(plan, &mut paths).map_err(crate::error::from_datafusion)?;
    Ok(paths.iter().any(|path| path.starts_with(folder)))
}

fn collect_files(plan: &LogicalPlan, files: &mut Vec<PathBuf>) -> datafusion::error::Result<()> {
    plan.apply(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Ok(provider) = source_as_provider(&scan.source)
        {
            let any = provider.as_ref() as &dyn std::any::Any;
            if let Some(table) = any.downcast_ref::<parquet::ParquetTable>() {
                files.extend(table.files.iter().map(|file| file.path.clone()));
            } else if let Some(table) = any.downcast_ref::<lines::LinesTable>() {
                files.extend(table.files.iter().map(|file| file.path.clone()));
            } else if let Some(table) = any.downcast_ref::<records::RecordsTable>() {
                files.extend(table.paths().cloned());
            } else if let Some(table) = any.downcast_ref::<batches::BatchTable>() {
                files.extend(table.files.iter().map(|file| file.path.clone()));
            } else if let Some(inner) = provider.get_logical_plan() {
                collect_files(&inner, files)?;
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .map(drop)
}

/// `file:///a%20b`, as Java writes the URI of a path.
fn file_uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for c in path.to_string_lossy().chars() {
        if c <= ' ' || "\"#%<>?[\\]^`{|}".contains(c) {
            uri.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            uri.push(c);
        }
    }
    uri
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
pub mod tests {
    use super::*;

    /// Spark's defaults.
    pub fn settings() -> SessionSettings {
        SessionSettings {
            ansi: true,
            time_zone: "UTC".to_owned(),
            timestamp_ntz_default: false,
            time_type: false,
            map_key_last_wins: false,
            legacy_size_of_null: false,
            case_sensitive: false,
            decimal_precision_loss: true,
            current_catalog: "spark_catalog".to_owned(),
            current_database: "default".to_owned(),
            user: "tester".to_owned(),
            statement_micros: 0,
            spark_version: crate::SPARK_VERSION.to_owned(),
        }
    }
}
