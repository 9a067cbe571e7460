//! Aggregates through DataFusion, compared with values recorded from Spark 4.2.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::logical_expr::{SortExpr, col};
use hearth_types::DataType;

use crate::call::{AggregateModifiers, Argument};
use crate::evaluate::{build, build_in, call, column, constant, settings, table, type_of, values};
use crate::typed::Typed;

fn ints(values: Vec<Option<i32>>) -> ArrayRef {
    Arc::new(Int32Array::from(values))
}

fn sample() -> RecordBatch {
    let decimals =
        Decimal128Array::from(vec![Some(100), Some(300), Some(400)]).with_precision_and_scale(10, 2).unwrap();
    table(vec![
        ("a", ints(vec![Some(1), Some(3), Some(4)])),
        ("b", ints(vec![Some(2), Some(2), None])),
        ("d", Arc::new(decimals)),
        ("f", Arc::new(Float64Array::from(vec![f64::NAN, 1.0, f64::NEG_INFINITY]))),
        ("s", Arc::new(StringArray::from(vec![Some("b"), Some("a"), None]))),
    ])
}

fn one(name: &str, arguments: Vec<Argument<'_>>) -> String {
    call(&sample(), name, arguments).unwrap().concat()
}

fn over(name: &str, of: &str) -> String {
    one(name, vec![column(&sample(), of)])
}

#[test]
fn counts_sums_and_averages() {
    let batch = sample();
    assert_eq!(one("count", vec![column(&batch, "a"), column(&batch, "b")]), "2");
    assert_eq!(one("count", vec![constant(1_i32)]), "3");
    assert_eq!(over("sum", "a"), "8");
    assert_eq!(over("avg", "a"), "2.6666666666666665");
    assert_eq!(over("sum", "d"), "8.00");
    assert_eq!(over("avg", "d"), "2.666667");
    assert_eq!(over("try_avg", "a"), "2.6666666666666665");
    let typed = type_of("avg", vec![column(&batch, "d")]);
    assert_eq!(typed, DataType::Decimal { precision: 14, scale: 6 });
    assert_eq!(type_of("sum", vec![column(&batch, "d")]), DataType::Decimal { precision: 20, scale: 2 });
}

#[test]
fn distinct_arguments_count_once() {
    let batch = table(vec![("a", ints(vec![Some(1), Some(1), Some(3), None])), ("b", ints(vec![Some(1); 4]))]);
    let distinct = || AggregateModifiers { distinct: true, ..AggregateModifiers::default() };
    let run = |name: &str, arguments: Vec<Argument<'_>>| {
        values(&batch, &build(name, arguments, distinct()).unwrap()).unwrap().concat()
    };
    assert_eq!(run("count", vec![column(&batch, "a")]), "2");
    assert_eq!(run("count", vec![column(&batch, "a"), column(&batch, "b")]), "2");
    assert_eq!(run("sum", vec![column(&batch, "a")]), "4");
    assert_eq!(run("avg", vec![column(&batch, "a")]), "2.0");
    let listed = run("collect_list", vec![column(&batch, "a")]);
    assert!(["[1, 3]", "[3, 1]"].contains(&listed.as_str()), "{listed}");
}

#[test]
fn overflow_of_longs_raises_or_is_null() {
    let batch = table(vec![("a", Arc::new(Int64Array::from(vec![i64::MAX, 1])))]);
    let error = call(&batch, "sum", vec![column(&batch, "a")]).unwrap_err();
    assert!(error.contains("ARITHMETIC_OVERFLOW"), "{error}");
    assert_eq!(call(&batch, "try_sum", vec![column(&batch, "a")]).unwrap(), ["NULL"]);
    let legacy = crate::SessionSettings { ansi: false, ..settings() };
    let wrapped = build_in(&legacy, "sum", vec![column(&batch, "a")], AggregateModifiers::default()).unwrap();
    assert_eq!(values(&batch, &wrapped).unwrap(), ["-9223372036854775808"]);
}

