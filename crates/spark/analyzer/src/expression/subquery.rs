//! Subqueries in expressions: scalar, `EXISTS`, `IN`. Their queries see the columns around them as outer references,
//! which DataFusion turns into joins.

use std::sync::Arc;

use datafusion::common::Spans;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::{Case, Exists, InSubquery};
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlan, LogicalPlanBuilder, Subquery as PlanSubquery, lit};
use hearth_base::condition::{
    IN_SUBQUERY_DATA_TYPE_MISMATCH, IN_SUBQUERY_LENGTH_MISMATCH, SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN,
    SUBQUERY_IN_LAMBDA,
};
use hearth_base::{Error, Result};
use hearth_functions::collation::{key, nested_key};
use hearth_functions::{SessionSettings, Typed, cast, coercion};
use hearth_plan::expression::{Subquery, SubqueryKind, SubquerySource};
use hearth_plan::{Expr, Origin, Relation};
use hearth_types::DataType;

use super::context::{Clause, Cx};
use super::single_value::single_value;
use crate::analyzer::{Analyzer, Env, Outer, References, plan_error, unsupported};
use crate::rel::{Item, Rel, project};

impl Analyzer<'_> {
    pub fn subquery(
        &self,
        (subquery, origin): (&Subquery, Option<&Arc<Origin>>),
        negated: bool,
        cx: Cx<'_>,
    ) -> Result<Typed> {
        if cx.lambda.is_some() {
            return Err(SUBQUERY_IN_LAMBDA.error());
        }
        self.subqueries.set(true);
        let query = self.subquery_rel(&subquery.source, cx)?;
        match &subquery.kind {
            SubqueryKind::Scalar => scalar(&query, origin),
            SubqueryKind::Exists if !in_filter(cx) => {
                let exists = count_rows(&query, None)?.gt(lit(0_i64));
                let expr = if negated { PlanExpr::Not(Box::new(exists)) } else { exists };
                Ok(Typed::new(expr, DataType::Boolean, false))
            }
            SubqueryKind::Exists => {
                let plan = if query.scope.columns.is_empty() { query.plan.clone() } else { query.positional()? };
                let exists = Exists::new(plan_subquery(plan), negated);
                Ok(Typed::new(PlanExpr::Exists(exists), DataType::Boolean, false))
            }
            SubqueryKind::In { values } => self.in_subquery(values, query, negated, cx),
            SubqueryKind::TableArgument { .. } => unsupported("TABLE arguments"),
        }
    }

    pub(super) fn subquery_rel(&self, source: &SubquerySource, cx: Cx<'_>) -> Result<Rel> {
        let outer = Outer { rel: cx.rel, aggregates: cx.outer_aggregates, parent: cx.env.outer };
        let env = Env { outer: Some(&outer), windows: None, ..cx.env };
        match source {
            SubquerySource::Inline(relation) => self.relation(relation, env),
            SubquerySource::PlanId(id) => {
                let relation = find_reference(*id, cx.env.references)
                    .ok_or_else(|| Error::internal(format!("no relation with the plan id {id} for a subquery")))?;
                self.relation(relation, env)
            }
        }
    }

    fn in_subquery(&self, values: &[Expr], query: Rel, negated: bool, cx: Cx<'_>) -> Result<Typed> {
        let typed = values.iter().map(|value| self.expression(value, cx.nested())).collect::<Result<Vec<_>>>()?;
        if typed.len() != query.scope.columns.len() {
            return Err(IN_SUBQUERY_LENGTH_MISMATCH
                .with("leftLength", typed.len())
                .with("rightLength", query.scope.columns.len())
                .with("sqlExpr", format!("\"({} IN (listquery()))\"", row_text(values)))
                .with("leftColumns", listed(values.iter().map(crate::naming::sql)))
                .with("rightColumns", listed(query.scope.columns.iter().map(|column| column.name.to_string()))));
        }
        let nullable = typed.iter().any(|value| value.nullable) || query.scope.columns.iter().any(|c| c.nullable);
        let settings = cx.env.settings;
        let mismatch = types_mismatch(values, &typed, &query, cx, settings);
        let mut left = Vec::with_capacity(typed.len());
        let mut items = Vec::with_capacity(typed.len());
        for (value, column) in typed.into_iter().zip(&query.scope.columns) {
            let types = [value.data_type.clone(), column.data_type.clone()];
            let common = coercion::common_type(&types, settings).ok_or_else(|| mismatch.clone())?;
            let mode = cast::CastMode::of(settings);
            left.push(key(nested_key(cast::cast(value, &common, mode, settings)?))?.expr);
            let right = key(nested_key(cast::cast(column.typed(), &common, mode, settings)?))?;
            let id = (right.expr == column.id.expr()).then_some(column.id);
            items.push(Item { id, ..Item::named(right, "value") });
        }
        let right = self.project_items(query, &items)?;
        let expr = match left.as_slice() {
            // DataFusion cannot make a join of a value without columns.
            [value] if in_filter(cx) && !negated && value.column_refs().is_empty() => {
                rows_in(left, &right, cx.rel, negated)?
            }
            [value] if !in_filter(cx) || value.column_refs().is_empty() => {
                value_in(value.clone(), &right, cx.rel, negated)?
            }
            [value] => {
                // Under a name of its own: DataFusion mistakes an unqualified column for that of its join.
                let name = format!("q{}", self.new_id().0);
                let plan = LogicalPlanBuilder::new(right.positional()?)
                    .alias(name)
                    .and_then(LogicalPlanBuilder::build)
                    .map_err(plan_error)?;
                PlanExpr::InSubquery(InSubquery::new(Box::new(value.clone()), plan_subquery(plan), negated))
            }
            _ => rows_in(left, &right, cx.rel, negated)?,
        };
        Ok(Typed::new(expr, DataType::Boolean, nullable))
    }
}

