"""Every type from the client to the server and back, as rows, pandas and Arrow, under the settings that have a say."""

import datetime
from collections import namedtuple
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyspark.sql.functions as F
from harness.cases import Cases
from harness.frames import arrow_text, caught_or, pandas_text, seen, shown
from harness.programs import caught, printed
from pyspark.sql import Row
from pyspark.sql import types as T
from pyspark.sql.types import (
    ArrayType, BinaryType, BooleanType, ByteType, CalendarIntervalType, CharType, DateType, DayTimeIntervalType, DecimalType, DoubleType, FloatType, IntegerType, LongType, MapType, NullType,
    ShortType, StringType, StructField, StructType, TimestampNTZType, TimestampType, TimeType, VarcharType, VariantType, YearMonthIntervalType,
)

cases = Cases("types", since=(4, 2))
add = cases.add


class Settings:
    """Settings for as long as a block runs."""

    def __init__(self, session, **settings):
        self.session, self.settings = session, {key.replace("__", "."): value for key, value in settings.items()}

    def __enter__(self):
        self.before = {key: self.session.conf.get(key, None) for key in self.settings}
        for key, value in self.settings.items():
            self.session.conf.set(key, value)

    def __exit__(self, *_):
        for key, value in self.before.items():
            self.session.conf.set(key, value) if value is not None else self.session.conf.unset(key)


def one(kind, nullable=True, metadata=None):
    return StructType([StructField("v", kind, nullable, metadata)])


@add
def numbers(s):
    schema = StructType([StructField("b", ByteType()), StructField("s", ShortType()), StructField("i", IntegerType()), StructField("l", LongType()), StructField("f", FloatType()), StructField("d", DoubleType()),
                         StructField("de", DecimalType(10, 2)), StructField("dw", DecimalType(38, 18)), StructField("t", BooleanType())])
    rows = [(-128, -32768, -2**31, -2**63, -1.5, float("-inf"), Decimal("-99999999.99"), Decimal("12345678901234567890.123456789012345678"), True),
            (127, 32767, 2**31 - 1, 2**63 - 1, 3.4e38, float("nan"), Decimal("0"), Decimal("0E-18"), False), (None,) * 9]
    return seen(s.createDataFrame(rows, schema))


@add
def numbers_without_nulls(s):
    return [pandas_text(s.sql("select 1Y a, 2S b, 3 c, 4L d, 1.5F e, 2.5D f, 1.50 g, true h")), pandas_text(s.sql("select id, cast(id as int) i, id > 0 b from range(0)")),
            pandas_text(s.sql("select cast(null as int) a, cast(null as boolean) b, cast(null as bigint) c, cast(null as float) d, cast(null as smallint) e, cast(null as tinyint) f"))]


@add
def texts_and_bytes(s):
    schema = StructType([StructField("s", StringType()), StructField("b", BinaryType()), StructField("c", StringType("UTF8_LCASE"))])
    return seen(s.createDataFrame([("é日本😀\u0000x", b"\x00\xff", "Ab"), ("", b"", ""), (None, None, None)], schema))


@add
def bytes_of_python(s):
    d = s.createDataFrame([(bytearray(b"ab"), b"cd")], "a binary, b binary")
    with Settings(s, spark__sql__execution__pyspark__binaryAsBytes="false"):
        old = repr(d.collect())
        nested = repr(s.sql("select array(x'01') a, map('k', x'03') m, struct(x'04' b) s").collect())
        row = repr(next(d.toLocalIterator()))
    return [old, nested, row, repr(d.collect()), pandas_text(d)]


@add
def dates_and_times(s):
    schema = StructType([StructField("d", DateType()), StructField("t", TimestampType()), StructField("n", TimestampNTZType()), StructField("i", DayTimeIntervalType()), StructField("m", TimeType())])
    rows = [(datetime.date(1, 1, 1), datetime.datetime(1900, 1, 1), datetime.datetime(1, 1, 1), datetime.timedelta(days=-1, microseconds=1), datetime.time(0, 0)),
            (datetime.date(9999, 12, 31), datetime.datetime(2024, 2, 29, 1, 2, 3, 456789), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999), datetime.timedelta(days=100000), datetime.time(23, 59, 59, 999999)), (None,) * 5]
    return seen(s.createDataFrame(rows, schema))


@add
def dates_within_pandas_range(s):
    d = s.sql("select date'2024-02-29' d, timestamp'2024-02-29 01:02:03.4' t, timestamp_ntz'2024-02-29 01:02:03.4' n, interval '1 02:03:04.5' day to second i, time'01:02:03.000004' m union all select null, null, null, null, null")
    return [*seen(d), *shown(d)]


