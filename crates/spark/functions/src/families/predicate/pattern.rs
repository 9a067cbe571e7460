//! `LIKE`, `ILIKE`, `RLIKE`.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::Like;
use datafusion::logical_expr::{Expr, Operator};
use hearth_base::condition::{INVALID_ESCAPE_CHAR, INVALID_FORMAT_ESC_AT_THE_END, INVALID_FORMAT_ESC_IN_THE_MIDDLE};
use hearth_base::{Error, Result};
use hearth_types::DataType;

use crate::call::Call;
use crate::coercion;
use crate::expr;
use crate::kernels::cast::report::string_literal;
use crate::kernels::rowwise::{Args, call_rows};
use crate::kernels::string::{java_regex, regexp};
use crate::typed::Typed;

/// Spark's escape, and the only one that DataFusion's matcher knows.
const ESCAPE: char = '\\';

pub fn like(call: Call<'_>) -> Result<Typed> {
    matching(call, false)
}

pub fn ilike(call: Call<'_>) -> Result<Typed> {
    matching(call, true)
}

fn matching(mut call: Call<'_>, ignore_case: bool) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let (Some(value), Some(pattern)) = (values.next(), values.next()) else {
        return Err(Error::internal(format!("{} without a pattern", call.name)));
    };
    let escape = match values.next() {
        Some(escape) => escape_character(&call, &escape)?,
        None => ESCAPE,
    };
    let value = coercion::string(&call, 0, value)?;
    let pattern = coercion::string(&call, 1, pattern)?;
    let pattern = match pattern.literal_str() {
        Some(text) => expr::text(with_default_escape(text, escape)?),
        None if pattern.literal().is_some() => pattern,
        None => {
            let returns = (DataType::STRING, pattern.nullable);
            call_rows("like_pattern", vec![pattern], returns, escape, with_default_escapes)?
        }
    };
    let nullable = value.nullable || pattern.nullable;
    let like = Like::new(false, Box::new(value.expr), Box::new(pattern.expr), None, ignore_case);
    Ok(Typed::new(Expr::Like(like), DataType::Boolean, nullable))
}

fn escape_character(call: &Call<'_>, escape: &Typed) -> Result<char> {
    let mut characters = escape.literal_str().unwrap_or("").chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Ok(character),
        _ => {
            let sql = call.argument_sql.get(2).map_or("", String::as_str);
            Err(INVALID_ESCAPE_CHAR.with("sqlExpr", format!("\"{sql}\"")))
        }
    }
}

/// Kernel: `with_default_escape` of each pattern.
fn with_default_escapes(escape: &char, args: &Args) -> Result<ArrayRef> {
    let patterns = args.text(0)?;
    args.try_texts(|row, into| {
        let Some(pattern) = patterns.get(row) else { return Ok(None) };
        into.push_str(&with_default_escape(pattern, *escape)?);
        Ok(Some(()))
    })
}

/// The pattern with `\` as its escape. An escape before anything but `%`, `_` and itself is an error, as in Spark.
fn with_default_escape(pattern: &str, escape: char) -> Result<String> {
    let mut rewritten = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character != escape {
            if character == ESCAPE {
                rewritten.push(ESCAPE);
            }
            rewritten.push(character);
            continue;
        }
        match characters.next() {
            Some(next) if next == '%' || next == '_' || next == ESCAPE => rewritten.extend([ESCAPE, next]),
            Some(next) if next == escape => rewritten.push(next),
            Some(next) => {
                return Err(INVALID_FORMAT_ESC_IN_THE_MIDDLE
                    .with("format", string_literal(pattern))
                    .with("char", format!("'{next}'")));
            }
            None => return Err(INVALID_FORMAT_ESC_AT_THE_END.with("format", string_literal(pattern))),
        }
    }
    Ok(rewritten)
}

/// DataFusion's operator where Rust reads the pattern as Java does, else our own kernel.
pub fn rlike(mut call: Call<'_>) -> Result<Typed> {
    let [value, pattern] = call.take()?;
    let value = coercion::string(&call, 0, value)?;
    let pattern = coercion::string(&call, 1, pattern)?;
    if pattern.literal().is_some_and(ScalarValue::is_null) {
        return expr::null(&DataType::Boolean);
    }
    if let Some(text) = pattern.literal_str() {
        java_regex::compile(text, call.name)?;
        if java_regex::is_same_in_rust(text) {
            return Ok(expr::binary(value, Operator::RegexMatch, pattern, DataType::Boolean));
        }
    }
    let nullable = value.nullable || pattern.nullable;
    call_rows("rlike", vec![value, pattern], (DataType::Boolean, nullable), Arc::from(call.name), regexp::like)
}
