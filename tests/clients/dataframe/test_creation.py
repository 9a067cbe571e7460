"""createDataFrame from everything Python has, schemas in all their forms, and what is refused."""

import array
import datetime
from collections import OrderedDict, namedtuple
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyspark.sql.functions as F
from harness.cases import Cases
from harness.programs import caught, printed
from pyspark.sql import Row
from pyspark.sql.types import (
    ArrayType, BinaryType, BooleanType, ByteType, CharType, DataType, DateType, DayTimeIntervalType, DecimalType, DoubleType, FloatType, IntegerType, LongType, MapType, NullType,
    ShortType, StringType, StructField, StructType, TimestampNTZType, TimestampType, VarcharType, YearMonthIntervalType,
)

cases = Cases("creation", since=(4, 2))
add = cases.add


@add
def infer_from_tuples(s):
    return [s.createDataFrame([(1, "a", 1.5, True, None), (2, None, None, None, None)], ["i", "s", "d", "b", "n"]), s.createDataFrame([(1, "a")]), s.createDataFrame([(1, 2), (3, 4)], ["x"]),
            s.createDataFrame([[1, 2]], ["a", "b"])]


@add
def infer_from_rows_and_dicts(s):
    Point = namedtuple("Point", "x y")
    return [s.createDataFrame([Row(a=1, b="x"), Row(a=2, b=None)]), s.createDataFrame([{"b": 1, "a": "x"}, {"a": "y", "c": 1.5}]), s.createDataFrame([Point(1, 2)]), s.createDataFrame([OrderedDict([("z", 1), ("y", 2)])]),
            s.createDataFrame([Row("p", "q")(1, 2)])]


@add
def infer_objects(s):
    class Thing:
        def __init__(self, a, b):
            self.a, self.b = a, b
    return s.createDataFrame([Thing(1, "x"), Thing(2, "y")])


@add
def infer_nested(s):
    return [s.createDataFrame([([1, 2], {"a": 1}, (1, "x"), Row(p=1, q=[1.5]))], ["l", "m", "t", "r"]), s.createDataFrame([([None, 1],), ([],)], ["l"]), s.createDataFrame([({"a": None, "b": 2},)], ["m"]),
            s.createDataFrame([([{"k": [1]}],)], ["deep"])]


@add
def infer_dict_as_struct(s):
    s.conf.set("spark.sql.pyspark.inferNestedDictAsStruct.enabled", "true")
    try:
        return s.createDataFrame([{"a": {"x": 1, "y": "b"}}])
    finally:
        s.conf.unset("spark.sql.pyspark.inferNestedDictAsStruct.enabled")


@add
def infer_widening(s):
    return [s.createDataFrame([(1,), (1.5,)], ["x"]), s.createDataFrame([(1,), ("a",)], ["x"]) if False else caught(lambda: s.createDataFrame([(1,), (True,)], ["x"]))]


@add
def infer_conflict(s):
    return [caught(lambda: s.createDataFrame([({"a": 1},), (1,)], ["x"])), caught(lambda: s.createDataFrame([(datetime.date(2020, 1, 1),), ([1],)], ["x"]))]


@add
def infer_times(s):
    return s.createDataFrame([(datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5, 6), datetime.timedelta(days=1, microseconds=5), Decimal("12.340"), b"xy", bytearray(b"z"))],
                             ["d", "t", "iv", "dec", "b", "ba"])


@add
def infer_zoned_times(s):
    zone = datetime.timezone(datetime.timedelta(hours=2))
    return s.createDataFrame([(datetime.datetime(2020, 1, 2, 12, tzinfo=zone),)], ["t"])


@add
def infer_arrays(s):
    import numpy as np
    return [s.createDataFrame([(array.array("i", [1, 2]), array.array("d", [1.5]))], ["a", "b"]), s.createDataFrame(np.array([[1, 2], [3, 4]])), s.createDataFrame(np.array([1.5, 2.5])),
            s.createDataFrame(np.array([[1, 2]]), ["p", "q"])]


@add
def empty_frames(s):
    return [s.createDataFrame([], "a int, b string"), s.createDataFrame([], StructType([])), caught(lambda: s.createDataFrame([])), caught(lambda: s.createDataFrame([], ["a"])), s.createDataFrame(pd.DataFrame({"a": pd.Series([], dtype="int64")}))]


@add
def schema_strings(s):
    data = [(1, "a")]
    return [s.createDataFrame(data, "i int, s string"), s.createDataFrame(data, "i: long, s: string"), s.createDataFrame(data, "struct<i:int,s:string>"), s.createDataFrame([1, 2], "int"), s.createDataFrame(["a"], StringType()),
            s.createDataFrame([1, None], "bigint"), s.createDataFrame(data, "i int not null comment 'x', s string"), s.createDataFrame([(1,)], "`a b` int"), caught(lambda: s.createDataFrame([[1]], "array<int>"))]


