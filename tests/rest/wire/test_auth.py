"""Tokens: each way of sending one, each endpoint without one, and two users who do not meet."""

import uuid

import pyspark.sql.connect.proto as pb
import pytest
from harness.connect_rest import BASE, DATA, ENDPOINTS, RESULTS, ConnectRest, envelope, refusal, sql_command
from harness.rest import Rest

ADDRESSES = [("POST", BASE + endpoint) for endpoint in ENDPOINTS] + [("GET", RESULTS + "x"), ("DELETE", RESULTS + "x")]
NONE = [{}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}, {"Authorization": "Snowflake"},
        {"Authorization": 'Snowflake Token=""'}, {"Authorization": "Snowflake Token="}, {"Authorization": "Digest x"}]


@pytest.mark.parametrize("method,path", ADDRESSES)
def test_no_token(users, method, path):
    for headers in NONE:
        reply = Rest(users[0].http).request(method, path, b"", headers)
        refusal(reply, 401)
        assert reply.headers.get("www-authenticate"), reply.headers


@pytest.mark.parametrize("method,path", ADDRESSES)
def test_wrong_token(users, method, path):
    token = users[1]
    for text in ('Snowflake Token="x"', f'Snowflake Token="{token}0"', f'Snowflake Token="{token[:-1]}"', "Bearer x", f"Bearer {token}0",
                 f"Snowflake {token}", f'Snowflake Token="{token}" x', f'Snowflake token2="{token}"'):
        refusal(Rest(users[0].http).request(method, path, b"", {"Authorization": text}), 401)


def test_wrong_token_says_nothing_of_a_renewal(users):
    """390112 would make the published client renew its token at an address that is not there."""
    body = refusal(ConnectRest(users[0], token="x").post("config"), 401)
    assert body["error_code"] != "390112"


WAYS = {
    "session token": lambda token: {"Authorization": f'Snowflake Token="{token}"'},
    "bearer": lambda token: {"Authorization": f"Bearer {token}"},
    "pat with session": lambda token: {"Authorization": f"Bearer {token}", "X-Snowflake-External-Session-ID": "x",
                                       "X-Snowflake-Authorization-Token-Type": "PAT_WITH_EXTERNAL_SESSION_ID"},
    "pat": lambda token: {"Authorization": f"Bearer {token}", "X-Snowflake-Authorization-Token-Type": "PROGRAMMATIC_ACCESS_TOKEN"},
    "oauth": lambda token: {"Authorization": f"Bearer {token}", "X-Snowflake-Authorization-Token-Type": "OAUTH"},
    "jwt": lambda token: {"Authorization": f"Bearer {token}", "X-Snowflake-Authorization-Token-Type": "KEYPAIR_JWT"},
    "other case": lambda token: {"authorization": f'snowflake token="{token}"'},
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_send_a_token(users, way):
    server, alice, _ = users
    rest = ConnectRest(server, token=None, user="")
    found = envelope(rest.post("execute-plan", rest.plan("select current_user() as u"), WAYS[way](alice)))
    assert rest.rows(found.execute_plan_response) == [{"u": "alice"}]


def test_the_token_says_who_it_is(users):
    """Whatever user the message names."""
    server, alice, bob = users
    session = str(uuid.uuid4())
    for token, user in ((alice, "alice"), (bob, "bob")):
        for named in ("", "alice", "bob", "root"):
            rest = ConnectRest(server, token=token, user=named, session_id=session)
            assert rest.rows("select current_user() as u") == [{"u": user}]


def test_sessions_of_two_users_are_apart(users):
    server, alice, bob = users
    session = str(uuid.uuid4())
    mine, theirs = (ConnectRest(server, token=token, user="alice", session_id=session) for token in (alice, bob))
    mine.run(sql_command("create temporary view secret as select 1 as a"))
    assert theirs.failure("select * from secret").condition == "TABLE_OR_VIEW_NOT_FOUND"
    operation = mine.run("select 42 as a").operation_id
    stolen = theirs.status("reattach-execute", theirs.fill(pb.ReattachExecuteRequest(operation_id=operation)))
    assert stolen.condition == "INVALID_HANDLE.OPERATION_NOT_FOUND"
    theirs.call("interrupt", theirs.fill(pb.InterruptRequest(interrupt_type="INTERRUPT_TYPE_ALL")))
    theirs.bare("release-session", theirs.fill(pb.ReleaseSessionRequest()))
    assert mine.rows("select * from secret") == [{"a": 1}]


@pytest.mark.parametrize("endpoint", DATA)
def test_refused_before_the_body_is_read(users, endpoint):
    """Who is not let in does not learn what is wrong with a body."""
    refusal(Rest(users[0].http).request("POST", BASE + endpoint, b"\xff\xff\xff", {"Content-Type": "text/plain"}), 401)
