//! `greatest` and `least`: DataFusion's, except for floats, whose NaN is the largest number in Spark too.

use datafusion::functions::core;
use hearth_base::Result;
use hearth_base::condition::DATATYPE_MISMATCH_DATA_DIFF_TYPES;

use crate::call::Call;
use crate::coercion::{common_type, quoted, to_common};
use crate::families::predicate::check_orderable;
use crate::kernels::invoke;
use crate::typed::Typed;

pub fn greatest(call: Call<'_>) -> Result<Typed> {
    extreme(call, true)
}

pub fn least(call: Call<'_>) -> Result<Typed> {
    extreme(call, false)
}

fn extreme(mut call: Call<'_>, largest: bool) -> Result<Typed> {
    let values = call.values()?;
    // Text does not turn into anything else here, nor anything into text.
    let is_text = |value: &Typed| value.data_type.is_string();
    let is_other = |value: &Typed| !value.data_type.is_string() && !value.is_void();
    let types: Vec<_> = values.iter().map(|value| value.data_type.clone()).collect();
    if (values.iter().any(is_text) && values.iter().any(is_other)) || common_type(&types, call.session).is_none() {
        let list: Vec<_> = types.iter().map(quoted).collect();
        return Err(DATATYPE_MISMATCH_DATA_DIFF_TYPES
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("functionName", format!("`{}`", call.name))
            .with("dataType", format!("[{}]", list.join(", "))));
    }
    let (values, data_type) = to_common(&call, values)?;
    check_orderable(&call, &data_type)?;
    let nullable = values.iter().all(|value| value.nullable);
    let udf = if largest { core::greatest() } else { core::least() };
    Ok(invoke::native(&udf, values, data_type, nullable))
}
