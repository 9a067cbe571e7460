//! Avro's schemas: their JSON taken apart. Names stand for what they name, so a schema that holds itself is refused.

use hearth_base::Result;

use super::refused;
use crate::kernels::json::value::{Json, Syntax};

/// How deep schemas may nest.
const MAX_DEPTH: usize = 64;
/// Parts of one schema, with names written out.
const MAX_PARTS: usize = 100_000;
/// Where Spark keeps its own name of a type.
const SPARK_TYPE: &str = "spark.sql.catalyst.type";

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Schema {
    pub shape: Shape,
    pub logical: Logical,
    /// The full name of records, enumerations and fixed bytes.
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Shape {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    Text,
    Fixed(usize),
    Enumeration(Vec<String>),
    Array(Box<Schema>),
    Map(Box<Schema>),
    Record(Vec<Field>),
    Union(Vec<Schema>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    pub name: String,
    pub schema: Schema,
    /// The text of its JSON.
    pub default: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Logical {
    None,
    Date,
    TimestampMillis,
    TimestampMicros,
    LocalMillis,
    LocalMicros,
    Decimal {
        precision: u8,
        scale: i8,
    },
    /// What Spark says that a number is.
    Spark(String),
}

impl Schema {
    pub fn plain(shape: Shape) -> Self {
        Self { shape, logical: Logical::None, name: String::new() }
    }

    pub fn with(self, logical: Logical) -> Self {
        Self { logical, ..self }
    }

    pub fn parse(text: &str) -> Result<Self> {
        let strict = Syntax { single_quotes: false, ..Syntax::QUOTES };
        let json = Json::parse_all(text, &strict);
        let json = json.ok_or_else(|| refused(format!("The Avro schema is no JSON: {text}")))?;
        let mut parser = Parser { known: Vec::new(), open: Vec::new(), parts: 0, text };
        parser.schema(&json, "", 0)
    }

    /// How Avro calls the type.
    pub fn type_name(&self) -> &'static str {
        match self.shape {
            Shape::Null => "null",
            Shape::Boolean => "boolean",
            Shape::Int => "int",
            Shape::Long => "long",
            Shape::Float => "float",
            Shape::Double => "double",
            Shape::Bytes => "bytes",
            Shape::Text => "string",
            Shape::Fixed(_) => "fixed",
            Shape::Enumeration(_) => "enum",
            Shape::Array(_) => "array",
            Shape::Map(_) => "map",
            Shape::Record(_) => "record",
            Shape::Union(_) => "union",
        }
    }

    /// The last part of its name, or its type.
    pub fn simple_name(&self) -> &str {
        if self.name.is_empty() { self.type_name() } else { self.name.rsplit('.').next().unwrap_or(&self.name) }
    }
}

struct Parser<'t> {
    known: Vec<(String, Schema)>,
    /// Records whose fields are being read.
    open: Vec<String>,
    parts: usize,
    text: &'t str,
}

impl Parser<'_> {
    fn schema(&mut self, json: &Json<'_>, space: &str, depth: usize) -> Result<Schema> {
        self.parts += 1;
        if depth > MAX_DEPTH || self.parts > MAX_PARTS {
            return Err(refused("The Avro schema is too large."));
        }
        match json {
            Json::String(name) => self.named(name, space),
            Json::Array(branches) => {
                let branches = branches.iter().map(|branch| self.schema(branch, space, depth + 1));
                Ok(Schema::plain(Shape::Union(branches.collect::<Result<_>>()?)))
            }
            Json::Object(_) => self.object(json, space, depth),
            Json::Null | Json::Boolean(_) | Json::Number(_) => Err(self.wrong("a type is no text")),
        }
    }

    fn wrong(&self, what: &str) -> hearth_base::Error {
        refused(format!("The Avro schema is not valid, {what}: {}", self.text))
    }

    fn named(&mut self, name: &str, space: &str) -> Result<Schema> {
        let shape = match name {
            "null" => Shape::Null,
            "boolean" => Shape::Boolean,
            "int" => Shape::Int,
            "long" => Shape::Long,
            "float" => Shape::Float,
            "double" => Shape::Double,
            "bytes" => Shape::Bytes,
            "string" => Shape::Text,
            other => {
                let full = full_name(other, space);
                if self.open.contains(&full) {
                    return Err(refused(format!(
                        "Found recursive reference in Avro schema, which can not be processed by Spark by default: {}. \
                         Try setting the option `recursiveFieldMaxDepth` to 1 - 15.",
                        self.text
                    )));
                }
                let known = self.known.iter().find(|(known, _)| *known == full);
                let known = known.map(|(_, schema)| schema.clone());
                self.parts += known.as_ref().map_or(0, parts);
                return known.ok_or_else(|| self.wrong(&format!("\"{other}\" is not a defined name")));
            }
        };
        Ok(Schema::plain(shape))
    }

    fn object(&mut self, json: &Json<'_>, space: &str, depth: usize) -> Result<Schema> {
        let kind = match json.get("type") {
            Some(Json::String(kind)) => kind.as_ref(),
            Some(inner) => return self.schema(inner, space, depth + 1),
            None => return Err(self.wrong("it has no type")),
        };
        let name = text(json, "name").unwrap_or_default();
        let space = text(json, "namespace").unwrap_or(space);
        let full = full_name(name, space);
        let space = full.rsplit_once('.').map_or("", |(space, _)| space);
        let shape = match kind {
            "array" => {
                let items = json.get("items").ok_or_else(|| self.wrong("an array has no items"))?;
                Shape::Array(Box::new(self.schema(items, space, depth + 1)?))
            }
            "map" => {
                let values = json.get("values").ok_or_else(|| self.wrong("a map has no values"))?;
                Shape::Map(Box::new(self.schema(values, space, depth + 1)?))
            }
            "fixed" => Shape::Fixed(whole(json, "size").ok_or_else(|| self.wrong("it has no size"))?),
            "enum" => {
                let Some(Json::Array(symbols)) = json.get("symbols") else {
                    return Err(self.wrong("an enumeration has no symbols"));
                };
                let symbols = symbols.iter().filter_map(|symbol| match symbol {
                    Json::String(symbol) => Some(symbol.to_string()),
                    _ => None,
                });
                Shape::Enumeration(symbols.collect())
            }
            "record" | "error" => {
                self.open.push(full.clone());
                let fields = self.fields(json, space, depth)?;
                self.open.pop();
                Shape::Record(fields)
            }
            other => {
                let found = self.named(other, space)?;
                return Ok(if found.name.is_empty() { found.with(logical(json)) } else { found });
            }
        };
        let is_named = matches!(shape, Shape::Fixed(_) | Shape::Enumeration(_) | Shape::Record(_));
        if is_named && name.is_empty() {
            return Err(self.wrong("a record, enumeration or fixed has no name"));
        }
        let schema = Schema { shape, logical: logical(json), name: if is_named { full } else { String::new() } };
        if is_named {
            self.known.push((schema.name.clone(), schema.clone()));
        }
        Ok(schema)
    }

    fn fields(&mut self, json: &Json<'_>, space: &str, depth: usize) -> Result<Vec<Field>> {
        let Some(Json::Array(fields)) = json.get("fields") else { return Err(self.wrong("a record has no fields")) };
        let mut found = Vec::with_capacity(fields.len());
        for field in fields {
            let name = text(field, "name").ok_or_else(|| self.wrong("a field has no name"))?.to_owned();
            let json = field.get("type").ok_or_else(|| self.wrong("a field has no type"))?;
            let schema = self.schema(json, space, depth + 1)?;
            let default = field.get("default").map(|default| {
                let mut text = String::new();
                default.write(&mut text);
                text
            });
            found.push(Field { name, schema, default });
        }
        Ok(found)
    }
}

