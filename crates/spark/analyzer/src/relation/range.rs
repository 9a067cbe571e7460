//! `range`: a table of numbers that are made when they are read, cut into as many parts as asked.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{Int64Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result as PlanResult, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScanBuilder, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::memory::{LazyBatchGenerator, LazyMemoryExec};
use hearth_base::Result;
use hearth_types::{DataType, StructField, StructType};
use parking_lot::RwLock;

use crate::analyzer::{Analyzer, plan_error};
use crate::rel::Rel;

/// The most parts a range is cut into.
const MAX_PARTITIONS: usize = 1024;

impl Analyzer<'_> {
    pub fn range(&self, (start, end, step): (i64, i64, i64), partitions: Option<i32>) -> Result<Rel> {
        if step == 0 {
            return Err(super::stat::illegal("step (0) cannot be 0"));
        }
        if partitions.is_some_and(|count| count <= 0) {
            return Err(super::stat::illegal("the number of partitions must be positive"));
        }
        let partitions = partitions.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
        let schema = Arc::new(Schema::new(vec![Field::new("id", Arrow::Int64, false)]));
        let table = RangeTable { start, end, step, partitions, schema };
        let source = provider_as_source(Arc::new(table));
        let scan = TableScanBuilder::new(TableReference::bare(format!("range {start} {end} {step}")), source)
            .build()
            .map_err(plan_error)?;
        let schema = StructType::new([StructField::new("id", DataType::Long, false)]);
        self.rename(LogicalPlan::TableScan(scan), &schema, &Arc::default())
    }
}

#[derive(Debug)]
struct RangeTable {
    start: i64,
    end: i64,
    step: i64,
    /// `None`: as many as the engine works with.
    partitions: Option<usize>,
    schema: SchemaRef,
}

impl RangeTable {
    fn count(&self) -> u64 {
        let (start, end, step) = (i128::from(self.start), i128::from(self.end), i128::from(self.step));
        let distance = end - start;
        if distance == 0 || (distance > 0) != (step > 0) {
            return 0;
        }
        let count = (distance.abs() + step.abs() - 1) / step.abs();
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

#[async_trait]
impl TableProvider for RangeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let config = state.config();
        let count = self.count().min(limit.map_or(u64::MAX, |limit| limit as u64));
        let wanted = self.partitions.unwrap_or_else(|| config.target_partitions());
        let parts = wanted.clamp(1, MAX_PARTITIONS) as u64;
        let batch_size = config.batch_size().max(1);
        let generators = (0..parts).map(|part| {
            // As Spark cuts: part i holds the numbers from i * count / parts on.
            let first = u64::try_from(u128::from(part) * u128::from(count) / u128::from(parts)).unwrap_or(u64::MAX);
            let last = u64::try_from(u128::from(part + 1) * u128::from(count) / u128::from(parts)).unwrap_or(u64::MAX);
            let numbers = RangePart {
                start: self.start,
                step: self.step,
                next: first,
                first,
                last,
                batch_size,
                schema: Arc::clone(&self.schema),
            };
            Arc::new(RwLock::new(numbers)) as Arc<RwLock<dyn LazyBatchGenerator>>
        });
        let plan = LazyMemoryExec::try_new(Arc::clone(&self.schema), generators.collect())?;
        Ok(Arc::new(plan.with_projection(projection.cloned())))
    }
}

#[derive(Debug, Clone)]
struct RangePart {
    start: i64,
    step: i64,
    /// Positions in the whole range.
    next: u64,
    first: u64,
    last: u64,
    batch_size: usize,
    schema: SchemaRef,
}

impl fmt::Display for RangePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "range: start={}, step={}, rows={}..{}", self.start, self.step, self.first, self.last)
    }
}

impl LazyBatchGenerator for RangePart {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn generate_next_batch(&mut self) -> PlanResult<Option<RecordBatch>> {
        if self.next >= self.last {
            return Ok(None);
        }
        let until = self.last.min(self.next + self.batch_size as u64);
        // Wrapping is exact: the count was computed in 128 bits and every value lies between start and end.
        let at = |position: u64| self.start.wrapping_add((position as i64).wrapping_mul(self.step));
        let numbers = Int64Array::from_iter_values((self.next..until).map(at));
        self.next = until;
        Ok(Some(RecordBatch::try_new(Arc::clone(&self.schema), vec![Arc::new(numbers)])?))
    }

    fn reset_state(&self) -> Arc<RwLock<dyn LazyBatchGenerator>> {
        Arc::new(RwLock::new(Self { next: self.first, ..self.clone() }))
    }
}
