//! XPath 1.0 over a record: `parse` reads paths, `evaluate` follows them, `document` is the tree as a list of nodes.
//!
//! As in Spark, documents know no namespaces: a name's prefix is a part of it, and a path's prefix finds nothing. Our
//! own, since no crate of XPath 1.0 is kept.

mod document;
mod evaluate;
mod function;
mod parse;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{Float32Type, Float64Type, Int16Type, Int32Type, Int64Type};
use hearth_base::{Error, Result};

use super::tree;
use crate::kernels::rowwise::Args;
use document::Document;
use evaluate::Value;
use parse::Expr;

/// A compiled path; its text is its identity.
#[derive(Debug, Clone)]
pub struct XPath {
    text: String,
    expr: Expr,
}

impl PartialEq for XPath {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for XPath {}

impl std::hash::Hash for XPath {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl XPath {
    pub fn parse(text: &str) -> Result<Self> {
        match parse::parse(text) {
            Some(expr) => Ok(Self { text: text.to_owned(), expr }),
            None => Err(Error::unsupported(format!("the XPath {text}"))),
        }
    }

    /// `None` for NULL, an empty document, and an empty path.
    fn evaluate(&self, text: Option<&str>) -> Result<Option<(Document, Value)>> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        if self.text.is_empty() {
            return Ok(None);
        }
        let Some(root) = tree::parse(text) else {
            return Err(Error::unsupported(format!("XPath {} over text that is no XML", self.text)));
        };
        let document = Document::of(root);
        let value = evaluate::evaluate(&self.expr, &document)?;
        Ok(Some((document, value)))
    }

    fn number(&self, text: Option<&str>) -> Result<Option<f64>> {
        Ok(self.evaluate(text)?.map(|(document, value)| value.number(&document)))
    }
}

pub fn boolean(path: &XPath, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let answers = (0..args.rows())
        .map(|row| Ok(path.evaluate(text.get(row))?.map(|(document, value)| value.boolean(&document))))
        .collect::<Result<Vec<_>>>()?;
    args.booleans(|row| answers[row])
}

pub fn string(path: &XPath, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.try_texts(|row, out| match path.evaluate(text.get(row))? {
        Some((document, value)) => {
            out.push_str(&value.string(&document));
            Ok(Some(()))
        }
        None => Ok(None),
    })
}

/// The texts of the nodes: an element has none of its own.
pub fn list(path: &XPath, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.text_lists(|row, out| match path.evaluate(text.get(row))? {
        Some((document, Value::Nodes(nodes))) => {
            nodes.iter().for_each(|node| out.append_option(document.value(*node)));
            Ok(Some(()))
        }
        Some(_) => Err(Error::unsupported(format!("the XPath {} as a list of nodes", path.text))),
        None => Ok(None),
    })
}

pub fn double(path: &XPath, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.try_values::<Float64Type>(|row| path.number(text.get(row)))
}

pub fn float(path: &XPath, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.try_values::<Float32Type>(|row| Ok(path.number(text.get(row))?.map(|value| value as f32)))
}

// As Java narrows doubles: what is too large becomes the largest, NaN becomes 0; a short is cut out of an int.
pub fn long(path: &XPath, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.try_values::<Int64Type>(|row| Ok(path.number(text.get(row))?.map(|value| value as i64)))
}

pub fn int(path: &XPath, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.try_values::<Int32Type>(|row| Ok(path.number(text.get(row))?.map(|value| value as i32)))
}

pub fn short(path: &XPath, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.try_values::<Int16Type>(|row| Ok(path.number(text.get(row))?.map(|value| value as i32 as i16)))
}