@add
def schema_string_errors(s):
    return [caught(lambda: s.createDataFrame([(1,)], "a nope")), caught(lambda: s.createDataFrame([(1,)], "a int b int")), caught(lambda: s.createDataFrame([(1,)], ""))]


@add
def typed_schema(s):
    schema = StructType([StructField("b", ByteType()), StructField("sh", ShortType()), StructField("i", IntegerType(), False), StructField("f", FloatType()), StructField("de", DecimalType(10, 3)),
                         StructField("a", ArrayType(LongType(), False)), StructField("m", MapType(StringType(), IntegerType())), StructField("bi", BinaryType()), StructField("bo", BooleanType()), StructField("nn", NullType())])
    return s.createDataFrame([(1, 2, 3, 1.5, Decimal("1.5"), [1], {"k": None}, b"x", True, None), (None, None, 0, None, None, None, None, None, None, None)], schema)


@add
def typed_times(s):
    schema = StructType([StructField("d", DateType()), StructField("t", TimestampType()), StructField("n", TimestampNTZType()), StructField("iv", DayTimeIntervalType(0, 3))])
    return s.createDataFrame([(datetime.date(1, 1, 1), datetime.datetime(1900, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999), datetime.timedelta(seconds=-1)), (None,) * 4], schema)


@add
def char_columns(s):
    return s.createDataFrame([("ab", "cd")], StructType([StructField("c", CharType(4)), StructField("v", VarcharType(4))])).schema.json()


@add
def verify_errors(s):
    i = StructType([StructField("i", IntegerType(), False)])
    return [caught(lambda: s.createDataFrame([("x",)], "i int")), caught(lambda: s.createDataFrame([(None,)], i)), caught(lambda: s.createDataFrame([(1, 2)], "i int")), caught(lambda: s.createDataFrame([(2**40,)], "i int")),
            caught(lambda: s.createDataFrame([(1,)], "s string")), caught(lambda: s.createDataFrame([(1,)], "a array<int>")), caught(lambda: s.createDataFrame([1], "s string")), caught(lambda: s.createDataFrame([(300,)], "b tinyint")),
            caught(lambda: s.createDataFrame([(1.5,)], "i int")), caught(lambda: s.createDataFrame([(1,)], "d double")), caught(lambda: s.createDataFrame([("1",)], "d decimal(5,1)"))]


@add
def unverified(s):
    return [s.createDataFrame([(1,)], "d double", verifySchema=False), s.createDataFrame([("7",)], "i string", verifySchema=False)]


@add
def wrong_inputs(s):
    return [caught(lambda: s.createDataFrame(1)), caught(lambda: s.createDataFrame([1, 2])), caught(lambda: s.createDataFrame(s.range(1))), caught(lambda: s.createDataFrame([(1,)], 5)), caught(lambda: s.createDataFrame("abc")),
            caught(lambda: s.createDataFrame([(1, 2)], ["a", "b", "c"]))]


@add
def from_pandas(s):
    d = pd.DataFrame({"i": [1, 2], "f": [1.5, None], "s": ["a", None], "b": [True, False], "t": pd.to_datetime(["2020-01-01", None]), "td": pd.to_timedelta(["1 day", None]), "c": pd.Categorical(["x", "y"])})
    return [s.createDataFrame(d), s.createDataFrame(d[["i", "s"]], ["a", "b"]), s.createDataFrame(d[["i", "f"]], "i long, f double"), s.createDataFrame(d[["i"]], "i int"), s.createDataFrame(d[["i"]], StructType([StructField("z", StringType())])) if False else s.createDataFrame(d[["i"]])]


@add
def from_pandas_nested(s):
    d = pd.DataFrame({"l": [[1, 2], None], "m": [{"a": 1}, {"a": 2}], "d": [datetime.date(2020, 1, 1), None]})
    return [s.createDataFrame(d), s.createDataFrame(d[["m"]], "m map<string,int>"), s.createDataFrame(d[["m"]], "m struct<a:int>")]


@add
def from_pandas_index_and_names(s):
    d = pd.DataFrame({"a": [1, 2]}, index=[10, 20])
    return [s.createDataFrame(d), caught(lambda: s.createDataFrame(pd.DataFrame([[1, 2]], columns=["a", "a"])).collect()), s.createDataFrame(pd.DataFrame([[1, 2]]))]


