//! Relations: the dispatch. One line per node; the work is in `relation/*`.

pub(crate) mod aggregate;
pub(crate) mod block;
pub(crate) mod cached;
pub(crate) mod columns;
mod condition;
pub(crate) mod cte;
pub(crate) mod freq_items;
pub(crate) mod generate;
mod grouped_subquery;
mod grouping_sets;
mod hint;
pub(crate) mod join;
pub(crate) mod kept_order;
pub(crate) mod limit;
pub(crate) mod na;
pub(crate) mod parse;
pub(crate) mod pivot;
pub(crate) mod project;
pub(crate) mod range;
pub(crate) mod ranked_join;
pub(crate) mod repartition;
pub(crate) mod sample;
mod script;
mod session_window;
pub(crate) mod set_op;
pub(crate) mod sort;
pub(crate) mod source;
pub(crate) mod sql;
pub(crate) mod stat;
pub(crate) mod time_window;
pub(crate) mod to_schema;
pub(crate) mod transpose;
pub(crate) mod unpivot;

use std::sync::Arc;

use hearth_base::Result;
use hearth_base::condition::{INVALID_REQUEST, UNSUPPORTED_TIME_TYPE};
use hearth_plan::{Origin, Relation, RelationNode as Node};

use crate::analyzer::{Analyzer, Env, placed_query, unsupported};
use crate::expression::cast::holds_time;
use crate::rel::Rel;

const STACK_RED_ZONE: usize = 256 * 1024;
const STACK_SEGMENT: usize = 4 * 1024 * 1024;

/// Where a relation's own errors happened. Spark makes the expressions of some relations itself, under the name of the
/// method; the expressions of the others have places of their own.
fn place_of(relation: &Relation) -> Option<Arc<Origin>> {
    let fragment = match relation.node {
        Node::Describe { .. } => "describe",
        Node::Crosstab { .. } => "crosstab",
        Node::FreqItems { .. } => "freqItems",
        Node::ApproxQuantile { .. } => "approxQuantile",
        _ => return relation.origin.clone(),
    };
    Some(Arc::new(Origin::DataFrame { fragment: fragment.into(), call_site: "the server".into() }))
}

/// Whether a relation has columns that are not computed from those of another. Rows of the client are looked at when
/// they are asked for: their schema alone is no harm.
fn brings_columns(node: &Node) -> bool {
    matches!(node, Node::NamedTable(_) | Node::DataSource(_))
}

/// Where a relation begins in its text.
fn starts_at(relation: &Relation) -> Option<u32> {
    match relation.origin.as_deref() {
        Some(Origin::Sql { start, .. }) => Some(*start),
        Some(Origin::DataFrame { .. }) | None => None,
    }
}

