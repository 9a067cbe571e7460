//! Any bytes as a text of statements: answered by statements or by an error, whole and one by one.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = hearth_sql::parse_statement(text);
    let _ = hearth_sql::parameter_markers(text);
    if let Ok(parts) = hearth_sql::split_statements(text) {
        for part in parts {
            // A part lies in the text and is none that is empty.
            assert!(!part.is_empty() && text.contains(part));
        }
    }
});
