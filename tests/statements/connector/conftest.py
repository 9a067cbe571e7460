"""Connections of databricks-sql-connector, unmodified, by each of its three back ends.

`default` is what a user gets who sets nothing: the Thrift call is answered with the status that makes
the connector open the session again through its kernel.
"""

import pytest

from databricks import sql

BACK_ENDS = ["default", "sea", "kernel"]


def options(url, http_path, back_end):
    host, port = url.rsplit(":", 1)
    given = {"http_path": http_path, "access_token": "any", "enable_telemetry": False, "user_agent_entry": "hearth-tests"}
    if back_end == "sea":
        return {**given, "server_hostname": host, "_port": int(port), "use_sea": True}
    if back_end == "kernel":
        return {**given, "server_hostname": url, "use_kernel": True}
    return {**given, "server_hostname": url, "_connection_uri": url + http_path}


@pytest.fixture(scope="session", params=BACK_ENDS)
def back_end(request):
    return request.param


@pytest.fixture
def connect(url, http_path, back_end):
    opened = []

    def start(**more):
        opened.append(sql.connect(**options(url, http_path, back_end), **more))
        return opened[-1]

    yield start
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(connect):
    return connect()


@pytest.fixture
def cursor(connection):
    with connection.cursor() as opened:
        yield opened
