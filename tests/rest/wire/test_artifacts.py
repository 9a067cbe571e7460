"""add-artifacts, one message for each POST: what stands between begin_chunk and the last chunk is kept on the server."""

import hashlib
import uuid
import zlib

import pyspark.sql.connect.proto as pb
from harness.connect_rest import ConnectRest, Failure, envelope

Add = pb.AddArtifactsRequest
PIECE = 32 * 1024


def chunk(data, crc=None):
    return Add.ArtifactChunk(data=data, crc=zlib.crc32(data) if crc is None else crc)


def begin(rest, name, data, pieces=None):
    """The first message of a large artifact, as PySpark makes it, and the chunks that follow."""
    cut = [data[at:at + PIECE] for at in range(0, len(data), PIECE)]
    first = Add.BeginChunkedArtifact(name=name, total_bytes=len(data), num_chunks=pieces or len(cut), initial_chunk=chunk(cut[0]))
    return rest.fill(Add(begin_chunk=first)), [rest.fill(Add(chunk=chunk(piece))) for piece in cut[1:]]


def batch(rest, **artifacts):
    singles = [Add.SingleChunkArtifact(name=name, data=chunk(data)) for name, data in artifacts.items()]
    return rest.fill(Add(batch=Add.Batch(artifacts=singles)))


def exists(rest, name):
    statuses = rest.answer("artifact-status", rest.fill(pb.ArtifactStatusesRequest(names=[name]))).statuses
    return statuses[name].exists


def summaries(answer):
    return [(one.name, one.is_crc_successful) for one in answer.artifacts]


def cached(data):
    return f"cache/{hashlib.sha256(data).hexdigest()}"


def test_batch(rest):
    request = batch(rest, **{cached(b"a"): b"a", cached(b"bb"): b"bb"})
    assert sorted(summaries(rest.answer("add-artifacts", request))) == sorted([(cached(b"a"), True), (cached(b"bb"), True)])
    assert exists(rest, cached(b"a")) and exists(rest, cached(b"bb")) and not exists(rest, cached(b"c"))


def test_chunks_in_several_posts(rest):
    """A file of 120,000 bytes: begin_chunk and three chunks."""
    data = bytes(range(250)) * 480
    first, rest_of_it = begin(rest, cached(data), data)
    assert len(rest_of_it) == 3
    for request in [first, *rest_of_it[:-1]]:
        answer = rest.answer("add-artifacts", request)
        assert summaries(answer) == [], "nothing is whole yet"
        assert not exists(rest, cached(data))
    assert summaries(rest.answer("add-artifacts", rest_of_it[-1])) == [(cached(data), True)]
    assert exists(rest, cached(data))


def test_one_chunk_only(rest):
    first, none = begin(rest, cached(b"x"), b"x")
    assert none == [] and summaries(rest.answer("add-artifacts", first)) == [(cached(b"x"), True)]


def test_sessions_upload_at_the_same_time(server):
    one, two = ConnectRest(server), ConnectRest(server)
    datas = [bytes([number]) * 100_000 for number in (1, 2)]
    uploads = [begin(rest, cached(data), data) for rest, data in zip((one, two), datas, strict=True)]
    for step in range(4):
        for rest, (first, more) in zip((one, two), uploads, strict=True):
            answer = rest.answer("add-artifacts", [first, *more][step])
            assert len(answer.artifacts) == (step == 3)
    assert exists(one, cached(datas[0])) and exists(two, cached(datas[1]))
    assert not exists(one, cached(datas[1])) and not exists(two, cached(datas[0]))


def test_users_upload_into_sessions_of_the_same_name(server):
    """State is kept for the principal and the session."""
    session = str(uuid.uuid4())
    one, two = (ConnectRest(server, user=user, session_id=session) for user in ("alice", "bob"))
    data = b"z" * 100_000
    first, more = begin(one, cached(data), data)
    one.answer("add-artifacts", first)
    assert fails(two, two.fill(Add(chunk=chunk(b"y"))))
    for request in more:
        last = one.answer("add-artifacts", request)
    assert summaries(last) == [(cached(data), True)]
    assert not exists(two, cached(data))


def fails(rest, request):
    found = rest.call("add-artifacts", request)
    return Failure(found) if found.WhichOneof("response_type") == "status" else None


