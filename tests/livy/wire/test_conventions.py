"""What holds for every address: version, pages, prefixes, slashes, methods, headers, and protection from browsers."""

import gzip
import json
import re
import uuid

import pytest
from harness.livy import Livy
from harness.rest import Rest

SECURITY = {"x-content-type-options": "nosniff", "x-frame-options": "SAMEORIGIN", "x-xss-protection": "1; mode=block",
            "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline'; img-src 'self'; frame-src 'self';"}


def test_version(livy):
    reply = livy.get("/version")
    assert reply.status == 200 and set(reply.json) == {"version", "user", "revision", "branch", "date", "url"}, reply
    assert all(isinstance(value, str) for value in reply.json.values())
    found = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)(\S*)", reply.json["version"])
    assert found and (int(found[1]), int(found[2])) >= (0, 8), reply
    assert livy.get("/livy/version").json == reply.json and livy.get("/version/").json == reply.json


def test_root_ends_in_200(livy):
    path, seen = "/", []
    while len(seen) < 5:
        reply = livy.get(path)
        seen.append((path, reply.status))
        if reply.status == 200:
            break
        assert reply.status in (301, 302, 303, 307, 308), seen
        path = reply.headers["location"].removeprefix(f"http://{livy.address}")
    assert seen[-1][1] == 200, seen


@pytest.mark.parametrize("path", ["/ui/", "/livy/ui/", "/livy", "/livy/"])
def test_pages(livy, path):
    reply = livy.get(path)
    assert reply.status in (200, 301, 302, 307, 308), reply
    if reply.status == 200:
        assert reply.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("prefix", ["", "/livy"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_prefix_and_slash(livy, sql, prefix, slash):
    reply = livy.post(f"{prefix}/sessions{slash}", {"kind": "sql"})
    assert reply.status == 201, reply
    session = reply.json["id"]
    assert reply.headers["location"] in (f"/sessions/{session}", f"/livy/sessions/{session}")
    livy.wait_session(session)
    for path in ("/sessions", f"/sessions/{session}", f"/sessions/{session}/state", f"/sessions/{session}/log", f"/sessions/{session}/statements", "/batches", "/version"):
        assert livy.get(prefix + path + slash).status == 200, path
    reply = livy.post(f"{prefix}/sessions/{session}/statements{slash}", {"code": "select 1"})
    assert reply.status == 201, reply
    livy.wait(session, reply.json["id"])
    assert livy.get(f"{prefix}/sessions/{session}/statements/{reply.json['id']}{slash}").status == 200
    assert livy.delete(f"{prefix}/sessions/{session}{slash}").status == 200


@pytest.mark.parametrize("path", ["/sessions", "/batches", "/version", "/sessions/{sql}", "/sessions/{sql}/state", "/sessions/{sql}/statements"])
def test_head(livy, sql, path):
    reply = livy.request("HEAD", path.format(sql=sql))
    assert reply.status == 200 and reply.body == b"", reply
    assert livy.request("HEAD", "/sessions/987654").status == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_methods_that_are_not_there(livy, sql, method):
    for path in ("/sessions", f"/sessions/{sql}", f"/sessions/{sql}/statements", "/batches"):
        assert livy.request(method, path, {}).status in (404, 405), path


@pytest.mark.parametrize("path", ["/sessions/0/x", "/sessions/0/statements/0/x", "/batches/0/stop", "/nothing", "/livy/nothing"])
def test_addresses_that_are_not_there(livy, path):
    assert livy.get(path).status in (404, 405)


@pytest.mark.parametrize("override", [{"headers": {"X-HTTP-Method-Override": "DELETE"}}, {"form": "_method=DELETE"}])
def test_method_override(livy, opened, override):
    session = opened("sql")
    headers = dict(override.get("headers", {}))
    if "form" in override:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    reply = livy.post(f"/sessions/{session}", override.get("form", ""), headers)
    assert reply.status == 200 and reply.json == {"msg": "deleted"}, reply
    assert livy.get(f"/sessions/{session}").status == 404


@pytest.mark.parametrize("accept,status", [("application/vnd.livy.v0.1+json", 200), ("application/json", 200), ("*/*", 200), ("text/html", 200), ("application/vnd.livy.v9+json", 406),
                                           ("application/vnd.livy.v0.2+json", 406)])
def test_versions_by_accept(livy, accept, status):
    reply = livy.get("/sessions", headers={"Accept": accept})
    assert reply.status == status, reply
    if status == 406:
        assert b"No value found for" in reply.body, reply


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/json; charset=UTF-8", "x/y"])
def test_content_type_of_requests_does_not_matter(livy, sql, content_type):
    headers = {} if content_type is None else {"Content-Type": content_type}
    reply = livy.post(f"/sessions/{sql}/statements", json.dumps({"code": "select 1"}), headers)
    assert reply.status == 201, reply
    livy.wait(sql, reply.json["id"])


def test_content_encoding(livy, sql):
    body = json.dumps({"code": "select 'é'"}).encode()
    reply = livy.post(f"/sessions/{sql}/statements", body, {"Content-Encoding": "UTF-8", "Content-Type": "application/json"})
    assert reply.status == 201 and reply.json["code"] == "select 'é'", reply
    reply = livy.post(f"/sessions/{sql}/statements", gzip.compress(body), {"Content-Encoding": "gzip", "Content-Type": "application/json"})
    assert reply.status == 201 and reply.json["code"] == "select 'é'", reply
    reply = livy.post(f"/sessions/{sql}/statements", b"no gzip", {"Content-Encoding": "gzip"})
    assert reply.status == 400, reply


@pytest.mark.parametrize("path", ["/sessions", "/batches", "/version", "/sessions/987654"])
def test_answers_are_json(livy, path):
    reply = livy.get(path)
    assert reply.headers["content-type"].replace(" ", "").lower() in ("application/json", "application/json;charset=utf-8"), reply.headers
    json.loads(reply.body)


def test_security_headers(livy):
    for path in ("/sessions", "/version", "/sessions/987654"):
        headers = livy.get(path).headers
        assert {name: headers.get(name) for name in SECURITY} == SECURITY, path
        assert "strict-transport-security" not in headers


@pytest.mark.parametrize("origin", ["https://evil.example", "http://evil.example:8998", "null", "http://127.0.0.1.evil.example"])
def test_foreign_pages_may_not_post(livy, origin):
    before = livy.get("/sessions?size=0").json["total"]
    for path in ("/sessions", "/livy/sessions"):
        for headers in ({"Origin": origin}, {"Origin": origin, "Content-Type": "text/plain"}):
            reply = livy.post(path, json.dumps({"kind": "sql"}), headers)
            assert reply.status == 403, reply
            assert "access-control-allow-origin" not in reply.headers
    assert livy.get("/sessions?size=0").json["total"] == before


def test_own_pages_may_post(livy):
    reply = livy.post("/sessions", {"kind": "sql"}, {"Origin": f"http://{livy.address}"})
    assert reply.status == 201, reply
    livy.remove(reply.json["id"])


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8998", "127.0.0.1.evil.example"])
def test_foreign_host_names_are_refused(livy, host):
    """What a page gets that has its own name point at this machine."""
    for method, body in (("GET", None), ("POST", {"kind": "sql"})):
        reply = livy.request(method, "/sessions", body, {"Host": host})
        assert reply.status in (400, 403, 421), reply


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "localhost:8998", "[::1]:8998"])
def test_names_of_this_machine(livy, host):
    assert livy.get("/sessions", headers={"Host": host}).status == 200


