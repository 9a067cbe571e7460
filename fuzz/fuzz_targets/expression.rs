//! Any bytes as what is not a statement: an expression, a name, a type, a table's columns.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = hearth_sql::parse_expression(text);
    let _ = hearth_sql::parse_multipart_identifier(text);
    let _ = hearth_sql::parse_data_type(text);
    let _ = hearth_sql::parse_table_schema(text);
});
