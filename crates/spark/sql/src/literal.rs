//! Literals: strings, numbers, typed literals (`DATE '…'`, `X'…'`) and intervals.
//!
//! Dates and intervals stay text, since their value depends on the session; numbers get the type that Spark gives them.

mod check;

use hearth_base::condition::{
    DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION, INTERVAL_RANGE_NEEDS_STRING, INTERVAL_SINGLE_RANGE,
    INVALID_NUMERIC_LITERAL_RANGE, INVALID_TYPED_LITERAL, UNSUPPORTED_TYPED_LITERAL,
};
use hearth_base::{Error, Result};
use hearth_plan::expression::TypedLiteralKind;
use hearth_plan::{Expr, ExprNode};
use hearth_types::data_type::MAX_DECIMAL_PRECISION;
use hearth_types::{DataType, Value};

use crate::dialect::Switch;
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::{Token, TokenKind};

use self::check::Pair;

const SUPPORTED_LITERALS: &str =
    "\"DATE\", \"TIMESTAMP_NTZ\", \"TIMESTAMP_LTZ\", \"TIMESTAMP\", \"INTERVAL\", \"X\", \"TIME\"";

const MULTI_UNITS: &[K] = &[
    K::Nanosecond,
    K::Nanoseconds,
    K::Microsecond,
    K::Microseconds,
    K::Millisecond,
    K::Milliseconds,
    K::Second,
    K::Seconds,
    K::Minute,
    K::Minutes,
    K::Hour,
    K::Hours,
    K::Day,
    K::Days,
    K::Week,
    K::Weeks,
    K::Month,
    K::Months,
    K::Year,
    K::Years,
];

const RANGE_UNITS: &[K] = &[K::Second, K::Minute, K::Hour, K::Day, K::Month, K::Year];