def test_chunk_without_a_beginning(rest):
    failure = fails(rest, rest.fill(Add(chunk=chunk(b"x"))))
    assert failure and failure.code == 13, failure


def test_wrong_checksum_is_told_in_the_summary(rest):
    data = b"w" * 100_000
    first, more = begin(rest, cached(data), data)
    rest.answer("add-artifacts", first)
    more[0].chunk.crc = 1
    for request in more:
        answer = rest.answer("add-artifacts", request)
    assert summaries(answer) == [(cached(data), False)]
    assert not exists(rest, cached(data))
    bad = rest.fill(Add(batch=Add.Batch(artifacts=[Add.SingleChunkArtifact(name=cached(b"q"), data=chunk(b"q", crc=5))])))
    assert summaries(rest.answer("add-artifacts", bad)) == [(cached(b"q"), False)]


def test_second_beginning_before_the_end(rest):
    """As over gRPC, or the first one is given up; never a mixture."""
    one, two = b"1" * 100_000, b"2" * 100_000
    rest.answer("add-artifacts", begin(rest, cached(one), one)[0])
    first, more = begin(rest, cached(two), two)
    if fails(rest, first):
        first, more = begin(rest, cached(two), two)
        rest.answer("add-artifacts", first)
    for request in more:
        last = rest.answer("add-artifacts", request)
    assert summaries(last) == [(cached(two), True)]
    assert not exists(rest, cached(one))


def test_more_bytes_than_said(rest):
    data = b"m" * 100_000
    first, more = begin(rest, cached(data), data)
    first.begin_chunk.total_bytes = 40_000
    failures = [fails(rest, request) for request in [first, *more]]
    assert any(failures), "the lie must be told"
    assert not exists(rest, cached(data))


def test_numbers_that_cannot_be(rest):
    for total, pieces in ((-1, 1), (2**62, 2**62), (10, 0), (10, -1), (0, 0)):
        first = Add.BeginChunkedArtifact(name="files/x", total_bytes=total, num_chunks=pieces, initial_chunk=chunk(b"x"))
        reply = rest.post("add-artifacts", rest.fill(Add(begin_chunk=first)))
        envelope(reply)
    # The session is as usable as before.
    assert summaries(rest.answer("add-artifacts", batch(rest, **{cached(b"ok"): b"ok"}))) == [(cached(b"ok"), True)]


def test_names_that_leave_the_folder(rest):
    for name in ("../x", "/etc/passwd", "files/../../x", "", "files/\x00", "files/a/../../../b"):
        failure = fails(rest, batch(rest, **{name: b"x"}))
        assert failure, f"{name!r} was taken"


def test_local_relation_from_the_cache(rest):
    """What createDataFrame does with larger data."""
    import io

    import pyarrow as pa

    buffer = io.BytesIO()
    table = pa.table({"a": list(range(50_000))})
    with pa.ipc.new_stream(buffer, table.schema) as writer:
        writer.write_table(table)
    data = pb.LocalRelation(data=buffer.getvalue(), schema="a bigint").SerializeToString()
    first, more = begin(rest, cached(data), data)
    for request in [first, *more]:
        last = rest.answer("add-artifacts", request)
    assert summaries(last) == [(cached(data), True)]
    relation = pb.Relation(cached_local_relation=pb.CachedLocalRelation(hash=hashlib.sha256(data).hexdigest()))
    answer = rest.run(pb.Plan(root=relation))
    assert answer.arrow_batch.row_count == 50_000
    assert sum(row["a"] for row in rest.rows(answer)) == 50_000 * 49_999 // 2


def test_visible_over_grpc(rest):
    rest.answer("add-artifacts", batch(rest, **{cached(b"both"): b"both"}))
    request = rest.fill(pb.ArtifactStatusesRequest(names=[cached(b"both")]))
    assert rest.wire.stub.ArtifactStatus(request).statuses[cached(b"both")].exists


def test_unfinished_uploads_are_forgotten_with_their_session(rest):
    data = b"f" * 100_000
    first, more = begin(rest, cached(data), data)
    rest.answer("add-artifacts", first)
    rest.bare("release-session", pb.ReleaseSessionRequest(session_id=rest.session_id, user_context=first.user_context, allow_reconnect=True))
    assert fails(rest, more[0]), "the session is another one now"
