"""Manifests, chunks and links: their shape, their order, how often they can be read, what limits them."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest
from harness.rest import download
from harness.statements import arrow, attachment, fetch

ROWS = 600_000
MANY = f"select id, concat('row ', id) as t, if(id % 3 = 0, null, id % 3) as n from range({ROWS})"
LINKS = {"disposition": "EXTERNAL_LINKS", "wait_timeout": "50s"}
HYBRID = {"disposition": "INLINE_OR_EXTERNAL_LINKS", "format": "ARROW_STREAM", "wait_timeout": "50s"}


def test_inline_answer_to_the_letter(rest):
    answer = rest.run("select 1 as a, 'x' as b union all select 2, null order by a")
    statement = answer.pop("statement_id")
    assert answer == {
        "status": {"state": "SUCCEEDED"},
        "manifest": {
            "format": "JSON_ARRAY",
            "schema": {"column_count": 2, "columns": [
                {"name": "a", "type_text": "INT", "type_name": "INT", "position": 0},
                {"name": "b", "type_text": "STRING", "type_name": "STRING", "position": 1}]},
            "total_chunk_count": 1,
            "chunks": [{"chunk_index": 0, "row_offset": 0, "row_count": 2}],
            "total_row_count": 2, "truncated": False},
        "result": {"chunk_index": 0, "row_offset": 0, "row_count": 2, "data_array": [["1", "x"], ["2", None]]}}
    assert rest.chunk(statement, 0).json == answer["result"]


@pytest.mark.parametrize("fields,bytes_told", [({}, False), ({**LINKS, "format": "ARROW_STREAM"}, True), ({**LINKS, "format": "CSV"}, True), (HYBRID, True)])
def test_no_rows(rest, schema, fields, bytes_told):
    empty = rest.run("select id from range(0)", **fields)
    command = rest.run(f"create or replace table {schema}.t (a int)", **fields)
    for answer in (empty, command):
        assert answer["status"]["state"] == "SUCCEEDED", answer
        manifest = answer["manifest"]
        assert answer["result"] == {}
        assert manifest["total_chunk_count"] == 0 and manifest["total_row_count"] == 0 and manifest["truncated"] is False
        assert "chunks" not in manifest
        assert manifest.get("total_byte_count") == (0 if bytes_told else None)
    assert [c["name"] for c in empty["manifest"]["schema"]["columns"]] == ["id"]
    assert command["manifest"]["schema"] == {"column_count": 0}


def test_affected_rows(rest, schema):
    rest.rows(f"create table {schema}.t (a int, b string)")
    answer = rest.run(f"insert into {schema}.t values (1, 'x'), (2, 'y'), (3, 'z')", wait_timeout="50s")
    columns = answer["manifest"]["schema"]["columns"]
    assert [(c["name"], c["type_text"], c["type_name"]) for c in columns] == [
        ("num_affected_rows", "BIGINT", "LONG"), ("num_inserted_rows", "BIGINT", "LONG")]
    assert answer["result"]["data_array"] == [["3", "3"]]
    assert rest.rows(f"select * from {schema}.t order by a") == [["1", "x"], ["2", "y"], ["3", "z"]]


def test_explain_and_describe_are_results(rest):
    assert rest.rows("describe select 1 as a")[0][:2] == ["a", "int"]
    assert "Physical Plan" in rest.rows("explain select 1")[0][0]


def check_layout(answer):
    """Offsets and counts of the manifest add up."""
    manifest = answer["manifest"]
    chunks = manifest["chunks"]
    assert [c["chunk_index"] for c in chunks] == list(range(manifest["total_chunk_count"]))
    offset = 0
    for chunk in chunks:
        assert chunk["row_offset"] == offset
        offset += chunk["row_count"]
    assert offset == manifest["total_row_count"]


def test_inline_result_under_the_limit_is_one_chunk(rest):
    """Clients of old read the first chunk of an inline result and no more."""
    answer = rest.run("select id, repeat('x', 20) from range(300000)", wait_timeout="50s")
    assert answer["manifest"]["total_chunk_count"] == 1
    assert len(answer["result"]["data_array"]) == 300_000
    assert "next_chunk_index" not in answer["result"]


def test_inline_limit_fails_the_statement(rest):
    status = rest.failure("select repeat('x', 1000000) from range(30)")
    assert status["error"]["error_code"] == "BAD_REQUEST"
    assert status["error"]["message"] == (
        "Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most 26214400 bytes. "
        "Please execute the statement with disposition=EXTERNAL_LINKS if you want to download the full result.")
    answer = rest.run("select repeat('x', 1000000) from range(30)", **LINKS)
    assert answer["manifest"]["total_row_count"] == 30
    assert sum(link["row_count"] for link in rest.links(answer)) == 30


@pytest.fixture(scope="module")
def large(rest):
    """One large result in each format, by links."""
    return {kind: rest.run(MANY, format=kind, **LINKS) for kind in ("JSON_ARRAY", "ARROW_STREAM", "CSV")}


@pytest.mark.parametrize("kind", ["JSON_ARRAY", "ARROW_STREAM", "CSV"])
def test_layout_and_links(rest, large, kind):
    answer = large[kind]
    manifest = answer["manifest"]
    assert manifest["format"] == kind and manifest["total_row_count"] == ROWS and manifest["total_chunk_count"] > 1
    check_layout(answer)
    links = rest.links(answer)
    assert [link["chunk_index"] for link in links] == list(range(manifest["total_chunk_count"]))
    now = datetime.now(timezone.utc)
    for link, chunk in zip(links, manifest["chunks"]):
        assert (link["row_offset"], link["row_count"]) == (chunk["row_offset"], chunk["row_count"])
        expires = datetime.fromisoformat(link["expiration"].replace("Z", "+00:00"))
        assert link["expiration"].endswith("Z") and len(link["expiration"]) == len("2024-11-08T15:20:19.358Z")
        assert now < expires <= now + timedelta(minutes=15, seconds=60)
    for link in links[:-1]:
        assert link["next_chunk_internal_link"].startswith(
            f"/api/2.0/sql/statements/{answer['statement_id']}/result/chunks/{link['next_chunk_index']}")
        assert rest.get(link["next_chunk_internal_link"]).status == 200
    assert "next_chunk_index" not in links[-1] and "next_chunk_internal_link" not in links[-1]


def test_large_json(rest, large):
    rows = []
    for link in rest.links(large["JSON_ARRAY"]):
        data = fetch(link)
        part = json.loads(data)
        assert data == json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode()
        assert len(part) == link["row_count"]
        rows += part
    assert rows == [[str(n), f"row {n}", None if n % 3 == 0 else str(n % 3)] for n in range(ROWS)]


def test_large_arrow(rest, large):
    next_row = 0
    for link in rest.links(large["ARROW_STREAM"]):
        data = fetch(link)
        assert len(data) == link["byte_count"]
        table = arrow(data)
        assert table.schema.metadata is None
        assert table.num_rows == link["row_count"]
        assert table["id"].to_pylist() == list(range(next_row, next_row + table.num_rows))
        next_row += table.num_rows
    assert next_row == ROWS


def test_large_csv(rest, large):
    lines = []
    for number, link in enumerate(rest.links(large["CSV"])):
        data = fetch(link).decode()
        assert data.endswith("\r\n")
        part = data.split("\r\n")[:-1]
        assert (part[0] == "id,t,n") == (number == 0)
        lines += part[1:] if number == 0 else part
    assert lines == [f"{n},row {n},{'null' if n % 3 == 0 else n % 3}" for n in range(ROWS)]


def test_lz4(rest):
    answer = rest.run(MANY, format="ARROW_STREAM", result_compression="LZ4_FRAME", **LINKS)
    assert answer["manifest"]["result_compression"] == "LZ4_FRAME"
    links = rest.links(answer)
    tables = [arrow(fetch(link), "LZ4_FRAME") for link in links]
    assert [t.num_rows for t in tables] == [link["row_count"] for link in links]
    assert sum(t.num_rows for t in tables) == ROWS


def test_compression_of_json_is_not_applied(rest):
    answer = rest.run("select 1 as a", result_compression="LZ4_FRAME")
    assert answer["result"]["data_array"] == [["1"]] and "result_compression" not in answer["manifest"]
    answer = rest.run("select 1 as a", result_compression="NONE", format="ARROW_STREAM", **LINKS)
    assert arrow(fetch(answer["result"]["external_links"][0])).to_pylist() == [{"a": 1}]


@pytest.mark.parametrize("compression", [None, "LZ4_FRAME"])
def test_hybrid_small(rest, compression):
    answer = rest.run("select id from range(10) order by id", result_compression=compression, **HYBRID)
    result = answer["result"]
    assert set(result) == {"chunk_index", "row_offset", "row_count", "byte_count", "attachment"}
    assert attachment(result, compression)["id"].to_pylist() == list(range(10))
    assert answer["manifest"]["total_chunk_count"] == 1
    again = rest.chunk(answer["statement_id"], 0).json
    assert again == result or "external_links" in again


def test_hybrid_large_is_links(rest):
    answer = rest.run(MANY, result_compression="LZ4_FRAME", **HYBRID)
    assert "attachment" not in answer["result"]
    assert sum(arrow(fetch(link), "LZ4_FRAME").num_rows for link in rest.links(answer)) == ROWS


def test_chunks_in_any_order_in_parallel_and_again(rest, large):
    answer = large["ARROW_STREAM"]
    count = answer["manifest"]["total_chunk_count"]
    offsets = [c["row_offset"] for c in answer["manifest"]["chunks"]]

    def one(index):
        reply = rest.chunk(answer["statement_id"], index, f"?row_offset={offsets[index]}" if index % 2 else "")
        assert reply.status == 200, reply
        link = reply.json["external_links"][0]
        assert link["chunk_index"] == index
        return index, fetch(link)

    seen = {}
    with ThreadPoolExecutor(16) as pool:
        for index, data in pool.map(one, list(reversed(range(count))) * 8):
            assert seen.setdefault(index, data) == data
    assert sorted(seen) == list(range(count))


def test_every_ask_gives_a_fresh_link(rest, large):
    statement = large["CSV"]["statement_id"]
    links = [rest.chunk(statement, 0).json["external_links"][0] for _ in range(3)]
    bodies = {fetch(link) for link in links}
    assert len(bodies) == 1
    assert links[0]["expiration"] <= links[2]["expiration"]


def test_links_need_no_token_and_cannot_be_changed(rest, large):
    links = rest.links(large["ARROW_STREAM"])
    link = links[0]["external_link"]
    reply = download(link)
    assert reply.status == 200 and reply.headers["content-type"].startswith(("binary/octet-stream", "application/octet-stream", "application/vnd.apache.arrow"))
    assert int(reply.headers["content-length"]) == len(reply.body)
    for wrong in tampered(link, links[1]["external_link"]):
        reply = download(wrong)
        assert reply.status in (400, 403, 404), (wrong, reply)


def tampered(link, other):
    parts = urlsplit(link)
    yield urlunsplit(parts._replace(query=""))
    yield urlunsplit(parts._replace(path=urlsplit(other).path, query=parts.query)) if urlsplit(other).path != parts.path \
        else urlunsplit(parts._replace(query=mixed(parts.query, urlsplit(other).query)))
    pairs = parse_qsl(parts.query)
    for number, (name, value) in enumerate(pairs):
        changed = list(pairs)
        changed[number] = (name, flipped(value))
        yield urlunsplit(parts._replace(query=urlencode(changed)))
        yield urlunsplit(parts._replace(query=urlencode(pairs[:number] + pairs[number + 1:])))


def flipped(value):
    last = value[-1]
    return value[:-1] + ("1" if last == "0" else "0")


def mixed(mine, other):
    """The parameters of one link with the last (the signature) of another."""
    return urlencode(parse_qsl(mine)[:-1] + parse_qsl(other)[-1:])


def test_links_of_a_closed_statement_are_dead(rest):
    answer = rest.run("select 1 as a", format="CSV", **LINKS)
    link = answer["result"]["external_links"][0]
    assert fetch(link) == b"a\r\n1\r\n"
    rest.delete(f"/api/2.0/sql/statements/{answer['statement_id']}")
    assert download(link["external_link"]).status in (403, 404)


def test_head_and_ranges_of_a_link(rest, large):
    link = large["CSV"]["result"]["external_links"][0]
    whole = fetch(link)
    part = download(link["external_link"], {"Range": "bytes=10-19"})
    assert part.status == 206 and part.body == whole[10:20] or part.status == 200 and part.body == whole, part.status


def test_row_limit(rest):
    for limit, count, cut in ((3, 3, True), (0, 0, True), (10, 10, False), (11, 10, False)):
        answer = rest.run("select id from range(10)", row_limit=limit)
        assert answer["manifest"]["total_row_count"] == count
        assert answer["manifest"]["truncated"] is cut, limit
    answer = rest.run(MANY, row_limit=ROWS - 1, format="ARROW_STREAM", **LINKS)
    assert answer["manifest"]["truncated"] is True
    assert sum(link["row_count"] for link in rest.links(answer)) == ROWS - 1


def test_byte_limit(rest):
    whole = rest.run(MANY, format="ARROW_STREAM", **LINKS)["manifest"]
    answer = rest.run(MANY, format="ARROW_STREAM", byte_limit=1_000_000, **LINKS)
    manifest = answer["manifest"]
    assert manifest["truncated"] is True
    assert 0 < manifest["total_row_count"] < whole["total_row_count"]
    assert manifest["total_byte_count"] <= 1_100_000
    assert sum(arrow(fetch(link)).num_rows for link in rest.links(answer)) == manifest["total_row_count"]
    assert rest.run("select 1", byte_limit=1_000_000)["manifest"]["truncated"] is False


def test_duplicate_and_odd_column_names(rest):
    answer = rest.run("select 1 as a, 2 as a, 3 as `b c,\"d`, 4 as ``, 1 + 1")
    assert [c["name"] for c in answer["manifest"]["schema"]["columns"]] == ["a", "a", 'b c,"d', "", "(1 + 1)"]
    assert answer["result"]["data_array"] == [["1", "2", "3", "4", "2"]]
    answer = rest.run("select 1 as a, 2 as a, 3 as `b c,\"d`", format="CSV", **LINKS)
    assert fetch(answer["result"]["external_links"][0]) == b'a,a,"b c,""d"\r\n1,2,3\r\n'


def test_text_survives_every_format(rest):
    text = 'tab\t newline\n return\r quote" back\\slash, comma ünïcødé 🔥 \u2028 nul-free'
    fields = {"parameters": [{"name": "t", "type": "STRING", "value": text}]}
    query = "select :t as t, :t || '!' as u"
    assert rest.rows(query, **fields) == [[text, text + "!"]]
    assert json.loads(fetch(rest.run(query, **fields, **LINKS)["result"]["external_links"][0])) == [[text, text + "!"]]
    answer = rest.run(query, format="ARROW_STREAM", **fields, **LINKS)
    assert arrow(fetch(answer["result"]["external_links"][0])).to_pylist() == [{"t": text, "u": text + "!"}]
    answer = rest.run(query, format="CSV", **fields, **LINKS)
    quoted = text.replace('"', '""')
    assert fetch(answer["result"]["external_links"][0]).decode() == f't,u\r\n"{quoted}","{quoted}!"\r\n'
