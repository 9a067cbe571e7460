"""reattach-execute and release-execute: the answer again, and the rest of it behind a cursor."""

import threading
import uuid

import grpc
import pyspark.sql.connect.proto as pb
import pytest
from harness.connect_rest import SLOW, ConnectRest, Failure, envelope
from harness.wire import error_info


def reattach(rest, operation, last=None):
    request = rest.fill(pb.ReattachExecuteRequest(operation_id=operation))
    if last:
        request.last_response_id = last
    return request


def release(rest, operation, until=None):
    request = rest.fill(pb.ReleaseExecuteRequest(operation_id=operation))
    if until:
        request.release_until.response_id = until
    else:
        request.release_all.SetInParent()
    return rest.answer("release-execute", request)


def test_without_a_cursor_the_whole_answer_again(rest):
    first = rest.run("select id from range(5)")
    again = rest.answer("reattach-execute", reattach(rest, first.operation_id))
    assert rest.rows(again) == rest.rows(first)
    assert again.schema == first.schema and again.operation_id == first.operation_id


def test_behind_the_answer_nothing_is_left(rest):
    first = rest.run("select id from range(5)")
    behind = rest.answer("reattach-execute", reattach(rest, first.operation_id, first.response_id))
    assert behind.WhichOneof("response_type") == "result_complete"
    assert behind.operation_id == first.operation_id


def test_cursor_of_grpc(rest):
    """The ids of gRPC's responses are places in the same answer."""
    operation = str(uuid.uuid4())
    responses = list(rest.wire.execute(rest.plan("select id from range(5)").plan, operation_id=operation))
    kinds = [response.WhichOneof("response_type") for response in responses]
    place = kinds.index("arrow_batch")
    if place > 0:
        before = rest.answer("reattach-execute", reattach(rest, operation, responses[place - 1].response_id))
        assert before.arrow_batch.row_count == 5
    after = rest.answer("reattach-execute", reattach(rest, operation, responses[place].response_id))
    assert after.WhichOneof("response_type") == "result_complete"
    whole = rest.answer("reattach-execute", reattach(rest, operation))
    assert whole.arrow_batch.row_count == 5


def test_waits_for_work_that_runs(server, rest):
    request, found = rest.plan("select count(*) as n from range(8000000) where hash(id, 1) % 7 = 3"), []
    sender = ConnectRest(server, session_id=rest.session_id)
    thread = threading.Thread(target=lambda: found.append(sender.answer("execute-plan", request)))
    thread.start()
    while True:
        got = rest.call("reattach-execute", reattach(rest, request.operation_id))
        if got.WhichOneof("response_type") == "execute_plan_response":
            break
        assert Failure(got).condition in ("INVALID_HANDLE.OPERATION_NOT_FOUND", "INVALID_HANDLE.SESSION_NOT_FOUND"), Failure(got)
    thread.join()
    assert rest.rows(got.execute_plan_response) == rest.rows(found[0])


def test_unknown_operation(rest):
    rest.run("select 1")
    assert rest.status("reattach-execute", reattach(rest, str(uuid.uuid4()))).condition == "INVALID_HANDLE.OPERATION_NOT_FOUND"


def test_unknown_session(rest):
    assert rest.status("reattach-execute", reattach(rest, str(uuid.uuid4()))).condition == "INVALID_HANDLE.SESSION_NOT_FOUND"


def test_cursors_that_are_none(rest):
    first = rest.run("select 1 as a")
    for cursor in ("x", "0", str(uuid.uuid4()), "x" * 5000, "é\x00"):
        found = rest.call("reattach-execute", reattach(rest, first.operation_id, cursor))
        assert found.WhichOneof("response_type") == "status", cursor


def test_what_did_not_ask_for_it_is_not_reattachable(rest):
    """As over gRPC; the same POST again, which clients repeat by themselves, is answered still."""
    request = rest.plan("select uuid() as a", reattachable=False)
    first = rest.answer("execute-plan", request)
    assert rest.status("reattach-execute", reattach(rest, first.operation_id)).condition == "INVALID_CURSOR.NOT_REATTACHABLE"
    assert rest.rows(rest.answer("execute-plan", request)) == rest.rows(first)


def test_release_all(rest):
    first = rest.run("select 1 as a")
    answer = release(rest, first.operation_id)
    assert (answer.session_id, answer.operation_id) == (rest.session_id, first.operation_id)
    again = rest.status("reattach-execute", reattach(rest, first.operation_id))
    with pytest.raises(grpc.RpcError) as caught:
        list(rest.wire.reattach(first.operation_id))
    assert again.condition == error_info(caught.value).metadata["errorClass"]


def test_release_until(rest):
    first = rest.run("select 1 as a")
    assert release(rest, first.operation_id, until=first.response_id).operation_id == first.operation_id
    found = rest.call("reattach-execute", reattach(rest, first.operation_id, first.response_id))
    assert found.execute_plan_response.WhichOneof("response_type") == "result_complete"


def test_release_of_running_work_ends_it(server, rest):
    request, found = rest.plan(SLOW), []
    sender = ConnectRest(server, session_id=rest.session_id)
    thread = threading.Thread(target=lambda: found.append(envelope(sender.post("execute-plan", request))))
    thread.start()
    while thread.is_alive():
        rest.call("release-execute", rest.fill(pb.ReleaseExecuteRequest(operation_id=request.operation_id, release_all={})))
        thread.join(0.2)
    assert Failure(found[0]).condition in ("OPERATION_CANCELED", "INVALID_HANDLE.OPERATION_ABANDONED", "INVALID_CURSOR.POSITION_NOT_AVAILABLE"), Failure(found[0])
