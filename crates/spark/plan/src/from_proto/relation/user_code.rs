//! Relations that run the user's functions over rows.

use hearth_base::Result;
use hearth_proto::connect as pb;

use super::input;
use crate::RelationNode;
use crate::expression::InlineUdf;
use crate::from_proto::expression::{expressions, inline_udf, udtf};
use crate::relation::{CoGroupMap, GroupMap};

fn function(proto: Option<pb::CommonInlineUserDefinedFunction>) -> Result<Box<InlineUdf>> {
    Ok(Box::new(inline_udf(proto.unwrap_or_default())?))
}

pub(super) fn map_partitions(map: pb::MapPartitions) -> Result<RelationNode> {
    let is_barrier = map.is_barrier();
    Ok(RelationNode::MapPartitions { input: input(map.input)?, function: function(map.func)?, is_barrier })
}

/// State comes with its schema or with the way in which time passes.
pub(super) fn group_map(map: pb::GroupMap) -> Result<RelationNode> {
    let stateful = map.state_schema.is_some()
        || map.transform_with_state_info.is_some()
        || map.initial_input.is_some()
        || map.is_map_groups_with_state.is_some();
    Ok(RelationNode::GroupMap(Box::new(GroupMap {
        input: input(map.input)?,
        grouping: expressions(map.grouping_expressions)?,
        function: function(map.func)?,
        sorting: expressions(map.sorting_expressions)?,
        stateful,
    })))
}

pub(super) fn co_group_map(map: pb::CoGroupMap) -> Result<RelationNode> {
    Ok(RelationNode::CoGroupMap(Box::new(CoGroupMap {
        left: input(map.input)?,
        left_grouping: expressions(map.input_grouping_expressions)?,
        right: input(map.other)?,
        right_grouping: expressions(map.other_grouping_expressions)?,
        function: function(map.func)?,
    })))
}

pub(super) fn apply_in_pandas_with_state(apply: pb::ApplyInPandasWithState) -> Result<RelationNode> {
    Ok(RelationNode::ApplyInPandasWithState { input: input(apply.input)? })
}

pub(super) fn table_function(function: pb::CommonInlineUserDefinedTableFunction) -> Result<RelationNode> {
    Ok(RelationNode::InlineTableFunction {
        name: function.function_name,
        deterministic: function.deterministic,
        arguments: expressions(function.arguments)?,
        function: udtf(function.function)?,
    })
}