fn parts(schema: &Schema) -> usize {
    1 + match &schema.shape {
        Shape::Array(inner) | Shape::Map(inner) => parts(inner),
        Shape::Record(fields) => fields.iter().map(|field| parts(&field.schema)).sum(),
        Shape::Union(branches) => branches.iter().map(parts).sum(),
        _ => 0,
    }
}

fn full_name(name: &str, space: &str) -> String {
    if space.is_empty() || name.contains('.') { name.to_owned() } else { format!("{space}.{name}") }
}

fn text<'j>(json: &'j Json<'_>, name: &str) -> Option<&'j str> {
    match json.get(name) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    }
}

fn whole<T: std::str::FromStr>(json: &Json<'_>, name: &str) -> Option<T> {
    match json.get(name) {
        Some(Json::Number(text)) => text.parse().ok(),
        _ => None,
    }
}

fn logical(json: &Json<'_>) -> Logical {
    if let Some(name) = text(json, SPARK_TYPE) {
        return Logical::Spark(name.to_owned());
    }
    match text(json, "logicalType") {
        Some("date") => Logical::Date,
        Some("timestamp-millis") => Logical::TimestampMillis,
        Some("timestamp-micros") => Logical::TimestampMicros,
        Some("local-timestamp-millis") => Logical::LocalMillis,
        Some("local-timestamp-micros") => Logical::LocalMicros,
        Some("decimal") => match whole(json, "precision") {
            Some(precision) => Logical::Decimal { precision, scale: whole(json, "scale").unwrap_or(0) },
            None => Logical::None,
        },
        Some(_) | None => Logical::None,
    }
}
