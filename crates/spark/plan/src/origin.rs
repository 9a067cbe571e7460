//! `Origin`: where a node was written, so that an error can point at it.

use std::sync::Arc;

/// The place of a node in the user's code. Shared: a statement's nodes share one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Byte offsets into a SQL text; `stop` is inclusive, as in Spark's `QueryContext`.
    Sql { text: Arc<str>, start: u32, stop: u32 },
    /// A call of the DataFrame API: the fragment (`sum`) and the caller's file and line.
    DataFrame { fragment: Arc<str>, call_site: Arc<str> },
}
