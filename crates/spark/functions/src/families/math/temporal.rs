//! `+ - * / div` with dates, timestamps, times and intervals (`BinaryArithmeticWithDatetimeResolver`).

use std::sync::Arc;

use hearth_base::condition::DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE;
use hearth_base::{Error, Result};
use hearth_types::{DataType, DayTimeField};

use crate::call::Call;
use crate::cast::CastMode;
use crate::coercion::{self, different, quoted, widened, wider_type, wrong_type};
use crate::kernels::arithmetic::Op;
use crate::kernels::invoke;
use crate::kernels::temporal::{Action, Temporal, evaluate};
use crate::typed::Typed;

/// What can be added to a date besides intervals.
const DAYS: &str = "(\"INT\" or \"SMALLINT\" or \"TINYINT\")";

/// Whether an operator with a side of this type is one of ours.
pub fn concerns(data_type: &DataType) -> bool {
    data_type.is_datetime() || data_type.is_interval() || matches!(data_type, DataType::Time { .. })
}

pub fn operate(call: &Call<'_>, op: Op, mode: CastMode, left: Typed, right: Typed) -> Result<Typed> {
    if !call.session.ansi
        && let Some(error) = no_text(call, op, &left.data_type, &right.data_type)
    {
        return Err(error);
    }
    match op {
        Op::Add => add(call, mode, left, right),
        Op::Subtract => subtract(call, mode, left, right),
        Op::Multiply if right.data_type.is_interval() && !left.data_type.is_interval() => {
            scale(call, (Op::Multiply, true), mode, right, left)
        }
        Op::Multiply | Op::Divide if left.data_type.is_interval() => scale(call, (op, false), mode, left, right),
        Op::IntegralDivide => count(call, mode, left, right),
        Op::Multiply | Op::Divide | Op::Remainder | Op::PositiveRemainder => {
            // A text beside a point in time is read as one.
            let read = if left.data_type.is_string() { &right.data_type } else { &left.data_type };
            if left.data_type.is_string() != right.data_type.is_string() && !read.is_interval() && call.session.ansi {
                return Err(wrong_type(call, super::arithmetic::accepted(op), read));
            }
            if left.data_type == right.data_type {
                return Err(wrong_type(call, super::arithmetic::accepted(op), read));
            }
            Err(different(call, &left.data_type, &right.data_type))
        }
    }
}

/// The error of a text beside a point in time without ANSI, where it is read as a double.
fn no_text(call: &Call<'_>, op: Op, left: &DataType, right: &DataType) -> Option<Error> {
    use DataType as T;
    let (text, point) = if left.is_string() { (0, right) } else { (1, left) };
    if left.is_string() == right.is_string() || point.is_interval() {
        return None;
    }
    let instant = matches!(point, T::Timestamp | T::TimestampNtz);
    match op {
        Op::Add if *point == T::Date => Some(no_days(call, "date_add", (text, 1 - text), &T::Double)),
        Op::Subtract if *point == T::Date && text == 1 => Some(no_days(call, "date_sub", (1, 0), &T::Double)),
        Op::Subtract if instant => Some(call.unexpected_type(text, MOMENT, &T::STRING)),
        Op::Subtract => None,
        Op::Add | Op::Multiply | Op::Divide | Op::Remainder | Op::PositiveRemainder | Op::IntegralDivide => {
            let (left, right) = if text == 0 { (&T::Double, right) } else { (left, &T::Double) };
            Some(different(call, left, right))
        }
    }
}

