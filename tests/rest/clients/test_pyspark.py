"""PySpark, unmodified, over the published thin client and REST: the same programs over gRPC must tell the same."""

import datetime
import decimal
import threading
import uuid

import grpc
import pandas as pd
import pyspark.sql.functions as F
import pyspark.sql.types as T
import pytest
from harness.connect import connect
from harness.connect_rest import ConnectRest
from pyspark.errors import AnalysisException, ArithmeticException, ParseException, PySparkException
from pyspark.sql import Row, Window

PROGRAMS = []


def program(function=None, *, since=(3, 5)):
    """A program whose result, or error, is compared between the two ways. `s` is a session, `d` a folder of its own."""
    if function is None:
        return lambda inner: program(inner, since=since)
    marks = [pytest.mark.versions(since)] if since > (3, 5) else []
    PROGRAMS.append(pytest.param(function, id=function.__name__, marks=marks))
    return function


def outcome(function, session, folder):
    try:
        return function(*(session, folder)[: function.__code__.co_argcount])
    except PySparkException as error:
        condition = (getattr(error, "getCondition", None) or error.getErrorClass)()
        parameters = sorted((error.getMessageParameters() or {}).items())
        return [type(error).__name__, condition, error.getSqlState(), parameters, str(error).splitlines()[0]]


@pytest.mark.parametrize("function", PROGRAMS)
def test_same_as_over_grpc(over_rest, over_grpc, tmp_path, function):
    folders = [tmp_path / "rest", tmp_path / "grpc"]
    found = []
    for session, folder in zip((over_rest, over_grpc), folders, strict=True):
        folder.mkdir()
        text = repr(outcome(function, session, str(folder)))
        found.append(text.replace(str(folder), "FOLDER").replace(session.session_id, "SESSION"))
    assert found[0] == found[1]


def frame(session):
    rows = [(1, "a", 1.5, datetime.date(2024, 1, 1)), (2, "b", None, None), (3, None, -0.0, datetime.date(1900, 2, 28)), (4, "a", 1e300, datetime.date(9999, 12, 31))]
    return session.createDataFrame(rows, "id int, name string, x double, d date")


@program
def sql(s):
    return s.sql("select 1 as a, 'x' as b union all select 2, null order by a").collect()


@program
def sql_with_arguments(s):
    return s.sql("select :a + 1 as a, :b as b", args={"a": 5, "b": "x"}).collect() + s.sql("select ? as c", args=[7]).collect()


@program
def several_types(s):
    return s.sql("""select cast(1 as tinyint) a, 2L b, 1.5BD c, cast(1.5 as float) d, true e, null f, binary('x') g, date'2024-02-29' h,
                    timestamp'2024-01-01 12:00:00' i, timestamp_ntz'2024-01-01 12:00:00' j, interval '1 2' day to hour k, array(1, null) l,
                    map('a', array(1)) m, named_struct('x', named_struct('y', 'z')) n""").collect()


@program
def selection(s):
    return frame(s).select("id", (F.col("x") * 2).alias("y"), F.upper("name")).where("id > 1").orderBy(F.desc("id")).collect()


@program
def aggregation(s):
    return frame(s).groupBy("name").agg(F.count("*").alias("n"), F.max("id"), F.collect_list("id")).orderBy("name").collect()


@program
def join(s):
    left, right = frame(s), s.createDataFrame([("a", 10), ("c", 30)], "name string, v int")
    return [left.join(right, "name", how).orderBy("name", "id").collect() for how in ("inner", "left", "outer", "left_anti")]


@program
def window(s):
    return frame(s).withColumn("r", F.row_number().over(Window.partitionBy("name").orderBy(F.desc("id")))).orderBy("id").collect()


@program
def reshaping(s):
    df = s.range(6).withColumn("g", F.col("id") % 2)
    return [df.groupBy("g").pivot("g").count().orderBy("g").collect(), df.unpivot("id", ["g"], "k", "v").orderBy("id").collect(),
            df.describe().collect(), df.crosstab("id", "g").orderBy("id_g").collect()]


@program
def counting(s):
    df = s.range(10_000)
    return [df.count(), df.isEmpty(), s.range(0).isEmpty(), df.first(), df.head(2), df.take(1), df.tail(2)]


@program
def empty_results(s):
    df = frame(s).where("false")
    return [df.collect(), df.columns, df.dtypes, len(df.toPandas()), df.toPandas().dtypes.to_dict()]