@add
def nested_dates_in_pandas(s):
    d = s.sql("select array(date'2024-02-29', null) a, array(timestamp'2024-02-29 01:02:03') t, struct(timestamp_ntz'2024-02-29 01:02:03' n, interval 1 day i) st, map('k', timestamp'2024-02-29 01:02:03') m")
    return seen(d)


@add
def time_precisions(s):
    kinds = StructType([StructField(f"t{n}", TimeType(n)) for n in range(7)])
    value = datetime.time(12, 34, 56, 123456)
    return [*seen(s.createDataFrame([(value,) * 7], kinds)), s.createDataFrame([(value,)], ["t"]).schema.json(), caught(lambda: s.createDataFrame([(1,)], one(TimeType()))),
            *seen(s.sql("select time'12:34:56.123456' t, cast('12:34:56.123456' as time(3)) t3, array(time'01:02:03') a, map('k', time'00:00:00') m, struct(time'23:59:59.999999' x) st"))]


@add
def times_of_pandas_and_arrow(s):
    table = pa.table({"t": pa.array([datetime.time(1, 2, 3, 4), None], pa.time64("us")), "n": pa.array([1, None], pa.time64("ns")), "s": pa.array([1, None], pa.time32("s")), "m": pa.array([1, None], pa.time32("ms"))})
    return [*[caught_or(lambda name=name: seen(s.createDataFrame(table.select([name])))) for name in table.column_names],
            caught_or(lambda: seen(s.createDataFrame(pd.DataFrame({"t": [datetime.time(1, 2, 3), None]}))))]


@add
def zones(s):
    zone = datetime.timezone(datetime.timedelta(hours=2))
    rows = [(datetime.datetime(2024, 7, 1, 12, tzinfo=zone), datetime.datetime(2024, 7, 1, 12))]
    out = []
    for name in ("UTC", "America/Los_Angeles", "Asia/Kolkata", "+03:00"):
        with Settings(s, spark__sql__session__timeZone=name):
            d = s.createDataFrame(rows, "z timestamp, n timestamp")
            out += [name, d.schema.json(), repr(d.collect()), *pandas_text(d), *arrow_text(d), printed(lambda: d.show(truncate=False)), repr(d.select(F.hour("z"), F.col("n").cast("string")).collect())]
    return out


@add
def timestamp_type_setting(s):
    rows = [(datetime.datetime(2024, 7, 1, 12),)]
    out = []
    for kind in ("TIMESTAMP_NTZ", "TIMESTAMP_LTZ"):
        with Settings(s, spark__sql__timestampType=kind):
            table = pa.table({"t": pa.array([0], pa.timestamp("us")), "z": pa.array([0], pa.timestamp("us", "UTC"))})
            frame = pd.DataFrame({"t": pd.to_datetime(["2024-07-01 12:00"]), "z": pd.to_datetime(["2024-07-01 12:00"]).tz_localize("Asia/Tokyo")})
            out += [s.createDataFrame(rows, ["t"]).schema.json(), s.createDataFrame(rows, "t timestamp").schema.json(), s.sql("select timestamp'2024-07-01 12:00:00' t, cast('2024-07-01' as timestamp) c").schema.json(),
                    *seen(s.createDataFrame(table)), *seen(s.createDataFrame(frame)), s.createDataFrame([({"a": rows[0][0]}, [rows[0][0]])], ["m", "l"]).schema.json(),
                    s.range(1).select(F.lit(rows[0][0])).schema.json(), s.range(1).select(F.to_timestamp(F.lit("2024-01-01")), F.current_timestamp()).dtypes.__repr__()]
    return out


@add
def zoned_values_of_ntz_columns(s):
    zone = datetime.timezone(datetime.timedelta(hours=2))
    return [caught_or(lambda: repr(s.createDataFrame([(datetime.datetime(2024, 7, 1, 12, tzinfo=zone),)], one(TimestampNTZType())).collect())),
            caught_or(lambda: seen(s.createDataFrame(pd.DataFrame({"v": pd.to_datetime(["2024-07-01 12:00"]).tz_localize("Asia/Tokyo")}), one(TimestampNTZType())))),
            caught_or(lambda: seen(s.createDataFrame(pd.DataFrame({"v": pd.to_datetime(["2024-07-01 12:00"]).tz_localize("Asia/Tokyo")}), one(TimestampType())))),
            caught_or(lambda: seen(s.createDataFrame(pd.DataFrame({"v": pd.to_datetime(["2024-07-01 12:00"])}), one(DateType())))),
            caught_or(lambda: seen(s.createDataFrame(pd.DataFrame({"v": [datetime.date(2024, 7, 1)]}), one(TimestampType()))))]


