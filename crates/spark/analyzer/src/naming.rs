//! The names Spark gives: of unnamed columns, and of expressions in errors.
//!
//! Both are made from the expression as written. Source: `toPrettySQL`, `Expression.sql` and the `prettyName`s of Spark;
//! the tests hold names recorded from Spark 4.2.

mod call;
mod chain;
pub(crate) mod collated;
mod literal;
pub(crate) mod variable;

use hearth_plan::expression::{
    FrameBound, FrameUnit, NullOrdering, SortDirection, SortOrder, SubqueryKind, TypeRef, Window, WindowFrame,
    WindowSpec,
};
use hearth_plan::{Expr, ExprNode};
use hearth_types::{DataType, Value};

pub(crate) use chain::infix;

use crate::expression::variant_path::path_name;
use crate::scope::FILE_METADATA;

/// Stands before the whole name of a SQL function in the form of its call that is made for names.
pub(crate) const ROUTINE: &str = "#routine";

/// The name of an unnamed column.
pub(crate) fn output_name(expr: &Expr) -> String {
    match &expr.node {
        ExprNode::Attribute { name, .. } | ExprNode::LambdaVariable { name } => {
            name.last().cloned().unwrap_or_default()
        }
        ExprNode::Alias { names, .. } => names.join(", "),
        // A cast of a column keeps the column's name.
        ExprNode::Cast { expr: child, .. } => match &child.node {
            ExprNode::Attribute { .. } | ExprNode::Cast { .. } | ExprNode::Function(_) if is_named(child) => {
                output_name(child)
            }
            _ => sql(expr),
        },
        ExprNode::Function(call) if path_name(call).is_some() => path_name(call).unwrap_or_default(),
        ExprNode::Function(call) if call::is_cast(call) && call.arguments.first().is_some_and(is_named) => {
            call.arguments.first().map(output_name).unwrap_or_default()
        }
        ExprNode::SqlText(text) => match hearth_sql::parse_expression(text) {
            Ok(parsed) => output_name(&parsed),
            Err(_) => text.clone(),
        },
        _ => sql(expr),
    }
}

/// The name of an argument as a struct field, when it has one.
pub(crate) fn field_name(expr: &Expr) -> Option<String> {
    match &expr.node {
        ExprNode::Alias { names, .. } => names.first().cloned(),
        ExprNode::Attribute { name, .. } | ExprNode::LambdaVariable { name } => name.last().cloned(),
        ExprNode::Extract { extraction, .. } => match &extraction.node {
            ExprNode::Literal(Value::String(text)) => Some(text.to_string()),
            _ => None,
        },
        ExprNode::SqlText(text) => field_name(&hearth_sql::parse_expression(text).ok()?),
        _ => None,
    }
}

fn is_named(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Attribute { .. } => true,
        ExprNode::Cast { expr, .. } => is_named(expr),
        ExprNode::Function(call) => path_name(call).is_some(),
        _ => false,
    }
}

