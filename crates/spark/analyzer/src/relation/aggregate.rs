//! `GROUP BY`: keys by expression, ordinal and alias, `ALL`, rollups, cubes and grouping sets.

use hearth_base::Result;
use hearth_base::condition::{
    GROUP_BY_AGGREGATE, GROUP_BY_POS_AGGREGATE, GROUP_BY_POS_OUT_OF_RANGE, GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE,
    GROUPING_SIZE_LIMIT, UNSUPPORTED_EXPR_FOR_OPERATOR,
};
use hearth_functions::Typed;
use hearth_plan::relation::{Grouping, GroupingItem, GroupingSet};
use hearth_plan::{Expr, ExprNode, Relation};
use hearth_types::Value;

use super::block::{Block, has_aggregate, has_window};
use crate::analyzer::{Analyzer, Env, located};
use crate::expression::context::{Clause, Cx, Grouped};
use crate::naming;
use crate::rel::Rel;

/// Spark's grouping id has 64 bits.
const MAX_GROUPING_KEYS: usize = 64;

/// A cube of more groups has more sets than anyone can mean.
const MAX_CUBE_GROUPS: usize = 16;

/// What grouping keys are typed against.
#[derive(Clone, Copy)]
struct Keys<'k> {
    input: &'k Rel,
    /// The output list, for ordinals and aliases.
    list: &'k [Expr],
    env: Env<'k>,
}