@add
def units_of_arrow_times(s):
    return [seen(s.createDataFrame(pa.table({"v": pa.array([1, None], pa.timestamp(unit, zone))}))) for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC", "America/New_York")]


@add
def units_of_arrow_durations(s):
    return [seen(s.createDataFrame(pa.table({"v": pa.array([1000, None], pa.duration(unit))}))) for unit in ("s", "ms", "us", "ns")]


@add
def intervals(s):
    d = s.sql("select interval 1 day a, interval '1 02' day to hour b, interval '1 02:03' day to minute c, interval 5 hour d, interval '5:06' hour to minute e, interval '5:06:07.8' hour to second f, interval 9 minute g, interval '9:10' minute to second h, interval 11 second i")
    return [*seen(d), *shown(d), d.select(F.col("a") + F.col("i"), F.col("b") * 2).schema.json()]


@add
def intervals_from_the_client(s):
    value = datetime.timedelta(days=1, hours=2, minutes=3, seconds=4, microseconds=5)
    return [caught_or(lambda a=a, b=b: seen(s.createDataFrame([(value,), (None,)], one(DayTimeIntervalType(a, b))))) for a in range(4) for b in range(a, 4)]


@add
def intervals_of_years(s):
    d = s.sql("select interval '1-2' year to month a, interval 3 year b, interval 4 month c, array(interval 1 month) d")
    return [d.schema.json(), caught_or(lambda: repr(d.collect())), pandas_text(d), arrow_text(d), *shown(d), caught_or(lambda: s.createDataFrame([(1,)], one(YearMonthIntervalType())).collect().__repr__()),
            s.createDataFrame([], StructType([StructField(f"i{a}{b}", YearMonthIntervalType(a, b)) for a in range(2) for b in range(a, 2)])).schema.json()]


@add
def calendar_intervals(s):
    d = s.sql("select make_interval(1, 2, 3, 4, 5, 6, 7.5) i, cast(null as interval) n")
    return [d.schema.json(), caught_or(lambda: repr(d.collect())), pandas_text(d), arrow_text(d), *shown(d), caught_or(lambda: repr(s.createDataFrame([(1,)], one(CalendarIntervalType())).collect())),
            caught_or(lambda: s.createDataFrame([], one(CalendarIntervalType())).schema.json())]


@add
def variants(s):
    d = s.sql("""select parse_json('{"a": [1, "x", null, 1.5, true], "b": {"c": "d"}}') v, array(parse_json('1')) a, struct(parse_json('"s"') x) st, map('k', parse_json('null')) m, cast(null as variant) n""")
    value = d.first().v
    return [d.schema.json(), caught_or(lambda: [str(value), value.toPython().__repr__(), value.toJson(), type(value).__name__]), [str(x) for x in (d.first().a[0], d.first().st.x, d.first().m["k"], d.first().n)], *shown(d),
            caught_or(lambda: [type(x).__name__ for x in d.toPandas().iloc[0]]), caught_or(lambda: str(d.toArrow().schema))]


@add
def variants_from_the_client(s):
    value = s.sql("""select parse_json('{"a": 1}') v""").first().v
    d = s.createDataFrame([(value,), (None,)], one(VariantType()))
    deep = StructType([StructField("l", ArrayType(VariantType())), StructField("m", MapType(StringType(), VariantType())), StructField("s", StructType([StructField("x", VariantType())]))])
    return [d.schema.json(), [str(r.v) for r in d.collect()], d.select(F.variant_get("v", "$.a", "int"), F.to_json("v"), F.col("v").cast("string")).collect().__repr__(),
            caught_or(lambda: [str(x) for x in s.createDataFrame([([value], {"k": value}, (value,))], deep).first()]), caught_or(lambda: s.createDataFrame([(value,)], ["v"]).schema.json()),
            caught_or(lambda: s.createDataFrame([(1,)], one(VariantType())).collect().__repr__())]


@add
def char_and_varchar(s):
    d = s.sql("select cast('ab' as char(4)) c, cast('abc' as varchar(5)) v, array(cast('x' as char(2))) a")
    return [*seen(d), *shown(d)]


@add
def nothing_but_nulls(s):
    return [*seen(s.createDataFrame([(None,), (None,)], one(NullType()))), *seen(s.sql("select null n, array(null) a, map('k', null) m, struct(null x) st")), caught(lambda: s.createDataFrame([(None,)], ["a"])),
            *seen(s.createDataFrame(pd.DataFrame({"a": [None, None]}))), *seen(s.createDataFrame(pa.table({"n": pa.nulls(2)})))]


@add
def arrays(s):
    schema = StructType([StructField("a", ArrayType(IntegerType(), False)), StructField("b", ArrayType(ArrayType(StringType()))), StructField("c", ArrayType(StructType([StructField("x", IntegerType())])))])
    d = s.createDataFrame([([1, 2], [["a", None], [], None], [Row(x=1), None]), ([], [], []), (None, None, None)], schema)
    return [*seen(d), *shown(d)]


@add
def maps(s):
    schema = StructType([StructField("a", MapType(StringType(), IntegerType(), False)), StructField("b", MapType(IntegerType(), MapType(StringType(), ArrayType(LongType())))), StructField("c", MapType(DateType(), StructType([StructField("x", IntegerType())])))])
    d = s.createDataFrame([({"k": 1, "l": 2}, {1: {"a": [1, None]}, 2: None}, {datetime.date(2024, 1, 1): Row(x=None)}), ({}, {}, {}), (None, None, None)], schema)
    return [*seen(d), *shown(d)]


@add
def structs(s):
    inner = StructType([StructField("x", IntegerType(), False), StructField("y", StructType([StructField("z", ArrayType(StringType()))]))])
    d = s.createDataFrame([(Row(x=1, y=Row(z=["a"])),), ((2, (None,)),), ({"x": 3, "y": {"z": []}},), (None,)], StructType([StructField("s", inner)]))
    return [*seen(d), *shown(d), repr([r.asDict(True) for r in d.collect()])]


@add
def structs_in_pandas(s):
    d = s.sql("select struct(1 a, struct('x' b) c) s, array(struct(1 a)) l, map('k', struct(1 a)) m")
    out = []
    for mode in ("legacy", "row", "dict"):
        with Settings(s, spark__sql__execution__pandas__structHandlingMode=mode):
            out += [mode, pandas_text(d)]
    return out


@add
def structs_with_repeated_names(s):
    d = s.sql("select struct(1 a, 2 a) s")
    out = [d.schema.json(), caught_or(lambda: repr(d.collect())), arrow_text(d)]
    for mode in ("legacy", "row", "dict"):
        with Settings(s, spark__sql__execution__pandas__structHandlingMode=mode):
            out += [mode, pandas_text(d)]
    twice = s.sql("select 1 a, 2 a")
    return [*out, *seen(twice), *shown(twice)]


@add
def infer_from_everything(s):
    @dataclass
    class Point:
        x: int
        y: str
    Pair = namedtuple("Pair", "a b")
    return [*seen(s.createDataFrame([Point(1, "a"), Point(2, None)])), *seen(s.createDataFrame([Pair(1, Pair(2, [3]))])), *seen(s.createDataFrame([{"a": 1, "b": {"c": 2}}, {"b": {"d": 3}}])),
            *seen(s.createDataFrame([Row(z=1, a=Row(y="q", b=None)), Row(z=2, a=Row(y="r", b=1.5))])), *seen(s.createDataFrame([(Point(1, "x"),)], ["p"])), *seen(s.createDataFrame([Row(1, "x"), Row(2, "y")], ["i", "s"]))]


@add
def infer_settings(s):
    out = []
    with Settings(s, spark__sql__pyspark__inferNestedDictAsStruct__enabled="true"):
        out += seen(s.createDataFrame([{"a": {"x": 1, "y": "b"}}, {"a": {"z": 2.5}}]))
    with Settings(s, spark__sql__pyspark__legacy__inferArrayTypeFromFirstElement__enabled="true"):
        out += [caught_or(lambda: seen(s.createDataFrame([([1, "a"],)], ["l"]))), caught_or(lambda: seen(s.createDataFrame([([None, 1],)], ["l"])))]
    with Settings(s, spark__sql__pyspark__legacy__inferMapTypeFromFirstPair__enabled="true"):
        out += [caught_or(lambda: seen(s.createDataFrame([({"a": 1, "b": 2.5},)], ["m"]))), caught_or(lambda: seen(s.createDataFrame([({"a": None, "b": 2},)], ["m"])))]
    return [*out, caught_or(lambda: seen(s.createDataFrame([([1, "a"],)], ["l"]))), caught_or(lambda: seen(s.createDataFrame([({"a": 1, "b": "x"},)], ["m"]))), caught_or(lambda: seen(s.createDataFrame([([1, 2.5],)], ["l"])))]


@add
def infer_sampling(s):
    rows = [Row(a=None), Row(a=1)] + [Row(a=None)] * 10
    return [caught_or(lambda: s.createDataFrame(rows).schema.json()), caught_or(lambda: s.createDataFrame(rows, samplingRatio=1.0).schema.json()), caught_or(lambda: s.createDataFrame([{"a": 1}, {"b": 2}], samplingRatio=1.0).schema.json())]


@add
def numpy_values(s):
    return [caught_or(lambda: seen(s.createDataFrame([(np.int32(1), np.float64(1.5))], "a int, b double"))),
            *[seen(s.createDataFrame(np.array([1, 2], kind))) for kind in ("int8", "int16", "int32", "int64", "float32", "float64", "bool")], *[caught_or(lambda kind=kind: seen(s.createDataFrame(np.array([1, 2], kind)))) for kind in ("uint8", "uint16", "U3")],
            s.range(1).select(F.lit(np.int16(3)).alias("a"), F.lit(np.float32(2.5)).alias("b"), F.lit(np.array([1, 2], "int32")).alias("c"), F.lit(np.array([1.5], "float32")).alias("d"), F.lit(np.bool_(True)).alias("e")).schema.json()]


@add
def pandas_kinds(s):
    frame = pd.DataFrame({"i8": np.array([1, 2], "int8"), "i16": np.array([1, 2], "int16"), "i32": np.array([1, 2], "int32"), "u8": np.array([1, 2], "uint8"), "u16": np.array([1, 2], "uint16"), "u32": np.array([1, 2], "uint32"), "f32": np.array([1.5, 2], "float32"),
                          "c": pd.Categorical(["a", None]), "dt": pd.to_datetime(["2024-01-01", None]), "tz": pd.to_datetime(["2024-01-01", None]).tz_localize("Europe/Berlin"), "td": pd.to_timedelta(["1 day", None]),
                          "dec": [Decimal("1.50"), None], "by": [b"x", None], "d": [datetime.date(2024, 1, 1), None], "o": ["a", None], "l": [[1, None], None], "n": [np.array([1.5, 2.5]), None]})
    return [[name, caught_or(lambda name=name: seen(s.createDataFrame(frame[[name]])))] for name in frame.columns]


@add
def pandas_extension_kinds(s):
    frame = pd.DataFrame({"I8": pd.array([1, None], "Int8"), "I32": pd.array([1, None], "Int32"), "U8": pd.array([1, None], "UInt8"), "F32": pd.array([1.5, None], "Float32"), "S": pd.array(["a", None], "string"), "B": pd.array([True, None], "boolean")})
    return [[name, caught_or(lambda name=name: seen(s.createDataFrame(frame[[name]])))] for name in frame.columns]


@add
def pandas_with_schemas(s):
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [1.5, None]})
    return [caught_or(lambda: seen(s.createDataFrame(frame, "a string, b string, c double"))), caught_or(lambda: seen(s.createDataFrame(frame, "a smallint, b string, c float"))),
            caught_or(lambda: seen(s.createDataFrame(frame, "b string, a int, c double"))), caught_or(lambda: seen(s.createDataFrame(frame, "a int"))), caught_or(lambda: seen(s.createDataFrame(frame, ["x", "y", "z"]))),
            caught_or(lambda: seen(s.createDataFrame(frame, ["x"]))), caught_or(lambda: seen(s.createDataFrame(frame, "a int, b int, c double"))), caught_or(lambda: seen(s.createDataFrame(frame, "a decimal(5,2), b string, c decimal(5,2)"))),
            caught_or(lambda: seen(s.createDataFrame(frame[["a"]], StructType([StructField("a", IntegerType(), False, {"k": 1})])))), caught_or(lambda: seen(s.createDataFrame(frame[["c"]], StructType([StructField("c", DoubleType(), False)]))))]


