"""Records what Spark prints and reads for its types, into crates/spark/types/tests/*.tsv.

Run with a Python that has pyspark 4.2 (whole Spark, not pyspark-client) and pyarrow:

    python tests/golden/types/record.py classic   # ddl.tsv, text.tsv, parse.tsv
    python tests/golden/types/record.py connect   # show.tsv, through a local Spark Connect server

Cells are separated by tabs; backslash, tab, newline and carriage return are escaped. A NULL is `\\N`.
"""

import random
import struct
import sys
from pathlib import Path

import py4j.java_gateway
from pyspark.sql import SparkSession

OUT = Path(__file__).resolve().parents[3] / "crates/spark/types/tests"

TYPES = """int|string collate unicode_ci|string collate UTF8_LCASE|string collate en_USA|array<string collate UTF8_LCASE>
struct<a:string collate UTF8_LCASE,b:array<string collate UNICODE>>|decimal(39,1)|decimal(5,6)|dec|numeric(3)|char|varchar|char(3)
varchar(5)|string(3)|time|time(3)|time without time zone|timestamp without time zone|timestamp with local time zone
timestamp_ltz|timestamp_ntz|TimeStamp|geometry(4326)|geometry(any)|geometry|geography(4326)|geography(any)|geometry(0)|geometry(5)
geography(1)|geometry(3857)|interval|interval year|interval month|interval year to month|interval month to year|interval day
interval day to second|interval day to hour|interval day to minute|interval hour to second|interval minute to second
interval hour to minute|interval second|interval second to day|calendar_interval|void|null|variant|foo|foo(3)|int(3)|array|map
struct|struct<>|struct<a int>|struct<a: int not null comment 'x\\'y', `b c` string>|struct<a:int,a:int>|struct<1a:int>||int int
byte|short|long|real|bool|boolean|tinyint|smallint|bigint|integer|float|double|binary|date|character(3)|object|json|datetime
bigint unsigned|float(3)|double precision|ARRAY<MAP<STRING,INT>>|struct<a:array<array<int>>>|/* c */ int -- x|`int`
struct<select:int>|struct<a-b:int>|timestamp_ntz(3)|timestamp(3)|map<int,struct<a:int,b:array<decimal(3,1)>>>|struct<`a``b`:int>
struct<x:struct<y:string not null comment "q\\tz">>""".replace("\n", "|").split("|")

SCHEMAS = [
    "a int, b string not null comment 'x'", "a int default 5", "a: int", "a string collate UNICODE", "", "a int,",
    "a int comment \"it's\"", "a b c", "a int comment 'a' 'b'", "a int NULL",
    "a string collate UTF8_LCASE, b map<string collate UNICODE, array<string collate UTF8_LCASE>>",
    "a struct<x:int comment 'q'> comment 'w'", "`a b` int, `c``d` array<int>", ",".join(f"c{i} int" for i in range(28)),
    "a int not null, b array<struct<x:map<string,array<int>>>>, c decimal(5,2), d char(3), e interval year, f time(3), "
    "g string collate UNICODE, h void, i variant, j timestamp_ntz, `x\ty` binary, k geometry(4326), l byte, m short, "
    "n long, o interval, p map<struct<a:int>,struct<b:int>>, q varchar(4), r interval day to second",
]

ZONES = ["UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Pacific/Apia", "+05:30", "America/Sao_Paulo"]

DATE_TEXTS = """2020|2020-1|2020-01|2020-1-2|2020-01-01T|2020-01-01 anything|2020-01-01Tx| 2020-01-01 |2020-13-01|2020-02-30
+2020-01-01|-0001-01-01|0000-01-01|10000-01-01|123456-01-01|1234567-01-01|12345678-01-01|+1234567-12-31|5881580-07-11
5881580-07-12|-5877641-06-23|202-01-01|20-01-01|2020-001-01|2020-01-001|2020/01/01|20200101|2020-01-01-|2020-|-||abc|2020-01-
2020 |2020-01 x|2020T|2020-01-01.|1970-01-01|1582-10-10|--2020-01-01|0001-01-01|today|now|epoch|2020-02-29|2021-02-29
1900-02-29|2000-02-29""".replace("\n", "|").split("|") + ["\t2020-01-01\n", "\u00a02020-01-01", "\x7f2020-01-01"]

