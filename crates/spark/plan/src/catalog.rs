//! `CatalogOp`: what `spark.catalog` and SQL's DDL and metadata statements ask of the catalog.
//!
//! The same request has one value, whichever way it came. `style` says which table of rows the answer is: SQL's
//! `SHOW TABLES` and `spark.catalog.listTables` differ in their columns, not in what they look up.

use std::sync::Arc;

use hearth_types::{Collation, DataType};

use crate::command::StorageLevel;
use crate::expression::TypeRef;
use crate::relation::{TableName, TimeTravel};
use crate::{Expr, Name, Options, Origin, Relation};

/// The shape of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// The rows of `org.apache.spark.sql.catalog`.
    Api,
    /// The rows of the SQL statement.
    Sql,
}

/// What asks for the partitions of a table to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoverBy {
    /// `spark.catalog.recoverPartitions`
    Call,
    /// `ALTER TABLE … RECOVER PARTITIONS`
    Alter,
    /// `MSCK REPAIR TABLE`
    Repair,
}

#[derive(Debug, Clone, PartialEq)]
pub enum CatalogOp {
    // Where we are
    CurrentCatalog,
    CurrentDatabase,
    SetCurrentCatalog {
        name: String,
    },
    /// `USE a.b`, `setCurrentDatabase`
    SetCurrentDatabase {
        name: Name,
        /// A statement may name the catalog, a call names a database of the current one.
        style: Style,
    },

    /// What drivers of SQL warehouses ask about catalogs, schemas and all that is in them.
    ListMetadata(Box<Metadata>),

    // Catalogs and databases
    CreateCatalog {
        name: String,
        if_not_exists: bool,
        comment: Option<String>,
    },
    DropCatalog {
        name: String,
        if_exists: bool,
        cascade: bool,
    },
    ListCatalogs {
        pattern: Option<String>,
        style: Style,
    },
    ListDatabases {
        catalog: Option<Name>,
        pattern: Option<String>,
        style: Style,
    },
    GetDatabase {
        name: Name,
    },
    DatabaseExists {
        name: Name,
    },
    CreateDatabase {
        name: Name,
        if_not_exists: bool,
        comment: Option<String>,
        location: Option<String>,
        properties: Options,
    },
    DropDatabase {
        name: Name,
        if_exists: bool,
        cascade: bool,
    },
    UnsetDatabaseProperties {
        name: Name,
        keys: Vec<String>,
    },
    AlterDatabaseProperties {
        name: Name,
        properties: Options,
    },
    AlterDatabaseLocation {
        name: Name,
        location: String,
    },
    DescribeDatabase {
        name: Name,
        extended: bool,
    },

    // Tables and views
    ListTables {
        database: Option<Name>,
        pattern: Option<String>,
        style: Style,
    },
    /// `SHOW TABLE EXTENDED`
    ShowTableExtended {
        database: Option<Name>,
        pattern: String,
        partition: PartitionSpec,
    },
    ListViews {
        database: Option<Name>,
        pattern: Option<String>,
        style: Style,
    },
    GetTable {
        name: Name,
    },
    TableExists {
        name: Name,
    },
    CreateTable(Box<CreateTable>),
    DropTable {
        name: TableName,
        if_exists: bool,
        purge: bool,
    },
    DropView {
        name: TableName,
        if_exists: bool,
    },
    DropTempView {
        name: String,
    },
    DropGlobalTempView {
        name: String,
    },
    RenameTable {
        name: TableName,
        to: Name,
        is_view: bool,
    },
    AlterTable {
        name: TableName,
        is_view: bool,
        change: TableChange,
    },
    TruncateTable {
        name: TableName,
        partition: PartitionSpec,
        style: Style,
    },
    /// `DESCRIBE TABLE`
    DescribeTable {
        name: TableName,
        extended: bool,
        partition: PartitionSpec,
        as_json: bool,
    },
    DescribeColumn {
        name: TableName,
        column: Name,
        extended: bool,
    },
    GetTableProperties {
        name: TableName,
        key: Option<String>,
        style: Style,
    },
    GetCreateTable {
        name: TableName,
        as_serde: bool,
        style: Style,
    },
    ListColumns {
        name: TableName,
        database: Option<Name>,
        style: Style,
    },
    ListPartitions {
        name: TableName,
        partition: PartitionSpec,
        style: Style,
    },
    RecoverPartitions {
        name: TableName,
        by: RecoverBy,
    },
    /// `LOAD DATA`, for tables of Hive: there are none.
    LoadData {
        name: TableName,
        partition: PartitionSpec,
    },
    /// `CREATE INDEX`: no table has one.
    CreateIndex {
        name: TableName,
        columns: Vec<Name>,
        origin: Option<Arc<Origin>>,
    },
    DropIndex {
        name: TableName,
    },
    /// `SHOW PROCEDURES`
    ListProcedures {
        database: Option<Name>,
    },
    AnalyzeTable {
        name: TableName,
        partition: PartitionSpec,
        no_scan: bool,
        columns: Option<Vec<String>>,
    },
    AnalyzeTables {
        database: Option<Name>,
        no_scan: bool,
    },
    RefreshTable {
        name: TableName,
        /// `REFRESH TABLE`, which looks for the name in fewer places than the client's call.
        is_statement: bool,
    },
    /// `OPTIMIZE`
    OptimizeTable {
        name: TableName,
    },
    /// A statement of Delta Lake about one of its tables.
    Delta {
        name: TableName,
        op: DeltaOp,
    },
    RefreshByPath {
        path: String,
    },
    /// `REFRESH FUNCTION`
    RefreshFunction {
        name: Name,
    },

