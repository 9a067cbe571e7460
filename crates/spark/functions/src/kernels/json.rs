//! Kernels of JSON functions, on a reader and writer of their own that treat numbers, quotes and broken text as
//! Jackson does for Spark.

pub mod cell;
pub mod path;
pub mod schema;
pub mod simple;
pub mod typed;
pub mod value;
pub mod write;
