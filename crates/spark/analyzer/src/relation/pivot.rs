//! `PIVOT`: one aggregate column for each value, each aggregate counting only its value's rows.

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column as PlanColumn, ScalarValue};
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlanBuilder, lit, when};
use hearth_base::condition::{
    MISSING_AGGREGATION, NON_LITERAL_PIVOT_VALUES, PIVOT_VALUE_DATA_TYPE_MISMATCH, PIVOT_VALUE_LIMIT,
    PIVOT_WITHOUT_AGGREGATE,
};
use hearth_base::{Error, Result};
use hearth_functions::{Typed, cast};
use hearth_plan::relation::Pivot;
use hearth_plan::{Expr, ExprNode};
use hearth_types::{DataType, StructField};

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
            if let Some(found) = outside_of_aggregates(&aggregate.value.expr) {
                let column = input.scope.columns.iter().find(|column| column.id.plan_name() == found.name);
                let name = |column: &Column| [&column.qualifier[..], &[column.name.to_string()]].concat().join(".");
                return Err(match (super::block::has_window(&aggregate.value.expr), column) {
                    (true, Some(column)) => MISSING_AGGREGATION
                        .with("expression", format!("\"{}\"", column.name))
                        .with("expressionAnyValue", format!("\"any_value({})\"", column.name)),
                    (_, column) => PIVOT_WITHOUT_AGGREGATE.with("sql", column.map_or_else(|| naming::sql(expr), name)),
                });
            }
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
            for expr in &value.expressions {
                if reads_columns(expr) {
                    self.expression(expr, cx)?;
                    return Err(NON_LITERAL_PIVOT_VALUES.with("expression", format!("\"{}\"", naming::sql(expr))));
                }
            }
            if let ([_, _, ..], [_]) = (value.expressions.as_slice(), keys) {
                return Err(self.tuple_for_one(&value.expressions, &pivot.columns, keys, cx)?);
            }
            if let ([expr], [_, _, ..]) = (value.expressions.as_slice(), keys) {
                let typed = self.expression(expr, Cx { rel: &nothing, ..cx })?;
                return Err(not_of_columns(&naming::sql(expr), &typed, &pivot.columns, keys));
            }
            for (expr, key) in value.expressions.iter().zip(keys) {
                let typed = self.expression(expr, Cx { rel: &nothing, ..cx })?;
                if !cast::can_cast(&typed.data_type, &key.data_type, true) {
                    return Err(not_of_columns(&naming::sql(expr), &typed, &pivot.columns, keys));
                }
                names.push(self.pivot_name(&typed, cx.env)?);
                let typed = cast::cast(typed, &key.data_type, mode, cx.env.settings)?;
                let matches = same_value(key, typed)?;
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

    /// The error of several values where the pivot is over one column.
    fn tuple_for_one(&self, values: &[Expr], columns: &[Expr], keys: &[Typed], cx: Cx<'_>) -> Result<Error> {
        let nothing = Rel::one_row();
        let (mut fields, mut texts) = (Vec::new(), Vec::new());
        for (index, value) in values.iter().enumerate() {
            let typed = self.expression(value, Cx { rel: &nothing, ..cx })?;
            texts.push(format!("col{}, {}", index + 1, naming::sql(value)));
            fields.push(StructField::new(format!("col{}", index + 1), typed.data_type, typed.nullable));
        }
        let typed = Typed::new(lit(true), DataType::structure(fields), false);
        Ok(not_of_columns(&format!("named_struct({})", texts.join(", ")), &typed, columns, keys))
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
                columns.push(PivotColumn { name, condition: same_value(key, typed)? });
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

/// The first column of an expression that no aggregate takes in.
fn outside_of_aggregates(expr: &PlanExpr) -> Option<PlanColumn> {
    let mut found = None;
    let _ = expr.apply(|expr| {
        Ok(match expr {
            PlanExpr::AggregateFunction(_) => TreeNodeRecursion::Jump,
            PlanExpr::Column(column) => {
                found = Some(column.clone());
                TreeNodeRecursion::Stop
            }
            _ => TreeNodeRecursion::Continue,
        })
    });
    found
}

/// Whether a column stands in an expression.
fn reads_columns(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Attribute { .. } => true,
        ExprNode::Alias { expr, .. } => reads_columns(expr),
        ExprNode::Function(call) => call.arguments.iter().any(reads_columns),
        _ => false,
    }
}

/// One value where the pivot is over several columns.
fn not_of_columns(text: &str, value: &Typed, columns: &[Expr], keys: &[Typed]) -> Error {
    let fields = columns
        .iter()
        .zip(keys)
        .map(|(column, key)| StructField::new(naming::output_name(column), key.data_type.clone(), key.nullable));
    let pivoted = match keys {
        [key] => key.data_type.clone(),
        _ => DataType::structure(fields),
    };
    PIVOT_VALUE_DATA_TYPE_MISMATCH
        .with("value", text)
        .with("valueType", value.data_type.simple_string())
        .with("pivotType", pivoted.simple_string())
}

fn same_value(key: &Typed, value: Typed) -> Result<PlanExpr> {
    use hearth_functions::collation::key as compared;
    if value.literal().is_some_and(ScalarValue::is_null) {
        return Ok(key.expr.clone().is_null());
    }
    Ok(compared(key.clone())?.expr.eq(compared(value)?.expr))
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
