#!/usr/bin/env python3
"""Records plans as PySpark 4.2 serialises them, one `<name>.bin` each, for the tests of `from_proto`.

Needs PyPI `pyspark[connect]==4.2.0` and no server: plans are built against a session that is never asked anything.
The same plans come out byte for byte on every run.
"""

import datetime
import decimal
import pathlib

import pyarrow as pa
from pyspark.sql.connect import functions as F
from pyspark.sql.connect.functions import partitioning
from pyspark.sql.connect import plan as P
from pyspark.sql.connect.dataframe import DataFrame
from pyspark.sql.connect.proto import Parse, Plan
from pyspark.sql.connect.window import Window as W
from pyspark.sql.types import LongType, StringType, StructType
from pyspark.testing.connectutils import MockRemoteSession

HERE = pathlib.Path(__file__).parent
session = MockRemoteSession()
session._session_id = "00112233-4455-6677-8899-aabbccddeeff"


class Client:
    """What plans ask of a client while they are serialised."""

    _user_id = "user"
    _session_id = session._session_id
    is_closed = True

    def _set_relation_in_plan(self, plan, relation):
        plan.root.CopyFrom(relation)

    def _set_command_in_plan(self, plan, command):
        plan.command.CopyFrom(command)


session.__dict__["client"] = Client()


def frame(plan):
    return DataFrame(plan, session)


def table(name, **options):
    return frame(P.Read(name, options))


t = table("tab")
u = table("cat.db.`u-1`")
v = table("v")
PARSE_JSON = Parse.ParseFormat.PARSE_FORMAT_JSON
schema = StructType().add("id", LongType(), False).add("name", StringType())

