//! Functions that are not built in: code that came with the plan, SQL functions of the session, parameters of queries.

use hearth_base::condition::{NOT_A_SCALAR_FUNCTION, UNRECOGNIZED_PARAMETER_NAME, WRONG_NUM_ARGS};
use hearth_base::{Error, Result};
use hearth_functions::{Typed, cast};
use hearth_plan::expression::{FunctionCall, InlineUdf, Subquery, SubqueryKind, SubquerySource, UdfCode};
use hearth_plan::{Expr, ExprNode};

use super::context::Cx;
use crate::analyzer::{Analyzer, Env, Parameters, unsupported};
use crate::rel::Rel;
use crate::view::{SqlFunction, SqlFunctionBody};

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
        let parts = self.constant_name(name, cx.env)?;
        match arguments {
            None => self.attribute(&parts, None, cx),
            Some(arguments) => {
                let call = FunctionCall::new(parts, arguments.to_vec());
                let expr = Expr::new(ExprNode::Function(Box::new(call.clone())));
                self.function(&call, &expr, cx)
            }
        }
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
            _ => Err(Error::unsupported("a name that is not a constant text")),
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
        let arguments = self.sql_function_arguments(function, &call.arguments, cx)?;
        let parameters = Parameters { arguments: &arguments, function: Some(&function.name) };
        let env = Env { parameters: Some(&parameters), depth: cx.env.depth + 1, ..cx.env };
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
            Some(returns) => cast::cast(typed, returns, cast::CastMode::of(cx.env.settings), cx.env.settings),
            None => Ok(typed),
        }
    }

    pub(crate) fn sql_function_arguments(
        &self,
        function: &SqlFunction,
        given: &[Expr],
        cx: Cx<'_>,
    ) -> Result<Vec<(String, Typed)>> {
        let unknown = given.iter().find_map(|argument| match &argument.node {
            ExprNode::NamedArgument { key, .. } if !function.has_parameter(key) => Some(key),
            _ => None,
        });
        if let Some(key) = unknown {
            let known: Vec<_> = function.parameters.iter().map(|known| format!("`{}`", known.name)).collect();
            return Err(UNRECOGNIZED_PARAMETER_NAME
                .with("routineName", &function.qualified)
                .with("argumentName", format!("`{key}`"))
                .with("proposal", known.join(" ")));
        }
        if given.len() > function.parameters.len() {
            return Err(wrong_count(function, given.len()));
        }
        let mut arguments = Vec::with_capacity(function.parameters.len());
        for (index, parameter) in function.parameters.iter().enumerate() {
            let named = given.iter().find_map(|argument| match &argument.node {
                ExprNode::NamedArgument { key, value } if key.eq_ignore_ascii_case(&parameter.name) => {
                    Some(value.as_ref())
                }
                _ => None,
            });
            let positional =
                given.get(index).filter(|argument| !matches!(argument.node, ExprNode::NamedArgument { .. }));
            let Some(value) = named.or(positional).or(parameter.default.as_ref()) else {
                return Err(wrong_count(function, given.len()));
            };
            let typed = self.expression(value, cx.nested())?;
            let mode = cast::CastMode::of(cx.env.settings);
            arguments.push((parameter.name.clone(), cast::cast(typed, &parameter.data_type, mode, cx.env.settings)?));
        }
        Ok(arguments)
    }
}

fn wrong_count(function: &SqlFunction, given: usize) -> Error {
    WRONG_NUM_ARGS
        .with("functionName", &function.qualified)
        .with("expectedNum", function.parameters.len())
        .with("actualNum", given)
        .with("docroot", "https://spark.apache.org/docs/latest")
}

impl SqlFunction {
    fn has_parameter(&self, name: &str) -> bool {
        self.parameters.iter().any(|parameter| parameter.name.eq_ignore_ascii_case(name))
    }
}
