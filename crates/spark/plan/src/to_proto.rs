//! From our values to the messages of Spark Connect, for answers.

pub mod literal;
pub mod types;

pub use literal::literal;
pub use types::data_type;
