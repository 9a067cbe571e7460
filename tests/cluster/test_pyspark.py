"""PySpark on a real Spark through Hearth: each program answers what the same Spark answers directly."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import io
import threading

import pandas as pd
import pyarrow as pa
import pytest
from harness.connect import connect
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.sql.observation import Observation
from pyspark.sql.window import Window

TYPES = """
  select true b, 1Y i8, 2S i16, 3 i32, 4L i64, float(1.5) f32, 2.5D f64, 1.25BD d, cast('12345678901234567890.123' as decimal(38,10)) big,
    'text' s, cast('ab' as binary) bin, date'2024-02-29' dt, timestamp'2024-02-29 12:34:56.789' ts, timestamp_ntz'2024-02-29 12:34:56' ntz,
    interval '1-2' year to month ym, interval '3 04:05:06.789' day to second ds, array(1, null, 3) a, map('k', 1, 'l', null) m,
    struct(1 x, 'y' y) st, array(struct(map(1, array(2)) m)) deep, null nothing, parse_json('{"a": [1, 2]}') v, time'12:34:56' t
"""


def test_sql_of_every_type(same):
    same(lambda s: s.sql(TYPES))
    same(lambda s: s.sql("select * from range(10) where id % 3 = :r", args={"r": 1}))
    same(lambda s: s.sql("select ? + ?", args=[1, 2]))


def test_sql_commands(same):
    same(lambda s: s.sql("set spark.sql.shuffle.partitions"))
    same(lambda s: s.sql("show functions like 'array_a*'"))
    same(lambda s: s.sql("describe function extended abs"))
    same(lambda s: s.sql("select current_catalog(), current_database(), version() is not null"))


def test_dataframes(same):
    def program(s):
        left = s.range(50).select("id", (F.col("id") % 5).alias("k"), F.concat(F.lit("n"), "id").alias("name"))
        right = s.createDataFrame([(0, "zero"), (1, "one"), (7, "seven")], "k bigint, word string")
        joined = left.join(right, "k", "left")
        ranked = joined.withColumn("rank", F.row_number().over(Window.partitionBy("k").orderBy(F.desc("id"))))
        return [
            ranked.where("rank <= 2").orderBy("k", "rank"),
            joined.groupBy("k").agg(F.count("*").alias("n"), F.sum("id"), F.collect_list("name")).orderBy("k"),
            left.groupBy().pivot("k").count(),
            left.unionByName(left.limit(0)).distinct().orderBy("id").offset(45),
            left.stat.crosstab("k", "k").orderBy("k_k"),
            left.select(F.col("id").cast("string")).summary("count", "min", "max"),
            joined.na.fill({"word": "?"}).orderBy("id").limit(5),
            left.randomSplit([0.5, 0.5], 7)[0].orderBy("id"),
            left.observe("o", F.count(F.lit(1))).orderBy("id").tail(2),
        ]

    same(program)


def test_local_data_of_every_kind(same):
    schema = T.StructType([
        T.StructField("i", T.IntegerType(), False), T.StructField("d", T.DecimalType(20, 3)), T.StructField("at", T.TimestampType()),
        T.StructField("day", T.DateType()), T.StructField("l", T.ArrayType(T.StringType())), T.StructField("m", T.MapType(T.StringType(), T.LongType())),
        T.StructField("b", T.BinaryType()), T.StructField("s", T.StructType([T.StructField("x", T.DoubleType())]))])
    rows = [(1, decimal.Decimal("1.500"), datetime.datetime(2024, 1, 2, 3, 4, 5), datetime.date(2024, 1, 2), ["a", None], {"k": 1}, b"\0\xff", (1.5,)),
            (2, None, None, None, None, None, None, None)]
    same(lambda s: s.createDataFrame(rows, schema))
    same(lambda s: s.createDataFrame(rows, schema).collect())
    same(lambda s: s.createDataFrame(pd.DataFrame({"a": [1, 2], "b": ["x", None]})))
    same(lambda s: s.createDataFrame(pa.table({"a": pa.array([1, None]), "c": pa.array(["x", "y"])})))
    same(lambda s: s.createDataFrame([], "a int"))


def test_large_local_data_is_cached_on_the_spark(same):
    frame = pd.DataFrame({"a": range(200_000), "b": [f"row {n} {'x' * 40}" for n in range(200_000)]})
    same(lambda s: s.createDataFrame(frame).agg(F.sum("a"), F.sum(F.length("b"))))


def test_schema_with_user_defined_type(same):
    from pyspark.ml.linalg import Vectors

    def program(s):
        frame = s.createDataFrame([(1, Vectors.dense([1.0, 2.0])), (2, Vectors.sparse(3, {1: 4.0}))], ["id", "v"])
        return [frame.schema.json(), frame.schema.simpleString(), frame.collect()]

    same(program)


def test_show_and_explain(same):
    def printed(call):
        with contextlib.redirect_stdout(io.StringIO()) as text:
            call()
        return text.getvalue()

    def program(s):
        frame = s.sql("select id, concat('héllo ', id) word, array(id) a from range(30)")
        return [printed(lambda: frame.show()), printed(lambda: frame.show(3, truncate=4)), printed(lambda: frame.show(2, vertical=True)),
                printed(lambda: frame.where("id > 3").explain()), printed(lambda: frame.explain("formatted")),
                printed(lambda: frame.explain("cost")), printed(lambda: frame.printSchema()), frame._repr_html_()]

    same(program)


def test_questions_about_frames(same):
    def program(s):
        frame, other = s.range(3).toDF("a"), s.range(3).toDF("a")
        return [frame.columns, frame.dtypes, frame.isStreaming, frame.isLocal(), frame.sameSemantics(other), frame.semanticHash() == other.semanticHash(),
                frame.inputFiles(), frame.storageLevel.__repr__(), s.version, frame.schema.json()]

    same(program)


def test_configuration(same):
    def program(s):
        s.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
        tokyo = s.sql("select timestamp'2024-01-01 00:00:00'").collect()
        s.conf.set("spark.sql.session.timeZone", "UTC")
        s.conf.set("own.key", "own value")
        answers = [tokyo, s.conf.get("own.key"), s.conf.get("no.such.key", "instead"), s.conf.isModifiable("spark.sql.ansi.enabled"),
                   s.conf.isModifiable("spark.driver.memory"), s.conf.get("spark.sql.ansi.enabled")]
        s.conf.unset("own.key")
        return [*answers, s.conf.get("own.key", None)]

    same(program)
    same(lambda s: s.conf.get("no.such.key"))
    same(lambda s: s.conf.set("spark.sql.shuffle.partitions", "many"))
    same(lambda s: s.conf.set("spark.sql.warehouse.dir", "/elsewhere"))
    same(lambda s: s.sql("set spark.sql.ansi.enabled = false") and s.sql("select 1 / 0"))
    same(lambda s: s.sql("set spark.sql.ansi.enabled = true") and s.conf.get("spark.sql.ansi.enabled"))


def test_all_configuration_is_that_of_the_spark(pair):
    through, direct = (dict(session.conf.getAll) for session in pair)
    differing = {key for key in set(through) ^ set(direct) if not key.startswith("hearth.")}
    assert differing == set()
    assert {key for key in direct if through[key] != direct[key]} == set()


def test_catalog(same):
    def program(s, name):
        s.sql(f"create database if not exists {name}")
        s.catalog.setCurrentDatabase(name)
        s.range(3).write.mode("overwrite").saveAsTable("numbers")
        s.range(2).createOrReplaceTempView("here")
        answers = [s.catalog.currentCatalog(), s.catalog.currentDatabase(), [d.name for d in s.catalog.listDatabases(name)],
                   [(t.name, t.tableType, t.isTemporary) for t in s.catalog.listTables()], [tuple(c) for c in s.catalog.listColumns("numbers")], s.catalog.tableExists("numbers"),
                   s.catalog.getTable("numbers").namespace, s.catalog.functionExists("abs"), s.catalog.isCached("numbers"), s.table("numbers")]
        s.catalog.cacheTable("numbers")
        answers += [s.catalog.isCached("numbers"), s.catalog.dropTempView("here"), s.catalog.dropTempView("here")]
        s.catalog.clearCache()
        s.catalog.setCurrentDatabase("default")
        s.sql(f"drop database {name} cascade")
        return answers

    same(program, "catalog_story")
    same(lambda s: s.catalog.getTable("nowhere"))
    same(lambda s: s.catalog.setCurrentDatabase("nowhere"))


def test_views_and_variables_stay_in_the_session(same, server):
    def program(s):
        s.range(4).createOrReplaceTempView("v")
        s.sql("declare or replace variable limit_of int default 2")
        s.sql("set variable limit_of = 3")
        return [s.sql("select * from v where id < limit_of order by id"), s.table("v").count()]

    same(program)
    other = connect(server)
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        other.table("v").collect()
    other.stop()


def test_global_views_are_of_the_spark(spark, server):
    spark.range(5).createOrReplaceGlobalTempView("everywhere")
    other = connect(server)
    assert other.table("global_temp.everywhere").count() == 5
    other.stop()


def test_metrics_that_were_observed(same):
    def program(s):
        seen, named = Observation("seen"), Observation()
        frame = s.range(100).observe(seen, F.count(F.lit(1)).alias("n"), F.max("id").alias("top"), F.array(F.min("id")).alias("low"))
        rows = frame.where("id % 2 = 0").observe(named, F.sum("id").alias("even")).collect()
        return [len(rows), seen.get, named.get]

    same(program)


def test_plan_metrics_come_with_results(pair):
    names = []
    for session in pair:
        frame = session.range(1000).groupBy((F.col("id") % 3).alias("k")).count()
        frame.toPandas()
        names.append([(one["name"], sorted(one["metrics"])) for one in plan_metrics(frame.executionInfo)])
    assert names[0] == names[1] and names[0]


def plan_metrics(info):
    return [{"name": one.name, "metrics": [value.name for value in one.metrics]} for one in info.metrics._metrics]


def test_progress_is_told(spark, quiet):
    told = []

    def handler(stages, inflight_tasks, operation_id, done):
        told.append((sum(one.num_tasks for one in stages), inflight_tasks, done))

    spark.registerProgressHandler(handler)
    spark.sql("select count(*) from range(0, 1600000000, 1, 8) where hash(id) % 17 = 3").collect()
    spark.removeProgressHandler(handler)
    assert told and told[-1][2] is True
    assert any(tasks >= 8 for tasks, _, _ in told), told


def test_writes_and_reads(same, tmp_path):
    def program(s):
        folder = str(tmp_path / s.session_id)
        frame = s.range(20).select("id", (F.col("id") % 4).alias("k"))
        frame.write.partitionBy("k").parquet(f"{folder}/parquet")
        frame.coalesce(1).write.csv(f"{folder}/csv", header=True)
        frame.coalesce(1).write.json(f"{folder}/json")
        frame.write.mode("append").parquet(f"{folder}/parquet")
        frame.write.format("noop").mode("overwrite").save()
        return [s.read.parquet(f"{folder}/parquet").groupBy("k").count().orderBy("k"), s.read.csv(f"{folder}/csv", header=True, inferSchema=True).orderBy("id"),
                s.read.json(f"{folder}/json").count(), len(s.read.parquet(f"{folder}/parquet").inputFiles()) > 0]

    same(program)


def test_commands_run_once(spark, server):
    """DDL and INSERT in SQL: one row in, one row there, whether the client takes the result or not."""
    table = f"default.once_{spark.session_id.replace('-', '')}"
    spark.sql(f"create table {table} (i int) using parquet")
    spark.sql(f"insert into {table} values (1)")
    spark.sql(f"insert into {table} values (2)").collect()
    spark.range(3, 4).selectExpr("cast(id as int) i").write.mode("append").saveAsTable(table)
    assert sorted(row.i for row in spark.table(table).collect()) == [1, 2, 3]
    spark.sql(f"drop table {table}")


def test_cache_persist_and_checkpoint(same):
    def program(s):
        frame = s.range(10).selectExpr("id", "id * 2 twice")
        frame.persist()
        level = str(frame.storageLevel)
        count = frame.count()
        frame.unpersist(blocking=True)
        checked, local = frame.checkpoint(), frame.localCheckpoint()
        return [level, count, str(frame.storageLevel), checked.orderBy("id"), local.where("id > 7").orderBy("id")]

    same(program)


def test_merge_into_command_and_merge_errors(same):
    same(lambda s: s.sql("merge into nowhere t using (select 1 i) s on t.i = s.i when matched then delete").collect())


def test_clone_keeps_what_the_session_had(server):
    session = connect(server)
    session.conf.set("own.key", "kept")
    session.range(3).createOrReplaceTempView("cloned_view")
    clone = session.cloneSession()
    assert clone.session_id != session.session_id
    assert clone.conf.get("own.key") == "kept" and clone.table("cloned_view").count() == 3
    clone.sql("drop view cloned_view")
    assert session.table("cloned_view").count() == 3
    clone.client.release_session()
    assert session.range(1).count() == 1
    clone.client.close()
    session.stop()


def test_toarrow_and_local_iterators(same):
    same(lambda s: s.range(100_000).toArrow().num_rows)
    same(lambda s: [row.id for row in s.range(1000).repartition(3).sort("id").toLocalIterator()][-1])
    same(lambda s: s.range(5).toPandas().to_dict("list"))
    same(lambda s: s.range(0).toArrow().schema.to_string())


def test_a_hundred_megabytes(pair):
    """Every row once, over many messages."""
    for session in pair:
        table = session.range(0, 6_500_000, 1, 4).selectExpr("id", "id * 3 as thrice").toArrow()
        assert table.num_rows == 6_500_000 and table.nbytes >= 100_000_000
        ids = table.column("id").to_numpy()
        ids.sort()
        assert (ids == range(6_500_000)).all()


def test_sessions_of_many_threads(server):
    failures = []

    def work(number):
        try:
            session = connect(server)
            session.sql(f"set own.number = {number}").collect()
            for _ in range(3):
                assert session.range(number).count() == number
                assert session.conf.get("own.number") == str(number)
            session.stop()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []


def test_a_stopped_session_is_gone_from_the_spark(server):
    session = connect(server)
    session.range(1).collect()
    session.stop()
    again = connect(server, parameters=f"session_id={session.session_id}", timezone=None)
    with pytest.raises(Exception, match="INVALID_HANDLE.SESSION_CLOSED"):
        again.range(1).collect()
    again.client.close()


@pytest.mark.hearth_only
def test_sessions_choose_their_engine_by_configuration(real, own_hearth):
    both = own_hearth(real.grpc, default=False)
    embedded = connect(both)
    embedded.range(1).collect()
    there = connect(both, **{"hearth.engine": "spark"})
    marker = f"engine_story_{there.session_id.replace('-', '')}"
    there.range(1).createOrReplaceGlobalTempView(marker)
    direct = connect(real)
    assert direct.table(f"global_temp.{marker}").count() == 1
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        embedded.table(f"global_temp.{marker}").collect()
    for session in (embedded, there, direct):
        session.stop()
