//! `sample`, `TABLESAMPLE` and `sampleBy`.
//!
//! A row is kept when a pseudo-random number falls into the fraction. The numbers come from Spark's `rand(seed)`, one
//! sequence per partition, so a seed gives one answer for one way of cutting the rows into partitions.

use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::{Expr as PlanExpr, lit};
use hearth_base::Result;
use hearth_functions::{Generated, GeneratedColumn, Typed};
use hearth_plan::relation::{Sample, SampleMethod};
use hearth_plan::{Expr, Relation};
use hearth_types::{DataType, Value};

use super::block::filter;
use crate::analyzer::{Analyzer, Env, unsupported};
use crate::expression::context::{Clause, Cx};
use crate::expression::literal;
use crate::rel::{Rel, all_columns, project};
use crate::relation::stat::illegal;

/// Means over this are typing mistakes; the table of probabilities stays small.
const MAX_POISSON_MEAN: f64 = 100.0;
const MAX_COPIES: u64 = 1000;
/// What differences of fractions may be off by (`RandomSampler.roundingEpsilon`).
const ROUNDING: f64 = 1e-6;

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
        let input = self.relation(&sample.input, env)?;
        let size = upper - lower;
        if size < -ROUNDING || (!sample.with_replacement && size > 1.0 + ROUNDING) {
            let bounds = if sample.with_replacement { "nonnegative with" } else { "on interval [0, 1] without" };
            return Err(illegal(format!("Sampling fraction ({size:?}) must be {bounds} replacement")));
        }
        if sample.with_replacement {
            return self.with_replacement(input, upper - lower, sample.seed, env);
        }
        let random = self.random(sample.seed, env)?;
        let below = random.clone().lt(lit(upper));
        let inside = if lower <= 0.0 { below } else { between_once(random, lower, upper) };
        let plan = filter(input.plan.clone(), inside)?;
        Ok(input.with_plan(plan))
    }

    /// Each row comes as often as a Poisson distribution with the fraction as its mean says.
    fn with_replacement(&self, input: Rel, mean: f64, seed: Option<i64>, env: Env<'_>) -> Result<Rel> {
        if mean > MAX_POISSON_MEAN {
            return unsupported("sampling with replacement of more than 100 times the rows");
        }
        // Drawn once for a row, in a column of its own.
        let drawn = self.new_id();
        let mut outputs = all_columns(&input.plan);
        outputs.push(self.random(seed, env)?.alias(drawn.plan_name()));
        let plan = project(input.plan.clone(), outputs)?;
        let mut branches = Vec::new();
        let (mut probability, mut below, mut copies) = ((-mean).exp(), 0.0, 0_u64);
        while below < 1.0 - 1e-12 && copies < MAX_COPIES {
            below += probability;
            branches.push((Box::new(drawn.expr().lt(lit(below))), Box::new(lit(copies))));
            copies += 1;
            probability *= mean / copies as f64;
        }
        let copies = PlanExpr::Case(Case::new(None, branches, Some(Box::new(lit(copies)))));
        let list = datafusion::functions_nested::expr_fn::array_repeat(lit(1_i32), copies);
        let list = Typed::new(list, DataType::array(DataType::Integer, false), false);
        let column = GeneratedColumn { name: "copy".to_owned(), data_type: DataType::Integer, nullable: false };
        let step = self.generator_step(Generated { list, columns: vec![column], elements_are_structs: false }, false);
        let plan = self.generate(plan, &step, step.generated.list.expr.clone())?;
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
            if !(0.0..=1.0).contains(fraction) {
                return Err(illegal(format!("Fractions must be in [0, 1], but got {fraction:?}.")));
            }
            // Of another type than the column, a value is none of its values.
            if value.data_type().is_string() != key.data_type.is_string() {
                continue;
            }
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
