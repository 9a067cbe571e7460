"""Requests over a limit are refused with an error; the server lives and answers the next one."""

import zlib

import grpc
import pyspark.sql.connect.proto as pb
import pytest
from harness.wire import consume, failure, sql

pytestmark = pytest.mark.hearth_only


def alive(wire):
    return len(consume(wire.execute(sql("select 1")))) > 1


def nested_relation(depth):
    """A plan `depth` relations deep, put together as bytes: Python's protobuf would not nest so far."""
    data = pb.Relation(range=pb.Range(start=0, end=1, step=1)).SerializeToString()
    for _ in range(depth):
        data = field(8, field(1, data) + b"\x10\x01")  # Relation.limit { input, limit: 1 }
    return data


def nested_expression(depth):
    data = pb.Expression(literal=pb.Expression.Literal(integer=1)).SerializeToString()
    for _ in range(depth):
        data = field(6, field(1, data) + field(2, b"a"))  # Expression.alias { expr, name: "a" }
    project = field(1, pb.Relation(range=pb.Range(start=0, end=1, step=1)).SerializeToString()) + field(3, data)
    return field(3, project)  # Relation.project


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value):
    out = bytearray()
    while True:
        value, low = value >> 7, value & 127
        out.append(low | (128 if value else 0))
        if not value:
            return bytes(out)


def execute_bytes(wire, plan):
    """ExecutePlan with the plan given as bytes."""
    request = wire.execute_request(pb.Plan()).SerializeToString() + field(3, plan)
    call = wire.channel.unary_stream("/spark.connect.SparkConnectService/ExecutePlan",
                                     request_serializer=lambda data: data,
                                     response_deserializer=pb.ExecutePlanResponse.FromString)
    return failure(lambda: consume(call(request, timeout=60)))


@pytest.mark.parametrize("depth", [1100, 5000, 50000])
def test_relation_too_deep(wire, depth):
    assert execute_bytes(wire, field(1, nested_relation(depth))) != "no error"
    assert alive(wire)


@pytest.mark.parametrize("depth", [1100, 5000, 50000])
def test_expression_too_deep(wire, depth):
    assert execute_bytes(wire, field(1, nested_expression(depth))) != "no error"
    assert alive(wire)


def test_relation_of_allowed_depth_runs(wire):
    assert execute_bytes(wire, field(1, nested_relation(200))) == "no error"


@pytest.mark.parametrize("text", [
    "select " + "(" * 20000 + "1" + ")" * 20000,
    "select " + "-" * 1 + " - ".join(["1"] * 20000),
    "select " + "not " * 20000 + "true",
    "select " + "abs(" * 20000 + "1" + ")" * 20000,
    "select * from " + "(select * from " * 5000 + "range(1)" + ")" * 5000,
    "select " + "case when true then " * 5000 + "1" + " end" * 5000,
    "select array(" * 5000 + "1" + ")" * 5000,
    "select cast(null as " + "array<" * 20000 + "int" + ">" * 20000 + ")",
    " union all ".join(["select 1"] * 3000),
], ids=["parentheses", "minus", "not", "calls", "subqueries", "case", "arrays", "types", "union"])
def test_deep_sql_answers(wire, text):
    failure(lambda: consume(wire.execute(sql(text))))
    assert alive(wire)


def test_compressed_plan(wire):
    zstandard = pytest.importorskip("zstandard")
    relation = pb.Relation(sql=pb.SQL(query="select 1 as a")).SerializeToString()
    plan = compressed(zstandard.ZstdCompressor().compress(relation))
    assert failure(lambda: consume(wire.execute(plan))) == "no error"


def compressed(data):
    if not hasattr(pb.Plan, "CompressedOperation"):
        pytest.skip("this client cannot compress plans")
    plan = pb.Plan()
    plan.compressed_operation.data = data
    plan.compressed_operation.op_type = pb.Plan.CompressedOperation.OP_TYPE_RELATION
    plan.compressed_operation.compression_codec = pb.COMPRESSION_CODEC_ZSTD
    return plan


def test_compressed_plan_bomb(wire):
    zstandard = pytest.importorskip("zstandard")
    compressor = zstandard.ZstdCompressor().compressobj()
    parts = [compressor.compress(bytes(1 << 20)) for _ in range(2048)]
    bomb = b"".join(parts) + compressor.flush()
    text = failure(lambda: consume(wire.execute(compressed(bomb))))
    assert text != "no error"
    assert alive(wire)


def test_compressed_rubbish(wire):
    pytest.importorskip("zstandard")
    assert failure(lambda: consume(wire.execute(compressed(b"rubbish")))) != "no error"
    assert failure(lambda: consume(wire.execute(compressed(b"")))) != "no error"
    assert alive(wire)


def test_message_over_the_inbound_limit(wire):
    with pytest.raises(grpc.RpcError) as caught:
        consume(wire.execute(sql("select '" + "x" * (130 * 1024 * 1024) + "'")))
    assert caught.value.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.INVALID_ARGUMENT)
    assert alive(wire)


def test_metadata_over_the_limit(wire):
    request = wire.execute_request(sql("select 1"))
    with pytest.raises(grpc.RpcError):
        consume(wire.stub.ExecutePlan(request, metadata=[("x-big", "y" * 200_000)], timeout=30))
    assert alive(wire)


ESCAPES = ["../x", "files/../../x", "/etc/hearth-test", "cache/../../y", "files/a/../../../z", "pyfiles/..", "files/./../..",
           "jars/../../x", "archives/a/../../../x", "files/\x00x", "files/..\\..\\x", "cache/", "files//etc/x", "..", ".", ""]


@pytest.mark.parametrize("name", ESCAPES)
def test_artifact_name_cannot_leave_the_session_folder(wire, server, name):
    chunk = pb.AddArtifactsRequest.ArtifactChunk(data=b"escape", crc=zlib.crc32(b"escape"))
    single = pb.AddArtifactsRequest.SingleChunkArtifact(name=name, data=chunk)
    request = wire.fill(pb.AddArtifactsRequest(batch=pb.AddArtifactsRequest.Batch(artifacts=[single])))
    assert failure(lambda: wire.stub.AddArtifacts(iter([request]))) != "no error"
    assert alive(wire)


def test_chunk_that_promises_more_than_it_sends(wire):
    begin = pb.AddArtifactsRequest.BeginChunkedArtifact(
        name="files/huge", total_bytes=1 << 60, num_chunks=1 << 60,
        initial_chunk=pb.AddArtifactsRequest.ArtifactChunk(data=b"1", crc=zlib.crc32(b"1")))
    request = wire.fill(pb.AddArtifactsRequest(begin_chunk=begin))
    assert failure(lambda: wire.stub.AddArtifacts(iter([request]), timeout=30)) != "no error"
    assert alive(wire)


def test_result_larger_than_memory_fails_or_streams(wire):
    """An enormous sort hits the pool's limit or spills; it never takes the server down."""
    stream = wire.execute(sql("select id, repeat(cast(id as string), 100) t from range(300000) order by t desc"))
    rows = 0
    try:
        for response in stream:
            rows += response.arrow_batch.row_count if response.HasField("arrow_batch") else 0
    except grpc.RpcError:
        rows = 300000
    assert rows == 300000
    assert alive(wire)
