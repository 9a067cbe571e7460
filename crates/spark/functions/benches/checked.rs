//! What Spark's checks cost: ANSI arithmetic and casts against DataFusion's own, which wrap around or give NULL.
//!
//! Both sides are physical expressions over the same batch of 8,192 rows without an overflow. `bench/checked.py` runs
//! this and records the ratios.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a benchmark")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use datafusion::arrow::array::{
    ArrayRef, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::datatypes::DataType as Arrow;
use datafusion::common::DFSchema;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, Operator, binary_expr, col, try_cast};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use hearth_functions::cast::{CastMode, cast};
use hearth_functions::row::Builder;
use hearth_functions::{AggregateModifiers, Argument, Call, SessionSettings, Typed, lookup};
use hearth_types::DataType;
use hearth_types::arrow::{from_arrow, to_engine_arrow};

const ROWS: i64 = 8_192;

fn settings() -> SessionSettings {
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
        user: "bench".to_owned(),
        statement_micros: 0,
        spark_version: "4.2.0".to_owned(),
    }
}

fn batch() -> RecordBatch {
    let null_every = |every: i64, row: i64, value: i64| (row % every != 0).then_some(value);
    let ints = |factor: i64| {
        Int32Array::from_iter((0..ROWS).map(|row| null_every(97, row, row * factor % 10_000).map(|v| v as i32)))
    };
    let longs = |factor: i64| Int64Array::from_iter((0..ROWS).map(|row| null_every(89, row, row * factor % 1_000_000)));
    let doubles =
        |factor: f64| Float64Array::from_iter((0..ROWS).map(|row| null_every(83, row, row).map(|v| v as f64 * factor)));
    let decimals = |factor: i64| {
        Decimal128Array::from_iter((0..ROWS).map(|row| null_every(79, row, row * factor % 1_000_000).map(i128::from)))
            .with_precision_and_scale(12, 2)
            .unwrap()
    };
    let texts = StringArray::from_iter(
        (0..ROWS).map(|row| null_every(73, row, row * 7_919 % 1_000_000).map(|v| v.to_string())),
    );
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("i", Arc::new(ints(7))),
        ("j", Arc::new(ints(11))),
        ("l", Arc::new(longs(7_919))),
        ("m", Arc::new(longs(104_729))),
        ("x", Arc::new(doubles(0.25))),
        ("y", Arc::new(doubles(1.5))),
        ("d", Arc::new(decimals(7_919))),
        ("e", Arc::new(decimals(104_729))),
        ("s", Arc::new(texts)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn column(batch: &RecordBatch, name: &str) -> Typed {
    let schema = batch.schema();
    let field = schema.field_with_name(name).unwrap();
    Typed::new(col(name), from_arrow(field.data_type()).unwrap(), true)
}

fn physical(batch: &RecordBatch, expr: &Expr) -> Arc<dyn PhysicalExpr> {
    let schema = DFSchema::try_from(batch.schema()).unwrap();
    create_physical_expr(expr, &schema, &ExecutionProps::new(), &PhysicalPlanningContext::default()).unwrap()
}

fn operator(batch: &RecordBatch, name: &str, left: &str, right: &str) -> Expr {
    let session = settings();
    let arguments = vec![Argument::Value(column(batch, left)), Argument::Value(column(batch, right))];
    let argument_sql = vec![left.to_owned(), right.to_owned()];
    let sql = format!("({left} {name} {right})");
    let call = Call { name, session: &session, arguments, modifiers: AggregateModifiers::default(), argument_sql, sql };
    match lookup(name).unwrap().builder {
        Builder::Scalar(build) => build(call).unwrap().expr,
        other => unreachable!("{name} is {other:?}"),
    }
}

fn pair(criterion: &mut Criterion, name: &str, batch: &RecordBatch, ours: &Expr, theirs: &Expr) {
    let mut group = criterion.benchmark_group(name);
    for (side, expr) in [("hearth", ours), ("datafusion", theirs)] {
        let expr = physical(batch, expr);
        group.bench_function(side, |bencher| bencher.iter(|| black_box(expr.evaluate(black_box(batch)).unwrap())));
    }
    group.finish();
}

fn arithmetic(criterion: &mut Criterion) {
    let batch = batch();
    for (kind, left, right) in
        [("int", "i", "j"), ("bigint", "l", "m"), ("double", "x", "y"), ("decimal(12,2)", "d", "e")]
    {
        for (symbol, op) in [("+", Operator::Plus), ("-", Operator::Minus), ("*", Operator::Multiply)] {
            let ours = operator(&batch, symbol, left, right);
            let theirs = binary_expr(col(left), op, col(right));
            pair(criterion, &format!("{kind} {symbol}").replace('*', "x"), &batch, &ours, &theirs);
        }
    }
}

fn casts(criterion: &mut Criterion) {
    let batch = batch();
    let session = settings();
    let wanted = [
        ("i", DataType::Long),
        ("l", DataType::Integer),
        ("l", DataType::Double),
        ("x", DataType::Integer),
        ("d", DataType::Double),
        ("i", DataType::Decimal { precision: 12, scale: 2 }),
        ("s", DataType::Integer),
        ("s", DataType::Double),
        ("l", DataType::STRING),
    ];
    for (name, to) in wanted {
        let from = column(&batch, name);
        let title = format!("cast {} to {}", from.data_type.simple_string(), to.simple_string());
        let ours = cast(from, &to, CastMode::Ansi, &session).unwrap().expr;
        let arrow = if to == DataType::STRING { Arrow::Utf8 } else { to_engine_arrow(&to) };
        pair(criterion, &title, &batch, &ours, &try_cast(col(name), arrow));
    }
}

criterion_group!(benches, arithmetic, casts);
criterion_main!(benches);
