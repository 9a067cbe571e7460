//! Functions of vectors: arrays of FLOAT, which nothing else converts to.

use datafusion::common::ScalarValue;
use hearth_base::Result;
use hearth_types::DataType;

use crate::call::Call;
use crate::expr;
use crate::kernels::aggregate::udaf::udaf;
use crate::kernels::aggregate::vector::VectorTotal;
use crate::kernels::collection::shape;
use crate::kernels::vector::{self, Measure, Norm};
use crate::row::{Arity, Family, FunctionRow, aggregate, scalar};
use crate::typed::Typed;

const VECTOR: Family = Family::Vector;
const ONE: Arity = Arity::Exact(1);
const TWO: Arity = Arity::Exact(2);
const ONE_OR_TWO: Arity = Arity::Range(1, 2);

pub const ROWS: &[FunctionRow] = &[
    aggregate("vector_avg", VECTOR, ONE, average)
        .example("vector_avg(v) FROM VALUES (array(1f, 2f)), (array(3f, 4f)) AS t(v)", "[2.0,3.0]")
        .summary("The average of vectors, element by element."),
    scalar("vector_cosine_similarity", VECTOR, TWO, cosine_similarity)
        .example("vector_cosine_similarity(array(1f, 0f), array(1f, 0f))", "1.0")
        .summary("The cosine of the angle between two vectors."),
    scalar("vector_inner_product", VECTOR, TWO, inner_product)
        .example("vector_inner_product(array(1f, 2f), array(3f, 4f))", "11.0")
        .summary("The sum of the products of elements."),
    scalar("vector_l2_distance", VECTOR, TWO, distance)
        .example("vector_l2_distance(array(1f, 2f), array(4f, 6f))", "5.0")
        .summary("The Euclidean distance of two vectors."),
    scalar("vector_norm", VECTOR, ONE_OR_TWO, norm)
        .example("vector_norm(array(3f, 4f), 2.0f)", "5.0")
        .summary("The length of a vector, of degree 1, 2 or infinity."),
    scalar("vector_normalize", VECTOR, ONE_OR_TWO, normalize)
        .example("vector_normalize(array(3f, 4f), 2.0f)", "[0.6,0.8]")
        .summary("The vector divided by its length."),
    aggregate("vector_sum", VECTOR, ONE, sum)
        .example("vector_sum(v) FROM VALUES (array(1f, 2f)), (array(3f, 4f)) AS t(v)", "[4.0,6.0]")
        .summary("The sum of vectors, element by element."),
];

fn vector_type() -> DataType {
    DataType::array(DataType::Float, true)
}

fn check_vector(call: &Call<'_>, index: usize, value: &Typed) -> Result<()> {
    match &value.data_type {
        DataType::Array(array) if array.element == DataType::Float => Ok(()),
        other => Err(call.unexpected_type(index, "\"ARRAY<FLOAT>\"", other)),
    }
}

fn cosine_similarity(call: Call<'_>) -> Result<Typed> {
    measure(call, "vector_cosine_similarity", Measure::CosineSimilarity)
}

fn inner_product(call: Call<'_>) -> Result<Typed> {
    measure(call, "vector_inner_product", Measure::InnerProduct)
}

fn distance(call: Call<'_>) -> Result<Typed> {
    measure(call, "vector_l2_distance", Measure::Distance)
}

fn measure(mut call: Call<'_>, name: &'static str, measure: Measure) -> Result<Typed> {
    let values = call.values()?;
    for (index, value) in values.iter().enumerate() {
        check_vector(&call, index, value)?;
    }
    shape::call(name, measure, values, (DataType::Float, true), vector::measure)
}

fn norm(call: Call<'_>) -> Result<Typed> {
    with_degree(call, "vector_norm", Norm::Length, DataType::Float)
}

fn normalize(call: Call<'_>) -> Result<Typed> {
    with_degree(call, "vector_normalize", Norm::Normalized, vector_type())
}

fn with_degree(mut call: Call<'_>, name: &'static str, kind: Norm, result: DataType) -> Result<Typed> {
    let mut values = call.values()?;
    check_vector(&call, 0, &values[0])?;
    match values.get(1) {
        Some(degree) if degree.data_type != DataType::Float => {
            return Err(call.unexpected_type(1, "\"FLOAT\"", &degree.data_type));
        }
        Some(_) => {}
        None => values.push(expr::literal(ScalarValue::Float32(Some(2.0)), DataType::Float)),
    }
    shape::call(name, kind, values, (result, true), vector::norm)
}

fn sum(call: Call<'_>) -> Result<Typed> {
    total(call, "vector_sum", false)
}

fn average(call: Call<'_>) -> Result<Typed> {
    total(call, "vector_avg", true)
}

fn total(mut call: Call<'_>, name: &'static str, average: bool) -> Result<Typed> {
    let [value] = call.take()?;
    check_vector(&call, 0, &value)?;
    let plan = udaf(VectorTotal { name, average });
    Ok(super::aggregate::apply(&call, plan, vec![value], (vector_type(), true)))
}
