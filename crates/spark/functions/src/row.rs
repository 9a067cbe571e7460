//! `FunctionRow`: what the table says of one function.

use datafusion::logical_expr::{Expr, WindowFunctionDefinition};
use hearth_base::Result;
use hearth_types::DataType;

use crate::call::Call;
use crate::typed::Typed;

/// One function. Rows are constants: `scalar("left", Arity::Exact(2), left).example("left('Spark SQL', 3)", "Spa")`.
#[derive(Debug, Clone, Copy)]
pub struct FunctionRow {
    pub name: &'static str,
    pub family: Family,
    pub arity: Arity,
    pub builder: Builder,
    /// A SQL call and the text of its answer in real Spark.
    pub example: Option<(&'static str, &'static str)>,
    /// One sentence, our own words.
    pub summary: &'static str,
}

/// The groups of Spark's own documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    Aggregate,
    Array,
    Bitwise,
    Collection,
    Conditional,
    Conversion,
    Csv,
    Datetime,
    Generator,
    Hash,
    Json,
    Lambda,
    Map,
    Math,
    Misc,
    Predicate,
    Sketch,
    String,
    Struct,
    Table,
    Url,
    Variant,
    Vector,
    Window,
    Xml,
    Geospatial,
    Avro,
    Protobuf,
}

/// How many arguments a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    Exact(usize),
    Range(usize, usize),
    AtLeast(usize),
    /// The numbers that are allowed, in order.
    OneOf(&'static [usize]),
}

pub type ScalarBuilder = fn(Call<'_>) -> Result<Typed>;
pub type AggregateBuilder = fn(Call<'_>) -> Result<Typed>;
pub type WindowBuilder = fn(Call<'_>) -> Result<WindowCall>;
pub type GeneratorBuilder = fn(Call<'_>) -> Result<Generated>;

/// How a call becomes an expression.
#[derive(Debug, Clone, Copy)]
pub enum Builder {
    /// Row in, value out. Higher-order functions too.
    Scalar(ScalarBuilder),
    /// The expression may have one or more `Expr::AggregateFunction` inside a scalar shell (a cast, a division); the
    /// analyzer lifts them out. Also usable over a window; then a builder may give an `Expr::WindowFunction` instead,
    /// whose partitions, order and frame the analyzer fills in (`first`, `last`).
    Aggregate(AggregateBuilder),
    /// Only over a window: `row_number`, `lag`, ….
    Window(WindowBuilder),
    /// One row in, several out: `explode`, ….
    Generator(GeneratorBuilder),
    /// Built by the analyzer itself, which alone knows the grouping, the plan or the session (`grouping`,
    /// `grouping_id`, `window`, `current_user`, …). The text says where.
    Analyzer(&'static str),
    /// Not there; the reason is shown to the user and on the coverage page.
    Missing(&'static str),
}

/// A function that exists only over a window.
#[derive(Debug, Clone)]
pub struct WindowCall {
    pub function: WindowFunctionDefinition,
    pub arguments: Vec<Expr>,
    pub data_type: DataType,
    pub nullable: bool,
    pub ignore_nulls: bool,
    /// What stands where there is no such row, if it depends on rows itself.
    pub otherwise: Option<Typed>,
}

/// What a generator makes of a row: an array, and how its elements become columns.
#[derive(Debug, Clone)]
pub struct Generated {
    /// Always of array type. NULL and empty give no row, or one row of NULLs when `OUTER`.
    pub list: Typed,
    pub columns: Vec<GeneratedColumn>,
    /// Elements are structs whose fields are the columns, in order. Otherwise there is one column: the element.
    pub elements_are_structs: bool,
}

#[derive(Debug, Clone)]
pub struct GeneratedColumn {
    pub name: String,
    pub data_type: DataType,
    pub nullable: bool,
}

impl Arity {
    pub fn accepts(self, count: usize) -> bool {
        match self {
            Self::Exact(n) => count == n,
            Self::Range(low, high) => (low..=high).contains(&count),
            Self::AtLeast(low) => count >= low,
            Self::OneOf(counts) => counts.contains(&count),
        }
    }

    /// As Spark words it in `WRONG_NUM_ARGS`: `2`, `[1, 2]`, `> 0`.
    pub fn describe(self) -> String {
        match self {
            Self::Exact(n) => n.to_string(),
            Self::Range(low, high) => {
                let counts: Vec<_> = (low..=high).map(|count| count.to_string()).collect();
                format!("[{}]", counts.join(", "))
            }
            Self::AtLeast(low) => format!("> {}", low.saturating_sub(1)),
            Self::OneOf(counts) => {
                let counts: Vec<_> = counts.iter().map(ToString::to_string).collect();
                format!("[{}]", counts.join(", "))
            }
        }
    }
}

const fn row(name: &'static str, family: Family, arity: Arity, builder: Builder) -> FunctionRow {
    FunctionRow { name, family, arity, builder, example: None, summary: "" }
}

pub const fn scalar(name: &'static str, family: Family, arity: Arity, builder: ScalarBuilder) -> FunctionRow {
    row(name, family, arity, Builder::Scalar(builder))
}

pub const fn aggregate(name: &'static str, family: Family, arity: Arity, builder: AggregateBuilder) -> FunctionRow {
    row(name, family, arity, Builder::Aggregate(builder))
}

pub const fn window(name: &'static str, arity: Arity, builder: WindowBuilder) -> FunctionRow {
    row(name, Family::Window, arity, Builder::Window(builder))
}

pub const fn generator(name: &'static str, arity: Arity, builder: GeneratorBuilder) -> FunctionRow {
    row(name, Family::Generator, arity, Builder::Generator(builder))
}

/// A function that the analyzer builds; `place` says where.
pub const fn analyzer(name: &'static str, family: Family, arity: Arity, place: &'static str) -> FunctionRow {
    row(name, family, arity, Builder::Analyzer(place))
}

pub const fn missing(name: &'static str, family: Family, reason: &'static str) -> FunctionRow {
    row(name, family, Arity::AtLeast(0), Builder::Missing(reason))
}

impl FunctionRow {
    #[must_use]
    pub const fn example(mut self, call: &'static str, answer: &'static str) -> Self {
        self.example = Some((call, answer));
        self
    }

    #[must_use]
    pub const fn summary(mut self, text: &'static str) -> Self {
        self.summary = text;
        self
    }
}
