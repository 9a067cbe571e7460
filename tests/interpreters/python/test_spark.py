"""Cells on a Spark Connect server: the session, what clients of Livy generate, cancelling, a server that comes back."""

from __future__ import annotations

import base64
import re
import time
import uuid

import pytest
from harness import servers
from pyspark import cloudpickle


def test_bind_is_fast(start, server, remote_of):
    python = start()
    python.run("1")
    started = time.monotonic()
    python.bind(remote_of(server))
    assert server.kind != "hearth" or time.monotonic() - started < 0.15
    assert python.connect()["bound"] is True


def test_names_at_the_start(spark):
    names = "spark, sc, sqlContext, HiveContext, StreamingContext, cloudpickle"
    assert spark.text(f"len([{names}])") == "6"
    assert spark.text("from pyspark.sql import SparkSession\nSparkSession.builder.getOrCreate() is spark") == "True"
    code = "SparkSession.builder.master('yarn').config('spark.sql.shuffle.partitions', 3).getOrCreate() is spark"
    assert spark.text(code) == "True"
    assert spark.text("SparkSession.getActiveSession() is SparkSession.active() is spark") == "True"
    assert spark.text("sc.appName, sc.uiWebUrl, sc.version == spark.version") == "('test', None, True)"


def test_connection_string_parameters(start, server, remote_of):
    python = start()
    session = str(uuid.uuid4())
    url = remote_of(server, session_id=session, authorization="Bearer%20a%3Bb")
    python.bind(url, name="n", conf={"spark.sql.shuffle.partitions": "7"})
    assert python.text("spark.client._builder.metadata()") == repr([("authorization", "Bearer a;b")])
    assert python.text("spark.session_id") == repr(session)
    assert python.text("spark.client._user_id, spark.conf.get('spark.sql.shuffle.partitions')") == "('test', '7')"
    code = "import os\n[name in os.environ['SPARK_REMOTE'] for name in ('session_id', 'authorization')]"
    assert python.text(code) == "[False, True]"
    assert python.text("spark.sql('SELECT 1 AS one').collect()") == "[Row(one=1)]"


def test_queries_and_their_errors(spark):
    assert spark.text("spark.range(0, 3, 1, 1).show()") == "+---+\n| id|\n+---+\n|  0|\n|  1|\n|  2|\n+---+"
    output = spark.run("spark.sql('SELECT * FROM no_such_table').show()")
    assert output["ename"] == "AnalysisException"
    assert "TABLE_OR_VIEW_NOT_FOUND" in output["evalue"]
    assert spark.text("try: spark.sql('SELECT nope').collect()\nexcept Exception: print('caught')") == "caught"


SQL = (
    'import sys\nfor sparkmagic_line in spark.sql(u"""{} """)'
    ".toJSON(use_unicode=(sys.version_info.major > 2)){}: print(sparkmagic_line)"
)


@pytest.mark.parametrize("end", [".take(2500)", ".collect()", ".sample(False, 1.0).take(5)"])
def test_generated_code_of_sparkmagic_queries(spark, end):
    query = "SELECT 1 AS a, 'é' AS b UNION ALL SELECT 2, NULL ORDER BY a"
    assert spark.text(SQL.format(query, end)).split("\n") == ['{"a":1,"b":"é"}', '{"a":2}']


def test_generated_code_of_sparkmagic_store(spark):
    spark.run("frame = spark.range(2)")
    code = 'import sys\nfor line in frame.toJSON(use_unicode=(sys.version_info.major > 2)).take(10): print(line)'
    assert sorted(spark.text(code).split("\n")) == ['{"id":0}', '{"id":1}']


def test_generated_code_of_sparkmagic_send(spark):
    code = """
        import sys
        import json

        if sys.version_info.major == 2:
            def json_loads_byteified(json_text):
                return _byteify(json.loads(json_text, object_hook=_byteify), ignore_dicts=True)
        else:
            def json_loads_byteified(json_text):
                return json.loads(json_text)

        json_array = json_loads_byteified('[{"n":1,"s":"x"},{"n":2,"s":null}]')
        rdd_json_array = spark.sparkContext.parallelize(json_array)
        sent = spark.read.json(rdd_json_array)"""
    lines = code.split("\n")
    spark.run("\n".join(line[8:] for line in lines))
    assert spark.text("sent.orderBy('n').collect()") == "[Row(n=1, s='x'), Row(n=2, s=None)]"
    assert spark.text("sent.dtypes") == "[('n', 'bigint'), ('s', 'string')]"


