"""Users: tokens and Basic, owners, access control, superusers, doAs and proxyUser."""

import base64

import pytest
from harness.livy import SLOW_SQL, Livy
from harness.rest import Rest

USERS = ("alice", "bob", "viewer", "modifier", "root", "outsider")
ADDRESSES = [
    ("GET", "/sessions"), ("POST", "/sessions"), ("GET", "/sessions/0"), ("GET", "/sessions/0/state"), ("GET", "/sessions/0/log"), ("DELETE", "/sessions/0"),
    ("POST", "/sessions/0/stop"), ("POST", "/sessions/0/interrupt"), ("POST", "/sessions/0/connect"), ("GET", "/sessions/0/statements"), ("POST", "/sessions/0/statements"),
    ("GET", "/sessions/0/statements/0"), ("POST", "/sessions/0/statements/0/cancel"), ("POST", "/sessions/0/completion"), ("POST", "/sessions/0/submit-job"),
    ("POST", "/sessions/0/run-job"), ("GET", "/sessions/0/jobs/1"), ("POST", "/sessions/0/jobs/1/cancel"), ("POST", "/sessions/0/upload-jar"),
    ("POST", "/sessions/0/upload-file"), ("POST", "/sessions/0/upload-pyfile"), ("POST", "/sessions/0/add-jar"), ("POST", "/sessions/0/add-file"),
    ("POST", "/sessions/0/add-pyfile"), ("GET", "/batches"), ("POST", "/batches"), ("GET", "/batches/0"), ("GET", "/batches/0/state"), ("GET", "/batches/0/log"),
    ("DELETE", "/batches/0")]


def users_of(own_hearth, token_for, folder, *settings):
    tokens = {user: token_for(folder, user) for user in USERS}
    server, _ = own_hearth("auth.require_token=true", *settings, data_dir=str(folder))
    return server, {user: Livy(server.http, token=token) for user, token in tokens.items()}


@pytest.fixture(scope="module")
def plain(own_hearth, token_for, tmp_path_factory):
    """Tokens, but everybody may do everything, as in Livy."""
    return users_of(own_hearth, token_for, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def controlled(own_hearth, token_for, tmp_path_factory):
    return users_of(own_hearth, token_for, tmp_path_factory.mktemp("controlled"), "livy.access_control=true", "livy.impersonation=true", "livy.superusers=root",
                    "livy.view_users=viewer", "livy.modify_users=modifier", "livy.allowed_users=alice,bob")


@pytest.mark.parametrize("prefix", ["", "/livy"])
@pytest.mark.parametrize("method,path", ADDRESSES)
def test_no_token(plain, method, path, prefix):
    for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}, {"Authorization": "Digest x"}, {"Authorization": "Basic"}):
        reply = Rest(plain[0].http).request(method, prefix + path, b"{}", headers)
        assert reply.status == 401, (headers, reply)
        assert reply.headers.get("www-authenticate"), reply


@pytest.mark.parametrize("method,path", ADDRESSES)
def test_wrong_token(plain, method, path):
    token = plain[1]["alice"].token
    for value in ("Bearer x", f"Bearer {token}0", f"Bearer {token[:-1]}", basic("alice", "x"), basic("alice", token + "0"), "Basic !!!", basic("", "")):
        reply = Rest(plain[0].http).request(method, path, b"{}", {"Authorization": value})
        assert reply.status in (401, 403), (value, reply)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_version_needs_no_rights(plain):
    assert Rest(plain[0].http).get("/version").status in (200, 401)


def test_basic(plain):
    """The password is the token: what Livy's clients behind a gateway can send."""
    server, users = plain
    headers = {"Authorization": basic("alice", users["alice"].token)}
    reply = Rest(server.http).post("/sessions", {"kind": "sql"}, headers)
    assert reply.status == 201 and reply.json["owner"] == "alice", reply
    assert Rest(server.http).delete(f"/sessions/{reply.json['id']}", headers=headers).status == 200


def test_owner_is_told_and_others_may_do_everything(plain):
    _, users = plain
    session = users["alice"].open("sql")
    found = users["bob"].session(session)
    assert (found["owner"], found["proxyUser"]) == ("alice", None)
    assert users["bob"].rows(session, "select 1") == [[1]]
    assert users["alice"].rows(session, "select current_user()") == [["alice"]]
    assert users["bob"].remove(session).status == 200


def test_proxy_user_counts_only_with_impersonation(plain):
    _, users = plain
    reply = users["alice"].create("sql", proxyUser="bob")
    assert reply.status == 201 and (reply.json["owner"], reply.json["proxyUser"]) == ("alice", None), reply
    users["alice"].remove(reply.json["id"])
    reply = users["alice"].post("/sessions?doAs=bob", {"kind": "sql"})
    assert reply.status == 201 and (reply.json["owner"], reply.json["proxyUser"]) == ("alice", None), reply
    users["alice"].remove(reply.json["id"])


def test_python_session_runs_as_its_owner(plain):
    _, users = plain
    session = users["alice"].open("pyspark")
    assert users["alice"].text(session, "spark.sql('select current_user()').collect()[0][0]") == "'alice'"
    users["alice"].remove(session)


# With access control.


@pytest.fixture
def of_alice(controlled):
    alice = controlled[1]["alice"]
    session = alice.open("pyspark")
    alice.text(session, "print('secret of alice')")
    yield session
    alice.remove(session)


