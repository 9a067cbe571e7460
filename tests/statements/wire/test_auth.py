"""Tokens: no token, a wrong one, and two users who cannot see each other's statements."""

import re
import subprocess

import pytest
from harness import servers
from harness.rest import Rest, download
from harness.statements import HISTORY, OPEN_SESSION, SESSIONS, SLOW, STATEMENTS, WAREHOUSE, WAREHOUSES, Statements

GUARDED = [
    ("POST", STATEMENTS), ("GET", f"{STATEMENTS}/x"), ("DELETE", f"{STATEMENTS}/x"), ("POST", f"{STATEMENTS}/x/cancel"),
    ("GET", f"{STATEMENTS}/x/result/chunks/0"), ("POST", SESSIONS), ("DELETE", f"{SESSIONS}/x"), ("GET", WAREHOUSES), ("POST", WAREHOUSES),
    ("GET", f"{WAREHOUSES}/default"), ("DELETE", f"{WAREHOUSES}/default"), ("POST", f"{WAREHOUSES}/default/start"),
    ("POST", f"{WAREHOUSES}/default/stop"), ("POST", f"{WAREHOUSES}/default/edit"), ("GET", HISTORY), ("GET", "/api/2.0/sql/endpoints"),
    ("GET", "/api/2.0/preview/scim/v2/Me")]


@pytest.fixture(scope="module")
def users(own_hearth, tmp_path_factory):
    """(server, Alice, Bob) of a server that asks for tokens."""
    folder = str(tmp_path_factory.mktemp("auth"))
    tokens = []
    for user in ("alice", "bob"):
        done = subprocess.run([servers.hearth_binary(), "token", "create", "--data-dir", folder, "--user", user],
                              stdout=subprocess.PIPE, check=True, text=True)
        tokens.append(done.stdout.split()[-1])
    server = own_hearth(data_dir=folder, arguments=["--set", "auth.require_token=true"])
    return server, Statements(server.http, token=tokens[0]), Statements(server.http, token=tokens[1])


@pytest.mark.parametrize("method,path", GUARDED)
def test_no_token(users, method, path):
    for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}):
        reply = Rest(users[0].http).request(method, path, b"{}", headers)
        assert reply.status == 401, (headers, reply)
        assert reply.json == {"error_code": 401, "message": "Credential was not sent or was of an unsupported type for this API."}
        assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("method,path", GUARDED)
def test_wrong_token(users, method, path):
    for token in ("dapi123", "hearth_" + "0" * 64, users[1].token[:-1], users[1].token + "0"):
        reply = Rest(users[0].http, token=token).request(method, path, b"{}")
        assert reply.status == 403, reply
        assert reply.json == {"error_code": 403, "message": "Invalid access token."}


def test_open_places_need_no_token(users):
    bare = Rest(users[0].http)
    assert bare.get("/.well-known/databricks-config").status == 200
    assert bare.get("/healthz").status == 200


def test_thrift_clients_need_a_token_too(users):
    path, headers = "/sql/1.0/warehouses/default", {"Content-Type": "application/x-thrift"}
    assert Rest(users[0].http).request("POST", path, OPEN_SESSION, headers).status == 401
    reply = users[1].request("POST", path, OPEN_SESSION, headers)
    assert reply.status == 200 and b"KP001" in reply.body, reply


def test_who_am_i(users):
    _, alice, bob = users
    assert [who.get("/api/2.0/preview/scim/v2/Me").json["userName"] for who in (alice, bob)] == ["alice", "bob"]
    assert alice.rows("select current_user()") == [["alice"]]


def test_statements_of_others_do_not_exist(users):
    _, alice, bob = users
    statement = alice.run("select 1 as a")["statement_id"]
    for reply in (bob.get(f"{STATEMENTS}/{statement}"), bob.chunk(statement, 0)):
        assert reply.status == 404, reply
        assert f"statement {statement} was not found." in reply.json["message"]
    unknown = bob.get(f"{STATEMENTS}/01ef9de2-db21-16af-b4cb-9ccf302d746b")
    seen = bob.get(f"{STATEMENTS}/{statement}")
    assert re.sub(r"[0-9a-f-]{36}", "", unknown.json["message"]) == re.sub(r"[0-9a-f-]{36}", "", seen.json["message"])
    assert bob.delete(f"{STATEMENTS}/{statement}").status in (200, 404)
    assert alice.status(statement)["status"]["state"] == "SUCCEEDED"


def test_others_cannot_cancel(users):
    _, alice, bob = users
    statement = alice.submit(SLOW)
    alice.wait(statement, {"RUNNING"})
    assert bob.cancel(statement).status in (200, 404)
    assert bob.delete(f"{STATEMENTS}/{statement}").status in (200, 404)
    assert alice.status(statement)["status"]["state"] == "RUNNING"
    alice.cancel(statement)
    alice.wait(statement, {"CANCELED"})


def test_sessions_of_others_do_not_exist(users):
    _, alice, bob = users
    session = alice.post(SESSIONS, {"warehouse_id": WAREHOUSE}).json["session_id"]
    assert bob.execute("select 1", session_id=session).status == 404
    assert bob.delete(f"{SESSIONS}/{session}").status in (200, 404)
    assert alice.rows("select 1", session_id=session) == [["1"]]


def test_links_work_without_a_token(users):
    _, alice, _ = users
    answer = alice.run("select 1 as a", disposition="EXTERNAL_LINKS", format="CSV")
    assert download(answer["result"]["external_links"][0]["external_link"]).body == b"a\r\n1\r\n"


def test_history_names_the_user(users):
    _, alice, bob = users
    statement = bob.run("select 'of bob'")["statement_id"]
    found = {q["query_id"]: q for q in bob.get(f"{HISTORY}?max_results=100").json["res"]}
    assert found[statement]["user_name"] == "bob"
    assert statement not in {q["query_id"] for q in alice.get(f"{HISTORY}?max_results=100").json["res"]}


def test_idempotency_keys_are_each_users_own(users):
    _, alice, bob = users
    mine = alice.run("select 1", idempotency_key="same")["statement_id"]
    assert bob.run("select 1", idempotency_key="same")["statement_id"] != mine
