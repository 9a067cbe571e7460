//! A tree of inner joins as a set of relations and a set of conditions.

use std::collections::HashMap;

use datafusion::common::{Column, JoinType, NullEquality};
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{BinaryExpr, Expr, Join, LogicalPlan, Operator};

use super::Members;
use super::estimate;

/// One leaf of the tree.
pub struct Relation {
    pub plan: LogicalPlan,
    /// Estimated rows after its filters.
    pub rows: f64,
    /// Estimated rows of its table.
    pub base: f64,
}

/// One side of an equality, whose columns come from `members`.
pub struct Key {
    pub expr: Expr,
    pub members: Members,
}

pub struct Condition {
    pub expr: Expr,
    /// The relations whose columns occur.
    pub members: Members,
    /// The sides, if it is an equality between different relations.
    pub key: Option<(Key, Key)>,
    /// The share of pairs that pass.
    selectivity: f64,
}

pub struct Tree {
    pub relations: Vec<Relation>,
    pub conditions: Vec<Condition>,
    /// The joins as the query has them, innermost first.
    pub written: Vec<(Members, Members)>,
}

impl Tree {
    /// The tree below a plan, or nothing where a size is not known or a condition must run once per pair.
    pub fn flatten(plan: &LogicalPlan) -> Option<Self> {
        let mut flat = Flat::default();
        flat.walk(plan)?;
        let Flat { plans, expressions, written } = flat;
        if plans.len() > Members::BITS as usize || expressions.iter().any(Expr::is_volatile) {
            return None;
        }
        let relations = plans
            .into_iter()
            .map(|plan| {
                let size = estimate::size(&plan)?;
                Some(Relation { plan, rows: size.rows, base: size.base })
            })
            .collect::<Option<Vec<_>>>()?;
        let owners = owners(&relations);
        let mut conditions = Vec::new();
        for expr in expressions {
            conditions.push(condition(expr, &owners)?);
        }
        weigh(&mut conditions, &relations);
        Some(Self { relations, conditions, written })
    }

    /// Estimated rows of a join of these relations, in whatever order.
    pub fn rows(&self, members: Members) -> f64 {
        let pairs: f64 = self
            .relations
            .iter()
            .enumerate()
            .filter(|(index, _)| members >> index & 1 == 1)
            .map(|(_, one)| one.rows)
            .product();
        let inside = self.conditions.iter().filter(|condition| condition.members & !members == 0);
        (pairs * inside.map(|condition| condition.selectivity).product::<f64>()).max(1.0)
    }

    /// Whether a key joins the two parts.
    pub fn connected(&self, left: Members, right: Members) -> bool {
        self.conditions.iter().any(|condition| {
            condition.key.is_some()
                && condition.members & !(left | right) == 0
                && condition.members & left != 0
                && condition.members & right != 0
        })
    }
}

#[derive(Default)]
struct Flat {
    plans: Vec<LogicalPlan>,
    expressions: Vec<Expr>,
    written: Vec<(Members, Members)>,
}

impl Flat {
    /// Takes a plan apart; gives the relations that are below it.
    fn walk(&mut self, plan: &LogicalPlan) -> Option<Members> {
        match plan {
            LogicalPlan::Join(join) if is_plain(join) => {
                let left = self.walk(&join.left)?;
                let right = self.walk(&join.right)?;
                let keys = join.on.iter().map(|(left, right)| left.clone().eq(right.clone()));
                self.expressions.extend(keys);
                self.expressions.extend(join.filter.clone().map(split_conjunction_owned).unwrap_or_default());
                self.written.push((left, right));
                Some(left | right)
            }
            LogicalPlan::Projection(projection)
                if matches!(&*projection.input, LogicalPlan::Join(join) if is_plain(join))
                    && projection.expr.iter().all(|expr| matches!(expr, Expr::Column(_))) =>
            {
                self.walk(&projection.input)
            }
            other => {
                let index = self.plans.len();
                self.plans.push(other.clone());
                (index < Members::BITS as usize).then_some(1 << index)
            }
        }
    }
}

