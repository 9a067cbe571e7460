"""Limits that are settings: a server with small ones."""

import time

import pytest
from harness.rest import download
from harness.statements import HISTORY, SLOW, STATEMENTS, Statements, fetch

SETTINGS = {"statements.inline_limit": "64k", "statements.external_limit": "1m", "statements.max_text": "1k", "statements.timeout": "2s",
            "statements.poll_timeout": "3s", "statements.link_lifetime": "2s", "operation.retention": "5s"}
LINKS = {"disposition": "EXTERNAL_LINKS", "format": "CSV", "wait_timeout": "30s"}


@pytest.fixture(scope="module")
def small(own_hearth):
    arguments = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    return Statements(own_hearth(arguments=arguments).http, token="any")


def test_inline(small):
    message = small.failure("select repeat('x', 1000) from range(100)")["error"]["message"]
    assert "at most 65536 bytes" in message
    assert len(small.rows("select repeat('x', 1000) from range(10)")) == 10


def test_external_is_cut(small):
    answer = small.run("select id, repeat('x', 1000) from range(5000)", **LINKS)
    assert answer["manifest"]["truncated"] is True
    assert 0 < answer["manifest"]["total_row_count"] < 5000
    assert answer["manifest"]["total_byte_count"] <= 1024 * 1024 + 64 * 1024


def test_text(small):
    reply = small.execute("select 1 --" + "x" * 1100)
    assert reply.status == 400 and reply.json["error_code"] == "INVALID_PARAMETER_VALUE", reply


def test_time(small):
    began = time.monotonic()
    answer = small.run(SLOW, wait_timeout="20s")
    assert answer["status"]["state"] in ("FAILED", "CANCELED") and time.monotonic() - began < 15, answer


def test_links_expire_and_can_be_asked_for_again(small):
    answer = small.run("select 1 as a", **LINKS)
    old = answer["result"]["external_links"][0]
    assert fetch(old) == b"a\r\n1\r\n"
    deadline = time.monotonic() + 10
    while (reply := download(old["external_link"])).status == 200:
        assert time.monotonic() < deadline, "the link never expired"
        time.sleep(0.2)
    assert reply.status in (403, 404), reply
    reply = small.chunk(answer["statement_id"], 0)
    if reply.status == 200:
        assert fetch(reply.json["external_links"][0]) == b"a\r\n1\r\n"


def test_results_expire(small):
    statement = small.run("select 1 as a")["statement_id"]
    deadline = time.monotonic() + 60
    while (reply := small.chunk(statement, 0)).status == 200:
        assert time.monotonic() < deadline, "the result never expired"
        time.sleep(0.2)
    assert reply.status == 404 and reply.json["message"] == f"The result of the statement {statement} was not found.", reply
    assert reply.json["error_code"] == "NOT_FOUND"


def test_statement_that_nobody_asks_about_is_stopped(own_hearth):
    rest = Statements(own_hearth(arguments=["--set", "statements.poll_timeout=1s"]).http, token="any")
    statement = rest.submit(SLOW)
    deadline = time.monotonic() + 60
    while True:
        [told] = rest.get(f"{HISTORY}?filter_by.statement_ids={statement}").json["res"]
        if told["is_final"]:
            break
        assert time.monotonic() < deadline, told
        time.sleep(0.2)
    reply = rest.get(f"{STATEMENTS}/{statement}")
    assert reply.status == 404 or reply.json["status"]["state"] in ("CLOSED", "CANCELED", "FAILED"), reply
