//! Collections and higher-order functions through DataFusion, compared with values recorded from Spark 4.2.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array, ListArray, RecordBatch};
use datafusion::arrow::datatypes::{Field, Int32Type};
use datafusion::logical_expr::expr::{Lambda, LambdaVariable};
use datafusion::logical_expr::{Expr, Operator, binary_expr, col, lit};
use datafusion::scalar::ScalarValue;
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use crate::call::{AggregateModifiers, Argument, LambdaArgument};
use crate::evaluate::{build, call, column, constant, settings, table, values};
use crate::typed::Typed;

fn sample() -> RecordBatch {
    let lists = [Some(vec![Some(1), Some(2), None]), None, Some(vec![]), Some(vec![Some(7)])];
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(lists);
    table(vec![("l", Arc::new(lists)), ("n", Arc::new(Int32Array::from(vec![10, 20, 30, 40])) as ArrayRef)])
}

/// A lambda: its body is made of its parameters, and has this type.
fn lambda<'a>(parameters: usize, result: DataType, body: impl Fn(&[Expr]) -> Expr + 'a) -> Argument<'a> {
    let resolve = move |types: &[(DataType, bool)]| {
        let names: Vec<String> = (0..types.len()).map(|index| format!("p{index}")).collect();
        let variables: Vec<Expr> = names
            .iter()
            .zip(types)
            .map(|(name, (data_type, nullable))| {
                let field = Arc::new(Field::new(name, to_engine_arrow(data_type), *nullable));
                Expr::LambdaVariable(LambdaVariable::new(name.clone(), Some(field)))
            })
            .collect();
        Ok(Typed::new(Expr::Lambda(Lambda::new(names, body(&variables))), result.clone(), true))
    };
    Argument::Lambda(LambdaArgument { parameters, resolve: Box::new(resolve) })
}

fn list(values: Vec<Option<i32>>) -> Argument<'static> {
    constant(ScalarValue::List(Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some(values)]))))
}

fn plus(left: &Expr, right: Expr) -> Expr {
    binary_expr(left.clone(), Operator::Plus, right)
}

fn run(name: &str, arguments: Vec<Argument<'_>>) -> Vec<String> {
    call(&sample(), name, arguments).unwrap()
}

#[test]
fn lambdas_see_elements_indices_and_columns() {
    let batch = sample();
    let add = lambda(1, DataType::Integer, |p| plus(&p[0], col("n")));
    assert_eq!(run("transform", vec![column(&batch, "l"), add]), ["[11, 12, NULL]", "NULL", "[]", "[47]"]);
    let index = lambda(2, DataType::Integer, |p| p[1].clone());
    assert_eq!(run("transform", vec![column(&batch, "l"), index]), ["[0, 1, 2]", "NULL", "[]", "[0]"]);
    let large = || lambda(1, DataType::Boolean, |p| p[0].clone().gt(lit(1)));
    assert_eq!(run("filter", vec![column(&batch, "l"), large()]), ["[2]", "NULL", "[]", "[7]"]);
    assert_eq!(run("exists", vec![column(&batch, "l"), large()]), ["true", "NULL", "false", "true"]);
    assert_eq!(run("forall", vec![column(&batch, "l"), large()]), ["false", "NULL", "true", "true"]);
}

#[test]
fn aggregate_steps_through_all_rows_together() {
    let batch = sample();
    let merge = || {
        lambda(2, DataType::Integer, |p| {
            plus(&p[0], datafusion::functions::core::expr_fn::coalesce(vec![p[1].clone(), lit(0)]))
        })
    };
    let arguments = vec![column(&batch, "l"), column(&batch, "n"), merge()];
    assert_eq!(run("aggregate", arguments), ["13", "NULL", "30", "47"]);
    let finish = lambda(1, DataType::Integer, |p| plus(&p[0], lit(100)));
    let arguments = vec![column(&batch, "l"), constant(0_i32), merge(), finish];
    assert_eq!(run("reduce", arguments), ["103", "NULL", "100", "107"]);
}

#[test]
fn lambdas_in_lambdas() {
    let inner = |outer: &Expr| {
        let outer = outer.clone();
        let function = lambda(1, DataType::Integer, move |p| plus(&p[0], plus(&outer, col("n"))));
        let typed = build("transform", vec![list(vec![Some(1), Some(2)]), function], AggregateModifiers::default());
        typed.unwrap().expr
    };
    let renamed = |types: &[(DataType, bool)]| {
        let (data_type, nullable) = types[0].clone();
        let field = Arc::new(Field::new("outer", to_engine_arrow(&data_type), nullable));
        let variable = Expr::LambdaVariable(LambdaVariable::new("outer".to_owned(), Some(field)));
        let body = Lambda::new(vec!["outer".to_owned()], inner(&variable));
        Ok(Typed::new(Expr::Lambda(body), DataType::array(DataType::Integer, true), false))
    };
    let function = Argument::Lambda(LambdaArgument { parameters: 1, resolve: Box::new(renamed) });
    let answers = run("transform", vec![column(&sample(), "l"), function]);
    assert_eq!(answers, ["[[12, 13], [13, 14], [NULL, NULL]]", "NULL", "[]", "[[48, 49]]"]);
}

