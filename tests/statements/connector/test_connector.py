"""databricks-sql-connector: each back end runs the same tests."""

import datetime
import threading
import time
from decimal import Decimal

import pytest
from harness.statements import SLOW

from databricks.sql import Error
from databricks.sql.exc import DatabaseError
from databricks.sql.parameters import BigIntegerParameter, DecimalParameter, StringParameter


def ask(cursor, text, *arguments, **options):
    return [tuple(row) for row in cursor.execute(text, *arguments, **options).fetchall()]


def test_back_end(connection, back_end):
    used = type(connection.session.backend).__name__
    assert used == {"default": "KernelDatabricksClient", "kernel": "KernelDatabricksClient", "sea": "SeaDatabricksClient"}[back_end]


def test_fetching(cursor):
    cursor.execute("select id, concat('r', id) as t from range(10) order by id")
    assert [column[0] for column in cursor.description] == ["id", "t"]
    assert [column[1] for column in cursor.description] == ["bigint", "string"]
    assert tuple(cursor.fetchone()) == (0, "r0")
    assert [row.id for row in cursor.fetchmany(4)] == [1, 2, 3, 4]
    assert [row["t"] for row in cursor.fetchall()] == ["r5", "r6", "r7", "r8", "r9"]
    assert cursor.fetchone() is None and cursor.fetchall() == []
    cursor.execute("select id from range(3) order by id")
    assert [row[0] for row in cursor] == [0, 1, 2]


def test_no_rows(cursor):
    assert ask(cursor, "select id from range(0)") == []
    assert [column[0] for column in cursor.description] == ["id"]


def test_arrow(cursor):
    table = cursor.execute("select id, id * 1.5D as v from range(1000)").fetchall_arrow()
    assert table.num_rows == 1000 and table.column_names == ["id", "v"]
    cursor.execute("select id from range(100) order by id")
    assert cursor.fetchmany_arrow(30)["id"].to_pylist() == list(range(30))
    assert cursor.fetchmany_arrow(1000).num_rows == 70


def test_types(cursor):
    [row] = ask(cursor, """select true, 1Y, 2S, 3, 4L, 1.5F, 2.5D, cast('12.30' as decimal(18, 2)), 'x', X'00ff', date'2021-01-02',
                           timestamp'2021-01-02 10:00:00.5Z', timestamp_ntz'2021-01-02 10:00:00', cast(null as string)""")
    moment = row[11]
    assert row[:11] == (True, 1, 2, 3, 4, 1.5, 2.5, Decimal("12.30"), "x", b"\x00\xff", datetime.date(2021, 1, 2))
    assert moment.astimezone(datetime.timezone.utc) == datetime.datetime(2021, 1, 2, 10, 0, 0, 500000, datetime.timezone.utc)
    assert row[12].replace(tzinfo=None) == datetime.datetime(2021, 1, 2, 10) and row[13] is None


def test_nested_types(cursor):
    table = cursor.execute("select array(1, 2) as a, map('k', 1) as m, named_struct('x', 1, 'y', 'z') as s").fetchall_arrow()
    assert table.num_rows == 1 and table["a"].to_pylist()[0] is not None


def test_large_result_in_many_chunks(cursor):
    count = 1_000_000
    table = cursor.execute(f"select id, concat('row ', id) as t from range({count})").fetchall_arrow()
    assert table.num_rows == count
    assert table["id"].to_pylist() == list(range(count))
    assert table["t"][count - 1].as_py() == f"row {count - 1}"


def test_large_result_in_pieces(cursor):
    cursor.execute("select id from range(400000)")
    seen = 0
    while part := cursor.fetchmany(60_000):
        assert part[0].id == seen
        seen += len(part)
    assert seen == 400_000


def test_named_parameters(cursor):
    rows = ask(cursor, "select :n + 1, :t, :x, :d, :f, :b, :day, :at",
               {"n": 41, "t": "it's :n", "x": None, "d": Decimal("1.50"), "f": 2.5, "b": True, "day": datetime.date(2021, 1, 2),
                "at": datetime.datetime(2021, 1, 2, 10)})
    assert rows[0][:7] == (42, "it's :n", None, Decimal("1.50"), 2.5, True, datetime.date(2021, 1, 2))
    assert rows[0][7].replace(tzinfo=None) == datetime.datetime(2021, 1, 2, 10)


def test_positional_parameters(cursor):
    assert ask(cursor, "select ?, ? + 1", ["a", 20]) == [("a", 21)]


def test_typed_parameters(cursor):
    given = [BigIntegerParameter(name="n", value=5), StringParameter(name="s", value="x"), DecimalParameter(name="d", value=Decimal("100"))]
    assert ask(cursor, "select :n, :s, :d", given) == [(5, "x", Decimal("100"))]


