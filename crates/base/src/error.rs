//! `Error`: who must act, Spark's name for what happened, and its parameters.
//!
//! Errors are built where they are known: `TABLE_OR_VIEW_NOT_FOUND.with("relationName", name)`. Doors map them in two
//! exhaustive places each and never read the text.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::Condition;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request does not make sense on the wire.
    InvalidRequest,
    Unauthenticated,
    Denied,
    NotFound,
    AlreadyExists,
    /// The request is fine and the thing's state does not allow it.
    Conflict,
    /// The text does not parse as SQL, DDL or JSON.
    Parse,
    /// The query or command is wrong: names, types, arguments.
    Analysis,
    /// The query ran into the user's data: overflow, division by zero, an invalid cast.
    Runtime,
    /// The user's own code raised.
    UserCode,
    /// A named limit was reached.
    Exhausted,
    Unsupported,
    Cancelled,
    DeadlineExceeded,
    Unavailable,
    /// A defect of ours.
    Internal,
}

impl ErrorKind {
    /// Who must act, as far as the class of a SQLSTATE says it.
    pub fn of_sqlstate(sqlstate: &str) -> Option<Self> {
        Some(match sqlstate.get(..2)? {
            "07" | "20" | "21" | "42" | "54" => Self::Analysis,
            "0A" => Self::Unsupported,
            "22" | "23" | "P0" => Self::Runtime,
            "38" | "39" => Self::UserCode,
            _ => return None,
        })
    }
}

/// Boxed so that `Result` stays one pointer wide.
#[derive(Debug, Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    condition: Condition,
    parameters: Vec<(&'static str, String)>,
    /// Overrides the condition's text, for the rare texts that have no fixed form.
    message: Option<String>,
    /// What stands behind the SQLSTATE: the place in a SQL text.
    trailer: Option<String>,
    contexts: Vec<QueryContext>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    foreign: Option<Foreign>,
}

/// What another Spark said of an error. Its condition and its classes need not be in our table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foreign {
    /// With its sub-condition, where the error has one.
    pub condition: Option<String>,
    pub sqlstate: Option<String>,
    pub parameters: Vec<(String, String)>,
    /// The Java class that was thrown and its ancestors, most derived first.
    pub classes: Vec<String>,
    /// The whole message, as it was told.
    pub message: String,
    /// An encoded `spark.connect.FetchErrorDetailsResponse`, where it could be had.
    pub details: Option<Vec<u8>>,
}

/// The part of the user's query that an error is about (Spark's `QueryContext`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryContext {
    /// Character offsets into the statement; `stop` is inclusive.
    Sql {
        object_type: String,
        object_name: String,
        start: i32,
        stop: i32,
        fragment: String,
    },
    DataFrame {
        fragment: String,
        call_site: String,
    },
}

impl QueryContext {
    /// What Spark tells of an expression that nobody wrote at a place.
    pub fn unknown() -> Self {
        let nothing = String::new;
        Self::Sql { object_type: nothing(), object_name: nothing(), start: -1, stop: -1, fragment: nothing() }
    }
}

impl Error {
    pub fn new(condition: Condition) -> Self {
        Self(Box::new(Inner {
            condition,
            parameters: Vec::new(),
            message: None,
            trailer: None,
            contexts: Vec::new(),
            source: None,
            foreign: None,
        }))
    }

    /// An error that another Spark told. `kind` is what its classes and its condition say of who must act.
    pub fn foreign(kind: ErrorKind, foreign: Foreign) -> Self {
        let mut error = Self::new(Condition { kind, ..crate::condition::REMOTE_ERROR });
        error.0.foreign = Some(foreign);
        error
    }

    /// What another Spark said, where it is its error.
    pub fn as_foreign(&self) -> Option<&Foreign> {
        self.0.foreign.as_ref()
    }

    /// The condition's name; another Spark's own, where it is its error and has one.
    pub fn name(&self) -> &str {
        let foreign = self.0.foreign.as_ref().and_then(|foreign| foreign.condition.as_deref());
        foreign.unwrap_or(self.0.condition.name)
    }

