//! Expressions in the form that they have in Spark once their operands' types are known, for names: `date + 1` is
//! `date_add`, a timestamp with a zone prints in the session's zone.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::Expr as PlanExpr;
use hearth_plan::expression::{
    FrameBound, FrameUnit, FunctionCall, Subquery, SubqueryKind, SubquerySource, TypedLiteralKind, WindowSpec,
};
use hearth_plan::{Expr, ExprNode};
use hearth_types::datetime_text::write_timestamp;
use hearth_types::zone::Zone;
use hearth_types::{DataType, DayTimeField, Value};

use super::context::Cx;
use super::{chain, literal};
use crate::analyzer::Analyzer;
use crate::naming;

/// What `+` and `-` are for dates, times and intervals.
#[derive(Clone, Copy)]
enum Moved {
    /// `date + 1`, `date - 1`
    Days(&'static str),
    /// `1 + date`
    DaysBefore,
    /// `date + INTERVAL '1' DAY`
    IntervalDays,
    /// `date - INTERVAL '1' DAY`
    IntervalDaysBack,
    /// `INTERVAL '1' DAY + date`
    IntervalDaysBefore,
    /// Any other interval, behind the operand that it moves.
    Interval(&'static str),
    /// The same with the interval written first, and with a number written before the interval that it multiplies.
    Swapped(&'static str),
}

impl Analyzer<'_> {
    pub(crate) fn named_form(&self, expr: &Expr, cx: Cx<'_>) -> Expr {
        if self.is_plain_chain(expr, cx) {
            return self.named_chain(expr, cx);
        }
        let mut named = expr.clone();
        match &mut named.node {
            ExprNode::Function(call) => {
                if let Some(form) = self.named_call(call, cx) {
                    return form;
                }
            }
            ExprNode::Extract { child, extraction } => {
                let is_map = matches!(self.type_for_name(child, cx), Some(DataType::Map(_)));
                let shown = self.named_form(child, cx);
                if is_map {
                    return Expr::function("#map_value", vec![shown, extraction.as_ref().clone()]);
                }
                **child = shown;
            }
            // A cast of a DataFrame's field keeps the field's name.
            ExprNode::Cast { expr, .. } if matches!(expr.node, ExprNode::Attribute { plan_id: Some(_), .. }) => {}
            ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => **expr = self.named_form(expr, cx),
            ExprNode::Attribute { name, plan_id: Some(_), .. } => {
                if let (Some(path), Some(last)) = (self.path_text(name, cx), name.last()) {
                    named.node = ExprNode::Extension(format!("{path} AS {last}"));
                }
            }
            ExprNode::TypedLiteral { kind: TypedLiteralKind::Timestamp | TypedLiteralKind::TimestampLtz, text } => {
                if let Some(local) = local_text(text, cx) {
                    *text = local;
                }
            }
            ExprNode::Subquery(subquery) => {
                if let Some(text) = self.subquery_text(subquery, cx) {
                    named.node = ExprNode::Attribute { name: vec![text], plan_id: None, is_metadata: false };
                }
            }
            ExprNode::Attribute { name, plan_id: None, .. } => {
                if let (Some(text), Some(last)) = (self.special_name(name, cx), name.last_mut()) {
                    *last = text;
                } else if let Some(text) = self.path_text(name, cx).or_else(|| self.variable_shown(name, cx)) {
                    named.node = ExprNode::Extension(text);
                }
            }
            ExprNode::Lambda { .. } => self.lambda_shown(&mut named, cx),
            ExprNode::Identifier { name, arguments } => {
                if let Ok(written) = self.identified(name, arguments.as_deref(), cx.env) {
                    return self.named_form(&written, cx);
                }
            }
            ExprNode::Window(window) => {
                window.function = self.named_form(&window.function, cx);
                for key in &mut window.spec.partition {
                    *key = self.named_form(key, cx);
                }
                for key in &mut window.spec.order {
                    key.child = self.named_form(&key.child, cx);
                }
                if let Ok(spec) = self.named_window(&window.spec, cx.env.windows) {
                    window.spec = spec;
                }
                if let ExprNode::Window(written) = &expr.node {
                    self.cast_bounds(&mut window.spec, &written.spec, cx);
                }
            }
            _ => {}
        }
        named
    }

    fn subquery_text(&self, subquery: &Subquery, cx: Cx<'_>) -> Option<String> {
        let columns = self.outer_column_names(&subquery.source, cx).join(", ");
        match &subquery.kind {
            SubqueryKind::Scalar => Some(format!("scalarsubquery({columns})")),
            SubqueryKind::Exists => Some(format!("exists({columns})")),
            SubqueryKind::In { values } => {
                let mut shown = subquery.clone();
                shown.kind =
                    SubqueryKind::In { values: values.iter().map(|value| self.named_form(value, cx)).collect() };
                let shown = naming::sql(&Expr::new(ExprNode::Subquery(Box::new(shown))));
                Some(shown.replace("(listquery())", &format!("(listquery({columns}))")))
            }
            SubqueryKind::TableArgument { .. } => None,
        }
    }

    /// Puts a call's operands into their named forms; the whole form where it is another node.
    fn named_call(&self, call: &mut FunctionCall, cx: Cx<'_>) -> Option<Expr> {
        let moved = self.moved(call, cx);
        let routine = self.named_routine(call);
        let shown = self.shown_as(call, cx);
        self.spread_stars(call, cx);
        if let Some(routine) = routine.map(|before| self.named_routine(call).unwrap_or(before)) {
            *call = routine;
        }
        let collation = self.met_collation(call, cx);
        for argument in &mut call.arguments {
            *argument = self.named_form(argument, cx);
        }
        if let Some(marked) = collation.and_then(|collation| naming::collated::marked_by(call, &collation)) {
            *call = marked;
        }
        if let Some(filter) = &mut call.filter {
            *filter = self.named_form(filter, cx);
        }
        if let (Some(moved), [left, right]) = (moved, call.arguments.as_slice()) {
            return Some(moved_form(moved, left.clone(), right.clone()));
        }
        if let Some((name, count)) = shown {
            call.arguments.truncate(count);
            call.name = vec![name.to_owned()];
        }
        None
    }

    /// The operands of a chain in their named forms, from the last to the first.
    fn named_chain(&self, expr: &Expr, cx: Cx<'_>) -> Expr {
        let (levels, deepest) = chain::levels(expr);
        levels.into_iter().rev().fold(self.named_form(deepest, cx), |left, (level, call, right)| {
            let call = FunctionCall::new(call.name.clone(), vec![left, self.named_form(right, cx)]);
            Expr { node: ExprNode::Function(Box::new(call)), origin: level.origin.clone() }
        })
    }

    /// A star stands for the columns that it means, except where Spark counts rows.
    fn spread_stars(&self, call: &mut FunctionCall, cx: Cx<'_>) {
        if !call.arguments.iter().any(is_star) || counts_rows(call) {
            return;
        }
        let mut spread = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            match self.spread_star(argument, cx) {
                Ok(Some(columns)) => spread.extend(columns),
                _ => spread.push(argument.clone()),
            }
        }
        call.arguments = spread;
    }

    /// The outer columns that a subquery uses, as often as it uses them.
    fn outer_column_names(&self, source: &SubquerySource, cx: Cx<'_>) -> Vec<String> {
        let Ok(query) = self.subquery_rel(source, cx) else { return Vec::new() };
        let mut outer = Vec::new();
        let mut note = |expr: &PlanExpr| {
            if let PlanExpr::OuterReferenceColumn(_, column) = expr {
                outer.push(column.name.clone());
            }
            Ok(TreeNodeRecursion::Continue)
        };
        let _ = query.plan.apply(|node| node.apply_expressions(|expr| expr.apply(&mut note)));
        let name_of = |id: String| {
            let mut columns = cx.rel.scope.columns.iter().chain(&cx.rel.scope.hidden);
            columns.find(|known| known.id.plan_name() == id).map(|known| known.name.to_string())
        };
        outer.into_iter().filter_map(name_of).collect()
    }

    /// How a name prints that means another expression of the same list.
    fn special_name(&self, name: &[String], cx: Cx<'_>) -> Option<String> {
        let last = name.last()?;
        if cx.lambda.is_some() || !matches!(cx.rel.scope.find(name, self.case_sensitive), Ok(None)) {
            return None;
        }
        let aliased = |item: &crate::rel::Item| crate::scope::same_name(&item.name, &name[0], self.case_sensitive);
        // A variable that stands in the list by itself has no alias there.
        let variable = self.view.variable(name).map(|variable| PlanExpr::Literal(variable.value.clone(), None));
        let is_variable = |item: &crate::rel::Item| variable.as_ref().is_some_and(|value| item.value.expr == *value);
        let mut items = cx.output.iter().filter(|item| aliased(item));
        items.any(|item| !is_variable(item)).then(|| format!("lateralAliasReference({last})"))
    }

    /// Whether names or stars stand in an expression whose text is not the one that was written.
    pub(crate) fn has_named_parts(&self, expr: &Expr, cx: Cx<'_>) -> bool {
        match &expr.node {
            ExprNode::Attribute { name, plan_id, .. } => {
                let is_special = plan_id.is_none() && self.special_name(name, cx).is_some();
                is_special || self.path_text(name, cx).is_some()
            }
            ExprNode::Identifier { .. } => true,
            ExprNode::Lambda { body, .. } => self.has_named_parts(body, cx),
            ExprNode::Function(call) => {
                let counts = matches!(call.name.as_slice(), [name] if name.eq_ignore_ascii_case("count"));
                let star = call.arguments.iter().any(|argument| matches!(argument.node, ExprNode::Star { .. }));
                (star && (!counts || call.distinct))
                    || self.met_collation(call, cx).is_some()
                    || call.arguments.iter().chain(&call.filter).any(|child| self.has_named_parts(child, cx))
            }
            ExprNode::Subquery(subquery) => match &subquery.kind {
                SubqueryKind::In { values } => values.iter().any(|value| self.has_named_parts(value, cx)),
                SubqueryKind::Scalar | SubqueryKind::Exists | SubqueryKind::TableArgument { .. } => false,
            },
            ExprNode::Extract { child, .. } => self.has_named_parts(child, cx),
            ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => self.has_named_parts(expr, cx),
            ExprNode::Window(window) => {
                let order = window.spec.order.iter().map(|key| &key.child);
                let keys = window.spec.partition.iter().chain(order);
                let is_range = window.spec.frame.as_ref().is_some_and(|frame| frame.unit == FrameUnit::Range);
                is_range || std::iter::once(&window.function).chain(keys).any(|child| self.has_named_parts(child, cx))
            }
            _ => false,
        }
    }

    /// The bound of a range that is cast to the type of the key is no negation any more, which Spark would print as
    /// `PRECEDING`.
    fn cast_bounds(&self, shown: &mut WindowSpec, written: &WindowSpec, cx: Cx<'_>) {
        let (Some(frame), [key]) = (&mut shown.frame, written.order.as_slice()) else { return };
        if frame.unit != FrameUnit::Range {
            return;
        }
        let Some(key) = self.type_for_name(&key.child, cx) else { return };
        for bound in [&mut frame.lower, &mut frame.upper] {
            let FrameBound::Offset(offset) = bound else { continue };
            let text = naming::sql(offset);
            let Some(from) = self.type_for_name(offset, cx).filter(|from| from.is_numeric()) else { continue };
            let to = if key == DataType::Date { DataType::Integer } else { key.clone() };
            if text.starts_with("(- ") && to.is_numeric() && from != to {
                *offset = Expr::new(ExprNode::Extension(text));
            }
        }
    }

    fn type_for_name(&self, expr: &Expr, cx: Cx<'_>) -> Option<DataType> {
        Some(self.expression(expr, cx.nested()).ok()?.data_type)
    }

    fn moved(&self, call: &FunctionCall, cx: Cx<'_>) -> Option<Moved> {
        let ([name], [left, right]) = (call.name.as_slice(), call.arguments.as_slice()) else { return None };
        if name == "*" && is_interval_literal(right) {
            let scaled = !self.type_for_name(left, cx)?.is_interval();
            return scaled.then_some(Moved::Swapped("*"));
        }
        if name != "+" && name != "-" {
            return None;
        }
        let types = (self.type_for_name(left, cx)?, self.type_for_name(right, cx)?);
        let plus = name == "+";
        match types {
            (DataType::Date, number) if number.is_integral() => {
                Some(Moved::Days(if plus { "date_add" } else { "date_sub" }))
            }
            (number, DataType::Date) if plus && number.is_integral() => Some(Moved::DaysBefore),
            (DataType::Date, DataType::DayTimeInterval { end: DayTimeField::Day, .. }) => {
                Some(if plus { Moved::IntervalDays } else { Moved::IntervalDaysBack })
            }
            (DataType::Time { .. }, DataType::DayTimeInterval { .. }) => {
                Some(Moved::Interval(if plus { "#moved" } else { "#moved_back" }))
            }
            (DataType::Time { .. }, DataType::Time { .. }) if !plus => Some(Moved::Interval("#moved_back")),
            (DataType::DayTimeInterval { .. }, DataType::Time { .. }) if plus => Some(Moved::Swapped("#moved")),
            (DataType::DayTimeInterval { end: DayTimeField::Day, .. }, DataType::Date) if plus => {
                Some(Moved::IntervalDaysBefore)
            }
            (point, interval) if is_point(&point) && interval.is_interval() => {
                Some(Moved::Interval(if plus { "#moved" } else { "#moved_back" }))
            }
            (interval, point) if plus && interval.is_interval() && is_point(&point) => Some(Moved::Swapped("#moved")),
            (DataType::Timestamp | DataType::TimestampNtz, DataType::Null) if plus => Some(Moved::Interval("#moved")),
            (DataType::Null, DataType::Timestamp | DataType::TimestampNtz) if plus => Some(Moved::Swapped("#moved")),
            _ => None,
        }
    }

    /// The function that `to_char` turns into, and how many arguments it keeps.
    fn shown_as(&self, call: &FunctionCall, cx: Cx<'_>) -> Option<(&'static str, usize)> {
        let [name] = call.name.as_slice() else { return None };
        if !is_to_char(name) {
            return None;
        }
        let [value, format] = call.arguments.as_slice() else { return None };
        match self.type_for_name(value, cx)? {
            DataType::Date | DataType::Timestamp | DataType::TimestampNtz => Some(("date_format", 2)),
            DataType::Binary => match &format.node {
                ExprNode::Literal(Value::String(text)) if text.eq_ignore_ascii_case("base64") => Some(("base64", 1)),
                ExprNode::Literal(Value::String(text)) if text.eq_ignore_ascii_case("hex") => Some(("hex", 1)),
                _ => Some(("decode", 2)),
            },
            _ => None,
        }
    }
}

fn moved_form(moved: Moved, left: Expr, right: Expr) -> Expr {
    let days = |interval| Expr::function("extractansiintervaldays", vec![interval]);
    match moved {
        Moved::Days(name) | Moved::Interval(name) => Expr::function(name, vec![left, right]),
        Moved::Swapped(name) => Expr::function(name, vec![right, left]),
        Moved::IntervalDaysBefore => Expr::function("date_add", vec![right, days(left)]),
        Moved::DaysBefore => Expr::function("date_add", vec![right, left]),
        Moved::IntervalDays => Expr::function("date_add", vec![left, days(right)]),
        Moved::IntervalDaysBack => Expr::function("date_add", vec![left, Expr::function("-", vec![days(right)])]),
    }
}

/// What an interval moves; a text is read as a timestamp.
fn is_point(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date | DataType::Timestamp | DataType::TimestampNtz) || data_type.is_string()
}

