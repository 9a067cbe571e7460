"""202: a call that takes longer than `rest.wait` is answered later at /api/v2/results/{handler}, for the one who asked."""

import threading
import time
import uuid

import pyspark.sql.connect.proto as pb
import pytest
from harness.connect_rest import RESULTS, SLOW, ConnectRest, Failure, accepted, envelope, refusal, sql_command

# Longer than the wait below, on any machine.
LONG = "select count(*) as n from range(8000000) where hash(id, 1) % 7 = 3"


@pytest.fixture(scope="module")
def hasty(own_hearth):
    """A server that waits a moment only, and forgets results soon."""
    return own_hearth("rest.wait=50ms", "rest.result_retention=3s")


@pytest.fixture
def rest(hasty):
    with ConnectRest(hasty) as client:
        yield client


def begin(rest, text=SLOW, **options):
    """(request, location) of an execution that is answered with 202."""
    request = rest.plan(text, **options)
    return request, accepted(rest.post("execute-plan", request))


def test_quick_answers_come_at_once(rest):
    assert rest.rows("select 1 as a") == [{"a": 1}]


def test_later_the_answer_that_the_post_would_have_given(rest):
    request, location = begin(rest, LONG)
    reply = rest.wait(location)
    answer = envelope(reply).execute_plan_response
    assert answer.operation_id == request.operation_id
    assert rest.rows(answer)[0]["n"] > 100_000
    # It stays until it expires.
    assert envelope(rest.fetch(location)).execute_plan_response.operation_id == request.operation_id


def test_polls_are_202_with_the_same_location(rest):
    _, location = begin(rest)
    for _ in range(3):
        assert accepted(rest.fetch(location)) == location
    assert rest.fetch(location, "DELETE").status in (200, 202, 204)


def test_failures_come_as_status(rest):
    _, location = begin(rest, "select count(*) / 0 as n from range(8000000) where hash(id, 1) % 7 = 3")
    assert Failure(envelope(rest.wait(location))).condition == "DIVIDE_BY_ZERO"


def test_analysis_may_take_long_too(rest):
    """Whatever is asked: an answer, or 202 and then the answer."""
    request = rest.fill(pb.AnalyzePlanRequest(schema=pb.AnalyzePlanRequest.Schema(plan=rest.plan("select 1 as a").plan)))
    reply = rest.post("analyze-plan", request)
    found = envelope(reply if reply.status == 200 else rest.wait(accepted(reply)))
    assert found.analyze_plan_response.schema.schema.struct.fields[0].name == "a"


def test_same_post_again_leads_to_the_same_work(rest):
    request, location = begin(rest)
    again = accepted(rest.post("execute-plan", request))
    status = rest.bare("get-status", status_request(rest, request.operation_id))
    [one] = status.operation_statuses
    assert one.operation_id == request.operation_id
    rest.fetch(location, "DELETE")
    refusal(rest.fetch(location), 410)
    if again != location:
        assert Failure(envelope(rest.wait(again))).condition == "OPERATION_CANCELED"


def test_same_post_after_the_answer(rest):
    request, location = begin(rest, LONG)
    first = envelope(rest.wait(location)).execute_plan_response
    second = rest.answer("execute-plan", request)
    assert rest.rows(first) == rest.rows(second)


def test_delete_cancels(rest):
    request, location = begin(rest)
    reply = rest.fetch(location, "DELETE")
    assert reply.status == 200, reply
    again = rest.post("reattach-execute", rest.fill(pb.ReattachExecuteRequest(operation_id=request.operation_id)))
    condition = Failure(envelope(again if again.status == 200 else rest.wait(accepted(again)))).condition
    assert condition in ("OPERATION_CANCELED", "INVALID_HANDLE.OPERATION_NOT_FOUND"), condition
    refusal(rest.fetch(location), 410)
    refusal(rest.fetch(location, "DELETE"), 410)


def test_delete_of_a_finished_one_forgets_it(rest):
    _, location = begin(rest, LONG)
    rest.wait(location)
    assert rest.fetch(location, "DELETE").status == 200
    refusal(rest.fetch(location), 410)


def test_expired_results_are_gone(rest):
    _, location = begin(rest, LONG)
    rest.wait(location)
    deadline = time.monotonic() + 30
    while rest.fetch(location).status == 200:
        assert time.monotonic() < deadline
        # Asking may count as use: ask seldom.
        time.sleep(4)
    refusal(rest.fetch(location), 410)


