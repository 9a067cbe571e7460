//! Unresolved expressions.
//!
//! Operators are functions with the operator's sign as their name (`+`, `==`, `and`, `not`, `in`, `between`, `like`,
//! `isnull`), because Spark Connect sends them so; SQL does the same. `CASE` is the function `when` with arguments
//! condition, value, …, else. An array, map or struct constructor is `array`, `map`, `struct`, `named_struct`. Names that
//! start with `#` are forms of SQL that no function has: `#struct` is a row in parentheses, `#likeany`, `#likeall`,
//! `#notlikeany` and `#notlikeall` are `LIKE ANY (…)` and its like over constant patterns.

use std::sync::Arc;

use hearth_types::{DataType, Value};

use crate::{Name, Origin, Relation};

#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    pub node: ExprNode,
    pub origin: Option<Arc<Origin>>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ExprNode {
    Literal(Value),
    /// `DATE '…'`, `TIMESTAMP '…'`, `INTERVAL '…'`: text whose value depends on the session, so the analyzer reads it.
    TypedLiteral {
        kind: TypedLiteralKind,
        text: String,
    },
    Attribute {
        name: Name,
        plan_id: Option<i64>,
        is_metadata: bool,
    },
    /// `*`, `t.*`, `struct.*`, with SQL's `EXCEPT (…)`.
    Star {
        target: Option<Name>,
        plan_id: Option<i64>,
        except: Vec<Name>,
    },
    /// `df.colRegex`, and SQL's quoted regex names.
    Regex {
        /// The alias before the pattern.
        table: Option<String>,
        pattern: String,
        plan_id: Option<i64>,
    },
    Function(Box<FunctionCall>),
    Alias {
        expr: Box<Expr>,
        /// One name, or several for a generator (`AS (a, b)`).
        names: Vec<String>,
        /// A JSON object.
        metadata: Option<String>,
    },
    Cast {
        expr: Box<Expr>,
        to: TypeRef,
        mode: CastMode,
    },
    SortOrder(Box<SortOrder>),
    Lambda {
        body: Box<Expr>,
        arguments: Vec<String>,
    },
    /// A use of a lambda's argument. `name` may have more parts (`x.field`).
    LambdaVariable {
        name: Name,
    },
    Window(Box<Window>),
    /// `child[extraction]`, and `child.field` when the child is not a plain name.
    Extract {
        child: Box<Expr>,
        extraction: Box<Expr>,
    },
    /// `Column.withField` (`value` present) and `dropFields` (absent).
    UpdateField {
        structure: Box<Expr>,
        field: String,
        value: Option<Box<Expr>>,
    },
    Subquery(Box<Subquery>),
    /// `name => value`.
    NamedArgument {
        key: String,
        value: Box<Expr>,
    },
    /// SQL text of one expression, from `expr("…")` or `selectExpr`.
    SqlText(String),
    /// `:name`
    NamedParameter(String),
    /// `?`, counted from 0 in the order of the text.
    PositionalParameter(usize),
    /// `IDENTIFIER(expr)` where a column or function name stands; with `arguments` it is a function call.
    Identifier {
        name: Box<Expr>,
        arguments: Option<Vec<Expr>>,
    },
    /// `DEFAULT` in an `INSERT` or `UPDATE`.
    Default,
    InlineUdf(Box<InlineUdf>),
    MergeAction(Box<MergeAction>),
    /// A Scala aggregator; decoded so that it can be refused by name.
    TypedAggregate,
    DirectShufflePartitionId(Box<Expr>),
    /// A vendor's extension: its type URL.
    Extension(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypedLiteralKind {
    Date,
    Timestamp,
    TimestampNtz,
    TimestampLtz,
    Time,
    /// The text behind `INTERVAL`, whole: `'1-2' YEAR TO MONTH`, `1 day 2 hours`, `'1 day'`.
    Interval,
}

/// A type, known or as text that the analyzer parses.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeRef {
    Known(DataType),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CastMode {
    /// As `spark.sql.ansi.enabled` says.
    Session,
    Legacy,
    Ansi,
    Try,
}

#[derive(Debug, Clone, PartialEq)]
pub struct FunctionCall {
    pub name: Name,
    pub arguments: Vec<Expr>,
    pub distinct: bool,
    /// `FILTER (WHERE …)`
    pub filter: Option<Expr>,
    /// `IGNORE NULLS` (true), `RESPECT NULLS` (false).
    pub ignore_nulls: Option<bool>,
    /// `WITHIN GROUP (ORDER BY …)`
    pub within_group: Vec<SortOrder>,
    /// Sent by a client as one of its internal functions, which SQL cannot name.
    pub is_internal: bool,
    /// `call_function` / a registered function: built-ins may be shadowed.
    pub is_user_defined: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SortOrder {
    pub child: Expr,
    pub direction: SortDirection,
    pub nulls: NullOrdering,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortDirection {
    Ascending,
    Descending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullOrdering {
    /// First when ascending, last when descending.
    Default,
    First,
    Last,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    pub function: Expr,
    pub spec: WindowSpec,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct WindowSpec {
    /// `OVER w` or `OVER (w …)`: a window of the `WINDOW` clause (see `RelationNode::WithWindows`).
    pub base: Option<String>,
    pub partition: Vec<Expr>,
    pub order: Vec<SortOrder>,
    pub frame: Option<WindowFrame>,
    /// Where the window is defined, in SQL.
    pub origin: Option<Arc<Origin>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct WindowFrame {
    pub unit: FrameUnit,
    pub lower: FrameBound,
    pub upper: FrameBound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameUnit {
    Rows,
    Range,
}

/// A frame's edge. `Offset` is signed: negative is preceding, as Spark Connect sends it.
#[derive(Debug, Clone, PartialEq)]
pub enum FrameBound {
    CurrentRow,
    UnboundedPreceding,
    UnboundedFollowing,
    Offset(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Subquery {
    pub kind: SubqueryKind,
    pub source: SubquerySource,
}

#[derive(Debug, Clone, PartialEq)]
pub enum SubqueryKind {
    Scalar,
    Exists,
    /// `(values…) IN (subquery)`
    In {
        values: Vec<Expr>,
    },
    /// `TABLE(…)` as an argument of a table function.
    TableArgument {
        partition: Vec<Expr>,
        order: Vec<SortOrder>,
        single_partition: bool,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum SubquerySource {
    Inline(Box<Relation>),
    /// A relation of the surrounding `RelationNode::WithRelations`.
    PlanId(i64),
}

/// A function whose code came with the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct InlineUdf {
    pub name: String,
    pub deterministic: bool,
    pub arguments: Vec<Expr>,
    pub distinct: bool,
    pub code: UdfCode,
}

#[derive(Debug, Clone, PartialEq)]
pub enum UdfCode {
    Python(PythonUdf),
    ScalaScalar { payload: Arc<[u8]>, inputs: Vec<DataType>, output: DataType, nullable: bool, aggregate: bool },
    Java { class_name: String, output: Option<DataType>, aggregate: bool },
}

#[derive(Debug, Clone, PartialEq)]
pub struct PythonUdf {
    pub output: TypeRef,
    /// `PythonEvalType` of PySpark.
    pub eval_type: i32,
    pub command: Arc<[u8]>,
    pub python_version: String,
    pub additional_includes: Vec<String>,
}

/// A table function whose code came with the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PythonUdtf {
    /// `None`: the function's own `analyze` says.
    pub output: Option<TypeRef>,
    /// `PythonEvalType` of PySpark.
    pub eval_type: i32,
    pub command: Arc<[u8]>,
    pub python_version: String,
}

/// One `WHEN … THEN …` of a `MERGE`.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeAction {
    pub kind: MergeActionKind,
    pub condition: Option<Expr>,
    pub assignments: Vec<(Expr, Expr)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeActionKind {
    Delete,
    Insert,
    InsertStar,
    Update,
    UpdateStar,
}

impl Expr {
    pub fn new(node: ExprNode) -> Self {
        Self { node, origin: None }
    }

    pub fn literal(value: Value) -> Self {
        Self::new(ExprNode::Literal(value))
    }

    pub fn column(name: impl Into<String>) -> Self {
        Self::new(ExprNode::Attribute { name: vec![name.into()], plan_id: None, is_metadata: false })
    }

    /// A plain call: no `DISTINCT`, no `FILTER`.
    pub fn function(name: impl Into<String>, arguments: Vec<Self>) -> Self {
        Self::new(ExprNode::Function(Box::new(FunctionCall::new(vec![name.into()], arguments))))
    }

    pub fn alias(self, name: impl Into<String>) -> Self {
        Self::new(ExprNode::Alias { expr: Box::new(self), names: vec![name.into()], metadata: None })
    }
}

impl FunctionCall {
    pub fn new(name: Name, arguments: Vec<Expr>) -> Self {
        Self {
            name,
            arguments,
            distinct: false,
            filter: None,
            ignore_nulls: None,
            within_group: Vec::new(),
            is_internal: false,
            is_user_defined: false,
        }
    }
}
