//! Expressions of a plan that is not resolved, as Spark prints them in plans: `('id > 1)`, `'sum('v) AS x#0`.

use hearth_plan::expression::{
    FunctionCall, NullOrdering, SortDirection, SortOrder, Subquery, SubqueryKind, SubquerySource, TypeRef,
};
use hearth_plan::{Expr, ExprNode, Relation};
use hearth_types::Value;

use crate::effects::literal_text;

/// Operators between two operands.
const BETWEEN: [(&str, &str); 22] = [
    ("==", "="),
    ("=", "="),
    ("<=>", "<=>"),
    ("<", "<"),
    (">", ">"),
    ("<=", "<="),
    (">=", ">="),
    ("and", "AND"),
    ("or", "OR"),
    ("+", "+"),
    ("-", "-"),
    ("*", "*"),
    ("/", "/"),
    ("%", "%"),
    ("&", "&"),
    ("|", "|"),
    ("^", "^"),
    ("div", "div"),
    ("<<", "<<"),
    (">>", ">>"),
    (">>>", ">>>"),
    ("||", "||"),
];

/// A text, and whether nothing in it is unresolved.
#[derive(Debug, Clone, Default)]
pub struct Text {
    pub text: String,
    pub resolved: bool,
}

/// The texts with commas between them.
pub fn joined(texts: &[Text]) -> Text {
    let resolved = texts.iter().all(|text| text.resolved);
    Text { text: texts.iter().map(|text| text.text.as_str()).collect::<Vec<_>>().join(", "), resolved }
}

/// Writes expressions; counts the ids that Spark would give, and gathers the plans of subqueries.
#[derive(Debug, Default)]
pub struct Writer {
    next: usize,
    pub subqueries: Vec<Relation>,
}