impl Analyzer<'_> {
    /// Analyses one relation.
    pub fn relation(&self, relation: &Relation, env: Env<'_>) -> Result<Rel> {
        let rel = stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || self.relation_node(relation, env));
        let rel = match rel {
            Ok(rel) => rel,
            // What `require` says is said outside of any expression.
            Err(error) if error.condition() == INVALID_REQUEST => return Err(error),
            Err(error) => return placed_query(place_of(relation).as_ref(), Err(error)),
        };
        if !env.settings.time_type && brings_columns(&relation.node) {
            let holds_time = rel.scope.columns.iter().any(|column| holds_time(&column.data_type));
            if holds_time {
                return Err(UNSUPPORTED_TIME_TYPE.error());
            }
        }
        let rel = self.cached(relation, rel, env)?;
        if let Some(plan_id) = relation.plan_id {
            let mut columns = rel.scope.columns.clone();
            columns.extend(rel.scope.hidden.iter().cloned());
            self.plan_outputs.borrow_mut().entry(plan_id).or_default().push(columns);
        }
        Ok(rel)
    }

    #[expect(clippy::too_many_lines, reason = "the dispatch: one line per node")]
    fn relation_node(&self, relation: &Relation, env: Env<'_>) -> Result<Rel> {
        match &relation.node {
            Node::NamedTable(table) => self.named_table(table, env),
            Node::DataSource(source) => self.data_source(source),
            Node::LocalRelation { data, schema } => self.local_relation(data.as_deref(), schema.as_deref()),
            Node::CachedLocalRelation { hash } => self.cached_local(std::slice::from_ref(hash), None),
            Node::ChunkedCachedLocalRelation { data_hashes, schema_hash } => {
                self.cached_local(data_hashes, schema_hash.as_deref())
            }
            Node::CachedRemoteRelation { relation_id } => self.remote(relation_id, env),
            Node::InlineTable { rows } => self.inline_table(rows, env),
            Node::Range { start, end, step, partitions } => self.range((*start, *end, *step), *partitions),
            Node::OneRow => Ok(Rel::one_row()),
            Node::TableFunction(function) => self.table_function(function, env),
            Node::RelationChanges { .. } => unsupported("CHANGES of a table"),
            Node::Sql(text) => self.sql_text(text, env),
            Node::Project { input, expressions } => self.project(input, expressions, env),
            Node::Filter { input, condition } => self.filter(input, condition, env),
            Node::Having { input, condition } => self.having(input, condition, env),
            Node::Qualify { input, condition } => self.qualify(input, condition, env),
            Node::WithColumns { input, columns } => self.with_columns(input, columns, env),
            Node::WithColumnsRenamed { input, renames } => self.with_columns_renamed(input, renames, env),
            Node::Drop { input, columns, names } => self.drop_columns(input, columns, names, env),
            Node::ToDf { input, names } => self.to_df(input, names, env),
            Node::ToSchema { input, schema } => self.to_schema(input, schema, env),
            Node::Unpivot(unpivot) => self.unpivot(unpivot, env),
            Node::Transpose { input, index } => self.transpose(input, index, env),
            Node::LateralView(view) => self.lateral_view(view, env),
            Node::ScriptTransform(transform) => self.script_transform(transform, env),
            Node::Parse { input, format, schema, options } => {
                self.parse(input, (*format, schema.as_ref()), options, env)
            }
            Node::SubqueryAlias { input, alias, qualifier, columns } => {
                let same_start = starts_at(relation).is_none_or(|start| starts_at(input) == Some(start));
                self.subquery_alias(input, (alias, qualifier), columns, (env, !same_start))
            }
            Node::WithCte { input, ctes, recursive } => self.with_cte(input, ctes, *recursive, env),
            Node::WithWindows { input, windows } => self.with_windows(input, windows, env),
            Node::WithRelations { root, references } => self.with_relations(root, references, env),
            Node::Hint { input, name, parameters } => self.hint(input, (name, parameters), env),
            Node::CollectMetrics { input, name, metrics } => self.collect_metrics(input, name, metrics, env),
            Node::WithWatermark { input, .. } => self.relation(input, env),
            Node::Join(join) => self.join(join, env),
            Node::AsOfJoin(join) => self.as_of_join(join, env),
            Node::NearestByJoin(join) => self.nearest_by_join(join, env),
            Node::SetOp(operation) => self.set_op(operation, env),
            Node::Aggregate { input, grouping, expressions } => self.aggregate(input, grouping, expressions, env),
            Node::Pivot(pivot) => self.pivot(pivot, env),
            Node::Sort { input, order, .. } => self.sort(input, order, env),
            Node::SortAll { input, direction_of } => self.sort_all(input, direction_of, env),
            Node::Limit { input, limit } => self.limit(input, limit, env),
            Node::Offset { input, offset } => self.offset(input, offset, env),
            Node::Tail { input, limit } => self.tail(input, limit, env),
            Node::Distinct { input } => self.distinct(input, env),
            Node::Deduplicate { input, names, all_columns, within_watermark } => {
                self.deduplicate(input, names, (*all_columns, *within_watermark), env)
            }
            Node::Sample(sample) => self.sample(sample, env),
            Node::Repartition { input, partitions, shuffle } => self.repartition(input, *partitions, *shuffle, env),
            Node::RepartitionByExpression { input, expressions, partitions } => {
                self.repartition_by(input, expressions, *partitions, env)
            }
            Node::FillNa { input, columns, values } => self.fill_na(input, columns, values, env),
            Node::DropNa { input, columns, min_non_nulls } => self.drop_na(input, columns, *min_non_nulls, env),
            Node::Replace { input, columns, replacements } => self.replace(input, columns, replacements, env),
            Node::Summary { input, statistics } => self.summary(input, statistics, env),
            Node::Describe { input, columns } => self.describe(input, columns, env),
            Node::Crosstab { input, column1, column2 } => self.crosstab(input, column1, column2, env),
            Node::Cov { input, column1, column2 } => {
                self.pair_statistic(input, ("covar_samp", "cov"), (column1, column2), env)
            }
            Node::Corr { input, column1, column2, .. } => {
                self.pair_statistic(input, ("corr", "corr"), (column1, column2), env)
            }
            Node::ApproxQuantile { input, columns, probabilities, .. } => {
                self.approx_quantile(input, columns, probabilities, env)
            }
            Node::FreqItems { input, columns, support } => self.freq_items(input, columns, *support, env),
            Node::SampleBy { input, column, fractions, seed } => self.sample_by(input, column, (fractions, *seed), env),
            Node::ShowString { .. } => unsupported("the text of a DataFrame as an input of another"),
            Node::HtmlString { .. } => unsupported("the HTML of a DataFrame as an input of another"),
            Node::MapPartitions { .. } => unsupported("mapInPandas, mapInArrow and mapPartitions"),
            Node::GroupMap(_) => unsupported("applyInPandas, applyInArrow and mapGroups"),
            Node::CoGroupMap(_) => unsupported("cogrouped maps"),
            Node::ApplyInPandasWithState { .. } => unsupported("applyInPandasWithState"),
            Node::InlineTableFunction { .. } => unsupported("Python table functions"),
            Node::InlineDataSource { .. } => unsupported("Python data sources"),
            Node::Catalog(_) => unsupported("a catalog call as an input of a query"),
            Node::Command(_) => unsupported("a command as an input of a query"),
            Node::Ml { what } => unsupported(&format!("Spark ML ({what})")),
            Node::Extension { type_url } => unsupported(&format!("the relation extension {type_url}")),
            Node::Unknown => unsupported("a relation of a newer protocol"),
        }
    }
}
