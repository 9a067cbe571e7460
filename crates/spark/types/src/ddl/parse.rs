//! Types and schemas from text, with Spark 4.2's grammar (`dataType` and `colTypeList` of `SqlBaseParser`).
//!
//! Names of types are read in any case. Columns of a schema are `name type`, fields of a struct `name: type` or
//! `name type`. Depth is limited, as text comes from clients.

use hearth_base::condition::{
    DATATYPE_MISSING_SIZE, DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION, DECIMAL_SCALE_EXCEEDS_PRECISION,
    INCOMPLETE_TYPE_DEFINITION_ARRAY, INCOMPLETE_TYPE_DEFINITION_MAP, INCOMPLETE_TYPE_DEFINITION_STRUCT,
    INVALID_IDENTIFIER, PARSE_EMPTY_STATEMENT, PARSE_SYNTAX_ERROR, UNSUPPORTED_DATATYPE, UNSUPPORTED_TIME_PRECISION,
};
use hearth_base::{Error, Result};

use super::scan::{Scanner, Token, unescape};
use crate::collation::Collation;
use crate::data_type::{DataType, DayTimeField, MAX_DECIMAL_PRECISION, StructField, StructType, YearMonthField};
use crate::metadata;
use crate::spatial::{MIXED_SRID, check_srid};

/// Nesting of types in text; deeper text is refused rather than recursed into.
const MAX_DEPTH: u32 = 256;
const MAX_TIME_PRECISION: u32 = 6;

/// Reads one type: `array<int>`, `decimal(10,2)`, `struct<a: int NOT NULL>`.
pub fn parse_data_type(text: &str) -> Result<DataType> {
    let mut parser = Parser::new(text)?;
    let data_type = parser.data_type()?;
    parser.expect_end()?;
    parser.accept(data_type)
}

/// Reads the type at the start of `text` and says how many bytes it took; for parsers of larger text.
pub fn parse_data_type_prefix(text: &str) -> Result<(DataType, usize)> {
    let mut parser = Parser::new(text)?;
    let data_type = parser.data_type()?;
    let end = parser.scanner.position();
    parser.accept((data_type, end))
}