def test_zoned_timestamp_parameter(cursor):
    moment = datetime.datetime(2021, 1, 2, 10, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    [[seconds]] = ask(cursor, "select cast(unix_micros(:t) / 1000000 as bigint)", {"t": moment})
    assert seconds == moment.timestamp()


def test_inline_parameters_of_old_programs(connect):
    with connect(use_inline_params="silent").cursor() as cursor:
        assert ask(cursor, "select %(a)s, %(b)s", {"a": 1, "b": "it's"}) == [(1, "it's")]


def test_executemany(cursor, schema):
    ask(cursor, f"create table {schema}.t (a int, b string)")
    cursor.executemany(f"insert into {schema}.t values (:a, :b)", [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])
    assert ask(cursor, f"select * from {schema}.t order by a") == [(1, "x"), (2, "y")]


def test_session_state(connection, schema):
    with connection.cursor() as cursor:
        cursor.execute(f"use {schema}")
        cursor.execute("set spark.sql.session.timeZone = Europe/Rome")
        cursor.execute("create temporary view v as select 42 as a")
    with connection.cursor() as cursor:
        assert ask(cursor, "select current_schema(), current_timezone(), a from v") == [(schema, "Europe/Rome", 42)]


def test_sessions_are_apart(connect):
    first, second = connect(), connect()
    with first.cursor() as cursor:
        cursor.execute("create temporary view mine as select 1")
    with second.cursor() as cursor, pytest.raises(Error):
        cursor.execute("select * from mine").fetchall()


def test_session_configuration(connect):
    with connect(session_configuration={"ansi_mode": "false", "timezone": "America/Los_Angeles"}).cursor() as cursor:
        assert ask(cursor, "select 1/0, cast('x' as int), current_timezone()") == [(None, None, "America/Los_Angeles")]
        assert tuple(cursor.execute("set ANSI_MODE").fetchall()[0])[1] == "false"


def test_initial_schema(connect, schema, rest):
    catalog = rest.rows("select current_catalog()")[0][0]
    with connect(catalog=catalog, schema=schema).cursor() as cursor:
        assert ask(cursor, "select current_catalog(), current_schema()") == [(catalog, schema)]


def test_rows_of_changes(cursor, schema):
    cursor.execute(f"create table {schema}.t (a int)")
    cursor.execute(f"insert into {schema}.t values (1), (2), (3)")
    assert cursor.rowcount in (3, -1)
    assert ask(cursor, f"select count(*) from {schema}.t") == [(3,)]


@pytest.fixture
def filled(rest, schema):
    rest.rows(f"create table {schema}.people (id bigint, name string)")
    rest.rows(f"create table {schema}.places (x int)")
    rest.rows(f"create view {schema}.named as select name from {schema}.people")
    return rest.rows("select current_catalog()")[0][0], schema


def told(cursor):
    names = [column[0].upper() for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


def test_catalogs(cursor, filled):
    assert filled[0] in [list(row.values())[0] for row in told(cursor.catalogs())]


def test_schemas(cursor, filled):
    catalog, schema = filled
    assert schema in [list(row.values())[0] for row in told(cursor.schemas(catalog_name=catalog))]
    found = told(cursor.schemas(catalog_name=catalog, schema_name=schema[:6] + "%"))
    assert schema in [list(row.values())[0] for row in found]


def name_of(row, *names):
    return next(row[name] for name in names if name in row)


def test_tables(cursor, filled):
    catalog, schema = filled
    found = told(cursor.tables(catalog_name=catalog, schema_name=schema))
    assert {name_of(row, "TABLE_NAME", "TABLENAME") for row in found} == {"people", "places", "named"}
    found = told(cursor.tables(catalog_name=catalog, schema_name=schema, table_name="p%"))
    assert {name_of(row, "TABLE_NAME", "TABLENAME") for row in found} == {"people", "places"}
    found = told(cursor.tables(catalog_name=catalog, schema_name=schema, table_types=["VIEW"]))
    assert {name_of(row, "TABLE_NAME", "TABLENAME") for row in found} == {"named"}


def test_columns(cursor, filled):
    catalog, schema = filled
    found = told(cursor.columns(catalog_name=catalog, schema_name=schema, table_name="people"))
    assert [name_of(row, "COLUMN_NAME", "COL_NAME") for row in found] == ["id", "name"]
    found = told(cursor.columns(catalog_name=catalog, schema_name=schema, table_name="people", column_name="na%"))
    assert [name_of(row, "COLUMN_NAME", "COL_NAME") for row in found] == ["name"]


@pytest.mark.parametrize("text,words", [
    ("select * from no_such_table", ["TABLE_OR_VIEW_NOT_FOUND", "42P01"]), ("selec 1", ["PARSE_SYNTAX_ERROR", "42601"]),
    ("select 1/0", ["DIVIDE_BY_ZERO", "22012"]), ("select cast('x' as int)", ["CAST_INVALID_INPUT", "22018"])])
def test_errors(cursor, back_end, text, words):
    with pytest.raises(DatabaseError) as caught:
        cursor.execute(text).fetchall()
    for word in words:
        assert word in str(caught.value)
    if back_end != "sea":
        assert caught.value.sql_state == words[1]
    assert ask(cursor, "select 1") == [(1,)]


def test_async(cursor):
    cursor.ASYNC_DEFAULT_POLLING_INTERVAL = 0.05
    cursor.execute_async("select sum(id) from range(1000)")
    cursor.get_async_execution_result()
    assert [tuple(row) for row in cursor.fetchall()] == [(499500,)]


def test_cancel_of_an_async_statement(cursor):
    cursor.ASYNC_DEFAULT_POLLING_INTERVAL = 0.05
    cursor.execute_async(SLOW)
    assert cursor.is_query_pending()
    cursor.cancel()
    deadline = time.monotonic() + 20
    while cursor.is_query_pending():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(Error):
        cursor.get_async_execution_result()


def test_cancel_from_another_thread(cursor, rest):
    """A waiting execute learns its statement's id when the first wait of ten seconds ends; then a cancel stops it."""
    timer = threading.Timer(12, cursor.cancel)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Error):
        cursor.execute(SLOW).fetchall()
    assert 11 < time.monotonic() - began < 25
    timer.join()
    running = rest.get("/api/2.0/sql/history/queries?filter_by.statuses=RUNNING&max_results=100").json["res"]
    assert SLOW not in [query["query_text"] for query in running]


def test_many_threads(connect):
    connection = connect()
    seen = []

    def one(n):
        with connection.cursor() as cursor:
            seen.append(ask(cursor, f"select {n}, count(*) from range(1000)")[0])

    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(seen) == [(n, 1000) for n in range(8)]