@pytest.fixture(scope="module")
def guarded(own_hearth):
    """A server that asks for X-Requested-By."""
    return own_hearth("livy.csrf_header=true")[1]


def test_csrf_header(guarded):
    refused = guarded.create("sql")
    assert refused.status == 400 and b"Missing Required Header for CSRF protection." in refused.body, refused
    assert guarded.get("/sessions").status == 200 and guarded.request("HEAD", "/sessions").status == 200
    for value in ("livy", "admin", "x"):
        reply = guarded.create("sql", headers={"X-Requested-By": value})
        assert reply.status == 201, reply
        session = reply.json["id"]
        assert guarded.remove(session).status == 400
        assert guarded.post(f"/sessions/{session}/statements", {"code": "select 1"}).status == 400
        assert guarded.delete(f"/sessions/{session}", headers={"X-Requested-By": value}).status == 200


def test_large_headers(livy):
    assert livy.get("/sessions", headers={"X-Large": "x" * 60_000}).status in (200, 431)


def test_parallel_clients(server):
    from concurrent.futures import ThreadPoolExecutor

    def client(number):
        rest = Livy(server.http)
        session = rest.open("sql")
        values = [rest.rows(session, f"select {number} + {n}")[0][0] for n in range(5)]
        rest.remove(session)
        rest.close()
        return values

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(client, range(32))) == [[n + i for i in range(5)] for n in range(32)]


def test_connection_is_kept(server):
    rest = Rest(server.http)
    for _ in range(3):
        assert rest.get("/sessions").status == 200
        held = rest.local.connection
    assert rest.local.connection is held
    assert rest.post("/sessions", "{").status == 400
    assert rest.get(f"/sessions/{uuid.uuid4()}").status == 404
    assert rest.local.connection is held
    rest.close()
