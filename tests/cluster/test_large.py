"""A gigabyte through Hearth: each row once, and memory that does not grow with the result or with a slow reader."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid

import pytest
from harness import wire as raw
from harness.spark import start_connect
from harness.wire import Wire

pytestmark = [pytest.mark.hearth_only, pytest.mark.long]
ROWS = 125_000_000
QUERY = f"select id from range(0, {ROWS}, 1, 8)"
# What the server may need beyond its idle memory while a gigabyte passes.
GROWTH_MIB = 400


@pytest.fixture(scope="module")
def ready(own_hearth):
    with start_connect(memory="4g") as spark:
        hearth = own_hearth(spark.grpc)
        with Wire(hearth) as wire:
            raw.consume(wire.execute(raw.sql("select 1")))
        yield hearth


def memory_mib(pid, key="VmRSS"):
    with open(f"/proc/{pid}/status") as handle:
        return next(int(line.split()[1]) / 1024 for line in handle if line.startswith(key))


@contextlib.contextmanager
def highest(pid):
    """The highest memory while the block runs."""
    seen, ended = [memory_mib(pid)], threading.Event()

    def watch():
        while not ended.wait(0.05):
            seen.append(memory_mib(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def read(wire, pause):
    """(rows, bytes) of the result; `pause(rows)` between two messages. The stream may end early and is continued, and what was
    read is released, as clients do."""
    operation = str(uuid.uuid4())
    rows = size = answers = 0
    last, complete = None, False
    stream = wire.execute(raw.sql(QUERY), operation_id=operation)
    while not complete:
        for answer in stream:
            last = answer.response_id
            rows += answer.arrow_batch.row_count
            size += len(answer.arrow_batch.data)
            complete |= answer.HasField("result_complete")
            answers += 1
            if answers % 8 == 0 and not complete:
                wire.release(operation, until=last)
            pause(rows)
        if not complete:
            stream = wire.reattach(operation, last)
    wire.release(operation)
    return rows, size


@pytest.mark.parametrize("speed", ["fast", "slow"])
def test_memory_is_bounded(ready, speed):
    before = memory_mib(ready.pid)
    slow_until = time.monotonic() + (40 if speed == "slow" else 0)

    def pause(_):
        if time.monotonic() < slow_until:
            time.sleep(0.2)

    with Wire(ready, timeout=900) as wire, highest(ready.pid) as seen:
        rows, size = read(wire, pause)
    assert rows == ROWS and size >= ROWS * 8
    assert max(seen) - before < GROWTH_MIB, f"{before:.0f} MiB before, {max(seen):.0f} MiB at most"
