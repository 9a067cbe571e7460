"""Spark Connect over REST (`/api/v2/spark-connect/*`) with raw HTTP and protobuf messages.

    with ConnectRest(server) as rest:
        envelope = rest.run(sql("select 1 as a"))
        assert rest.rows(envelope) == [{"a": 1}]

`post` takes a message, bytes or a JSON value and gives the reply as it came; `call` wants an envelope in a 200.
The messages that PySpark does not bring (the envelope, the processor's, a worker's part) come from the published
packages where these are installed, and are described here by hand where they are not.
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
import uuid

# PySpark 3.5 picks the Connect functions only when it is told so before the first import.
os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"

import pyarrow as pa
import pyspark.sql.connect.proto as pb
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2  # noqa: F401 - the envelope's description needs it
from pyspark.sql.connect.proto import base_pb2  # noqa: F401

from .rest import Rest
from .wire import Wire, sql, sql_command  # noqa: F401 - for the tests

BASE = "/api/v2/spark-connect/"
RESULTS = "/api/v2/results/"
OCTETS = "application/octet-stream"
STREAM = "application/vnd.hearth.envelopes"
STATUS = "application/vnd.google.rpc.status"
BUSY = "392604"

# Endpoint: the request, and the member of the envelope that answers it.
DATA = {
    "execute-plan": (pb.ExecutePlanRequest, "execute_plan_response"),
    "analyze-plan": (pb.AnalyzePlanRequest, "analyze_plan_response"),
    "config": (pb.ConfigRequest, "config_response"),
    "add-artifacts": (pb.AddArtifactsRequest, "add_artifacts_response"),
    "artifact-status": (pb.ArtifactStatusesRequest, "artifact_status_response"),
    "interrupt": (pb.InterruptRequest, "interrupt_response"),
    "reattach-execute": (pb.ReattachExecuteRequest, "execute_plan_response"),
    "release-execute": (pb.ReleaseExecuteRequest, "release_execute_response"),
}
# Beyond the original: the bare answer, without an envelope.
BARE = {endpoint: (getattr(pb, f"{name}Request", None), getattr(pb, f"{name}Response", None)) for endpoint, name in (
    ("release-session", "ReleaseSession"), ("fetch-error-details", "FetchErrorDetails"), ("clone-session", "CloneSession"),
    ("get-status", "GetStatus"))}
WORKER = ("pull-request", "push-response")
ENDPOINTS = [*DATA, *BARE, *WORKER]

# Runs for minutes on any machine, stops at once when cancelled, and needs no memory.
SLOW = "select count(*) from range(300000000000) where id % 7 = 3 and hash(id) % 11 = 5"
UUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


FIELD = descriptor_pb2.FieldDescriptorProto
KINDS = {"string": FIELD.TYPE_STRING, "bytes": FIELD.TYPE_BYTES, "int32": FIELD.TYPE_INT32, "uint64": FIELD.TYPE_UINT64, "bool": FIELD.TYPE_BOOL}


def _file(name, package, imports, messages):
    """Adds a file of messages to the pool; `messages` is {name: [(number, name, type, oneof or "repeated" or None)]}."""
    file = descriptor_pb2.FileDescriptorProto(name=name, package=package, syntax="proto3", dependency=imports)
    for title, fields in messages.items():
        message = file.message_type.add(name=title)
        for oneof in sorted({where for *_, where in fields if where not in (None, "repeated")}):
            message.oneof_decl.add(name=oneof)
        for number, label, kind, where in fields:
            field = message.field.add(number=number, name=label, label=FIELD.LABEL_REPEATED if where == "repeated" else FIELD.LABEL_OPTIONAL)
            field.type = KINDS.get(kind, FIELD.TYPE_MESSAGE)
            if kind not in KINDS:
                field.type_name = f".{kind}"
            if where not in (None, "repeated"):
                field.oneof_index = 0
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return [message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{title}")) for title in messages]


def _envelope():
    try:
        from spark.connect.envelope_pb2 import ResponseEnvelope

        return ResponseEnvelope
    except ImportError:
        pass
    members = [(1, "execute_plan_response", "ExecutePlanResponse"), (2, "analyze_plan_response", "AnalyzePlanResponse"),
               (3, "config_response", "ConfigResponse"), (4, "add_artifacts_response", "AddArtifactsResponse"),
               (5, "artifact_status_response", "ArtifactStatusesResponse"), (6, "interrupt_response", "InterruptResponse"),
               (7, "release_execute_response", "ReleaseExecuteResponse"), (12, "dataframe_query_result", "DataframeQueryResult")]
    fields = [(number, name, f"spark.connect.{kind}", "response_type") for number, name, kind in members]
    fields += [(11, "status", "google.rpc.Status", "response_type"), (8, "query_id", "string", None), (9, "request_id", "string", None),
               (10, "result_partitions", "string", "repeated")]
    result = [(1, "result_job_uuid", "string", None), (2, "arrow_schema", "bytes", None), (3, "spark_schema", "bytes", None)]
    return _file("hearth_tests/envelope.proto", "spark.connect", ["google/rpc/status.proto", "spark/connect/base.proto"],
                 {"DataframeQueryResult": result, "ResponseEnvelope": fields})[1]


def _processor():
    try:
        from snowflake.snowpark_decoder._internal.proto.generated import DataframeProcessorMsg_pb2 as published

        return published.Request, published.Response
    except ImportError:
        pass
    task = [(1, "request_id", "string", None), (2, "dataframe_type", "int32", None), (3, "payload", "google.protobuf.Any", None)]
    answer = [(1, "request_id", "string", None), (2, "dataframe_type", "int32", None), (3, "code", "int32", None),
              (4, "result_job_uuid", "string", "result"), (5, "payload", "google.protobuf.Any", "result"), (6, "error_message", "string", None)]
    return _file("hearth_tests/processor.proto", "dataframe_processor", ["google/protobuf/any.proto"], {"Request": task, "Response": answer})


def _part():
    part = [(1, "sequence", "uint64", None), (2, "responses", "spark.connect.ExecutePlanResponse", "repeated"), (3, "last", "bool", None),
            (4, "status", "google.rpc.Status", None)]
    return _file("hearth_tests/worker.proto", "hearth.worker", ["google/rpc/status.proto", "spark/connect/base.proto"], {"Part": part})[0]


Envelope = _envelope()
Task, Answer = _processor()
Part = _part()


class ConnectRest(Rest):
    """Raw HTTP, and a session of its own; `wire` speaks gRPC for the same user and session."""

    def __init__(self, server, token="any", user="tester", session_id=None, seconds=90):
        super().__init__(getattr(server, "http", server), seconds=seconds)
        self.authorization = None if token is None else f'Snowflake Token="{token}"'
        self.session_id = session_id or str(uuid.uuid4())
        self.wire = Wire(getattr(server, "grpc", None) or "127.0.0.1:1", user=user, session_id=self.session_id)
        self.fill = self.wire.fill

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            if BARE["release-session"][0]:
                self.post("release-session", self.fill(pb.ReleaseSessionRequest()))
        except OSError:
            pass
        self.close()
        self.wire.close(release=False)

    def post(self, endpoint, body=b"", headers=None, query=""):
        """One POST; a message is sent as bytes, anything that is no bytes as JSON."""
        headers = dict(headers or {})
        if isinstance(body, Message):
            body = body.SerializeToString()
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        headers.setdefault("Content-Type", OCTETS)
        headers.setdefault("Accept", "application/json")
        self._authorize(headers)
        path = endpoint if endpoint.startswith("/") else BASE + endpoint
        return super().post(path + query, body, headers)

    def fetch(self, location, method="GET"):
        """A poll, or DELETE, of what a 202 named."""
        headers = {"Accept": "application/json"}
        self._authorize(headers)
        return self.request(method, location, None, headers)

    def _authorize(self, headers):
        if self.authorization is not None:
            headers.setdefault("Authorization", self.authorization)

    # Envelopes.

    def call(self, endpoint, message, **options):
        """The envelope of a POST that is answered with 200."""
        return envelope(self.post(endpoint, message, **options))

    def answer(self, endpoint, message, **options):
        """The one member that an endpoint answers with."""
        found = self.call(endpoint, message, **options)
        member = DATA[endpoint][1]
        assert found.WhichOneof("response_type") == member, told(found)
        return getattr(found, member)

    def bare(self, endpoint, message):
        reply = self.post(endpoint, message)
        assert reply.status == 200 and reply.headers["content-type"] == OCTETS, reply
        return BARE[endpoint][1].FromString(reply.body)

    def status(self, endpoint, message, **options):
        """The status of a call that Spark refuses: code, condition, SQLSTATE, parameters, class."""
        return Failure(self.call(endpoint, message, **options))

    # What programs do.

    def plan(self, plan, **options):
        options.setdefault("operation_id", str(uuid.uuid4()))
        return self.wire.execute_request(sql(plan) if isinstance(plan, str) else plan, **options)

    def run(self, plan, **options):
        """The answer to a plan, or to a query in SQL, that must succeed."""
        return self.answer("execute-plan", self.plan(plan, **options))

    def rows(self, plan, **options):
        answer = plan if isinstance(plan, pb.ExecutePlanResponse) else self.run(plan, **options)
        return table(answer).to_pylist()

    def failure(self, plan, **options):
        return self.status("execute-plan", self.plan(plan, **options))

    def config(self, **operation):
        request = self.fill(pb.ConfigRequest(operation=pb.ConfigRequest.Operation(**operation)))
        return self.answer("config", request)

    def get_config(self, key):
        [pair] = self.config(get=pb.ConfigRequest.Get(keys=[key])).pairs
        return pair.value if pair.HasField("value") else None

    def set_config(self, key, value):
        self.config(set=pb.ConfigRequest.Set(pairs=[pb.KeyValue(key=key, value=value)]))

    def analyze(self, **what):
        return self.answer("analyze-plan", self.fill(pb.AnalyzePlanRequest(**what)))

    def wait(self, location, seconds=60):
        """Polls what a 202 named until it is something else."""
        deadline = time.monotonic() + seconds
        while True:
            reply = self.fetch(location)
            if reply.status != 202:
                return reply
            assert time.monotonic() < deadline, f"still {reply} after {seconds} s"
            time.sleep(0.02)

    # The worker's side.

    def pull(self, worker=""):
        """A request for this worker, or None. The reply must be a JSON string."""
        reply = self.post("pull-request", worker)
        assert reply.status == 200, reply
        assert isinstance(reply.json, str), reply
        return Task.FromString(base64.b64decode(reply.json, validate=True)) if reply.json else None

    def push(self, answer):
        """The reply to an answer: an `Answer`, or any text."""
        text = base64.b64encode(answer.SerializeToString()).decode() if isinstance(answer, Message) else answer
        return self.post("push-response", text)


def envelope(reply):
    """The envelope of a 200, which keeps the rules that all of them keep."""
    assert reply.status == 200, reply
    assert reply.headers["content-type"] in (OCTETS, "application/x-protobuf"), reply.headers
    assert UUID.match(reply.headers["x-snowflake-request-id"]), reply.headers
    assert "link" not in reply.headers, reply.headers
    assert reply.body, "an empty body is an error to the client"
    found = Envelope.FromString(reply.body)
    kind = found.WhichOneof("response_type")
    assert kind, "no member"
    assert not found.query_id and kind != "dataframe_query_result", "that needs a session API which is not there"
    if kind == "status":
        assert found.status.code != 0
    assert reply.headers.get("x-hearth-status") == (str(found.status.code) if kind == "status" else None), reply.headers
    if kind == "execute_plan_response":
        follows_rules(found.execute_plan_response)
    return found


def follows_rules(answer):
    """The rules of the one message of an execution."""
    assert answer.WhichOneof("response_type"), "the message must answer something"
    assert answer.session_id and answer.operation_id and answer.server_side_session_id
    if answer.WhichOneof("response_type") == "arrow_batch":
        batch = answer.arrow_batch
        assert not (batch.start_offset if batch.HasField("start_offset") else 0)
        for name in ("chunk_index", "num_chunks_in_batch"):
            if name in batch.DESCRIPTOR.fields_by_name:
                assert not batch.HasField(name) or (name, getattr(batch, name)) == ("num_chunks_in_batch", 1), name
        with pa.ipc.open_stream(batch.data) as reader:
            batches = list(reader)
        # PySpark 4.2 takes neither several nor none.
        assert [len(one) for one in batches] == [batch.row_count], f"{len(batches)} record batches"


def table(answer):
    """The rows of an execution's one message."""
    assert answer.WhichOneof("response_type") == "arrow_batch", answer.WhichOneof("response_type")
    with pa.ipc.open_stream(answer.arrow_batch.data) as reader:
        return reader.read_all()


