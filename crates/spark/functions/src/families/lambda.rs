//! Functions that take functions.

pub mod elements;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

use std::sync::Arc;

use datafusion::arrow::datatypes::Field;
use datafusion::logical_expr::expr::{HigherOrderFunction, Lambda};
use datafusion::logical_expr::{Expr, HigherOrderUDF};
use hearth_base::condition::INVALID_LAMBDA_NUMBER_OF_ARGUMENTS;
use hearth_base::{Error, Result};
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;

use super::array::{as_array, check_orderable};
use super::map::{as_map, repeated};
use crate::call::{Argument, Call, LambdaArgument};
use crate::cast::{CastMode, cast};
use crate::coercion::common_type;
use crate::kernels::collection::higher_order::{HigherOrder, Kind};
use crate::kernels::collection::shape;
use crate::kernels::collection::sorting::{self, Sorting};
use crate::row::{Arity, Family, FunctionRow, scalar};
use crate::typed::Typed;

const LAMBDA: Family = Family::Lambda;
const TWO: Arity = Arity::Exact(2);

pub const ROWS: &[FunctionRow] = &[
    scalar("transform", LAMBDA, TWO, transform)
        .example("transform(array(1, 2, 3), x -> x + 1)", "[2,3,4]")
        .summary("What the function makes of each element (and its index from 0)."),
    scalar("filter", LAMBDA, TWO, filter)
        .example("filter(array(1, 2, 3), x -> x % 2 == 1)", "[1,3]")
        .summary("The elements for which the function is true."),
    scalar("exists", LAMBDA, TWO, exists)
        .example("exists(array(1, 2, 3), x -> x % 2 == 0)", "true")
        .summary("Whether the function is true for some element."),
    scalar("forall", LAMBDA, TWO, forall)
        .example("forall(array(1, 2, 3), x -> x % 2 == 0)", "false")
        .summary("Whether the function is true for all elements."),
    scalar("aggregate", LAMBDA, Arity::Range(3, 4), aggregate)
        .example("aggregate(array(1, 2, 3), 0, (acc, x) -> acc + x)", "6")
        .summary("What the function makes of a start value and one element after the other."),
    scalar("reduce", LAMBDA, Arity::Range(3, 4), aggregate)
        .example("reduce(array(1, 2, 3), 0, (acc, x) -> acc + x)", "6")
        .summary("What the function makes of a start value and one element after the other."),
    scalar("zip_with", LAMBDA, Arity::Exact(3), zip_with)
        .example("zip_with(array(1, 2), array(3, 4), (x, y) -> x + y)", "[4,6]")
        .summary("What the function makes of the elements of two arrays at each place."),
    scalar("array_sort", LAMBDA, Arity::Range(1, 2), array_sort)
        .example("array_sort(array('b', 'd', null, 'c', 'a'))", "[\"a\",\"b\",\"c\",\"d\",null]")
        .summary("The elements in order, NULLs last; or in the order of a comparison."),
    scalar("transform_keys", LAMBDA, TWO, transform_keys)
        .example("transform_keys(map_from_arrays(array(1, 2, 3), array(1, 2, 3)), (k, v) -> k + 1)", "{2:1,3:2,4:3}")
        .summary("The map with other keys."),
    scalar("transform_values", LAMBDA, TWO, transform_values)
        .example("transform_values(map_from_arrays(array(1, 2, 3), array(1, 2, 3)), (k, v) -> v + 1)", "{1:2,2:3,3:4}")
        .summary("The map with other values."),
    scalar("map_filter", LAMBDA, TWO, map_filter)
        .example("map_filter(map(1, 0, 2, 2, 3, -1), (k, v) -> k > v)", "{1:0,3:-1}")
        .summary("The entries for which the function is true."),
    scalar("map_zip_with", LAMBDA, Arity::Exact(3), map_zip_with)
        .example(
            "map_zip_with(map(1, 'a', 2, 'b'), map(1, 'x', 2, 'y'), (k, v1, v2) -> concat(v1, v2))",
            "{1:\"ax\",2:\"by\"}",
        )
        .summary("What the function makes of the values of two maps for each key."),
];

/// A parameter's type and whether it can be NULL.
type Parameter = (DataType, bool);

/// A lambda that is typed, with the parameters that it takes.
struct Function {
    body: Typed,
    names: Vec<String>,
    parameters: Vec<Parameter>,
}

