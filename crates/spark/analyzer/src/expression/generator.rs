//! Generators in an output list: `explode`, `posexplode`, `inline`, `stack`, ….
//!
//! A generator gets the ids of its columns at once, so that the rest of the list can use them; the rows are made by the
//! block that the list belongs to (`relation/block.rs`).

use hearth_base::Result;
use hearth_base::condition::{GENERATOR_OUTSIDE_SELECT, NESTED_GENERATOR, UDTF_ALIAS_NUMBER_MISMATCH};
use hearth_functions::row::{Builder, Family};
use hearth_functions::{Generated, Typed, lookup};
use hearth_plan::expression::FunctionCall;
use hearth_plan::{Expr, ExprNode};

use super::aggregate_call::SOME_ID;
use super::context::{Clause, Cx};
use super::function::builtin_name;
use crate::analyzer::Analyzer;
use crate::naming;
use crate::rel::Item;
use crate::relation::block::GeneratorStep;
use crate::scope::ColumnId;

impl Analyzer<'_> {
    /// The columns of a generator, or `None` when the call is none.
    pub fn generator(
        &self,
        call: &FunctionCall,
        expr: &Expr,
        names: &[String],
        cx: Cx<'_>,
    ) -> Result<Option<Vec<Item>>> {
        let Some((generated, outer)) = self.generated(call, expr, cx)? else { return Ok(None) };
        let Some(steps) = cx.generators else { return misplaced(expr, cx).map(|_: Typed| None) };
        let step = self.generator_step(generated, outer);
        let items = generator_items(&step, names)?;
        steps.borrow_mut().push(step);
        Ok(Some(items))
    }

    /// What a call generates, and whether it is the `_outer` form.
    pub(crate) fn generated(&self, call: &FunctionCall, expr: &Expr, cx: Cx<'_>) -> Result<Option<(Generated, bool)>> {
        let Some(name) = builtin_name(&call.name) else { return Ok(None) };
        let (row, outer) = match lookup(name) {
            Some(row) if matches!(row.builder, Builder::Generator(_)) => {
                let plain = row.name.strip_suffix("_outer").and_then(lookup);
                (plain.unwrap_or(row), row.name.ends_with("_outer"))
            }
            _ => return Ok(None),
        };
        let Builder::Generator(build) = row.builder else { return Ok(None) };
        self.no_sql_function(expr, "Generate")?;
        let generated = build(self.checked_call(row, call, expr, cx.nested())?)?;
        Ok(Some((generated, outer)))
    }

    pub(crate) fn generator_step(&self, generated: Generated, outer: bool) -> GeneratorStep {
        let ids: Vec<ColumnId> = generated.columns.iter().map(|_| self.new_id()).collect();
        GeneratorStep { generated, outer, ids }
    }
}

/// The output columns of a generator, under the names given.
pub(crate) fn generator_items(step: &GeneratorStep, names: &[String]) -> Result<Vec<Item>> {
    let columns = &step.generated.columns;
    if !names.is_empty() && names.len() != columns.len() {
        return Err(UDTF_ALIAS_NUMBER_MISMATCH
            .with("aliasesSize", columns.len())
            .with("aliasesNames", names.join(",")));
    }
    Ok(columns
        .iter()
        .zip(&step.ids)
        .enumerate()
        .map(|(index, (column, id))| {
            let typed = Typed::new(id.expr(), column.data_type.clone(), column.nullable || step.outer);
            let name = names.get(index).unwrap_or(&column.name);
            Item { id: Some(*id), ..Item::named(typed, name.as_str()) }
        })
        .collect())
}

/// The name of a call that may stand in FROM only, though it generates rows.
pub(crate) fn table_only(call: &FunctionCall) -> Option<&'static str> {
    let row = builtin_name(&call.name).and_then(lookup)?;
    (row.family == Family::Variant && matches!(row.builder, Builder::Generator(_))).then_some(row.name)
}

pub(crate) fn misplaced(expr: &Expr, cx: Cx<'_>) -> Result<Typed> {
    // Filters and joins put their whole condition into this.
    if matches!(cx.clause, Clause::Where | Clause::Join) {
        return Err(GENERATOR_OUTSIDE_SELECT.with("plan", format!("'Filter {}", naming::sql(expr))));
    }
    if cx.clause == Clause::OrderBy {
        return Err(GENERATOR_OUTSIDE_SELECT.with("plan", format!("Sort [{} ASC NULLS FIRST], true", with_ids(expr))));
    }
    Err(NESTED_GENERATOR.with("expression", format!("\"{}\"", naming::sql(expr))))
}

/// A call as Spark prints plans: columns with their ids.
pub(crate) fn with_ids(expr: &Expr) -> String {
    naming::sql(&numbered(expr))
}

fn numbered(expr: &Expr) -> Expr {
    let mut made = expr.clone();
    match &mut made.node {
        ExprNode::Function(call) => {
            for argument in &mut call.arguments {
                *argument = numbered(argument);
            }
        }
        ExprNode::Attribute { name, .. } => {
            if let Some(last) = name.last_mut() {
                last.push_str(SOME_ID);
            }
        }
        _ => {}
    }
    made
}
