//! Output lists: stars, regex columns, aliases, generators, and the names that unnamed expressions get.

use std::cell::RefCell;
use std::sync::Arc;

use hearth_base::condition::{
    AMBIGUOUS_REFERENCE, CANNOT_RESOLVE_STAR_EXPAND, FIELD_NOT_FOUND, INVALID_USAGE_OF_STAR_OR_REGEX, NESTED_GENERATOR,
    NOT_A_SCALAR_FUNCTION, STAR_OF_NO_STRUCT,
};
use hearth_base::{Error, Result};
use hearth_functions::Typed;
use hearth_plan::{Expr, ExprNode};
use hearth_types::DataType;

use super::context::Cx;
use super::generator::table_only;
use super::named_form::needs_types;
use super::pipe;
use crate::analyzer::{Analyzer, located};
use crate::naming;
use crate::rel::Item;
use crate::relation::block::GeneratorStep;
use crate::scope::{Column, quote_name, same_name};

impl Analyzer<'_> {
    /// Types an output list. Later expressions may use the names of earlier ones.
    pub fn items(&self, expressions: &[Expr], cx: Cx<'_>) -> Result<(Vec<Item>, Vec<GeneratorStep>)> {
        let generators = RefCell::new(Vec::new());
        let mut items: Vec<Item> = Vec::with_capacity(expressions.len());
        for expr in expressions {
            let cx = Cx { output: &items, generators: Some(&generators), ..cx };
            let made = self.item(expr, cx).map_err(|error| whole_of_nested(error, expr));
            let more = located(expr.origin.as_ref(), made)?;
            items.extend(more);
        }
        Ok((items, generators.into_inner()))
    }

    pub(super) fn item(&self, expr: &Expr, cx: Cx<'_>) -> Result<Vec<Item>> {
        if let Some(part) = pipe::part(expr) {
            return self.pipe_item(part, cx);
        }
        match &expr.node {
            ExprNode::Star { target, plan_id, except } => self.star(target.as_deref(), *plan_id, except, cx),
            ExprNode::Regex { table, pattern, plan_id } => self.regex((table.as_deref(), pattern), *plan_id, cx),
            ExprNode::Alias { expr: child, names, metadata } => self.aliased(child, names, metadata.as_deref(), cx),
            ExprNode::SqlText(text) => {
                let parsed = self.dialect().parse_expression(text)?;
                self.item(&parsed, cx)
            }
            ExprNode::Attribute { .. } => Ok(vec![self.column_item(expr, cx)?]),
            ExprNode::Identifier { name, arguments } => {
                let written = self.identified(name, arguments.as_deref(), cx.env)?;
                match &written.node {
                    // A variable keeps its long name here.
                    ExprNode::Attribute { name, .. } if self.variable_shown(name, cx).is_some() => {
                        Ok(vec![self.unnamed(&written, cx)?])
                    }
                    _ => self.item(&Expr { origin: expr.origin.clone(), ..written }, cx),
                }
            }
            ExprNode::Function(call) if table_only(call).is_some() => {
                Err(NOT_A_SCALAR_FUNCTION.with("functionName", format!("`{}`", table_only(call).unwrap_or_default())))
            }
            ExprNode::Function(call) => match self.generator(call, expr, &[], cx)? {
                Some(items) => Ok(items),
                None => Ok(vec![self.unnamed(expr, cx)?]),
            },
            _ => Ok(vec![self.unnamed(expr, cx)?]),
        }
    }

    fn unnamed(&self, expr: &Expr, cx: Cx<'_>) -> Result<Item> {
        let typed = self.expression(expr, cx)?;
        let has_variables = !self.view.variables.is_empty() || !self.view.local_scopes.is_empty();
        let has_names = has_variables || !self.view.functions.is_empty();
        let name = if has_names || needs_types(expr) || self.has_named_parts(expr, cx) {
            naming::output_name(&self.named_form(expr, cx))
        } else {
            naming::output_name(expr)
        };
        let metadata = is_named_by_spark(expr).then(|| AUTO_GENERATED.into());
        Ok(Item { metadata, ..Item::named(typed, name) })
    }

    /// A name: a plain column keeps its id, qualifier and metadata, and takes the name as it was written.
    fn column_item(&self, expr: &Expr, cx: Cx<'_>) -> Result<Item> {
        let typed = self.expression(expr, cx)?;
        let name: Arc<str> = naming::output_name(expr).into();
        match self.column_of(&typed, cx) {
            Some(column) => Ok(Item { name, ..Item::column(column) }),
            None => Ok(Item::named(typed, name)),
        }
    }

    /// The column of the input that an expression just names.
    pub(crate) fn column_of<'c>(&self, typed: &Typed, cx: Cx<'c>) -> Option<&'c Column> {
        let datafusion::logical_expr::Expr::Column(plan_column) = &typed.expr else { return None };
        let columns = cx.rel.scope.columns.iter().chain(&cx.rel.scope.hidden);
        columns.into_iter().find(|column| column.id.plan_name() == plan_column.name)
    }

    fn aliased(&self, child: &Expr, names: &[String], metadata: Option<&str>, cx: Cx<'_>) -> Result<Vec<Item>> {
        if let ExprNode::Function(call) = &child.node
            && let Some(items) = self.generator(call, child, names, cx)?
        {
            return Ok(items);
        }
        let child = match &child.node {
            ExprNode::SqlText(text) => &self.dialect().parse_expression(text)?,
            _ => child,
        };
        let [name] = names else { return Err(several_names(child, names)) };
        let typed = self.expression(child, cx)?;
        let inherited = self.column_of(&typed, cx).and_then(|column| column.metadata.clone());
        let metadata = metadata.map(Arc::from).or(inherited);
        Ok(vec![Item { metadata, ..Item::named(typed, name.as_str()) }])
    }

    fn star(
        &self,
        target: Option<&[String]>,
        plan_id: Option<i64>,
        except: &[Vec<String>],
        cx: Cx<'_>,
    ) -> Result<Vec<Item>> {
        let items = match target {
            None => self.star_columns(plan_id, cx)?.iter().map(Item::column).collect(),
            Some(target) => match cx.rel.scope.star(target, self.case_sensitive) {
                Some(columns) => columns.into_iter().map(Item::column).collect(),
                None => self.struct_star(target, cx)?,
            },
        };
        self.without(items, except, cx)
    }

    /// All columns; with a plan id those that this relation had.
    fn star_columns(&self, plan_id: Option<i64>, cx: Cx<'_>) -> Result<Vec<Column>> {
        let Some(plan_id) = plan_id else { return Ok(cx.rel.scope.columns.clone()) };
        let outputs = self.plan_outputs.borrow();
        let here = |columns: &&Vec<Column>| columns.iter().all(|column| cx.rel.scope.by_id(column.id).is_some());
        match outputs.get(&plan_id).and_then(|instances| instances.iter().find(here)) {
            Some(columns) => Ok(columns.clone()),
            None => Err(hearth_base::condition::CANNOT_RESOLVE_DATAFRAME_COLUMN.with("name", "`*`")),
        }
    }

    /// `s.*` of a struct column.
    fn struct_star(&self, target: &[String], cx: Cx<'_>) -> Result<Vec<Item>> {
        let unknown = || {
            let parts: Vec<&str> = target.iter().map(String::as_str).collect();
            let columns: Vec<_> = cx.rel.scope.columns.iter().map(|column| quote_name(&[&column.name])).collect();
            CANNOT_RESOLVE_STAR_EXPAND.with("targetString", quote_name(&parts)).with("columns", columns.join(", "))
        };
        let typed = self.attribute(target, None, cx).map_err(|error| {
            let is_told = matches!(error.condition(), FIELD_NOT_FOUND | AMBIGUOUS_REFERENCE);
            if is_told { error } else { unknown() }
        })?;
        let DataType::Struct(structure) = typed.data_type.clone() else {
            return Err(STAR_OF_NO_STRUCT.with("attributes", format!("List({})", target.join(", "))));
        };
        let fields = structure.fields.iter();
        fields
            .map(|field| {
                let value = self.field(typed.clone(), &field.name)?;
                Ok(Item::named(value, Arc::clone(&field.name)))
            })
            .collect()
    }

    /// The columns of a star as expressions, for a star among a function's arguments.
    pub(crate) fn star_expressions(
        &self,
        target: Option<&[String]>,
        plan_id: Option<i64>,
        except: &[Vec<String>],
        cx: Cx<'_>,
    ) -> Result<Vec<Expr>> {
        let items = self.star(target, plan_id, except, cx)?;
        Ok(items
            .into_iter()
            .map(|item| {
                let mut name = item.qualifier.to_vec();
                name.push(item.name.to_string());
                Expr::new(ExprNode::Attribute { name, plan_id: None, is_metadata: false })
            })
            .collect())
    }

    fn regex(&self, (table, pattern): (Option<&str>, &str), plan_id: Option<i64>, cx: Cx<'_>) -> Result<Vec<Item>> {
        let pattern = pattern.trim_matches('`');
        let named = column_matcher(pattern, self.case_sensitive)?;
        let of_table = |column: &Column| {
            let last = column.qualifier.last();
            table.is_none_or(|table| last.is_some_and(|last| same_name(last, table, self.case_sensitive)))
        };
        // Spark does not look at the relation that `colRegex` was called on.
        let here = || cx.rel.scope.columns.clone();
        let columns = match table {
            Some(_) => here(),
            None => self.star_columns(plan_id, cx).unwrap_or_else(|_| here()),
        };
        Ok(columns.iter().filter(|column| of_table(column) && named(&column.name)).map(Item::column).collect())
    }
}