def test_never_expires_while_running(rest):
    _, location = begin(rest)
    time.sleep(4)
    assert rest.fetch(location).status == 202
    assert rest.fetch(location, "DELETE").status == 200


def test_interrupt_reaches_what_is_waited_for(rest):
    request, location = begin(rest)
    asked = rest.fill(pb.InterruptRequest(interrupt_type="INTERRUPT_TYPE_OPERATION_ID", operation_id=request.operation_id))
    assert list(rest.answer("interrupt", asked).interrupted_ids) == [request.operation_id]
    assert Failure(envelope(rest.wait(location))).condition == "OPERATION_CANCELED"


def test_release_of_the_session_ends_it(rest):
    _, location = begin(rest)
    rest.bare("release-session", rest.fill(pb.ReleaseSessionRequest()))
    reply = rest.wait(location, seconds=20)
    assert reply.status in (200, 404, 410), reply
    if reply.status == 200:
        assert Failure(envelope(reply)).condition in ("OPERATION_CANCELED", "INVALID_HANDLE.SESSION_CLOSED", "INVALID_HANDLE.OPERATION_ABANDONED")


def test_many_at_once(hasty):
    found, lock = [], threading.Lock()

    def one(number):
        with ConnectRest(hasty) as rest:
            reply = rest.post("execute-plan", rest.plan(f"select count(*) as n, {number} as k from range(3000000) where hash(id, 1) % 7 = 3"))
            answer = envelope(reply if reply.status == 200 else rest.wait(accepted(reply), seconds=120)).execute_plan_response
            with lock:
                found.append(rest.rows(answer)[0])

    threads = [threading.Thread(target=one, args=(number,)) for number in range(16)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(row["k"] for row in found) == list(range(16))
    assert len({row["n"] for row in found}) == 1


def test_commands_are_done_once(rest):
    name = f"t_{uuid.uuid4().hex}"
    plan = sql_command(f"create table {name} as select id from range(3000000) where hash(id, 1) % 7 = 3")
    request = rest.plan(plan)
    replies = [rest.post("execute-plan", request) for _ in range(3)]
    kinds = [envelope(reply if reply.status == 200 else rest.wait(accepted(reply))).WhichOneof("response_type") for reply in replies]
    assert kinds == ["execute_plan_response"] * 3
    reply = rest.post("execute-plan", rest.plan(sql_command(f"drop table {name}")))
    assert envelope(reply if reply.status == 200 else rest.wait(accepted(reply))).WhichOneof("response_type") == "execute_plan_response"


def test_no_room(own_hearth):
    """429 in the published form. What was told so once is never told to poll: the published client breaks at that."""
    server = own_hearth("rest.wait=50ms", "operation.max_running=1", "operation.max_queued=1")
    with ConnectRest(server) as rest:
        locations = [begin(rest)[1] for _ in range(2)]
        request = rest.plan(LONG)
        for _ in range(3):
            reply = rest.post("execute-plan", request)
            refusal(reply, 429)
            assert reply.headers["retry-after"].isdigit()
        for location in locations:
            assert rest.fetch(location, "DELETE").status == 200
        deadline = time.monotonic() + 30
        while (reply := rest.post("execute-plan", request)).status == 429:
            assert time.monotonic() < deadline
        assert reply.status == 200 and rest.rows(envelope(reply).execute_plan_response)[0]["n"] > 100_000


def test_results_are_the_principals_own(users):
    server, alice, bob = users
    mine, theirs = ConnectRest(server, token=alice, user=""), ConnectRest(server, token=bob, user="")
    _, location = begin(mine)
    for method in ("GET", "DELETE"):
        refusal(theirs.fetch(location, method), 404)
    for method in ("GET", "DELETE"):
        refusal(ConnectRest(server, token=None).fetch(location, method), 401)
        refusal(ConnectRest(server, token="x").fetch(location, method), 401)
    assert mine.fetch(location).status == 202
    assert mine.fetch(location, "DELETE").status == 200
    refusal(theirs.fetch(location), 404)
    refusal(mine.fetch(RESULTS + "x"), 404)


def status_request(rest, operation):
    request = rest.fill(pb.GetStatusRequest())
    request.operation_status.operation_ids.append(operation)
    return request
