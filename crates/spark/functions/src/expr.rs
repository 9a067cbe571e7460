//! Small constructors of typed DataFusion expressions that its optimizer knows: operators, constants, `CASE`.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{BinaryExpr, Case};
use datafusion::logical_expr::{Expr, Operator};
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use crate::typed::Typed;

/// `left op right` of the given type; NULL when a side is, except for `IS [NOT] DISTINCT FROM`.
pub fn binary(left: Typed, op: Operator, right: Typed, data_type: DataType) -> Typed {
    let never_null = matches!(op, Operator::IsDistinctFrom | Operator::IsNotDistinctFrom);
    let nullable = !never_null && (left.nullable || right.nullable);
    let expr = Expr::BinaryExpr(BinaryExpr::new(Box::new(left.expr), op, Box::new(right.expr)));
    Typed::new(expr, data_type, nullable)
}

pub fn literal(value: ScalarValue, data_type: DataType) -> Typed {
    let nullable = value.is_null();
    Typed::new(Expr::Literal(value, None), data_type, nullable)
}

pub fn text(value: impl Into<String>) -> Typed {
    literal(ScalarValue::Utf8(Some(value.into())), DataType::STRING)
}

/// NULL of a type.
pub fn null(data_type: &DataType) -> Result<Typed> {
    let value =
        ScalarValue::try_from(&to_engine_arrow(data_type)).map_err(|error| Error::internal(error.to_string()))?;
    Ok(literal(value, data_type.clone()))
}

pub fn is_null(value: Typed) -> Typed {
    Typed::new(Expr::IsNull(Box::new(value.expr)), DataType::Boolean, false)
}

pub fn is_not_null(value: Typed) -> Typed {
    Typed::new(Expr::IsNotNull(Box::new(value.expr)), DataType::Boolean, false)
}

/// `CASE WHEN … THEN … ELSE … END`; all results have the type given.
pub fn case(branches: Vec<(Typed, Typed)>, otherwise: Option<Typed>, data_type: DataType) -> Typed {
    let nullable =
        otherwise.as_ref().is_none_or(|value| value.nullable) || branches.iter().any(|(_, result)| result.nullable);
    let branches =
        branches.into_iter().map(|(when, then)| (Box::new(when.expr), Box::new(then.expr))).collect::<Vec<_>>();
    let otherwise = otherwise.map(|value| Box::new(value.expr));
    Typed::new(Expr::Case(Case::new(None, branches, otherwise)), data_type, nullable)
}
