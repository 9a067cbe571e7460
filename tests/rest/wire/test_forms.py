"""Beyond the original: answers as they come, messages in JSON, gzip and zstd."""

import base64
import gzip
import http.client
import json
import time

import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest
import zstandard
from google.protobuf import json_format
from harness.connect_rest import BASE, DATA, OCTETS, SLOW, STREAM, ConnectRest, Envelope, Failure, envelope, parts, refusal, sql

JSON = {"Content-Type": "application/json"}
WAYS = [({"Accept": STREAM}, ""), ({}, "?stream=true"), ({"Accept": f"text/html, {STREAM};q=0.5"}, "")]


def streamed(rest, endpoint, message, headers=None, query="?stream=true"):
    reply = rest.post(endpoint, message, headers, query)
    assert reply.status == 200 and reply.headers["content-type"] == STREAM, reply
    return parts(reply.body)


# Streams.


@pytest.mark.parametrize("headers,query", WAYS)
def test_stream_is_what_grpc_sends(rest, headers, query):
    plan = sql("select id from range(5)")
    found = streamed(rest, "execute-plan", rest.plan(plan), headers, query)
    kinds = [one.execute_plan_response.WhichOneof("response_type") for one in found]
    expected = [one.WhichOneof("response_type") for one in rest.wire.execute(plan)]
    assert [kind for kind in kinds if kind != "execution_progress"] == [kind for kind in expected if kind != "execution_progress"]
    assert kinds[-1] == "result_complete"
    assert all(one.execute_plan_response.session_id == rest.session_id for one in found)


def test_stream_of_many_batches(rest):
    plan = pb.Plan(root=pb.Relation(range=pb.Range(start=0, end=300_000, step=1, num_partitions=4)))
    found = [one.execute_plan_response for one in streamed(rest, "execute-plan", rest.plan(plan))]
    batches = [one.arrow_batch for one in found if one.WhichOneof("response_type") == "arrow_batch"]
    assert len(batches) > 1
    assert sum(pa.ipc.open_stream(batch.data).read_all().num_rows for batch in batches) == sum(batch.row_count for batch in batches) == 300_000


def test_failure_is_the_last_envelope(rest):
    found = streamed(rest, "execute-plan", rest.plan("select assert_true(id < 250000) from range(0, 300000, 1, 1)"))
    assert found[-1].WhichOneof("response_type") == "status"
    assert Failure(found[-1]).condition == "USER_RAISED_EXCEPTION"
    [only] = streamed(rest, "execute-plan", rest.plan("selec 1"))
    assert Failure(only).condition == "PARSE_SYNTAX_ERROR"


