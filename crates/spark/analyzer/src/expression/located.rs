//! Where in the user's program a computation was written, kept until it runs: a division by zero found in the tenth
//! batch points at the division.
//!
//! Kernels that can fail on the user's data are wrapped in a function that adds the place to their errors. Two calls are
//! equal when the kernels are, wherever they were written: `GROUP BY a / b` must find the `a / b` of the list.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType as ArrowType, FieldRef};
use datafusion::common::Result as DfResult;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use hearth_base::{Error, Result};
use hearth_functions::Typed;
use hearth_functions::kernels::invoke::raise;
use hearth_plan::{Expr as PlanExpr, ExprNode, Origin};

use super::context::Cx;
use crate::analyzer::{placed, plan_error};
use crate::naming;
use crate::rel::Rel;

/// The kernels that raise with the place in Spark.
const FALLIBLE: [&str; 12] = [
    "spark_arithmetic",
    "spark_division",
    "spark_add",
    "spark_multiply",
    "spark_cast",
    "spark_round",
    "spark_temporal",
    "elt",
    "get_array_item",
    "make_dt_interval",
    "make_ym_interval",
    ELEMENT_AT,
];
/// Spark knows its place in a SQL text only.
const ELEMENT_AT: &str = "element_at";

#[derive(Debug)]
struct Located {
    inner: Arc<ScalarUDF>,
    origin: Arc<Origin>,
}

impl PartialEq for Located {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Located {}

impl Hash for Located {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl ScalarUDFImpl for Located {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn schema_name(&self, args: &[Expr]) -> DfResult<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[ArrowType]) -> DfResult<ArrowType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, arg_types: &[ArrowType]) -> DfResult<Vec<ArrowType>> {
        self.inner.coerce_types(arg_types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let outcome = self.inner.invoke_with_args(args);
        outcome.map_err(|error| raise(placed(plan_error(error), &self.origin)))
    }
}

/// Whether the computation of a node can fail on data.
pub(crate) fn computes(node: &ExprNode) -> bool {
    matches!(node, ExprNode::Function(_) | ExprNode::Cast { .. } | ExprNode::Extract { .. })
}

/// The kernels of a typed call, down to those of its arguments, which have their places already.
///
/// Without ANSI what still fails has no place, but for the makers of intervals.
pub(crate) fn with_origin(typed: Typed, origin: &Arc<Origin>, ansi: bool) -> Result<Typed> {
    let Typed { expr, .. } = typed;
    let wrapped = expr.transform_down(|expr| match expr {
        Expr::ScalarFunction(call) if is_located(&call) => {
            Ok(Transformed::new(Expr::ScalarFunction(call), false, TreeNodeRecursion::Jump))
        }
        Expr::ScalarFunction(call)
            if FALLIBLE.contains(&call.name())
                && knows(origin, &call)
                && (ansi || call.name().starts_with("make_")) =>
        {
            let located = Located { inner: call.func, origin: Arc::clone(origin) };
            let function = ScalarFunction::new_udf(Arc::new(ScalarUDF::new_from_impl(located)), call.args);
            Ok(Transformed::yes(Expr::ScalarFunction(function)))
        }
        // A subquery's plan is not part of this call.
        other @ (Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_)) => {
            Ok(Transformed::new(other, false, TreeNodeRecursion::Jump))
        }
        other => Ok(Transformed::no(other)),
    });
    Ok(Typed { expr: wrapped.map_err(plan_error)?.data, ..typed })
}

fn knows(origin: &Origin, call: &ScalarFunction) -> bool {
    call.name() != ELEMENT_AT || matches!(origin, Origin::Sql { .. })
}

fn is_located(call: &ScalarFunction) -> bool {
    let implementation: &dyn std::any::Any = call.func.inner().as_ref();
    implementation.is::<Located>()
}

/// An error that shows columns by the ids of the plan, or a cast by its kernel, shows them as they were written.
pub(crate) fn by_name(error: Error, expr: &PlanExpr, cx: Cx<'_>) -> Error {
    if !error.parameters().iter().any(|(_, value)| value.contains('#')) {
        return error;
    }
    let is_cast = matches!(expr.node, ExprNode::Cast { .. });
    let shown: Vec<_> = error
        .parameters()
        .iter()
        .map(|(name, value)| match *name {
            "sqlExpr" if is_cast => (*name, format!("\"{}\"", naming::sql(expr))),
            name => (name, with_names(value, cx.rel)),
        })
        .collect();
    let renamed = shown.into_iter().fold(Error::new(error.condition()), |made, (name, value)| made.with(name, value));
    let renamed = error.contexts().iter().cloned().fold(renamed, Error::at);
    match error.behind() {
        Some(behind) => renamed.trailer(behind),
        None => renamed,
    }
}

/// Replaces `#12` by the name of the column with this id.
fn with_names(text: &str, rel: &Rel) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('#') {
        let (before, id) = rest.split_at(start);
        let digits = id[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(id.len() - 1);
        let (id, after) = id.split_at(digits + 1);
        let columns = rel.scope.columns.iter().chain(&rel.scope.hidden);
        let column = columns.into_iter().find(|column| column.id.plan_name() == id);
        out.push_str(before);
        out.push_str(column.map_or(id, |column| &column.name));
        rest = after;
    }
    out.push_str(rest);
    out
}