TIMESTAMP_TEXTS = """2020|2020-1|2020-01-01|2020-01-01 |2020-01-01T|2020-01-01 1|2020-01-01 12|2020-01-01 12:|2020-01-01 12:3
2020-01-01 12:30|2020-01-01T12:30:15|2020-01-01 12:30:15.1|2020-01-01 12:30:15.123456789|2020-01-01 12:30:15.|2020-01-01 12:30:15Z
2020-01-01 12:30:15.5Z|2020-01-01 12:30:15+01:00|2020-01-01 12:30:15+1|2020-01-01 12:30:15+1:00|2020-01-01 12:30:15 +01:00
2020-01-01 12:30:15+0100|2020-01-01 12:30:15+01:0|2020-01-01 12:30:15UTC|2020-01-01 12:30:15 UTC+1|2020-01-01 12:30:15GMT-03:30
2020-01-01 12:30:15 America/Los_Angeles|2020-01-01 12:30:15America/Los_Angeles|2020-01-01 12:30:15.123 Europe/Berlin
2020-01-01 12:30:15 EST|2020-01-01 12:30:15 PST|2020-01-01 12:30:15 CST|2020-01-01 12:30:15 foo|2020-01-01 12:30+01:00
2020-01-01 12:30Z|2020-01-01 12Z|2020-01-01Z|2020-01-01+01:00|2020-03-08 02:30:00|2020-11-01 01:30:00|2020-03-29 02:30:00
2020-10-25 02:30:00|2011-12-30 12:00:00|2018-11-04 00:30:00|1800-01-01 00:00:00|1883-11-18 12:00:00|0001-01-01 00:00:00
-0001-06-01 00:00:00|9999-12-31 23:59:59.999999|10000-01-01 00:00:00|290000-01-01 00:00:00|294247-01-10 04:00:54.775807
294247-01-10 04:00:54.775808|294248-01-01|-290308-12-21 19:59:05.224192|-290308-12-21 19:59:05.224191|300000-01-01
2020-01-01 24:00:00|2020-01-01 12:60:00|2020-01-01 12:30:60|2020-01-01 001:00:00|20:30:00x|2020-01-01 12:30:15.5.5||abc|2020-01-01 12-30
2050-07-01 12:00:00|2120-07-01 12:00:00|2300-07-01 12:00:00|2300-01-01 12:00:00|9000-07-01 00:00:00|2020-01-01 12:30:15+18:00
2020-01-01 12:30:15+18:01|2020-01-01 12:30:15+19:00|2020-01-01 12:30:15-00:00|2020-01-01 12:30:15.12 +1:2|2020-01-01 12:30:15+01:02:03
+2020-01-01 00:00:00|2020-01-01 00:00:00.0000001|2020-01-01 12:30:15 UT|2020-01-01 12:30:15 Z|2020-01-01 12:30:15.z
 2020-01-01 12:30:15 |2020-1-1 1:2:3|2020-01-01  12:30:15|1582-10-04 12:00:00""".replace("\n", "|").split("|")

TIME_TEXTS = """12:30|1:2|12:30:15|12:30:15.5|12:30:15.123456|12:30:15.1234567|T12:30|24:00|12:60|12|12:30Z||abc|00:00:00|23:59:59.999999
12:30 PM|12:30PM|12:30 am|1:30:15.5 pm|13:30 PM|0:30 AM| 12:30 |2020-01-01 12:30|12:30:15+01:00|-12:30|12:30:60|T12|12:30:15.""".replace(
    "\n", "|").split("|")

INTERVAL_TEXTS = """1 day|1 day 2 hours|interval 1 day|INTERVAL 1 day|interval|1 days 2 hours 3.5 seconds|-1 day|- 1 day|+ 1 day|1day
1 day2 hours|1.5 days|.5 seconds|-.5 seconds|1. seconds|1.123456789 seconds|1.1234567891 seconds|1 year 2 months 3 weeks 4 days
5 milliseconds 6 microseconds|1 nanosecond|1|day||abc|2147483647 months|2147483648 months|-2147483648 days|178956970 years 7 months
178956970 years 8 months|9223372036854775807 microseconds|9223372036854775808 microseconds|-9223372036854775808 microseconds|1 DAY
1 Day 1 day|1 day -1 hour|1  day   2   hours|  1 day  |1 secondss|1 second s|interval1 day|interval  1 day|1 day interval 1 day
1 quarter|1 -day|--1 day|+-1 day|1.5.5 seconds|0.000001 seconds|-1.000001 seconds|1 day,|1 weeks|. seconds|1 day 2|- seconds
106751991 days 4 hours 54.775807 seconds|2562047788 hours|2562047789 hours|1.0000001 seconds|1,000 days|1 millisecond""".replace(
    "\n", "|").split("|")