fn add(call: &Call<'_>, mode: CastMode, left: Typed, right: Typed) -> Result<Typed> {
    if left.data_type == DataType::Date && right.data_type.is_string()
        || left.data_type.is_string() && right.data_type == DataType::Date
    {
        // The text is read as a date, and dates are no days.
        return Err(no_days(call, "date_add", (1, 0), &DataType::Date));
    }
    if left.data_type.is_interval() && !right.data_type.is_interval() && !right.is_void() {
        if let Some(error) = unmoved(call, (&right, &left), (1, 0), false) {
            return Err(error);
        }
        return shift(call, mode, right, left, false);
    }
    let instant = |side: &Typed| matches!(side.data_type, DataType::Timestamp | DataType::TimestampNtz);
    if left.is_void() && instant(&right) {
        return shift(call, mode, right, left, false);
    }
    if instant(&left) && right.data_type == DataType::Date {
        return Err(no_days(call, "date_add", (0, 1), &left.data_type));
    }
    if let Some(error) = mixed_intervals(call, (&left, &right), false) {
        return Err(error);
    }
    let is_number = |side: &Typed| side.data_type.is_integral();
    if right.data_type == DataType::Date && !left.data_type.is_string() && left.data_type != DataType::Date {
        if left.is_void() || is_number(&left) && left.data_type != DataType::Long {
            return shift(call, mode, right, left, false);
        }
        if !left.data_type.is_interval() && !concerns(&left.data_type) {
            return Err(no_days(call, "date_add", (0, 1), &left.data_type));
        }
    }
    if right.data_type.is_interval()
        && !left.data_type.is_interval()
        && let Some(error) = unmoved(call, (&left, &right), (0, 1), false)
    {
        return Err(error);
    }
    if concerns(&left.data_type) && !left.data_type.is_interval() {
        return shift(call, mode, left, right, false);
    }
    if left.data_type.is_string() && right.data_type.is_interval() {
        return shift(call, mode, left, right, false);
    }
    intervals(call, mode, left, right, false)
}

fn subtract(call: &Call<'_>, mode: CastMode, left: Typed, right: Typed) -> Result<Typed> {
    use DataType as T;
    if matches!(left.data_type, T::Time { .. }) && right.data_type == T::Date {
        return Err(coercion::no_such_moment(call, 0, &left.data_type, &right.data_type));
    }
    let points = |data_type: &T| data_type.is_datetime() || data_type.is_string() || *data_type == T::Null;
    if right.data_type.is_datetime() && points(&left.data_type) {
        return between(call, mode, left, right);
    }
    if right.data_type == T::Date && (!concerns(&left.data_type) || left.data_type.is_interval()) {
        return Err(call.unexpected_type(0, "\"DATE\"", &left.data_type));
    }
    if left.data_type.is_datetime() && points(&right.data_type) {
        return between(call, mode, left, right);
    }
    if matches!(left.data_type, T::Time { .. }) && matches!(right.data_type, T::Time { .. }) {
        call.check_time()?;
        return between(call, mode, left, right);
    }
    if let Some(error) = mixed_intervals(call, (&left, &right), true) {
        return Err(error);
    }
    if left.data_type.is_interval() && right.data_type.is_interval() {
        return intervals(call, mode, left, right, true);
    }
    if left.data_type.is_interval() && right.is_void() || left.is_void() && right.data_type.is_interval() {
        return intervals(call, mode, left, right, true);
    }
    if right.data_type.is_interval()
        && let Some(error) = unmoved(call, (&left, &right), (0, 1), true)
    {
        return Err(error);
    }
    let instant = |side: &Typed| matches!(side.data_type, T::Timestamp | T::TimestampNtz);
    if (instant(&left) || instant(&right)) && !right.data_type.is_interval() {
        let (index, odd) = if instant(&left) { (1, &right) } else { (0, &left) };
        return Err(call.unexpected_type(index, MOMENT, &odd.data_type));
    }
    shift(call, mode, left, right, true)
}

/// How Spark's errors call an instant or a wall clock.
const MOMENT: &str = "\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\"";

/// The error of an interval beside something that is no point in time; `None` when it is one.
///
/// Spark takes everything beside a day-time interval for a timestamp, and nothing beside a year-month interval.
fn unmoved(call: &Call<'_>, (point, by): (&Typed, &Typed), places: (usize, usize), minus: bool) -> Option<Error> {
    use DataType as T;
    let months = matches!(by.data_type, T::YearMonthInterval { .. });
    let known = point.data_type.is_datetime() || point.is_void() || concerns(&point.data_type);
    if known || (point.data_type.is_string() && !months) {
        return None;
    }
    if months {
        let (left, right) = if places.0 == 0 { (point, by) } else { (by, point) };
        return Some(different(call, &left.data_type, &right.data_type));
    }
    let sql = |place: usize| call.argument_sql.get(place).map_or("", String::as_str);
    let moved = if minus {
        format!("{} + (- {})", sql(places.0), sql(places.1))
    } else {
        format!("{} + {}", sql(places.0), sql(places.1))
    };
    Some(rewritten(moved, "first", MOMENT, sql(places.0), &point.data_type))
}

