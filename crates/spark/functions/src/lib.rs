//! Every Spark 4.2 built-in function as a row in a table, with Spark's coercion and kernels.
//!
//! `row` and `call` are the vocabulary: a row's builder gets a `Call` of typed arguments and gives a typed DataFusion
//! expression. `families/*` hold the rows, one file per family of Spark's documentation; `coercion` and `cast` are
//! Spark's implicit and explicit conversions; `kernels/*` are the computations that neither DataFusion nor
//! datafusion-spark do as Spark does.

pub mod call;
pub mod cast;
pub mod coercion;
pub mod collation;
pub mod constant;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod evaluate;
pub mod expr;
pub mod families;
pub mod inputs;
pub mod kernels;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod recorded;
pub mod records;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod replay;
pub mod row;
pub mod table;
pub mod typed;
pub mod wrong_number;

pub use call::{AggregateModifiers, Argument, Call, LambdaArgument, SessionSettings};
pub use kernels::collection::extract::{extract_field, extract_value, field_index};
pub use row::{Arity, Builder, Family, FunctionRow, Generated, GeneratedColumn};
pub use table::{all_rows, lookup};
pub use typed::Typed;