RELATIONS = {
    "read_table": lambda: table("db.t", a="1", b="2"),
    "read_files": lambda: frame(P.DataSource(format="csv", schema="a INT, b STRING", options={"header": "true"}, paths=["/a", "/b"])),
    "range": lambda: frame(P.Range(1, 10, 2, 3)),
    "sql_plain": lambda: frame(P.SQL("SELECT 1")),
    "sql_named": lambda: frame(P.SQL("SELECT :a, :b", named_args={"a": F.lit(1), "b": F.lit("x")})),
    "sql_positional": lambda: frame(P.SQL("SELECT ?, ?", args=[F.lit(1), F.lit(2.5)])),
    "local": lambda: frame(P.LocalRelation(pa.table({"id": pa.array([1, 2], pa.int64()), "name": ["a", "b"]}), schema.json())),
    "project": lambda: t.select("a", t.b, F.col("`x.y`").alias("z"), (F.col("a") + 1).cast("bigint"), F.col("*"), F.col("s.*"), t["*"]),
    "alias_metadata": lambda: t.select(F.col("a").alias("b", metadata={"k": 1}), F.explode("m").alias("k", "v")),
    "filter": lambda: t.filter((F.col("a") > 1) & ~F.col("b").isNull()).where("c < 3 OR d LIKE 'x%'"),
    "literals": lambda: t.select(
        F.lit(None), F.lit(True), F.lit(1), F.lit(2**40), F.lit(1.5), F.lit("s"), F.lit(b"\x00\xff"),
        F.lit(decimal.Decimal("12.345")), F.lit(datetime.date(2020, 2, 29)), F.lit(datetime.time(1, 2, 3, 4)),
        F.lit(datetime.timedelta(days=1, microseconds=2)), F.lit([1, 2]), F.lit([["a"], []]),
    ),
    "casts": lambda: t.select(F.col("a").cast("int"), F.col("a").cast(LongType()), F.col("a").try_cast("date"), F.col("a").astype(schema)),
    "functions": lambda: t.select(F.count_distinct("a", "b"), F.call_function("db.f", F.col("a")), F.when(F.col("a") == 1, "x").otherwise("y"), F.expr("a + 1"), F.sum_distinct("a")),
    "lambda": lambda: t.select(F.transform("xs", lambda x, i: x + i), F.aggregate("xs", F.lit(0), lambda acc, x: acc + x, lambda acc: acc * 2)),
    "struct_fields": lambda: t.select(F.col("s").withField("a", F.lit(1)).dropFields("b", "c"), F.col("s").getField("x"), F.col("m")["k"], F.col("l")[0]),
    "windows": lambda: t.select(
        F.row_number().over(W.partitionBy("a").orderBy(F.desc("b"), F.asc_nulls_last("c"))),
        F.sum("a").over(W.partitionBy("b").orderBy("c").rowsBetween(-1, W.currentRow)),
        F.max("a").over(W.orderBy("c").rangeBetween(W.unboundedPreceding, W.unboundedFollowing)),
    ),
    "col_regex": lambda: frame(P.Project(t._plan, [t.colRegex("`a.*`"), t.colRegex("plain")])) ,
    "join_using": lambda: t.join(u, ["id", "k"], "left"),
    "join_on": lambda: t.alias("l").join(u.alias("r"), F.col("l.id") == F.col("r.id"), "full").join(v, how="cross"),
    "join_kinds": lambda: t.join(u, t.a == u.a, "left_semi").join(v, t.a == v.a, "left_anti").join(v, t.a == v.b, "right"),
    "lateral_join": lambda: t.lateralJoin(u, F.col("x") == F.col("y"), "left"),
    "as_of_join": lambda: t._joinAsOf(u, "ts", "ts2", on="id", tolerance=F.lit(5), direction="backward"),
    "set_operations": lambda: t.union(u).unionByName(v, allowMissingColumns=True).intersect(t).exceptAll(u).distinct(),
    "sort": lambda: t.orderBy("a", F.desc_nulls_first("b")).sortWithinPartitions(F.col("c").desc()),
    "limits": lambda: frame(P.Tail(t.limit(5).offset(2)._plan, 3)),
    "group_by": lambda: t.groupBy("a", F.col("b")).agg(F.sum("c").alias("s"), F.count("*")),
    "rollup": lambda: t.rollup("a", "b").agg(F.max("c")),
    "cube": lambda: t.cube("a").count(),
    "pivot": lambda: t.groupBy("a").pivot("b", [1, 2]).agg(F.sum("c")),
    "grouping_sets": lambda: t.groupingSets([[F.col("a"), F.col("b")], [F.col("a")], []], "a", "b").agg(F.sum("c")),
    "global_aggregate": lambda: t.agg(F.min("a")),
    "duplicates": lambda: t.dropDuplicates(["a", "b"]).dropDuplicatesWithinWatermark(),
    "columns": lambda: t.withColumn("x", F.lit(1)).withColumns({"y": F.col("a"), "z": F.col("b")}).withColumnsRenamed({"a": "b", "c": "d"}).drop("x", F.col("y")),
    "to_df": lambda: t.toDF("a", "b").to(schema),
    "unpivot": lambda: t.unpivot(["id"], ["a", "b"], "var", "val").melt("id", None, "k", "v"),
    "transpose": lambda: t.transpose("a"),
    "sample": lambda: t.sample(True, 0.5, 7),
    "repartition": lambda: t.repartition(4).coalesce(2).repartition(8, "a").repartitionByRange("b").repartition("c"),
    "hint": lambda: t.hint("broadcast").hint("repartition", 3, "a"),
    "na": lambda: t.na.fill(0).na.fill({"a": 1, "b": "x"}).na.drop("all", subset=["a"]).na.drop(thresh=2).na.replace({1: 2, 3: 4}, subset="a"),
    "statistics": lambda: frame(P.StatCrosstab(t._plan, "a", "b")),
    "summary": lambda: t.summary("count", "75%").describe("a"),
    "sample_by": lambda: t.sampleBy("a", {0: 0.1, 1: 0.5}, 3),
    "freq_items": lambda: t.freqItems(["a"], 0.3),
    "approx_quantile": lambda: frame(P.StatApproxQuantile(t._plan, ["a"], [0.5, 0.9], 0.01)),
    "cov": lambda: frame(P.StatCov(t._plan, "a", "b")),
    "corr": lambda: frame(P.StatCorr(t._plan, "a", "b", "pearson")),
    "show": lambda: frame(P.ShowString(t._plan, 20, 20, False)),
    "html": lambda: frame(P.HtmlString(t._plan, 20, 20)),
    "watermark": lambda: t.withWatermark("ts", "1 hour"),
    "metrics": lambda: t.observe("obs", F.count("*").alias("n")),
    "alias": lambda: t.alias("x"),
    "table_function": lambda: frame(P.UnresolvedTableValuedFunction("explode", [F.array(F.lit(1))])),
    "subqueries": lambda: t.where(F.col("a") == u.select(F.max("b")).scalar()).where(v.where(F.col("v.id") == F.col("tab.id").outer()).exists()).where(F.col("c").isin(u.select("c"))),
    "chunked_cached_local": lambda: frame(P.ChunkedCachedLocalRelation(["abc", "def"], "schema")),
    "cached_remote": lambda: frame(P.CachedRemoteRelation("rel-1", session)),
    "current_database": lambda: frame(P.CurrentDatabase()),
    "list_tables": lambda: frame(P.ListTables("db", "t*")),
    "list_functions": lambda: frame(P.ListFunctions()),
    "get_table": lambda: frame(P.GetTable("db.t")),
    "table_exists": lambda: frame(P.TableExists("t", "db")),
    "create_table": lambda: frame(P.CreateTable("db.t", "/p", "parquet", "words", schema, {"k": "v"})),
    "cache_table": lambda: frame(P.CacheTable("db.t")),
    "drop_temp_view": lambda: frame(P.DropTempView("v")),
    "recover_partitions": lambda: frame(P.RecoverPartitions("db.t")),
    "parse_json": lambda: frame(P.Parse(t._plan, PARSE_JSON, schema.json(), {"mode": "FAILFAST"})),
}


def write(mode="append", **fields):
    op = P.WriteOperation(t._plan)
    op.mode = mode
    for name, value in fields.items():
        setattr(op, name, value)
    return op


def write_v2(**fields):
    op = P.WriteOperationV2(t._plan, "cat.db.t")
    for name, value in fields.items():
        setattr(op, name, value)
    return op


COMMANDS = {
    "write_path": lambda: write("overwrite", source="parquet", path="/out", partitioning_cols=["a"], options={"compression": "zstd"}),
    "write_table": lambda: write("ignore", source="parquet", table_name="db.t", table_save_method="save_as_table", num_buckets=4, bucket_cols=["a"], sort_cols=["b"]),
    "insert_into": lambda: write("append", table_name="db.t", table_save_method="insert_into"),
    "write_v2": lambda: write_v2(mode="overwrite", overwrite_condition=F.col("a") == 1, provider="parquet", partitioning_columns=[partitioning.years("ts")], table_properties={"k": "v"}),
    "create_view": lambda: P.CreateView(child=t._plan, name="v", is_global=True, replace=True),
    "sql_command": lambda: P.SQL("SELECT :x", named_args={"x": F.lit(1)}),
    "checkpoint": lambda: P.Checkpoint(t._plan, True, True),
}


def main():
    for old in HERE.glob("*.bin"):
        old.unlink()
    client = Client()
    plans = {name: build()._plan.to_proto(client) for name, build in RELATIONS.items()}
    plans |= {name: Plan(command=build().command(client)) for name, build in COMMANDS.items()}
    for name, plan in plans.items():
        (HERE / f"{name}.bin").write_bytes(plan.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
