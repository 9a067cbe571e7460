//! Expressions from the wire: the dispatch, and the small arms. Functions of the user are in `expression/udf.rs`.

mod udf;

use hearth_base::condition::{
    ALIAS_WITH_SEVERAL_NAMES_AND_METADATA, LAMBDA_FUNCTION_ARGUMENT_COUNT_INVALID, LAMBDA_VARIABLE_REQUIRES_NAME,
    LOWER_BOUND_REQUIRED_IN_WINDOW_FRAME, UNRESOLVED_STAR_TARGET_INVALID, UNRESOLVED_STAR_WITH_BOTH_TARGET_AND_PLAN_ID,
    UPPER_BOUND_REQUIRED_IN_WINDOW_FRAME, WINDOW_FUNCTION_REQUIRED,
};
use hearth_base::{Error, Result};
use hearth_proto::connect as pb;
use hearth_proto::connect::expression as wire;
use hearth_proto::connect::expression::ExprType;
use hearth_proto::connect::expression::cast::{CastToType, EvalMode};
use hearth_proto::connect::expression::sort_order as wire_order;
use hearth_proto::connect::expression::window::WindowFrame as WireFrame;
use hearth_proto::connect::expression::window::window_frame::frame_boundary::Boundary;
use hearth_proto::connect::expression::window::window_frame::{FrameBoundary, FrameType};
use hearth_proto::connect::merge_action::{ActionType, Assignment};
use hearth_proto::connect::subquery_expression::{SubqueryType, TableArgOptions};

use super::literal::value;
use super::origin::origin;
use super::types::type_ref;
use super::{invalid, known, message, with_stack};
use crate::expression::{
    CastMode, FrameBound, FrameUnit, FunctionCall, MergeAction, MergeActionKind, NullOrdering, SortDirection,
    SortOrder, Subquery, SubqueryKind, SubquerySource, TypeRef, Window, WindowFrame, WindowSpec,
};
use crate::identifier::{parse_attribute_name, parse_multipart_identifier};
use crate::{Expr, ExprNode};

pub(super) use udf::{inline_udf, udtf};

/// An expression of a plan.
pub fn expression(proto: pb::Expression) -> Result<Expr> {
    with_stack(|| {
        let kind = proto.expr_type.ok_or_else(|| invalid::not_set("spark.connect.Expression", "expr_type"))?;
        Ok(Expr { node: node(kind)?, origin: origin(proto.common.and_then(|common| common.origin)) })
    })
}

fn node(kind: ExprType) -> Result<ExprNode> {
    match kind {
        ExprType::Literal(literal) => Ok(ExprNode::Literal(value(literal)?)),
        ExprType::UnresolvedAttribute(attribute) => unresolved_attribute(&attribute),
        ExprType::UnresolvedFunction(function) => unresolved_function(function),
        ExprType::ExpressionString(text) => Ok(ExprNode::SqlText(text.expression)),
        ExprType::UnresolvedStar(star) => unresolved_star(&star),
        ExprType::Alias(proto) => alias(*proto),
        ExprType::Cast(proto) => cast(*proto),
        ExprType::UnresolvedRegex(regex) => unresolved_regex(&regex),
        ExprType::SortOrder(order) => Ok(ExprNode::SortOrder(Box::new(sort_order(*order)?))),
        ExprType::LambdaFunction(lambda) => lambda_function(*lambda),
        ExprType::Window(proto) => window(*proto),
        ExprType::UnresolvedExtractValue(extract) => extract_value(*extract),
        ExprType::UpdateFields(update) => update_field(*update),
        ExprType::UnresolvedNamedLambdaVariable(variable) => lambda_variable(variable),
        ExprType::CommonInlineUserDefinedFunction(function) => Ok(ExprNode::InlineUdf(Box::new(inline_udf(function)?))),
        ExprType::CallFunction(call) => call_function(call),
        ExprType::NamedArgumentExpression(argument) => named_argument(*argument),
        ExprType::MergeAction(action) => Ok(ExprNode::MergeAction(Box::new(merge_action(*action)?))),
        ExprType::TypedAggregateExpression(_) => Ok(ExprNode::TypedAggregate),
        ExprType::SubqueryExpression(proto) => subquery(proto),
        ExprType::DirectShufflePartitionId(partition) => shuffle_partition(*partition),
        ExprType::Extension(any) => Ok(ExprNode::Extension(any.type_url)),
    }
}

