//! Table functions, which the analyzer builds.

use crate::row::{Arity, Family, FunctionRow, analyzer, missing};

pub const ROWS: &[FunctionRow] = &[
    analyzer("range", Family::Table, Arity::Range(1, 4), "the range relation")
        .summary("Rows of numbers from a start (0) to before an end, in steps."),
    missing("python_worker_logs", Family::Table, "Python workers keep no logs to query"),
];