#[test]
fn overflow_of_wide_decimals_raises_or_is_null() {
    let wide = Decimal128Array::from(vec![10_i128.pow(38) - 1, 1]).with_precision_and_scale(38, 0).unwrap();
    let batch = table(vec![("a", Arc::new(wide))]);
    let error = call(&batch, "sum", vec![column(&batch, "a")]).unwrap_err();
    assert!(error.contains("ARITHMETIC_OVERFLOW"), "{error}");
    assert_eq!(call(&batch, "try_sum", vec![column(&batch, "a")]).unwrap(), ["NULL"]);
}

#[test]
fn extremes_order_nan_last() {
    assert_eq!(over("max", "f"), "NaN");
    assert_eq!(over("min", "f"), "-inf");
    assert_eq!(over("max", "s"), "b");
    let batch = sample();
    assert_eq!(one("max_by", vec![column(&batch, "s"), column(&batch, "a")]), "NULL");
    assert_eq!(one("min_by", vec![column(&batch, "s"), column(&batch, "a")]), "b");
    assert_eq!(one("max_by", vec![column(&batch, "a"), column(&batch, "a"), constant(2_i32)]), "[4, 3]");
}

#[test]
fn bits_and_booleans() {
    assert_eq!(over("bit_and", "a"), "0");
    assert_eq!(over("bit_or", "a"), "7");
    assert_eq!(over("bit_xor", "a"), "6");
    let error = build("bool_and", vec![column(&sample(), "a")], AggregateModifiers::default()).unwrap_err();
    assert!(error.to_string().contains("UNEXPECTED_INPUT_TYPE"));
}

#[test]
fn gathered_values() {
    let batch = table(vec![("a", ints(vec![Some(1), Some(2), Some(5), Some(2)]))]);
    let run = |name: &str, arguments| call(&batch, name, arguments).unwrap().concat();
    let a = || column(&batch, "a");
    assert_eq!(run("collect_list", vec![a()]), "[1, 2, 5, 2]");
    assert_eq!(run("collect_set", vec![a()]), "[1, 2, 5]");
    assert_eq!(run("median", vec![a()]), "2.0");
    assert_eq!(run("percentile", vec![a(), constant(0.3_f64)]), "1.9");
    assert_eq!(run("percentile_approx", vec![a(), constant(0.3_f64)]), "2");
    assert_eq!(run("mode", vec![a()]), "2");
    assert_eq!(run("approx_count_distinct", vec![a()]), "3");
    assert_eq!(run("histogram_numeric", vec![a(), constant(2_i32)]), "[{x: 1, y: 3.0}, {x: 5, y: 1.0}]");
    assert_eq!(run("stddev", vec![a()]), "1.7320508075688772");
    assert_eq!(run("kurtosis", vec![a()]), "-0.8148148148148167");
}

#[test]
fn empty_input() {
    let batch = table(vec![("a", ints(vec![None, None]))]);
    let run = |name: &str| call(&batch, name, vec![column(&batch, "a")]).unwrap().concat();
    assert_eq!(run("collect_list"), "[]");
    assert_eq!(run("sum"), "NULL");
    assert_eq!(run("avg"), "NULL");
    assert_eq!(run("stddev"), "NULL");
    assert_eq!(run("median"), "NULL");
    assert_eq!(run("count"), "0");
}

#[test]
fn listagg_orders_and_joins() {
    let batch = sample();
    let key = Typed::new(col("s"), DataType::STRING, true);
    let within_group = vec![(SortExpr::new(col("s"), true, true), key)];
    let modifiers = AggregateModifiers { within_group, ..AggregateModifiers::default() };
    let typed = build("listagg", vec![column(&batch, "s"), constant(", ")], modifiers).unwrap();
    assert_eq!(values(&batch, &typed).unwrap(), ["a, b"]);
    assert_eq!(over("listagg", "s"), "ba");
}

#[test]
fn firsts_skip_nulls_when_asked() {
    let batch = table(vec![("a", ints(vec![None, Some(2), None]))]);
    let run =
        |name: &str, ignore: bool| call(&batch, name, vec![column(&batch, "a"), constant(ignore)]).unwrap().concat();
    assert_eq!(run("first", true), "2");
    assert_eq!(run("last_value", true), "2");
    assert_eq!(run("any_value", false), "NULL");
}

