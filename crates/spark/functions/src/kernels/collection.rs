//! Computations on arrays, maps and structs.
//!
//! `shape` brings arguments and results into the exact Arrow form that their Spark type has, and compares elements as
//! Spark does. `lists` makes lists by index, so that most kernels move no values themselves.

pub mod arrange;
pub mod elements;
pub mod extract;
pub mod generate;
pub mod higher_order;
pub mod joins;
pub mod lists;
pub mod maps;
pub mod reshape;
pub mod sequence;
pub mod sets;
pub mod shape;
pub mod sorting;
