"""What an execute request may say, and how a bad one is refused: every mistake at once, nothing run."""

import pytest
from harness.statements import STATEMENTS, WAREHOUSE


def refusal(reply, *words):
    """A 400 in the platform's form that names all these words."""
    assert reply.status == 400, reply
    body = reply.json
    assert isinstance(body["error_code"], str) and body["message"], body
    for word in words:
        assert word in body["message"], (word, body["message"])
    return body["error_code"]


@pytest.mark.parametrize("text", ["0s", "5s", "5.0s", "30s", "30.0s", "10.500s", "50s", "50.000s"])
def test_good_wait_timeouts(rest, text):
    answer = rest.run("select 1", wait_timeout=text)
    assert answer["status"]["state"] == ("PENDING" if text == "0s" else "SUCCEEDED")
    rest.wait(answer["statement_id"])


@pytest.mark.parametrize("value", ["4s", "51s", "1s", "-1s", "0.5s", "10", "s", "", "ten", "10m", "10 s", "1e1s", "50.1s", "NaNs", 10, True, [], {}])
def test_bad_wait_timeouts(rest, value):
    code = refusal(rest.execute("select 1", wait_timeout=value), "wait_timeout")
    assert code in ("INVALID_PARAMETER_VALUE", "MALFORMED_REQUEST")
    if isinstance(value, str):
        assert code == "INVALID_PARAMETER_VALUE"


def test_explicit_nulls_are_absent_fields(rest):
    fields = ["catalog", "schema", "parameters", "row_limit", "byte_limit", "disposition", "format", "wait_timeout",
              "on_wait_timeout", "query_tags", "session_id", "result_compression", "idempotency_key"]
    assert rest.run("select 1", **dict.fromkeys(fields))["result"]["data_array"] == [["1"]]


def test_unknown_fields_and_query_are_ignored(rest):
    body = rest.body("select 1", future={"a": [1, None]}, **{"x-y": 1})
    assert rest.post(STATEMENTS + "?later=1", body).json["status"]["state"] == "SUCCEEDED"


def test_content_type_does_not_matter(rest):
    for kind in ("application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded"):
        reply = rest.post(STATEMENTS, rest.body("select 1"), {"Content-Type": kind})
        assert reply.status == 200, (kind, reply)


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b"{}x", b'{"statement": 1, "warehouse_id": "default"}',
                                  b'{"statement": "select 1", "warehouse_id": ["default"]}', b'{"statement": "select 1', b"[" * 100000])
def test_malformed_bodies(rest, body):
    code = refusal(rest.request("POST", STATEMENTS, body, {"Content-Type": "application/json"}))
    assert code in ("MALFORMED_REQUEST", "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("missing", ["statement", "warehouse_id"])
def test_missing_required_field(rest, missing):
    body = rest.body("select 1")
    del body[missing]
    for wrong in (body, {**body, missing: None}):
        assert refusal(rest.post(STATEMENTS, wrong), missing) == "INVALID_PARAMETER_VALUE"


def test_unknown_warehouse(rest):
    for warehouse in ("nope", "0123456789abcdef", "../default", "x" * 300):
        reply = rest.execute("select 1", warehouse_id=warehouse)
        assert refusal(reply, f"{warehouse} is not a valid endpoint id.") == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("format", ["ARROW_STREAM", "CSV"])
@pytest.mark.parametrize("disposition", [None, "INLINE"])
def test_inline_is_json_only(rest, format, disposition):
    assert refusal(rest.execute("select 1", format=format, disposition=disposition), "INLINE", format) == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("field,value", [
    ("disposition", "OUTLINE"), ("disposition", "inline"), ("format", "PARQUET"), ("format", ""), ("on_wait_timeout", "WAIT"),
    ("result_compression", "ZSTD"), ("row_limit", -1), ("byte_limit", -1), ("row_limit", "many"), ("row_limit", 1.5),
    ("parameters", {"name": "a"}), ("parameters", [1]), ("parameters", "x"), ("catalog", 7), ("schema", []),
    ("session_id", 9)])
def test_bad_values(rest, field, value):
    code = refusal(rest.execute("select 1", **{field: value}), field)
    assert code in ("INVALID_PARAMETER_VALUE", "MALFORMED_REQUEST")


def test_every_mistake_is_listed(rest):
    reply = rest.post(STATEMENTS, {"wait_timeout": "3s", "disposition": "OUTLINE", "format": "PARQUET", "on_wait_timeout": "WAIT",
                                   "row_limit": -5, "byte_limit": -6})
    refusal(reply, "statement", "warehouse_id", "wait_timeout", "disposition", "format", "on_wait_timeout", "row_limit", "byte_limit")


def test_a_refused_request_runs_nothing(rest, schema):
    rest.execute(f"create table {schema}.t (a int)", wait_timeout="3s")
    assert rest.rows(f"show tables in {schema}") == []


def test_query_text_limit(rest):
    longest = "select 1 --" + "x" * (16 * 1024 * 1024 - 11)
    assert rest.run(longest)["status"]["state"] == "SUCCEEDED"
    assert refusal(rest.execute(longest + "x"), "16") == "INVALID_PARAMETER_VALUE"


def test_comments_before_and_semicolon_after(rest):
    assert rest.rows('/* {"app": "dbt", "node": "a"} */\n-- why\nselect 1 ;  ') == [["1"]]


def test_empty_statement(rest):
    reply = rest.execute("")
    if reply.status == 200:
        assert reply.json["status"]["state"] == "FAILED"
        assert reply.json["status"]["sql_state"] == "42601"
    else:
        refusal(reply, "statement")


def test_query_tags_never_fail_a_statement(rest):
    tags = [{"key": f"k{n}", "value": str(n)} for n in range(30)]
    tags += [{"key": ""}, {"key": "a,b"}, {"key": "@@x", "value": "y"}, {"key": "k1", "value": "again"}, {"key": "long" * 100}]
    assert rest.run("select 1", query_tags=tags)["status"]["state"] == "SUCCEEDED"


def test_catalog_and_schema_for_one_statement(rest, schema):
    rest.rows("create table here (a int)", schema=schema)
    assert rest.rows("select current_schema()", schema=schema) == [[schema]]
    assert rest.rows("select count(*) from here", schema=schema) == [["0"]]
    assert rest.rows("select current_schema()") == [["default"]]
    catalog = rest.rows("select current_catalog()")[0][0]
    assert rest.rows("select current_catalog(), current_schema()", catalog=catalog, schema=schema) == [[catalog, schema]]
    assert rest.failure("select 1 from missing_table", schema=schema)["sql_state"] == "42P01"


def test_unknown_catalog_and_schema_fail_the_statement(rest):
    assert "SCHEMA_NOT_FOUND" in rest.failure("select 1", schema="no_such_schema")["error"]["message"]
    assert "CATALOG" in rest.failure("select 1", catalog="no_such_catalog")["error"]["message"]


def test_two_statements_of_one_text_are_two_statements(rest):
    assert rest.run("select 1")["statement_id"] != rest.run("select 1")["statement_id"]


def test_warehouse_of_the_tests_is_there(rest):
    assert rest.run("select 1", warehouse_id=WAREHOUSE)["status"] == {"state": "SUCCEEDED"}