    pub fn sqlstate(&self) -> &str {
        let foreign = self.0.foreign.as_ref().and_then(|foreign| foreign.sqlstate.as_deref());
        foreign.unwrap_or(self.0.condition.sqlstate)
    }

    /// All parameters by name, another Spark's too.
    pub fn named_parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self.0.parameters.iter().map(|(name, value)| (*name, value.as_str()));
        let foreign = self.0.foreign.iter().flat_map(|foreign| &foreign.parameters);
        own.chain(foreign.map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// Sets a parameter of the condition's text.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.parameters.push((name, value.to_string()));
        self
    }

    /// Replaces the text. The condition and its parameters stay.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.0.message = Some(message.into());
        self
    }

    /// Adds what Spark prints behind the SQLSTATE: ` (line 1, pos 7)` and the marked statement.
    #[must_use]
    pub fn trailer(mut self, trailer: impl Into<String>) -> Self {
        self.0.trailer = Some(trailer.into());
        self
    }

    /// What `trailer` added, or what another Spark said behind the SQLSTATE.
    pub fn behind(&self) -> Option<&str> {
        self.0.trailer.as_deref().or_else(|| self.0.foreign.as_ref().and_then(behind_sqlstate))
    }

    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Adds where in the query it happened, unless an inner place is known already.
    #[must_use]
    pub fn at(mut self, context: QueryContext) -> Self {
        if self.0.contexts.is_empty() {
            self.0.contexts.push(context);
        }
        self
    }

    /// A defect of ours, told with enough to find it.
    pub fn internal(message: impl fmt::Display) -> Self {
        crate::condition::INTERNAL_ERROR.with("message", message)
    }

    /// A feature that is not built. `feature` names it as the user knows it.
    pub fn unsupported(feature: impl fmt::Display) -> Self {
        crate::condition::UNSUPPORTED_FEATURE.with("feature", feature)
    }

    pub fn kind(&self) -> ErrorKind {
        self.0.condition.kind
    }

    pub fn condition(&self) -> Condition {
        self.0.condition
    }

    pub fn parameters(&self) -> &[(&'static str, String)] {
        &self.0.parameters
    }

    pub fn contexts(&self) -> &[QueryContext] {
        &self.0.contexts
    }

    /// The text without the name in front and the SQLSTATE behind.
    pub fn text(&self) -> String {
        match (&self.0.message, &self.0.foreign) {
            (Some(message), _) => message.clone(),
            (None, Some(foreign)) => bare(foreign).to_owned(),
            (None, None) => self.0.condition.render(&self.0.parameters),
        }
    }
}

/// The message of another Spark without the name in front and what follows from the SQLSTATE on.
fn bare(foreign: &Foreign) -> &str {
    // Spark begins what its parser says with an empty line.
    let message = foreign.message.trim_start();
    let Some(condition) = &foreign.condition else { return message };
    let prefix = format!("[{condition}] ");
    let inner = message.strip_prefix(prefix.as_str()).unwrap_or(message);
    inner.rfind(" SQLSTATE: ").map_or(inner, |end| &inner[..end])
}

fn behind_sqlstate(foreign: &Foreign) -> Option<&str> {
    let mark = format!(" SQLSTATE: {}", foreign.sqlstate.as_deref()?);
    let start = foreign.message.rfind(&mark)? + mark.len();
    foreign.message.get(start..).filter(|tail| !tail.is_empty())
}

/// As Spark prints it: `[CONDITION] text SQLSTATE: 42P01`.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(foreign), None) = (&self.0.foreign, &self.0.message) {
            return f.write_str(&foreign.message);
        }
        let condition = &self.0.condition;
        write!(f, "[{}] {}", condition.name, self.text())?;
        if !condition.sqlstate.is_empty() {
            write!(f, " SQLSTATE: {}", condition.sqlstate)?;
        }
        if let Some(trailer) = &self.0.trailer {
            f.write_str(trailer)?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
