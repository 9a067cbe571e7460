//! The options of XML that are not those of all text formats.

use crate::kernels::json::typed::Options;

/// An option of our own: records are all of their text.
pub const WHOLE_RECORDS: &str = "\u{1}whole records";

#[derive(Debug, Clone)]
pub struct XmlOptions {
    pub row_tag: String,
    pub root_tag: String,
    /// Stands before the names of attributes.
    pub attribute_prefix: String,
    /// The field of an element's own text, beside attributes and elements.
    pub value_tag: String,
    pub exclude_attributes: bool,
    pub trims: bool,
    /// Nothing may follow the root of a record.
    pub whole: bool,
    pub null_value: Option<String>,
    pub infers: bool,
    pub prefers_decimal: bool,
    pub array_element: String,
    pub indent: String,
    pub declaration: String,
    pub ignores_namespace: bool,
    /// The field that takes elements of no other field, as text.
    pub wildcard: String,
}

impl XmlOptions {
    pub fn of(options: &Options) -> Self {
        let text = |name: &str, default: &str| options.get(name).unwrap_or(default).to_owned();
        let flag = |name: &str, default: bool| {
            options.get(name).map_or(default, |value| value.trim().eq_ignore_ascii_case("true"))
        };
        Self {
            row_tag: text("rowtag", "ROW"),
            root_tag: text("roottag", "ROWS"),
            attribute_prefix: text("attributeprefix", "_"),
            value_tag: text("valuetag", "_VALUE"),
            exclude_attributes: flag("excludeattribute", false),
            whole: options.get(WHOLE_RECORDS).is_some(),
            trims: flag("ignoresurroundingspaces", true),
            null_value: options.get("nullvalue").map(ToOwned::to_owned),
            infers: flag("inferschema", true),
            prefers_decimal: flag("prefersdecimal", false),
            array_element: text("arrayelementname", "item"),
            indent: text("indent", "    "),
            declaration: text("declaration", "version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\""),
            ignores_namespace: flag("ignorenamespace", false),
            wildcard: text("wildcardcolname", "xs_any"),
        }
    }

    /// The name of an element or attribute in a schema.
    pub fn name<'n>(&self, name: &'n str) -> &'n str {
        if self.ignores_namespace { name.rsplit(':').next().unwrap_or(name) } else { name }
    }
}
