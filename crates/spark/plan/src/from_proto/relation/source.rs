//! Relations that begin a plan or give it names: tables, files, local rows, SQL text, aliases.

use std::collections::BTreeMap;

use hearth_base::Result;
use hearth_base::condition::{
    CHUNKED_CACHED_LOCAL_RELATION_WITHOUT_DATA, PREDICATES_NOT_SUPPORTED_FOR_DATA_SOURCE,
    SCHEMA_REQUIRED_FOR_LOCAL_RELATION,
};
use hearth_proto::connect as pb;
use hearth_proto::connect::expression::Literal;
use hearth_proto::connect::read::{self as wire, ReadType};

use super::{argument, input, relation};
use crate::from_proto::expression::{expression, expressions};
use crate::from_proto::literal::value;
use crate::from_proto::{invalid, options};
use crate::identifier::parse_multipart_identifier;
use crate::relation::{DataSource, NamedTable, SqlText, TableFunction, TableName};
use crate::{Expr, RelationNode};

pub(super) fn read(read: pb::Read) -> Result<RelationNode> {
    match read.read_type.ok_or_else(|| invalid::not_set("spark.connect.Read", "read_type"))? {
        ReadType::NamedTable(table) => named_table(table, read.is_streaming),
        ReadType::DataSource(source) => data_source(source, read.is_streaming),
    }
}

fn named_table(table: wire::NamedTable, is_streaming: bool) -> Result<RelationNode> {
    let name = TableName::from(parse_multipart_identifier(&table.unparsed_identifier)?);
    Ok(RelationNode::NamedTable(NamedTable { name, options: options(table.options), is_streaming, travel: None }))
}

fn data_source(source: wire::DataSource, is_streaming: bool) -> Result<RelationNode> {
    let format = source.format.as_deref().unwrap_or_default();
    if !source.predicates.is_empty() && format != "jdbc" {
        return Err(PREDICATES_NOT_SUPPORTED_FOR_DATA_SOURCE.with("format", format));
    }
    Ok(RelationNode::DataSource(DataSource {
        format: source.format,
        schema: source.schema.filter(|schema| !schema.is_empty()),
        options: options(source.options),
        paths: source.paths,
        predicates: source.predicates,
        is_streaming,
    }))
}

pub(super) fn relation_changes(changes: pb::RelationChanges) -> Result<RelationNode> {
    Ok(RelationNode::RelationChanges {
        name: parse_multipart_identifier(&changes.unparsed_identifier)?,
        options: options(changes.options),
        is_streaming: changes.is_streaming,
    })
}

pub(in crate::from_proto) fn local(local: pb::LocalRelation) -> Result<RelationNode> {
    if local.data.is_none() && local.schema.is_none() {
        return Err(SCHEMA_REQUIRED_FOR_LOCAL_RELATION.error());
    }
    Ok(RelationNode::LocalRelation { data: local.data, schema: local.schema })
}

pub(super) fn chunked_cached_local(cached: pb::ChunkedCachedLocalRelation) -> Result<RelationNode> {
    if cached.data_hashes.is_empty() {
        return Err(CHUNKED_CACHED_LOCAL_RELATION_WITHOUT_DATA.error());
    }
    Ok(RelationNode::ChunkedCachedLocalRelation { data_hashes: cached.data_hashes, schema_hash: cached.schema_hash })
}

pub(super) fn cached_remote(cached: pb::CachedRemoteRelation) -> Result<RelationNode> {
    Ok(RelationNode::CachedRemoteRelation { relation_id: cached.relation_id })
}

pub(super) fn range(range: &pb::Range) -> Result<RelationNode> {
    Ok(RelationNode::Range {
        start: range.start.unwrap_or(0),
        end: range.end,
        step: range.step,
        partitions: range.num_partitions,
    })
}

pub(super) fn table_function(function: pb::UnresolvedTableValuedFunction) -> Result<RelationNode> {
    let (name, arguments) = (TableName::from(vec![function.function_name]), expressions(function.arguments)?);
    Ok(RelationNode::TableFunction(TableFunction { name, arguments }))
}

pub(super) fn sql(sql: pb::Sql) -> Result<RelationNode> {
    Ok(RelationNode::Sql(sql_text(sql)?))
}

/// The parameters of the newest form that is there: a client fills one of the four fields.
pub(in crate::from_proto) fn sql_text(sql: pb::Sql) -> Result<SqlText> {
    let query = sql.query;
    let (named, positional) = if !sql.named_arguments.is_empty() {
        (argument::named(named(sql.named_arguments, expression)?)?, Vec::new())
    } else if !sql.pos_arguments.is_empty() {
        (Vec::new(), argument::positional(expressions(sql.pos_arguments)?)?)
    } else if !sql.args.is_empty() {
        (named(sql.args, literal)?, Vec::new())
    } else {
        (Vec::new(), sql.pos_args.into_iter().map(literal).collect::<Result<_>>()?)
    };
    Ok(SqlText { query, named, positional })
}

fn literal(proto: Literal) -> Result<Expr> {
    Ok(Expr::literal(value(proto)?))
}

fn named<P>(arguments: BTreeMap<String, P>, read: impl Fn(P) -> Result<Expr>) -> Result<Vec<(String, Expr)>> {
    arguments.into_iter().map(|(name, argument)| Ok((name, read(argument)?))).collect()
}

pub(super) fn subquery_alias(alias: pb::SubqueryAlias) -> Result<RelationNode> {
    Ok(RelationNode::SubqueryAlias {
        input: input(alias.input)?,
        alias: alias.alias,
        qualifier: alias.qualifier,
        columns: Vec::new(),
    })
}

pub(super) fn hint(hint: pb::Hint) -> Result<RelationNode> {
    let parameters = expressions(hint.parameters)?;
    Ok(RelationNode::Hint { input: input(hint.input)?, name: hint.name, parameters })
}

pub(super) fn with_relations(with_relations: pb::WithRelations) -> Result<RelationNode> {
    let references: Result<Vec<_>> = with_relations.references.into_iter().map(relation).collect();
    Ok(RelationNode::WithRelations { root: input(with_relations.root)?, references: references? })
}
