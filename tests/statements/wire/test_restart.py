"""kill -9 in the middle of work, and a restart on the same data folder: nothing acknowledged is lost."""

import threading
import time
import uuid

import pytest
from harness.statements import ENDED, HISTORY, SESSIONS, SLOW, STATEMENTS, WAREHOUSE, Statements, arrow, fetch

RUNNING = 50


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "data")


@pytest.fixture
def start(own_hearth, folder):
    def begin():
        server = own_hearth(data_dir=folder, arguments=["--set", "operation.max_running=64"])
        return server, Statements(server.http, token="any")

    return begin


def test_killed_with_fifty_statements_running(start):
    first, rest = start()
    finished = {n: rest.run(f"select {n} as n, id from range(1000) order by id")["statement_id"] for n in range(5)}
    linked = rest.run("select id from range(400000)", disposition="EXTERNAL_LINKS", format="ARROW_STREAM", wait_timeout="50s")["statement_id"]
    failed = rest.run("select 1/0")["statement_id"]
    cancelled = rest.submit(SLOW)
    rest.cancel(cancelled)
    rest.wait(cancelled, {"CANCELED"})
    closed = rest.run("select 1")["statement_id"]
    rest.delete(f"{STATEMENTS}/{closed}")
    running = [rest.submit(SLOW) for _ in range(RUNNING)]
    deadline = time.monotonic() + 60
    while sum(rest.status(statement)["status"]["state"] == "RUNNING" for statement in running) < RUNNING:
        assert time.monotonic() < deadline, "they never ran all at once"
    failure = rest.status(failed)
    first.kill()

    _, rest = start()
    for n, statement in finished.items():
        answer = rest.status(statement)
        assert answer["status"] == {"state": "SUCCEEDED"}
        assert answer["result"]["data_array"] == [[str(n), str(i)] for i in range(1000)]
    answer = rest.status(linked)
    assert sum(arrow(fetch(link)).num_rows for link in rest.links(answer)) == 400000
    assert rest.status(failed) == failure
    assert rest.status(cancelled)["status"]["state"] == "CANCELED"
    reply = rest.get(f"{STATEMENTS}/{closed}")
    assert reply.status == 404 or reply.json["status"]["state"] == "CLOSED"
    for statement in running:
        answer = rest.status(statement)
        assert answer["status"]["state"] == "FAILED" and answer["status"]["error"]["message"], answer
    told = rest.get(f"{HISTORY}?max_results=1000").json["res"]
    status = {query["query_id"]: query["status"] for query in told}
    assert {status[statement] for statement in running} == {"FAILED"}
    assert {status[statement] for statement in finished.values()} == {"FINISHED"}
    assert rest.rows("select 1") == [["1"]]


def test_killed_while_many_clients_send(start):
    """Whatever was acknowledged has a true state afterwards; whatever was told to be done is readable."""
    first, rest = start()
    acknowledged, done, stop = [], [], threading.Event()

    def client(number):
        while not stop.is_set():
            try:
                if number % 2 and len(acknowledged) < len(done) + 20:
                    acknowledged.append(rest.submit("select id from range(100) order by id"))
                else:
                    answer = rest.run("select id from range(100) order by id")
                    if answer["status"]["state"] == "SUCCEEDED":
                        done.append(answer["statement_id"])
            except (OSError, AssertionError, ValueError):
                break
        rest.close()

    clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in clients:
        thread.start()
    deadline = time.monotonic() + 30
    while len(done) < 60 and time.monotonic() < deadline:
        time.sleep(0.01)
    first.kill()
    stop.set()
    for thread in clients:
        thread.join(30)
    assert len(done) >= 60 and acknowledged

    _, rest = start()
    rows = [[str(n)] for n in range(100)]
    for statement in done:
        answer = rest.status(statement)
        assert answer["status"] == {"state": "SUCCEEDED"} and answer["result"]["data_array"] == rows
    for statement in acknowledged:
        answer = rest.wait(statement, ENDED)
        assert answer["status"]["state"] in ("SUCCEEDED", "FAILED"), answer
        if answer["status"]["state"] == "SUCCEEDED":
            assert answer["result"]["data_array"] == rows


def test_retry_with_a_key_after_a_kill(start):
    first, rest = start()
    rest.rows("create table default.once (a int)")
    key = str(uuid.uuid4())
    before = rest.run("insert into default.once values (1)", idempotency_key=key, wait_timeout="50s")
    first.kill()
    _, rest = start()
    assert rest.run("insert into default.once values (1)", idempotency_key=key, wait_timeout="50s") == before
    assert rest.rows("select count(*) from default.once") == [["1"]]


def test_links_after_a_restart(start):
    first, rest = start()
    answer = rest.run("select id from range(10)", disposition="EXTERNAL_LINKS", format="ARROW_STREAM")
    first.stop()
    _, rest = start()
    link = rest.chunk(answer["statement_id"], 0).json["external_links"][0]
    assert arrow(fetch(link)).num_rows == 10


def test_sessions_end_with_the_server_and_say_so(start):
    first, rest = start()
    session = rest.post(SESSIONS, {"warehouse_id": WAREHOUSE}).json["session_id"]
    first.kill()
    _, rest = start()
    reply = rest.execute("select 1", session_id=session)
    assert reply.status in (200, 404), reply
