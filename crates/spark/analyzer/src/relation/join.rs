//! Joins: by condition, `USING`, `NATURAL`, lateral, and `joinWith`.
//!
//! Sides that share columns (a self-join of one analysed relation) cannot happen: every use of a relation is analysed
//! anew and has ids of its own.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{JoinType, Spans};
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlan, LogicalPlanBuilder, Subquery};
use hearth_base::condition::{
    DATATYPE_MISMATCH_BINARY_OP_DIFF_TYPES, DATATYPE_MISMATCH_FILTER_NOT_BOOLEAN, GENERATOR_OUTSIDE_SELECT,
    INVALID_LATERAL_JOIN_TYPE, INVALID_WHERE_CONDITION, JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE, LATERAL_JOIN_USING,
    UNRESOLVED_USING_COLUMN_FOR_JOIN, UNSUPPORTED_EXPR_FOR_OPERATOR,
};
use hearth_base::{Error, Result};
use hearth_functions::{Typed, cast, coercion, collation};
use hearth_plan::relation::{Join, JoinConstraint, JoinKind};
use hearth_plan::{Expr, ExprNode};

use crate::analyzer::{Analyzer, Env, Outer, plan_error};
use crate::expression::aggregate_call::inner_aggregate;
use crate::expression::context::{Clause, Cx};
use crate::expression::extract::make_struct;
use crate::expression::generator::with_ids;
use crate::naming;
use crate::rel::{Item, Rel, all_columns, project};
use crate::relation::block::has_window;
use crate::scope::{Column, Scope, quote_name};