@add
def from_pandas_extension_types(s):
    return s.createDataFrame(pd.DataFrame({"i": pd.array([1, None], dtype="Int64"), "s": pd.array(["a", None], dtype="string"), "b": pd.array([True, None], dtype="boolean"), "f": pd.array([1.5, None], dtype="Float64")}))


@add
def from_arrow(s):
    t = pa.table({"i": pa.array([1, None], pa.int8()), "s": ["a", None], "d": pa.array([Decimal("1.25"), None], pa.decimal128(5, 2)), "t": pa.array([0, 1], pa.timestamp("us")), "z": pa.array([0, 1], pa.timestamp("us", "UTC")),
                  "l": [[1], None], "st": [{"a": 1}, None], "m": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())), "ls": pa.array(["x", "y"], pa.large_string()), "da": pa.array([0, None], pa.date32()), "du": pa.array([1, None], pa.duration("us"))})
    return [s.createDataFrame(t), s.createDataFrame(t.select(["i", "s"]), "i int, s string"), s.createDataFrame(t.select(["i"]), ["renamed"]), s.createDataFrame(t.slice(0, 0))]


@add
def from_arrow_dictionary(s):
    return s.createDataFrame(pa.table({"c": pa.array(["x", "y", "x"]).dictionary_encode()}))


@add
def many_rows_and_partitions(s):
    d = s.createDataFrame([(i, str(i)) for i in range(5000)], "i int, s string")
    return str([d.count(), d.agg(F.sum("i")).collect(), d.orderBy(F.desc("i")).first(), d.filter("i % 1000 = 0").collect()])


@add
def unicode_and_odd_names(s):
    return [s.createDataFrame([("ü", "漢字", "😀", "a\nb\t\"c\"", "")], ["é", "a.b", "x y", "`q`", "_1"]), s.createDataFrame([(1, 2)], ["A", "a"]).columns]


@add
def rows_behave(s):
    r = s.createDataFrame([(1, "a", None)], "x int, y string, z double").first()
    return [repr(r), r.x, r["y"], r[0], r.asDict(), "x" in r, len(r), list(r), r == Row(x=1, y="a", z=None), r.__fields__, caught(lambda: r.nope), caught(lambda: r["nope"]), s.sql("select struct(1 a, struct(2 b) c) r").first().asDict(True)]


@add
def types_of_ddl(s):
    return [DataType.fromDDL("a int, b: string").json(), DataType.fromDDL("decimal(5,2)").json(), DataType.fromDDL("struct<a:int not null,b:array<map<string,interval day to second>>>").json(), caught(lambda: DataType.fromDDL("nope")),
            caught(lambda: DataType.fromDDL("a int,")), DataType.fromDDL("a char(3), b varchar(4), c timestamp_ntz, d variant, e interval year to month, f string collate utf8_lcase").json(), StructType.fromDDL("a int, b string").toDDL()]


@add
def types_to_ddl(s):
    return [StructType([StructField("a b", IntegerType(), False, {"comment": "it's"}), StructField("m", MapType(StringType(), ArrayType(DoubleType())))]).toDDL(), StructType().add("x", "int").add("y", StringType(), True).simpleString()]


@add
def nullability_is_kept(s):
    d = s.createDataFrame([(1, [1])], StructType([StructField("i", IntegerType(), False), StructField("a", ArrayType(IntegerType(), False), False)]))
    return [d.schema.json(), d.select(F.col("i") + 1, F.col("a")[0], F.coalesce("i", F.lit(1)), F.when(F.col("i") > 1, 1)).schema.json(), d.select("i", F.explode("a")).schema.json()]


@add
def metadata_is_kept(s):
    d = s.createDataFrame([(1,)], StructType([StructField("i", IntegerType(), True, {"k": "v", "n": {"x": [1, 2]}})]))
    return [d.schema.json(), d.filter("i > 0").select("i").schema.json(), d.groupBy("i").count().schema.json(), d.union(d).schema.json(), d.join(d.select("i"), "i").schema.json()]


@add
def collected_types(s):
    r = s.sql("select 1Y a, 1S b, 1 c, 1L d, 1.5f e, 1.5d f, 1.5 g, 'x' h, x'01' i, true j, date'2020-01-01' k, timestamp'2020-01-01 00:00:00' l, timestamp_ntz'2020-01-01 00:00:00' m, interval 1 day n, null o, array(1) p, map('a', 1) q, struct(1 z) r, cast('a' as char(3)) s").first()
    return [[type(v).__name__ for v in r], repr(r)]


@add
def year_month_intervals(s):
    return [caught(lambda: s.sql("select interval 1 month").collect()), s.sql("select interval 1 month m").schema.json(), printed(lambda: s.sql("select interval '1-2' year to month m, interval 3 year y").show())]


test_creation = cases.test()
