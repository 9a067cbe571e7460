"""Errors of a real Spark through Hearth: class, condition, SQLSTATE, parameters, message, query context, stack trace."""

from __future__ import annotations

import json

import grpc
import pytest
from harness import wire as raw
from harness.wire import Wire
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

SQL = [
    "select * from nowhere",
    "select nothing from range(1)",
    "selec 1",
    "select 1 / 0 from range(1)",
    "select cast('x' as int)",
    "select assert_true(false)",
    "select raise_error('own words')",
    "select 2147483647 + 1",
    "select abs()",
    "select no_such_function(1)",
    "select element_at(array(1), 5)",
    "select sum(id) from range(3) group by nothing",
    "select * from range(1) join range(2) using (nope)",
    "insert into nowhere values (1)",
    "drop table nowhere",
    "create table t (a int) using no_such_source",
    "select (select id from range(2))",
    "select 1\nfrom range(1)\nwhere missing = 3",
    "select to_date('x', 'yyyy')",
    "select explode(array(1)), explode(array(2)) from values (1) having 1",
]


@pytest.mark.parametrize("text", SQL)
def test_sql(same, text):
    found = same(lambda s: s.sql(text).collect())
    assert found["condition"] and found["sql_state"], found


def test_of_frames(same):
    same(lambda s: s.range(1).select("nope").collect())
    same(lambda s: s.range(1).select(F.col("id") / F.lit(0)).collect())
    same(lambda s: s.range(1).select(F.lit("x").cast("int")).collect())
    same(lambda s: s.read.parquet("/nowhere/at/all").collect())
    same(lambda s: s.range(1).union(s.range(1).select("id", "id")).schema)
    same(lambda s: s.range(1).schema and s.table("a.b.c.d.e").schema)


def test_stack_traces_when_enabled(pair):
    traces = []
    for session in pair:
        session.conf.set("spark.sql.pyspark.jvmStacktrace.enabled", "true")
        session.conf.set("spark.sql.connect.serverStacktrace.enabled", "true")
        try:
            with pytest.raises(PySparkException) as failed:
                session.sql("select cast('x' as int) from range(2)").collect()
            traces.append((str(failed.value), failed.value._server_stacktrace if hasattr(failed.value, "_server_stacktrace") else None))
        finally:
            session.conf.unset("spark.sql.pyspark.jvmStacktrace.enabled")
            session.conf.unset("spark.sql.connect.serverStacktrace.enabled")
    (through, _), (direct, _) = traces
    assert "JVM stacktrace" in direct and "org.apache.spark.SparkNumberFormatException" in direct, direct
    assert "JVM stacktrace" in through
    assert frames(through)[:3] == frames(direct)[:3]


def frames(text):
    return [line.strip() for line in text.splitlines() if line.strip().startswith("at ")]


def failed_call(server, text):
    with Wire(server) as wire:
        with pytest.raises(grpc.RpcError) as failed:
            raw.consume(wire.execute(raw.sql(text)))
        return failed.value, raw.error_info(failed.value), wire.details(failed.value)


def test_details_as_they_are_on_the_wire(server, real):
    """What FetchErrorDetails says: the chain of errors with their classes, parameters and contexts."""
    answers = []
    for one in (server, real):
        error, info, details = failed_call(one, "select cast('x' as int) from range(2)")
        assert details is not None
        chain = [(list(e.error_type_hierarchy), e.message, e.spark_throwable.error_class, e.spark_throwable.sql_state,
                  dict(e.spark_throwable.message_parameters), [(c.fragment, c.start_index, c.stop_index, c.object_type) for c in e.spark_throwable.query_contexts])
                 for e in details.errors]
        assert set(info.metadata) >= {"classes", "errorClass", "sqlState", "messageParameters", "errorId"}
        known = info.metadata["errorClass"], info.metadata["sqlState"], json.loads(info.metadata["messageParameters"])
        answers.append((error.code(), json.loads(info.metadata["classes"]), known, info.reason, details.root_error_idx, chain))
    assert answers[0] == answers[1]


def test_details_are_told_once_the_session_is_that_of_the_error(server):
    error, info, _ = failed_call(server, "select cast('x' as int) from range(2)")
    with Wire(server) as other:
        details = other.details(error)
        assert not details.errors


def test_python_errors_keep_their_traceback(same):
    def program(s):
        def broken(value):
            raise ValueError(f"own failure {value}")

        return s.range(1).select(F.udf(broken, "int")("id")).collect()

    found = same(program)
    assert "own failure 0" in found["message"] and "ValueError" in found["message"]


def test_failures_in_tasks(same):
    found = same(lambda s: s.sql("select raise_error(concat('row ', id)) from range(0, 4, 1, 1)").collect())
    assert found["condition"] == "USER_RAISED_EXCEPTION"
