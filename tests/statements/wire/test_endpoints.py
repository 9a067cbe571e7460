"""Every address of the API answers, with and without a trailing slash, whatever body comes along."""

import re

import pytest
from harness.rest import Rest
from harness.statements import API, HISTORY, OPEN_SESSION, SESSIONS, STATEMENTS, WAREHOUSE, WAREHOUSES

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")


@pytest.fixture(params=["", "/"], ids=["plain", "slash"])
def end(request):
    return request.param


def test_execute(rest, end):
    reply = rest.post(STATEMENTS + end, rest.body("select 1 as one"))
    assert reply.status == 200, reply
    assert reply.headers["content-type"].startswith("application/json")
    assert UUID.match(reply.json["statement_id"])
    assert reply.json["result"]["data_array"] == [["1"]]


def test_get_chunk_cancel_and_delete(rest, end):
    statement = rest.run("select 1 as one")["statement_id"]
    path = f"{STATEMENTS}/{statement}"
    assert rest.get(path + end).json["status"]["state"] == "SUCCEEDED"
    assert rest.get(f"{path}/result/chunks/0{end}").json["data_array"] == [["1"]]
    for body in (None, {}, {"statement_id": statement}):
        reply = rest.post(f"{path}/cancel{end}", body)
        assert (reply.status, reply.json) == (200, {}), reply
    for _ in range(2):
        reply = rest.delete(path + end, {"statement_id": statement})
        assert (reply.status, reply.json) == (200, {}), reply


def test_get_with_a_body(rest):
    answer = rest.run("select 1 as one")
    reply = rest.get(f"{STATEMENTS}/{answer['statement_id']}", {"statement_id": "another", "x": [1]})
    assert reply.json["statement_id"] == answer["statement_id"]
    assert rest.get(f"{STATEMENTS}/{answer['statement_id']}?unknown=1&row_offset=0").status == 200


def test_sessions(rest, end):
    reply = rest.post(SESSIONS + end, {"warehouse_id": WAREHOUSE})
    assert reply.status == 200 and list(reply.json) == ["session_id"], reply
    session = reply.json["session_id"]
    assert UUID.match(session)
    for _ in range(2):
        reply = rest.delete(f"{SESSIONS}/{session}{end}?warehouse_id={WAREHOUSE}")
        assert (reply.status, reply.json) == (200, {}), reply


def test_session_below_its_warehouse(rest, end):
    """The JDBC driver opens its sessions here since 3.4; without `x-databricks-rt-session` in the answer it goes on as before."""
    reply = rest.post(f"{WAREHOUSES}/{WAREHOUSE}/sessions{end}", {"execution_mode": "FAST", "schema": "default"})
    assert reply.status == 200 and list(reply.json) == ["session_id"], reply
    assert "x-databricks-rt-session" not in reply.headers
    assert rest.rows("select 1", session_id=reply.json["session_id"]) == [["1"]]
    assert rest.delete(f"{SESSIONS}/{reply.json['session_id']}?warehouse_id={WAREHOUSE}").status == 200


def test_session_closed_with_a_body_only(rest, end):
    session = rest.post(SESSIONS, {"warehouse_id": WAREHOUSE}).json["session_id"]
    reply = rest.delete(f"{SESSIONS}/{session}{end}", {"warehouse_id": WAREHOUSE, "session_id": session})
    assert (reply.status, reply.json) == (200, {}), reply


def test_lists(rest, end):
    assert rest.get(WAREHOUSES + end).json["warehouses"]
    assert rest.get(f"{WAREHOUSES}/{WAREHOUSE}{end}").json["id"] == WAREHOUSE
    assert rest.get(f"{API}/endpoints{end}").json["endpoints"]
    assert "res" in rest.get(HISTORY + end).json
    assert rest.get(f"/api/2.0/preview/scim/v2/Me{end}").json["userName"] == "local"


def test_host_metadata_needs_no_token(server):
    reply = Rest(server.http).get("/.well-known/databricks-config")
    assert reply.status == 200, reply
    assert "workspace_id" not in reply.json


def test_feature_flags(rest, end):
    reply = rest.get(f"/api/2.0/connector-service/feature-flags/PYTHON/4.9.0{end}")
    assert (reply.status, reply.json) == (200, {"flags": [], "ttl_seconds": 900})


@pytest.mark.parametrize("path", ["/telemetry-ext", "/telemetry-unauth"])
def test_telemetry_is_taken_and_forgotten(rest, path):
    reply = rest.post(path, {"uploadTime": 1, "items": [], "protoLogs": ["{}", "{}"]})
    assert reply.status == 200 and reply.json["errors"] == [], reply
    assert reply.json["numProtoSuccess"] == 2, reply


@pytest.mark.parametrize("path", ["/sql/1.0/warehouses/default", "/sql/1.0/endpoints/default", "/sql/protocolv1/o/0/cluster"])
def test_thrift_clients_are_sent_to_this_api(rest, path):
    """TCLIService.OpenSession is answered with the status that makes a connector come over REST."""
    reply = rest.request("POST", path, OPEN_SESSION, {"Content-Type": "application/x-thrift"})
    assert reply.status == 200, reply
    assert reply.headers["content-type"].startswith("application/x-thrift")
    assert reply.body.startswith(bytes.fromhex("800100020000000b") + b"OpenSession" + bytes.fromhex("00000007")) and b"KP001" in reply.body


@pytest.mark.parametrize("method,path", [
    ("POST", "/api/2.0/sql/statements/execute/now"), ("GET", "/api/2.0/sql"), ("PUT", f"{API}/nothing"),
    ("POST", "/api/2.0/jobs/run-now"), ("GET", "/api/2.1/sql/statements/1")])
def test_unknown_path(rest, method, path):
    reply = rest.request(method, path, b"{}")
    assert reply.status == 404, reply
    assert reply.json["error_code"] == "ENDPOINT_NOT_FOUND"
    assert reply.json["message"] == f"No API found for '{method} {path.removeprefix('/api/2.0')}'" \
        or reply.json["message"] == f"No API found for '{method} {path}'"


@pytest.mark.parametrize("method,path", [("PUT", STATEMENTS), ("PATCH", f"{STATEMENTS}/x"), ("GET", STATEMENTS), ("GET", SESSIONS)])
def test_wrong_method(rest, method, path):
    reply = rest.request(method, path, b"{}")
    assert reply.status in (404, 405), reply
    assert reply.json["error_code"] == "ENDPOINT_NOT_FOUND", reply


def test_every_answer_carries_a_request_id(rest):
    replies = [rest.execute("select 1"), rest.get(f"{STATEMENTS}/nope"), rest.get("/api/2.0/nothing")]
    seen = {reply.headers["x-request-id"] for reply in replies}
    assert len(seen) == len(replies)
