"""The Spark dies, or the network to it breaks, while clients of Hearth work."""

from __future__ import annotations

import threading
import time

import grpc
import pyarrow as pa
import pytest
from harness import wire as raw
from harness.connect import connect
from harness.livy import Livy
from harness.relay import Relay
from harness.spark import start_connect
from harness.statements import WAREHOUSES, Statements
from harness.wire import Wire
from pyspark.errors import PySparkException

pytestmark = pytest.mark.hearth_only
SLOW = "select count(*) from range(0, 300000000000, 1, 4) where id % 7 = 3 and hash(id) % 11 = 5"
# How long Hearth tries to come back to a query whose Spark is gone, and when clients must have been told.
PATIENCE_SECONDS = 4
TOLD_SECONDS = 15
LARGE = 1_000_000


@pytest.fixture(scope="module")
def mortal():
    """A Spark that tests kill."""
    with start_connect(memory="1g") as spark:
        yield spark


@pytest.fixture(scope="module")
def before_it(mortal, own_hearth):
    return own_hearth(mortal.grpc, extra=f'reattach_timeout = "{PATIENCE_SECONDS}s"')


@pytest.fixture
def alive(mortal, before_it, until):
    """The Spark lives and Hearth knows it."""
    if not mortal.alive():
        mortal.start_again()

    def works():
        with Wire(before_it, timeout=30) as wire:
            return raw.failure(lambda: raw.consume(wire.execute(raw.sql("select 1")))) == "no error"

    until(works, 30, "an engine that works")
    return mortal


def in_thread(work):
    """Runs `work`; a function that waits for what it returned or raised, and when."""
    ended = []

    def run():
        try:
            ended.append((work(), time.monotonic()))
        except BaseException as error:
            ended.append((error, time.monotonic()))

    thread = threading.Thread(target=run)
    thread.start()

    def wait(seconds=TOLD_SECONDS):
        thread.join(seconds)
        assert not thread.is_alive(), f"nothing was told within {seconds} s"
        return ended[0]

    return wait


def test_killed_in_the_middle_of_a_query(alive, before_it, until):
    """Every door tells of the loss soon; nothing is run again; new sessions work after the restart, the old one says so."""
    statements, livy = Statements(before_it.http), Livy(before_it.http)
    livy_session = livy.open("sql", conf={"hearth.engine": "spark"})
    session = connect(before_it)
    session.range(1).collect()
    query = in_thread(lambda: session.sql(SLOW).collect())
    statement = statements.submit(SLOW, warehouse_id="spark")
    number = livy.submit(livy_session, SLOW)
    until(lambda: len(alive.running_jobs()) >= 2, what="the jobs")
    killed = time.monotonic()
    alive.kill()

    error, told = query()
    assert told - killed < TOLD_SECONDS
    assert isinstance(error, PySparkException) and "HEARTH_ENGINE_LOST" in str(error) and "spark" in str(error), repr(error)
    failed = statements.wait(statement, seconds=TOLD_SECONDS)["status"]
    assert failed["state"] == "FAILED" and "was lost" in failed["error"]["message"], failed
    output = livy.wait(livy_session, number, seconds=TOLD_SECONDS)["output"]
    assert output["status"] == "error" and "was lost" in output["evalue"] + "".join(output["traceback"]), output

    # While it is away: the answer says that nothing was run.
    refused = statements.failure("select 1", warehouse_id="spark")
    assert "cannot be reached" in refused["error"]["message"], refused
    listed = {one["id"]: one for one in statements.get(WAREHOUSES).json["warehouses"]}
    assert listed["spark"]["health"]["status"] != "HEALTHY", listed["spark"]

    alive.start_again()
    until(lambda: statements.run("select 1", warehouse_id="spark", wait_timeout="50s")["status"]["state"] == "SUCCEEDED", 30, "a statement that works")
    assert not alive.running_jobs(), "what was lost must not run again"
    new = connect(before_it)
    assert new.range(3).count() == 3
    # Asked raw: a client of PySpark that has heard of it once makes no more calls.
    with Wire(before_it, user=session.client._user_id or "", session_id=session.session_id) as old:
        told = raw.failure(lambda: raw.consume(old.execute(raw.sql("select 1"))))
        assert "INVALID_HANDLE.SESSION_CHANGED" in told, told
    new.stop()
    session.client.close()
    livy.remove(livy_session)


def test_killed_in_the_middle_of_a_result(alive, before_it):
    """A part of the rows is no success."""
    with Wire(before_it) as wire:
        stream = wire.execute(raw.sql("select id, repeat('x', 200) t from range(0, 3000000, 1, 60)"))
        rows = 0
        with pytest.raises(grpc.RpcError) as failed:
            for answer in stream:
                rows += answer.arrow_batch.row_count
                if rows and alive.alive():
                    alive.kill()
        assert rows < 3_000_000
        assert "HEARTH_ENGINE_LOST" in raw.failure_text(failed.value)


