//! `schema_of_xml` and the columns of XML files: what types hold the texts of elements and attributes.

use std::collections::BTreeMap;

use hearth_types::{DataType, StructField};

use super::options::XmlOptions;
use super::tree::{Element, parse, parse_whole};
use crate::kernels::csv;
use crate::kernels::json::cell::Reading;
use crate::kernels::json::schema;

/// The columns of one record; `None` for what is no XML.
pub fn of_record(text: &str, options: &XmlOptions, reading: &Reading) -> Option<DataType> {
    let root = if options.whole { parse_whole(text)? } else { parse(text)? };
    Some(of_object(&root, options, reading))
}

fn of_object(element: &Element, options: &XmlOptions, reading: &Reading) -> DataType {
    let mut found: BTreeMap<String, Vec<DataType>> = BTreeMap::new();
    if !options.exclude_attributes {
        for (name, value) in &element.attributes {
            let name = format!("{}{}", options.attribute_prefix, options.name(name));
            found.entry(name).or_default().push(of_text(value, options, reading));
        }
    }
    for child in element.elements() {
        let types = found.entry(options.name(&child.name).to_owned()).or_default();
        types.push(of_element(child, options, reading));
    }
    for text in element.texts() {
        found.entry(options.value_tag.clone()).or_default().push(of_text(text, options, reading));
    }
    let fields = found.into_iter().map(|(name, types)| {
        let repeats = types.len() > 1;
        let one = types.into_iter().reduce(|left, right| merge(left, right, options)).unwrap_or(DataType::Null);
        StructField::new(name, if repeats { DataType::array(one, true) } else { one }, true)
    });
    DataType::structure(fields)
}

fn of_element(element: &Element, options: &XmlOptions, reading: &Reading) -> DataType {
    let plain = element.attributes.is_empty() || options.exclude_attributes;
    if element.has_elements() || !plain {
        return of_object(element, options, reading);
    }
    of_text(&element.own_text(), options, reading)
}

fn of_text(text: &str, options: &XmlOptions, reading: &Reading) -> DataType {
    let text = if options.trims { text.trim() } else { text };
    if options.null_value.as_deref() == Some(text) {
        return DataType::Null;
    }
    if text.is_empty() || !options.infers {
        return DataType::STRING;
    }
    let fits = |data_type: &DataType| csv::scalar(text, data_type, reading).is_ok();
    let ends_in_letter = text.ends_with(|c: char| c.is_ascii_alphabetic()) && text != "NaN";
    if fits(&DataType::Long) {
        return DataType::Long;
    }
    if let Some(decimal) = schema::decimal(text).filter(|_| options.prefers_decimal) {
        return decimal;
    }
    let is_date = |text: &str| !reading.prefers_date || reading.date.is_some() || csv::is_plain_date(text);
    // A number does not end in a letter.
    let others = [DataType::Double, DataType::Boolean, DataType::Date, DataType::Timestamp];
    let found = others.into_iter().find(|data_type| match data_type {
        DataType::Double => !ends_in_letter && fits(data_type),
        DataType::Date => is_date(text) && fits(data_type),
        other => fits(other),
    });
    found.unwrap_or(DataType::STRING)
}

/// The type that holds values of both.
pub fn merge(left: DataType, right: DataType, options: &XmlOptions) -> DataType {
    use DataType as T;
    match (left, right) {
        (left, right) if left == right => left,
        (T::Null, other) | (other, T::Null) => other,
        (T::Struct(left), T::Struct(right)) => {
            let mut fields: BTreeMap<String, DataType> = BTreeMap::new();
            for field in left.fields.iter().chain(right.fields.iter()) {
                let known = fields.remove(&*field.name).unwrap_or(T::Null);
                fields.insert(field.name.to_string(), merge(known, field.data_type.clone(), options));
            }
            T::structure(fields.into_iter().map(|(name, data_type)| StructField::new(name, data_type, true)))
        }
        (T::Array(left), T::Array(right)) => {
            T::array(merge(left.element.clone(), right.element.clone(), options), true)
        }
        (T::Array(array), other) | (other, T::Array(array)) => {
            T::array(merge(array.element.clone(), other, options), true)
        }
        // An element with attributes holds a bare one's text beside them.
        (T::Struct(structure), text) | (text, T::Struct(structure)) => {
            let bare = T::structure([StructField::new(options.value_tag.as_str(), text, true)]);
            merge(T::Struct(structure), bare, options)
        }
        (T::Date, T::Timestamp) | (T::Timestamp, T::Date) => T::Timestamp,
        (left, right) => schema::merge(left, right),
    }
}

/// `STRING` for what stayed unknown.
pub fn settle(data_type: DataType) -> DataType {
    schema::settle(data_type)
}
