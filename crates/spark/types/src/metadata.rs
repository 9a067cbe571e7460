//! Keys of a field's metadata that Spark itself reads, and access to them.
//!
//! `StructField::metadata` is the text of a JSON object, as it came from a client or a table; it is parsed only here.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::data_type::{StructField, UdtType};

pub const COMMENT: &str = "comment";
pub const CURRENT_DEFAULT: &str = "CURRENT_DEFAULT";
/// `{"path": "provider.COLLATION"}` of the strings inside a field.
pub const COLLATIONS: &str = "__COLLATIONS";

impl StructField {
    /// The metadata as an object, empty when there is none.
    pub fn metadata_object(&self) -> Map<String, Value> {
        match self.metadata.as_deref().map(serde_json::from_str) {
            Some(Ok(Value::Object(object))) => object,
            Some(_) | None => Map::new(),
        }
    }

    /// A text in the metadata.
    pub fn metadata_text(&self, key: &str) -> Option<String> {
        self.metadata.as_ref()?;
        match self.metadata_object().remove(key) {
            Some(Value::String(text)) => Some(text),
            Some(_) | None => None,
        }
    }

    pub fn comment(&self) -> Option<String> {
        self.metadata_text(COMMENT)
    }

    #[must_use]
    pub fn with_metadata_text(self, key: &str, text: &str) -> Self {
        let mut object = self.metadata_object();
        object.insert(key.to_owned(), Value::String(text.to_owned()));
        self.with_metadata_object(object)
    }

    /// Replaces the metadata; an empty object becomes `None`.
    #[must_use]
    pub fn with_metadata_object(mut self, object: Map<String, Value>) -> Self {
        self.metadata = metadata_of(object);
        self
    }
}

impl UdtType {
    /// Spark's `typeName` of a user-defined type: the class name in lower case without `Type` or `UDT`.
    pub(crate) fn simple_name(&self) -> &'static str {
        if self.jvm_class.is_none() {
            return "pythonuserdefined";
        }
        match self.jvm_class.as_deref().and_then(|class| class.rsplit('.').next()) {
            Some("VectorUDT") => "vector",
            Some("MatrixUDT") => "matrix",
            Some(_) | None => "udt",
        }
    }
}

pub(crate) fn metadata_of(object: Map<String, Value>) -> Option<Arc<str>> {
    (!object.is_empty()).then(|| Value::Object(object).to_string().into())
}