/// The text of an expression.
pub fn sql(expr: &Expr) -> String {
    match &expr.node {
        ExprNode::Literal(value) => literal::plain(value),
        ExprNode::TypedLiteral { kind, text } => literal::typed(*kind, text),
        ExprNode::Attribute { name, .. } => match name.iter().position(|part| part == FILE_METADATA) {
            Some(first) => name[first..].join("."),
            None => name.last().cloned().unwrap_or_default(),
        },
        ExprNode::Star { target, .. } => match target {
            Some(target) => format!("{}.*", target.join(".")),
            None => "*".to_owned(),
        },
        ExprNode::Regex { pattern, .. } => pattern.clone(),
        ExprNode::Function(function) => call::sql(function),
        ExprNode::Alias { expr, names, .. } => {
            format!("{} AS {}", sql(expr), hearth_types::ddl::quote_if_needed(&names.join(", ")))
        }
        // Spark loses track of who wrote a cast to a nested type, and prints it as it prints its own: not at all.
        ExprNode::Cast { expr, to, .. } if is_nested(to) => sql(expr),
        ExprNode::Cast { expr, to, mode } => {
            let word = if *mode == hearth_plan::expression::CastMode::Try { "TRY_CAST" } else { "CAST" };
            format!("{word}({} AS {})", sql(expr), type_text(to))
        }
        ExprNode::SortOrder(order) => sort_order(order),
        ExprNode::Lambda { body, arguments } => {
            let parameters: Vec<_> = arguments.iter().map(|_| ", namedlambdavariable()").collect();
            format!("lambdafunction({}{})", lambda_body(body, arguments), parameters.concat())
        }
        ExprNode::LambdaVariable { .. } => "namedlambdavariable()".to_owned(),
        ExprNode::Window(window) => window_sql(window),
        ExprNode::Extract { child, extraction } => extract_sql(child, extraction),
        ExprNode::UpdateField { .. } => update_fields(expr),
        ExprNode::Subquery(subquery) => match &subquery.kind {
            SubqueryKind::Scalar => "scalarsubquery()".to_owned(),
            SubqueryKind::Exists => "exists()".to_owned(),
            SubqueryKind::In { values } => match values.as_slice() {
                [value] => format!("({} IN (listquery()))", sql(value)),
                values => {
                    let named: Vec<_> = values
                        .iter()
                        .map(|value| format!("'{}', {}", field_name(value).unwrap_or_else(|| sql(value)), sql(value)))
                        .collect();
                    format!("(named_struct({}) IN (listquery()))", named.join(", "))
                }
            },
            SubqueryKind::TableArgument { .. } => "functiontablesubqueryargumentexpression()".to_owned(),
        },
        ExprNode::NamedArgument { key, value } => format!("{key} => {}", sql(value)),
        ExprNode::SqlText(text) => match hearth_sql::parse_expression(text) {
            Ok(parsed) => sql(&parsed),
            Err(_) => text.clone(),
        },
        ExprNode::NamedParameter(name) => format!(":{name}"),
        ExprNode::PositionalParameter(_) => "?".to_owned(),
        ExprNode::Identifier { name, arguments } => identifier_sql(name, arguments.as_deref()),
        ExprNode::Default => "DEFAULT".to_owned(),
        ExprNode::InlineUdf(function) => {
            format!("{}({})", function.name, list(&function.arguments))
        }
        ExprNode::MergeAction(_) => "merge action".to_owned(),
        ExprNode::TypedAggregate => "typed aggregate".to_owned(),
        ExprNode::DirectShufflePartitionId(expr) => format!("direct_shuffle_partition_id({})", sql(expr)),
        ExprNode::Extension(type_url) => type_url.clone(),
    }
}

/// A chain of updates prints as one, the first of them first.
fn update_fields(expr: &Expr) -> String {
    let (mut innermost, mut steps) = (expr, Vec::new());
    while let ExprNode::UpdateField { structure, value, .. } = &innermost.node {
        steps.push(
            value.as_ref().map_or_else(|| "dropfield()".to_owned(), |value| format!("WithField({})", sql(value))),
        );
        innermost = structure;
    }
    steps.push(sql(innermost));
    steps.reverse();
    format!("update_fields({})", steps.join(", "))
}

fn identifier_sql(name: &Expr, arguments: Option<&[Expr]>) -> String {
    let text = match &name.node {
        ExprNode::Literal(Value::String(text)) => text.to_string(),
        _ => sql(name),
    };
    match arguments {
        Some(arguments) => format!("{text}({})", list(arguments)),
        None => text,
    }
}

