//! `CLUSTER BY`: kept as a property of the table, where Spark keeps it. Files are not written in another order for it.

use hearth_base::Result;
use hearth_base::condition::CLUSTERING_COLUMN_NOT_FOUND;
use hearth_plan::{Name, Options};
use hearth_types::{DataType, StructField, StructType};

use crate::catalog::TableRecord;

const PROPERTY: &str = "clusteringColumns";

/// The names that a table is clustered by, each with its parts; `None` for a table that never was.
pub fn columns(record: &TableRecord) -> Option<Vec<Name>> {
    let (_, text) = record.properties.iter().find(|(key, _)| key == PROPERTY)?;
    serde_json::from_str(text).ok()
}

/// Sets what a table is clustered by.
pub fn set(properties: &mut Options, schema: &StructType, names: &[Name]) -> Result<()> {
    for name in names {
        if field(schema, name).is_none() {
            let shown = format!("{}\n", schema.tree_string(0).trim_end());
            return Err(CLUSTERING_COLUMN_NOT_FOUND.with("i", name.join(".")).with("schema", shown));
        }
    }
    let text = serde_json::to_string(names).map_err(hearth_base::Error::internal)?;
    properties.retain(|(key, _)| key != PROPERTY);
    properties.push((PROPERTY.to_owned(), text));
    Ok(())
}

/// The column, or the field inside of a column, of a name.
pub fn field<'a>(schema: &'a StructType, name: &[String]) -> Option<&'a StructField> {
    let (first, rest) = name.split_first()?;
    let found = schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(first))?;
    match (&found.data_type, rest) {
        (_, []) => Some(found),
        (DataType::Struct(inner), rest) => field(inner, rest),
        (_, _) => None,
    }
}