pub(super) fn expressions(protos: Vec<pb::Expression>) -> Result<Vec<Expr>> {
    protos.into_iter().map(expression).collect()
}

/// An expression that must be there; an absent one is told as an empty one.
pub(super) fn required(proto: Option<pb::Expression>) -> Result<Expr> {
    expression(proto.unwrap_or_default())
}

fn boxed(proto: Option<Box<pb::Expression>>) -> Result<Box<Expr>> {
    Ok(Box::new(expression(message(proto))?))
}

fn unresolved_attribute(attribute: &wire::UnresolvedAttribute) -> Result<ExprNode> {
    Ok(ExprNode::Attribute {
        name: parse_attribute_name(&attribute.unparsed_identifier)?,
        plan_id: attribute.plan_id,
        is_metadata: attribute.is_metadata_column(),
    })
}

/// Only a user's function has a name of several parts.
fn unresolved_function(function: wire::UnresolvedFunction) -> Result<ExprNode> {
    let is_internal = function.is_internal();
    let name = if function.is_user_defined_function {
        parse_multipart_identifier(&function.function_name)?
    } else {
        vec![function.function_name]
    };
    Ok(ExprNode::Function(Box::new(FunctionCall {
        distinct: function.is_distinct,
        is_internal,
        is_user_defined: function.is_user_defined_function,
        ..FunctionCall::new(name, expressions(function.arguments)?)
    })))
}

fn call_function(call: pb::CallFunction) -> Result<ExprNode> {
    let name = parse_multipart_identifier(&call.function_name)?;
    Ok(ExprNode::Function(Box::new(FunctionCall {
        is_user_defined: true,
        ..FunctionCall::new(name, expressions(call.arguments)?)
    })))
}

/// `*`, `target.*`, or all columns of the relation `plan_id`.
fn unresolved_star(star: &wire::UnresolvedStar) -> Result<ExprNode> {
    let target = match (&star.unparsed_target, star.plan_id) {
        (Some(_), Some(_)) => return Err(UNRESOLVED_STAR_WITH_BOTH_TARGET_AND_PLAN_ID.error()),
        (Some(target), None) => {
            let name =
                target.strip_suffix(".*").ok_or_else(|| UNRESOLVED_STAR_TARGET_INVALID.with("target", target))?;
            Some(parse_attribute_name(name)?)
        }
        (None, _) => None,
    };
    Ok(ExprNode::Star { target, plan_id: star.plan_id, except: Vec::new() })
}

fn alias(proto: wire::Alias) -> Result<ExprNode> {
    if proto.name.len() != 1 && proto.metadata.is_some() {
        return Err(ALIAS_WITH_SEVERAL_NAMES_AND_METADATA.error());
    }
    Ok(ExprNode::Alias {
        expr: boxed(proto.expr)?,
        names: proto.name,
        metadata: proto.metadata.filter(|json| !json.is_empty()),
    })
}

fn cast(proto: wire::Cast) -> Result<ExprNode> {
    let mode = match known(proto.eval_mode, "spark.connect.Expression.Cast.EvalMode")? {
        EvalMode::Unspecified => CastMode::Session,
        EvalMode::Legacy => CastMode::Legacy,
        EvalMode::Ansi => CastMode::Ansi,
        EvalMode::Try => CastMode::Try,
    };
    let to = match proto.cast_to_type {
        Some(CastToType::Type(proto)) => type_ref(proto)?,
        Some(CastToType::TypeStr(text)) => TypeRef::Text(text),
        None => TypeRef::Text(String::new()),
    };
    Ok(ExprNode::Cast { expr: boxed(proto.expr)?, to, mode })
}

/// A pattern stands in backticks; anything else is a column's name.
fn unresolved_regex(regex: &wire::UnresolvedRegex) -> Result<ExprNode> {
    let Some(quoted) = regex.col_name.strip_suffix('`') else {
        let name = parse_attribute_name(&regex.col_name)?;
        return Ok(ExprNode::Attribute { name, plan_id: regex.plan_id, is_metadata: false });
    };
    match quoted.strip_prefix('`') {
        Some(pattern) => Ok(ExprNode::Regex { table: None, pattern: pattern.to_owned(), plan_id: regex.plan_id }),
        None => match quoted.split_once(".`") {
            Some((table, pattern)) => {
                let table = Some(table.trim_matches('`').to_owned());
                Ok(ExprNode::Regex { table, pattern: pattern.to_owned(), plan_id: regex.plan_id })
            }
            None => Err(Error::unsupported("a pattern of column names behind a longer name")),
        },
    }
}

