"""What SQL answers: schema and values as Livy writes them, the limit of rows, errors."""

import pytest

FIELD = {"name", "type", "nullable", "metadata"}


def answer(livy, session, code):
    data = livy.data(session, code)
    assert set(data) == {"application/json"}, data
    found = data["application/json"]
    assert set(found) == {"schema", "data"} and set(found["schema"]) == {"type", "fields"} and found["schema"]["type"] == "struct", found
    assert all(set(field) == FIELD and isinstance(field["metadata"], dict) for field in found["schema"]["fields"]), found
    return found


def test_one_row(livy, sql):
    assert answer(livy, sql, "select 1 as a, 'x' as b") == {
        "schema": {"type": "struct", "fields": [{"name": "a", "type": "integer", "nullable": False, "metadata": {}},
                                                {"name": "b", "type": "string", "nullable": False, "metadata": {}}]},
        "data": [[1, "x"]]}


@pytest.mark.parametrize("expression,kind,value", [
    ("true", "boolean", True), ("cast(1 as tinyint)", "byte", 1), ("cast(1 as smallint)", "short", 1), ("1", "integer", 1), ("1L", "long", 1),
    ("9223372036854775807", "long", 9223372036854775807), ("cast(1.5 as float)", "float", 1.5), ("1.5D", "double", 1.5), ("1.50", "decimal(3,2)", 1.5),
    ("cast('12345678901234567890.12' as decimal(38,2))", "decimal(38,2)", 12345678901234567890.12), ("'é🔥\"'", "string", 'é🔥"'),
    ("date'2020-01-02'", "date", "2020-01-02"), ("null", "void", None), ("cast(null as int)", "integer", None), ("array(1, 2)", None, [1, 2]),
    ("map('a', 1)", None, {"a": 1}), ("map(1, 'a', 2, 'b')", None, {"1": "a", "2": "b"}), ("map('k', array(1))", None, {"k": [1]}),
    ("array(array(1), array())", None, [[1], []]), ("array(1, null)", None, [1, None]), ("X'0102ff'", "binary", [1, 2, -1]), ("array(X'01')", None, [[1]]),
    ("double('Infinity')", "double", "Infinity"), ("-double('Infinity')", "double", "-Infinity"),
    ("1e10D", "double", 1e10), ("123456789.0D", "double", 123456789.0), ("date'0001-01-01'", "date", "0001-01-01"), ("date'9999-12-31'", "date", "9999-12-31"),
    ("timestamp'2020-01-02 03:04:05'", "timestamp", "2020-01-02T03:04:05Z"), ("timestamp'0001-01-01 00:00:00'", "timestamp", "0001-01-01T00:00:00Z"),
    ("array(timestamp'2020-01-02 03:04:05')", None, ["2020-01-02T03:04:05Z"]),
    ("cast('a' as varchar(5))", "string", "a"),
])
def test_types(livy, sql, expression, kind, value):
    found = answer(livy, sql, f"select {expression} as c")
    [field] = found["schema"]["fields"]
    assert field["name"] == "c" and (kind is None or field["type"] == kind), field
    [[got]] = found["data"]
    assert got == value and type(got) is type(value), got


@pytest.mark.parametrize("expression,value", [("double('NaN')", "NaN"), ("float('NaN')", "NaN"), ("timestamp'2020-01-02 03:04:05.678'", "2020-01-02T03:04:05.678Z"),
                                              ("timestamp'9999-12-31 23:59:59.999999'", "9999-12-31T23:59:59.999999Z")])
def test_what_livy_loses_is_kept(livy, sql, expression, value):
    """Livy writes null for NaN and cuts fractions of seconds off."""
    assert livy.rows(sql, f"select {expression}") == [[value]]


def test_types_of_containers(livy, sql):
    found = answer(livy, sql, "select array(1) as a, map('k', 1L) as m, named_struct('x', 1, 'y', 'z') as s")
    a, m, s = (field["type"] for field in found["schema"]["fields"])
    assert a == {"type": "array", "elementType": "integer", "containsNull": False}
    assert m == {"type": "map", "keyType": "string", "valueType": "long", "valueContainsNull": False}
    assert s["type"] == "struct" and [field["name"] for field in s["fields"]] == ["x", "y"]
    struct = found["data"][0][2]
    assert set(struct) == {"schema", "values"} and struct["values"] == [1, "z"], struct
    assert [field["name"] for field in struct["schema"]] == ["x", "y"] or [field["name"] for field in struct["schema"]["fields"]] == ["x", "y"]


