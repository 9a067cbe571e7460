"""Parameters: named, ordinal and in order, typed, bound as values and never as text."""

import pytest


def one(rest, text, *parameters):
    [row] = rest.rows(text, parameters=list(parameters))
    return row


@pytest.mark.parametrize("type,value,expected,type_text", [
    ("BOOLEAN", "true", "true", "BOOLEAN"), ("TINYINT", "1", "1", "TINYINT"), ("SMALLINT", "-1", "-1", "SMALLINT"), ("INT", "7", "7", "INT"),
    ("INTEGER", "7", "7", "INT"), ("BIGINT", "9223372036854775807", "9223372036854775807", "BIGINT"), ("LONG", "5", "5", "BIGINT"),
    ("FLOAT", "1.5", "1.5", "FLOAT"), ("DOUBLE", "1e10", "1.0E10", "DOUBLE"), ("DECIMAL(10,2)", "12.3", "12.30", "DECIMAL(10,2)"),
    ("DECIMAL(4,0)", "1E+2", "100", "DECIMAL(4,0)"), ("STRING", "x", "x", "STRING"), ("string", "x", "x", "STRING"), (None, "x", "x", "STRING"),
    ("DATE", "2021-01-02", "2021-01-02", "DATE"), ("TIMESTAMP", "2021-01-02 10:00:00", "2021-01-02T10:00:00.000Z", "TIMESTAMP"),
    ("TIMESTAMP", "2021-01-02 10:00:00.5+02:00", "2021-01-02T08:00:00.500Z", "TIMESTAMP"),
    ("TIMESTAMP", "2021-01-02T10:00:00+00:00", "2021-01-02T10:00:00.000Z", "TIMESTAMP"),
    ("TIMESTAMP_NTZ", "2021-01-02 10:00:00", "2021-01-02T10:00:00.000", "TIMESTAMP_NTZ"), ("int", "7", "7", "INT"),
    ("VOID", None, None, "VOID"), ("INT", None, None, "INT"), ("STRING", None, None, "STRING"), (None, None, None, "STRING")])
def test_types(rest, type, value, expected, type_text):
    parameter = {"name": "p"}
    if type is not None:
        parameter["type"] = type
    parameter["value"] = value
    for given in (parameter, {k: v for k, v in parameter.items() if v is not None}):
        answer = rest.run("select :p as p", parameters=[given])
        assert answer["status"]["state"] == "SUCCEEDED", answer
        assert answer["result"]["data_array"] == [[expected]]
        assert answer["manifest"]["schema"]["columns"][0]["type_text"] == type_text


def test_binary(rest):
    assert one(rest, "select hex(:p)", {"name": "p", "type": "BINARY", "value": "ab"}) == ["6162"]


def test_decimal_without_precision(rest):
    [value] = one(rest, "select :p", {"name": "p", "type": "DECIMAL", "value": "12"})
    assert value == "12"


def test_interval(rest):
    assert one(rest, "select date'2021-01-01' + :p", {"name": "p", "type": "INTERVAL DAY", "value": "1"})[0].startswith("2021-01-02")


def test_ordinals(rest):
    two, one_ = {"ordinal": 2, "type": "INT", "value": "20"}, {"ordinal": 1, "type": "STRING", "value": "a"}
    assert one(rest, "select ?, ? + 1", two, one_) == ["a", "21"]


def test_in_order(rest):
    assert one(rest, "select ?, ?", {"name": None, "type": "INT", "value": "1"}, {"type": "STRING", "value": "b"}) == ["1", "b"]


def test_names_of_columns_are_those_of_values(rest):
    n = {"name": "n", "type": "INT", "value": "1"}
    assert [c["name"] for c in rest.run("select :n, :`n` + 1", parameters=[n])["manifest"]["schema"]["columns"]] == ["1", "(1 + 1)"]
    n = {"ordinal": 1, "type": "INT", "value": "1"}
    assert [c["name"] for c in rest.run("select ?", parameters=[n])["manifest"]["schema"]["columns"]] == ["1"]


def test_quoted_names(rest, schema):
    """databricks-sqlalchemy quotes the names of parameters."""
    given = [{"name": "a", "type": "INT", "value": "1"}, {"name": "b", "value": "x"}]
    rest.rows(f"create table {schema}.t (a int, b string)")
    rest.rows(f"insert into {schema}.t (a, b) values (:`a`, :`b`)", parameters=given)
    assert rest.rows(f"select * from {schema}.t") == [["1", "x"]]


def test_one_parameter_used_twice_and_everywhere(rest):
    n = {"name": "n", "type": "INT", "value": "3"}
    rows = rest.rows("select id + :n from range(10) where id < :n order by id limit :n", parameters=[n])
    assert rows == [["3"], ["4"], ["5"]]


def test_values_are_never_text_of_the_query(rest):
    evil = "x'; drop table t; -- :p ? `"
    assert one(rest, "select :p, ':p', length(:p) /* :q ? */ -- ?", {"name": "p", "value": evil}) == [evil, ":p", str(len(evil))]


def test_identifier_clause(rest, schema):
    rest.rows(f"create table {schema}.t (a int)")
    assert rest.rows("select count(*) from identifier(:t)", parameters=[{"name": "t", "value": f"{schema}.t"}]) == [["0"]]


def test_parameters_in_commands(rest, schema):
    rest.rows(f"create table {schema}.t (a int, b string)")
    rest.rows(f"insert into {schema}.t values (:a, :b)", parameters=[{"name": "a", "type": "INT", "value": "1"}, {"name": "b", "value": "x"}])
    assert rest.rows(f"select * from {schema}.t") == [["1", "x"]]


@pytest.mark.parametrize("text,parameters,condition", [
    ("select :missing", [], "UNBOUND_SQL_PARAMETER"),
    ("select ?", [], "UNBOUND_SQL_PARAMETER"),
    ("select ?, ?", [{"ordinal": 1, "value": "1"}], "UNBOUND_SQL_PARAMETER"),
    ("select :p", [{"name": "p", "type": "INT", "value": "abc"}], "CAST_INVALID_INPUT"),
    ("select :p", [{"name": "p", "type": "DATE", "value": "2021-13-01"}], "CAST_INVALID_INPUT"),
    ("select :p", [{"name": "p", "type": "TINYINT", "value": "300"}], "CAST_INVALID_INPUT")])
def test_bad_bindings_fail_the_statement(rest, text, parameters, condition):
    assert condition in rest.failure(text, parameters=parameters)["error"]["message"]


@pytest.mark.parametrize("parameter", [
    {"name": "p", "type": "ARRAY<INT>", "value": "[1]"}, {"name": "p", "type": "NO_SUCH_TYPE", "value": "1"},
    {"name": "p", "type": "INT; DROP", "value": "1"}, {"name": "p", "type": 5, "value": "1"}, {"name": 5, "value": "1"},
    {"ordinal": "x", "value": "1"}, {"ordinal": 0, "value": "1"}])
def test_bad_parameters_are_refused(rest, parameter):
    reply = rest.execute("select 1", parameters=[parameter])
    if reply.status == 200:
        assert reply.json["status"]["state"] == "FAILED", reply
    else:
        assert reply.status == 400 and "parameters" in reply.json["message"], reply


def test_the_same_name_twice(rest):
    reply = rest.execute("select :p", parameters=[{"name": "p", "value": "1"}, {"name": "p", "value": "2"}])
    assert reply.status == 400, reply