impl Function {
    /// Types a lambda of between `least` and all of `parameters`.
    fn of(lambda: &LambdaArgument<'_>, least: usize, parameters: &[Parameter]) -> Result<Self> {
        let taken = if lambda.parameters == ANY_NUMBER { least } else { lambda.parameters };
        if !(least..=parameters.len()).contains(&taken) {
            return Err(INVALID_LAMBDA_NUMBER_OF_ARGUMENTS
                .with("expectedNumArgs", lambda.parameters)
                // What may be left out is given only to a lambda that takes it.
                .with("actualNumArgs", least));
        }
        let parameters = parameters[..taken].to_vec();
        let typed = (lambda.resolve)(&parameters)?;
        let Expr::Lambda(Lambda { params, body }) = typed.expr else {
            return Err(Error::internal("a lambda did not resolve to one"));
        };
        Ok(Self { body: Typed::new(*body, typed.data_type, typed.nullable), names: params, parameters })
    }

    /// The answer as `to`, or the error that its type does not fit.
    fn returning(mut self, call: &Call<'_>, index: usize, to: &DataType) -> Result<Self> {
        if self.body.data_type == *to || same_but_nulls(&self.body.data_type, to) {
            return Ok(self);
        }
        if !self.body.is_void() {
            return Err(call.unexpected_type(index, &format!("\"{}\"", to.sql()), &self.body.data_type));
        }
        self.body = cast(self.body, to, CastMode::of(call.session), call.session)?;
        Ok(self)
    }

    fn boolean(self, call: &Call<'_>) -> Result<Self> {
        self.returning(call, 1, &DataType::Boolean)
    }
}

/// Whether two types differ in no more than where NULLs may be.
fn same_but_nulls(left: &DataType, right: &DataType) -> bool {
    match (left, right) {
        (DataType::Array(left), DataType::Array(right)) => same_but_nulls(&left.element, &right.element),
        (DataType::Map(left), DataType::Map(right)) => {
            same_but_nulls(&left.key, &right.key) && same_but_nulls(&left.value, &right.value)
        }
        (DataType::Struct(left), DataType::Struct(right)) => {
            left.fields.len() == right.fields.len()
                && left
                    .fields
                    .iter()
                    .zip(right.fields.iter())
                    .all(|(left, right)| left.name == right.name && same_but_nulls(&left.data_type, &right.data_type))
        }
        (left, right) => left == right,
    }
}

/// The call of a higher-order function.
fn apply(
    name: &'static str,
    kind: Kind,
    values: Vec<Typed>,
    functions: Vec<Function>,
    (data_type, nullable): (DataType, bool),
) -> Typed {
    let arguments = values.iter().map(|value| to_engine_arrow(&value.data_type)).collect();
    let fields = |function: &Function| {
        let named = function.names.iter().zip(&function.parameters);
        named
            .map(|(name, (data_type, nullable))| Arc::new(Field::new(name, to_engine_arrow(data_type), *nullable)))
            .collect()
    };
    let parameters = functions.iter().map(fields).collect();
    let udf = HigherOrder::new(name, kind, arguments, parameters, (to_engine_arrow(&data_type), nullable));
    let lambdas = functions.into_iter().map(|function| Expr::Lambda(Lambda::new(function.names, function.body.expr)));
    let args = values.into_iter().map(|value| value.expr).chain(lambdas).collect();
    let call = HigherOrderFunction::new(Arc::new(HigherOrderUDF::new_from_impl(udf)), args);
    Typed::new(Expr::HigherOrderFunction(call), data_type, nullable)
}

/// The first `count` arguments, which are values, and the lambdas behind them.
fn split<'a>(call: &mut Call<'a>, count: usize) -> Result<(Vec<Typed>, Vec<LambdaArgument<'a>>)> {
    let (mut values, mut lambdas) = (Vec::new(), Vec::new());
    for (index, argument) in std::mem::take(&mut call.arguments).into_iter().enumerate() {
        match argument {
            Argument::Value(value) if index < count => values.push(value),
            Argument::Value(value) => lambdas.push(constant_lambda(index, value)),
            Argument::Lambda(lambda) if index >= count => lambdas.push(lambda),
            Argument::Lambda(_) => {
                return Err(Error::unsupported(format!("a lambda as argument {} of {}", index + 1, call.name)));
            }
        }
    }
    if lambdas.is_empty() {
        return Err(Error::unsupported(format!("{} without a lambda", call.name)));
    }
    Ok((values, lambdas))
}

