//! `aes_encrypt` and its counterparts.

use datafusion::common::ScalarValue;
use hearth_base::Result;
use hearth_types::DataType;

use crate::call::Call;
use crate::expr;
use crate::inputs::Input::{Binary, Text};
use crate::inputs::{coerced, text_literal};
use crate::kernels::aes;
use crate::kernels::rowwise::{call_rows, call_volatile};
use crate::typed::Typed;

const RESULT: (DataType, bool) = (DataType::Binary, true);

/// The arguments with the defaults of those that are left out.
fn arguments(call: &mut Call<'_>, kinds: &[crate::inputs::Input]) -> Result<Vec<Typed>> {
    let mut values = coerced(call, kinds)?;
    for kind in kinds.iter().skip(values.len()) {
        values.push(match (kind, values.len()) {
            (Binary, _) => expr::literal(ScalarValue::Binary(Some(Vec::new())), DataType::Binary),
            (_, 2) => text_literal("GCM"),
            _ => text_literal("DEFAULT"),
        });
    }
    Ok(values)
}

/// Without a start vector each row gets one of its own, so the call is never computed ahead.
pub fn aes_encrypt(mut call: Call<'_>) -> Result<Typed> {
    let values = arguments(&mut call, &[Binary, Binary, Text, Text, Binary, Binary])?;
    let without_vector = values[2].literal_str().is_some_and(|mode| mode.eq_ignore_ascii_case("ECB"));
    let given = values[4].literal().is_none_or(|iv| *iv != ScalarValue::Binary(Some(Vec::new())));
    let run = if without_vector || given { call_rows } else { call_volatile };
    run("aes_encrypt", values, RESULT, (), aes::encrypt)
}

pub fn aes_decrypt(call: Call<'_>) -> Result<Typed> {
    decrypt(call, "aes_decrypt", false)
}

pub fn try_aes_decrypt(call: Call<'_>) -> Result<Typed> {
    decrypt(call, "try_aes_decrypt", true)
}

fn decrypt(mut call: Call<'_>, name: &'static str, lenient: bool) -> Result<Typed> {
    let values = arguments(&mut call, &[Binary, Binary, Text, Text, Binary])?;
    call_rows(name, values, RESULT, lenient, aes::decrypt)
}
