//! What is said of a call with too few or too many arguments.
//!
//! Spark tells the numbers that a function takes where it makes the call, and that place differs from function to
//! function: some tell less than they take, some know their parameters by name.

use hearth_base::Error;
use hearth_base::condition::{REQUIRED_PARAMETER_NOT_FOUND, WRONG_NUM_ARGS};

use crate::call::Call;
use crate::row::FunctionRow;

/// Functions that tell other numbers than they take.
const TOLD: &[(&str, &str)] = &[
    ("ceil", "2"),
    ("ceiling", "2"),
    ("floor", "2"),
    ("decode", "2"),
    ("date_add", "2"),
    ("dateadd", "2"),
    ("datediff", "2"),
    ("date_diff", "2"),
    ("make_timestamp", "[1, 2, 3, 6, 7]"),
    ("make_timestamp_ltz", "[2, 6]"),
    ("try_make_timestamp", "[1, 2, 3, 6, 7]"),
    ("try_make_timestamp_ltz", "6"),
    ("try_make_timestamp_ntz", "6"),
    ("try_avg", "[1, 2]"),
    ("try_sum", "[1, 2]"),
    ("mode", "0"),
    ("lag", "[0, 1, 2, 3, 4]"),
    ("lead", "[0, 1, 2, 3, 4]"),
    ("count_min_sketch", "4"),
    ("tuple_sketch_agg_double", "[2, 3, 4]"),
    ("tuple_sketch_agg_integer", "[2, 3, 4]"),
];

/// The parameters, by name, that a call must have.
const NAMED: &[(&str, &[&str])] = &[
    ("mask", &["str"]),
    ("count_min_sketch", &["column", "epsilon", "confidence", "seed"]),
    ("explode", &["collection"]),
    ("explode_outer", &["collection"]),
    ("posexplode", &["collection"]),
    ("posexplode_outer", &["collection"]),
    ("inline", &["input"]),
    ("inline_outer", &["input"]),
    ("variant_explode", &["input"]),
    ("variant_explode_outer", &["input"]),
    ("tuple_sketch_agg_double", &["key", "summary"]),
    ("tuple_sketch_agg_integer", &["key", "summary"]),
    ("tuple_union_agg_double", &["child"]),
    ("tuple_union_agg_integer", &["child"]),
    ("tuple_union_double", &["first", "second"]),
    ("tuple_union_integer", &["first", "second"]),
    ("tuple_union_theta_double", &["first", "second"]),
    ("tuple_union_theta_integer", &["first", "second"]),
];

/// The error of a call whose number of arguments its row does not accept.
pub fn error(row: &FunctionRow, call: &Call<'_>) -> Error {
    let missing =
        NAMED.iter().find(|(name, _)| *name == row.name).and_then(|(_, parameters)| parameters.get(call.len()));
    if let Some(parameter) = missing {
        return REQUIRED_PARAMETER_NOT_FOUND
            .with("routineName", format!("`{}`", row.name))
            .with("parameterName", format!("`{parameter}`"))
            .with("index", 0);
    }
    let told = TOLD.iter().find(|(name, _)| *name == row.name);
    wrong(row.name, &told.map_or_else(|| row.arity.describe(), |(_, told)| (*told).to_owned()), call.len())
}

/// The error for a function under the name given.
pub fn wrong(name: &str, expected: &str, actual: usize) -> Error {
    // It fails as its other form.
    let name = if name == "try_parse_url" { "parse_url" } else { name };
    WRONG_NUM_ARGS
        .with("functionName", format!("`{name}`"))
        .with("expectedNum", expected)
        .with("actualNum", actual)
        .with("docroot", "https://spark.apache.org/docs/latest")
}
