"""From accepted to ended: waiting, not waiting, cancelling, closing."""

import threading
import time

import pytest
from harness.statements import ENDED, SESSIONS, SLOW, STATEMENTS, WAREHOUSE


def test_no_wait_is_always_pending_and_polls_to_the_result(rest):
    statement = rest.submit("select 1 as one")
    answer = rest.wait(statement)
    assert answer["status"] == {"state": "SUCCEEDED"}
    assert answer["result"]["data_array"] == [["1"]]
    assert rest.status(statement) == answer


def test_pending_and_running_answers_have_no_result(rest):
    statement = rest.submit(SLOW)
    answer = rest.wait(statement, {"RUNNING"})
    assert set(answer) == {"statement_id", "status"}
    assert rest.chunk(statement, 0).status in (400, 404, 409)
    rest.cancel(statement)
    rest.wait(statement, {"CANCELED"})


def test_an_ended_statement_answers_before_its_wait_is_over(rest):
    began = time.monotonic()
    assert rest.run("select 1", wait_timeout="50s")["status"]["state"] == "SUCCEEDED"
    assert time.monotonic() - began < 10


def test_wait_goes_on_after_the_timeout(rest):
    began = time.monotonic()
    answer = rest.run(SLOW, wait_timeout="5s", on_wait_timeout="CONTINUE")
    assert 4.5 < time.monotonic() - began < 15
    assert answer["status"]["state"] in ("PENDING", "RUNNING") and set(answer) == {"statement_id", "status"}
    rest.cancel(answer["statement_id"])
    rest.wait(answer["statement_id"], {"CANCELED"})


def test_cancel_on_timeout(rest):
    began = time.monotonic()
    answer = rest.run(SLOW, wait_timeout="5s", on_wait_timeout="CANCEL")
    assert 4.5 < time.monotonic() - began < 15
    assert answer["status"]["state"] == "CANCELED" and set(answer) == {"statement_id", "status"}
    assert rest.status(answer["statement_id"])["status"]["state"] == "CANCELED"


def test_cancel_on_timeout_of_a_fast_statement_is_its_result(rest):
    assert rest.run("select 1", wait_timeout="5s", on_wait_timeout="CANCEL")["status"]["state"] == "SUCCEEDED"


def test_cancel_on_timeout_means_nothing_without_a_wait(rest):
    answer = rest.run("select 1", wait_timeout="0s", on_wait_timeout="CANCEL")
    assert rest.wait(answer["statement_id"])["status"]["state"] == "SUCCEEDED"


def test_absent_wait_is_ten_seconds(rest):
    began = time.monotonic()
    answer = rest.run(SLOW)
    assert 9 < time.monotonic() - began < 20
    assert answer["status"]["state"] in ("PENDING", "RUNNING")
    rest.cancel(answer["statement_id"])
    rest.wait(answer["statement_id"], {"CANCELED"})


def test_cancel_ends_a_waiting_call(rest):
    seen = []
    waiter = threading.Thread(target=lambda: seen.append(rest.run(SLOW, wait_timeout="50s")))
    waiter.start()
    statement = None
    deadline = time.monotonic() + 20
    while statement is None and time.monotonic() < deadline:
        found = rest.get("/api/2.0/sql/history/queries?filter_by.statuses=RUNNING&max_results=10").json["res"]
        statement = next((query["query_id"] for query in found if query["query_text"] == SLOW), None)
    assert statement, "the running statement is not in the history"
    began = time.monotonic()
    assert rest.cancel(statement).json == {}
    waiter.join(20)
    assert time.monotonic() - began < 10
    assert seen and seen[0]["status"]["state"] == "CANCELED"


def test_cancel_of_ended_statements_changes_nothing(rest):
    good, bad = rest.run("select 1")["statement_id"], rest.run("select 1/0")["statement_id"]
    for statement, state in ((good, "SUCCEEDED"), (bad, "FAILED")):
        for _ in range(3):
            assert rest.cancel(statement).status == 200
        assert rest.status(statement)["status"]["state"] == state


def test_repeated_cancel(rest):
    statement = rest.submit(SLOW)
    for _ in range(5):
        assert rest.cancel(statement).status == 200
    rest.wait(statement, {"CANCELED"})


def test_deleting_a_running_statement_stops_it(rest):
    statement = rest.submit(SLOW)
    rest.wait(statement, {"RUNNING"})
    assert rest.delete(f"{STATEMENTS}/{statement}").json == {}
    reply = rest.get(f"{STATEMENTS}/{statement}")
    assert reply.status == 404 or reply.json["status"]["state"] in ("CLOSED", "CANCELED"), reply
    assert rest.cancel(statement).status == 200


def test_statement_of_a_deleted_session_can_still_be_closed(rest):
    session = rest.post(SESSIONS, {"warehouse_id": WAREHOUSE}).json["session_id"]
    statement = rest.run("select 1", session_id=session)["statement_id"]
    assert rest.delete(f"{SESSIONS}/{session}?warehouse_id={WAREHOUSE}").status == 200
    assert rest.delete(f"{STATEMENTS}/{statement}").status == 200
    assert rest.execute("select 1", session_id=session).status == 404


def test_deleting_a_session_stops_its_statements(rest):
    session = rest.post(SESSIONS, {"warehouse_id": WAREHOUSE}).json["session_id"]
    statement = rest.submit(SLOW, session_id=session)
    rest.delete(f"{SESSIONS}/{session}")
    deadline = time.monotonic() + 20
    while True:
        reply = rest.get(f"{STATEMENTS}/{statement}")
        if reply.status == 404 or reply.json["status"]["state"] in ENDED:
            break
        assert time.monotonic() < deadline, reply
        time.sleep(0.05)


@pytest.mark.parametrize("fields", [
    {}, {"wait_timeout": "10s"}, {"disposition": "EXTERNAL_LINKS", "format": "ARROW_STREAM"},
    {"disposition": "INLINE_OR_EXTERNAL_LINKS", "format": "ARROW_STREAM"},
    {"disposition": "INLINE_OR_EXTERNAL_LINKS", "format": "ARROW_STREAM", "wait_timeout": "10s", "session": True}])
def test_a_result_is_succeeded_not_closed(rest, fields):
    """CLOSED is a failure for many clients; only a driver's direct result may say it."""
    fields = dict(fields)
    if fields.pop("session", False):
        fields["session_id"] = rest.post(SESSIONS, {"warehouse_id": WAREHOUSE}).json["session_id"]
    answer = rest.run("select 1 as one", **fields)
    assert answer["status"] == {"state": "SUCCEEDED"}
    assert rest.status(answer["statement_id"])["status"] == {"state": "SUCCEEDED"}


def test_direct_result_of_a_driver(rest):
    session = rest.post(SESSIONS, {"warehouse_id": WAREHOUSE}).json["session_id"]
    answer = rest.run("select 1 as one", session_id=session, disposition="INLINE_OR_EXTERNAL_LINKS", format="ARROW_STREAM")
    assert answer["status"]["state"] in ("SUCCEEDED", "CLOSED")
    assert answer["result"]["attachment"]
    assert rest.delete(f"{STATEMENTS}/{answer['statement_id']}").status == 200


def test_many_statements_at_once(rest):
    statements = [rest.submit(f"select {n} as n, sum(id) from range(1000)") for n in range(200)]
    for n, statement in enumerate(statements):
        assert rest.wait(statement)["result"]["data_array"] == [[str(n), "499500"]]


def test_many_waiting_clients(rest):
    answers = [None] * 40

    def one(n):
        answers[n] = rest.rows(f"select {n}")
        rest.close()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [[[str(n)]] for n in range(40)]
