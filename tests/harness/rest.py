"""HTTP as it is, over `http.client`: any method, any path, any body, no retries, no redirects.

    rest = Rest("127.0.0.1:8998", token="t")
    reply = rest.post("/api/2.0/sql/statements", {"statement": "select 1", "warehouse_id": "default"})
    assert reply.status == 200 and reply.json["status"]["state"] == "SUCCEEDED"

A `Rest` keeps one connection open for each thread that uses it.
"""

from __future__ import annotations

import http.client
import json
import threading
from urllib.parse import urlsplit

SECONDS = 90


class Reply:
    """One answer; `json` is parsed when asked for."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:2000]!r}"


class Rest:
    def __init__(self, address, token=None, seconds=SECONDS):
        self.address = address.removeprefix("http://").rstrip("/")
        self.token = token
        self.seconds = seconds
        self.local = threading.local()

    def request(self, method, path, body=None, headers=None):
        """`body` is bytes, text, or a value that is sent as JSON. A broken idle connection is opened again."""
        headers = dict(headers or {})
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        fresh = getattr(self.local, "connection", None) is None
        try:
            return self._send(method, path, body, headers)
        except (ConnectionError, http.client.RemoteDisconnected):
            self.close()
            if fresh:
                raise
            return self._send(method, path, body, headers)
        except Exception:
            self.close()
            raise

    def _send(self, method, path, body, headers):
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection(self.address, timeout=self.seconds)
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return Reply(response.status, response.getheaders(), response.read())

    def get(self, path, body=None, headers=None):
        return self.request("GET", path, body, headers)

    def post(self, path, body=None, headers=None):
        return self.request("POST", path, body, headers)

    def delete(self, path, body=None, headers=None):
        return self.request("DELETE", path, body, headers)

    def close(self):
        connection = getattr(self.local, "connection", None)
        if connection is not None:
            connection.close()
        self.local.connection = None


def download(url, headers=None, seconds=SECONDS):
    """GET of a whole URL on a connection of its own: no token goes along."""
    parts = urlsplit(url)
    rest = Rest(parts.netloc, seconds=seconds)
    try:
        return rest.get(parts.path + ("?" + parts.query if parts.query else ""), headers=headers)
    finally:
        rest.close()
