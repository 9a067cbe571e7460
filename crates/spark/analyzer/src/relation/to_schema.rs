//! `df.to(schema)`: columns by name, in the schema's order, with casts that cannot lose anything.

use std::sync::Arc;

use hearth_base::condition::{INVALID_COLUMN_OR_FIELD_DATA_TYPE, NULLABLE_COLUMN_OR_FIELD};
use hearth_base::{Error, Result};
use hearth_functions::{Typed, cast, coercion, extract_field};
use hearth_plan::Relation;
use hearth_types::{DataType, StructField, Value};

use crate::analyzer::{Analyzer, Env};
use crate::expression::extract::{make_struct, null_if_null};
use crate::expression::literal;
use crate::rel::{Item, Rel};
use crate::scope::{Column, quote_name, same_name};

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
    let metadata = field.metadata.clone().or_else(|| column.metadata.clone());
    let path = [field.name.to_string()];
    let value = reconciled(column.typed(), &path, (&field.data_type, field.nullable), env)?;
    if column.data_type == field.data_type {
        return Ok(Item { name: Arc::clone(&field.name), metadata, ..Item::column(column) });
    }
    Ok(Item { metadata, ..Item::named(value, Arc::clone(&field.name)) })
}

/// A value as a type (`Project.reconcileColumnType`): fields of structs go by name, other values are cast as a store
/// would.
fn reconciled(value: Typed, path: &[String], (to, nullable): (&DataType, bool), env: Env<'_>) -> Result<Typed> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    if value.nullable && !nullable {
        return Err(NULLABLE_COLUMN_OR_FIELD.with("name", quote_name(&parts)));
    }
    if value.data_type == *to {
        return Ok(value);
    }
    if let (DataType::Struct(from), DataType::Struct(wanted)) = (value.data_type.clone(), to) {
        let mut fields = Vec::with_capacity(wanted.fields.len());
        for field in wanted.fields.iter() {
            let inner: Vec<String> = path.iter().cloned().chain([field.name.to_string()]).collect();
            let same = |known: &StructField| same_name(&known.name, &field.name, env.settings.case_sensitive);
            let made = match from.fields.iter().position(same) {
                Some(index) => {
                    let part = extract_field(value.clone(), index)?;
                    let part = Typed { nullable: from.fields[index].nullable, ..part };
                    reconciled(part, &inner, (&field.data_type, field.nullable), env)?
                }
                None if field.nullable => literal::typed(&Value::Null(field.data_type.clone()))?,
                None => {
                    let parts: Vec<&str> = inner.iter().map(String::as_str).collect();
                    return Err(NULLABLE_COLUMN_OR_FIELD.with("name", quote_name(&parts)));
                }
            };
            fields.push((Arc::clone(&field.name), made));
        }
        let made = make_struct(fields);
        return Ok(null_if_null(&value, Typed { data_type: to.clone(), ..made }));
    }
    if !coercion::ansi_store_assignable(&value.data_type, to) {
        return Err(INVALID_COLUMN_OR_FIELD_DATA_TYPE
            .with("name", quote_name(&parts))
            .with("type", format!("\"{}\"", value.data_type.sql()))
            .with("expectedType", format!("\"{}\"", to.sql())));
    }
    cast::cast(value, to, cast::CastMode::Ansi, env.settings)
}