def test_names_of_columns(livy, sql):
    found = answer(livy, sql, "select 1 + 1, count(*), 'a' as a, 'b' as a from range(1)")
    assert [field["name"] for field in found["schema"]["fields"]] == ["(1 + 1)", "count(1)", "a", "a"]
    assert found["data"] == [[2, 1, "a", "b"]]


def test_limit_of_rows(livy, sql):
    found = answer(livy, sql, "select id from range(5000) order by id")
    assert found["data"] == [[n] for n in range(1000)]


def test_no_rows(livy, sql):
    found = answer(livy, sql, "select id from range(0)")
    assert found["data"] == [] and found["schema"]["fields"][0]["name"] == "id"


def test_commands(livy, sql):
    assert answer(livy, sql, "create or replace temporary view livy_v as select 7 as seven") == {"schema": {"type": "struct", "fields": []}, "data": []}
    assert livy.rows(sql, "select seven from livy_v") == [[7]]
    assert livy.rows(sql, "drop view livy_v") == []
    assert livy.rows(sql, "drop table if exists livy_no_such") == []
    assert livy.rows(sql, "show databases")[0]
    found = answer(livy, sql, "set spark.sql.ansi.enabled")
    assert [field["name"] for field in found["schema"]["fields"]] == ["key", "value"]


def test_tables(livy, sql):
    livy.rows(sql, "drop table if exists livy_t")
    livy.rows(sql, "create table livy_t (a int, b string)")
    livy.rows(sql, "insert into livy_t values (1, 'x'), (2, null)")
    assert livy.rows(sql, "select * from livy_t order by a") == [[1, "x"], [2, None]]
    livy.rows(sql, "drop table livy_t")


@pytest.mark.parametrize("code", ["select 1;", "select 1 ;\n", "-- comment\nselect 1", "  \n select 1", "select /* x */ 1"])
def test_odd_texts(livy, sql, code):
    assert livy.rows(sql, code) == [[1]]


@pytest.mark.parametrize("code,word", [
    ("select * from no_such_table", "TABLE_OR_VIEW_NOT_FOUND"), ("selec 1", "PARSE_SYNTAX_ERROR"), ("select 1; select 2", "PARSE_SYNTAX_ERROR"),
    ("select 1/0", "DIVIDE_BY_ZERO"), ("select no_such_column", "UNRESOLVED_COLUMN"), ("", "PARSE_EMPTY_STATEMENT"),
    ("   ", "PARSE_EMPTY_STATEMENT"), ("-- c", "PARSE_SYNTAX_ERROR"), ("select cast('x' as int)", "CAST_INVALID_INPUT"),
    ("select raise_error('own text')", "own text")])
def test_errors(livy, sql, code, word):
    output = livy.failure(sql, code)
    assert output["ename"] == "Error" and word in output["evalue"], output
    assert livy.rows(sql, "select 1") == [[1]]


def test_configuration_of_the_session(livy, opened):
    session = opened("sql", conf={"spark.sql.session.timeZone": "America/New_York", "spark.sql.ansi.enabled": "false"})
    assert livy.rows(session, "select current_timezone()") == [["America/New_York"]]
    assert livy.rows(session, "select 1/0") == [[None]]
    livy.rows(session, "set spark.sql.ansi.enabled = true")
    livy.failure(session, "select 1/0")


def test_sessions_are_apart(livy, opened):
    one, two = opened("sql"), opened("sql")
    livy.rows(one, "create temporary view apart as select 1")
    livy.rows(one, "use samples") if ["samples"] in livy.rows(one, "show databases") else None
    livy.failure(two, "select * from apart")


def test_current_schema_is_kept(livy, opened):
    session = opened("sql")
    livy.rows(session, "create schema if not exists livy_s")
    livy.rows(session, "use livy_s")
    assert livy.rows(session, "select current_schema()") == [["livy_s"]]
    livy.rows(session, "use default")
    livy.rows(session, "drop schema livy_s")


def test_variables_and_functions_of_the_session(livy, opened):
    session = opened("sql")
    livy.rows(session, "create temporary function plus_one(x int) returns int return x + 1")
    assert livy.rows(session, "select plus_one(2)") == [[3]]
