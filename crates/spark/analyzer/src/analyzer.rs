//! `Analyzer` and `Env`: what one analysis carries along.
//!
//! `Analyzer` lives for one call of `analyze` and hands out ids. `Env` is what is in force at one place of the plan
//! (common table expressions, outer queries, named windows, the view being read); it goes down by value.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use hearth_base::condition::{FIELD_NOT_FOUND, INVALID_EXTRACT_BASE_FIELD_TYPE, WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE};
use hearth_base::{Error, ErrorKind, QueryContext, Result};
use hearth_functions::{SessionSettings, Typed};
use hearth_plan::expression::WindowSpec;
use hearth_plan::relation::Cte;
use hearth_plan::{Origin, Relation};
use hearth_types::StructType;

use crate::rel::Rel;
use crate::relation::time_window::WindowColumn;
use crate::scope::{Column, ColumnId};
use crate::view::{Place, SessionView};

pub(crate) struct Analyzer<'a> {
    pub view: &'a SessionView,
    pub case_sensitive: bool,
    /// Analyses one relation for itself: it neither asks nor reads kept rows.
    pub plain: bool,
    next_id: Cell<u64>,
    next_request: Cell<usize>,
    /// The output of every analysed relation that has a plan id; several when the client uses one relation twice.
    pub plan_outputs: RefCell<HashMap<i64, Vec<Vec<Column>>>>,
    /// The sides of the join whose condition is being read, by plan id.
    pub join_sides: RefCell<Vec<(i64, Vec<ColumnId>)>>,
    /// Whether the plan has subqueries or lateral joins, which `decorrelated` must look at.
    pub subqueries: Cell<bool>,
    pub pending: RefCell<Option<Request>>,
    /// What was observed so far: a name stands for the same metrics everywhere.
    pub metrics: RefCell<Vec<(String, Vec<hearth_plan::Expr>)>>,
    /// The columns that calls of `window` have got.
    pub time_windows: RefCell<Vec<WindowColumn>>,
    /// The variables of the session that were read.
    pub variables: RefCell<Vec<String>>,
}

/// A query whose answer the analysis needs before it can go on: the values of a pivot, the size for `tail`.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where the answer goes: `SessionView::answers`.
    pub key: String,
    pub plan: LogicalPlan,
    pub schema: StructType,
}

/// What is in force at one place of the plan.
#[derive(Clone, Copy)]
pub(crate) struct Env<'e> {
    pub settings: &'e SessionSettings,
    pub place: &'e Place,
    pub ctes: Option<&'e CteFrame<'e>>,
    pub outer: Option<&'e Outer<'e>>,
    pub windows: Option<&'e WindowFrame<'e>>,
    pub references: Option<&'e References<'e>>,
    pub parameters: Option<&'e Parameters<'e>>,
    /// How many views and SQL functions are being read, one inside the other.
    pub depth: usize,
}

/// A common table expression in force; its query is analysed anew at every use.
pub(crate) struct CteFrame<'e> {
    pub definition: &'e Cte,
    /// What was in force where it was defined.
    pub env: Env<'e>,
    pub recursive: bool,
    /// Set inside the recursive part of the expression: the rows of the last step.
    pub working: Option<&'e WorkingTable>,
    pub parent: Option<&'e CteFrame<'e>>,
}

/// The table that a recursive query reads its own last step from.
pub(crate) struct WorkingTable {
    pub plan: LogicalPlan,
    pub columns: Vec<Column>,
    /// The names of the plan's columns, in the order of `columns`.
    pub plan_columns: Vec<datafusion::common::Column>,
}

/// The query around a subquery.
pub(crate) struct Outer<'e> {
    pub rel: &'e Rel,
    /// Where the subquery stands in `HAVING`: the aggregates over the outer rows that it asks for.
    pub aggregates: Option<&'e RefCell<Vec<(ColumnId, datafusion::logical_expr::Expr)>>>,
    pub parent: Option<&'e Outer<'e>>,
}

/// A `WINDOW` clause.
pub(crate) struct WindowFrame<'e> {
    pub windows: &'e [(String, WindowSpec)],
    pub parent: Option<&'e WindowFrame<'e>>,
}

/// The relations that subqueries of the DataFrame API refer to by plan id.
pub(crate) struct References<'e> {
    pub relations: &'e [Relation],
    pub parent: Option<&'e References<'e>>,
}

