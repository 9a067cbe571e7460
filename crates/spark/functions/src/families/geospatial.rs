//! Geospatial functions: between GEOMETRY or GEOGRAPHY and well-known binary, and the reference system of a value.
//!
//! The system is part of a type only where it is written as a plain INT; otherwise the type is that of mixed systems.

use datafusion::common::ScalarValue;
use hearth_base::Result;
use hearth_types::DataType;
use hearth_types::arrow::to_engine_arrow;
use hearth_types::spatial::{GEOGRAPHIC_SRID, MIXED_SRID, check_srid};

use crate::call::Call;
use crate::coercion;
use crate::expr;
use crate::inputs::text_literal;
use crate::kernels::geospatial::{Made, as_binary, srid};
use crate::kernels::rowwise::{Run, call_rows};
use crate::row::Family::Geospatial as F;
use crate::row::{Arity, FunctionRow, scalar};
use crate::typed::Typed;

const SPATIAL: &str = "(\"GEOGRAPHY\" or \"GEOMETRY\")";

/// The reference system that a call's type has: the one written at `index`.
fn written_srid(call: &Call<'_>, index: usize, value: &Typed, geography: bool) -> Result<i32> {
    let text = call.argument_sql.get(index).and_then(|text| text.parse::<i32>().ok());
    match text {
        Some(srid) if value.data_type == DataType::Integer => check_srid(srid, geography),
        Some(_) | None => Ok(MIXED_SRID),
    }
}

fn made(name: &'static str, values: Vec<Typed>, to: DataType, run: Run<Made>) -> Result<Typed> {
    let nullable = values.iter().any(|value| value.nullable);
    let state = Made { geography: matches!(to, DataType::Geography { .. }), returns: to_engine_arrow(&to) };
    call_rows(name, values, (to, nullable), state, run)
}

fn st_geomfromwkb(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let Some(wkb) = values.next() else { return Err(hearth_base::Error::internal("st_geomfromwkb needs bytes")) };
    let wkb = coercion::binary(&call, 0, wkb)?;
    let (system, srid) = match values.next() {
        Some(value) => {
            let srid = written_srid(&call, 1, &value, false)?;
            (coercion::int(&call, 1, value)?, srid)
        }
        None => (expr::literal(ScalarValue::Int32(Some(0)), DataType::Integer), 0),
    };
    made("st_geomfromwkb", vec![wkb, system], DataType::Geometry { srid }, Made::of_wkb)
}

fn st_geogfromwkb(mut call: Call<'_>) -> Result<Typed> {
    let [wkb] = call.take()?;
    let wkb = coercion::binary(&call, 0, wkb)?;
    made("st_geogfromwkb", vec![wkb], DataType::Geography { srid: GEOGRAPHIC_SRID }, Made::of_wkb)
}

/// A geometry or geography; NULL is a geography of mixed systems.
fn spatial(call: &Call<'_>, value: Typed) -> Result<Typed> {
    match &value.data_type {
        DataType::Geometry { .. } | DataType::Geography { .. } => Ok(value),
        DataType::Null => expr::null(&DataType::Geography { srid: MIXED_SRID }),
        other => Err(call.unexpected_type(0, SPATIAL, other)),
    }
}

fn st_setsrid(mut call: Call<'_>) -> Result<Typed> {
    let [value, system] = call.take()?;
    let value = spatial(&call, value)?;
    let geography = matches!(value.data_type, DataType::Geography { .. });
    let srid = written_srid(&call, 1, &system, geography)?;
    let system = coercion::int(&call, 1, system)?;
    let to = if geography { DataType::Geography { srid } } else { DataType::Geometry { srid } };
    made("st_setsrid", vec![value, system], to, Made::with_srid)
}

fn st_srid(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = spatial(&call, value)?;
    let nullable = value.nullable;
    call_rows("st_srid", vec![value], (DataType::Integer, nullable), (), |(), args| srid(args))
}

fn st_asbinary(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let Some(value) = values.next() else { return Err(hearth_base::Error::internal("st_asbinary needs a value")) };
    let value = spatial(&call, value)?;
    let order = match values.next() {
        Some(order) => coercion::string(&call, 1, order)?,
        None => text_literal("NDR"),
    };
    let nullable = value.nullable || order.nullable;
    call_rows("st_asbinary", vec![value, order], (DataType::Binary, nullable), (), |(), args| as_binary(args))
}

pub const ROWS: &[FunctionRow] = &[
    scalar("st_asbinary", F, Arity::Range(1, 2), st_asbinary)
        .example(
            "hex(st_asbinary(st_geogfromwkb(X'0101000000000000000000F03F0000000000000040')))",
            "0101000000000000000000F03F0000000000000040",
        )
        .summary("The well-known binary of a geometry or geography, little-endian unless 'XDR' is asked for."),
    scalar("st_geogfromwkb", F, Arity::Exact(1), st_geogfromwkb)
        .example(
            "hex(st_asbinary(st_geogfromwkb(X'0101000000000000000000F03F0000000000000040')))",
            "0101000000000000000000F03F0000000000000040",
        )
        .summary("The geography that well-known binary describes."),
    scalar("st_geomfromwkb", F, Arity::Range(1, 2), st_geomfromwkb)
        .example("st_srid(st_geomfromwkb(X'0101000000000000000000F03F0000000000000040', 4326))", "4326")
        .summary("The geometry that well-known binary describes, in a reference system or none."),
    scalar("st_setsrid", F, Arity::Exact(2), st_setsrid)
        .example("st_srid(st_setsrid(st_geomfromwkb(X'0101000000000000000000F03F0000000000000040'), 3857))", "3857")
        .summary("The same coordinates under another reference system."),
    scalar("st_srid", F, Arity::Exact(1), st_srid)
        .example("st_srid(st_geogfromwkb(X'0101000000000000000000F03F0000000000000040'))", "4326")
        .summary("The number of a value's reference system."),
];
