//! Session variables.

use datafusion::common::ScalarValue;
use hearth_analyzer::Variable;
use hearth_base::condition::{
    ASSIGNMENT_ARITY_MISMATCH, ROW_SUBQUERY_TOO_MANY_ROWS, UNRESOLVED_VARIABLE, VARIABLE_ALREADY_EXISTS,
    VARIABLE_NOT_FOUND,
};
use hearth_base::{Error, Result};
use hearth_plan::expression::{CastMode, TypeRef};
use hearth_plan::identifier::quote;
use hearth_plan::{Expr, ExprNode, Name, Relation, RelationNode};
use hearth_types::{DataType, Value};

use super::columns::type_of;
use super::lookup::Scope;
use crate::run::{self, Rows};
use crate::session::EmbeddedSession;

/// The variable's own name: `v`, `session.v`, `system.session.v`.
fn variable_name(name: &[String]) -> Option<&str> {
    match name {
        [only] => Some(only),
        [session, only] if session.eq_ignore_ascii_case("session") => Some(only),
        [system, session, only] if system.eq_ignore_ascii_case("system") && session.eq_ignore_ascii_case("session") => {
            Some(only)
        }
        _ => None,
    }
}

fn full_name(name: &str) -> String {
    quote(&["system".to_owned(), "session".to_owned(), name.to_owned()])
}

/// `DECLARE VARIABLE`
pub async fn declare(
    session: &EmbeddedSession,
    names: &[Name],
    data_type: Option<&TypeRef>,
    default: Option<&Expr>,
    or_replace: bool,
) -> Result<()> {
    let mut checked = Vec::with_capacity(names.len());
    for name in names {
        let Some(name) = variable_name(name) else { return Err(unresolved(session, name)) };
        if !or_replace && session.state.read().variables.contains_key(&name.to_lowercase()) {
            return Err(VARIABLE_ALREADY_EXISTS.with("variableName", full_name(name)));
        }
        checked.push(name.to_lowercase());
    }
    let declared = data_type.map(type_of).transpose()?;
    let expr = default.cloned().unwrap_or_else(|| Expr::literal(Value::Null(DataType::Null)));
    let variable = evaluate(session, expr, declared.as_ref()).await?;
    let mut state = session.state.write();
    for name in checked {
        state.variables.insert(name, variable.clone());
    }
    Ok(())
}

/// The value of an expression, cast to a type if there is one.
async fn evaluate(session: &EmbeddedSession, expr: Expr, to: Option<&DataType>) -> Result<Variable> {
    let one_row = Box::new(Relation::new(RelationNode::OneRow));
    let expressions = vec![cast(expr, to)];
    let query = Relation::new(RelationNode::Project { input: one_row, expressions });
    let (schema, batches) = run::collect(session, &query).await?;
    let data_type = schema.fields.first().map_or(DataType::Null, |field| field.data_type.clone());
    cell(&batches, 0, data_type)
}

fn cast(expr: Expr, to: Option<&DataType>) -> Expr {
    match to {
        None => expr,
        Some(to) => {
            Expr::new(ExprNode::Cast { expr: Box::new(expr), to: TypeRef::Known(to.clone()), mode: CastMode::Session })
        }
    }
}

/// One column of the first row as a variable; NULL when there is no row.
fn cell(batches: &[datafusion::arrow::array::RecordBatch], column: usize, data_type: DataType) -> Result<Variable> {
    let value = match batches.iter().find(|batch| batch.num_rows() > 0) {
        Some(batch) => ScalarValue::try_from_array(batch.column(column), 0).map_err(crate::error::from_datafusion)?,
        None => ScalarValue::try_from(&hearth_types::arrow::to_engine_arrow(&data_type)).map_err(Error::internal)?,
    };
    Ok(Variable { value, data_type })
}

fn unresolved(session: &EmbeddedSession, name: &[String]) -> Error {
    let scope = Scope::new(session);
    let mut current = vec![scope.state.catalog.clone()];
    current.extend_from_slice(&scope.state.database);
    UNRESOLVED_VARIABLE
        .with("variableName", quote(name))
        .with("searchPath", format!("[`system`.`builtin`, `system`.`session`, {}]", quote(&current)))
}

/// The variable that is set, with its key.
fn find(session: &EmbeddedSession, name: &[String]) -> Result<(String, DataType)> {
    let key = variable_name(name).map(str::to_lowercase);
    let found = key.and_then(|key| {
        let data_type = session.state.read().variables.get(&key).map(|variable| variable.data_type.clone())?;
        Some((key, data_type))
    });
    found.ok_or_else(|| unresolved(session, name))
}

/// `SET VARIABLE a = …, b = …` and `SET VARIABLE (a, b) = (query)`
pub async fn set(session: &EmbeddedSession, assignments: &[(Name, Expr)], query: Option<&Relation>) -> Result<()> {
    let mut variables = Vec::with_capacity(assignments.len());
    for (name, _) in assignments {
        variables.push(find(session, name)?);
    }
    let mut values = Vec::with_capacity(assignments.len());
    match query {
        Some(query) => values = row(session, query, &variables).await?,
        None => {
            for ((_, expr), (_, data_type)) in assignments.iter().zip(&variables) {
                if matches!(expr.node, ExprNode::Default) {
                    return Err(Error::unsupported("SET VARIABLE … = DEFAULT"));
                }
                values.push(evaluate(session, expr.clone(), Some(data_type)).await?);
            }
        }
    }
    let mut state = session.state.write();
    for ((key, _), value) in variables.into_iter().zip(values) {
        state.variables.insert(key, value);
    }
    Ok(())
}

/// The one row of a query, cast to the variables' types.
async fn row(session: &EmbeddedSession, query: &Relation, variables: &[(String, DataType)]) -> Result<Vec<Variable>> {
    let limit = Expr::literal(Value::Integer(2));
    let limited = Relation::new(RelationNode::Limit { input: Box::new(query.clone()), limit });
    let (schema, batches): Rows = run::collect(session, &limited).await?;
    if schema.fields.len() != variables.len() {
        return Err(ASSIGNMENT_ARITY_MISMATCH.with("numTarget", variables.len()).with("numExpr", schema.fields.len()));
    }
    if batches.iter().map(datafusion::arrow::array::RecordBatch::num_rows).sum::<usize>() > 1 {
        return Err(ROW_SUBQUERY_TOO_MANY_ROWS.error());
    }
    let mut values = Vec::with_capacity(variables.len());
    for (index, value) in crate::value::first_row(&schema, &batches)?.into_iter().enumerate() {
        let data_type = variables.get(index).map(|(_, data_type)| data_type);
        values.push(evaluate(session, Expr::literal(value), data_type).await?);
    }
    Ok(values)
}

/// `DROP TEMPORARY VARIABLE`
pub fn drop(session: &EmbeddedSession, name: &Name, if_exists: bool) -> Result<()> {
    let only = variable_name(name).unwrap_or_default();
    let removed = session.state.write().variables.remove(&only.to_lowercase()).is_some();
    if removed || if_exists { Ok(()) } else { Err(VARIABLE_NOT_FOUND.with("variableName", full_name(only))) }
}
