//! Records of text as rows and back: what the CSV and JSON sources and sinks share with `from_json` and its kin.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hearth_base::Result;
use hearth_types::{DataType, StructField, StructType};

use crate::kernels::csv;
use crate::kernels::json::cell::Reading;
use crate::kernels::json::schema;
use crate::kernels::json::typed::{self, Format};
use crate::kernels::json::value::Json;
use crate::kernels::random::Generator;
use crate::kernels::rowwise::call_rows;
use crate::kernels::xml::{self, options::XmlOptions};
use crate::typed::Typed;

pub use crate::kernels::json::typed::{FILE, ONLY_CORRUPT, Options, PLACES, WALL_CLOCK};
pub use crate::kernels::xml::options::WHOLE_RECORDS;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    Csv,
    Json,
    Xml,
}

/// A struct of `schema` out of a record's text.
pub fn read(format: TextFormat, text: Typed, schema: &StructType, options: Options) -> Result<Typed> {
    let data_type = DataType::Struct(schema.clone());
    let state = Format { data_type: data_type.clone(), options };
    match format {
        TextFormat::Csv => call_rows("from_csv", vec![text], (data_type, true), state, csv::from_csv),
        TextFormat::Json => call_rows("from_json", vec![text], (data_type, true), state, typed::from_json),
        TextFormat::Xml => call_rows("from_xml", vec![text], (data_type, true), state, xml::read::from_xml),
    }
}

/// The text of a struct.
pub fn write(format: TextFormat, row: Typed, options: Options) -> Result<Typed> {
    let state = Format { data_type: row.data_type.clone(), options };
    match format {
        TextFormat::Csv => call_rows("to_csv", vec![row], (DataType::STRING, true), state, csv::to_csv),
        TextFormat::Json => call_rows("to_json", vec![row], (DataType::STRING, true), state, typed::to_json),
        TextFormat::Xml => call_rows("to_xml", vec![row], (DataType::STRING, true), state, xml::write::to_xml),
    }
}

/// The fields of a CSV record, for a header.
pub fn csv_fields(text: &str, options: &Options) -> Vec<Option<String>> {
    csv::fields(text, options)
}

/// The records of an XML file: its elements of the name that the options give. Where the file is broken they end, and
/// its whole text is the last one, which is none that can be read.
pub fn xml_records<'t>(text: &'t str, row_tag: &str) -> Vec<&'t str> {
    let mut found = xml::tree::records(text, row_tag);
    let sound = xml::tree::sound_length(text);
    if sound < text.len() {
        let start = text.as_ptr().addr();
        found.retain(|record| record.as_ptr().addr() - start + record.len() <= sound);
        found.push(text);
    }
    found
}

/// What stands around the records of an XML file.
#[derive(Debug, Clone)]
pub struct XmlFrame {
    pub head: String,
    pub tail: String,
}

impl XmlFrame {
    pub fn new(options: &Options) -> Self {
        let xml = XmlOptions::of(options);
        let declaration =
            if xml.declaration.is_empty() { String::new() } else { format!("<?xml {}?>\n", xml.declaration) };
        // The root's tag may carry attributes.
        let root = xml.root_tag.split_whitespace().next().unwrap_or_default();
        let attributes = xml.root_tag.replace('\'', "\"");
        Self { head: format!("{declaration}<{attributes}>"), tail: format!("\n</{root}>") }
    }

    /// The options for records that stand inside of the root.
    pub fn inner(options: &Options) -> Options {
        let depth = [(xml::write::BASE_DEPTH.to_owned(), "1".to_owned())];
        Options { entries: options.entries.iter().cloned().chain(depth).collect(), ..options.clone() }
    }
}

/// Where the quotes of CSV records begin and end.
#[derive(Debug, Clone)]
pub struct CsvQuotes(csv::Dialect);

impl CsvQuotes {
    pub fn new(options: &Options) -> Self {
        Self(csv::Dialect::of(options))
    }

    /// Whether a quote is open at the end of `line`, when one was or was not at its start.
    pub fn stay_open(&self, open: bool, line: &str) -> bool {
        self.0.stay_open(open, line)
    }
}

/// Which records of a file are looked at for `samplingRatio`: those that Spark draws of a partition.
pub struct Sample {
    ratio: f64,
    generator: Generator,
}

impl Sample {
    /// Of the partition with this number.
    pub fn new(ratio: f64, partition: usize) -> Self {
        let seed = 1_i64.wrapping_add(i64::try_from(partition).unwrap_or(0));
        Self { ratio, generator: Generator::new(seed) }
    }

