"""A worker by hand: pulls over raw HTTP, and answers what the test gives it."""

from __future__ import annotations

import json
import uuid

import pyarrow as pa
import pyspark.sql.connect.proto as pb
from google.rpc import error_details_pb2, status_pb2
from harness.connect_rest import Answer, ConnectRest, Envelope, payload

TYPES = {"ConfigRequest": pb.ConfigRequest, "ExecutePlanRequest": pb.ExecutePlanRequest, "AnalyzePlanRequest": pb.AnalyzePlanRequest,
         "ReleaseSessionRequest": pb.ReleaseSessionRequest, "ReleaseExecuteRequest": pb.ReleaseExecuteRequest, "InterruptRequest": pb.InterruptRequest}
OK, FAILED, RESET = 0, 2, 3


class Hands:
    """A worker by hand: it serves what a session needs to open, and gives the plans to the test."""

    def __init__(self, gateway, name="hands", token="any"):
        self.rest = ConnectRest(gateway, token=token)
        self.name = f"edge/{name}"

    def pull(self, *kinds):
        """(task, request) of the next request of one of these kinds; others are answered emptily."""
        while True:
            task = self.rest.pull(self.name)
            if task is None:
                continue
            kind = task.payload.type_url.rsplit(".", 1)[1]
            request = TYPES[kind].FromString(task.payload.value) if kind in TYPES else None
            if kind in kinds:
                return task, request
            self.answer_simply(task, kind, request)

    def answer_simply(self, task, kind, request):
        if kind == "ConfigRequest":
            self.push(task, Envelope(config_response=pb.ConfigResponse(session_id=request.session_id)))
        elif kind == "AnalyzePlanRequest":
            self.push(task, Envelope(analyze_plan_response=pb.AnalyzePlanResponse(session_id=request.session_id, spark_version={"version": "4.2.0"})))
        elif kind == "ReleaseSessionRequest":
            self.push(task, pb.ReleaseSessionResponse(session_id=request.session_id))
        else:
            self.push(task, Envelope(status=status(f"{kind} is not for hands")), code=FAILED)

    def push(self, task, message, code=OK, expect=200):
        packed = payload(message)
        reply = self.rest.push(Answer(request_id=task.request_id, dataframe_type=2, code=code, payload=packed))
        assert reply.status == expect, reply
        if expect == 200:
            assert reply.json == "" and reply.headers["content-type"] == "application/json", reply
        return reply


def status(text, condition="INTERNAL_ERROR"):
    made = status_pb2.Status(code=13, message=f"[{condition}] {text}")
    classes = json.dumps(["org.apache.spark.SparkException", "java.lang.Exception", "java.lang.Throwable", "java.lang.Object"])
    made.details.add().Pack(error_details_pb2.ErrorInfo(reason="org.apache.spark.SparkException", domain="org.apache.spark",
                                                       metadata={"classes": classes, "errorClass": condition, "sqlState": "XX000"}))
    return made


def rows(request, *numbers, operation=None):
    table = pa.table({"a": pa.array(numbers, pa.int64())})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        for batch in table.to_batches():
            writer.write_batch(batch)
    return pb.ExecutePlanResponse(session_id=request.session_id, operation_id=operation or request.operation_id, response_id=str(uuid.uuid4()),
                                  arrow_batch={"row_count": len(numbers), "data": sink.getvalue().to_pybytes()})
