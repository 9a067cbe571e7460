//! The computations: what neither DataFusion nor datafusion-spark do as Spark does. One folder per family, and
//! `invoke`, which makes a DataFusion function out of a kernel.

pub mod aes;
pub mod aggregate;
pub mod arithmetic;
pub mod avro;
pub mod bulk;
pub mod cast;
pub mod collection;
pub mod csv;
pub mod datetime;
pub mod decimal;
pub mod geospatial;
pub mod hash;
pub mod invoke;
pub mod json;
pub mod math;
pub mod misc;
pub mod random;
pub mod room;
pub mod rowwise;
pub mod sketch;
pub mod string;
pub mod temporal;
pub mod url;
pub mod variant;
pub mod vector;
pub mod xml;