@add
def arrow_kinds(s):
    made = {
        "i8": pa.array([1, None], pa.int8()), "u8": pa.array([1, None], pa.uint8()), "u16": pa.array([1, None], pa.uint16()), "u32": pa.array([1, None], pa.uint32()), "u64": pa.array([1, None], pa.uint64()), "f16": pa.array(np.array([1.5, 2], "float16")),
        "f32": pa.array([1.5, None], pa.float32()), "ls": pa.array(["a", None], pa.large_string()), "sv": pa.array(["a", None], pa.string_view()), "lb": pa.array([b"a", None], pa.large_binary()), "fb": pa.array([b"ab", None], pa.binary(2)),
        "d64": pa.array([datetime.date(2024, 1, 1), None], pa.date64()), "dec": pa.array([Decimal("1.5"), None], pa.decimal128(38, 2)), "dec256": pa.array([Decimal("1.5"), None], pa.decimal256(40, 2)), "ll": pa.array([[1], None], pa.large_list(pa.int32())),
        "fl": pa.array([[1, 2], None], pa.list_(pa.int32(), 2)), "dic": pa.array(["x", None, "x"]).dictionary_encode(), "dici": pa.DictionaryArray.from_arrays(pa.array([0, 1, 0], pa.int8()), pa.array([10, 20])),
        "mdn": pa.array([(1, 2, 3)], pa.month_day_nano_interval()), "un": pa.array([1, None], pa.int64()), "map": pa.array([[("a", [1])], None], pa.map_(pa.large_string(), pa.large_list(pa.int64()))), "st": pa.array([{"x": "a", "y": {"z": 1}}, None]),
        "std": pa.StructArray.from_arrays([pa.array(["x", "y"]).dictionary_encode()], names=["d"]), "ree": pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), pa.array([7])),
    }
    return [[name, caught_or(lambda values=values: seen(s.createDataFrame(pa.table({"v": values}))))] for name, values in made.items()]