impl Analyzer<'_> {
    pub fn join(&self, join: &Join, env: Env<'_>) -> Result<Rel> {
        if join.lateral {
            return self.lateral_join(join, env);
        }
        let left = self.relation(&join.left, env)?;
        let right = self.relation(&join.right, env)?;
        let rel = match &join.constraint {
            JoinConstraint::None => self.join_on(&left, &right, join.kind, None)?,
            JoinConstraint::On(condition) => {
                let both = both_sides(&left, &right)?;
                let inner = matches!(join.kind, JoinKind::Inner | JoinKind::Cross);
                let clause = if inner { Clause::Where } else { Clause::Join };
                let direct = [(&left, join.left.plan_id), (&right, join.right.plan_id)];
                *self.join_sides.borrow_mut() = direct
                    .into_iter()
                    .filter_map(|(side, plan_id)| Some((plan_id?, side.scope.columns.iter().map(|c| c.id).collect())))
                    .collect();
                let predicate = self.condition(condition, Cx::new(env, &both, clause));
                self.join_sides.borrow_mut().clear();
                let predicate = match predicate {
                    Ok(predicate) if has_window(&predicate) => return Err(not_for_joins(condition)),
                    Ok(predicate) => predicate,
                    Err(error) => return Err(as_of_join(error, join.kind, condition)),
                };
                if inner {
                    self.inner_join(&left, &right, predicate)?
                } else {
                    self.join_on(&left, &right, join.kind, Some(predicate))?
                }
            }
            JoinConstraint::Using(names) => self.join_using((&left, &right), join.kind, names, env)?,
            JoinConstraint::Natural => {
                let names = self.common_names(&left.scope, &right.scope);
                self.join_using((&left, &right), join.kind, &names, env)?
            }
        };
        match join.structs {
            Some(kinds) => self.as_structs(&rel, &left.scope, &right.scope, kinds),
            None => Ok(rel),
        }
    }

    fn join_on(&self, left: &Rel, right: &Rel, kind: JoinKind, predicate: Option<PlanExpr>) -> Result<Rel> {
        let plan = join_plan(left.plan.clone(), right.plan.clone(), kind, predicate)?;
        Ok(Rel::new(plan, joined_scope(&left.scope, &right.scope, kind)))
    }

    /// Subqueries of an inner join's condition filter its rows: DataFusion makes joins of them there only.
    fn inner_join(&self, left: &Rel, right: &Rel, predicate: PlanExpr) -> Result<Rel> {
        let (above, on): (Vec<PlanExpr>, Vec<PlanExpr>) =
            split_conjunction_owned(predicate).into_iter().partition(has_subquery);
        let joined = self.join_on(left, right, JoinKind::Inner, on.into_iter().reduce(PlanExpr::and))?;
        match above.into_iter().reduce(PlanExpr::and) {
            Some(condition) => {
                let plan = super::block::filter(joined.plan, condition)?;
                Ok(Rel::new(plan, joined.scope))
            }
            None => Ok(joined),
        }
    }

    fn common_names(&self, left: &Scope, right: &Scope) -> Vec<String> {
        let shared =
            left.columns.iter().filter(|column| !right.positions(&column.name, self.case_sensitive).is_empty());
        shared.map(|column| column.name.to_string()).collect()
    }

    /// `USING (a, b)`: one column each, in front; the two sides' own stay reachable by qualified name.
    fn join_using(&self, (left, right): (&Rel, &Rel), kind: JoinKind, names: &[String], env: Env<'_>) -> Result<Rel> {
        let mut keys: Vec<(Column, Column)> = Vec::with_capacity(names.len());
        let mut predicate: Option<PlanExpr> = None;
        for name in names {
            let of = |scope: &Scope, side: &str| -> Result<Column> {
                let plain = scope.find(std::slice::from_ref(name), self.case_sensitive)?;
                plain.map(|found| found.column.clone()).ok_or_else(|| unresolved_using(name, side, scope))
            };
            let (mine, other) = (of(&left.scope, "left")?, of(&right.scope, "right")?);
            if !hearth_functions::families::predicate::is_orderable(&mine.data_type) {
                return Err(hearth_base::condition::DATATYPE_MISMATCH_INVALID_ORDERING_TYPE
                    .with("sqlExpr", format!("\"({name} = {name})\""))
                    .with("functionName", "`=`")
                    .with("dataType", format!("\"{}\"", mine.data_type.sql())));
            }
            if collation::differ(&mine.data_type, &other.data_type) {
                return Err(hearth_base::condition::INDETERMINATE_COLLATION_IN_EXPRESSION
                    .with("expr", format!("\"({name} = {name})\"")));
            }
            let equal = self.equal(mine.typed(), other.typed(), env)?;
            predicate = Some(match predicate {
                Some(known) => known.and(equal),
                None => equal,
            });
            keys.push((mine, other));
        }
        let joined = self.join_on(left, right, kind, predicate)?;
        self.using_output(joined, (&left.scope, &right.scope), &keys, (kind, env))
    }

    fn using_output(
        &self,
        joined: Rel,
        (left, right): (&Scope, &Scope),
        keys: &[(Column, Column)],
        (kind, env): (JoinKind, Env<'_>),
    ) -> Result<Rel> {
        if matches!(kind, JoinKind::LeftSemi | JoinKind::LeftAnti) {
            let front = keys.iter().map(|(mine, _)| mine.clone());
            let rest = left.columns.iter().filter(|column| !keys.iter().any(|(mine, _)| mine.id == column.id)).cloned();
            return Ok(Rel::new(joined.plan, Scope::new(front.chain(rest).collect())));
        }
        let scope = joined_scope(left, right, kind);
        let is_key = |column: &Column| keys.iter().any(|(a, b)| a.id == column.id || b.id == column.id);
        let nullable = |id| scope.by_id(id).is_some_and(|column| column.nullable);
        let mut front = Vec::with_capacity(keys.len());
        let mut hidden: Vec<Column> = scope.hidden.clone();
        let mut made: Vec<PlanExpr> = Vec::new();
        for (mine, other) in keys {
            let shown = match kind {
                JoinKind::RightOuter => {
                    hidden.push(Column { nullable: nullable(mine.id), ..mine.clone() });
                    Column { name: Arc::clone(&other.name), ..other.clone() }
                }
                JoinKind::FullOuter => {
                    hidden.push(Column { nullable: true, ..mine.clone() });
                    hidden.push(Column { nullable: true, ..other.clone() });
                    let cx_rel = Rel::one_row();
                    let both = self.call(
                        "coalesce",
                        vec![mine.typed(), other.typed()],
                        Cx::new(env, &cx_rel, Clause::Select),
                    )?;
                    let id = self.new_id();
                    made.push(both.expr.alias(id.plan_name()));
                    Column {
                        id,
                        name: Arc::clone(&mine.name),
                        qualifier: Arc::default(),
                        data_type: both.data_type,
                        nullable: mine.nullable || other.nullable,
                        metadata: None,
                    }
                }
                JoinKind::Inner | JoinKind::Cross | JoinKind::LeftOuter | JoinKind::LeftSemi | JoinKind::LeftAnti => {
                    hidden.push(Column { nullable: nullable(other.id), ..other.clone() });
                    mine.clone()
                }
            };
            front.push(shown);
        }
        let plan = if made.is_empty() {
            joined.plan
        } else {
            let mut outputs = all_columns(&joined.plan);
            outputs.extend(made);
            project(joined.plan, outputs)?
        };
        front.extend(scope.columns.iter().filter(|column| !is_key(column)).cloned());
        Ok(Rel::new(plan, Scope { columns: front, hidden }))
    }

    /// `left = right` with both sides brought to one type; plain columns of one type stay plain.
    pub(crate) fn equal(&self, left: Typed, right: Typed, env: Env<'_>) -> Result<PlanExpr> {
        let types = [left.data_type.clone(), right.data_type.clone()];
        let Some(common) = coercion::common_type(&types, env.settings) else {
            return Err(DATATYPE_MISMATCH_BINARY_OP_DIFF_TYPES
                .with("sqlExpr", "\"=\"")
                .with("left", format!("\"{}\"", types[0].sql()))
                .with("right", format!("\"{}\"", types[1].sql())));
        };
        let mode = cast::CastMode::of(env.settings);
        let left = cast::cast(left, &common, mode, env.settings)?;
        let right = cast::cast(right, &common, mode, env.settings)?;
        Ok(collation::key(left)?.expr.eq(collation::key(right)?.expr))
    }

    /// `LATERAL (…)`: the right side sees the columns of the left one.
    fn lateral_join(&self, join: &Join, env: Env<'_>) -> Result<Rel> {
        self.subqueries.set(true);
        let refused = match join.kind {
            JoinKind::Inner | JoinKind::Cross | JoinKind::LeftOuter => None,
            JoinKind::RightOuter => Some("RIGHT OUTER"),
            JoinKind::FullOuter => Some("FULL OUTER"),
            JoinKind::LeftSemi => Some("LEFT SEMI"),
            JoinKind::LeftAnti => Some("LEFT ANTI"),
        };
        if let Some(kind) = refused {
            return Err(INVALID_LATERAL_JOIN_TYPE.with("joinType", kind));
        }
        let left = self.relation(&join.left, env)?;
        let outer = Outer { rel: &left, aggregates: None, parent: env.outer };
        let right = self.relation(&join.right, Env { outer: Some(&outer), ..env })?;
        let condition = match &join.constraint {
            JoinConstraint::None => None,
            JoinConstraint::On(condition) => {
                let both = both_sides(&left, &right)?;
                Some(self.condition(condition, Cx::new(env, &both, Clause::Join))?)
            }
            JoinConstraint::Using(_) | JoinConstraint::Natural => return Err(LATERAL_JOIN_USING.error()),
        };
        let outer_ref_columns = right.plan.all_out_ref_exprs();
        let scope = joined_scope(&left.scope, &right.scope, join.kind);
        if outer_ref_columns.is_empty() {
            let plan = join_plan(left.plan.clone(), right.plan.clone(), join.kind, condition)?;
            return Ok(Rel::new(plan, scope));
        }
        if let Some(rel) = self.lateral_rows(&left, &right, join.kind, condition.clone())? {
            return Ok(rel);
        }
        let subquery =
            LogicalPlan::Subquery(Subquery { subquery: Arc::new(right.plan), outer_ref_columns, spans: Spans::new() });
        let plan = join_plan(left.plan.clone(), subquery, join.kind, condition)?;
        // DataFusion's rewrite of an outer join leaves its keys among the columns.
        let columns = all_columns(&plan);
        Ok(Rel::new(project(plan, columns)?, scope))
    }

    /// A lateral side that only computes over one row (`LATERAL (SELECT a + 1)`, generators) needs no join: its steps
    /// run over the left side.
    fn lateral_rows(
        &self,
        left: &Rel,
        right: &Rel,
        kind: JoinKind,
        condition: Option<PlanExpr>,
    ) -> Result<Option<Rel>> {
        // `LEFT JOIN LATERAL explode(…)` without a condition gives what the generator gives: so it is in Spark.
        let generates = kind == JoinKind::LeftOuter && condition.is_none() && has_unnest(&right.plan);
        if !matches!(kind, JoinKind::Inner | JoinKind::Cross) && !generates {
            return Ok(None);
        }
        let Some(plan) = graft(&right.plan, &left.plan)? else { return Ok(None) };
        let plan = match condition {
            Some(condition) => super::block::filter(plan, condition)?,
            None => plan,
        };
        Ok(Some(Rel::new(plan, joined_scope(&left.scope, &right.scope, kind))))
    }

    /// `joinWith`: the two sides as structs, or bare when they have one column that is no struct.
    fn as_structs(
        &self,
        joined: &Rel,
        left: &Scope,
        right: &Scope,
        (left_struct, right_struct): (bool, bool),
    ) -> Result<Rel> {
        let side = |scope: &Scope, is_struct: bool| -> Result<Typed> {
            let columns: Vec<Column> =
                scope.columns.iter().map(|c| joined.scope.by_id(c.id).cloned().unwrap_or_else(|| c.clone())).collect();
            match columns.as_slice() {
                [only] if !is_struct => Ok(only.typed()),
                columns => Ok(make_struct(columns.iter().map(|c| (Arc::clone(&c.name), c.typed())).collect())),
            }
        };
        let items = [Item::named(side(left, left_struct)?, "_1"), Item::named(side(right, right_struct)?, "_2")];
        self.project_items(joined.clone(), &items)
    }
}

