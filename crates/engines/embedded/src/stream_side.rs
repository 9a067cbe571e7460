//! Which side of a small join is read row by row, and so gives the rows their order.
//!
//! Spark reads through the left side of a join of two tables that it can hold, unless the right one is larger. People see
//! that order in `show`, and many a test relies on it. DataFusion holds the smaller side and prefers the left one. Here
//! inner and cross joins of rows that came with the plan are turned as Spark has them; files are left alone.

use std::any::Any;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::JoinType;
use datafusion::common::Result as DfResult;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, PartitionMode};
use datafusion::physical_plan::memory::LazyMemoryExec;
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};

/// Sides of more bytes than this are joined as DataFusion likes (`spark.sql.autoBroadcastJoinThreshold`).
const SMALL: f64 = 10.0 * 1024.0 * 1024.0;

type Rule = Arc<dyn PhysicalOptimizerRule + Send + Sync>;

/// DataFusion's rules with ours behind the one that chooses the sides of joins.
pub fn rules() -> Vec<Rule> {
    let mut rules = PhysicalOptimizer::new().rules;
    let after = rules.iter().position(|rule| rule.name() == "join_selection").map_or(rules.len(), |index| index + 1);
    rules.insert(after, Arc::new(StreamSide));
    rules
}

#[derive(Debug)]
struct StreamSide;

impl PhysicalOptimizerRule for StreamSide {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> DfResult<Arc<dyn ExecutionPlan>> {
        let turned = plan.transform_up(|node| {
            let any = node.as_ref() as &dyn Any;
            if let Some(join) = any.downcast_ref::<HashJoinExec>()
                && *join.join_type() == JoinType::Inner
                && spark_streams_left(join.left(), join.right()) == Some(true)
            {
                return join.swap_inputs(PartitionMode::CollectLeft).map(Transformed::yes);
            }
            if let Some(join) = any.downcast_ref::<CrossJoinExec>()
                // A cross join gives all rows of the other side for each row that it holds.
                && spark_streams_left(join.left(), join.right()) == Some(false)
            {
                return join.swap_inputs().map(Transformed::yes);
            }
            Ok(Transformed::no(node))
        })?;
        Ok(turned.data)
    }

    fn name(&self) -> &'static str {
        "stream_side"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether Spark would read through the side that stands left here; `None` where it is not known or does not matter.
fn spark_streams_left(left: &Arc<dyn ExecutionPlan>, right: &Arc<dyn ExecutionPlan>) -> Option<bool> {
    // Ids are given from left to right.
    let is_left = first_id(left)? < first_id(right)?;
    let (left, right) = (size(left)?, size(right)?);
    if left.max(right) > SMALL {
        return None;
    }
    let (written_left, written_right) = if is_left { (left, right) } else { (right, left) };
    let streams_written_left = written_right <= written_left;
    Some(streams_written_left == is_left)
}

/// The least id of the columns, whose names are ids.
fn first_id(plan: &Arc<dyn ExecutionPlan>) -> Option<u64> {
    plan.schema().fields().iter().filter_map(|field| field.name().strip_prefix('#')?.parse().ok()).min()
}

/// The bytes that Spark estimates, of plans over rows that are there already.
fn size(plan: &Arc<dyn ExecutionPlan>) -> Option<f64> {
    let any = plan.as_ref() as &dyn Any;
    let in_memory = any.is::<LazyMemoryExec>()
        || any.is::<PlaceholderRowExec>()
        || any.downcast_ref::<DataSourceExec>().is_some_and(|source| {
            let source: &dyn Any = source.data_source().as_ref();
            source.is::<MemorySourceConfig>()
        });
    if in_memory {
        let statistics = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new()).ok()?;
        let rows = statistics.num_rows.get_value().copied()?;
        return Some(rows as f64 * width(&plan.schema()));
    }
    let children = plan.children();
    match children.as_slice() {
        [] => None,
        [input] => {
            let row = |plan: &Arc<dyn ExecutionPlan>| 8.0 + width(&plan.schema());
            Some(size(input)? * row(plan) / row(input))
        }
        several => several.iter().map(|child| size(child)).try_fold(1.0, |total, size| Some(total * size?)),
    }
}

/// `DataType.defaultSize` of all columns.
fn width(schema: &Schema) -> f64 {
    schema.fields().iter().map(|field| default_size(field.data_type())).sum()
}

fn default_size(data_type: &DataType) -> f64 {
    match data_type {
        DataType::Boolean | DataType::Int8 | DataType::Null => 1.0,
        DataType::Int16 => 2.0,
        DataType::Int32 | DataType::Float32 | DataType::Date32 => 4.0,
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => 20.0,
        DataType::Binary | DataType::BinaryView | DataType::LargeBinary => 100.0,
        DataType::Decimal128(precision, _) if *precision > 18 => 16.0,
        DataType::List(element) => default_size(element.data_type()),
        DataType::Struct(fields) => fields.iter().map(|field| default_size(field.data_type())).sum(),
        DataType::Map(entries, _) => default_size(entries.data_type()),
        _ => 8.0,
    }
}
