"""SparkSession, its settings, SQL with arguments, the catalog's life, table functions, tags and progress."""

import datetime
from decimal import Decimal

import pyspark.sql.functions as F
from harness.cases import Cases
from harness.programs import caught, printed
from pyspark.sql.types import IntegerType, StringType, StructField, StructType

DB = "frames_db"


def setup(s):
    s.sql(f"drop database if exists {DB} cascade")
    s.sql(f"create database {DB}")
    s.createDataFrame([(1, "a"), (2, "b"), (3, None)], "id int, s string").createOrReplaceTempView("v")


cases = Cases("sessions", setup, since=(4, 2))
add = cases.add


@add
def conf_get_and_set(s):
    c = s.conf
    c.set("spark.sql.shuffle.partitions", 7)
    c.set("spark.sql.ansi.enabled", True)
    c.set("my.own.key", "x")
    out = [c.get("spark.sql.shuffle.partitions"), c.get("spark.sql.ansi.enabled"), c.get("my.own.key"), c.get("my.other.key", "none"), c.get("my.none", None)]
    for key in ("spark.sql.shuffle.partitions", "my.own.key", "spark.sql.ansi.enabled"):
        c.unset(key)
    return [*out, caught(lambda: c.get("my.own.key")), "my.own.key" in c.getAll]


@add
def conf_errors(s):
    c = s.conf
    return [caught(lambda: c.get("no.such.key")), caught(lambda: c.set("spark.sql.shuffle.partitions", "many")), caught(lambda: c.set("spark.sql.shuffle.partitions", 1.5)), caught(lambda: c.set(1, "x")), caught(lambda: c.get(1)),
            caught(lambda: c.set("spark.sql.warehouse.dir", "x")), caught(lambda: c.set("spark.executor.memory", "1g")), caught(lambda: c.set("spark.sql.session.timeZone", "Nowhere")), caught(lambda: c.set("spark.sql.x", None)),
            caught(lambda: c.unset("spark.sql.warehouse.dir")), caught(lambda: c.set("spark.sql.ansi.enabled", "maybe"))]


@add
def conf_modifiable(s):
    return [s.conf.isModifiable(k) for k in ("spark.sql.shuffle.partitions", "spark.sql.warehouse.dir", "spark.master", "no.such.key", "spark.sql.ansi.enabled", "spark.executor.memory")]


@add
def conf_defaults(s):
    return [s.conf.get(k) for k in ("spark.sql.ansi.enabled", "spark.sql.caseSensitive", "spark.sql.sources.default", "spark.sql.execution.arrow.maxRecordsPerBatch", "spark.sql.autoBroadcastJoinThreshold",
                                    "spark.sql.repl.eagerEval.enabled", "spark.sql.execution.arrow.pyspark.enabled", "spark.sql.sources.partitionOverwriteMode", "spark.sql.storeAssignmentPolicy", "spark.sql.legacy.timeParserPolicy",
                                    "spark.sql.crossJoin.enabled", "spark.sql.groupByOrdinal", "spark.sql.adaptive.enabled", "spark.sql.timestampType", "spark.sql.parquet.compression.codec", "spark.sql.mapKeyDedupPolicy")]


@add
def sql_arguments(s):
    return [s.sql("select :a + :b as x, :s as s", {"a": 1, "b": 2.5, "s": "it's"}), s.sql("select ? as x, ? as y", [datetime.date(2020, 1, 1), None]), s.sql("select * from v where id > :low order by id", args={"low": 1}),
            s.sql("select :l[0] as x", {"l": F.array(F.lit(1), F.lit(2))}), s.sql("select :m as m", {"m": F.create_map(F.lit("k"), F.lit(1))}), s.sql("select * from {d} where id = {k}", d=s.range(3), k=F.lit(1) if False else 1)]


@add
def sql_argument_errors(s):
    return [caught(lambda: s.sql("select :a").collect()), caught(lambda: s.sql("select :a", {"b": 1}).collect()), caught(lambda: s.sql("select ?, ?", [1]).collect()), caught(lambda: s.sql("select :a, ?", {"a": 1}).collect()),
            caught(lambda: s.sql("select 1", args=1)), caught(lambda: s.sql("select {nope}", d=1)), caught(lambda: s.sql("select ?", {"a": 1}).collect())]