@add
def arrow_with_schemas(s):
    table = pa.table({"a": pa.array([1, 2], pa.int64()), "b": ["x", None]})
    required = pa.table([pa.array([1])], schema=pa.schema([pa.field("r", pa.int64(), nullable=False, metadata={"k": "v"})]))
    return [caught_or(lambda: seen(s.createDataFrame(table, "a int, b string"))), caught_or(lambda: seen(s.createDataFrame(table, "a string, b string"))), caught_or(lambda: seen(s.createDataFrame(table, "x int, y string"))), caught_or(lambda: seen(s.createDataFrame(table, ["p", "q"]))),
            caught_or(lambda: seen(s.createDataFrame(table, "a int"))), caught_or(lambda: seen(s.createDataFrame(required))), caught_or(lambda: seen(s.createDataFrame(table, StructType([StructField("a", LongType(), False), StructField("b", StringType(), False)])))),
            caught_or(lambda: seen(s.createDataFrame(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])))), caught_or(lambda: seen(s.createDataFrame(pa.table({"t": pa.array([0], pa.timestamp("us"))}), "t timestamp")))]


@add
def arrow_options(s):
    d = s.sql("select 'a' s, x'01' b, array('x') l, map('k', x'02') m, timestamp'2024-01-01 00:00:00' t")
    out = []
    with Settings(s, spark__sql__execution__arrow__useLargeVarTypes="true"):
        out += [arrow_text(d), pandas_text(d), repr(d.collect())]
    with Settings(s, spark__sql__execution__arrow__maxRecordsPerBatch="3"):
        out += [[b.num_rows for b in s.range(0, 10, 1, 1).toArrow().to_batches()], s.range(10).count(), repr(s.range(0, 7, 1, 1).toPandas().id.tolist())]
    with Settings(s, spark__sql__execution__arrow__pyspark__selfDestruct__enabled="true"):
        out += [pandas_text(d)]
    with Settings(s, spark__sql__execution__arrow__pyspark__enabled="false"):
        out += [pandas_text(d), seen(s.createDataFrame(pd.DataFrame({"a": [1]})))]
    with Settings(s, spark__sql__execution__pandas__convertToArrowArraySafely="true"):
        out += [caught_or(lambda: seen(s.createDataFrame(pd.DataFrame({"a": [1.5]}), "a int"))), caught_or(lambda: seen(s.createDataFrame(pd.DataFrame({"a": [300]}), "a tinyint")))]
    with Settings(s, spark__sql__execution__pandas__inferPandasDictAsMap="true"):
        out += [caught_or(lambda: seen(s.createDataFrame(pd.DataFrame({"a": [{"x": 1}, {"y": 2}]}))))]
    return out


