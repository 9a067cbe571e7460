//! Spark's data types and values, and the texts and Arrow forms they have.
//!
//! `data_type` and `value` are the vocabulary that every other Spark crate uses. The forms live beside them: DDL text
//! (`ddl`), `DataType.json` (`json`), Arrow (`arrow`), and the text that `show()` prints (`show`). Nothing here knows
//! the wire or DataFusion.

pub mod arrow;
pub mod collation;
pub mod data_type;
pub mod datetime_parse;
pub mod datetime_text;
pub mod ddl;
pub mod html_entities;
pub mod interval_parse;
pub mod json;
pub mod metadata;
pub mod number_text;
pub mod show;
pub mod spatial;
mod text_buffer;
pub mod timestamp_word;
pub mod value;
pub mod value_text;
pub mod variant_text;
pub mod zone;

pub use collation::Collation;
pub use data_type::{ArrayType, DataType, DayTimeField, MapType, StructField, StructType, UdtType, YearMonthField};
pub use value::Value;
pub use zone::Zone;
