"""Errors: statements that fail are 200 with Spark's condition and SQLSTATE; requests that fail are 4xx."""

import uuid

import pytest
from harness.rest import Rest
from harness.statements import SESSIONS, STATEMENTS, WAREHOUSE, WAREHOUSES

FAILURES = [
    ("inser into t values (1)", "PARSE_SYNTAX_ERROR", "42601"),
    ("select * from no_such_table", "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
    ("select no_such_column from range(1)", "UNRESOLVED_COLUMN", "42703"),
    ("select no_such_function(1)", "UNRESOLVED_ROUTINE", "42883"),
    ("use no_such_schema", "SCHEMA_NOT_FOUND", "42704"),
    ("drop schema no_such_schema", "SCHEMA_NOT_FOUND", "42704"),
    ("select 1/0", "DIVIDE_BY_ZERO", "22012"),
    ("select cast('x' as int)", "CAST_INVALID_INPUT", "22018"),
    ("select cast(300 as tinyint)", "CAST_OVERFLOW", "22003"),
    ("select 2147483647 + 1", "ARITHMETIC_OVERFLOW", "22003"),
    ("select array(1)[5]", "INVALID_ARRAY_INDEX", "22003"),
    ("select :missing", "UNBOUND_SQL_PARAMETER", "42P02"),
]


@pytest.mark.parametrize("text,condition,state", FAILURES, ids=[f[1] + str(n) for n, f in enumerate(FAILURES)])
def test_failed_statements(rest, text, condition, state):
    status = rest.failure(text)
    assert status["sql_state"] == state, status
    assert status["error"]["error_code"] == "BAD_REQUEST"
    message = status["error"]["message"]
    assert f"[{condition}" in message and f"SQLSTATE: {state}" in message, message


def test_the_condition_and_its_parameters_are_in_the_error(rest):
    error = rest.failure("select * from no_such_table")["error"]
    assert error["condition"] == "TABLE_OR_VIEW_NOT_FOUND", error
    assert error["parameters"]["relationName"] == "`no_such_table`", error


def test_an_error_while_rows_come(rest):
    """The error is in the last of many rows; nothing of the result is shown."""
    status = rest.failure("select 1 / (id - 99999) from range(100000)", disposition="EXTERNAL_LINKS", format="ARROW_STREAM")
    assert status["sql_state"] == "22012"


def test_a_failed_statement_has_no_result(rest):
    statement = rest.run("select 1/0")["statement_id"]
    assert rest.status(statement)["status"]["state"] == "FAILED"
    reply = rest.chunk(statement, 0)
    assert reply.status in (400, 404), reply


def test_unknown_statement(rest):
    for statement in (uuid.uuid4(), "01ef9de2-db21-16af-b4cb-9ccf302d746b"):
        path = f"{STATEMENTS}/{statement}"
        for reply in (rest.get(path), rest.get(f"{path}/result/chunks/0")):
            assert reply.status == 404, reply
            assert reply.json["error_code"] in ("NOT_FOUND", "RESOURCE_DOES_NOT_EXIST")
            assert f"statement {statement} was not found." in reply.json["message"], reply
        assert rest.post(f"{path}/cancel").status in (200, 404)
        assert rest.delete(path).status in (200, 404)


@pytest.mark.parametrize("statement", ["nope", "1", "01ef9de2-db21-16af-b4cb", "%00", "x" * 500, "..%2f..", "%F0%9F%94%A5"])
def test_malformed_statement_id(rest, statement):
    for reply in (rest.get(f"{STATEMENTS}/{statement}"), rest.chunk(statement, 0)):
        assert reply.status in (400, 404), reply
        assert reply.json["error_code"] in ("INVALID_PARAMETER_VALUE", "NOT_FOUND", "RESOURCE_DOES_NOT_EXIST"), reply


@pytest.mark.parametrize("index", ["1", "7", "2147483648", "99999999999999999999", "-1", "x", "", "0.0", "0x0"])
def test_chunk_out_of_range(rest, index):
    statement = rest.run("select 1")["statement_id"]
    reply = rest.chunk(statement, index)
    assert reply.status in (400, 404), reply
    assert isinstance(reply.json["error_code"], str)


def test_chunks_of_a_closed_statement(rest):
    statement = rest.run("select 1")["statement_id"]
    assert rest.delete(f"{STATEMENTS}/{statement}").status == 200
    reply = rest.chunk(statement, 0)
    assert reply.status == 404, reply
    assert reply.json["message"] == f"The result of the statement {statement} was not found."
    assert reply.json["error_code"] == "NOT_FOUND"
    reply = rest.get(f"{STATEMENTS}/{statement}")
    assert reply.status == 404 or reply.json == {"statement_id": statement, "status": {"state": "CLOSED"}}, reply


def test_unknown_session(rest):
    reply = rest.execute("select 1", session_id=str(uuid.uuid4()))
    assert reply.status == 404 and "session" in reply.json["message"].lower(), reply


def test_sessions_of_unknown_warehouses(rest):
    for body in ({"warehouse_id": "nope"}, {}, {"warehouse_id": None}):
        reply = rest.post(SESSIONS, body)
        assert reply.status == 400 and reply.json["error_code"] == "INVALID_PARAMETER_VALUE", (body, reply)


def test_unknown_warehouse(rest):
    for reply in (rest.get(f"{WAREHOUSES}/nope"), rest.post(f"{WAREHOUSES}/nope/start", {}), rest.post(f"{WAREHOUSES}/nope/edit", {})):
        assert reply.status in (400, 404), reply
        assert reply.json["error_code"] in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND", "INVALID_PARAMETER_VALUE")


def test_a_body_over_the_limit_is_refused(rest, server):
    reply = Rest(server.http, token="any").request("POST", STATEMENTS, b"x" * (40 * 1024 * 1024), {"Connection": "close"})
    assert reply.status in (400, 413), reply.status


def test_error_of_a_session_statement_leaves_the_session(rest):
    session = rest.post(SESSIONS, {"warehouse_id": WAREHOUSE}).json["session_id"]
    rest.rows("set x.y = 5", session_id=session)
    rest.failure("select 1/0", session_id=session)
    assert rest.rows("set x.y", session_id=session) == [["x.y", "5"]]
    rest.delete(f"{SESSIONS}/{session}")
