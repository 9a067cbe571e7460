//! Parts of values: struct fields by name, array elements by index, map values by key, and `withField`/`dropFields`.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr as PlanExpr, lit};
use hearth_base::condition::{
    DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, FIELD_NOT_FOUND, INVALID_EXTRACT_BASE_FIELD_TYPE,
};
use hearth_base::{Error, Result};
use hearth_functions::{Typed, extract_field, extract_value};
use hearth_plan::expression::FunctionCall;
use hearth_plan::{Expr, ExprNode};
use hearth_types::{DataType, StructField, StructType};

use super::context::Cx;
use crate::analyzer::Analyzer;
use crate::naming;
use crate::scope::{quote_name, same_name};

impl Analyzer<'_> {
    pub fn extract(&self, child: &Expr, extraction: &Expr, cx: Cx<'_>) -> Result<Typed> {
        let value = self.expression(child, cx.nested())?;
        let key = self.expression(extraction, cx.nested())?;
        let index = key.literal().and_then(constant_index);
        let typed = extract_value(value, key, cx.env.settings, &|| (naming::sql(child), naming::sql(extraction)))?;
        match (&child.node, index) {
            // Of an array that is written out Spark knows the element; one that is not there is an error, not a NULL.
            (ExprNode::Function(call), Some(index)) if is_array(call) && cx.env.settings.ansi => {
                let element = usize::try_from(index).ok().and_then(|index| call.arguments.get(index));
                let nullable = match element {
                    Some(element) if is_typed_quickly(element) => self.expression(element, cx.nested())?.nullable,
                    Some(_) => typed.nullable,
                    None => false,
                };
                Ok(Typed { nullable, ..typed })
            }
            _ => Ok(typed),
        }
    }

    /// Follows field names into a value.
    pub fn fields(&self, value: Typed, names: &[String]) -> Result<Typed> {
        names.iter().try_fold(value, |value, name| self.field(value, name))
    }

    /// One field: of a struct, of each struct of an array, or a map's value for the name as key.
    pub(crate) fn field(&self, value: Typed, name: &str) -> Result<Typed> {
        if let DataType::Struct(structure) = &value.data_type {
            let index = self.field_position(structure, name)?;
            return extract_field(value, index);
        }
        let key = PlanExpr::Literal(ScalarValue::from(name), None);
        let base = value.expr.to_string();
        let written = || (base.clone(), name.to_owned());
        extract_value(value, Typed::new(key, DataType::STRING, false), &self.view.settings, &written)
    }

    fn field_position(&self, structure: &StructType, name: &str) -> Result<usize> {
        let fields = structure.fields.iter().enumerate();
        let found: Vec<usize> =
            fields.filter(|(_, field)| same_name(&field.name, name, self.case_sensitive)).map(|(i, _)| i).collect();
        match found.as_slice() {
            [index] => Ok(*index),
            [] => {
                let names: Vec<_> = structure.fields.iter().map(|field| quote_name(&[&field.name])).collect();
                Err(FIELD_NOT_FOUND.with("fieldName", quote_name(&[name])).with("fields", names.join(", ")))
            }
            several => Err(hearth_base::condition::AMBIGUOUS_REFERENCE_TO_FIELDS
                .with("field", quote_name(&[name]))
                .with("count", several.len())),
        }
    }

    /// `withField` puts a field in place or at the end; `dropFields` (no value) takes it out.
    pub fn update_field(
        &self,
        expr: &Expr,
        (structure, field, value): (&Expr, &str, Option<&Expr>),
        cx: Cx<'_>,
    ) -> Result<Typed> {
        let whole = self.expression(structure, cx.nested())?;
        let value = value.map(|value| self.expression(value, cx.nested())).transpose()?;
        let path = hearth_sql::parse_multipart_identifier(field)?;
        let sql = naming::sql(expr);
        if !matches!(whole.data_type, DataType::Struct(_)) {
            return Err(DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE
                .with("sqlExpr", format!("\"{sql}\""))
                .with("paramIndex", hearth_functions::call::ordinal(1))
                .with("requiredType", "\"STRUCT\"")
                .with("inputSql", format!("\"{}\"", naming::sql(structure)))
                .with("inputType", whole.data_type.quoted_sql()));
        }
        self.updated(whole, &path, value, &sql)
    }

    fn updated(&self, whole: Typed, path: &[String], value: Option<Typed>, sql: &str) -> Result<Typed> {
        let DataType::Struct(structure) = whole.data_type.clone() else {
            return Err(no_fields(path.first().map_or("", String::as_str), &whole.data_type));
        };
        let [name, rest @ ..] = path else { return Err(Error::internal("an update without a field")) };
        let mut parts: Vec<(Arc<str>, Typed)> = Vec::new();
        let mut found = false;
        for field in structure.fields.iter() {
            let current = self.field(whole.clone(), &field.name)?;
            if !same_name(&field.name, name, self.case_sensitive) {
                parts.push((Arc::clone(&field.name), current));
                continue;
            }
            found = true;
            if !rest.is_empty() {
                parts.push((Arc::clone(&field.name), self.updated(current, rest, value.clone(), sql)?));
            } else if let Some(value) = &value {
                parts.push((name.as_str().into(), value.clone()));
            }
        }
        if !found {
            match (rest, value) {
                ([], Some(value)) => parts.push((name.as_str().into(), value)),
                ([], None) => {}
                _ => {
                    let names: Vec<_> = structure.fields.iter().map(|field| quote_name(&[&field.name])).collect();
                    return Err(FIELD_NOT_FOUND
                        .with("fieldName", quote_name(&[name]))
                        .with("fields", names.join(", ")));
                }
            }
        }
        if parts.is_empty() {
            return Err(
                hearth_base::condition::DATATYPE_MISMATCH_CANNOT_DROP_ALL_FIELDS.with("sqlExpr", format!("\"{sql}\""))
            );
        }
        Ok(null_if_null(&whole, make_struct(parts)))
    }
}