#[test]
fn correlation_without_variance_is_a_division_by_zero() {
    let batch = table(vec![("a", ints(vec![Some(1), Some(1)])), ("b", ints(vec![Some(1), Some(2)]))]);
    let arguments = || vec![column(&batch, "a"), column(&batch, "b")];
    assert!(call(&batch, "corr", arguments()).unwrap_err().contains("DIVIDE_BY_ZERO"));
    let legacy = crate::SessionSettings { ansi: false, ..settings() };
    let typed = build_in(&legacy, "corr", arguments(), AggregateModifiers::default()).unwrap();
    assert_eq!(values(&batch, &typed).unwrap(), ["NULL"]);
}

/// Over `rows between 1 preceding and current row`, as recorded.
#[test]
fn frames_that_move() {
    use datafusion::logical_expr::expr::WindowFunction;
    use datafusion::logical_expr::{Expr, WindowFrame, WindowFrameBound, WindowFrameUnits};

    let batch = table(vec![("a", ints(vec![Some(1), Some(2), Some(2), Some(5)]))]);
    let moving = |name: &str| {
        let typed = build(name, vec![column(&batch, "a")], AggregateModifiers::default()).unwrap();
        let Expr::AggregateFunction(aggregate) = typed.expr else { panic!("{name} is no bare aggregate") };
        let mut window = WindowFunction::new(aggregate.func, aggregate.params.args);
        window.params.order_by = vec![SortExpr::new(col("a"), true, true)];
        window.params.window_frame = WindowFrame::new_bounds(
            WindowFrameUnits::Rows,
            WindowFrameBound::Preceding(datafusion::scalar::ScalarValue::UInt64(Some(1))),
            WindowFrameBound::CurrentRow,
        );
        let expr = Expr::WindowFunction(Box::new(window));
        values(&batch, &Typed::new(expr, typed.data_type, typed.nullable)).unwrap()
    };
    assert_eq!(moving("sum"), ["1", "3", "4", "7"]);
    assert_eq!(moving("collect_list"), ["[1]", "[1, 2]", "[2, 2]", "[2, 5]"]);
    assert_eq!(moving("stddev")[1..], ["0.7071067811865476", "0.0", "2.1213203435596424"]);
}

/// Groups go through their own accumulators, in two stages.
#[test]
fn sums_of_groups() {
    use datafusion::arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::{SessionConfig, SessionContext};

    let keys: ArrayRef = ints((0..1000).map(|row| Some(row % 3)).collect());
    let longs: ArrayRef = Arc::new(Int64Array::from_iter((0..1000).map(|row| (row % 7 != 0).then_some(row))));
    let wide = Decimal128Array::from_iter_values((0..1000).map(|row| row * 100));
    let wide: ArrayRef = Arc::new(wide.with_precision_and_scale(38, 2).unwrap());
    let batch = table(vec![("k", keys), ("l", longs), ("w", wide)]);
    let part = |name: &str, of: &str| {
        build(name, vec![column(&batch, of)], AggregateModifiers::default()).unwrap().expr.alias(format!("{name}_{of}"))
    };
    let aggregates = vec![part("sum", "l"), part("try_sum", "l"), part("sum", "w"), part("stddev_pop", "l")];
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(3).with_batch_size(64));
    let batches = runtime.block_on(async {
        let frame = context.read_batches((0..10).map(|part| batch.slice(part * 100, 100))).unwrap();
        let frame = frame.aggregate(vec![col("k")], aggregates).unwrap();
        frame.sort(vec![SortExpr::new(col("k"), true, true)]).unwrap().collect().await.unwrap()
    });
    let expected = |key: i64| -> i64 { (0..1000).filter(|row| row % 3 == key && row % 7 != 0).sum() };
    let whole = |key: i64| -> i64 { (0..1000).filter(|row| row % 3 == key).sum() };
    let text = pretty_format_batches(&batches).unwrap().to_string();
    let flat = text.replace(' ', "");
    for key in 0..3 {
        let sum = expected(key);
        assert!(flat.contains(&format!("|{key}|{sum}|{sum}|{}.00|", whole(key))), "{text}");
    }
}
