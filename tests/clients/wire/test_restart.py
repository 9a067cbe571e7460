"""kill -9 and restart on the same data folder: what was acknowledged is still there."""

import uuid

import grpc
import pyspark.sql.connect.proto as pb
import pytest
from harness.wire import Wire, consume, failure, sql, sql_command

pytestmark = pytest.mark.hearth_only
SLOW = sql("select count(*) from range(30000000000) where id % 7 = 3 and hash(id) % 11 = 5")


def ids(responses):
    return [r.response_id for r in responses if r.WhichOneof("response_type") != "execution_progress"]


def data(responses):
    return [r.arrow_batch.data for r in responses if r.HasField("arrow_batch")]


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "data")


def test_finished_operation_reattaches_after_a_kill(own_hearth, folder):
    first = own_hearth(data_dir=folder)
    operation = str(uuid.uuid4())
    wire = Wire(first)
    whole = consume(wire.execute(sql("select id, repeat('x', 100) t from range(20000)"), operation_id=operation))
    first.kill()
    second = own_hearth(data_dir=folder)
    again = Wire(second, session_id=wire.session_id)
    for cut in (0, len(whole) // 2, len(whole) - 2):
        rest = consume(again.reattach(operation, whole[cut].response_id))
        assert ids(rest) == ids(whole[cut + 1:])
        assert data(rest) == data(whole[cut + 1:])
    assert data(consume(again.reattach(operation))) == data(whole)
    again.close()


def test_failed_operation_still_says_why_after_a_kill(own_hearth, folder):
    first = own_hearth(data_dir=folder)
    operation = str(uuid.uuid4())
    wire = Wire(first)
    before = failure(lambda: consume(wire.execute(sql("select 1/0"), operation_id=operation)))
    first.kill()
    again = Wire(own_hearth(data_dir=folder), session_id=wire.session_id)
    assert failure(lambda: consume(again.reattach(operation))) == before
    again.close()


def test_interrupted_operation_says_so_and_is_not_run_again(own_hearth, folder):
    first = own_hearth(data_dir=folder)
    operation = str(uuid.uuid4())
    wire = Wire(first)
    stream = wire.execute(SLOW, operation_id=operation)
    status = wire.fill(pb.GetStatusRequest()) if hasattr(pb, "GetStatusRequest") else None
    _until_running(wire, operation, status, stream)
    first.kill()
    again = Wire(own_hearth(data_dir=folder), session_id=wire.session_id)
    text = failure(lambda: consume(again.reattach(operation)))
    assert text != "no error" and "OPERATION_NOT_FOUND" not in text, text
    again.close()


def _until_running(wire, operation, status, stream):
    if status is None:
        next(stream)
        return
    status.operation_status.operation_ids.append(operation)
    for _ in range(1000):
        try:
            found = wire.stub.GetStatus(status).operation_statuses
        except grpc.RpcError:
            continue
        if found and found[0].state == pb.GetStatusResponse.OperationStatus.OPERATION_STATE_RUNNING:
            return
    raise AssertionError("the operation never ran")


@pytest.mark.versions((4, 2))
def test_status_of_operations_after_a_kill(own_hearth, folder):
    first = own_hearth(data_dir=folder)
    operation = str(uuid.uuid4())
    wire = Wire(first)
    consume(wire.execute(sql("select 1"), operation_id=operation))
    wire.release(operation)
    first.kill()
    again = Wire(own_hearth(data_dir=folder), session_id=wire.session_id)
    request = again.fill(pb.GetStatusRequest())
    request.operation_status.operation_ids.append(operation)
    states = [s.state for s in again.stub.GetStatus(request).operation_statuses]
    assert states == [pb.GetStatusResponse.OperationStatus.OPERATION_STATE_SUCCEEDED]
    again.close()


def test_tables_survive_a_kill(own_hearth, folder):
    first = own_hearth(data_dir=folder)
    wire = Wire(first)
    for text in ("create database kept", "create table kept.t (id int) using parquet", "insert into kept.t values (1), (2)"):
        consume(wire.execute(sql_command(text)))
    first.kill()
    again = Wire(own_hearth(data_dir=folder))
    responses = consume(again.execute(sql("select * from kept.t")))
    assert sum(r.arrow_batch.row_count for r in responses if r.HasField("arrow_batch")) == 2
    again.close()


def test_sigterm_lets_a_running_query_finish_or_ends_it_in_bounds(own_hearth, folder):
    server = own_hearth(data_dir=folder)
    wire = Wire(server)
    consume(wire.execute(sql("select 1")))
    server.process.terminate()
    assert server.process.wait(30) is not None
