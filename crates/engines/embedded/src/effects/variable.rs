//! Variables of the session, and of the script whose statement runs.

use datafusion::common::ScalarValue;
use hearth_analyzer::Variable;
use hearth_base::condition::{
    ASSIGNMENT_ARITY_MISMATCH, DUPLICATE_ASSIGNMENTS, INVALID_DEFAULT_SUBQUERY, ROW_SUBQUERY_TOO_MANY_ROWS,
    UNRESOLVED_VARIABLE, VARIABLE_ALREADY_EXISTS, VARIABLE_NOT_FOUND,
};
use hearth_base::{Error, Result};
use hearth_plan::expression::{CastMode, TypeRef};
use hearth_plan::identifier::quote;
use hearth_plan::{Expr, ExprNode, Name, Relation, RelationNode};
use hearth_types::{DataType, Value};

use super::columns::type_of;
use super::function::source_text;
use super::lookup::Scope;
use crate::run::{self, Rows};
use crate::script::{Local, Place, Scopes};
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
    if let Some(scopes) = &session.script {
        return declare_local(session, scopes, names, data_type, default).await;
    }
    let mut checked = Vec::with_capacity(names.len());
    for name in names {
        let Some(name) = variable_name(name) else { return Err(elsewhere(name)) };
        if !or_replace && session.state.read().variables.contains_key(&name.to_lowercase()) {
            return Err(VARIABLE_ALREADY_EXISTS.with("variableName", full_name(name)));
        }
        if let Some(default) = default {
            check_default(default, &full_name(name))?;
        }
        checked.push(name.to_lowercase());
    }
    let variable = initial(session, data_type, default).await?;
    let mut state = session.state.write();
    for name in checked {
        match default {
            Some(default) => state.variable_defaults.insert(name.clone(), default.clone()),
            None => state.variable_defaults.remove(&name),
        };
        state.variables.insert(name, variable.clone());
    }
    Ok(())
}

/// `DECLARE` in a script: a variable of the innermost block.
async fn declare_local(
    session: &EmbeddedSession,
    scopes: &Scopes,
    names: &[Name],
    data_type: Option<&TypeRef>,
    default: Option<&Expr>,
) -> Result<()> {
    if let (Some(default), Some(name)) = (default, names.first().and_then(|name| name.last())) {
        let label = scopes.visible().into_iter().next().map(|scope| scope.label).unwrap_or_default();
        check_default(default, &quote(&["local".to_owned(), label, name.to_lowercase()]))?;
    }
    let variable = initial(session, data_type, default).await?;
    names
        .iter()
        .filter_map(|name| name.last())
        .try_for_each(|name| scopes.declare(name, Local { variable: variable.clone(), default: default.cloned() }))
}

/// A default is no query.
fn check_default(default: &Expr, name: &str) -> Result<()> {
    if !holds_subquery(default) {
        return Ok(());
    }
    Err(INVALID_DEFAULT_SUBQUERY
        .with("statement", "DECLARE VARIABLE")
        .with("colName", name)
        .with("defaultValue", source_text(default).unwrap_or_default()))
}

fn holds_subquery(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Subquery(_) => true,
        ExprNode::Function(call) => call.arguments.iter().any(holds_subquery),
        ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => holds_subquery(expr),
        ExprNode::Extract { child, extraction } => holds_subquery(child) || holds_subquery(extraction),
        _ => false,
    }
}