@add
def sql_with_frames(s):
    a, b = s.range(3), s.table("v")
    return [s.sql("select count(*) c from {a} join {b} on {a}.id = {b}.id", a=a, b=b), s.sql("select {c} as c from {t}", c=F.col("id") + 1 if False else b.id, t=b), s.sql("select * from {t} limit {n}", t="v", n=1) if False else s.sql("select {x} as x", x="text")]


@add
def sql_errors(s):
    return [caught(lambda: s.sql(q).collect()) for q in ("select", "selec 1", "select * from nope", "select nope from v", "select id from v group by s", "select 1 +", "drop table nope_t", "use nope_db", "insert into nope_t values (1)", "select 1/0",
                                                         "select cast('x' as int)", "select * from v join", "create table", "select foo(1)", "select sum(sum(id)) from v", "select * from v where sum(id) > 1", "select (select id from v)")]


@add
def error_messages(s):
    try:
        s.sql("select nope from v").collect()
    except Exception as e:
        return [type(e).__name__, str(e).startswith("[UNRESOLVED_COLUMN.WITH_SUGGESTION]"), e.getCondition(), e.getErrorClass(), e.getSqlState(), dict(sorted(e.getMessageParameters().items())), "SQLSTATE: 42703" in str(e), len(e.getQueryContext()),
                e.getQueryContext()[0].fragment(), e.getQueryContext()[0].objectType(), e.getQueryContext()[0].objectName(), e.getQueryContext()[0].startIndex(), e.getQueryContext()[0].stopIndex(), "line 1, pos 7" in str(e)]


@add
def multi_statement_results(s):
    return [s.sql("show databases like 'frames*'"), s.sql("set spark.sql.ansi.enabled"), s.sql("describe v"), s.sql("select 1 where false"), s.sql("values (1, 'a'), (2, 'b')"), s.sql("explain select 1").columns, s.sql("show tables like 'v'")]


@add
def range_forms(s):
    return [s.range(3), s.range(2, 5), s.range(0, 10, 3), s.range(5, 0, -2), s.range(0), s.range(3, 1), s.range(0, 4, numPartitions=2), caught(lambda: s.range(0, 1, 0).collect()), caught(lambda: s.range("a")), caught(lambda: s.range(1.5))]


@add
def tables(s):
    return [s.table("v"), caught(lambda: s.table("nope").collect()), caught(lambda: s.table("a.b.c.d").collect()), caught(lambda: s.table(1)), caught(lambda: s.table("").collect()), s.read.table("v").count(), s.table("`v`").count()]


@add
def session_facts(s):
    t = s.newSession()
    s.conf.set("spark.sql.shuffle.partitions", "11")
    out = [s.version, t.conf.get("spark.sql.shuffle.partitions"), t.session_id != s.session_id, caught(lambda: t.table("v").collect()), type(s).__name__, s.is_stopped if hasattr(s, "is_stopped") else False]
    s.conf.unset("spark.sql.shuffle.partitions")
    t.stop()
    return out


@add
def unsupported_attributes(s):
    return [caught(lambda: s.sparkContext), caught(lambda: s.range(1).rdd), caught(lambda: s._jsparkSession), caught(lambda: s.range(1)._jdf), caught(lambda: s.nope), caught(lambda: s.range(1).nope)]


@add
def tags_and_interrupts(s):
    s.addTag("one")
    s.addTag("two")
    out = [sorted(s.getTags())]
    s.removeTag("one")
    out += [sorted(s.getTags()), s.interruptTag("two"), s.interruptAll(), s.interruptOperation("nothing")]
    s.clearTags()
    return [*out, sorted(s.getTags()), caught(lambda: s.addTag("a,b")), caught(lambda: s.addTag(""))]


@add
def progress_handlers(s):
    seen = []
    handler = lambda **k: seen.append(k)
    s.registerProgressHandler(handler)
    s.range(3).count()
    s.removeProgressHandler(handler)
    s.clearProgressHandlers()
    return [all({"stages", "inflight_tasks", "operation_id", "done"} <= set(k) for k in seen)]


