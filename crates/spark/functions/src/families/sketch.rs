//! Sketches: small summaries of many values. Their binary forms are those of Apache DataSketches.

mod count_min;
mod hll;
mod kll;
mod theta;
mod top_k;
mod tuple;

use hearth_base::condition::DATATYPE_MISMATCH_TYPE_CHECK_FAILURE_WITH_HINT;
use hearth_base::{Error, Result};
use hearth_types::DataType;

use super::aggregate::apply;
use crate::call::Call;
use crate::kernels::aggregate::fold::{Fold, Folding};
use crate::kernels::aggregate::udaf::udaf;
use crate::kernels::sketch::kll::{Doubles as KllDoubles, Floats, Longs};
use crate::kernels::sketch::tuple::{Doubles, Integers};
use crate::row::{Arity, Family, FunctionRow, aggregate, scalar};
use crate::table::lookup;
use crate::typed::Typed;

const SKETCH: Family = Family::Sketch;
const ONE: Arity = Arity::Exact(1);
const TWO: Arity = Arity::Exact(2);
const ONE_OR_TWO: Arity = Arity::Range(1, 2);
const UP_TO_THREE: Arity = Arity::Range(1, 3);
const TWO_OR_THREE: Arity = Arity::Range(2, 3);
const TWO_TO_FOUR: Arity = Arity::Range(2, 4);
const UP_TO_FOUR: Arity = Arity::Range(1, 4);

const COUNTS: &str = "A sketch that counts different values.";
const ESTIMATE: &str = "How many different values a sketch has seen, about.";
const UNION: &str = "The values of either sketch.";
const UNION_AGG: &str = "The values of any of the sketches.";
const INTERSECTION: &str = "The values of both sketches.";
const INTERSECTION_AGG: &str = "The values of all sketches.";
const DIFFERENCE: &str = "The values of the first sketch that the second has not.";
const NUMBERS: &str = "A sketch of different keys, with a number for each.";
const SUMMARY: &str = "The numbers of all keys as one.";
const SHARE: &str = "The share of keys that the sketch keeps.";
const QUANTILES: &str = "A sketch that knows quantiles, about.";
const MERGED: &str = "The values of all sketches in one.";
const COUNT: &str = "How many values a sketch has seen.";
const QUANTILE: &str = "The value at a rank between 0 and 1, about.";
const RANK: &str = "The share of values that are not larger, about.";
const MERGE: &str = "The values of two sketches in one.";
const TEXT: &str = "What a sketch is like, as text.";