impl Analyzer<'_> {
    /// A regular expression inside of another expression: fine where it means one column.
    pub(super) fn only_of_regex(&self, regex: (Option<&str>, &str), plan_id: Option<i64>, cx: Cx<'_>) -> Result<Typed> {
        let mut items = self.regex(regex, plan_id, cx)?;
        match (items.pop(), items.is_empty()) {
            (Some(item), true) => Ok(item.value),
            (_, _) => Err(INVALID_USAGE_OF_STAR_OR_REGEX
                .with("elem", format!("regular expression '{}'", regex.1.trim_matches('`')))
                .with("prettyName", "expression")),
        }
    }
}

/// What Spark notes of a name that it made itself (`AliasResolution`).
const AUTO_GENERATED: &str = r#"{"__autoGeneratedAlias":"true"}"#;

/// Spark marks the names it makes, but for constants, fields and elements of columns, and casts of columns.
fn is_named_by_spark(expr: &Expr) -> bool {
    let is_column = |expr: &Expr| matches!(expr.node, ExprNode::Attribute { .. });
    match &expr.node {
        ExprNode::Literal(_) | ExprNode::TypedLiteral { .. } | ExprNode::Attribute { .. } => false,
        ExprNode::Cast { expr, .. } => !is_column(expr),
        ExprNode::Extract { child, .. } => {
            let mut below = child;
            while let ExprNode::Extract { child, .. } = &below.node {
                below = child;
            }
            !is_column(below)
        }
        _ => true,
    }
}