@add
def profiles(s):
    return [caught(lambda: s.profile.show()), caught(lambda: s.profile.clear()), caught(lambda: s.showPerfProfiles()), caught(lambda: s.clearProfiles())] if False else [caught(lambda: s.profile.clear())]


@add
def artifacts(s, path):
    import os
    file = os.path.join(path, "data.txt")
    with open(file, "w") as handle:
        handle.write("hello")
    s.addArtifact(file, file=True)
    return [caught(lambda: s.addArtifact(file, file=True)), caught(lambda: s.addArtifacts("/no/such/file.txt", file=True)), caught(lambda: s.addArtifact(file, file=True, pyfile=True)), caught(lambda: s.copyFromLocalToFs(file, "relative/path"))]


@add
def table_functions_of_session(s):
    t = s.tvf
    return [t.range(3), t.range(1, 7, 2), t.explode(F.array(F.lit(1), F.lit(2))), t.explode(F.create_map(F.lit("a"), F.lit(1))), t.explode_outer(F.lit(None).cast("array<int>")), t.posexplode(F.array(F.lit("x"))), t.posexplode_outer(F.create_map(F.lit("a"), F.lit(1))),
            t.inline(F.array(F.struct(F.lit(1).alias("a")))), t.inline_outer(F.array(F.struct(F.lit(1), F.lit("b")))), t.json_tuple(F.lit('{"a":1}'), F.lit("a"), F.lit("b")), t.stack(F.lit(2), F.lit(1), F.lit(2), F.lit(3))]


@add
def table_function_errors(s):
    t = s.tvf
    return [caught(lambda: t.explode(F.lit(1)).collect()), caught(lambda: t.stack(F.lit(0), F.lit(1)).collect()), caught(lambda: t.explode(F.col("x")).collect()), caught(lambda: s.sql("select * from nope_tvf(1)").collect()), caught(lambda: t.range(1, 2, 0).collect())]


@add
def catalog_of_tables(s):
    s.sql(f"create table {DB}.t1 (id int comment 'key', p string) using parquet partitioned by (p) comment 'note'")
    s.sql(f"create view {DB}.w1 as select 1 one")
    c = s.catalog
    t = c.getTable(f"{DB}.t1")
    out = [str(t), str(c.getTable(f"{DB}.w1")), str(sorted(map(str, c.listTables(DB)))), str(c.listColumns("t1", DB)), str(c.listColumns(f"{DB}.t1")), c.tableExists(f"{DB}.t1"), c.tableExists("t1", DB), c.tableExists("nope", DB), c.tableExists(f"spark_catalog.{DB}.t1"),
           str(c.listTables(DB, "w*")), caught(lambda: c.listTables("nope_db")), caught(lambda: c.listColumns(f"{DB}.nope")), caught(lambda: c.getTable(f"{DB}.nope")), caught(lambda: c.getTable("a.b.c.d"))]
    s.sql(f"drop table {DB}.t1")
    s.sql(f"drop view {DB}.w1")
    return out


@add
def catalog_of_databases(s):
    c = s.catalog
    return [str(c.getDatabase(DB)).split("locationUri")[0], str([d.name for d in c.listDatabases("frames*")]), c.databaseExists(DB), c.databaseExists("nope"), c.databaseExists(f"spark_catalog.{DB}"), caught(lambda: c.getDatabase("nope")), caught(lambda: c.setCurrentDatabase("nope")),
            c.currentCatalog(), caught(lambda: c.setCurrentCatalog("nope")), str([x.name for x in c.listCatalogs("spark*")]), str(c.listDatabases("zz*"))]


@add
def catalog_of_functions(s):
    c = s.catalog
    return [c.getFunction("abs").name, c.getFunction("abs").isTemporary, c.functionExists("abs"), c.functionExists("nope"), c.functionExists("default.abs"), caught(lambda: c.getFunction("nope")), [f.name for f in c.listFunctions(None, "to_j*")], caught(lambda: c.listFunctions("nope_db"))]