/// A value in the place of a lambda: a function that does not look at what it is given.
fn constant_lambda<'a>(index: usize, value: Typed) -> LambdaArgument<'a> {
    let resolve = move |parameters: &[Parameter]| {
        let names = (0..parameters.len()).map(|place| format!("unread {index} {place}")).collect();
        let body = Expr::Lambda(Lambda::new(names, value.expr.clone()));
        Ok(Typed::new(body, value.data_type.clone(), value.nullable))
    };
    LambdaArgument { parameters: ANY_NUMBER, resolve: Box::new(resolve) }
}

/// A function that takes as many parameters as there are.
const ANY_NUMBER: usize = usize::MAX;

/// The only lambda of a call and `N` values.
fn one_lambda<'a, const N: usize>(call: &mut Call<'a>) -> Result<([Typed; N], LambdaArgument<'a>)> {
    let (values, mut lambdas) = split(call, N)?;
    let values: [Typed; N] =
        values.try_into().map_err(|_| Error::unsupported(format!("{} with these arguments", call.name)))?;
    Ok((values, lambdas.remove(0)))
}

fn over_array(mut call: Call<'_>) -> Result<(Call<'_>, Typed, Function)> {
    let ([array], lambda) = one_lambda(&mut call)?;
    let (array, array_type) = as_array(&call, 0, array, false)?;
    let parameters = [(array_type.element, array_type.contains_null), (DataType::Integer, false)];
    let function = Function::of(&lambda, 1, &parameters)?;
    Ok((call, array, function))
}

fn transform(call: Call<'_>) -> Result<Typed> {
    let (_, array, function) = over_array(call)?;
    let result = (DataType::array(function.body.data_type.clone(), function.body.nullable), array.nullable);
    Ok(apply("transform", Kind::Transform, vec![array], vec![function], result))
}

fn filter(call: Call<'_>) -> Result<Typed> {
    let (call, array, function) = over_array(call)?;
    let function = function.boolean(&call)?;
    let result = (array.data_type.clone(), array.nullable);
    Ok(apply("filter", Kind::Filter, vec![array], vec![function], result))
}

fn exists(call: Call<'_>) -> Result<Typed> {
    test(call, "exists", Kind::Exists)
}

fn forall(call: Call<'_>) -> Result<Typed> {
    test(call, "forall", Kind::Forall)
}

fn test(call: Call<'_>, name: &'static str, kind: Kind) -> Result<Typed> {
    let (call, array, function) = over_array(call)?;
    if function.parameters.len() > 1 {
        return Err(INVALID_LAMBDA_NUMBER_OF_ARGUMENTS.with("expectedNumArgs", 2).with("actualNumArgs", 1));
    }
    let function = function.boolean(&call)?;
    let nullable = array.nullable || function.body.nullable;
    Ok(apply(name, kind, vec![array], vec![function], (DataType::Boolean, nullable)))
}

fn aggregate(mut call: Call<'_>) -> Result<Typed> {
    let (values, lambdas) = split(&mut call, 2)?;
    let [array, start]: [Typed; 2] =
        values.try_into().map_err(|_| Error::unsupported("aggregate with these arguments"))?;
    let (array, array_type) = as_array(&call, 0, array, false)?;
    let state = (start.data_type.clone(), true);
    let merge = Function::of(&lambdas[0], 2, &[state.clone(), (array_type.element, array_type.contains_null)])?;
    let merge = merge.returning(&call, 2, &start.data_type)?;
    let mut functions = vec![merge];
    let (mut result, mut nullable) = (start.data_type.clone(), true);
    if let Some(finish) = lambdas.get(1) {
        let finish = Function::of(finish, 1, &[state])?;
        result = finish.body.data_type.clone();
        nullable = array.nullable || finish.body.nullable;
        functions.push(finish);
    }
    Ok(apply("aggregate", Kind::Aggregate, vec![array, start], functions, (result, nullable)))
}

fn zip_with(mut call: Call<'_>) -> Result<Typed> {
    let ([left, right], lambda) = one_lambda(&mut call)?;
    let (left, left_type) = as_array(&call, 0, left, false)?;
    let (right, right_type) = as_array(&call, 1, right, false)?;
    let function = Function::of(&lambda, 2, &[(left_type.element, true), (right_type.element, true)])?;
    let nullable = left.nullable || right.nullable;
    let result = (DataType::array(function.body.data_type.clone(), function.body.nullable), nullable);
    Ok(apply("zip_with", Kind::ZipWith, vec![left, right], vec![function], result))
}

