//! `to_xml`: a struct as an element, with one more indentation for each level.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use hearth_base::Result;
use hearth_base::condition::{INVALID_REQUEST, NO_XML_OF_TYPE};
use hearth_types::value_text::{TextStyle, format_value};
use hearth_types::{DataType, Zone};

use super::options::XmlOptions;
use super::tree::escape;
use crate::kernels::json::typed::Format;
use crate::kernels::json::write::{Writing, is_null};
use crate::kernels::rowwise::Args;
use crate::kernels::variant::VariantColumn;
use crate::kernels::variant::read::{Value, Variant};

pub fn to_xml(format: &Format, args: &Args) -> Result<ArrayRef> {
    let (array, step) = args.raw(0)?;
    let (writing, options) = (format.options.writing()?, XmlOptions::of(&format.options));
    args.try_texts(|row, out| {
        let at = row * step;
        if array.is_null(at) {
            return Ok(None);
        }
        let base = format.options.get(BASE_DEPTH).and_then(|depth| depth.parse().ok()).unwrap_or(0);
        (0..base).for_each(|_| out.push_str(&options.indent));
        let mut writer = Writer { options: &options, writing: &writing, out, depth: base, holds_elements: Vec::new() };
        writer.element(&options.row_tag, array, at, &format.data_type)?;
        if options.indent.is_empty() {
            out.push('\n');
        }
        Ok(Some(()))
    })
}

/// How deep the record stands in its file: an option of our own, which the sink sets.
pub const BASE_DEPTH: &str = "\u{1}depth";

struct Writer<'w> {
    options: &'w XmlOptions,
    writing: &'w Writing,
    out: &'w mut String,
    depth: usize,
    /// For each open element, whether an element was written into it.
    holds_elements: Vec<bool>,
}

