//! Functions that take functions, over DataFusion's `Expr::HigherOrderFunction`.
//!
//! The elements of all rows go through a lambda as one batch; captured columns are repeated to fit. Elements under NULL
//! rows never reach a lambda. `aggregate` steps through the places of all arrays together.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListArray, UInt32Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{interleave, take, take_arrays};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef, Int32Type};
use datafusion::common::{DataFusionError, Result as DfResult};
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDFImpl,
    LambdaArgument, LambdaParametersProgress, ValueOrLambda, Volatility,
};
use hearth_base::Error;

use super::lists::{ListMaker, range, row};
use super::maps::{Parts, Repeated, assemble, list_lengths, map_range, merge};
use super::shape::conform;
use crate::kernels::invoke::{bad_array, raise};

/// What is done with the lambdas' answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Transform,
    Filter,
    Exists,
    Forall,
    /// (array, start, merge[, finish])
    Aggregate,
    ZipWith,
    /// Sorts with a comparator of two elements.
    Sort,
    TransformKeys(Repeated),
    TransformValues,
    MapFilter,
    MapZipWith(Repeated),
}

/// One call, with all types known. `parameters` are the fields of each lambda's parameters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HigherOrder {
    pub name: &'static str,
    pub kind: Kind,
    pub arguments: Vec<ArrowType>,
    pub parameters: Vec<Vec<FieldRef>>,
    pub result: ArrowType,
    pub nullable: bool,
    signature: HigherOrderSignature,
}

impl HigherOrder {
    pub fn new(
        name: &'static str,
        kind: Kind,
        arguments: Vec<ArrowType>,
        parameters: Vec<Vec<FieldRef>>,
        (result, nullable): (ArrowType, bool),
    ) -> Self {
        let signature = HigherOrderSignature::variadic_any(Volatility::Immutable);
        Self { name, kind, arguments, parameters, result, nullable, signature }
    }

    fn run(&self, values: &[ArrayRef], lambdas: &[&LambdaArgument]) -> DfResult<ArrayRef> {
        match self.kind {
            Kind::Transform => self.transform(&values[0], lambdas[0]),
            Kind::Filter => self.filter(&values[0], lambdas[0]),
            Kind::Exists => self.any(&values[0], lambdas[0], true),
            Kind::Forall => self.any(&values[0], lambdas[0], false),
            Kind::Aggregate => self.aggregate(values, lambdas),
            Kind::ZipWith => self.zip_with(values, lambdas[0]),
            Kind::Sort => self.sort(&values[0], lambdas[0]),
            Kind::TransformKeys(_) | Kind::TransformValues | Kind::MapFilter => self.map(&values[0], lambdas[0]),
            Kind::MapZipWith(repeated) => self.map_zip_with(values, lambdas[0], repeated),
        }
    }
}

