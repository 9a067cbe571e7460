//! `withColumns`, `withColumnsRenamed`, `drop`, `toDF`: lists made from the columns that are there.

use std::sync::Arc;

use hearth_base::Result;
use hearth_base::condition::{ASSIGNMENT_ARITY_MISMATCH, CANNOT_RESOLVE_DATAFRAME_COLUMN, COLUMN_ALREADY_EXISTS};
use hearth_plan::{Expr, ExprNode, Relation};

use super::block::Block;
use crate::analyzer::{Analyzer, Env};
use crate::expression::context::{Clause, Cx};
use crate::expression::pipe;
use crate::rel::{Item, Rel};
use crate::scope::{Column, Scope, same_name};

impl Analyzer<'_> {
    /// Columns with the names of existing ones take their places; the others come last.
    pub fn with_columns(
        &self,
        input: &Relation,
        columns: &[(String, Expr, Option<String>)],
        env: Env<'_>,
    ) -> Result<Rel> {
        for (index, (name, _, _)) in columns.iter().enumerate() {
            if columns[..index].iter().any(|(other, _, _)| same_name(other, name, self.case_sensitive)) {
                return Err(COLUMN_ALREADY_EXISTS.with("columnName", format!("`{}`", name.to_lowercase())));
            }
        }
        let input = self.relation(input, env)?;
        let set = |expr: &Expr| pipe::part(expr).is_some_and(|(operator, _)| operator == "SET");
        for (name, expr, _) in columns.iter().filter(|(_, expr, _)| set(expr)) {
            // `|> SET` makes no columns.
            self.attribute(std::slice::from_ref(name), None, Cx::new(env, &input, Clause::Select))?;
            self.pipe_assigned(expr, Cx::new(env, &input, Clause::Select))?;
        }
        let aliased: Vec<Expr> = columns
            .iter()
            .map(|(name, expr, metadata)| {
                let value = pipe::part(expr).map_or(expr, |(_, inner)| inner);
                let alias = ExprNode::Alias {
                    expr: Box::new(value.clone()),
                    names: vec![name.clone()],
                    metadata: metadata.clone(),
                };
                Expr { node: alias, origin: expr.origin.clone() }
            })
            .collect();
        let input = self.with_time_windows(input, aliased.iter(), env)?;
        let (mut made, generators) = self.items(&aliased, Cx::new(env, &input, Clause::Select))?;
        if made.len() == columns.len() {
            // Unlike `select`, the column does not take over what is noted of the one it comes from.
            for (item, (_, _, metadata)) in made.iter_mut().zip(columns) {
                item.metadata = metadata.as_deref().map(Arc::from);
            }
        }
        let mut used = vec![false; made.len()];
        let mut items: Vec<Item> = Vec::with_capacity(input.scope.columns.len() + made.len());
        for column in &input.scope.columns {
            match made.iter().position(|item| same_name(&item.name, &column.name, self.case_sensitive)) {
                Some(index) => {
                    used[index] = true;
                    items.push(made[index].clone());
                }
                None => items.push(Item::column(column)),
            }
        }
        items.extend(made.into_iter().zip(used).filter(|(_, used)| !used).map(|(item, _)| item));
        self.block_rel(Block::new(input, items, generators))
    }

    pub fn with_columns_renamed(&self, input: &Relation, renames: &[(String, String)], env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let mut items: Vec<Item> = input.scope.columns.iter().map(Item::column).collect();
        for (from, to) in renames {
            for item in items.iter_mut().filter(|item| same_name(&item.name, from, self.case_sensitive)) {
                *item = renamed(item, to);
            }
        }
        self.project_items(input, &items)
    }

    pub fn to_df(&self, input: &Relation, names: &[String], env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        if names.len() != input.scope.columns.len() {
            return Err(ASSIGNMENT_ARITY_MISMATCH
                .with("numTarget", input.scope.columns.len())
                .with("numExpr", names.len()));
        }
        let items: Vec<Item> =
            input.scope.columns.iter().zip(names).map(|(column, name)| renamed(&Item::column(column), name)).collect();
        self.project_items(input, &items)
    }

    /// Names that are not there are passed over.
    pub fn drop_columns(&self, input: &Relation, columns: &[Expr], names: &[String], env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let mut dropped = Vec::new();
        for expr in columns {
            if let ExprNode::Attribute { name, plan_id: Some(plan_id), .. } = &expr.node
                && !self.plan_outputs.borrow().contains_key(plan_id)
            {
                return Err(CANNOT_RESOLVE_DATAFRAME_COLUMN.with("name", format!("\"{}\"", name.join("."))));
            }
            let typed = match self.expression(expr, Cx::new(env, &input, Clause::Select)) {
                Ok(typed) => typed,
                Err(error) if is_ambiguous(&error) => return Err(error),
                Err(_) => continue,
            };
            if let datafusion::logical_expr::Expr::Column(column) = typed.expr {
                dropped.push(column.name);
            }
        }
        let named = |column: &Column| names.iter().any(|name| same_name(name, &column.name, self.case_sensitive));
        let columns = input
            .scope
            .columns
            .iter()
            .filter(|column| !named(column) && !dropped.contains(&column.id.plan_name()))
            .cloned()
            .collect();
        Ok(Rel::new(input.plan, Scope::new(columns)))
    }
}

/// A new column: what the DataFrame before calls by the old name is not this one.
fn renamed(item: &Item, name: &str) -> Item {
    Item { name: name.into(), qualifier: Arc::default(), id: None, ..item.clone() }
}

fn is_ambiguous(error: &hearth_base::Error) -> bool {
    error.condition() == hearth_base::condition::AMBIGUOUS_REFERENCE
        || error.condition() == hearth_base::condition::AMBIGUOUS_COLUMN_REFERENCE
}
