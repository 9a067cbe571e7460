//! Avro functions: none is built.

use crate::row::Family::Avro as F;
use crate::row::{FunctionRow, missing};

const REASON: &str = "Avro is not built";

pub const ROWS: &[FunctionRow] =
    &[missing("from_avro", F, REASON), missing("schema_of_avro", F, REASON), missing("to_avro", F, REASON)];
