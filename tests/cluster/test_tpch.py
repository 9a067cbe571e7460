"""TPC-H on the Spark through all doors: 22 queries each, equal to what Apache Spark answered when it was recorded."""

from __future__ import annotations

import datetime
import math

import pytest
from golden import goldens
from harness.connect import Answer, ask_sql, connect
from tpc import compare, queries

pytestmark = pytest.mark.usefixtures("tpch")
QUERIES = {name: text.rstrip(";") for name, text in queries.load("tpch").items()}


@pytest.fixture(scope="module", autouse=True)
def precise():
    before, goldens.RELATIVE = goldens.RELATIVE, 1e-9
    yield
    goldens.RELATIVE = before


@pytest.fixture(scope="module")
def expected(server, tpch):
    """{query: the answer over gRPC}, each the same as the recorded one."""
    session = connect(server)
    session.sql(f"use {tpch}")
    found = {name: ask_sql(session, text) for name, text in QUERIES.items()}
    session.stop()
    check({name: recorded[0] for name, recorded in compare.recorded("tpch").items()}, found)
    return found


def lines(answer):
    return goldens.block_answer(answer.columns(), answer.rows(), ordered=True)


def difference(name, want, answer):
    return compare.answer_difference(QUERIES[name], want if isinstance(want, list) else lines(want), lines(answer))[0]


def check(expected, found):
    differing = {name: difference(name, expected[name], answer) for name, answer in found.items()}
    assert len(found) == 22 and not any(differing.values()), {name: text for name, text in differing.items() if text}


def test_connect(expected):
    assert list(expected) == list(QUERIES)


@pytest.mark.hearth_only
def test_rest(hearth, tpch, expected):
    from harness.connect_rest import ConnectRest, sql_command, table

    with ConnectRest(hearth, token="rest", user="rest") as rest:
        rest.run(sql_command(f"use {tpch}"))
        found = {}
        for name, text in QUERIES.items():
            answer = rest.run(text)
            found[name] = Answer(answer.schema, table(answer))
        check(expected, found)


@pytest.mark.hearth_only
@pytest.mark.parametrize("disposition", ["EXTERNAL_LINKS", "INLINE"])
def test_statements(statements, tpch, expected, disposition):
    """The Arrow of the statements API has the values of Spark Connect's; its texts are compared as texts."""
    import pyarrow as pa
    from harness.statements import arrow, fetch

    found, texts = {}, {}
    for name, text in QUERIES.items():
        fields = {"format": "ARROW_STREAM", "disposition": disposition} if disposition == "EXTERNAL_LINKS" else {"format": "JSON_ARRAY"}
        answer = statements.run(text, warehouse_id="spark", catalog="spark_catalog", schema=tpch, wait_timeout="50s", **fields)
        assert answer["status"]["state"] == "SUCCEEDED", (name, answer)
        if disposition == "INLINE":
            assert answer["manifest"]["total_chunk_count"] <= 1
            texts[name] = answer["result"].get("data_array", [])
            continue
        tables = [arrow(fetch(link)) for link in statements.links(answer)]
        found[name] = Answer(expected[name].schema, pa.concat_tables(tables) if tables else expected[name].table.slice(0, 0))
    if found:
        check(expected, found)
    else:
        check_texts(expected, texts)


@pytest.mark.hearth_only
def test_livy(livy, tpch, expected):
    session = livy.open("sql", conf={"hearth.engine": "spark"})
    livy.run(session, f"use {tpch}")
    found = {name: livy.rows(session, text) for name, text in QUERIES.items()}
    livy.remove(session)
    check_texts(expected, found)


def check_texts(expected, found):
    """Rows of JSON values or texts against Arrow: the same numbers, dates and words."""
    differing = {}
    for name, rows in found.items():
        want = [[cell(value) for value in row.values()] for row in rows_of(expected[name].table)]
        got = [[cell(value) for value in row] for row in rows]
        want, got = (sorted(some, key=key) for some in (want, got))
        if len(want) != len(got) or not all(equal(a, b) for one, other in zip(want, got) for a, b in zip(one, other, strict=True)):
            differing[name] = (want[:2], got[:2], len(want), len(got))
    assert len(found) == 22 and not differing, differing


def rows_of(table):
    names = [str(number) for number in range(table.num_columns)]
    return table.rename_columns(names).to_pylist()


def cell(value):
    """A number, or a text."""
    if value is None:
        return ""
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def key(row):
    return [f"{value:.6g}" if isinstance(value, float) else value for value in row]


def equal(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return one == other
