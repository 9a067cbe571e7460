//! `Typed`: a DataFusion expression with the Spark type that it has.
//!
//! Arrow types say less than Spark's (char, varchar, collation, UDT, interval fields) and DataFusion may hold a string
//! as `Utf8View`; so the Spark type travels beside the expression and is never guessed back from Arrow.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use hearth_types::DataType;

#[derive(Debug, Clone)]
pub struct Typed {
    pub expr: Expr,
    pub data_type: DataType,
    pub nullable: bool,
}

impl Typed {
    pub fn new(expr: Expr, data_type: DataType, nullable: bool) -> Self {
        Self { expr, data_type, nullable }
    }

    /// The constant, when the expression is one.
    pub fn literal(&self) -> Option<&ScalarValue> {
        fn peel(expr: &Expr) -> Option<&ScalarValue> {
            match expr {
                Expr::Literal(value, _) => Some(value),
                Expr::Alias(alias) => peel(&alias.expr),
                _ => None,
            }
        }
        peel(&self.expr)
    }

    /// The text of a constant string.
    pub fn literal_str(&self) -> Option<&str> {
        self.literal().and_then(|value| value.try_as_str().flatten())
    }

    /// Whether this is the bare `NULL` (Spark's `void`).
    pub fn is_void(&self) -> bool {
        self.data_type == DataType::Null
    }
}
