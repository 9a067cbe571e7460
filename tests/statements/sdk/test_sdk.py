"""databricks-sdk for Python, unmodified: the four calls, every disposition and format, its exceptions."""

import io
import json
import time

import pytest
from harness.rest import download
from harness.statements import SLOW, WAREHOUSE, arrow

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, DatabricksError, InvalidParameterValue, NotFound
from databricks.sdk.service import sql
from databricks.sdk.service.sql import Disposition, ExecuteStatementRequestOnWaitTimeout as OnTimeout, Format, StatementParameterListItem as Parameter
from databricks.sdk.service.sql import StatementState as State

LINKS = {"disposition": Disposition.EXTERNAL_LINKS, "wait_timeout": "50s"}


@pytest.fixture(scope="module")
def client(url):
    return WorkspaceClient(host=url, token="any")


@pytest.fixture(scope="module")
def api(client):
    return client.statement_execution


@pytest.fixture
def execute(api):
    return lambda text, **options: api.execute_statement(statement=text, warehouse_id=WAREHOUSE, **options)


def ended(api, statement):
    deadline = time.monotonic() + 60
    while True:
        answer = api.get_statement(statement)
        if answer.status.state not in (State.PENDING, State.RUNNING):
            return answer
        assert time.monotonic() < deadline
        time.sleep(0.02)


def links(api, answer):
    """All external links, by the API's own chain of chunks."""
    found = list(answer.result.external_links)
    while found[-1].next_chunk_index is not None:
        found += api.get_statement_result_chunk_n(answer.statement_id, found[-1].next_chunk_index).external_links
    assert [link.chunk_index for link in found] == list(range(answer.manifest.total_chunk_count))
    return found


def test_execute(execute):
    answer = execute("select 1 as a, 'x' as b, null as c")
    assert answer.status.state is State.SUCCEEDED and answer.status.error is None
    assert answer.result.data_array == [["1", "x", None]]
    assert [(c.name, c.type_text, c.type_name, c.position) for c in answer.manifest.schema.columns] == [
        ("a", "INT", sql.ColumnInfoTypeName.INT, 0), ("b", "STRING", sql.ColumnInfoTypeName.STRING, 1), ("c", "VOID", sql.ColumnInfoTypeName.NULL, 2)]
    assert (answer.manifest.total_row_count, answer.manifest.total_chunk_count, answer.manifest.truncated) == (1, 1, False)


def test_no_wait_get_and_chunk(api, execute):
    answer = execute("select id from range(3) order by id", wait_timeout="0s")
    assert answer.status.state is State.PENDING and answer.result is None
    answer = ended(api, answer.statement_id)
    assert answer.result.data_array == [["0"], ["1"], ["2"]]
    for _ in range(3):
        chunk = api.get_statement_result_chunk_n(answer.statement_id, 0)
        assert (chunk.row_count, chunk.row_offset, chunk.data_array) == (3, 0, answer.result.data_array)


def test_cancel(api, execute):
    answer = execute(SLOW, wait_timeout="0s")
    api.cancel_execution(answer.statement_id)
    assert ended(api, answer.statement_id).status.state is State.CANCELED


def test_wait_modes(api, execute):
    answer = execute(SLOW, wait_timeout="5s", on_wait_timeout=OnTimeout.CONTINUE)
    assert answer.status.state in (State.PENDING, State.RUNNING)
    api.cancel_execution(answer.statement_id)
    answer = execute(SLOW, wait_timeout="5s", on_wait_timeout=OnTimeout.CANCEL)
    assert answer.status.state is State.CANCELED
    assert execute("select 1", wait_timeout="50s", on_wait_timeout=OnTimeout.CANCEL).status.state is State.SUCCEEDED


@pytest.mark.parametrize("format", [Format.JSON_ARRAY, Format.ARROW_STREAM, Format.CSV])
def test_external_links(api, execute, format):
    answer = execute("select id, concat('r', id) as t from range(500000)", format=format, **LINKS)
    assert answer.status.state is State.SUCCEEDED and answer.manifest.format is format
    assert answer.manifest.total_chunk_count > 1
    count = 0
    for link in links(api, answer):
        reply = download(link.external_link, link.http_headers)
        assert reply.status == 200
        rows = {Format.JSON_ARRAY: json_rows, Format.ARROW_STREAM: arrow_rows, Format.CSV: csv_rows}[format](reply.body, link.chunk_index)
        assert len(rows) == link.row_count
        assert (int(rows[0][0]), rows[-1][1]) == (count, f"r{count + link.row_count - 1}")
        count += link.row_count
    assert count == 500000


def json_rows(data, _):
    return json.loads(data)


def arrow_rows(data, _):
    table = arrow(data)
    return list(zip(table["id"].to_pylist(), table["t"].to_pylist()))


def csv_rows(data, index):
    import csv

    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert index or rows[0] == ["id", "t"]
    return rows if index else rows[1:]


def test_pandas_from_arrow(execute):
    answer = execute("select id, id * 1.5 as v from range(10)", format=Format.ARROW_STREAM, **LINKS)
    frame = arrow(download(answer.result.external_links[0].external_link).body).to_pandas()
    assert list(frame.columns) == ["id", "v"] and frame["id"].sum() == 45