/// A generator inside of another expression: the error names all of it.
fn whole_of_nested(error: Error, expr: &Expr) -> Error {
    if error.condition() != NESTED_GENERATOR {
        return error;
    }
    let whole = match &expr.node {
        ExprNode::Alias { expr, .. } => expr,
        _ => expr,
    };
    NESTED_GENERATOR.with("expression", format!("\"{}\"", naming::sql(whole)))
}

/// Whether a name is all of a pattern. `(a|b)?+.+`, everything but `a` and `b`, is Java's and Hive's idiom: its first
/// group takes what it can and gives nothing back.
fn column_matcher(pattern: &str, case_sensitive: bool) -> Result<impl Fn(&str) -> bool> {
    let compiled = |start: &str, pattern: &str, end: &str| {
        let prefix = if case_sensitive { "" } else { "(?i)" };
        regex::Regex::new(&format!("{prefix}{start}(?:{pattern}){end}")).map_err(Error::internal)
    };
    let (taken, rest) = match pattern.split_once("?+") {
        Some((group, rest)) if group.starts_with('(') && group.ends_with(')') && !rest.is_empty() => {
            (Some(compiled("^", group, "")?), compiled("^", rest, "$")?)
        }
        _ => (None, compiled("^", pattern, "$")?),
    };
    Ok(move |name: &str| {
        let skipped = taken.as_ref().and_then(|taken| taken.find(name)).map_or(0, |found| found.end());
        rest.is_match(&name[skipped..])
    })
}

fn several_names(child: &Expr, names: &[String]) -> Error {
    hearth_base::condition::MULTI_ALIAS_WITHOUT_GENERATOR
        .with("expr", format!("\"{}\"", naming::sql(child)))
        .with("names", names.join(", "))
}

pub(crate) fn misplaced_star() -> Result<Typed> {
    Err(INVALID_USAGE_OF_STAR_OR_REGEX.with("elem", "'*'").with("prettyName", "expression"))
}
