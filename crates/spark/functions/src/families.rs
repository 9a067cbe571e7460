//! The rows, one file per family of Spark's documentation.

pub mod aggregate;
pub mod array;
pub mod avro;
pub mod bitwise;
pub mod collection;
pub mod conditional;
pub mod conversion;
pub mod csv;
pub mod datetime;
pub mod generator;
pub mod geospatial;
pub mod hash;
pub mod internal;
pub mod json;
pub mod lambda;
pub mod map;
pub mod math;
pub mod misc;
pub mod predicate;
pub mod protobuf;
pub mod sketch;
pub mod string;
pub mod structs;
pub mod table;
pub mod url;
pub mod variant;
pub mod vector;
pub mod window;
pub mod xml;

use crate::row::FunctionRow;

/// Every family's rows.
pub const ALL: &[&[FunctionRow]] = &[
    aggregate::ROWS,
    array::ROWS,
    avro::ROWS,
    bitwise::ROWS,
    collection::ROWS,
    conditional::ROWS,
    conversion::ROWS,
    csv::ROWS,
    datetime::ROWS,
    generator::ROWS,
    geospatial::ROWS,
    hash::ROWS,
    json::ROWS,
    lambda::ROWS,
    map::ROWS,
    math::ROWS,
    misc::ROWS,
    predicate::ROWS,
    protobuf::ROWS,
    sketch::ROWS,
    string::ROWS,
    structs::ROWS,
    table::ROWS,
    url::ROWS,
    variant::ROWS,
    vector::ROWS,
    window::ROWS,
    xml::ROWS,
];
