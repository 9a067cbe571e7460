//! `time_bucket`.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use hearth_base::condition::DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE;
use hearth_base::{Error, Result};
use hearth_types::DataType;

use crate::call::Call;
use crate::expr;
use crate::kernels::datetime::bucket::{self, Bucket, Size};
use crate::kernels::rowwise::call_rows;
use crate::typed::Typed;

const SIZES: &str = "(\"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")";
const TIMES: &str = "\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\"";

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp | DataType::TimestampNtz)
}

/// What the bucket is, or `None` where it is NULL.
fn size(call: &Call<'_>, value: &Typed) -> Result<Option<Size>> {
    let size = match value.literal() {
        None => return Err(call.not_a_constant(0, "bucketSize", &value.data_type)),
        Some(ScalarValue::DurationMicrosecond(Some(micros))) => Size::Micros(*micros),
        Some(ScalarValue::IntervalYearMonth(Some(months))) => Size::Months(i64::from(*months)),
        Some(_) => return Ok(None),
    };
    let (Size::Months(number) | Size::Micros(number)) = size;
    if number > 0 {
        return Ok(Some(size));
    }
    Err(DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE
        .with("sqlExpr", format!("\"{}\"", call.sql))
        .with("exprName", "`bucketSize`")
        .with("valueRange", "(0, inf)")
        .with("currentValue", call.argument_sql.first().map_or("", String::as_str)))
}

pub fn time_bucket(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let (Some(width), Some(time)) = (values.next(), values.next()) else {
        return Err(Error::internal("time_bucket without a time"));
    };
    let origin = values.next();
    if !width.is_void()
        && !matches!(width.data_type, DataType::DayTimeInterval { .. } | DataType::YearMonthInterval { .. })
    {
        return Err(call.unexpected_type(0, SIZES, &width.data_type));
    }
    if !time.is_void() && !is_time(&time.data_type) {
        return Err(call.unexpected_type(1, TIMES, &time.data_type));
    }
    if let Some(origin) = origin.as_ref().filter(|origin| !origin.is_void()) {
        if !is_time(&origin.data_type) {
            return Err(call.unexpected_type(2, TIMES, &origin.data_type));
        }
        if !time.is_void() && origin.data_type != time.data_type {
            return Err(call.unexpected_type(2, &format!("\"{}\"", time.data_type.sql()), &origin.data_type));
        }
    }
    let result = if is_time(&time.data_type) { time.data_type.clone() } else { DataType::Timestamp };
    let size = size(&call, &width)?;
    let start = match origin.as_ref().map(|origin| (origin, origin.literal())) {
        // Midnight of 1970 is that of the session's zone.
        None => Some(start_of_epoch(&call, &result)?),
        Some((origin, None)) => return Err(call.not_a_constant(2, "origin", &origin.data_type)),
        Some((_, Some(ScalarValue::TimestampMicrosecond(micros, _)))) => *micros,
        Some((_, Some(_))) => None,
    };
    let (Some(size), Some(origin), false) = (size, start, time.is_void()) else { return expr::null(&result) };
    let zone = (result == DataType::Timestamp).then(|| Arc::from(call.session.time_zone.as_str()));
    let nullable = time.nullable;
    call_rows("time_bucket", vec![time], (result, nullable), Bucket { zone, size, origin }, bucket::time_bucket)
}

fn start_of_epoch(call: &Call<'_>, data_type: &DataType) -> Result<i64> {
    if *data_type == DataType::TimestampNtz {
        return Ok(0);
    }
    Ok(crate::kernels::datetime::zone(&call.session.time_zone)?.to_instant(0).unwrap_or(0))
}
