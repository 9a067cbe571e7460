//! The fields of structs on their way into a column: all that the column has must be there, and none more.

use hearth_base::condition::{CANNOT_FIND_DATA, EXTRA_STRUCT_FIELDS, STRUCT_MISSING_FIELDS};
use hearth_base::{Condition, Error, Result};
use hearth_types::{DataType, StructField, StructType};

use super::WriteTarget;
use crate::scope::{quote_name, same_name};

/// Compares a value's structs with those of its column.
pub(super) struct Shape<'a> {
    pub target: &'a WriteTarget<'a>,
    pub case_sensitive: bool,
    /// The way to where it is.
    pub path: Vec<String>,
}

impl Shape<'_> {
    pub fn check(&mut self, from: &DataType, to: &DataType) -> Result<()> {
        match (from, to) {
            (DataType::Struct(from), DataType::Struct(to)) if self.target.by_name => self.named(from, to),
            (DataType::Struct(from), DataType::Struct(to)) => self.placed(from, to),
            (DataType::Array(from), DataType::Array(to)) => self.inside("element", &from.element, &to.element),
            (DataType::Map(from), DataType::Map(to)) => {
                self.inside("key", &from.key, &to.key)?;
                self.inside("value", &from.value, &to.value)
            }
            (_, _) => Ok(()),
        }
    }

    fn inside(&mut self, part: &str, from: &DataType, to: &DataType) -> Result<()> {
        self.path.push(part.to_owned());
        self.check(from, to)?;
        self.path.pop();
        Ok(())
    }

    fn placed(&mut self, from: &StructType, to: &StructType) -> Result<()> {
        let (given, wanted) = (from.fields.len(), to.fields.len());
        if given > wanted {
            return Err(self.wrong(EXTRA_STRUCT_FIELDS, ("extraFields", &from.fields[wanted..])));
        }
        if given < wanted {
            return Err(self.wrong(STRUCT_MISSING_FIELDS, ("missingFields", &to.fields[given..])));
        }
        let mut pairs = from.fields.iter().zip(to.fields.iter());
        pairs.try_for_each(|(from, to)| self.inside(&to.name, &from.data_type, &to.data_type))
    }

    fn named(&mut self, from: &StructType, to: &StructType) -> Result<()> {
        for wanted in to.fields.iter() {
            let same = |field: &&StructField| same_name(&field.name, &wanted.name, self.case_sensitive);
            match from.fields.iter().find(same) {
                Some(given) => self.inside(&wanted.name, &given.data_type, &wanted.data_type)?,
                None => {
                    self.path.push(wanted.name.to_string());
                    return Err(self.about(CANNOT_FIND_DATA));
                }
            }
        }
        let known = |field: &&StructField| {
            !to.fields.iter().any(|wanted| same_name(&wanted.name, &field.name, self.case_sensitive))
        };
        let extra: Vec<StructField> = from.fields.iter().filter(known).cloned().collect();
        if extra.is_empty() { Ok(()) } else { Err(self.wrong(EXTRA_STRUCT_FIELDS, ("extraFields", &extra))) }
    }

    fn wrong(&self, condition: Condition, (key, fields): (&'static str, &[StructField])) -> Error {
        let names: Vec<_> = fields.iter().map(|field| quote_name(&[&field.name])).collect();
        self.about(condition).with(key, names.join(", "))
    }

    fn about(&self, condition: Condition) -> Error {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        condition.with("tableName", self.target.table).with("colName", quote_name(&path))
    }
}
