"""The published REST client, alone and unmodified, for all ten endpoints. Runs in the environment `rest`."""

import base64
import os
import threading
import time
import uuid
import zlib

import pytest

if "snowpark_connect" not in __import__("pyspark").__file__:
    pytest.skip("runs in the environment `rest`", allow_module_level=True)

import pyspark.sql.connect.proto as pb
from harness.connect_rest import SLOW, Envelope, Failure, sql, table
from harness.wire import Wire
from snowflake.core import RESTConnection
from snowflake.core._common import TokenType
from snowflake.core.exceptions import APIError, NotFoundError, UnauthorizedError
from snowflake.core.spark_connect._spark_connect import SparkConnectResource

Add = pb.AddArtifactsRequest


def resource(server, token="any", token_type=TokenType.SESSION_TOKEN, **options):
    host, port = server.http.rsplit(":", 1)
    return SparkConnectResource(RESTConnection(host=host, port=int(port), protocol="http", token_type=token_type, token=token, **options))


@pytest.fixture
def client(server):
    return resource(server)


@pytest.fixture
def wire(server):
    """Makes requests for a session of its own."""
    made = Wire(server)
    yield made
    made.close(release=False)


def member(answer, name):
    assert isinstance(answer, bytearray)
    found = Envelope.FromString(bytes(answer))
    assert found.WhichOneof("response_type") == name, found
    return getattr(found, name)


def plan(wire, text, **options):
    return wire.execute_request(sql(text), operation_id=options.pop("operation_id", str(uuid.uuid4())), **options)


def executed(answer):
    return table(member(answer, "execute_plan_response")).to_pylist()


def test_execute_plan(client, wire):
    assert executed(client.execute_plan(plan(wire, "select 1 as a, 'x' as b").SerializeToString())) == [{"a": 1, "b": "x"}]


def test_execute_plan_in_the_background(client, wire):
    operations = [client.execute_plan_async(plan(wire, f"select {number} as a").SerializeToString()) for number in range(5)]
    assert [executed(operation.result(60)) for operation in operations] == [[{"a": number}] for number in range(5)]


def test_execute_plan_that_fails(client, wire):
    failure = Failure(Envelope.FromString(bytes(client.execute_plan(plan(wire, "select 1/0").SerializeToString()))))
    assert (failure.condition, failure.state, failure.code) == ("DIVIDE_BY_ZERO", "22012", 13)


def test_analyze_plan(client, wire):
    asked = wire.fill(pb.AnalyzePlanRequest(schema=pb.AnalyzePlanRequest.Schema(plan=sql("select 1 as a"))))
    answer = member(client.analyze_plan(asked.SerializeToString()), "analyze_plan_response")
    assert answer.schema.schema.struct.fields[0].name == "a"


def test_config(client, wire):
    keys = [f"spark.sql.session.localRelation{name}" for name in ("CacheThreshold", "SizeLimit", "ChunkSizeRows", "ChunkSizeBytes")]
    keys.append("spark.sql.session.localRelationBatchOfChunksSizeBytes")
    asked = wire.fill(pb.ConfigRequest(operation=pb.ConfigRequest.Operation(get=pb.ConfigRequest.Get(keys=keys))))
    pairs = member(client.config(asked.SerializeToString()), "config_response").pairs
    assert [pair.key for pair in pairs] == keys and all(int(pair.value) > 0 for pair in pairs), "the client of Spark 4.2 asks for them"


def test_add_artifacts_and_status(client, wire):
    data = b"x" * 50_000
    cut = [data[:32_768], data[32_768:]]
    pieces = [Add.ArtifactChunk(data=piece, crc=zlib.crc32(piece)) for piece in cut]
    name = f"files/{uuid.uuid4()}.bin"
    first = wire.fill(Add(begin_chunk=Add.BeginChunkedArtifact(name=name, total_bytes=len(data), num_chunks=2, initial_chunk=pieces[0])))
    assert not member(client.add_artifacts(first.SerializeToString()), "add_artifacts_response").artifacts
    answer = member(client.add_artifacts(wire.fill(Add(chunk=pieces[1])).SerializeToString()), "add_artifacts_response")
    assert [(one.name, one.is_crc_successful) for one in answer.artifacts] == [(name, True)]
    asked = wire.fill(pb.ArtifactStatusesRequest(names=[name, "files/none"]))
    statuses = member(client.artifact_status(asked.SerializeToString()), "artifact_status_response").statuses
    assert statuses[name].exists and not statuses["files/none"].exists


