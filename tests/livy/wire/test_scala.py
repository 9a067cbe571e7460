"""Scala code (kind spark): outputs of the REPL, magics, completion, cancel, Spark. Needs Java and the Spark of `.venv/spark`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "original"))

import compare  # noqa: E402


@pytest.fixture
def scala(idle_session):
    return idle_session("spark")


def run(livy, session, code):
    return livy.text(session, code, seconds=120)


def test_alias(livy, opened):
    session = livy.session(opened("scala"))
    assert session["kind"] == "spark"


@pytest.mark.parametrize("code,text", [
    ("1 + 2", "3"), ("\"a\" + 1", "String = a1"), ("List(1, 2)", "List[Int] = List(1, 2)"),
])
def test_values(livy, scala, code, text):
    found = run(livy, scala, code)
    assert found.endswith(text + "\n") and "res" in found, found


@pytest.mark.parametrize("code,text", [
    ("val x = 1", "x: Int = 1\n"), ("def f(n: Int) = n + 1", "f(n: Int): Int\n"), ("print(1)\nprint(2)", "12"), ("println(\"é\")", "é\n"), ("// only a comment", ""), ("", ""),
])
def test_golden(livy, scala, code, text):
    found = run(livy, scala, code).replace("val x", "x").replace("def f", "f")
    assert found == text


def test_state_is_kept(livy, scala):
    run(livy, scala, "val kept = 20\ncase class P(a: Int)")
    assert "Int = 41" in run(livy, scala, "kept * 2 + P(1).a")


def test_blocks_of_several_lines(livy, scala):
    text = run(livy, scala, "val a1 = 1\nval a2 = {\n  a1 +\n  1\n}\na1 + a2")
    assert "a1: Int = 1\n" in text and "a2: Int = 2\n" in text and text.endswith("Int = 3\n")


def test_errors(livy, scala):
    output = livy.failure(scala, "notThere", seconds=120)
    assert output["ename"] == "Error" and "not found: value notThere" in output["evalue"] + "".join(output["traceback"]), output
    output = livy.failure(scala, "throw new IllegalStateException(\"bad\")", seconds=120)
    assert "java.lang.IllegalStateException: bad" in output["evalue"], output
    output = livy.failure(scala, "spark.", seconds=120)
    assert (output["ename"], output["evalue"], output["traceback"]) == ("Error", "incomplete statement", []), output
    assert "Int = 2" in run(livy, scala, "1 + 1")


def test_first_error_ends_the_block(livy, scala):
    livy.failure(scala, "val before = 1\nthrow new RuntimeException(\"x\")\nval after = 2", seconds=120)
    assert "not found: value after" in str(livy.failure(scala, "after", seconds=120))
    assert "Int = 1" in run(livy, scala, "before")


def test_spark(livy, scala):
    assert "Long = 5" in run(livy, scala, "spark.range(10).filter(\"id % 2 = 0\").count()")
    assert "+---+\n| id|\n+---+\n|  0|\n+---+" in run(livy, scala, "spark.range(1).show()")
    assert run(livy, scala, "spark.sql(\"\"\"select 1 as a\"\"\").toJSON.take(2500).foreach(println)").rstrip("\n") == '{"a":1}'
    assert run(livy, scala, "spark.range(2).toJSON.collect.foreach(println)") == '{"id":0}\n{"id":1}\n'
    assert "Long = 3" in run(livy, scala, "import spark.implicits._\nSeq(1, 2, 3).toDF(\"n\").count()")


def test_json_and_table(livy, scala):
    run(livy, scala, "val rows = List(List(1, \"a\"), List(3, \"b\"))")
    assert livy.data(scala, "rows\n%json rows", seconds=120)["application/json"] == [[1, "a"], [3, "b"]]
    table = livy.data(scala, "rows\n%table rows", seconds=120)["application/vnd.livy.table.v1+json"]
    assert table == {"headers": [{"name": "0", "type": "BIGINT_TYPE"}, {"name": "1", "type": "STRING_TYPE"}], "data": [[1, "a"], [3, "b"]]}


def test_magics_that_fail(livy, scala):
    assert livy.failure(scala, "%json not_there", seconds=120)["ename"] == "NameError"
    assert livy.failure(scala, "%foo x", seconds=120)["ename"] == "UnknownMagic"
    assert "Int = 2" in run(livy, scala, "1 + 1")


def test_completion(livy, scala):
    run(livy, scala, "val someLongName = \"text\"")
    assert any("someLongName" in candidate for candidate in livy.completion(scala, "someLo", "spark"))
    assert any("charAt" in candidate for candidate in livy.completion(scala, "\"abc\".char", "spark"))


def test_views_are_shared_with_sql(livy, scala):
    run(livy, scala, "spark.range(4).createOrReplaceTempView(\"from_scala\")")
    assert livy.rows(scala, "select count(*) from from_scala", "sql") == [[4]]


def test_closures_run_or_say_why_not(livy, scala):
    output = livy.run(scala, "spark.range(3).map(_ + 1).collect()", seconds=120)
    assert output["status"] == "ok" or len(output["evalue"]) > 20, output
    assert "Int = 2" in run(livy, scala, "1 + 1")


@pytest.mark.parametrize("code", ["while (true) {}", "Thread.sleep(600000)", "spark.sql(\"select count(*) from range(300000000000) where id % 7 = 3 and hash(id) % 11 = 5\").collect()"])
def test_cancel(livy, scala, code):
    run(livy, scala, "val stays = 5")
    number = livy.submit(scala, code)
    livy.wait(scala, number, {"running"}, seconds=120)
    livy.cancel(scala, number)
    assert livy.wait(scala, number, seconds=30)["state"] == "cancelled"
    livy.wait_session(scala, seconds=30)
    assert "Int = 5" in run(livy, scala, "stays")


def test_shared_session(livy, opened):
    session = opened("shared")
    assert "Int = 3" in livy.text(session, "1 + 2", "spark", seconds=150)
    livy.text(session, "spark.range(2).createOrReplaceTempView(\"of_scala\")", "spark", seconds=120)
    assert livy.text(session, "spark.table('of_scala').count()", "pyspark", seconds=120) == "2"
    assert livy.rows(session, "select count(*) from of_scala", "sql") == [[2]]


def test_answers_are_those_of_livy(request, tmp_path):
    """What is printed, but for what another version of Scala prints otherwise."""
    assert request.config.getoption("--server") == "hearth", "this test starts a server of its own"
    report = compare.compare("scala", compare.play("scala", tmp_path))
    assert not report.mistakes(), "\n".join(one[:2000] for one in report.mistakes())


def test_local_collections_have_their_types(livy, scala):
    assert livy.text(scala, "sc.parallelize(1 to 3).map(_ + 1).collect()(0)").endswith("Int = 2\n")
    assert livy.text(scala, "sc.parallelize(Seq(1.5, 2.5)).take(1)").endswith("Array[Double] = Array(1.5)\n")
    assert livy.text(scala, 'sc.parallelize(Seq("a" -> 1, "a" -> 2)).reduceByKey(_ + _).mapValues(_ * 2).collect()').endswith("Array((a,6))\n")
