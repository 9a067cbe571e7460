//! ORC's file format, as far as orc-rust has it not: writing every type that Spark has, and the parts of a file's tail
//! that say what Spark meant.
//!
//! The names and numbers are those of ORC's public specification (version 0.12). Files have no row index, and strings no
//! dictionary: readers know from the footer. Dates and timestamps before 1582 are counted in the hybrid calendar, as
//! Spark counts them there.

pub mod calendar;
mod columns;
mod compression;
mod integers;
mod messages;
mod runs;
mod statistics;
pub mod tail;
mod types;
pub mod writer;

pub use compression::Codec;
pub use writer::OrcWriter;
