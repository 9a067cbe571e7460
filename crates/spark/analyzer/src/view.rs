//! `SessionView`: what the analyzer may know of a session, taken before it starts.
//!
//! The engine fills it from the names that `mentions` reports; the analyzer only looks things up here, so it never
//! waits. Keys are normalised (`TableKey::new`), so that both sides agree on what a name is.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlan;
use hearth_functions::SessionSettings;
use hearth_plan::relation::{DataSource, NamedTable};
use hearth_plan::{Expr, Name, Relation};
use hearth_types::{DataType, StructType};

/// Snapshot of a session for one analysis.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// Settings that functions depend on, with the current catalog and database.
    pub settings: SessionSettings,
    /// Other Spark settings, by their full key (`spark.sql.crossJoin.enabled`). Absent means Spark's default.
    pub config: HashMap<String, String>,
    pub tables: HashMap<TableKey, ResolvedTable>,
    pub sources: Vec<(DataSource, ResolvedSource)>,
    /// Rows of cached local relations, by `local_key`.
    pub local: HashMap<String, LocalRows>,
    /// Checkpoints and other relations kept by the server, by relation id.
    pub remote: HashMap<String, RemoteRelation>,
    /// Functions of the session and the catalog, by lower-case dotted name as mentioned.
    pub functions: HashMap<String, SessionFunction>,
    /// Session variables by lower-case name.
    pub variables: HashMap<String, Variable>,
    /// Variables of the script around the statement, in the order in which they are looked for.
    pub local_scopes: Vec<LocalScope>,
    /// Answers to the requests of earlier rounds, see `Analysis::Needs`.
    pub answers: HashMap<String, Vec<RecordBatch>>,
    /// Relations whose rows are kept: a query that contains one reads its table instead.
    pub cached: Vec<CachedRelation>,
}

/// A persisted relation.
#[derive(Debug, Clone)]
pub struct CachedRelation {
    /// The relation as `canonical` gives it.
    pub plan: LogicalPlan,
    pub rows: Arc<dyn KeptRows>,
}

/// Where the rows of a persisted relation are.
pub trait KeptRows: std::fmt::Debug + Send + Sync {
    /// The rows as a table with the columns of `plan`, which is the relation as it is now: rows that are not there, or
    /// stale, are computed from it.
    fn table(&self, plan: LogicalPlan) -> Arc<dyn TableProvider>;
}

/// Where unqualified names are looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Place {
    /// The session's current catalog and database, temporary views first.
    #[default]
    Session,
    /// Inside a view's text: where the view was made.
    View { catalog: String, database: String, sees_temporary: bool },
}

/// The normalised mention of a table: equal keys mean the same table in one analysis.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableKey {
    pub place: Place,
    /// Lower case unless names are case-sensitive.
    pub name: Vec<String>,
    /// Read options and time travel, as text; empty in the usual case.
    pub detail: String,
}

#[derive(Debug, Clone)]
pub enum ResolvedTable {
    Table(TableEntry),
    View(ViewEntry),
}

#[derive(Debug, Clone)]
pub struct TableEntry {
    /// The qualifier of its columns: catalog, database, table.
    pub name: Name,
    pub source: Arc<dyn TableProvider>,
    /// The Spark schema; the source's Arrow schema has the same columns in the same order.
    pub schema: StructType,
}

/// A temporary or persistent view: a query with the place where its names are looked up.
#[derive(Debug, Clone)]
pub struct ViewEntry {
    /// The qualifier of its columns: `[name]` for a temporary view.
    pub name: Name,
    pub query: Arc<Relation>,
    pub place: Place,
    /// The view's columns when they were named or typed: the query's columns take these names and types.
    pub columns: Option<StructType>,
    /// Settings stored with the view; `None` uses the session's.
    pub settings: Option<Arc<SessionSettings>>,
}

/// What `spark.read.format(…).load(…)` reads.
#[derive(Debug, Clone)]
pub struct ResolvedSource {
    pub source: Arc<dyn TableProvider>,
    pub schema: StructType,
}

/// Rows that came with the plan. Each batch has the engine's Arrow types for `schema`.
#[derive(Debug, Clone)]
pub struct LocalRows {
    pub schema: StructType,
    pub batches: Vec<RecordBatch>,
}

/// A relation the server keeps for the client.
#[derive(Debug, Clone)]
pub enum RemoteRelation {
    Stored(TableEntry),
    Plan(Arc<Relation>),
}