impl HigherOrderUDFImpl for HigherOrder {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn lambda_parameters(
        &self,
        _step: usize,
        _fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> DfResult<LambdaParametersProgress> {
        Ok(LambdaParametersProgress::Complete(self.parameters.clone()))
    }

    fn return_field_from_args(&self, _args: HigherOrderReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        Ok(Arc::new(Field::new(self.name, self.result.clone(), self.nullable)))
    }

    fn clear_null_values(&self) -> bool {
        false
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> DfResult<ColumnarValue> {
        let mut values = Vec::new();
        let mut lambdas = Vec::new();
        for argument in &args.args {
            match argument {
                ValueOrLambda::Value(value) => {
                    let target = self.arguments.get(values.len()).ok_or_else(missing)?;
                    values.push(conform(&value.to_array(args.number_rows)?, target)?);
                }
                ValueOrLambda::Lambda(lambda) => lambdas.push(lambda),
            }
        }
        let result = conform(&self.run(&values, &lambdas)?, &self.result)?;
        Ok(ColumnarValue::Array(result))
    }
}

fn missing() -> DataFusionError {
    raise(Error::internal("a higher-order function lacks an argument"))
}

/// The elements of all rows that are not NULL, without gaps.
struct Elements {
    values: ArrayRef,
    lengths: Vec<Option<usize>>,
}

impl Elements {
    fn of(list: &ListArray) -> DfResult<Self> {
        let lengths = list_lengths(list);
        let offsets = list.value_offsets();
        let (first, last) = (offsets[0] as usize, offsets[list.len()] as usize);
        let total: usize = lengths.iter().flatten().sum();
        let values = if total == last - first {
            list.values().slice(first, total)
        } else {
            let places: UInt32Array = (0..list.len())
                .filter_map(|index| row(list, index))
                .flatten()
                .map(|place| Some(place as u32))
                .collect();
            take(list.values(), &places, None)?
        };
        Ok(Self { values, lengths })
    }

    fn nulls(&self) -> NullBuffer {
        self.lengths.iter().map(Option::is_some).collect()
    }

    fn offsets(&self) -> OffsetBuffer<i32> {
        OffsetBuffer::from_lengths(self.lengths.iter().map(|length| length.unwrap_or(0)))
    }

    /// The place of each element in its row.
    fn indices(&self) -> ArrayRef {
        let indices = self.lengths.iter().flatten().flat_map(|length| 0..*length as i32);
        Arc::new(Int32Array::from_iter_values(indices))
    }
}

/// The row of each element.
fn rows_of(lengths: &[Option<usize>]) -> UInt32Array {
    let rows = lengths.iter().enumerate();
    UInt32Array::from_iter_values(rows.flat_map(|(row, length)| std::iter::repeat_n(row as u32, length.unwrap_or(0))))
}

/// Evaluates a lambda over elements; `lengths` says how many belong to each row.
fn evaluate(
    lambda: &LambdaArgument,
    parameters: &[ArrayRef],
    rows: impl FnOnce() -> UInt32Array,
) -> DfResult<ArrayRef> {
    let length = parameters.first().map_or(0, |array| array.len());
    let give: Vec<_> = parameters.iter().map(|array| move || Ok(Arc::clone(array))).collect();
    let give: Vec<&dyn Fn() -> DfResult<ArrayRef>> = give.iter().map(|give| give as _).collect();
    let answer = lambda.evaluate(&give, |captured| Ok(take_arrays(captured, &rows(), None)?))?;
    answer.into_array(length)
}

impl HigherOrder {
    /// Over array elements, with the index where the lambda takes it.
    fn over(&self, elements: &Elements, lambda: &LambdaArgument) -> DfResult<ArrayRef> {
        let mut parameters = vec![Arc::clone(&elements.values)];
        if self.parameters[0].len() > 1 {
            parameters.push(elements.indices());
        }
        evaluate(lambda, &parameters, || rows_of(&elements.lengths))
    }

    fn transform(&self, list: &ArrayRef, lambda: &LambdaArgument) -> DfResult<ArrayRef> {
        let elements = Elements::of(list.as_list::<i32>())?;
        self.list_of(self.over(&elements, lambda)?, &elements)
    }

    fn list_of(&self, values: ArrayRef, elements: &Elements) -> DfResult<ArrayRef> {
        let ArrowType::List(field) = &self.result else { return Err(bad_array(self.name, &self.result)) };
        let values = conform(&values, field.data_type())?;
        let (offsets, nulls) = (elements.offsets(), Some(elements.nulls()));
        Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, nulls)?))
    }

    fn filter(&self, list: &ArrayRef, lambda: &LambdaArgument) -> DfResult<ArrayRef> {
        let elements = Elements::of(list.as_list::<i32>())?;
        let keep = self.over(&elements, lambda)?;
        let keep = keep.as_boolean();
        let mut maker = ListMaker::new(elements.lengths.len());
        let mut start = 0;
        for length in &elements.lengths {
            let Some(length) = length else {
                maker.end_null();
                continue;
            };
            let range = start..start + length;
            start = range.end;
            range.filter(|place| keep.is_valid(*place) && keep.value(*place)).for_each(|place| maker.push(place));
            maker.end_row();
        }
        maker.finish(&elements.values, &self.result)
    }

    /// `exists` looks for TRUE, `forall` for FALSE; a NULL leaves it open.
    fn any(&self, list: &ArrayRef, lambda: &LambdaArgument, wanted: bool) -> DfResult<ArrayRef> {
        let elements = Elements::of(list.as_list::<i32>())?;
        let answers = self.over(&elements, lambda)?;
        let answers = answers.as_boolean();
        let mut start = 0;
        let found = elements.lengths.iter().map(|length| {
            let range = start..start + (*length)?;
            start = range.end;
            let mut open = false;
            for place in range {
                if answers.is_null(place) {
                    open = true;
                } else if answers.value(place) == wanted {
                    return Some(wanted);
                }
            }
            (!open).then_some(!wanted)
        });
        Ok(Arc::new(found.collect::<BooleanArray>()))
    }

    fn aggregate(&self, values: &[ArrayRef], lambdas: &[&LambdaArgument]) -> DfResult<ArrayRef> {
        let list = values[0].as_list::<i32>();
        let state_type = self.arguments.get(1).ok_or_else(missing)?;
        let mut state = Arc::clone(values.get(1).ok_or_else(missing)?);
        let longest = (0..list.len()).filter_map(|index| row(list, index)).map(|range| range.len()).max();
        for step in 0..longest.unwrap_or(0) {
            let active: Vec<usize> =
                (0..list.len()).filter(|index| row(list, *index).is_some_and(|range| range.len() > step)).collect();
            let rows = UInt32Array::from_iter_values(active.iter().map(|index| *index as u32));
            let places =
                UInt32Array::from_iter_values(active.iter().map(|index| (range(list, *index).start + step) as u32));
            let parameters = [take(&state, &rows, None)?, take(list.values(), &places, None)?];
            let merged = conform(&evaluate(lambdas[0], &parameters, || rows.clone())?, state_type)?;
            if active.len() == list.len() {
                state = merged;
                continue;
            }
            let mut sources: Vec<(usize, usize)> = (0..list.len()).map(|index| (0, index)).collect();
            active.iter().enumerate().for_each(|(place, index)| sources[*index] = (1, place));
            state = interleave(&[state.as_ref(), merged.as_ref()], &sources)?;
        }
        let known: UInt32Array = (0..list.len()).map(|index| list.is_valid(index).then_some(index as u32)).collect();
        let Some(finish) = lambdas.get(1) else { return Ok(take(&state, &known, None)?) };
        let present = UInt32Array::from_iter_values(known.iter().flatten());
        let finished = evaluate(finish, &[take(&state, &present, None)?], || present.clone())?;
        let mut next = 0;
        let places: UInt32Array = (0..list.len())
            .map(|index| {
                list.is_valid(index).then(|| {
                    next += 1;
                    next - 1
                })
            })
            .collect();
        Ok(take(&finished, &places, None)?)
    }

    fn zip_with(&self, values: &[ArrayRef], lambda: &LambdaArgument) -> DfResult<ArrayRef> {
        let (left, right) = (values[0].as_list::<i32>(), values[1].as_list::<i32>());
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        let mut lengths = Vec::with_capacity(left.len());
        for index in 0..left.len() {
            let (Some(one), Some(two)) = (row(left, index), row(right, index)) else {
                lengths.push(None);
                continue;
            };
            let longest = one.len().max(two.len());
            lefts.extend((0..longest).map(|place| (place < one.len()).then_some((one.start + place) as u32)));
            rights.extend((0..longest).map(|place| (place < two.len()).then_some((two.start + place) as u32)));
            lengths.push(Some(longest));
        }
        let parameters = [
            take(left.values(), &UInt32Array::from(lefts), None)?,
            take(right.values(), &UInt32Array::from(rights), None)?,
        ];
        let answers = evaluate(lambda, &parameters, || rows_of(&lengths))?;
        let elements = Elements { values: Arc::clone(&answers), lengths };
        self.list_of(answers, &elements)
    }

    fn map(&self, map: &ArrayRef, lambda: &LambdaArgument) -> DfResult<ArrayRef> {
        let map = map.as_map();
        let lengths: Vec<Option<usize>> =
            (0..map.len()).map(|index| map.is_valid(index).then(|| map_range(map, index).len())).collect();
        let places = UInt32Array::from_iter_values(
            (0..map.len())
                .filter(|index| map.is_valid(*index))
                .flat_map(|index| map_range(map, index))
                .map(|place| place as u32),
        );
        let keys = take(map.keys(), &places, None)?;
        let values = take(map.values(), &places, None)?;
        let answers = evaluate(lambda, &[Arc::clone(&keys), Arc::clone(&values)], || rows_of(&lengths))?;
        let unchecked = Repeated::default();
        match self.kind {
            Kind::TransformKeys(repeated) => {
                assemble(&Parts { keys: answers, values, lengths }, repeated, &self.result)
            }
            Kind::MapFilter => {
                let keep = answers.as_boolean();
                let kept = |place: &usize| keep.is_valid(*place) && keep.value(*place);
                let picked = UInt32Array::from_iter_values((0..keep.len()).filter(kept).map(|place| place as u32));
                let mut start = 0;
                let lengths = lengths
                    .into_iter()
                    .map(|length| {
                        let range = start..start + length?;
                        start = range.end;
                        Some(range.filter(kept).count())
                    })
                    .collect();
                let (keys, values) = (take(&keys, &picked, None)?, take(&values, &picked, None)?);
                assemble(&Parts { keys, values, lengths }, unchecked, &self.result)
            }
            _ => assemble(&Parts { keys, values: answers, lengths }, unchecked, &self.result),
        }
    }

    fn map_zip_with(&self, values: &[ArrayRef], lambda: &LambdaArgument, repeated: Repeated) -> DfResult<ArrayRef> {
        let (left, right) = (values[0].as_map(), values[1].as_map());
        let merged = merge(left, right, repeated)?;
        let parameters = [
            Arc::clone(&merged.keys),
            take(left.values(), &merged.left, None)?,
            take(right.values(), &merged.right, None)?,
        ];
        let answers = evaluate(lambda, &parameters, || rows_of(&merged.lengths))?;
        let parts = Parts { keys: merged.keys, values: answers, lengths: merged.lengths };
        assemble(&parts, Repeated::default(), &self.result)
    }

    fn sort(&self, list: &ArrayRef, lambda: &LambdaArgument) -> DfResult<ArrayRef> {
        let list = list.as_list::<i32>();
        let mut maker = ListMaker::new(list.len());
        for index in 0..list.len() {
            let Some(range) = row(list, index) else {
                maker.end_null();
                continue;
            };
            let mut not_after = |left: usize, right: usize| -> DfResult<bool> {
                let parameters = [list.values().slice(left, 1), list.values().slice(right, 1)];
                let order = evaluate(lambda, &parameters, || UInt32Array::from(vec![index as u32]))?;
                if order.is_null(0) {
                    return Err(raise(Error::unsupported("a comparator of array_sort that gives NULL")));
                }
                Ok(order.as_primitive::<Int32Type>().value(0) <= 0)
            };
            let sorted = merge_sort(range.collect(), &mut not_after)?;
            sorted.into_iter().for_each(|place| maker.push(place));
            maker.end_row();
        }
        maker.finish(list.values(), &self.result)
    }
}

/// A stable sort that stops at the first error of its comparison, and does not mind one that contradicts itself.
fn merge_sort<F>(mut places: Vec<usize>, not_after: &mut F) -> DfResult<Vec<usize>>
where
    F: FnMut(usize, usize) -> DfResult<bool>,
{
    if places.len() < 2 {
        return Ok(places);
    }
    let right = places.split_off(places.len() / 2);
    let left = merge_sort(places, not_after)?;
    let right = merge_sort(right, not_after)?;
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut one, mut two) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(first), Some(second)) = (one.peek(), two.peek()) {
        let next = if not_after(*first, *second)? { one.next() } else { two.next() };
        merged.extend(next);
    }
    merged.extend(one);
    merged.extend(two);
    Ok(merged)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn merge_sort_is_stable_and_stops_at_errors() {
        let keys = [3, 1, 2, 1];
        let sorted = merge_sort(vec![0, 1, 2, 3], &mut |a, b| Ok(keys[a] <= keys[b])).unwrap();
        assert_eq!(sorted, [1, 3, 2, 0]);
        assert!(merge_sort(vec![0, 1], &mut |_, _| Err(missing())).is_err());
    }
}
