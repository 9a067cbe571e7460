//! One suite per trait. A suite takes a fresh implementation and panics with what is wrong.

#![allow(clippy::unwrap_used, reason = "suites are tests")]

mod metadata_store;
mod result_store;

pub use metadata_store::metadata_store;
pub use result_store::result_store;