    /// Whether the next record is one of them.
    pub fn takes(&mut self) -> bool {
        // Spark does not draw at all then.
        self.ratio > 0.99 || self.generator.next_double() < self.ratio
    }
}

/// Finds the columns of records, one record after the other.
pub struct Inference {
    format: TextFormat,
    options: Options,
    reading: Reading,
    xml: XmlOptions,
    inferring: schema::Inferring,
    csv: Vec<DataType>,
    /// Of JSON and XML.
    json: DataType,
    malformed: bool,
    /// A name that one JSON object has twice.
    repeated: Option<String>,
}

fn repeated(json: &Json<'_>) -> Option<String> {
    let Json::Object(fields) = json else { return None };
    let is_again =
        |(at, (name, _)): &(usize, &(Cow<'_, str>, Json<'_>))| fields[..*at].iter().any(|(other, _)| other == name);
    fields.iter().enumerate().find(is_again).map(|(_, (name, _))| name.to_string())
}

impl Inference {
    pub fn new(format: TextFormat, options: Options) -> Result<Self> {
        let reading = options.reading()?;
        let (xml, inferring) = (XmlOptions::of(&options), schema::Inferring::new(&options)?);
        Ok(Self {
            format,
            options,
            reading,
            xml,
            inferring,
            csv: Vec::new(),
            json: DataType::Null,
            malformed: false,
            repeated: None,
        })
    }

    pub fn add(&mut self, record: &str) {
        match self.format {
            TextFormat::Csv => self.add_csv(record),
            TextFormat::Json => self.add_json(record),
            TextFormat::Xml => self.add_xml(record),
        }
    }

    fn add_csv(&mut self, record: &str) {
        for (index, field) in csv::fields(record, &self.options).into_iter().enumerate() {
            while self.csv.len() <= index {
                self.csv.push(DataType::Null);
            }
            if let Some(field) = field {
                let known = std::mem::replace(&mut self.csv[index], DataType::Null);
                self.csv[index] = csv::infer_field(&field, &self.reading, known);
            }
        }
    }

    fn add_xml(&mut self, record: &str) {
        match xml::infer::of_record(record, &self.xml, &self.reading) {
            Some(found) => {
                let known = std::mem::replace(&mut self.json, DataType::Null);
                self.json = xml::infer::merge(known, found, &self.xml);
            }
            None => self.malformed = true,
        }
    }

    fn add_json(&mut self, record: &str) {
        match Json::parse_with(record, &self.options.syntax()) {
            Some(Json::Array(rows)) if rows.iter().all(|row| matches!(row, Json::Object(_))) => {
                let known = std::mem::replace(&mut self.json, DataType::Null);
                self.json = rows.iter().map(|row| self.inferring.of(row)).fold(known, schema::merge);
            }
            Some(json @ Json::Object(_)) => {
                self.repeated = self.repeated.take().or_else(|| repeated(&json));
                let known = std::mem::replace(&mut self.json, DataType::Null);
                self.json = schema::merge(known, self.inferring.of(&json));
            }
            Some(_) | None => self.malformed = true,
        }
    }

    /// A name that one JSON object has twice.
    pub fn repeated(&self) -> Option<&str> {
        self.repeated.as_deref()
    }

    /// The columns of all records. `names` are those of a CSV header, if there is one.
    pub fn finish(self, names: &[String]) -> StructType {
        match self.format {
            TextFormat::Csv => {
                let name = |index: usize| names.get(index).cloned().unwrap_or_else(|| format!("_c{index}"));
                let width = self.csv.len().max(names.len());
                let known = |index: usize| self.csv.get(index).cloned().unwrap_or(DataType::Null);
                let fields = (0..width).map(|index| StructField::new(name(index), schema::settle(known(index)), true));
                StructType::new(fields)
            }
            TextFormat::Json | TextFormat::Xml => {
                let mut fields: BTreeMap<String, StructField> = BTreeMap::new();
                let found = match self.format {
                    TextFormat::Json => self.inferring.settle(self.json),
                    TextFormat::Csv | TextFormat::Xml => Some(schema::settle(self.json)),
                };
                if let Some(DataType::Struct(found)) = found {
                    fields.extend(found.fields.iter().map(|field| (field.name.to_string(), field.clone())));
                }
                let corrupt = self.reading.corrupt_column;
                if self.malformed && !fields.contains_key(&corrupt) {
                    fields.insert(corrupt.clone(), StructField::new(corrupt, DataType::STRING, true));
                }
                StructType::new(fields.into_values())
            }
        }
    }
}
