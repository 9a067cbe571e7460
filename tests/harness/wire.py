"""Raw Spark Connect requests with PySpark's generated stubs, for tests of the protocol itself."""

from __future__ import annotations

import json
import re
import uuid

import grpc
import pyspark.sql.connect.proto as pb
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from pyspark.sql.connect.proto.base_pb2_grpc import SparkConnectServiceStub

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
LIMIT = 512 * 1024 * 1024


class Wire:
    """One raw client: a channel, a stub, and a session id of its own."""

    def __init__(self, server, user="tester", session_id=None, timeout=60):
        address = getattr(server, "grpc", server)
        options = [("grpc.max_receive_message_length", LIMIT), ("grpc.max_send_message_length", LIMIT)]
        self.channel = grpc.insecure_channel(address, options)
        self.stub = SparkConnectServiceStub(self.channel)
        self.session_id = session_id or str(uuid.uuid4())
        self.user = user
        self.timeout = timeout

    def close(self, release=True):
        if release:
            try:
                self.stub.ReleaseSession(self.fill(pb.ReleaseSessionRequest()), timeout=5)
            except grpc.RpcError:
                pass
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def fill(self, request):
        request.session_id = self.session_id
        request.user_context.user_id = self.user
        if "client_type" in request.DESCRIPTOR.fields_by_name:
            request.client_type = "hearth-tests"
        return request

    # Requests.

    def execute_request(self, plan, operation_id=None, reattachable=True, tags=()):
        request = self.fill(pb.ExecutePlanRequest(plan=plan, tags=list(tags)))
        if operation_id:
            request.operation_id = operation_id
        if reattachable:
            request.request_options.add().reattach_options.reattachable = True
        return request

    def execute(self, plan, **options):
        return self.stub.ExecutePlan(self.execute_request(plan, **options), timeout=self.timeout)

    def reattach(self, operation_id, last=None):
        request = self.fill(pb.ReattachExecuteRequest(operation_id=operation_id))
        if last:
            request.last_response_id = last
        return self.stub.ReattachExecute(request, timeout=self.timeout)

    def release(self, operation_id, until=None):
        request = self.fill(pb.ReleaseExecuteRequest(operation_id=operation_id))
        if until:
            request.release_until.response_id = until
        else:
            request.release_all.SetInParent()
        return self.stub.ReleaseExecute(request, timeout=self.timeout)

    def interrupt(self, kind, tag=None, operation_id=None):
        request = self.fill(pb.InterruptRequest(interrupt_type=kind))
        if tag:
            request.operation_tag = tag
        if operation_id:
            request.operation_id = operation_id
        return self.stub.Interrupt(request, timeout=self.timeout)

    def config(self, **operation):
        request = self.fill(pb.ConfigRequest(operation=pb.ConfigRequest.Operation(**operation)))
        return self.stub.Config(request, timeout=self.timeout)

    def analyze(self, **what):
        return self.stub.AnalyzePlan(self.fill(pb.AnalyzePlanRequest(**what)), timeout=self.timeout)

    def details(self, error):
        """FetchErrorDetails for a failed call, or None when the server gave no error id."""
        info = error_info(error)
        if info is None or "errorId" not in info.metadata:
            return None
        request = self.fill(pb.FetchErrorDetailsRequest(error_id=info.metadata["errorId"]))
        return self.stub.FetchErrorDetails(request, timeout=self.timeout)


def sql(text):
    return pb.Plan(root=pb.Relation(sql=pb.SQL(query=text)))


def sql_command(text):
    return pb.Plan(command=pb.Command(sql_command=pb.SqlCommand(input=pb.Relation(sql=pb.SQL(query=text)))))


def error_info(error):
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo()
            detail.Unpack(info)
            return info
    return None


def failure(program):
    """What a failed call says: gRPC code, condition, SQLSTATE, parameters; "no error" otherwise."""
    try:
        program()
    except grpc.RpcError as error:
        return failure_text(error)
    return "no error"


def failure_text(error):
    info = error_info(error)
    data = dict(info.metadata) if info else {}
    parameters = json.loads(data.get("messageParameters", "{}"))
    shown = json.dumps({k: parameters[k] for k in sorted(parameters)})
    return anonymous(f"{error.code().name} {data.get('errorClass', '-')} {data.get('sqlState', '-')} {shown}")


def anonymous(text):
    return UUID.sub("UUID", text)


def consume(stream):
    return list(stream)