impl Writer {
    fn id(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    pub fn list(&mut self, exprs: &[Expr]) -> Text {
        let texts: Vec<_> = exprs.iter().map(|expr| self.text(expr)).collect();
        joined(&texts)
    }

    /// As `list`, for outputs: what has no name yet gets one later.
    pub fn named_list(&mut self, exprs: &[Expr]) -> Text {
        let texts: Vec<_> = exprs.iter().map(|expr| self.named(expr)).collect();
        joined(&texts)
    }

    fn named(&mut self, expr: &Expr) -> Text {
        match &expr.node {
            ExprNode::Attribute { .. } | ExprNode::Star { .. } | ExprNode::Alias { .. } | ExprNode::Regex { .. } => {
                self.text(expr)
            }
            ExprNode::SqlText(sql) => match hearth_sql::parse_expression(sql) {
                Ok(parsed) => self.named(&parsed),
                Err(_) => self.text(expr),
            },
            _ => Text { text: format!("unresolvedalias({})", self.text(expr).text), resolved: false },
        }
    }

    pub fn order(&mut self, order: &SortOrder) -> Text {
        let Text { text, resolved } = self.text(&order.child);
        let ascending = order.direction == SortDirection::Ascending;
        let first = match order.nulls {
            NullOrdering::Default => ascending,
            NullOrdering::First => true,
            NullOrdering::Last => false,
        };
        let (direction, nulls) = (if ascending { "ASC" } else { "DESC" }, if first { "FIRST" } else { "LAST" });
        Text { text: format!("{text} {direction} NULLS {nulls}"), resolved }
    }

    pub fn text(&mut self, expr: &Expr) -> Text {
        let unresolved = |text: String| Text { text, resolved: false };
        match &expr.node {
            ExprNode::Literal(value) => Text { text: plain(value), resolved: true },
            ExprNode::TypedLiteral { text, .. } => Text { text: text.clone(), resolved: true },
            ExprNode::Attribute { name, .. } => unresolved(format!("'{}", name.join("."))),
            ExprNode::LambdaVariable { name } => unresolved(format!("lambda 'x_{}", name.join("."))),
            ExprNode::Star { target: Some(target), .. } => unresolved(format!("{}.*", target.join("."))),
            ExprNode::Star { target: None, .. } => unresolved("*".to_owned()),
            ExprNode::Regex { pattern, .. } => unresolved(format!("'{pattern}")),
            ExprNode::Function(call) => self.call(call),
            ExprNode::Alias { expr, names, .. } => {
                let Text { text, resolved } = self.text(expr);
                let id = self.id();
                Text { text: format!("{text} AS {}#{id}", names.join(", ")), resolved }
            }
            ExprNode::Cast { expr, to, .. } => {
                let Text { text, resolved } = self.text(expr);
                let to = match to {
                    TypeRef::Known(data_type) => data_type.simple_string(),
                    TypeRef::Text(text) => text.to_lowercase(),
                };
                Text { text: format!("cast({text} as {to})"), resolved }
            }
            ExprNode::SortOrder(order) => self.order(order),
            ExprNode::Lambda { body, arguments } => {
                let Text { text, .. } = self.text(body);
                let names: Vec<_> = arguments.iter().map(|name| format!("lambda 'x_{name}")).collect();
                unresolved(format!("lambdafunction({text}, {}, false)", names.join(", ")))
            }
            ExprNode::Window(window) => {
                let function = self.text(&window.function).text;
                let partition = self.list(&window.spec.partition).text;
                let orders: Vec<_> = window.spec.order.iter().map(|order| self.order(order)).collect();
                let order = joined(&orders).text;
                let parts = [partition, order].into_iter().filter(|part| !part.is_empty());
                let parts = parts.chain(["unspecifiedframe$()".to_owned()]).collect::<Vec<_>>().join(", ");
                unresolved(format!("{function} windowspecdefinition({parts})"))
            }
            ExprNode::Extract { child, extraction } => {
                unresolved(format!("{}[{}]", self.text(child).text, self.text(extraction).text))
            }
            ExprNode::Subquery(subquery) => self.subquery(subquery),
            ExprNode::NamedArgument { key, value } => unresolved(format!("{key} => {}", self.text(value).text)),
            ExprNode::SqlText(sql) => match hearth_sql::parse_expression(sql) {
                Ok(parsed) => self.text(&parsed),
                Err(_) => unresolved(sql.clone()),
            },
            ExprNode::NamedParameter(name) => unresolved(format!("namedparameter({name})")),
            ExprNode::PositionalParameter(place) => unresolved(format!("posparameter({place})")),
            ExprNode::InlineUdf(udf) => unresolved(format!("'{}({})", udf.name, self.list(&udf.arguments).text)),
            ExprNode::UpdateField { .. }
            | ExprNode::Identifier { .. }
            | ExprNode::Default
            | ExprNode::MergeAction(_)
            | ExprNode::TypedAggregate
            | ExprNode::DirectShufflePartitionId(_)
            | ExprNode::Extension(_) => unresolved("'expression".to_owned()),
        }
    }

    fn call(&mut self, call: &FunctionCall) -> Text {
        let name = call.name.join(".");
        let lower = name.to_lowercase();
        if let [left, right] = call.arguments.as_slice()
            && let Some((_, sign)) = BETWEEN.iter().find(|(known, _)| *known == lower)
        {
            let (left, right) = (self.text(left), self.text(right));
            let resolved = left.resolved && right.resolved;
            return Text { text: format!("({} {sign} {})", left.text, right.text), resolved };
        }
        let arguments: Vec<_> = call.arguments.iter().map(|argument| self.text(argument)).collect();
        let Text { text, resolved } = joined(&arguments);
        match (lower.as_str(), arguments.as_slice()) {
            ("not" | "!", [only]) => Text { text: format!("NOT {}", only.text), resolved },
            ("-" | "negative", [only]) => Text { text: format!("-{}", only.text), resolved },
            ("isnull" | "isnotnull", [_]) => Text { text: format!("{lower}({text})"), resolved },
            ("in", [value, rest @ ..]) => {
                let list: Vec<_> = rest.iter().map(|text| text.text.as_str()).collect();
                Text { text: format!("{} IN ({})", value.text, list.join(",")), resolved }
            }
            ("like" | "rlike" | "ilike", [value, pattern]) => {
                let word = lower.to_uppercase();
                Text { text: format!("{} {word} {}", value.text, pattern.text), resolved }
            }
            ("when", parts) => Text { text: case(parts), resolved },
            ("count", [only]) if only.text == "*" => Text { text: "'count(1)".to_owned(), resolved: false },
            _ => {
                let distinct = if call.distinct { "distinct " } else { "" };
                Text { text: format!("'{name}({distinct}{text})"), resolved: false }
            }
        }
    }

    fn subquery(&mut self, subquery: &Subquery) -> Text {
        if let SubquerySource::Inline(relation) = &subquery.source {
            self.subqueries.push(relation.as_ref().clone());
        }
        let id = self.id();
        let text = match &subquery.kind {
            SubqueryKind::Scalar => format!("scalar-subquery#{id} []"),
            SubqueryKind::Exists => format!("exists#{id} []"),
            SubqueryKind::In { values } => format!("{} IN (list#{id} [])", self.list(values).text),
            SubqueryKind::TableArgument { .. } => format!("table-argument#{id} []"),
        };
        Text { text, resolved: false }
    }
}

/// Conditions and values in turn, the rest last.
fn case(parts: &[Text]) -> String {
    let mut out = "CASE".to_owned();
    for pair in parts.chunks(2) {
        match pair {
            [condition, value] => {
                out.push_str(" WHEN ");
                out.push_str(&condition.text);
                out.push_str(" THEN ");
                out.push_str(&value.text);
            }
            [otherwise] => {
                out.push_str(" ELSE ");
                out.push_str(&otherwise.text);
            }
            _ => {}
        }
    }
    out.push_str(" END");
    out
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null(_) => "null".to_owned(),
        Value::String(text) => text.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Byte(value) => value.to_string(),
        Value::Short(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Long(value) => value.to_string(),
        other => literal_text(other).unwrap_or_default(),
    }
}
