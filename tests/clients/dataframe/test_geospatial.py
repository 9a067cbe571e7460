"""GEOMETRY and GEOGRAPHY: values from Python, what comes back, and how their types are written."""

import pandas as pd
import pyarrow as pa
import pyspark.sql.functions as F
from harness.cases import Cases
from harness.frames import caught_or, seen, shown
from harness.programs import caught, printed
from pyspark.sql import Row
from pyspark.sql import types as T
from pyspark.sql.types import ArrayType, Geography, GeographyType, Geometry, GeometryType, IntegerType, MapType, StringType, StructField, StructType

cases = Cases("geospatial", since=(4, 2))
add = cases.add

POINT = bytes.fromhex("0101000000000000000000f03f0000000000000040")
FAR = bytes.fromhex("010100000000000000000031400000000000001c40")


def one(kind, nullable=True):
    return StructType([StructField("v", kind, nullable)])


@add
def geometries(s):
    d = s.createDataFrame([(Geometry(POINT, 0),), (Geometry(FAR, 0),), (None,)], one(GeometryType(0)))
    return [*seen(d), *shown_schema(d), repr(d.select(F.st_asbinary("v"), F.st_srid("v")).collect()), repr(d.first().v.getSrid()), d.first().v.getBytes().hex()]


def shown_schema(d):
    return [printed(lambda: d.printSchema()), repr(d.dtypes), repr(d), caught_or(lambda: printed(lambda: d.show()))]


@add
def geographies(s):
    d = s.createDataFrame([(Geography(POINT, 4326),), (None,)], one(GeographyType(4326)))
    return [*seen(d), *shown_schema(d), repr(d.select(F.st_asbinary("v"), F.st_srid("v")).collect())]


@add
def any_reference_system(s):
    d = s.createDataFrame([(Geometry(POINT, 0), Geography(POINT, 4326)), (Geometry(POINT, 3857), None), (Geometry(FAR, 4326), Geography(FAR, 4326))], StructType([StructField("g", GeometryType("ANY")), StructField("h", GeographyType("ANY"))]))
    return [*seen(d), *shown_schema(d), repr(d.select(F.st_srid("g"), F.st_srid("h")).collect())]


@add
def reference_systems(s):
    return [caught_or(lambda srid=srid: seen(s.createDataFrame([(Geometry(POINT, srid),)], one(GeometryType(srid))))) for srid in (0, 3857, 4326)] + [caught(lambda: GeometryType(1)), caught(lambda: GeographyType(0)), caught(lambda: GeometryType("x"))]


@add
def wrong_reference_systems(s):
    return [caught_or(lambda: repr(s.createDataFrame([(Geometry(POINT, 3857),)], one(GeometryType(0))).collect())), caught_or(lambda: repr(s.createDataFrame([(Geometry(POINT, 999),)], one(GeometryType("ANY"))).collect())), caught_or(lambda: repr(s.createDataFrame([(Geography(POINT, 0),)], one(GeographyType(4326))).collect())),
            caught_or(lambda: repr(s.createDataFrame([(Geography(POINT, 3857),)], one(GeographyType("ANY"))).collect())), caught_or(lambda: repr(s.createDataFrame([(Geography(POINT, 4326),)], one(GeometryType(4326))).collect()))]


@add
def wrong_values(s):
    return [caught_or(lambda value=value: repr(s.createDataFrame([(value,)], one(GeometryType(0))).collect())) for value in (1, "x", POINT, Geography(POINT, 4326), Geometry(b"", 0), Geometry(b"xyz", 0), Geometry(POINT[:10], 0))]


@add
def inferred(s):
    return [caught_or(lambda: s.createDataFrame([(Geometry(POINT, 0),)], ["g"]).schema.json()), caught_or(lambda: s.createDataFrame([(Geography(POINT, 4326),)], ["g"]).schema.json())]


@add
def nested(s):
    schema = StructType([StructField("a", ArrayType(GeometryType(0))), StructField("m", MapType(StringType(), GeographyType(4326))), StructField("s", StructType([StructField("g", GeometryType("ANY"), False), StructField("i", IntegerType())]))])
    d = s.createDataFrame([([Geometry(POINT, 0), None], {"k": Geography(POINT, 4326)}, Row(g=Geometry(POINT, 3857), i=1)), ([], {}, None)], schema)
    return [*seen(d), *shown_schema(d), repr(d.select(F.explode("a")).collect()), repr(d.select("s.g", F.col("m")["k"]).collect())]


@add
def functions(s):
    d = s.createDataFrame([(POINT, 4326), (None, 0)], "wkb binary, srid int")
    return [repr(d.select(F.st_geomfromwkb("wkb").alias("g")).collect()), repr(d.select(F.st_geogfromwkb("wkb").alias("g")).collect()), caught_or(lambda: repr(d.select(F.st_geomfromwkb("wkb", 4326).alias("g")).collect())), caught_or(lambda: repr(d.select(F.st_geomfromwkb("wkb", F.lit(3857)).alias("g")).collect())),
            caught_or(lambda: d.select(F.st_geomfromwkb("wkb"), F.st_geogfromwkb("wkb")).schema.json()), caught_or(lambda: repr(d.select(F.st_srid(F.st_setsrid(F.st_geomfromwkb("wkb"), 3857))).collect())), caught_or(lambda: repr(d.select(F.st_setsrid(F.st_geomfromwkb("wkb"), F.lit(4326)).alias("g")).collect())),
            caught_or(lambda: repr(d.select(F.st_geomfromwkb("wkb", "srid").alias("g")).collect())), caught_or(lambda: d.select(F.st_geomfromwkb("wkb", F.col("srid")).alias("g")).schema.json()), caught_or(lambda: repr(d.select(F.st_asbinary(F.st_geomfromwkb("wkb"), "XDR")).collect())), caught(lambda: d.select(F.st_srid("srid")).collect())]


