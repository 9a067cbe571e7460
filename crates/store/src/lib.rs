//! What outlives the process, behind core's traits: metadata in SQLite, results in files.
//!
//! `SqliteStore` is the only place of the workspace that knows SQL tables of ours; `FileResultStore` the only one that
//! knows how result files look.

mod metadata;
mod results;

pub use metadata::{SqliteSettings, SqliteStore};
pub use results::{FileResultSettings, FileResultStore};
