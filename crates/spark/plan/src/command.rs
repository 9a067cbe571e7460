//! Commands: work with an effect.
//!
//! What `spark.catalog` and SQL DDL share is one `CatalogOp` (see `catalog`); the rest is here.

use std::sync::Arc;

use crate::catalog::CatalogOp;
use crate::expression::{InlineUdf, PythonUdtf, TypeRef};
use crate::relation::{MergeActions, SqlText, TableName};
use crate::{Expr, Name, Options, Origin, Plan, Relation, Script};

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// `spark.sql(…)`: a query becomes a relation that the client reads later, a command runs at once.
    /// `input` is there when the text refers to other relations: the `WithRelations` whose root is the same text.
    Sql {
        text: SqlText,
        input: Option<Box<Relation>>,
    },
    Catalog(Box<CatalogOp>),
    CreateView(Box<CreateView>),
    Write(Box<Write>),
    WriteV2(Box<WriteV2>),
    Insert(Box<Insert>),
    Delete {
        table: TableName,
        alias: Option<String>,
        condition: Option<Expr>,
    },
    Update {
        table: TableName,
        alias: Option<String>,
        assignments: Vec<(Expr, Expr)>,
        condition: Option<Expr>,
    },
    MergeInto(Box<MergeInto>),

    SetConfig {
        key: String,
        value: String,
    },
    /// `SET`, `SET -v`, `SET key`
    ShowConfig {
        key: Option<String>,
        verbose: bool,
    },
    /// `RESET`, `RESET key`
    ResetConfig {
        key: Option<String>,
    },
    /// `SET TIME ZONE …`; `None` is `LOCAL`.
    SetTimeZone {
        zone: Option<Expr>,
    },
    Explain {
        mode: ExplainMode,
        plan: Box<Plan>,
    },
    DescribeQuery {
        query: Box<Relation>,
    },

    DeclareVariable {
        names: Vec<Name>,
        data_type: Option<TypeRef>,
        default: Option<Expr>,
        or_replace: bool,
    },
    SetVariable {
        assignments: Vec<(Name, Expr)>,
        query: Option<Box<Relation>>,
    },
    DropVariable {
        name: Name,
        if_exists: bool,
    },
    ExecuteImmediate {
        text: Expr,
        into: Vec<Name>,
        arguments: Vec<Expr>,
    },
    /// `BEGIN … END`
    Script(Box<Script>),
    /// `FROM … INSERT … INSERT …`
    MultiInsert(Vec<Insert>),
    /// `CALL name(…)` and `DESCRIBE PROCEDURE name`: there are no procedures.
    Procedure {
        name: Name,
        origin: Option<Arc<Origin>>,
    },
    /// `SET PATH`
    SetPath,
    /// `SET CATALOG` with an expression, or a name that may be a variable's.
    SetCatalog {
        name: Expr,
    },
    /// `CREATE MATERIALIZED VIEW`, `STREAMING TABLE` or `FLOW`, which declarative pipelines run.
    PipelineDataset {
        kind: PipelineDataset,
        query: Option<Box<Relation>>,
    },
    /// `DECLARE … CURSOR`, `OPEN`, `FETCH` and `CLOSE` outside of a script.
    CursorOutsideScript {
        cursor: String,
        /// The variables of `FETCH`.
        into: Vec<Name>,
    },

    /// `ADD JAR|FILE|ARCHIVE`, `LIST …`
    AddResource {
        kind: String,
        paths: Vec<String>,
    },
    ListResources {
        kind: String,
        paths: Vec<String>,
    },

    RegisterFunction(Box<InlineUdf>),
    RegisterTableFunction {
        name: String,
        deterministic: bool,
        function: PythonUdtf,
    },
    RegisterDataSource {
        name: String,
    },
    Checkpoint {
        relation: Box<Relation>,
        local: bool,
        eager: bool,
        storage: Option<StorageLevel>,
    },
    RemoveCachedRemoteRelation {
        relation_id: String,
    },
    GetResources,
    CreateResourceProfile,
    ExecuteExternal {
        runner: String,
        command: String,
        options: Options,
    },

    // Decoded so that they are refused by name.
    WriteStreamStart,
    StreamingQuery,
    StreamingQueryManager,
    StreamingQueryListenerBus,
    Ml {
        what: String,
    },
    Pipeline {
        what: String,
    },
    Extension {
        type_url: String,
    },
    /// SQL that the grammar knows and nothing runs yet: its name (`ALTER TABLE … SET LOCATION`).
    UnsupportedSql {
        what: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PipelineDataset {
    MaterializedView,
    StreamingTable,
    Flow,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CreateView {
    pub name: TableName,
    pub kind: ViewKind,
    pub query: Relation,
    /// The text of the query, when it was SQL; a persistent view is stored as this text.
    pub text: Option<String>,
    /// Names and comments given in the view's column list.
    pub columns: Vec<(String, Option<String>)>,
    pub comment: Option<String>,
    pub properties: Options,
    pub if_not_exists: bool,
    pub or_replace: bool,
    /// `WITH SCHEMA …`
    pub schema_mode: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewKind {
    Temp,
    GlobalTemp,
    Persistent,
}

/// `df.write`
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    pub input: Box<Relation>,
    pub format: Option<String>,
    pub target: WriteTarget,
    pub mode: SaveMode,
    pub sort_columns: Vec<String>,
    pub partition_columns: Vec<String>,
    pub bucket: Option<(Vec<String>, i32)>,
    pub cluster_columns: Vec<String>,
    pub options: Options,
    pub schema_evolution: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum WriteTarget {
    /// `noop` and friends need no path.
    Nothing,
    Path(String),
    SaveAsTable(Name),
    InsertInto(Name),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaveMode {
    /// What the source says; Spark's default is `ErrorIfExists`.
    Unspecified,
    Append,
    Overwrite,
    ErrorIfExists,
    Ignore,
}

/// `df.writeTo`
#[derive(Debug, Clone, PartialEq)]
pub struct WriteV2 {
    pub input: Box<Relation>,
    pub table: Name,
    pub provider: Option<String>,
    pub partitioning: Vec<Expr>,
    pub options: Options,
    pub properties: Options,
    pub mode: WriteV2Mode,
    pub cluster_columns: Vec<String>,
    pub schema_evolution: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum WriteV2Mode {
    Create,
    Overwrite(Option<Expr>),
    OverwritePartitions,
    Append,
    Replace,
    CreateOrReplace,
}

/// `INSERT …`
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    pub target: InsertTarget,
    /// `PARTITION (a = 1, b)`
    pub partition: Vec<(String, Option<Expr>)>,
    pub if_partition_not_exists: bool,
    pub columns: Vec<String>,
    pub by_name: bool,
    pub mode: InsertMode,
    pub query: Box<Relation>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum InsertTarget {
    Table(TableName),
    /// `INSERT OVERWRITE DIRECTORY`
    Directory {
        path: Option<String>,
        format: String,
        options: Options,
        local: bool,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum InsertMode {
    Append,
    Overwrite,
    /// `REPLACE WHERE …`
    ReplaceWhere(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub struct MergeInto {
    pub target: TableName,
    pub target_alias: Option<String>,
    pub source: Box<Relation>,
    pub condition: Expr,
    pub actions: MergeActions,
    pub schema_evolution: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExplainMode {
    Simple,
    Extended,
    Codegen,
    Cost,
    Formatted,
}

/// `StorageLevel` of Spark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageLevel {
    pub use_disk: bool,
    pub use_memory: bool,
    pub use_off_heap: bool,
    pub deserialized: bool,
    pub replication: i32,
}
