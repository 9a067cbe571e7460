//! How far a running query is, read from the metrics of its operators.
//!
//! A task is one partition of one operator, as DataFusion runs it; it is done when its operator says when it ended.

use datafusion::physical_plan::metrics::MetricValue;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use hearth_core::progress::Progress;

/// Moves `progress` to where `plan` is now.
pub fn report(plan: &dyn ExecutionPlan, progress: &Progress) {
    let mut count = Count::default();
    count.add(plan);
    progress.set_tasks(count.tasks);
    progress.set_completed(count.completed.min(count.tasks));
    progress.set_bytes_read(count.bytes);
}

/// Says that all of `plan` is done.
pub fn complete(plan: &dyn ExecutionPlan, progress: &Progress) {
    report(plan, progress);
    progress.set_completed(progress.snapshot().tasks);
}

#[derive(Default)]
struct Count {
    tasks: i64,
    completed: i64,
    bytes: i64,
}

impl Count {
    fn add(&mut self, plan: &dyn ExecutionPlan) {
        self.tasks += whole(plan.output_partitioning().partition_count());
        for metric in plan.metrics().iter().flat_map(|metrics| metrics.iter()) {
            match metric.value() {
                MetricValue::EndTimestamp(at) if at.value().is_some() => self.completed += 1,
                MetricValue::Count { name, count } if name == "bytes_scanned" => self.bytes += whole(count.value()),
                _ => {}
            }
        }
        for child in plan.children() {
            self.add(child.as_ref());
        }
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
