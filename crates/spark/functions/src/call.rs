//! `Call`: what a row's builder gets.

use std::fmt;

use datafusion::logical_expr::Expr;
use datafusion::logical_expr::SortExpr;
use hearth_base::condition::{
    DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, LAMBDA_IN_PLAIN_FUNCTION, NOT_A_CONSTANT, UNSUPPORTED_TIME_TYPE,
};
use hearth_base::{Error, Result};
use hearth_types::DataType;

use crate::typed::Typed;

/// The session's settings that functions depend on. Everything else a function needs comes as an argument.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionSettings {
    /// `spark.sql.ansi.enabled`
    pub ansi: bool,
    /// `spark.sql.session.timeZone`, an IANA name or an offset (`+01:00`).
    pub time_zone: String,
    /// `spark.sql.timestampType` is `TIMESTAMP_NTZ`.
    pub timestamp_ntz_default: bool,
    /// `spark.sql.timeType.enabled`
    pub time_type: bool,
    /// `spark.sql.mapKeyDedupPolicy` is `LAST_WIN`.
    pub map_key_last_wins: bool,
    /// `spark.sql.legacy.sizeOfNull`
    pub legacy_size_of_null: bool,
    /// `spark.sql.caseSensitive`
    pub case_sensitive: bool,
    /// `spark.sql.decimalOperations.allowPrecisionLoss`
    pub decimal_precision_loss: bool,
    pub current_catalog: String,
    pub current_database: String,
    pub user: String,
    /// When the statement started, microseconds since the epoch: `now()` and friends are one instant.
    pub statement_micros: i64,
    /// What `version()` answers.
    pub spark_version: String,
}

/// One call of a function: typed arguments, modifiers, and the text for errors and names.
pub struct Call<'a> {
    /// The name as typed.
    pub name: &'a str,
    pub session: &'a SessionSettings,
    pub arguments: Vec<Argument<'a>>,
    pub modifiers: AggregateModifiers,
    /// The SQL text of each argument, for names and errors.
    pub argument_sql: Vec<String>,
    /// The SQL text of the whole call.
    pub sql: String,
}

/// A value, or a lambda whose body is typed when its parameters' types are known.
pub enum Argument<'a> {
    Value(Typed),
    Lambda(LambdaArgument<'a>),
}

/// Types a lambda's body: takes the type and nullability of each parameter and gives the DataFusion lambda expression,
/// with the body's type and nullability as its `Typed`.
///
/// The form: `Expr::Lambda` whose parameter names occur nowhere else in the statement; in its body each parameter is an
/// `Expr::LambdaVariable` of that name with the field `Field::new(name, to_engine_arrow(type), nullable)`, exactly as
/// given here, because DataFusion compares it with the field that the function declares. A builder asks for exactly
/// as many parameters as the lambda has. Columns of the input stand in the body as they do elsewhere.
pub type ResolveLambda<'a> = dyn Fn(&[(DataType, bool)]) -> Result<Typed> + 'a;

pub struct LambdaArgument<'a> {
    pub parameters: usize,
    pub resolve: Box<ResolveLambda<'a>>,
}

/// What stands around the arguments of an aggregate.
#[derive(Debug, Clone, Default)]
pub struct AggregateModifiers {
    pub distinct: bool,
    /// `FILTER (WHERE …)`
    pub filter: Option<Expr>,
    pub ignore_nulls: Option<bool>,
    /// `WITHIN GROUP (ORDER BY …)`, with the types of the sort keys.
    pub within_group: Vec<(SortExpr, Typed)>,
    /// The aggregate stands in a window.
    pub in_window: bool,
}

impl<'a> Call<'a> {
    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    pub fn is_empty(&self) -> bool {
        self.arguments.is_empty()
    }

    /// Refuses to compute with times of day while `spark.sql.timeType.enabled` is off, as Spark's functions of them do.
    pub fn check_time(&self) -> Result<()> {
        if self.session.time_type { Ok(()) } else { Err(UNSUPPORTED_TIME_TYPE.error()) }
    }

    /// Takes the arguments as values. A lambda where a value belongs is an error.
    pub fn values(&mut self) -> Result<Vec<Typed>> {
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in std::mem::take(&mut self.arguments) {
            match argument {
                Argument::Value(value) => values.push(value),
                Argument::Lambda(_) => {
                    return Err(LAMBDA_IN_PLAIN_FUNCTION.with("class", expression_class(self.name)));
                }
            }
        }
        Ok(values)
    }

    /// Takes the arguments as an array of exactly `N` values; the table has checked the number.
    pub fn take<const N: usize>(&mut self) -> Result<[Typed; N]> {
        let values = self.values()?;
        let actual = values.len();
        values
            .try_into()
            .map_err(|_| Error::internal(format!("{} was called with {actual} arguments instead of {N}", self.name)))
    }

    /// The error for an argument (counted from 0) of a type that does not fit.
    pub fn unexpected_type(&self, index: usize, required: &str, actual: &DataType) -> Error {
        DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE
            .with("sqlExpr", format!("\"{}\"", self.sql))
            .with("paramIndex", ordinal(index + 1))
            .with("requiredType", required)
            .with("inputSql", format!("\"{}\"", self.argument_sql.get(index).map_or("", String::as_str)))
            .with("inputType", actual.quoted_sql())
    }

    /// The error for an argument that must be a constant.
    pub fn not_a_constant(&self, index: usize, name: &str, data_type: &DataType) -> Error {
        NOT_A_CONSTANT
            .with("sqlExpr", format!("\"{}\"", self.sql))
            .with("inputName", format!("`{name}`"))
            .with("inputType", data_type.quoted_sql())
            .with("inputExpr", format!("\"{}\"", self.argument_sql.get(index).map_or("", String::as_str)))
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({})", self.sql)
    }
}

/// The class that Spark most likely has for a function.
pub fn expression_class(name: &str) -> String {
    let capitalized = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    let class: String = name.to_lowercase().split('_').map(capitalized).collect();
    format!("org.apache.spark.sql.catalyst.expressions.{class}")
}

/// `first`, `second`, … as Spark words parameter positions.
pub fn ordinal(number: usize) -> String {
    const WORDS: [&str; 3] = ["first", "second", "third"];
    match WORDS.get(number.wrapping_sub(1)) {
        Some(word) => (*word).to_owned(),
        None => format!("{number}th"),
    }
}