/// The text of a call whose lambdas are not bound yet: their parameters print by their names.
pub(crate) fn unbound(expr: &Expr) -> String {
    let mut expr = expr.clone();
    if let ExprNode::Function(function) = &mut expr.node {
        let arguments = &mut function.arguments;
        match (function.name.last().map(|name| name.to_lowercase()).as_deref(), arguments.len()) {
            (Some("array_sort"), 1) => {
                return format!("array_sort({}, {})", list(arguments), call::UNBOUND_COMPARATOR);
            }
            (Some("aggregate" | "reduce"), 3) => {
                arguments.push(Expr::function("lambdafunction", vec![Expr::column("id"), Expr::column("id")]))
            }
            _ => {}
        }
        arguments.iter_mut().for_each(unbind);
    }
    sql(&expr)
}

fn unbind(expr: &mut Expr) {
    if let ExprNode::Lambda { body, arguments } = &mut expr.node {
        let mut printed = vec![(**body).clone()];
        printed.iter_mut().for_each(unmark_variables);
        printed.extend(arguments.iter().map(Expr::column));
        expr.node = Expr::function("lambdafunction", printed).node;
    }
}

fn unmark_variables(expr: &mut Expr) {
    match &mut expr.node {
        ExprNode::LambdaVariable { name } => *expr = Expr::column(name.join(".")),
        ExprNode::Function(call) => call.arguments.iter_mut().for_each(unmark_variables),
        ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => unmark_variables(expr),
        _ => {}
    }
}

/// A lambda's body: a use of a parameter prints as `namedlambdavariable()`, also where it was written as a plain name.
fn lambda_body(body: &Expr, parameters: &[String]) -> String {
    let mut body = body.clone();
    mark_variables(&mut body, parameters);
    sql(&body)
}

fn mark_variables(expr: &mut Expr, parameters: &[String]) {
    if let ExprNode::Attribute { name, .. } = &expr.node
        && let [only] = name.as_slice()
        && parameters.iter().any(|parameter| parameter.eq_ignore_ascii_case(only))
    {
        expr.node = ExprNode::LambdaVariable { name: name.clone() };
        return;
    }
    match &mut expr.node {
        ExprNode::Function(call) => call.arguments.iter_mut().for_each(|child| mark_variables(child, parameters)),
        ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } => mark_variables(expr, parameters),
        ExprNode::Extract { child, extraction } => {
            mark_variables(child, parameters);
            mark_variables(extraction, parameters);
        }
        ExprNode::Lambda { body, .. } => mark_variables(body, parameters),
        _ => {}
    }
}

fn extract_sql(child: &Expr, extraction: &Expr) -> String {
    match &extraction.node {
        ExprNode::Literal(Value::String(name)) => format!("{}.{name}", sql(child)),
        _ => format!("{}[{}]", sql(child), sql(extraction)),
    }
}

pub(crate) fn list(expressions: &[Expr]) -> String {
    expressions.iter().map(sql).collect::<Vec<_>>().join(", ")
}

fn type_text(reference: &TypeRef) -> String {
    match reference {
        TypeRef::Known(data_type) => known_type_text(data_type),
        TypeRef::Text(text) => match hearth_types::ddl::parse_data_type(text) {
            Ok(data_type) => known_type_text(&data_type),
            Err(_) => text.clone(),
        },
    }
}

/// Outside of tables `char(n)` and `varchar(n)` are strings.
fn known_type_text(data_type: &DataType) -> String {
    match data_type {
        DataType::Char { .. } | DataType::VarChar { .. } => DataType::STRING.sql(),
        other => other.sql(),
    }
}

fn is_nested(reference: &TypeRef) -> bool {
    let nested =
        |data_type: &DataType| matches!(data_type, DataType::Array(_) | DataType::Map(_) | DataType::Struct(_));
    match reference {
        TypeRef::Known(data_type) => nested(data_type),
        TypeRef::Text(text) => hearth_types::ddl::parse_data_type(text).is_ok_and(|data_type| nested(&data_type)),
    }
}

