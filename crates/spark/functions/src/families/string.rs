//! String functions.

mod plain;
mod typed;

use crate::row::Family::String as F;
use crate::row::{Arity, FunctionRow, scalar};

pub const ROWS: &[FunctionRow] = &[
    scalar("ascii", F, Arity::Exact(1), plain::ascii)
        .example("ascii('222')", "50")
        .summary("The code point of the first character."),
    scalar("base64", F, Arity::Exact(1), plain::base64)
        .example("base64('Spark SQL')", "U3BhcmsgU1FM")
        .summary("Bytes as base64 text."),
    scalar("bit_length", F, Arity::Exact(1), plain::bit_length)
        .example("bit_length('Spark SQL')", "72")
        .summary("How many bits a string or binary has."),
    scalar("btrim", F, Arity::Range(1, 2), plain::btrim)
        .example("btrim('SSparkSQLS', 'SL')", "parkSQ")
        .summary("Removes spaces, or the given characters, from both ends."),
    scalar("char", F, Arity::Exact(1), plain::chr).example("char(65)", "A").summary("The character of a code."),
    scalar("char_length", F, Arity::Exact(1), plain::length)
        .example("char_length('Spark SQL ')", "10")
        .summary("How many characters a string, or bytes a binary, has."),
    scalar("character_length", F, Arity::Exact(1), plain::length)
        .example("character_length('Spark SQL ')", "10")
        .summary("How many characters a string, or bytes a binary, has."),
    scalar("chr", F, Arity::Exact(1), plain::chr).example("chr(65)", "A").summary("The character of a code."),
    scalar("collate", F, Arity::Exact(2), typed::collate).summary("Gives a string a collation."),
    scalar("collation", F, Arity::Exact(1), typed::collation)
        .example("collation('Spark SQL')", "SYSTEM.BUILTIN.UTF8_BINARY")
        .summary("The name of a string's collation."),
    scalar("concat_ws", F, Arity::AtLeast(1), plain::concat_ws)
        .example("concat_ws('/', 'foo', null, 'bar')", "foo/bar")
        .summary("Joins strings and arrays of strings with a separator."),
    scalar("contains", F, Arity::Exact(2), plain::contains)
        .example("contains('Spark SQL', 'Spark')", "true")
        .summary("Whether the second is inside the first."),
    scalar("decode", F, Arity::AtLeast(2), typed::decode)
        .example("decode(encode('abc', 'utf-8'), 'utf-8')", "abc")
        .summary("Bytes as text of a charset; with more arguments, the result after the first equal value."),
    scalar("elt", F, Arity::AtLeast(2), typed::elt)
        .example("elt(1, 'scala', 'java')", "scala")
        .summary("The n-th of the other arguments."),
    scalar("encode", F, Arity::Exact(2), typed::encode)
        .example("encode('abc', 'utf-8')", "abc")
        .summary("Text as bytes of a charset."),
    scalar("endswith", F, Arity::Exact(2), plain::endswith)
        .example("endswith('Spark SQL', 'SQL')", "true")
        .summary("Whether the first ends with the second."),
    scalar("find_in_set", F, Arity::Exact(2), plain::find_in_set)
        .example("find_in_set('ab','abc,b,ab,c,def')", "3")
        .summary("The place of a word in a comma-separated list, or 0."),
    scalar("format_number", F, Arity::Exact(2), typed::format_number)
        .example("format_number(12332.123456, 4)", "12,332.1235")
        .summary("A number with grouping commas, by places or by pattern."),
    scalar("format_string", F, Arity::AtLeast(1), typed::format_string)
        .example("format_string('Hello World %d %s', 100, 'days')", "Hello World 100 days")
        .summary("Values in a printf-style format."),
    scalar("initcap", F, Arity::Exact(1), plain::initcap)
        .example("initcap('sPark sql')", "Spark Sql")
        .summary("Each word with a capital first letter."),
    scalar("instr", F, Arity::Exact(2), plain::instr)
        .example("instr('SparkSQL', 'SQL')", "6")
        .summary("Where the second is in the first, from 1, or 0."),
    scalar("is_valid_utf8", F, Arity::Exact(1), plain::is_valid_utf8)
        .example("is_valid_utf8('Spark')", "true")
        .summary("Whether bytes are UTF-8."),
    scalar("lcase", F, Arity::Exact(1), plain::lower)
        .example("lcase('SparkSql')", "sparksql")
        .summary("In lower case."),
    scalar("left", F, Arity::Exact(2), plain::left)
        .example("left('Spark SQL', 3)", "Spa")
        .summary("The first characters."),
    scalar("len", F, Arity::Exact(1), plain::length)
        .example("len('Spark SQL ')", "10")
        .summary("How many characters a string, or bytes a binary, has."),
    scalar("length", F, Arity::Exact(1), plain::length)
        .example("length('Spark SQL ')", "10")
        .summary("How many characters a string, or bytes a binary, has."),
    scalar("levenshtein", F, Arity::Range(2, 3), plain::levenshtein)
        .example("levenshtein('kitten', 'sitting')", "3")
        .summary("How many edits make one string the other; -1 above a threshold."),
    scalar("locate", F, Arity::Range(2, 3), plain::locate)
        .example("locate('bar', 'foobarbar', 5)", "7")
        .summary("Where the first is in the second, from 1, or 0."),
    scalar("lower", F, Arity::Exact(1), plain::lower)
        .example("lower('SparkSql')", "sparksql")
        .summary("In lower case."),
    scalar("lpad", F, Arity::Range(2, 3), plain::lpad)
        .example("lpad('hi', 5, '??')", "???hi")
        .summary("Padded on the left, or cut, to a length."),
    scalar("ltrim", F, Arity::Range(1, 2), plain::ltrim)
        .example("ltrim('    SparkSQL   ')", "SparkSQL   ")
        .summary("Removes spaces, or the given characters, from the left."),
    scalar("luhn_check", F, Arity::Exact(1), plain::luhn_check)
        .example("luhn_check('8112189876')", "true")
        .summary("Whether digits pass Luhn's check."),
    scalar("make_valid_utf8", F, Arity::Exact(1), plain::make_valid_utf8)
        .example("make_valid_utf8('Spark')", "Spark")
        .summary("Replaces invalid bytes by U+FFFD."),
    scalar("mask", F, Arity::Range(1, 5), plain::mask)
        .example("mask('AbCD123-@$#', 'Q', 'q', 'd', 'o')", "QqQQdddoooo")
        .summary("Replaces letters, digits and others by given characters."),
    scalar("octet_length", F, Arity::Exact(1), plain::octet_length)
        .example("octet_length('Spark SQL')", "9")
        .summary("How many bytes a string or binary has."),
    scalar("overlay", F, Arity::Range(3, 4), plain::overlay)
        .example("overlay('Spark SQL', '_', 6)", "Spark_SQL")
        .summary("Replaces a part of the first by the second."),
    scalar("position", F, Arity::Range(2, 3), plain::locate)
        .example("position('bar', 'foobarbar')", "4")
        .summary("Where the first is in the second, from 1, or 0."),
    scalar("printf", F, Arity::AtLeast(1), typed::format_string)
        .example("printf('Hello World %d %s', 100, 'days')", "Hello World 100 days")
        .summary("Values in a printf-style format."),
    scalar("quote", F, Arity::Exact(1), plain::quote)
        .example("quote(\"Don't\")", "'Don\\'t'")
        .summary("In single quotes, with those inside escaped."),
    scalar("randstr", F, Arity::Range(1, 2), typed::randstr)
        .example("randstr(3, 0)", "ceV")
        .summary("Random letters and digits."),
    scalar("regexp_count", F, Arity::Exact(2), plain::regexp_count)
        .example("regexp_count('Steven Jones and Stephen Smith are the best players', 'Ste(v|ph)en')", "2")
        .summary("How often a pattern matches."),
    scalar("regexp_extract", F, Arity::Range(2, 3), plain::regexp_extract)
        .example("regexp_extract('100-200', '(\\\\d+)-(\\\\d+)', 1)", "100")
        .summary("A group of the first match."),
    scalar("regexp_extract_all", F, Arity::Range(2, 3), plain::regexp_extract_all)
        .example("regexp_extract_all('100-200, 300-400', '(\\\\d+)-(\\\\d+)', 1)", "[100, 300]")
        .summary("A group of each match."),
    scalar("regexp_instr", F, Arity::Range(2, 3), plain::regexp_instr)
        .example("regexp_instr('a1b22', '\\\\d+')", "2")
        .summary("Where the first match starts, from 1, or 0."),
    scalar("regexp_replace", F, Arity::Range(3, 4), plain::regexp_replace)
        .example("regexp_replace('100-200', '(\\\\d+)', 'num')", "num-num")
        .summary("Replaces all matches."),
    scalar("regexp_substr", F, Arity::Exact(2), plain::regexp_substr)
        .example("regexp_substr('Steven Jones and Stephen Smith', 'Ste(v|ph)en')", "Steven")
        .summary("The first match, or NULL."),
    scalar("repeat", F, Arity::Exact(2), plain::repeat)
        .example("repeat('123', 2)", "123123")
        .summary("A string several times."),
    scalar("replace", F, Arity::Range(2, 3), plain::replace)
        .example("replace('ABCabc', 'abc', 'DEF')", "ABCDEF")
        .summary("Replaces a text everywhere."),
    scalar("right", F, Arity::Exact(2), plain::right)
        .example("right('Spark SQL', 3)", "SQL")
        .summary("The last characters."),
    scalar("rpad", F, Arity::Range(2, 3), plain::rpad)
        .example("rpad('hi', 5, '??')", "hi???")
        .summary("Padded on the right, or cut, to a length."),
    scalar("rtrim", F, Arity::Range(1, 2), plain::rtrim)
        .example("rtrim('    SparkSQL   ')", "    SparkSQL")
        .summary("Removes spaces, or the given characters, from the right."),
    scalar("sentences", F, Arity::Range(1, 3), plain::sentences)
        .example("sentences('Hi there! Good morning.')", "[[Hi, there], [Good, morning]]")
        .summary("Splits text into sentences of words."),
    scalar("soundex", F, Arity::Exact(1), plain::soundex)
        .example("soundex('Miller')", "M460")
        .summary("The Soundex code."),
    scalar("space", F, Arity::Exact(1), plain::space)
        .example("concat(space(2), '1')", "  1")
        .summary("So many spaces."),
    scalar("split", F, Arity::Range(2, 3), plain::split)
        .example("split('oneAtwoBthreeC', '[ABC]', 2)", "[one, twoBthreeC]")
        .summary("Splits around matches of a pattern."),
    scalar("split_part", F, Arity::Exact(3), plain::split_part)
        .example("split_part('11.12.13', '.', 3)", "13")
        .summary("The n-th part between delimiters."),
    scalar("startswith", F, Arity::Exact(2), plain::startswith)
        .example("startswith('Spark SQL', 'Spark')", "true")
        .summary("Whether the first starts with the second."),
    scalar("substr", F, Arity::Range(2, 3), plain::substring)
        .example("substr('Spark SQL', 5, 1)", "k")
        .summary("A part by position and length."),
    scalar("substring", F, Arity::Range(2, 3), plain::substring)
        .example("substring('Spark SQL', -3)", "SQL")
        .summary("A part by position and length."),
    scalar("substring_index", F, Arity::Exact(3), plain::substring_index)
        .example("substring_index('www.apache.org', '.', 2)", "www.apache")
        .summary("What comes before the n-th delimiter, or after it from the right."),
    scalar("to_binary", F, Arity::Range(1, 2), typed::to_binary)
        .example("to_binary('abc', 'utf-8')", "abc")
        .summary("Bytes from hex, base64 or plain text."),
    scalar("to_char", F, Arity::Exact(2), typed::to_char)
        .example("to_char(-12454.8, '99G999D9S')", "12,454.8-")
        .summary("A number, date or binary as formatted text."),
    scalar("to_number", F, Arity::Exact(2), typed::to_number)
        .example("to_number('12,454', '99,999')", "12454")
        .summary("A number from formatted text."),
    scalar("to_varchar", F, Arity::Exact(2), typed::to_char)
        .example("to_varchar(78.12, '$99.99')", "$78.12")
        .summary("A number, date or binary as formatted text."),
    scalar("translate", F, Arity::Exact(3), plain::translate)
        .example("translate('AaBbCc', 'abc', '123')", "A1B2C3")
        .summary("Replaces characters one by one."),
    scalar("trim", F, Arity::Range(1, 2), plain::trim)
        .example("trim('    SparkSQL   ')", "SparkSQL")
        .summary("Removes spaces, or the given characters, from both ends."),
    scalar("try_to_binary", F, Arity::Range(1, 2), typed::try_to_binary)
        .example("try_to_binary('a!', 'base64')", "NULL")
        .summary("As to_binary, NULL for malformed text."),
    scalar("try_to_number", F, Arity::Exact(2), typed::try_to_number)
        .example("try_to_number('$78.12', '$99.99')", "78.12")
        .summary("As to_number, NULL for malformed text."),
    scalar("try_validate_utf8", F, Arity::Exact(1), plain::try_validate_utf8)
        .example("try_validate_utf8('Spark')", "Spark")
        .summary("The string, or NULL when its bytes are not UTF-8."),
    scalar("ucase", F, Arity::Exact(1), plain::upper)
        .example("ucase('SparkSql')", "SPARKSQL")
        .summary("In upper case."),
    scalar("unbase64", F, Arity::Exact(1), typed::unbase64)
        .example("unbase64('U3BhcmsgU1FM')", "Spark SQL")
        .summary("Bytes from base64 text."),
    scalar("upper", F, Arity::Exact(1), plain::upper)
        .example("upper('SparkSql')", "SPARKSQL")
        .summary("In upper case."),
    scalar("validate_utf8", F, Arity::Exact(1), plain::validate_utf8)
        .example("validate_utf8('Spark')", "Spark")
        .summary("The string, or an error when its bytes are not UTF-8."),
];
