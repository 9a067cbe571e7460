//! XML: text as a tree (`tree`), records by a schema (`read`), schemas of records (`infer`), rows as text (`write`), and
//! XPath 1.0 (`xpath`). Sources: `StaxXmlParser`, `XmlInferSchema`, `StaxXmlGenerator`, `UDFXPathUtil` of Spark.

pub mod infer;
pub mod options;
pub mod read;
pub mod tree;
pub mod write;
pub mod xpath;