    // Functions
    ListFunctions {
        database: Option<Name>,
        pattern: Option<String>,
        scope: FunctionScope,
        style: Style,
    },
    GetFunction {
        name: Name,
    },
    FunctionExists {
        name: Name,
    },
    DescribeFunction {
        name: Name,
        extended: bool,
        origin: Option<Arc<Origin>>,
    },
    CreateFunction(Box<CreateFunction>),
    DropFunction {
        name: Name,
        if_exists: bool,
        temporary: bool,
    },

    // Cache
    IsCached {
        name: Name,
    },
    CacheTable {
        name: TableName,
        query: Option<Box<Relation>>,
        lazy: bool,
        storage: Option<StorageLevel>,
        options: Options,
    },
    UncacheTable {
        name: TableName,
        if_exists: bool,
    },
    ClearCache,

    CommentOn {
        kind: CommentTarget,
        name: TableName,
        comment: Option<String>,
    },
}

/// `SHOW TABLES IN CATALOG c SCHEMA LIKE 's' LIKE 't'` and its like. What is `None` is not asked for: all match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    pub kind: MetadataKind,
    /// A name.
    pub catalog: Option<String>,
    /// A pattern, but a name for keys.
    pub schema: Option<String>,
    /// The table or function: a pattern, but a name for keys.
    pub object: Option<String>,
    /// A pattern.
    pub column: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataKind {
    Schemas,
    Tables,
    Columns,
    Functions,
    PrimaryKeys,
    ForeignKeys,
}

