//! `ORDER BY`: keys from the output list, and keys that only the input of the list has.

use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::expr::Sort as SortExpr;
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlan, LogicalPlanBuilder};
use hearth_base::condition::{
    DATATYPE_MISMATCH_INVALID_ORDERING_TYPE, MISSING_AGGREGATION, ORDER_BY_POS_OUT_OF_RANGE,
    UNSUPPORTED_EXPR_FOR_OPERATOR, UNSUPPORTED_PREDICATE_SUBQUERY, UNSUPPORTED_SUBQUERY,
};
use hearth_base::{Error, Result};
use hearth_functions::Typed;
use hearth_plan::expression::{SortOrder, SubqueryKind};
use hearth_plan::{Expr, ExprNode, Relation};
use hearth_types::Value;

use super::block::{Block, has_aggregate, has_window};
use crate::analyzer::{Analyzer, Env, located, plan_error};
use crate::expression::aggregate_call::sort_expr;
use crate::expression::context::{Clause, Cx, Grouped};
use crate::naming;
use crate::rel::Rel;
use crate::scope::ColumnId;

impl Analyzer<'_> {
    pub fn sort(&self, input: &Relation, order: &[SortOrder], env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let mut order = order.to_vec();
        for key in &mut order {
            self.flatten_text(key)?;
            if contains_window(&key.child) {
                let text = naming::sql(&key.child);
                return Err(UNSUPPORTED_EXPR_FOR_OPERATOR.with("invalidExprSqls", format!("\"{text}\"")));
            }
        }
        if let Some(block) = &input.block {
            return self.sort_block(&input, block, &order, env);
        }
        let cx = Cx { output: &[], ..Cx::new(env, &input, Clause::OrderBy) };
        let keys = order
            .iter()
            .map(|key| {
                let expr = match self.ordinal_column(&key.child, &input)? {
                    Some(expr) => expr,
                    None => {
                        let expr = orderable(self.expression(&key.child, cx)?, key)?;
                        match Subqueries::of(&key.child) {
                            Some(kind) if kind == Subqueries::Predicate || is_correlated(&expr) => {
                                return Err(kind.refusal(key));
                            }
                            Some(_) | None => expr,
                        }
                    }
                };
                Ok(sort_expr(expr, key))
            })
            .collect::<Result<Vec<_>>>()?;
        if keys.iter().any(|key| has_window(&key.expr) || has_aggregate(&key.expr)) {
            let items = input.scope.columns.iter().map(crate::rel::Item::column).collect();
            let block = Block::new(input.clone(), items, Vec::new());
            return self.sort_block(&input, &block, &order, env);
        }
        let plan = sorted(input.plan.clone(), keys)?;
        Ok(input.with_plan(plan))
    }

    /// `ORDER BY ALL`
    pub fn sort_all(&self, input: &Relation, direction_of: &SortOrder, env: Env<'_>) -> Result<Rel> {
        let rel = self.relation(input, env)?;
        if self.has_column_all(&rel) {
            let name = ExprNode::Attribute { name: vec!["all".into()], plan_id: None, is_metadata: false };
            let key = SortOrder { child: Expr::new(name), ..direction_of.clone() };
            return self.sort(input, &[key], env);
        }
        let input = rel;
        let keys = input.scope.columns.iter().map(|column| sort_expr(column.id.expr(), direction_of)).collect();
        let plan = sorted(input.plan.clone(), keys)?;
        Ok(input.with_plan(plan))
    }

    /// A column of the list, or of what the list is made from, that is called `all`: then `ALL` is its name.
    fn has_column_all(&self, rel: &Rel) -> bool {
        let below = rel.block.as_ref().map(|block| &block.input.scope);
        [Some(&rel.scope), below]
            .into_iter()
            .flatten()
            .any(|scope| !scope.positions("all", self.case_sensitive).is_empty())
    }

    /// Sorts a `SELECT`: keys that are not in its list become extra columns, which are taken off again.
    fn sort_block(&self, rel: &Rel, block: &Block, order: &[SortOrder], env: Env<'_>) -> Result<Rel> {
        let mut keys = Vec::with_capacity(order.len());
        let mut extra: Vec<(ColumnId, PlanExpr)> = Vec::new();
        let grouped = block.grouped.clone();
        let cx = Cx { output: &block.items, grouped: grouped.as_ref(), ..Cx::new(env, &block.input, Clause::OrderBy) };
        for key in order {
            let column = match self.ordinal_column(&key.child, rel)? {
                Some(column) => column,
                None => {
                    let typed = located(key.child.origin.as_ref(), self.sort_key(key, rel, block, cx))?;
                    self.key_column(typed, block, &mut extra)
                }
            };
            keys.push(sort_expr(column, key));
        }
        if extra.is_empty() {
            let plan = sorted(rel.plan.clone(), keys)?;
            return Ok(Rel::new(plan, rel.scope.clone()));
        }
        let built = self.build_block(block, &extra).map_err(|error| not_in_output(error, order, rel))?;
        let plan = sorted(built.plan.clone(), keys)?;
        let scope = built.scope;
        Ok(Rel::new(Rel::new(plan, scope.clone()).positional()?, scope))
    }

    /// A key. Columns that the output lacks are added to it, but not for subqueries, and Spark sorts by none that looks at
    /// the columns of its row, nor by `IN` and `EXISTS`.
    fn sort_key(&self, order: &SortOrder, rel: &Rel, block: &Block, cx: Cx<'_>) -> Result<PlanExpr> {
        let plain = self.plain_sort_key(order, rel, block, cx);
        let looks_outside = plain.as_ref().map_or(true, is_correlated);
        match Subqueries::of(&order.child) {
            None => plain,
            Some(Subqueries::Scalar) if !looks_outside => plain,
            Some(kind) => {
                self.expression(&order.child, Cx { output: &[], grouped: None, rel, ..cx })?;
                Err(kind.refusal(order))
            }
        }
    }

    /// A key, typed over the block's input.
    fn plain_sort_key(&self, order: &SortOrder, rel: &Rel, block: &Block, cx: Cx<'_>) -> Result<PlanExpr> {
        let key = &order.child;
        match self.expression(key, cx) {
            Ok(typed) => orderable(typed, order),
            // Suggestions come from what the user sees: the output.
            Err(error) => {
                let seen = self.expression(key, Cx { output: &[], grouped: None, rel, ..cx });
                match seen {
                    Ok(typed) => replace_output(typed.expr, block),
                    Err(visible) if rel.scope.columns.len() == block.items.len() => {
                        let _ = error;
                        Err(visible)
                    }
                    Err(_) => Err(error),
                }
            }
        }
    }

    /// `ORDER BY` keys given as text may hold their direction: `sort(expr("a desc"))` arrives as a nested sort order.
    fn flatten_text(&self, key: &mut SortOrder) -> Result<()> {
        if let ExprNode::SqlText(text) = &key.child.node {
            key.child = self.dialect().parse_expression(text)?;
        }
        if let ExprNode::SortOrder(inner) = &key.child.node {
            *key = inner.as_ref().clone();
        }
        Ok(())
    }

    /// The column that holds a key: one of the list if it has the expression, else an extra one.
    fn key_column(&self, expr: PlanExpr, block: &Block, extra: &mut Vec<(ColumnId, PlanExpr)>) -> PlanExpr {
        let in_sets = |grouped: &Grouped| grouped.sets.is_some() && grouped.keys.contains(&expr);
        if matches!(expr, PlanExpr::Literal(..)) && !block.grouped.as_ref().is_some_and(in_sets) {
            return expr;
        }
        let in_list = block.items.iter().find(|item| item.value.expr == expr).and_then(|item| item.id);
        let id = in_list.or_else(|| extra.iter().find(|(_, known)| *known == expr).map(|(id, _)| *id));
        match id {
            Some(id) => id.expr(),
            None => {
                let id = self.new_id();
                extra.push((id, expr));
                id.expr()
            }
        }
    }

    /// `ORDER BY 2`: the second column.
    fn ordinal_column(&self, key: &Expr, rel: &Rel) -> Result<Option<PlanExpr>> {
        let ExprNode::Literal(Value::Integer(position)) = key.node else { return Ok(None) };
        if !self.view.flag("spark.sql.orderByOrdinal", true) {
            return Ok(None);
        }
        let columns = &rel.scope.columns;
        let chosen = usize::try_from(position).ok().and_then(|position| columns.get(position.wrapping_sub(1)));
        match chosen {
            Some(column) => Ok(Some(column.id.expr())),
            None => {
                let error = ORDER_BY_POS_OUT_OF_RANGE.with("index", position).with("size", columns.len());
                located(key.origin.as_ref(), Err(error))
            }
        }
    }
}