@add
def casts_by_type_objects(s):
    d = s.createDataFrame([(Geography(POINT, 4326), Geometry(POINT, 4326))], StructType([StructField("h", GeographyType(4326)), StructField("g", GeometryType(4326))]))
    return [caught_or(lambda kind=kind, name=name: [d.select(F.col(name).cast(kind).alias("v")).schema.json(), repr(d.select(F.col(name).cast(kind).alias("v")).collect())]) for name in ("h", "g") for kind in (GeometryType(4326), GeometryType("ANY"), GeometryType(0), GeographyType(4326), GeographyType("ANY"), StringType())]


@add
def through_operators(s):
    d = s.createDataFrame([(1, Geometry(POINT, 0)), (2, Geometry(FAR, 0)), (3, None)], StructType([StructField("i", IntegerType()), StructField("g", GeometryType(0))]))
    anything = s.createDataFrame([(4, Geometry(POINT, 3857))], StructType([StructField("i", IntegerType()), StructField("g", GeometryType("ANY"))]))
    return [repr(d.filter("g is not null").select("g").collect()), d.union(d).schema.json(), caught_or(lambda: [d.union(anything).schema.json(), repr(d.union(anything).orderBy("i").collect())]), caught(lambda: d.groupBy("g").count().collect()), caught(lambda: d.distinct().collect()), caught(lambda: d.orderBy("g").collect()),
            caught(lambda: d.filter(F.col("g") == F.col("g")).collect()), caught_or(lambda: repr(d.agg(F.first("g"), F.count("g")).collect())), caught_or(lambda: repr(d.select(F.coalesce("g", F.lit(None))).collect())), caught_or(lambda: repr(d.select(F.struct("g"), F.array("g")).collect())), caught(lambda: d.join(d, "g").collect()),
            caught_or(lambda: repr(d.limit(1).toLocalIterator().__next__())), caught(lambda: d.select(F.hash("g")).collect()), caught(lambda: d.select(F.col("g").cast("string")).collect()), caught(lambda: d.select(F.concat("g", "g")).collect())]


@add
def types_as_text(s):
    kinds = [GeometryType(0), GeometryType(3857), GeometryType(4326), GeometryType("ANY"), GeographyType(4326), GeographyType("ANY"), ArrayType(GeometryType(0))]
    empty = s.createDataFrame([], StructType([StructField(f"c{n}", kind) for n, kind in enumerate(kinds)]))
    return [empty.schema.json(), empty.schema.simpleString(), empty.dtypes.__repr__(), printed(lambda: empty.printSchema()), [[kind.json(), kind.simpleString(), repr(kind)] for kind in kinds], T.StructType.fromJson(empty.schema.jsonValue()) == empty.schema,
            s.createDataFrame([], "g geometry(3857), h geography(any), a array<geometry(any)>").schema.json(), caught(lambda: s.createDataFrame([], "g geometry(7)")), caught(lambda: s.createDataFrame([], "g geometry")), caught(lambda: s.createDataFrame([], "g geography(0)")), caught(lambda: T.DataType.fromDDL("geometry(x)")),
            T.DataType.fromDDL("geography(4326)").json(), repr(T._parse_datatype_string("geometry(any)"))]


@add
def from_pandas_and_arrow(s):
    frame = pd.DataFrame({"v": [Geometry(POINT, 0), None]})
    field = pa.struct([pa.field("srid", pa.int32(), False), pa.field("wkb", pa.binary(), False, metadata={"geometry": "true", "srid": "0"})])
    table = pa.table({"v": pa.array([{"srid": 0, "wkb": POINT}], field)})
    return [caught_or(lambda: seen(s.createDataFrame(frame))), caught_or(lambda: seen(s.createDataFrame(frame, one(GeometryType(0))))), caught_or(lambda: seen(s.createDataFrame(table))), caught_or(lambda: seen(s.createDataFrame(table, one(GeometryType(0)))))]


@add
def kept_in_files(s, path):
    d = s.createDataFrame([(Geometry(POINT, 0), Geography(POINT, 4326))], StructType([StructField("g", GeometryType(0)), StructField("h", GeographyType(4326))]))
    out = []
    for kind in ("parquet", "orc", "json", "csv"):
        place = f"{path}/{kind}"
        def run(kind=kind, place=place):
            d.write.format(kind).save(place)
            back = s.read.format(kind).load(place)
            return [back.schema.json(), repr(back.collect())]
        out.append([kind, caught_or(run)])
    return [[kind, str(answer).replace(path, "PATH")] for kind, answer in out]


@add
def views(s):
    s.createDataFrame([(Geometry(POINT, 0),)], one(GeometryType(0))).createOrReplaceTempView("geo_view")
    return [repr(s.sql("select v from geo_view").collect()), printed(lambda: s.sql("describe geo_view").show(truncate=False)), s.table("geo_view").schema.json(), repr(s.sql("select st_srid(v) from geo_view").collect())]


test_geospatial = cases.test()
