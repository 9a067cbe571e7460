//! Reading files: `spark.read.format(…).load(…)` and the tables of the catalog.
//!
//! `files` finds the files below the paths and what their folders say (`a=1/b=2`); each format then makes a table of
//! them. Formats are an open set, looked up by name.

pub mod files;
mod lines;
mod parquet;
mod partition;
mod text;

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::listing::ListingTable;
use datafusion::datasource::source_as_provider;
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::LogicalPlan;
use hearth_base::Result;
use hearth_base::condition::DATA_SOURCE_NOT_FOUND;
use hearth_functions::SessionSettings;
use hearth_functions::records::TextFormat;
use hearth_types::StructType;

/// What is to be read.
#[derive(Debug, Clone, Copy)]
pub struct SourceRequest<'a> {
    /// `parquet`, `csv`, `json`, `text`, …; any case.
    pub format: &'a str,
    /// The columns, when they are known; partition columns too, last.
    pub schema: Option<&'a StructType>,
    pub options: &'a [(String, String)],
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
    match request.format.to_ascii_lowercase().as_str() {
        "parquet" => parquet::open(request).await,
        "csv" => text::open_records(request, TextFormat::Csv),
        "json" => text::open_records(request, TextFormat::Json),
        "text" => text::open_text(request),
        _ => Err(DATA_SOURCE_NOT_FOUND.with("provider", request.format)),
    }
}

impl SourceRequest<'_> {
    /// An option's value; keys compare without case.
    pub fn option(&self, key: &str) -> Option<&str> {
        let found = self.options.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.as_str())
    }
}

/// The files that a plan reads, as URIs.
pub fn input_files(plan: &LogicalPlan) -> Result<Vec<String>> {
    let mut files = Vec::new();
    plan.apply(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Ok(provider) = source_as_provider(&scan.source)
            && let Some(listing) = (provider.as_ref() as &dyn std::any::Any).downcast_ref::<ListingTable>()
        {
            for url in listing.table_paths() {
                let root = std::path::PathBuf::from(url.prefix().to_string());
                let found = files::list(&std::path::Path::new("/").join(root));
                files.extend(found.unwrap_or_default().into_iter().map(|file| format!("file://{}", file.path.display())));
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .map_err(crate::error::from_datafusion)?;
    files.sort();
    files.dedup();
    Ok(files)
}
