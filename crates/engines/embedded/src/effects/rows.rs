//! Small tables of rows: what commands and catalog operations answer.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, ListBuilder, RecordBatch, RecordBatchOptions, StringArray, StringBuilder,
};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field};
use hearth_base::{Error, Result};
use hearth_types::arrow::to_engine_schema;
use hearth_types::{DataType, StructField, StructType};

use crate::run::Rows;

/// One column of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    name: &'static str,
    kind: Kind,
    nullable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Texts,
    Flag,
}

/// A column of strings that are always there.
pub const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text, nullable: false }
}

/// A column of strings that may be NULL.
pub const fn optional(name: &'static str) -> Column {
    Column { name, kind: Kind::Text, nullable: true }
}

/// A column of lists of strings, which may be NULL.
pub const fn texts(name: &'static str) -> Column {
    Column { name, kind: Kind::Texts, nullable: true }
}

pub const fn flag(name: &'static str) -> Column {
    Column { name, kind: Kind::Flag, nullable: false }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Null,
    Text(String),
    Texts(Vec<String>),
    Flag(bool),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Vec<String>> for Cell {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Rows of `columns`; each row has one cell for each.
pub fn table(columns: &[Column], rows: Vec<Vec<Cell>>) -> Result<Rows> {
    let fields = columns.iter().map(|column| StructField::new(column.name, column.data_type(), column.nullable));
    let schema = StructType::new(fields);
    let arrow = to_engine_schema(&schema);
    let arrays = columns.iter().enumerate().map(|(index, column)| column.array(&rows, index)).collect::<Result<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let batch = RecordBatch::try_new_with_options(arrow, arrays, &options).map_err(Error::internal)?;
    Ok((schema, vec![batch]))
}

/// No columns and no rows: what a command answers that answers nothing.
pub fn nothing() -> Rows {
    (StructType::default(), Vec::new())
}

/// No rows of the one column that calls of `spark.catalog` without a result have.
pub fn done() -> Result<Rows> {
    table(&[text("value")], Vec::new())
}

/// One row with one string.
pub fn value(of: impl Into<Cell>) -> Result<Rows> {
    table(&[optional("value")], vec![vec![of.into()]])
}

/// One row with one truth value.
pub fn truth(of: bool) -> Result<Rows> {
    table(&[flag("value")], vec![vec![Cell::Flag(of)]])
}

impl Column {
    fn data_type(self) -> DataType {
        match self.kind {
            Kind::Text => DataType::STRING,
            Kind::Texts => DataType::array(DataType::STRING, true),
            Kind::Flag => DataType::Boolean,
        }
    }

    fn array(self, rows: &[Vec<Cell>], index: usize) -> Result<ArrayRef> {
        let cells = || rows.iter().map(|row| row.get(index).unwrap_or(&Cell::Null));
        let wrong = || Error::internal(format!("the column {} got a cell of another type", self.name));
        Ok(match self.kind {
            Kind::Text => Arc::new(
                cells()
                    .map(|cell| match cell {
                        Cell::Text(text) => Ok(Some(text.as_str())),
                        Cell::Null => Ok(None),
                        Cell::Texts(_) | Cell::Flag(_) => Err(wrong()),
                    })
                    .collect::<Result<StringArray>>()?,
            ),
            Kind::Flag => Arc::new(
                cells()
                    .map(|cell| match cell {
                        Cell::Flag(flag) => Ok(Some(*flag)),
                        Cell::Null | Cell::Text(_) | Cell::Texts(_) => Err(wrong()),
                    })
                    .collect::<Result<BooleanArray>>()?,
            ),
            Kind::Texts => {
                let element = Field::new("element", ArrowType::Utf8, true);
                let mut lists = ListBuilder::new(StringBuilder::new()).with_field(element);
                for cell in cells() {
                    match cell {
                        Cell::Texts(texts) => lists.append_value(texts.iter().map(Some)),
                        Cell::Null => lists.append_null(),
                        Cell::Text(_) | Cell::Flag(_) => return Err(wrong()),
                    }
                }
                Arc::new(lists.finish())
            }
        })
    }
}