YEAR_MONTH_TEXTS = [("YEAR TO MONTH", t) for t in ["1-2", "-1-2", "+1-2", "1-12", "1-11", "178956970-7", "178956970-8",
    "-178956970-8", "INTERVAL '1-2' YEAR TO MONTH", "interval -'1-2' year to month", "INTERVAL '-1-2' YEAR TO MONTH",
    "INTERVAL -'-1-2' YEAR TO MONTH", "INTERVAL '1' YEAR", "1", "", "a", " 1-2 ", "1 - 2", "INTERVAL 1-2 YEAR TO MONTH",
    "1-", "-1", "0-0", "01-02", "INTERVAL  '1-2'  YEAR  TO  MONTH", "INTERVAL'1-2' YEAR TO MONTH"]] + [
    ("YEAR", t) for t in ["1", "-1", "1-2", "178956970", "178956971", "INTERVAL '3' YEAR", "INTERVAL '3' MONTH"]] + [
    ("MONTH", t) for t in ["1", "-14", "1-2", "2147483647", "2147483648", "-2147483648", "INTERVAL '3' MONTH"]]

DAY_TIME_TEXTS = [("DAY TO SECOND", t) for t in ["1 02:03:04", "1 2:3:4", "-1 02:03:04.5", "1 02:03:04.123456789", "1 24:00:00",
    "1 23:60:00", "1 23:59:60", "1 02:03", "INTERVAL '1 02:03:04' DAY TO SECOND", "interval -'1 02:03:04' day to second",
    "106751991 04:00:54.775807", "106751991 04:00:54.775808", "-106751991 04:00:54.775808", "", "1", "1  02:03:04", "+1 02:03:04",
    "1 02:03:04.", "1 02:03:04.1234567891", "INTERVAL '1 02:03' DAY TO MINUTE", "1 002:03:04", "1 day"]] + [
    ("DAY", t) for t in ["1", "-1", "106751991", "106751992", "INTERVAL '1' DAY", "1.5", "INTERVAL '-5' DAY"]] + [
    ("DAY TO HOUR", t) for t in ["1 2", "1 23", "1 24", "-1 02"]] + [
    ("DAY TO MINUTE", t) for t in ["1 2:3", "1 2:60", "1 02:03:04"]] + [
    ("HOUR", t) for t in ["1", "25", "INTERVAL '25' HOUR", "2562047788", "2562047789"]] + [
    ("HOUR TO MINUTE", t) for t in ["1:2", "25:59", "1:60", "-100:01"]] + [
    ("HOUR TO SECOND", t) for t in ["1:2:3", "25:59:59.5", "1:60:00", "1:2"]] + [
    ("MINUTE", t) for t in ["1", "61", "-61"]] + [
    ("MINUTE TO SECOND", t) for t in ["1:2", "61:59.5", "1:60", "-1:02.000001"]] + [
    ("SECOND", t) for t in ["1", "61", "-61.5", "1.123456789", ".5", "1.", "INTERVAL '5.5' SECOND"]]

ZONE_NAMES = ["Z", "UTC", "GMT", "UT", "utc", "+1", "+01", "+1:00", "+01:00", "+0100", "+01:0", "+1:2", "-18:00", "+18:01", "UTC+1",
    "GMT+01:30", "UT-2", "UTC+", "EST", "PST", "CST", "IST", "EST5EDT", "America/Los_Angeles", "america/los_angeles", "Etc/GMT+5",
    "Europe/Kyiv", "", "foo", "+", "++1", "US/Pacific", "Asia/Calcutta", "+010203", "+01:02:03", "Zulu", "HST", "MST", "BST", "GMT0"]

