//! `rand`, `randn`, `uniform`: Spark's XORShift sequence from a seed.

use std::hash::{BuildHasher, RandomState};

use datafusion::common::ScalarValue;
use hearth_base::Result;
use hearth_base::condition::SEED_EXPRESSION_IS_UNFOLDABLE;
use hearth_types::DataType;

use crate::call::Call;
use crate::coercion;
use crate::kernels::invoke::{SparkUdf, apply};
use crate::kernels::random::{self, Sequence};
use crate::typed::Typed;

pub fn rand(call: Call<'_>) -> Result<Typed> {
    sequence(call, false)
}

pub fn randn(call: Call<'_>) -> Result<Typed> {
    sequence(call, true)
}

fn sequence(mut call: Call<'_>, gaussian: bool) -> Result<Typed> {
    let seed = match call.values()?.into_iter().next() {
        Some(seed) => constant_seed(&call, 0, seed)?,
        None => fresh_seed(),
    };
    Ok(draw(seed, gaussian))
}

fn draw(seed: i64, gaussian: bool) -> Typed {
    let udf = SparkUdf::new(
        if gaussian { "spark_randn" } else { "spark_rand" },
        Sequence::new(seed, gaussian),
        datafusion::arrow::datatypes::DataType::Float64,
        false,
        random::draw,
    );
    apply(udf.volatile(), Vec::new(), DataType::Double)
}

/// A seed nobody chose. The standard library's hasher keys are random per process and per instance.
pub fn fresh_seed() -> i64 {
    RandomState::new().hash_one(0u8) as i64
}

/// A seed must be a constant; NULL is zero.
pub fn constant_seed(call: &Call<'_>, index: usize, seed: Typed) -> Result<i64> {
    let data_type = seed.data_type.clone();
    if seed.is_void() {
        return Ok(0);
    }
    if !data_type.is_integral() {
        return Err(call.unexpected_type(index, "(\"INT\" or \"BIGINT\")", &data_type));
    }
    match coercion::long(call, index, seed)?.literal() {
        Some(ScalarValue::Int64(seed)) => Ok(seed.unwrap_or(0)),
        _ => Err(SEED_EXPRESSION_IS_UNFOLDABLE
            .with("seedExpr", format!("\"{}\"", call.argument_sql.get(index).map_or("", String::as_str)))
            .with("exprWithSeed", format!("\"{}\"", call.sql))),
    }
}

/// `min + (max - min) * rand(seed)` in the common type of the bounds.
pub fn uniform(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let (Some(low), Some(high)) = (values.next(), values.next()) else {
        return Err(hearth_base::Error::internal("uniform without bounds"));
    };
    let seed = match values.next() {
        Some(seed) => constant_seed(&call, 2, seed)?,
        None => fresh_seed(),
    };
    for (index, bound) in [&low, &high].into_iter().enumerate() {
        if !bound.is_void() && !bound.data_type.is_numeric() {
            return Err(call.unexpected_type(index, "\"NUMERIC\"", &bound.data_type));
        }
        if bound.literal().is_none() {
            return Err(call.not_a_constant(index, if index == 0 { "min" } else { "max" }, &bound.data_type));
        }
    }
    let (bounds, data_type) = coercion::to_common(&call, vec![low, high])?;
    if bounds.iter().any(|bound| bound.literal().is_some_and(ScalarValue::is_null)) {
        return crate::expr::null(&DataType::Double);
    }
    let mut doubles = bounds.into_iter().map(|bound| coercion::widened(&call, bound, &DataType::Double));
    let (Some(low), Some(high)) = (doubles.next().transpose()?, doubles.next().transpose()?) else {
        return Err(hearth_base::Error::internal("uniform without bounds"));
    };
    use datafusion::logical_expr::Operator;
    let width = crate::expr::binary(high, Operator::Minus, low.clone(), DataType::Double);
    let scaled = crate::expr::binary(width, Operator::Multiply, draw(seed, false), DataType::Double);
    let value = crate::expr::binary(low, Operator::Plus, scaled, DataType::Double);
    coercion::widened(&call, value, &data_type)
}