fn constant_index(value: &ScalarValue) -> Option<i64> {
    match value.cast_to(&ArrowType::Int64) {
        Ok(ScalarValue::Int64(index)) => index,
        Ok(_) | Err(_) => None,
    }
}

/// Whether typing an element once more costs no more than it did: one with an element in it would double at each level.
fn is_typed_quickly(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Literal(_) | ExprNode::Attribute { .. } => true,
        ExprNode::Function(call) => call.arguments.iter().all(is_typed_quickly),
        ExprNode::Cast { expr, .. } | ExprNode::Alias { expr, .. } => is_typed_quickly(expr),
        _ => false,
    }
}

fn is_array(call: &FunctionCall) -> bool {
    matches!(call.name.as_slice(), [name] if name.eq_ignore_ascii_case("array"))
}

/// A struct from named values.
pub(crate) fn make_struct(parts: Vec<(Arc<str>, Typed)>) -> Typed {
    let mut arguments = Vec::with_capacity(parts.len() * 2);
    let mut fields = Vec::with_capacity(parts.len());
    for (name, value) in parts {
        arguments.push(lit(name.to_string()));
        arguments.push(value.expr);
        fields.push(StructField::new(name, value.data_type, value.nullable));
    }
    let function = datafusion::functions::core::named_struct();
    let expr = PlanExpr::ScalarFunction(ScalarFunction::new_udf(function, arguments));
    Typed::new(expr, DataType::structure(fields), false)
}

/// `updated`, but NULL where the original is NULL.
pub(crate) fn null_if_null(original: &Typed, updated: Typed) -> Typed {
    if !original.nullable {
        return updated;
    }
    let case = datafusion::logical_expr::expr::Case::new(
        None,
        vec![(Box::new(original.expr.clone().is_not_null()), Box::new(updated.expr))],
        None,
    );
    Typed::new(PlanExpr::Case(case), updated.data_type, true)
}

pub(crate) fn get_field(value: PlanExpr, name: &str) -> PlanExpr {
    let function = datafusion::functions::core::get_field();
    PlanExpr::ScalarFunction(ScalarFunction::new_udf(function, vec![value, lit(name)]))
}

fn no_fields(name: &str, actual: &DataType) -> Error {
    INVALID_EXTRACT_BASE_FIELD_TYPE.with("base", format!("\"{name}\"")).with("other", actual.quoted_sql())
}
