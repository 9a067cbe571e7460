//! Calls of the `approx_top_k` functions.

use datafusion::common::ScalarValue;
use hearth_base::condition::{
    APPROX_TOP_K_MAX_ITEMS_TRACKED_EXCEEDS_LIMIT, APPROX_TOP_K_NON_POSITIVE_ARG, APPROX_TOP_K_NULL_ARG,
    DATATYPE_MISMATCH_TYPE_CHECK_FAILURE_WITH_HINT,
};
use hearth_base::{Error, Result};
use hearth_types::arrow::to_engine_arrow;
use hearth_types::{DataType, StructField};

use super::{fold, row_name};
use crate::call::Call;
use crate::coercion;
use crate::kernels::invoke;
use crate::kernels::sketch::top_k::{self, Answer, Estimate, TopK};
use crate::typed::Typed;

const LIMIT: i32 = 1_000_000;
const TRACKED: i32 = 10_000;
const STATE: &str = "struct<sketch:binary,maxItemsTracked:int,itemDataType:any,itemDataTypeDDL:string>";

fn hint(call: &Call<'_>, message: impl std::fmt::Display) -> Error {
    DATATYPE_MISMATCH_TYPE_CHECK_FAILURE_WITH_HINT
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("msg", message)
        .with("hint", "")
}

/// A positive constant, or `default` when there is none.
fn constant(
    call: &Call<'_>,
    index: usize,
    (name, words): (&str, &str),
    value: Option<Typed>,
    default: i32,
) -> Result<i32> {
    let Some(value) = value else { return Ok(default) };
    let value = coercion::int(call, index, value)?;
    match value.literal() {
        None => Err(hint(call, format!("{words} must be a constant literal"))),
        Some(ScalarValue::Int32(Some(number))) if *number > 0 => Ok(*number),
        Some(ScalarValue::Int32(Some(number))) => {
            Err(APPROX_TOP_K_NON_POSITIVE_ARG.with("argName", format!("`{name}`")).with("argValue", number))
        }
        Some(_) => Err(APPROX_TOP_K_NULL_ARG.with("argName", format!("`{name}`"))),
    }
}

const K: (&str, &str) = ("k", "K");
const ITEMS: (&str, &str) = ("maxItemsTracked", "Number of items tracked");

fn within_limit(tracked: i32) -> Result<i32> {
    if tracked <= LIMIT {
        return Ok(tracked);
    }
    Err(APPROX_TOP_K_MAX_ITEMS_TRACKED_EXCEEDS_LIMIT.with("maxItemsTracked", tracked).with("limit", LIMIT))
}

fn check_item(call: &Call<'_>, data_type: &DataType) -> Result<()> {
    let fits = matches!(
        data_type,
        DataType::Boolean | DataType::Date | DataType::Timestamp | DataType::TimestampNtz | DataType::Decimal { .. }
    ) || data_type.is_numeric()
        || data_type.is_string();
    if fits {
        return Ok(());
    }
    let simple = data_type.simple_string();
    let kind = simple.split(['<', '(']).next().unwrap_or_default();
    Err(hint(call, format!("{kind} columns are not supported")))
}

fn items_type(item: &DataType) -> DataType {
    let fields = [StructField::new("item", item.clone(), true), StructField::new("count", DataType::Long, true)];
    DataType::array(DataType::structure(fields), true)
}

fn state_type(item: &DataType) -> DataType {
    DataType::structure([
        StructField::new("sketch", DataType::Binary, true),
        StructField::new("maxItemsTracked", DataType::Integer, true),
        StructField::new("itemDataType", item.clone(), true),
        StructField::new("itemDataTypeDDL", DataType::STRING, true),
    ])
}

fn ddl(item: &DataType) -> String {
    // Spark writes the type of texts in lower case, alone among all.
    if item.is_string() { "item string not null".to_owned() } else { format!("item {} NOT NULL", item.sql()) }
}

pub fn approx_top_k(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let value = values.next().ok_or_else(|| Error::internal("approx_top_k without a value"))?;
    check_item(&call, &value.data_type)?;
    let k = constant(&call, 1, K, values.next(), 5)?;
    let tracked = within_limit(constant(&call, 2, ITEMS, values.next(), TRACKED)?)?;
    if tracked < k {
        return Err(top_k::less_than_k(tracked, k));
    }
    let result = items_type(&value.data_type);
    let item = to_engine_arrow(&value.data_type);
    let plan = TopK {
        name: "approx_top_k",
        input: item.clone(),
        item,
        combine: false,
        tracked,
        answer: Answer::Items { k },
        result: to_engine_arrow(&result),
    };
    Ok(fold(&call, plan, vec![value], result))
}

pub fn accumulate(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let value = values.next().ok_or_else(|| Error::internal("approx_top_k_accumulate without a value"))?;
    check_item(&call, &value.data_type)?;
    let tracked = within_limit(constant(&call, 1, ITEMS, values.next(), TRACKED)?)?;
    let result = state_type(&value.data_type);
    let item = to_engine_arrow(&value.data_type);
    let plan = TopK {
        name: "approx_top_k_accumulate",
        input: item.clone(),
        item,
        combine: false,
        tracked,
        answer: Answer::State { ddl: ddl(&value.data_type) },
        result: to_engine_arrow(&result),
    };
    Ok(fold(&call, plan, vec![value], result))
}

/// The type of the items of a state.
fn item_of_state(call: &Call<'_>, state: &Typed) -> Result<DataType> {
    let DataType::Struct(structure) = &state.data_type else {
        return Err(call.unexpected_type(0, "\"STRUCT\"", &state.data_type));
    };
    let [sketch, tracked, item, ddl] = structure.fields.as_ref() else {
        let got = state.data_type.simple_string();
        return Err(hint(call, format!("State must be a struct with 4 fields. Expected struct: {STATE}. Got: {got}")));
    };
    let wrong = |place: &str, wanted: &str, got: &DataType| {
        hint(call, format!("State struct must have the {place} field to be {wanted}. Got: {}", got.simple_string()))
    };
    match () {
        () if sketch.data_type != DataType::Binary => Err(wrong("first", "binary", &sketch.data_type)),
        () if tracked.data_type != DataType::Integer => Err(wrong("second", "int", &tracked.data_type)),
        () if !ddl.data_type.is_string() => Err(wrong("fourth", "string", &ddl.data_type)),
        () => Ok(item.data_type.clone()),
    }
}

pub fn combine(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let state = values.next().ok_or_else(|| Error::internal("approx_top_k_combine without a state"))?;
    let item = item_of_state(&call, &state)?;
    let tracked = within_limit(constant(&call, 1, ITEMS, values.next(), -1)?)?;
    let result = state_type(&item);
    let plan = TopK {
        name: row_name(&call),
        input: to_engine_arrow(&state.data_type),
        item: to_engine_arrow(&item),
        combine: true,
        tracked,
        answer: Answer::State { ddl: ddl(&item) },
        result: to_engine_arrow(&result),
    };
    Ok(fold(&call, plan, vec![state], result))
}

pub fn estimate(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let state = values.next().ok_or_else(|| Error::internal("approx_top_k_estimate without a state"))?;
    let item = item_of_state(&call, &state)?;
    let k = constant(&call, 1, K, values.next(), 5)?;
    let result = items_type(&item);
    let kernel = Estimate { item: to_engine_arrow(&item), k, result: to_engine_arrow(&result) };
    let nullable = state.nullable;
    invoke::call_arrays_with("approx_top_k_estimate", kernel, vec![state], (result, nullable), top_k::estimate)
}