/// The error of months beside days and their parts: Spark takes the months for a timestamp that is moved.
fn mixed_intervals(call: &Call<'_>, (left, right): (&Typed, &Typed), minus: bool) -> Option<Error> {
    let months = |side: &Typed| matches!(side.data_type, DataType::YearMonthInterval { .. });
    let micros = |side: &Typed| matches!(side.data_type, DataType::DayTimeInterval { .. });
    let (point, by, typed) = match (months(left) && micros(right), micros(left) && months(right)) {
        (true, _) => (0, 1, left),
        (false, true) if !minus => (1, 0, right),
        (false, _) => return None,
    };
    let sql = |place: usize| call.argument_sql.get(place).map_or("", String::as_str);
    let moved = if minus { format!("(- {})", sql(by)) } else { sql(by).to_owned() };
    Some(rewritten(format!("{} + {moved}", sql(point)), "first", MOMENT, sql(point), &typed.data_type))
}

/// The error of a number of days that is none; `places` are those of the days and of the date.
fn no_days(call: &Call<'_>, function: &str, places: (usize, usize), days: &DataType) -> Error {
    let sql = |place: usize| call.argument_sql.get(place).map_or("", String::as_str);
    rewritten(format!("{function}({}, {})", sql(places.1), sql(places.0)), "second", DAYS, sql(places.0), days)
}

/// An unexpected type in the call that Spark made of the operator.
fn rewritten(sql: String, place: &str, required: &str, argument: &str, actual: &DataType) -> Error {
    DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE
        .with("sqlExpr", format!("\"{sql}\""))
        .with("paramIndex", place)
        .with("requiredType", required)
        .with("inputSql", format!("\"{argument}\""))
        .with("inputType", quoted(actual))
}

/// Builds the call of the kernel.
fn build(
    call: &Call<'_>,
    mode: CastMode,
    action: Action,
    sides: (Typed, Typed, bool),
    result: DataType,
) -> Result<Typed> {
    let (left, right, minus) = sides;
    let plan = Temporal {
        action,
        minus,
        tolerant: mode == CastMode::Try,
        result: result.clone(),
        time_zone: Arc::from(call.session.time_zone.as_str()),
        tolerant_name: match action {
            Action::MonthsTimes
            | Action::MicrosTimes
            | Action::MonthsTimesWhole
            | Action::MicrosTimesWhole
            | Action::IntervalTimes => "try_multiply",
            Action::MonthsBy | Action::MicrosBy | Action::IntervalBy | Action::MonthsIn | Action::MicrosIn => {
                "try_divide"
            }
            _ if minus => "try_subtract",
            _ => "try_add",
        },
    };
    let nullable = left.nullable || right.nullable || mode == CastMode::Try;
    invoke::call_arrays_with("spark_temporal", plan, vec![left, right], (result, nullable), evaluate)
}

/// A point in time moved by days or an interval.
fn shift(call: &Call<'_>, mode: CastMode, point: Typed, by: Typed, minus: bool) -> Result<Typed> {
    use DataType as T;
    if point.data_type.is_string() {
        let point = widened(call, point, &T::Timestamp)?;
        let moved = shift(call, mode, point, by, minus)?;
        return widened(call, moved, &T::STRING);
    }
    let (action, point, by, result) = match (&point.data_type, &by.data_type) {
        (T::Date, by_type) if by_type.is_integral() && *by_type != T::Long => {
            let by = widened(call, by, &T::Integer)?;
            (Action::DatePlusDays, point, by, T::Date)
        }
        (T::Date, T::YearMonthInterval { .. }) => (Action::DatePlusMonths, point, by, T::Date),
        (T::Date, T::DayTimeInterval { start: DayTimeField::Day, end: DayTimeField::Day }) => {
            let days = crate::cast::cast(by, &T::Integer, CastMode::Ansi, call.session)?;
            (Action::DatePlusDays, point, days, T::Date)
        }
        (T::Date, T::DayTimeInterval { .. }) => {
            let point = widened(call, point, &T::Timestamp)?;
            (Action::TimestampPlusMicros, point, by, T::Timestamp)
        }
        (T::Date, T::CalendarInterval) if mode == CastMode::Ansi => {
            (Action::DatePlusDaysOfInterval, point, by, T::Date)
        }
        (T::Date, T::CalendarInterval) => (Action::DatePlusInterval, point, by, T::Date),
        (T::Date, T::Null) => {
            let point = widened(call, point, &T::Timestamp)?;
            let by = widened(call, by, &T::DAY_TIME)?;
            (Action::TimestampPlusMicros, point, by, T::Timestamp)
        }
        (T::Timestamp | T::TimestampNtz, T::YearMonthInterval { .. }) => {
            let result = point.data_type.clone();
            (Action::TimestampPlusMonths, point, by, result)
        }
        (T::Timestamp | T::TimestampNtz, T::DayTimeInterval { .. } | T::Null) => {
            let by = if by.is_void() { widened(call, by, &T::DAY_TIME)? } else { by };
            let result = point.data_type.clone();
            (Action::TimestampPlusMicros, point, by, result)
        }
        (T::Timestamp | T::TimestampNtz, T::CalendarInterval) => {
            let result = point.data_type.clone();
            (Action::TimestampPlusInterval, point, by, result)
        }
        (T::Time { .. }, T::DayTimeInterval { .. } | T::Null) => {
            call.check_time()?;
            let by = if by.is_void() { widened(call, by, &T::DAY_TIME)? } else { by };
            let result = point.data_type.clone();
            (Action::TimePlusMicros, point, by, result)
        }
        (T::Date, right) if !right.is_interval() && !right.is_string() => {
            return Err(no_days(call, if minus { "date_sub" } else { "date_add" }, (1, 0), right));
        }
        (left, right) if left == right => {
            return Err(wrong_type(call, super::arithmetic::SUMMABLE, left));
        }
        (T::Time { .. }, T::YearMonthInterval { .. }) => return Err(months_of_time(call, &point, &by)),
        (left, _) if by.data_type.is_interval() => {
            let required = if matches!(by.data_type, T::YearMonthInterval { .. }) {
                "(\"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP WITHOUT TIME ZONE\")".to_owned()
            } else {
                "(\"TIMESTAMP\" or \"TIMESTAMP WITHOUT TIME ZONE\")".to_owned()
            };
            return Err(call.unexpected_type(0, &required, left));
        }
        (left, right) => return Err(different(call, left, right)),
    };
    build(call, mode, action, (point, by, minus), result)
}

