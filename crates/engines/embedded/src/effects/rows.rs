//! Small tables of rows: what commands and catalog operations answer.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, ListBuilder, RecordBatch, RecordBatchOptions, StringArray,
    StringBuilder, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field};
use hearth_base::{Error, Result};
use hearth_types::arrow::{to_engine_arrow, to_engine_schema};
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
    Int,
    Long,
    Time,
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

/// A column of INT that may be NULL.
pub const fn int(name: &'static str) -> Column {
    Column { name, kind: Kind::Int, nullable: true }
}

pub const fn long(name: &'static str) -> Column {
    Column { name, kind: Kind::Long, nullable: false }
}

/// A column of TIMESTAMP that may be NULL.
pub const fn time(name: &'static str) -> Column {
    Column { name, kind: Kind::Time, nullable: true }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Null,
    Text(String),
    Texts(Vec<String>),
    Flag(bool),
    Int(i32),
    Long(i64),
    /// Microseconds since the epoch.
    Time(i64),
}

impl From<i32> for Cell {
    fn from(number: i32) -> Self {
        Self::Int(number)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Long(number)
    }
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
    let schema = schema(columns);
    let arrow = to_engine_schema(&schema);
    let arrays = columns.iter().enumerate().map(|(index, column)| column.array(&rows, index)).collect::<Result<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let batch = RecordBatch::try_new_with_options(arrow, arrays, &options).map_err(Error::internal)?;
    Ok((schema, vec![batch]))
}

/// The columns of an answer as Spark's.
pub fn schema(columns: &[Column]) -> StructType {
    StructType::new(columns.iter().map(|column| StructField::new(column.name, column.data_type(), column.nullable)))
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
            Kind::Int => DataType::Integer,
            Kind::Long => DataType::Long,
            Kind::Time => DataType::Timestamp,
        }
    }

    fn array(self, rows: &[Vec<Cell>], index: usize) -> Result<ArrayRef> {
        let cells = || rows.iter().map(|row| row.get(index).unwrap_or(&Cell::Null));
        let wrong = || Error::internal(format!("the column {} got a cell of another type", self.name));
        Ok(match self.kind {
            Kind::Text => Arc::new(of_kind(cells(), text_of, wrong).collect::<Result<StringArray>>()?),
            Kind::Flag => {
                let value = |cell: &Cell| if let Cell::Flag(flag) = cell { Some(*flag) } else { None };
                Arc::new(of_kind(cells(), value, wrong).collect::<Result<BooleanArray>>()?)
            }
            Kind::Int => {
                let value = |cell: &Cell| if let Cell::Int(number) = cell { Some(*number) } else { None };
                Arc::new(of_kind(cells(), value, wrong).collect::<Result<Int32Array>>()?)
            }
            Kind::Long => {
                let value = |cell: &Cell| if let Cell::Long(number) = cell { Some(*number) } else { None };
                Arc::new(of_kind(cells(), value, wrong).collect::<Result<Int64Array>>()?)
            }
            Kind::Time => {
                let value = |cell: &Cell| if let Cell::Time(micros) = cell { Some(*micros) } else { None };
                let times = of_kind(cells(), value, wrong).collect::<Result<TimestampMicrosecondArray>>()?;
                let zone = match to_engine_arrow(&DataType::Timestamp) {
                    ArrowType::Timestamp(_, zone) => zone,
                    _ => None,
                };
                Arc::new(times.with_timezone_opt(zone))
            }
            Kind::Texts => {
                let element = Field::new("element", ArrowType::Utf8, true);
                let mut lists = ListBuilder::new(StringBuilder::new()).with_field(element);
                for cell in cells() {
                    match cell {
                        Cell::Texts(texts) => lists.append_value(texts.iter().map(Some)),
                        Cell::Null => lists.append_null(),
                        _ => return Err(wrong()),
                    }
                }
                Arc::new(lists.finish())
            }
        })
    }
}

fn text_of(cell: &Cell) -> Option<&str> {
    if let Cell::Text(text) = cell { Some(text) } else { None }
}

/// The values of cells that are all NULL or of one kind.
fn of_kind<'c, T>(
    cells: impl Iterator<Item = &'c Cell>,
    value: impl Fn(&'c Cell) -> Option<T>,
    wrong: impl Fn() -> Error,
) -> impl Iterator<Item = Result<Option<T>>> {
    cells.map(move |cell| match value(cell) {
        None if *cell != Cell::Null => Err(wrong()),
        value => Ok(value),
    })
}
