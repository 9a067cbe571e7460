"""Every endpoint once, the rules that all envelopes keep, and the shape of what is refused."""

import uuid
import zlib

import pyspark.sql.connect.proto as pb
import pytest
from harness.connect_rest import BARE, BASE, DATA, ENDPOINTS, OCTETS, RESULTS, STATUS, UUID, ConnectRest, Failure, envelope, refusal, sql

DONE = str(uuid.uuid4())


def requests(rest):
    """{endpoint: a request that is answered}, about an operation that has run."""
    operation = str(uuid.uuid4())
    rest.run("select 1 as a", operation_id=operation)
    chunk = pb.AddArtifactsRequest.ArtifactChunk(data=b"text", crc=zlib.crc32(b"text"))
    single = pb.AddArtifactsRequest.SingleChunkArtifact(name=f"files/{uuid.uuid4()}.txt", data=chunk)
    status = rest.fill(pb.GetStatusRequest())
    status.operation_status.operation_ids.append(operation)
    fill = rest.fill
    return {
        "execute-plan": rest.plan("select 1 as a"),
        "analyze-plan": fill(pb.AnalyzePlanRequest(spark_version=pb.AnalyzePlanRequest.SparkVersion())),
        "config": fill(pb.ConfigRequest(operation=pb.ConfigRequest.Operation(get=pb.ConfigRequest.Get(keys=["spark.sql.ansi.enabled"])))),
        "add-artifacts": fill(pb.AddArtifactsRequest(batch=pb.AddArtifactsRequest.Batch(artifacts=[single]))),
        "artifact-status": fill(pb.ArtifactStatusesRequest(names=["files/none.txt"])),
        "interrupt": fill(pb.InterruptRequest(interrupt_type="INTERRUPT_TYPE_ALL")),
        "reattach-execute": fill(pb.ReattachExecuteRequest(operation_id=operation)),
        "release-execute": fill(pb.ReleaseExecuteRequest(operation_id=operation, release_all=pb.ReleaseExecuteRequest.ReleaseAll())),
        "release-session": pb.ReleaseSessionRequest(session_id=str(uuid.uuid4())),
        "fetch-error-details": fill(pb.FetchErrorDetailsRequest(error_id=rest.failure("select nope").error_id)),
        "clone-session": fill(pb.CloneSessionRequest()),
        "get-status": status,
    }


@pytest.mark.parametrize("endpoint", DATA)
def test_answers_with_its_member_in_an_envelope(rest, endpoint):
    found = rest.call(endpoint, requests(rest)[endpoint])
    assert found.WhichOneof("response_type") == DATA[endpoint][1]
    assert getattr(found, DATA[endpoint][1]).session_id == rest.session_id


@pytest.mark.parametrize("endpoint", BARE)
def test_answers_with_the_bare_message(rest, endpoint):
    reply = rest.post(endpoint, requests(rest)[endpoint])
    assert reply.status == 200, reply
    assert reply.headers["content-type"] in (OCTETS, "application/x-protobuf")
    assert UUID.match(reply.headers["x-snowflake-request-id"])
    answer = BARE[endpoint][1].FromString(reply.body)
    assert answer.session_id, answer


def test_a_member_of_no_bytes_is_set(rest):
    """An answer without content must still say which one it is; the client looks."""
    rest.run("select 1")
    released = rest.call("release-execute", rest.fill(pb.ReleaseExecuteRequest(operation_id=str(uuid.uuid4()), release_all={})))
    assert released.WhichOneof("response_type") == "release_execute_response"
    none = rest.call("artifact-status", rest.fill(pb.ArtifactStatusesRequest()))
    assert none.WhichOneof("response_type") == "artifact_status_response"
    empty = rest.call("add-artifacts", rest.fill(pb.AddArtifactsRequest(batch=pb.AddArtifactsRequest.Batch())))
    assert empty.WhichOneof("response_type") == "add_artifacts_response"


@pytest.mark.parametrize("accept", ["application/json", "*/*", OCTETS, "text/html", ""])
def test_no_accept_is_refused(rest, accept):
    """The published client asks for JSON and wants octets."""
    reply = rest.post("execute-plan", rest.plan("select 1 as a"), {"Accept": accept})
    assert rest.rows(envelope(reply).execute_plan_response) == [{"a": 1}]


