//! `df.na` and `df.stat`.

use hearth_base::Result;
use hearth_base::condition::{NA_FILL_VALUES_EMPTY, NA_FILL_VALUES_LENGTH_MISMATCH};
use hearth_proto::connect as pb;
use hearth_proto::connect::na_replace::Replacement;
use hearth_proto::connect::stat_sample_by::Fraction;
use hearth_types::Value;

use super::input;
use crate::RelationNode;
use crate::from_proto::expression::required;
use crate::from_proto::literal::{value, values};

/// One value for all columns, or one per column.
pub(super) fn fill_na(fill: pb::NaFill) -> Result<RelationNode> {
    let (columns, values) = (fill.cols, values(fill.values)?);
    match values.len() {
        0 => Err(NA_FILL_VALUES_EMPTY.error()),
        several if several > 1 && several != columns.len() => Err(NA_FILL_VALUES_LENGTH_MISMATCH.error()),
        _ => Ok(RelationNode::FillNa { input: input(fill.input)?, columns, values }),
    }
}

pub(super) fn drop_na(drop: pb::NaDrop) -> Result<RelationNode> {
    Ok(RelationNode::DropNa { input: input(drop.input)?, columns: drop.cols, min_non_nulls: drop.min_non_nulls })
}

pub(super) fn replace(replace: pb::NaReplace) -> Result<RelationNode> {
    let replacements: Result<Vec<_>> = replace.replacements.into_iter().map(replacement).collect();
    Ok(RelationNode::Replace { input: input(replace.input)?, columns: replace.cols, replacements: replacements? })
}

fn replacement(replacement: Replacement) -> Result<(Value, Value)> {
    let old = value(replacement.old_value.unwrap_or_default())?;
    Ok((old, value(replacement.new_value.unwrap_or_default())?))
}

pub(super) fn summary(summary: pb::StatSummary) -> Result<RelationNode> {
    Ok(RelationNode::Summary { input: input(summary.input)?, statistics: summary.statistics })
}

pub(super) fn describe(describe: pb::StatDescribe) -> Result<RelationNode> {
    Ok(RelationNode::Describe { input: input(describe.input)?, columns: describe.cols })
}

pub(super) fn crosstab(crosstab: pb::StatCrosstab) -> Result<RelationNode> {
    let (column1, column2) = (crosstab.col1, crosstab.col2);
    Ok(RelationNode::Crosstab { input: input(crosstab.input)?, column1, column2 })
}

pub(super) fn cov(cov: pb::StatCov) -> Result<RelationNode> {
    Ok(RelationNode::Cov { input: input(cov.input)?, column1: cov.col1, column2: cov.col2 })
}

pub(super) fn corr(corr: pb::StatCorr) -> Result<RelationNode> {
    let (column1, column2) = (corr.col1, corr.col2);
    Ok(RelationNode::Corr { input: input(corr.input)?, column1, column2, method: corr.method })
}

pub(super) fn approx_quantile(quantile: pb::StatApproxQuantile) -> Result<RelationNode> {
    Ok(RelationNode::ApproxQuantile {
        input: input(quantile.input)?,
        columns: quantile.cols,
        probabilities: quantile.probabilities,
        relative_error: quantile.relative_error,
    })
}

pub(super) fn freq_items(items: pb::StatFreqItems) -> Result<RelationNode> {
    Ok(RelationNode::FreqItems { input: input(items.input)?, columns: items.cols, support: items.support })
}

pub(super) fn sample_by(sample: pb::StatSampleBy) -> Result<RelationNode> {
    let fractions: Result<Vec<_>> = sample.fractions.into_iter().map(fraction).collect();
    Ok(RelationNode::SampleBy {
        input: input(sample.input)?,
        column: required(sample.col)?,
        fractions: fractions?,
        seed: sample.seed,
    })
}

fn fraction(fraction: Fraction) -> Result<(Value, f64)> {
    Ok((value(fraction.stratum.unwrap_or_default())?, fraction.fraction))
}
