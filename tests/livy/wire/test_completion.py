"""Completion: names that may stand at the cursor."""

import pytest


@pytest.mark.parametrize("code,name", [("spark.ran", "range"), ("pri", "print"), ("spark.range(1).sho", "show"), ("''.star", "startswith")])
def test_python(livy, python, code, name):
    candidates = livy.completion(python, code, "pyspark")
    assert any(name in candidate for candidate in candidates), candidates
    assert all(isinstance(candidate, str) for candidate in candidates) and len(candidates) <= 500


def test_python_knows_what_was_set(livy, python):
    livy.text(python, "import os\nsome_long_name = 1")
    assert "some_long_name" in livy.completion(python, "some_lo", "pyspark")
    assert any("getcwd" in candidate for candidate in livy.completion(python, "x = 1\nos.getcw", "pyspark"))


def test_cursor_in_the_middle(livy, python):
    assert "print" in livy.completion(python, "prinXXX = 1", "pyspark", cursor=4)


def test_carriage_returns_count_as_line_feeds(livy, python):
    livy.text(python, "some_long_name = 1")
    assert "some_long_name" in livy.completion(python, "x = 1\r\nsome_lo", "pyspark", cursor=len("x = 1\nsome_lo"))


@pytest.mark.parametrize("code,name", [("sel", "select"), ("select * fr", "from"), ("select * from livy_compl", "livy_completed"), ("select coun", "count")])
def test_sql(livy, sql, code, name):
    livy.rows(sql, "create or replace temporary view livy_completed as select 1 as first_column")
    assert name in [candidate.lower().rstrip("(") for candidate in livy.completion(sql, code, "sql")]


@pytest.mark.parametrize("body", ['{"code": "x", "kind": "y", "cursor": 1}', '{"code": "x", "kind": "sql", "cursor": "z"}', "{", "", "[]",
                                  '{"code": "x", "kind": "sql", "cursor": 1, "more": 1}'])
def test_body_of_the_wrong_form(livy, sql, body):
    reply = livy.post(f"/sessions/{sql}/completion", body)
    assert reply.status == 400, reply


@pytest.mark.parametrize("cursor", [0, -1, 100000, 2**31 - 1])
def test_cursor_outside(livy, sql, python, cursor):
    for session, kind in ((sql, "sql"), (python, "pyspark")):
        reply = livy.post(f"/sessions/{session}/completion", {"code": "é🔥s", "kind": kind, "cursor": cursor})
        assert reply.status in (200, 400), reply


def test_while_code_runs(livy, python):
    number = livy.submit(python, "import time\nfor _ in range(600): time.sleep(0.05)")
    livy.wait(python, number, {"running"})
    assert any("print" in candidate for candidate in livy.completion(python, "pri", "pyspark"))
    assert livy.statement(python, number)["state"] == "running"
    livy.cancel(python, number)
    livy.wait(python, number)