def test_parameters(execute):
    answer = execute("select :n + 1 as n, :t as t, :nothing as x, :d as d", parameters=[
        Parameter(name="n", type="INT", value="41"), Parameter(name="t", value="it's :n"), Parameter(name="nothing"),
        Parameter(name="d", type="DECIMAL(10,2)", value="1.5")])
    assert answer.result.data_array == [["42", "it's :n", None, "1.50"]]


def test_limits_catalog_schema_and_tags(execute):
    answer = execute("select id from range(10)", row_limit=4, byte_limit=100000, catalog=None, schema="default",
                     query_tags=[sql.QueryTag(key="team", value="x"), sql.QueryTag(key="alone")])
    assert answer.manifest.truncated is True and len(answer.result.data_array) == 4


def test_failed_statement(api, execute):
    answer = execute("select * from no_such_table")
    assert answer.status.state is State.FAILED and answer.result is None and answer.manifest is None
    assert answer.status.error.error_code is sql.ServiceErrorCode.BAD_REQUEST
    assert "TABLE_OR_VIEW_NOT_FOUND" in answer.status.error.message
    assert answer.status.sql_state == "42P01"
    assert api.get_statement(answer.statement_id).status == answer.status


def test_exceptions(api, execute):
    with pytest.raises(NotFound):
        api.get_statement("01ef9de2-db21-16af-b4cb-9ccf302d746b")
    with pytest.raises(NotFound):
        api.get_statement_result_chunk_n("01ef9de2-db21-16af-b4cb-9ccf302d746b", 0)
    with pytest.raises(InvalidParameterValue, match="is not a valid endpoint id"):
        api.execute_statement(statement="select 1", warehouse_id="nope")
    with pytest.raises(InvalidParameterValue, match="wait_timeout"):
        execute("select 1", wait_timeout="3s")
    with pytest.raises(BadRequest, match="INLINE"):
        execute("select 1", format=Format.CSV)
    with pytest.raises(DatabricksError):
        api.get_statement("not-an-id")


def test_commands(execute, schema):
    assert execute(f"create table {schema}.t (a int, b string)").result.data_array is None
    assert execute(f"insert into {schema}.t values (1, 'x'), (2, null)").result.data_array == [["2", "2"]]
    assert execute(f"select * from {schema}.t order by a").result.data_array == [["1", "x"], ["2", None]]


def test_warehouses(client):
    assert WAREHOUSE in [w.id for w in client.warehouses.list()]
    default = client.warehouses.get(WAREHOUSE)
    assert default.state is sql.State.RUNNING and default.odbc_params.path == f"/sql/1.0/warehouses/{WAREHOUSE}"
    made = client.warehouses.create_and_wait(name="from-sdk", cluster_size="Small", auto_stop_mins=10, max_num_clusters=1)
    try:
        assert made.name == "from-sdk" and made.state is sql.State.RUNNING
        client.warehouses.edit(made.id, name="from-sdk-2", cluster_size="Medium")
        assert client.warehouses.get(made.id).name == "from-sdk-2"
        assert client.warehouses.stop_and_wait(made.id).state is sql.State.STOPPED
        assert client.warehouses.start_and_wait(made.id).state is sql.State.RUNNING
        answer = client.statement_execution.execute_statement(statement="select 1", warehouse_id=made.id)
        assert answer.status.state is State.SUCCEEDED
    finally:
        client.warehouses.delete(made.id)
    with pytest.raises(DatabricksError):
        client.warehouses.get(made.id)
    assert made.id not in [w.id for w in client.warehouses.list()]


def test_query_history(client, execute):
    started = int(time.time() * 1000) - 1
    good, bad = execute("select 'sdk history'").statement_id, execute("select 1/0").statement_id
    more = [execute(f"select {n}").statement_id for n in range(5)]
    history = client.query_history
    found = history.list(filter_by=sql.QueryFilter(statement_ids=[good, bad]), include_metrics=True).res
    by_id = {query.query_id: query for query in found}
    assert set(by_id) == {good, bad}
    assert by_id[good].status is sql.QueryStatus.FINISHED and by_id[good].query_text == "select 'sdk history'"
    assert by_id[good].statement_type is sql.QueryStatementType.SELECT and by_id[good].rows_produced == 1
    assert by_id[bad].status is sql.QueryStatus.FAILED and "DIVIDE_BY_ZERO" in by_id[bad].error_message
    assert "databricks-sdk-py" in by_id[good].client_application or by_id[good].client_application
    failed = history.list(filter_by=sql.QueryFilter(statuses=[sql.QueryStatus.FAILED], query_start_time_range=sql.TimeRange(start_time_ms=started)))
    assert bad in [q.query_id for q in failed.res] and good not in [q.query_id for q in failed.res]
    assert history.list(filter_by=sql.QueryFilter(warehouse_ids=["another"])).res in (None, [])
    seen, token = [], None
    while True:
        page = history.list(filter_by=sql.QueryFilter(query_start_time_range=sql.TimeRange(start_time_ms=started)), max_results=2, page_token=token)
        assert len(page.res) <= 2
        seen += [query.query_id for query in page.res]
        token = page.next_page_token
        assert bool(page.has_next_page) == bool(token)
        if not token:
            break
    assert {good, bad, *more} <= set(seen) and len(seen) == len(set(seen))


def test_current_user(client):
    assert client.current_user.me().user_name == "local"


def test_nothing_was_warned_about(url, caplog):
    """Host metadata is served, so the SDK has nothing to fall back from."""
    WorkspaceClient(host=url, token="any").current_user.me()
    assert "Falling back" not in caplog.text
