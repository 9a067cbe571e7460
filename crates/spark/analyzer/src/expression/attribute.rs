//! Names: columns, struct fields behind them, lambda arguments, aliases of the same list, columns of outer queries,
//! session variables, and the functions that SQL writes without parentheses.

use std::sync::Arc;

use datafusion::arrow::datatypes::Field;
use datafusion::common::Column as PlanColumn;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::Expr;
use hearth_base::condition::{AMBIGUOUS_COLUMN_REFERENCE, CANNOT_RESOLVE_DATAFRAME_COLUMN};
use hearth_base::{Error, Result};
use hearth_functions::Typed;
use hearth_types::arrow::to_engine_arrow;

use super::context::{Clause, Cx, LambdaFrame};
use crate::analyzer::{Analyzer, Outer, plan_error};
use crate::rel::{Item, Rel};
use crate::scope::{Column, quote_name, same_name};

/// Functions that SQL may write without parentheses, when no column has the name.
const BARE_FUNCTIONS: [&str; 6] =
    ["current_date", "current_timestamp", "current_user", "user", "session_user", "current_time"];

impl Analyzer<'_> {
    pub fn attribute(&self, name: &[String], plan_id: Option<i64>, cx: Cx<'_>) -> Result<Typed> {
        if let Some(plan_id) = plan_id {
            return self.data_frame_column(name, plan_id, cx);
        }
        if let Some(variable) = self.lambda_variable(name, cx.lambda)? {
            return Ok(variable);
        }
        if let Some(column) = self.column_or_alias(name, cx)? {
            return Ok(column);
        }
        if let Some(argument) = self.function_argument(name, cx)? {
            return Ok(argument);
        }
        if let Some(window) = self.window_by_name(name, cx)? {
            return Ok(window);
        }
        if let Some(column) = self.outer_column(name, cx.env.outer)? {
            return Ok(column);
        }
        if let Some(other) = self.variable_or_bare_function(name, cx)? {
            return Ok(other);
        }
        Err(cx.rel.scope.unresolved(name))
    }

    fn column_or_alias(&self, name: &[String], cx: Cx<'_>) -> Result<Option<Typed>> {
        if cx.output_first()
            && let Some(alias) = self.alias(name, cx.output)?
        {
            return Ok(Some(alias));
        }
        let found = cx.rel.scope.find(name, self.case_sensitive)?;
        if let Some(found) = &found {
            let typed = self.fields(found.column.typed(), &name[name.len() - found.fields..])?;
            let prefers_alias = cx.clause == Clause::Having && !cx.inside_aggregate && !is_grouped(&typed, cx);
            match self.alias_if(prefers_alias, name, cx.output)? {
                Some(alias) => return Ok(Some(alias)),
                None => return Ok(Some(typed)),
            }
        }
        self.alias(name, cx.output)
    }

    fn alias_if(&self, wanted: bool, name: &[String], output: &[Item]) -> Result<Option<Typed>> {
        if wanted { self.alias(name, output) } else { Ok(None) }
    }

    /// An expression of the output list by its name; the last part of the name may be struct fields.
    fn alias(&self, name: &[String], output: &[Item]) -> Result<Option<Typed>> {
        let matches = |item: &&Item, parts: &[String]| match parts {
            [only] => same_name(&item.name, only, self.case_sensitive),
            [qualifier @ .., last] => {
                same_name(&item.name, last, self.case_sensitive)
                    && qualifier.len() <= item.qualifier.len()
                    && item
                        .qualifier
                        .iter()
                        .rev()
                        .zip(qualifier.iter().rev())
                        .all(|(a, b)| same_name(a, b, self.case_sensitive))
            }
            [] => false,
        };
        for used in (1..=name.len()).rev() {
            let (parts, fields) = name.split_at(used);
            let found: Vec<&Item> = output.iter().filter(|item| matches(item, parts)).collect();
            match found.as_slice() {
                [] => {}
                [item] => return self.fields(item.value.clone(), fields).map(Some),
                [item, others @ ..] if others.iter().all(|other| other.value.expr == item.value.expr) => {
                    return self.fields(item.value.clone(), fields).map(Some);
                }
                several => {
                    let names: Vec<_> = several.iter().map(|item| quote_name(&[&item.name])).collect();
                    return Err(hearth_base::condition::AMBIGUOUS_REFERENCE
                        .with("name", quote_name(&name.iter().map(String::as_str).collect::<Vec<_>>()))
                        .with("referenceNames", format!("[{}]", names.join(", "))));
                }
            }
        }
        Ok(None)
    }

    fn lambda_variable(&self, name: &[String], frame: Option<&LambdaFrame<'_>>) -> Result<Option<Typed>> {
        let (Some(first), Some(frame)) = (name.first(), frame) else { return Ok(None) };
        match frame.variables.iter().find(|(known, _)| same_name(known, first, self.case_sensitive)) {
            Some((_, typed)) => self.fields(typed.clone(), &name[1..]).map(Some),
            None => self.lambda_variable(name, frame.parent),
        }
    }

    /// A parameter of the SQL function whose body is being read.
    fn function_argument(&self, name: &[String], cx: Cx<'_>) -> Result<Option<Typed>> {
        let Some(parameters) = cx.env.parameters else { return Ok(None) };
        let parts = match (name, parameters.function) {
            ([qualifier, rest @ ..], Some(function)) if !rest.is_empty() && same_name(qualifier, function, false) => {
                rest
            }
            _ => name,
        };
        let Some(first) = parts.first() else { return Ok(None) };
        match parameters.arguments.iter().find(|(known, _)| same_name(known, first, false)) {
            Some((_, typed)) => {
                let typed = match parameters.rel {
                    Some(rel) if !same_query(cx.env.outer, parameters.outer) => from_inside(typed, rel)?,
                    Some(_) | None => typed.clone(),
                };
                self.fields(typed, &parts[1..]).map(Some)
            }
            None => Ok(None),
        }
    }

    fn outer_column(&self, name: &[String], outer: Option<&Outer<'_>>) -> Result<Option<Typed>> {
        let Some(outer) = outer else { return Ok(None) };
        if let Some(found) = outer.rel.scope.find(name, self.case_sensitive)? {
            let typed = outer_reference(found.column, outer.rel);
            return self.fields(typed, &name[name.len() - found.fields..]).map(Some);
        }
        // As in Spark, a subquery sees the query around it and none further out.
        Ok(None)
    }

    fn variable_or_bare_function(&self, name: &[String], cx: Cx<'_>) -> Result<Option<Typed>> {
        let Some(last) = name.last() else { return Ok(None) };
        if let Some(variable) = self.variable(name)? {
            return Ok(Some(variable));
        }
        if name.len() > 1 {
            return Ok(None);
        }
        let lower = last.to_ascii_lowercase();
        if BARE_FUNCTIONS.contains(&lower.as_str()) {
            return self.call(&lower, Vec::new(), cx).map(Some);
        }
        if lower == "grouping__id" && cx.grouped.is_some() {
            return self.grouping_id(&[], cx).map(Some);
        }
        Ok(None)
    }

    /// A variable; what its name does not take of the parts are fields of its value.
    fn variable(&self, name: &[String]) -> Result<Option<Typed>> {
        for used in (1..=name.len()).rev() {
            let (parts, fields) = name.split_at(used);
            if let Some((label, variable)) = self.view.variable_with_label(parts) {
                if let (None, Some(name)) = (label, parts.last()) {
                    self.variables.borrow_mut().push(name.clone());
                }
                let literal = Expr::Literal(variable.value.clone(), None);
                let typed = Typed::new(literal, variable.data_type.clone(), variable.value.is_null());
                return self.fields(typed, fields).map(Some);
            }
        }
        Ok(None)
    }

    /// `df["x"]`: the column `x` of the relation with this plan id, wherever it is now.
    fn data_frame_column(&self, name: &[String], plan_id: i64, cx: Cx<'_>) -> Result<Typed> {
        let outputs = self.plan_outputs.borrow();
        let instances: &[Vec<Column>] = outputs.get(&plan_id).map_or(&[], Vec::as_slice);
        let mut named: Vec<(Column, usize)> = Vec::new();
        for columns in instances {
            let scope = crate::scope::Scope::new(columns.clone());
            if let Some(found) = scope.find(name, self.case_sensitive)?
                && !named.iter().any(|(known, _)| known.id == found.column.id)
            {
                named.push((found.column.clone(), found.fields));
            }
        }
        if named.is_empty() {
            return Err(not_of_this_data_frame(name));
        }
        let fields = named.first().map_or(0, |(_, fields)| *fields);
        let here: Vec<&Column> = named.iter().filter_map(|(column, _)| cx.rel.scope.by_id(column.id)).collect();
        match here.as_slice() {
            [] => self.elsewhere(name, &named, cx),
            [column] => self.fields(column.typed(), &name[name.len() - fields..]),
            several => match self.of_join_side(plan_id, several) {
                Some(column) => self.fields(column.typed(), &name[name.len() - fields..]),
                None => Err(AMBIGUOUS_COLUMN_REFERENCE.with("name", quote_parts(name))),
            },
        }
    }

    /// The only candidate from the side of a join that is the relation itself: `a.join(a.filter(…), a.id == …)`.
    fn of_join_side<'c>(&self, plan_id: i64, candidates: &[&'c Column]) -> Option<&'c Column> {
        let sides = self.join_sides.borrow();
        let mut direct = sides.iter().filter(|(side, _)| *side == plan_id);
        let (Some((_, ids)), None) = (direct.next(), direct.next()) else { return None };
        let mut found = candidates.iter().filter(|column| ids.contains(&column.id));
        match (found.next(), found.next()) {
            (Some(column), None) => Some(column),
            _ => None,
        }
    }

    /// A column of a DataFrame that is not in the input: an aggregate's alias, or a column of an outer query.
    fn elsewhere(&self, name: &[String], named: &[(Column, usize)], cx: Cx<'_>) -> Result<Typed> {
        let in_output = |item: &&Item| named.iter().any(|(column, _)| item.id == Some(column.id));
        if let Some(item) = cx.output.iter().find(in_output) {
            return Ok(item.value.clone());
        }
        let mut outer = cx.env.outer;
        while let Some(frame) = outer {
            if let Some((column, fields)) = named.iter().find(|(column, _)| frame.rel.scope.by_id(column.id).is_some())
            {
                let typed = outer_reference(column, frame.rel);
                return self.fields(typed, &name[name.len() - fields..]);
            }
            outer = frame.parent;
        }
        Err(not_of_this_data_frame(name))
    }
}