impl Parser<'_> {
    /// One or more string literals, joined.
    pub(crate) fn string(&mut self) -> Result<String> {
        if !self.kind().is_string() {
            return Err(self.unexpected());
        }
        let mut text = String::new();
        while self.kind().is_string() {
            let token = self.advance();
            text.push_str(&self.unquoted(token));
        }
        Ok(text)
    }

    /// The value of a string's token.
    pub(crate) fn unquoted(&self, token: Token) -> String {
        let lexeme = self.lexeme(token);
        if self.dialect.has(Switch::EscapedStrings) {
            // Of `r'…'` Spark takes off as much, so that a quote stays.
            return lexeme[1..lexeme.len() - 1].to_owned();
        }
        let value = unquote(lexeme);
        if token.kind == TokenKind::String && self.dialect.has(Switch::ConsecutiveStrings) {
            return value.replace(&lexeme[..1], "");
        }
        value
    }

    pub(crate) fn string_expr(&mut self) -> Result<Expr> {
        let start = self.start();
        let text = self.string()?;
        Ok(self.expr(start, ExprNode::Literal(Value::string(text))))
    }

    /// A plain integer, as in `BUCKETS 4`.
    pub(crate) fn integer<T: std::str::FromStr>(&mut self) -> Result<T> {
        let token = self.expect_kind(TokenKind::Integer)?;
        self.lexeme(token).parse().map_err(|_| self.unexpected_at(token))
    }

    /// A number; the minus sign before it belongs to it, so that the smallest values can be written.
    pub(crate) fn number(&mut self) -> Result<Expr> {
        let start = self.start();
        let negative = self.accept_kind(TokenKind::Minus);
        let token = self.advance();
        let value = self.number_value(start, token, negative).unwrap_or_else(|error| {
            let is_bare = error.behind().is_none() && token.kind == TokenKind::BigDecimal;
            self.defer(if is_bare { self.about(start, error) } else { error });
            Value::Null(DataType::Null)
        });
        Ok(self.expr(start, ExprNode::Literal(value)))
    }

    fn number_value(&self, start: usize, token: Token, negative: bool) -> Result<Value> {
        let lexeme = self.lexeme(token);
        let sign = if negative { "-" } else { "" };
        let digits = |suffix: usize| format!("{sign}{}", &lexeme[..lexeme.len() - suffix]);
        let out = |text: &str, bounds: [&str; 3]| self.about(start, out_of_range(text, bounds));
        match token.kind {
            TokenKind::Integer => {
                let text = digits(0);
                let int = text.parse().map(Value::Integer);
                int.or_else(|_| text.parse().map(Value::Long)).or_else(|_| decimal(&text))
            }
            TokenKind::Decimal => decimal(&digits(0)),
            TokenKind::BigDecimal => decimal(&digits(2)),
            TokenKind::Long => {
                let text = digits(1);
                let bounds = ["bigint", "-9223372036854775808", "9223372036854775807"];
                text.parse().map(Value::Long).map_err(|_| out(&text, bounds))
            }
            TokenKind::Short => {
                let text = digits(1);
                text.parse().map(Value::Short).map_err(|_| out(&text, ["smallint", "-32768", "32767"]))
            }
            TokenKind::Byte => {
                let text = digits(1);
                text.parse().map(Value::Byte).map_err(|_| out(&text, ["tinyint", "-128", "127"]))
            }
            TokenKind::Float => {
                let text = digits(1);
                let bounds = ["float", "-3.4028234663852886E+38", "3.4028234663852886E+38"];
                let value = text.parse().unwrap_or(f32::INFINITY);
                if value.is_finite() { Ok(Value::Float(value)) } else { Err(out(&text, bounds)) }
            }
            _ => {
                let text = digits(usize::from(token.kind == TokenKind::Double));
                let bounds = ["double", "-1.7976931348623157E+308", "1.7976931348623157E+308"];
                let value = text.parse().unwrap_or(f64::INFINITY);
                if value.is_finite() { Ok(Value::Double(value)) } else { Err(out(&text, bounds)) }
            }
        }
    }

    /// `TYPE 'text'`.
    pub(crate) fn typed_literal(&mut self) -> Result<Expr> {
        let start = self.start();
        let word = self.advance();
        self.name_of(word)?;
        let literal = self.advance();
        let text = self.unquoted(literal);
        let kind = match word.kind {
            TokenKind::Word(Some(K::Date)) => TypedLiteralKind::Date,
            TokenKind::Word(Some(K::Time)) | TokenKind::Reserved(K::Time) => TypedLiteralKind::Time,
            TokenKind::Word(Some(K::Timestamp)) if check::is_wall_clock(&text) => TypedLiteralKind::TimestampNtz,
            TokenKind::Word(Some(K::Timestamp)) => TypedLiteralKind::Timestamp,
            TokenKind::Word(Some(K::TimestampLtz)) => TypedLiteralKind::TimestampLtz,
            TokenKind::Word(Some(K::TimestampNtz)) => TypedLiteralKind::TimestampNtz,
            TokenKind::Word(Some(K::X)) => {
                let bytes = hex(&text).ok_or_else(|| {
                    let error = INVALID_TYPED_LITERAL.with("valueType", "\"X\"").with("value", format!("'{text}'"));
                    self.about(start, error)
                });
                let bytes = self.settle(bytes, Vec::new())?;
                return Ok(self.expr(start, ExprNode::Literal(Value::Binary(bytes.into()))));
            }
            _ => {
                let name = self.lexeme(word).to_uppercase();
                let error = UNSUPPORTED_TYPED_LITERAL
                    .with("unsupportedType", format!("\"{name}\""))
                    .with("supportedTypes", SUPPORTED_LITERALS);
                self.defer(self.about(start, error));
                return Ok(self.expr(start, ExprNode::Literal(Value::string(text))));
            }
        };
        if !check::is_typed_value(kind, &text) {
            self.defer(self.about(start, check::invalid(&self.lexeme(word).to_uppercase(), &text)));
        }
        Ok(self.expr(start, ExprNode::TypedLiteral { kind, text }))
    }

    /// Whether `INTERVAL` here begins a literal and is not a name.
    pub(crate) fn at_interval(&self) -> bool {
        let value = match self.kind_at(1) {
            TokenKind::Plus | TokenKind::Minus => 2,
            _ => 1,
        };
        let kind = self.kind_at(value);
        let is_literal = kind.is_string() && value == 1;
        if kind.is_number() && value == 2 && !is_unit(self.keyword_at(3)) {
            return false;
        }
        let has_unit = matches!(self.kind_at(value + 1), TokenKind::Word(_));
        let is_number = value == 1 && matches!(kind, TokenKind::Integer | TokenKind::Decimal);
        is_literal
            || is_number
            || ((kind.is_string() || matches!(kind, TokenKind::Integer | TokenKind::Decimal)) && has_unit)
    }

    /// `INTERVAL '…'`, `INTERVAL value unit …`, `INTERVAL 'text' unit TO unit`. The text is kept in words that are one
    /// blank apart, strings quoted plainly.
    pub(crate) fn interval(&mut self) -> Result<Expr> {
        let start = self.start();
        self.expect(K::Interval)?;
        let mut words: Vec<String> = Vec::new();
        let mut pairs: Vec<Pair> = Vec::new();
        loop {
            let at = self.start();
            let negative = self.at_kind(TokenKind::Minus);
            if negative || self.at_kind(TokenKind::Plus) {
                self.advance();
            }
            let is_string = self.kind().is_string();
            let value = self.interval_value()?;
            let sign = if negative { "-" } else { "" };
            words.push(if is_string { format!("{sign}{}", quoted(&value)) } else { format!("{sign}{value}") });
            if words.len() == 1 && is_string && !self.at_any(MULTI_UNITS) {
                self.settle(self.check_interval_text(start, &value, negative), ())?;
                break;
            }
            let unit = self.expect_any(MULTI_UNITS)?;
            words.push(unit.spelling().to_lowercase());
            let is_range = self.at(K::To) && self.keyword_at(1).is_some_and(|unit| RANGE_UNITS.contains(&unit));
            if is_range && RANGE_UNITS.contains(&unit) && pairs.is_empty() {
                self.advance();
                let to = self.expect_any(RANGE_UNITS)?;
                if self.at_interval_part() {
                    let error = self.after_range(start);
                    self.defer(error);
                    break;
                }
                if !is_string {
                    self.defer(self.plain(at, INTERVAL_RANGE_NEEDS_STRING));
                }
                self.settle(self.check_interval_range(at, &value, unit, to), ())?;
                words.push("to".to_owned());
                words.push(to.spelling().to_lowercase());
                break;
            }
            pairs.push(Pair { value: format!("{sign}{value}"), is_string, unit, start: at, end: self.end() });
            if !self.at_interval_part() {
                self.settle(self.check_interval_pairs(start, &pairs), ())?;
                break;
            }
        }
        let text = words.join(" ");
        Ok(self.expr(start, ExprNode::TypedLiteral { kind: TypedLiteralKind::Interval, text }))
    }

    /// Something behind `unit TO unit`, which must be alone.
    fn after_range(&mut self, start: usize) -> Error {
        while self.at_interval_part() || self.at(K::To) || self.at_any(MULTI_UNITS) {
            self.advance();
        }
        self.plain(start, INTERVAL_SINGLE_RANGE)
    }

    fn at_interval_part(&self) -> bool {
        let value = usize::from(matches!(self.kind(), TokenKind::Plus | TokenKind::Minus));
        let kind = self.kind_at(value);
        let has_unit = self.keyword_at(value + 1).is_some_and(|unit| MULTI_UNITS.contains(&unit));
        (kind.is_string() || matches!(kind, TokenKind::Integer | TokenKind::Decimal)) && (value == 0 || has_unit)
    }

    fn interval_value(&mut self) -> Result<String> {
        if self.kind().is_string() {
            return self.string();
        }
        if !matches!(self.kind(), TokenKind::Integer | TokenKind::Decimal) {
            return Err(self.unexpected());
        }
        let token = self.advance();
        Ok(self.lexeme(token).to_owned())
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn is_unit(keyword: Option<K>) -> bool {
    keyword.is_some_and(|keyword| MULTI_UNITS.contains(&keyword))
}

fn out_of_range(text: &str, [type_name, min, max]: [&str; 3]) -> Error {
    INVALID_NUMERIC_LITERAL_RANGE
        .with("rawStrippedQualifier", text)
        .with("minValue", min)
        .with("maxValue", max)
        .with("typeName", type_name)
}

/// `[-]digits[.digits][e[sign]digits]` as a decimal of the smallest type, as `new Decimal(BigDecimal)` does.
fn decimal(text: &str) -> Result<Value> {
    let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    let exponent: i64 = exponent.parse().unwrap_or(i64::from(i32::MAX));
    let scale = i64::try_from(fraction.len()).unwrap_or(i64::MAX).saturating_sub(exponent);
    let length = i64::try_from(significant.len().max(1)).unwrap_or(i64::MAX);
    let precision = if scale < 0 { length.saturating_sub(scale) } else { length.max(scale) };
    let limit = i64::from(MAX_DECIMAL_PRECISION);
    let too_wide = || {
        DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION.with("precision", precision).with("maxPrecision", MAX_DECIMAL_PRECISION)
    };
    if precision > limit {
        return Err(too_wide());
    }
    let zeros = usize::try_from((-scale).max(0)).unwrap_or(0);
    let unscaled: i128 = format!("0{significant}{}", "0".repeat(zeros)).parse().map_err(|_| too_wide())?;
    let narrow = |value: i64| u8::try_from(value.max(0)).unwrap_or(MAX_DECIMAL_PRECISION);
    let scale = i8::try_from(scale.max(0)).map_err(|_| too_wide())?;
    Ok(Value::Decimal { unscaled: sign * unscaled, precision: narrow(precision), scale })
}

/// An odd number of digits has a zero in front, as in Spark.
fn hex(text: &str) -> Option<Vec<u8>> {
    let padded = if text.len() % 2 == 1 { format!("0{text}") } else { text.to_owned() };
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    padded.as_bytes().chunks(2).map(|pair| Some(digit(pair[0])? * 16 + digit(*pair.get(1)?)?)).collect()
}

/// The value of a string lexeme.
pub(crate) fn unquote(lexeme: &str) -> String {
    if lexeme.starts_with(['r', 'R']) {
        return lexeme[2..lexeme.len() - 1].to_owned();
    }
    let quote = lexeme.chars().next().unwrap_or('\'');
    let mut value = String::with_capacity(lexeme.len());
    let mut rest = lexeme[1..lexeme.len() - 1].chars();
    while let Some(c) = rest.next() {
        if c == quote {
            // Doubled.
            rest.next();
            value.push(quote);
        } else if c == '\\' {
            unescape(&mut rest, &mut value);
        } else {
            value.push(c);
        }
    }
    value
}

/// What stands behind a backslash. `\%` and `\_` keep it, for `LIKE`.
fn unescape(rest: &mut std::str::Chars<'_>, value: &mut String) {
    let text = rest.as_str();
    if let Some((c, length)) = code_point(text) {
        value.push(c);
        *rest = text[length..].chars();
        return;
    }
    match rest.next() {
        Some('0') => value.push('\0'),
        Some('b') => value.push('\u{8}'),
        Some('n') => value.push('\n'),
        Some('r') => value.push('\r'),
        Some('t') => value.push('\t'),
        Some('Z') => value.push('\u{1a}'),
        Some(c @ ('%' | '_')) => {
            value.push('\\');
            value.push(c);
        }
        Some(c) => value.push(c),
        None => value.push('\\'),
    }
}

/// `u0041`, `U00000041` and octal `101`.
fn code_point(text: &str) -> Option<(char, usize)> {
    let (digits, radix, skip) = match text.as_bytes().first()? {
        b'u' => (4, 16, 1),
        b'U' => (8, 16, 1),
        b'0' | b'1' => (3, 8, 0),
        _ => return None,
    };
    let number = text.get(skip..skip + digits).filter(|part| part.chars().all(|c| c.is_digit(radix)))?;
    let c = u32::from_str_radix(number, radix).ok().and_then(char::from_u32)?;
    Some((c, skip + digits))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_unescaped_as_spark_does() {
        assert_eq!(unquote(r"'a\tb\%\_\u0041\101\q'"), "a\tb\\%\\_AAq");
        assert_eq!(unquote("'it''s'"), "it's");
        assert_eq!(unquote(r"r'a\n'"), r"a\n");
        assert_eq!(unquote(r#""a""b'c""#), "a\"b'c");
    }

    #[test]
    fn decimals_have_the_smallest_type() {
        let of = |unscaled, precision, scale| Value::Decimal { unscaled, precision, scale };
        assert_eq!(decimal("1.50").unwrap(), of(150, 3, 2));
        assert_eq!(decimal(".001").unwrap(), of(1, 3, 3));
        assert_eq!(decimal("5.").unwrap(), of(5, 1, 0));
        assert_eq!(decimal("-1.2e3").unwrap(), of(-1200, 4, 0));
        assert!(decimal(&"9".repeat(39)).is_err());
    }

    #[test]
    fn odd_hex_is_padded() {
        assert_eq!(hex("1F0"), Some(vec![1, 0xf0]));
        assert_eq!(hex("zz"), None);
    }
}
