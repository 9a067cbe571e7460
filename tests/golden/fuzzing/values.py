"""What random programs are made of: a table with edge values, literals and pools of special words.

`TABLE` is made as a temporary view `f` in a session by `table_sql`. Its columns are named after their types, so
that a generator can ask for "a column of type date" by `COLUMNS`.
"""

from __future__ import annotations

ROWS = 8

# type -> (column, DDL, one literal per row of the table).
TABLE = {
    "bool": ("c_bool", "boolean", ["true", "false", "null", "true", "false", "null", "true", "false"]),
    "tiny": ("c_tiny", "tinyint", ["1Y", "127Y", "null", "-128Y", "0Y", "5Y", "-3Y", "100Y"]),
    "small": ("c_small", "smallint", ["1S", "32767S", "-32768S", "null", "0S", "7S", "-2S", "300S"]),
    "int": ("c_int", "int", ["1", "2147483647", "-2147483648", "0", "null", "3", "-5", "12"]),
    "long": ("c_long", "bigint", ["1L", "9223372036854775807L", "-9223372036854775807L", "0L", "5L", "null", "-7L",
                                  "1700000000L"]),
    "float": ("c_float", "float", ["1.5F", "float('NaN')", "-0.0F", "float('-Infinity')", "3.4028234E38F", "0.1F",
                                   "null", "-2.5F"]),
    "double": ("c_double", "double", ["1.5D", "double('NaN')", "double('Infinity')", "-0.0D", "1.7976931348623157E308D",
                                      "0.5D", "-2.5D", "null"]),
    "dec": ("c_dec", "decimal(10,2)", ["1.25", "99999999.99", "-0.01", "null", "0.00", "2.50", "-3.50", "12345.67"]),
    "dec38": ("c_dec38", "decimal(38,10)", ["1.0000000001", "9999999999999999999999999999.9999999999", "0", "-1.5",
                                            "null", "0.0000000001", "7", "-9999999999999999999999999999.9999999999"]),
    "str": ("c_str", "string", ["'abc'", "''", "null", "'Ünïcödé e\\u0301'", "'😀x😀'", "' 12 '", "'2024-02-29 12:30:45'",
                                "'a,b,A'"]),
    "num_str": ("c_nstr", "string", ["'1'", "'-2.5'", "null", "'1e3'", "' 7 '", "'0'", "'12'", "'-1'"]),
    "bin": ("c_bin", "binary", ["x'616263'", "x''", "null", "x'ff00'", "x'f09f9880'", "x'31'", "x'00'", "x'80'"]),
    "date": ("c_date", "date", ["date'2024-02-29'", "date'1500-01-01'", "date'0001-01-01'", "null", "date'9999-12-31'",
                                "date'1899-12-31'", "date'1970-01-01'", "date'2021-03-28'"]),
    "ts": ("c_ts", "timestamp", ["timestamp'2024-02-29 12:30:45.123456'", "timestamp'1500-01-01 00:00:00'", "null",
                                 "timestamp'2021-03-28 02:30:00'", "timestamp'9999-12-31 23:59:59.999999'",
                                 "timestamp'1969-12-31 23:59:59.9'", "timestamp'2021-11-07 01:30:00'",
                                 "timestamp'1899-12-31 23:00:00'"]),
    "ntz": ("c_ntz", "timestamp_ntz", ["timestamp_ntz'2024-02-29 12:30:45.123456'", "timestamp_ntz'1500-01-01 00:00:00'",
                                       "timestamp_ntz'2021-03-28 02:30:00'", "null",
                                       "timestamp_ntz'9999-12-31 23:59:59.999999'", "timestamp_ntz'1970-01-01 00:00:00'",
                                       "timestamp_ntz'2021-11-07 01:30:00'", "timestamp_ntz'0001-01-01 00:00:00'"]),
    "time": ("c_time", "time", ["time'12:30:45.123456'", "time'00:00:00'", "null", "time'23:59:59.999999'",
                                "time'01:00:00'", "time'12:00:00'", "time'00:00:01'", "time'06:07:08'"]),
    "ym": ("c_ym", "interval year to month", ["interval '1-2' year to month", "interval '-5-11' year to month", "null",
                                              "interval '0-0' year to month", "interval '178956970-7' year to month",
                                              "interval '0-1' year to month", "interval '10-0' year to month",
                                              "interval '-0-1' year to month"]),
    "dt": ("c_dt", "interval day to second", ["interval '1 02:03:04.5' day to second",
                                              "interval '-3 00:00:00' day to second", "null",
                                              "interval '0 00:00:00' day to second",
                                              "interval '106751991 04:00:54.775807' day to second",
                                              "interval '0 00:00:00.000001' day to second",
                                              "interval '0 23:59:59' day to second",
                                              "interval '-0 00:00:01' day to second"]),
    "cal": ("c_cal", "interval", ["make_interval(1, 2, 3, 4, 5, 6, 7.5)", "make_interval()", "null",
                                  "make_interval(0, -1, 0, 10)", "make_interval(0, 0, 0, 0, 0, 0, -0.5)",
                                  "make_interval(0, 0, 1)", "make_interval(2)", "make_interval(0, 0, 0, 0, 25)"]),
    "arr": ("c_arr", "array<int>", ["array(1, 2, 3)", "array()", "null", "array(null, 5, null)", "array(3, 1, 3)",
                                    "array(-1)", "array(2147483647, 0)", "array(7, 7)"]),
    "arr_str": ("c_astr", "array<string>", ["array('a', 'B', 'c')", "array()", "null", "array(null, 'é')",
                                            "array('', 'a')", "array('😀')", "array('b', 'a', 'b')", "array('1', '2')"]),
    "arr_dbl": ("c_adbl", "array<double>", ["array(1.5D, double('NaN'))", "array()", "null", "array(-0.0D, 0.0D)",
                                            "array(null, 2D)", "array(1D, 2D, 3D)", "array(1D)", "array(-1D, 4D)"]),
    "arr_arr": ("c_aarr", "array<array<int>>", ["array(array(1, 2), array(3))", "array()", "null", "array(array(), null)",
                                                "array(array(null))", "array(array(5), array(5))", "array(array(2), array(1))",
                                                "array(array(1, 2, 3))"]),
    "arr_st": ("c_ast", "array<struct<a:int,b:string>>", ["array(named_struct('a', 1, 'b', 'x'))", "array()", "null",
                                                          "array(null, named_struct('a', 2, 'b', null))",
                                                          "array(named_struct('a', 3, 'b', ''), named_struct('a', 1, 'b', 'z'))",
                                                          "array(named_struct('a', 0, 'b', 'q'))",
                                                          "array(named_struct('a', null, 'b', null))",
                                                          "array(named_struct('a', 5, 'b', 'e'), named_struct('a', 6, 'b', 'f'))"]),
    "map": ("c_map", "map<string,int>", ["map('a', 1, 'b', 2)", "map()", "null", "map('a', null)", "map('', 0)",
                                         "map('😀', 5)", "map('b', 1, 'a', 2)", "map('c', -1)"]),
    "map_int": ("c_mint", "map<int,string>", ["map(1, 'x', 2, null)", "map()", "null", "map(0, '')", "map(-1, 'y')",
                                              "map(3, 'z')", "map(1, 'a')", "map(7, 'b', 8, 'c')"]),
    "st": ("c_st", "struct<a:int,b:string,c:double>", ["named_struct('a', 1, 'b', 'x', 'c', 1.5D)",
                                                       "named_struct('a', null, 'b', null, 'c', null)", "null",
                                                       "named_struct('a', -1, 'b', '', 'c', double('NaN'))",
                                                       "named_struct('a', 2, 'b', 'é', 'c', -0.0D)",
                                                       "named_struct('a', 1, 'b', 'x', 'c', 2D)",
                                                       "named_struct('a', 1, 'b', 'w', 'c', null)",
                                                       "named_struct('a', 0, 'b', 'q', 'c', 0D)"]),
    "json": ("c_json", "string", ["'{\"a\":1,\"b\":[1,2,{\"c\":null}]}'", "'[]'", "null", "'{\"a\":'", "'\"x\"'", "'1.50'",
                                  "'[{\"a\":\"é\"},{\"a\":2}]'", "'{\"a\":{\"b\":\"c\"},\"b\":1e400}'"]),
    "var": ("c_var", "variant", ["parse_json('{\"a\":1,\"b\":[true,null]}')", "parse_json('[1,\"2\",3.5]')", "null",
                                 "parse_json('null')", "parse_json('\"x\"')", "parse_json('12')",
                                 "parse_json('1e10')", "parse_json('{}')"]),
}