/// What a condition may not hold is told under the join's own conditions.
fn as_of_join(error: Error, kind: JoinKind, condition: &Expr) -> Error {
    if error.condition() == INVALID_WHERE_CONDITION {
        return not_for_joins(condition);
    }
    if error.condition() == GENERATOR_OUTSIDE_SELECT {
        return GENERATOR_OUTSIDE_SELECT.with("plan", format!("'Join {}, {}", kind_name(kind), with_ids(condition)));
    }
    not_boolean(&error).unwrap_or(error)
}

fn kind_name(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Inner => "Inner",
        JoinKind::Cross => "Cross",
        JoinKind::LeftOuter => "LeftOuter",
        JoinKind::RightOuter => "RightOuter",
        JoinKind::FullOuter => "FullOuter",
        JoinKind::LeftSemi => "LeftSemi",
        JoinKind::LeftAnti => "LeftAnti",
    }
}

/// The error of aggregates and window functions in the condition of a join.
fn not_for_joins(condition: &Expr) -> Error {
    let mut found = Vec::new();
    collect_misplaced(condition, &mut found);
    let texts: Vec<String> = found.iter().map(|text| format!("\"{text}\"")).collect();
    UNSUPPORTED_EXPR_FOR_OPERATOR.with("invalidExprSqls", texts.join(", "))
}