@add
def catalog_cache(s):
    c = s.catalog
    s.range(3).createOrReplaceTempView("cv")
    out = [c.isCached("cv")]
    c.cacheTable("cv")
    out += [c.isCached("cv"), s.table("cv").storageLevel.useMemory]
    c.uncacheTable("cv")
    out += [c.isCached("cv")]
    from pyspark import StorageLevel
    c.cacheTable("cv", StorageLevel.DISK_ONLY)
    out += [str(s.table("cv").storageLevel)]
    s.table("v").cache()
    c.clearCache()
    out += [c.isCached("cv"), c.isCached("v"), caught(lambda: c.isCached("nope")), caught(lambda: c.cacheTable("nope")), caught(lambda: c.uncacheTable("nope")), c.refreshTable("cv"), caught(lambda: c.refreshTable("nope")), c.refreshByPath("/nowhere")]
    return out


@add
def cache_is_seen_through_views(s):
    d = s.range(4).filter("id > 1")
    d.createOrReplaceTempView("dv")
    out = [s.catalog.isCached("dv")]
    d.cache()
    out += [s.catalog.isCached("dv"), str(s.range(4).filter("id > 1").storageLevel), "InMemoryTableScan" in printed(lambda: d.explain()), "InMemoryTableScan" in printed(lambda: d.select("id").explain())]
    d.unpersist()
    return [*out, s.catalog.isCached("dv"), "InMemory" in printed(lambda: d.explain())]


@add
def cached_rows_stay(s, path):
    s.range(3).write.parquet(path + "/c")
    d = s.read.parquet(path + "/c").cache()
    first = d.count()
    s.range(5).write.mode("append").parquet(path + "/c")
    again = d.count()
    d.unpersist()
    return [first, again, s.read.parquet(path + "/c").count()]


@add
def catalog_create_table(s, path):
    c = s.catalog
    schema = StructType([StructField("a", IntegerType()), StructField("b", StringType())])
    d = c.createTable(f"{DB}.ct1", schema=schema, source="parquet", description="made")
    out = [d.schema.simpleString(), c.getTable(f"{DB}.ct1").description, c.getTable(f"{DB}.ct1").tableType]
    s.range(2).write.parquet(path + "/e")
    e = c.createExternalTable(f"{DB}.ct2", path + "/e", "parquet")
    out += [e.count(), c.getTable(f"{DB}.ct2").tableType, caught(lambda: c.createTable(f"{DB}.ct1", schema=schema))]
    for name in ("ct1", "ct2"):
        s.sql(f"drop table {DB}.{name}")
    return out


@add
def catalog_temp_views(s):
    c = s.catalog
    s.range(1).createOrReplaceTempView("tv9")
    t = [x for x in c.listTables() if x.name == "tv9"]
    return [str(t), c.tableExists("tv9"), str(c.getTable("tv9")), c.dropTempView("tv9"), c.dropTempView("tv9"), c.dropGlobalTempView("nope"), str(c.listColumns("v"))]


@add
def create_view_twice_and_drop(s):
    s.sql("create temporary view cv1 as select 1 a")
    out = [caught(lambda: s.sql("create temporary view cv1 as select 2 a")), s.sql("create or replace temporary view cv1 as select 3 a").collect() == [], s.table("cv1").collect() == [(3,)]]
    s.sql("drop view cv1")
    return [*out, caught(lambda: s.sql("drop view cv1"))]


@add
def write_to_tables(s):
    d = s.range(4).selectExpr("id", "cast(id % 2 as string) p")
    d.writeTo(f"{DB}.w").using("parquet").tableProperty("k", "v").partitionedBy("p").create()
    out = [caught(lambda: d.writeTo(f"{DB}.w").using("parquet").create()), s.table(f"{DB}.w").orderBy("id").collect() == d.orderBy("id").collect(), caught(lambda: d.writeTo(f"{DB}.nope").append()), caught(lambda: d.writeTo(f"{DB}.nope").overwritePartitions()),
           caught(lambda: d.writeTo(f"{DB}.nope").overwrite(F.lit(True))), caught(lambda: d.writeTo(f"{DB}.nope").replace())]
    s.sql(f"drop table {DB}.w")
    return out