@program
def to_pandas(s):
    pdf = frame(s).toPandas()
    return [pdf.dtypes.to_dict(), pdf.to_dict("records")]


@program
def to_pandas_of_structs(s):
    return s.sql("select named_struct('a', 1, 'b', array('x')) as s, map('k', 1) as m").toPandas().to_dict("records")


@program(since=(4, 0))
def to_arrow(s):
    table = s.range(0, 1000, 1, 7).withColumn("t", F.col("id").cast("string")).toArrow()
    return [str(table.schema), table.num_rows, sorted(table.column("t").to_pylist())[:5]]


@program
def many_batches(s):
    """More rows than one batch of Spark has, from several partitions."""
    pdf = s.range(0, 1_000_000, 1, 8).withColumn("m", F.col("id") % 1000).toPandas()
    return [len(pdf), int(pdf.id.sum()), int(pdf.m.max()), int(pdf.id.nunique())]


@program
def many_batches_collected(s):
    return sum(row.id for row in s.range(0, 50_000, 1, 5).collect())


@program
def rows_one_by_one(s):
    return [row.id for row in s.range(0, 20, 1, 3).toLocalIterator()]


@program
def wide_rows(s):
    pdf = s.range(0, 40_000, 1, 4).select("id", F.repeat(F.lit("0123456789"), 50).alias("t")).toPandas()
    return [len(pdf), int(pdf.t.str.len().sum())]


@program
def local_rows(s):
    df = s.createDataFrame([Row(a=1, b=[1, 2], c={"k": decimal.Decimal("1.50")}, d=datetime.datetime(2024, 1, 1), e=b"x")])
    return [df.collect(), str(df.schema)]


@program
def local_empty(s):
    return [s.createDataFrame([], "a int, b string").collect(), s.createDataFrame(pd.DataFrame({"a": []})).count()]


@program
def local_pandas(s):
    return s.createDataFrame(pd.DataFrame({"a": [1, None], "b": ["x", None], "c": pd.to_datetime(["2024-01-01", None])})).collect()


@program
def local_data_from_the_cache(s):
    """What is larger than the threshold goes up as an artifact, in chunks, and the plan names its hash."""
    s.conf.set("spark.sql.session.localRelationCacheThreshold", "1000")
    df = s.createDataFrame(pd.DataFrame({"a": range(60_000), "b": [f"text {n}" for n in range(60_000)]}))
    return [df.count(), df.agg(F.sum("a")).collect(), df.where("a = 59999").collect(), df.join(df.withColumnRenamed("b", "c"), "a").count()]


@program
def local_data_again(s):
    s.conf.set("spark.sql.session.localRelationCacheThreshold", "1000")
    pdf = pd.DataFrame({"a": range(5_000)})
    return [s.createDataFrame(pdf).count(), s.createDataFrame(pdf).count()]


@program(since=(4, 1))
def large_local_data(s):
    """Several chunks of a relation that does not fit into one message."""
    pdf = pd.DataFrame({"a": range(700_000), "b": ["0123456789" * 4] * 700_000})
    return [s.createDataFrame(pdf).agg(F.sum("a"), F.sum(F.length("b"))).collect()]


@program
def views(s):
    s.range(3).createOrReplaceTempView("v")
    s.sql("create or replace temporary view w as select id * 10 as t from v")
    found = [s.table("v").collect(), s.sql("select * from w order by t").collect(), s.catalog.dropTempView("v"), s.catalog.dropTempView("v")]
    return found + [[table.name for table in s.catalog.listTables() if table.isTemporary]]


@program
def catalog(s):
    name = f"t_{uuid.uuid4().hex}"
    df = s.range(3)
    df.write.saveAsTable(name)
    try:
        found = [s.catalog.tableExists(name), s.catalog.tableExists("nothing"), [(c.name, c.dataType) for c in s.catalog.listColumns(name)], s.catalog.currentDatabase(),
                 s.catalog.databaseExists("default"), s.catalog.functionExists("abs"), s.table(name).count(), s.catalog.currentCatalog()]
        s.sql(f"insert into {name} values (99)")
        return found + [s.table(name).orderBy("id").collect()]
    finally:
        s.sql(f"drop table {name}")