impl Writer<'_> {
    fn line(&mut self) {
        if self.options.indent.is_empty() {
            return;
        }
        self.out.push('\n');
        (0..self.depth).for_each(|_| self.out.push_str(&self.options.indent));
    }

    fn open(&mut self, name: &str) -> Result<()> {
        check_name(name)?;
        if let Some(holds) = self.holds_elements.last_mut() {
            *holds = true;
            self.line();
        }
        self.out.push('<');
        self.out.push_str(name);
        self.holds_elements.push(false);
        self.depth += 1;
        Ok(())
    }

    fn close(&mut self, name: &str) {
        self.depth -= 1;
        if self.holds_elements.pop() == Some(true) {
            self.line();
        }
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// An element of whatever the value makes: several for an array.
    fn child(&mut self, name: &str, array: &ArrayRef, row: usize, data_type: &DataType) -> Result<()> {
        if is_null(array.as_ref(), row) {
            if let Some(text) = self.options.null_value.clone() {
                self.open(name)?;
                self.out.push('>');
                escape(&text, false, self.out);
                self.close(name);
            }
            return Ok(());
        }
        match data_type {
            DataType::Array(list) => {
                let elements = array.as_list::<i32>().value(row);
                let nested = matches!(list.element, DataType::Array(_));
                (0..elements.len()).try_for_each(|index| match nested && !is_null(elements.as_ref(), index) {
                    true => self.element(name, &elements, index, &list.element),
                    false => self.child(name, &elements, index, &list.element),
                })
            }
            DataType::Variant => {
                let column = VariantColumn::of(&array.slice(row, 1))?;
                column.get(0).map_or(Ok(()), |variant| self.variant(name, variant))
            }
            _ => self.element(name, array, row, data_type),
        }
    }

    fn element(&mut self, name: &str, array: &ArrayRef, row: usize, data_type: &DataType) -> Result<()> {
        if *data_type == DataType::Variant {
            return self.child(name, array, row, data_type);
        }
        self.open(name)?;
        match data_type {
            DataType::Struct(structure) => {
                let columns = array.as_struct().columns();
                let prefix = self.options.attribute_prefix.clone();
                let is_attribute = |name: &str| name.starts_with(&prefix) && name != self.options.value_tag;
                let fields: Vec<_> = structure.fields.iter().zip(columns).collect();
                for (field, column) in fields.iter().filter(|(field, _)| is_attribute(&field.name)) {
                    let text = if is_null(column.as_ref(), row) {
                        self.options.null_value.clone()
                    } else {
                        Some(self.text(column, row, &field.data_type)?)
                    };
                    if let Some(text) = text {
                        self.attribute(&field.name[prefix.len()..], &text);
                    }
                }
                self.out.push('>');
                let is_attribute = |name: &str, tag: &str| name.starts_with(&prefix) && name != tag;
                for (field, column) in fields {
                    if is_attribute(&field.name, &self.options.value_tag) {
                        continue;
                    }
                    if *field.name == *self.options.value_tag {
                        self.value(column, row, &field.data_type)?;
                        continue;
                    }
                    self.child(&field.name, column, row, &field.data_type)?;
                }
            }
            DataType::Map(map) => {
                self.out.push('>');
                let entries = array.as_map().value(row);
                for index in 0..entries.len() {
                    let key = self.text(entries.column(0), index, &map.key)?;
                    self.child(&key, entries.column(1), index, &map.value)?;
                }
            }
            DataType::Array(_) if array.as_list::<i32>().value(row).is_empty() && self.depth > 1 => {
                self.holds_elements.pop();
                self.depth -= 1;
                self.out.push_str("/>");
                return Ok(());
            }
            DataType::Array(list) => {
                self.out.push('>');
                let (elements, item) = (array.as_list::<i32>().value(row), self.options.array_element.clone());
                (0..elements.len()).try_for_each(|index| self.child(&item, &elements, index, &list.element))?;
            }
            data_type => {
                self.out.push('>');
                let text = self.text(array, row, data_type)?;
                escape(&text, false, self.out);
            }
        }
        self.close(name);
        Ok(())
    }

    fn value(&mut self, column: &ArrayRef, row: usize, data_type: &DataType) -> Result<()> {
        let text = if is_null(column.as_ref(), row) {
            self.options.null_value.clone()
        } else {
            Some(self.text(column, row, data_type)?)
        };
        if let Some(text) = text {
            escape(&text, false, self.out);
        }
        Ok(())
    }

    fn attribute(&mut self, name: &str, text: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(text, true, self.out);
        self.out.push('"');
    }

    fn text(&self, array: &ArrayRef, row: usize, data_type: &DataType) -> Result<String> {
        if data_type.is_interval() {
            let text = format_value(array.as_ref(), row, data_type, &self.writing.zone, TextStyle::Cast);
            return Err(NO_XML_OF_TYPE
                .with("v", text)
                .with("class", "class org.apache.spark.unsafe.types.CalendarInterval")
                .with("dt", "CalendarIntervalType"));
        }
        if *data_type == DataType::Binary {
            return Ok(format_value(array.as_ref(), row, data_type, &self.writing.zone, TextStyle::Pretty));
        }
        match self.writing.moment(array.as_ref(), row, data_type)? {
            Some(text) => Ok(text),
            None => Ok(format_value(array.as_ref(), row, data_type, &self.writing.zone, TextStyle::Cast)),
        }
    }

    fn variant(&mut self, name: &str, variant: Variant<'_>) -> Result<()> {
        match variant.read()? {
            Value::Array(elements) => elements.into_iter().try_for_each(|element| self.variant(name, element)),
            Value::Object(fields) => {
                self.open(name)?;
                let prefix = self.options.attribute_prefix.clone();
                let (attributes, elements): (Vec<_>, Vec<_>) = fields
                    .into_iter()
                    .partition(|(field, _)| field.starts_with(&prefix) && *field != self.options.value_tag);
                for (field, value) in attributes {
                    let text = plain(value, &self.writing.zone)?;
                    self.attribute(&field[prefix.len()..], &text);
                }
                self.out.push('>');
                for (field, value) in elements {
                    if field == self.options.value_tag {
                        escape(&plain(value, &self.writing.zone)?, false, self.out);
                        continue;
                    }
                    self.variant(field, value)?;
                }
                self.close(name);
                Ok(())
            }
            Value::Null => {
                self.open(name)?;
                self.holds_elements.pop();
                self.depth -= 1;
                self.out.push_str("/>");
                Ok(())
            }
            _ => {
                let text = plain(variant, &self.writing.zone)?;
                self.open(name)?;
                self.out.push('>');
                escape(&text, false, self.out);
                self.close(name);
                Ok(())
            }
        }
    }
}

/// A scalar's text without quotes.
fn plain(variant: Variant<'_>, zone: &Zone) -> Result<String> {
    let json = variant.json(zone)?;
    Ok(match variant.read()? {
        Value::String(text) => text.to_owned(),
        _ => json.trim_matches('"').to_owned(),
    })
}

fn check_name(name: &str) -> Result<()> {
    let is_start = |c: char| c.is_alphabetic() || c == '_' || c == ':';
    let fits = name.chars().next().is_some_and(is_start)
        && name.chars().all(|c| is_start(c) || c.is_numeric() || c == '-' || c == '.');
    if fits {
        Ok(())
    } else {
        Err(INVALID_REQUEST.with("message", format!("An XML element cannot have the name {name}")))
    }
}
