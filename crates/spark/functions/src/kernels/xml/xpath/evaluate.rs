//! XPath expressions over a document: node sets, numbers, texts and booleans, and how they turn into each other.

use hearth_base::{Error, Result};

use super::document::{Document, Kind, NodeId, ROOT};
use super::function;
use super::parse::{Axis, Expr, Op, Start, Step, Test};

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// In document order, each once.
    Nodes(Vec<NodeId>),
    Number(f64),
    Text(String),
    Boolean(bool),
}

impl Value {
    pub fn boolean(&self, _document: &Document) -> bool {
        match self {
            Self::Nodes(nodes) => !nodes.is_empty(),
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Boolean(value) => *value,
        }
    }

    pub fn string(&self, document: &Document) -> String {
        match self {
            Self::Nodes(nodes) => nodes.first().map(|node| document.string(*node)).unwrap_or_default(),
            Self::Number(number) => number_text(*number),
            Self::Text(text) => text.clone(),
            Self::Boolean(value) => value.to_string(),
        }
    }

    pub fn number(&self, document: &Document) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Boolean(value) => f64::from(u8::from(*value)),
            Self::Nodes(_) | Self::Text(_) => text_number(&self.string(document)),
        }
    }
}

fn number_text(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    // Negative zero is zero.
    if number == 0.0 { "0".to_owned() } else { number.to_string() }
}

pub fn text_number(text: &str) -> f64 {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}

/// Where an expression stands.
#[derive(Clone, Copy)]
pub struct Context<'d> {
    pub document: &'d Document,
    pub node: NodeId,
    /// From 1.
    pub position: usize,
    pub size: usize,
}

pub fn evaluate(expr: &Expr, document: &Document) -> Result<Value> {
    Context { document, node: ROOT, position: 1, size: 1 }.value(expr)
}

