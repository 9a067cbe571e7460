"""Livy's sessions on a real Spark: SQL, Python with its UDFs, Scala with closures, views that all kinds share."""

from __future__ import annotations

import shutil

import pytest

pytestmark = pytest.mark.hearth_only
ON_SPARK = {"hearth.engine": "spark"}
SECONDS = 120


@pytest.fixture(scope="module")
def opened(livy):
    made = {}

    def session(kind):
        if kind not in made:
            made[kind] = livy.open(kind, conf=ON_SPARK, seconds=SECONDS)
        return made[kind]

    yield session
    for one in made.values():
        livy.remove(one)


def test_sql(livy, opened):
    data = livy.data(opened("sql"), "select id, concat('n', id) n from range(3) order by id", seconds=SECONDS)["application/json"]
    assert data["data"] == [[0, "n0"], [1, "n1"], [2, "n2"]]
    assert [field["name"] for field in data["schema"]["fields"]] == ["id", "n"]
    output = livy.failure(opened("sql"), "select * from nowhere")
    assert "TABLE_OR_VIEW_NOT_FOUND" in output["evalue"] + "".join(output["traceback"]), output


def test_it_is_that_spark(livy, opened, real):
    from harness.connect import connect

    livy.run(opened("sql"), "create global temporary view from_livy as select 7 as a")
    direct = connect(real)
    assert direct.table("global_temp.from_livy").collect()[0].a == 7
    direct.sql("drop view global_temp.from_livy").collect()
    direct.stop()


def test_python_with_a_udf(livy, opened):
    session = opened("pyspark")
    livy.run(session, "from pyspark.sql.functions import udf, pandas_udf\nimport pandas as pd\n\n@udf('int')\ndef plus(x):\n    return x + 1\n")
    assert livy.text(session, "[row[0] for row in spark.range(3).select(plus('id')).collect()]", seconds=SECONDS) == "[1, 2, 3]"
    livy.run(session, "@pandas_udf('double')\ndef half(x: pd.Series) -> pd.Series:\n    return x / 2\n")
    assert livy.text(session, "spark.range(4).select(half('id')).toPandas().iloc[:, 0].tolist()", seconds=SECONDS) == "[0.0, 0.5, 1.0, 1.5]"
    assert "+---+\n| id|\n+---+\n|  0|\n+---+" in livy.text(session, "spark.range(1).show()")


def test_cancel_of_python_stops_the_job(livy, opened, real, until, quiet):
    session = opened("pyspark")
    number = livy.submit(session, "spark.sql('select count(*) from range(0, 300000000000, 1, 4) where hash(id) % 11 = 5').collect()")
    until(real.running_jobs, what="the job")
    livy.cancel(session, number)
    assert livy.wait(session, number)["state"] == "cancelled"
    until(lambda: not real.running_jobs(), 20, "the end of the job")


def test_cancel_of_sql_stops_the_job(livy, opened, real, until, quiet):
    session = opened("sql")
    number = livy.submit(session, "select count(*) from range(0, 300000000000, 1, 4) where hash(id) % 11 = 5")
    until(real.running_jobs, what="the job")
    livy.cancel(session, number)
    assert livy.wait(session, number)["state"] == "cancelled"
    until(lambda: not real.running_jobs(), 20, "the end of the job")


@pytest.mark.skipif(not shutil.which("java"), reason="no java")
def test_scala_with_closures(livy, opened):
    session = opened("spark")
    assert "1, 2, 3, 4, 5, 6, 7, 8, 9, 10" in livy.text(session, "spark.range(10).map(x => x + 1).collect().mkString(\", \")", seconds=SECONDS)
    livy.run(session, "case class Person(name: String, age: Int)", seconds=SECONDS)
    assert "Long = 1" in livy.text(session, "Seq(Person(\"a\", 1), Person(\"b\", 40)).toDS().filter(p => p.age > 18).count()", seconds=SECONDS)
    livy.run(session, "import org.apache.spark.sql.functions.udf\nval shout = udf((s: String) => s.toUpperCase + \"!\")\nspark.udf.register(\"shout\", shout)", seconds=SECONDS)
    assert "A!" in livy.text(session, "spark.sql(\"select shout('a')\").as[String].collect().mkString", seconds=SECONDS)


@pytest.mark.skipif(not shutil.which("java"), reason="no java")
def test_views_that_kinds_share(livy, opened):
    """One session of kind shared: SQL, Python and Scala see the same Spark session."""
    session = opened("shared")
    livy.run(session, "create temporary view shared_view as select id, id * id square from range(5)", kind="sql")
    assert livy.text(session, "spark.table('shared_view').count()", kind="pyspark", seconds=SECONDS) == "5"
    livy.run(session, "spark.range(3).createOrReplaceTempView('from_python')", kind="pyspark", seconds=SECONDS)
    assert "Long = 3" in livy.text(session, "spark.table(\"from_python\").count()", kind="spark", seconds=SECONDS)
    assert livy.rows(session, "select sum(square) s from shared_view", kind="sql") == [[30]]


def test_batches_run_on_it(livy, tmp_path, real):
    script = tmp_path / "batch.py"
    script.write_text("from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\nprint('rows', spark.range(12).count())\n")
    state, lines = livy.run_batch(f"file://{script}", conf=ON_SPARK)
    assert state == "success" and any("rows 12" in line for line in lines), lines
