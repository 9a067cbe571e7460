//! Spark's explicit conversions: which exist (`can_cast`) and how a value is converted (`cast`).
//!
//! A conversion that cannot fail and means the same in Arrow becomes DataFusion's own cast, which its optimizer
//! understands; all others become a call of the cast kernel (`kernels::cast`), which knows ANSI, legacy and `try_cast`.

mod allowed;
mod native;

pub use allowed::can_cast;

use std::sync::Arc;

use datafusion::common::ScalarValue;
use hearth_base::condition::{
    DATATYPE_MISMATCH_CAST_WITH_CONF_SUGGESTION, DATATYPE_MISMATCH_CAST_WITH_FUNC_SUGGESTION,
    DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION,
};
use hearth_base::{Error, Result};
use hearth_types::{DataType, Zone};

use crate::call::SessionSettings;
use crate::coercion::{force_nullable, up_castable};
use crate::expr;
use crate::kernels::cast::{CastPlan, cast_arrays};
use crate::kernels::invoke;
use crate::typed::Typed;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// What happens to a value that does not convert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CastMode {
    /// It is an error.
    Ansi,
    /// It becomes NULL, or wraps around, as old Spark did.
    Legacy,
    /// It becomes NULL, where ANSI says error.
    Try,
}

impl CastMode {
    /// The mode of implicit casts and of plain `CAST`.
    pub fn of(session: &SessionSettings) -> Self {
        if session.ansi { Self::Ansi } else { Self::Legacy }
    }
}

/// Converts `value` to `to`. Constants are converted at once, when they convert.
pub fn cast(value: Typed, to: &DataType, mode: CastMode, session: &SessionSettings) -> Result<Typed> {
    let sql = |value: &Typed| format!("CAST({} AS {})", value.expr, to.sql());
    cast_written(value, to, mode, session, sql)
}

/// As `cast`; `sql` is how the cast was written, for the error of one that does not exist.
pub fn cast_written(
    value: Typed,
    to: &DataType,
    mode: CastMode,
    session: &SessionSettings,
    sql: impl FnOnce(&Typed) -> String,
) -> Result<Typed> {
    let from = value.data_type.clone();
    // A cast to char(n) or varchar(n) is one to string; only columns have a length.
    let to = if to.is_string() && !matches!(to, DataType::String { .. }) { &DataType::STRING } else { to };
    if from == *to {
        return Ok(value);
    }
    if !can_cast(&from, to, mode != CastMode::Legacy) {
        return Err(cannot_cast(&value, &sql(&value), to, mode));
    }
    if let Some(special) = special_datetime(&value, to, session) {
        return Ok(special);
    }
    let fails = if mode == CastMode::Try { !up_castable(&from, to) } else { force_nullable(&from, to) };
    let nullable = value.nullable || fails;
    if native::same_value(&from, to) {
        return Ok(Typed::new(value.expr, to.clone(), nullable));
    }
    if native::lossless(&from, to) {
        return Ok(Typed { nullable, ..native::cast(value, to) });
    }
    let time_zone = Arc::from(session.time_zone.as_str());
    let plan = CastPlan { from, to: to.clone(), mode, time_zone, now: session.statement_micros };
    invoke::call_arrays_with("spark_cast", plan, vec![value], (to.clone(), nullable), cast_arrays)
}

/// `'epoch'`, `'now'`, `'today'`, `'tomorrow'` and `'yesterday'`, which mean something as constants only. Source:
/// `SpecialDatetimeValues` of Spark.
fn special_datetime(value: &Typed, to: &DataType, session: &SessionSettings) -> Option<Typed> {
    if !matches!(to, DataType::Date | DataType::Timestamp | DataType::TimestampNtz) {
        return None;
    }
    let word = value.literal_str()?.trim().to_ascii_lowercase();
    let zone = Zone::parse(&session.time_zone)?;
    let local_now = zone.to_local(session.statement_micros);
    let today = local_now.div_euclid(MICROS_PER_DAY);
    let days = match word.as_str() {
        "epoch" => 0,
        "today" | "now" => today,
        "tomorrow" => today + 1,
        "yesterday" => today - 1,
        _ => return None,
    };
    let local = if word == "now" { local_now } else { days * MICROS_PER_DAY };
    let scalar = match to {
        DataType::Date => ScalarValue::Date32(Some(i32::try_from(days).ok()?)),
        DataType::TimestampNtz => ScalarValue::TimestampMicrosecond(Some(local), None),
        _ => {
            let instant = match word.as_str() {
                "epoch" => 0,
                "now" => session.statement_micros,
                _ => zone.to_instant(local)?,
            };
            ScalarValue::TimestampMicrosecond(Some(instant), Some(Arc::from("UTC")))
        }
    };
    Some(expr::literal(scalar, to.clone()))
}

fn cannot_cast(value: &Typed, sql: &str, to: &DataType, mode: CastMode) -> Error {
    let types = |error: Error| error.with("srcType", value.data_type.quoted_sql()).with("targetType", to.quoted_sql());
    let sql = format!("\"{sql}\"");
    let suggested = match (&value.data_type, to) {
        (DataType::Date, number) if number.is_numeric() && mode != CastMode::Legacy => Some("`UNIX_DATE`"),
        (number, DataType::Date) if number.is_numeric() && mode != CastMode::Legacy => Some("`DATE_FROM_UNIX_DATE`"),
        _ => None,
    };
    if let Some(function) = suggested {
        let error = DATATYPE_MISMATCH_CAST_WITH_FUNC_SUGGESTION.with("sqlExpr", sql);
        return types(error).with("functionNames", function);
    }
    if mode == CastMode::Ansi && can_cast(&value.data_type, to, false) {
        return types(DATATYPE_MISMATCH_CAST_WITH_CONF_SUGGESTION.with("sqlExpr", sql))
            .with("config", "\"spark.sql.ansi.enabled\"")
            .with("configVal", "'false'");
    }
    types(DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION.with("sqlExpr", sql))
}
