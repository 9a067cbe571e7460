"""Work really stops: interrupts of each kind, releases, progress. Runs last, for what it may leave."""

import concurrent.futures
import threading
import time
import uuid

import grpc
import pyspark.sql.connect.proto as pb
import pytest
from harness.wire import consume, failure, sql

SLOW = sql("select count(*) from range(30000000000) where id % 7 = 3 and hash(id) % 11 = 5")


def progress(response):
    return response.WhichOneof("response_type") == "execution_progress"


def start_slow(wire, **options):
    """Runs a query that takes minutes; returns a future of the failure text, once it is running."""
    operation = str(uuid.uuid4())
    pool = concurrent.futures.ThreadPoolExecutor(1)
    running = threading.Event()

    def run():
        stream = wire.execute(SLOW, operation_id=operation, **options)
        running.set()
        return failure(lambda: consume(stream))

    future = pool.submit(run)
    running.wait(10)
    return operation, future


def interrupt_until_gone(future, interrupt, seconds=30):
    """Interrupts until the operation was known to the server, then waits for its end."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ids = list(interrupt().interrupted_ids)
        if ids:
            return ids, future.result(seconds)
        time.sleep(0.05)
    raise AssertionError("nothing to interrupt")


def test_interrupt_all_stops_the_work(wire):
    operation, future = start_slow(wire)
    ids, text = interrupt_until_gone(future, lambda: wire.interrupt("INTERRUPT_TYPE_ALL"))
    assert ids == [operation]
    assert "OPERATION_CANCELED" in text


def test_interrupt_by_tag(wire):
    operation, future = start_slow(wire, tags=["one", "two"])
    assert list(wire.interrupt("INTERRUPT_TYPE_TAG", tag="three").interrupted_ids) == []
    ids, text = interrupt_until_gone(future, lambda: wire.interrupt("INTERRUPT_TYPE_TAG", tag="two"))
    assert ids == [operation]
    assert "OPERATION_CANCELED" in text


def test_interrupt_by_operation_id(wire):
    operation, future = start_slow(wire)
    ids, text = interrupt_until_gone(future, lambda: wire.interrupt("INTERRUPT_TYPE_OPERATION_ID", operation_id=operation))
    assert ids == [operation]
    assert "OPERATION_CANCELED" in text


def until_it_runs(stopped):
    """Tries until the call that runs in another thread has reached the server and was stopped there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if stopped():
                return True
        except grpc.RpcError as error:
            if "INVALID_HANDLE.SESSION_NOT_FOUND" not in error.details():
                raise
        time.sleep(0.05)
    return False


def test_release_all_stops_a_running_operation(wire):
    operation, future = start_slow(wire)
    assert until_it_runs(lambda: wire.release(operation).HasField("operation_id"))
    assert future.result(30) != "no error"


def test_release_session_stops_its_operations(wire):
    operation, future = start_slow(wire)
    time_out = time.monotonic() + 30
    while time.monotonic() < time_out and not future.done():
        wire.stub.ReleaseSession(wire.fill(pb.ReleaseSessionRequest()))
        time.sleep(0.1)
    assert future.result(30) != "no error"


@pytest.mark.versions((4, 0))
def test_progress_is_reported_while_running(wire):
    stream = wire.execute(SLOW, operation_id=str(uuid.uuid4()))
    deadline = time.monotonic() + 30
    for response in stream:
        if progress(response):
            stream.cancel()
            break
        assert time.monotonic() < deadline
    wire.interrupt("INTERRUPT_TYPE_ALL")
