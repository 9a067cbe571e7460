//! `df.to(schema)`: columns by name, in the schema's order, with casts that cannot lose anything.

use std::sync::Arc;

use hearth_base::condition::{
    INVALID_COLUMN_OR_FIELD_DATA_TYPE, NOT_NULL_CONSTRAINT_VIOLATION_ARRAY_ELEMENT,
    NOT_NULL_CONSTRAINT_VIOLATION_MAP_VALUE, NULLABLE_COLUMN_OR_FIELD,
};
use hearth_base::{Error, Result};
use hearth_functions::families::lambda::elements::{each_element, each_key, each_value};
use hearth_functions::{Typed, cast, coercion, extract_field};
use hearth_plan::Relation;
use hearth_types::{DataType, StructField, StructType, Value};

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
                [index] => self.aligned(&input.scope.columns[*index], field, env)?,
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

    /// A column as a field of the schema.
    fn aligned(&self, column: &Column, field: &StructField, env: Env<'_>) -> Result<Item> {
        let metadata = field.metadata.clone().or_else(|| column.metadata.clone());
        let path = [field.name.to_string()];
        let value = self.reconciled(column.typed(), &path, (&field.data_type, field.nullable), env)?;
        if column.data_type == field.data_type {
            return Ok(Item { name: Arc::clone(&field.name), metadata, ..Item::column(column) });
        }
        Ok(Item { metadata, ..Item::named(value, Arc::clone(&field.name)) })
    }

    /// A value as a type (`Project.reconcileColumnType`): fields of structs go by name, at any depth, other values are
    /// cast as a store would.
    fn reconciled(
        &self,
        value: Typed,
        path: &[String],
        (to, nullable): (&DataType, bool),
        env: Env<'_>,
    ) -> Result<Typed> {
        if value.nullable && !nullable {
            return Err(NULLABLE_COLUMN_OR_FIELD.with("name", quoted(path)));
        }
        if value.data_type == *to {
            return Ok(value);
        }
        match (value.data_type.clone(), to) {
            (DataType::Struct(from), DataType::Struct(wanted)) => {
                let made = self.reconciled_struct(&value, path, (&from, wanted), env)?;
                Ok(Typed { data_type: to.clone(), ..made })
            }
            (DataType::Array(from), DataType::Array(wanted)) => {
                if from.contains_null && !wanted.contains_null {
                    return Err(NOT_NULL_CONSTRAINT_VIOLATION_ARRAY_ELEMENT.with("columnPath", quoted(path)));
                }
                let inner = below(path, "element");
                let step = |element| self.reconciled(element, &inner, (&wanted.element, wanted.contains_null), env);
                let made = each_element(value, self.new_id().plan_name(), step)?;
                Ok(Typed { data_type: to.clone(), ..made })
            }
            (DataType::Map(from), DataType::Map(wanted)) => {
                if from.value_contains_null && !wanted.value_contains_null {
                    return Err(NOT_NULL_CONSTRAINT_VIOLATION_MAP_VALUE.with("columnPath", quoted(path)));
                }
                let names = || [self.new_id().plan_name(), self.new_id().plan_name()];
                let inner = below(path, "key");
                let step = |key| self.reconciled(key, &inner, (&wanted.key, false), env);
                let keyed = each_key(value, names(), step)?;
                let inner = below(path, "value");
                let step = |value| self.reconciled(value, &inner, (&wanted.value, wanted.value_contains_null), env);
                let made = each_value(keyed, names(), step)?;
                Ok(Typed { data_type: to.clone(), ..made })
            }
            (from, to) if coercion::ansi_store_assignable(&from, to) => {
                cast::cast(value, to, cast::CastMode::Ansi, env.settings)
            }
            (from, to) => Err(not_assignable(path, &from, to)),
        }
    }

    fn reconciled_struct(
        &self,
        value: &Typed,
        path: &[String],
        (from, wanted): (&StructType, &StructType),
        env: Env<'_>,
    ) -> Result<Typed> {
        let mut fields = Vec::with_capacity(wanted.fields.len());
        for field in wanted.fields.iter() {
            let inner = below(path, &field.name);
            let same = |known: &StructField| same_name(&known.name, &field.name, env.settings.case_sensitive);
            let made = match from.fields.iter().position(same) {
                Some(index) => {
                    let part = extract_field(value.clone(), index)?;
                    let part = Typed { nullable: from.fields[index].nullable, ..part };
                    self.reconciled(part, &inner, (&field.data_type, field.nullable), env)?
                }
                None if field.nullable => literal::typed(&Value::Null(field.data_type.clone()))?,
                None => return Err(NULLABLE_COLUMN_OR_FIELD.with("name", quoted(&inner))),
            };
            fields.push((Arc::clone(&field.name), made));
        }
        Ok(null_if_null(value, make_struct(fields)))
    }
}

fn below(path: &[String], name: &str) -> Vec<String> {
    path.iter().cloned().chain([name.to_owned()]).collect()
}

fn quoted(path: &[String]) -> String {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    quote_name(&parts)
}

fn not_assignable(path: &[String], from: &DataType, to: &DataType) -> Error {
    INVALID_COLUMN_OR_FIELD_DATA_TYPE
        .with("name", quoted(path))
        .with("type", from.quoted_sql())
        .with("expectedType", to.quoted_sql())
}

/// Intervals that a client sends have all fields of their kind: `sent` are the types of the rows, `asked` the ones that
/// the client says they have. Other values become what is asked for.
pub(super) fn check_intervals(sent: &StructType, asked: &StructType) -> Result<()> {
    check_fields(&[], sent, asked)
}

/// Spark numbers the columns that come from a client, at every depth.
fn check_fields(path: &[String], sent: &StructType, asked: &StructType) -> Result<()> {
    let mut both = sent.fields.iter().zip(asked.fields.iter()).enumerate();
    both.try_for_each(|(index, (sent, asked))| {
        check_interval(&below(path, &format!("col_{index}")), &sent.data_type, &asked.data_type)
    })
}

fn check_interval(path: &[String], sent: &DataType, asked: &DataType) -> Result<()> {
    match (sent, asked) {
        (DataType::DayTimeInterval { .. }, DataType::DayTimeInterval { .. }) if sent != asked => {
            Err(not_assignable(path, sent, asked))
        }
        (DataType::Array(sent), DataType::Array(asked)) => {
            check_interval(&below(path, "element"), &sent.element, &asked.element)
        }
        (DataType::Map(sent), DataType::Map(asked)) => {
            check_interval(&below(path, "key"), &sent.key, &asked.key)?;
            check_interval(&below(path, "value"), &sent.value, &asked.value)
        }
        (DataType::Struct(sent), DataType::Struct(asked)) => check_fields(path, sent, asked),
        _ => Ok(()),
    }
}
