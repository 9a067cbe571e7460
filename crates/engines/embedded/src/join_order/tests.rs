//! Plans over tables of known sizes, and the order in which they are read.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{Result, Statistics};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableType, col, lit};
use datafusion::optimizer::{Optimizer, OptimizerContext};
use datafusion::physical_plan::ExecutionPlan;

/// A table of a known size and no rows.
#[derive(Debug)]
struct Sized {
    schema: SchemaRef,
    rows: Option<usize>,
}

#[async_trait]
impl TableProvider for Sized {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = Precision::Inexact(self.rows?);
        Some(statistics)
    }

    async fn scan(
        &self,
        _: &dyn Session,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        datafusion::common::not_impl_err!("these tables are never read")
    }
}

fn scan(columns: &[&str], rows: Option<usize>) -> LogicalPlanBuilder {
    let fields: Vec<_> = columns.iter().map(|name| Field::new(*name, DataType::Int32, true)).collect();
    let source = provider_as_source(Arc::new(Sized { schema: Arc::new(Schema::new(fields)), rows }));
    LogicalPlanBuilder::scan(columns[0], source, None).unwrap()
}

fn joined(left: LogicalPlanBuilder, right: LogicalPlanBuilder, on: Expr) -> LogicalPlanBuilder {
    left.join_on(right.build().unwrap(), datafusion::common::JoinType::Inner, [on]).unwrap()
}

/// The relations in the order in which the optimised plan reads them.
fn order(plan: LogicalPlan) -> (Vec<String>, LogicalPlan) {
    let optimizer = Optimizer::with_rules(super::rules());
    let plan = optimizer.optimize(plan, &OptimizerContext::new(), |_, _| {}).unwrap();
    let text = plan.display_indent().to_string();
    let names = text.lines().filter_map(|line| line.trim().strip_prefix("TableScan: "));
    (names.map(|name| name.split(' ').next().unwrap().to_owned()).collect(), plan)
}

/// Two facts that meet on a key of a third table, and what narrows one of them written last.
fn facts(sold: Option<usize>) -> LogicalPlan {
    let sales = scan(&["s_item", "s_date"], sold);
    let stock = scan(&["k_item", "k_week"], Some(10_000_000));
    let items = scan(&["i_item"], Some(20_000));
    let dates = scan(&["d_date", "d_week", "d_year"], Some(70_000));
    let plan = joined(sales, stock, col("s_item").eq(col("k_item")));
    let plan = joined(plan, items, col("i_item").eq(col("s_item")));
    let plan = joined(plan, dates, col("s_date").eq(col("d_date")).and(col("d_week").eq(col("k_week"))));
    plan.filter(col("d_year").eq(lit(1999))).unwrap().build().unwrap()
}

#[test]
fn facts_meet_last() {
    let written = facts(Some(1_000_000));
    let (names, plan) = order(written.clone());
    let text = plan.display_indent().to_string();
    assert_eq!(names, ["i_item", "k_item", "s_item", "d_date"], "{text}");
    assert!(text.contains("k_item.k_item = s_item.s_item, k_item.k_week = d_date.d_week"), "{text}");
    assert_eq!(plan.schema().columns(), written.schema().columns());
}

#[test]
fn written_order_stays_where_a_size_is_unknown() {
    let (names, _) = order(facts(None));
    assert_eq!(names, ["s_item", "k_item", "i_item", "d_date"]);
}

#[test]
fn a_star_stays_as_written() {
    let fact = scan(&["f_a", "f_b", "f_c"], Some(3_000_000));
    let plan = joined(fact, scan(&["a"], Some(1_000)), col("f_a").eq(col("a")));
    let plan = joined(plan, scan(&["b", "kind"], Some(100_000)), col("f_b").eq(col("b")));
    let plan = joined(plan, scan(&["c"], Some(50)), col("f_c").eq(col("c")));
    let plan = plan.filter(col("kind").eq(lit(3))).unwrap().build().unwrap();
    let (names, _) = order(plan);
    assert_eq!(names, ["f_a", "a", "b", "c"]);
}

#[test]
fn columns_of_one_key_are_not_independent() {
    let sold = scan(&["l_part", "l_supplier"], Some(6_000_000));
    let plan = joined(scan(&["p_part", "p_name"], Some(200_000)), sold, col("p_part").eq(col("l_part")));
    let supplies = scan(&["ps_part", "ps_supplier"], Some(800_000));
    let key = col("ps_part").eq(col("l_part")).and(col("ps_supplier").eq(col("l_supplier")));
    let plan = joined(plan, supplies, key);
    let plan = joined(plan, scan(&["s_supplier"], Some(10_000)), col("s_supplier").eq(col("l_supplier")));
    let plan = plan.filter(col("p_name").like(lit("%green%"))).unwrap().build().unwrap();
    let (names, _) = order(plan);
    assert_eq!(names, ["p_part", "l_part", "ps_part", "s_supplier"]);
}
