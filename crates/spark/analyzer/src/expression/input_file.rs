//! `input_file_name()` and its kin: what the hidden column of a table of files tells of a row's file.

use datafusion::functions::expr_fn::{concat, substr};
use datafusion::logical_expr::{Expr, lit};
use hearth_base::Result;
use hearth_functions::Typed;
use hearth_types::{DataType, Value};

use super::context::Cx;
use super::literal;
use crate::analyzer::Analyzer;

/// Where the path begins in `file:/path`, counted from one.
const PATH_START: i64 = 6;

impl Analyzer<'_> {
    /// The value of one of these functions; `None` for all others.
    pub(super) fn input_file(&self, name: &str, cx: Cx<'_>) -> Result<Option<Typed>> {
        let field = match name {
            "input_file_name" => "file_path",
            "input_file_block_start" => "file_block_start",
            "input_file_block_length" => "file_block_length",
            _ => return Ok(None),
        };
        let Some(column) = cx.rel.scope.file_metadata().next() else {
            return match name {
                "input_file_name" => literal::typed(&Value::string("")).map(Some),
                _ => literal::typed(&Value::Long(-1)).map(Some),
            };
        };
        let value = self.fields(column.typed(), &[field.to_owned()])?;
        if name != "input_file_name" {
            return Ok(Some(value));
        }
        // This function has another form of the same URI.
        let path: Expr = concat(vec![lit("file://"), substr(value.expr, lit(PATH_START))]);
        Ok(Some(Typed::new(path, DataType::STRING, false)))
    }
}
