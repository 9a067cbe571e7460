//! Relations that change the columns and leave the rows: projections, renames, schemas, unpivot, transpose.

use std::collections::BTreeMap;

use hearth_base::Result;
use hearth_base::condition::WITH_COLUMNS_REQUIRE_SINGLE_NAME_PART;
use hearth_proto::connect as pb;
use hearth_proto::connect::expression::Alias;
use hearth_proto::connect::parse::ParseFormat as WireFormat;
use hearth_proto::connect::with_columns_renamed::Rename;

use super::input;
use crate::from_proto::expression::{expression, expressions};
use crate::from_proto::types::{data_type, type_or_ddl};
use crate::from_proto::{invalid, known, message, options};
use crate::relation::{ParseFormat, Unpivot, UnpivotValue};
use crate::{Expr, Relation, RelationNode};

/// Without an input, constants: one row.
pub(super) fn project(project: pb::Project) -> Result<RelationNode> {
    let input = match project.input {
        Some(proto) => input(Some(proto))?,
        None => Box::new(Relation::new(RelationNode::OneRow)),
    };
    Ok(RelationNode::Project { input, expressions: expressions(project.expressions)? })
}

pub(super) fn to_df(to_df: pb::ToDf) -> Result<RelationNode> {
    Ok(RelationNode::ToDf { input: input(to_df.input)?, names: to_df.column_names })
}

/// Clients before 4.0 send a map.
pub(super) fn with_columns_renamed(renamed: pb::WithColumnsRenamed) -> Result<RelationNode> {
    let renames =
        if renamed.renames.is_empty() { from_map(renamed.rename_columns_map) } else { pairs(renamed.renames) };
    Ok(RelationNode::WithColumnsRenamed { input: input(renamed.input)?, renames })
}

fn from_map(map: BTreeMap<String, String>) -> Vec<(String, String)> {
    map.into_iter().collect()
}

fn pairs(renames: Vec<Rename>) -> Vec<(String, String)> {
    renames.into_iter().map(|rename| (rename.col_name, rename.new_col_name)).collect()
}

pub(super) fn with_columns(with_columns: pb::WithColumns) -> Result<RelationNode> {
    let columns: Result<Vec<_>> = with_columns.aliases.into_iter().map(new_column).collect();
    Ok(RelationNode::WithColumns { input: input(with_columns.input)?, columns: columns? })
}

fn new_column(alias: Alias) -> Result<(String, Expr, Option<String>)> {
    let [name]: [String; 1] = alias.name.try_into().map_err(|names: Vec<_>| {
        WITH_COLUMNS_REQUIRE_SINGLE_NAME_PART.with("got", format!("[{}]", names.join(", ")))
    })?;
    Ok((name, expression(message(alias.expr))?, alias.metadata.filter(|json| !json.is_empty())))
}

pub(super) fn drop_columns(drop: pb::Drop) -> Result<RelationNode> {
    let columns = expressions(drop.columns)?;
    Ok(RelationNode::Drop { input: input(drop.input)?, columns, names: drop.column_names })
}

pub(super) fn to_schema(to_schema: pb::ToSchema) -> Result<RelationNode> {
    let schema = type_or_ddl(to_schema.schema.unwrap_or_default())?;
    Ok(RelationNode::ToSchema { input: input(to_schema.input)?, schema })
}

/// `Dataset.unpivot` keeps NULLs, which SQL's UNPIVOT leaves out.
pub(super) fn unpivot(unpivot: pb::Unpivot) -> Result<RelationNode> {
    let values = match unpivot.values {
        Some(values) => Some(expressions(values.values)?.into_iter().map(single).collect()),
        None => None,
    };
    Ok(RelationNode::Unpivot(Unpivot {
        input: input(unpivot.input)?,
        ids: Some(expressions(unpivot.ids)?),
        values,
        variable_column: unpivot.variable_column_name,
        value_columns: vec![unpivot.value_column_name],
        include_nulls: true,
    }))
}

fn single(expression: Expr) -> UnpivotValue {
    UnpivotValue { expressions: vec![expression], alias: None }
}

pub(super) fn transpose(transpose: pb::Transpose) -> Result<RelationNode> {
    let index = expressions(transpose.index_columns)?;
    Ok(RelationNode::Transpose { input: input(transpose.input)?, index })
}

pub(super) fn parse(parse: pb::Parse) -> Result<RelationNode> {
    const PARSE_FORMAT: &str = "spark.connect.Parse.ParseFormat";
    let format = match known(parse.format, PARSE_FORMAT)? {
        WireFormat::Csv => ParseFormat::Csv,
        WireFormat::Json => ParseFormat::Json,
        WireFormat::Xml => ParseFormat::Xml,
        unspecified @ WireFormat::Unspecified => {
            return Err(invalid::enum_value(PARSE_FORMAT, unspecified.as_str_name(), parse.format));
        }
    };
    let schema = parse.schema.map(data_type).transpose()?;
    Ok(RelationNode::Parse { input: input(parse.input)?, format, schema, options: options(parse.options) })
}
