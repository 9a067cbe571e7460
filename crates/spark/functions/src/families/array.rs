//! Array functions.

mod edit;
mod search;
mod sets;

use hearth_base::Result;
use hearth_base::condition::{DATATYPE_MISMATCH_ARRAY_FUNCTION_DIFF_TYPES, DATATYPE_MISMATCH_INVALID_ORDERING_TYPE};
use hearth_types::{ArrayType, DataType};

use crate::call::Call;
use crate::cast::{CastMode, cast};
use crate::coercion::common_type;
use crate::expr;
use crate::row::{Arity, Family, FunctionRow, scalar};
use crate::typed::Typed;

const ARRAY: Family = Family::Array;
const ONE: Arity = Arity::Exact(1);
const TWO: Arity = Arity::Exact(2);

pub const ROWS: &[FunctionRow] = &[
    scalar("array", ARRAY, Arity::AtLeast(0), edit::array)
        .example("array(1, 2, 3)", "[1,2,3]")
        .summary("An array of the arguments."),
    scalar("array_append", ARRAY, TWO, edit::array_append)
        .example("array_append(array('b', 'd', 'c', 'a'), 'd')", "[\"b\",\"d\",\"c\",\"a\",\"d\"]")
        .summary("The array with the value behind."),
    scalar("array_prepend", ARRAY, TWO, edit::array_prepend)
        .example("array_prepend(array('b', 'd', 'c', 'a'), 'd')", "[\"d\",\"b\",\"d\",\"c\",\"a\"]")
        .summary("The array with the value in front."),
    scalar("array_insert", ARRAY, Arity::Exact(3), edit::array_insert)
        .example("array_insert(array(1, 2, 3, 4), 5, 5)", "[1,2,3,4,5]")
        .summary("The array with a value at a place."),
    scalar("array_compact", ARRAY, ONE, sets::array_compact)
        .example("array_compact(array(1, 2, 3, null))", "[1,2,3]")
        .summary("The array without NULLs."),
    scalar("array_contains", ARRAY, TWO, search::array_contains)
        .example("array_contains(array(1, 2, 3), 2)", "true")
        .summary("Whether the value is in the array."),
    scalar("array_distinct", ARRAY, ONE, sets::array_distinct)
        .example("array_distinct(array(1, 2, 3, null, 3))", "[1,2,3,null]")
        .summary("Each element once."),
    scalar("array_except", ARRAY, TWO, sets::array_except)
        .example("array_except(array(1, 2, 3), array(1, 3, 5))", "[2]")
        .summary("Elements of the first array that the second lacks."),
    scalar("array_intersect", ARRAY, TWO, sets::array_intersect)
        .example("array_intersect(array(1, 2, 3), array(1, 3, 5))", "[1,3]")
        .summary("Elements that both arrays have."),
    scalar("array_union", ARRAY, TWO, sets::array_union)
        .example("array_union(array(1, 2, 3), array(1, 3, 5))", "[1,2,3,5]")
        .summary("Elements that one of the arrays has."),
    scalar("arrays_overlap", ARRAY, TWO, sets::arrays_overlap)
        .example("arrays_overlap(array(1, 2, 3), array(3, 4, 5))", "true")
        .summary("Whether the arrays share an element."),
    scalar("array_join", ARRAY, Arity::Range(2, 3), search::array_join)
        .example("array_join(array('hello', null, 'world'), ' ', ',')", "hello , world")
        .summary("The elements as one text."),
    scalar("array_max", ARRAY, ONE, search::array_max)
        .example("array_max(array(1, 20, null, 3))", "20")
        .summary("The largest element."),
    scalar("array_min", ARRAY, ONE, search::array_min)
        .example("array_min(array(1, 20, null, 3))", "1")
        .summary("The smallest element."),
    scalar("array_position", ARRAY, TWO, search::array_position)
        .example("array_position(array(312, 773, 708, 708), 708)", "3")
        .summary("Where the value first is, from 1; 0 when it is not there."),
    scalar("array_remove", ARRAY, TWO, search::array_remove)
        .example("array_remove(array(1, 2, 3, null, 3), 3)", "[1,2,null]")
        .summary("The array without the value."),
    scalar("array_repeat", ARRAY, TWO, edit::array_repeat)
        .example("array_repeat('123', 2)", "[\"123\",\"123\"]")
        .summary("An array of the value, so many times."),
    scalar("array_size", ARRAY, ONE, search::array_size)
        .example("array_size(array('b', 'd', 'c', 'a'))", "4")
        .summary("The number of elements."),
    scalar("arrays_zip", ARRAY, Arity::AtLeast(0), edit::arrays_zip)
        .example(
            "arrays_zip(array(1, 2, 3), array(2, 3, 4))",
            "[{\"0\":1,\"1\":2},{\"0\":2,\"1\":3},{\"0\":3,\"1\":4}]",
        )
        .summary("Structs of the elements at each place."),
    scalar("flatten", ARRAY, ONE, edit::flatten)
        .example("flatten(array(array(1, 2), array(3, 4)))", "[1,2,3,4]")
        .summary("The arrays of an array as one."),
    scalar("get", ARRAY, TWO, search::get)
        .example("get(array(1, 2, 3), 0)", "1")
        .summary("The element at an index from 0, or NULL."),
    scalar("sequence", ARRAY, Arity::Range(2, 3), edit::sequence)
        .example("sequence(1, 5)", "[1,2,3,4,5]")
        .summary("Numbers, dates or timestamps in steps."),
    scalar("shuffle", ARRAY, Arity::Range(1, 2), edit::shuffle).summary("The elements in random order."),
    scalar("slice", ARRAY, Arity::Exact(3), edit::slice)
        .example("slice(array(1, 2, 3, 4), 2, 2)", "[2,3]")
        .summary("A part of the array."),
    scalar("sort_array", ARRAY, Arity::Range(1, 2), search::sort_array)
        .example("sort_array(array('b', 'd', null, 'c', 'a'), true)", "[null,\"a\",\"b\",\"c\",\"d\"]")
        .summary("The elements in order; NULLs first, or last when descending."),
];

