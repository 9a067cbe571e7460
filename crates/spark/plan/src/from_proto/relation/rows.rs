//! Relations that choose, order, move or print rows and leave the columns.

use hearth_base::Result;
use hearth_proto::connect as pb;
use hearth_types::Value;

use super::input;
use crate::from_proto::expression::{expressions, required, sort_orders};
use crate::from_proto::invalid;
use crate::relation::{Sample, SampleMethod};
use crate::{Expr, RelationNode};

pub(super) fn filter(filter: pb::Filter) -> Result<RelationNode> {
    if filter.input.is_none() {
        return Err(invalid::assertion(""));
    }
    let condition = required(filter.condition)?;
    Ok(RelationNode::Filter { input: input(filter.input)?, condition })
}

pub(super) fn sort(sort: pb::Sort) -> Result<RelationNode> {
    if sort.order.is_empty() {
        return Err(invalid::assertion("'order' must be present and contain elements."));
    }
    let is_global = sort.is_global();
    Ok(RelationNode::Sort { input: input(sort.input)?, order: sort_orders(sort.order)?, is_global })
}

fn count(rows: i32) -> Expr {
    Expr::literal(Value::Integer(rows))
}

pub(super) fn limit(limit: pb::Limit) -> Result<RelationNode> {
    Ok(RelationNode::Limit { input: input(limit.input)?, limit: count(limit.limit) })
}

pub(super) fn offset(offset: pb::Offset) -> Result<RelationNode> {
    Ok(RelationNode::Offset { input: input(offset.input)?, offset: count(offset.offset) })
}

pub(super) fn tail(tail: pb::Tail) -> Result<RelationNode> {
    Ok(RelationNode::Tail { input: input(tail.input)?, limit: count(tail.limit) })
}

pub(super) fn sample(sample: pb::Sample) -> Result<RelationNode> {
    Ok(RelationNode::Sample(Sample {
        method: SampleMethod::Fraction { lower: sample.lower_bound, upper: sample.upper_bound },
        with_replacement: sample.with_replacement(),
        seed: sample.seed,
        deterministic_order: sample.deterministic_order,
        input: input(sample.input)?,
    }))
}

pub(super) fn repartition(repartition: pb::Repartition) -> Result<RelationNode> {
    let (partitions, shuffle) = (repartition.num_partitions, repartition.shuffle());
    Ok(RelationNode::Repartition { input: input(repartition.input)?, partitions, shuffle })
}

pub(super) fn repartition_by_expression(repartition: pb::RepartitionByExpression) -> Result<RelationNode> {
    Ok(RelationNode::RepartitionByExpression {
        input: input(repartition.input)?,
        expressions: expressions(repartition.partition_exprs)?,
        partitions: repartition.num_partitions,
    })
}

pub(super) fn with_watermark(watermark: pb::WithWatermark) -> Result<RelationNode> {
    Ok(RelationNode::WithWatermark {
        input: input(watermark.input)?,
        event_time: watermark.event_time,
        delay_threshold: watermark.delay_threshold,
    })
}

pub(super) fn show_string(show: pb::ShowString) -> Result<RelationNode> {
    Ok(RelationNode::ShowString {
        input: input(show.input)?,
        rows: show.num_rows,
        truncate: show.truncate,
        vertical: show.vertical,
    })
}

pub(super) fn html_string(html: pb::HtmlString) -> Result<RelationNode> {
    Ok(RelationNode::HtmlString { input: input(html.input)?, rows: html.num_rows, truncate: html.truncate })
}
