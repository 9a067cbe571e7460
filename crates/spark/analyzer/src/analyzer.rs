//! `Analyzer` and `Env`: what one analysis carries along.
//!
//! `Analyzer` lives for one call of `analyze` and hands out ids. `Env` is what is in force at one place of the plan
//! (common table expressions, outer queries, named windows, the view being read); it goes down by value.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use hearth_base::condition::{CAST_OVERFLOW, FIELD_NOT_FOUND, INVALID_EXTRACT_BASE_FIELD_TYPE, UNSUPPORTED_TIME_TYPE};
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
    pub metrics: RefCell<Vec<ObservedMetrics>>,
    /// The columns that calls of `window` have got.
    pub time_windows: RefCell<Vec<WindowColumn>>,
}

/// A query whose answer the analysis needs before it can go on: the values of a pivot, the size for `tail`.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where the answer goes: `SessionView::answers`.
    pub key: String,
    pub plan: LogicalPlan,
    pub schema: StructType,
}

/// `observe`: the metrics of one name, as a query over the observed rows.
#[derive(Debug, Clone)]
pub struct ObservedMetrics {
    pub name: String,
    /// One row; positional columns.
    pub plan: LogicalPlan,
    pub schema: StructType,
    /// What was asked for: one observation may stand in a plan several times.
    pub source: Vec<hearth_plan::Expr>,
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
pub(crate) fn located<T>(origin: Option<&Arc<Origin>>, result: Result<T>) -> Result<T> {
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

/// Whether Spark tells the place of such an error.
fn has_place(error: &Error, origin: &Origin) -> bool {
    match error.condition() {
        CAST_OVERFLOW | UNSUPPORTED_TIME_TYPE => false,
        // It looks for the field of `column["field"]` before the call has a place.
        FIELD_NOT_FOUND | INVALID_EXTRACT_BASE_FIELD_TYPE => match origin {
            Origin::Sql { .. } => true,
            Origin::DataFrame { fragment, .. } => **fragment == *"col",
        },
        _ => true,
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
