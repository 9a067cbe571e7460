//! From our values to the messages of Spark Connect, for answers.

pub mod types;

pub use types::data_type;