/// Argument `index` as an array. A bare NULL is an array of nothing, where `void_too`.
pub fn as_array(call: &Call<'_>, index: usize, value: Typed, void_too: bool) -> Result<(Typed, ArrayType)> {
    match &value.data_type {
        DataType::Array(array) => {
            let array = array.as_ref().clone();
            Ok((value, array))
        }
        DataType::Null if void_too => {
            let array = ArrayType { element: DataType::Null, contains_null: true };
            Ok((expr::null(&DataType::array(DataType::Null, true))?, array))
        }
        other => Err(call.unexpected_type(index, "\"ARRAY\"", other)),
    }
}

/// An array and a value brought to one element type, as `array_contains` and its like do: no conversion of strings.
pub fn with_element(call: &Call<'_>, array: Typed, value: Typed) -> Result<(Typed, Typed, DataType)> {
    let differ = |array: &Typed, value: &Typed| {
        DATATYPE_MISMATCH_ARRAY_FUNCTION_DIFF_TYPES
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("functionName", format!("`{}`", call.name))
            .with("dataType", "\"ARRAY\"")
            .with("leftType", format!("\"{}\"", array.data_type.sql()))
            .with("rightType", format!("\"{}\"", value.data_type.sql()))
    };
    // These two name both types where the others ask for an array.
    let names_both = matches!(call.name.to_lowercase().as_str(), "array_insert" | "array_remove");
    if names_both && !matches!(array.data_type, DataType::Array(_) | DataType::Null) {
        return Err(differ(&array, &value));
    }
    let (array, array_type) = as_array(call, 0, array, false)?;
    let types = [array_type.element.clone(), value.data_type.clone()];
    // These two do not bring the value to the collation of the array.
    let is_strict = matches!(call.name.to_lowercase().as_str(), "array_insert" | "array_prepend");
    if is_strict && crate::collation::differ(&types[0], &types[1]) {
        return Err(differ(&array, &value));
    }
    let string_and_not = types[0].is_string() != types[1].is_string() && types.iter().all(|one| *one != DataType::Null);
    // Only `array_contains` widens decimals.
    let widens = call.name.eq_ignore_ascii_case("array_contains") || !loses_digits(&types);
    let common = common_type(&types, call.session).filter(|_| widens && !string_and_not);
    let Some(common) = common else {
        return Err(differ(&array, &value));
    };
    let mode = CastMode::of(call.session);
    let array = cast(array, &DataType::array(common.clone(), array_type.contains_null), mode, call.session)?;
    let value = cast(value, &common, mode, call.session)?;
    Ok((array, value, common))
}

/// Whether one of two numbers is a decimal that does not hold the other one.
fn loses_digits(types: &[DataType; 2]) -> bool {
    use DataType as T;
    let digits = |data_type: &T| match data_type {
        T::Byte => Some(3),
        T::Short => Some(5),
        T::Integer => Some(10),
        T::Long => Some(20),
        _ => None,
    };
    match types {
        [T::Decimal { precision, scale }, other] | [other, T::Decimal { precision, scale }] => match digits(other) {
            Some(digits) => i32::from(*precision) - i32::from(*scale) < digits,
            None => other.is_numeric() && types[0] != types[1],
        },
        _ => false,
    }
}

/// Whether an array's elements can be NULL.
pub fn contains_null(array: &Typed) -> bool {
    matches!(&array.data_type, DataType::Array(array) if array.contains_null)
}

/// Refuses types whose values have no order.
pub fn check_orderable(call: &Call<'_>, data_type: &DataType) -> Result<()> {
    if orderable(data_type) {
        return Ok(());
    }
    Err(DATATYPE_MISMATCH_INVALID_ORDERING_TYPE
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("functionName", format!("`{}`", call.name))
        .with("dataType", format!("\"{}\"", data_type.sql())))
}

fn orderable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(_)
        | DataType::Variant
        | DataType::CalendarInterval
        | DataType::Geometry { .. }
        | DataType::Geography { .. } => false,
        DataType::Array(array) => orderable(&array.element),
        DataType::Struct(structure) => structure.fields.iter().all(|field| orderable(&field.data_type)),
        DataType::Udt(udt) => orderable(&udt.sql_type),
        _ => true,
    }
}