/// The arguments of a SQL function while its body is read.
pub(crate) struct Parameters<'e> {
    /// Arguments of a SQL function, already typed, by parameter name.
    pub arguments: &'e [(String, Typed)],
    pub function: Option<&'e str>,
    /// The relation that a scalar function is called over, and the query around it there.
    pub rel: Option<&'e Rel>,
    pub outer: Option<&'e Outer<'e>>,
}

impl<'a> Analyzer<'a> {
    pub fn new(view: &'a SessionView) -> Self {
        Self {
            view,
            case_sensitive: view.settings.case_sensitive,
            plain: false,
            next_id: Cell::new(0),
            next_request: Cell::new(0),
            plan_outputs: RefCell::default(),
            join_sides: RefCell::default(),
            subqueries: Cell::new(false),
            pending: RefCell::default(),
            metrics: RefCell::default(),
            time_windows: RefCell::default(),
            variables: RefCell::default(),
        }
    }

    /// One that looks at a relation for itself.
    pub fn plain(view: &'a SessionView) -> Self {
        Self { plain: true, ..Self::new(view) }
    }

    pub fn env(&self) -> Env<'a> {
        Env {
            settings: &self.view.settings,
            place: &Place::Session,
            ctes: None,
            outer: None,
            windows: None,
            references: None,
            parameters: None,
            depth: 0,
        }
    }

    pub fn new_id(&self) -> ColumnId {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        ColumnId(id)
    }

    /// Ids from here on are at least `from`.
    pub fn skip_ids(&self, from: u64) {
        self.next_id.set(self.next_id.get().max(from));
    }

    /// The rows that answer a question, or the error that makes the analysis stop and ask.
    pub fn ask(
        &self,
        plan: impl FnOnce() -> Result<(LogicalPlan, StructType)>,
    ) -> Result<&'a [datafusion::arrow::array::RecordBatch]> {
        if self.plain {
            return unsupported("a plan whose analysis depends on data");
        }
        let number = self.next_request.get();
        self.next_request.set(number + 1);
        let key = format!("request-{number}");
        if let Some(answer) = self.view.answers.get(&key) {
            return Ok(answer);
        }
        let (plan, schema) = plan()?;
        let plan = self.decorrelated(plan)?;
        *self.pending.borrow_mut() = Some(Request { key, plan, schema });
        Err(Error::internal("the analysis waits for an answer"))
    }
}

/// The one place for what is not built.
pub(crate) fn unsupported<T>(feature: &str) -> Result<T> {
    Err(Error::unsupported(feature))
}

/// A DataFusion error while a plan is put together. Ours come back as they were.
pub(crate) fn plan_error(error: DataFusionError) -> Error {
    match error {
        DataFusionError::External(source) => match source.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => Error::internal(other),
        },
        DataFusionError::Context(_, inner) => plan_error(*inner),
        DataFusionError::Shared(shared) => match Arc::try_unwrap(shared) {
            Ok(inner) => plan_error(inner),
            Err(shared) => Error::internal(shared.strip_backtrace()),
        },
        other => Error::internal(other.strip_backtrace()),
    }
}

/// Adds the place of a node to an error that has none.
pub fn located<T>(origin: Option<&Arc<Origin>>, result: Result<T>) -> Result<T> {
    match (result, origin) {
        (Err(error), Some(origin)) => Err(placed(error, origin)),
        (result, _) => result,
    }
}

/// Adds a place to an error that has none, also to its text.
pub(crate) fn placed(error: Error, origin: &Origin) -> Error {
    if !error.contexts().is_empty() || !has_place(&error, origin) {
        return error;
    }
    put(error, origin)
}

/// As `placed`, for a whole query: where a window function stands without its window, that is all Spark tells.
pub(crate) fn placed_query<T>(origin: Option<&Arc<Origin>>, result: Result<T>) -> Result<T> {
    match (result, origin) {
        (Err(error), Some(origin)) if error.condition() == WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE => {
            Err(put(error, origin))
        }
        (result, origin) => located(origin, result),
    }
}

fn put(error: Error, origin: &Origin) -> Error {
    let behind = match origin {
        _ if error.behind().is_some() => None,
        Origin::Sql { text, start, stop } => {
            let (start, end) = (*start as usize, *stop as usize + 1);
            text.get(start..end).map(|_| hearth_sql::place(error.kind(), text, start, end))
        }
        Origin::DataFrame { fragment, call_site } if error.kind() == ErrorKind::Runtime => {
            Some(format!("\n== DataFrame ==\n\"{fragment}\" was called from\n{call_site}\n"))
        }
        Origin::DataFrame { .. } => None,
    };
    let error = error.at(query_context(origin));
    match behind {
        Some(behind) => error.trailer(behind),
        None => error,
    }
}

