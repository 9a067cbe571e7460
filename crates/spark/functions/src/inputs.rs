//! Coercion of a call's arguments by a list of wanted types, and the shortest way from there to a row-wise kernel.

use hearth_base::Result;
use hearth_types::DataType;

use crate::call::{Argument, Call};
use crate::coercion;
use crate::kernels::invoke::{State, any_nullable};
use crate::kernels::rowwise::{Run, call_rows};
use crate::typed::Typed;

/// What an argument is converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    Text,
    Int,
    Long,
    Double,
    Boolean,
    Binary,
    /// Bytes, or the bytes of the text that the value is.
    Bytes,
    Date,
    Timestamp,
    TimestampNtz,
}

/// Takes the arguments, converted; the last kind holds for all further arguments.
pub fn coerced(call: &mut Call<'_>, kinds: &[Input]) -> Result<Vec<Typed>> {
    let values = call.values()?;
    let mut converted = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        converted.push(match kinds.get(index).or(kinds.last()) {
            Some(kind) => convert(call, index, value, *kind)?,
            None => value,
        });
    }
    Ok(converted)
}

/// Refuses an argument of a type that the function does not convert by itself (`ExpectsInputTypes`); NULL is welcome.
pub fn expect(call: &Call<'_>, index: usize, required: &str, fits: impl Fn(&DataType) -> bool) -> Result<()> {
    match call.arguments.get(index) {
        Some(Argument::Value(value)) if !value.is_void() && !fits(&value.data_type) => {
            Err(call.unexpected_type(index, required, &value.data_type))
        }
        Some(Argument::Value(_) | Argument::Lambda(_)) | None => Ok(()),
    }
}

/// Refuses arguments that are not text.
pub fn expect_texts(call: &Call<'_>) -> Result<()> {
    (0..call.len()).try_for_each(|index| expect(call, index, "\"STRING\"", DataType::is_string))
}

/// Converts one argument.
pub fn convert(call: &Call<'_>, index: usize, value: Typed, kind: Input) -> Result<Typed> {
    match kind {
        Input::Text => coercion::string(call, index, value),
        Input::Int => coercion::int(call, index, value),
        Input::Long => coercion::long(call, index, value),
        Input::Double => coercion::double(call, index, value),
        Input::Boolean => coercion::boolean(call, index, value),
        Input::Binary => coercion::binary(call, index, value),
        Input::Bytes if value.data_type == DataType::Binary => Ok(value),
        Input::Bytes => {
            let text = coercion::string(call, index, value)?;
            coercion::binary(call, index, text)
        }
        Input::Date => coercion::date(call, index, value),
        Input::Timestamp => coercion::timestamp(call, index, value),
        Input::TimestampNtz => coercion::implicit(call, index, value, &DataType::TimestampNtz),
    }
}

/// A kernel that gives NULL for NULL and nothing else.
#[expect(clippy::too_many_arguments, reason = "each says one thing of a kernel, and builders stay one call")]
pub fn strict<S: State>(
    mut call: Call<'_>,
    name: &'static str,
    kinds: &[Input],
    returns: DataType,
    state: S,
    run: Run<S>,
) -> Result<Typed> {
    let values = coerced(&mut call, kinds)?;
    let nullable = any_nullable(&values);
    call_rows(name, values, (returns, nullable), state, run)
}

/// A kernel that Spark calls nullable whatever its arguments are.
#[expect(clippy::too_many_arguments, reason = "each says one thing of a kernel, and builders stay one call")]
pub fn lenient<S: State>(
    mut call: Call<'_>,
    name: &'static str,
    kinds: &[Input],
    returns: DataType,
    state: S,
    run: Run<S>,
) -> Result<Typed> {
    let values = coerced(&mut call, kinds)?;
    call_rows(name, values, (returns, true), state, run)
}

/// A constant of type `int`.
pub fn int_literal(value: i32) -> Typed {
    Typed::new(datafusion::logical_expr::lit(value), DataType::Integer, false)
}

/// A constant string.
pub fn text_literal(value: &str) -> Typed {
    Typed::new(datafusion::logical_expr::lit(value), DataType::STRING, false)
}
