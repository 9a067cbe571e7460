//! `repartition` and `coalesce`: how rows are spread is the engine's business unless a number was asked for.

use datafusion::logical_expr::{LogicalPlanBuilder, Partitioning};
use hearth_base::Result;
use hearth_base::condition::DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE;
use hearth_plan::{Expr, ExprNode, Relation};

use crate::analyzer::{Analyzer, Env, plan_error};
use crate::expression::context::{Clause, Cx};
use crate::naming;
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
            if let ExprNode::DirectShufflePartitionId(id) = &key.node {
                keys.push(self.partition_id(id, key, cx)?);
                continue;
            }
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

impl Analyzer<'_> {
    /// `repartitionById`: an integer. Its rows stay together, which partition they are is the engine's business.
    fn partition_id(&self, id: &Expr, key: &Expr, cx: Cx<'_>) -> Result<datafusion::logical_expr::Expr> {
        let typed = self.expression(id, cx)?;
        if typed.data_type.is_integral() || typed.is_void() {
            return Ok(typed.expr);
        }
        Err(DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE
            .with("sqlExpr", format!("\"{}\"", naming::sql(key)))
            .with("paramIndex", hearth_functions::call::ordinal(1))
            .with("requiredType", "\"INT\"")
            .with("inputSql", format!("\"{}\"", naming::sql(id)))
            .with("inputType", format!("\"{}\"", typed.data_type.sql())))
    }
}

fn spread(input: Rel, partitioning: Partitioning) -> Result<Rel> {
    let plan = input.builder().repartition(partitioning).and_then(LogicalPlanBuilder::build).map_err(plan_error)?;
    Ok(input.with_plan(plan))
}