def test_stream_behind_a_cursor(rest):
    plan = pb.Plan(root=pb.Relation(range=pb.Range(start=0, end=300_000, step=1, num_partitions=4)))
    request = rest.plan(plan)
    whole = [one.execute_plan_response for one in streamed(rest, "execute-plan", request)]
    for place in (0, len(whole) // 2, len(whole) - 2):
        again = rest.fill(pb.ReattachExecuteRequest(operation_id=request.operation_id, last_response_id=whole[place].response_id))
        found = [one.execute_plan_response for one in streamed(rest, "reattach-execute", again)]
        assert [one.response_id for one in found] == [one.response_id for one in whole[place + 1:]]
    # The same cursor without a stream: what is left, in one message.
    again = rest.fill(pb.ReattachExecuteRequest(operation_id=request.operation_id, last_response_id=whole[0].response_id))
    left = rest.answer("reattach-execute", again)
    assert left.arrow_batch.row_count == sum(one.arrow_batch.row_count for one in whole[1:])


def test_stream_comes_as_it_is_made(rest):
    """The first bytes are there long before the work could be done."""
    connection = http.client.HTTPConnection(rest.address, timeout=60)
    request = rest.plan("select id from range(0, 100000000000, 1, 1)")
    began = time.monotonic()
    connection.request("POST", BASE + "execute-plan?stream=true", request.SerializeToString(), {"Content-Type": OCTETS, "Authorization": rest.authorization})
    response = connection.getresponse()
    assert len(response.read(1 << 20)) == 1 << 20 and time.monotonic() - began < 30
    # Nobody reads on: the client goes away, and then the work.
    connection.close()
    rest.answer("release-execute", rest.fill(pb.ReleaseExecuteRequest(operation_id=request.operation_id, release_all={})))
    assert rest.rows("select 1 as a") == [{"a": 1}]


def test_result_above_the_limit_can_be_streamed(own_hearth):
    server = own_hearth("rest.max_result_size=1m")
    with ConnectRest(server) as rest:
        text = "select id, repeat('x', 100) as t from range(100000)"
        failure = rest.failure(text)
        assert "rest.max_result_size" in failure.message and "stream" in failure.message, failure
        found = [one.execute_plan_response for one in streamed(rest, "execute-plan", rest.plan(text))]
        assert sum(one.arrow_batch.row_count for one in found) == 100_000
        assert rest.rows("select 1 as a") == [{"a": 1}]


# JSON.


def json_of(message):
    return json_format.MessageToJson(message).encode()


def test_json_in_json_out(rest):
    reply = rest.post("execute-plan", json_of(rest.plan("select 1 as a")), JSON)
    assert reply.status == 200 and reply.headers["content-type"] == "application/json", reply
    found = json_format.Parse(reply.body, Envelope())
    assert rest.rows(found.execute_plan_response) == [{"a": 1}]
    data = base64.b64decode(reply.json["executePlanResponse"]["arrowBatch"]["data"])
    assert pa.ipc.open_stream(data).read_all().to_pylist() == [{"a": 1}]


def test_json_written_by_hand(rest):
    body = {"sessionId": rest.session_id, "userContext": {"userId": "tester"}, "plan": {"root": {"sql": {"query": "select 7 as a"}}}}
    for text in (body, {"session_id": rest.session_id, "user_context": {"user_id": "tester"}, "plan": body["plan"]}):
        reply = rest.post("execute-plan", text)
        assert reply.json["executePlanResponse"]["arrowBatch"]["rowCount"] == "1", reply


@pytest.mark.parametrize("endpoint,member", [(endpoint, member) for endpoint, (_, member) in DATA.items() if endpoint != "reattach-execute"])
def test_json_at_every_endpoint(rest, endpoint, member):
    operation = rest.run("select 1").operation_id
    messages = {
        "execute-plan": rest.plan("select 1 as a"), "analyze-plan": rest.fill(pb.AnalyzePlanRequest(spark_version={})),
        "config": rest.fill(pb.ConfigRequest(operation={"get_all": {"prefix": "spark.sql.ansi"}})),
        "add-artifacts": rest.fill(pb.AddArtifactsRequest(batch={})), "artifact-status": rest.fill(pb.ArtifactStatusesRequest(names=["files/x"])),
        "interrupt": rest.fill(pb.InterruptRequest(interrupt_type="INTERRUPT_TYPE_ALL")),
        "release-execute": rest.fill(pb.ReleaseExecuteRequest(operation_id=operation, release_all={}))}
    reply = rest.post(endpoint, json_of(messages[endpoint]), JSON)
    assert json_format.Parse(reply.body, Envelope()).WhichOneof("response_type") == member, reply


def test_json_failure(rest):
    reply = rest.post("execute-plan", json_of(rest.plan("select 1/0")), JSON)
    assert reply.status == 200 and reply.headers["x-hearth-status"] == "13"
    assert Failure(json_format.Parse(reply.body, Envelope())).condition == "DIVIDE_BY_ZERO"


def test_json_of_bare_answers(rest):
    rest.run("select 1")
    reply = rest.post("clone-session", json_of(rest.fill(pb.CloneSessionRequest())), JSON)
    assert reply.json["sessionId"] == rest.session_id, reply
    reply = rest.post("clone-session", {"sessionId": "x"})
    assert reply.status == 200 and reply.json["code"] == 13, reply


def test_json_stream_is_lines(rest):
    reply = rest.post("execute-plan", json_of(rest.plan("select id from range(3)")), {**JSON, "Accept": STREAM})
    assert reply.headers["content-type"] == "application/x-ndjson", reply.headers
    found = [json_format.Parse(line, Envelope()) for line in reply.body.splitlines()]
    assert found[-1].execute_plan_response.WhichOneof("response_type") == "result_complete"


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"1", b'"x"', b'{"nope": 1}', b'{"sessionId": 5}', b'{"plan": {"root": {"sql": {"query": {}}}}}', b"\xff{}",
                                  b'{"sessionId": "a", "sessionId": "b"', b"[" * 10_000, b'{"plan":' * 10_000, b"{} {}"])
def test_json_that_is_no_message(rest, body):
    refusal(rest.post("execute-plan", body, JSON), 400)


