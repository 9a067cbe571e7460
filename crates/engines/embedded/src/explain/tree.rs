//! A physical plan as Spark draws one: a tree with `+-` and `:-`, its operators under the names that people look for.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{DisplayFormatType, ExecutionPlan};

/// What operators are called here and there. The first that fits counts.
const NAMES: &[(&str, &str)] = &[
    ("HashJoinExec: mode=CollectLeft", "BroadcastHashJoin"),
    ("HashJoinExec", "ShuffledHashJoin"),
    ("SortMergeJoinExec", "SortMergeJoin"),
    ("NestedLoopJoinExec", "BroadcastNestedLoopJoin"),
    ("CrossJoinExec", "CartesianProduct"),
    ("FilterExec", "Filter"),
    ("ProjectionExec", "Project"),
    ("AggregateExec", "HashAggregate"),
    ("SortPreservingMergeExec", "Exchange SinglePartition"),
    ("SortExec", "Sort"),
    ("RepartitionExec", "Exchange"),
    ("CoalescePartitionsExec", "Exchange SinglePartition"),
    ("BoundedWindowAggExec", "Window"),
    ("WindowAggExec", "Window"),
    ("ObserveExec", "CollectMetrics"),
    ("GlobalLimitExec", "GlobalLimit"),
    ("LocalLimitExec", "LocalLimit"),
    ("UnionExec", "Union"),
    ("UnnestExec", "Generate"),
    ("LazyMemoryExec", "Range"),
    ("DataSourceExec: file_groups", "FileScan"),
    ("DataSourceExec: partitions", "LocalTableScan"),
    ("PlaceholderRowExec", "Scan OneRowRelation"),
];

/// The plan as lines.
pub fn draw(plan: &Arc<dyn ExecutionPlan>) -> String {
    let mut out = String::new();
    let plan = top(plan);
    if is_adaptive(plan) {
        out.push_str("AdaptiveSparkPlan isFinalPlan=false\n");
        node(&mut out, plan, "+- ", "   ");
    } else {
        node(&mut out, plan, "", "");
    }
    out
}

/// Spark plans anew while it runs where rows move or are joined: everywhere but in plain reading.
fn is_adaptive(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let line = Line(plan).to_string();
    if line == "InMemoryTableScan" {
        return false;
    }
    ["Join", "Aggregate", "Sort", "Window", "Repartition"].iter().any(|word| line.contains(word))
        || plan.children().into_iter().any(is_adaptive)
}

/// The plan without the projections on top that only rename columns.
fn top(plan: &Arc<dyn ExecutionPlan>) -> &Arc<dyn ExecutionPlan> {
    let mut top = plain(plan);
    while let Some(projection) = (top.as_ref() as &dyn Any).downcast_ref::<ProjectionExec>() {
        let renames = projection.expr().len() == projection.input().schema().fields().len()
            && projection.expr().iter().enumerate().all(|(index, shown)| {
                let column = (shown.expr.as_ref() as &dyn Any).downcast_ref::<Column>();
                column.is_some_and(|column| column.index() == index)
            });
        if !renames {
            break;
        }
        top = plain(projection.input());
    }
    top
}

/// What an operator stands around that does nothing to the rows.
fn plain(plan: &Arc<dyn ExecutionPlan>) -> &Arc<dyn ExecutionPlan> {
    match (plan.as_ref() as &dyn Any).downcast_ref::<CooperativeExec>() {
        Some(cooperative) => plain(cooperative.input()),
        None => plan,
    }
}

fn node(out: &mut String, plan: &Arc<dyn ExecutionPlan>, first: &str, rest: &str) {
    out.push_str(first);
    out.push_str(&named(&Line(plan).to_string()));
    out.push('\n');
    let children = plan.children();
    for (index, child) in children.iter().enumerate() {
        let last = index + 1 == children.len();
        let (mark, bar) = if last { ("+- ", "   ") } else { (":- ", ":  ") };
        node(out, plain(child), &format!("{rest}{mark}"), &format!("{rest}{bar}"));
    }
}

fn named(line: &str) -> String {
    match NAMES.iter().find_map(|(ours, name)| Some((name, line.strip_prefix(ours)?))) {
        Some((name, rest)) => {
            format!("{name} {}", rest.trim_start_matches([':', ',', '=']).trim_start()).trim_end().to_owned()
        }
        None => line.to_owned(),
    }
}

struct Line<'a>(&'a Arc<dyn ExecutionPlan>);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as(DisplayFormatType::Default, f)
    }
}