# What stands as a literal only: formats, patterns, units.
POOLS = {
    "fmt": ["'yyyy-MM-dd'", "'yyyy-MM-dd HH:mm:ss'", "'dd/MM/yyyy'", "'yyyyMMdd'", "'EEEE, MMM d y'", "'HH:mm:ss.SSSSSS'",
            "'y G'", "'D'", "'Q QQQ'", "'hh:mm a'", "'XXX'", "'VV'", "'z'", "'O'", "'E'", "'LLLL'", "''", "'''T'''",
            "'yy'", "'S'", "'k K'", "'e'", "'uuuu'", "'F'", "'[yyyy]'", "'yyyyy'", "'MMMMM'", "'p'"],
    "regex": ["'a'", "'[a-z]+'", "'(\\\\w)(\\\\w)'", "'^$'", "''", "'.'", "'\\\\d+'", "'(?i)A'", "'x*'", "'('", "'\\\\p{L}+'",
              "'(a)|(b)'", "',\\\\s*'", "'\\\\b'", "'(?<n>b)'", "'[^a]'", "'a{2}'", "'(?=b)'"],
    "like": ["'a%'", "'_b_'", "'%'", "''", "'%é%'", "'\\\\%'", "'a\\\\_b'", "'_'", "'😀%'", "'A%'"],
    "tz": ["'UTC'", "'Europe/Berlin'", "'America/Los_Angeles'", "'Asia/Kolkata'", "'+02:00'", "'GMT-3'", "'PST'", "'nope'",
           "'Z'", "'+5'", "'UTC+1'", "''"],
    "trunc": ["'year'", "'MM'", "'quarter'", "'week'", "'day'", "'hour'", "'minute'", "'second'", "'millisecond'",
              "'microsecond'", "'DECADE'", "'nope'", "'MON'", "'yy'"],
    "field": ["'year'", "'month'", "'doy'", "'dow'", "'dow_iso'", "'week'", "'quarter'", "'second'", "'minute'", "'hours'",
              "'day'", "'yearofweek'", "'nope'", "'seconds'", "'mon'"],
    "unit": ["year", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond", "quarter", "dayofyear"],
    "path": ["'$.a'", "'$.b[0]'", "'$'", "'$[0].a'", "'$.b[*]'", "'$.a.b'", "'a'", "'$[*].a'", "'$.b[2].c'", "'$[\\'a\\']'", "''",
             "'$..a'", "'$.*'"],
    "vpath": ["'$.a'", "'$.b[0]'", "'$'", "'$[0]'", "'$[2]'", "'a'", "'$.b[9]'", "'$[\"a\"]'", "'$.a.b'"],
    "type": ["'int'", "'string'", "'double'", "'boolean'", "'decimal(5,1)'", "'array<int>'", "'map<string,variant>'", "'date'",
             "'bigint'", "'struct<a:int>'", "'timestamp'", "'tinyint'"],
    "schema": ["'a int, b string'", "'a int'", "'a array<int>'", "'b map<string,string>'", "'a double, b array<string>'",
               "'struct<a:struct<b:string>>'", "'array<struct<a:string>>'", "'a date'", "'map<string,string>'", "'a binary'",
               "'a decimal(3,1)'", "'a timestamp, b variant'"],
    "charset": ["'UTF-8'", "'utf-16'", "'ISO-8859-1'", "'US-ASCII'", "'UTF-16LE'", "'nope'", "'utf-16be'", "'UTF-32'"],
    "numfmt": ["'999'", "'$99.99'", "'S9,999'", "'0000.00'", "'9G999D9MI'", "'PR99'", "'99PR'", "'999999999.99'", "'0'", "'S$9'"],
    "binfmt": ["'hex'", "'utf-8'", "'base64'", "'HEX'", "'nope'", "'utf8'"],
    "weekday": ["'Mon'", "'TUESDAY'", "'su'", "'x'", "'Fr'", "'thu'"],
    "part": ["'HOST'", "'QUERY'", "'PATH'", "'PROTOCOL'", "'REF'", "'FILE'", "'AUTHORITY'", "'USERINFO'", "'x'"],
    "url": ["'http://u:p@host:80/p/a?q=1&r=é#f'", "'https://spark.apache.org'", "'x'", "''", "'http://h/?a=%20b'", "'http:// bad'"],
    "xml": ["'<a><b>1</b><b>2</b></a>'", "'<a x=\"y\">t</a>'", "'<a/>'", "''", "'<a>'", "'<a><b>x</b><c>2.5</c></a>'"],
    "xpath": ["'a/b'", "'a/b/text()'", "'a/@x'", "'sum(a/b)'", "'a'", "'count(a/*)'", "'a/c'", "'//b[1]'", "'a/b='"],
    "printf": ["'%s'", "'%d'", "'%5.2f|%s'", "'%x'", "'%%'", "'%s %s'", "'%2$s'", "'%c'", "'%08d'", "'%,d'", "'%e'", "'%b'", "'%S'"],
    "bits": ["0", "224", "256", "384", "512", "1"],
    "base": ["2", "10", "16", "36", "-10", "37", "8"],
    "scale": ["0", "1", "2", "-1", "-2", "10", "null", "38", "-40"],
    "small": ["0", "1", "2", "3", "-1", "-2", "5", "10", "null"],
    "pct": ["0.5", "0", "1", "array(0.1, 0.9)", "0.25D", "1.5", "null"],
    "delim": ["','", "' '", "''", "'b'", "'😀'", "null", "'ab'", "'é'"],
    "csv": ["'1,abc'", "'1, 2'", "''", "'\"a,b\",2'", "'x'", "','"],
    "sep": ["':'", "','", "'='", "'a'", "''"],
    "key": ["'0000111122223333'", "'abcdefghijklmnop12345678ABCDEFGH'", "'short'", "x'00'"],
    "mode": ["'ECB'", "'GCM'", "'CBC'", "'x'"],
    "lambda1": ["x -> x", "x -> x is null", "x -> x = 1", "(x, i) -> i", "x -> concat(x, 'z')", "x -> x + 1", "x -> x > 1", "x -> null",
                "x -> array(x)", "x -> x % 2 = 0"],
    "bool1": ["x -> x is null", "x -> x = 1", "x -> x > 1", "x -> null", "x -> x > c_int", "x -> true", "(x, i) -> i = 0", "x -> x"],
    "lambda2": ["(x, y) -> x", "(x, y) -> concat(x, y)", "(x, y) -> y is null", "(x, y) -> x + y", "(k, v) -> struct(k, v)",
                "(x, y) -> coalesce(x, y)"],
    "bool2": ["(k, v) -> v is null", "(k, v) -> k = 'a'", "(k, v) -> v > 1", "(k, v) -> null", "(k, v) -> length(k) = c_int"],
    "lambda3": ["(k, x, y) -> x", "(k, x, y) -> coalesce(x, y)", "(k, x, y) -> concat(k, x)", "(k, x, y) -> x + y"],
    "merge": ["(acc, x) -> acc + x", "(acc, x) -> acc", "(acc, x) -> x", "(acc, x) -> coalesce(acc, 0) + coalesce(x, 0)",
              "(acc, x) -> concat(acc, x)"],
    "order": ["(l, r) -> case when l < r then -1 when l > r then 1 else 0 end", "(l, r) -> r - l", "(l, r) -> null", "(l, r) -> 0"],
    "ddl": ["boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal(10,2)", "decimal(5,0)", "decimal(38,18)",
            "string", "binary", "date", "timestamp", "timestamp_ntz", "time", "interval year to month", "interval day to second",
            "interval", "array<string>", "array<int>", "map<string,string>", "struct<a:string,b:string,c:string>", "variant", "char(3)",
            "varchar(2)", "time(3)", "interval hour", "interval month", "decimal(2,2)"],
}

NUMERIC = ["tiny", "small", "int", "long", "float", "double", "dec", "dec38"]
ORDERED = [*NUMERIC, "bool", "str", "bin", "date", "ts", "ntz", "time", "ym", "dt", "arr", "st"]


def table_sql(name="f"):
    """The statement that makes the table as a temporary view, its first column a row number."""
    names = ", ".join(["id", *(column for column, _, _ in TABLE.values())])
    rows = []
    for row in range(ROWS):
        cells = [str(row)] + [f"cast({cells[row]} as {ddl})" for _, ddl, cells in TABLE.values()]
        rows.append("(" + ", ".join(cells) + ")")
    return f"create or replace temporary view {name} as select * from values {', '.join(rows)} as t({names})"


def literals(kind):
    """The literals of a type, NULL of this type among them."""
    _, ddl, values = TABLE[kind]
    simple = kind in ("bool", "tiny", "small", "int", "long", "float", "double", "str", "num_str", "bin", "date", "ts", "ntz", "time",
                      "ym", "dt", "json", "var", "cal")
    return [f"cast(null as {ddl})" if value == "null" else value if simple else f"cast({value} as {ddl})" for value in values]