fn collect_misplaced(expr: &Expr, found: &mut Vec<String>) {
    match &expr.node {
        ExprNode::Window(window) => {
            found.push(naming::sql(expr));
            if inner_aggregate(&window.function).is_some() {
                found.push(naming::sql(&window.function));
            }
        }
        ExprNode::Function(call) => match inner_aggregate(expr) {
            Some(aggregate) if std::ptr::eq(aggregate, expr) => found.push(naming::sql(expr)),
            Some(_) | None => call.arguments.iter().for_each(|argument| collect_misplaced(argument, found)),
        },
        ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => collect_misplaced(expr, found),
        _ => {}
    }
}

/// A join says of its condition what a filter says of its own, under another name.
fn not_boolean(error: &Error) -> Option<Error> {
    if error.condition() != DATATYPE_MISMATCH_FILTER_NOT_BOOLEAN {
        return None;
    }
    let parameter = |wanted: &str| error.named_parameters().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    Some(
        JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE
            .with("joinCondition", parameter("filter")?)
            .with("conditionType", parameter("type")?),
    )
}

fn has_subquery(expr: &PlanExpr) -> bool {
    let subquery =
        |expr: &PlanExpr| matches!(expr, PlanExpr::ScalarSubquery(_) | PlanExpr::InSubquery(_) | PlanExpr::Exists(_));
    expr.exists(|expr| Ok(subquery(expr))).unwrap_or(false)
}

