//! Generators' lists, maps and sequences, compared with values recorded from Spark 4.2.

use datafusion::arrow::array::{ArrayRef, Int32Array};
use datafusion::scalar::ScalarValue;
use hearth_types::DataType;

use crate::call::{AggregateModifiers, Argument, Call};
use crate::evaluate::{build, call, column, constant, settings, table, values};
use crate::row::{Builder, Generated};
use crate::table::lookup;
use crate::typed::Typed;

fn none() -> AggregateModifiers {
    AggregateModifiers::default()
}

fn rows() -> datafusion::arrow::array::RecordBatch {
    table(vec![("n", std::sync::Arc::new(Int32Array::from(vec![Some(1), None])) as ArrayRef)])
}

fn value(name: &str, arguments: Vec<Argument<'_>>) -> Argument<'static> {
    Argument::Value(build(name, arguments, none()).unwrap())
}

fn generate(name: &str, arguments: Vec<Argument<'_>>) -> (Vec<String>, Vec<(String, DataType, bool)>) {
    let session = settings();
    let argument_sql = vec![String::new(); arguments.len()];
    let call = Call { name, session: &session, arguments, modifiers: none(), argument_sql, sql: name.to_owned() };
    let Builder::Generator(build) = lookup(name).unwrap().builder else { panic!("{name} generates nothing") };
    let Generated { list, columns, .. } = build(call).unwrap();
    let columns = columns.into_iter().map(|column| (column.name, column.data_type, column.nullable)).collect();
    (values(&rows(), &list).unwrap(), columns)
}

fn numbers() -> Argument<'static> {
    value("array", vec![column(&rows(), "n"), constant(2_i32)])
}

#[test]
fn generators_make_lists() {
    let (lists, columns) = generate("posexplode", vec![numbers()]);
    assert_eq!(lists, ["[{pos: 0, col: 1}, {pos: 1, col: 2}]", "[{pos: 0, col: NULL}, {pos: 1, col: 2}]"]);
    assert_eq!(columns[0], ("pos".to_owned(), DataType::Integer, false));
    let (lists, columns) = generate("explode", vec![value("map", vec![constant(1_i32), column(&rows(), "n")])]);
    assert_eq!(lists[0], "[{key: 1, value: 1}]");
    assert_eq!(columns[1], ("value".to_owned(), DataType::Integer, true));
    let (lists, columns) = generate("posexplode_outer", vec![value("map", vec![constant(1_i32), constant("a")])]);
    assert_eq!(lists[0], "[{pos: 0, key: 1, value: a}]");
    assert_eq!(columns.len(), 3);
    let (lists, columns) =
        generate("stack", vec![constant(2_i32), column(&rows(), "n"), constant("a"), constant(2_i32)]);
    assert_eq!(lists[0], "[{col0: 1, col1: a}, {col0: 2, col1: NULL}]");
    assert_eq!(columns.len(), 2);
    let element = value("named_struct", vec![constant("q"), column(&rows(), "n")]);
    let (lists, columns) = generate("inline", vec![value("array", vec![element])]);
    assert_eq!(lists[1], "[{q: NULL}]");
    assert_eq!(columns, [("q".to_owned(), DataType::Integer, true)]);
}

fn run(name: &str, arguments: Vec<Argument<'_>>) -> String {
    call(&rows(), name, arguments).unwrap()[0].clone()
}

#[test]
fn maps_are_made_and_taken_apart() {
    let text = |text: &str| constant(text);
    assert_eq!(run("str_to_map", vec![text("a:1,b")]), "{a: 1, b: NULL}");
    assert_eq!(run("str_to_map", vec![text("a=1;b=2"), text(";"), text("=")]), "{a: 1, b: 2}");
    let map = || value("map", vec![constant(1_i32), column(&rows(), "n")]);
    assert_eq!(run("map_keys", vec![map()]), "[1]");
    assert_eq!(run("map_values", vec![map()]), "[1]");
    assert_eq!(run("map_contains_key", vec![map(), constant(1_i32)]), "true");
    assert_eq!(run("element_at", vec![map(), constant(2_i32)]), "NULL");
    let other = value("map", vec![constant(2_i32), constant(5_i32)]);
    assert_eq!(run("map_concat", vec![map(), other]), "{1: 1, 2: 5}");
    assert_eq!(run("map_from_entries", vec![value("map_entries", vec![map()])]), "{1: 1}");
    assert_eq!(
        run("map_from_arrays", vec![value("map_keys", vec![map()]), value("map_values", vec![map()])]),
        "{1: 1}"
    );
    let error = call(&rows(), "map_concat", vec![map(), map()]).unwrap_err();
    assert!(error.contains("DUPLICATED_MAP_KEY"), "{error}");
    let error = call(&rows(), "map", vec![column(&rows(), "n"), constant(1_i32)]).unwrap_err();
    assert!(error.contains("NULL_MAP_KEY"), "{error}");
    assert_eq!(run("map", vec![]), "{}");
    assert_eq!(run("array", vec![]), "[]");
    assert_eq!(run("named_struct", vec![]), "{}");
}

#[test]
fn sequences_step_through_numbers_and_days() {
    assert_eq!(run("sequence", vec![constant(3_i32), column(&rows(), "n")]), "[3, 2, 1]");
    assert_eq!(run("sequence", vec![constant(1_i32), constant(10_i32), constant(4_i32)]), "[1, 5, 9]");
    let day = |days: i32| {
        let literal = datafusion::logical_expr::Expr::Literal(ScalarValue::Date32(Some(days)), None);
        Argument::Value(Typed::new(literal, DataType::Date, false))
    };
    assert_eq!(run("sequence", vec![day(18262), day(18264)]), "[2020-01-01, 2020-01-02, 2020-01-03]");
    assert_eq!(run("flatten", vec![value("array", vec![numbers(), numbers()])]), "[1, 2, 1, 2]");
    assert_eq!(run("concat", vec![numbers(), numbers()]), "[1, 2, 1, 2]");
    assert_eq!(run("concat", vec![constant("a"), constant("b")]), "ab");
    assert_eq!(run("reverse", vec![constant("abc")]), "cba");
    assert_eq!(run("array_repeat", vec![column(&rows(), "n"), constant(2_i32)]), "[1, 1]");
    assert_eq!(run("array_join", vec![numbers(), constant("-")]), "1-2");
    assert_eq!(run("array_union", vec![numbers(), numbers()]), "[1, 2]");
    assert_eq!(run("array_except", vec![numbers(), value("array", vec![constant(1_i32)])]), "[2]");
    assert_eq!(run("arrays_overlap", vec![numbers(), numbers()]), "true");
}