def test_generated_code_of_pylivy(spark):
    rows = '"[{\\"n\\":1,\\"f\\":0.5},{\\"n\\":2,\\"f\\":1e3}]"'
    spark.run(f"\nup = spark.read.json(spark.sparkContext.parallelize([{rows}]))\n")
    down = "\nfor _livy_client_serialised_row in {}.toJSON().collect():\n    print(_livy_client_serialised_row)\n"
    assert spark.text(down.format("up.select('n', 'f').orderBy('n')")) == '{"n":1,"f":0.5}\n{"n":2,"f":1000.0}'


def test_json_rows_are_still_a_dataframe(spark):
    spark.run("rows = spark.range(1).toJSON()")
    assert spark.text("first = rows.collect()[0]\nfirst.value == first['value'] == first") == "True"
    assert spark.text("rows.columns, type(first).__mro__[1]") == "(['value'], <class 'str'>)"
    assert spark.text("rows.select('value').collect()") == "[Row(value='{\"id\":0}')]"
    assert spark.text("rows.union(rows).count(), rows.count(), rows.first()") == "(2, 1, '{\"id\":0}')"
    assert spark.text("from pyspark.sql.connect.dataframe import DataFrame\nisinstance(rows, DataFrame)") == "True"
    assert spark.text("rows.filter('value IS NULL').count(), rows.filter(lambda t: False).count()") == "(0, 0)"
    assert spark.text("rows.map(len).collect()") == "[8]"


def test_read_json_of_local_rows(spark):
    for rows in ('[\'{"k": 1}\']', "[{'k': 1}]", "sc.makeRDD(['{\"k\": 1}'])", "sc.parallelize([b'{\"k\": 1}'])"):
        assert spark.text(f"spark.read.json({rows}).collect()") == "[Row(k=1)]"
    code = "spark.read.json(sc.parallelize(['{\"k\": 1}']), schema='k STRING, m INT').collect()"
    assert spark.text(code) == "[Row(k='1', m=None)]"
    assert spark.error("spark.read.json(['/no/such/path']).collect()")[0] == "AnalysisException"
    assert spark.error("spark.read.json('/no/such/path').collect()")[0] == "AnalysisException"


def test_local_collections(spark):
    assert spark.text("sc.parallelize(range(10), 3).map(lambda n: n * 2).filter(lambda n: n > 5).sum()") == "84"
    assert spark.text("sc.parallelize(range(4), 2).glom().collect()") == "[[0, 1], [2, 3]]"
    assert spark.text("sc.range(3).take(2), sc.emptyRDD().isEmpty()") == "([0, 1], True)"
    code = "sc.parallelize('a b a'.split()).map(lambda w: (w, 1)).reduceByKey(lambda a, b: a + b).collect()"
    assert spark.text(code) == "[('a', 2), ('b', 1)]"
    assert spark.text("sc.parallelize([(1, 'a')]).toDF(['n', 's']).collect()") == "[Row(n=1, s='a')]"
    assert spark.text("spark.createDataFrame(sc.parallelize([(1,)]), 'n INT').collect()") == "[Row(n=1)]"
    assert spark.error("sc.parallelize([1]).saveAsTextFile('x')")[0] == "PySparkNotImplementedError"


def test_contexts_of_older_programs(spark):
    spark.run("from pyspark import SparkConf, SparkContext, SparkFiles\nfrom pyspark.sql import SQLContext")
    assert spark.text("SparkContext(conf=SparkConf().setAppName('x')) is SparkContext.getOrCreate() is sc") == "True"
    assert spark.text("SQLContext(sc).sql('SELECT 1 AS a').collect()") == "[Row(a=1)]"
    assert spark.text("HiveContext(sc).range(1).count()") == "1"
    spark.run("sqlContext.createDataFrame([(5,)], ['n']).createOrReplaceTempView('five')")
    assert spark.text("sqlContext.table('five').collect()") == "[Row(n=5)]"
    assert spark.text("SparkFiles.get('f')") == repr(str(spark.home / "f"))
    for code in ("sc.textFile('x')", "spark._jvm", "sqlContext.newSession()", "spark.range(1).rdd"):
        assert spark.error(code)[0] in ("PySparkAttributeError", "PySparkNotImplementedError")
    spark.run("open('more.py', 'w').write('v = 9')\nsc.setLogLevel('WARN')\nsc.setJobGroup('g', 'd')\nsc.clearJobGroup()")
    assert spark.text("sc.addPyFile('more.py')\nimport more; more.v") == "9"


def test_job_with_spark(spark):
    def job(context):
        small = context.sc.parallelize([10, 20, 30], 2).count()
        value = context.sql_ctx.sql("SELECT 5 AS v").first().v
        return small, context.spark_session.range(4).count(), value, context.hive_ctx.range(1).count()

    answer = spark.ok("job", job=base64.b64encode(cloudpickle.dumps(job)).decode())
    assert cloudpickle.loads(base64.b64decode(answer["result"])) == (3, 4, 5, 1)