/// `PARTITION (a = 1, b)`; a missing value matches all.
pub type PartitionSpec = Vec<(String, Option<Expr>)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionScope {
    All,
    System,
    User,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentTarget {
    Database,
    Table,
    View,
    /// The last part of the name is the column.
    Column,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CreateTable {
    pub name: TableName,
    pub columns: TableColumns,
    /// `USING …`; `None` is `spark.sql.sources.default`.
    pub provider: Option<String>,
    pub options: Options,
    /// Columns or transforms (`bucket(4, a)`, `years(ts)`).
    pub partitioning: Vec<Expr>,
    /// Partition columns that were declared with a type (`PARTITIONED BY (a INT)`).
    pub partition_columns: Vec<ColumnDef>,
    pub cluster_columns: Vec<Name>,
    pub bucket: Option<(Vec<String>, i32)>,
    pub location: Option<String>,
    pub comment: Option<String>,
    pub properties: Options,
    /// `AS SELECT …`
    pub query: Option<Relation>,
    /// `LIKE other`
    pub like: Option<Name>,
    pub mode: CreateMode,
    pub external: bool,
    /// The columns of `SORTED BY`, within the buckets.
    pub sort_columns: Vec<String>,
    /// The largest promise that stood among the columns or behind them.
    pub promise: TablePromise,
    /// `DEFAULT COLLATION`: of the strings of columns that say nothing else.
    pub collation: Option<Collation>,
}

/// What a table is to promise of its rows, or to be stored as. Tables of files keep nothing of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TablePromise {
    #[default]
    Nothing,
    /// `PRIMARY KEY`, `FOREIGN KEY`, `UNIQUE`
    Keys,
    /// `CHECK`
    Check,
    /// `GENERATED … AS IDENTITY`
    Identity,
    /// `STORED AS`, `ROW FORMAT`
    Hive,
}

#[derive(Debug, Clone, PartialEq)]
pub enum TableColumns {
    /// To be read from the files, or from the query.
    Inferred,
    Columns(Vec<ColumnDef>),
    /// The schema that `spark.catalog.createTable` sends.
    Schema(DataType),
}

#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDef {
    pub name: String,
    pub data_type: TypeRef,
    pub nullable: bool,
    pub default: Option<Expr>,
    /// The default's text, which is what a table keeps.
    pub default_text: Option<String>,
    pub generated: Option<Expr>,
    pub comment: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateMode {
    Create,
    CreateIfNotExists,
    Replace,
    CreateOrReplace,
}

#[derive(Debug, Clone, PartialEq)]
pub enum TableChange {
    SetProperties(Options),
    /// `SET SERDEPROPERTIES`: the options that a table of files is read with.
    SetOptions(Options),
    UnsetProperties {
        keys: Vec<String>,
        if_exists: bool,
    },
    SetLocation {
        partition: PartitionSpec,
        location: String,
    },
    AddColumns(Vec<ColumnDef>),
    /// New columns of which some have a place: each such column with the one that it comes after, if it is not the first.
    AddColumnsAt {
        columns: Vec<ColumnDef>,
        places: Vec<(String, Option<String>)>,
    },
    /// `CLUSTER BY (…)`; empty for `NONE`.
    ClusterBy(Vec<Name>),
    /// `DEFAULT COLLATION`: of columns that are added later.
    DefaultCollation(Collation),
    /// `WITH SCHEMA BINDING`, `EVOLUTION`, …
    SchemaBinding(&'static str),
    RenameColumn {
        column: Name,
        to: String,
    },
    DropColumns {
        columns: Vec<Name>,
        if_exists: bool,
    },
    AlterColumn {
        column: Name,
        change: ColumnChange,
    },
    /// `ALTER COLUMN a …, b …`
    AlterColumns(Vec<(Name, ColumnChange)>),
    /// `SET SERDE`, and `SET SERDEPROPERTIES` of a partition: Hive's.
    SetSerde {
        partition: PartitionSpec,
    },
    ReplaceColumns(Vec<ColumnDef>),
    AddPartitions {
        partitions: Vec<(PartitionSpec, Option<String>)>,
        if_not_exists: bool,
    },
    DropPartitions {
        partitions: Vec<PartitionSpec>,
        if_exists: bool,
        purge: bool,
    },
    RenamePartition {
        from: PartitionSpec,
        to: PartitionSpec,
    },
    /// What no table of files does: its name (`ADD CONSTRAINT`).
    Refused(&'static str),
    /// `ALTER VIEW … AS query`
    ViewQuery {
        query: Box<Relation>,
        text: String,
    },
}

impl CatalogOp {
    /// The table or view that a statement is about; nothing where its place is never told.
    pub fn subject(&self) -> Option<&TableName> {
        match self {
            Self::AlterTable { name, .. }
            | Self::TruncateTable { name, .. }
            | Self::DescribeTable { name, .. }
            | Self::DescribeColumn { name, .. }
            | Self::GetTableProperties { name, .. }
            | Self::GetCreateTable { name, .. }
            | Self::ListColumns { name, .. }
            | Self::ListPartitions { name, .. }
            | Self::RecoverPartitions { name, .. }
            | Self::LoadData { name, .. }
            | Self::CreateIndex { name, .. }
            | Self::DropIndex { name }
            | Self::AnalyzeTable { name, .. }
            | Self::RefreshTable { name, .. }
            | Self::CacheTable { name, .. }
            | Self::CommentOn { name, .. } => Some(name),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum ColumnChange {
    Type(TypeRef),
    Comment(String),
    Nullable(bool),
    Default(Option<String>),
    /// `FIRST` (`None`) or `AFTER column`.
    Position(Option<String>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct CreateFunction {
    pub name: Name,
    pub temporary: bool,
    pub or_replace: bool,
    pub if_not_exists: bool,
    pub body: FunctionBody,
    pub comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FunctionBody {
    /// A JVM class with its resources.
    Class { class_name: String, resources: Vec<(String, String)> },
    Sql {
        parameters: Vec<ColumnDef>,
        returns: Option<TypeRef>,
        /// The columns of a table function; an empty list when the query's own are meant.
        returns_table: Option<Vec<ColumnDef>>,
        body: SqlFunctionBody,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum SqlFunctionBody {
    Expression(Box<Expr>),
    Query(Box<Relation>),
}

/// What Delta Lake adds to Spark's statements.
#[derive(Debug, Clone, PartialEq)]
pub enum DeltaOp {
    /// `DESCRIBE HISTORY t [LIMIT n]`
    History { limit: Option<usize> },
    /// `DESCRIBE DETAIL t`
    Detail,
    /// `VACUUM t [RETAIN n HOURS] [DRY RUN]`
    Vacuum { hours: Option<i64>, dry_run: bool },
    /// `RESTORE [TABLE] t TO …`
    Restore { to: TimeTravel },
}