def test_killed_in_the_middle_of_a_command(alive, before_it, until, tmp_path):
    """An INSERT that was running is not sent again to the new Spark."""
    session = connect(before_it)
    write = in_thread(lambda: session.sql(SLOW).write.parquet(str(tmp_path / "out")))
    until(alive.running_jobs, what="the job")
    alive.kill()
    error, _ = write()
    assert "HEARTH_ENGINE_LOST" in str(error), repr(error)
    alive.start_again()
    new = connect(before_it)
    until(lambda: new.range(1).count() == 1, 30)
    assert {job["status"] for job in alive.jobs()} <= {"SUCCEEDED"} and not alive.running_jobs()
    new.stop()
    session.client.close()


@pytest.fixture(scope="module")
def relayed(real, own_hearth):
    with Relay(real.grpc) as relay:
        yield relay, own_hearth(relay.address)


def rows_of(wire, text):
    """The ids that a query answers, and how often; the client's own stream never breaks here."""
    seen, complete = [], 0
    for answer in wire.execute(raw.sql(text)):
        if answer.HasField("arrow_batch"):
            with pa.ipc.open_stream(answer.arrow_batch.data) as reader:
                table = reader.read_all()
            if table.num_columns:
                seen.append(table.column("id"))
        complete += answer.HasField("result_complete")
    assert complete == 1
    return pa.chunked_array([chunk for column in seen for chunk in column.chunks])


def exactly(ids, count):
    assert len(ids) == count
    assert (sorted_numpy(ids) == range(count)).all()


def sorted_numpy(ids):
    values = ids.to_numpy()
    values.sort()
    return values


def test_cut_in_the_middle_of_a_large_result(relayed, real, quiet):
    """Three times the connection to the Spark breaks: Hearth reattaches, each row comes once, and the query ran once."""
    relay, hearth = relayed
    text = f"select id, concat('row ', id) t from range(0, {LARGE}, 1, 4)"
    with Wire(hearth) as wire:
        raw.consume(wire.execute(raw.sql("select 1")))
        before, cuts = len(real.jobs()), relay.cuts
        exactly(rows_of(wire, text), LARGE)
        plain = len(real.jobs()) - before
        ended = threading.Event()

        def trouble():
            for _ in range(3):
                relay.cut_after(3_000_000)
                while relay.budget is not None and not ended.wait(0.01):
                    pass

        thread = threading.Thread(target=trouble)
        thread.start()
        before = len(real.jobs())
        exactly(rows_of(wire, text), LARGE)
        ended.set()
        thread.join()
        relay.cut_after(None)
        assert relay.cuts - cuts >= 2, "the relay cut nothing"
        assert len(real.jobs()) - before == plain, "the query ran again"


def test_cut_while_nothing_is_sent(relayed, real, until, quiet):
    """A long aggregate: the connection breaks, is refused for a while, and comes back; the answer arrives."""
    relay, hearth = relayed
    with Wire(hearth) as wire:
        text = "select count(*) from range(0, {}, 1, 4) where hash(id) % 11 = 5"
        before = len(real.jobs())
        raw.consume(wire.execute(raw.sql(text.format(10))))
        plain = len(real.jobs()) - before
        before = len(real.jobs())
        answer = in_thread(lambda: raw.consume(wire.execute(raw.sql(text.format(2_500_000_000)))))
        until(real.running_jobs, what="the job")
        relay.refuse()
        relay.cut()
        time.sleep(1.5)
        relay.accept()
        found, _ = answer(60)
        assert not isinstance(found, BaseException), raw.failure_text(found)
        assert sum(one.arrow_batch.row_count for one in found) == 1
        assert len(real.jobs()) - before == plain, "the query ran again"


def test_cut_between_two_queries(relayed):
    relay, hearth = relayed
    with Wire(hearth) as wire:
        wire.config(set=raw.pb.ConfigRequest.Set(pairs=[raw.pb.KeyValue(key="own.key", value="kept")]))
        for _ in range(3):
            relay.cut()
            assert sum(one.arrow_batch.row_count for one in wire.execute(raw.sql("select id from range(5)"))) == 5
        relay.cut()
        assert wire.config(get=raw.pb.ConfigRequest.Get(keys=["own.key"])).pairs[0].value == "kept"


def test_refused_from_the_start(relayed):
    """No Spark at all: told soon, as what it is, and forgotten when it is there."""
    relay, hearth = relayed
    relay.refuse()
    relay.cut()
    try:
        session, began = Wire(hearth), time.monotonic()
        with session:
            told = raw.failure(lambda: raw.consume(session.execute(raw.sql("select 1"))))
            assert "HEARTH_ENGINE_UNAVAILABLE" in told, told
            assert time.monotonic() - began < TOLD_SECONDS
    finally:
        relay.accept()
    with Wire(hearth) as wire:
        raw.consume(wire.execute(raw.sql("select 1")))
