//! Relations that look at the whole input: aggregates, pivot, duplicates, metrics on the side.

use hearth_base::Result;
use hearth_base::condition::{
    AGGREGATE_NEEDS_PLAN_INPUT, AGGREGATE_WITH_PIVOT_REQUIRES_PIVOT, DEDUPLICATE_ALL_COLUMNS_AND_SUBSET,
    DEDUPLICATE_NEEDS_INPUT, DEDUPLICATE_REQUIRES_COLUMNS_OR_ALL,
};
use hearth_proto::connect as pb;
use hearth_proto::connect::aggregate::{self as wire, GroupType};

use super::input;
use crate::from_proto::expression::{expressions, required};
use crate::from_proto::literal::values;
use crate::from_proto::{invalid, known};
use crate::relation::{Grouping, GroupingItem, GroupingSet, Pivot, PivotValue};
use crate::{Expr, Relation, RelationNode};

/// The output is the grouping expressions and then the aggregates, except for a pivot, which knows by itself.
pub(super) fn aggregate(aggregate: pb::Aggregate) -> Result<RelationNode> {
    const GROUP_TYPE: &str = "spark.connect.Aggregate.GroupType";
    let group_type = known(aggregate.group_type, GROUP_TYPE)?;
    let input = input(Some(aggregate.input.ok_or_else(|| AGGREGATE_NEEDS_PLAN_INPUT.error())?))?;
    let grouping = expressions(aggregate.grouping_expressions)?;
    let aggregates = expressions(aggregate.aggregate_expressions)?;
    let items = match group_type {
        GroupType::Groupby => grouping.iter().cloned().map(GroupingItem::Expr).collect(),
        GroupType::Rollup => vec![GroupingItem::Rollup(one_each(&grouping))],
        GroupType::Cube => vec![GroupingItem::Cube(one_each(&grouping))],
        GroupType::GroupingSets => {
            vec![GroupingItem::Sets { sets: grouping_sets(aggregate.grouping_sets)?, expressions: grouping.clone() }]
        }
        GroupType::Pivot => return pivot(input, grouping, aggregate.pivot, aggregates),
        unspecified @ GroupType::Unspecified => {
            return Err(invalid::enum_value(GROUP_TYPE, unspecified.as_str_name(), aggregate.group_type));
        }
    };
    let expressions = grouping.into_iter().chain(aggregates).collect();
    Ok(RelationNode::Aggregate { input, grouping: Grouping::Items(items), expressions })
}

fn one_each(grouping: &[Expr]) -> Vec<Vec<Expr>> {
    grouping.iter().map(|expression| vec![expression.clone()]).collect()
}

fn grouping_sets(sets: Vec<wire::GroupingSets>) -> Result<Vec<GroupingSet>> {
    sets.into_iter().map(|set| Ok(GroupingSet::Set(expressions(set.grouping_set)?))).collect()
}

fn pivot(
    input: Box<Relation>,
    grouping: Vec<Expr>,
    pivot: Option<wire::Pivot>,
    aggregates: Vec<Expr>,
) -> Result<RelationNode> {
    let pivot = pivot.ok_or_else(|| AGGREGATE_WITH_PIVOT_REQUIRES_PIVOT.error())?;
    let columns = vec![required(pivot.col)?];
    let values = values(pivot.values)?
        .into_iter()
        .map(|value| PivotValue { expressions: vec![Expr::literal(value)], alias: None })
        .collect();
    Ok(RelationNode::Pivot(Box::new(Pivot { input, grouping: Some(grouping), columns, values, aggregates })))
}

pub(super) fn deduplicate(deduplicate: pb::Deduplicate) -> Result<RelationNode> {
    let (all_columns, within_watermark) = (deduplicate.all_columns_as_keys(), deduplicate.within_watermark());
    let proto = deduplicate.input.ok_or_else(|| DEDUPLICATE_NEEDS_INPUT.error())?;
    let names = deduplicate.column_names;
    match (all_columns, names.is_empty()) {
        (true, false) => Err(DEDUPLICATE_ALL_COLUMNS_AND_SUBSET.error()),
        (false, true) => Err(DEDUPLICATE_REQUIRES_COLUMNS_OR_ALL.error()),
        (true, true) | (false, false) => {
            Ok(RelationNode::Deduplicate { input: input(Some(proto))?, names, all_columns, within_watermark })
        }
    }
}

pub(super) fn collect_metrics(metrics: pb::CollectMetrics) -> Result<RelationNode> {
    let expressions = expressions(metrics.metrics)?;
    Ok(RelationNode::CollectMetrics { input: input(metrics.input)?, name: metrics.name, metrics: expressions })
}
