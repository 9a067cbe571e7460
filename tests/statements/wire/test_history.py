"""Query history: what ran, with filters and pages."""

import time
from urllib.parse import urlencode

import pytest
from harness.statements import HISTORY, SLOW, WAREHOUSE


def history(rest, *filters, **parameters):
    reply = rest.get(f"{HISTORY}?{urlencode([*filters, *parameters.items()])}")
    assert reply.status == 200, reply
    return reply.json


def ids(page):
    return [query["query_id"] for query in page["res"]]


@pytest.fixture(scope="module")
def ran(rest):
    """(started ms, {name: id}) of statements with each end."""
    started = int(time.time() * 1000) - 1
    found = {"good": rest.run("select 'history' as h, id from range(5)")["statement_id"], "bad": rest.run("select 1/0 as history")["statement_id"]}
    found["cancelled"] = rest.submit(SLOW)
    rest.cancel(found["cancelled"])
    rest.wait(found["cancelled"])
    return started, found


def by_ids(statements):
    return [("filter_by.statement_ids", statement) for statement in statements]


def test_entries(rest, ran):
    started, found = ran
    entries = {query["query_id"]: query for query in history(rest, *by_ids(found.values()), include_metrics="true")["res"]}
    assert set(entries) == set(found.values())
    good, bad, cancelled = (entries[found[name]] for name in ("good", "bad", "cancelled"))
    assert (good["status"], bad["status"], cancelled["status"]) == ("FINISHED", "FAILED", "CANCELED")
    assert good["query_text"] == "select 'history' as h, id from range(5)"
    assert good["rows_produced"] == 5 and good["statement_type"] == "SELECT"
    assert "DIVIDE_BY_ZERO" in bad["error_message"]
    for entry in entries.values():
        assert entry["warehouse_id"] == WAREHOUSE and entry["user_name"] == "local" and entry["is_final"] is True
        assert started <= entry["query_start_time_ms"] <= entry["query_end_time_ms"] <= time.time() * 1000 + 1
        assert entry["duration"] >= 0


def test_filters(rest, ran):
    started, found = ran
    mine = by_ids(found.values())
    assert ids(history(rest, *mine, ("filter_by.statuses", "FAILED"))) == [found["bad"]]
    both = history(rest, *mine, ("filter_by.statuses", "FAILED"), ("filter_by.statuses", "FINISHED"))
    assert set(ids(both)) == {found["bad"], found["good"]}
    assert ids(history(rest, *mine, ("filter_by.statuses", "RUNNING"))) == []
    assert set(ids(history(rest, *mine, ("filter_by.warehouse_ids", WAREHOUSE)))) == set(found.values())
    assert ids(history(rest, *mine, ("filter_by.warehouse_ids", "another"))) == []
    assert set(ids(history(rest, *mine, ("filter_by.query_start_time_range.start_time_ms", started)))) == set(found.values())
    assert ids(history(rest, *mine, ("filter_by.query_start_time_range.end_time_ms", started))) == []


def test_newest_first_and_pages(rest, ran):
    for n in range(7):
        rest.run(f"select 'page {n}'")
    pages, token = [], None
    since = ("filter_by.query_start_time_range.start_time_ms", ran[0])
    while True:
        page = history(rest, since, max_results=3, **({"page_token": token} if token else {}))
        assert len(page["res"]) <= 3
        pages.append(page)
        token = page.get("next_page_token")
        assert bool(token) == page["has_next_page"]
        if not token:
            break
    entries = [query for page in pages for query in page["res"]]
    assert len(entries) == len({query["query_id"] for query in entries}) >= 10
    times = [query["query_start_time_ms"] for query in entries]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("parameters", [{"max_results": "0"}, {"max_results": "x"}, {"page_token": "nonsense"}, {"filter_by.statuses": "NO"},
                                        {"filter_by.query_start_time_range.start_time_ms": "x"}])
def test_odd_parameters(rest, parameters):
    reply = rest.get(f"{HISTORY}?{urlencode(parameters)}")
    assert reply.status in (200, 400), reply


def test_filter_in_the_body(rest, ran):
    """Older clients send the filter as a body of the GET."""
    assert rest.get(HISTORY, {"filter_by": {"statuses": ["FAILED"]}, "max_results": 5}).status == 200


def test_a_running_statement_is_there(rest):
    statement = rest.submit(SLOW)
    rest.wait(statement, {"RUNNING"})
    [entry] = history(rest, *by_ids([statement]))["res"]
    assert entry["status"] == "RUNNING" and entry["is_final"] is False and "query_end_time_ms" not in entry
    rest.cancel(statement)
    rest.wait(statement)