@add
def rows_one_by_one(s):
    d = s.createDataFrame([(i, [str(i)], {"k": i}, (i, None)) for i in range(5)], "i int, l array<string>, m map<string,int>, s struct<a:int,b:double>")
    iterator = d.toLocalIterator()
    return [repr(next(iterator)), repr(list(iterator)), repr(list(d.toLocalIterator(prefetchPartitions=True))), repr(d.head()), repr(d.head(2)), repr(d.first()), repr(d.take(1)), repr(d.tail(2)), repr(s.range(0).first()), repr(s.range(0).head(1)), d.isEmpty(), s.range(0).isEmpty()]


@add
def schema_views(s):
    d = s.createDataFrame([(1, [Row(x=1, y={"k": [1.5]})])], StructType([StructField("i", IntegerType(), False, {"comment": "c", "k": [1, 2]}), StructField("a", ArrayType(StructType([StructField("x", IntegerType()), StructField("y", MapType(StringType(), ArrayType(DoubleType(), False)))]), False))]))
    return [printed(lambda: d.printSchema()), printed(lambda: d.printSchema(1)), printed(lambda: d.printSchema(2)), printed(lambda: d.printSchema(3)), printed(lambda: d.printSchema(0)), d.schema.json(), d.schema.simpleString(), d.schema.toDDL(), repr(d.schema), repr(d.dtypes), d.columns, d.schema.treeString(), d.schema.needConversion(),
            d.schema.fieldNames(), repr(d.schema["i"]), d.schema["i"].metadata.__repr__(), caught(lambda: d.schema["nope"]), caught(lambda: d.printSchema("x"))]