@add
def save_and_insert(s):
    d = s.range(3).selectExpr("id", "id * 2 as v")
    d.write.saveAsTable(f"{DB}.sv")
    out = [caught(lambda: d.write.saveAsTable(f"{DB}.sv")), caught(lambda: d.write.mode("errorifexists").saveAsTable(f"{DB}.sv"))]
    d.write.mode("append").saveAsTable(f"{DB}.sv")
    out.append(s.table(f"{DB}.sv").count())
    d.write.mode("ignore").saveAsTable(f"{DB}.sv")
    d.selectExpr("v as id", "id as v").write.insertInto(f"{DB}.sv")
    out.append(str(s.table(f"{DB}.sv").orderBy("id", "v").collect()))
    d.write.insertInto(f"{DB}.sv", overwrite=True)
    out.append(s.table(f"{DB}.sv").count())
    d.limit(1).write.mode("overwrite").saveAsTable(f"{DB}.sv")
    out += [s.table(f"{DB}.sv").count(), caught(lambda: d.select("id").write.insertInto(f"{DB}.sv")), caught(lambda: d.write.insertInto(f"{DB}.nope")), caught(lambda: d.write.mode("nope")), caught(lambda: d.write.mode("append").saveAsTable("nope_db.t")),
            caught(lambda: d.select("id").write.mode("append").saveAsTable(f"{DB}.sv")), caught(lambda: d.write.partitionBy("nope").saveAsTable(f"{DB}.sx"))]
    s.sql(f"drop table {DB}.sv")
    return out


@add
def merge_into_parquet(s):
    s.range(2).write.saveAsTable(f"{DB}.mt")
    out = caught(lambda: s.range(3).mergeInto(f"{DB}.mt", F.expr("true")).whenMatched().delete().merge())
    s.sql(f"drop table {DB}.mt")
    return [out, caught(lambda: s.range(3).mergeInto(f"{DB}.nope", F.expr("true")).whenMatched().delete().merge())]


@add
def sql_of_views_over_frames(s):
    s.range(5).createOrReplaceTempView("r5")
    s.sql("create or replace temp view r3 as select * from r5 where id < 3")
    return [s.sql("select sum(id) t from r3"), s.sql("with a as (select * from r3) select count(*) c from a, r5"), s.table("r3").join(s.table("r5"), "id").count()]


@add
def variables_of_session(s):
    s.sql("declare or replace variable xx int default 5")
    out = [s.sql("select xx + 1 y").collect() == [(6,)]]
    s.sql("set variable xx = 10")
    out.append(s.range(1).select(F.expr("xx")).collect() == [(10,)])
    s.sql("drop temporary variable xx")
    return [*out, caught(lambda: s.sql("select xx").collect())]


@add
def time_zones(s):
    s.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        d = s.sql("select timestamp'2024-07-01 12:00:00' t, timestamp_ntz'2024-07-01 12:00:00' n, cast(0 as timestamp) z")
        return [d, printed(lambda: d.show(truncate=False)), s.sql("select current_timezone()"), d.selectExpr("hour(t)", "cast(t as string)", "to_utc_timestamp(t, 'America/New_York')")]
    finally:
        s.conf.set("spark.sql.session.timeZone", "UTC")


@add
def case_sensitivity(s):
    s.conf.set("spark.sql.caseSensitive", "true")
    try:
        d = s.createDataFrame([(1, 2)], ["a", "A"])
        return [d.select("a"), d.select("A"), d.drop("a"), caught(lambda: s.table("v").select("ID").collect())]
    finally:
        s.conf.unset("spark.sql.caseSensitive")


@add
def case_insensitivity(s):
    d = s.createDataFrame([(1, 2)], ["a", "A"])
    return [caught(lambda: d.select("a").collect()), s.table("v").select("ID", "S"), s.table("v").withColumnRenamed("ID", "x").columns, s.table("v").drop("Id").columns]


@add
def legacy_mode(s):
    s.conf.set("spark.sql.ansi.enabled", "false")
    try:
        return [s.sql("select 1/0 a, cast('x' as int) b, 2147483647 + 1 c, array(1)[5] d, cast(300 as tinyint) e, '1' + 1 f"), s.range(1).select(F.lit("a").cast("int"), F.col("id") / 0)]
    finally:
        s.conf.unset("spark.sql.ansi.enabled")


test_sessions = cases.test()