/// What a client leaves open is descending and NULLs last, as Spark reads it.
pub(super) fn sort_order(proto: wire::SortOrder) -> Result<SortOrder> {
    let direction = match known(proto.direction, "spark.connect.Expression.SortOrder.SortDirection")? {
        wire_order::SortDirection::Ascending => SortDirection::Ascending,
        wire_order::SortDirection::Descending | wire_order::SortDirection::Unspecified => SortDirection::Descending,
    };
    let nulls = match known(proto.null_ordering, "spark.connect.Expression.SortOrder.NullOrdering")? {
        wire_order::NullOrdering::SortNullsFirst => NullOrdering::First,
        wire_order::NullOrdering::SortNullsLast | wire_order::NullOrdering::SortNullsUnspecified => NullOrdering::Last,
    };
    Ok(SortOrder { child: expression(message(proto.child))?, direction, nulls })
}

pub(super) fn sort_orders(protos: Vec<wire::SortOrder>) -> Result<Vec<SortOrder>> {
    protos.into_iter().map(sort_order).collect()
}

fn lambda_function(lambda: wire::LambdaFunction) -> Result<ExprNode> {
    let count = lambda.arguments.len();
    if !(1..=3).contains(&count) {
        return Err(LAMBDA_FUNCTION_ARGUMENT_COUNT_INVALID.with("got", count));
    }
    let arguments: Result<Vec<_>> = lambda.arguments.into_iter().map(lambda_argument).collect();
    Ok(ExprNode::Lambda { body: boxed(lambda.function)?, arguments: arguments? })
}

fn lambda_argument(argument: wire::UnresolvedNamedLambdaVariable) -> Result<String> {
    let [name]: [String; 1] =
        argument.name_parts.try_into().map_err(|_| invalid::assertion("A lambda's argument has a name of one part"))?;
    Ok(name)
}

fn lambda_variable(variable: wire::UnresolvedNamedLambdaVariable) -> Result<ExprNode> {
    if variable.name_parts.is_empty() {
        return Err(LAMBDA_VARIABLE_REQUIRES_NAME.error());
    }
    Ok(ExprNode::LambdaVariable { name: variable.name_parts })
}

fn window(proto: wire::Window) -> Result<ExprNode> {
    let function = proto.window_function.ok_or_else(|| WINDOW_FUNCTION_REQUIRED.error())?;
    let spec = WindowSpec {
        base: None,
        partition: expressions(proto.partition_spec)?,
        order: sort_orders(proto.order_spec)?,
        frame: proto.frame_spec.map(|frame| window_frame(*frame)).transpose()?,
        origin: None,
    };
    Ok(ExprNode::Window(Box::new(Window { function: expression(*function)?, spec })))
}

fn window_frame(proto: WireFrame) -> Result<WindowFrame> {
    const FRAME_TYPE: &str = "spark.connect.Expression.Window.WindowFrame.FrameType";
    let unit = match known(proto.frame_type, FRAME_TYPE)? {
        FrameType::Row => FrameUnit::Rows,
        FrameType::Range => FrameUnit::Range,
        undefined @ FrameType::Undefined => {
            return Err(invalid::enum_value(FRAME_TYPE, undefined.as_str_name(), proto.frame_type));
        }
    };
    let lower = proto.lower.ok_or_else(|| LOWER_BOUND_REQUIRED_IN_WINDOW_FRAME.error())?;
    let upper = proto.upper.ok_or_else(|| UPPER_BOUND_REQUIRED_IN_WINDOW_FRAME.error())?;
    Ok(WindowFrame {
        unit,
        lower: frame_bound(*lower, FrameBound::UnboundedPreceding)?,
        upper: frame_bound(*upper, FrameBound::UnboundedFollowing)?,
    })
}

