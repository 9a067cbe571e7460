//! Functions that are not built in: code that came with the plan, SQL functions of the session, parameters of queries.

use hearth_base::condition::{
    ALSO_POSITIONAL_ARGUMENT, DOUBLE_NAMED_ARGUMENT, FUNCTION_WITH_UNSUPPORTED_SYNTAX, LAMBDA_WITH_SQL_FUNCTION,
    NOT_A_SCALAR_FUNCTION, NOT_A_STRING, REQUIRED_PARAMETER_NOT_FOUND, UNEXPECTED_POSITIONAL_ARGUMENT,
    UNRECOGNIZED_PARAMETER_NAME, UNSUPPORTED_SQL_UDF_USAGE, WRONG_NUM_ARGS,
};
use hearth_base::{Error, Result};
use hearth_functions::{Typed, cast, lookup};
use hearth_plan::expression::{FunctionCall, InlineUdf, Subquery, SubqueryKind, SubquerySource, UdfCode};
use hearth_plan::{Expr, ExprNode};

use super::context::{Clause, Cx};
use super::function::builtin_name;
use crate::analyzer::{Analyzer, Env, Parameters, unsupported};
use crate::naming;
use crate::rel::Rel;
use crate::view::{SessionFunction, SqlFunction, SqlFunctionBody, SqlParameter};

/// SQL functions may call each other this deep (`spark.sql.view.maxNestedViewDepth` is the like for views).
const MAX_DEPTH: usize = 100;

pub(crate) fn inline(function: &InlineUdf) -> Result<Typed> {
    match &function.code {
        UdfCode::Python(_) => unsupported("Python functions"),
        UdfCode::ScalaScalar { .. } => unsupported("Scala functions"),
        UdfCode::Java { .. } => unsupported("Java functions"),
    }
}

impl Analyzer<'_> {
    /// `IDENTIFIER('name')` as a column or a function.
    pub fn identifier(&self, name: &Expr, arguments: Option<&[Expr]>, cx: Cx<'_>) -> Result<Typed> {
        let written = self.identified(name, arguments, cx.env)?;
        match &written.node {
            ExprNode::Function(call) => self.function(call, &written, cx),
            _ => self.expression(&written, cx),
        }
    }

    /// The column or the call that `IDENTIFIER` stands for.
    pub(crate) fn identified(&self, name: &Expr, arguments: Option<&[Expr]>, env: Env<'_>) -> Result<Expr> {
        let parts = self.constant_name(name, env)?;
        Ok(Expr::new(match arguments {
            None => ExprNode::Attribute { name: parts, plan_id: None, is_metadata: false },
            Some(arguments) => ExprNode::Function(Box::new(FunctionCall::new(parts, arguments.to_vec()))),
        }))
    }

    /// The name that a constant expression holds as text.
    pub(crate) fn constant_name(&self, name: &Expr, env: Env<'_>) -> Result<Vec<String>> {
        let text = self.constant_text(name, env)?;
        hearth_sql::parse_multipart_identifier(&text)
    }

    pub(crate) fn constant_text(&self, expr: &Expr, env: Env<'_>) -> Result<String> {
        let nothing = Rel::one_row();
        let typed = self.expression(expr, Cx::new(env, &nothing, super::context::Clause::Values))?;
        let constant = self.constant(&typed)?;
        match constant.try_as_str() {
            Some(Some(text)) => Ok(text.to_owned()),
            _ => Err(NOT_A_STRING
                .with("name", "IDENTIFIER")
                .with("expr", naming::sql(expr))
                .with("dataType", typed.data_type.sql().to_lowercase())),
        }
    }

    /// A SQL function's call is its body with the arguments in place of the parameters.
    pub fn sql_function(&self, function: &SqlFunction, call: &FunctionCall, cx: Cx<'_>) -> Result<Typed> {
        if cx.env.depth >= MAX_DEPTH {
            return unsupported("SQL functions that call each other more than 100 deep");
        }
        if function.returns_table.is_some() {
            return Err(NOT_A_SCALAR_FUNCTION.with("functionName", &function.qualified));
        }
        misused(function, call, cx)?;
        let spread = self.arguments("", &call.arguments, cx)?;
        let arguments = self.sql_function_arguments(function, &spread, cx)?;
        let (rel, outer) = (Some(cx.rel), cx.env.outer);
        let parameters = Parameters { arguments: &arguments, function: Some(&function.name), rel, outer };
        let settings = function.settings.as_deref().unwrap_or(cx.env.settings);
        let env = Env { settings, parameters: Some(&parameters), depth: cx.env.depth + 1, ..cx.env };
        let typed = match &function.body {
            SqlFunctionBody::Expression(body) => {
                let nothing = Rel::one_row();
                self.expression(body, Cx { rel: &nothing, output: &[], lambda: None, env, ..cx })?
            }
            SqlFunctionBody::Query(query) => {
                let source = SubquerySource::Inline(Box::new(query.clone()));
                self.subquery((&Subquery { kind: SubqueryKind::Scalar, source }, None), false, Cx { env, ..cx })?
            }
        };
        match &function.returns {
            Some(returns) => cast::cast(typed, returns, cast::CastMode::of(settings), settings),
            None => Ok(typed),
        }
    }

    pub(crate) fn sql_function_arguments(
        &self,
        function: &SqlFunction,
        given: &[Expr],
        cx: Cx<'_>,
    ) -> Result<Vec<(String, Typed)>> {
        let placed = placed(function, given)?;
        let mut arguments = Vec::with_capacity(function.parameters.len());
        for (value, parameter) in placed.into_iter().zip(&function.parameters) {
            let Some(value) = value.or(parameter.default.as_ref()) else {
                return Err(wrong_count(function, given.len()));
            };
            let typed = self.expression(value, cx.nested())?;
            let mode = cast::CastMode::of(cx.env.settings);
            arguments.push((parameter.name.clone(), cast::cast(typed, &parameter.data_type, mode, cx.env.settings)?));
        }
        Ok(arguments)
    }

    /// The first SQL function that is called in an expression.
    pub(crate) fn sql_function_in(&self, expr: &Expr) -> Option<&SqlFunction> {
        match &expr.node {
            ExprNode::Function(call) => {
                let builtin = !call.is_user_defined && builtin_name(&call.name).and_then(lookup).is_some();
                match self.session_function(&call.name) {
                    Some(SessionFunction::Sql(function)) if !builtin => Some(function),
                    _ => call.arguments.iter().find_map(|argument| self.sql_function_in(argument)),
                }
            }
            ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => self.sql_function_in(expr),
            _ => None,
        }
    }

    /// Refuses SQL functions in a place of which Spark's rules do not know how to put the body in.
    pub(crate) fn no_sql_function(&self, expr: &Expr, node: &str) -> Result<()> {
        match self.sql_function_in(expr) {
            Some(function) => {
                Err(UNSUPPORTED_SQL_UDF_USAGE.with("functionName", &function.qualified).with("nodeName", node))
            }
            None => Ok(()),
        }
    }

    /// A SQL function's call with its arguments by place and the name that Spark prints; `None` for other calls.
    pub(crate) fn named_routine(&self, call: &FunctionCall) -> Option<FunctionCall> {
        let Some(SessionFunction::Sql(function)) = self.session_function(&call.name) else { return None };
        if !call.is_user_defined && builtin_name(&call.name).and_then(lookup).is_some() {
            return None;
        }
        let placed = placed(function, &call.arguments).ok()?;
        let last = placed.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        let defaults = function.parameters.iter().map(|parameter| parameter.default.as_ref());
        let arguments = placed.into_iter().zip(defaults).take(last).filter_map(|(value, default)| value.or(default));
        let name = vec![naming::ROUTINE.to_owned(), function.qualified.replace('`', "")];
        Some(FunctionCall { name, arguments: arguments.cloned().collect(), ..call.clone() })
    }
}