fn is_interval_literal(expr: &Expr) -> bool {
    matches!(&expr.node, ExprNode::TypedLiteral { kind: TypedLiteralKind::Interval, .. })
}

/// A timestamp's text on the session's clock.
fn local_text(text: &str, cx: Cx<'_>) -> Option<String> {
    let value = literal::typed_literal_value(TypedLiteralKind::TimestampLtz, text, cx.env.settings).ok()?;
    let (Value::Timestamp(micros), Some(zone)) = (value, Zone::parse(&cx.env.settings.time_zone)) else { return None };
    let mut out = String::new();
    write_timestamp(&mut out, micros, &zone).ok()?;
    Some(out)
}

/// A star, also one that is still text.
fn is_star(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Star { .. } => true,
        ExprNode::SqlText(text) => text.trim() == "*",
        _ => false,
    }
}

/// `count(*)` is `count(1)`.
fn counts_rows(call: &FunctionCall) -> bool {
    matches!(call.name.as_slice(), [name] if name.eq_ignore_ascii_case("count")) && !call.distinct
}

fn is_to_char(name: &str) -> bool {
    name.eq_ignore_ascii_case("to_char") || name.eq_ignore_ascii_case("to_varchar")
}

/// Whether a name depends on the session or on the types of operands somewhere inside.
pub(crate) fn needs_types(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Function(call) => {
            let scaled = matches!(call.arguments.as_slice(), [_, right] if is_interval_literal(right));
            let own =
                matches!(call.name.as_slice(), [name] if name == "+" || name == "-" || is_to_char(name)) || scaled;
            own || call.arguments.iter().any(|argument| is_star(argument) || needs_types(argument))
                || call.filter.as_ref().is_some_and(needs_types)
        }
        ExprNode::Extract { extraction, .. } => matches!(extraction.node, ExprNode::Literal(_)),
        ExprNode::TypedLiteral { kind, .. } => {
            matches!(kind, TypedLiteralKind::Timestamp | TypedLiteralKind::TimestampLtz)
        }
        ExprNode::Window(window) => {
            let order = window.spec.order.iter().map(|key| &key.child);
            window.spec.base.is_some()
                || needs_types(&window.function)
                || window.spec.partition.iter().chain(order).any(needs_types)
        }
        ExprNode::Subquery(_) => true,
        ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => needs_types(expr),
        _ => false,
    }
}