/// The error of months beside a time of day, in the order in which they were written.
fn months_of_time(call: &Call<'_>, time: &Typed, months: &Typed) -> Error {
    let turned = call.argument_sql.first().is_some_and(|sql| sql.starts_with("INTERVAL"));
    let (left, right) = if turned { (months, time) } else { (time, months) };
    different(call, &left.data_type, &right.data_type)
}

/// The interval between two points in time.
fn between(call: &Call<'_>, mode: CastMode, left: Typed, right: Typed) -> Result<Typed> {
    use DataType as T;
    let known = |data_type: &T| !data_type.is_string() && *data_type != T::Null;
    let common = match (&left.data_type, &right.data_type) {
        (T::Timestamp, T::TimestampNtz) | (T::TimestampNtz, T::Timestamp) => T::TimestampNtz,
        (a, b) if known(a) && known(b) => wider_type(a, b, call.session.ansi).ok_or_else(|| different(call, a, b))?,
        (a, b) => {
            if known(a) {
                a.clone()
            } else {
                b.clone()
            }
        }
    };
    let left = widened(call, left, &common)?;
    let right = widened(call, right, &common)?;
    let (action, result) = match common {
        T::Date => (Action::DateMinusDate, T::DayTimeInterval { start: DayTimeField::Day, end: DayTimeField::Day }),
        T::Time { .. } => {
            (Action::TimeMinusTime, T::DayTimeInterval { start: DayTimeField::Hour, end: DayTimeField::Second })
        }
        T::TimestampNtz => {
            // Wall clocks differ by plain subtraction; the zone of the kernel is for instants.
            return build_ntz(call, mode, left, right);
        }
        _ => (Action::TimestampMinusTimestamp, T::DAY_TIME),
    };
    build(call, mode, action, (left, right, true), result)
}

fn build_ntz(call: &Call<'_>, mode: CastMode, left: Typed, right: Typed) -> Result<Typed> {
    let plan = Temporal {
        action: Action::TimestampMinusTimestamp,
        minus: true,
        tolerant: mode == CastMode::Try,
        result: DataType::DAY_TIME,
        time_zone: Arc::from("UTC"),
        tolerant_name: "try_subtract",
    };
    let nullable = left.nullable || right.nullable || mode == CastMode::Try;
    let _ = call;
    invoke::call_arrays_with("spark_temporal", plan, vec![left, right], (DataType::DAY_TIME, nullable), evaluate)
}

