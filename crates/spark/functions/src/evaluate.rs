//! Runs calls of the table through DataFusion, for tests: planned, optimised, executed.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, col};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::scalar::ScalarValue;
use hearth_base::Result;
use hearth_types::DataType;
use hearth_types::arrow::from_arrow;

use crate::call::{AggregateModifiers, Argument, Call, SessionSettings};
use crate::row::Builder;
use crate::table::lookup;
use crate::typed::Typed;

pub fn settings() -> SessionSettings {
    SessionSettings {
        ansi: true,
        time_zone: "UTC".to_owned(),
        timestamp_ntz_default: false,
        time_type: false,
        map_key_last_wins: false,
        legacy_size_of_null: false,
        case_sensitive: false,
        decimal_precision_loss: true,
        current_catalog: "spark_catalog".to_owned(),
        current_database: "default".to_owned(),
        user: "tester".to_owned(),
        statement_micros: 0,
        spark_version: "4.2.0".to_owned(),
    }
}

/// A table of columns by name, in one batch.
pub fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// A column of a table.
pub fn column(batch: &RecordBatch, name: &str) -> Argument<'static> {
    let field = batch.schema().field_with_name(name).unwrap().clone();
    Argument::Value(Typed::new(col(name), from_arrow(field.data_type()).unwrap(), field.is_nullable()))
}

/// A constant.
pub fn constant(value: impl Into<ScalarValue>) -> Argument<'static> {
    let value = value.into();
    let data_type = from_arrow(&value.data_type()).unwrap();
    let nullable = value.is_null();
    Argument::Value(Typed::new(Expr::Literal(value, None), data_type, nullable))
}

/// Builds a call of a scalar function or an aggregate.
pub fn build(name: &str, arguments: Vec<Argument<'_>>, modifiers: AggregateModifiers) -> Result<Typed> {
    build_in(&settings(), name, arguments, modifiers)
}

pub fn build_in(
    session: &SessionSettings,
    name: &str,
    arguments: Vec<Argument<'_>>,
    modifiers: AggregateModifiers,
) -> Result<Typed> {
    let argument_sql = (0..arguments.len()).map(|index| format!("a{index}")).collect();
    let call = Call { name, session, arguments, modifiers, argument_sql, sql: format!("{name}(…)") };
    match lookup(name).unwrap().builder {
        Builder::Scalar(build) | Builder::Aggregate(build) => build(call),
        other => panic!("{name} is {other:?}"),
    }
}

/// The values of an expression over a table, as texts. Aggregates are over the whole table, in four partitions.
pub fn values(batch: &RecordBatch, typed: &Typed) -> std::result::Result<Vec<String>, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let mut aggregates: Vec<Expr> = Vec::new();
    let shell = typed.expr.clone().transform_down(|expr| match expr {
        aggregate @ Expr::AggregateFunction(_) => {
            let name = format!("aggregate_{}", aggregates.len());
            aggregates.push(aggregate.alias(&name));
            Ok(Transformed::new(col(name), true, TreeNodeRecursion::Jump))
        }
        other => Ok(Transformed::no(other)),
    });
    let shell = shell.unwrap().data.alias("value");
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(4));
    let batches = runtime.block_on(async {
        let mut frame = context.read_batch(batch.clone())?;
        if !aggregates.is_empty() {
            frame = frame.aggregate(vec![], aggregates)?;
        }
        frame.select(vec![shell])?.collect().await
    });
    let batches = batches.map_err(|error| error.find_root().to_string())?;
    let options = FormatOptions::default().with_null("NULL");
    let mut texts = Vec::new();
    for batch in batches {
        let array = Arc::clone(batch.column(0));
        assert_eq!(array.data_type(), &hearth_types::arrow::to_engine_arrow(&typed.data_type));
        let formatter = ArrayFormatter::try_new(&array, &options).unwrap();
        texts.extend((0..array.len()).map(|row| formatter.value(row).to_string()));
    }
    Ok(texts)
}

/// One call over a table.
pub fn call(batch: &RecordBatch, name: &str, arguments: Vec<Argument<'_>>) -> std::result::Result<Vec<String>, String> {
    let typed = build(name, arguments, AggregateModifiers::default()).map_err(|error| error.to_string())?;
    values(batch, &typed)
}

/// The Spark type of a call.
pub fn type_of(name: &str, arguments: Vec<Argument<'_>>) -> DataType {
    build(name, arguments, AggregateModifiers::default()).unwrap().data_type
}