fn array_sort(mut call: Call<'_>) -> Result<Typed> {
    if call.len() == 1 {
        let [array] = call.take()?;
        let (array, array_type) = as_array(&call, 0, array, false)?;
        check_orderable(&call, &array_type.element)?;
        let result = (array.data_type.clone(), array.nullable);
        let sorting = Sorting { descending: false, nulls_first: false };
        return shape::call("array_sort", sorting, vec![array], result, sorting::sort);
    }
    let ([array], lambda) = one_lambda(&mut call)?;
    let (array, array_type) = as_array(&call, 0, array, false)?;
    let parameter = (array_type.element, array_type.contains_null);
    let function =
        Function::of(&lambda, 2, &[parameter.clone(), parameter])?.returning(&call, 1, &DataType::Integer)?;
    let result = (array.data_type.clone(), array.nullable);
    Ok(apply("array_sort", Kind::Sort, vec![array], vec![function], result))
}

/// A map; unlike the other functions of maps these take no bare NULL.
fn map_argument(call: &Call<'_>, index: usize, value: Typed) -> Result<(Typed, hearth_types::MapType)> {
    if value.is_void() {
        return Err(call.unexpected_type(index, "\"MAP\"", &value.data_type));
    }
    as_map(call, index, value)
}

fn over_map(mut call: Call<'_>) -> Result<(Call<'_>, Typed, hearth_types::MapType, Function)> {
    let ([value], lambda) = one_lambda(&mut call)?;
    let (value, map) = map_argument(&call, 0, value)?;
    let parameters = [(map.key.clone(), false), (map.value.clone(), map.value_contains_null)];
    let function = Function::of(&lambda, 2, &parameters)?;
    Ok((call, value, map, function))
}

fn transform_keys(call: Call<'_>) -> Result<Typed> {
    let (call, value, map, function) = over_map(call)?;
    let result = DataType::map(function.body.data_type.clone(), map.value, map.value_contains_null);
    let nullable = value.nullable;
    let kind = Kind::TransformKeys(repeated(&call).of_keys(&function.body.data_type));
    Ok(apply("transform_keys", kind, vec![value], vec![function], (result, nullable)))
}

fn transform_values(call: Call<'_>) -> Result<Typed> {
    let (_, value, map, function) = over_map(call)?;
    let result = DataType::map(map.key, function.body.data_type.clone(), function.body.nullable);
    let nullable = value.nullable;
    Ok(apply("transform_values", Kind::TransformValues, vec![value], vec![function], (result, nullable)))
}

fn map_filter(call: Call<'_>) -> Result<Typed> {
    let (call, value, _, function) = over_map(call)?;
    let function = function.boolean(&call)?;
    let result = (value.data_type.clone(), value.nullable);
    Ok(apply("map_filter", Kind::MapFilter, vec![value], vec![function], result))
}

fn map_zip_with(mut call: Call<'_>) -> Result<Typed> {
    let ([left, right], lambda) = one_lambda(&mut call)?;
    let (left, left_map) = map_argument(&call, 0, left)?;
    let (right, right_map) = map_argument(&call, 1, right)?;
    let keys = [left_map.key.clone(), right_map.key.clone()];
    if crate::collation::differ(&keys[0], &keys[1]) {
        return Err(hearth_base::condition::DATATYPE_MISMATCH_MAP_ZIP_WITH_DIFF_TYPES
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("functionName", format!("`{}`", call.name))
            .with("leftType", keys[0].quoted_sql())
            .with("rightType", keys[1].quoted_sql()));
    }
    let Some(key) = common_type(&keys, call.session) else {
        return Err(crate::coercion::different_types(&call, &keys));
    };
    let mode = CastMode::of(call.session);
    let keyed = |map: &hearth_types::MapType| DataType::map(key.clone(), map.value.clone(), map.value_contains_null);
    let left = cast(left, &keyed(&left_map), mode, call.session)?;
    let right = cast(right, &keyed(&right_map), mode, call.session)?;
    let parameters = [(key.clone(), false), (left_map.value, true), (right_map.value, true)];
    let function = Function::of(&lambda, 3, &parameters)?;
    let nullable = left.nullable || right.nullable;
    let kind = Kind::MapZipWith(repeated(&call).of_keys(&key));
    let result = DataType::map(key, function.body.data_type.clone(), function.body.nullable);
    Ok(apply("map_zip_with", kind, vec![left, right], vec![function], (result, nullable)))
}