def test_interrupt(client, wire):
    running = client.execute_plan_async(plan(wire, SLOW, tags=["slow"]).SerializeToString())
    asked = wire.fill(pb.InterruptRequest(interrupt_type="INTERRUPT_TYPE_TAG", operation_tag="slow")).SerializeToString()
    while not member(client.interrupt(asked), "interrupt_response").interrupted_ids:
        time.sleep(0.02)
    assert Failure(Envelope.FromString(bytes(running.result(60)))).condition == "OPERATION_CANCELED"


def test_reattach_and_release(client, wire):
    request = plan(wire, "select id from range(3)")
    first = member(client.execute_plan(request.SerializeToString()), "execute_plan_response")
    asked = wire.fill(pb.ReattachExecuteRequest(operation_id=request.operation_id))
    assert len(executed(client.reattach_execute(asked.SerializeToString()))) == 3
    asked.last_response_id = first.response_id
    rest_of_it = member(client.reattach_execute(asked.SerializeToString()), "execute_plan_response")
    assert rest_of_it.WhichOneof("response_type") == "result_complete"
    release = wire.fill(pb.ReleaseExecuteRequest(operation_id=request.operation_id, release_all=pb.ReleaseExecuteRequest.ReleaseAll()))
    assert member(client.release_execute(release.SerializeToString()), "release_execute_response").operation_id == request.operation_id


def test_empty_message(client):
    """Legal, and 0 bytes long."""
    assert Failure(Envelope.FromString(bytes(client.execute_plan(b"")))).code == 13


def test_broken_message(client):
    with pytest.raises(APIError) as caught:
        client.config(b"\xff\xff")
    assert caught.value.status == 400


def test_tokens(users):
    server, alice, _ = users
    for token_type, options in ((TokenType.SESSION_TOKEN, {}), (TokenType.EXTERNAL_SESSION_WITH_PAT, {"external_session_id": "s"})):
        client = resource(server, alice, token_type, **options)
        wire = Wire(server, user="")
        assert executed(client.execute_plan(plan(wire, "select current_user() as u").SerializeToString())) == [{"u": "alice"}]
        with pytest.raises(UnauthorizedError):
            resource(server, "wrong", token_type, **options).config(b"")


def test_polls_for_what_takes_long(own_hearth):
    """202 and Location, twice: for work that succeeds and for work that is deleted meanwhile."""
    server = own_hearth("rest.wait=20ms")
    client, wire = resource(server), Wire(server)
    request = plan(wire, "select count(*) as n from range(8000000) where hash(id, 1) % 7 = 3")
    assert executed(client.execute_plan(request.SerializeToString()))[0]["n"] > 100_000
    slow = plan(wire, SLOW, tags=["slow"])
    running = client.execute_plan_async(slow.SerializeToString())
    asked = wire.fill(pb.InterruptRequest(interrupt_type="INTERRUPT_TYPE_TAG", operation_tag="slow")).SerializeToString()
    while not member(client.interrupt(asked), "interrupt_response").interrupted_ids:
        time.sleep(0.02)
    assert Failure(Envelope.FromString(bytes(running.result(60)))).condition == "OPERATION_CANCELED"


def test_comes_back_when_there_was_no_room(own_hearth):
    """429 is for the client to repeat its POST, which it does without a word."""
    server = own_hearth("operation.max_running=1", "operation.max_queued=1")
    client, wire = resource(server), Wire(server)
    busy = [client.execute_plan_async(plan(wire, SLOW, tags=["slow"]).SerializeToString()) for _ in range(2)]
    time.sleep(1)
    third = client.execute_plan_async(plan(wire, "select 3 as a").SerializeToString())
    time.sleep(1)
    asked = wire.fill(pb.InterruptRequest(interrupt_type="INTERRUPT_TYPE_TAG", operation_tag="slow")).SerializeToString()
    assert len(member(client.interrupt(asked), "interrupt_response").interrupted_ids) == 2
    assert executed(third.result(60)) == [{"a": 3}]
    assert [Failure(Envelope.FromString(bytes(one.result(60)))).condition for one in busy] == ["OPERATION_CANCELED"] * 2


# The worker channel.


# How long a pull waits that finds nothing.
PULL_WAIT = 6


@pytest.fixture(scope="module")
def gateway(own_hearth):
    """A server whose engine `edge` is whatever pulls from it."""
    return own_hearth(config=f'rest.wait = "{PULL_WAIT}s"\n[engines.edge]\nkind = "worker"\n')


class OfServer:
    """In place of the processor's decoder, which needs an account: runs a request on another server, over REST."""

    CALLS = {"ConfigRequest": "config", "ExecutePlanRequest": "execute_plan", "AnalyzePlanRequest": "analyze_plan", "AddArtifactsRequest": "add_artifacts",
             "ArtifactStatusesRequest": "artifact_status"}

    def __init__(self, server):
        self.client = resource(server)
        self.seen = []

    def request(self, request):
        name = type(request).__name__
        self.seen.append(name)
        return Envelope.FromString(bytes(getattr(self.client, self.CALLS[name])(request.SerializeToString())))