READS = [("GET", "/statements", None), ("GET", "/statements/0", None), ("GET", "/log", None), ("GET", "/jobs/1", None)]
CHANGES = [("POST", "/statements", {"code": "1"}), ("POST", "/statements/0/cancel", {}), ("POST", "/connect", {}), ("POST", "/completion", {"code": "p", "kind": "pyspark", "cursor": 1}),
           ("POST", "/submit-job", {"job": "eA==", "jobType": "pyspark"}), ("POST", "/run-job", {"job": "eA==", "jobType": "pyspark"}), ("POST", "/jobs/1/cancel", {}),
           ("POST", "/upload-file", {}), ("POST", "/upload-jar", {}), ("POST", "/upload-pyfile", {}), ("POST", "/add-file", {"uri": "/x"}), ("POST", "/add-jar", {"uri": "/x"}),
           ("POST", "/add-pyfile", {"uri": "/x"}), ("POST", "/interrupt", {}), ("POST", "/stop", {}), ("DELETE", "", None)]


def test_others_may_neither_read_nor_change(controlled, of_alice):
    _, users = controlled
    for method, path, body in READS + CHANGES:
        reply = users["bob"].request(method, f"/sessions/{of_alice}{path}", body)
        assert reply.status == 403, (method, path, reply)
    found = users["bob"].session(of_alice)
    assert found["log"] == [] and found["state"] == "idle" and found["owner"] == "alice"
    assert users["bob"].get(f"/sessions/{of_alice}/state").status == 200
    listed = [one for one in users["bob"].get("/sessions").json["sessions"] if one["id"] == of_alice]
    assert listed and listed[0]["log"] == []
    assert users["alice"].text(of_alice, "1") == "1", "nothing happened to it"


def test_view_users_may_read(controlled, of_alice):
    _, users = controlled
    for method, path, body in READS[:3]:
        assert users["viewer"].request(method, f"/sessions/{of_alice}{path}", body).status == 200, path
    for method, path, body in CHANGES:
        assert users["viewer"].request(method, f"/sessions/{of_alice}{path}", body).status == 403, path


@pytest.mark.parametrize("user", ["modifier", "root"])
def test_modify_users_and_superusers_may_change(controlled, of_alice, user):
    _, users = controlled
    assert users[user].text(of_alice, "2") == "2"
    assert users[user].get(f"/sessions/{of_alice}/log").status == 200
    number = users[user].submit(of_alice, "while True: pass")
    users[user].cancel(of_alice, number)
    users[user].wait(of_alice, number)
    assert users[user].remove(of_alice).status == 200


def test_outsiders_may_not_come_in(controlled):
    reply = controlled[1]["outsider"].get("/sessions")
    assert reply.status == 403 and b"User not authorised to use Livy." in reply.body, reply


def test_impersonation(controlled):
    _, users = controlled
    for reply in (users["alice"].create("sql", proxyUser="bob"), users["alice"].post("/sessions?doAs=bob", {"kind": "sql"})):
        assert reply.status == 403 and reply.json == {"msg": "User 'alice' not allowed to impersonate 'Some(bob)'."}, reply
    reply = users["alice"].create("sql", proxyUser="alice")
    assert reply.status == 201 and (reply.json["owner"], reply.json["proxyUser"]) == ("alice", "alice"), reply
    users["alice"].remove(reply.json["id"])
    reply = users["alice"].create("sql")
    assert reply.json["proxyUser"] == "alice", reply
    users["alice"].remove(reply.json["id"])


def test_superuser_acts_for_others(controlled):
    _, users = controlled
    reply = users["root"].create("sql", proxyUser="bob")
    assert reply.status == 201 and (reply.json["owner"], reply.json["proxyUser"]) == ("root", "bob"), reply
    session = reply.json["id"]
    users["root"].wait_session(session)
    assert users["bob"].rows(session, "select current_user()") == [["bob"]]
    assert users["alice"].post_statement(session, "select 1").status == 403
    users["root"].remove(session)
    reply = users["root"].post("/sessions?doAs=alice", {"kind": "sql", "proxyUser": "bob"})
    assert reply.status == 201 and reply.json["proxyUser"] == "alice", "doAs wins"
    users["root"].remove(reply.json["id"])


def test_do_as_counts_for_every_check(controlled, of_alice):
    _, users = controlled
    assert users["root"].get(f"/sessions/{of_alice}/statements?doAs=bob").status == 403
    assert users["root"].get(f"/sessions/{of_alice}/statements?doAs=alice").status == 200
    assert users["bob"].get(f"/sessions/{of_alice}/statements?doAs=alice").status == 403


def test_batches_are_guarded_too(controlled, tmp_path):
    _, users = controlled
    (tmp_path / "app.py").write_text("import time\nprint('secret', flush=True)\nwhile True: time.sleep(0.1)\n")
    batch = users["alice"].batch(tmp_path / "app.py")
    assert users["bob"].get(f"/batches/{batch}/log").status == 403
    assert users["bob"].delete(f"/batches/{batch}").status == 403
    assert users["bob"].get(f"/batches/{batch}").json["log"] == []
    assert users["viewer"].get(f"/batches/{batch}/log").status == 200
    assert users["alice"].delete(f"/batches/{batch}").status == 200


def test_sessions_of_users_are_apart(controlled):
    """A running statement of one is not reached through the session of another."""
    _, users = controlled
    mine, theirs = users["alice"].open("sql"), users["bob"].open("sql")
    number = users["alice"].submit(mine, SLOW_SQL)
    users["alice"].wait(mine, number, {"running"})
    for other in range(3):
        users["bob"].cancel(theirs, other)
    assert users["alice"].statement(mine, number)["state"] == "running"
    users["alice"].remove(mine)
    users["bob"].remove(theirs)
