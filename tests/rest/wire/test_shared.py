"""A session is the same over REST and gRPC; and the four calls beyond the original."""

import uuid

import pyspark.sql.connect.proto as pb
from google.rpc import status_pb2
from harness.connect import connect
from harness.connect_rest import SLOW, STATUS, ConnectRest, Failure, sql_command
from harness.wire import Wire, consume, sql

State = getattr(pb, "GetStatusResponse", None)


def status_of(rest, *operations):
    request = rest.fill(pb.GetStatusRequest())
    request.operation_status.operation_ids.extend(operations)
    request.operation_status.SetInParent()
    return rest.bare("get-status", request)


def test_pyspark_sees_what_rest_made_and_the_reverse(server):
    session = connect(server, parameters="user_id=tester")
    rest = ConnectRest(server, session_id=session.session_id, user="tester")
    session.range(4).createOrReplaceTempView("of_grpc")
    assert rest.rows("select count(*) as n from of_grpc") == [{"n": 4}]
    rest.run(sql_command("create temporary view of_rest as select 'r' as a"))
    assert [row.a for row in session.table("of_rest").collect()] == ["r"]
    rest.set_config("my.key", "of rest")
    assert session.conf.get("my.key") == "of rest"
    session.conf.set("my.key", "of grpc")
    assert rest.get_config("my.key") == "of grpc"
    session.stop()
    assert rest.failure("select 1").condition == "INVALID_HANDLE.SESSION_CLOSED"


def test_server_side_session_is_one(rest):
    over_rest = rest.run("select 1").server_side_session_id
    [first, *_] = consume(rest.wire.execute(sql("select 1")))
    assert first.server_side_session_id == over_rest


def test_users_have_sessions_of_their_own(server):
    session = str(uuid.uuid4())
    one, two = (ConnectRest(server, user=user, session_id=session) for user in ("alice", "bob"))
    one.run(sql_command("create temporary view mine as select 1 as a"))
    assert two.failure("select * from mine").condition == "TABLE_OR_VIEW_NOT_FOUND"
    assert one.rows("select current_user() as u") == [{"u": "alice"}]


def test_operation_of_rest_is_reattached_over_grpc(rest):
    answer = rest.run("select id from range(3)")
    responses = consume(rest.wire.reattach(answer.operation_id))
    assert sum(response.arrow_batch.row_count for response in responses) == 3
    assert responses[-1].WhichOneof("response_type") == "result_complete"


def test_interrupt_over_grpc_ends_work_of_rest(server, rest):
    import threading

    request, found = rest.plan(SLOW, tags=["t"]), []
    sender = ConnectRest(server, session_id=rest.session_id)
    thread = threading.Thread(target=lambda: found.append(sender.call("execute-plan", request)))
    thread.start()
    while not list(rest.wire.interrupt("INTERRUPT_TYPE_TAG", tag="t").interrupted_ids):
        assert thread.is_alive()
    thread.join(30)
    assert Failure(found[0]).condition == "OPERATION_CANCELED"


def test_release_session(rest):
    first = rest.run("select 1")
    answer = rest.bare("release-session", rest.fill(pb.ReleaseSessionRequest()))
    assert (answer.session_id, answer.server_side_session_id) == (rest.session_id, first.server_side_session_id)
    assert rest.failure("select 1").condition == "INVALID_HANDLE.SESSION_CLOSED"


def test_release_session_with_a_way_back(rest):
    first = rest.run("select 1")
    rest.bare("release-session", rest.fill(pb.ReleaseSessionRequest(allow_reconnect=True)))
    assert rest.run("select 1").server_side_session_id != first.server_side_session_id


def test_clone_session(server, rest):
    rest.run(sql_command("create temporary view cloned as select 5 as a"))
    answer = rest.bare("clone-session", rest.fill(pb.CloneSessionRequest()))
    assert answer.session_id == rest.session_id and answer.new_session_id != rest.session_id
    clone = ConnectRest(server, session_id=answer.new_session_id)
    assert clone.rows("select * from cloned") == [{"a": 5}]
    clone.run(sql_command("create or replace temporary view cloned as select 6 as a"))
    assert rest.rows("select * from cloned") == [{"a": 5}]


def test_get_status(rest):
    operation = rest.run("select 1").operation_id
    unknown = str(uuid.uuid4())
    answer = status_of(rest, operation, unknown)
    states = {one.operation_id: one.state for one in answer.operation_statuses}
    # Its answer can still be asked for.
    done = {State.OperationStatus.OPERATION_STATE_TERMINATING, State.OperationStatus.OPERATION_STATE_SUCCEEDED}
    assert states.pop(operation) in done and states == {unknown: State.OperationStatus.OPERATION_STATE_UNKNOWN}
    assert answer.server_side_session_id


def test_refused_extra_calls_say_why(rest):
    """They have no envelope to put a status into: the bare status, and the header that all failures have."""
    reply = rest.post("clone-session", rest.fill(pb.CloneSessionRequest()))
    assert (reply.status, reply.headers["content-type"]) == (200, STATUS), reply
    failure = Failure(status_pb2.Status.FromString(reply.body))
    assert failure.condition == "INVALID_HANDLE.SESSION_NOT_FOUND" and reply.headers["x-hearth-status"] == "13", failure


def test_many_sessions_over_one_connection(server):
    rest = ConnectRest(server)
    for number in range(20):
        other = ConnectRest(server, session_id=str(uuid.uuid4()))
        other.local = rest.local
        assert other.rows(f"select {number} as a") == [{"a": number}]
    assert Wire(server).config(get=pb.ConfigRequest.Get(keys=["spark.sql.ansi.enabled"])).pairs[0].value == "true"
