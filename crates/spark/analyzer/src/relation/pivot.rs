//! `PIVOT`: one aggregate column for each value, each aggregate counting only its value's rows.

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlanBuilder, lit, when};
use hearth_base::condition::{PIVOT_VALUE_LIMIT, PIVOT_WITHOUT_AGGREGATE};
use hearth_base::{Error, Result};
use hearth_functions::{Typed, cast};
use hearth_plan::ExprNode;
use hearth_plan::relation::Pivot;
use hearth_types::DataType;

use super::block::Block;
use crate::analyzer::{Analyzer, Env, plan_error};
use crate::expression::context::{Clause, Cx, Grouped};
use crate::naming;
use crate::rel::{Item, Rel};
use crate::scope::Column;

/// `spark.sql.pivotMaxValues`
const MAX_VALUES: usize = 10_000;

/// A pivot value: its name and the rows it takes.
struct PivotColumn {
    name: String,
    condition: PlanExpr,
}

impl Analyzer<'_> {
    pub fn pivot(&self, pivot: &Pivot, env: Env<'_>) -> Result<Rel> {
        let input = self.relation(&pivot.input, env)?;
        let cx = Cx::new(env, &input, Clause::Select);
        let keys = pivot.columns.iter().map(|column| self.expression(column, cx)).collect::<Result<Vec<_>>>()?;
        let values = if pivot.values.is_empty() {
            self.found_values(&input, &keys, env)?
        } else {
            self.given_values(pivot, &keys, cx)?
        };
        let (aggregates, _) = self.items(&pivot.aggregates, cx)?;
        for (aggregate, expr) in aggregates.iter().zip(&pivot.aggregates) {
            if !super::block::has_aggregate(&aggregate.value.expr) {
                let column = self.column_of(&aggregate.value, cx);
                let text = column.map(|column| [&column.qualifier[..], &[column.name.to_string()]].concat().join("."));
                return Err(PIVOT_WITHOUT_AGGREGATE.with("sql", text.unwrap_or_else(|| naming::sql(expr))));
            }
        }
        let groups = match &pivot.grouping {
            Some(grouping) => self.items(grouping, cx)?.0,
            None => implicit_groups(&input, &keys, &aggregates),
        };
        let mut grouped = Grouped::default();
        grouped.keys.extend(groups.iter().map(|item| item.value.expr.clone()));
        let mut items = groups;
        let several = aggregates.len() > 1;
        for value in &values {
            for (aggregate, expr) in aggregates.iter().zip(&pivot.aggregates) {
                let named = matches!(expr.node, ExprNode::Alias { .. });
                let name = if several {
                    format!(
                        "{}_{}",
                        value.name,
                        if named { aggregate.name.to_string() } else { naming::output_name(expr) }
                    )
                } else {
                    value.name.clone()
                };
                let mut expr = only_where(aggregate.value.expr.clone(), &value.condition)?;
                if !aggregate.value.nullable {
                    // A value without rows is NULL in Spark, for counts too.
                    let rows = datafusion::functions_aggregate::expr_fn::count(lit(1_i64));
                    let some = only_where(rows, &value.condition)?.gt(lit(0_i64));
                    expr = when(some, expr).end().map_err(plan_error)?;
                }
                let typed = Typed::new(expr, aggregate.value.data_type.clone(), true);
                items.push(Item::named(typed, name));
            }
        }
        let mut block = Block::new(input, items, Vec::new());
        block.grouped = Some(grouped);
        self.block_rel(block)
    }

    fn given_values(&self, pivot: &Pivot, keys: &[Typed], cx: Cx<'_>) -> Result<Vec<PivotColumn>> {
        let nothing = Rel::one_row();
        let mode = cast::CastMode::of(cx.env.settings);
        let mut columns = Vec::with_capacity(pivot.values.len());
        for value in &pivot.values {
            let mut condition: Option<PlanExpr> = None;
            let mut names = Vec::new();
            for (expr, key) in value.expressions.iter().zip(keys) {
                let typed = self.expression(expr, Cx { rel: &nothing, ..cx })?;
                names.push(self.pivot_name(&typed, cx.env)?);
                let typed = cast::cast(typed, &key.data_type, mode, cx.env.settings)?;
                let matches = same_value(key.expr.clone(), typed);
                condition = Some(match condition {
                    Some(known) => known.and(matches),
                    None => matches,
                });
            }
            let name = value.alias.clone().unwrap_or_else(|| match names.as_slice() {
                [only] => only.clone(),
                several => format!("{{{}}}", several.join(", ")),
            });
            let condition = condition.ok_or_else(|| Error::internal("a pivot value without expressions"))?;
            columns.push(PivotColumn { name, condition });
        }
        Ok(columns)
    }

    /// All values of the column, in order, found by a query.
    fn found_values(&self, input: &Rel, keys: &[Typed], env: Env<'_>) -> Result<Vec<PivotColumn>> {
        let [key] = keys else { return Err(Error::unsupported("a pivot on several columns without values")) };
        let limit = self.view.number("spark.sql.pivotMaxValues", MAX_VALUES);
        let item = Item::named(key.clone(), "value");
        let found = self.ask(|| {
            let values = self.distinct_rel(self.project_items(input.clone(), std::slice::from_ref(&item))?)?;
            let schema = values.scope.schema();
            let order = values.scope.columns.iter().map(|column| column.id.expr().sort(true, true));
            let plan = LogicalPlanBuilder::new(values.plan.clone())
                .sort(order)
                .and_then(|builder| builder.limit(0, Some(limit + 1)))
                .and_then(LogicalPlanBuilder::build)
                .map_err(plan_error)?;
            Ok((plan, schema))
        })?;
        let rows: usize = found.iter().map(|batch| batch.num_rows()).sum();
        if rows > limit {
            return Err(PIVOT_VALUE_LIMIT.with("pivotColumn", "").with("maxValues", limit));
        }
        let mut columns = Vec::with_capacity(rows);
        for batch in found {
            for row in 0..batch.num_rows() {
                let scalar = ScalarValue::try_from_array(batch.column(0), row).map_err(plan_error)?;
                let nullable = scalar.is_null();
                let typed = Typed::new(PlanExpr::Literal(scalar, None), key.data_type.clone(), nullable);
                let name = self.pivot_name(&typed, env)?;
                columns.push(PivotColumn { name, condition: same_value(key.expr.clone(), typed) });
            }
        }
        Ok(columns)
    }

    /// A value as a column name: its text as a cast gives it, `null` for NULL.
    fn pivot_name(&self, value: &Typed, env: Env<'_>) -> Result<String> {
        let text = cast::cast(value.clone(), &DataType::STRING, cast::CastMode::of(env.settings), env.settings)?;
        let constant = self.constant(&text)?;
        Ok(match constant.try_as_str() {
            Some(Some(text)) => text.to_owned(),
            _ => "null".to_owned(),
        })
    }
}