fn frame_bound(proto: FrameBoundary, unbounded: FrameBound) -> Result<FrameBound> {
    const BOUNDARY: &str = "spark.connect.Expression.Window.WindowFrame.FrameBoundary";
    match proto.boundary.ok_or_else(|| invalid::not_set(BOUNDARY, "boundary"))? {
        Boundary::CurrentRow(_) => Ok(FrameBound::CurrentRow),
        Boundary::Unbounded(_) => Ok(unbounded),
        Boundary::Value(offset) => Ok(FrameBound::Offset(expression(*offset)?)),
    }
}

fn extract_value(extract: wire::UnresolvedExtractValue) -> Result<ExprNode> {
    Ok(ExprNode::Extract { child: boxed(extract.child)?, extraction: boxed(extract.extraction)? })
}

fn update_field(update: wire::UpdateFields) -> Result<ExprNode> {
    Ok(ExprNode::UpdateField {
        structure: boxed(update.struct_expression)?,
        field: update.field_name,
        value: update.value_expression.map(|value| boxed(Some(value))).transpose()?,
    })
}

fn named_argument(argument: pb::NamedArgumentExpression) -> Result<ExprNode> {
    Ok(ExprNode::NamedArgument { key: argument.key, value: boxed(argument.value)? })
}

fn shuffle_partition(partition: wire::DirectShufflePartitionId) -> Result<ExprNode> {
    Ok(ExprNode::DirectShufflePartitionId(boxed(partition.child)?))
}

fn merge_action(proto: pb::MergeAction) -> Result<MergeAction> {
    const ACTION_TYPE: &str = "spark.connect.MergeAction.ActionType";
    let kind = match known(proto.action_type, ACTION_TYPE)? {
        ActionType::Delete => MergeActionKind::Delete,
        ActionType::Insert => MergeActionKind::Insert,
        ActionType::InsertStar => MergeActionKind::InsertStar,
        ActionType::Update => MergeActionKind::Update,
        ActionType::UpdateStar => MergeActionKind::UpdateStar,
        invalid @ ActionType::Invalid => {
            return Err(invalid::enum_value(ACTION_TYPE, invalid.as_str_name(), proto.action_type));
        }
    };
    let takes_assignments = matches!(kind, MergeActionKind::Insert | MergeActionKind::Update);
    if !takes_assignments && !proto.assignments.is_empty() {
        return Err(invalid::assertion(format!("A {kind:?} action has no assignments")));
    }
    let condition = proto.condition.map(|condition| expression(*condition)).transpose()?;
    let assignments: Result<Vec<_>> = proto.assignments.into_iter().map(assignment).collect();
    Ok(MergeAction { kind, condition, assignments: assignments? })
}

fn assignment(proto: Assignment) -> Result<(Expr, Expr)> {
    Ok((expression(message(proto.key.map(Box::from)))?, expression(message(proto.value.map(Box::from)))?))
}

/// The actions of a MERGE travel as expressions; nothing else is allowed among them.
pub(super) fn merge_actions(protos: Vec<pb::Expression>) -> Result<Vec<MergeAction>> {
    let action = |proto: pb::Expression| match proto.expr_type {
        Some(ExprType::MergeAction(action)) => merge_action(*action),
        _ => Err(invalid::assertion("What a MERGE does must be merge actions")),
    };
    protos.into_iter().map(action).collect()
}

fn subquery(proto: pb::SubqueryExpression) -> Result<ExprNode> {
    const SUBQUERY_TYPE: &str = "spark.connect.SubqueryExpression.SubqueryType";
    let kind = match known(proto.subquery_type, SUBQUERY_TYPE)? {
        SubqueryType::Scalar => SubqueryKind::Scalar,
        SubqueryType::Exists => SubqueryKind::Exists,
        SubqueryType::In => SubqueryKind::In { values: expressions(proto.in_subquery_values)? },
        SubqueryType::TableArg => table_argument(proto.table_arg_options.unwrap_or_default())?,
        unknown @ SubqueryType::Unknown => {
            return Err(invalid::enum_value(SUBQUERY_TYPE, unknown.as_str_name(), proto.subquery_type));
        }
    };
    Ok(ExprNode::Subquery(Box::new(Subquery { kind, source: SubquerySource::PlanId(proto.plan_id) })))
}

fn table_argument(options: TableArgOptions) -> Result<SubqueryKind> {
    Ok(SubqueryKind::TableArgument {
        single_partition: options.with_single_partition(),
        partition: expressions(options.partition_spec)?,
        order: sort_orders(options.order_spec)?,
    })
}
