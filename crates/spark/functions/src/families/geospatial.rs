//! Geospatial functions: none is built.

use crate::row::Family::Geospatial as F;
use crate::row::{FunctionRow, missing};

const REASON: &str = "GEOMETRY and GEOGRAPHY are not built";

pub const ROWS: &[FunctionRow] = &[
    missing("st_asbinary", F, REASON),
    missing("st_geogfromwkb", F, REASON),
    missing("st_geomfromwkb", F, REASON),
    missing("st_setsrid", F, REASON),
    missing("st_srid", F, REASON),
];
