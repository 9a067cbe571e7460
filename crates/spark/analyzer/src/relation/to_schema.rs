//! `df.to(schema)`: columns by name, in the schema's order, with casts that cannot lose anything.

use std::sync::Arc;

use hearth_base::condition::{INVALID_COLUMN_OR_FIELD_DATA_TYPE, NULLABLE_COLUMN_OR_FIELD};
use hearth_base::{Error, Result};
use hearth_functions::cast;
use hearth_plan::Relation;
use hearth_types::{DataType, StructField, Value};

use crate::analyzer::{Analyzer, Env};
use crate::expression::literal;
use crate::rel::{Item, Rel};
use crate::scope::{Column, quote_name};

impl Analyzer<'_> {
    pub fn to_schema(&self, input: &Relation, schema: &DataType, env: Env<'_>) -> Result<Rel> {
        let DataType::Struct(schema) = schema else { return Err(Error::internal("to(schema) needs a struct")) };
        let input = self.relation(input, env)?;
        let mut items = Vec::with_capacity(schema.fields.len());
        for field in schema.fields.iter() {
            let name: &str = &field.name;
            let positions = input.scope.positions(name, self.case_sensitive);
            let item = match positions.as_slice() {
                [] if field.nullable => {
                    Item::named(literal::typed(&Value::Null(field.data_type.clone()))?, Arc::clone(&field.name))
                }
                [] => return Err(input.scope.unresolved(&[name.to_owned()])),
                [index] => aligned(&input.scope.columns[*index], field, env)?,
                several => {
                    let names: Vec<_> = several.iter().map(|index| input.scope.columns[*index].quoted()).collect();
                    return Err(hearth_base::condition::AMBIGUOUS_REFERENCE
                        .with("name", quote_name(&[name]))
                        .with("referenceNames", format!("[{}]", names.join(", "))));
                }
            };
            items.push(item);
        }
        self.project_items(input, &items)
    }
}

/// A column as a field of the schema.
fn aligned(column: &Column, field: &StructField, env: Env<'_>) -> Result<Item> {
    let name: &str = &field.name;
    if column.nullable && !field.nullable {
        return Err(NULLABLE_COLUMN_OR_FIELD.with("name", quote_name(&[name])));
    }
    let metadata = field.metadata.clone().or_else(|| column.metadata.clone());
    if column.data_type == field.data_type {
        return Ok(Item { name: Arc::clone(&field.name), metadata, ..Item::column(column) });
    }
    if !cast::can_cast(&column.data_type, &field.data_type, true) {
        return Err(INVALID_COLUMN_OR_FIELD_DATA_TYPE
            .with("name", quote_name(&[name]))
            .with("type", format!("\"{}\"", column.data_type.sql()))
            .with("expectedType", format!("\"{}\"", field.data_type.sql())));
    }
    let value = cast::cast(column.typed(), &field.data_type, cast::CastMode::Ansi, env.settings)?;
    Ok(Item { metadata, ..Item::named(value, Arc::clone(&field.name)) })
}
