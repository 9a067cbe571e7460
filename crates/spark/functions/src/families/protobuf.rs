//! Protobuf functions: none is built.

use crate::row::Family::Protobuf as F;
use crate::row::{FunctionRow, missing};

const REASON: &str = "Protobuf is not built";

pub const ROWS: &[FunctionRow] = &[missing("from_protobuf", F, REASON), missing("to_protobuf", F, REASON)];
