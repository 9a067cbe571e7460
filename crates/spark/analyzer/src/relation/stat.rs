//! `df.stat`, `df.describe`, `df.summary`: written as the queries that they are.

use std::sync::Arc;

use hearth_base::condition::{INVALID_REQUEST, UNRECOGNIZED_STATISTIC};
use hearth_base::{Error, Result};
use hearth_functions::{Generated, GeneratedColumn, Typed, cast};
use hearth_plan::relation::Pivot;
use hearth_plan::{Expr, ExprNode, Relation, RelationNode};
use hearth_types::{DataType, StructField, Value};

use super::block::Block;
use crate::analyzer::{Analyzer, Env};
use crate::expression::context::{Clause, Cx, Grouped};
use crate::expression::extract::make_struct;
use crate::expression::generator::generator_items;
use crate::expression::literal;
use crate::rel::{Item, Rel};
use crate::scope::Column;

const DESCRIBED: [&str; 5] = ["count", "mean", "stddev", "min", "max"];
const SUMMARISED: [&str; 8] = ["count", "mean", "stddev", "min", "25%", "50%", "75%", "max"];

/// `ApproximatePercentile.DEFAULT_PERCENTILE_ACCURACY`
const ACCURACY: i32 = 10_000;

impl Analyzer<'_> {
    /// `cov` and `corr`: one row, one number.
    pub fn pair_statistic(
        &self,
        input: &Relation,
        (function, name): (&str, &str),
        (column1, column2): (&str, &str),
        env: Env<'_>,
    ) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let mut values: Vec<Typed> = Vec::with_capacity(2);
        for name in [column1, column2] {
            let column = self.field_named(&input, name)?;
            if !column.data_type.is_numeric() {
                let what = if function == "corr" { "correlation" } else { "covariance" };
                let text = column.data_type.simple_string();
                return Err(illegal(format!(
                    "Currently {what} calculation for columns with dataType {text} not supported."
                )));
            }
            // `StatFunctions` takes a missing number for zero.
            let number = cast::cast(column.typed(), &DataType::Double, cast::CastMode::of(env.settings), env.settings)?;
            let zero = literal::typed(&Value::Double(0.0))?;
            values.push(self.call("coalesce", vec![number, zero], Cx::new(env, &input, Clause::Select))?);
        }
        let cx = Cx::new(env, &input, Clause::Select);
        let value = self.call(function, values, cx)?;
        // One row has no spread, and none has no row.
        let none = if function == "corr" { f64::NAN } else { 0.0 };
        let value = self.call("coalesce", vec![value, literal::typed(&Value::Double(none))?], cx)?;
        let mut block = Block::new(input, vec![Item::named(value, name)], Vec::new());
        block.grouped = Some(Grouped::default());
        self.block_rel(block)
    }

    pub fn summary(&self, input: &Relation, statistics: &[String], env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let columns = described(&input);
        let names: Vec<&str> =
            if statistics.is_empty() { SUMMARISED.to_vec() } else { statistics.iter().map(String::as_str).collect() };
        self.statistics(input, &columns, &names, env)
    }

    pub fn describe(&self, input: &Relation, names: &[String], env: Env<'_>) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let columns = if names.is_empty() {
            described(&input)
        } else {
            names.iter().map(|name| self.named_column(&input, name)).collect::<Result<_>>()?
        };
        self.statistics(input, &columns, &DESCRIBED, env)
    }

    /// One row for each statistic: its name, and its text for each column.
    fn statistics(&self, input: Rel, columns: &[Column], statistics: &[&str], env: Env<'_>) -> Result<Rel> {
        let mut names: Vec<Arc<str>> = vec!["summary".into()];
        names.extend(columns.iter().map(|column| Arc::clone(&column.name)));
        let field = |index: usize| -> Arc<str> { format!("#field{index}").into() };
        let mut rows = Vec::with_capacity(statistics.len());
        for statistic in statistics {
            let mut parts = vec![(field(0), literal::typed(&Value::string(*statistic))?)];
            for (index, column) in columns.iter().enumerate() {
                let value = self.statistic(column, statistic, Cx::new(env, &input, Clause::Select))?;
                let text = cast::cast(value, &DataType::STRING, cast::CastMode::of(env.settings), env.settings)?;
                parts.push((field(index + 1), Typed { nullable: true, ..text }));
            }
            rows.push(make_struct(parts).expr);
        }
        let generated_columns: Vec<GeneratedColumn> = (0..names.len())
            .map(|index| GeneratedColumn {
                name: field(index).to_string(),
                data_type: DataType::STRING,
                nullable: true,
            })
            .collect();
        let element = DataType::structure(
            generated_columns.iter().map(|column| StructField::new(column.name.as_str(), DataType::STRING, true)),
        );
        let list = datafusion::functions_nested::expr_fn::make_array(rows);
        let generated = Generated {
            list: Typed::new(list, DataType::array(element, false), false),
            columns: generated_columns,
            elements_are_structs: true,
        };
        let step = self.generator_step(generated, false);
        let mut items = generator_items(&step, &[])?;
        for (item, name) in items.iter_mut().zip(names) {
            item.name = name;
        }
        let mut block = Block::new(input, items, vec![step]);
        block.grouped = Some(Grouped::default());
        let rel = self.block_rel(block)?;
        Ok(Rel { block: None, ..rel })
    }

    fn statistic(&self, column: &Column, statistic: &str, cx: Cx<'_>) -> Result<Typed> {
        let number = || -> Result<Typed> {
            if column.data_type.is_string() {
                return cast::cast(column.typed(), &DataType::Double, cast::CastMode::Try, cx.env.settings);
            }
            Ok(column.typed())
        };
        if let Some(percent) = statistic.strip_suffix('%') {
            let Ok(percent) = percent.parse::<f64>() else { return Err(unrecognized(statistic)) };
            if !(0.0..=100.0).contains(&percent) {
                return Err(illegal("Percentiles must be in the range [0, 1]"));
            }
            let value = match column.data_type {
                DataType::Decimal { .. } => {
                    cast::cast(column.typed(), &DataType::Double, cast::CastMode::of(cx.env.settings), cx.env.settings)?
                }
                _ => number()?,
            };
            let arguments = vec![
                value,
                literal::typed(&Value::Double(percent / 100.0))?,
                literal::typed(&Value::Integer(ACCURACY))?,
            ];
            return self.call("percentile_approx", arguments, cx);
        }
        match statistic.to_lowercase().as_str() {
            name @ ("count" | "min" | "max" | "approx_count_distinct") => self.call(name, vec![column.typed()], cx),
            "mean" => self.call("avg", vec![number()?], cx),
            "stddev" => self.call("stddev", vec![number()?], cx),
            "count_distinct" => {
                let counted = datafusion::functions_aggregate::expr_fn::count_distinct(column.id.expr());
                Ok(Typed::new(counted, DataType::Long, false))
            }
            _ => Err(unrecognized(statistic)),
        }
    }

    /// A table of counts: one row for each value of the first column, one column for each of the second.
    pub fn crosstab(&self, input: &Relation, column1: &str, column2: &str, env: Env<'_>) -> Result<Rel> {
        let text = |name: &str| {
            let column = Expr::column(name);
            let cast = ExprNode::Cast {
                expr: Box::new(column.clone()),
                to: hearth_plan::expression::TypeRef::Known(DataType::STRING),
                mode: hearth_plan::expression::CastMode::Session,
            };
            let missing = Expr::function("isnull", vec![column]);
            Expr::function("when", vec![missing, Expr::literal(Value::string("null")), Expr::new(cast)])
        };
        let pivot = Pivot {
            input: Box::new(input.clone()),
            grouping: Some(vec![text(column1).alias(format!("{column1}_{column2}"))]),
            columns: vec![text(column2)],
            values: Vec::new(),
            aggregates: vec![Expr::function("count", vec![Expr::literal(Value::Integer(1))])],
        };
        let pivot = Relation::new(RelationNode::Pivot(Box::new(pivot)));
        self.fill_na(&pivot, &[], &[Value::Long(0)], env)
    }

    /// One row: for each column an array of its quantiles.
    pub fn approx_quantile(
        &self,
        input: &Relation,
        columns: &[String],
        probabilities: &[f64],
        env: Env<'_>,
    ) -> Result<Rel> {
        let input = self.relation(input, env)?;
        let cx = Cx::new(env, &input, Clause::Select);
        let wanted = Value::Array {
            element_type: DataType::Double,
            elements: probabilities.iter().map(|probability| Value::Double(*probability)).collect(),
        };
        let mut arrays = Vec::with_capacity(columns.len());
        for name in columns {
            let column = self.named_column(&input, name)?;
            if !column.data_type.is_numeric() {
                let kind = column.data_type.simple_string();
                return Err(illegal(format!(
                    "Quantile calculation for column {name} with data type {kind} is not supported."
                )));
            }
            let value = cast::cast(column.typed(), &DataType::Double, cast::CastMode::of(env.settings), env.settings)?;
            // What is no number has no rank.
            let value = self.call("nanvl", vec![value, literal::typed(&Value::Null(DataType::Double))?], cx)?;
            let arguments = vec![value, literal::typed(&wanted)?, literal::typed(&Value::Integer(ACCURACY))?];
            let quantiles = self.call("percentile_approx", arguments, cx)?;
            let empty = Value::Array { element_type: DataType::Double, elements: Vec::new() };
            arrays.push(self.call("coalesce", vec![quantiles, literal::typed(&empty)?], cx)?);
        }
        let value = self.call("array", arrays, cx)?;
        let mut block = Block::new(input, vec![Item::named(value, "approx_quantile")], Vec::new());
        block.grouped = Some(Grouped::default());
        self.block_rel(block)
    }
}

/// What `require` and `IllegalArgumentException` say in Spark: no condition, only a text.
pub(crate) fn illegal(message: impl std::fmt::Display) -> Error {
    INVALID_REQUEST.with("message", format!("requirement failed: {message}"))
}

fn unrecognized(statistic: &str) -> Error {
    UNRECOGNIZED_STATISTIC.with("stats", format!("'{statistic}'"))
}

/// Numbers and text: what `describe` and `summary` look at.
fn described(input: &Rel) -> Vec<Column> {
    let looked_at = |column: &&Column| column.data_type.is_numeric() || column.data_type.is_string();
    input.scope.columns.iter().filter(looked_at).cloned().collect()
}
