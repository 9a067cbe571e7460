"""Sessions: what one statement sets, the next one sees; nobody else does."""

import uuid

import pytest
from harness.statements import SESSIONS, SLOW, WAREHOUSE


@pytest.fixture
def open_session(rest):
    opened = []

    def start(**fields):
        reply = rest.post(SESSIONS, {"warehouse_id": WAREHOUSE, **fields})
        assert reply.status == 200, reply
        opened.append(reply.json["session_id"])
        return opened[-1]

    yield start
    for session in opened:
        rest.delete(f"{SESSIONS}/{session}?warehouse_id={WAREHOUSE}")


def test_current_schema(rest, open_session, schema):
    session, other = open_session(), open_session()
    rest.rows(f"use {schema}", session_id=session)
    assert rest.rows("select current_schema()", session_id=session) == [[schema]]
    assert rest.rows("select current_schema()", session_id=other) == [["default"]]
    assert rest.rows("select current_schema()") == [["default"]]


def test_session_starts_in_its_schema(rest, open_session, schema):
    catalog = rest.rows("select current_catalog()")[0][0]
    session = open_session(catalog=catalog, schema=schema)
    assert rest.rows("select current_catalog(), current_schema()", session_id=session) == [[catalog, schema]]


def test_temp_views_and_variables(rest, open_session):
    session, other = open_session(), open_session()
    rest.rows("create temporary view v as select 42 as a", session_id=session)
    rest.rows("declare variable x int default 7", session_id=session)
    rest.rows("set var x = x + 1", session_id=session)
    assert rest.rows("select a, x from v", session_id=session) == [["42", "8"]]
    assert rest.failure("select * from v", session_id=other)["sql_state"] == "42P01"
    assert rest.failure("select * from v")["sql_state"] == "42P01"


def test_statements_without_a_session_share_nothing(rest):
    rest.rows("create temporary view lonely as select 1")
    assert rest.failure("select * from lonely")["sql_state"] == "42P01"
    rest.rows("set some.conf = 5")
    assert rest.rows("set some.conf") == [["some.conf", "<undefined>"]]


def test_set(rest, open_session):
    session = open_session()
    rest.rows("set spark.sql.session.timeZone = America/Los_Angeles", session_id=session)
    assert rest.rows("select current_timezone()", session_id=session) == [["America/Los_Angeles"]]
    assert rest.rows("select current_timezone()") == [["UTC"]]


@pytest.mark.parametrize("upper", [False, True])
def test_confs_by_their_warehouse_names(rest, open_session, upper):
    confs = {"ansi_mode": "false", "timezone": "Europe/Rome", "statement_timeout": "60", "query_tags": "a:b,c", "use_cached_result": "false",
             "enable_photon": "true", "max_file_partition_bytes": "134217728", "read_only_external_metastore": "false",
             "legacy_time_parser_policy": "CORRECTED"}
    session = open_session(session_confs={key.upper() if upper else key: value for key, value in confs.items()})
    assert rest.rows("select 1/0, cast('x' as int), current_timezone()", session_id=session) == [[None, None, "Europe/Rome"]]
    for key, value in (("ANSI_MODE", "false"), ("STATEMENT_TIMEOUT", "60"), ("TIMEZONE", "Europe/Rome")):
        assert rest.rows(f"set {key}", session_id=session) == [[key, value]]


def test_confs_of_spark_and_unknown_ones(rest, open_session):
    session = open_session(session_confs={"spark.sql.ansi.enabled": "false", "foo": "bar"})
    assert rest.rows("select 1/0", session_id=session) == [[None]]
    assert rest.rows("set foo", session_id=session) == [["foo", "bar"]]


def test_confs_set_by_statement(rest, open_session):
    session = open_session()
    rest.rows("set ansi_mode = false", session_id=session)
    assert rest.rows("select 1/0", session_id=session) == [[None]]
    rest.rows("set timezone = 'Asia/Tokyo'", session_id=session)
    assert rest.rows("select current_timezone()", session_id=session) == [["Asia/Tokyo"]]


def test_statement_timeout(rest, open_session):
    session = open_session(session_confs={"statement_timeout": "2"})
    answer = rest.wait(rest.submit(SLOW, session_id=session), seconds=30)
    assert answer["status"]["state"] in ("FAILED", "CANCELED"), answer


def test_unknown_fields_and_fast_mode(rest, open_session):
    assert open_session(execution_mode="FAST", future=1, session_confs=None, catalog=None, schema=None)


@pytest.mark.parametrize("fields", [{"session_confs": "x"}, {"session_confs": {"a": 1}}, {"session_confs": []}, {"catalog": 5}])
def test_bad_session_requests(rest, fields):
    reply = rest.post(SESSIONS, {"warehouse_id": WAREHOUSE, **fields})
    assert reply.status in (200, 400), reply
    if reply.status == 400:
        assert reply.json["error_code"] in ("INVALID_PARAMETER_VALUE", "MALFORMED_REQUEST")


def test_session_in_a_schema_that_is_made_later(rest, open_session):
    """dbt opens its sessions in the schema that it is about to create."""
    name = f"later_{uuid.uuid4().hex[:8]}"
    session = open_session(schema=name)
    rest.rows(f"create schema {name}", session_id=session)
    rest.rows(f"create table {name}.t as select 1 as a", session_id=session)
    assert rest.rows(f"select * from {name}.t", session_id=session) == [["1"]]
    rest.rows(f"drop schema {name} cascade", session_id=session)
