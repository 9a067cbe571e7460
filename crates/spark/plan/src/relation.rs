//! Unresolved relations: one node per Catalyst node that a client can ask for.
//!
//! Nodes that only SQL makes (`WithCte`, `LateralView`, `Having`, …) stand beside those that only Spark Connect sends.

use std::sync::Arc;

use bytes::Bytes;
use hearth_types::{DataType, StructField, Value};

use crate::expression::{InlineUdf, MergeAction, PythonUdtf, SortOrder, WindowSpec};
pub use crate::table_name::{NameForm, TableName};
use crate::{CatalogOp, Command, Expr, Name, Options, Origin};

#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    pub node: RelationNode,
    /// The client's id of this node; `df["x"]` refers to it.
    pub plan_id: Option<i64>,
    pub origin: Option<Arc<Origin>>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum RelationNode {
    // Sources
    NamedTable(NamedTable),
    DataSource(DataSource),
    /// `data` is an Arrow IPC stream and shares the memory of the request; `schema` is DDL text or `DataType.json`.
    LocalRelation {
        data: Option<Bytes>,
        schema: Option<String>,
    },
    CachedLocalRelation {
        hash: String,
    },
    ChunkedCachedLocalRelation {
        data_hashes: Vec<String>,
        schema_hash: Option<String>,
    },
    CachedRemoteRelation {
        relation_id: String,
    },
    /// `VALUES (…), (…)`
    InlineTable {
        rows: Vec<Vec<Expr>>,
    },
    Range {
        start: i64,
        end: i64,
        step: i64,
        partitions: Option<i32>,
    },
    /// `SELECT` without `FROM`: one row, no columns.
    OneRow,
    TableFunction(TableFunction),
    RelationChanges {
        name: Name,
        options: Options,
        is_streaming: bool,
    },
    Sql(SqlText),

    // Row by row
    Project {
        input: Box<Relation>,
        expressions: Vec<Expr>,
    },
    Filter {
        input: Box<Relation>,
        condition: Expr,
    },
    Having {
        input: Box<Relation>,
        condition: Expr,
    },
    Qualify {
        input: Box<Relation>,
        condition: Expr,
    },
    WithColumns {
        input: Box<Relation>,
        columns: Vec<(String, Expr, Option<String>)>,
    },
    WithColumnsRenamed {
        input: Box<Relation>,
        renames: Vec<(String, String)>,
    },
    Drop {
        input: Box<Relation>,
        columns: Vec<Expr>,
        names: Vec<String>,
    },
    ToDf {
        input: Box<Relation>,
        names: Vec<String>,
    },
    ToSchema {
        input: Box<Relation>,
        schema: DataType,
    },
    Unpivot(Unpivot),
    Transpose {
        input: Box<Relation>,
        index: Vec<Expr>,
    },
    LateralView(Box<LateralView>),
    /// `SELECT TRANSFORM(…) USING 'script'`
    ScriptTransform(Box<ScriptTransform>),
    Parse {
        input: Box<Relation>,
        format: ParseFormat,
        schema: Option<DataType>,
        options: Options,
    },

    // Names and scope
    SubqueryAlias {
        input: Box<Relation>,
        alias: String,
        qualifier: Vec<String>,
        columns: Vec<String>,
    },
    WithCte {
        input: Box<Relation>,
        ctes: Vec<Cte>,
        recursive: bool,
    },
    /// `WINDOW w AS (…)`
    WithWindows {
        input: Box<Relation>,
        windows: Vec<(String, WindowSpec)>,
    },
    WithRelations {
        root: Box<Relation>,
        references: Vec<Relation>,
    },
    Hint {
        input: Box<Relation>,
        name: String,
        parameters: Vec<Expr>,
    },
    CollectMetrics {
        input: Box<Relation>,
        name: String,
        metrics: Vec<Expr>,
    },
    WithWatermark {
        input: Box<Relation>,
        event_time: String,
        delay_threshold: String,
    },

    // Several inputs
    Join(Box<Join>),
    AsOfJoin(Box<AsOfJoin>),
    NearestByJoin(Box<NearestByJoin>),
    SetOp(SetOp),

    // Whole input
    /// `expressions` is the whole output; for the DataFrame API `from_proto` puts the grouping columns in front.
    Aggregate {
        input: Box<Relation>,
        grouping: Grouping,
        expressions: Vec<Expr>,
    },
    Pivot(Box<Pivot>),
    Sort {
        input: Box<Relation>,
        order: Vec<SortOrder>,
        is_global: bool,
    },
    /// `ORDER BY ALL`
    SortAll {
        input: Box<Relation>,
        direction_of: SortOrder,
    },
    Limit {
        input: Box<Relation>,
        limit: Expr,
    },
    Offset {
        input: Box<Relation>,
        offset: Expr,
    },
    Tail {
        input: Box<Relation>,
        limit: Expr,
    },
    Distinct {
        input: Box<Relation>,
    },
    Deduplicate {
        input: Box<Relation>,
        names: Vec<String>,
        all_columns: bool,
        within_watermark: bool,
    },
    Sample(Sample),
    Repartition {
        input: Box<Relation>,
        partitions: i32,
        shuffle: bool,
    },
    RepartitionByExpression {
        input: Box<Relation>,
        expressions: Vec<Expr>,
        partitions: Option<i32>,
    },

    // `df.na`, `df.stat`, `df.show`
    FillNa {
        input: Box<Relation>,
        columns: Vec<String>,
        values: Vec<Value>,
    },
    DropNa {
        input: Box<Relation>,
        columns: Vec<String>,
        min_non_nulls: Option<i32>,
    },
    Replace {
        input: Box<Relation>,
        columns: Vec<String>,
        replacements: Vec<(Value, Value)>,
    },
    Summary {
        input: Box<Relation>,
        statistics: Vec<String>,
    },
    Describe {
        input: Box<Relation>,
        columns: Vec<String>,
    },
    Crosstab {
        input: Box<Relation>,
        column1: String,
        column2: String,
    },
    Cov {
        input: Box<Relation>,
        column1: String,
        column2: String,
    },
    Corr {
        input: Box<Relation>,
        column1: String,
        column2: String,
        method: Option<String>,
    },
    ApproxQuantile {
        input: Box<Relation>,
        columns: Vec<String>,
        probabilities: Vec<f64>,
        relative_error: f64,
    },
    FreqItems {
        input: Box<Relation>,
        columns: Vec<String>,
        support: Option<f64>,
    },
    SampleBy {
        input: Box<Relation>,
        column: Expr,
        fractions: Vec<(Value, f64)>,
        seed: Option<i64>,
    },
    ShowString {
        input: Box<Relation>,
        rows: i32,
        truncate: i32,
        vertical: bool,
    },
    HtmlString {
        input: Box<Relation>,
        rows: i32,
        truncate: i32,
    },

    // User code
    MapPartitions {
        input: Box<Relation>,
        function: Box<InlineUdf>,
        is_barrier: bool,
    },
    GroupMap(Box<GroupMap>),
    CoGroupMap(Box<CoGroupMap>),
    ApplyInPandasWithState {
        input: Box<Relation>,
    },
    InlineTableFunction {
        name: String,
        deterministic: bool,
        arguments: Vec<Expr>,
        function: PythonUdtf,
    },
    InlineDataSource {
        name: String,
    },

    // Things with an answer of their own
    Catalog(Box<CatalogOp>),
    /// A command in the place of a relation: `spark.sql("SHOW TABLES")`.
    Command(Box<Command>),
    Ml {
        what: String,
    },
    Extension {
        type_url: String,
    },
    /// A relation of a newer protocol than ours.
    Unknown,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NamedTable {
    pub name: TableName,
    pub options: Options,
    pub is_streaming: bool,
    /// `VERSION AS OF` / `TIMESTAMP AS OF`
    pub travel: Option<TimeTravel>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum TimeTravel {
    Version(String),
    Timestamp(Box<Expr>),
}

/// `spark.read.format(…).load(…)`, and SQL's ``parquet.`path` `` after resolution.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSource {
    pub format: Option<String>,
    /// DDL text or `DataType.json`.
    pub schema: Option<String>,
    pub options: Options,
    pub paths: Vec<String>,
    pub predicates: Vec<String>,
    pub is_streaming: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TableFunction {
    pub name: TableName,
    pub arguments: Vec<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SqlText {
    pub query: String,
    pub named: Vec<(String, Expr)>,
    pub positional: Vec<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Unpivot {
    pub input: Box<Relation>,
    /// `None`: all columns that are not values (SQL).
    pub ids: Option<Vec<Expr>>,
    /// `None`: all columns that are not ids. Each value is one column or, in SQL, a tuple with an alias.
    pub values: Option<Vec<UnpivotValue>>,
    pub variable_column: String,
    pub value_columns: Vec<String>,
    pub include_nulls: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct UnpivotValue {
    pub expressions: Vec<Expr>,
    pub alias: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct LateralView {
    pub input: Box<Relation>,
    pub outer: bool,
    pub generator: Expr,
    pub table_alias: Option<String>,
    pub columns: Vec<String>,
}

/// Rows of a query, as lines of text through a program and back.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptTransform {
    pub input: Box<Relation>,
    /// What the shell runs.
    pub script: String,
    /// None is `key STRING, value STRING`.
    pub columns: Option<Vec<StructField>>,
    pub input_rows: TextRows,
    pub output_rows: TextRows,
}

/// `ROW FORMAT DELIMITED`; what is not given is Hive's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextRows {
    pub fields: Option<String>,
    pub null: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseFormat {
    Csv,
    Json,
    Xml,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Cte {
    pub name: String,
    pub columns: Vec<String>,
    pub query: Relation,
    /// `MAX RECURSION LEVEL n`
    pub max_recursion: Option<i64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    pub left: Box<Relation>,
    pub right: Box<Relation>,
    pub kind: JoinKind,
    pub constraint: JoinConstraint,
    /// The right side may refer to the left one.
    pub lateral: bool,
    /// `joinWith`: the output is two structs (left, right).
    pub structs: Option<(bool, bool)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    Inner,
    Cross,
    LeftOuter,
    RightOuter,
    FullOuter,
    LeftSemi,
    LeftAnti,
}

#[derive(Debug, Clone, PartialEq)]
pub enum JoinConstraint {
    None,
    On(Expr),
    Using(Vec<String>),
    Natural,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AsOfJoin {
    pub left: Box<Relation>,
    pub right: Box<Relation>,
    pub left_as_of: Expr,
    pub right_as_of: Expr,
    pub condition: Option<Expr>,
    pub using: Vec<String>,
    pub join_type: String,
    pub tolerance: Option<Expr>,
    pub allow_exact_matches: bool,
    pub direction: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NearestByJoin {
    pub left: Box<Relation>,
    pub right: Box<Relation>,
    pub ranking: Expr,
    pub results: i32,
    pub join_type: String,
    pub mode: String,
    pub direction: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SetOp {
    pub left: Box<Relation>,
    pub right: Box<Relation>,
    pub kind: SetOpKind,
    pub all: bool,
    pub by_name: bool,
    pub allow_missing_columns: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOpKind {
    Union,
    Intersect,
    Except,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Grouping {
    /// `GROUP BY ALL`
    All,
    /// The cross product of the items, as in SQL. Empty: one group.
    Items(Vec<GroupingItem>),
}

#[derive(Debug, Clone, PartialEq)]
pub enum GroupingItem {
    Expr(Expr),
    Rollup(Vec<Vec<Expr>>),
    Cube(Vec<Vec<Expr>>),
    /// `GROUPING SETS (…)`; sets may nest. `expressions` is what stands before `GROUPING SETS` in Spark's old form and
    /// in the DataFrame API; empty otherwise.
    Sets {
        sets: Vec<GroupingSet>,
        expressions: Vec<Expr>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum GroupingSet {
    Set(Vec<Expr>),
    Nested(GroupingItem),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Pivot {
    pub input: Box<Relation>,
    /// `None`: SQL's implicit grouping by all columns that the pivot does not mention.
    pub grouping: Option<Vec<Expr>>,
    /// More than one for `FOR (a, b) IN (…)`.
    pub columns: Vec<Expr>,
    /// Empty: all distinct values, found by running a query.
    pub values: Vec<PivotValue>,
    pub aggregates: Vec<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PivotValue {
    pub expressions: Vec<Expr>,
    pub alias: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub input: Box<Relation>,
    pub method: SampleMethod,
    pub with_replacement: bool,
    pub seed: Option<i64>,
    pub deterministic_order: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum SampleMethod {
    Fraction { lower: f64, upper: f64 },
    Rows(Expr),
    Bucket { bucket: i64, of: i64 },
}

#[derive(Debug, Clone, PartialEq)]
pub struct GroupMap {
    pub input: Box<Relation>,
    pub grouping: Vec<Expr>,
    pub function: Box<InlineUdf>,
    pub sorting: Vec<Expr>,
    /// Set for the stateful forms, which need streaming.
    pub stateful: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CoGroupMap {
    pub left: Box<Relation>,
    pub left_grouping: Vec<Expr>,
    pub right: Box<Relation>,
    pub right_grouping: Vec<Expr>,
    pub function: Box<InlineUdf>,
}

/// What `MERGE INTO` carries; see `Command::MergeInto`.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeActions {
    pub matched: Vec<MergeAction>,
    pub not_matched: Vec<MergeAction>,
    pub not_matched_by_source: Vec<MergeAction>,
}

impl Relation {
    pub fn new(node: RelationNode) -> Self {
        Self { node, plan_id: None, origin: None }
    }
}