def told(found):
    """An envelope in few words, for messages of failed tests."""
    kind = found.WhichOneof("response_type")
    return f"{kind}: {Failure(found)}" if kind == "status" else str(kind)


class Failure:
    """What the status of an envelope says, and that it says so as Spark does."""

    def __init__(self, found):
        if isinstance(found, Envelope):
            assert found.WhichOneof("response_type") == "status", f"no status but {found.WhichOneof('response_type')}"
            found = found.status
        self.code, self.message = found.code, found.message
        [detail] = found.details
        info = error_details_pb2.ErrorInfo()
        assert detail.Unpack(info), detail.type_url
        assert info.domain == "org.apache.spark"
        self.reason, self.metadata = info.reason, dict(info.metadata)
        self.classes = json.loads(self.metadata["classes"])
        assert self.reason == self.classes[0], (self.reason, self.classes)
        self.condition = self.metadata.get("errorClass")
        self.state = self.metadata.get("sqlState")
        self.parameters = json.loads(self.metadata.get("messageParameters", "{}"))
        self.error_id = self.metadata.get("errorId")
        if self.condition:
            assert self.message.startswith(f"[{self.condition}]"), self.message

    def __repr__(self):
        return f"{self.code} {self.condition} {self.state} {self.message[:300]}"


def refusal(reply, status=None):
    """The JSON of an HTTP error, in the published shape."""
    assert status is None or reply.status == status, reply
    assert reply.status >= 400, reply
    assert reply.headers["content-type"].split(";")[0] == "application/json", (reply.headers, reply)
    body = reply.json
    assert set(body) == {"message", "code", "error_code", "request_id"}, body
    assert all(isinstance(value, str) and value for value in body.values()), body
    assert body["code"] == body["error_code"], body
    assert UUID.match(body["request_id"]), body
    return body


def accepted(reply):
    """The location in a 202, which must be relative and name the handler of the body."""
    assert reply.status == 202, reply
    assert reply.headers["content-type"].split(";")[0] == "application/json", reply.headers
    body, location = reply.json, reply.headers["location"]
    assert set(body) == {"code", "message", "resultHandler"} and body["code"] == BUSY, body
    assert all(isinstance(value, str) and value for value in body.values()), body
    assert location == RESULTS + body["resultHandler"], (location, body)
    return location


def parts(data):
    """The envelopes of a stream: each behind its length as a varint."""
    found, place = [], 0
    while place < len(data):
        size = shift = 0
        while True:
            byte = data[place]
            place += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        assert place + size <= len(data), "the stream ends within an envelope"
        found.append(Envelope.FromString(data[place:place + size]))
        place += size
    return found


def payload(message):
    """A message as `Any`."""
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