@add
def print_schema_of_all_types(s):
    d = s.sql("select 1Y a, 1S b, 1 c, 1L d, 1F e, 1D f, 1.5BD g, 'x' h, x'' i, true j, current_date() k, now() l, localtimestamp() m, interval 1 day n, interval 1 month o, null p, parse_json('1') q, make_interval(1) t, cast('x' as char(2)) u, cast('x' as varchar(2)) v, 'x' collate utf8_lcase w")
    return [printed(lambda: d.printSchema()), repr(d.dtypes), d.schema.json(), d.schema.simpleString(), caught_or(lambda: d.schema.toDDL())]


@add
def to_a_schema(s):
    d = s.createDataFrame([(1, "2", Row(x=1, y="a"), [Row(p=1)], {"k": Row(q=2)})], "a int, b string, c struct<x:int,y:string>, d array<struct<p:int>>, e map<string,struct<q:int>>")
    def to(text):
        return caught_or(lambda: [d.to(T._parse_datatype_string(text) if isinstance(text, str) else text).schema.json(), repr(d.to(T._parse_datatype_string(text) if isinstance(text, str) else text).collect())])
    required = StructType([StructField("a", IntegerType(), False)])
    return [to(StructType([StructField("b", StringType()), StructField("a", LongType())])), to(StructType([StructField("c", StructType([StructField("y", StringType()), StructField("x", LongType())]))])), to(StructType([StructField("new", IntegerType())])), to(required),
            to(StructType([StructField("a", StringType())])), to(StructType([StructField("b", IntegerType())])), to(StructType([StructField("A", DoubleType(), True, {"k": "v"})])), to(StructType([StructField("d", ArrayType(StructType([StructField("p", DoubleType()), StructField("n", StringType())])))])),
            to(StructType([StructField("e", MapType(StringType(), StructType([StructField("q", LongType())])))])), to(StructType([StructField("c", IntegerType())])), to(StructType([])), to(StructType([StructField("a", ByteType())])), to(StructType([StructField("a", BooleanType())])),
            to(StructType([StructField("d", ArrayType(StructType([StructField("p", IntegerType())]), False))])), to(StructType([StructField("n", IntegerType(), False)]))]


@add
def verification(s):
    kinds = [ByteType(), ShortType(), IntegerType(), LongType(), FloatType(), DoubleType(), DecimalType(5, 2), StringType(), BinaryType(), BooleanType(), DateType(), TimestampType(), TimestampNTZType(), TimeType(), DayTimeIntervalType(), ArrayType(IntegerType()), MapType(StringType(), IntegerType()),
             StructType([StructField("x", IntegerType())]), VariantType(), CharType(3), VarcharType(3), NullType()]
    values = [1, 1.5, "x", b"x", True, Decimal("1.234"), datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 1), datetime.time(1), datetime.timedelta(1), [1], {"a": 1}, (1,), 2**70]
    return [[kind.simpleString(), repr(value), caught_or(lambda kind=kind, value=value: repr(s.createDataFrame([(value,)], one(kind)).collect()))] for kind in kinds for value in values]


@add
def without_verification(s):
    kinds = [(IntegerType(), "1"), (StringType(), 1), (StringType(), [1]), (StringType(), {"a": True}), (DoubleType(), 1), (LongType(), True), (DecimalType(5, 2), Decimal("1.234")), (DateType(), datetime.datetime(2024, 1, 1, 5)), (BooleanType(), 1), (IntegerType(), 2**40), (StringType(), datetime.date(2024, 1, 1)), (StringType(), True), (StringType(), None)]
    return [[kind.simpleString(), repr(value), caught_or(lambda kind=kind, value=value: repr(s.createDataFrame([(value,)], one(kind), verifySchema=False).collect()))] for kind, value in kinds]


@add
def not_null_fields(s):
    deep = StructType([StructField("s", StructType([StructField("x", IntegerType(), False)]), False), StructField("l", ArrayType(IntegerType(), False), False), StructField("m", MapType(StringType(), IntegerType(), False), False)])
    return [caught(lambda: s.createDataFrame([(None,)], one(IntegerType(), False))), caught(lambda: s.createDataFrame([((None,), [1], {})], deep)), caught(lambda: s.createDataFrame([((1,), [None], {})], deep)), caught(lambda: s.createDataFrame([((1,), [1], {"a": None})], deep)),
            caught(lambda: s.createDataFrame([((1,), [1], {None: 1})], deep)), *seen(s.createDataFrame([((1,), [1], {"a": 1})], deep)), caught_or(lambda: seen(s.createDataFrame([(None,)], one(IntegerType(), False), verifySchema=False)))]