/// Puts the steps of a lateral side on top of the left side, if they go row by row.
fn graft(right: &LogicalPlan, left: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    match right {
        LogicalPlan::EmptyRelation(empty) if empty.produce_one_row => Ok(Some(left.clone())),
        LogicalPlan::Projection(projection) => {
            let Some(input) = graft(&projection.input, left)? else { return Ok(None) };
            let mut outputs = all_columns(left);
            for expr in &projection.expr {
                outputs.push(inner_references(expr.clone())?);
            }
            let mut names = HashSet::new();
            outputs.retain(|expr| names.insert(expr.schema_name().to_string()));
            project(input, outputs).map(Some)
        }
        LogicalPlan::Filter(filter) => {
            let Some(input) = graft(&filter.input, left)? else { return Ok(None) };
            super::block::filter(input, inner_references(filter.predicate.clone())?).map(Some)
        }
        LogicalPlan::Unnest(unnest) => {
            let Some(input) = graft(&unnest.input, left)? else { return Ok(None) };
            let plan = LogicalPlanBuilder::new(input)
                .unnest_columns_with_options(unnest.exec_columns.clone(), unnest.options.clone())
                .and_then(LogicalPlanBuilder::build);
            plan.map(Some).map_err(plan_error)
        }
        _ => Ok(None),
    }
}

fn has_unnest(plan: &LogicalPlan) -> bool {
    plan.exists(|node| Ok(matches!(node, LogicalPlan::Unnest(_)))).unwrap_or(false)
}

fn inner_references(expr: PlanExpr) -> Result<PlanExpr> {
    let transformed = expr.transform_up(|expr| match expr {
        PlanExpr::OuterReferenceColumn(_, column) => Ok(Transformed::yes(PlanExpr::Column(column))),
        other => Ok(Transformed::no(other)),
    });
    Ok(transformed.map_err(plan_error)?.data)
}

/// What a join condition is typed against: the columns of both sides.
pub(super) fn both_sides(left: &Rel, right: &Rel) -> Result<Rel> {
    let scope = joined_scope(&left.scope, &right.scope, JoinKind::Inner);
    let plan = join_plan(left.plan.clone(), right.plan.clone(), JoinKind::Cross, None)?;
    Ok(Rel::new(plan, scope))
}

pub(super) fn joined_scope(left: &Scope, right: &Scope, kind: JoinKind) -> Scope {
    let (left_nullable, right_nullable) = match kind {
        JoinKind::Inner | JoinKind::Cross => (false, false),
        JoinKind::LeftOuter => (false, true),
        JoinKind::RightOuter => (true, false),
        JoinKind::FullOuter => (true, true),
        JoinKind::LeftSemi | JoinKind::LeftAnti => return left.clone(),
    };
    let side = |columns: &[Column], nullable: bool| -> Vec<Column> {
        columns.iter().map(|column| Column { nullable: column.nullable || nullable, ..column.clone() }).collect()
    };
    let mut columns = side(&left.columns, left_nullable);
    columns.extend(side(&right.columns, right_nullable));
    let mut hidden = side(&left.hidden, left_nullable);
    hidden.extend(side(&right.hidden, right_nullable));
    Scope { columns, hidden }
}

pub(super) fn join_plan(
    left: LogicalPlan,
    right: LogicalPlan,
    kind: JoinKind,
    on: Option<PlanExpr>,
) -> Result<LogicalPlan> {
    let join_type = match kind {
        JoinKind::Inner | JoinKind::Cross => JoinType::Inner,
        JoinKind::LeftOuter => JoinType::Left,
        JoinKind::RightOuter => JoinType::Right,
        JoinKind::FullOuter => JoinType::Full,
        JoinKind::LeftSemi => JoinType::LeftSemi,
        JoinKind::LeftAnti => JoinType::LeftAnti,
    };
    let builder = LogicalPlanBuilder::new(left);
    let joined = match on {
        None if join_type == JoinType::Inner => builder.cross_join(right),
        on => {
            let always = PlanExpr::Literal(datafusion::common::ScalarValue::Boolean(Some(true)), None);
            builder.join_on(right, join_type, [on.unwrap_or(always)])
        }
    };
    joined.and_then(LogicalPlanBuilder::build).map_err(plan_error)
}

fn unresolved_using(name: &str, side: &str, scope: &Scope) -> Error {
    let mut names: Vec<_> = scope.columns.iter().map(|column| quote_name(&[&column.name])).collect();
    names.sort();
    UNRESOLVED_USING_COLUMN_FOR_JOIN
        .with("colName", quote_name(&[name]))
        .with("side", side)
        .with("suggestion", names.join(", "))
}
