"""The SQL statements API on a real Spark: types, parameters, results of every shape, limits, cancel, history, warehouses."""

from __future__ import annotations

import time

import pytest
from harness.connect import connect
from harness.statements import HISTORY, SESSIONS, WAREHOUSES, arrow, fetch

pytestmark = pytest.mark.hearth_only
SLOW = "select count(*) from range(0, 300000000000, 1, 4) where id % 7 = 3 and hash(id) % 11 = 5"


@pytest.fixture(scope="module")
def rest(statements):
    """Statements for the warehouse of the Spark, without naming it each time."""
    class OnSpark(type(statements)):
        def body(self, statement, **fields):
            return super().body(statement, **{"warehouse_id": "spark", **fields})

    return OnSpark(statements.address)


def columns(answer):
    return [(c["name"], c["type_text"], c["type_name"]) for c in answer["manifest"]["schema"]["columns"]]


TYPES = [
    ("true", "BOOLEAN", "BOOLEAN", "true"), ("1Y", "TINYINT", "BYTE", "1"), ("2S", "SMALLINT", "SHORT", "2"), ("3", "INT", "INT", "3"),
    ("4L", "BIGINT", "LONG", "4"), ("float(1.5)", "FLOAT", "FLOAT", "1.5"), ("2.5D", "DOUBLE", "DOUBLE", "2.5"),
    ("1.25BD", "DECIMAL(3,2)", "DECIMAL", "1.25"), ("'x'", "STRING", "STRING", "x"), ("date'2024-02-29'", "DATE", "DATE", "2024-02-29"),
    ("timestamp'2024-02-29 12:34:56.789'", "TIMESTAMP", "TIMESTAMP", "2024-02-29T12:34:56.789Z"), ("cast('ab' as binary)", "BINARY", "BINARY", None),
    ("array(1, 2)", "ARRAY<INT>", "ARRAY", "[\"1\",\"2\"]"), ("null", None, None, None),
    ("struct(1 a, 'b' b)", None, "STRUCT", "{\"a\":\"1\",\"b\":\"b\"}"), ("map('k', 1)", "MAP<STRING, INT>", "MAP", "{\"k\":\"1\"}"),
]


def test_types_are_those_of_the_embedded_engine(rest):
    """The door writes one text for one type, whoever ran the query."""
    text = "select " + ", ".join(f"{literal} as c{number}" for number, (literal, *_) in enumerate(TYPES))
    on_spark, embedded = (rest.run(text, warehouse_id=one, wait_timeout="50s") for one in ("spark", "embedded"))
    for answer in (on_spark, embedded):
        assert answer["status"]["state"] == "SUCCEEDED", answer
    assert columns(on_spark) == columns(embedded)
    assert on_spark["result"]["data_array"] == embedded["result"]["data_array"]
    for number, (literal, type_text, type_name, value) in enumerate(TYPES):
        column, found = columns(on_spark)[number], on_spark["result"]["data_array"][0][number]
        assert type_text in (None, column[1]) and type_name in (None, column[2]), (literal, column)
        assert value in (None, found), (literal, found)


def test_parameters(rest):
    answer = rest.rows("select :a + 1, :b, :c, :n is null", parameters=[
        {"name": "a", "value": "41", "type": "INT"}, {"name": "b", "value": "it's"}, {"name": "c", "value": "2024-02-29", "type": "DATE"}, {"name": "n", "type": "INT"}])
    assert answer == [["42", "it's", "2024-02-29", "true"]]
    assert "UNBOUND_SQL_PARAMETER" in rest.failure("select :nobody")["error"]["message"]


def test_inline_and_links(rest):
    answer = rest.run("select id, concat('row ', id) t from range(0, 400000, 1, 2)", disposition="EXTERNAL_LINKS", format="ARROW_STREAM", wait_timeout="50s")
    assert answer["status"]["state"] == "SUCCEEDED", answer
    assert answer["manifest"]["total_row_count"] == 400_000
    links = rest.links(answer)
    ids = [value for link in links for value in arrow(fetch(link)).column("id").to_pylist()]
    assert sorted(ids) == list(range(400_000))
    assert sum(link["row_count"] for link in links) == 400_000
    csv = rest.run("select id, 'a,b' t from range(2)", disposition="EXTERNAL_LINKS", format="CSV", wait_timeout="50s")
    assert b"".join(fetch(link) for link in rest.links(csv)).decode().split() == ["id,t", '0,"a,b"', '1,"a,b"']


