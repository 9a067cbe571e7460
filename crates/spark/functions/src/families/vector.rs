//! Vector functions.

use crate::row::FunctionRow;

pub const ROWS: &[FunctionRow] = &[];
