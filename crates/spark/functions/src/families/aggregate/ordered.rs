//! Aggregates over rows that have an order: `SELECT collect_list(a) FROM (SELECT a FROM t ORDER BY b)`.
//!
//! Spark's rows reach the aggregate in the order of the subquery. DataFusion drops a sort that nothing asks for, so the
//! keys of the order become part of the call.

use std::any::Any;

use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::{AggregateFunction, Sort as SortExpr};

use crate::kernels::aggregate::finish::Finish;
use crate::kernels::aggregate::gather::Gather;
use crate::kernels::aggregate::udaf::{PlannedAggregate, udaf};

/// Whether the answer of a call depends on the order of its rows.
pub fn looks_at_order(call: &AggregateFunction) -> bool {
    let free = !call.params.distinct && call.params.order_by.is_empty();
    free && (is_positional(call) || gathers(call).is_some())
}

/// The call over rows in the order of `keys`, whose types are `types`.
pub fn in_order(call: &AggregateFunction, keys: &[SortExpr], types: &[ArrowType]) -> Expr {
    let mut call = call.clone();
    if is_positional(&call) {
        call.params.order_by = keys.to_vec();
        return Expr::AggregateFunction(call);
    }
    if let Some(gather) = gathers(&call) {
        let options = |key: &SortExpr| SortOptions { descending: !key.asc, nulls_first: key.nulls_first };
        let order = keys.iter().map(options).collect();
        let finish = if let Finish::Join { delimiter, .. } = &gather.finish {
            Finish::Join { delimiter: delimiter.clone(), order }
        } else {
            Finish::OrderedList { order }
        };
        let inputs = gather.inputs.iter().chain(types).cloned().collect();
        call.func = udaf(Gather { inputs, finish, ..gather.clone() });
        call.params.args.extend(keys.iter().map(|key| key.expr.clone()));
    }
    Expr::AggregateFunction(call)
}

fn is_positional(call: &AggregateFunction) -> bool {
    matches!(call.func.name(), "first_value" | "last_value")
}

/// The plan of a list or a text that has no order yet.
fn gathers(call: &AggregateFunction) -> Option<&Gather> {
    let function = (call.func.inner().as_ref() as &dyn Any).downcast_ref::<PlannedAggregate<Gather>>()?;
    let plan = function.plan();
    let is_text = matches!(&plan.finish, Finish::Join { order, .. } if order.is_empty());
    (is_text || plan.finish == Finish::List).then_some(plan)
}