def test_json_of_no_bytes_is_an_empty_message(rest):
    reply = rest.post("config", b"", JSON)
    assert reply.status == 200 and reply.json["status"]["code"] == 13, reply


def test_deep_plans_in_both_forms(rest):
    relation = pb.Relation(range=pb.Range(start=0, end=3, step=1))
    for _ in range(30):
        relation = pb.Relation(limit=pb.Limit(input=relation, limit=5))
    plan = pb.Plan(root=relation)
    assert rest.run(plan).arrow_batch.row_count == 3
    assert rest.post("execute-plan", json_of(rest.plan(plan)), JSON).json["executePlanResponse"]["arrowBatch"]["rowCount"] == "3"


# Compression.


def packed(data, name):
    return gzip.compress(data) if name == "gzip" else zstandard.ZstdCompressor().compress(data)


def unpacked(reply):
    name = reply.headers["content-encoding"]
    return gzip.decompress(reply.body) if name == "gzip" else zstandard.ZstdDecompressor().decompressobj().decompress(reply.body)


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_compressed_requests(rest, name):
    large = rest.plan(f"select length('{'x' * 500_000}') as n")
    reply = rest.post("execute-plan", packed(large.SerializeToString(), name), {"Content-Encoding": name})
    assert rest.rows(envelope(reply).execute_plan_response) == [{"n": 500_000}]


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_compressed_answers(rest, name):
    reply = rest.post("execute-plan", rest.plan("select repeat('x', 100000) as t from range(20)"), {"Accept-Encoding": name})
    assert reply.status == 200 and reply.headers["content-encoding"] == name, reply.headers
    found = Envelope.FromString(unpacked(reply))
    assert found.execute_plan_response.arrow_batch.row_count == 20 and len(reply.body) < 200_000


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_compressed_streams(rest, name):
    reply = rest.post("execute-plan", rest.plan("select id from range(300000)"), {"Accept-Encoding": name, "Accept": STREAM})
    found = parts(unpacked(reply))
    assert sum(one.execute_plan_response.arrow_batch.row_count for one in found) == 300_000


@pytest.mark.parametrize("accept", ["identity", "gzip;q=0", "br", "nonsense", ""])
def test_answers_that_nobody_wants_compressed(rest, accept):
    reply = rest.post("execute-plan", rest.plan("select 1 as a"), {"Accept-Encoding": accept})
    assert "content-encoding" not in reply.headers
    assert rest.rows(envelope(reply).execute_plan_response) == [{"a": 1}]


@pytest.mark.parametrize("name,data", [("gzip", b"not gzip"), ("zstd", b"not zstd"), ("gzip", b""), ("gzip", gzip.compress(b"x" * 1000)[:-9]),
                                       ("zstd", zstandard.ZstdCompressor().compress(b"x" * 1000)[:-3])])
def test_compressed_bodies_that_are_not(rest, name, data):
    reply = rest.post("execute-plan", data, {"Content-Encoding": name})
    if reply.status == 200 and not data:
        return
    refusal(reply, 400)


@pytest.mark.parametrize("name", ["br", "deflate", "compress", "nonsense"])
def test_codings_that_nobody_speaks(rest, name):
    refusal(rest.post("execute-plan", b"x", {"Content-Encoding": name}), 415)


def test_json_of_a_worker_call_is_a_text(rest):
    assert json.loads(rest.post("pull-request", "nowhere/x").body)["code"] == "HEARTH_UNKNOWN_POOL"


def test_slow_work_is_cancelled_when_a_stream_is_left(rest):
    """One that nobody can come back for."""
    request = rest.plan(SLOW, reattachable=False)
    connection = http.client.HTTPConnection(rest.address, timeout=60)
    connection.request("POST", BASE + "execute-plan?stream=true", request.SerializeToString(), {"Content-Type": OCTETS, "Authorization": rest.authorization})
    time.sleep(0.5)
    connection.close()
    states = pb.GetStatusResponse.OperationStatus
    deadline = time.monotonic() + 30
    while True:
        asked = rest.fill(pb.GetStatusRequest())
        asked.operation_status.operation_ids.append(request.operation_id)
        [one] = rest.bare("get-status", asked).operation_statuses
        if one.state not in (states.OPERATION_STATE_RUNNING, states.OPERATION_STATE_TERMINATING):
            break
        assert time.monotonic() < deadline, one
        time.sleep(0.05)
