//! What a SQL function must be when it is created: its parameters, its body, and what the body gives.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::LogicalPlan;
use hearth_analyzer::{SqlFunction, SqlFunctionBody};
use hearth_base::condition::{
    DUPLICATE_ROUTINE_PARAMETER_NAMES, DUPLICATE_ROUTINE_RETURNS_COLUMNS, FUNCTION_BODY_COLUMN_COUNT,
    FUNCTION_BODY_COMPLEX, FUNCTION_BODY_NOT_A_QUERY, FUNCTION_DEFAULT_EXPRESSION, FUNCTION_DEFAULT_POSITION,
    ROUTINE_NOT_FOUND, SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN, UNRESOLVED_ROUTINE,
    UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING,
};
use hearth_base::{Condition, Error, Result};
use hearth_plan::ExprNode;
use hearth_plan::identifier::quote;

use crate::effects::lookup::Scope;
use crate::resolve::has_length;

/// Names and defaults, before the body is looked at.
pub fn declaration(function: &SqlFunction) -> Result<()> {
    let parameters = function.parameters.iter().map(|parameter| parameter.name.as_str());
    unique(parameters, (DUPLICATE_ROUTINE_PARAMETER_NAMES, "names"), &function.name)?;
    let columns = function.returns_table.iter().flat_map(|table| table.fields.iter()).map(|field| &*field.name);
    unique(columns, (DUPLICATE_ROUTINE_RETURNS_COLUMNS, "columns"), &function.name)?;
    for (parameter, next) in function.parameters.iter().zip(function.parameters.iter().skip(1)) {
        if parameter.default.is_some() && next.default.is_none() {
            return Err(FUNCTION_DEFAULT_POSITION
                .with("functionName", &function.name)
                .with("parameterName", &parameter.name)
                .with("nextParameterName", &next.name));
        }
    }
    let is_query = |expr: &hearth_plan::Expr| matches!(expr.node, ExprNode::Subquery(_));
    match function.parameters.iter().find(|parameter| parameter.default.as_ref().is_some_and(is_query)) {
        Some(parameter) => {
            Err(FUNCTION_DEFAULT_EXPRESSION.with("functionName", &function.name).with("parameterName", &parameter.name))
        }
        None if function.returns_table.is_some() && matches!(function.body, SqlFunctionBody::Expression(_)) => {
            Err(FUNCTION_BODY_NOT_A_QUERY.with("name", &function.name))
        }
        None => Ok(()),
    }
}

/// CHAR and VARCHAR are types of tables.
pub fn lengths(function: &SqlFunction) -> Result<()> {
    let parameters = function.parameters.iter().map(|parameter| &parameter.data_type);
    let columns = function.returns_table.iter().flat_map(|table| table.fields.iter()).map(|field| &field.data_type);
    match parameters.chain(&function.returns).chain(columns).any(has_length) {
        true => Err(UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING.error()),
        false => Ok(()),
    }
}

fn unique<'n>(
    names: impl Iterator<Item = &'n str>,
    (condition, key): (Condition, &'static str),
    routine: &str,
) -> Result<()> {
    let mut known: Vec<String> = Vec::new();
    let mut twice: Vec<String> = Vec::new();
    for name in names {
        let shown = quote(&[name.to_owned()]);
        if known.contains(&name.to_lowercase()) && !twice.contains(&shown) {
            twice.push(shown);
        }
        known.push(name.to_lowercase());
    }
    if twice.is_empty() {
        return Ok(());
    }
    Err(condition.with("routineName", routine).with(key, twice.join(", ")))
}

/// How many columns a body gives.
pub fn column_count(function: &SqlFunction, shown: &str, count: usize) -> Result<()> {
    let declared = function.returns_table.as_ref().map(|table| table.fields.len());
    match declared {
        None if count != 1 => Err(SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN.with("number", count)),
        Some(declared) if declared != count && declared > 0 => Err(FUNCTION_BODY_COLUMN_COUNT
            .with("name", shown)
            .with("outputSize", count)
            .with("returnParamSize", declared)),
        None | Some(_) => Ok(()),
    }
}

/// An expression is neither an aggregate nor a window function.
pub fn plain(plan: &LogicalPlan, text: Option<String>) -> Result<()> {
    let mut is_complex = false;
    let _ = plan.apply(|node| {
        is_complex |= matches!(node, LogicalPlan::Aggregate(_) | LogicalPlan::Window(_));
        Ok(if is_complex { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    if is_complex { Err(FUNCTION_BODY_COMPLEX.with("queryText", text.unwrap_or_default())) } else { Ok(()) }
}

/// A routine that the body calls is missing under its name in the database.
pub fn missing_routine(scope: &Scope<'_>, error: Error) -> Error {
    if error.condition() != UNRESOLVED_ROUTINE {
        return error;
    }
    let name = error.parameters().iter().find(|(key, _)| *key == "routineName").map(|(_, name)| name.clone());
    let name = name.unwrap_or_default();
    let whole = if name.contains("`.`") { name } else { format!("{}.{name}", quote(&scope.state.database)) };
    ROUTINE_NOT_FOUND.with("routineName", whole)
}