fn is_plain(join: &Join) -> bool {
    join.join_type == JoinType::Inner && join.null_equality == NullEquality::NullEqualsNothing
}

fn owners(relations: &[Relation]) -> HashMap<Column, Members> {
    let columns = |(index, relation): (usize, &Relation)| {
        relation.plan.schema().columns().into_iter().map(move |column| (column, 1 << index)).collect::<Vec<_>>()
    };
    relations.iter().enumerate().flat_map(columns).collect()
}

fn members(expr: &Expr, owners: &HashMap<Column, Members>) -> Option<Members> {
    expr.column_refs().into_iter().map(|column| owners.get(column).copied()).try_fold(0, |all, one| Some(all | one?))
}

fn condition(expr: Expr, owners: &HashMap<Column, Members>) -> Option<Condition> {
    let all = members(&expr, owners)?;
    let mut key = None;
    if let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = &expr {
        let (one, other) = (members(left, owners)?, members(right, owners)?);
        if one != 0 && other != 0 && one & other == 0 {
            let side = |expr: &Expr, members| Key { expr: expr.clone(), members };
            key = Some((side(left, one), side(right, other)));
        }
    }
    let selectivity = estimate::selectivity(&expr);
    Some(Condition { expr, members: all, key, selectivity })
}

/// Equal columns have as many different values as the smallest of their tables has rows at most. Of the equalities
/// among `n` equal columns, `n - 1` filter and the others follow from them.
fn weigh(conditions: &mut [Condition], relations: &[Relation]) {
    let mut classes = Classes::default();
    let sides = |condition: &Condition| match &condition.key {
        Some((Key { expr: Expr::Column(one), members: left }, Key { expr: Expr::Column(other), members: right })) => {
            Some(((one.clone(), *left), (other.clone(), *right)))
        }
        _ => None,
    };
    let base = |members: Members| relations.get(members.trailing_zeros() as usize).map_or(1.0, |one| one.base);
    let mut follows = Vec::new();
    for condition in conditions.iter() {
        follows.push(match sides(condition) {
            Some(((one, left), (other, right))) => !classes.unite(one, base(left), other, base(right)),
            None => false,
        });
    }
    for (condition, follows) in conditions.iter_mut().zip(follows) {
        if let Some(((one, _), _)) = sides(condition) {
            condition.selectivity = if follows { 1.0 } else { 1.0 / classes.distinct(&one).max(1.0) };
        } else if let Some((one, other)) = &condition.key {
            condition.selectivity = 1.0 / base(one.members).min(base(other.members)).max(1.0);
        }
    }
    // Several columns together have no more values than the smaller table has rows: parts of one key are not independent.
    let mut least: HashMap<Members, f64> = HashMap::new();
    for condition in conditions.iter_mut() {
        let Some((one, other)) = &condition.key else { continue };
        let room =
            least.entry(condition.members).or_insert_with(|| base(one.members).min(base(other.members)).max(1.0));
        condition.selectivity = condition.selectivity.max(1.0 / *room);
        *room *= condition.selectivity;
    }
}

/// Columns that are equal, and how many values they have at most.
#[derive(Default)]
struct Classes {
    of: HashMap<Column, usize>,
    distinct: Vec<f64>,
}

impl Classes {
    /// Whether the two were in different classes before.
    fn unite(&mut self, one: Column, one_rows: f64, other: Column, other_rows: f64) -> bool {
        let (left, right) = (self.class(one, one_rows), self.class(other, other_rows));
        if left == right {
            return false;
        }
        self.distinct[left] = self.distinct[left].min(self.distinct[right]);
        self.of.values_mut().filter(|class| **class == right).for_each(|class| *class = left);
        true
    }

    fn class(&mut self, column: Column, rows: f64) -> usize {
        let distinct = &mut self.distinct;
        *self.of.entry(column).or_insert_with(|| {
            distinct.push(rows);
            distinct.len() - 1
        })
    }

    fn distinct(&self, column: &Column) -> f64 {
        self.of.get(column).and_then(|class| self.distinct.get(*class)).copied().unwrap_or(1.0)
    }
}
