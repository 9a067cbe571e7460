//! XML functions: none is built.

use crate::row::Family::Xml as F;
use crate::row::{FunctionRow, missing};

const REASON: &str = "XML is not built";

pub const ROWS: &[FunctionRow] = &[
    missing("from_xml", F, REASON),
    missing("schema_of_xml", F, REASON),
    missing("to_xml", F, REASON),
    missing("xpath", F, REASON),
    missing("xpath_boolean", F, REASON),
    missing("xpath_double", F, REASON),
    missing("xpath_float", F, REASON),
    missing("xpath_int", F, REASON),
    missing("xpath_long", F, REASON),
    missing("xpath_number", F, REASON),
    missing("xpath_short", F, REASON),
    missing("xpath_string", F, REASON),
];