impl Context<'_> {
    pub fn value(self, expr: &Expr) -> Result<Value> {
        match expr {
            Expr::Number(number) => Ok(Value::Number(*number)),
            Expr::Text(text) => Ok(Value::Text(text.clone())),
            Expr::Negate(inner) => Ok(Value::Number(-self.value(inner)?.number(self.document))),
            Expr::Call(name, arguments) => function::call(name, arguments, self),
            Expr::Binary(op, left, right) => self.binary(*op, left, right),
            Expr::Filter(inner, predicates) => {
                let nodes = self.nodes(inner)?;
                predicates.iter().try_fold(nodes, |nodes, predicate| self.filter(nodes, predicate)).map(Value::Nodes)
            }
            Expr::Path(start, steps) => {
                let mut nodes = match start {
                    Start::Root => vec![ROOT],
                    Start::Context => vec![self.node],
                    Start::Expr(inner) => self.nodes(inner)?,
                };
                for step in steps {
                    nodes = self.step(&nodes, step)?;
                }
                Ok(Value::Nodes(nodes))
            }
        }
    }

    pub fn nodes(self, expr: &Expr) -> Result<Vec<NodeId>> {
        match self.value(expr)? {
            Value::Nodes(nodes) => Ok(nodes),
            Value::Number(_) | Value::Text(_) | Value::Boolean(_) => {
                Err(Error::unsupported("an XPath over something that is no set of nodes"))
            }
        }
    }

    fn binary(self, op: Op, left: &Expr, right: &Expr) -> Result<Value> {
        let number = |expr: &Expr| Ok::<_, Error>(self.value(expr)?.number(self.document));
        let truth = |expr: &Expr| Ok::<_, Error>(self.value(expr)?.boolean(self.document));
        Ok(match op {
            Op::Or => Value::Boolean(truth(left)? || truth(right)?),
            Op::And => Value::Boolean(truth(left)? && truth(right)?),
            Op::Add => Value::Number(number(left)? + number(right)?),
            Op::Subtract => Value::Number(number(left)? - number(right)?),
            Op::Multiply => Value::Number(number(left)? * number(right)?),
            Op::Divide => Value::Number(number(left)? / number(right)?),
            Op::Modulo => Value::Number(number(left)? % number(right)?),
            Op::Union => {
                let mut nodes = self.nodes(left)?;
                nodes.extend(self.nodes(right)?);
                Value::Nodes(in_order(nodes))
            }
            Op::Equal | Op::NotEqual | Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => {
                Value::Boolean(self.compare(op, &self.value(left)?, &self.value(right)?))
            }
        })
    }

    /// A set of nodes compares by any of its nodes.
    fn compare(self, op: Op, left: &Value, right: &Value) -> bool {
        let document = self.document;
        let text = |node: &NodeId| Value::Text(document.string(*node));
        match (left, right) {
            (Value::Nodes(_), Value::Boolean(_)) | (Value::Boolean(_), Value::Nodes(_)) => compare_plain(
                op,
                &Value::Boolean(left.boolean(document)),
                &Value::Boolean(right.boolean(document)),
                document,
            ),
            (Value::Nodes(nodes), other) => nodes.iter().any(|node| self.compare(op, &text(node), other)),
            (other, Value::Nodes(nodes)) => nodes.iter().any(|node| self.compare(op, other, &text(node))),
            (left, right) => compare_plain(op, left, right, document),
        }
    }

    fn filter(self, nodes: Vec<NodeId>, predicate: &Expr) -> Result<Vec<NodeId>> {
        let size = nodes.len();
        let mut kept = Vec::new();
        for (index, node) in nodes.into_iter().enumerate() {
            let value = Context { node, position: index + 1, size, ..self }.value(predicate)?;
            let keeps = match value {
                Value::Number(number) => number == (index + 1) as f64,
                other => other.boolean(self.document),
            };
            if keeps {
                kept.push(node);
            }
        }
        Ok(kept)
    }

    fn step(self, from: &[NodeId], step: &Step) -> Result<Vec<NodeId>> {
        let mut all = Vec::new();
        for node in from {
            let found = self.axis(*node, step.axis).into_iter().filter(|node| self.fits(*node, step)).collect();
            all.extend(step.predicates.iter().try_fold(found, |nodes, predicate| self.filter(nodes, predicate))?);
        }
        Ok(in_order(all))
    }

    fn fits(self, node: NodeId, step: &Step) -> bool {
        let kind = &self.document.nodes[node].kind;
        let principal = match kind {
            Kind::Element(_) => step.axis != Axis::Attribute,
            Kind::Attribute(..) => true,
            Kind::Root | Kind::Text(_) => false,
        };
        match &step.test {
            Test::Any => principal,
            Test::Name(name) => principal && self.document.name(node) == name,
            Test::Node => true,
            Test::Text => matches!(kind, Kind::Text(_)),
            Test::Nothing => false,
        }
    }

    /// The nodes of an axis, nearest first.
    fn axis(self, node: NodeId, axis: Axis) -> Vec<NodeId> {
        let nodes = &self.document.nodes;
        let ancestors = || std::iter::successors(nodes[node].parent, |node| nodes[*node].parent);
        let siblings = || {
            let parent = nodes[node].parent;
            parent.map(|parent| nodes[parent].children.as_slice()).unwrap_or_default()
        };
        match axis {
            Axis::Itself => vec![node],
            Axis::Child => nodes[node].children.clone(),
            Axis::Attribute => nodes[node].attributes.clone(),
            Axis::Parent => nodes[node].parent.into_iter().collect(),
            Axis::Ancestor => ancestors().collect(),
            Axis::AncestorOrSelf => std::iter::once(node).chain(ancestors()).collect(),
            Axis::Descendant => self.descendants(node),
            Axis::DescendantOrSelf => {
                let mut found = vec![node];
                found.extend(self.descendants(node));
                found
            }
            Axis::FollowingSibling => siblings().iter().copied().filter(|other| *other > node).collect(),
            Axis::PrecedingSibling => siblings().iter().rev().copied().filter(|other| *other < node).collect(),
            Axis::Following => {
                let inside = self.descendants(node);
                let behind = node + 1..nodes.len();
                behind.filter(|other| !inside.contains(other) && !self.is_attribute(*other)).collect()
            }
            Axis::Preceding => {
                let above: Vec<_> = ancestors().collect();
                (0..node).rev().filter(|other| !above.contains(other) && !self.is_attribute(*other)).collect()
            }
        }
    }

    fn is_attribute(self, node: NodeId) -> bool {
        matches!(self.document.nodes[node].kind, Kind::Attribute(..))
    }

    fn descendants(self, node: NodeId) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut open: Vec<NodeId> = self.document.nodes[node].children.iter().rev().copied().collect();
        while let Some(next) = open.pop() {
            found.push(next);
            open.extend(self.document.nodes[next].children.iter().rev());
        }
        found
    }
}

fn in_order(mut nodes: Vec<NodeId>) -> Vec<NodeId> {
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

fn compare_plain(op: Op, left: &Value, right: &Value, document: &Document) -> bool {
    let is_equality = matches!(op, Op::Equal | Op::NotEqual);
    let equal = match (left, right) {
        (Value::Boolean(_), _) | (_, Value::Boolean(_)) if is_equality => {
            left.boolean(document) == right.boolean(document)
        }
        (Value::Text(left), Value::Text(right)) if is_equality => left == right,
        (left, right) => {
            let (left, right) = (left.number(document), right.number(document));
            return match op {
                Op::Less => left < right,
                Op::LessOrEqual => left <= right,
                Op::Greater => left > right,
                Op::GreaterOrEqual => left >= right,
                Op::NotEqual => left != right,
                _ => left == right,
            };
        }
    };
    equal == (op == Op::Equal)
}