@program
def files(s, d):
    frame(s).write.parquet(f"{d}/p")
    s.range(3).write.mode("overwrite").option("header", "true").csv(f"{d}/c")
    found = [s.read.parquet(f"{d}/p").orderBy("id").collect(), s.read.option("header", "true").schema("id bigint").csv(f"{d}/c").orderBy("id").collect()]
    return found + [s.read.parquet(f"{d}/p").schema, len(s.read.parquet(f"{d}/p").inputFiles()) > 0]


@program
def files_that_are_there(s, d):
    s.range(3).write.parquet(f"{d}/p")
    s.range(3).write.parquet(f"{d}/p")


@program
def schema_and_types(s):
    df = frame(s)
    df.printSchema()
    return [df.schema, df.dtypes, df.columns, df.schema.simpleString(), df.isStreaming, df.isLocal(), s.range(1).schema.json()]


@program
def plans(s):
    df = s.range(10).where("id > 3").groupBy((F.col("id") % 2).alias("k")).count()
    texts = [df._explain_string(), df._explain_string(extended=True)] if hasattr(df, "_explain_string") else []
    return [bool(text) and "Physical Plan" in text for text in texts] + [df.sameSemantics(df), df.sameSemantics(s.range(1)), df.semanticHash() == df.semanticHash()]


@program
def shown(s):
    return [frame(s).orderBy("id")._show_string(20, 20, False), s.range(2)._show_string(1, 3, True)] if hasattr(frame(s), "_show_string") else []


@program
def persisted(s):
    df = s.range(5).persist()
    level = str(df.storageLevel)
    return [level, df.count(), df.unpersist().count()]


@program
def settings(s):
    before = s.conf.get("spark.sql.shuffle.partitions")
    s.conf.set("spark.sql.shuffle.partitions", "7")
    s.conf.set("own.key", "v")
    found = [before, s.conf.get("spark.sql.shuffle.partitions"), s.conf.get("own.key"), s.conf.get("no.such.key", "d"), s.conf.isModifiable("spark.sql.ansi.enabled"),
             s.sql("select 1").count()]
    s.conf.unset("own.key")
    return found + [s.conf.get("own.key", None), s.version]


@program
def setting_that_is_not_there(s):
    return s.conf.get("no.such.key")


@program
def settings_count(s):
    s.conf.set("spark.sql.ansi.enabled", "false")
    return s.sql("select 1/0 as a, cast('x' as int) as b").collect()


@program(since=(4, 0))
def all_settings(s):
    s.conf.set("own.key", "v")
    return [s.conf.getAll.get("own.key"), "spark.sql.ansi.enabled" in s.conf.getAll]


@program
def zones(s):
    s.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    return s.sql("select timestamp'2024-01-01 00:00:00' as t, current_timezone() as z, cast(timestamp'2024-01-01 00:00:00' as string) as c").collect()


@program(since=(4, 0))
def observed(s):
    from pyspark.sql.connect.observation import Observation

    seen = Observation("seen")
    s.range(11).observe(seen, F.count(F.lit(1)).alias("n"), F.max("id").alias("m")).collect()
    return seen.get


@program
def functions_of_python(s):
    """Where the engine runs no Python, both ways say so alike."""
    double = F.udf(lambda value: value * 2, T.LongType())
    return s.range(3).select(double("id").alias("a")).collect()


@program
def functions_of_pandas(s):
    @F.pandas_udf("long")
    def plus(values: pd.Series) -> pd.Series:
        return values + 1

    return s.range(3).select(plus("id").alias("a")).collect()


@program
def functions_by_name(s):
    s.udf.register("triple", lambda value: value * 3, "long")
    return s.sql("select triple(id) as a from range(3)").collect()


@program
def frames_through_pandas(s):
    return s.range(3).mapInPandas(lambda frames: frames, "id long").collect()


@program
def error_of_columns(s):
    return frame(s).select("nope").collect()


@program
def error_of_tables(s):
    return s.table("no_such_table").collect()


@program
def error_of_syntax(s):
    return s.sql("selec 1").collect()


@program
def error_at_run_time(s):
    return s.range(3).select((F.lit(1) / F.col("id")).alias("a")).collect()


@program
def error_of_casts(s):
    return s.sql("select cast('x' as int) as a").toPandas()


@program
def error_of_users(s):
    return s.sql("select raise_error('own words')").collect()


@program
def error_of_analysis_only(s):
    return s.sql("select 1 as a").select("b").schema


@program
def error_of_types(s):
    return s.sql("select 1 + array(1)").schema