/// Whether two places of a plan are in the same query.
fn same_query(left: Option<&Outer<'_>>, right: Option<&Outer<'_>>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => std::ptr::eq(left.rel, right.rel),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// An argument of a SQL function as a subquery of its body sees it: its columns are those of an outer query.
fn from_inside(argument: &Typed, rel: &Rel) -> Result<Typed> {
    let outer = |expr: Expr| {
        let Expr::Column(column) = &expr else { return Ok(Transformed::no(expr)) };
        let Some(known) = rel.scope.columns.iter().find(|known| known.id.plan_name() == column.name) else {
            return Ok(Transformed::no(expr));
        };
        Ok(Transformed::yes(outer_reference(known, rel).expr))
    };
    let expr = argument.expr.clone().transform(outer).map_err(plan_error)?.data;
    Ok(Typed::new(expr, argument.data_type.clone(), argument.nullable))
}

fn is_grouped(typed: &Typed, cx: Cx<'_>) -> bool {
    cx.grouped.is_none_or(|grouped| grouped.keys.contains(&typed.expr))
}

fn outer_reference(column: &Column, rel: &Rel) -> Typed {
    let plan_column = PlanColumn::new_unqualified(column.id.plan_name());
    let field = match rel.schema().field_with_unqualified_name(&plan_column.name) {
        Ok(field) => Arc::clone(field),
        Err(_) => Arc::new(Field::new(&plan_column.name, to_engine_arrow(&column.data_type), column.nullable)),
    };
    Typed::new(Expr::OuterReferenceColumn(field, plan_column), column.data_type.clone(), column.nullable)
}

fn quote_parts(name: &[String]) -> String {
    format!("\"{}\"", name.join("."))
}

fn not_of_this_data_frame(name: &[String]) -> Error {
    CANNOT_RESOLVE_DATAFRAME_COLUMN.with("name", quote_parts(name))
}
