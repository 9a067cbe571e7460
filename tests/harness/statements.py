"""The Statement Execution API over raw HTTP, for tests that look at every byte.

`Statements` adds the few calls of the API to `Rest`; bodies and answers stay plain dictionaries.
"""

from __future__ import annotations

import base64
import io
import time

from .rest import Rest, download

API = "/api/2.0/sql"
STATEMENTS = f"{API}/statements"
SESSIONS = f"{API}/sessions"
WAREHOUSES = f"{API}/warehouses"
HISTORY = f"{API}/history/queries"
WAREHOUSE = "default"
# TCLIService.OpenSession, in Thrift's binary form, with an empty request and the sequence number 7.
OPEN_SESSION = bytes.fromhex("800100010000000b") + b"OpenSession" + bytes.fromhex("000000070c00010000")
ENDED = {"SUCCEEDED", "FAILED", "CANCELED", "CLOSED"}

# Runs for minutes on any machine, stops at once when cancelled, and needs no memory.
SLOW = "select count(*) from range(300000000000) where id % 7 = 3 and hash(id) % 11 = 5"


class Statements(Rest):
    def body(self, statement, **fields):
        return {"statement": statement, "warehouse_id": WAREHOUSE, **fields}

    def execute(self, statement, headers=None, **fields):
        """POST; the answer as it came."""
        return self.post(STATEMENTS, self.body(statement, **fields), headers)

    def run(self, statement, **fields):
        """POST that must be accepted; the parsed answer."""
        reply = self.execute(statement, **fields)
        assert reply.status == 200, reply
        return reply.json

    def rows(self, statement, **fields):
        """The rows of a statement that must succeed, inline."""
        answer = self.run(statement, **{"wait_timeout": "50s", **fields})
        assert answer["status"]["state"] == "SUCCEEDED", answer
        return answer["result"].get("data_array", [])

    def failure(self, statement, **fields):
        """The `status` of a statement that must fail."""
        answer = self.run(statement, **{"wait_timeout": "50s", **fields})
        assert answer["status"]["state"] == "FAILED", answer
        assert set(answer) == {"statement_id", "status"}, answer
        return answer["status"]

    def submit(self, statement, **fields):
        """The id of a statement that is not waited for."""
        answer = self.run(statement, wait_timeout="0s", **fields)
        assert answer["status"]["state"] == "PENDING", answer
        return answer["statement_id"]

    def status(self, statement_id):
        reply = self.get(f"{STATEMENTS}/{statement_id}")
        assert reply.status == 200, reply
        return reply.json

    def chunk(self, statement_id, index, query=""):
        return self.get(f"{STATEMENTS}/{statement_id}/result/chunks/{index}{query}")

    def cancel(self, statement_id, body=None):
        return self.post(f"{STATEMENTS}/{statement_id}/cancel", body)

    def wait(self, statement_id, states=ENDED, seconds=60):
        """Polls until the statement is in one of these states."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self.status(statement_id)
            if answer["status"]["state"] in states:
                return answer
            assert time.monotonic() < deadline, f"still {answer['status']} after {seconds} s"
            time.sleep(0.02)

    def every_chunk(self, answer):
        """All result objects of an answer, first to last."""
        found, result = [], answer["result"]
        count = answer["manifest"]["total_chunk_count"]
        while len(found) < count:
            # An answer of the hybrid disposition has several links.
            found += [{"external_links": [link]} for link in result["external_links"]] if "external_links" in result else [result]
            follower = next_index(result)
            if follower is None:
                break
            reply = self.chunk(answer["statement_id"], follower)
            assert reply.status == 200, reply
            result = reply.json
        assert len(found) == count, f"{len(found)} chunks of {count}"
        return found

    def links(self, answer):
        return [link for result in self.every_chunk(answer) for link in result["external_links"]]


def next_index(result):
    links = result.get("external_links")
    return (links[-1] if links else result).get("next_chunk_index")


def fetch(link):
    """The bytes behind an external link."""
    reply = download(link["external_link"], link.get("http_headers"))
    assert reply.status == 200, reply
    return reply.body


def arrow(data, compression=None):
    """The table in the bytes of one Arrow chunk. Needs pyarrow."""
    import pyarrow as pa

    if compression == "LZ4_FRAME":
        with pa.input_stream(io.BytesIO(data), compression="lz4") as stream:
            data = stream.read()
    with pa.ipc.open_stream(data) as reader:
        return reader.read_all()


def attachment(result, compression=None):
    return arrow(base64.b64decode(result["attachment"]), compression)
