//! `repartition` and `coalesce`: how rows are spread is the engine's business unless a number was asked for.

use datafusion::logical_expr::{LogicalPlanBuilder, Partitioning};
use hearth_base::Result;
use hearth_plan::{Expr, Relation};

use crate::analyzer::{Analyzer, Env, plan_error};
use crate::expression::context::{Clause, Cx};
use crate::rel::Rel;

impl Analyzer<'_> {
    pub fn repartition(&self, input: &Relation, partitions: i32, shuffle: bool, env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let count = usize::try_from(partitions).unwrap_or(1).max(1);
        if !shuffle {
            return Ok(Rel { block: None, ..input });
        }
        spread(input, Partitioning::RoundRobinBatch(count))
    }

    pub fn repartition_by(
        &self,
        input: &Relation,
        expressions: &[Expr],
        partitions: Option<i32>,
        env: Env<'_>,
    ) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let cx = Cx::new(env, &input, Clause::Select);
        let count = partitions.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
        let mut keys = Vec::with_capacity(expressions.len());
        for key in expressions {
            match (self.expression(key, cx), &input.block) {
                (Ok(typed), _) => keys.push(typed.expr),
                // `SELECT a FROM t DISTRIBUTE BY b`: a key that only the input of the list has.
                (Err(_), Some(block)) if count.is_none() => {
                    self.expression(key, Cx { output: &block.items, ..Cx::new(env, &block.input, Clause::OrderBy) })?;
                }
                (Err(error), _) => return Err(error),
            }
        }
        // Nothing moves, and `CLUSTER BY` sorts by the same keys next.
        let Some(count) = count else { return Ok(input) };
        spread(input, Partitioning::Hash(keys, count))
    }
}

fn spread(input: Rel, partitioning: Partitioning) -> Result<Rel> {
    let plan = input.builder().repartition(partitioning).and_then(LogicalPlanBuilder::build).map_err(plan_error)?;
    Ok(input.with_plan(plan))
}
