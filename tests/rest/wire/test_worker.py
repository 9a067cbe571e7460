"""pull-request and push-response by hand: leases, parts, what is late, doubled, wrong, or not this worker's."""

import sys
import threading
import time
import uuid
from pathlib import Path

import pyspark.sql.connect.proto as pb
import pytest
from harness.connect_rest import Answer, ConnectRest, Envelope, Failure, Part, envelope, payload, refusal

sys.path.insert(0, str(Path(__file__).resolve().parent))

from hands import FAILED, OK, Hands, rows, status  # noqa: E402

CONFIG = '[engines.edge]\nkind = "worker"\nlease = "4s"\nworker_timeout = "6s"\n'
@pytest.fixture(scope="module")
def gateway(own_hearth):
    return own_hearth(config=CONFIG)


class Asking:
    """A client of the engine, whose query runs in the background."""

    def __init__(self, gateway, text="select 1 as a"):
        self.rest = ConnectRest(gateway)
        self.found = None
        self.thread = threading.Thread(target=self.ask, args=(text,), daemon=True)
        self.thread.start()

    def ask(self, text):
        self.rest.set_config("hearth.engine", "edge")
        self.found = envelope(self.rest.post("execute-plan", self.rest.plan(text)))

    def answer(self):
        self.thread.join(60)
        assert self.found is not None, "no answer within a minute"
        return self.found

    def numbers(self):
        return [row["a"] for row in self.rest.rows(self.answer().execute_plan_response)]


@pytest.fixture
def hands(gateway):
    return Hands(gateway, f"hands-{uuid.uuid4().hex[:6]}")


def plan_for(gateway, hands, text="select 1 as a"):
    """(client, task, request) of a query that a worker has."""
    client = Asking(gateway, text)
    return client, *hands.pull("ExecutePlanRequest")


def test_request_is_the_clients(gateway, hands):
    client, task, request = plan_for(gateway, hands, "select 'mine' as a")
    assert task.dataframe_type == 2 and task.request_id
    assert task.payload.type_url == "type.googleapis.com/spark.connect.ExecutePlanRequest"
    assert request.plan.root.sql.query == "select 'mine' as a"
    hands.push(task, Envelope(execute_plan_response=rows(request, 1, 2, 3)))
    assert client.numbers() == [1, 2, 3]


def test_failure(gateway, hands):
    client, task, request = plan_for(gateway, hands)
    hands.push(task, Envelope(status=status("by hand", "DIVIDE_BY_ZERO")), code=FAILED)
    failure = Failure(client.answer())
    assert failure.condition == "DIVIDE_BY_ZERO" and "by hand" in failure.message, failure


def test_parts(gateway, hands):
    client, task, request = plan_for(gateway, hands)
    hands.push(task, Part(sequence=0, responses=[rows(request, 1, 2)]))
    hands.push(task, Part(sequence=1, responses=[rows(request, 3), rows(request, 4)]))
    hands.push(task, Part(sequence=2, last=True))
    assert client.numbers() == [1, 2, 3, 4]


def test_failure_behind_parts(gateway, hands):
    client, task, request = plan_for(gateway, hands)
    hands.push(task, Part(sequence=0, responses=[rows(request, 1, 2)]))
    hands.push(task, Part(sequence=1, last=True, status=status("too late")), code=FAILED)
    assert "too late" in Failure(client.answer()).message


def test_second_answer_is_a_conflict(gateway, hands):
    client, task, request = plan_for(gateway, hands)
    answer = Envelope(execute_plan_response=rows(request, 1))
    hands.push(task, answer)
    refusal(hands.push(task, answer, expect=409))
    refusal(hands.push(task, Part(sequence=0, last=True), expect=409))
    assert client.numbers() == [1]


def test_unknown_request(gateway, hands):
    for request in (str(uuid.uuid4()), "", "x" * 5000):
        refusal(hands.rest.push(Answer(request_id=request, dataframe_type=2, payload=payload(Part(last=True)))), 404)


@pytest.mark.parametrize("body", ["!!!", "AAAA=", "/////w==", "x" * 5001])
def test_push_that_does_not_read(hands, body):
    refusal(hands.rest.post("push-response", body), 400)


@pytest.mark.parametrize("endpoint", ["pull-request", "push-response"])
@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[1]", b"{}", b"null", b"1", b'"a" "b"', b"edge"])
def test_bodies_that_are_no_text(hands, endpoint, body):
    refusal(hands.rest.post(endpoint, body, {"Content-Type": "application/json"}), 400)


@pytest.mark.parametrize("worker", ["nowhere/one", "x" * 5000, "/x", "edge\x00/x"])
def test_pull_from_no_pool(hands, worker):
    assert refusal(hands.rest.post("pull-request", worker))["code"] and hands.rest.post("pull-request", worker).status in (400, 404)


@pytest.mark.parametrize("answer,text", [
    (lambda request: (pb.ConfigResponse(), OK), "ConfigResponse"), (lambda request: (Envelope(config_response={}), OK), ""), (lambda request: (Envelope(), OK), "empty"),
    (lambda request: (Envelope(query_id="x"), OK), "elsewhere"), (lambda request: (Part(sequence=5, last=True), OK), "")],
    ids=["bare", "other member", "no member", "query id", "gap"])
