//! `from_xml`: an element as a value of a schema.
//!
//! A field that does not fit is NULL and makes the record a corrupt one; its neighbours stay.

use datafusion::arrow::array::ArrayRef;
use hearth_base::Result;
use hearth_types::{DataType, StructType};

use super::options::XmlOptions;
use super::tree::{Element, parse, parse_whole};
use crate::kernels::csv;
use crate::kernels::json::cell::{Cell, Misfit, Reading, column, null_struct};
use crate::kernels::json::typed::Format;
use crate::kernels::rowwise::Args;
use crate::kernels::variant::build::{Builder, Encoded};
use crate::kernels::variant::of_json;

struct Reader<'r> {
    options: &'r XmlOptions,
    reading: &'r Reading,
    case_sensitive: bool,
}

pub fn from_xml(format: &Format, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let (reading, options) = (format.options.reading()?, XmlOptions::of(&format.options));
    let reader = Reader { options: &options, reading: &reading, case_sensitive: false };
    let mut cells = Vec::with_capacity(args.rows());
    for row in 0..args.rows() {
        let Some(text) = text.get(row) else {
            cells.push(Cell::Null);
            continue;
        };
        let (cell, whole) = reader.record(text, &format.data_type);
        if !whole && format.options.is_fail_fast() {
            let bad = if let Cell::Struct(cells) = &cell { printed(cells) } else { text.to_owned() };
            return Err(format.options.malformed(&bad));
        }
        cells.push(cell);
    }
    column(&cells.iter().collect::<Vec<_>>(), &format.data_type)
}

/// A row as Spark prints it in the error.
fn printed(cells: &[Cell]) -> String {
    let text = |cell: &Cell| match cell {
        Cell::Boolean(value) => value.to_string(),
        Cell::Long(value) => value.to_string(),
        Cell::Double(value) => {
            let mut out = String::new();
            // Writing to a String cannot fail.
            let _ = hearth_types::number_text::write_double(&mut out, *value);
            out
        }
        Cell::Text(text) => text.clone(),
        _ => "null".to_owned(),
    };
    format!("[{}]", cells.iter().map(text).collect::<Vec<_>>().join(","))
}