SHOWS = {
    "scalars": """select 1 a, 'x' b, X'4142' g, 1e10D h, 1e-7 i, date'10000-01-01' j, timestamp'2020-01-01 00:00:00.120' k,
        interval '1-2' year to month l, interval '1 2:3:4.5' day to second m, make_interval(1,2,3,4,5,6,7.8) n,
        time'12:30:00.5' o, null r, timestamp_ntz'2020-01-01 00:00:00' t, cast(1.1 as float) u, true v, 12.50 w""",
    "nested": """select array(1,null) c, array('x',null) d, map('k',null) e, struct(1,null,'s') f, array(X'41') s,
        array(interval '1' day) u, array(date'2020-01-01') v, array(cast(0 as decimal(10,8))) y, struct() aa, map() ab, array() ac,
        map(1, array(struct(timestamp'2020-06-01 12:00:00' as t))) ad""",
    "variants": """select parse_json('{"a":[1,2.50,"x",null,true],"b":{"c":-1e300,"d":123456789012}}') p, parse_json('"abc"') q,
        array(parse_json('"z"')) w, to_variant_object(struct(date'2020-01-01' as d, timestamp'2020-01-01 00:00:00.5' as t,
        timestamp_ntz'2020-01-01 00:00:00' as n, X'414243' as b, 1.5D as x, 2.5f as f, 'q"\\n' as s, 12.30 as dec)) o,
        parse_json('null') n""",
    "wide": "select '你好' a, 1 b, 'abcdefghijklmnopqrstuvwxyz' c, 'a\\nb\\tc' `d\ne`, '<é&\"α€' h",
    "rows": "select id, cast(id * 1.5 as double) x, if(id % 2 = 0, null, repeat('z', cast(id * 7 as int))) s from range(5)",
    "empty": "select id, 'x' s from range(0)",
}


def escape(cell):
    if cell is None:
        return "\\N"
    return str(cell).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def save(name, rows):
    OUT.mkdir(parents=True, exist_ok=True)
    text = "".join("\t".join(escape(cell) for cell in row) + "\n" for row in rows)
    (OUT / name).write_text(text, encoding="utf-8")
    print(name, len(rows))


def condition_of(error):
    get = getattr(error, "getCondition", None)
    found = get() if get else None
    if found:
        return found
    text = str(error)
    return text[text.index("[") + 1:text.index("]")] if "[" in text else type(error).__name__


def record_ddl(spark):
    parser = getattr(getattr(spark._jvm.org.apache.spark.sql.catalyst.parser, "CatalystSqlParser$"), "MODULE$")
    rows = []
    for kind, texts, parse in [("type", TYPES, parser.parseDataType), ("schema", SCHEMAS, parser.parseTableSchema)]:
        for text in texts:
            try:
                t = parse(text)
                row = [kind, text, t.simpleString(), t.catalogString(), t.sql(), t.json()]
                row += [t.typeName(), "", "", ""] if kind == "type" else [
                    t.toDDL(), t.treeString(), t.treeString(2), t.treeString(3)]
            except Exception as error:
                row = [kind, text, "ERROR", condition_of(error)]
            rows.append(row)
    save("ddl.tsv", rows)


