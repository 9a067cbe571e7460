"""The OpenAPI document: valid, and it tells of every address of the API."""

from openapi_spec_validator import validate

ADDRESSES = {
    ("post", "/api/2.0/sql/statements"), ("get", "/api/2.0/sql/statements/{}"), ("delete", "/api/2.0/sql/statements/{}"),
    ("post", "/api/2.0/sql/statements/{}/cancel"), ("get", "/api/2.0/sql/statements/{}/result/chunks/{}"), ("post", "/api/2.0/sql/sessions"),
    ("delete", "/api/2.0/sql/sessions/{}"), ("get", "/api/2.0/sql/warehouses"), ("post", "/api/2.0/sql/warehouses"),
    ("get", "/api/2.0/sql/warehouses/{}"), ("delete", "/api/2.0/sql/warehouses/{}"), ("post", "/api/2.0/sql/warehouses/{}/edit"),
    ("post", "/api/2.0/sql/warehouses/{}/start"), ("post", "/api/2.0/sql/warehouses/{}/stop"), ("get", "/api/2.0/sql/history/queries")}


def test_document(rest):
    reply = rest.get("/api/openapi.json")
    assert reply.status == 200 and reply.headers["content-type"].startswith("application/json")
    document = reply.json
    assert document["openapi"].startswith("3.1")
    validate(document)
    told = {(method, plain(path)) for path, item in document["paths"].items() for method in item}
    assert ADDRESSES <= told, ADDRESSES - told


def plain(path):
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def test_page(rest):
    for path in ("/api", "/api/", "/api/docs"):
        reply = rest.get(path)
        if reply.status == 200:
            assert reply.headers["content-type"].startswith("text/html")
            assert b"openapi" in reply.body or b"/statements" in reply.body
            return
    raise AssertionError("no page that shows the document")