def test_answers_that_make_no_sense_fail_the_request(gateway, hands, answer, text):
    """A worker that speaks wrongly will not answer again."""
    client, task, request = plan_for(gateway, hands)
    message, code = answer(request)
    reply = hands.rest.push(Answer(request_id=task.request_id, dataframe_type=2, code=code, payload=payload(message)))
    assert reply.status in (200, 400, 409), reply
    found = client.answer()
    assert found.WhichOneof("response_type") == "status" and text in found.status.message, found


def test_lost_worker_before_its_answer(gateway, hands):
    """What nobody answered is handed out again, also to another worker; the late answer of the first is refused."""
    client, task, request = plan_for(gateway, hands)
    other = Hands(gateway, "other")
    again, repeated = None, None
    deadline = time.monotonic() + 30
    while again is None and time.monotonic() < deadline and client.thread.is_alive():
        again, repeated = other.pull("ExecutePlanRequest") if client.thread.is_alive() else (None, None)
    if again is None:
        # Its session was bound to the lost one, which is then what the client hears.
        assert Failure(client.answer()).condition == "INVALID_HANDLE.SESSION_CHANGED"
        return
    assert repeated.plan == request.plan
    assert hands.rest.push(Answer(request_id=task.request_id, dataframe_type=2, payload=payload(Envelope(execute_plan_response=rows(request, 9))))).status in (404, 409)
    other.push(again, Envelope(execute_plan_response=rows(repeated, 7)))
    assert client.numbers() == [7]


def test_lost_worker_within_its_answer(gateway, hands):
    """Never run again: the client hears that the engine is gone."""
    client, task, request = plan_for(gateway, hands)
    hands.push(task, Part(sequence=0, responses=[rows(request, 1)]))
    found = client.answer()
    assert found.WhichOneof("response_type") == "status", found
    refusal(hands.rest.push(Answer(request_id=task.request_id, dataframe_type=2, payload=payload(Part(sequence=1, last=True)))))


def test_no_worker_at_all(own_hearth):
    lonely = own_hearth(config='[engines.edge]\nkind = "worker"\nlease = "1s"\nworker_timeout = "1s"\n')
    rest = ConnectRest(lonely)
    began = time.monotonic()
    asked = pb.ConfigRequest(operation={"set": {"pairs": [{"key": "hearth.engine", "value": "edge"}]}})
    found = rest.call("config", rest.fill(asked))
    if found.WhichOneof("response_type") == "config_response":
        found = rest.call("execute-plan", rest.plan("select 1"))
    assert Failure(found).condition == "HEARTH_ENGINE_UNAVAILABLE", found
    assert time.monotonic() - began < 20


def test_other_principals_may_not_answer(own_hearth, token_for, tmp_path):
    tokens = {user: token_for(tmp_path, user) for user in ("worker", "stranger", "client")}
    gateway = own_hearth("auth.require_token=true", data_dir=str(tmp_path), config=CONFIG + 'workers = "worker"\n')
    stranger = Hands(gateway, "s", tokens["stranger"])
    refusal(stranger.rest.post("pull-request", "edge/s"), 403)
    hands = Hands(gateway, "h", tokens["worker"])
    client = Asking.__new__(Asking)
    client.rest, client.found = ConnectRest(gateway, token=tokens["client"], user=""), None
    client.thread = threading.Thread(target=client.ask, args=("select 1 as a",), daemon=True)
    client.thread.start()
    task, request = hands.pull("ExecutePlanRequest")
    assert request.user_context.user_id == "client"
    refusal(stranger.push(task, Envelope(execute_plan_response=rows(request, 666)), expect=404))
    hands.push(task, Envelope(execute_plan_response=rows(request, 5)))
    assert client.numbers() == [5]


def test_cancelled_work_is_not_answered(gateway, hands):
    """Interrupted before a worker has it, or while one works: the client hears of it, the late push is refused."""
    client, task, request = plan_for(gateway, hands)
    asked = client.rest.fill(pb.InterruptRequest(interrupt_type="INTERRUPT_TYPE_ALL"))
    helper = threading.Thread(target=lambda: ConnectRest.call(ConnectRest(gateway, session_id=client.rest.session_id), "interrupt", asked), daemon=True)
    helper.start()
    pulled, interrupt = hands.pull("InterruptRequest", "ReleaseExecuteRequest")
    if isinstance(interrupt, pb.InterruptRequest):
        hands.push(pulled, Envelope(interrupt_response=pb.InterruptResponse(session_id=interrupt.session_id, interrupted_ids=[request.operation_id])))
        stopped = payload(Envelope(status=status("stopped", "OPERATION_CANCELED")))
        reply = hands.rest.push(Answer(request_id=task.request_id, dataframe_type=2, code=FAILED, payload=stopped))
        assert reply.status in (200, 404, 409), reply
    assert Failure(client.answer()).condition == "OPERATION_CANCELED"


def test_pull_where_no_engine_takes_workers(own_hearth):
    """There is never anything to do, and that is no mistake of the worker's."""
    rest = ConnectRest(own_hearth(config='rest.wait = "1s"\n'))
    for worker in ["", "one", "default/one"]:
        assert rest.pull(worker) is None
    refusal(rest.post("pull-request", "edge/one"), 404)
    late = Answer(request_id=str(uuid.uuid4()), dataframe_type=2, code=OK, payload=payload(Envelope(config_response={})))
    assert rest.push(late).status == 404