@add
def literals(s):
    zone = datetime.timezone(datetime.timedelta(hours=-5))
    values = [1, 2**40, 1.5, "x", b"x", bytearray(b"y"), True, None, Decimal("1.50"), Decimal("1E+3"), datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 1, 1, 2, 3, 4), datetime.datetime(2024, 1, 1, tzinfo=zone), datetime.time(1, 2, 3, 4), datetime.timedelta(1, 2, 3), [1, 2], [], [[1], [2]], ["a", None], (1, "x"), np.int64(3), [1, 2.5],
              float("nan"), float("inf"), "", [datetime.date(2024, 1, 1)], 2**63 - 1, -2**31, -2**31 - 1]
    return [[repr(value), caught_or(lambda value=value: [s.range(1).select(F.lit(value)).schema.json(), repr(s.range(1).select(F.lit(value)).collect())])] for value in values] + [caught_or(lambda: repr(s.range(1).select(F.lit({"a": 1})).collect())), caught_or(lambda: repr(s.range(1).select(F.lit(2**64)).collect())), caught_or(lambda: repr(s.range(1).select(F.lit(object())).collect()))]


@add
def casts_by_type_objects(s):
    kinds = [ByteType(), DecimalType(5, 1), StringType(), StringType("UTF8_LCASE"), BinaryType(), DateType(), TimestampType(), TimestampNTZType(), TimeType(3), CharType(4), VarcharType(2), ArrayType(StringType()), VariantType(), YearMonthIntervalType(), DayTimeIntervalType(1, 2)]
    return [[kind.simpleString(), caught_or(lambda kind=kind: s.range(1).select(F.lit(None).cast(kind).alias("v")).schema.json())] for kind in kinds]


@add
def udts_do_not_disturb_rows(s):
    return [repr(s.createDataFrame([Row(a=1)]).select(F.struct("a", F.lit(None).alias("n")).alias("s")).collect()), repr(s.createDataFrame([(1, None)], "a int, b struct<x:int>").select("b.x").collect())]


@add
def time_type(s):
    noon, later = F.lit(datetime.time(12, 34, 56)), F.lit(datetime.time(13, 0))
    s.conf.set("spark.sql.timeType.enabled", "true")
    try:
        d = s.createDataFrame([(datetime.time(12, 34), 1), (datetime.time(1, 2), 2), (None, 3)], ["t", "v"])
        return [str(x) for x in (
            d.orderBy("v").collect(), d.schema.simpleString(), s.range(1).select(F.hour(noon), F.minute(noon), F.second(noon), F.time_trunc(F.lit("minute"), noon), F.time_diff(F.lit("minute"), noon, later)).collect(),
            s.range(1).select(F.make_time(F.lit(1), F.lit(2), F.lit(3)), F.to_time(F.lit("12-00"), F.lit("HH-mm")), F.try_to_time(F.lit("x")), F.lit("12:00").cast("time"), F.lit("x").try_cast("time")).collect(),
            s.range(1).select(noon + F.expr("interval '1' hour"), later - noon, noon > F.lit("10:00"), noon.cast("string"), noon.cast("int")).collect(),
            d.agg(F.max("t"), F.min("t"), F.count_distinct("t")).collect(), d.groupBy("t").count().orderBy("t").collect(), caught(lambda: s.range(1).select(F.make_time(F.lit(25), F.lit(0), F.lit(0))).collect()),
            caught(lambda: s.range(1).select(F.to_time(F.lit("x"))).collect()), caught(lambda: s.range(1).select(F.time_trunc(F.lit("day"), noon)).collect()), caught(lambda: s.range(1).select(noon + 1).collect()))]
    finally:
        s.conf.unset("spark.sql.timeType.enabled")


@add
def time_type_refused(s):
    return [caught(x) for x in (
        lambda: s.range(1).select(F.lit(datetime.time(12, 34))).collect(), lambda: s.createDataFrame([(datetime.time(12, 34),)], ["t"]).collect(), lambda: s.range(1).select(F.lit("12:00").cast("time")).collect(),
        lambda: s.range(1).select(F.make_time(F.lit(1), F.lit(2), F.lit(3))).collect(), lambda: s.range(1).select(F.current_time()).count(), lambda: s.createDataFrame([], "t time").schema)]


test_types = cases.test()
