//! `parse_json`, and JSON that was read already, as variants.

use datafusion::arrow::array::ArrayRef;
use hearth_base::Result;
use hearth_base::condition::MALFORMED_RECORD_IN_PARSING;

use super::build::{Builder, Encoded};
use super::column;
use crate::kernels::json::value::{Json, Syntax};
use crate::kernels::rowwise::Args;

const MAX_DECIMAL_DIGITS: usize = 38;

/// What becomes of text that is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnError {
    Fail,
    Null,
}

pub fn parse_json(on_error: &OnError, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let mut values = Vec::with_capacity(args.rows());
    for row in 0..args.rows() {
        let Some(text) = text.get(row) else {
            values.push(None);
            continue;
        };
        let parsed = Json::parse_with(text, &Syntax::STRICT).and_then(|json| of_json(&json).ok());
        if parsed.is_none() && *on_error == OnError::Fail {
            return Err(MALFORMED_RECORD_IN_PARSING.with("badRecord", text).with("failFastMode", "FAILFAST"));
        }
        values.push(parsed);
    }
    column(values.iter().map(Option::as_ref))
}

pub fn of_json(json: &Json<'_>) -> Result<Encoded> {
    let mut builder = Builder::default();
    append(json, &mut builder)?;
    builder.finish()
}

/// Depth is bounded by the JSON reader.
pub fn append(json: &Json<'_>, builder: &mut Builder) -> Result<()> {
    match json {
        Json::Null => builder.null(),
        Json::Boolean(value) => builder.boolean(*value),
        Json::Number(text) => number(text, builder),
        Json::String(text) => builder.string(text),
        Json::Array(elements) => {
            let start = builder.position();
            let mut offsets = Vec::with_capacity(elements.len());
            for element in elements {
                offsets.push(builder.position() - start);
                append(element, builder)?;
            }
            builder.array(start, &offsets)?;
        }
        Json::Object(parts) => {
            let start = builder.position();
            let mut fields = Vec::with_capacity(parts.len());
            for (name, part) in parts {
                fields.push(builder.field(start, name));
                append(part, builder)?;
            }
            builder.object(start, fields)?;
        }
    }
    Ok(())
}

fn number(text: &str, builder: &mut Builder) {
    if !text.contains(['.', 'e', 'E'])
        && let Ok(value) = text.parse()
    {
        return builder.long(value);
    }
    match decimal(text) {
        Some((unscaled, scale)) => builder.decimal(unscaled, scale),
        // The reader has checked the form; too large a number is infinite, as in Java.
        None => builder.double(text.parse().unwrap_or(f64::NAN)),
    }
}

/// Digits and scale of a number without an exponent, when a decimal has room for them.
pub fn decimal(text: &str) -> Option<(i128, u8)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > MAX_DECIMAL_DIGITS || text.contains(['e', 'E']) {
        return None;
    }
    let digits = [whole, fraction].concat();
    let significant = digits.trim_start_matches(['-', '0']).len();
    if significant > MAX_DECIMAL_DIGITS {
        return None;
    }
    Some((digits.parse().ok()?, u8::try_from(fraction.len()).ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_spark() {
        let json = Json::parse(r#"{"a":1,"b":"x","c":[1,2],"d":{"e":1.5}}"#).unwrap();
        let made = of_json(&json).unwrap();
        let value = b"\x02\x04\x00\x01\x02\x03\x00\x02\x04\r\x18\x0c\x01\x05x\x03\x02\x00\x02\x04\x0c\x01\x0c\x02\
                      \x02\x01\x04\x00\x06 \x01\x0f\x00\x00\x00";
        assert_eq!(made.value, value);
        assert_eq!(made.metadata, b"\x01\x05\x00\x01\x02\x03\x04\x05abcde");
    }

    #[test]
    fn damaged_bytes_are_errors() {
        let json = Json::parse(r#"{"a":[1,"text",{"b":null}]}"#).unwrap();
        let made = of_json(&json).unwrap();
        for length in 0..made.value.len() {
            let cut = super::super::read::Variant { value: &made.value[..length], metadata: &made.metadata };
            let mut builder = Builder::default();
            assert!(builder.variant(cut).is_err(), "{length}");
        }
    }
}