@program
def error_behind_many_rows(s):
    return s.range(0, 300_000, 1, 4).select(F.assert_true(F.col("id") < 299_990)).toPandas()


@program
def large_plans(s):
    df = s.range(3)
    for number in range(60):
        df = df.withColumn(f"c{number}", F.col("id") + number)
    return df.orderBy("id").collect()


@program
def deep_plans(s):
    df = s.range(3)
    for _ in range(40):
        df = df.union(s.range(1)).where("id >= 0")
    return df.count()


@program
def commands(s):
    name = f"n_{uuid.uuid4().hex}"
    found = [s.sql(f"create database {name}").collect(), s.sql(f"show tables in {name}").collect(), s.sql(f"drop database {name}").collect()]
    return found + [s.sql("show functions like 'abs'").collect(), s.sql("describe function abs").count() > 0]


# What is not only the same, but right.


def test_version(over_rest):
    assert over_rest.version.startswith("4.2")


@pytest.mark.parametrize("text,kind,condition,state", [
    ("select nope from values (1) as t(a)", AnalysisException, "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703"),
    ("select * from no_such_table", AnalysisException, "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
    ("selec 1", ParseException, "PARSE_SYNTAX_ERROR", "42601"),
    ("select 1/0", ArithmeticException, "DIVIDE_BY_ZERO", "22012"),
])
def test_errors_are_sparks_classes(over_rest, text, kind, condition, state, client_version):
    with pytest.raises(kind) as caught:
        over_rest.sql(text).collect()
    assert condition in str(caught.value)
    if client_version >= (4, 0):
        assert caught.value.getCondition() == condition and caught.value.getSqlState() == state


def test_artifacts_arrive(server, over_rest, tmp_path):
    """A module of Python code, and a file of 120,000 bytes, which goes up in four posts."""
    (tmp_path / "own_module.py").write_text("ANSWER = 42\n")
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(range(250)) * 480)
    over_rest.addArtifacts(str(tmp_path / "own_module.py"), pyfile=True)
    over_rest.addArtifacts(str(large), file=True)
    from pyspark.sql.connect.proto import ArtifactStatusesRequest

    rest = ConnectRest(server, session_id=over_rest.session_id, user=over_rest.client._user_id or "")
    names = ["pyfiles/own_module.py", "files/large.bin", "files/none"]
    statuses = rest.answer("artifact-status", rest.fill(ArtifactStatusesRequest(names=names))).statuses
    assert [statuses[name].exists for name in names] == [True, True, False]


def test_artifact_again_with_other_content(over_rest, tmp_path):
    file = tmp_path / "same.txt"
    file.write_text("one")
    over_rest.addArtifacts(str(file), file=True)
    over_rest.addArtifacts(str(file), file=True)
    file.write_text("two")
    with pytest.raises((PySparkException, grpc.RpcError), match="ARTIFACT_ALREADY_EXISTS"):
        over_rest.addArtifacts(str(file), file=True)


def test_sessions_are_apart(bridge):
    one, two = connect(bridge.open()), connect(bridge.open())
    one.range(3).createOrReplaceTempView("of_one")
    assert one.table("of_one").count() == 3
    with pytest.raises(AnalysisException):
        two.table("of_one").count()


def test_several_threads(bridge):
    session, found, failed = connect(bridge.open()), [], []

    def run(number):
        try:
            found.append(session.range(1000 * number).count())
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not failed and sorted(found) == [1000 * number for number in range(8)]


def test_a_query_that_is_answered_with_202(own_hearth, bridge_to):
    """The published client waits a second, and asks for the result that it was told of."""
    server = own_hearth("rest.wait=20ms")
    session = connect(bridge_to(server).open())
    assert session.sql("select count(*) as n from range(8000000) where hash(id, 1) % 7 = 3").collect()[0].n > 100_000
    with pytest.raises(ArithmeticException):
        session.sql("select count(*) / 0 from range(8000000) where hash(id, 1) % 7 = 3").collect()
    assert session.range(10).count() == 10


def test_the_token_says_who_it_is(users, bridge_to):
    server, alice, _ = users
    session = connect(bridge_to(server, alice).open())
    assert session.sql("select current_user()").collect()[0][0] == "alice"


def test_a_wrong_token_is_an_error_and_no_hang(users, bridge_to):
    with pytest.raises(Exception, match="(?i)unauthor|401"):
        connect(bridge_to(users[0], "wrong").open(), timezone=None).sql("select 1").collect()
