//! Expressions: the dispatch. One line per node; the work is in `expression/*`.

pub(crate) mod aggregate_call;
pub(crate) mod attribute;
pub(crate) mod cast;
mod chain;
pub(crate) mod collated;
pub(crate) mod context;
mod except;
pub(crate) mod extract;
pub(crate) mod function;
pub(crate) mod generator;
mod input_file;
pub(crate) mod interval;
pub(crate) mod lambda;
pub(crate) mod list;
pub(crate) mod literal;
pub(crate) mod located;
pub(crate) mod named_argument;
mod named_form;
mod padded;
pub(crate) mod pipe;
mod shown;
mod single_value;
pub(crate) mod subquery;
pub(crate) mod user_function;
pub(crate) mod variant_path;
pub(crate) mod window;

use hearth_base::Result;
use hearth_base::condition::UNBOUND_SQL_PARAMETER;
use hearth_functions::Typed;
use hearth_plan::{Expr, ExprNode};

use crate::analyzer::{Analyzer, located, placed_name, unsupported};
use context::Cx;

/// Room that must be left on the stack before an expression goes one level deeper, and what is added otherwise.
const STACK_RED_ZONE: usize = 256 * 1024;
const STACK_SEGMENT: usize = 4 * 1024 * 1024;

impl Analyzer<'_> {
    /// Types one expression.
    pub fn expression(&self, expr: &Expr, cx: Cx<'_>) -> Result<Typed> {
        let typed = stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || self.expression_node(expr, cx));
        let typed = typed.map_err(|error| located::by_name(error, expr, cx));
        let typed = match (typed, expr.origin.as_deref(), &expr.node) {
            (Err(error), Some(origin), ExprNode::Attribute { .. }) => return Err(placed_name(error, origin)),
            (typed, ..) => located(expr.origin.as_ref(), typed)?,
        };
        match &expr.origin {
            Some(origin) if located::computes(&expr.node) => located::with_origin(typed, origin, cx.env.settings.ansi),
            _ => Ok(typed),
        }
    }

    fn expression_node(&self, expr: &Expr, cx: Cx<'_>) -> Result<Typed> {
        match &expr.node {
            ExprNode::Literal(value) => literal::typed(value),
            ExprNode::TypedLiteral { kind, text } => literal::typed_literal(*kind, text, cx.env.settings),
            ExprNode::Attribute { name, plan_id, .. } => self.attribute(name, *plan_id, cx),
            ExprNode::Star { .. } => list::misplaced_star(),
            ExprNode::Regex { table, pattern, plan_id } => {
                self.only_of_regex((table.as_deref(), pattern), *plan_id, cx)
            }
            ExprNode::Function(call) => self.function(call, expr, cx),
            ExprNode::Alias { expr, .. } => self.expression(expr, cx),
            ExprNode::Cast { expr: child, to, mode } => self.cast_expression((expr, child), to, *mode, cx),
            ExprNode::SortOrder(order) => self.expression(&order.child, cx),
            ExprNode::Lambda { .. } => lambda::misplaced(),
            ExprNode::LambdaVariable { name } => self.attribute(name, None, cx),
            ExprNode::Window(window) => self.window(window, cx),
            ExprNode::Extract { child, extraction } => self.extract(child, extraction, cx),
            ExprNode::UpdateField { structure, field, value } => {
                self.update_field(expr, (structure, field, value.as_deref()), cx)
            }
            ExprNode::Subquery(subquery) => self.subquery((subquery, expr.origin.as_ref()), false, cx),
            ExprNode::NamedArgument { value, .. } => self.expression(value, cx),
            ExprNode::SqlText(text) => self.expression(&self.dialect().parse_expression(text)?, cx),
            ExprNode::NamedParameter(name) => Err(UNBOUND_SQL_PARAMETER.with("name", name)),
            ExprNode::PositionalParameter(index) => Err(UNBOUND_SQL_PARAMETER.with("name", format!("_{index}"))),
            ExprNode::Identifier { name, arguments } => self.identifier(name, arguments.as_deref(), cx),
            ExprNode::Default => unsupported("DEFAULT outside of INSERT and UPDATE"),
            ExprNode::InlineUdf(function) => user_function::inline(function),
            ExprNode::MergeAction(_) => unsupported("a MERGE action outside of MERGE"),
            ExprNode::TypedAggregate => unsupported("typed aggregates (Aggregator)"),
            ExprNode::DirectShufflePartitionId(_) => unsupported("direct shuffle partition ids"),
            ExprNode::Extension(type_url) => unsupported(&format!("the expression extension {type_url}")),
        }
    }
}
