"""Data from and to the client: createDataFrame of every kind, and every type back again."""

import datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyspark.sql.functions as F
import pytest
from harness.cases import CLIENT, Cases
from pyspark.sql import Row
from pyspark.sql import types as T

cases = Cases("data")
add = cases.add

ALL_TYPES = [
    ("1Y", T.ByteType(), 1), ("2S", T.ShortType(), 2), ("3", T.IntegerType(), 3), ("4L", T.LongType(), 4),
    ("cast(1.5 as float)", T.FloatType(), 1.5), ("2.5D", T.DoubleType(), 2.5), ("1.50", T.DecimalType(3, 2), Decimal("1.50")),
    ("cast('-99999999999999999999999999999999999.999' as decimal(38,3))", T.DecimalType(38, 3), Decimal("-99999999999999999999999999999999999.999")),
    ("'é日本😀'", T.StringType(), "é日本😀"), ("''", T.StringType(), ""), ("true", T.BooleanType(), True), ("x'00ff'", T.BinaryType(), bytearray(b"\x00\xff")),
    ("date'2024-02-29'", T.DateType(), datetime.date(2024, 2, 29)), ("date'0001-01-01'", T.DateType(), datetime.date(1, 1, 1)),
    ("timestamp_ntz'2024-02-29 01:02:03.456789'", T.TimestampNTZType(), datetime.datetime(2024, 2, 29, 1, 2, 3, 456789)),
    ("interval '1 02:03:04.5' day to second", T.DayTimeIntervalType(0, 3), datetime.timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
    ("null", T.NullType(), None), ("cast(null as int)", T.IntegerType(), None),
    ("array(1, null)", T.ArrayType(T.IntegerType()), [1, None]), ("array()", T.ArrayType(T.NullType(), False), []),
    ("map('a', 1, 'b', null)", T.MapType(T.StringType(), T.IntegerType()), {"a": 1, "b": None}),
    ("named_struct('x', 1, 'y', array(named_struct('z', 'q')))", None, Row(x=1, y=[Row(z="q")])),
    ("double('nan') = double('nan')", T.BooleanType(), True), ("double('-infinity')", T.DoubleType(), float("-inf")),
    ("9223372036854775807", T.LongType(), 2**63 - 1), ("array(array(1), array())", None, [[1], []]),
    ("map(1, map('k', array(date'2024-01-01')))", None, {1: {"k": [datetime.date(2024, 1, 1)]}}),
]


@pytest.mark.parametrize("text,kind,value", ALL_TYPES, ids=[t[0][:40] for t in ALL_TYPES])
def test_type_comes_back_through_collect(shared_spark, text, kind, value):
    frame = shared_spark.sql(f"select {text} as v")
    if kind is not None:
        assert frame.schema["v"].dataType == kind
    assert frame.collect() == [Row(v=value)]
    assert shared_spark.sql(f"select {text} as v where false").collect() == []


@pytest.mark.parametrize("text,kind,value", [t for t in ALL_TYPES if t[1] is not None and not isinstance(t[1], (T.NullType, T.ArrayType))],
                         ids=lambda x: str(x)[:40])
def test_type_goes_there_and_back(shared_spark, text, kind, value):
    schema = T.StructType([T.StructField("v", kind)])
    back = shared_spark.createDataFrame([(value,), (None,)], schema)
    assert back.schema == schema
    assert back.collect() == [Row(v=value), Row(v=None)]
    assert back.where(F.col("v").isNotNull()).count() == (0 if value is None else 1)


def test_timestamp_follows_the_session_zone(spark):
    instant = datetime.datetime(2024, 7, 1, 12, 0, tzinfo=datetime.timezone.utc)
    for zone, hour in (("UTC", 12), ("America/Los_Angeles", 5), ("Asia/Kolkata", 17)):
        spark.conf.set("spark.sql.session.timeZone", zone)
        row = spark.range(1).select(F.lit(instant).alias("t"), F.hour(F.lit(instant)).alias("h"), F.lit(instant).cast("string").alias("s")).collect()[0]
        assert row.h == hour
        assert row.t.astimezone(datetime.timezone.utc) == instant
        assert row.s.startswith(f"2024-07-01 {hour:02}:")


@pytest.mark.versions((4, 0))
def test_to_arrow_keeps_types(shared_spark):
    table = shared_spark.sql("select 1 i, 'x' s, 1.50 d, timestamp'2024-01-01 00:00:00' t, array(1) a, date'2024-01-01' dt").toArrow()
    assert table.schema.names == ["i", "s", "d", "t", "a", "dt"]
    assert pa.types.is_int32(table.schema.field("i").type)
    assert table.schema.field("d").type == pa.decimal128(3, 2)
    assert pa.types.is_timestamp(table.schema.field("t").type) and table.schema.field("t").type.tz == "UTC"
    assert table.num_rows == 1 and table.column("a").to_pylist() == [[1]]


@pytest.mark.versions((4, 0))
def test_to_arrow_of_many_batches(shared_spark):
    table = shared_spark.range(100_000).select("id", (F.col("id") * 2).alias("d")).toArrow()
    assert table.num_rows == 100_000
    assert sum(table.column("d").to_pylist()) == 2 * sum(range(100_000))


def test_to_pandas(shared_spark):
    frame = shared_spark.createDataFrame([(1, "a", 1.5), (2, None, None)], "i int, s string, v double").toPandas()
    assert list(frame.columns) == ["i", "s", "v"]
    assert frame["i"].tolist() == [1, 2] and frame["s"].tolist() == ["a", None]
    assert pd.isna(frame["v"][1])
    assert shared_spark.range(0).toPandas().shape == (0, 1)


def test_iterators(shared_spark):
    frame = shared_spark.range(25_000)
    assert sum(row.id for row in frame.toLocalIterator()) == sum(range(25_000))


def test_variant_comes_back(shared_spark):
    if CLIENT < (4, 0):
        pytest.skip("this client has no variant")
    row = shared_spark.sql("""select parse_json('{"a": [1, "x", null]}') v""").collect()[0]
    assert row.v.toPython() == {"a": [1, "x", None]}


# createDataFrame.


@add
def create_from_tuples_and_names(s):
    return [s.createDataFrame([(1, "a"), (2, "b")], ["n", "t"]), s.createDataFrame([(1, "a")]), s.createDataFrame([("x",)], "v string")]


@add
def create_from_rows_dicts_lists(s):
    return [s.createDataFrame([Row(a=1, b="x")]), s.createDataFrame([{"a": 1, "b": None}, {"a": 2, "b": "y"}]), s.createDataFrame([[1, 2.5]], "a int, b double")]


@add
def create_from_scalars(s):
    return s.createDataFrame([1, 2, 3], "int")


@add
def create_empty(s):
    return [s.createDataFrame([], "a int, b array<string>"), s.createDataFrame([], T.StructType([]))]


@add
def create_from_pandas(s):
    frame = pd.DataFrame({"i": [1, 2], "s": ["a", None], "d": [1.5, float("nan")], "b": [True, False], "t": [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-06-01 12:00:00.5")]})
    return [s.createDataFrame(frame), s.createDataFrame(frame[["i", "s"]], "x long, y string")]


@add(since=(4, 0))
def create_from_arrow(s):
    table = pa.table({"i": pa.array([1, None], pa.int64()), "l": pa.array([["a"], None]), "d": pa.array([Decimal("1.20"), None]), "st": pa.array([{"x": 1}, None])})
    return s.createDataFrame(table)


@add
def create_nested(s):
    schema = "id int, xs array<struct<k: string, v: array<int>>>, m map<string, struct<x: int>>"
    return s.createDataFrame([(1, [("a", [1, None])], {"q": (7,)}), (2, None, None), (3, [None], {})], schema)


@add
def create_with_wrong_nullability(s):
    schema = T.StructType([T.StructField("v", T.IntegerType(), False)])
    return s.createDataFrame([(1,)], schema)


@add
def create_large_is_cached(s):
    """Over the limit of inlined local data, so it goes as a cached artifact."""
    s.conf.set("spark.sql.session.localRelationCacheThreshold", 10_000)
    frame = s.createDataFrame([(i, "x" * 50) for i in range(5000)], "id int, t string")
    return frame.agg(F.sum("id"), F.sum(F.length("t")))


@add
def create_large_twice(s):
    data = pd.DataFrame({"id": range(20000), "t": ["y" * 20] * 20000})
    first, second = s.createDataFrame(data), s.createDataFrame(data)
    return first.join(second, "id").agg(F.count("*"))


@add
def create_many_columns(s):
    return s.createDataFrame([tuple(range(200))], [f"c{i}" for i in range(200)]).select("c0", "c99", "c199")


test_data = cases.test()
