//! What a SQL statement gives: its rows as Livy's SQL interpreter writes them, or its error.
//!
//! `{"schema":{"type":"struct","fields":[…]},"data":[[…]]}`, with the schema as Spark's `StructType.json` has it. The
//! text is written straight from the batches, one at a time; `cells` has the forms of the values.

mod cells;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;
use bytes::Bytes;
use hearth_base::error::QueryContext;
use hearth_base::{Error, Result};
use hearth_core::interpreter::Output;
use hearth_core::result::ResultReader;
use hearth_core::{Item, Operation};
use hearth_types::StructType;
use hearth_types::arrow::{ENGINE_TIME_ZONE, cast_batch_to, to_wire_schema};

use cells::Cells;

const APPLICATION_JSON: &str = "application/json";

/// Follows the result of `operation` to its end and writes at most `rows` of it.
///
/// Rows behind are read and left out, so the operation should have a bound of its own (`Bounds::rows`). Work that gives
/// no rows has neither fields nor data.
///
/// # Errors
/// The error of the operation, or why its result cannot be read.
pub(crate) async fn sql_output(operation: &Operation, rows: usize) -> Result<Output> {
    let mut reader = ResultReader::new(Arc::clone(&operation.log), 0);
    let mut table = None;
    loop {
        let item = reader.next().await.map_err(|error| Error::clone(error.error()))?;
        match item {
            Some((_, Item::Schema(columns))) => table = Some(Table::new(&columns, rows)),
            Some((_, Item::Batch(batch))) => {
                let table = table.as_mut().ok_or_else(|| Error::internal("rows came before their schema"))?;
                table.push(&batch.data)?;
            }
            Some((_, Item::Answer(_))) => {}
            Some((_, Item::Complete)) | None => break,
        }
    }
    let text = table.unwrap_or_else(|| Table::new(&StructType::default(), 0)).finish()?;
    Ok(Output::Ok { data: vec![(APPLICATION_JSON.to_owned(), text)] })
}

/// The rows of such an output, each cell as the text that people read: NULL, texts without quotes.
pub(crate) fn texts(output: &str) -> Vec<Vec<String>> {
    use serde_json::Value;
    let output: Value = serde_json::from_str(output).unwrap_or_default();
    let rows = output.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
    let cell = |value: &Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    rows.iter().filter_map(Value::as_array).map(|row| row.iter().map(cell).collect()).collect()
}

/// The output of a statement that failed.
///
/// `evalue` is the message as Spark prints it. The traceback holds only what the message lacks, since clients print one
/// after the other: the part of the query that the error is about. Each of its lines ends with a line feed.
pub(crate) fn sql_error(error: &Error) -> Output {
    let mut traceback = Vec::new();
    // What stands behind the message may show the place already, not only its line.
    if !error.behind().is_some_and(|behind| behind.contains("== ")) {
        error.contexts().iter().for_each(|context| push_context(&mut traceback, context));
    }
    Output::Error { name: "Error".to_owned(), value: error.to_string(), traceback }
}

fn push_context(lines: &mut Vec<String>, context: &QueryContext) {
    match context {
        QueryContext::Sql { object_type, object_name, start, fragment, .. } => {
            let of = if object_type.is_empty() { String::new() } else { format!(" of {object_type} {object_name}") };
            lines.push(format!("== SQL{of} (position {}) ==\n", i64::from(*start) + 1));
            lines.extend(fragment.lines().map(|line| format!("{line}\n")));
        }
        QueryContext::DataFrame { fragment, call_site } => {
            lines.push("== DataFrame ==\n".to_owned());
            lines.push(format!("{fragment} was called from\n"));
            lines.extend(call_site.lines().map(|line| format!("{line}\n")));
        }
    }
}

/// The text of a result while it is written.
struct Table {
    columns: StructType,
    layout: SchemaRef,
    out: Vec<u8>,
    /// How many rows may still be written.
    left: usize,
    is_empty: bool,
}

impl Table {
    fn new(columns: &StructType, rows: usize) -> Self {
        let out = format!("{{\"schema\":{},\"data\":[", columns.json()).into_bytes();
        // Which zone the layout names does not matter: instants are the same in all.
        let layout = to_wire_schema(columns, ENGINE_TIME_ZONE);
        Self { columns: columns.clone(), layout, out, left: rows, is_empty: true }
    }

    fn push(&mut self, stored: &Bytes) -> Result<()> {
        if self.left == 0 {
            return Ok(());
        }
        let batch = decode(stored)?;
        let batch = cast_batch_to(&batch.slice(0, self.left.min(batch.num_rows())), &self.layout)?;
        let columns = batch.columns().iter().zip(self.columns.fields.iter());
        let columns: Vec<_> =
            columns.map(|(column, field)| Cells::new(column.as_ref(), &field.data_type)).collect::<Result<_>>()?;
        for row in 0..batch.num_rows() {
            self.out.extend_from_slice(if self.is_empty { b"[" } else { b",[" });
            self.is_empty = false;
            for (index, cells) in columns.iter().enumerate() {
                if index > 0 {
                    self.out.push(b',');
                }
                cells.push(&mut self.out, row)?;
            }
            self.out.push(b']');
        }
        self.left -= batch.num_rows();
        Ok(())
    }

