//! What `sameSemantics` and `semanticHash` compare: plans in which what means the same looks the same.
//!
//! As Spark's `QueryPlan.canonicalized`: operands that may change places stand in one order, comparisons point one way,
//! and a list of all columns in their order is nothing.

use std::sync::Arc;

use datafusion::common::Result as DfResult;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};

/// Functions whose arguments may change places.
const COMMUTATIVE: [&str; 2] = ["greatest", "least"];
/// Functions of two arguments whose chains may change their order too.
const CHAINED: [&str; 2] = ["spark_add", "spark_multiply"];

/// The plan with one form for each meaning; a plan that cannot be rewritten is its own form.
pub fn normalized(plan: LogicalPlan) -> LogicalPlan {
    let kept = plan.clone();
    let rewritten = plan.transform_up(|node| {
        let node = node.map_expressions(|expr| expr.transform_up(one_form))?.data;
        Ok(Transformed::yes(without_identity(node)))
    });
    rewritten.map_or(kept, |plan| plan.data)
}

fn without_identity(node: LogicalPlan) -> LogicalPlan {
    let LogicalPlan::Projection(projection) = &node else { return node };
    let columns = projection.input.schema().columns();
    let same = |(expr, column): (&Expr, &_)| matches!(expr, Expr::Column(known) if known == column);
    if projection.expr.len() == columns.len() && projection.expr.iter().zip(&columns).all(same) {
        return projection.input.as_ref().clone();
    }
    node
}

fn one_form(expr: Expr) -> DfResult<Transformed<Expr>> {
    Ok(Transformed::yes(match expr {
        Expr::BinaryExpr(binary) => of_binary(binary),
        Expr::Not(inner) => match *inner {
            Expr::BinaryExpr(binary) => match binary.op.negate() {
                Some(op) => of_binary(BinaryExpr { op, ..binary }),
                None => Expr::Not(Box::new(Expr::BinaryExpr(binary))),
            },
            other => Expr::Not(Box::new(other)),
        },
        Expr::InList(mut list) => {
            list.list.sort_by_cached_key(ToString::to_string);
            Expr::InList(list)
        }
        Expr::ScalarFunction(mut call) => {
            if CHAINED.contains(&call.func.name()) {
                return Ok(Transformed::yes(chained(call)));
            }
            if COMMUTATIVE.contains(&call.func.name()) {
                call.args.sort_by_cached_key(ToString::to_string);
            }
            Expr::ScalarFunction(call)
        }
        other => other,
    }))
}

fn of_binary(binary: BinaryExpr) -> Expr {
    let BinaryExpr { left, op, right } = binary;
    match op {
        Operator::Gt | Operator::GtEq => {
            let turned = if op == Operator::Gt { Operator::Lt } else { Operator::LtEq };
            Expr::BinaryExpr(BinaryExpr { left: right, op: turned, right: left })
        }
        Operator::And | Operator::Or => {
            let mut operands = Vec::new();
            for side in [*left, *right] {
                gather(side, op, &mut operands);
            }
            operands.sort_by_cached_key(ToString::to_string);
            joined(operands, op)
        }
        Operator::Eq | Operator::NotEq | Operator::Plus | Operator::Multiply | Operator::IsNotDistinctFrom => {
            let turned = left.to_string() > right.to_string();
            let (left, right) = if turned { (right, left) } else { (left, right) };
            Expr::BinaryExpr(BinaryExpr { left, op, right })
        }
        _ => Expr::BinaryExpr(BinaryExpr { left, op, right }),
    }
}

/// `a + b + c` in one order, wherever its parentheses stood.
fn chained(call: ScalarFunction) -> Expr {
    let mut operands = Vec::new();
    let mut open = call.args.clone();
    while let Some(operand) = open.pop() {
        match operand {
            Expr::ScalarFunction(inner) if inner.func == call.func => open.extend(inner.args),
            other => operands.push(other),
        }
    }
    operands.sort_by_cached_key(ToString::to_string);
    let join = |left: Expr, right: Expr| {
        Expr::ScalarFunction(ScalarFunction { func: Arc::clone(&call.func), args: vec![left, right] })
    };
    operands.into_iter().reduce(join).unwrap_or_default()
}

fn gather(expr: Expr, op: Operator, operands: &mut Vec<Expr>) {
    match expr {
        Expr::BinaryExpr(binary) if binary.op == op => {
            gather(*binary.left, op, operands);
            gather(*binary.right, op, operands);
        }
        other => operands.push(other),
    }
}

fn joined(operands: Vec<Expr>, op: Operator) -> Expr {
    let join =
        |left: Expr, right: Expr| Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) });
    operands.into_iter().reduce(join).unwrap_or_default()
}
