//! Values that do not fit into the column that they are put into: Spark names the column.
//!
//! The cast into a column stands nowhere in the statement's text, so its error has no place; a cast that was written
//! down keeps its own error.

use hearth_base::Error;
use hearth_base::condition::{CAST_OVERFLOW, CAST_OVERFLOW_IN_TABLE_INSERT, NUMERIC_VALUE_OUT_OF_RANGE};
use hearth_plan::identifier::quote;
use hearth_types::{DataType, StructType};

/// The columns whose values change their type on the way into a table.
pub struct Assignments(Vec<(String, DataType, DataType)>);

impl Assignments {
    /// `given` names the column of the table for each column of the query.
    pub fn new(query: &StructType, given: &[String], table: &StructType, by_name: bool) -> Self {
        let target = |name: &str| table.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        let pairs = query.fields.iter().enumerate().filter_map(|(index, field)| {
            let name = if by_name { Some(&*field.name) } else { given.get(index).map(String::as_str) };
            let target = name.and_then(target)?;
            let differs = target.data_type != field.data_type;
            differs.then(|| (target.name.to_string(), field.data_type.clone(), target.data_type.clone()))
        });
        Self(pairs.collect())
    }

    /// The error as Spark tells it of an insertion.
    pub fn explain(&self, error: Error) -> Error {
        let overflow = error.condition() == CAST_OVERFLOW;
        if !(overflow || error.condition() == NUMERIC_VALUE_OUT_OF_RANGE) || !error.contexts().is_empty() {
            return error;
        }
        let parameter =
            |key: &str| error.named_parameters().find(|(name, _)| *name == key).map(|(_, value)| value.to_owned());
        let (from, to) = (parameter("sourceType"), parameter("targetType"));
        let (precision, scale) = (parameter("precision"), parameter("scale"));
        let shown = |data_type: &DataType| format!("\"{}\"", data_type.sql());
        let matches = |(_, source, target): &&(String, DataType, DataType)| match target {
            DataType::Decimal { precision: p, scale: s } if !overflow => {
                precision == Some(p.to_string()) && scale == Some(s.to_string())
            }
            _ => overflow && Some(shown(source)) == from && Some(shown(target)) == to,
        };
        match self.0.iter().find(matches) {
            Some((name, source, target)) => CAST_OVERFLOW_IN_TABLE_INSERT
                .with("sourceType", shown(source))
                .with("targetType", shown(target))
                .with("columnName", quote(std::slice::from_ref(name))),
            None => error,
        }
    }
}