def record_text(spark):
    rows = []
    rng = random.Random(7)

    def strings(sql_type, values, literal, key, modes=("true",)):
        for ansi in modes:
            spark.conf.set("spark.sql.ansi.enabled", ansi)
            for start in range(0, len(values), 200):
                part = values[start:start + 200]
                got = spark.sql("select " + ", ".join(f"cast({literal(v)} as string)" for v in part)).collect()[0]
                for value, text in zip(part, got):
                    rows.append([key, sql_type, ansi, *([value] if not isinstance(value, tuple) else value), text])
        spark.conf.set("spark.sql.ansi.enabled", "true")

    doubles = [0.0, -0.0, 1.0, 0.1, 0.001, 0.000999, 1e-3, 1e7, 9999999.0, 1e6, 123456.789, 1e10, 1e-7, 1.7976931348623157e308,
               4.9e-324, 5e-324, 1e21, 1e22, 1e23, 2.0 ** 63, float("nan"), float("inf"), float("-inf"), 1 / 3, 100.0, 12345678.9]
    doubles += [struct.unpack(">d", rng.randbytes(8))[0] for _ in range(100)] + [rng.uniform(-1e8, 1e8) for _ in range(100)]
    frame = spark.createDataFrame([(v,) for v in doubles], "v double")
    for value, text in zip(doubles, frame.selectExpr("cast(v as string)").collect()):
        rows.append(["double", "double", "true", struct.unpack(">q", struct.pack(">d", value))[0], text[0]])
    floats = [struct.unpack(">f", struct.pack(">f", v))[0] for v in
              [0.0, -0.0, 1.0, 0.1, 0.001, 1e7, 9999999.0, 1e10, 1e-7, 3.4028235e38, 1.4e-45, 16777216.0, 1.1, 33554432.0]]
    floats += [rng.uniform(-1e5, 1e5) for _ in range(50)]
    frame = spark.createDataFrame([(v,) for v in floats], "v float")
    for value, text in zip(floats, frame.selectExpr("cast(v as string)").collect()):
        rows.append(["float", "float", "true", struct.unpack(">i", struct.pack(">f", value))[0], text[0]])
    decimals = [("0", 8), ("1", 8), ("1", 6), ("1", 7), ("-1", 7), ("123", 9), ("123456", 2), ("-5", 1), ("99999999999999999999999999999999999999", 0),
                ("-99999999999999999999999999999999999999", 38), ("0", 0), ("10", 10)]
    strings("decimal", decimals, lambda v: f"cast({v[0]}bd * 1e-{v[1]}bd as decimal(38,{v[1]}))" if v[1] < 30 and len(v[0]) < 20 else
            f"cast('{v[0]}e-{v[1]}' as decimal(38,{v[1]}))", "decimal", ("true", "false"))
    days = [0, -1, 1, 18000, 2932896, 2932897, -719162, -719163, -719528, -719529, -1000000, 2147483647, -2147483648, 11016, 59]
    strings("date", days, lambda v: f"date_from_unix_date({v})", "date")
    micros = [0, -1, 1, 1500000, 1577836800120000, -62135596800000000, -62135596800000001, 253402300799999999, 253402300800000000,
              -2208988800000000, -5000000000000000, 4747000000000000, 10000000000000000, 9223372036854775807, -9223372036854775808,
              1604221200000000, 1583661600000000, 1325239200000000, 1 << 40, -70000000000000000]
    for zone in ZONES:
        spark.conf.set("spark.sql.session.timeZone", zone)
        strings(zone, micros, lambda v: f"timestamp_micros({v}L)" if v != -(1 << 63) else f"timestamp_micros(-9223372036854775807L - 1L)",
                "timestamp")
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    strings("time", [(0,), (1000,), (45000500000000,), (86399999999000,)], lambda v: f"time_from_micros({v[0] // 1000})", "time")
    for unit, months in [("year to month", [0, 1, 14, -14, 2147483647, -2147483648]), ("year", [0, 12, -24]), ("month", [0, 1, -14])]:
        strings(unit, months, lambda v: f"cast(make_ym_interval(0, {v}) as interval {unit})" if unit != "year to month" else
                f"make_ym_interval(0, {v})", "year_month")
    values = [0, 1, -1, 1000000, 93784500000, -93784500000, 10000000, 59999999, 9223372036854775807, -9223372036854775807, 360000000000000]
    for unit in ["day to second", "day", "day to hour", "day to minute", "hour", "hour to minute", "hour to second", "minute",
                 "minute to second", "second"]:
        frame = spark.sql("select * from values " + ", ".join(f"({i}, {v}L)" for i, v in enumerate(values)) + " as t(i, v)")
        sized = frame.selectExpr("i", "timestamp_micros(v) - timestamp_micros(0L) s")
        for row in sized.selectExpr("i", f"cast(cast(s as interval {unit}) as string) x").orderBy("i").collect():
            # The cast drops what is below the last field.
            size = {"day": 86400000000, "hour": 3600000000, "minute": 60000000, "second": 1}[unit.split()[-1]]
            value = values[row[0]]
            rows.append(["day_time", unit, "true", abs(value) // size * size * (-1 if value < 0 else 1), row[1]])
    calendars = [(0, 0, 0), (14, 3, 14706007800), (-14, -3, -14706007800), (1, 0, 1), (0, 0, -1500000), (12, 0, 60000000), (0, 7, 59999999)]
    strings("calendar", calendars, lambda v: f"make_interval(0, {v[0]}, 0, {v[1]}, 0, 0, {v[2] / 1e6:.6f})", "calendar")
    save("text.tsv", rows)


def record_parse(spark):
    quote = lambda text: "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    rows = []
    spark.conf.set("spark.sql.ansi.enabled", "false")

    def bulk(kind, zone, texts, expression):
        frame = spark.createDataFrame(list(enumerate(texts)), "i int, s string")
        for i, value in frame.selectExpr("i", expression).orderBy("i").collect():
            rows.append([kind, zone, texts[i], value])

    bulk("date", "UTC", DATE_TEXTS, "unix_date(cast(s as date))")
    for zone in ZONES:
        spark.conf.set("spark.sql.session.timeZone", zone)
        bulk("timestamp", zone, TIMESTAMP_TEXTS, "unix_micros(cast(s as timestamp))")
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    bulk("timestamp_ntz", "UTC", TIMESTAMP_TEXTS, "unix_micros(cast(cast(s as timestamp_ntz) as timestamp))")
    jvm = spark._jvm
    utf8 = jvm.org.apache.spark.unsafe.types.UTF8String.fromString
    utils = getattr(getattr(jvm.org.apache.spark.sql.catalyst.util, "IntervalUtils$"), "MODULE$")
    times = getattr(getattr(jvm.org.apache.spark.sql.catalyst.util, "DateTimeUtils$"), "MODULE$")
    for text in TIME_TEXTS:
        option = times.stringToTime(utf8(text))
        rows.append(["time", "UTC", text, option.get() if option.isDefined() else None])
    for text in INTERVAL_TEXTS:
        try:
            v = utils.stringToInterval(utf8(text))
            fields = [py4j.java_gateway.get_field(v, name) for name in ("months", "days", "microseconds")]
            rows.append(["interval", "UTC", text, " ".join(map(str, fields))])
        except Exception:
            rows.append(["interval", "UTC", text, None])
    for kind, texts in [("year_month", YEAR_MONTH_TEXTS), ("day_time", DAY_TIME_TEXTS)]:
        for unit, text in texts:
            back = ("cast(cast({} as interval month) as int)" if kind == "year_month" else
                    "cast(unix_micros(timestamp_micros(0L) + {}) as string)").format(f"cast(s as interval {unit})")
            try:
                value = spark.createDataFrame([(text,)], "s string").selectExpr(back).collect()[0][0]
            except Exception:
                value = None
            rows.append([kind, unit, text, value])
    for name in ZONE_NAMES:
        try:
            zone = times.getZoneId(name)
            offset = zone.getRules().getOffset(jvm.java.time.Instant.ofEpochSecond(1577836800)).getTotalSeconds()
        except Exception:
            offset = None
        rows.append(["zone", "UTC", name, offset])
    save("parse.tsv", rows)


def record_show():
    import pyarrow

    spark = SparkSession.builder.remote("local[1]").config("spark.sql.timeType.enabled", "true").getOrCreate()
    spark.conf.set("spark.sql.timeType.enabled", "true")
    rows = []
    for zone in ["UTC", "America/Los_Angeles"]:
        spark.conf.set("spark.sql.session.timeZone", zone)
        for name, query in SHOWS.items():
            frame = spark.sql(query)
            table, _ = spark.client.to_table(frame._plan.to_proto(spark.client), frame._plan.observations)[:2]
            sink = pyarrow.BufferOutputStream()
            with pyarrow.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
            data = sink.getvalue().to_pybytes().hex()
            schema = spark.client._analyze("schema", plan=frame._plan.to_proto(spark.client)).schema.json()
            print(name, table.schema)
            for n, truncate, vertical in [(20, 20, False), (20, 0, False), (20, 0, True), (2, 20, False), (2, 5, True), (1, 2, False)]:
                text = frame._show_string(n, truncate if truncate else False, vertical)
                rows.append(["show", name, zone, n, truncate, str(vertical).lower(), schema, data, text])
            html = frame._session.client.to_table(
                _html_plan(frame).to_proto(spark.client), frame._plan.observations)[0][0][0].as_py()
            rows.append(["html", name, zone, 2, 20, "false", schema, data, html])
    save("show.tsv", rows)


def _html_plan(frame):
    from pyspark.sql.connect import plan

    return plan.HtmlString(child=frame._plan, num_rows=2, truncate=20)


def main():
    if sys.argv[1] == "connect":
        record_show()
        return
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.sql.session.timeZone", "UTC").config("spark.sql.timeType.enabled", "true").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    for record in (record_ddl, record_text, record_parse):
        try:
            record(spark)
        except Exception as error:
            print(record.__name__, type(error).__name__, str(error)[:600])


main()
