//! Lambdas: typed when the function knows the types of its parameters.

use std::sync::Arc;

use datafusion::arrow::datatypes::Field;
use datafusion::logical_expr::Expr as PlanExpr;
use datafusion::logical_expr::expr::{Lambda, LambdaVariable};
use hearth_base::{Error, Result};
use hearth_functions::{Argument, LambdaArgument, Typed};
use hearth_plan::Expr;
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use super::context::{Cx, LambdaFrame};
use crate::analyzer::Analyzer;

impl Analyzer<'_> {
    pub fn lambda_argument<'c>(&'c self, body: Expr, names: Vec<String>, cx: Cx<'c>) -> Argument<'c> {
        let parameters = names.len();
        let resolve = move |types: &[(DataType, bool)]| self.lambda(&body, &names, types, cx);
        Argument::Lambda(LambdaArgument { parameters, resolve: Box::new(resolve) })
    }

    fn lambda(&self, body: &Expr, names: &[String], types: &[(DataType, bool)], cx: Cx<'_>) -> Result<Typed> {
        if names.len() > types.len() {
            return Err(hearth_base::condition::INVALID_LAMBDA_NUMBER_OF_ARGUMENTS
                .with("expectedNumArgs", names.len())
                .with("actualNumArgs", types.len()));
        }
        let mut parameters = Vec::with_capacity(names.len());
        let mut variables = Vec::with_capacity(names.len());
        for (name, (data_type, nullable)) in names.iter().zip(types) {
            let plan_name = self.new_id().plan_name();
            let field = Arc::new(Field::new(&plan_name, to_engine_arrow(data_type), *nullable));
            let variable = LambdaVariable::new(plan_name.clone(), Some(field));
            parameters.push(plan_name);
            variables
                .push((name.clone(), Typed::new(PlanExpr::LambdaVariable(variable), data_type.clone(), *nullable)));
        }
        let frame = LambdaFrame { variables, parent: cx.lambda };
        let typed = self.expression(body, Cx { lambda: Some(&frame), ..cx })?;
        let lambda = PlanExpr::Lambda(Lambda::new(parameters, typed.expr));
        Ok(Typed::new(lambda, typed.data_type, typed.nullable))
    }
}

pub(crate) fn misplaced() -> Result<Typed> {
    Err(Error::unsupported("a lambda outside of a higher-order function"))
}