def test_limits_of_rows_and_bytes(rest):
    cut = rest.run("select id from range(0, 1000, 1, 2)", row_limit=7, wait_timeout="50s")
    assert cut["manifest"]["truncated"] is True and cut["manifest"]["total_row_count"] == 7 and len(cut["result"]["data_array"]) == 7
    small = rest.run("select repeat('x', 1000) t from range(0, 50000, 1, 2)", byte_limit=100_000, wait_timeout="50s")
    assert small["manifest"]["truncated"] is True and 0 < small["manifest"]["total_row_count"] <= 100
    assert "Inline byte limit exceeded" in rest.failure("select repeat('x', 1000) t from range(0, 60000, 1, 2)")["error"]["message"]


def test_errors_are_those_of_spark(rest, real):
    for text, condition, state in (("select * from nowhere", "TABLE_OR_VIEW_NOT_FOUND", "42P01"), ("selec 1", "PARSE_SYNTAX_ERROR", "42601"),
                                   ("select cast('x' as int)", "CAST_INVALID_INPUT", "22018"), ("select raise_error('own words')", "USER_RAISED_EXCEPTION", "P0001")):
        status = rest.failure(text)
        assert condition in status["error"]["message"], status
        assert status.get("sql_state") in (None, state), status


def test_commands(rest, real):
    name = f"default.statements_{int(time.time() * 1000)}"
    assert rest.run(f"create table {name} (a int, b string) using parquet", wait_timeout="50s")["status"]["state"] == "SUCCEEDED"
    rest.run(f"insert into {name} values (1, 'x'), (2, 'y')", wait_timeout="50s")
    assert rest.rows(f"select * from {name} order by a") == [["1", "x"], ["2", "y"]]
    assert rest.rows(f"describe table {name}")[0][:2] == ["a", "int"]
    direct = connect(real)
    assert direct.table(name).count() == 2, "an INSERT runs once"
    direct.sql(f"drop table {name}").collect()
    direct.stop()


def test_cancel_stops_the_job(rest, real, until, quiet):
    statement = rest.submit(SLOW)
    until(real.running_jobs, what="the job")
    assert rest.status(statement)["status"]["state"] == "RUNNING"
    rest.cancel(statement)
    assert rest.wait(statement)["status"]["state"] == "CANCELED"
    until(lambda: not real.running_jobs(), 15, "the end of the job")


def test_timeout_that_cancels(rest, real, until, quiet):
    answer = rest.run(SLOW, wait_timeout="5s", on_wait_timeout="CANCEL")
    assert answer["status"]["state"] == "CANCELED"
    until(lambda: not real.running_jobs(), 15, "the end of the job")


def test_history(rest):
    marker = f"history {time.time()}"
    answer = rest.run(f"select '{marker}'", wait_timeout="50s")
    page = rest.get(f"{HISTORY}?max_results=50").json
    [found] = [one for one in page["res"] if one["query_id"] == answer["statement_id"]]
    assert found["status"] == "FINISHED" and marker in found["query_text"] and found["warehouse_id"] == "spark"
    assert found["rows_produced"] == 1


def test_warehouses(rest):
    listed = {one["id"]: one for one in rest.get(WAREHOUSES).json["warehouses"]}
    assert "spark" in listed, listed
    assert listed["spark"]["state"] == "RUNNING" and listed["spark"]["health"]["status"] == "HEALTHY"
    assert rest.get(f"{WAREHOUSES}/spark").json["name"]
    assert "default" in listed


def test_schema_of_a_statement(rest, tpch):
    assert rest.rows("select current_catalog(), current_schema(), count(*) from nation", catalog="spark_catalog", schema=tpch) == [["spark_catalog", tpch, "25"]]
    assert rest.rows("select current_schema()") == [["default"]]
    assert "SCHEMA_NOT_FOUND" in rest.failure("select 1", schema="no_such_schema")["error"]["message"]


def test_sessions(rest):
    reply = rest.post(SESSIONS, {"warehouse_id": "spark"})
    assert reply.status == 200, reply
    session = reply.json["session_id"]
    rest.rows("create temporary view v as select 42 as a", session_id=session)
    rest.rows("set own.key = kept", session_id=session)
    rest.rows("declare variable x int default 5", session_id=session)
    assert rest.rows("select a, x from v", session_id=session) == [["42", "5"]]
    assert rest.rows("set own.key", session_id=session) == [["own.key", "kept"]]
    assert "TABLE_OR_VIEW_NOT_FOUND" in rest.failure("select * from v")["error"]["message"]
    assert rest.delete(f"{SESSIONS}/{session}?warehouse_id=spark").status == 200


def test_statements_leave_no_sessions_on_the_spark(rest, real, until):
    """Implicit sessions end with their statement."""
    for number in range(5):
        rest.rows(f"select {number}")
    assert rest.rows("select 1") == [["1"]]
