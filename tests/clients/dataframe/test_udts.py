"""User-defined types: values go to the server as what they are made of and come back as objects."""

import pandas as pd
import pyspark.sql.functions as F
from harness.cases import Cases
from harness.frames import caught_or, pandas_text, seen, shown
from harness.points import Count, CountType, JvmPoint, JvmPointType, Label, LabelType, Point, PointType
from harness.programs import caught, printed
from pyspark.sql import Row
from pyspark.sql.types import ArrayType, DoubleType, IntegerType, LongType, MapType, StringType, StructField, StructType

cases = Cases("udts", since=(4, 2))
add = cases.add

SCHEMA = StructType([StructField("id", LongType()), StructField("p", PointType())])


def points(s):
    return s.createDataFrame([(1, Point(1.0, 2.0)), (2, Point(3.0, 4.0)), (3, None)], SCHEMA)


@add
def inferred(s):
    d = s.createDataFrame([Row(label=1.0, point=Point(1.0, 2.0)), Row(label=2.0, point=Point(3.0, 4.0))])
    return [*seen(d), *shown(d)]


@add
def with_a_schema(s):
    return [*seen(points(s)), *shown(points(s)), repr(points(s).first().p), [type(r.p).__name__ for r in points(s).collect()]]


@add
def class_of_the_jvm(s):
    d = caught_or(lambda: seen(s.createDataFrame([(JvmPoint(1.0, 2.0),)], StructType([StructField("p", JvmPointType())]))))
    return d


@add
def of_structs_and_numbers(s):
    schema = StructType([StructField("l", LabelType()), StructField("c", CountType())])
    d = s.createDataFrame([(Label("a", 1), Count(5)), (Label("b", None), Count(6)), (None, None)], schema)
    return [*seen(d), *shown(d), caught_or(lambda: repr(d.select("l.text").collect())), caught_or(lambda: repr(d.select(F.col("c") + 1).collect()))]


@add
def inside_of_other_types(s):
    schema = StructType([StructField("a", ArrayType(PointType())), StructField("m", MapType(IntegerType(), PointType())), StructField("s", StructType([StructField("p", PointType())]))])
    d = s.createDataFrame([([Point(1.0, 2.0), None], {1: Point(3.0, 4.0)}, Row(p=Point(5.0, 6.0))), (None, None, None)], schema)
    return [*seen(d), *shown(d), repr(d.select(F.col("a")[0], F.col("m")[1], "s.p").collect()), repr(d.select(F.explode("a")).collect()), d.select(F.explode("a")).schema.json()]


@add
def through_operators(s):
    d = points(s)
    return [repr(d.filter(F.col("id") == 1).collect()), repr(d.select("p").limit(1).collect()), repr(d.union(d).orderBy("id").collect()), d.union(d).schema.json(), repr(d.join(d.select("id", F.col("p").alias("q")), "id").orderBy("id").collect()), repr(d.filter(F.col("p").isNull()).collect()),
            caught_or(lambda: d.groupBy("p").count().count()), caught_or(lambda: d.distinct().count()), caught_or(lambda: repr(d.agg(F.first("p"), F.last("p", True), F.collect_list("p")).collect())),
            caught_or(lambda: repr(d.orderBy(F.desc("p")).collect())), caught_or(lambda: d.select(F.count("p")).collect().__repr__()), repr(d.unionByName(d.select("p", "id")).count()), caught_or(lambda: repr(d.dropDuplicates(["p"]).count())),
            repr(d.withColumn("q", F.col("p")).withColumnRenamed("p", "r").schema.json()), caught_or(lambda: repr(d.select(F.struct("p").alias("s"), F.array("p").alias("a")).collect())), caught_or(lambda: repr(d.select(F.coalesce("p", F.lit(None))).collect())),
            caught_or(lambda: repr(d.select(F.when(F.col("id") == 1, F.col("p"))).collect())), repr(d.na.drop().count()), repr(list(d.toLocalIterator())), repr(d.tail(1))]


@add
def casts(s):
    d = points(s)
    return [caught_or(lambda: repr(d.select(F.col("p").cast("string")).collect())), caught_or(lambda: repr(d.select(F.col("p").cast("array<double>")).collect())), caught_or(lambda: repr(d.select(F.col("p").cast("array<int>")).collect())), caught(lambda: d.select(F.col("p").cast("int")).collect()),
            caught_or(lambda: repr(d.select(F.col("p").cast(PointType())).collect())), caught_or(lambda: d.select(F.col("p").cast(ArrayType(DoubleType()))).schema.json()), caught_or(lambda: repr(d.select(F.array(F.lit(1.0), F.lit(2.0)).cast(PointType())).collect())), caught_or(lambda: repr(d.select(F.lit(None).cast(PointType()).alias("n")).collect())),
            caught_or(lambda: repr(d.select(F.size("p"), F.col("p")[0]).collect())), caught_or(lambda: repr(d.select(F.to_json(F.struct("p"))).collect())), caught_or(lambda: repr(d.select(F.typeof("p")).distinct().collect()))]


@add
def unions_with_other_types(s):
    d = points(s)
    plain = s.createDataFrame([(9, [7.0, 8.0])], "id long, p array<double>")
    other = s.createDataFrame([(9, Label("x", 1))], StructType([StructField("id", LongType()), StructField("p", LabelType())]))
    return [caught_or(lambda: [d.union(plain).schema.json(), repr(d.union(plain).collect())]), caught_or(lambda: [plain.union(d).schema.json(), repr(plain.union(d).collect())]), caught(lambda: d.union(other).collect()), caught(lambda: d.union(s.range(1).select("id", "id")).collect())]


@add
def from_pandas(s):
    frame = pd.DataFrame({"id": [1, 2], "p": [Point(1.0, 2.0), Point(3.0, 4.0)]})
    return [caught_or(lambda: seen(s.createDataFrame(frame))), caught_or(lambda: seen(s.createDataFrame(frame, SCHEMA))), pandas_text(points(s)), caught_or(lambda: seen(s.createDataFrame(pd.DataFrame({"p": [Point(1.0, 2.0), None]}))))]


@add
def wrong_values(s):
    return [caught(lambda: s.createDataFrame([(1, Label("x", 1))], SCHEMA)), caught(lambda: s.createDataFrame([(1, [1.0])], SCHEMA)), caught(lambda: s.createDataFrame([(1, Point("a", "b"))], SCHEMA))]


@add
def kept_in_tables_and_views(s, path):
    points(s).createOrReplaceTempView("udt_points")
    view = s.table("udt_points")
    points(s).write.mode("overwrite").parquet(path + "/p")
    back = s.read.parquet(path + "/p")
    return [view.schema.json(), repr(view.collect()), repr(s.sql("select p from udt_points where id = 2").collect()), printed(lambda: s.sql("describe udt_points").show(truncate=False)), back.schema.json(), repr(back.orderBy("id").collect()), caught_or(lambda: repr(s.read.schema(SCHEMA).parquet(path + "/p").orderBy("id").collect()))]


@add
def nullability_and_metadata(s):
    schema = StructType([StructField("p", PointType(), False, {"k": "v"})])
    d = s.createDataFrame([(Point(1.0, 2.0),)], schema)
    return [d.schema.json(), d.select("p").schema == schema, caught(lambda: s.createDataFrame([(None,)], schema)), d.to(schema).schema.json(), caught_or(lambda: repr(d.to(StructType([StructField("p", ArrayType(DoubleType()))])).collect()))]


test_udts = cases.test()