pub(crate) fn sort_order(order: &SortOrder) -> String {
    let ascending = order.direction == SortDirection::Ascending;
    let first = match order.nulls {
        NullOrdering::Default => ascending,
        NullOrdering::First => true,
        NullOrdering::Last => false,
    };
    let direction = if ascending { "ASC" } else { "DESC" };
    format!("{} {direction} NULLS {}", sql(&order.child), if first { "FIRST" } else { "LAST" })
}

fn window_sql(window: &Window) -> String {
    format!("{} OVER ({})", sql(&window.function), window_spec(window))
}

fn window_spec(window: &Window) -> String {
    let spec: &WindowSpec = &window.spec;
    let mut parts = Vec::new();
    if !spec.partition.is_empty() {
        parts.push(format!("PARTITION BY {}", list(&spec.partition)));
    }
    if !spec.order.is_empty() {
        let order: Vec<_> = spec.order.iter().map(sort_order).collect();
        parts.push(format!("ORDER BY {}", order.join(", ")));
    }
    parts.push(frame_sql(window));
    parts.join(" ")
}

fn frame_sql(window: &Window) -> String {
    let function = match &window.function.node {
        ExprNode::Function(call) => call.name.last().map(|name| name.to_ascii_lowercase()).unwrap_or_default(),
        _ => String::new(),
    };
    if let Some(offset) = offset_of(&window.function, &function) {
        return format!("ROWS BETWEEN {offset} FOLLOWING AND {offset} FOLLOWING");
    }
    let Some(frame) = &window.spec.frame else {
        let ranking = matches!(function.as_str(), "row_number" | "rank" | "dense_rank" | "percent_rank" | "ntile");
        return match (window.spec.order.is_empty(), ranking) {
            (true, false) => "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING".to_owned(),
            (_, true) => "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW".to_owned(),
            (false, false) => "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW".to_owned(),
        };
    };
    frame_of(frame)
}

fn frame_of(frame: &WindowFrame) -> String {
    let unit = match frame.unit {
        FrameUnit::Rows => "ROWS",
        FrameUnit::Range => "RANGE",
    };
    format!("{unit} BETWEEN {} AND {}", bound_sql(&frame.lower), bound_sql(&frame.upper))
}

/// The frame of a window as written.
pub(crate) fn frame_text(spec: &WindowSpec) -> String {
    spec.frame.as_ref().map(frame_of).unwrap_or_default()
}

/// `lag` and `lead` print their offset as their frame.
fn offset_of(function: &Expr, name: &str) -> Option<String> {
    let ExprNode::Function(call) = &function.node else { return None };
    let offset = call.arguments.get(1).map_or_else(|| "1".to_owned(), sql);
    match name {
        "lead" => Some(offset),
        "lag" => Some(match offset.strip_prefix('-') {
            Some(positive) => positive.to_owned(),
            None => format!("-{offset}"),
        }),
        _ => None,
    }
}

fn bound_sql(bound: &FrameBound) -> String {
    match bound {
        FrameBound::CurrentRow => "CURRENT ROW".to_owned(),
        FrameBound::UnboundedPreceding => "UNBOUNDED PRECEDING".to_owned(),
        FrameBound::UnboundedFollowing => "UNBOUNDED FOLLOWING".to_owned(),
        FrameBound::Offset(offset) => {
            let negated = match &offset.node {
                ExprNode::Function(call) if call.name.last().is_some_and(|name| name == "-" || name == "negative") => {
                    call.arguments.first().filter(|_| call.arguments.len() == 1).map(sql)
                }
                _ => None,
            };
            if let Some(text) = negated {
                return format!("{text} PRECEDING");
            }
            let text = sql(offset);
            // A client's offset is a literal with its sign; Spark prints it as it came.
            match text.strip_prefix('-').filter(|_| !matches!(offset.node, ExprNode::Literal(_))) {
                Some(positive) => format!("{positive} PRECEDING"),
                None => format!("{text} FOLLOWING"),
            }
        }
    }
}
