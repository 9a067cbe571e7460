//! Operands that are not looked at where Spark does not look: `b <> 0 AND a / b > 1` divides the rows that the left side
//! lets through, and `a * (1 / b)` those whose `a` is there.
//!
//! DataFusion computes both sides for all rows of a batch, which is the same until a computation fails. Only `CASE` picks
//! rows first, so it is put around what may fail. This happens last, on the optimized plan: the rules before would take
//! such a `CASE` apart again. The order of conditions is the one they were written in, as Spark keeps it.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Case, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, merge_schema, split_conjunction_owned};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, lit};

/// Kernels that fail on values that a condition may well keep from them.
const FALLIBLE: [&str; 10] = [
    "spark_division",
    "spark_cast",
    "spark_temporal",
    "elt",
    "element_at",
    "get_array_item",
    "make_dt_interval",
    "make_ym_interval",
    "raise_error",
    "assert_true",
];

/// Kernels that fail where a whole number is too large. Of decimals they fail so seldom that looking twice costs more.
const OVERFLOWING: [&str; 3] = ["spark_arithmetic", "spark_add", "spark_multiply"];

/// A division, whose second operand is not looked at beside a NULL.
const DIVISION: &str = "spark_division";

/// The plan with operands that are computed only where they count.
pub fn rewritten(plan: LogicalPlan) -> Result<LogicalPlan> {
    let lazy = |node: LogicalPlan| {
        let inputs = node.inputs();
        let schema = if inputs.is_empty() { node.schema().as_ref().clone() } else { merge_schema(&inputs) };
        let mut any = false;
        node.apply_expressions(|expr| {
            any |= can_fail(expr, &schema)?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        if any { node_rewritten(node, &schema) } else { Ok(Transformed::no(node)) }
    };
    Ok(plan.transform_up_with_subqueries(lazy)?.data)
}

fn node_rewritten(node: LogicalPlan, schema: &DFSchema) -> Result<Transformed<LogicalPlan>> {
    match node {
        LogicalPlan::Filter(mut filter) => {
            let parts = guarded(split_conjunction_owned(filter.predicate.clone()), schema)?;
            if let Some(predicate) = conjunction(parts) {
                filter.predicate = predicate;
            }
            Ok(Transformed::yes(LogicalPlan::Filter(filter)))
        }
        LogicalPlan::TableScan(mut scan) => {
            scan.filters = guarded(std::mem::take(&mut scan.filters), schema)?;
            Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
        }
        // Windows are computed over rows in an order, which must stay theirs by name.
        other @ LogicalPlan::Window(_) => Ok(Transformed::no(other)),
        other => {
            let names = NamePreserver::new(&other);
            other.map_expressions(|expr| {
                let name = names.save(&expr);
                Ok(Transformed::yes(name.restore(lazy(expr, schema)?)))
            })
        }
    }
}

/// Conditions that all hold for a row: each that can fail is computed where those before it hold. They stay apart, for
/// the sources that use one of them.
fn guarded(parts: Vec<Expr>, schema: &DFSchema) -> Result<Vec<Expr>> {
    let mut before: Vec<Expr> = Vec::new();
    let mut all = Vec::with_capacity(parts.len());
    for part in parts {
        let part = lazy(part, schema)?;
        match can_fail(&part, schema)? {
            true if !before.is_empty() => {
                let others = chain(before.clone(), Operator::And, schema)?;
                all.push(case(others, part.clone(), lit(false)));
            }
            _ => all.push(part.clone()),
        }
        before.push(part);
    }
    Ok(all)
}

/// An expression whose operands are computed where they count.
fn lazy(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    if !can_fail(&expr, schema)? {
        return Ok(expr);
    }
    if let Expr::BinaryExpr(BinaryExpr { op: op @ (Operator::And | Operator::Or), .. }) = &expr {
        let op = *op;
        let mut parts = Vec::new();
        flatten(expr, op, &mut parts);
        let parts = parts.into_iter().map(|part| lazy(part, schema)).collect::<Result<Vec<_>>>()?;
        return chain(parts, op, schema);
    }
    let expr = expr.map_children(|child| Ok(Transformed::yes(lazy(child, schema)?)))?.data;
    beside_null(expr, schema)
}

fn flatten(expr: Expr, op: Operator, into: &mut Vec<Expr>) {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: this, right }) if this == op => {
            flatten(*left, op, into);
            flatten(*right, op, into);
        }
        other => into.push(other),
    }
}

/// `a AND b AND …` or `a OR b OR …`, where what can fail is computed only for rows that the parts before it leave open.
fn chain(parts: Vec<Expr>, op: Operator, schema: &DFSchema) -> Result<Expr> {
    let mut parts = parts.into_iter().rev();
    let Some(mut made) = parts.next() else { return Ok(lit(op == Operator::And)) };
    // What stands on the right so far, from the last part that can fail on, is looked at by rows.
    for part in parts {
        made = if can_fail(&made, schema)? {
            let open = if op == Operator::And { part.clone().is_not_false() } else { part.clone().is_not_true() };
            case(open, joined(part, op, made), lit(op == Operator::Or))
        } else {
            joined(part, op, made)
        };
    }
    Ok(made)
}

fn joined(left: Expr, op: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
}

fn case(when: Expr, then: Expr, otherwise: Expr) -> Expr {
    Expr::Case(Case::new(None, vec![(Box::new(when), Box::new(then))], Some(Box::new(otherwise))))
}

/// An operation on two values where the one looked at second is a division and the other may be NULL: then all of it
/// is NULL.
fn beside_null(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let (left, right) = match &expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if op.returns_null_on_null() => {
            (left.as_ref(), right.as_ref())
        }
        Expr::ScalarFunction(call) if is_arithmetic(call) => match call.args.as_slice() {
            // What divides is looked at first.
            [left, right] if call.name() == DIVISION => (right, left),
            [left, right] => (left, right),
            _ => return Ok(expr),
        },
        _ => return Ok(expr),
    };
    let divides = right.exists(|part| Ok(matches!(part, Expr::ScalarFunction(call) if is_division(call))))?;
    if !divides || matches!(left, Expr::Literal(..)) || !left.nullable(schema).unwrap_or(true) {
        return Ok(expr);
    }
    let Ok(data_type) = expr.get_type(schema) else { return Ok(expr) };
    let there = left.clone().is_not_null();
    Ok(case(there, expr, Expr::Literal(ScalarValue::try_new_null(&data_type)?, None)))
}

fn is_arithmetic(call: &ScalarFunction) -> bool {
    call.name() == DIVISION || OVERFLOWING.contains(&call.name())
}

/// Division by a constant that is not zero never fails; it is not built from a literal of zero unless written so.
fn is_division(call: &ScalarFunction) -> bool {
    let by_constant = matches!(call.args.get(1), Some(Expr::Literal(value, _)) if !is_zero(value));
    call.name() == DIVISION && !by_constant
}

fn is_zero(value: &ScalarValue) -> bool {
    ScalarValue::new_zero(&value.data_type()).is_ok_and(|zero| zero == *value)
}

/// Whether computing an expression can fail on values that are fine elsewhere.
fn can_fail(expr: &Expr, schema: &DFSchema) -> Result<bool> {
    expr.exists(|part| {
        let Expr::ScalarFunction(call) = part else { return Ok(false) };
        let name = call.name();
        if name == DIVISION {
            return Ok(is_division(call));
        }
        if OVERFLOWING.contains(&name) {
            return Ok(matches!(part.get_type(schema), Ok(DataType::Int32 | DataType::Int64)));
        }
        Ok(FALLIBLE.contains(&name))
    })
}
