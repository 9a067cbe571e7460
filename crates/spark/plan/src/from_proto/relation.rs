//! Relations from the wire: the dispatch. One family file per group of arms.

mod argument;
mod columns;
mod group;
mod join;
mod rows;
mod source;
mod statistics;
mod user_code;

use hearth_base::Result;
use hearth_proto::connect as pb;
use hearth_proto::connect::ml_relation::MlType;
use hearth_proto::connect::relation::RelType;

use super::{catalog, invalid, message, origin, with_stack};
use crate::{CatalogOp, Relation, RelationNode};

pub(super) use source::{local, sql_text};

/// A relation of a plan.
pub fn relation(proto: pb::Relation) -> Result<Relation> {
    with_stack(|| {
        let rel_type = proto.rel_type.ok_or_else(|| invalid::not_set("spark.connect.Relation", "rel_type"))?;
        let common = proto.common.unwrap_or_default();
        Ok(Relation { node: node(rel_type)?, plan_id: common.plan_id, origin: origin::origin(common.origin) })
    })
}

fn node(rel_type: RelType) -> Result<RelationNode> {
    match rel_type {
        RelType::Read(read) => source::read(read),
        RelType::Project(project) => columns::project(*project),
        RelType::Filter(filter) => rows::filter(*filter),
        RelType::Join(join) => join::join(*join),
        RelType::SetOp(operation) => join::set_operation(*operation),
        RelType::Sort(sort) => rows::sort(*sort),
        RelType::Limit(limit) => rows::limit(*limit),
        RelType::Aggregate(aggregate) => group::aggregate(*aggregate),
        RelType::Sql(sql) => source::sql(sql),
        RelType::LocalRelation(local) => source::local(local),
        RelType::Sample(sample) => rows::sample(*sample),
        RelType::Offset(offset) => rows::offset(*offset),
        RelType::Deduplicate(deduplicate) => group::deduplicate(*deduplicate),
        RelType::Range(range) => source::range(&range),
        RelType::SubqueryAlias(alias) => source::subquery_alias(*alias),
        RelType::Repartition(repartition) => rows::repartition(*repartition),
        RelType::ToDf(to_df) => columns::to_df(*to_df),
        RelType::WithColumnsRenamed(renamed) => columns::with_columns_renamed(*renamed),
        RelType::ShowString(show) => rows::show_string(*show),
        RelType::Drop(drop) => columns::drop_columns(*drop),
        RelType::Tail(tail) => rows::tail(*tail),
        RelType::WithColumns(with_columns) => columns::with_columns(*with_columns),
        RelType::Hint(hint) => source::hint(*hint),
        RelType::Unpivot(unpivot) => columns::unpivot(*unpivot),
        RelType::ToSchema(to_schema) => columns::to_schema(*to_schema),
        RelType::RepartitionByExpression(repartition) => rows::repartition_by_expression(*repartition),
        RelType::MapPartitions(map) => user_code::map_partitions(*map),
        RelType::CollectMetrics(metrics) => group::collect_metrics(*metrics),
        RelType::Parse(parse) => columns::parse(*parse),
        RelType::GroupMap(map) => user_code::group_map(*map),
        RelType::CoGroupMap(map) => user_code::co_group_map(*map),
        RelType::WithWatermark(watermark) => rows::with_watermark(*watermark),
        RelType::ApplyInPandasWithState(apply) => user_code::apply_in_pandas_with_state(*apply),
        RelType::HtmlString(html) => rows::html_string(*html),
        RelType::CachedLocalRelation(cached) => Ok(RelationNode::CachedLocalRelation { hash: cached.hash }),
        RelType::CachedRemoteRelation(cached) => source::cached_remote(cached),
        RelType::CommonInlineUserDefinedTableFunction(function) => user_code::table_function(function),
        RelType::AsOfJoin(join) => join::as_of_join(*join),
        RelType::CommonInlineUserDefinedDataSource(source) => Ok(RelationNode::InlineDataSource { name: source.name }),
        RelType::WithRelations(with_relations) => source::with_relations(*with_relations),
        RelType::Transpose(transpose) => columns::transpose(*transpose),
        RelType::UnresolvedTableValuedFunction(function) => source::table_function(function),
        RelType::LateralJoin(join) => join::lateral_join(*join),
        RelType::ChunkedCachedLocalRelation(cached) => source::chunked_cached_local(cached),
        RelType::RelationChanges(changes) => source::relation_changes(changes),
        RelType::NearestByJoin(join) => join::nearest_by_join(*join),
        RelType::FillNa(fill) => statistics::fill_na(*fill),
        RelType::DropNa(drop) => statistics::drop_na(*drop),
        RelType::Replace(replace) => statistics::replace(*replace),
        RelType::Summary(summary) => statistics::summary(*summary),
        RelType::Crosstab(crosstab) => statistics::crosstab(*crosstab),
        RelType::Describe(describe) => statistics::describe(*describe),
        RelType::Cov(cov) => statistics::cov(*cov),
        RelType::Corr(corr) => statistics::corr(*corr),
        RelType::ApproxQuantile(quantile) => statistics::approx_quantile(*quantile),
        RelType::FreqItems(items) => statistics::freq_items(*items),
        RelType::SampleBy(sample) => statistics::sample_by(*sample),
        RelType::Catalog(proto) => Ok(RelationNode::Catalog(Box::new(catalog::catalog(proto)?))),
        RelType::MlRelation(ml) => Ok(RelationNode::Ml { what: ml_name(&ml).to_owned() }),
        RelType::Extension(any) => Ok(RelationNode::Extension { type_url: any.type_url }),
        RelType::Unknown(_) => Err(invalid::not_supported("spark.connect.Relation", "UNKNOWN", 999)),
    }
}

fn ml_name(ml: &pb::MlRelation) -> &'static str {
    match ml.ml_type {
        Some(MlType::Transform(_)) => "transform",
        Some(MlType::Fetch(_)) => "fetch",
        None => "unknown",
    }
}

/// An input that must be there; an absent one is told as an empty one.
fn input(proto: Option<Box<pb::Relation>>) -> Result<Box<Relation>> {
    let mut input = relation(message(proto))?;
    // What `createTable` gave back: the table, which is there.
    if let RelationNode::Catalog(op) = &input.node
        && let CatalogOp::CreateTable(new) = op.as_ref()
    {
        let name = new.name.clone();
        let table = crate::relation::NamedTable { name, options: Vec::new(), is_streaming: false, travel: None };
        input.node = RelationNode::NamedTable(table);
    }
    Ok(Box::new(input))
}
