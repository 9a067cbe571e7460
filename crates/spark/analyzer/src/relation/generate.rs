//! `LATERAL VIEW`: a generator whose columns stand beside those of the input.

use std::sync::Arc;

use hearth_base::condition::{MISSING_CLAUSES_FOR_OPERATION, NOT_A_GENERATOR, ROUTINE_NOT_FOUND};
use hearth_base::{Error, Result};
use hearth_plan::ExprNode;
use hearth_plan::expression::FunctionCall;
use hearth_plan::relation::LateralView;

use super::{Env, block::GeneratorStep};
use crate::analyzer::Analyzer;
use crate::expression::context::{Clause, Cx};
use crate::expression::generator::{generator_items, table_only};
use crate::rel::Rel;
use crate::scope::{Column, Scope, quote_name};

impl Analyzer<'_> {
    pub fn lateral_view(&self, view: &LateralView, env: Env<'_>) -> Result<Rel> {
        let input = self.relation(&view.input, env)?;
        let cx = Cx::new(env, &input, Clause::Select);
        let ExprNode::Function(call) = &view.generator.node else {
            return Err(MISSING_CLAUSES_FOR_OPERATION.with("clauses", "a generator").with("operation", "LATERAL VIEW"));
        };
        if let Some(name) = table_only(call) {
            let database = &env.settings.current_database;
            return Err(ROUTINE_NOT_FOUND.with("routineName", quote_name(&[database, name])));
        }
        let Some((generated, outer)) = self.generated(call, &view.generator, cx)? else {
            return Err(no_generator(call, &env.settings.current_database));
        };
        let step: GeneratorStep = self.generator_step(generated, outer || view.outer);
        let items = generator_items(&step, &view.columns)?;
        let plan = self.generate(input.plan.clone(), &step, step.generated.list.expr.clone())?;
        let qualifier: Arc<[String]> = view.table_alias.iter().cloned().collect();
        let mut columns = input.scope.columns.clone();
        for (item, id) in items.into_iter().zip(&step.ids) {
            columns.push(Column {
                id: *id,
                name: item.name,
                qualifier: Arc::clone(&qualifier),
                data_type: item.value.data_type,
                nullable: item.value.nullable,
                metadata: None,
            });
        }
        Ok(Rel::new(plan, Scope { columns, hidden: input.scope.hidden }))
    }
}

/// A function that is no generator, or none at all.
fn no_generator(call: &FunctionCall, database: &str) -> Error {
    let parts: Vec<&str> = call.name.iter().map(String::as_str).collect();
    if crate::expression::function::builtin_name(&call.name).and_then(hearth_functions::lookup).is_none() {
        let qualified = if parts.len() == 1 { [&[database], parts.as_slice()].concat() } else { parts };
        return ROUTINE_NOT_FOUND.with("routineName", quote_name(&qualified));
    }
    let name = parts.last().copied().unwrap_or_default().to_lowercase();
    let class = hearth_functions::call::expression_class(&name);
    NOT_A_GENERATOR.with("functionName", quote_name(&[&name])).with("classCanonicalName", class)
}
