//! Values of parameters. Spark takes literals only, so a value whose text is not plainly one of its type goes as text,
//! and its markers are put into casts: `:a` becomes `CAST(:a AS TIMESTAMP)`.

use std::fmt::Write;

use hearth_core::engine::Parameter;
use hearth_plan::to_proto::literal::literal;
use hearth_proto::connect as pb;
use hearth_sql::Marker;
use hearth_types::datetime_parse::string_to_date;
use hearth_types::{DataType, Value};

pub fn value(parameter: &Parameter) -> pb::Expression {
    let value = plain(parameter).unwrap_or_else(|| Value::string(parameter.value.as_deref().unwrap_or_default()));
    let expr_type = Some(pb::expression::ExprType::Literal(literal(&value)));
    pb::Expression { common: None, expr_type }
}

/// The value as a literal of its type, so that Spark names columns after it as after a literal.
fn plain(parameter: &Parameter) -> Option<Value> {
    let data_type = &parameter.data_type;
    let Some(text) = parameter.value.as_deref() else { return Some(Value::Null(data_type.clone())) };
    let value = match data_type {
        DataType::String { .. } => Some(Value::string(text)),
        DataType::Boolean => text.parse().ok().map(Value::Boolean),
        DataType::Byte => text.parse().ok().map(Value::Byte),
        DataType::Short => text.parse().ok().map(Value::Short),
        DataType::Integer => text.parse().ok().map(Value::Integer),
        DataType::Long => text.parse().ok().map(Value::Long),
        DataType::Date => string_to_date(text).map(Value::Date),
        _ => None,
    };
    value.filter(|value| value.data_type() == *data_type)
}

/// The text with casts around the parameters that need one. A text that does not read stays as it is: Spark says why, or
/// knows better and takes the text for the type that it needs.
pub fn with_casts(text: &str, parameters: &[Parameter]) -> String {
    let needs_cast = |parameter: &&Parameter| plain(parameter).is_none();
    if !parameters.iter().any(|parameter| needs_cast(&parameter)) {
        return text.to_owned();
    }
    let Ok(markers) = hearth_sql::parameter_markers(text) else { return text.to_owned() };
    let mut result = String::with_capacity(text.len() + 32);
    let mut positional = parameters.iter().filter(|parameter| parameter.name.is_none());
    let mut end = 0;
    for Marker { name, start, end: next } in markers {
        let parameter = match &name {
            Some(_) => parameters.iter().find(|parameter| parameter.name == name),
            None => positional.next(),
        };
        let Some(parameter) = parameter.filter(needs_cast) else { continue };
        result.push_str(&text[end..start]);
        // Writing to a string does not fail.
        let _ = write!(result, "CAST({} AS {})", &text[start..next], parameter.data_type.sql());
        end = next;
    }
    result.push_str(&text[end..]);
    result
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn parameter(name: Option<&str>, data_type: DataType, value: &str) -> Parameter {
        Parameter { name: name.map(ToOwned::to_owned), data_type, value: Some(value.to_owned()) }
    }

    #[test]
    fn what_is_no_literal_is_cast_where_it_stands() {
        let parameters = [
            parameter(Some("a"), DataType::Integer, "41"),
            parameter(Some("t"), DataType::Timestamp, "2024-01-01"),
            parameter(Some("d"), DataType::Decimal { precision: 5, scale: 2 }, "1.5"),
        ];
        let text = "SELECT :a, ':t' /* :t */, x:t, f(:t), :d FROM r -- :t";
        assert_eq!(
            with_casts(text, &parameters),
            "SELECT :a, ':t' /* :t */, x:t, f(CAST(:t AS TIMESTAMP)), CAST(:d AS DECIMAL(5,2)) FROM r -- :t"
        );
    }

    #[test]
    fn markers_without_names_take_their_turns() {
        let parameters = [
            parameter(None, DataType::Integer, "1"),
            parameter(None, DataType::Integer, "x"),
            parameter(None, DataType::STRING, "y"),
        ];
        assert_eq!(with_casts("SELECT ?, ?, ?", &parameters), "SELECT ?, CAST(? AS INT), ?");
    }
}