def test_recorded_headers_of_the_published_client(rest):
    headers = {"Accept-Encoding": "identity", "Accept": "application/json", "Content-Type": OCTETS, "User-Agent": "python_api/1.13.2"}
    reply = rest.post("execute-plan", rest.plan("select 1 as a"), headers)
    assert rest.rows(envelope(reply).execute_plan_response) == [{"a": 1}]
    assert "content-encoding" not in reply.headers


def test_request_ids_differ(rest):
    ids = {rest.post("config", requests(rest)["config"]).headers["x-snowflake-request-id"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize("kind", [OCTETS, "application/x-protobuf", "application/octet-stream; charset=binary", "APPLICATION/OCTET-STREAM"])
def test_content_types_of_protobuf(rest, kind):
    reply = rest.post("execute-plan", rest.plan("select 1 as a"), {"Content-Type": kind})
    assert rest.rows(envelope(reply).execute_plan_response) == [{"a": 1}]


# What is refused.


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods(rest, method, endpoint):
    reply = rest.request(method, BASE + endpoint, b"", {"Authorization": rest.authorization})
    refusal(reply, 405)
    assert reply.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/api/v2/spark-connect", "/api/v2/spark-connect/", BASE + "nothing", BASE + "execute-plan/", BASE + "execute-plan/x",
                                  BASE + "Execute-Plan", RESULTS, "/api/v2/results", BASE + "%00", BASE + "%ff"])
def test_other_paths(rest, path):
    for method in ("GET", "POST"):
        refusal(rest.request(method, path, b"" if method == "POST" else None, {"Authorization": rest.authorization}), 404)


@pytest.mark.parametrize("handler", ["x", str(uuid.uuid4()), "a" * 3000, "%2e%2e", "%00", "é".encode().hex()])
def test_no_such_result(rest, handler):
    for method in ("GET", "DELETE"):
        refusal(rest.fetch(RESULTS + handler, method), 404)


def test_other_methods_of_results(rest):
    for method in ("POST", "PUT", "PATCH"):
        reply = rest.request(method, RESULTS + "x", b"", {"Authorization": rest.authorization})
        refusal(reply, 405)
        assert set(reply.headers["allow"].replace(" ", "").split(",")) >= {"GET", "DELETE"}


@pytest.mark.parametrize("endpoint", [*DATA, *BARE])
@pytest.mark.parametrize("body", [b"\xff", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x0a\x05ab", b"not protobuf at all", b"\x00" * 100],
                         ids=["tag", "length", "short", "text", "zeros"])
def test_bodies_that_are_no_message(rest, endpoint, body):
    refusal(rest.post(endpoint, body), 400)


@pytest.mark.parametrize("endpoint", [*DATA, *BARE])
def test_a_message_of_no_bytes_is_legal(rest, endpoint):
    """It lacks a session, which is Spark's error to tell, or is answered; never a transport error."""
    reply = rest.post(endpoint, b"")
    if endpoint in DATA:
        failure = Failure(envelope(reply))
        assert failure.code == 13, failure
    else:
        assert reply.status == 200, reply
        assert reply.headers["content-type"] in (OCTETS, STATUS), reply.headers


@pytest.mark.parametrize("endpoint", [*DATA, *BARE])
@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "application/x-www-form-urlencoded", "nonsense"])
def test_content_types_that_nobody_speaks(rest, endpoint, kind):
    refusal(rest.post(endpoint, b"x", {"Content-Type": kind}), 415)


def test_body_larger_than_the_limit(own_hearth):
    server = own_hearth("connect.max_message_size=64k")
    with ConnectRest(server) as rest:
        large = rest.plan(sql(f"select '{'x' * 100_000}' as a"))
        refusal(rest.post("execute-plan", large), 413)
        # The connection, or a new one, still works.
        assert rest.rows("select 1 as a") == [{"a": 1}]


def test_compressed_bomb(own_hearth):
    """Sizes count after decompression."""
    import gzip

    import zstandard

    server = own_hearth("connect.max_message_size=1m")
    bomb = b"\x00" * (256 << 20)
    with ConnectRest(server) as rest:
        for encoding, data in (("gzip", gzip.compress(bomb, 6)), ("zstd", zstandard.ZstdCompressor().compress(bomb))):
            reply = rest.post("execute-plan", data, {"Content-Encoding": encoding})
            assert reply.status in (400, 413), reply
            refusal(reply)
        assert rest.rows("select 1 as a") == [{"a": 1}]
