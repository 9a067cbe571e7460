//! `sample`, `TABLESAMPLE` and `sampleBy`.
//!
//! A row is kept when a pseudo-random number falls into the fraction. The numbers come from Spark's `rand(seed)`, one
//! sequence per partition, so a seed gives one answer for one way of cutting the rows into partitions.

use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::{Expr as PlanExpr, lit};
use hearth_base::Result;
use hearth_plan::relation::{Sample, SampleMethod};
use hearth_plan::{Expr, Relation};
use hearth_types::Value;

use super::block::filter;
use crate::analyzer::{Analyzer, Env, unsupported};
use crate::expression::context::{Clause, Cx};
use crate::expression::literal;
use crate::rel::Rel;

impl Analyzer<'_> {
    pub fn sample(&self, sample: &Sample, env: Env<'_>) -> Result<Rel> {
        match &sample.method {
            SampleMethod::Rows(rows) => self.limit(&sample.input, rows, env),
            SampleMethod::Bucket { bucket, of } => {
                let lower = (*bucket as f64 - 1.0) / (*of as f64);
                self.fraction(sample, (lower, *bucket as f64 / *of as f64), env)
            }
            SampleMethod::Fraction { lower, upper } => self.fraction(sample, (*lower, *upper), env),
        }
    }

    fn fraction(&self, sample: &Sample, (lower, upper): (f64, f64), env: Env<'_>) -> Result<Rel> {
        if sample.with_replacement {
            return unsupported("sampling with replacement");
        }
        let input = self.relation(&sample.input, env)?;
        let random = self.random(sample.seed, env)?;
        let below = random.clone().lt(lit(upper));
        let inside = if lower <= 0.0 { below } else { between_once(random, lower, upper) };
        let plan = filter(input.plan.clone(), inside)?;
        Ok(input.with_plan(plan))
    }

    fn random(&self, seed: Option<i64>, env: Env<'_>) -> Result<PlanExpr> {
        let nothing = Rel::one_row();
        let seed = seed.map(|seed| literal::typed(&Value::Long(seed))).transpose()?;
        Ok(self.call("rand", seed.into_iter().collect(), Cx::new(env, &nothing, Clause::Where))?.expr)
    }

    /// One fraction for each value of a column; other values are left out.
    pub fn sample_by(
        &self,
        input: &Relation,
        column: &Expr,
        (fractions, seed): (&[(Value, f64)], Option<i64>),
        env: Env<'_>,
    ) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let key = self.expression(column, Cx::new(env, &input, Clause::Where))?;
        let mut branches = Vec::with_capacity(fractions.len());
        for (value, fraction) in fractions {
            let equal = self.equal(key.clone(), literal::typed(value)?, env)?;
            branches.push((Box::new(equal), Box::new(lit(*fraction))));
        }
        if branches.is_empty() {
            let plan = filter(input.plan.clone(), lit(false))?;
            return Ok(input.with_plan(plan));
        }
        let limit = PlanExpr::Case(Case::new(None, branches, Some(Box::new(lit(0.0)))));
        let plan = filter(input.plan.clone(), self.random(seed, env)?.lt(limit))?;
        Ok(input.with_plan(plan))
    }
}

/// `random` must be computed once: two copies of it would be two numbers.
fn between_once(random: PlanExpr, lower: f64, upper: f64) -> PlanExpr {
    let middle = f64::midpoint(lower, upper);
    let half = (upper - lower) / 2.0;
    datafusion::functions::math::expr_fn::abs(random - lit(middle)).lt(lit(half))
}