def test_cancel_of_a_query(spark):
    heavy = "spark.range(10**12).selectExpr('sum(id * 7 % 13) AS s').collect()"
    output, seconds = spark.cancel_soon(spark.send("execute", code=heavy), after=0.4)
    assert output["ename"] == "KeyboardInterrupt"
    assert seconds < 5
    assert spark.text("spark.range(2).count()") == "2"
    assert spark.text("[tag.startswith('hearth-cell') for tag in spark.getTags()]") == "[True]"


def test_cancels_at_any_moment_leave_the_session_whole(spark):
    """gRPC takes locks in Python code: an interrupt at the wrong moment would leave one taken for ever."""
    for step in range(25):
        number = spark.send("execute", code="while True: spark.range(10).count()")
        output, seconds = spark.cancel_soon(number, after=0.005 + step * 0.0017)
        assert output["ename"] == "KeyboardInterrupt" and seconds < 3
    assert spark.text("spark.range(2).count()") == "2"


def test_completion_knows_spark_without_asking_it(spark):
    spark.run("data = spark.range(1)\n_ = data.schema")
    known = {"spark.read.pa": "parquet", "data.sel": "select", "data.select('id').fil": "filter", "data['i": "id"}
    for code, name in known.items():
        assert name in spark.ok("complete", code=code, cursor=len(code))["candidates"], code


def test_application_with_spark(start, server, remote_of, tmp_path):
    python = start()
    python.bind(remote_of(server))
    (tmp_path / "app.py").write_text(
        "from pyspark import SparkContext\nfrom pyspark.sql import SparkSession\n"
        "spark = SparkSession.builder.appName('app').master('local[2]').getOrCreate()\n"
        "print(spark.range(5).count(), SparkContext.getOrCreate().parallelize([1, 2]).sum())\nspark.stop()\n"
        "print(SparkSession.builder.getOrCreate().range(2).count())\n")
    number = python.send("application", file=str(tmp_path / "app.py"), args=[])
    assert python.answer(number)["ok"] == {"exit": 0}, python.log("stderr")
    assert python.log() == "5 3\n2\n"


def test_new_server_takes_the_place_of_the_old(start, remote_of, request):
    if request.config.getoption("--server") != "hearth":
        pytest.skip("needs servers of its own")
    python = start()
    with servers.start_hearth() as first:
        python.bind(remote_of(first))
        assert python.text("frame = spark.range(3)\nreader = spark.read\nctx = sqlContext\nframe.count()") == "3"
        old = python.text("spark.session_id")
        first.kill()
        with servers.start_hearth() as second:
            python.bind(remote_of(second), conf={"spark.sql.shuffle.partitions": "5"})
            assert python.text("frame.count(), frame.toJSON().take(1), ctx.sql('SELECT 1 AS a').collect()") != ""
            assert python.text("spark.session_id") != old
            assert python.text("frame.filter('id > 0').count(), sc.parallelize([1]).count()") == "(2, 1)"
            assert python.text("reader.json(sc.parallelize(['{\"a\": 1}'])).collect()") == "[Row(a=1)]"
            assert python.text("from pyspark.sql import SparkSession\nSparkSession.builder.getOrCreate() is spark") == "True"
            assert python.text("spark.conf.get('spark.sql.shuffle.partitions')") == "'5'"
            python.run("spark.stop()")
            python.bind(remote_of(second))
            assert python.text("spark.range(4).count(), SparkSession.builder.getOrCreate() is spark") == "(4, True)"


def test_new_server_frees_a_cell_that_waits_for_the_old(start, remote_of, request):
    if request.config.getoption("--server") != "hearth":
        pytest.skip("needs servers of its own")
    python = start()
    with servers.start_hearth() as first:
        python.bind(remote_of(first))
        waits = python.send("execute", code="spark.range(10**12).selectExpr('sum(id * 7 % 13) AS s').collect()")
        time.sleep(0.3)
        first.kill()
        with servers.start_hearth() as second:
            binds = python.send("bind", remote=remote_of(second), name="", conf={}, max_output=1000)
            assert python.answer(waits)["ok"]["status"] == "error"
            assert python.answer(binds)["ok"] == {}
            assert python.text("spark.range(2).count()") == "2"


def test_bind_to_nothing_does_not_hang_or_fail(start):
    python = start()
    started = time.monotonic()
    python.bind(f"sc://127.0.0.1:{servers.free_port()}/;user_id=x", conf={"spark.sql.shuffle.partitions": "5"})
    assert time.monotonic() - started < 5
    assert python.text("1") == "1"
    assert re.search("not taken over", python.log("stderr"))
