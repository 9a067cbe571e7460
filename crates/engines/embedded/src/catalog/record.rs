//! What the catalog keeps of a database, a table, a view and a function.

use std::path::PathBuf;

use hearth_plan::Options;
use hearth_types::{Collation, DataType, StructType};

use super::name::TableId;

/// What SQL warehouses call the format of their tables.
pub const DELTA: &str = "delta";

#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseRecord {
    pub catalog: String,
    pub name: String,
    pub comment: Option<String>,
    /// An absolute path, or a URI of another scheme than `file`.
    pub location: String,
    pub properties: Options,
    pub owner: String,
}

/// A table or a persistent view.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRecord {
    pub id: TableId,
    pub kind: TableKind,
    /// `parquet`, `csv`, …; `None` for views.
    pub provider: Option<String>,
    /// All columns, those of the partitions last. Column defaults stand in the fields' metadata.
    pub schema: StructType,
    pub partition_columns: Vec<String>,
    pub bucket: Option<(Vec<String>, i32)>,
    /// `SORTED BY`, within the buckets.
    pub sort_columns: Vec<String>,
    /// `DEFAULT COLLATION`: of strings that say nothing else in columns that are added.
    pub collation: Option<Collation>,
    pub options: Options,
    pub properties: Options,
    /// As in `DatabaseRecord`; `None` for views.
    pub location: Option<String>,
    pub comment: Option<String>,
    pub owner: String,
    /// Milliseconds since the epoch.
    pub created: i64,
    pub statistics: Option<TableStatistics>,
    pub view: Option<ViewText>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// Dropping the table drops its files.
    Managed,
    External,
    View,
}

/// What `ANALYZE TABLE` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableStatistics {
    pub bytes: u64,
    pub rows: Option<u64>,
    pub columns: Vec<ColumnStatistics>,
}

/// What `ANALYZE TABLE … FOR COLUMNS` found of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnStatistics {
    pub name: String,
    /// As `DESCRIBE` shows it.
    pub min: Option<String>,
    pub max: Option<String>,
    pub nulls: u64,
    pub distinct: u64,
    /// Bytes, or characters of strings.
    pub average_length: u64,
    pub longest: u64,
}

/// A persistent view's query, and what it is read with.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewText {
    pub text: String,
    pub catalog: String,
    pub database: Vec<String>,
    /// The session's settings when the view was made.
    pub config: Options,
    /// The query's own column names; the view's schema may name them differently.
    pub query_columns: Vec<String>,
    /// `BINDING`, `COMPENSATION`, `EVOLUTION`, `TYPE EVOLUTION`
    pub schema_mode: String,
}

/// A persistent SQL function.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionRecord {
    /// The function's full name.
    pub id: TableId,
    pub parameters: Vec<ParameterRecord>,
    pub returns: Option<DataType>,
    /// The columns of a table function.
    pub returns_table: Option<StructType>,
    pub body: FunctionBody,
    pub comment: Option<String>,
    pub owner: String,
    pub created: i64,
    /// The session's settings when the function was made.
    pub config: Options,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ParameterRecord {
    pub name: String,
    pub data_type: DataType,
    pub default: Option<String>,
    pub comment: Option<String>,
}

/// The SQL text of a function's body.
#[derive(Debug, Clone, PartialEq)]
pub enum FunctionBody {
    Expression(String),
    Query(String),
}

impl TableRecord {
    pub fn is_view(&self) -> bool {
        self.kind == TableKind::View
    }

    /// How the files of a table are written. Tables that SQL warehouses made `USING delta` before there was a log have
    /// parquet files alone.
    pub fn format(&self) -> &str {
        match self.provider.as_deref() {
            None => "parquet",
            Some(DELTA) if self.is_without_log() => "parquet",
            Some(format) => format,
        }
    }

    fn is_without_log(&self) -> bool {
        self.folder().is_some_and(|folder| super::has_entries(&folder) && !hearth_delta::is_table(&folder))
    }

    /// The folder of a table on this machine.
    pub fn folder(&self) -> Option<PathBuf> {
        self.location.as_deref().and_then(local_path)
    }
}

impl TableKind {
    /// As Spark prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Managed => "MANAGED",
            Self::External => "EXTERNAL",
            Self::View => "VIEW",
        }
    }
}

/// The path of a location on this machine: a path, or a URI with the scheme `file`.
pub fn local_path(location: &str) -> Option<PathBuf> {
    match location.strip_prefix("file:") {
        Some(rest) => Some(PathBuf::from(format!("/{}", rest.trim_start_matches('/')))),
        None if location.contains("://") => None,
        None => Some(PathBuf::from(location)),
    }
}

/// A location as Spark prints it: a URI.
pub fn location_uri(location: &str) -> String {
    match local_path(location) {
        Some(path) => format!("file:{}", path.display()),
        None => location.to_owned(),
    }
}