pub const ROWS: &[FunctionRow] = &[
    aggregate("approx_top_k", SKETCH, UP_TO_THREE, top_k::approx_top_k)
        .summary("The most frequent values, with about how often they occur."),
    aggregate("approx_top_k_accumulate", SKETCH, ONE_OR_TWO, top_k::accumulate)
        .summary("A state that tracks the most frequent values."),
    aggregate("approx_top_k_combine", SKETCH, ONE_OR_TWO, top_k::combine)
        .summary("One state of several that track the most frequent values."),
    scalar("approx_top_k_estimate", SKETCH, ONE_OR_TWO, top_k::estimate)
        .summary("The most frequent values of a state, with about how often they occur."),
    aggregate("count_min_sketch", SKETCH, UP_TO_FOUR, count_min::count_min_sketch)
        .summary("A sketch that knows how often each value occurs, about."),
    aggregate("hll_sketch_agg", SKETCH, ONE_OR_TWO, hll::sketch_agg).summary(COUNTS),
    scalar("hll_sketch_estimate", SKETCH, ONE, hll::estimate).summary(ESTIMATE),
    scalar("hll_union", SKETCH, TWO_OR_THREE, hll::union).summary(UNION),
    aggregate("hll_union_agg", SKETCH, ONE_OR_TWO, hll::union_agg).summary(UNION_AGG),
    aggregate("kll_merge_agg_bigint", SKETCH, ONE_OR_TWO, kll::merge_agg::<Longs>).summary(MERGED),
    aggregate("kll_merge_agg_double", SKETCH, ONE_OR_TWO, kll::merge_agg::<KllDoubles>).summary(MERGED),
    aggregate("kll_merge_agg_float", SKETCH, ONE_OR_TWO, kll::merge_agg::<Floats>).summary(MERGED),
    aggregate("kll_sketch_agg_bigint", SKETCH, ONE_OR_TWO, kll::sketch_agg::<Longs>).summary(QUANTILES),
    aggregate("kll_sketch_agg_double", SKETCH, ONE_OR_TWO, kll::sketch_agg::<KllDoubles>).summary(QUANTILES),
    aggregate("kll_sketch_agg_float", SKETCH, ONE_OR_TWO, kll::sketch_agg::<Floats>).summary(QUANTILES),
    scalar("kll_sketch_get_n_bigint", SKETCH, ONE, kll::get_n::<Longs>).summary(COUNT),
    scalar("kll_sketch_get_n_double", SKETCH, ONE, kll::get_n::<KllDoubles>).summary(COUNT),
    scalar("kll_sketch_get_n_float", SKETCH, ONE, kll::get_n::<Floats>).summary(COUNT),
    scalar("kll_sketch_get_quantile_bigint", SKETCH, TWO, kll::quantile::<Longs>).summary(QUANTILE),
    scalar("kll_sketch_get_quantile_double", SKETCH, TWO, kll::quantile::<KllDoubles>).summary(QUANTILE),
    scalar("kll_sketch_get_quantile_float", SKETCH, TWO, kll::quantile::<Floats>).summary(QUANTILE),
    scalar("kll_sketch_get_rank_bigint", SKETCH, TWO, kll::rank::<Longs>).summary(RANK),
    scalar("kll_sketch_get_rank_double", SKETCH, TWO, kll::rank::<KllDoubles>).summary(RANK),
    scalar("kll_sketch_get_rank_float", SKETCH, TWO, kll::rank::<Floats>).summary(RANK),
    scalar("kll_sketch_merge_bigint", SKETCH, TWO, kll::merge::<Longs>).summary(MERGE),
    scalar("kll_sketch_merge_double", SKETCH, TWO, kll::merge::<KllDoubles>).summary(MERGE),
    scalar("kll_sketch_merge_float", SKETCH, TWO, kll::merge::<Floats>).summary(MERGE),
    scalar("kll_sketch_to_string_bigint", SKETCH, ONE, kll::to_string::<Longs>).summary(TEXT),
    scalar("kll_sketch_to_string_double", SKETCH, ONE, kll::to_string::<KllDoubles>).summary(TEXT),
    scalar("kll_sketch_to_string_float", SKETCH, ONE, kll::to_string::<Floats>).summary(TEXT),
    scalar("theta_difference", SKETCH, TWO, theta::difference).summary(DIFFERENCE),
    scalar("theta_intersection", SKETCH, TWO, theta::intersection).summary(INTERSECTION),
    aggregate("theta_intersection_agg", SKETCH, ONE, theta::intersection_agg).summary(INTERSECTION_AGG),
    aggregate("theta_sketch_agg", SKETCH, ONE_OR_TWO, theta::sketch_agg).summary(COUNTS),
    scalar("theta_sketch_estimate", SKETCH, ONE, theta::estimate).summary(ESTIMATE),
    scalar("theta_union", SKETCH, TWO_OR_THREE, theta::union).summary(UNION),
    aggregate("theta_union_agg", SKETCH, ONE_OR_TWO, theta::union_agg).summary(UNION_AGG),
    scalar("tuple_difference_double", SKETCH, TWO, tuple::difference::<Doubles>).summary(DIFFERENCE),
    scalar("tuple_difference_integer", SKETCH, TWO, tuple::difference::<Integers>).summary(DIFFERENCE),
    scalar("tuple_difference_theta_double", SKETCH, TWO, tuple::difference::<Doubles>).summary(DIFFERENCE),
    scalar("tuple_difference_theta_integer", SKETCH, TWO, tuple::difference::<Integers>).summary(DIFFERENCE),
    aggregate("tuple_intersection_agg_double", SKETCH, ONE_OR_TWO, tuple::intersection_agg::<Doubles>)
        .summary(INTERSECTION_AGG),
    aggregate("tuple_intersection_agg_integer", SKETCH, ONE_OR_TWO, tuple::intersection_agg::<Integers>)
        .summary(INTERSECTION_AGG),
    scalar("tuple_intersection_double", SKETCH, TWO_OR_THREE, tuple::intersection::<Doubles>).summary(INTERSECTION),
    scalar("tuple_intersection_integer", SKETCH, TWO_OR_THREE, tuple::intersection::<Integers>).summary(INTERSECTION),
    scalar("tuple_intersection_theta_double", SKETCH, TWO_OR_THREE, tuple::intersection::<Doubles>)
        .summary(INTERSECTION),
    scalar("tuple_intersection_theta_integer", SKETCH, TWO_OR_THREE, tuple::intersection::<Integers>)
        .summary(INTERSECTION),
    aggregate("tuple_sketch_agg_double", SKETCH, UP_TO_FOUR, tuple::sketch_agg::<Doubles>).summary(NUMBERS),
    aggregate("tuple_sketch_agg_integer", SKETCH, UP_TO_FOUR, tuple::sketch_agg::<Integers>).summary(NUMBERS),
    scalar("tuple_sketch_estimate_double", SKETCH, ONE, tuple::estimate::<Doubles>).summary(ESTIMATE),
    scalar("tuple_sketch_estimate_integer", SKETCH, ONE, tuple::estimate::<Integers>).summary(ESTIMATE),
    scalar("tuple_sketch_summary_double", SKETCH, ONE_OR_TWO, tuple::summary::<Doubles>).summary(SUMMARY),
    scalar("tuple_sketch_summary_integer", SKETCH, ONE_OR_TWO, tuple::summary::<Integers>).summary(SUMMARY),
    scalar("tuple_sketch_theta_double", SKETCH, ONE, tuple::theta::<Doubles>).summary(SHARE),
    scalar("tuple_sketch_theta_integer", SKETCH, ONE, tuple::theta::<Integers>).summary(SHARE),
    aggregate("tuple_union_agg_double", SKETCH, UP_TO_THREE, tuple::union_agg::<Doubles>).summary(UNION_AGG),
    aggregate("tuple_union_agg_integer", SKETCH, UP_TO_THREE, tuple::union_agg::<Integers>).summary(UNION_AGG),
    scalar("tuple_union_double", SKETCH, TWO_TO_FOUR, tuple::union::<Doubles>).summary(UNION),
    scalar("tuple_union_integer", SKETCH, TWO_TO_FOUR, tuple::union::<Integers>).summary(UNION),
    scalar("tuple_union_theta_double", SKETCH, TWO_TO_FOUR, tuple::union::<Doubles>).summary(UNION),
    scalar("tuple_union_theta_integer", SKETCH, TWO_TO_FOUR, tuple::union::<Integers>).summary(UNION),
];

/// A sketch as an argument. Nothing but NULL becomes bytes by itself.
fn bytes(call: &Call<'_>, index: usize, value: Typed) -> Result<Typed> {
    match value.data_type {
        DataType::Binary => Ok(value),
        DataType::Null => crate::coercion::binary(call, index, value),
        ref other => Err(call.unexpected_type(index, "\"BINARY\"", other)),
    }
}

/// The aggregate of a fold; its answer is never NULL.
fn fold(call: &Call<'_>, fold: impl Fold, arguments: Vec<Typed>, result: DataType) -> Typed {
    apply(call, udaf(Folding(fold)), arguments, (result, false))
}

/// The function's name as the table has it.
fn row_name(call: &Call<'_>) -> &'static str {
    lookup(&call.name.to_lowercase()).map_or("sketch", |row| row.name)
}

/// The function's name as errors have it.
fn ticked(call: &Call<'_>) -> String {
    format!("`{}`", row_name(call))
}

/// An error of the types' check whose message is another error.
fn hint(call: &Call<'_>, error: &Error) -> Error {
    DATATYPE_MISMATCH_TYPE_CHECK_FAILURE_WITH_HINT
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("msg", error)
        .with("hint", "")
}
