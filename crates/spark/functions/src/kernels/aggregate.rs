//! Aggregates that DataFusion has not, or has with another meaning.
//!
//! `udaf` makes a DataFusion aggregate out of a `Plan`: distinct input and sliding windows are written once there.
//! `sum` checks for overflow, `float_stats` are the moments with Spark's formulas, `extremum` is `max_by`, and `gather`
//! holds all rows of a group for what needs them all (`collect_list`, `percentile`, `mode`, `listagg`, …).

pub mod average;
pub mod bitmap;
pub mod extremum;
pub mod finish;
pub mod float_order;
pub mod float_stats;
pub mod fold;
pub mod gather;
pub mod sum;
pub mod udaf;
pub mod vector;