impl Analyzer<'_> {
    pub fn aggregate(&self, input: &Relation, grouping: &Grouping, list: &[Expr], env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        self.aggregate_rel(input, grouping, list, env)
    }

    pub(crate) fn aggregate_rel(&self, input: Rel, grouping: &Grouping, list: &[Expr], env: Env<'_>) -> Result<Rel> {
        let input = self.with_time_windows(input, grouping_expressions(grouping).chain(list), env)?;
        let keys = |input: &Rel| match grouping {
            Grouping::All => self.group_by_all(input, list, env),
            Grouping::Items(items) => self.grouped(items, Keys { input, list, env }),
        };
        let input = self.with_sessions(input, keys)?;
        let mut grouped = keys(&input)?;
        let cx = Cx { grouped: Some(&grouped), ..Cx::new(env, &input, Clause::Select) };
        let (mut items, generators) = self.items(list, cx)?;
        if grouped.sets.is_some() {
            // A key that is rolled up is NULL.
            for item in &mut items {
                item.value.nullable |= grouped.keys.contains(&item.value.expr);
            }
        }
        let mut block = Block::new(input, items, generators);
        let window = grouped.window_key.take();
        block.grouped = Some(grouped);
        let rel = self.block_rel(block)?;
        // What the list lacks is told before what a key may not be.
        window.map_or(Ok(rel), Err)
    }

    /// `GROUP BY ALL`: every expression of the list that has no aggregate.
    fn group_by_all(&self, input: &Rel, list: &[Expr], env: Env<'_>) -> Result<Grouped> {
        let (items, generators) = self.items(list, Cx::new(env, input, Clause::Select))?;
        let mut grouped = Grouped::default();
        let generated =
            |item: &crate::rel::Item| generators.iter().any(|step| item.id.is_some_and(|id| step.ids.contains(&id)));
        for item in items {
            // The rows that a generator makes come after the grouping.
            if generated(&item) {
                continue;
            }
            if !has_aggregate(&item.value.expr) && !has_window(&item.value.expr) {
                let position = add_key(&mut grouped, item.value.expr.clone());
                normalize(&mut grouped, position, &item.value);
                let folded = hearth_functions::collation::key(item.value)?.expr;
                if folded != grouped.keys[position] {
                    grouped.collated.push((position, folded));
                }
            }
        }
        for step in generators {
            if !step.generated.list.expr.column_refs().is_empty() {
                add_key(&mut grouped, step.generated.list.expr);
            }
        }
        Ok(grouped)
    }

    fn grouped(&self, items: &[GroupingItem], keys: Keys<'_>) -> Result<Grouped> {
        let mut grouped = Grouped::default();
        let mut product: Vec<Vec<usize>> = vec![Vec::new()];
        let mut has_sets = false;
        for item in items {
            has_sets |= !matches!(item, GroupingItem::Expr(_));
            if let GroupingItem::Sets { expressions, .. } = item {
                // The order of the keys is the order written before `GROUPING SETS`.
                for key in expressions {
                    self.key(&mut grouped, key, keys)?;
                }
            }
            let sets = self.sets(&mut grouped, item, keys)?;
            product = product
                .iter()
                .flat_map(|left| sets.iter().map(move |right| left.iter().chain(right).copied().collect()))
                .collect();
        }
        if grouped.keys.len() > MAX_GROUPING_KEYS && has_sets {
            return Err(GROUPING_SIZE_LIMIT.with("maxSize", MAX_GROUPING_KEYS));
        }
        if has_sets {
            for set in &mut product {
                set.sort_unstable();
                set.dedup();
            }
            grouped.sets = Some(product);
        }
        Ok(grouped)
    }

    /// The sets that one item of `GROUP BY` stands for.
    fn sets(&self, grouped: &mut Grouped, item: &GroupingItem, keys: Keys<'_>) -> Result<Vec<Vec<usize>>> {
        match item {
            GroupingItem::Expr(expr) => Ok(vec![self.positions(grouped, std::slice::from_ref(expr), keys)?]),
            GroupingItem::Rollup(groups) => {
                let groups = self.group_positions(grouped, groups, keys)?;
                Ok((0..=groups.len()).rev().map(|length| groups[..length].concat()).collect())
            }
            GroupingItem::Cube(groups) => {
                let groups = self.group_positions(grouped, groups, keys)?;
                if groups.len() > MAX_CUBE_GROUPS {
                    return Err(GROUPING_SIZE_LIMIT.with("maxSize", MAX_CUBE_GROUPS));
                }
                Ok((0..1_usize << groups.len()).rev().map(|mask| chosen(&groups, mask)).collect())
            }
            GroupingItem::Sets { sets, .. } => {
                let mut all = Vec::new();
                for set in sets {
                    match set {
                        GroupingSet::Set(set) => all.push(self.positions(grouped, set, keys)?),
                        GroupingSet::Nested(item) => all.extend(self.sets(grouped, item, keys)?),
                    }
                }
                Ok(all)
            }
        }
    }

    fn group_positions(&self, grouped: &mut Grouped, groups: &[Vec<Expr>], keys: Keys<'_>) -> Result<Vec<Vec<usize>>> {
        groups.iter().map(|group| self.positions(grouped, group, keys)).collect()
    }

    fn positions(&self, grouped: &mut Grouped, set: &[Expr], keys: Keys<'_>) -> Result<Vec<usize>> {
        set.iter().map(|key| self.key(grouped, key, keys)).collect()
    }

    /// The position of a key among the keys, which get it if they do not have it.
    fn key(&self, grouped: &mut Grouped, key: &Expr, keys: Keys<'_>) -> Result<usize> {
        let list = keys.list;
        let cx = Cx::new(keys.env, keys.input, Clause::GroupBy);
        let typed = match self.ordinal(key, list)? {
            Some(expr) => {
                let typed = self.expression(strip_alias(expr), cx).map_err(|error| at_position(error, key, expr));
                located(key.origin.as_ref(), typed)?
            }
            None => match self.expression(key, cx) {
                Ok(typed) => typed,
                Err(error) => match self.aliased_key(key, list) {
                    Some(expr) => self.expression(strip_alias(expr), cx)?,
                    None => return Err(error),
                },
            },
        };
        if has_window(&typed.expr) {
            let text = format!("\"{}\"", naming::sql(key));
            grouped.window_key = Some(UNSUPPORTED_EXPR_FOR_OPERATOR.with("invalidExprSqls", text));
            return Ok(add_key(grouped, datafusion::logical_expr::lit(true)));
        }
        if super::set_op::holds_variant(&typed.data_type) {
            return Err(GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE
                .with("sqlExpr", format!("\"{}\"", naming::sql(key)))
                .with("dataType", format!("\"{}\"", typed.data_type.sql())));
        }
        let position = add_key(grouped, typed.expr.clone());
        normalize(grouped, position, &typed);
        let folded = hearth_functions::collation::key(typed)?.expr;
        if folded != grouped.keys[position] && !grouped.collated.iter().any(|(known, _)| *known == position) {
            grouped.collated.push((position, folded));
        }
        Ok(position)
    }

    /// `GROUP BY 2`: the second expression of the list.
    fn ordinal<'l>(&self, key: &Expr, list: &'l [Expr]) -> Result<Option<&'l Expr>> {
        let ExprNode::Literal(Value::Integer(position)) = key.node else { return Ok(None) };
        if !self.view.flag("spark.sql.groupByOrdinal", true) {
            return Ok(None);
        }
        let chosen = usize::try_from(position).ok().and_then(|position| list.get(position.wrapping_sub(1)));
        match chosen {
            Some(expr) => Ok(Some(expr)),
            None => {
                let error = GROUP_BY_POS_OUT_OF_RANGE.with("index", position).with("size", list.len());
                located(key.origin.as_ref(), Err(error))
            }
        }
    }

    /// `GROUP BY x` where `x` is an alias of the list.
    fn aliased_key<'l>(&self, key: &Expr, list: &'l [Expr]) -> Option<&'l Expr> {
        if !self.view.flag("spark.sql.groupByAliases", true) {
            return None;
        }
        let ExprNode::Attribute { name, plan_id: None, .. } = &key.node else { return None };
        let [name] = name.as_slice() else { return None };
        list.iter().find(|expr| match &expr.node {
            ExprNode::Alias { names, .. } => {
                names.len() == 1 && crate::scope::same_name(&names[0], name, self.case_sensitive)
            }
            _ => false,
        })
    }
}

