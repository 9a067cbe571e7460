//! Rows as CSV after RFC 4180: records end with CRLF, quotes are doubled.
//!
//! NULL is `null` without quotes, and the string `null` has them; so has every field that a reader could take for
//! something else. The csv crate cannot quote a single field for its text, hence the few lines here.

use arrow::array::RecordBatch;
use hearth_base::Result;

use super::cells::Cells;
use super::{RowEncoder, unwritable};

const NULL: &[u8] = b"null";
const LINE_END: &[u8] = b"\r\n";

impl RowEncoder {
    /// Appends the names of the columns as the first record.
    pub fn csv_header(&self, out: &mut Vec<u8>) {
        let alone = self.columns.fields.len() == 1;
        for (index, field) in self.columns.fields.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            push_field(out, field.name.as_bytes(), alone);
        }
        out.extend_from_slice(LINE_END);
    }

    /// Appends the rows of a batch.
    pub fn csv_rows(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        let columns = self.cells(batch)?;
        let alone = columns.len() == 1;
        let mut scratch = Vec::new();
        for row in 0..batch.num_rows() {
            for (index, cells) in columns.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                if let Some(text) = cells.string(row) {
                    push_field(out, text.as_bytes(), alone);
                } else {
                    push_cell(out, cells, row, &mut scratch).map_err(unwritable)?;
                }
            }
            out.extend_from_slice(LINE_END);
        }
        Ok(())
    }
}

fn push_cell(out: &mut Vec<u8>, cells: &Cells, row: usize, scratch: &mut Vec<u8>) -> std::fmt::Result {
    if cells.is_null(row) {
        out.extend_from_slice(NULL);
        return Ok(());
    }
    if cells.is_plain() {
        let start = out.len();
        cells.push_text(out, row)?;
        // Empty binary values in a column of their own.
        if out.len() == start {
            out.extend_from_slice(b"\"\"");
        }
        return Ok(());
    }
    scratch.clear();
    cells.push_text(scratch, row)?;
    push_field(out, scratch, false);
    Ok(())
}

/// `alone`: the field is the whole record, which must not be an empty line, as readers skip those.
fn push_field(out: &mut Vec<u8>, text: &[u8], alone: bool) {
    if !needs_quotes(text, alone) {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for part in text.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

fn needs_quotes(text: &[u8], alone: bool) -> bool {
    match text {
        [] => alone,
        [first, .., last] if first.is_ascii_whitespace() || last.is_ascii_whitespace() => true,
        [only] if only.is_ascii_whitespace() => true,
        _ => text == NULL || text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BinaryArray, Int32Array, ListArray, NullArray, StringArray};
    use arrow::datatypes::Int32Type;
    use hearth_types::arrow::{cast_array_to, to_wire_schema};
    use hearth_types::{DataType, StructField, StructType, Zone};

    use super::*;

    fn csv(columns: Vec<(&str, DataType, ArrayRef)>) -> String {
        let structure =
            StructType::new(columns.iter().map(|(name, kind, _)| StructField::new(*name, kind.clone(), true)));
        let schema = to_wire_schema(&structure, "UTC");
        let arrays = columns.iter().zip(schema.fields());
        let arrays = arrays.map(|((_, _, array), field)| cast_array_to(array, field.data_type()).unwrap()).collect();
        let batch = RecordBatch::try_new(schema, arrays).unwrap();
        let encoder = RowEncoder::new(&structure, Zone::UTC);
        let mut out = Vec::new();
        encoder.csv_header(&mut out);
        encoder.csv_rows(&batch, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn strings(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn sample_of_the_documentation() {
        let text = csv(vec![
            ("strCol", DataType::STRING, strings(&[Some("id-1")])),
            ("intCol", DataType::Integer, Arc::new(Int32Array::from(vec![1]))),
            ("nullCol", DataType::Null, Arc::new(NullArray::new(1))),
        ]);
        assert_eq!(text, "strCol,intCol,nullCol\r\nid-1,1,null\r\n");
    }

    #[test]
    fn fields_are_quoted_when_a_reader_could_mistake_them() {
        let values = ["a,b", "a\"b", "a\r", "\nb", " a", "a\t", " ", "null", "nullx", "a b", ""];
        let expected = [
            "\"a,b\"",
            "\"a\"\"b\"",
            "\"a\r\"",
            "\"\nb\"",
            "\" a\"",
            "\"a\t\"",
            "\" \"",
            "\"null\"",
            "nullx",
            "a b",
            "",
        ];
        for (value, expected) in values.into_iter().zip(expected) {
            let text =
                csv(vec![("a", DataType::STRING, strings(&[Some(value)])), ("b", DataType::STRING, strings(&[None]))]);
            assert_eq!(text, format!("a,b\r\n{expected},null\r\n"));
        }
    }

    #[test]
    fn empty_string_alone_in_its_row_is_no_empty_line() {
        assert_eq!(csv(vec![("a", DataType::STRING, strings(&[Some("")]))]), "a\r\n\"\"\r\n");
        let binary: ArrayRef = Arc::new(BinaryArray::from(vec![b"".as_slice()]));
        assert_eq!(csv(vec![("a", DataType::Binary, binary)]), "a\r\n\"\"\r\n");
    }

    #[test]
    fn names_and_nested_values_are_quoted_too() {
        let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None]), None]));
        let text = csv(vec![("a,\"b\"", DataType::array(DataType::Integer, true), list)]);
        assert_eq!(text, "\"a,\"\"b\"\"\"\r\n\"[\"\"1\"\",null]\"\r\nnull\r\n");
    }
}
