//! Results: written once, read by any door, any number of times, by index.
//!
//! `log` holds the items of one operation, in memory up to a bound and on disk behind it; `writer` is what an engine
//! writes to; `reader` follows a log while it grows; `index` is the form in which a finished log outlives the process.

mod bounds;
mod gather;
mod index;
mod log;
mod reader;
mod writer;

use std::sync::Arc;

use bytes::Bytes;
use hearth_types::StructType;

pub use bounds::{Bounds, ByteBound};
pub use log::{BatchPlace, Layout, LogSpec, ResultLog, ResultSize};
pub use reader::{ReadError, ResultReader};
pub use writer::ResultWriter;

/// One piece of an answer. Items are numbered from 0 without gaps.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// The columns of the batches that follow; first and once, when there are any.
    Schema(Arc<StructType>),
    Batch(Batch),
    /// An encoded `spark.connect.ExecutePlanResponse` without its ids, for what is neither schema nor rows: a command's
    /// result, observed metrics.
    Answer(Bytes),
    /// The work succeeded; always the last.
    Complete,
}

/// Rows, as a whole Arrow IPC stream of one record batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub rows: i64,
    /// How many rows stand before this batch.
    pub start: i64,
    pub data: Bytes,
}
