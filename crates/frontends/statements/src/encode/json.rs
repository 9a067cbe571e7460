//! Rows as JSON: `["1","x",null]`, one array for each row, every value a string or null.
//!
//! Strings are escaped as serde_json does: the short escapes, `\u00xx` for other control characters, and all else as it
//! is.

use arrow::array::RecordBatch;
use hearth_base::Result;

use super::cells::Cells;
use super::{RowEncoder, unwritable};

impl RowEncoder {
    /// Appends the rows of a batch with commas between them. `first` says that no rows stand before these; brackets
    /// around all rows are the caller's.
    pub fn json_rows(&self, batch: &RecordBatch, out: &mut Vec<u8>, first: bool) -> Result<()> {
        let columns = self.cells(batch)?;
        let mut scratch = Vec::new();
        for row in 0..batch.num_rows() {
            out.extend_from_slice(if first && row == 0 { b"[" } else { b",[" });
            for (index, cells) in columns.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_cell(out, cells, row, &mut scratch).map_err(unwritable)?;
            }
            out.push(b']');
        }
        Ok(())
    }
}

fn push_cell(out: &mut Vec<u8>, cells: &Cells, row: usize, scratch: &mut Vec<u8>) -> std::fmt::Result {
    if cells.is_null(row) {
        out.extend_from_slice(b"null");
    } else if cells.is_plain() {
        out.push(b'"');
        cells.push_text(out, row)?;
        out.push(b'"');
    } else if let Some(text) = cells.string(row) {
        push_string(out, text.as_bytes());
    } else {
        scratch.clear();
        cells.push_text(scratch, row)?;
        push_string(out, scratch);
    }
    Ok(())
}

/// For each byte, what follows the backslash of its escape; `u` for `\u00xx`, 0 for none.
const ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = b'u';
        control += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

/// A JSON string of UTF-8 text.
pub(super) fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut start = 0;
    for (index, byte) in text.iter().enumerate() {
        let escape = ESCAPES[usize::from(*byte)];
        if escape == 0 {
            continue;
        }
        out.extend_from_slice(&text[start..index]);
        start = index + 1;
        if escape == b'u' {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        } else {
            out.extend_from_slice(&[b'\\', escape]);
        }
    }
    out.extend_from_slice(&text[start..]);
    out.push(b'"');
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int32Array, ListArray, StringArray, TimestampMicrosecondArray};
    use arrow::datatypes::{Int32Type, Schema};
    use hearth_types::arrow::to_wire_schema;
    use hearth_types::{DataType, StructField, StructType, Zone};
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn field(name: &str, data_type: DataType) -> StructField {
        StructField::new(name, data_type, true)
    }

    #[test]
    fn rows_of_several_batches_join_to_one_array() {
        let columns = StructType::new([field("id", DataType::Integer), field("name", DataType::STRING)]);
        let schema = to_wire_schema(&columns, "UTC");
        let batch = |ids: Vec<i32>, names: Vec<Option<&str>>| {
            let columns: Vec<ArrayRef> = vec![Arc::new(Int32Array::from(ids)), Arc::new(StringArray::from(names))];
            RecordBatch::try_new(schema.clone(), columns).unwrap()
        };
        let encoder = RowEncoder::new(&columns, Zone::UTC);
        let mut out = b"[".to_vec();
        encoder.json_rows(&batch(vec![1, 2], vec![Some("id-1"), None]), &mut out, true).unwrap();
        encoder.json_rows(&batch(vec![], vec![]), &mut out, false).unwrap();
        encoder.json_rows(&batch(vec![3], vec![Some("q\"")]), &mut out, false).unwrap();
        out.push(b']');
        assert_eq!(String::from_utf8(out).unwrap(), r#"[["1","id-1"],["2",null],["3","q\""]]"#);
    }

    #[test]
    fn nested_text_is_escaped_once_more_and_zone_shows() {
        let columns =
            StructType::new([field("l", DataType::array(DataType::Integer, true)), field("t", DataType::Timestamp)]);
        let schema = to_wire_schema(&columns, "America/Los_Angeles");
        let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None])]));
        let list = hearth_types::arrow::cast_array_to(&list, schema.field(0).data_type()).unwrap();
        let times = TimestampMicrosecondArray::from(vec![1_609_524_000_000_000]).with_timezone("America/Los_Angeles");
        let batch = RecordBatch::try_new(schema, vec![list, Arc::new(times)]).unwrap();
        let mut out = Vec::new();
        let zone = Zone::parse("America/Los_Angeles").unwrap();
        RowEncoder::new(&columns, zone).json_rows(&batch, &mut out, true).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), r#"["[\"1\",null]","2021-01-01T10:00:00.000-08:00"]"#);
    }

    #[test]
    fn rows_without_columns_are_empty_arrays() {
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(2));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
        let mut out = Vec::new();
        RowEncoder::new(&StructType::default(), Zone::UTC).json_rows(&batch, &mut out, true).unwrap();
        assert_eq!(out, b"[],[]");
    }

    proptest! {
        #[test]
        fn strings_are_escaped_as_serde_json_does(text in "(?s).*") {
            let mut out = Vec::new();
            push_string(&mut out, text.as_bytes());
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn rows_always_parse_and_have_all_cells(
            rows in prop::collection::vec(
                (
                    prop::option::of("(?s).{0,12}"),
                    prop::option::of(any::<f64>()),
                    prop::option::of(any::<i64>()),
                    prop::option::of(prop::collection::vec(prop::option::of("(?s).{0,4}"), 0..4)),
                ),
                0..20,
            ),
        ) {
            let columns = StructType::new([
                field("s", DataType::STRING),
                field("d", DataType::Double),
                field("t", DataType::Timestamp),
                field("l", DataType::array(DataType::STRING, true)),
            ]);
            let schema = to_wire_schema(&columns, "Asia/Kolkata");
            let mut lists = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
            for row in &rows {
                match &row.3 {
                    Some(values) => lists.append_value(values.iter().map(Option::as_deref)),
                    None => lists.append_null(),
                }
            }
            let lists: ArrayRef = Arc::new(lists.finish());
            let times: TimestampMicrosecondArray = rows.iter().map(|row| row.2).collect();
            let arrays: Vec<ArrayRef> = vec![
                Arc::new(rows.iter().map(|row| row.0.as_deref()).collect::<StringArray>()),
                Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>()),
                Arc::new(times.with_timezone("Asia/Kolkata")),
                hearth_types::arrow::cast_array_to(&lists, schema.field(3).data_type()).unwrap(),
            ];
            let batch = RecordBatch::try_new(schema, arrays).unwrap();
            let mut out = b"[".to_vec();
            let zone = Zone::parse("Asia/Kolkata").unwrap();
            RowEncoder::new(&columns, zone).json_rows(&batch, &mut out, true).unwrap();
            out.push(b']');
            let parsed: Vec<Vec<Value>> = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(parsed.len(), rows.len());
            for (cells, row) in parsed.iter().zip(&rows) {
                prop_assert_eq!(cells.len(), 4);
                prop_assert_eq!(cells[0].as_str(), row.0.as_deref());
                prop_assert_eq!(cells[1].as_str().map(|text| text.parse::<f64>().is_ok()), row.1.map(|_| true));
                prop_assert_eq!(cells[2].is_string(), row.2.is_some());
                let list = cells[3].as_str().map(|text| serde_json::from_str::<Vec<Option<String>>>(text).unwrap());
                prop_assert_eq!(&list, &row.3);
            }
        }
    }
}
