//! Hints: nothing here is partitioned or joined as a hint says, but a hint that Spark refuses is refused.

use hearth_base::condition::{HINT_PARAMETER, HINT_PARTITIONS, HINT_RELATION};
use hearth_base::{Error, Result};
use hearth_plan::{Expr, ExprNode, Relation};
use hearth_types::Value;

use super::stat::illegal;
use crate::analyzer::{Analyzer, Env};
use crate::expression::context::{Clause, Cx};
use crate::naming;
use crate::rel::Rel;

/// Hints of joins, under all of their names.
const JOINS: [&str; 8] = [
    "BROADCAST",
    "BROADCASTJOIN",
    "MAPJOIN",
    "SHUFFLE_MERGE",
    "MERGE",
    "MERGEJOIN",
    "SHUFFLE_HASH",
    "SHUFFLE_REPLICATE_NL",
];
/// Hints that take a number of partitions, columns, or both.
const PARTITIONS: [&str; 3] = ["REPARTITION", "REPARTITION_BY_RANGE", "REBALANCE"];

impl Analyzer<'_> {
    pub fn hint(&self, input: &Relation, (name, parameters): (&str, &[Expr]), env: Env<'_>) -> Result<Rel> {
        let rel = self.relation(input, env)?;
        let name = name.to_uppercase();
        if name == "COALESCE" {
            coalesce(parameters)?;
        } else if PARTITIONS.contains(&name.as_str()) {
            self.partitions(&name, parameters, Cx::new(env, &rel, Clause::Select))?;
        } else if JOINS.contains(&name.as_str()) {
            parameters.iter().try_for_each(of_relation)?;
        }
        Ok(rel)
    }

    fn partitions(&self, name: &str, parameters: &[Expr], cx: Cx<'_>) -> Result<()> {
        let columns = match parameters {
            [Expr { node: ExprNode::Literal(Value::Integer(count)), .. }, columns @ ..] => {
                positive(*count)?;
                columns
            }
            columns => columns,
        };
        let wrong: Vec<_> = columns.iter().filter(|column| column_name(column).is_none()).map(naming::sql).collect();
        if !wrong.is_empty() {
            let shown: Vec<_> = wrong.iter().map(|text| format!("\"{text}\"")).collect();
            return Err(HINT_PARAMETER.with("hintName", name).with("invalidParams", shown.join(", ")));
        }
        columns.iter().filter_map(column_name).try_for_each(|column| self.attribute(&column, None, cx).map(drop))
    }
}

fn coalesce(parameters: &[Expr]) -> Result<()> {
    match parameters {
        [Expr { node: ExprNode::Literal(Value::Integer(count)), .. }] => positive(*count),
        _ => Err(HINT_PARTITIONS.with("hintName", "COALESCE")),
    }
}

fn positive(count: i32) -> Result<()> {
    match count > 0 {
        true => Ok(()),
        false => Err(illegal(format_args!("Number of partitions ({count}) must be positive."))),
    }
}

/// The column of a hint: a name, or the text of one.
fn column_name(parameter: &Expr) -> Option<Vec<String>> {
    match &parameter.node {
        ExprNode::Attribute { name, .. } => Some(name.clone()),
        ExprNode::Literal(Value::String(text)) => hearth_sql::parse_multipart_identifier(text).ok(),
        _ => None,
    }
}

fn of_relation(parameter: &Expr) -> Result<(), Error> {
    match &parameter.node {
        ExprNode::Literal(value) if !matches!(value, Value::String(_)) => Err(HINT_RELATION
            .with("unsupported", format!("\"{}\"", naming::sql(parameter)))
            .with("class", "class org.apache.spark.sql.catalyst.expressions.Literal")),
        _ => Ok(()),
    }
}
