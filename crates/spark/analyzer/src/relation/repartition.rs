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
        let keys = expressions.iter().map(|key| Ok(self.expression(key, cx)?.expr)).collect::<Result<Vec<_>>>()?;
        let Some(count) = partitions.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0) else {
            return Ok(Rel { block: None, ..input });
        };
        spread(input, Partitioning::Hash(keys, count))
    }
}

fn spread(input: Rel, partitioning: Partitioning) -> Result<Rel> {
    let plan = input.builder().repartition(partitioning).and_then(LogicalPlanBuilder::build).map_err(plan_error)?;
    Ok(input.with_plan(plan))
}