/// What subqueries stand in a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subqueries {
    Scalar,
    /// `IN` or `EXISTS`, perhaps among others.
    Predicate,
}

impl Subqueries {
    fn of(expr: &Expr) -> Option<Self> {
        match &expr.node {
            ExprNode::Subquery(subquery) => match subquery.kind {
                SubqueryKind::Scalar | SubqueryKind::TableArgument { .. } => Some(Self::Scalar),
                SubqueryKind::Exists | SubqueryKind::In { .. } => Some(Self::Predicate),
            },
            ExprNode::Function(call) => {
                let kinds = call.arguments.iter().filter_map(Self::of);
                kinds.reduce(|one, other| if one == Self::Predicate { one } else { other })
            }
            ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => Self::of(expr),
            _ => None,
        }
    }

    fn refusal(self, order: &SortOrder) -> Error {
        let condition = match self {
            Self::Scalar => UNSUPPORTED_SUBQUERY,
            Self::Predicate => UNSUPPORTED_PREDICATE_SUBQUERY,
        };
        let text = naming::sql(&Expr::new(ExprNode::SortOrder(Box::new(order.clone()))));
        condition.with("treeNode", format!("Sort [{text}], true"))
    }
}

fn is_correlated(key: &PlanExpr) -> bool {
    let looks_outside =
        |expr: &PlanExpr| matches!(expr, PlanExpr::ScalarSubquery(query) if !query.outer_ref_columns.is_empty());
    key.exists(|expr| Ok(looks_outside(expr))).unwrap_or(false)
}