/// Reads the columns of a table: `a INT NOT NULL, b STRING COMMENT 'x'`.
pub fn parse_table_schema(text: &str) -> Result<StructType> {
    let mut parser = Parser::new(text)?;
    let mut fields = vec![parser.column()?];
    while parser.scanner.eat_sign(',')? {
        fields.push(parser.column()?);
    }
    parser.expect_end()?;
    parser.accept(StructType::new(fields))
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    depth: u32,
    /// The first type that is well written and does not exist. Errors of syntax further on come before it.
    refused: Option<Error>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self> {
        let scanner = Scanner::new(text);
        match scanner.peek()? {
            Token::End => Err(PARSE_EMPTY_STATEMENT.error()),
            Token::Word(_) | Token::Quoted(_) | Token::Text(_) | Token::Sign(_) => {
                Ok(Self { scanner, depth: 0, refused: None })
            }
        }
    }

    fn accept<T>(self, parsed: T) -> Result<T> {
        match self.refused {
            Some(error) => Err(error),
            None => Ok(parsed),
        }
    }

    fn expect_end(&self) -> Result<()> {
        match self.scanner.peek()? {
            Token::End => Ok(()),
            Token::Word(_) | Token::Quoted(_) | Token::Text(_) | Token::Sign(_) => Err(self.scanner.unexpected()),
        }
    }

    fn column(&mut self) -> Result<StructField> {
        let name = self.name()?;
        let data_type = self.data_type()?;
        self.column_options(StructField::new(name, data_type, true))
    }

    fn struct_field(&mut self) -> Result<StructField> {
        let name = self.name()?;
        self.scanner.eat_sign(':')?;
        let data_type = self.data_type()?;
        self.column_options(StructField::new(name, data_type, true))
    }

    fn name(&mut self) -> Result<String> {
        let before = self.scanner;
        match self.scanner.next()? {
            // A number alone is no name; one letter in it is enough.
            Token::Word(word) if !word.bytes().all(|byte| byte.is_ascii_digit()) => match self.scanner.peek()? {
                Token::Sign('-') => Err(self.hyphenated(word)),
                Token::Word(_) | Token::Quoted(_) | Token::Text(_) | Token::Sign(_) | Token::End => Ok(word.to_owned()),
            },
            Token::Quoted(name) if !name.is_empty() => Ok(name.replace("``", "`")),
            Token::Word(_) | Token::Quoted(_) | Token::Text(_) | Token::Sign(_) | Token::End => {
                Err(before.unexpected())
            }
        }
    }

    /// `a-b` is not an identifier without backticks.
    fn hyphenated(&mut self, first: &str) -> Error {
        let mut ident = first.to_owned();
        while let Ok(true) = self.scanner.eat_sign('-') {
            match self.scanner.next() {
                Ok(Token::Word(word)) => ident = format!("{ident}-{word}"),
                Ok(_) => break,
                Err(error) => return error,
            }
        }
        INVALID_IDENTIFIER.with("ident", ident)
    }

    fn column_options(&mut self, mut field: StructField) -> Result<StructField> {
        if self.scanner.eat_word("not")? {
            self.scanner.expect_word("null")?;
            field.nullable = false;
        }
        if self.scanner.eat_word("comment")? {
            let before = self.scanner;
            let Token::Text(raw) = self.scanner.next()? else { return Err(before.unexpected()) };
            let mut comment = unescape(raw);
            // Strings side by side are one string.
            while let Token::Text(raw) = self.scanner.peek()? {
                comment.push_str(&unescape(raw));
                self.scanner.next()?;
            }
            field = field.with_metadata_text(metadata::COMMENT, &comment);
        }
        Ok(field)
    }

    fn data_type(&mut self) -> Result<DataType> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(PARSE_SYNTAX_ERROR.with("error", "'<'").with("hint", ": the type is nested too deeply"));
        }
        let before = self.scanner;
        let name = match self.scanner.next()? {
            Token::Word(word) => word.to_ascii_lowercase(),
            Token::Quoted(name) => return Err(UNSUPPORTED_DATATYPE.with("typeName", quoted_type(name, &[]))),
            Token::Text(_) | Token::Sign(_) | Token::End => return Err(before.unexpected()),
        };
        let data_type = match self.named_type(&name) {
            Err(error) if ![PARSE_SYNTAX_ERROR, INVALID_IDENTIFIER].contains(&error.condition()) => {
                self.refused.get_or_insert(error);
                DataType::Null
            }
            other => other?,
        };
        self.depth -= 1;
        Ok(data_type)
    }

    fn named_type(&mut self, name: &str) -> Result<DataType> {
        match self.nested_type(name)? {
            Some(data_type) => Ok(data_type),
            None => self.atomic_type(name),
        }
    }

    fn nested_type(&mut self, name: &str) -> Result<Option<DataType>> {
        let incomplete = match name {
            "array" => INCOMPLETE_TYPE_DEFINITION_ARRAY.with("elementType", "<INT>"),
            "map" => INCOMPLETE_TYPE_DEFINITION_MAP.error(),
            "struct" => INCOMPLETE_TYPE_DEFINITION_STRUCT.error(),
            _ => return Ok(None),
        };
        if !self.scanner.eat_sign('<')? {
            return Err(incomplete);
        }
        let data_type = match name {
            "array" => DataType::array(self.data_type()?, true),
            "map" => {
                let key = self.data_type()?;
                self.scanner.expect_sign(',')?;
                DataType::map(key, self.data_type()?, true)
            }
            _ => DataType::structure(self.struct_fields()?),
        };
        self.scanner.expect_sign('>')?;
        Ok(Some(data_type))
    }

    fn struct_fields(&mut self) -> Result<Vec<StructField>> {
        let mut fields = Vec::new();
        if self.scanner.peek()? == Token::Sign('>') {
            return Ok(fields);
        }
        loop {
            fields.push(self.struct_field()?);
            if !self.scanner.eat_sign(',')? {
                return Ok(fields);
            }
        }
    }

    fn atomic_type(&mut self, name: &str) -> Result<DataType> {
        match name {
            "interval" => return self.interval_type(),
            "string" if self.scanner.eat_word("collate")? => return self.collated_string(),
            "timestamp" | "time" => return self.timestamp_or_time(name),
            "geometry" | "geography" => return self.spatial_type(name),
            _ => {}
        }
        let arguments = self.arguments()?;
        // A length does not hold where a collation stands behind it.
        if matches!((name, arguments.as_slice()), ("character" | "char" | "varchar", [_]))
            && self.scanner.eat_word("collate")?
        {
            return self.collated_string();
        }
        let data_type = match (name, arguments.as_slice()) {
            ("boolean", []) => DataType::Boolean,
            ("tinyint" | "byte", []) => DataType::Byte,
            ("smallint" | "short", []) => DataType::Short,
            ("int" | "integer", []) => DataType::Integer,
            ("bigint" | "long", []) => DataType::Long,
            ("float" | "real", []) => DataType::Float,
            ("double", []) => DataType::Double,
            ("date", []) => DataType::Date,
            ("timestamp_ntz", []) => DataType::TimestampNtz,
            ("timestamp_ltz", []) => DataType::Timestamp,
            ("string", []) => DataType::STRING,
            ("character" | "char", [length]) => DataType::Char { length: *length },
            ("varchar", [length]) => DataType::VarChar { length: *length },
            ("character" | "char" | "varchar", []) => {
                return Err(DATATYPE_MISSING_SIZE.with("type", quoted_type(name, &[])));
            }
            ("binary", []) => DataType::Binary,
            ("decimal" | "dec" | "numeric", []) => DataType::DECIMAL_DEFAULT,
            ("decimal" | "dec" | "numeric", [precision]) => decimal(*precision, 0)?,
            ("decimal" | "dec" | "numeric", [precision, scale]) => decimal(*precision, *scale)?,
            ("void", []) => DataType::Null,
            ("variant", []) => DataType::Variant,
            (name, arguments) => return Err(UNSUPPORTED_DATATYPE.with("typeName", quoted_type(name, arguments))),
        };
        Ok(data_type)
    }

    /// `(10, 2)`, or nothing.
    fn arguments(&mut self) -> Result<Vec<u32>> {
        let mut arguments = Vec::new();
        if !self.scanner.eat_sign('(')? {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.number()?);
            if !self.scanner.eat_sign(',')? {
                self.scanner.expect_sign(')')?;
                return Ok(arguments);
            }
        }
    }

    fn number(&mut self) -> Result<u32> {
        let before = self.scanner;
        match self.scanner.next()? {
            Token::Word(word) => word.parse().map_err(|_| before.unexpected()),
            Token::Quoted(_) | Token::Text(_) | Token::Sign(_) | Token::End => Err(before.unexpected()),
        }
    }

    fn collated_string(&mut self) -> Result<DataType> {
        let mut name = self.name()?;
        while self.scanner.eat_sign('.')? {
            name = format!("{name}.{}", self.name()?);
        }
        Ok(Collation::parse(&name)?.string_type())
    }

    fn timestamp_or_time(&mut self, name: &str) -> Result<DataType> {
        let arguments = self.arguments()?;
        let local = self.time_zone_words()?;
        match (name, arguments.as_slice(), local) {
            ("timestamp", [], Some(true)) => Ok(DataType::TimestampNtz),
            ("timestamp", [], None) => Ok(crate::timestamp_word::timestamp()),
            ("timestamp", [], Some(false)) => Ok(DataType::Timestamp),
            ("time", [], None | Some(true)) => Ok(DataType::Time { precision: 6 }),
            ("time", [precision], None | Some(true)) if *precision <= MAX_TIME_PRECISION => {
                Ok(DataType::Time { precision: *precision as u8 })
            }
            ("time", [precision], None | Some(true)) => Err(UNSUPPORTED_TIME_PRECISION.with("precision", precision)),
            (name, arguments, _) => Err(UNSUPPORTED_DATATYPE.with("typeName", quoted_type(name, arguments))),
        }
    }

    /// `WITHOUT TIME ZONE` (true), `WITH LOCAL TIME ZONE` (false), or neither.
    fn time_zone_words(&mut self) -> Result<Option<bool>> {
        let mut ahead = self.scanner;
        let without = if ahead.eat_word("without")? {
            true
        } else if ahead.eat_word("with")? && ahead.eat_word("local")? {
            false
        } else {
            return Ok(None);
        };
        if ahead.eat_word("time")? && ahead.eat_word("zone")? {
            self.scanner = ahead;
            return Ok(Some(without));
        }
        Ok(None)
    }

    fn spatial_type(&mut self, name: &str) -> Result<DataType> {
        if !self.scanner.eat_sign('(')? {
            return Err(UNSUPPORTED_DATATYPE.with("typeName", quoted_type(name, &[])));
        }
        let srid = if self.scanner.eat_word("any")? {
            -1
        } else {
            let before = self.scanner;
            i32::try_from(self.number()?).map_err(|_| before.unexpected())?
        };
        self.scanner.expect_sign(')')?;
        match (name, srid) {
            ("geometry", MIXED_SRID) => Ok(DataType::Geometry { srid }),
            ("geometry", _) => Ok(DataType::Geometry { srid: check_srid(srid, false)? }),
            (_, MIXED_SRID) => Ok(DataType::Geography { srid }),
            _ => Ok(DataType::Geography { srid: check_srid(srid, true)? }),
        }
    }

    fn interval_type(&mut self) -> Result<DataType> {
        let Some(start) = self.interval_field()? else { return Ok(DataType::CalendarInterval) };
        let end = if self.scanner.eat_word("to")? {
            self.interval_field()?.ok_or_else(|| self.scanner.unexpected())?
        } else {
            start
        };
        match (start, end) {
            (IntervalField::YearMonth(start), IntervalField::YearMonth(end)) if start <= end => {
                Ok(DataType::YearMonthInterval { start, end })
            }
            (IntervalField::DayTime(start), IntervalField::DayTime(end)) if start <= end => {
                Ok(DataType::DayTimeInterval { start, end })
            }
            (IntervalField::YearMonth(_) | IntervalField::DayTime(_), _) => Err(bad_interval_range()),
        }
    }

    fn interval_field(&mut self) -> Result<Option<IntervalField>> {
        let mut ahead = self.scanner;
        let Token::Word(word) = ahead.next()? else { return Ok(None) };
        let field = match word.to_ascii_lowercase().as_str() {
            "year" | "years" => IntervalField::YearMonth(YearMonthField::Year),
            "month" | "months" => IntervalField::YearMonth(YearMonthField::Month),
            "day" | "days" => IntervalField::DayTime(DayTimeField::Day),
            "hour" | "hours" => IntervalField::DayTime(DayTimeField::Hour),
            "minute" | "minutes" => IntervalField::DayTime(DayTimeField::Minute),
            "second" | "seconds" => IntervalField::DayTime(DayTimeField::Second),
            _ => return Ok(None),
        };
        self.scanner = ahead;
        Ok(Some(field))
    }
}

#[derive(Clone, Copy)]
enum IntervalField {
    YearMonth(YearMonthField),
    DayTime(DayTimeField),
}

fn bad_interval_range() -> Error {
    PARSE_SYNTAX_ERROR.with("error", "'to'").with("hint", "")
}

fn decimal(precision: u32, scale: u32) -> Result<DataType> {
    let max = u32::from(MAX_DECIMAL_PRECISION);
    if precision > max {
        return Err(DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION.with("precision", precision).with("maxPrecision", max));
    }
    if scale > precision {
        return Err(DECIMAL_SCALE_EXCEEDS_PRECISION.with("scale", scale).with("precision", precision));
    }
    Ok(DataType::Decimal { precision: precision as u8, scale: scale as i8 })
}

/// `"FOO(3)"` as errors name a type.
fn quoted_type(name: &str, arguments: &[u32]) -> String {
    let mut text = format!("\"{}", name.to_ascii_uppercase());
    if !arguments.is_empty() {
        let arguments: Vec<_> = arguments.iter().map(u32::to_string).collect();
        text.push_str(&format!("({})", arguments.join(",")));
    }
    text.push('"');
    text
}