/// Two intervals of one kind.
fn intervals(call: &Call<'_>, mode: CastMode, left: Typed, right: Typed, minus: bool) -> Result<Typed> {
    use DataType as T;
    let Some(common) = wider_type(&left.data_type, &right.data_type, call.session.ansi) else {
        return Err(different(call, &left.data_type, &right.data_type));
    };
    let left = widened(call, left, &common)?;
    let right = widened(call, right, &common)?;
    let action = match common {
        T::YearMonthInterval { .. } => Action::MonthsPlusMonths,
        T::DayTimeInterval { .. } => Action::MicrosPlusMicros,
        T::CalendarInterval => Action::IntervalPlusInterval,
        other => return Err(wrong_type(call, super::arithmetic::SUMMABLE, &other)),
    };
    build(call, mode, action, (left, right, minus), common)
}

/// An interval times or divided by a number.
fn scale(call: &Call<'_>, (op, swapped): (Op, bool), mode: CastMode, interval: Typed, number: Typed) -> Result<Typed> {
    use DataType as T;
    if !(number.data_type.is_numeric() || number.data_type.is_string() || number.is_void()) {
        return Err(no_factor(call, (op, swapped), &interval, &number));
    }
    let whole = op == Op::Multiply && number.data_type.is_integral() && interval.data_type != T::CalendarInterval;
    let number = widened(call, number, if whole { &T::Long } else { &T::Double })?;
    let (action, result) = match (&interval.data_type, op) {
        (T::YearMonthInterval { .. }, Op::Multiply) if whole => (Action::MonthsTimesWhole, T::YEAR_MONTH),
        (T::YearMonthInterval { .. }, Op::Multiply) => (Action::MonthsTimes, T::YEAR_MONTH),
        (T::YearMonthInterval { .. }, _) => (Action::MonthsBy, T::YEAR_MONTH),
        (T::DayTimeInterval { .. }, Op::Multiply) if whole => (Action::MicrosTimesWhole, T::DAY_TIME),
        (T::DayTimeInterval { .. }, Op::Multiply) => (Action::MicrosTimes, T::DAY_TIME),
        (T::DayTimeInterval { .. }, _) => (Action::MicrosBy, T::DAY_TIME),
        (_, Op::Multiply) => (Action::IntervalTimes, T::CalendarInterval),
        (_, _) => (Action::IntervalBy, T::CalendarInterval),
    };
    // A calendar interval overflows to NULL, which its type says in every mode.
    let overflows = interval.data_type == T::CalendarInterval;
    let scaled = build(call, mode, action, (interval, number, false), result)?;
    Ok(Typed { nullable: scaled.nullable || overflows, ..scaled })
}

/// The error of an interval that is multiplied with or divided by something that is no number.
fn no_factor(call: &Call<'_>, (op, swapped): (Op, bool), interval: &Typed, number: &Typed) -> Error {
    let sql = |place: usize| call.argument_sql.get(place).map_or("", String::as_str);
    // The interval stands first, wherever it was written.
    let first = usize::from(swapped);
    let (interval_sql, number_sql) = (sql(first), sql(1 - first));
    let (times, required) = match (&interval.data_type, op) {
        (DataType::CalendarInterval, Op::Multiply) => {
            (format!("multiply_interval({interval_sql}, {number_sql})"), "\"DOUBLE\"")
        }
        (DataType::CalendarInterval, _) => (format!("divide_interval({interval_sql}, {number_sql})"), "\"DOUBLE\""),
        (_, Op::Multiply) => (format!("({interval_sql} * {number_sql})"), "\"NUMERIC\""),
        (_, _) => (format!("({interval_sql} / {number_sql})"), "\"NUMERIC\""),
    };
    rewritten(times, "second", required, number_sql, &number.data_type)
}

/// How often an interval goes into another.
fn count(call: &Call<'_>, mode: CastMode, left: Typed, right: Typed) -> Result<Typed> {
    use DataType as T;
    let common = wider_type(&left.data_type, &right.data_type, call.session.ansi);
    let action = match common {
        Some(T::YearMonthInterval { .. }) => Action::MonthsIn,
        Some(T::DayTimeInterval { .. }) => Action::MicrosIn,
        _ => {
            // Integers are counted as longs before the sides are compared.
            let shown = |side: &Typed| if side.data_type.is_integral() { T::Long } else { side.data_type.clone() };
            return Err(different(call, &shown(&left), &shown(&right)));
        }
    };
    let common = common.unwrap_or(T::DAY_TIME);
    let left = widened(call, left, &common)?;
    let right = widened(call, right, &common)?;
    let count = build(call, mode, action, (left, right, false), T::Long)?;
    Ok(Typed { nullable: true, ..count })
}
