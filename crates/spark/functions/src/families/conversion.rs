//! Casts that are written as functions.

use hearth_base::Result;
use hearth_types::DataType;

use crate::call::Call;
use crate::cast::{self, CastMode};
use crate::row::{Arity, Family, FunctionRow, analyzer, scalar};
use crate::typed::Typed;

const CONVERSION: Family = Family::Conversion;
const ONE: Arity = Arity::Exact(1);

/// Builders for rows whose cast goes to one type.
macro_rules! casts {
    ($($builder:ident => $data_type:expr;)*) => {
        $(fn $builder(call: Call<'_>) -> Result<Typed> {
            convert(call, &$data_type)
        })*
    };
}

casts! {
    bigint => DataType::Long;
    binary => DataType::Binary;
    boolean => DataType::Boolean;
    date => DataType::Date;
    decimal => DataType::DECIMAL_DEFAULT;
    double => DataType::Double;
    float => DataType::Float;
    int => DataType::Integer;
    smallint => DataType::Short;
    string => DataType::STRING;
    timestamp => DataType::Timestamp;
    tinyint => DataType::Byte;
}

fn time(call: Call<'_>) -> Result<Typed> {
    call.check_time()?;
    convert(call, &DataType::Time { precision: 6 })
}

pub const ROWS: &[FunctionRow] = &[
    analyzer("cast", CONVERSION, ONE, "syntax: a cast is an expression of its own"),
    scalar("bigint", CONVERSION, ONE, bigint).example("bigint('12')", "12").summary("Converts to bigint."),
    scalar("binary", CONVERSION, ONE, binary).example("hex(binary('ab'))", "6162").summary("Converts to binary."),
    scalar("boolean", CONVERSION, ONE, boolean).example("boolean('yes')", "true").summary("Converts to boolean."),
    scalar("date", CONVERSION, ONE, date).example("date('2020-01-31')", "2020-01-31").summary("Converts to date."),
    scalar("decimal", CONVERSION, ONE, decimal).example("decimal('12.6')", "13").summary("Converts to decimal(10,0)."),
    scalar("double", CONVERSION, ONE, double).example("double('1.5')", "1.5").summary("Converts to double."),
    scalar("float", CONVERSION, ONE, float).example("float('1.5')", "1.5").summary("Converts to float."),
    scalar("int", CONVERSION, ONE, int).example("int('12')", "12").summary("Converts to int."),
    scalar("smallint", CONVERSION, ONE, smallint).example("smallint('12')", "12").summary("Converts to smallint."),
    scalar("string", CONVERSION, ONE, string).example("string(1.5)", "1.5").summary("Converts to string."),
    scalar("time", CONVERSION, ONE, time)
        .summary("Converts to time. Refused unless spark.sql.timeType.enabled is set."),
    scalar("timestamp", CONVERSION, ONE, timestamp)
        .example("timestamp('2020-01-31 12:30:00')", "2020-01-31 12:30:00")
        .summary("Converts to timestamp."),
    scalar("tinyint", CONVERSION, ONE, tinyint).example("tinyint('12')", "12").summary("Converts to tinyint."),
];

fn convert(mut call: Call<'_>, to: &DataType) -> Result<Typed> {
    let [value] = call.take()?;
    // Spark forgets that this was written as a cast.
    let sql = |_: &Typed| call.argument_sql.first().cloned().unwrap_or_default();
    cast::cast_written(value, to, CastMode::of(call.session), call.session, sql)
}