def processor(server):
    """The published processor, with its own reading and writing of messages, and a decoder that needs no account."""
    import snowflake.snowpark_connect  # noqa: F401 - it looks for PySpark there
    from snowflake.snowpark_decoder.dp_session import DataframeProcessorSession

    made = DataframeProcessorSession.__new__(DataframeProcessorSession)
    made._decoder = OfServer(server)
    return made


def answered(made, pulled):
    """What the processor says. It raises at what it does not know, which its service makes a failed answer of."""
    from snowflake.snowpark_decoder._internal.proto.generated import DataframeProcessorMsg_pb2 as messages

    try:
        return made.request(pulled)
    except NotImplementedError as error:
        task = messages.Request.FromString(base64.b64decode(pulled))
        code = messages.Response.StatusCode.EXECUTION_ERROR
        answer = messages.Response(request_id=task.request_id, dataframe_type=task.dataframe_type, code=code, error_message=str(error))
        return base64.b64encode(answer.SerializeToString()).decode()


@pytest.fixture(scope="module")
def worker(server, gateway):
    """A loop of pull_request, the published processor, push_response."""
    api, made, ended, failures = resource(gateway)._api, processor(server), threading.Event(), []

    def loop():
        while not ended.is_set():
            try:
                pulled = api.pull_request(body="edge/processor")
                if pulled:
                    assert api.push_response(body=answered(made, pulled)) == ""
            except Exception as error:  # noqa: BLE001
                failures.append(error)
                ended.set()

    threads = [threading.Thread(target=loop, daemon=True) for _ in range(2)]
    [thread.start() for thread in threads]
    yield made
    # Their last pulls end with the server.
    assert not failures, failures
    ended.set()


@pytest.fixture
def edge(gateway, worker):
    """A PySpark session of the gateway whose engine is the worker."""
    from harness.connect import connect

    session = connect(gateway, timezone=None, **{"hearth.engine": "edge"})
    yield session
    session.stop() if hasattr(session, "stop") else None


def test_pull_without_work_is_an_empty_text(gateway):
    began = time.monotonic()
    assert resource(gateway)._api.pull_request(body="edge/idle") == ""
    assert PULL_WAIT - 1 < time.monotonic() - began < PULL_WAIT + 15


def test_pull_from_no_pool(gateway):
    with pytest.raises(APIError) as caught:
        resource(gateway)._api.pull_request(body="nowhere/one")
    assert caught.value.status in (400, 404)


def test_push_of_an_unknown_request(gateway):
    from snowflake.snowpark_decoder._internal.proto.generated import DataframeProcessorMsg_pb2 as messages

    answer = messages.Response(request_id=str(uuid.uuid4()), dataframe_type=messages.SPARK_CONNECT)
    with pytest.raises(NotFoundError):
        resource(gateway)._api.push_response(body=base64.b64encode(answer.SerializeToString()).decode())


def test_pyspark_runs_on_the_published_processor(edge, worker):
    assert edge.sql("select 1 as a").collect()[0].a == 1
    assert edge.range(10).count() == 10
    assert edge.range(3).schema.fieldNames() == ["id"]
    assert {"ExecutePlanRequest", "ConfigRequest", "AnalyzePlanRequest"} <= set(worker._decoder.seen)


def test_settings_and_views_stand_on_the_processor(edge):
    edge.conf.set("spark.sql.shuffle.partitions", "9")
    assert edge.conf.get("spark.sql.shuffle.partitions") == "9"
    edge.range(4).createOrReplaceTempView("there")
    assert edge.table("there").count() == 4


def test_errors_of_the_processor_are_errors_of_the_query(edge):
    from pyspark.errors import AnalysisException

    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        edge.table("no_such_table").collect()
    with pytest.raises(Exception, match="DIVIDE_BY_ZERO"):
        edge.sql("select 1/0").collect()


def test_files_reach_the_processor(edge, worker, tmp_path):
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(100_000))
    edge.addArtifacts(str(file), file=True)
    assert "AddArtifactsRequest" in worker._decoder.seen


def test_over_rest_too(gateway, worker):
    wire, client = Wire(gateway), resource(gateway)
    asked = pb.ConfigRequest(operation=pb.ConfigRequest.Operation(set=pb.ConfigRequest.Set(pairs=[pb.KeyValue(key="hearth.engine", value="edge")])))
    member(client.config(wire.fill(asked).SerializeToString()), "config_response")
    assert executed(client.execute_plan(plan(wire, "select 5 as a").SerializeToString())) == [{"a": 5}]
