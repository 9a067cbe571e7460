//! `format_string`: datafusion-spark's formatter, with Java's word about `%b` and Spark's error.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};
use hearth_base::condition::INVALID_REQUEST;

use crate::kernels::invoke::raise;

/// Formats rows; a format that is known for all rows is the state, and no array of it is there.
pub fn format(format: &Option<String>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let rows = arrays.first().map_or(1, |array| array.len());
    let known = format.as_ref().map(|format| ColumnarValue::Scalar(ScalarValue::Utf8(Some(format.clone()))));
    let values = arrays.iter().map(|array| ColumnarValue::Array(Arc::clone(array)));
    let args: Vec<_> = known.into_iter().chain(values).collect();
    let arg_fields = args.iter().map(|arg| Arc::new(Field::new("", arg.data_type(), true))).collect();
    let call = ScalarFunctionArgs {
        args,
        arg_fields,
        number_rows: rows,
        return_field: Arc::new(Field::new("", DataType::Utf8, true)),
        config_options: Arc::new(ConfigOptions::default()),
    };
    let refused = |error: DataFusionError| {
        let message = format!("The format does not fit its arguments. {}", error.strip_backtrace());
        raise(INVALID_REQUEST.with("message", message))
    };
    let formatted = datafusion_spark::function::string::format_string().invoke_with_args(call).map_err(refused)?;
    formatted.into_array(rows)
}

/// Of each argument, whether `%b` alone asks for it: that takes values of every type.
pub fn only_as_booleans(format: &str, arguments: usize) -> Vec<bool> {
    let mut asked: Vec<(bool, bool)> = vec![(false, false); arguments];
    let (mut next, mut last) = (0, None);
    let mut rest = format;
    while let Some((_, specifier)) = rest.split_once('%') {
        let is_flag = |c: char| c.is_ascii_digit() || "-#+ ,(<.$".contains(c);
        let end = specifier.find(|c| !is_flag(c)).unwrap_or(specifier.len());
        let (flags, behind) = specifier.split_at(end);
        let mut behind = behind.chars();
        let conversion = behind.next();
        rest = behind.as_str();
        if matches!(conversion, Some('%' | 'n') | None) {
            continue;
        }
        let given = flags.split_once('$').and_then(|(number, _)| number.parse::<usize>().ok());
        let index = match given {
            Some(number) => number.checked_sub(1),
            None if flags.starts_with('<') => last,
            None => {
                next += 1;
                Some(next - 1)
            }
        };
        last = index;
        if let Some(asked) = index.and_then(|index| asked.get_mut(index)) {
            let is_boolean = matches!(conversion, Some('b' | 'B'));
            *asked = (asked.0 || is_boolean, asked.1 || !is_boolean);
        }
    }
    asked.into_iter().map(|(as_boolean, otherwise)| as_boolean && !otherwise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_percent_b_alone_asks_for() {
        assert_eq!(only_as_booleans("%b %s %3$B %%b", 3), [true, false, true]);
        assert_eq!(only_as_booleans("%b %<s", 1), [false]);
        assert_eq!(only_as_booleans("%2$-5b", 2), [false, true]);
        assert_eq!(only_as_booleans("%b", 0), [false; 0]);
    }
}
