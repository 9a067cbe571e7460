//! Functions on VARIANT: none is built.

use crate::row::Family::Variant as F;
use crate::row::{FunctionRow, missing};

const REASON: &str = "VARIANT is not built";

pub const ROWS: &[FunctionRow] = &[
    missing("is_valid_variant", F, REASON),
    missing("is_variant_null", F, REASON),
    missing("parse_json", F, REASON),
    missing("schema_of_variant", F, REASON),
    missing("schema_of_variant_agg", F, REASON),
    missing("to_variant_object", F, REASON),
    missing("try_parse_json", F, REASON),
    missing("try_variant_get", F, REASON),
    missing("variant_explode", F, REASON),
    missing("variant_explode_outer", F, REASON),
    missing("variant_get", F, REASON),
];
