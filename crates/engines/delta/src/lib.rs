//! Delta Lake tables on this machine's disks: what a table's log says, and new entries for it.
//!
//! The only crate that knows delta-rs. Its seam is narrow: paths, the schema as Spark's JSON, the names and sizes of data
//! files, and what a change is called. Rows are read and written by the engine itself, as those of any parquet table, so
//! they mean the same; only tables that parquet alone does not tell (deletion vectors, mapped columns) are read through
//! delta-rs. A change is one new entry of the log, put there by a rename that fails if somebody else was faster.

mod commit;
mod error;
mod history;
mod maintain;
mod snapshot;
mod statistics;

pub use commit::{Change, Definition, NewFile, Operation, Removal, create};
pub use history::Entry;
pub use maintain::{Optimized, Restored};
pub use snapshot::{At, DataFile, Snapshot, is_table};
