//! `LATERAL VIEW`: a generator whose columns stand beside those of the input.

use std::sync::Arc;

use hearth_base::Result;
use hearth_base::condition::{MISSING_CLAUSES_FOR_OPERATION, ROUTINE_NOT_FOUND, UNRESOLVABLE_TABLE_VALUED_FUNCTION};
use hearth_plan::ExprNode;
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
            let parts: Vec<&str> = call.name.iter().map(String::as_str).collect();
            return Err(UNRESOLVABLE_TABLE_VALUED_FUNCTION.with("name", quote_name(&parts)));
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