/// A key that is neither in the list nor grouped is an unknown name to Spark.
fn not_in_output(error: Error, order: &[SortOrder], rel: &Rel) -> Error {
    let names = order.iter().find_map(|key| match &key.child.node {
        ExprNode::Attribute { name, .. } if matches!(rel.scope.find(name, false), Ok(None)) => Some(name),
        _ => None,
    });
    match names {
        Some(name) if error.condition() == MISSING_AGGREGATION => rel.scope.unresolved(name),
        _ => error,
    }
}

/// A key over output columns, as an expression over the block's input.
fn replace_output(expr: PlanExpr, block: &Block) -> Result<PlanExpr> {
    use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
    let transformed = expr.transform_down(|expr| {
        if let PlanExpr::Column(column) = &expr {
            let named = |item: &&crate::rel::Item| item.id.is_some_and(|id| id.plan_name() == column.name);
            if let Some(item) = block.items.iter().find(named) {
                return Ok(Transformed::new(item.value.expr.clone(), true, TreeNodeRecursion::Jump));
            }
        }
        Ok(Transformed::no(expr))
    });
    Ok(transformed.map_err(plan_error)?.data)
}

/// Maps and variants have no order.
fn orderable(typed: Typed, order: &SortOrder) -> Result<PlanExpr> {
    check_orderable(&typed, order)?;
    Ok(hearth_functions::collation::key(typed)?.expr)
}

pub(crate) fn check_orderable(typed: &Typed, order: &SortOrder) -> Result<()> {
    if hearth_functions::families::predicate::is_orderable(&typed.data_type) {
        return Ok(());
    }
    let text = naming::sql(&Expr::new(ExprNode::SortOrder(Box::new(order.clone()))));
    Err(DATATYPE_MISMATCH_INVALID_ORDERING_TYPE
        .with("functionName", "`sortorder`")
        .with("dataType", format!("\"{}\"", typed.data_type.sql()))
        .with("sqlExpr", format!("\"{text}\"")))
}

/// A window function written in a key; one behind an alias of the list is fine.
pub(super) fn contains_window(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Window(_) => true,
        ExprNode::Function(call) => call.arguments.iter().any(contains_window),
        ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => contains_window(expr),
        _ => false,
    }
}

/// A plan in order. Constants order nothing: the rows stay as they come.
pub(crate) fn sorted(plan: LogicalPlan, mut keys: Vec<SortExpr>) -> Result<LogicalPlan> {
    keys.retain(|key| !matches!(key.expr, PlanExpr::Literal(..)));
    if keys.is_empty() {
        return Ok(plan);
    }
    LogicalPlanBuilder::new(plan).sort(keys).and_then(LogicalPlanBuilder::build).map_err(plan_error)
}