#[derive(Debug, Clone)]
pub enum SessionFunction {
    /// A SQL function: its parameters and its body.
    Sql(Arc<SqlFunction>),
}

#[derive(Debug, Clone)]
pub struct SqlFunction {
    pub name: String,
    /// The whole name in backticks, for errors.
    pub qualified: String,
    pub parameters: Vec<SqlParameter>,
    pub returns: Option<DataType>,
    /// For table functions: the columns.
    pub returns_table: Option<StructType>,
    pub body: SqlFunctionBody,
    pub comment: Option<String>,
    /// The session's settings when the function was made.
    pub config: Vec<(String, String)>,
    /// The settings under which the body is read; `None` uses the session's.
    pub settings: Option<Arc<SessionSettings>>,
}

#[derive(Debug, Clone)]
pub enum SqlFunctionBody {
    Expression(Expr),
    Query(Relation),
}

#[derive(Debug, Clone)]
pub struct SqlParameter {
    pub name: String,
    pub data_type: DataType,
    pub default: Option<Expr>,
    pub comment: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Variable {
    pub value: ScalarValue,
    pub data_type: DataType,
}

/// The variables of one block of a script.
#[derive(Debug, Clone)]
pub struct LocalScope {
    /// Lower case.
    pub label: String,
    /// By lower-case name.
    pub variables: HashMap<String, Variable>,
}

impl SessionView {
    pub fn new(settings: SessionSettings) -> Self {
        Self {
            settings,
            config: HashMap::new(),
            tables: HashMap::new(),
            sources: Vec::new(),
            local: HashMap::new(),
            remote: HashMap::new(),
            functions: HashMap::new(),
            variables: HashMap::new(),
            local_scopes: Vec::new(),
            answers: HashMap::new(),
            cached: Vec::new(),
        }
    }

    /// The variable of a name: a script's own first, then the session's.
    pub(crate) fn variable(&self, name: &[String]) -> Option<&Variable> {
        self.variable_with_label(name).map(|(_, variable)| variable)
    }

    /// A variable, and the label of the block that it is declared in; a session's variable has none.
    pub(crate) fn variable_with_label<'s>(&'s self, name: &[String]) -> Option<(Option<&'s str>, &'s Variable)> {
        let is = |part: &String, word: &str| part.eq_ignore_ascii_case(word);
        let key = |name: &String| name.to_lowercase();
        let of_session = |name: &String| self.variables.get(&key(name)).map(|variable| (None, variable));
        let of_scope =
            |scope: &'s LocalScope, name: &str| Some((Some(scope.label.as_str()), scope.variables.get(name)?));
        match name {
            [only] => {
                let lower = key(only);
                self.local_scopes.iter().find_map(|scope| of_scope(scope, &lower)).or_else(|| of_session(only))
            }
            [session, only] if is(session, "session") => of_session(only),
            [label, only] => {
                let (label, only) = (key(label), key(only));
                let mut scopes = self.local_scopes.iter().filter(|scope| scope.label == label);
                scopes.find_map(|scope| of_scope(scope, &only))
            }
            [system, session, only] if is(system, "system") && is(session, "session") => of_session(only),
            _ => None,
        }
    }

    /// A setting that is true or false; `default` when absent or not a boolean.
    pub(crate) fn flag(&self, key: &str, default: bool) -> bool {
        self.config.get(key).and_then(|value| value.trim().to_ascii_lowercase().parse().ok()).unwrap_or(default)
    }

    /// A setting that is a number; `default` when absent or not a number.
    pub(crate) fn number(&self, key: &str, default: usize) -> usize {
        self.config.get(key).and_then(|value| value.trim().parse().ok()).unwrap_or(default)
    }
}

impl TableKey {
    pub fn new(table: &NamedTable, name: &[String], place: &Place, case_sensitive: bool) -> Self {
        let name = name.iter().map(|part| if case_sensitive { part.clone() } else { part.to_lowercase() }).collect();
        let detail = if table.options.is_empty() && table.travel.is_none() {
            String::new()
        } else {
            format!("{:?} {:?}", table.options, table.travel)
        };
        Self { place: place.clone(), name, detail }
    }
}

/// The key of a cached local relation in `SessionView::local`.
pub fn local_key(data_hashes: &[String], schema_hash: Option<&str>) -> String {
    match schema_hash {
        Some(schema) => format!("{}/{schema}", data_hashes.join(",")),
        None => data_hashes.join(","),
    }
}