/// DataFusion makes joins of `EXISTS` and `IN` only where they filter rows.
/// The left side of IN: one value, or a row of several.
fn row_text(values: &[Expr]) -> String {
    if let [value] = values {
        return crate::naming::sql(value);
    }
    let fields = values.iter().enumerate().map(|(index, value)| {
        let name = crate::naming::field_name(value).unwrap_or_else(|| format!("col{}", index + 1));
        format!("'{name}', {}", crate::naming::sql(value))
    });
    format!("named_struct({})", fields.collect::<Vec<_>>().join(", "))
}

fn listed(names: impl Iterator<Item = String>) -> String {
    names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn in_filter(cx: Cx<'_>) -> bool {
    matches!(cx.clause, Clause::Where | Clause::Having) && !cx.inside_aggregate
}

/// The number of rows of a subquery, as a scalar subquery.
fn count_rows(query: &Rel, condition: Option<PlanExpr>) -> Result<PlanExpr> {
    let count = datafusion::functions_aggregate::expr_fn::count(lit(1_i64));
    let mut builder = query.builder();
    if let Some(condition) = condition {
        builder = builder.filter(condition).map_err(plan_error)?;
    }
    let plan = builder.aggregate(Vec::<PlanExpr>::new(), [count]).and_then(|b| b.build()).map_err(plan_error)?;
    Ok(PlanExpr::ScalarSubquery(plan_subquery(plan)))
}

/// `value IN (subquery)` as a value. Spark answers false where only a NULL could have matched, for `NOT IN` too
/// (`RewritePredicateSubquery`, existence joins).
fn value_in(value: PlanExpr, right: &Rel, outer: &Rel, negated: bool) -> Result<PlanExpr> {
    let Some(column) = right.scope.columns.first() else { return Err(Error::internal("IN without a column")) };
    let matching = column.id.expr().eq(as_outer(value.clone(), outer)?);
    let matches = count_rows(right, Some(matching))?.gt(lit(0_i64));
    if !negated {
        return Ok(matches);
    }
    let empty = count_rows(right, None)?.eq(lit(0_i64));
    let mut branches = vec![
        (Box::new(matches), Box::new(lit(false))),
        (Box::new(empty), Box::new(lit(true))),
        (Box::new(value.is_null()), Box::new(lit(false))),
    ];
    if column.nullable {
        let nulls = count_rows(right, Some(column.id.expr().is_null()))?.gt(lit(0_i64));
        branches.push((Box::new(nulls), Box::new(lit(false))));
    }
    Ok(PlanExpr::Case(Case::new(None, branches, Some(Box::new(lit(true))))))
}

/// `(a, b) IN (SELECT x, y …)` as `EXISTS (… WHERE x = a AND y = b)`. NULLs in the rows count as
/// no match for `IN`.
fn rows_in(left: Vec<PlanExpr>, right: &Rel, outer: &Rel, negated: bool) -> Result<PlanExpr> {
    let matches = left.into_iter().zip(&right.scope.columns).map(|(value, column)| {
        let value = as_outer(value, outer)?;
        Ok(column.id.expr().eq(value))
    });
    let condition = matches.collect::<Result<Vec<_>>>()?.into_iter().reduce(PlanExpr::and);
    let Some(condition) = condition else { return Err(Error::internal("IN without values")) };
    // A row that may be equal as far as anybody knows keeps NOT IN from being true.
    let condition = if negated { condition.is_not_false() } else { condition };
    let plan = right.builder().filter(condition).and_then(|builder| builder.build()).map_err(plan_error)?;
    Ok(PlanExpr::Exists(Exists::new(plan_subquery(plan), negated)))
}

/// The columns of an expression, seen from inside a subquery.
fn as_outer(expr: PlanExpr, outer: &Rel) -> Result<PlanExpr> {
    let transformed = expr.transform_up(|expr| match expr {
        PlanExpr::Column(column) => match outer.schema().field_with_unqualified_name(&column.name) {
            Ok(field) => Ok(Transformed::yes(PlanExpr::OuterReferenceColumn(Arc::clone(field), column))),
            Err(_) => Ok(Transformed::no(PlanExpr::Column(column))),
        },
        other => Ok(Transformed::no(other)),
    });
    Ok(transformed.map_err(plan_error)?.data)
}

/// The error of sides whose columns have no common types; Spark tells all pairs that differ.
fn types_mismatch(values: &[Expr], left: &[Typed], query: &Rel, cx: Cx<'_>, settings: &SessionSettings) -> Error {
    let quoted = |types: Vec<String>| types.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ");
    let full_name = |typed: &Typed, rel: &Rel| {
        let PlanExpr::Column(plan) = &typed.expr else { return None };
        let column = rel.scope.columns.iter().find(|column| column.id.plan_name() == plan.name)?;
        let parts = column.qualifier.iter().map(String::as_str).chain([&*column.name]);
        Some(parts.map(hearth_types::ddl::quote_if_needed).collect::<Vec<_>>().join("."))
    };
    let pairs = values.iter().zip(left).zip(&query.scope.columns).filter(|((_, typed), column)| {
        coercion::common_type(&[typed.data_type.clone(), column.data_type.clone()], settings).is_none()
    });
    let shown = pairs.map(|((value, typed), column)| {
        let name = full_name(typed, cx.rel).unwrap_or_else(|| crate::naming::sql(value));
        let other = full_name(&column.typed(), query).unwrap_or_default();
        format!("({name}:{}, {other}:{})", typed.data_type.catalog_string(), column.data_type.catalog_string())
    });
    IN_SUBQUERY_DATA_TYPE_MISMATCH
        .with("sqlExpr", format!("\"({} IN (listquery()))\"", row_text(values)))
        .with("mismatchedColumns", shown.collect::<Vec<_>>().join(", "))
        .with("leftType", quoted(left.iter().map(|typed| typed.data_type.sql()).collect()))
        .with("rightType", quoted(query.scope.columns.iter().map(|column| column.data_type.sql()).collect()))
}

fn scalar(query: &Rel, origin: Option<&Arc<Origin>>) -> Result<Typed> {
    let [column] = query.scope.columns.as_slice() else {
        return Err(SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN.with("number", query.scope.columns.len()));
    };
    // Spark knows no place of one that became a join.
    let origin = origin.filter(|_| query.plan.all_out_ref_exprs().is_empty());
    let plan = if is_one_row(&query.plan) {
        project(query.plan.clone(), vec![column.id.expr()])?
    } else {
        let value = single_value(column.id.expr(), origin.cloned()).alias(format!("{}_value", column.id.plan_name()));
        query.builder().aggregate(Vec::<PlanExpr>::new(), [value]).and_then(|b| b.build()).map_err(plan_error)?
    };
    Ok(Typed::new(PlanExpr::ScalarSubquery(plan_subquery(plan)), column.data_type.clone(), true))
}

/// Whether a plan has one row whatever its tables hold: an aggregate without grouping.
fn is_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(projection) => is_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_one_row(&alias.input),
        LogicalPlan::Sort(sort) => is_one_row(&sort.input),
        LogicalPlan::EmptyRelation(empty) => empty.produce_one_row,
        _ => false,
    }
}

pub(crate) fn plan_subquery(plan: LogicalPlan) -> PlanSubquery {
    let outer_ref_columns = plan.all_out_ref_exprs();
    PlanSubquery { subquery: Arc::new(plan), outer_ref_columns, spans: Spans::new() }
}

pub(crate) fn find_reference<'r>(id: i64, references: Option<&'r References<'r>>) -> Option<&'r Relation> {
    let frame = references?;
    let found = frame.relations.iter().find(|relation| relation.plan_id == Some(id));
    found.or_else(|| find_reference(id, frame.parent))
}