/// What is given for each parameter, by place or by name.
fn placed<'e>(function: &SqlFunction, given: &'e [Expr]) -> Result<Vec<Option<&'e Expr>>> {
    let quoted = |name: &str| format!("`{name}`");
    let mut values: Vec<Option<&Expr>> = vec![None; function.parameters.len()];
    let mut positional = 0;
    let mut last_key: Option<&str> = None;
    for argument in given {
        let ExprNode::NamedArgument { key, value } = &argument.node else {
            if let Some(key) = last_key {
                let error = UNEXPECTED_POSITIONAL_ARGUMENT.with("routineName", &function.qualified);
                return Err(error.with("parameterName", quoted(key)));
            }
            *values.get_mut(positional).ok_or_else(|| wrong_count(function, given.len()))? = Some(argument);
            positional += 1;
            continue;
        };
        last_key = Some(key);
        let Some(place) = function.parameters.iter().position(|known| known.name.eq_ignore_ascii_case(key)) else {
            return Err(unrecognized(function, key));
        };
        if values[place].is_some() {
            let condition = if place < positional { ALSO_POSITIONAL_ARGUMENT } else { DOUBLE_NAMED_ARGUMENT };
            let error = condition.with("routineName", &function.qualified);
            return Err(error.with("parameterName", quoted(key)));
        }
        values[place] = Some(value);
    }
    // Spark counts the parameters that may be left out only where names are given.
    if last_key.is_some() {
        let without =
            |(value, parameter): (&Option<&Expr>, &SqlParameter)| value.is_none() && parameter.default.is_none();
        let missing = values.iter().zip(&function.parameters).skip(positional).position(without);
        if let Some(index) = missing {
            return Err(REQUIRED_PARAMETER_NOT_FOUND
                .with("routineName", &function.qualified)
                .with("parameterName", quoted(&function.parameters[positional + index].name))
                .with("index", index));
        }
    }
    Ok(values)
}

fn unrecognized(function: &SqlFunction, key: &str) -> Error {
    let known: Vec<_> = function.parameters.iter().map(|known| format!("`{}`", known.name)).collect();
    UNRECOGNIZED_PARAMETER_NAME
        .with("routineName", &function.qualified)
        .with("argumentName", format!("`{key}`"))
        .with("proposal", known.join(" "))
}

/// Where and how Spark takes no SQL function.
fn misused(function: &SqlFunction, call: &FunctionCall, cx: Cx<'_>) -> Result<()> {
    let clause = match (call.distinct, call.filter.is_some()) {
        (true, _) => Some("DISTINCT"),
        (false, true) => Some("FILTER CLAUSE"),
        (false, false) => None,
    };
    if let Some(clause) = clause {
        let error = FUNCTION_WITH_UNSUPPORTED_SYNTAX.with("prettyName", &function.qualified);
        return Err(error.with("syntax", clause));
    }
    if cx.lambda.is_some() {
        return Err(LAMBDA_WITH_SQL_FUNCTION.with("funcName", function.qualified.replace('`', "")));
    }
    if cx.clause == Clause::OrderBy {
        let error = UNSUPPORTED_SQL_UDF_USAGE.with("functionName", &function.qualified);
        return Err(error.with("nodeName", "Sort"));
    }
    Ok(())
}

fn wrong_count(function: &SqlFunction, given: usize) -> Error {
    WRONG_NUM_ARGS
        .with("functionName", &function.qualified)
        .with("expectedNum", function.parameters.len())
        .with("actualNum", given)
        .with("docroot", "https://spark.apache.org/docs/latest")
}
