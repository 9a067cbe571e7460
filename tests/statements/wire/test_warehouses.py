"""Warehouses: the default one, and others that come and go."""

from harness.statements import API, WAREHOUSE, WAREHOUSES, Statements


def test_the_default_one(rest):
    [default] = [w for w in rest.get(WAREHOUSES).json["warehouses"] if w["id"] == WAREHOUSE]
    assert default["state"] == "RUNNING" and default["health"]["status"] == "HEALTHY"
    assert default["odbc_params"]["path"] == f"/sql/1.0/warehouses/{WAREHOUSE}"
    assert default["name"] and default["cluster_size"] and default["warehouse_type"] in ("PRO", "CLASSIC")
    one = rest.get(f"{WAREHOUSES}/{WAREHOUSE}").json
    assert {key: one[key] for key in ("id", "name", "state")} == {key: default[key] for key in ("id", "name", "state")}


def test_the_old_name_of_the_list(rest):
    assert [w["id"] for w in rest.get(f"{API}/endpoints").json["endpoints"]] == [w["id"] for w in rest.get(WAREHOUSES).json["warehouses"]]
    assert rest.get(f"{API}/endpoints/{WAREHOUSE}").json["id"] == WAREHOUSE


def test_life(rest):
    reply = rest.post(WAREHOUSES, {"name": "life", "cluster_size": "Small", "auto_stop_mins": 10, "max_num_clusters": 2, "unknown": 1,
                                   "tags": {"custom_tags": [{"key": "a", "value": "b"}]}})
    assert reply.status == 200 and list(reply.json) == ["id"], reply
    path = f"{WAREHOUSES}/{reply.json['id']}"
    try:
        assert rest.get(path).json["name"] == "life"
        assert rest.rows("select 1", warehouse_id=reply.json["id"]) == [["1"]]
        assert rest.post(f"{path}/edit", {"name": "renamed", "auto_stop_mins": 20}).json == {}
        told = rest.get(path).json
        assert (told["name"], told["auto_stop_mins"], told["cluster_size"]) == ("renamed", 20, "Small")
        assert rest.post(f"{path}/stop", {}).json == {}
        assert rest.get(path).json["state"] == "STOPPED"
        assert rest.post(f"{path}/start", {}).json == {}
        assert rest.get(path).json["state"] == "RUNNING"
        rest.post(f"{path}/stop")
        assert rest.rows("select 2", warehouse_id=reply.json["id"]) == [["2"]], "a statement starts a stopped warehouse"
        assert rest.get(path).json["state"] == "RUNNING"
    finally:
        assert rest.delete(path).json == {}
    assert rest.get(path).status in (400, 404)
    assert rest.execute("select 1", warehouse_id=reply.json["id"]).status == 400
    assert reply.json["id"] not in [w["id"] for w in rest.get(WAREHOUSES).json["warehouses"]]


def test_names_are_unique(rest):
    first = rest.post(WAREHOUSES, {"name": "twice", "cluster_size": "Small"}).json["id"]
    reply = rest.post(WAREHOUSES, {"name": "twice", "cluster_size": "Small"})
    assert reply.status in (400, 409), reply
    rest.delete(f"{WAREHOUSES}/{first}")


def test_bad_bodies(rest):
    for body in ({}, {"name": ""}, {"name": 5}, {"name": "x", "auto_stop_mins": "y"}, []):
        reply = rest.post(WAREHOUSES, body)
        if reply.status == 200:
            rest.delete(f"{WAREHOUSES}/{reply.json['id']}")
        else:
            assert reply.status == 400 and reply.json["error_code"], (body, reply)


def test_warehouses_survive_a_kill(own_hearth, tmp_path):
    folder = str(tmp_path / "data")
    first = own_hearth(data_dir=folder)
    made = Statements(first.http, token="any").post(WAREHOUSES, {"name": "kept", "cluster_size": "Small"}).json["id"]
    first.kill()
    again = Statements(own_hearth(data_dir=folder).http, token="any")
    assert again.get(f"{WAREHOUSES}/{made}").json["name"] == "kept"