/// The value with which a variable begins.
async fn initial(session: &EmbeddedSession, data_type: Option<&TypeRef>, default: Option<&Expr>) -> Result<Variable> {
    let declared = data_type.map(type_of).transpose()?;
    let expr = default.cloned().unwrap_or_else(|| Expr::literal(Value::Null(DataType::Null)));
    evaluate(session, expr, declared.as_ref()).await
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

/// The error of a name outside of `system.session`, where all variables are made.
fn elsewhere(name: &[String]) -> Error {
    UNRESOLVED_VARIABLE.with("variableName", quote(name)).with("searchPath", "[`system`.`session`]")
}

fn unresolved(session: &EmbeddedSession, name: &[String]) -> Error {
    let scope = Scope::new(session);
    let mut current = vec![scope.state.catalog.clone()];
    current.extend_from_slice(&scope.state.database);
    UNRESOLVED_VARIABLE
        .with("variableName", quote(name))
        .with("searchPath", format!("[`system`.`builtin`, `system`.`session`, {}]", quote(&current)))
}

/// A variable that is assigned to.
#[derive(Debug)]
pub struct Target {
    place: TargetPlace,
    pub data_type: DataType,
    default: Option<Expr>,
}

#[derive(Debug, PartialEq)]
enum TargetPlace {
    Local(Place),
    Session(String),
}

/// The variables of an assignment; none may be there twice.
pub fn targets(session: &EmbeddedSession, names: &[Name]) -> Result<Vec<Target>> {
    let mut targets: Vec<Target> = Vec::with_capacity(names.len());
    let mut twice = Vec::new();
    for name in names {
        let target = find(session, name)?;
        let shown = quote(&[name.last().map(|name| name.to_lowercase()).unwrap_or_default()]);
        if targets.iter().any(|known| known.place == target.place) && !twice.contains(&shown) {
            twice.push(shown);
        }
        targets.push(target);
    }
    if twice.is_empty() { Ok(targets) } else { Err(DUPLICATE_ASSIGNMENTS.with("nameList", twice.join(", "))) }
}

/// A variable by its name: a script's own first, then the session's.
fn find(session: &EmbeddedSession, name: &[String]) -> Result<Target> {
    if let Some((place, local)) = session.script.as_ref().and_then(|scopes| scopes.find(name)) {
        let data_type = local.variable.data_type;
        return Ok(Target { place: TargetPlace::Local(place), data_type, default: local.default });
    }
    let key = variable_name(name).map(str::to_lowercase);
    let found = key.and_then(|key| {
        let state = session.state.read();
        let data_type = state.variables.get(&key)?.data_type.clone();
        let default = state.variable_defaults.get(&key).cloned();
        Some(Target { place: TargetPlace::Session(key), data_type, default })
    });
    found.ok_or_else(|| unresolved(session, name))
}

/// `SET VARIABLE a = …, b = …` and `SET VARIABLE (a, b) = (query)`
pub async fn set(session: &EmbeddedSession, assignments: &[(Name, Expr)], query: Option<&Relation>) -> Result<()> {
    let names: Vec<Name> = assignments.iter().map(|(name, _)| name.clone()).collect();
    let targets = targets(session, &names)?;
    let values = match query {
        Some(query) => row(session, query, targets.len()).await?,
        None => {
            let values = assignments.iter().zip(&targets).map(|((_, expr), target)| match &expr.node {
                ExprNode::Default => {
                    target.default.clone().unwrap_or_else(|| Expr::literal(Value::Null(DataType::Null)))
                }
                _ => expr.clone(),
            });
            values.collect()
        }
    };
    assign(session, targets, values).await
}

/// Gives each variable its value, cast to the variable's type. All values are there before the first is assigned.
pub async fn assign(session: &EmbeddedSession, targets: Vec<Target>, values: Vec<Expr>) -> Result<()> {
    let mut assigned = Vec::with_capacity(targets.len());
    for (target, value) in targets.iter().zip(values) {
        assigned.push(evaluate(session, value, Some(&target.data_type)).await?);
    }
    for (target, variable) in targets.into_iter().zip(assigned) {
        match (target.place, &session.script) {
            (TargetPlace::Local(place), Some(scopes)) => scopes.set(&place, variable)?,
            (TargetPlace::Local(_), None) => {}
            (TargetPlace::Session(key), _) => {
                session.state.write().variables.insert(key, variable);
            }
        }
    }
    Ok(())
}

/// The one row of a query; NULLs when it has none.
async fn row(session: &EmbeddedSession, query: &Relation, targets: usize) -> Result<Vec<Expr>> {
    let limit = Expr::literal(Value::Integer(2));
    let limited = Relation::new(RelationNode::Limit { input: Box::new(query.clone()), limit });
    let (schema, batches): Rows = run::collect(session, &limited).await?;
    if schema.fields.len() != targets {
        return Err(ASSIGNMENT_ARITY_MISMATCH.with("numTarget", targets).with("numExpr", schema.fields.len()));
    }
    if batches.iter().map(datafusion::arrow::array::RecordBatch::num_rows).sum::<usize>() > 1 {
        return Err(ROW_SUBQUERY_TOO_MANY_ROWS.error());
    }
    Ok(crate::value::first_row(&schema, &batches)?.into_iter().map(Expr::literal).collect())
}

/// `DROP TEMPORARY VARIABLE`
pub fn drop(session: &EmbeddedSession, name: &Name, if_exists: bool) -> Result<()> {
    let Some(only) = variable_name(name) else { return Err(elsewhere(name)) };
    let key = only.to_lowercase();
    let mut state = session.state.write();
    state.variable_defaults.remove(&key);
    let removed = state.variables.remove(&key).is_some();
    if removed || if_exists { Ok(()) } else { Err(VARIABLE_NOT_FOUND.with("variableName", full_name(only))) }
}