impl Reader<'_> {
    fn record(&self, text: &str, data_type: &DataType) -> (Cell, bool) {
        let root = if self.options.whole { parse_whole(text) } else { parse(text) };
        let Some(root) = root else {
            let mut cell = null_struct(data_type);
            self.mark(&mut cell, data_type, text);
            return (cell, false);
        };
        match data_type {
            DataType::Struct(structure) => {
                if let Some(cell) = self.single_variant(&root, structure) {
                    return (cell, true);
                }
                let (mut cell, whole) = self.structure(&root, structure);
                if !whole {
                    self.mark(&mut cell, data_type, text);
                }
                (cell, whole)
            }
            DataType::Variant => match self.variant(&root) {
                Some(variant) => (Cell::Variant(variant), true),
                None => (Cell::Null, false),
            },
            _ => (Cell::Null, false),
        }
    }

    fn mark(&self, cell: &mut Cell, data_type: &DataType, text: &str) {
        if let (Cell::Struct(cells), DataType::Struct(structure)) = (cell, data_type)
            && let Some(place) = structure.fields.iter().position(|field| *field.name == *self.reading.corrupt_column)
            && let Some(place) = cells.get_mut(place)
        {
            *place = Cell::Text(text.to_owned());
        }
    }

    fn single_variant(&self, root: &Element, structure: &StructType) -> Option<Cell> {
        let name = self.reading.single_variant.as_ref()?;
        let cells = structure.fields.iter().map(|field| {
            if *field.name == **name && field.data_type == DataType::Variant {
                return self.variant(root).map_or(Cell::Null, Cell::Variant);
            }
            Cell::Null
        });
        Some(Cell::Struct(cells.collect()))
    }

    fn place(&self, structure: &StructType, name: &str) -> Option<usize> {
        let fields = || structure.fields.iter();
        let exact = fields().position(|field| *field.name == *name);
        exact.or_else(|| {
            (!self.case_sensitive).then(|| fields().position(|field| field.name.eq_ignore_ascii_case(name)))?
        })
    }

    fn structure(&self, element: &Element, structure: &StructType) -> (Cell, bool) {
        let mut cells: Vec<Cell> = structure.fields.iter().map(|_| Cell::Null).collect();
        let mut whole = true;
        let mut put = |cells: &mut Vec<Cell>, place: usize, found: Result<Cell, Misfit>| match found {
            Ok(cell) => cells[place] = cell,
            Err(Misfit) => whole = false,
        };
        if !self.options.exclude_attributes {
            for (name, value) in &element.attributes {
                let name = format!("{}{}", self.options.attribute_prefix, self.options.name(name));
                if let Some(place) = self.place(structure, &name) {
                    put(&mut cells, place, self.scalar(value, &structure.fields[place].data_type));
                }
            }
        }
        for child in element.elements() {
            let Some(place) = self.place(structure, self.options.name(&child.name)) else {
                self.put_wildcard(child, structure, &mut cells);
                continue;
            };
            match &structure.fields[place].data_type {
                DataType::Array(array) => match self.value(child, &array.element) {
                    Ok(cell) => append(&mut cells[place], cell),
                    Err(Misfit) => put(&mut cells, place, Err(Misfit)),
                },
                data_type => {
                    let found = self.value(child, data_type);
                    put(&mut cells, place, found);
                }
            }
        }
        if let Some(place) = self.place(structure, &self.options.value_tag) {
            for text in element.texts() {
                match &structure.fields[place].data_type {
                    DataType::Array(array) => match self.scalar(text, &array.element) {
                        Ok(cell) => append(&mut cells[place], cell),
                        Err(Misfit) => put(&mut cells, place, Err(Misfit)),
                    },
                    data_type => put(&mut cells, place, self.scalar(text, data_type)),
                }
            }
        }
        (Cell::Struct(cells), whole)
    }

    /// Keeps an element that no field has the name of, where a field is there for such.
    fn put_wildcard(&self, element: &Element, structure: &StructType, cells: &mut [Cell]) {
        let place = structure.fields.iter().position(|field| *field.name == *self.options.wildcard);
        let Some((field, cell)) = place.and_then(|place| Some((&structure.fields[place], cells.get_mut(place)?)))
        else {
            return;
        };
        let text =
            Cell::Text(if element.has_elements() { element.inner_xml() } else { element.own_text().into_owned() });
        match &field.data_type {
            DataType::Array(array) if array.element.is_string() => append(cell, text),
            data_type if data_type.is_string() => *cell = text,
            _ => {}
        }
    }

    fn value(&self, element: &Element, data_type: &DataType) -> Result<Cell, Misfit> {
        match data_type {
            DataType::Struct(structure) => {
                let (cell, whole) = self.structure(element, structure);
                if whole { Ok(cell) } else { Err(Misfit) }
            }
            DataType::Map(map) => {
                if !element.has_elements() && element.texts().next().is_some() {
                    return Err(Misfit);
                }
                let attributes = element.attributes.iter().map(|(name, value)| {
                    let name = format!("{}{name}", self.options.attribute_prefix);
                    Ok((Cell::Text(name), self.scalar(value, &map.value)?))
                });
                let children = element.elements().map(|child| {
                    Ok((Cell::Text(self.options.name(&child.name).to_owned()), self.value(child, &map.value)?))
                });
                attributes.chain(children).collect::<Result<_, Misfit>>().map(Cell::Map)
            }
            DataType::Array(array) => self.value(element, &array.element).map(|cell| Cell::List(vec![cell])),
            DataType::Variant => self.variant(element).map(Cell::Variant).ok_or(Misfit),
            data_type if data_type.is_string() && element.has_elements() => Ok(Cell::Text(element.inner_xml())),
            data_type if element.children.is_empty() && !data_type.is_string() => Ok(Cell::Null),
            data_type => self.scalar(&element.own_text(), data_type),
        }
    }

    fn scalar(&self, text: &str, data_type: &DataType) -> Result<Cell, Misfit> {
        let text = if self.options.trims { text.trim() } else { text };
        if self.options.null_value.as_deref() == Some(text) {
            return Ok(Cell::Null);
        }
        match data_type {
            DataType::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" | "1" => Ok(Cell::Boolean(true)),
                "false" | "0" => Ok(Cell::Boolean(false)),
                _ => Err(Misfit),
            },
            DataType::Variant => {
                let mut builder = Builder::default();
                append_scalar(self.trimmed(text), &mut builder);
                builder.finish().map(Cell::Variant).map_err(|_| Misfit)
            }
            data_type => csv::scalar(text, data_type, self.reading),
        }
    }

    fn trimmed<'t>(&self, text: &'t str) -> &'t str {
        if self.options.trims { text.trim() } else { text }
    }

    fn variant(&self, element: &Element) -> Option<Encoded> {
        let mut builder = Builder::default();
        self.append_variant(element, &mut builder).ok()?;
        builder.finish().ok()
    }

    /// Attributes and elements are fields; elements that repeat are arrays.
    fn append_variant(&self, element: &Element, builder: &mut Builder) -> Result<()> {
        let attributes: &[(String, String)] =
            if self.options.exclude_attributes { &[] } else { element.attributes.as_slice() };
        if attributes.is_empty() && !element.has_elements() {
            let text = element.own_text();
            let text = self.trimmed(&text);
            if text.is_empty() || self.options.null_value.as_deref() == Some(text) {
                builder.null();
            } else {
                append_scalar(text, builder);
            }
            return Ok(());
        }
        let start = builder.position();
        let mut fields = Vec::new();
        for (name, value) in attributes {
            fields.push(builder.field(start, &format!("{}{name}", self.options.attribute_prefix)));
            append_scalar(self.trimmed(value), builder);
        }
        let mut seen: Vec<&str> = Vec::new();
        for child in element.elements() {
            if seen.contains(&child.name.as_str()) {
                continue;
            }
            seen.push(&child.name);
            fields.push(builder.field(start, self.options.name(&child.name)));
            let same: Vec<&Element> = element.elements().filter(|other| other.name == child.name).collect();
            match same.as_slice() {
                [only] => self.append_variant(only, builder)?,
                several => {
                    let list = builder.position();
                    let mut offsets = Vec::with_capacity(several.len());
                    for one in several {
                        offsets.push(builder.position() - list);
                        self.append_variant(one, builder)?;
                    }
                    builder.array(list, &offsets)?;
                }
            }
        }
        if element.texts().next().is_some() {
            fields.push(builder.field(start, &self.options.value_tag));
            let texts: Vec<&str> = element.texts().map(|text| self.trimmed(text)).collect();
            match texts.as_slice() {
                [only] => append_scalar(only, builder),
                several => {
                    let list = builder.position();
                    let mut offsets = Vec::with_capacity(several.len());
                    for text in several {
                        offsets.push(builder.position() - list);
                        append_scalar(text, builder);
                    }
                    builder.array(list, &offsets)?;
                }
            }
        }
        builder.object(start, fields)
    }
}

/// A text as the narrowest value that it writes.
fn append_scalar(text: &str, builder: &mut Builder) {
    if let Ok(value) = text.parse::<i64>() {
        builder.long(value);
    } else if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        builder.boolean(text.eq_ignore_ascii_case("true"));
    } else if let Some((unscaled, scale)) =
        of_json::decimal(text).filter(|_| text.bytes().any(|byte| byte.is_ascii_digit()))
    {
        builder.decimal(unscaled, scale);
    } else {
        builder.string(text);
    }
}

fn append(list: &mut Cell, cell: Cell) {
    match list {
        Cell::List(cells) => cells.push(cell),
        other => *other = Cell::List(vec![cell]),
    }
}