#[test]
fn zips_sorts_and_maps() {
    let batch = sample();
    let add = lambda(2, DataType::Integer, |p| plus(&p[0], p[1].clone()));
    let arguments = vec![column(&batch, "l"), list(vec![Some(1)]), add];
    assert_eq!(run("zip_with", arguments), ["[2, NULL, NULL]", "NULL", "[NULL]", "[8]"]);
    let down = lambda(2, DataType::Integer, |p| binary_expr(p[1].clone(), Operator::Minus, p[0].clone()));
    let arguments = vec![list(vec![Some(3), Some(1), Some(2)]), down];
    assert_eq!(run("array_sort", arguments)[0], "[3, 2, 1]");
    let map = || {
        let made = build("map", vec![constant(1_i32), column(&batch, "n")], AggregateModifiers::default());
        Argument::Value(made.unwrap())
    };
    assert_eq!(run("map", vec![constant(1_i32), column(&batch, "n")])[0], "{1: 10}");
    let add = lambda(2, DataType::Integer, |p| plus(&p[0], p[1].clone()));
    assert_eq!(run("transform_values", vec![map(), add])[1], "{1: 21}");
    let add = lambda(2, DataType::Integer, |p| plus(&p[0], p[1].clone()));
    assert_eq!(run("transform_keys", vec![map(), add])[1], "{21: 20}");
    let large = lambda(2, DataType::Boolean, |p| p[1].clone().gt(lit(15)));
    assert_eq!(run("map_filter", vec![map(), large])[..2], ["{}", "{1: 20}"]);
    let add = lambda(3, DataType::Integer, |p| plus(&p[1], p[2].clone()));
    assert_eq!(run("map_zip_with", vec![map(), map(), add])[0], "{1: 20}");
}

#[test]
fn arrays_are_searched_and_changed() {
    let batch = sample();
    let l = || column(&batch, "l");
    assert_eq!(run("array_contains", vec![l(), constant(7_i32)]), ["NULL", "NULL", "false", "true"]);
    assert_eq!(run("array_position", vec![l(), constant(2_i32)]), ["2", "NULL", "0", "0"]);
    assert_eq!(run("array_remove", vec![l(), constant(1_i32)]), ["[2, NULL]", "NULL", "[]", "[7]"]);
    assert_eq!(run("array_append", vec![l(), column(&batch, "n")]), ["[1, 2, NULL, 10]", "NULL", "[30]", "[7, 40]"]);
    assert_eq!(run("array_compact", vec![l()]), ["[1, 2]", "NULL", "[]", "[7]"]);
    assert_eq!(run("array_max", vec![l()]), ["2", "NULL", "NULL", "7"]);
    assert_eq!(run("sort_array", vec![l(), constant(false)]), ["[2, 1, NULL]", "NULL", "[]", "[7]"]);
    assert_eq!(run("size", vec![l()]), ["3", "NULL", "0", "1"]);
    assert_eq!(run("slice", vec![l(), constant(-2_i32), constant(2_i32)]), ["[2, NULL]", "NULL", "[]", "[]"]);
    assert_eq!(run("reverse", vec![l()]), ["[NULL, 2, 1]", "NULL", "[]", "[7]"]);
    assert_eq!(run("array", vec![column(&batch, "n"), constant(1_i32)])[0], "[10, 1]");
    assert_eq!(run("arrays_zip", vec![l(), list(vec![Some(9)])])[3], "[{a0: 7, a1: 9}]");
}

/// Recorded: `array_insert(array(1,2,3), 2, 9)`, `(…, -1, 9)`, `(…, 6, 9)`, `(…, -6, 9)`.
#[test]
fn inserts_count_from_both_ends() {
    let insert = |place: i32| {
        run("array_insert", vec![list(vec![Some(1), Some(2), Some(3)]), constant(place), constant(9_i32)])[0].clone()
    };
    assert_eq!(insert(2), "[1, 9, 2, 3]");
    assert_eq!(insert(-1), "[1, 2, 3, 9]");
    assert_eq!(insert(6), "[1, 2, 3, NULL, NULL, 9]");
    assert_eq!(insert(-6), "[9, NULL, NULL, 1, 2, 3]");
}

#[test]
fn indices_outside_raise() {
    let batch = sample();
    let error = call(&batch, "element_at", vec![column(&batch, "l"), constant(5_i32)]).unwrap_err();
    assert!(error.contains("INVALID_ARRAY_INDEX_IN_ELEMENT_AT"), "{error}");
    assert_eq!(run("try_element_at", vec![column(&batch, "l"), constant(-1_i32)]), ["NULL", "NULL", "NULL", "7"]);
    assert_eq!(run("get", vec![column(&batch, "l"), constant(1_i32)]), ["2", "NULL", "NULL", "NULL"]);
    let Argument::Value(l) = column(&batch, "l") else { return };
    let Argument::Value(index) = constant(3_i32) else { return };
    let item = crate::extract_value(l, index, &settings(), &|| (String::new(), String::new())).unwrap();
    assert!(values(&batch, &item).unwrap_err().contains("INVALID_ARRAY_INDEX"));
}
