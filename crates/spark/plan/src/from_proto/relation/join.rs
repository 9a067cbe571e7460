//! Relations of two inputs: joins of every kind and set operations.

use hearth_base::Result;
use hearth_base::condition::{
    EXCEPT_DOES_NOT_SUPPORT_UNION_BY_NAME, INTERSECT_DOES_NOT_SUPPORT_UNION_BY_NAME,
    SET_OPERATION_MUST_HAVE_TWO_INPUTS, UNION_ALLOW_MISSING_REQUIRES_BY_NAME, USING_COLUMNS_OR_JOIN_CONDITION,
};
use hearth_proto::connect as pb;
use hearth_proto::connect::join::JoinType;
use hearth_proto::connect::set_operation::SetOpType;

use super::input;
use crate::RelationNode;
use crate::from_proto::expression::{expression, required};
use crate::from_proto::{invalid, known};
use crate::relation::{AsOfJoin, Join, JoinConstraint, JoinKind, NearestByJoin, SetOp, SetOpKind};

pub(super) fn join(join: pb::Join) -> Result<RelationNode> {
    both_sides(join.left.is_some() && join.right.is_some())?;
    let constraint = match (join.join_condition, join.using_columns) {
        (Some(_), columns) if !columns.is_empty() => return Err(USING_COLUMNS_OR_JOIN_CONDITION.error()),
        (Some(condition), _) => JoinConstraint::On(expression(condition)?),
        (None, columns) if columns.is_empty() => JoinConstraint::None,
        (None, columns) => JoinConstraint::Using(columns),
    };
    Ok(RelationNode::Join(Box::new(Join {
        kind: join_kind(join.join_type)?,
        constraint,
        lateral: false,
        structs: join.join_data_type.map(|sides| (sides.is_left_struct, sides.is_right_struct)),
        left: input(join.left)?,
        right: input(join.right)?,
    })))
}

pub(super) fn lateral_join(join: pb::LateralJoin) -> Result<RelationNode> {
    both_sides(join.left.is_some() && join.right.is_some())?;
    let constraint = match join.join_condition {
        Some(condition) => JoinConstraint::On(expression(condition)?),
        None => JoinConstraint::None,
    };
    Ok(RelationNode::Join(Box::new(Join {
        kind: join_kind(join.join_type)?,
        constraint,
        lateral: true,
        structs: None,
        left: input(join.left)?,
        right: input(join.right)?,
    })))
}

fn both_sides(are_there: bool) -> Result<()> {
    if are_there { Ok(()) } else { Err(invalid::assertion("Both join sides must be present")) }
}

fn join_kind(number: i32) -> Result<JoinKind> {
    const JOIN_TYPE: &str = "spark.connect.Join.JoinType";
    match known(number, JOIN_TYPE)? {
        JoinType::Inner => Ok(JoinKind::Inner),
        JoinType::FullOuter => Ok(JoinKind::FullOuter),
        JoinType::LeftOuter => Ok(JoinKind::LeftOuter),
        JoinType::RightOuter => Ok(JoinKind::RightOuter),
        JoinType::LeftAnti => Ok(JoinKind::LeftAnti),
        JoinType::LeftSemi => Ok(JoinKind::LeftSemi),
        JoinType::Cross => Ok(JoinKind::Cross),
        unspecified @ JoinType::Unspecified => Err(invalid::enum_value(JOIN_TYPE, unspecified.as_str_name(), number)),
    }
}

/// The condition counts only without columns to join by.
pub(super) fn as_of_join(join: pb::AsOfJoin) -> Result<RelationNode> {
    let condition = join.join_expr.filter(|_| join.using_columns.is_empty()).map(expression).transpose()?;
    Ok(RelationNode::AsOfJoin(Box::new(AsOfJoin {
        left: input(join.left)?,
        right: input(join.right)?,
        left_as_of: required(join.left_as_of)?,
        right_as_of: required(join.right_as_of)?,
        condition,
        using: join.using_columns,
        join_type: join.join_type,
        tolerance: join.tolerance.map(expression).transpose()?,
        allow_exact_matches: join.allow_exact_matches,
        direction: join.direction,
    })))
}

pub(super) fn nearest_by_join(join: pb::NearestByJoin) -> Result<RelationNode> {
    Ok(RelationNode::NearestByJoin(Box::new(NearestByJoin {
        left: input(join.left)?,
        right: input(join.right)?,
        ranking: required(join.ranking_expression)?,
        results: join.num_results,
        join_type: join.join_type,
        mode: join.mode,
        direction: join.direction,
    })))
}

pub(super) fn set_operation(operation: pb::SetOperation) -> Result<RelationNode> {
    const SET_OP_TYPE: &str = "spark.connect.SetOperation.SetOpType";
    let (all, by_name, allow_missing_columns) =
        (operation.is_all(), operation.by_name(), operation.allow_missing_columns());
    let (Some(left), Some(right)) = (operation.left_input, operation.right_input) else {
        return Err(SET_OPERATION_MUST_HAVE_TWO_INPUTS.error());
    };
    let kind = match known(operation.set_op_type, SET_OP_TYPE)? {
        SetOpType::Except if by_name => return Err(EXCEPT_DOES_NOT_SUPPORT_UNION_BY_NAME.error()),
        SetOpType::Except => SetOpKind::Except,
        SetOpType::Intersect if by_name => return Err(INTERSECT_DOES_NOT_SUPPORT_UNION_BY_NAME.error()),
        SetOpType::Intersect => SetOpKind::Intersect,
        SetOpType::Union if allow_missing_columns && !by_name => {
            return Err(UNION_ALLOW_MISSING_REQUIRES_BY_NAME.error());
        }
        SetOpType::Union => SetOpKind::Union,
        unspecified @ SetOpType::Unspecified => {
            return Err(invalid::enum_value(SET_OP_TYPE, unspecified.as_str_name(), operation.set_op_type));
        }
    };
    let (left, right) = (input(Some(left))?, input(Some(right))?);
    Ok(RelationNode::SetOp(SetOp { left, right, kind, all, by_name, allow_missing_columns }))
}