/// Conditions that Spark tells without a place.
const WITHOUT_PLACE: [&str; 30] = [
    "BINARY_ARITHMETIC_OVERFLOW",
    "CAST_OVERFLOW",
    "DATETIME_OVERFLOW",
    "FIELD_NOT_FOUND",
    "GROUPING_COLUMN_MISMATCH",
    "GROUPING_ID_COLUMN_MISMATCH",
    "INVALID_EXTRACT_BASE_FIELD_TYPE",
    "INVALID_EXTRACT_FIELD_TYPE",
    "INVALID_FORMAT.ESC_AT_THE_END",
    "INVALID_INTERVAL_WITH_MICROSECONDS_ADDITION",
    "INVALID_PARAMETER_VALUE.PATTERN",
    "MISSING_AGGREGATION",
    "MISSING_WINDOW_SPECIFICATION",
    "NON_LITERAL_PIVOT_VALUES",
    "PIVOT_VALUE_DATA_TYPE_MISMATCH",
    "UNPIVOT_VALUE_DATA_TYPE_MISMATCH",
    "UNRESOLVED_USING_COLUMN_FOR_JOIN",
    "UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS",
    "UNSUPPORTED_GENERATOR.OUTSIDE_SELECT",
    "UNSUPPORTED_TIME_TYPE",
    "WINDOW_FUNCTION_FRAME_NOT_ORDERED",
    "WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE",
    "WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE",
    "WRONG_NUM_ARGS.WITH_SUGGESTION",
    "_LEGACY_ERROR_TEMP_1006",
    "_LEGACY_ERROR_TEMP_1031",
    "_LEGACY_ERROR_TEMP_1035",
    "_LEGACY_ERROR_TEMP_1036",
    "_LEGACY_ERROR_TEMP_1040",
    "_LEGACY_ERROR_TEMP_3231",
];

/// Whether Spark tells the place of such an error.
fn has_place(error: &Error, origin: &Origin) -> bool {
    // The text of a type is parsed before there is an expression.
    if error.kind() == ErrorKind::Parse && matches!(origin, Origin::DataFrame { .. }) {
        return false;
    }
    let name = error.condition().name;
    if name == "WRONG_NUM_ARGS.WITHOUT_SUGGESTION" {
        // Functions that count for themselves, and so say "more than" or "pairs", have no place then.
        let expected =
            error.parameters().iter().find(|(name, _)| *name == "expectedNum").map(|(_, text)| text.as_str());
        return !expected.is_some_and(|text| text.starts_with('>') || text.starts_with("2n"));
    }
    !WITHOUT_PLACE.contains(&name)
}

/// As `placed`, for what is said of a name: Spark knows the place of a field in `st.field`, not of that in `st['field']`.
pub(crate) fn placed_name(error: Error, origin: &Origin) -> Error {
    let of_fields = matches!(error.condition(), FIELD_NOT_FOUND | INVALID_EXTRACT_BASE_FIELD_TYPE);
    match origin {
        _ if !of_fields || !error.contexts().is_empty() => placed(error, origin),
        Origin::DataFrame { fragment, .. } if **fragment != *"col" => error,
        Origin::Sql { .. } | Origin::DataFrame { .. } => put(error, origin),
    }
}

fn query_context(origin: &Origin) -> QueryContext {
    match origin {
        Origin::Sql { text, start, stop } => {
            let characters =
                |bytes: u32| text.get(..bytes as usize).map_or(bytes as usize, |before| before.chars().count());
            let fragment = text.get(*start as usize..=*stop as usize).unwrap_or_default();
            let first = characters(*start);
            QueryContext::Sql {
                object_type: String::new(),
                object_name: String::new(),
                start: i32::try_from(first).unwrap_or(i32::MAX),
                stop: i32::try_from((first + fragment.chars().count()).saturating_sub(1)).unwrap_or(i32::MAX),
                fragment: fragment.to_owned(),
            }
        }
        Origin::DataFrame { fragment, call_site } => {
            QueryContext::DataFrame { fragment: fragment.to_string(), call_site: call_site.to_string() }
        }
    }
}
