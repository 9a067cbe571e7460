"""Streams that break: reattach after every response, clients that vanish, chunks, many at once."""

import concurrent.futures
import uuid

import grpc
import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest
from harness.wire import Wire, consume, failure_text, sql

# Several batches and a stable order, on Spark too.
WIDE = sql("select /*+ REPARTITION(1) */ id, repeat('x', 100) as t from range(0, 40000, 1, 1)")


def payloads(responses):
    return [r.response_id for r in responses if not progress(r)]


def progress(response):
    return response.WhichOneof("response_type") == "execution_progress"


def test_reattach_after_every_response_returns_the_rest_exactly_once(wire):
    operation = str(uuid.uuid4())
    whole = consume(wire.execute(WIDE, operation_id=operation))
    expected = payloads(whole)
    assert len(expected) > 4, "the query must give several responses"
    for cut, response in enumerate(whole):
        rest = consume(wire.reattach(operation, response.response_id))
        want = payloads(whole[cut + 1:])
        assert payloads(rest) == want, f"after response {cut}"
    assert payloads(consume(wire.reattach(operation))) == expected


def test_stream_cut_at_every_response_gives_every_row_once(wire):
    """A client that loses its connection after each response and comes back with the last id it saw."""
    operation = str(uuid.uuid4())
    stream = wire.execute(WIDE, operation_id=operation)
    seen, last, done = [], None, False
    while not done:
        try:
            response = next(stream)
        except StopIteration:
            stream = wire.reattach(operation, last)
            continue
        stream.cancel()
        last = response.response_id
        seen.append(response)
        done = response.WhichOneof("response_type") == "result_complete"
        if not done:
            stream = wire.reattach(operation, last)
    ids = payloads(seen)
    assert len(ids) == len(set(ids))
    tables = [pa.ipc.open_stream(r.arrow_batch.data).read_all() for r in seen if r.HasField("arrow_batch")]
    column = pa.concat_tables(tables).column("id").to_pylist()
    assert column == list(range(40000))


def test_two_readers_of_one_operation(wire):
    """The later reader takes the stream over; together they lose nothing."""
    operation = str(uuid.uuid4())
    first = wire.execute(WIDE, operation_id=operation)
    head = next(first)
    rest = consume(wire.reattach(operation, head.response_id))
    assert rest[-1].WhichOneof("response_type") == "result_complete"
    try:
        consume(first)
    except grpc.RpcError as error:
        assert "INVALID_CURSOR.DISCONNECTED" in failure_text(error)


def test_release_until_keeps_the_rest(wire):
    operation = str(uuid.uuid4())
    whole = consume(wire.execute(WIDE, operation_id=operation))
    middle = whole[len(whole) // 2]
    wire.release(operation, until=middle.response_id)
    rest = consume(wire.reattach(operation, middle.response_id))
    assert payloads(rest) == payloads(whole[len(whole) // 2 + 1:])


def test_vanished_client_is_not_in_the_way_of_the_session(wire):
    stream = wire.execute(WIDE, operation_id=str(uuid.uuid4()))
    next(stream)
    stream.cancel()
    assert len(consume(wire.execute(sql("select 1")))) > 1


def test_result_chunking_splits_large_batches(wire):
    if not hasattr(pb, "ResultChunkingOptions"):
        pytest.skip("this client has no result chunking")
    plan = sql("select repeat('abcdefgh', 20000) as t from range(0, 20, 1, 1)")
    request = wire.execute_request(plan)
    chunking = request.request_options.add().result_chunking_options
    chunking.allow_arrow_batch_chunking = True
    chunking.preferred_arrow_chunk_size = 64 * 1024
    batches = {}
    for response in wire.stub.ExecutePlan(request):
        if response.HasField("arrow_batch"):
            part = response.arrow_batch
            batches.setdefault(part.start_offset, []).append(part)
    assert max(len(parts) for parts in batches.values()) > 1
    total = 0
    for offset, parts in sorted(batches.items()):
        assert [p.chunk_index for p in parts] == list(range(len(parts)))
        assert all(p.num_chunks_in_batch == len(parts) for p in parts)
        total += pa.ipc.open_stream(b"".join(p.data for p in parts)).read_all().num_rows
    assert total == 20


def test_many_clients_at_once(server, request):
    count = request.config.getoption("--concurrent")

    def one(number):
        with Wire(server) as wire:
            responses = consume(wire.execute(sql(f"select sum(id) + {number} as s from range(1000)")))
            table = pa.ipc.open_stream(next(r for r in responses if r.HasField("arrow_batch")).arrow_batch.data).read_all()
            return table.column(0)[0].as_py() == 499500 + number

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        assert all(pool.map(one, range(count)))


def test_many_operations_in_one_session(wire):
    def one(number):
        responses = consume(wire.execute(sql(f"select {number} as n"), operation_id=str(uuid.uuid4())))
        return pa.ipc.open_stream(next(r for r in responses if r.HasField("arrow_batch")).arrow_batch.data).read_all().column(0)[0].as_py()

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert list(pool.map(one, range(64))) == list(range(64))