fn same_value(key: PlanExpr, value: Typed) -> PlanExpr {
    if value.literal().is_some_and(ScalarValue::is_null) { key.is_null() } else { key.eq(value.expr) }
}

/// Without `GROUP BY`, all columns that neither the pivot nor the aggregates use.
fn implicit_groups(input: &Rel, keys: &[Typed], aggregates: &[Item]) -> Vec<Item> {
    let mut used = std::collections::HashSet::new();
    for expr in keys.iter().map(|key| &key.expr).chain(aggregates.iter().map(|item| &item.value.expr)) {
        used.extend(expr.column_refs().into_iter().map(|column| column.name.clone()));
    }
    let unused = |column: &&Column| !used.contains(&column.id.plan_name());
    input.scope.columns.iter().filter(unused).map(Item::column).collect()
}

/// The aggregates of an expression over the rows of a condition only.
fn only_where(expr: PlanExpr, condition: &PlanExpr) -> Result<PlanExpr> {
    let transformed = expr.transform_down(|expr| match expr {
        PlanExpr::AggregateFunction(mut aggregate) => {
            let filter = match aggregate.params.filter.take() {
                Some(filter) => filter.and(condition.clone()),
                None => condition.clone(),
            };
            aggregate.params.filter = Some(Box::new(filter));
            Ok(Transformed::new(PlanExpr::AggregateFunction(aggregate), true, TreeNodeRecursion::Jump))
        }
        other => Ok(Transformed::no(other)),
    });
    Ok(transformed.map_err(plan_error)?.data)
}