/// `GROUP BY 2` where the second expression is an aggregate.
fn at_position(error: hearth_base::Error, key: &Expr, expr: &Expr) -> hearth_base::Error {
    if error.condition() != GROUP_BY_AGGREGATE {
        return error;
    }
    let (index, text) = (naming::sql(key), naming::sql(strip_alias(expr)));
    GROUP_BY_POS_AGGREGATE.with("index", index).with("aggExpr", format!("{text} AS `{}`", naming::output_name(expr)))
}

/// The expressions of a grouping that are no sets.
fn grouping_expressions(grouping: &Grouping) -> impl Iterator<Item = &Expr> {
    let items = match grouping {
        Grouping::All => &[][..],
        Grouping::Items(items) => items.as_slice(),
    };
    items.iter().filter_map(|item| match item {
        GroupingItem::Expr(expr) => Some(expr),
        GroupingItem::Rollup(_) | GroupingItem::Cube(_) | GroupingItem::Sets { .. } => None,
    })
}

/// The groups whose bits are set, the first group having the highest bit.
fn chosen(groups: &[Vec<usize>], mask: usize) -> Vec<usize> {
    let last = groups.len().saturating_sub(1);
    let inside = groups.iter().enumerate().filter(|(index, _)| mask & (1 << (last - index)) != 0);
    inside.flat_map(|(_, group)| group.iter().copied()).collect()
}

fn strip_alias(expr: &Expr) -> &Expr {
    match &expr.node {
        ExprNode::Alias { expr, .. } => strip_alias(expr),
        _ => expr,
    }
}

/// Notes what to group by in place of a key whose zeros have signs.
fn normalize(grouped: &mut Grouped, position: usize, key: &Typed) {
    let same = hearth_functions::collation::nested_key(key.clone()).expr;
    if same != key.expr && !grouped.normalized.iter().any(|(known, _)| *known == position) {
        grouped.normalized.push((position, same));
    }
}

fn add_key(grouped: &mut Grouped, key: datafusion::logical_expr::Expr) -> usize {
    match grouped.keys.iter().position(|known| *known == key) {
        Some(position) => position,
        None => {
            grouped.keys.push(key);
            grouped.keys.len() - 1
        }
    }
}
