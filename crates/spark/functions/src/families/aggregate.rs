//! Aggregate functions. Sketches are in `sketch`.

mod bitmap;
mod collect;
mod numeric;
mod order;
mod ordered;
mod percentile;
mod statistics;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

use std::sync::Arc;

use datafusion::logical_expr::expr::{AggregateFunction, NullTreatment};
use datafusion::logical_expr::{AggregateUDF, Expr};
use hearth_types::DataType;

use crate::call::Call;
use crate::row::{Arity, Family, FunctionRow, aggregate, analyzer, missing};
use crate::typed::Typed;

const AGGREGATE: Family = Family::Aggregate;
const ONE: Arity = Arity::Exact(1);
const TWO: Arity = Arity::Exact(2);
const ONE_OR_TWO: Arity = Arity::Range(1, 2);
const TWO_OR_THREE: Arity = Arity::Range(2, 3);

pub const ROWS: &[FunctionRow] = &[
    aggregate("count", AGGREGATE, Arity::AtLeast(0), numeric::count)
        .example("count(col) FROM VALUES (NULL), (5), (5), (20) AS tab(col)", "3")
        .summary("The number of rows, or of rows in which no argument is NULL."),
    aggregate("count_if", AGGREGATE, ONE, numeric::count_if)
        .example("count_if(col % 2 = 0) FROM VALUES (NULL), (0), (1), (2), (3) AS tab(col)", "2")
        .summary("The number of rows for which the condition is true."),
    aggregate("sum", AGGREGATE, ONE, numeric::sum)
        .example("sum(col) FROM VALUES (NULL), (10), (15) AS tab(col)", "25")
        .summary("The sum of the values that are not NULL."),
    aggregate("try_sum", AGGREGATE, ONE, numeric::try_sum)
        .example("try_sum(col) FROM VALUES (9223372036854775807L), (1L) AS tab(col)", "NULL")
        .summary("The sum, or NULL when it overflows."),
    aggregate("avg", AGGREGATE, ONE, numeric::avg)
        .example("avg(col) FROM VALUES (1), (2), (NULL) AS tab(col)", "1.5")
        .summary("The mean of the values that are not NULL."),
    aggregate("mean", AGGREGATE, ONE, numeric::avg)
        .example("mean(col) FROM VALUES (1), (2), (3) AS tab(col)", "2.0")
        .summary("The mean of the values that are not NULL."),
    aggregate("try_avg", AGGREGATE, ONE, numeric::try_avg)
        .example("try_avg(col) FROM VALUES (1), (2), (3) AS tab(col)", "2.0")
        .summary("The mean, or NULL when it overflows."),
    aggregate("min", AGGREGATE, ONE, order::min)
        .example("min(col) FROM VALUES (10), (-1), (20) AS tab(col)", "-1")
        .summary("The smallest value."),
    aggregate("max", AGGREGATE, ONE, order::max)
        .example("max(col) FROM VALUES (10), (50), (20) AS tab(col)", "50")
        .summary("The largest value."),
    aggregate("min_by", AGGREGATE, TWO_OR_THREE, order::min_by)
        .example("min_by(x, y) FROM VALUES ('a', 10), ('b', 50), ('c', 20) AS tab(x, y)", "a")
        .summary("The first argument where the second is smallest."),
    aggregate("max_by", AGGREGATE, TWO_OR_THREE, order::max_by)
        .example("max_by(x, y) FROM VALUES ('a', 10), ('b', 50), ('c', 20) AS tab(x, y)", "b")
        .summary("The first argument where the second is largest."),
    aggregate("first", AGGREGATE, ONE_OR_TWO, order::first)
        .example("first(col) FROM VALUES (10), (5), (20) AS tab(col)", "10")
        .summary("The first value; with true as second argument the first that is not NULL."),
    aggregate("first_value", AGGREGATE, ONE_OR_TWO, order::first)
        .example("first_value(col, true) FROM VALUES (NULL), (5), (20) AS tab(col)", "5")
        .summary("The first value; with true as second argument the first that is not NULL."),
    aggregate("any_value", AGGREGATE, ONE_OR_TWO, order::first)
        .example("any_value(col) FROM VALUES (10), (5), (20) AS tab(col)", "10")
        .summary("Some value of the group."),
    aggregate("last", AGGREGATE, ONE_OR_TWO, order::last)
        .example("last(col) FROM VALUES (10), (5), (20) AS tab(col)", "20")
        .summary("The last value; with true as second argument the last that is not NULL."),
    aggregate("last_value", AGGREGATE, ONE_OR_TWO, order::last)
        .example("last_value(col, true) FROM VALUES (10), (5), (NULL) AS tab(col)", "5")
        .summary("The last value; with true as second argument the last that is not NULL."),
    aggregate("mode", AGGREGATE, Arity::Range(0, 2), order::mode)
        .example("mode(col) FROM VALUES (0), (10), (10) AS tab(col)", "10")
        .summary("The most frequent value."),
    aggregate("bool_and", AGGREGATE, ONE, order::bool_and)
        .example("bool_and(col) FROM VALUES (true), (false), (true) AS tab(col)", "false")
        .summary("Whether all values are true."),
    aggregate("every", AGGREGATE, ONE, order::bool_and)
        .example("every(col) FROM VALUES (NULL), (true), (true) AS tab(col)", "true")
        .summary("Whether all values are true."),
    aggregate("bool_or", AGGREGATE, ONE, order::bool_or)
        .example("bool_or(col) FROM VALUES (true), (false), (false) AS tab(col)", "true")
        .summary("Whether some value is true."),
    aggregate("any", AGGREGATE, ONE, order::bool_or)
        .example("any(col) FROM VALUES (false), (false), (NULL) AS tab(col)", "false")
        .summary("Whether some value is true."),
    aggregate("some", AGGREGATE, ONE, order::bool_or)
        .example("some(col) FROM VALUES (true), (false), (false) AS tab(col)", "true")
        .summary("Whether some value is true."),
    aggregate("bit_and", AGGREGATE, ONE, order::bit_and)
        .example("bit_and(col) FROM VALUES (3), (5) AS tab(col)", "1")
        .summary("The bits that all values have."),
    aggregate("bit_or", AGGREGATE, ONE, order::bit_or)
        .example("bit_or(col) FROM VALUES (3), (5) AS tab(col)", "7")
        .summary("The bits that some value has."),
    aggregate("bit_xor", AGGREGATE, ONE, order::bit_xor)
        .example("bit_xor(col) FROM VALUES (3), (5) AS tab(col)", "6")
        .summary("The bits that an odd number of values have."),
    aggregate("collect_list", AGGREGATE, ONE, collect::collect_list)
        .example("collect_list(col) FROM VALUES (1), (2), (1) AS tab(col)", "[1,2,1]")
        .summary("All values that are not NULL."),
    aggregate("array_agg", AGGREGATE, ONE, collect::collect_list)
        .example("array_agg(col) FROM VALUES (1), (2), (1) AS tab(col)", "[1,2,1]")
        .summary("All values that are not NULL."),
    aggregate("collect_set", AGGREGATE, ONE, collect::collect_set)
        .example("collect_set(col) FROM VALUES (1), (1) AS tab(col)", "[1]")
        .summary("Each value that is not NULL once."),
    aggregate("listagg", AGGREGATE, ONE_OR_TWO, collect::listagg)
        .example("listagg(col) FROM VALUES ('a'), ('b'), ('c') AS tab(col)", "abc")
        .summary("All values that are not NULL as one text."),
    aggregate("string_agg", AGGREGATE, ONE_OR_TWO, collect::listagg)
        .example("string_agg(col, '|') FROM VALUES ('a'), ('b') AS tab(col)", "a|b")
        .summary("All values that are not NULL as one text."),
    aggregate("histogram_numeric", AGGREGATE, TWO, collect::histogram_numeric)
        .example(
            "histogram_numeric(col, 5) FROM VALUES (0), (1), (2), (10) AS tab(col)",
            "[{\"x\":0,\"y\":1.0},{\"x\":1,\"y\":1.0},{\"x\":2,\"y\":1.0},{\"x\":10,\"y\":1.0}]",
        )
        .summary("A histogram of at most so many bins."),
    aggregate("approx_count_distinct", AGGREGATE, ONE_OR_TWO, collect::approx_count_distinct)
        .example("approx_count_distinct(col1) FROM VALUES (1), (1), (2), (2), (3) AS tab(col1)", "3")
        .summary("About how many different values there are."),
    aggregate("median", AGGREGATE, ONE, percentile::median)
        .example("median(col) FROM VALUES (0), (10) AS tab(col)", "5.0")
        .summary("The value in the middle."),
    aggregate("percentile", AGGREGATE, TWO_OR_THREE, percentile::percentile)
        .example("percentile(col, 0.3) FROM VALUES (0), (10) AS tab(col)", "3.0")
        .summary("Exact percentiles, between two values where needed."),
    aggregate("percentile_cont", AGGREGATE, ONE, percentile::percentile_cont)
        .example("percentile_cont(0.25) WITHIN GROUP (ORDER BY v) FROM VALUES (0), (10) AS tab(v)", "2.5")
        .summary("Exact percentiles, between two values where needed."),
    aggregate("percentile_disc", AGGREGATE, ONE, percentile::percentile_disc)
        .example("percentile_disc(0.25) WITHIN GROUP (ORDER BY v) FROM VALUES (0), (10) AS tab(v)", "0.0")
        .summary("Exact percentiles that are values of the group."),
    aggregate("percentile_approx", AGGREGATE, TWO_OR_THREE, percentile::percentile_approx)
        .example("percentile_approx(col, 0.5, 100) FROM VALUES (0), (6), (7), (9), (10) AS tab(col)", "7")
        .summary("Percentiles that are values of the group."),
    aggregate("approx_percentile", AGGREGATE, TWO_OR_THREE, percentile::percentile_approx)
        .example("approx_percentile(col, 0.5, 100) FROM VALUES (0), (6), (7), (9), (10) AS tab(col)", "7")
        .summary("Percentiles that are values of the group."),
    aggregate("stddev", AGGREGATE, ONE, statistics::stddev_samp)
        .example("stddev(col) FROM VALUES (1), (2), (3) AS tab(col)", "1.0")
        .summary("The standard deviation of a sample."),
    aggregate("std", AGGREGATE, ONE, statistics::stddev_samp)
        .example("std(col) FROM VALUES (1), (2), (3) AS tab(col)", "1.0")
        .summary("The standard deviation of a sample."),
    aggregate("stddev_samp", AGGREGATE, ONE, statistics::stddev_samp)
        .example("stddev_samp(col) FROM VALUES (1), (2), (3) AS tab(col)", "1.0")
        .summary("The standard deviation of a sample."),
    aggregate("stddev_pop", AGGREGATE, ONE, statistics::stddev_pop)
        .example("stddev_pop(col) FROM VALUES (1), (2), (3) AS tab(col)", "0.816496580927726")
        .summary("The standard deviation of a population."),
    aggregate("variance", AGGREGATE, ONE, statistics::var_samp)
        .example("variance(col) FROM VALUES (1), (2), (3) AS tab(col)", "1.0")
        .summary("The variance of a sample."),
    aggregate("var_samp", AGGREGATE, ONE, statistics::var_samp)
        .example("var_samp(col) FROM VALUES (1), (2), (3) AS tab(col)", "1.0")
        .summary("The variance of a sample."),
    aggregate("var_pop", AGGREGATE, ONE, statistics::var_pop)
        .example("var_pop(col) FROM VALUES (1), (2), (3) AS tab(col)", "0.6666666666666666")
        .summary("The variance of a population."),
    aggregate("skewness", AGGREGATE, ONE, statistics::skewness)
        .example("skewness(col) FROM VALUES (-10), (-20), (100), (1000) AS tab(col)", "1.1135657469022011")
        .summary("The skewness."),
    aggregate("kurtosis", AGGREGATE, ONE, statistics::kurtosis)
        .example("kurtosis(col) FROM VALUES (-10), (-20), (100), (1000) AS tab(col)", "-0.7014368047529627")
        .summary("The kurtosis, 0 for a normal distribution."),
    aggregate("corr", AGGREGATE, TWO, statistics::corr)
        .example("corr(c1, c2) FROM VALUES (3, 2), (3, 3), (6, 4) AS tab(c1, c2)", "0.8660254037844387")
        .summary("The correlation of two columns."),
    aggregate("covar_pop", AGGREGATE, TWO, statistics::covar_pop)
        .example("covar_pop(c1, c2) FROM VALUES (1,1), (2,2), (3,3) AS tab(c1, c2)", "0.6666666666666666")
        .summary("The covariance of a population."),
    aggregate("covar_samp", AGGREGATE, TWO, statistics::covar_samp)
        .example("covar_samp(c1, c2) FROM VALUES (1,1), (2,2), (3,3) AS tab(c1, c2)", "1.0")
        .summary("The covariance of a sample."),
    aggregate("regr_count", AGGREGATE, TWO, statistics::regr_count)
        .example("regr_count(y, x) FROM VALUES (1, 2), (2, NULL), (2, 3), (2, 4) AS tab(y, x)", "3")
        .summary("The number of rows in which both are known."),
    aggregate("regr_avgx", AGGREGATE, TWO, statistics::regr_avgx)
        .example("regr_avgx(y, x) FROM VALUES (1, 2), (2, 2), (2, 3), (2, 4) AS tab(y, x)", "2.75")
        .summary("The mean of the second argument where both are known."),
    aggregate("regr_avgy", AGGREGATE, TWO, statistics::regr_avgy)
        .example("regr_avgy(y, x) FROM VALUES (1, 2), (2, 2), (2, 3), (2, 4) AS tab(y, x)", "1.75")
        .summary("The mean of the first argument where both are known."),
    aggregate("regr_r2", AGGREGATE, TWO, statistics::regr_r2)
        .example("regr_r2(y, x) FROM VALUES (1, 2), (2, 2), (2, 3), (2, 4) AS tab(y, x)", "0.2727272727272727")
        .summary("How much of the first argument the regression explains."),
    aggregate("regr_slope", AGGREGATE, TWO, statistics::regr_slope)
        .example("regr_slope(y, x) FROM VALUES (1, 1), (2, 2), (3, 3) AS tab(y, x)", "1.0")
        .summary("The slope of the regression line."),
    aggregate("regr_intercept", AGGREGATE, TWO, statistics::regr_intercept)
        .example("regr_intercept(y, x) FROM VALUES (1, 1), (2, 2), (3, 3) AS tab(y, x)", "0.0")
        .summary("Where the regression line meets the axis."),
    aggregate("regr_sxx", AGGREGATE, TWO, statistics::regr_sxx)
        .example("regr_sxx(y, x) FROM VALUES (1, 2), (2, 2), (2, 3), (2, 4) AS tab(y, x)", "2.75")
        .summary("The sum of squares of the second argument."),
    aggregate("regr_sxy", AGGREGATE, TWO, statistics::regr_sxy)
        .example("regr_sxy(y, x) FROM VALUES (1, 2), (2, 2), (2, 3), (2, 4) AS tab(y, x)", "0.75")
        .summary("The sum of products of both."),
    aggregate("regr_syy", AGGREGATE, TWO, statistics::regr_syy)
        .example("regr_syy(y, x) FROM VALUES (1, 2), (2, 2), (2, 3), (2, 4) AS tab(y, x)", "0.75")
        .summary("The sum of squares of the first argument."),
    analyzer("grouping", AGGREGATE, ONE, "the aggregate relation, which knows the grouping sets"),
    analyzer("grouping_id", AGGREGATE, Arity::AtLeast(0), "the aggregate relation, which knows the grouping sets"),
    aggregate("bitmap_construct_agg", AGGREGATE, ONE, bitmap::construct)
        .example(
            "substring(hex(bitmap_construct_agg(bitmap_bit_position(col))), 0, 6) FROM VALUES (1), (2), (3) AS tab(col)",
            "070000",
        )
        .summary("A bitmap with the bits at the positions set."),
    aggregate("bitmap_or_agg", AGGREGATE, ONE, bitmap::or)
        .example("substring(hex(bitmap_or_agg(col)), 0, 6) FROM VALUES (X '10'), (X '20'), (X '40') AS tab(col)", "700000")
        .summary("The bits that are set in some bitmap."),
    aggregate("bitmap_and_agg", AGGREGATE, ONE, bitmap::and)
        .example("substring(hex(bitmap_and_agg(col)), 0, 6) FROM VALUES (X 'F0'), (X '70'), (X '30') AS tab(col)", "300000")
        .summary("The bits that are set in all bitmaps."),
    missing("measure", AGGREGATE, "metric views are not built"),
];

pub use collect::collect_list;
pub use order::{constant_bool, constant_int};
pub use ordered::{in_order, looks_at_order};

/// An aggregate of `arguments` with the modifiers of `call`.
pub(in crate::families) fn apply(
    call: &Call<'_>,
    udaf: Arc<AggregateUDF>,
    arguments: Vec<Typed>,
    (data_type, nullable): (DataType, bool),
) -> Typed {
    let args = arguments.into_iter().map(|argument| argument.expr).collect();
    apply_exprs(call, udaf, args, (data_type, nullable))
}

fn apply_exprs(
    call: &Call<'_>,
    udaf: Arc<AggregateUDF>,
    args: Vec<Expr>,
    (data_type, nullable): (DataType, bool),
) -> Typed {
    let modifiers = &call.modifiers;
    let filter = modifiers.filter.clone().map(Box::new);
    let function = AggregateFunction::new_udf(udaf, args, modifiers.distinct, filter, vec![], None);
    Typed::new(Expr::AggregateFunction(function), data_type, nullable)
}

/// What `IGNORE NULLS` is to DataFusion.
fn null_treatment(ignore: bool) -> Option<NullTreatment> {
    ignore.then_some(NullTreatment::IgnoreNulls)
}