    fn finish(mut self) -> Result<String> {
        self.out.extend_from_slice(b"]}");
        String::from_utf8(self.out).map_err(|error| Error::internal("a result is not UTF-8").caused_by(error))
    }
}

/// Reads a stored batch. Its columns share the memory of `stream`.
fn decode(stream: &Bytes) -> Result<RecordBatch> {
    let damaged = |error: ArrowError| Error::internal("a stored batch does not read").caused_by(error);
    let mut decoder = StreamDecoder::new();
    let mut rest = Buffer::from(stream.clone());
    let mut batches = Vec::new();
    while let Some(batch) = decoder.decode(&mut rest).map_err(damaged)? {
        batches.push(batch);
    }
    decoder.finish().map_err(damaged)?;
    match (batches.as_slice(), decoder.schema()) {
        ([batch], _) => Ok(batch.clone()),
        (_, Some(schema)) => concat_batches(&schema, &batches).map_err(damaged),
        (_, None) => Err(Error::internal("a stored batch has no schema")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use hearth_base::condition::{DIVIDE_BY_ZERO, TABLE_OR_VIEW_NOT_FOUND};
    use hearth_core::Limits;
    use hearth_testkit::{Step, TestHearth};
    use tempfile::TempDir;

    use super::*;

    async fn output(script: Vec<Step>, rows: usize) -> Result<Output> {
        let folder = TempDir::new().unwrap();
        let hearth = TestHearth::new(folder.path(), Limits::default());
        hearth.engine.script("work", script);
        let operation = hearth.submit(&hearth.session().await.unwrap(), "work").await.unwrap();
        sql_output(&operation, rows).await
    }

    fn json(output: Output) -> String {
        let Output::Ok { data } = output else { panic!("{output:?}") };
        let [(media_type, text)] = data.as_slice() else { panic!("{data:?}") };
        assert_eq!(media_type, "application/json");
        text.clone()
    }

    const ID: &str =
        r#"{"schema":{"type":"struct","fields":[{"name":"id","type":"long","nullable":false,"metadata":{}}]},"data":"#;

    #[tokio::test]
    async fn rows_of_several_batches_are_one_table() {
        let script = vec![Step::Schema, Step::Rows(2), Step::Rows(1), Step::Rows(2)];
        assert_eq!(json(output(script.clone(), 1000).await.unwrap()), format!("{ID}[[0],[1],[2],[3],[4]]}}"));
        assert_eq!(json(output(script.clone(), 4).await.unwrap()), format!("{ID}[[0],[1],[2],[3]]}}"));
        assert_eq!(json(output(script, 0).await.unwrap()), format!("{ID}[]}}"));
        assert_eq!(json(output(vec![Step::Schema], 1000).await.unwrap()), format!("{ID}[]}}"));
    }

    #[tokio::test]
    async fn work_without_columns_has_no_fields_and_no_data() {
        let text = json(output(vec![], 1000).await.unwrap());
        assert_eq!(text, r#"{"schema":{"type":"struct","fields":[]},"data":[]}"#);
    }

    #[tokio::test]
    async fn failure_after_rows_is_the_failure() {
        let script = vec![Step::Schema, Step::Rows(2), Step::Fail(DIVIDE_BY_ZERO.error())];
        assert_eq!(output(script, 1).await.unwrap_err().condition(), DIVIDE_BY_ZERO);
    }

    #[test]
    fn message_is_whole_and_traceback_has_the_place_that_it_lacks() {
        let error = TABLE_OR_VIEW_NOT_FOUND.with("relationName", "`t`").trailer("; line 1 pos 14");
        let Output::Error { name, value, traceback } = sql_error(&error) else { panic!() };
        assert_eq!(name, "Error");
        assert!(value.starts_with("[TABLE_OR_VIEW_NOT_FOUND] ") && value.contains("`t`"), "{value}");
        assert!(value.ends_with(" SQLSTATE: 42P01; line 1 pos 14"), "{value}");
        assert!(traceback.is_empty());

        let place = QueryContext::Sql {
            object_type: String::new(),
            object_name: String::new(),
            start: 7,
            stop: 11,
            fragment: "1 /\n0".to_owned(),
        };
        let Output::Error { value, traceback, .. } = sql_error(&DIVIDE_BY_ZERO.error().at(place)) else { panic!() };
        assert!(value.starts_with("[DIVIDE_BY_ZERO] ") && value.ends_with(" SQLSTATE: 22012"), "{value}");
        assert_eq!(traceback, ["== SQL (position 8) ==\n", "1 /\n", "0\n"]);
    }
}
