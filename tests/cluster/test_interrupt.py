"""Interrupts through Hearth reach the Spark: the job stops there, the client hears OPERATION_CANCELED."""

from __future__ import annotations

import threading
import time

import pyspark.sql.connect.proto as pb
import pytest
from harness import wire as raw
from harness.connect import connect
from harness.wire import Wire

SLOW = "select count(*) from range(0, 300000000000, 1, 4) where id % 7 = 3 and hash(id) % 11 = 5"
pytestmark = pytest.mark.usefixtures("quiet")


class Running:
    """A query in a thread, and how it ended."""

    def __init__(self, session, tag=None, text=SLOW):
        self.error = None
        self.session, self.tag, self.text = session, tag, text
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        if self.tag:
            self.session.addTag(self.tag)
        try:
            self.session.sql(self.text).collect()
        except BaseException as error:
            self.error = error

    def ended(self, seconds=20):
        self.thread.join(seconds)
        assert not self.thread.is_alive(), "still runs"
        return self.error


def test_of_all(spark, real, until):
    queries = [Running(spark), Running(spark)]
    until(lambda: len(real.running_jobs()) == 2, what="two jobs")
    assert len(spark.interruptAll()) == 2
    for query in queries:
        assert "OPERATION_CANCELED" in str(query.ended())
    until(lambda: not real.running_jobs(), 10, "the end of the jobs")


def test_by_tag(spark, real, until):
    kept, ended = Running(spark, "kept"), Running(spark, "ended")
    until(lambda: len(real.running_jobs()) == 2, what="two jobs")
    assert len(spark.interruptTag("ended")) == 1
    assert "OPERATION_CANCELED" in str(ended.ended())
    until(lambda: len(real.running_jobs()) == 1, 10, "the end of one job")
    assert kept.thread.is_alive()
    assert spark.interruptTag("nobody") == []
    spark.interruptTag("kept")
    kept.ended()


def test_by_operation(server, real, until):
    operation = "11111111-2222-4333-8444-555555555555"
    with Wire(server) as wire, Wire(server, session_id=wire.session_id) as second:
        failure = []
        thread = threading.Thread(target=lambda: failure.append(raw.failure(lambda: raw.consume(wire.execute(raw.sql(SLOW), operation_id=operation)))))
        thread.start()
        until(real.running_jobs, what="the job")
        answer = second.interrupt(pb.InterruptRequest.INTERRUPT_TYPE_OPERATION_ID, operation_id=operation)
        assert list(answer.interrupted_ids) == [operation]
        thread.join(20)
        assert failure and "OPERATION_CANCELED" in failure[0]
        assert list(second.interrupt(pb.InterruptRequest.INTERRUPT_TYPE_OPERATION_ID, operation_id=operation).interrupted_ids) == []


def test_of_another_session_leaves_this_one(spark, server, real, until):
    other = connect(server)
    query = Running(spark)
    until(real.running_jobs, what="the job")
    assert other.interruptAll() == []
    time.sleep(0.3)
    assert query.thread.is_alive()
    spark.interruptAll()
    query.ended()
    other.stop()


def test_release_of_the_session_ends_its_work(server, real, until):
    session = connect(server)
    query = Running(session)
    until(real.running_jobs, what="the job")
    session.client.release_session()
    assert query.ended() is not None
    until(lambda: not real.running_jobs(), 20, "the end of the job")
    session.client.close()


def test_release_of_an_operation_ends_it(server, real, until):
    """A client that lets go of an execution that still runs."""
    operation = "11111111-2222-4333-8444-666666666666"
    with Wire(server) as wire:
        stream = wire.execute(raw.sql(SLOW), operation_id=operation)
        until(real.running_jobs, what="the job")
        wire.release(operation)
        until(lambda: not real.running_jobs(), 20, "the end of the job")
        stream.cancel()


def test_the_same_operation_twice_is_refused(server, real, until):
    operation = "11111111-2222-4333-8444-777777777777"
    with Wire(server) as wire, Wire(server, session_id=wire.session_id) as second:
        stream = wire.execute(raw.sql(SLOW), operation_id=operation)
        until(real.running_jobs, what="the job")
        assert "INVALID_HANDLE.OPERATION_ALREADY_EXISTS" in raw.failure(lambda: raw.consume(second.execute(raw.sql("select 1"), operation_id=operation)))
        assert len(real.running_jobs()) == 1
        second.interrupt(pb.InterruptRequest.INTERRUPT_TYPE_ALL)
        stream.cancel()


def test_reattach_continues_a_query_that_runs(server, real, until):
    """The stream breaks, the job goes on, and the client gets the rest."""
    operation = "11111111-2222-4333-8444-888888888888"
    with Wire(server) as wire:
        stream = wire.execute(raw.sql("select count(*) from range(0, 1600000000, 1, 4) where hash(id) % 11 = 5"), operation_id=operation)
        until(real.running_jobs, what="the job")
        stream.cancel()
        rows, complete = 0, False
        for answer in wire.reattach(operation):
            rows += answer.arrow_batch.row_count
            complete |= answer.HasField("result_complete")
        assert rows == 1 and complete
        wire.release(operation)
